"""The summary of a run for people: where every record went, and the scores beside their baselines."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.table import Table

from dataflows.format import count, number
from dataflows.run_reader import read_rows
from dataflows.views.counts import counts_text
from dataflows.views.terminal.tables import plain_table
from engine.core.streams import ALL_KEYS
from engine.monitoring.rates import reason_words
from engine.records.events import ReasonCount
from engine.rows import BusinessRow, CalibrationRow, SummaryRow

_MOST_KEYS, _MOST_REASONS = 5, 3


def summary_parts(run: Path) -> Iterator[str | Table]:
    """Lines of text and tables, key by key, what holds for all keys together last. It fits 80 columns.

    Of many keys only those that cost most are shown, in one table.
    """
    latest = {row.key: row for row in read_rows(run, SummaryRow)}
    whole = latest.pop(ALL_KEYS, None)
    keys = [*latest.values()]
    if whole is not None and len(keys) > _MOST_KEYS:
        yield from _worst(keys)
        keys = []
    shown_rows = keys if whole is None else [*keys, whole]
    for place, row in enumerate(shown_rows):
        if place:
            yield ""
        yield _counts_line(row)
        yield from reason_lines(row.reasons)
        serves = "all keys" if row.key == ALL_KEYS else f"{row.key}: {row.model} serves"
        if row.scores.get("loss") is None:
            yield f"{serves}; nothing was labelled"
            continue
        yield f"{serves}; over the whole run:"
        yield scores_table(row)
        yield from _notes(row)


def _worst(rows: Sequence[SummaryRow]) -> Iterator[str | Table]:
    """The keys whose model lost most against its baseline, over all their labels."""
    costs = [(cost, row) for row in rows if (cost := _cost(row)) is not None]
    costs.sort(key=lambda pair: -pair[0])
    worse = sum(cost > 0 for cost, _ in costs)
    yield (
        f"{len(rows):,} keys; {worse:,} of the {len(costs):,} with labels lose more than their baseline. "
        f"The costliest (summary.jsonl has all):"
    )
    table = plain_table(gap=2)
    table.add_column("key", overflow="fold")
    for heading in ("records", "model", "loss", "baseline"):
        table.add_column(heading, justify="right", no_wrap=True)
    for _, row in costs[:_MOST_KEYS]:
        losses = row.scores["loss"], row.scores["baseline_loss"]
        table.add_row(row.key, f"{row.counts.records:,}", row.model, *map(number, losses))
    yield table


def _cost(row: SummaryRow) -> float | None:
    """Loss beyond the baseline's, over all labelled records; `None` when nothing was labelled."""
    loss, baseline = row.scores.get("loss"), row.scores.get("baseline_loss")
    return None if loss is None or baseline is None else (loss - baseline) * row.counts.learned


def reason_lines(reasons: Sequence[ReasonCount]) -> Iterator[str]:
    """Why records were turned away, the most frequent reason first."""
    for one in reasons[:_MOST_REASONS]:
        yield f"  {one.kind}: {reason_words(one)}"
    if len(reasons) > _MOST_REASONS:
        rest = sum(one.records for one in reasons[_MOST_REASONS:])
        yield f"  and {rest:,} for {len(reasons) - _MOST_REASONS} other reasons (dead_letters.jsonl has all)"


def _counts_line(row: SummaryRow) -> str:
    return f"{row.key}: {row.counts.records:,} records: {counts_text(row)}"


def scores_table(row: SummaryRow) -> Table:
    """One row per metric: of what was served, of each baseline, then over the last events and fading."""
    scores, baselines = row.scores, row.baselines
    names = list(next(iter(baselines.values())))
    views = sorted(
        {key.removeprefix(f"{name}.") for name in names for key in scores if key.startswith(f"{name}.")}
    )
    table = plain_table(gap=2)
    table.add_column("", overflow="fold")
    for heading in ("served", *baselines, *reversed(views)):
        table.add_column(heading.replace("_", " "), justify="right", no_wrap=True)
    for name in names:
        values = [scores.get(name), *(scored.get(name) for scored in baselines.values())]
        values += [scores.get(f"{name}.{view}") for view in reversed(views)]
        table.add_row(name, *map(number, values))
    return table


def _notes(row: SummaryRow) -> Iterator[str | Table]:
    if row.calibration_error is not None:
        error = number(row.calibration_error)
        yield f"calibration error {error}; predicted and observed rate, by decile:"
        yield _calibration_table(row.calibration)
    yield from business_lines(row.business)
    for name, rival in row.challengers.items():
        if rival.events:
            yield (
                f"challenger {name}: loss {number(rival.loss)}, champion {number(rival.champion_loss)} on "
                f"the same {rival.events:,} events"
            )
    for name, times in row.undefined.items():
        yield f"{name} is undefined for {times:,} events"


def _calibration_table(bins: Sequence[CalibrationRow]) -> Table:
    """One column per decile of the probability that has events."""
    filled = [one for one in bins if one.events]
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
    table.add_column("")
    for _ in filled:
        table.add_column("", justify="right", no_wrap=True)
    table.add_row("  predicted", *(f"{one.said:.2f}" for one in filled))
    table.add_row("  observed", *(f"{one.happened:.2f}" for one in filled))
    table.add_row("  events", *(count(one.events) for one in filled))
    return table


def business_lines(business: Mapping[str, BusinessRow]) -> Iterator[str]:
    """One line per business metric: the mean, the sum, over how many events."""
    for name, one in business.items():
        undefined = f", {one.undefined:,} without a value" if one.undefined else ""
        if one.mean is None or one.sum is None:
            yield f"{name}: no labelled event has a value"
        else:
            yield (f"{name}: mean {number(one.mean)}, sum {one.sum:,.2f} ({one.events:,} events{undefined})")
