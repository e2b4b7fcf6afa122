"""The ways that measures go, one machine a jurisdiction: its steps in order, the words that show each taken, and what comes next.

Data only; monitor.stage reads it. A step's words say that it was *taken*: what is planned, expected or looked back at is no step, and
stage.py leaves such sentences out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from monitor.items import DateKind, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a jurisdiction's way."""

    name: str  # the jurisdiction's own word
    stage: Stage
    said: re.Pattern[str]  # shows, in a folded sentence, that it was taken
    next: str | None = None  # the step that usually follows; None: the way ends here, or nobody can say
    by: DateKind | None = (
        None  # the key date on which the next step is due, or from which `days` count; None: this step's own day
    )
    days: int | None = None  # after which the next step is overdue; None: only a stated date can tell
    basis: str = ""  # where the span is from


def _re(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


# What each language says of a step that was taken; a jurisdiction's own terms stand in its machine.
_COMMENTS_EN = (
    r"\b(?:seek|invite|solicit|request|ask|call)(?:s|ed|ing)? (?:for )?(?:[a-z]+ ){0,3}?(?:comments?|input|views|feedback|submissions)\b"
    r"|\brequests? for (?:public )?(?:comments?|information|input)\b|\b(?:opens?|opened|launch(?:es|ed)?|starts?|started|begins?|began|extends?|extended"
    r"|reopens?|reopened) (?:a |an |the |its )?(?:[a-z0-9-]+ ){0,4}?(?:comment period|consultation|call for evidence|public comment)\b"
    r"|\b(?:comment period|consultation)\b[^.]{0,60}?\b(?:opened|opens|is open|extended|reopened|launched)\b|^(?:open )?consultation:|call for evidence:"
    r"|\bextension of (?:the )?comment period\b|\bcomments? (?:are|is) invited\b"
)
_COMMENTS_CJK = (
    r"(?:意見(?:の)?(?:公募|募集)|パブリック・?コメント|パブコメ)(?!の?結果|に寄せ|で寄せ|を経|を踏まえ|終了|を終え|が終わ|後)"
    r"|意見を(?:募集|公募|募る|募り|受け付け)|(?:公开)?(?:征(?:求|集)[^。，]{0,12}?意见|(?:启动|开展|展开)[^。，]{0,20}?(?:咨询|征询))(?!稿?(?:已|结束|反馈|截止))|(?:公開)?徵(?:求|詢|集)[^。，]{0,12}?意見|의견\s?(?:수렴|을 수렴|접수)"
)
_PROPOSED_CJK = (
    r"(?:規則案|改正案|法案|規制案|提案|草案)を?(?:公表|発表|提示|提案|公示)(?:し|した|、|。|$)|(?:提出|发布|公布|推出)[^。，]{0,20}?(?:拟议规则|提案|草案|拟议)"
    r"|(?:提出|發布|公布)[^。，]{0,20}?(?:擬議規則|提案|草案)|(?:개정안|제안|규칙안)[^.]{0,10}?(?:발표|공개|제안|마련|발의)"
)
_FINAL_CJK = (
    r"官報(?:に|で|へ)?(?:掲載|公示|告示)(?:し|され|した|、|。|$)|最終規則を?(?:公示|公布)|大統領令(?:に|へ)署名(?:し|した|、|。|$)"
    r"|(?:発布|公布|公告|告示)(?:し(?!ない)|され(?!る)|した|しました|、|。|$)|(?:リスト|名簿)に[^。、]{0,20}?(?:追加|掲載)(?:し|した|され|、|。|$)"
    r"|(?:发布|公布|颁布|出台)[^。，]{0,12}?(?<!最终)(?:规则|条例|法令|公告|命令)|(?:列入|纳入|加入)[^。]{0,20}?(?:清单|名单|目录)|签署[^。，]{0,20}?(?:行政令|行政命令|公告|法案)"
    r"|(?:公布|發布|頒布)[^。，]{0,12}?(?<!最終)(?:規則|條例|公告)|(?:列入|納入)[^。]{0,20}?(?:清單|名單)|簽署[^。，]{0,20}?(?:行政命令|法案)"
    r"|관보에\s?(?:게재|실)|(?:명단|리스트|목록)에\s?(?:추가|올)|행정명령에?\s?서명|공포(?:했|됐|$)|고시(?:했|됐|$)"
)
_FORCE_EN = (
    r"\b(?:has |have )?(?:taken|took) (?:legal )?effect\b|\b(?:came|has come|have come|entered|has entered|have entered) into (?:force|effect)\b"
    r"|\b(?:is|are|has become|became) (?:now )?in (?:force|effect)\b|\b(?:became|is now|are now) effective\b|\bnow in (?:force|effect)\b"
    r"|\b(?:takes?|comes?|enters?)(?: into)? (?:effect|force)(?: today| now|$|[.:;,-])|\b(?:is|are) now (?:being )?(?:enforced|collecting|collected)\b|\beffective (?:today|immediately)\b"
)
_FORCE_CJK = (
    r"(?:施行|適用|発効|発動)(?:され(?!る)|した(?!場合)|しました|となりました|を?開始(?:し|した)?|$)|(?:本日|きょう|同日)(?:から|より|、|付で)?[^。]{0,12}?(?:施行|適用開始|発効)"
    r"|(?:已|现已|正式|今起|今日起?|即日起|日起正式|今日正式|起正式)(?:正式)?(?:施行|实施|生效|执行|实行)(?!之日)|(?<![日起月])(?:施行|实施|生效)(?:了|。|$)"
    r"|(?:正式|今起|今日起|即日起|已|開始)(?:正式)?(?:施行|實施|生效|上路)|(?<![日起月])(?:施行|實施|生效|上路)(?:了|。|$)"
    r"|(?:시행|발효)(?:됐|되었|했|에 들어갔|에 들어간다|중이)|(?:오늘|이날)부터\s?(?:본격\s?)?시행"
)
_HELD_EN = (
    r"\b(?:stay|postpon|delay|suspend|paus|defer|halt|freez)(?:e?s|e?d|ing) (?:the |its |their |start of |application of |a )*(?:[a-z0-9-]+ ){0,4}?(?:effective dates?|enforcement|effectiveness|rules?|order|application|implementation|compliance|controls?|curbs|duties|fees|tariffs?|regulations?|measures?|export)\b"
    r"|\bfroze\b|\b(?:stay|delay|postponement|suspension) of (?:the )?(?:effective(?:ness| dates?)|enforcement|rule|order|application)\b"
    r"|\b(?:effective date|enforcement|rule|order|implementation|controls?|measures?)\b[^.,]{0,60}?\b(?:is|are|was|were|has been|have been) (?:stayed|postponed|delayed|suspended|paused|deferred|put on hold|blocked)\b"
    r"|\b(?:grants?|granted|issues?|issued) (?:a |an )?(?:[a-z]+ )?(?:stay|injunction)\b|\bdelay of effective date\b|\benjoins?\b|\bblocks? (?:the )?(?:[a-z]+ ){0,3}?rule\b"
)
_HELD_CJK = (
    r"(?:施行|適用|発効|執行|実施|義務|規制|措置)(?:期?日)?[^。、]{0,12}?(?:を|の)(?:\d+[年か月日ヶカ]*)?(?:延期|変更|繰り下げ|停止|見合わせ|一時停止|差し止め|猶予)(?:し|する|され|、|。|$)"
    r"|[1-9一二三]年(?:間)?(?:停止|延期|猶予)|(?:暂停|中止|暂缓|推迟|延后)(?:实施|施行|执行|适用|生效)?[^。]{0,40}?(?:公告|措施|规定|管制|办法|决定|实施|施行|执行|生效|清单|规则)"
    r"|(?:暫停|暫緩|延後|推遲)[^。]{0,30}?(?:措施|規定|管制|辦法|實施|施行|生效|新規)|(?:시행|적용)(?:을|를)?\s?(?:유예|연기|중단)(?:했|하기로 했|$)"
)
_REVOKED_EN = (
    r"\b(?:revok|rescind|repeal|abolish|annul)(?:e?s|ed|ing)\b(?! (?:license|licence|application))(?<!refused and revoked)"
)
_REVOKED_CJK = (
    r"(?<!工場が)(?<!路線が)(?:廃止|撤回|取り下げ|取消し|取り消し|失効|無効と)(?:され|した|しました|し、|について|、|。|$|と)|廃案(?:と|に)なっ|(?:废止|撤销|取消|废除)(?:了|《|。|$|有关|部分|的决定|上述|对|公告|该|第|，|、|,|[^。，]{0,12}(?:规定|禁运|禁令|措施|规则))"
    r"|(?:予以|同时|宣布|决定)[，,]?(?:废止|撤销)|(?:廢止|撤銷)[^。，]{0,12}(?:規定|規則|公告|措施)|폐지(?:했|됐|$)|철회(?:했|$)"
)
_SIGNED_EN = (
    r"\bsign(?:s|ed) (?:a |an |the |into law )?(?:[a-z]+ ){0,3}?(?:order|proclamation|memorandum)\b|^(?:executive order|proclamation|memorandum)\b|^order of the president\b|\b(?:executive|presidential|the) order\b[^.]{0,20}?\b(?:issued|signed)\b"
    r"|\bissu(?:es|ed) (?:an |a )?(?:presidential |executive )?order\b|\bpresidential documents?: |\b(?:publication|issuance) of (?:a )?(?:[a-z]+ )?(?:determination|order)s?\b|\bdetermination (?:was |is )?issued\b"
)

_US = (
    Step(
        name="ANPRM",
        stage=Stage.CONSULTATION,
        said=_re(
            r"\badvanced? notice of proposed rule-?\s?making\b|\banprm\b|\bnotice of inquiry\b", _COMMENTS_EN, _COMMENTS_CJK
        ),
        next="NPRM",
        by=DateKind.COMMENTS_CLOSE,
        days=365,
        basis="a year after comments close: a rule of thumb",
    ),
    Step(
        name="NPRM",
        stage=Stage.PROPOSED,
        said=_re(
            r"(?<!advance )(?<!advanced )\bnotice of proposed rule-?\s?making\b|(?<!a)\bnprm\b",
            r"\bpropos(?:es|ed) (?:to |a |an |the |new |rules?\b|amend|chang|regulation|limit|restrict|expand|cover)",
            r"\b(?:issu|publish|releas|unveil|announc|adopt|float)(?:e?s|e?d|ing) (?:a |its |the )?(?:[a-z-]+ ){0,3}?propos(?:ed rule|al)\b",
            r"^proposed rules?\b|\bproposed rule (?:is|was|has been) (?:issued|published|released)\b|\b(?:is|are) proposing to\b",
            _PROPOSED_CJK,
        ),
        next="final rule",
        by=DateKind.COMMENTS_CLOSE,
        days=365,
        basis="a year after comments close: a rule of thumb",
    ),
    Step(
        name="released",  # by its agency; it is law when it is published
        stage=Stage.ON_FILE,
        said=_re(
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
        said=_re(
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
        said=_re(
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
        said=_re(
            r"(?:\b(?:issu|publish|releas|announc|adopt|finali[sz]|promulgat|approv)(?:e?s|e?d|ing) (?:a |its |the |two |new )?(?:[a-z0-9-]+ ){0,4}?(?:final (?:determination|order)s?|determination|presidential (?:order|memorandum))\b)",
            r"\bpublish(?:es|ed) (?:a |its |the )?(?:[a-z0-9-]+ ){0,4}?(?<!interim )(?<!temporary )(?<!direct )final rules?\b",
            r"^final (?:rule|determination|order)s?\b(?! (?:challeng|faces|on |issued|released|announced))|; final rule\b|\bfinal rules? (?:is|was|were|has been|have been) (?:published|adopted)\b|\bin this (?:final )?rule, \w+ (?:amends|adds|revises|makes)\b",
            r"\bthis final rule\b|\bfinali[sz](?:es|ed)\b[^.]{0,60}?\b(?:tariffs?|duties|ban|determination)\b",
            r"\b(?:adds|added|adding) (?:[a-z0-9-]+ ){0,6}?(?:entit(?:y|ies)|compan(?:y|ies)|firms?|persons?|parties|addresses|equipment|services) (?:[a-z0-9-]+ ){0,6}?to (?:the |its )?(?:[a-z-]+ )?(?:entity|unverified end-user|unverified|military end-user|sdn|covered)s? list\b",
            _SIGNED_EN,
            r"\b(?:rules?|order|determination|notice|memorandum)\b[^.]{0,60}?\b(?:was |were |is |are )?published (?:in the federal register|today|(?:on )?(?:mon|tues|wednes|thurs|fri)day)\b",
            r"^issuance of (?:a )?(?:[a-z]+ )?(?:determination|order)\b|\b(?:puts?|placed?|blacklist(?:s|ed))\b[^.]{0,60}?\b(?:trade blacklist|entity list|blacklist)\b",
            _FINAL_CJK,
        ),
        next="effective",
        by=DateKind.EFFECTIVE,
        days=30,
        basis="the date of effect that it states, else 30 days after publication (5 U.S.C. 553(d))",
    ),
    Step(name="effective", stage=Stage.IN_FORCE, said=_re(_FORCE_EN, _FORCE_CJK)),
    Step(
        name="stayed",
        stage=Stage.AMENDED,
        said=_re(
            _HELD_EN,
            _HELD_CJK,
        ),
        next="effective",
        by=DateKind.EFFECTIVE,
        basis="the new date of effect, where one is stated",
    ),
    Step(
        name="amended",
        stage=Stage.AMENDED,
        said=_re(
            r"\b(?:correcting|technical|conforming|clarifying) amendments?\b|\bcorrects? (?:the |its |an |a )?(?:[a-z0-9-]+ ){0,5}?(?:rule|notice|order|errors?)\b",
            r"(?:rule|notice|order|determination); (?:technical )?(?:correction|amendment)\b",
            r"\bamends? (?:its |the |an? )?(?:[a-z0-9-]+ ){0,4}?(?:final rule|interim final rule|general license|determination|executive order|proclamation)\b",
            r"^amendments? to (?:proclamation|executive order|the final rule)\b|訂正(?:規則)?を?[^。、]{0,8}?(?:公示|公表|発表)|規則に訂正|更正[^。，]{0,10}规则",
        ),
    ),
    Step(
        name="vacated",
        stage=Stage.WITHDRAWN,
        said=_re(
            r"\bvacat(?:es|ed|ing|ur)\b|\b(?:struck|strikes) down\b|\bsets? aside\b|\brescission of\b", _REVOKED_EN, _REVOKED_CJK
        ),
    ),
    Step(
        name="withdrawn",
        stage=Stage.WITHDRAWN,
        said=_re(
            r"\b(?:withdraw(?:s|n|ing)|withdrew)\b[^.]{0,80}?\b(?:rule|rules|proposal|rulemaking|notice|nprm|anprm|order|guidance|determination)\b",
            r"\b(?:rule|proposal|rulemaking|notice|order)\b[^.]{0,50}?\bwithdrawn\b|\bwithdrawal of\b|; withdrawal\b",
        ),
    ),
)
_JP = (
    Step(
        name="審議会",
        stage=Stage.CONSULTATION,
        said=_re(
            r"(?:審議会|小委員会|分科会|有識者会議|検討会|部会)[^。]{0,50}?(?:了承|議論|審議|示し|示され|提示|取りまとめ(?!る)|とりまとめ(?!る)|まとめ(?!る)|諮問|答申|検討を開始|素案|論点)",
            r"中間(?:報告|整理|取りまとめ|とりまとめ)(?:案)?を?(?:公表|示|了承)?",
        ),
        next="意見公募",
        days=180,
        basis="half a year: a rule of thumb",
    ),
    Step(
        name="意見公募",
        stage=Stage.CONSULTATION,
        said=_re(
            _COMMENTS_CJK,
            r"\b(?:public comments?|comments are invited)\b",
            _COMMENTS_EN,
        ),
        next="公布",
        by=DateKind.COMMENTS_CLOSE,
        days=120,
        basis="four months after comments close: a rule of thumb",
    ),
    Step(
        name="閣議決定",
        stage=Stage.PROPOSED,
        said=_re(
            r"閣議決定(?:し|され|した|、|。|$|「|」|について|で)|閣議で[^。]{0,40}?(?:決め|決定し|了承し)|内阁(?:会议)?(?:通过|决定)|각의[^.]{0,10}(?:결정|의결)",
            r"(?:法案|法律案|改正案|条約)[^。]{0,20}?国会に(?:提出|上程)(?:し|され)",
            r"\bcabinet (?:approv|adopt|decid|endors)(?:e?s|e?d)\b",
        ),
        next="公布",
        days=150,
        basis="an ordinary Diet session has 150 days (国会法 10条); orders are promulgated within weeks",
    ),
    Step(
        name="成立",
        stage=Stage.PROPOSED,
        said=_re(
            r"(?:法|法案|改正案|法律)[^。]{0,30}?(?:可決、?・?)?成立(?:し|した|、|。|$|\s)",
            r"\b(?:diet|parliament|upper house) (?:passe[sd]|enact(?:s|ed))\b",
        ),
        next="公布",
        days=30,
        basis="within 30 days (国会法 66条)",
    ),
    Step(
        name="公布",
        stage=Stage.FINAL,
        said=_re(
            r"公布(?:され|した|しました|し、|する(?!予定|方針|見)|について|、|。|$|に伴)|(?:本日|同日|官報で|官報に)[^。]{0,20}?公布|\bpromulgat(?:es|ed)\b",
            r"(?:日本)[^。]{0,30}?(?:公布|颁布)",
            r"(?:告示|官報に掲載)(?:され|した|しました|し、)|(?:告示|省令|政令|通達)を?(?:公布|制定|発出)(?:し|され|、|。|$)",
            r"の一部を改正する(?:省令|政令|告示|件|通達)」?(?:を制定|について|$|を公布|を定め)",
        ),
        next="施行",
        by=DateKind.EFFECTIVE,
        days=20,
        basis="the stated day, else the twentieth after promulgation (法の適用に関する通則法 2条)",
    ),
    Step(
        name="施行",
        stage=Stage.IN_FORCE,
        said=_re(
            r"(?:施行|適用|発効)(?:され(?!る)|した(?!場合)|しました|となりました|されました)|(?:本日|きょう|同日)(?:から|より|、|付で)?[^。]{0,12}?(?:施行|適用開始|発効)",
            _FORCE_EN,
            r"の施行について|(?:施行|適用|運用)(?:が|を)(?:開始|始ま)(?:し|され|った|、|。|$)|(?:施行|生效)(?:了|。|$)",
        ),
    ),
    Step(
        name="改正",
        stage=Stage.AMENDED,
        said=_re(
            r"(?:訂正|正誤)(?:しました|します|について|表|を公表|$)|施行(?:期)?日を[^。、]{0,6}?(?:延期|変更|繰り下げ)(?:し|され|$|、)|(?:リスト|告示|通達|省令|基準|ガイドライン|名簿)(?:」)?を(?:一部)?改正(?:し|され|しました)",
            _HELD_CJK,
        ),
    ),
    Step(name="廃止", stage=Stage.WITHDRAWN, said=_re(_REVOKED_CJK)),
)
_EU = (
    Step(
        name="call for evidence",
        stage=Stage.CONSULTATION,
        said=_re(
            r"\bcall for evidence\b|\b(?:public|targeted|open) consultation\b(?! (?:on [^.]{0,60})?(?:ran|closed|ended|showed|report))(?<!report on the public consultation)",
            _COMMENTS_EN,
            _COMMENTS_CJK,
        ),
        next="proposal",
        by=DateKind.COMMENTS_CLOSE,
        days=365,
        basis="a year after it closes: a rule of thumb",
    ),
    Step(
        name="proposal",
        stage=Stage.PROPOSED,
        said=_re(
            r"\b(?:commission|council|it|eu|brussels|executive)\b[^.]{0,60}?\b(?:propos(?:es|ed)|presents?|presented|tables?|tabled|unveils?|unveiled|puts? forward)\b",
            r"\bproposal for a (?:regulation|directive|decision|council)\b|^(?:commission )?propos(?:es|al)\b",
            r"(?:欧州委|欧盟委员会|歐盟執委會)[^。]{0,40}?(?:提案|提出|提議)(?:し|した|、|。|$|了|《)?",
            _PROPOSED_CJK,
        ),
        next="agreement",
        days=540,
        basis="a year and a half, as first readings usually take: a rule of thumb",
    ),
    Step(
        name="agreement",
        stage=Stage.PROPOSED,
        said=_re(
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
        said=_re(
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
        said=_re(
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
        said=_re(_FORCE_EN, _FORCE_CJK),
        next="application",
        by=DateKind.APPLIES_FROM,
        basis="the day from which it applies, where one is stated",
    ),
    Step(
        name="application",
        stage=Stage.IN_FORCE,
        said=_re(
            r"\b(?:applies|apply|applicable) (?:as of |from |since )?today\b|\bstart(?:s)? to apply\b|\bsince [^,]{3,20}, [^.]{0,40}?\bappl(?:y|ies)\b|(?:適用|運用)(?:が|を)?開始|\b(?:is|are|became|has become|have become) (?:now )?(?:fully )?applicable\b",
            r"\b(?:has|have) (?:begun|started) to apply\b|\b(?:began|started) to apply\b|\b(?:now|fully) appl(?:y|ies)\b|\b(?:rules|regulation) (?:now )?appl(?:y|ies) (?:as of|from) today\b",
        ),
    ),
    Step(
        name="amended",
        stage=Stage.AMENDED,
        said=_re(
            r"\b(?:amend(?:s|ed)|corrigendum|postpon(?:es|ed)|suspend(?:s|ed)|delay(?:s|ed))\b[^.]{0,60}?\b(?:regulation|directive|decision|annex|application|measures?|rules?|list|start|obligations?|diligence)\b",
            r"^corrigendum\b|する改正を[^。]{0,8}(?:公示|採択)",
            _HELD_EN,
            _HELD_CJK,
        ),
    ),
    Step(name="repealed", stage=Stage.WITHDRAWN, said=_re(_REVOKED_EN, r"\bstrikes? down\b", _REVOKED_CJK)),
    Step(
        name="withdrawn",
        stage=Stage.WITHDRAWN,
        said=_re(
            r"\b(?:withdraw(?:s|n|ing)|withdrew)\b[^.]{0,80}?\b(?:proposal|regulation|directive|draft|text)\b|\b(?:proposal|draft)\b[^.]{0,40}?\bwithdrawn\b"
        ),
    ),
)
_CN = (
    Step(
        name="征求意见",
        stage=Stage.CONSULTATION,
        said=_re(
            _COMMENTS_CJK,
            r"\b(?:solicit|seek|invit)(?:e?s|ed|ing)? (?:public )?(?:comments?|opinions?)\b|\bpublic (?:comments?|consultation)\b|征求意见稿",
            _COMMENTS_EN,
        ),
        next="公告",
        by=DateKind.COMMENTS_CLOSE,
        days=180,
        basis="half a year after comments close: a rule of thumb",
    ),
    Step(
        name="审议",
        stage=Stage.PROPOSED,
        said=_re(
            r"(?:草案|修正案|修订草案|议案)[^。]{0,30}?(?:提请|提交)[^。]{0,20}?审议|(?:审议|初审|二审|三审)[^。]{0,15}?草案|(?:常务会议|会议)[^。]{0,20}?(?:审议|讨论)?[^。]{0,8}?通过[^。]{0,60}?草案"
        ),
        next="公告",
        days=365,
        basis="a year, up to three readings: a rule of thumb",
    ),
    Step(
        name="公告",
        stage=Stage.FINAL,
        said=_re(
            r"公告(?:\d{4}|二〇|20)[^。]{0,8}第|\d+年第\d+号公告|(?:发布|公布|印发|出台|颁布|下发)(?:了《|《|关于|公告|决定|第\d+号|新规|通知|令|修订|有关)",
            r"(?:现|特此|予以)(?:予以)?(?:公布|公告|发布)|(?:决定)?将[^。]{2,40}?(?:列入|纳入)[^。]{0,20}?(?:清单|名单|目录)|对[^。]{2,40}?(?:实施|采取)(?:出口管制|临时管制|反倾销措施|管制)",
            r"(?:商务部|海关总署|国务院|工信部|发改委|外交部)[^。]{0,20}?(?:公告|宣布|公布|发布|发公告)(?!会)[^。]{0,40}?(?:管制|公告|清单|名单|措施|条例|办法|规定|决定|限制|禁止)|表决通过|\b(?:announcement no\.|promulgat(?:es|ed)|issu(?:es|ed) (?:a |an |the )?(?:[a-z]+ )?(?:announcement|regulations?|rules|measures))\b",
            r"\b(?:imposes?|imposed|places?|slaps?|tightens?) (?:new )?(?:[a-z-]+ ){0,3}?(?:export )?(?:controls?|curbs|licensing|restrictions?)\b|\badds?\b[^.]{0,60}?\b(?:control|entity|unreliable entit(?:y|ies)) list\b",
            r"(?:輸出管理|輸出規制|規制)(?:を|の実施を)?(?:公告|発表|導入)(?:し|した|、|。|$)|수출\s?통제(?:를|를\s)?(?:발표|시행|실시)",
        ),
        next="施行",
        by=DateKind.EFFECTIVE,
        days=30,
        basis="the stated day, else 30 days after publication (规章制定程序条例 32条)",
    ),
    Step(
        name="施行",
        stage=Stage.IN_FORCE,
        said=_re(
            r"(?:已|现已|正式|今起|今日起?|即日起|起正式|日起|开始)(?:正式)?(?:施行|实施|生效|执行|实行)(?!之日)|(?:施行|实施|生效)(?:了|满|。|$)",
            _FORCE_EN,
            r"(?:施行|発効|発動)(?:され(?!る)|した|$)|시행(?:됐|했)",
        ),
    ),
    Step(name="暂停", stage=Stage.AMENDED, said=_re(_HELD_CJK, _HELD_EN)),
    Step(name="修订", stage=Stage.AMENDED, said=_re(r"(?:修订|修改|修正|调整|更正)(?:后的|了|发布|公布|《|的决定|$|部分|印发)")),
    Step(name="废止", stage=Stage.WITHDRAWN, said=_re(_REVOKED_CJK, _REVOKED_EN)),
)
_UK = (
    Step(
        name="consultation",
        stage=Stage.CONSULTATION,
        said=_re(
            _COMMENTS_EN,
            r"\b(?:open |public )?consultation\b(?! (?:outcome|response|closed|paper may|paper could))",
            _COMMENTS_CJK,
        ),
        next="laid",
        by=DateKind.COMMENTS_CLOSE,
        days=365,
        basis="a year after it closes: a rule of thumb",
    ),
    Step(
        name="bill",
        stage=Stage.PROPOSED,
        said=_re(
            r"\bbill\b[^.]{0,40}?\b(?:introduced|published|first reading|second reading|third reading|committee stage|passe[sd])\b|\bintroduc(?:es|ed)\b[^.]{0,40}?\bbill\b"
        ),
        next="made",
        days=365,
        basis="a session of Parliament: a rule of thumb",
    ),
    Step(
        name="laid",
        stage=Stage.PROPOSED,
        said=_re(r"\b(?:laid|lays?) (?:[a-z ]{0,40}?)before parliament\b|\bdraft (?:order|regulations|statutory instrument)\b"),
        next="made",
        days=60,
        basis="40 days before Parliament (Statutory Instruments Act 1946, section 6), and some",
    ),
    Step(
        name="made",
        stage=Stage.FINAL,
        said=_re(
            r"\broyal assent\b|\b(?:regulations|order|instrument)\b[^.]{0,30}?\b(?:made|published|issued)\b|\b(?:makes|made|issues|issued|publishes|published) (?:an? |the )?(?:[a-z-]+ ){0,4}?(?:order|regulations|notice to exporters)\b|^notice to exporters \d"
        ),
        next="in force",
        by=DateKind.EFFECTIVE,
        days=21,
        basis="the stated day, else 21 days (the convention for instruments laid after they are made)",
    ),
    Step(name="in force", stage=Stage.IN_FORCE, said=_re(_FORCE_EN, _FORCE_CJK)),
    Step(name="revoked", stage=Stage.WITHDRAWN, said=_re(_REVOKED_EN, r"\bwithdraw(?:s|n)\b", _REVOKED_CJK)),
)
_KR = (
    Step(
        name="입법예고",
        stage=Stage.PROPOSED,
        said=_re(
            r"(?:입법|행정)\s?예고(?!할|될|를 앞두|기간이 끝)|의견\s?(?:수렴|을 수렴|제출)|개정안[^.]{0,20}?(?:마련|발의|제출)"
        ),
        next="공포",
        by=DateKind.COMMENTS_CLOSE,
        days=180,
        basis="half a year after comments close: a rule of thumb",
    ),
    Step(
        name="국무회의",
        stage=Stage.PROPOSED,
        said=_re(r"국무회의[^.]{0,20}?(?:의결|통과|심의)|국회\s?(?:본회의)?[^.]{0,10}?(?:통과|가결)"),
        next="공포",
        days=15,
        basis="within 15 days (Constitution, article 53)",
    ),
    Step(
        name="공포",
        stage=Stage.FINAL,
        said=_re(
            r"공포(?:했|하였|됐|되었|한다고|$|\.|하고|·시행)|고시(?:했|하였|됐|되었|$|를 (?:개정|제정)(?:했|해|하여)|\s?제\d)"
        ),
        next="시행",
        by=DateKind.EFFECTIVE,
        days=20,
        basis="the stated day, else 20 days after promulgation (Constitution, article 53)",
    ),
    Step(
        name="시행",
        stage=Stage.IN_FORCE,
        said=_re(
            r"시행(?:됐|되었|했|에 들어갔|에 들어간다|중이)|(?:오늘|이날|\d일)부터\s?(?:본격\s?)?시행(?:$|한다|된다|에|됐)",
            _FORCE_EN,
            _FORCE_CJK,
        ),
    ),
)
_TW = (
    Step(
        name="預告",
        stage=Stage.PROPOSED,
        said=_re(
            r"預告[^。，]{0,30}?草案|預告(?:修正|訂定|草案|「|$|，|,|期間|修訂|將)|草案預告|徵詢(?:各界|外界)?意見|\bpre-?announce[sd]?\b"
        ),
        next="公告",
        by=DateKind.COMMENTS_CLOSE,
        days=180,
        basis="half a year after comments close: a rule of thumb",
    ),
    Step(
        name="公告",
        stage=Stage.FINAL,
        said=_re(
            r"(?<!預)公告(?:修正|訂定|「|將|，|,|調整|新增|$|實施)|(?:公布|發布|訂定發布|修正發布|發布令)(?:修正|「|施行|$|，|,|了|令)|三讀通過|修正發布|(?:公布|發布)之|(?:經|由)總統公布"
        ),
        next="施行",
        by=DateKind.EFFECTIVE,
        days=3,
        basis="the stated day, else the third day (中央法規標準法 13條)",
    ),
    Step(
        name="施行",
        stage=Stage.IN_FORCE,
        said=_re(
            r"(?:正式|今起|今日起|即日起|日起|已|開始)(?:正式)?(?:施行|實施|生效|上路)|(?<![日起月])(?:施行|實施|生效|上路)(?:了|。|$)",
            _FORCE_EN,
        ),
    ),
)

MACHINES: Mapping[str, tuple[Step, ...]] = {"US": _US, "JP": _JP, "EU": _EU, "CN": _CN, "GB": _UK, "KR": _KR, "TW": _TW}
"""By ISO 3166-1 alpha-2 country of the source, or EU. Steps stand in the order in which a measure takes them."""

STATED: Mapping[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "US": (
        (_re(r"withdraw"), "withdrawn"),
        (_re(r"public inspection"), "on public inspection"),
        (_re(r"delay of effective|stay\b|postpone"), "stayed"),
        (_re(r"correct|technical amendment|amendment of final"), "amended"),
        (_re(r"(?:interim|direct|temporary) final rule"), "interim final rule"),
        (_re(r"^final rule"), "final rule"),
        (_re(r"advanced? notice of proposed|request for (?:comment|information)|notice of inquiry"), "ANPRM"),
        (_re(r"proposed rule"), "NPRM"),
        (_re(r"\brule\b|presidential document"), "final rule"),
    )
}
"""What a structured field calls a step, folded, the first that fits; anything else is no step (a notice, for instance)."""

BACK: frozenset[tuple[str, str]] = frozenset(
    {
        ("stayed", "effective"),  # a stay that is lifted
        ("amended", "effective"),
        ("withdrawn", "ANPRM"),  # and tried again
        ("withdrawn", "NPRM"),
        ("withdrawn", "proposal"),
        ("改正", "施行"),
        ("暂停", "施行"),
        ("修订", "施行"),
        ("修订", "暂停"),
        ("amended", "stayed"),
        ("amended", "entry into force"),
        ("amended", "application"),
    }
)
"""Steps that may follow one that stands after them in the machine."""
