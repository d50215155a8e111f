"""The summary of a run for people: where every record went, and the scores beside their baselines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from dataflows.run_reader import read_stream, shown
from engine.core.streams import ALL_KEYS

_MOST_KEYS = 5


def summary_parts(run: Path) -> Iterator[str | Table]:
    """Lines of text and tables, key by key, what holds for all keys together last. It fits 80 columns.

    Of many keys only those that cost most are shown, in one table.
    """
    latest = {row["key"]: row for row in read_stream(run, "summary")}
    whole = latest.pop(ALL_KEYS, None)
    keys = [*latest.values()]
    if whole is not None and len(keys) > _MOST_KEYS:
        yield from _worst(keys)
        keys = []
    shown_rows = keys if whole is None else [*keys, whole]
    for number, row in enumerate(shown_rows):
        if number:
            yield ""
        yield _counts_line(row)
        serves = "all keys" if row["key"] == ALL_KEYS else f"{row['key']}: {row['model']} serves"
        if "loss" not in row["scores"]:
            yield f"{serves}; nothing was labelled"
            continue
        yield f"{serves}; over the whole run:"
        yield scores_table(row)
        yield from _notes(row)


def _worst(rows: list[dict[str, Any]]) -> Iterator[str | Table]:
    """The keys whose model lost most, over all their labels, beside what the majority or mean would have."""
    costs = [(cost, row) for row in rows if (cost := _cost(row)) is not None]
    costs.sort(key=lambda pair: -pair[0])
    worse = sum(cost > 0 for cost, _ in costs)
    yield (
        f"{len(rows):,} keys; {worse:,} of the {len(costs):,} with labels lose more than their baseline. "
        f"Those that cost most; summary.jsonl has all:"
    )
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("key", overflow="fold")
    for heading in ("records", "model", "loss", "baseline"):
        table.add_column(heading, justify="right", no_wrap=True)
    for _, row in costs[:_MOST_KEYS]:
        losses = row["scores"]["loss"], row["scores"]["baseline_loss"]
        table.add_row(escape(row["key"]), f"{row['counts']['records']:,}", row["model"], *map(shown, losses))
    yield table


def _cost(row: dict[str, Any]) -> float | None:
    """Loss beyond the baseline's, over all labelled records; `None` when nothing was labelled."""
    scores = row["scores"]
    if scores.get("loss") is None or scores.get("baseline_loss") is None:
        return None
    return float(scores["loss"] - scores["baseline_loss"]) * float(row["counts"]["learned"])


def _counts_line(row: dict[str, Any]) -> str:
    counts = row["counts"]
    went = ", ".join(
        f"{counts[name]:,} {name.replace('_', ' ')}" for name in counts if counts[name] and name != "records"
    )
    sums = "the counts add up" if row["add_up"] else "THE COUNTS DO NOT ADD UP"
    return f"{row['key']}: {counts['records']:,} records: {went}; {sums}"


def scores_table(row: dict[str, Any]) -> Table:
    """One row per metric: of what was served, of each baseline, then over the last events and fading."""
    scores, baselines = row["scores"], row["baselines"]
    names = list(next(iter(baselines.values())))
    views = sorted(
        {key.removeprefix(f"{name}.") for name in names for key in scores if key.startswith(f"{name}.")}
    )
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", overflow="fold")
    for heading in ("served", *baselines, *reversed(views)):
        table.add_column(heading.replace("_", " "), justify="right", no_wrap=True)
    for name in names:
        values = [scores.get(name), *(scored.get(name) for scored in baselines.values())]
        values += [scores.get(f"{name}.{view}") for view in reversed(views)]
        table.add_row(name, *map(shown, values))
    return table


def _notes(row: dict[str, Any]) -> Iterator[str | Table]:
    if row["calibration_error"] is not None:
        error = shown(row["calibration_error"])
        yield f"calibration error {error}; what was said and what was so, by tenths:"
        yield _calibration_table(row["calibration"])
    yield from business_lines(row["business"])
    for name, rival in row["challengers"].items():
        if rival["events"]:
            champion = shown(rival["champion_loss"])
            yield (
                f"challenger {name}: loss {shown(rival['loss'])}, the champion's {champion} on the same "
                f"{rival['events']:,} events"
            )
    for name, times in row["undefined"].items():
        yield f"{name} could not take {times:,} events"


def _calibration_table(bins: list[dict[str, Any]]) -> Table:
    """One column per tenth of the probability, in which there are events."""
    filled = [one for one in bins if one["events"]]
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
    table.add_column("")
    for _ in filled:
        table.add_column("", justify="right", no_wrap=True)
    table.add_row("  said", *(f"{one['said']:.2f}" for one in filled))
    table.add_row("  was so", *(f"{one['happened']:.2f}" for one in filled))
    table.add_row("  events", *(_short(one["events"]) for one in filled))
    return table


def business_lines(business: dict[str, dict[str, Any]]) -> Iterator[str]:
    """One line per business metric: the mean, the sum, over how many events."""
    for name, worth in business.items():
        undefined = f", {worth['undefined']:,} without a value" if worth["undefined"] else ""
        if worth["mean"] is None:
            yield f"{name}: no labelled event has a value"
        else:
            yield (
                f"{name}: {shown(worth['mean'])} an event, {worth['sum']:,.2f} in all "
                f"({worth['events']:,} events{undefined})"
            )


def _short(count: int) -> str:
    """A count in at most five characters.

    >>> _short(99_999), _short(123_456), _short(12_345_678)
    ('99999', '123k', '12M')
    """
    if count < 100_000:
        return str(count)
    return f"{count // 1000}k" if count < 10_000_000 else f"{count // 1_000_000}M"
