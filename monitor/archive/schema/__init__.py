"""The steps from an older archive to this one, a file each, with their tables and the meaning of every column. A step, once
released, never changes.

Times are text in ISO 8601, UTC, to the second, ending in Z, so that text order is time order.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

from monitor.archive.schema import m001_first, m002_intake, m003_events, m004_measures, m005_delivery, m006_house, m007_search

STEPS = (m001_first, m002_intake, m003_events, m004_measures, m005_delivery, m006_house, m007_search)
"""In order; connection.STEPS has their names."""


def migrate(connection: sqlite3.Connection, *, before: str | None = None) -> None:
    """Bring an archive to this version, inside a transaction of the caller's; as far as a step (its name), if one is given."""
    migrations = Migrations("archive")
    for module in STEPS:
        migrations(name=module.__name__.rpartition(".")[2])(module.step)
    migrations.apply(Database(connection, execute_plugins=False), stop_before=before)
