"""Writes the last tables into `benchmarks/README.md`: those that are named, or all.

    python -m benchmarks.tables speed memory

A table is the fenced block after a comment such as `<!-- python -m benchmarks.speed -->`: the command is run,
and what it prints takes the place of the block.
"""

import argparse
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).with_name("README.md")

_BLOCK = re.compile(r"(<!-- python -m benchmarks\.(\w+)([^\n]*) -->\n```text\n)(.*?)(```\n)", re.DOTALL)


def printed(module: str, options: str) -> str:
    """What the command prints."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *options.split()]
    print(" ".join(command[1:]), flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return f"{datetime.now(UTC):%Y-%m-%d}\n{done.stdout.strip()}\n"


def main() -> None:
    """Runs the commands of the tables that are named, one after the other, and writes the page after each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", help="such as speed; all when none is named")
    wanted = parser.parse_args().names
    found = [(match[2], match[3]) for match in _BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]
    if unknown := sorted(set(wanted) - {module for module, _ in found}):
        raise SystemExit(f"{PAGE.name} has no table of {unknown[0]}; it has {', '.join(m for m, _ in found)}")
    for module, options in found:
        if not wanted or module in wanted:
            _replace(module, printed(module, options))


def _replace(module: str, text: str) -> None:
    def table(match: re.Match[str]) -> str:
        return f"{match[1]}{text}{match[5]}" if match[2] == module else match[0]

    PAGE.write_text(_BLOCK.sub(table, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
