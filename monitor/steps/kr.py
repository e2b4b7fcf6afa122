"""The way of a measure in Korea, in outline."""

from __future__ import annotations

from monitor.items import DateKind, Stage
from monitor.steps import cues
from monitor.steps.step import Step, said

STEPS = (
    Step(
        name="입법예고",
        stage=Stage.PROPOSED,
        said=said(
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
        said=said(r"국무회의[^.]{0,20}?(?:의결|통과|심의)|국회\s?(?:본회의)?[^.]{0,10}?(?:통과|가결)"),
        next="공포",
        days=15,
        basis="within 15 days (Constitution, article 53)",
    ),
    Step(
        name="공포",
        stage=Stage.FINAL,
        said=said(
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
        said=said(
            r"시행(?:됐|되었|했|에 들어갔|에 들어간다|중이)|(?:오늘|이날|\d일)부터\s?(?:본격\s?)?시행(?:$|한다|된다|에|됐)",
            cues.FORCE_EN,
            cues.FORCE_CJK,
        ),
    ),
)
