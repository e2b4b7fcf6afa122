"""The way of a measure in China."""

from __future__ import annotations

from monitor.items import DateKind, Stage
from monitor.steps import cues
from monitor.steps.step import Step, said

STEPS = (
    Step(
        name="征求意见",
        stage=Stage.CONSULTATION,
        said=said(
            cues.COMMENTS_CJK,
            r"\b(?:solicit|seek|invit)(?:e?s|ed|ing)? (?:public )?(?:comments?|opinions?)\b|\bpublic (?:comments?|consultation)\b|征求意见稿",
            cues.COMMENTS_EN,
        ),
        next="公告",
        by=DateKind.COMMENTS_CLOSE,
        days=180,
        basis="half a year after comments close: a rule of thumb",
    ),
    Step(
        name="审议",
        stage=Stage.PROPOSED,
        said=said(
            r"(?:草案|修正案|修订草案|议案)[^。]{0,30}?(?:提请|提交)[^。]{0,20}?审议|(?:审议|初审|二审|三审)[^。]{0,15}?草案|(?:常务会议|会议)[^。]{0,20}?(?:审议|讨论)?[^。]{0,8}?通过[^。]{0,60}?草案"
        ),
        next="公告",
        days=365,
        basis="a year, up to three readings: a rule of thumb",
    ),
    Step(
        name="公告",
        stage=Stage.FINAL,
        said=said(
            r"公告(?:\d{4}|二〇|20)[^。]{0,8}第|\d+年第\d+号公告|(?:发布|公布|印发|出台|颁布|下发)(?:了《|《|关于|公告|决定|第\d+号|新规|通知|令|修订|有关)",
            r"(?:现|特此|予以)(?:予以)?(?:公布|公告|发布)|(?:决定)?将[^。]{2,40}?(?:列入|纳入)[^。]{0,20}?(?:清单|名单|目录)|对[^。]{2,40}?(?:实施|采取)(?:出口管制|临时管制|反倾销措施|管制)",
            r"(?:商务部|海关总署|国务院|工信部|发改委|外交部)[^。]{0,20}?(?:公告|宣布|公布|发布|发公告)(?!会)[^。]{0,40}?(?:管制|公告|清单|名单|措施|条例|办法|规定|决定|限制|禁止)|表决通过|\b(?:announcement no\.|promulgat(?:es|ed)|issu(?:es|ed) (?:a |an |the )?(?:[a-z]+ )?(?:announcement|regulations?|rules|measures))\b",
            r"本(?:办法|条例|规定|决定|规则|细则|公告|目录|法)自[^。]{2,30}?起(?:正式)?(?:施行|实施|生效|执行)",
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
        said=said(
            r"(?:已|现已|正式|今起|今日起?|即日起|起正式|日起|开始)(?:正式)?(?:施行|实施|生效|执行|实行)(?!之日)|(?:施行|实施|生效)(?:了|满|。|$)",
            cues.FORCE_EN,
            r"(?:施行|発効|発動)(?:され(?!る)|した|$)|시행(?:됐|했)",
        ),
    ),
    Step(name="暂停", stage=Stage.AMENDED, said=said(cues.HELD_CJK, cues.HELD_EN)),
    Step(name="修订", stage=Stage.AMENDED, said=said(r"(?:修订|修改|修正|调整|更正)(?:后的|了|发布|公布|《|的决定|$|部分|印发)")),
    Step(name="废止", stage=Stage.WITHDRAWN, said=said(cues.REVOKED_CJK, cues.REVOKED_EN)),
)
