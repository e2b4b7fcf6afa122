"""The way of a measure in the United Kingdom."""

from __future__ import annotations

from monitor.items import DateKind, Stage
from monitor.steps import cues
from monitor.steps.step import Step, said

STEPS = (
    Step(
        name="consultation",
        stage=Stage.CONSULTATION,
        said=said(
            cues.COMMENTS_EN,
            r"\b(?:open |public )?consultation\b(?! (?:outcome|response|closed|paper may|paper could))",
            cues.COMMENTS_CJK,
        ),
        next="laid",
        by=DateKind.COMMENTS_CLOSE,
        days=365,
        basis="a year after it closes: a rule of thumb",
    ),
    Step(
        name="bill",
        stage=Stage.PROPOSED,
        said=said(
            r"\bbill\b[^.]{0,40}?\b(?:introduced|published|first reading|second reading|third reading|committee stage|passe[sd])\b|\bintroduc(?:es|ed)\b[^.]{0,40}?\bbill\b"
        ),
        next="made",
        days=365,
        basis="a session of Parliament: a rule of thumb",
    ),
    Step(
        name="laid",
        stage=Stage.PROPOSED,
        said=said(r"\b(?:laid|lays?) (?:[a-z ]{0,40}?)before parliament\b|\bdraft (?:order|regulations|statutory instrument)\b"),
        next="made",
        days=60,
        basis="40 days before Parliament (Statutory Instruments Act 1946, section 6), and some",
    ),
    Step(
        name="made",
        stage=Stage.FINAL,
        said=said(
            r"\broyal assent\b|\b(?:regulations|order|instrument)\b[^.]{0,30}?\b(?:made|published|issued)\b|\b(?:makes|made|issues|issued|publishes|published) (?:an? |the )?(?:[a-z-]+ ){0,4}?(?:order|regulations|notice to exporters)\b|^notice to exporters \d"
        ),
        next="in force",
        by=DateKind.EFFECTIVE,
        days=21,
        basis="the stated day, else 21 days (the convention for instruments laid after they are made)",
    ),
    Step(name="in force", stage=Stage.IN_FORCE, said=said(cues.FORCE_EN, cues.FORCE_CJK)),
    Step(
        name="revoked",
        stage=Stage.WITHDRAWN,
        said=said(
            cues.REVOKED_EN,
            r"\blicen[cs]e\b[^.;]{0,40}\brevoked\b",
            r"\b(?:withdraw(?:s|n)|withdrew)\b[^.;]{0,50}?\b(?:bill|regulations|order|instrument|proposals?|consultation|guidance)\b",
            cues.REVOKED_CJK,
        ),
    ),
)
