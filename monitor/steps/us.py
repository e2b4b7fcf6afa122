"""The way of a measure in the United States."""

from __future__ import annotations

from monitor.items import DateKind, Stage
from monitor.steps import cues
from monitor.steps.step import Step, said

STEPS = (
    Step(
        name="ANPRM",
        stage=Stage.CONSULTATION,
        said=said(
            r"\badvanced? notice of proposed rule-?\s?making\b|\banprm\b|\bnotice of inquiry\b",
            cues.COMMENTS_EN,
            cues.COMMENTS_CJK,
        ),
        next="NPRM",
        by=DateKind.COMMENTS_CLOSE,
        days=365,
        basis="a year after comments close: a rule of thumb",
    ),
    Step(
        name="NPRM",
        stage=Stage.PROPOSED,
        said=said(
            r"(?<!advance )(?<!advanced )\bnotice of proposed rule-?\s?making\b|(?<!a)\bnprm\b",
            r"\bpropos(?:es|ed) (?:to |a |an |the |new |rules?\b|amend|chang|regulation|limit|restrict|expand|cover)",
            r"\b(?:issu|publish|releas|unveil|announc|adopt|float)(?:e?s|e?d|ing) (?:a |its |the )?(?:[a-z-]+ ){0,3}?propos(?:ed rule|al)\b",
            r"^proposed rules?\b|\bproposed rule (?:is|was|has been) (?:issued|published|released)\b|\b(?:is|are) proposing to\b",
            cues.PROPOSED_CJK,
        ),
        next="final rule",
        by=DateKind.COMMENTS_CLOSE,
        days=365,
        basis="a year after comments close: a rule of thumb",
    ),
    Step(
        name="released",  # by its agency; it is law when it is published
        stage=Stage.ON_FILE,
        said=said(
            r"\b(?:issu|releas|announc|unveil|finali[sz])(?:e?s|e?d|ing) (?:a |an |its |the |two |new )?(?:[a-z0-9-]+ ){0,4}?final rules?\b",
            r"\bfinal rules?\b[^.]{0,80}?\b(?:is |was |were |has been |have been )?(?:issued|released|announced|finali[sz]ed)\b",
            r"\bfinali[sz](?:es|ed)\b[^.]{0,60}?\b(?:rules?|controls?|restrictions?|regulations?)\b",
            r"(?:暫定)?最終規則を?(?:公表|発表|発出)|(?:发布|公布|發布|出台)[^。，]{0,16}?(?:最终规则|最終規則)|최종\s?규칙[^.]{0,10}?(?:발표|공개)",
        ),
        next="final rule",
        by=DateKind.PUBLISHED,
        days=30,
        basis="the day of publication that is stated, else some weeks: a rule of thumb",
    ),
    Step(
        name="on public inspection",
        stage=Stage.ON_FILE,
        said=said(
            r"\b(?:on|for|made available for|available for|placed on) public inspection\b",
            r"\bfiled (?:with|at) the (?:office of the )?federal register\b",
        ),
        next="final rule",
        by=DateKind.PUBLISHED,
        days=4,
        basis="the day of publication that the Federal Register states",
    ),
    Step(
        name="interim final rule",
        stage=Stage.FINAL,
        said=said(
            r"\b(?:in )?this (?:interim|temporary|direct) final rule\b|^(?:interim|temporary|direct) final rules?(?:$|[;.,])",
            r"\b(?:interim|temporary|direct) final rules?\b[^.]{0,80}?\b(?:published|appears) in the federal register\b|\bpublish(?:es|ed) (?:an? |the )?(?:interim|temporary|direct) final rule\b",
            r"暫定最終規則[^。]{0,20}?(?:公示|官報)",
        ),
        next="effective",
        by=DateKind.EFFECTIVE,
        basis="the date of effect that it states",
    ),
    Step(
        name="final rule",
        stage=Stage.FINAL,
        said=said(
            r"(?:\b(?:issu|publish|releas|announc|adopt|finali[sz]|promulgat|approv)(?:e?s|e?d|ing) (?:a |its |the |two |new )?(?:[a-z0-9-]+ ){0,4}?(?:final (?:determination|order)s?|determination|presidential (?:order|memorandum))\b)",
            r"\bpublish(?:es|ed) (?:a |its |the )?(?:[a-z0-9-]+ ){0,4}?(?<!interim )(?<!temporary )(?<!direct )final rules?\b",
            r"^final (?:rule|determination|order)s?\b(?! (?:challeng|faces|on |issued|released|announced))|; final rule\b|\bfinal rules? (?:is|was|were|has been|have been) (?:published|adopted)\b|\bin this (?:final )?rule, \w+ (?:amends|adds|revises|makes)\b",
            r"\bthis final rule\b|\bfinali[sz](?:es|ed)\b[^.]{0,60}?\b(?:tariffs?|duties|ban|determination)\b",
            r"\b(?:adds|added|adding) (?:[a-z0-9-]+ ){0,6}?(?:entit(?:y|ies)|compan(?:y|ies)|firms?|persons?|parties|addresses|equipment|services) (?:[a-z0-9-]+ ){0,6}?to (?:the |its )?(?:[a-z-]+ )?(?:entity|unverified end-user|unverified|military end-user|sdn|covered)s? list\b",
            cues.SIGNED_EN,
            r"\b(?:rules?|order|determination|notice|memorandum)\b[^.]{0,60}?\b(?:was |were |is |are )?published (?:in the federal register|today|(?:on )?(?:mon|tues|wednes|thurs|fri)day)\b",
            r"^issuance of (?:a )?(?:[a-z]+ )?(?:determination|order)\b|\b(?:puts?|placed?|blacklist(?:s|ed))\b[^.]{0,60}?\b(?:trade blacklist|entity list|blacklist)\b",
            cues.FINAL_CJK,
        ),
        next="effective",
        by=DateKind.EFFECTIVE,
        days=30,
        basis="the date of effect that it states, else 30 days after publication (5 U.S.C. 553(d))",
    ),
    Step(name="effective", stage=Stage.IN_FORCE, said=said(cues.FORCE_EN, cues.FORCE_CJK)),
    Step(
        name="stayed",
        stage=Stage.AMENDED,
        said=said(
            cues.HELD_EN,
            cues.HELD_CJK,
        ),
        next="effective",
        by=DateKind.EFFECTIVE,
        basis="the new date of effect, where one is stated",
    ),
    Step(
        name="amended",
        stage=Stage.AMENDED,
        said=said(
            r"\b(?:correcting|technical|conforming|clarifying) amendments?\b|\bcorrects? (?:the |its |an |a )?(?:[a-z0-9-]+ ){0,5}?(?:rule|notice|order|errors?)\b",
            r"(?:rule|notice|order|determination); (?:technical )?(?:correction|amendment)\b",
            r"\bamends? (?:its |the |an? )?(?:[a-z0-9-]+ ){0,4}?(?:final rule|interim final rule|general license|determination|executive order|proclamation)\b",
            r"^amendments? to (?:proclamation|executive order|the final rule)\b|訂正(?:規則)?を?[^。、]{0,8}?(?:公示|公表|発表)|規則に訂正|更正[^。，]{0,10}规则",
        ),
    ),
    Step(
        name="vacated",
        stage=Stage.WITHDRAWN,
        said=said(
            r"\bvacat(?:es|ed|ing|ur)\b[^.;]{0,60}?\b(?:rules?|regulations?|orders?|determinations?|bans?|tariffs?|duties|designations?|decisions?)\b",
            r"\b(?:rules?|regulations?|orders?|determinations?|bans?|tariffs?)\b[^.;,]{0,50}?\b(?:is|are|was|were|has been) (?:vacated|struck down|set aside)\b",
            r"\b(?:struck|strikes?) down\b[^.;]{0,60}?\b(?:rules?|regulations?|orders?|bans?|tariffs?|law)\b|\bsets? aside (?:the |a |an )?(?:[a-z0-9-]+ ){0,5}?(?:rules?|regulations?|orders?|determinations?|bans?|tariffs?)\b",
            r"\brescission of (?:the |a )?(?:[a-z0-9-]+ ){0,6}?(?:rules?|guidance|orders?|determination|policy|regulations?)\b",
            cues.REVOKED_EN,
            cues.REVOKED_CJK,
        ),
    ),
    Step(
        name="withdrawn",
        stage=Stage.WITHDRAWN,
        said=said(
            r"\b(?:withdraw(?:s|n|ing)|withdrew)\b[^.]{0,80}?\b(?:rule|rules|proposal|rulemaking|notice|nprm|anprm|order|guidance|determination)\b",
            r"\b(?:rule|proposal|rulemaking|notice|order)\b[^.]{0,50}?\bwithdrawn\b|\bwithdrawal of (?:the |a |an |its )?(?:[a-z0-9-]+ ){0,6}?(?:rules?|rulemaking|proposals?|notices?|nprm|anprm|orders?|guidance|determinations?)\b|; withdrawal\b",
        ),
    ),
)

STATED = (
    (said(r"withdraw"), "withdrawn"),
    (said(r"public inspection"), "on public inspection"),
    (said(r"delay of effective|stay\b|postpone"), "stayed"),
    (said(r"correct|technical amendment|amendment of final"), "amended"),
    (said(r"(?:interim|direct|temporary) final rule"), "interim final rule"),
    (said(r"^final rule"), "final rule"),
    (said(r"advanced? notice of proposed|request for (?:comment|information)|notice of inquiry"), "ANPRM"),
    (said(r"proposed rule"), "NPRM"),
    (said(r"\brule\b|presidential document"), "final rule"),
    (said(r"^notices?\b|^meeting"), ""),
)
"""What the Federal Register's type and action call a step, folded, the first that fits; "": none, whatever the text says."""
