"""What `check` and `contract infer` have found, in the terminal."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dataflows.console import PlainConsole, styled
from dataflows.lifecycle.progress import Progress
from engine.contract.infer import MOST_FIELDS
from engine.records.events import Counts

if TYPE_CHECKING:  # what they come from imports River
    from dataflows.commands.check import Findings
    from dataflows.commands.contract_infer import Findings as Inferred

_REASONS = 5
_LISTED = 10
"""Items that a list shows at most."""

_LARGE = 1e9


def show_check(console: PlainConsole, config: Path, found: "Findings") -> None:
    """What the sample has shown."""
    console.print(f"{config}: {_where_they_went(found.counts)}")
    if found.times is not None:
        console.print(f"  {found.times}")
    if found.labels:
        console.print(f"  {found.labels}")
    for reasons in sorted(found.reasons.values(), key=len, reverse=True)[:_REASONS]:
        first = ", first" if len(set(reasons)) > 1 else ""
        console.print(f"  {len(reasons)} times{first}: {reasons[0]}")
    if len(found.reasons) > _REASONS:
        console.print(f"  and {len(found.reasons) - _REASONS:,} more reasons")
    for line in (*_features(found), *_last(found)):
        console.print(f"  {line}")
    defined = {name: value for name, value in found.scores.items() if not math.isnan(value)}
    scores = ", ".join(f"{name} {_number(value)}" for name, value in defined.items())
    console.print(f"  scores on the sample: {scores or 'none, nothing was labelled'}")
    console.print(f"  {found.runs}")
    console.print(f"  alerts go to {found.alerts}")
    for what, style, told in (
        ("warning:", "yellow", found.warnings),
        ("problem:", "red", found.problems),
    ):
        for one in told[:_LISTED]:
            console.print(styled((what, style), f" {one}"))
        if len(told) > _LISTED:
            console.print(styled((what, style), f" and {len(told) - _LISTED:,} more"))
    if not found.problems:
        console.print("fine", style="green")


def _features(found: "Findings") -> Iterator[str]:
    """The features, first those of several types and those that are missing now and then."""
    plain = {name: len(kinds) == 1 and kinds.total() == found.learned for name, kinds in found.types.items()}
    for name in sorted(plain, key=plain.__getitem__)[:_LISTED]:
        kinds = found.types[name]
        seen = ", ".join(kind for kind, _ in kinds.most_common())
        yield f"feature {name}: {seen}, present in {kinds.total() / found.learned:.1%}"
    if len(plain) > _LISTED:
        yield f"and {len(plain) - _LISTED:,} more features"


def _last(found: "Findings") -> Iterator[str]:
    last = found.last
    if last is None:
        return
    if last.score is not None:
        decided = "" if last.prediction is None else f", anomalous: {last.prediction}"
        yield f"last score: {_number(last.score)}{decided}"
        return
    sure = f", probability {last.probability:.4f}" if isinstance(last.probability, float) else ""
    yield f"last prediction: {last.prediction}{sure}"


def _number(value: float) -> str:
    """Four decimals; a number too large for them in scientific notation."""
    return f"{value:.4f}" if abs(value) < _LARGE else f"{value:.4g}"


def _where_they_went(counts: Counts) -> str:
    seldom = {
        "accepted with a contract violation": counts.warned,
        "labels without a prediction": counts.unmatched,
        "labels waiting for their example": counts.early,
        "labels corrected": counts.corrected,
        "expired without a label": counts.expired,
        "without a label": counts.unlabelled,
    }
    return ", ".join(
        [
            f"{counts.records} records tried: {counts.predicted} predicted",
            f"{counts.inline + counts.matched} labelled",
            f"{counts.rejected} rejected",
            *(f"{count} {what}" for what, count in seldom.items() if count),
            f"{counts.waiting} still waiting",
        ]
    )


@contextmanager
def reading(console: PlainConsole) -> Iterator[Progress]:
    """Shows how many records have been read, while it is going on."""
    with console.status("reading") as status:
        yield lambda reading: status.update(f"reading: {reading.records:,} records")


def show_inferred(console: PlainConsole, found: "Inferred", flow: Path | None, out: Path | None) -> None:
    """What a contract was inferred from, and what is left to do."""
    inference = found.inference
    fields = inference.found()
    open_ = sum(not one.settled for one in fields)
    lines = [f"{len(fields)} fields in {inference.records:,} records"]
    if found.labels:
        lines[0] += f", {found.labels:,} labels left out"
    if found.unreadable:
        lines.append(f"{found.unreadable:,} lines could not be read; the first: {found.first}")
    if inference.beyond:
        lines.append(f"only the first {MOST_FIELDS:,} names are followed; the others have no rule")
    if open_:
        lines.append(f"{open_} fields are for you to decide: they are commented out")
    if flow is None:
        names = ", ".join(found.record.not_features())
        lines.append(f"no --config given: every field is taken for a feature, except {names}")
    if out is not None:
        lines.append(f'wrote {out}; read it, then name it in your flow: [input] contract = "{out.name}"')
    for line in lines:
        console.print(line, soft_wrap=True)
