"""What `check` and `contract infer` have found, in the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from dataflows.lifecycle.progress import Progress
from engine.records.events import Counts

if TYPE_CHECKING:  # what they come from imports River
    from dataflows.commands.check import Findings
    from dataflows.commands.contract_infer import Findings as Inferred


def show_check(console: Console, config: Path, found: "Findings") -> None:
    """What the sample has shown."""
    console.print(f"{config}: {_where_they_went(found.counts)}", highlight=False)
    if found.times is not None:
        console.print(f"  {found.times}", highlight=False, markup=False)
    for reasons in sorted(found.reasons.values(), key=len, reverse=True)[:5]:
        first = ", first" if len(set(reasons)) > 1 else ""
        console.print(f"  {len(reasons)} times{first}: {reasons[0]}", highlight=False, markup=False)
    for name, kinds in found.types.items():
        share = sum(kinds.values()) / found.learned
        seen = ", ".join(kind for kind, _ in kinds.most_common())
        console.print(f"  feature {name}: {seen}, present in {share:.1%}", highlight=False, markup=False)
    if found.last is not None:
        sure = (
            f", probability {found.last.probability:.4f}" if isinstance(found.last.probability, float) else ""
        )
        console.print(f"  last prediction: {found.last.prediction}{sure}", highlight=False, markup=False)
    scores = ", ".join(f"{name} {value:.4f}" for name, value in found.scores.items())
    console.print(f"  scores on the sample: {scores or 'none, nothing was labelled'}", highlight=False)
    console.print(f"  alerts go to {found.alerts}", highlight=False, markup=False)
    for warning in found.warnings:
        console.print(f"[yellow]warning:[/] {escape(warning)}", highlight=False)
    for problem in found.problems:
        console.print(f"[red]problem:[/] {escape(problem)}", highlight=False)
    if not found.problems:
        console.print("[green]fine[/]")


def _where_they_went(counts: Counts) -> str:
    seldom = {
        "accepted with a contract violation": counts.warned,
        "labels without a prediction": counts.unmatched,
        "labels waiting for their example": counts.early,
        "labels corrected": counts.corrected,
        "expired without a label": counts.expired,
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
def reading(console: Console) -> Iterator[Progress]:
    """Shows how many records have been read, while it is going on."""
    with console.status("reading") as status:
        yield lambda reading: status.update(f"reading: {reading.records:,} records")


def show_inferred(console: Console, found: "Inferred", flow: Path | None, out: Path | None) -> None:
    """What a contract was inferred from, and what is left to do."""
    inference = found.inference
    fields = inference.found()
    open_ = sum(not one.settled for one in fields)
    lines = [f"{len(fields)} fields in {inference.records:,} records"]
    if found.labels:
        lines[0] += f", {found.labels:,} labels left out"
    if found.unreadable:
        lines.append(f"{found.unreadable:,} lines could not be read; the first: {found.first}")
    if open_:
        lines.append(f"{open_} fields are for you to decide: they are commented out")
    if flow is None:
        names = ", ".join(found.record.not_features())
        lines.append(f"no --config given: every field is taken for a feature, except {names}")
    if out is not None:
        lines.append(f'wrote {out}; read it, then name it in your flow: [input] contract = "{out.name}"')
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
