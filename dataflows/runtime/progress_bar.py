"""The progress bar of a run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from dataflows.console import PlainConsole
from dataflows.lifecycle.progress import Reading


class _Rate(ProgressColumn):
    """Records so far, and how many a second."""

    def render(self, task: Task) -> Text:
        records = int(task.fields.get("records", 0))
        seconds = task.elapsed or 0.0
        rate = records / seconds if seconds else 0.0
        return Text(f"{records:,} records, {rate:,.0f}/s", style="progress.data.speed")


Bar = Callable[[Reading], None]


@contextmanager
def progress_bar(console: PlainConsole) -> Iterator[Bar]:
    """Shows a bar until the end of the block; yields the function that takes the progress of reading."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        _Rate(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("running", total=None, records=0)

        def report(reading: Reading) -> None:
            progress.update(task, completed=reading.done, total=reading.total, records=reading.records)

        yield report
