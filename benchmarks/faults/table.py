"""The tables of the fault benchmark, as Markdown."""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from statistics import fmean, median

from benchmarks.faults.shares import (
    BARS,
    Row,
    best_of_all,
    counting,
    doubted,
    harm,
    net,
    of_all,
    of_kind,
    recoverable,
    share,
    share_of_best,
)

_FAULTS = (
    "cells",
    "count",
    "recovered, median",
    "of all",
    "net, of all",
    "best 1, of all",
    "best 2, of all",
    "of best 2, median",
    "of all",
    "against none, mean",
    "worst 5 %",
    "worst",
    "rows to recover, none",
    "supervised",
)

_CONTROLS = ("cells", "rows", "against none, mean", "worst", "in doubt", "suspicions", "changes")


def tables(rows: Sequence[Row]) -> list[str]:
    """All of them."""
    faulty = of_kind("fault")(rows)
    parts = [_table(name, _FAULTS, faulty, name, _fault) for name in ("fault", "task", "model", "delay")]
    for kind, title in (("clean", "no fault"), ("drift", "drifts by itself")):
        parts.append(_table(title, _CONTROLS, of_kind(kind)(rows), "stream", _control))
    return [part for part in parts if part] + [_further(rows), bars(rows)]


def bars(rows: Sequence[Row]) -> str:
    """The goals, and whether they are reached."""
    lines = ["| bar | wanted | measured | |", "|---|--:|--:|---|"]
    for bar in BARS:
        value = bar.measured(rows)
        sign = "at least" if bar.least else "at most"
        found = ("-", "not measured") if value is None else (bar.text(value), _verdict(met=bar.met(value)))
        lines.append(f"| {bar.name} | {sign} {bar.text(bar.limit)} | {found[0]} | {found[1]} |")
    return "\n".join(lines)


def side_by_side(rows: Sequence[Row], others: Sequence[Row], name: str, other: str) -> str:
    """Two policies on the same cells: the bars, and what is recovered of each fault."""
    lines = [f"| on {len(rows)} cells | {name} | {other} |", "|---|--:|--:|"]
    for bar in BARS:
        values = [bar.measured(one) for one in (rows, others)]
        lines.append(_line(bar.name, ["-" if one is None else bar.text(one) for one in values]))
    for fault in sorted({row["fault"] for row in of_kind("fault")(rows)}):
        for title, measure in (("recovered, of all", of_all), ("of best 2, of all", best_of_all)):
            cells = [counting(row for row in one if row["fault"] == fault) for one in (rows, others)]
            lines.append(_line(f"{fault}: {title}", [f"{measure(one):.2f}" if one else "-" for one in cells]))
    return "\n".join(lines)


def _table(
    title: str, heads: Iterable[str], rows: list[Row], name: str, cells: Callable[[list[Row]], list[str]]
) -> str:
    """A line for each value of a name, and one for all; "" without rows."""
    if not rows:
        return ""
    heads = [*heads]
    found = sorted(rows, key=lambda row: row[name])
    lines = [_line(title, heads), "|---|" + "--:|" * len(heads)]
    lines += [_line(str(one), cells([*group])) for one, group in groupby(found, lambda row: row[name])]
    return "\n".join([*lines, _line("**all**", cells(found))])


def _fault(rows: list[Row]) -> list[str]:
    counted = counting(rows)
    harms = sorted(map(harm, rows))
    cells = [f"{len(rows)}", f"{len(counted)}"]
    if counted:
        shares = [median(map(share, counted)), of_all(counted), net(counted)]
        best = [of_all(counted, "best 1"), of_all(counted, "best 2")]
        cells += [f"{value:.2f}" for value in (*shares, *best)]
        possible = recoverable(counted)
        cells.append(f"{median(map(share_of_best, possible)):.2f}" if possible else "-")
        cells.append(f"{best_of_all(counted):.2f}")
    else:
        cells += ["-"] * 7
    cells += [f"{fmean(harms):+.1%}", f"{harms[int(len(harms) * 0.95)]:+.1%}", f"{harms[-1]:+.1%}"]
    return [*cells, _recovery(counted, "none"), _recovery(counted, "supervised")]


def _recovery(rows: Sequence[Row], arm: str) -> str:
    """The median number of rows until an arm has recovered."""
    if not rows:
        return "-"
    found = [math.inf if row["recovered"][arm] is None else row["recovered"][arm] for row in rows]
    middle = median(found)
    return f"{middle:,.0f}" if math.isfinite(middle) else "never"


def _control(rows: list[Row]) -> list[str]:
    return [
        f"{len(rows)}",
        f"{sum(row['rows'] for row in rows):,}",
        f"{fmean(map(harm, rows)):+.2%}",
        f"{max(map(harm, rows)):+.2%}",
        f"{doubted(rows):.0%}",
        f"{sum(row['suspicions'] for row in rows)}",
        f"{sum(len(row['changes']) for row in rows)}",
    ]


def _further(rows: Sequence[Row]) -> str:
    """Where the worst is, and what no bar is about."""
    lines = []
    for kind, title in (
        ("fault", "worst with a fault"),
        ("clean", "worst clean"),
        ("drift", "worst drifting"),
    ):
        found = of_kind(kind)(rows)
        if found:
            worst = max(found, key=harm)
            lines.append(f"{title}: {harm(worst):+.1%}, {_named(worst)}")
    faulty = of_kind("fault")(rows)
    if faulty:
        each = len(faulty)
        suspicions = sum(row["suspicions"] for row in faulty) / each
        changes = sum(len(row["changes"]) for row in faulty) / each
        lines.append(
            f"in a cell with a fault: {suspicions:.1f} suspicions, {changes:.1f} changes, "
            f"{doubted(faulty):.0%} of rows in doubt"
        )
    if rows:
        most = max(rows, key=lambda row: row["regret"])
        lines.append(
            f"largest regret in a suspicion, on the labels seen: {most['regret']:.1f}, {_named(most)}"
        )
    errors = [row["absolute"] for row in counting(rows) if row["absolute"]]
    errors = [one for one in errors if one["none"] > one["twin none"]]
    if errors:
        shares = [(one["none"] - one["supervised"]) / (one["none"] - one["twin none"]) for one in errors]
        lines.append(f"regression, share recovered of absolute errors, median: {median(shares):.2f}")
    return "\n".join(f"- {line}" for line in lines)


def _named(row: Row) -> str:
    return f"{row['fault']} on {row['stream']}, {row['model']}, seed {row['seed']}, delay {row['delay']}"


def _verdict(*, met: bool) -> str:
    return "met" if met else "**missed**"


def _line(name: str, cells: Iterable[str]) -> str:
    return f"| {' | '.join([name, *cells])} |"
