"""Splits the SQL of a step."""

from __future__ import annotations


def statements(script: str) -> list[str]:
    """The statements of a script; comments are kept, because SQLite stores them with the table."""
    found: list[str] = []
    lines: list[str] = []
    for line in script.strip().splitlines():
        lines.append(line)
        if line.split("--")[0].rstrip().endswith(";"):
            found.append("\n".join(lines).strip().rstrip(";"))
            lines = []
    return found
