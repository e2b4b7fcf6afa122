"""Runs every benchmark, one after the other; those whose full length is hours are only looked at (`python -m bench.NAME` measures).

Each is a process of its own: one that breaks stops no other, and the status is 1 then.
"""

from __future__ import annotations

import subprocess
import sys

LOOKS: dict[str, tuple[str, ...]] = {
    "stages": (),
    "tagging": (),
    "polling": (),
    "copies": (),
    "intake": (),
    "linking": ("--archived", "15000"),
    "events": ("--events", "2000"),
    "search": ("--items", "20000", "--peers", "none"),
    "heads": ("--every", "10"),
    "alerting": ("--seconds", "20"),
    "soak": ("--minutes", "2"),
    "chaos": ("--seeds", "1", "--kills", "5"),
}
"""What each benchmark is asked, by its name."""


def main() -> int:
    """Run them; 1 if one broke, else 0."""
    broken = []
    for name, arguments in LOOKS.items():
        command = ("-m", f"bench.{name}", *arguments)
        print(f"\n== python {' '.join(command)}\n", flush=True)
        if subprocess.run([sys.executable, *command], check=False).returncode != 0:
            broken.append(name)
    if broken:
        print(f"\nbroken: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
