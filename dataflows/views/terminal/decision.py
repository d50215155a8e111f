"""The story of a decision in the terminal."""

from rich.padding import Padding
from rich.table import Table

from dataflows.console import PlainConsole
from dataflows.escape import typed
from dataflows.format import number
from dataflows.views.explain.sentences import headline, marks, sections, weights
from dataflows.views.explain.story import Story
from dataflows.views.terminal.tables import Column, coloured, fitted_table
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
        console.print(_table(story, console.width))
    row = story.decision
    for what, command in (
        ("the windows in full", typed("reports", story.run, "WINDOW", key=row.key)),
        ("as a page", typed("explain", story.run, row.number, "--html", key=row.key)),
    ):
        console.print(f"{what}: {command}", style="dim", soft_wrap=True)


def _table(story: Story, width: int) -> Table:
    decided = marks(story)
    longest = max((row.scores.loss or 0.0 for row in story.windows), default=0.0) or 1.0
    rows: list[ReportRow | None] = []
    for row in story.windows:
        if rows and rows[-1] is not None and row.window > rows[-1].window + 1:
            rows.append(None)
        rows.append(row)
    best = [row.scores.best_shadow if row else None for row in rows]
    columns = [
        Column("win", [str(row.window) if row else "…" for row in rows], number=True),
        Column("verdict", [coloured(row.status) if row else "" for row in rows]),
        Column("by", [weights(row) if row else "" for row in rows], folds=True),
        Column("served", [number(row.scores.loss) if row else "" for row in rows], number=True),
        Column("base", [number(row.scores.baseline_loss) if row else "" for row in rows], 3, number=True),
        Column("shadow", [number(one.loss) if one else "" for one in best], spare=4, number=True),
        Column("served", [_bar(row, longest) for row in rows], spare=1),
        Column("decided", [decided.get(row.window, "") if row else "" for row in rows], folds=True),
    ]
    left_out = f"{story.left_out} windows in the middle are left out" if story.left_out else ""
    return fitted_table(columns, width, left_out)


def _bar(row: ReportRow | None, longest: float) -> str:
    return bar((row.scores.loss or 0.0) / longest, _WIDTH) if row else ""


def bar(share: float, width: int) -> str:
    """A bar of a share of this width, to an eighth of a column.

    >>> bar(1.0, 4), bar(0.5, 3), bar(0.0, 4)
    ('████', '█▌', '')
    """
    eighths = round(share * width * 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
