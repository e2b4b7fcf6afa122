"""Who acts, on which day, and what is in force from it: nouns that the tests of stages share."""

from __future__ import annotations

from datetime import date

from builders import a_date

from monitor.items import DateKind, Entity, KeyDate

DAY = date(2026, 2, 10)
CN = Entity(id="cty-cn", type="country", surface="China")
MOFCOM = Entity(id="cn-mofcom", type="agency", surface="MOFCOM")
COMMERCE = Entity(id="us-commerce", type="agency", surface="Commerce Department")
METI = Entity(id="jp-meti", type="agency", surface="経済産業省")
INDIA = Entity(id="cty-in", type="country", surface="India")
GALLIUM = Entity(id="min-gallium", type="mineral", surface="Gallium")


def effective(day: date, kind: DateKind = DateKind.EFFECTIVE) -> tuple[KeyDate, ...]:
    return (a_date(day, kind, sentence="自公布之日起施行"),)
