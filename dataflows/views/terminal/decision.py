"""The story of a decision in the terminal."""

from rich.padding import Padding
from rich.table import Table

from dataflows.console import PlainConsole
from dataflows.escape import typed
from dataflows.format import number
from dataflows.views.explain.sentences import headline, marks, sections
from dataflows.views.explain.story import Story
from dataflows.views.terminal.tables import coloured, plain_table
from engine.rows import ReportRow

_WIDTH = 16
"""Columns of the longest bar."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def show_story(console: PlainConsole, story: Story) -> None:
    """Prints the story."""
    console.print(headline(story), style="bold")
    for title, lines in sections(story):
        console.print()
        console.print(title, style="bold")
        for line in lines:
            console.print(Padding.indent(line, 2))
    if story.windows:
        console.print()
        console.print("Mean loss by window, lower is better", style="bold")
        console.print(_table(story))
    row = story.decision
    console.print(
        f"the windows in full: {typed('reports', story.run, 'WINDOW', key=row.key)}; as a page: "
        f"{typed('explain', story.run, row.number, '--html', key=row.key)}",
        style="dim",
        soft_wrap=True,
    )


def _table(story: Story) -> Table:
    table = plain_table()
    table.add_column("win", justify="right")
    table.add_column("verdict")
    table.add_column("by")
    for name in ("served", "base", "shadow"):
        table.add_column(name, justify="right")
    table.add_column("served")
    table.add_column("decided")
    decided = marks(story)
    longest = max((row.scores.loss or 0.0 for row in story.windows), default=0.0) or 1.0
    gap = None
    for row in story.windows:
        if gap is not None and row.window > gap + 1:
            table.add_row("…", "", "", "", "", "", f"{story.left_out} left out", "")
        gap = row.window
        table.add_row(*_cells(row, longest), decided.get(row.window, ""))
    if story.left_out:
        table.caption = f"{story.left_out} windows in the middle are left out"
    return table


def _cells(row: ReportRow, longest: float) -> list[str]:
    scores, best = row.scores, row.scores.best_shadow
    return [
        str(row.window),
        coloured(row.status),
        row.model,
        number(scores.loss),
        number(scores.baseline_loss),
        number(best.loss) if best else "",
        bar((scores.loss or 0.0) / longest, _WIDTH),
    ]


def bar(share: float, width: int) -> str:
    """A bar of a share of this width, to an eighth of a column.

    >>> bar(1.0, 4), bar(0.5, 3), bar(0.0, 4)
    ('████', '█▌', '')
    """
    eighths = round(share * width * 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
