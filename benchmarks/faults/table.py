"""The tables of the fault benchmark.

A cell *counts* when the fault cost something that could be recovered: from the fault on, the loss without
supervision is at least 3 % above that on the clean stream, and the oracle saves at least 2 % of it. What can
be recovered is what the oracle saves, at most what the fault cost: it saves something on clean streams too.

The oracle changes its mind every 250 rows, knowing the outcome. *one, in hindsight* is what that of its
candidates saves that does best when it serves alone from the fault on: no rule that serves one of them at a
time and changes seldom can be expected to do better.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from statistics import mean, median
from typing import Any

from benchmarks.faults.streams import GENERATED

Row = dict[str, Any]

_COST, _SAVED = 0.03, 0.02

_CANDIDATES = ("none", "skipping", "without", "from the fault", "from its end")


def tables(rows: Sequence[Row]) -> list[str]:
    """All of them, as Markdown."""
    faulty = [row for row in rows if row["fault"] != "none"]
    halves = {
        "chosen on": [row for row in faulty if not row["held_out"]],
        "held out": [row for row in faulty if row["held_out"]],
    }
    parts = [_table(title, "fault", part) for title, part in halves.items() if part]
    parts += [_table("all", name, faulty) for name in ("stream", "model")]
    return [*parts, _controls([row for row in rows if row["fault"] == "none"])]


def lost(row: Row, arm: str) -> float:
    """The loss of an arm from the fault on."""
    return float(row["losses"][arm]["during"] + row["losses"][arm]["after"])


def lost_by_one(row: Row) -> float:
    """The loss from the fault on of the candidate that lost least."""
    return min(lost(row, arm) for arm in _CANDIDATES)


def recoverable(row: Row) -> float | None:
    """What could be recovered; `None` when the cell does not count."""
    none, clean, oracle = (lost(row, arm) for arm in ("none", "clean", "oracle"))
    counts = none - clean >= _COST * clean and none - oracle >= _SAVED * none
    return min(none - clean, none - oracle) if counts else None


def _table(title: str, name: str, rows: Iterable[Row]) -> str:
    lines = [
        f"| {title}, by {name} | cells | count | recovered, median | of all | one, in hindsight | of all | "
        "naive | of all | loss, mean | worst 5 % | changed | after, median |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    found = sorted(rows, key=lambda row: str(row[name]))
    lines += [_line(value, list(group)) for value, group in groupby(found, lambda row: str(row[name]))]
    return "\n".join([*lines, _line("**all**", found)])


def _line(name: str, rows: list[Row]) -> str:
    harms = sorted(lost(row, "supervised") / lost(row, "none") - 1.0 for row in rows)
    delays = [at for row in rows if (at := _delay(row)) is not None]
    cells = [
        name,
        f"{len(rows)}",
        f"{sum(recoverable(row) is not None for row in rows)}",
        *_recovered(rows, lambda row: lost(row, "supervised")),
        *_recovered(rows, lost_by_one),
        *_recovered(rows, lambda row: lost(row, "naive")),
        f"{mean(harms):+.1%}",
        f"{harms[int(len(harms) * 0.95)]:+.1%}",
        f"{len(delays)}",
        f"{median(delays):,.0f}" if delays else "-",
    ]
    return f"| {' | '.join(cells)} |"


def _recovered(rows: Iterable[Row], loss: Callable[[Row], float]) -> tuple[str, str]:
    """The share recovered: the median over the cells that count, and of all that could be."""
    found = [(lost(row, "none") - loss(row), could) for row in rows if (could := recoverable(row))]
    if not found:
        return "-", "-"
    whole = sum(gain for gain, _ in found) / sum(could for _, could in found)
    return f"{median(gain / could for gain, could in found):.2f}", f"{whole:.2f}"


def _delay(row: Row) -> int | None:
    """Rows from the fault's beginning, or from its end when it came after that, to the first change."""
    after = [at for at in row["changes"] if at >= row["start"]]
    if not after:
        return None
    return int(after[0] - (row["start"] if after[0] < row["end"] else row["end"]))


def _controls(rows: Iterable[Row]) -> str:
    lines = [
        "| no fault | cells | rows | changes | harmful | per million | loss, mean | worst | naive, mean |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    key: Callable[[Row], tuple[bool, str]] = lambda row: (row["stream"] in GENERATED, row["stream"])  # noqa: E731
    found = sorted(rows, key=key)
    lines += [_control(name, list(group)) for (_, name), group in groupby(found, key)]
    return "\n".join([*lines, _control("**all**", found)])


def _control(name: str, rows: list[Row]) -> str:
    """A change is harmful when its cell lost more with supervision than without."""
    count = sum(row["rows"] for row in rows)
    shares = {
        arm: [sum(row["losses"][arm].values()) / sum(row["losses"]["none"].values()) - 1.0 for row in rows]
        for arm in ("supervised", "naive")
    }
    changes = [len(row["changes"]) for row in rows]
    harmful = sum(number for number, share in zip(changes, shares["supervised"], strict=True) if share > 0)
    cells = [
        name,
        f"{len(rows)}",
        f"{count:,}",
        f"{sum(changes)}",
        f"{harmful}",
        f"{harmful / count * 1e6:.0f}",
        f"{mean(shares['supervised']):+.1%}",
        f"{max(shares['supervised']):+.1%}",
        f"{mean(shares['naive']):+.1%}",
    ]
    return f"| {' | '.join(cells)} |"
