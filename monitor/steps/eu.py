"""The way of a measure in the European Union."""

from __future__ import annotations

from monitor.items import DateKind, Stage
from monitor.steps import cues
from monitor.steps.step import Step, said

STEPS = (
    Step(
        name="call for evidence",
        stage=Stage.CONSULTATION,
        said=said(
            r"\bcall for evidence\b|\b(?:public|targeted|open) consultation\b(?! (?:on [^.]{0,60})?(?:ran|closed|ended|showed|report))(?<!report on the public consultation)",
            cues.COMMENTS_EN,
            cues.COMMENTS_CJK,
        ),
        next="proposal",
        by=DateKind.COMMENTS_CLOSE,
        days=365,
        basis="a year after it closes: a rule of thumb",
    ),
    Step(
        name="proposal",
        stage=Stage.PROPOSED,
        said=said(
            r"\b(?:commission|council|it|eu|brussels|executive)\b[^.]{0,60}?\b(?:propos(?:es|ed)|presents?|presented|tables?|tabled|unveils?|unveiled|puts? forward)\b",
            r"\bproposal for a (?:regulation|directive|decision|council)\b|^(?:commission )?propos(?:es|al)\b",
            r"(?:欧州委|欧盟委员会|歐盟執委會)[^。]{0,40}?(?:提案|提出|提議)(?:し|した|、|。|$|了|《)?",
            cues.PROPOSED_CJK,
        ),
        next="agreement",
        days=540,
        basis="a year and a half, as first readings usually take: a rule of thumb",
    ),
    Step(
        name="agreement",
        stage=Stage.PROPOSED,
        said=said(
            r"\b(?:provisional|political|informal) (?:political )?(?:agreement|deal)\b|\b(?:clinch|seal|strike|reach)(?:e?s|e?d) (?:a )?(?:[a-z]+ )?(?:deal|agreement)\b|(?:暫定|政治)合意|(?:临时|政治|臨時)(?:性)?协议|臨時協議|잠정\s?합의",
            r"\b(?:council|parliament|meps|negotiators|co-legislators)\b[^.]{0,60}?\b(?:reach(?:es|ed)?|strikes?|struck|agree[sd]?)\b[^.]{0,40}?\b(?:agreement|deal|on)\b",
        ),
        next="adoption",
        days=180,
        basis="half a year: a rule of thumb",
    ),
    Step(
        name="adoption",
        stage=Stage.ON_FILE,
        said=said(
            r"\b(?:adopt(?:s|ed)|approv(?:es|ed)|endors(?:es|ed)|gives? (?:its )?final (?:approval|green light)|signs? off|rubber-stamp(?:s|ed)?)\b",
            r"\b(?:final|formal) adoption\b|(?:採択|承認)(?:し|した|され|、|。|$)|(?:正式)?通过(?:了|《|。|$|该|关于)|채택(?:했|$)",
        ),
        next="Official Journal",
        days=75,
        basis="two months of scrutiny for delegated acts, some weeks for others: a rule of thumb",
    ),
    Step(
        name="Official Journal",
        stage=Stage.FINAL,
        said=said(
            r"\b(?:published|publication|appear(?:s|ed)|publishes) in the official journal\b|\bofficial journal (?:published|of the european union published)\b",
            r"官報(?:に|で)?[^。、]{0,6}(?:掲載|公示|公布)|官方(?:公报|公報)[^。，]{0,10}(?:公布|刊登|發布|发布)|관보에\s?(?:게재|실)",
            r"^(?:commission |council )?(?:implementing |delegated )?(?:regulation|decision|directive) \((?:eu|cfsp)(?:, euratom)?\) \d",
        ),
        next="entry into force",
        by=DateKind.EFFECTIVE,
        days=20,
        basis="the stated day, else the twentieth following publication (TFEU, article 297)",
    ),
    Step(
        name="entry into force",
        stage=Stage.IN_FORCE,
        said=said(cues.FORCE_EN, cues.FORCE_CJK),
        next="application",
        by=DateKind.APPLIES_FROM,
        basis="the day from which it applies, where one is stated",
    ),
    Step(
        name="application",
        stage=Stage.IN_FORCE,
        said=said(
            r"\b(?:applies|apply|applicable) (?:as of |from |since )?today\b|\bstart(?:s)? to apply\b|\bsince [^,]{3,20}, [^.]{0,40}?\bappl(?:y|ies)\b|(?:適用|運用)(?:が|を)?開始|\b(?:is|are|became|has become|have become) (?:now )?(?:fully )?applicable\b",
            r"\b(?:has|have) (?:begun|started) to apply\b|\b(?:began|started) to apply\b|\b(?:now|fully) appl(?:y|ies)\b|\b(?:rules|regulation) (?:now )?appl(?:y|ies) (?:as of|from) today\b",
        ),
    ),
    Step(
        name="amended",
        stage=Stage.AMENDED,
        said=said(
            r"\b(?:amend(?:s|ed)|corrigendum|postpon(?:es|ed)|suspend(?:s|ed)|delay(?:s|ed))\b[^.]{0,60}?\b(?:regulation|directive|decision|annex|application|measures?|rules?|list|start|obligations?|diligence)\b",
            r"^corrigendum\b|する改正を[^。]{0,8}(?:公示|採択)",
            cues.HELD_EN,
            cues.HELD_CJK,
        ),
    ),
    Step(name="repealed", stage=Stage.WITHDRAWN, said=said(cues.REVOKED_EN, r"\bstrikes? down\b", cues.REVOKED_CJK)),
    Step(
        name="withdrawn",
        stage=Stage.WITHDRAWN,
        said=said(
            r"\b(?:withdraw(?:s|n|ing)|withdrew)\b[^.]{0,80}?\b(?:proposal|regulation|directive|draft|text)\b|\b(?:proposal|draft)\b[^.]{0,40}?\bwithdrawn\b"
        ),
    ),
)
