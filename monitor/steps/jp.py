"""The way of a measure in Japan."""

from __future__ import annotations

from monitor.items import DateKind, Stage
from monitor.steps import cues
from monitor.steps.step import Step, said

STEPS = (
    Step(
        name="審議会",
        stage=Stage.CONSULTATION,
        said=said(
            r"(?:審議会|小委員会|分科会|有識者会議|検討会|部会)[^。]{0,50}?(?:了承|議論|審議|示し|示され|提示|取りまとめ(?!る)|とりまとめ(?!る)|まとめ(?!る)|諮問|答申|検討を開始|素案|論点)",
            r"中間(?:報告|整理|取りまとめ|とりまとめ)(?:案)?(?!を(?:踏まえ|受け)|に(?:基づ|沿)|等?を踏まえ)",
        ),
        next="意見公募",
        days=180,
        basis="half a year: a rule of thumb",
    ),
    Step(
        name="意見公募",
        stage=Stage.CONSULTATION,
        said=said(
            cues.COMMENTS_CJK,
            r"\b(?:public comments?|comments are invited)\b",
            cues.COMMENTS_EN,
        ),
        next="公布",
        by=DateKind.COMMENTS_CLOSE,
        days=120,
        basis="four months after comments close: a rule of thumb",
    ),
    Step(
        name="閣議決定",
        stage=Stage.PROPOSED,
        said=said(
            r"閣議(?:決定|了解)(?:し|され|した|、|。|$|「|」|[)]|について|で)|閣議で[^。]{0,40}?(?:決め|決定し|了承し)|内阁(?:会议)?(?:通过|决定)|각의[^.]{0,10}(?:결정|의결)",
            r"(?:法案|法律案|改正案|条約)[^。]{0,20}?国会に(?:提出|上程)(?:し|され)",
            r"(?:法案|法律案|改正案)[^。]{0,20}?(?:衆院|参院|衆議院|参議院)(?:本会議)?(?:を|で)(?:通過|可決)(?:し|され|、|。|$)",
            r"\bcabinet (?:approv|adopt|decid|endors)(?:e?s|e?d)\b",
        ),
        next="公布",
        days=150,
        basis="an ordinary Diet session has 150 days (国会法 10条); orders are promulgated within weeks",
    ),
    Step(
        name="成立",
        stage=Stage.PROPOSED,
        said=said(
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
        said=said(
            r"公布(?:(?:・|及び)施行)?(?:され|した|しました|し、|する(?!予定|方針|見)|について|、|。|$|に伴)|(?:本日|同日|官報で|官報に)[^。]{0,20}?公布|\bpromulgat(?:es|ed)\b",
            r"(?:日本)[^。]{0,30}?(?:公布|颁布)",
            r"(?:告示|官報に掲載)(?:され|した|しました|し、)|(?:告示|省令|政令|通達)を?(?:公布|制定|発出)(?:し|され|、|。|$)",
            r"の一部を改正する(?:省令|政令|告示|件|通達)」?(?:を制定|について|$|を公布|を定め)",
            r"(?:リスト|名簿|について」?)(?:等)?の(?:一部)?改正について$",
        ),
        next="施行",
        by=DateKind.EFFECTIVE,
        days=20,
        basis="the stated day, else the twentieth after promulgation (法の適用に関する通則法 2条)",
    ),
    Step(
        name="施行",
        stage=Stage.IN_FORCE,
        said=said(
            r"(?:施行|適用|発効)(?:され(?!る)|した(?!場合)|しました|となりました|されました)|(?:本日|きょう|同日)(?:から|より|、|付で)?[^。]{0,12}?(?:施行|適用開始|発効)",
            cues.FORCE_EN,
            r"の施行について|(?:施行|適用|運用)(?:が|を)(?:開始|始ま)(?:し|され|った|、|。|$)|(?:施行|生效)(?:了|。|$)",
        ),
    ),
    Step(
        name="改正",
        stage=Stage.AMENDED,
        said=said(
            r"(?:訂正|正誤)(?:しました|します|について|表|を公表|$)|施行(?:期)?日を[^。、]{0,24}?(?:延期|変更|繰り下げ)(?:し|され|$|、)|(?:リスト|告示|通達|省令|基準|ガイドライン|名簿)(?:」)?を(?:一部)?改正(?:し|され|しました)",
            cues.HELD_CJK,
        ),
    ),
    Step(name="廃止", stage=Stage.WITHDRAWN, said=said(cues.REVOKED_CJK)),
)
