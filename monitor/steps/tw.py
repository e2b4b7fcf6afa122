"""The way of a measure in Taiwan, in outline."""

from __future__ import annotations

from monitor.items import DateKind, Stage
from monitor.steps import cues
from monitor.steps.step import Step, said

STEPS = (
    Step(
        name="預告",
        stage=Stage.PROPOSED,
        said=said(
            r"預告[^。，]{0,30}?草案|預告(?:修正|訂定|草案|「|$|，|,|期間|修訂|將)|草案預告|徵詢(?:各界|外界)?意見|\bpre-?announce[sd]?\b"
        ),
        next="公告",
        by=DateKind.COMMENTS_CLOSE,
        days=180,
        basis="half a year after comments close: a rule of thumb",
    ),
    Step(
        name="院會通過",
        stage=Stage.PROPOSED,
        said=said(r"(?:行政院(?:院)?會|政院)[^。，]{0,8}?通過[^。，]{0,30}?(?:草案|條例|法)"),
        next="三讀",
        days=365,
        basis="two sessions of the Legislative Yuan: a rule of thumb",
    ),
    Step(
        name="三讀",
        stage=Stage.PROPOSED,
        said=said(r"三讀(?:修正)?通過|完成三讀"),
        next="公告",
        days=10,
        basis="within ten days of receipt (憲法 72條)",
    ),
    Step(
        name="公告",
        stage=Stage.FINAL,
        said=said(
            r"(?<!預)公告(?:修正|訂定|「|將|，|,|調整|新增|$|實施)|(?:(?<!總統)公布|發布|訂定發布|修正發布|發布令)(?:修正|「|施行|$|，|,|了|令)|修正發布|(?:公布|發布)之|(?<![送呈請])總統(?:令|明令)?(?:修正)?公布"
        ),
        next="施行",
        by=DateKind.EFFECTIVE,
        days=3,
        basis="the stated day, else the third day (中央法規標準法 13條)",
    ),
    Step(
        name="施行",
        stage=Stage.IN_FORCE,
        said=said(
            r"(?:正式|今起|今日起|即日起|日起|已|開始)(?:正式)?(?:施行|實施|生效|上路)|(?<![日起月])(?:施行|實施|生效|上路)(?:了|。|$)",
            cues.FORCE_EN,
        ),
    ),
)
