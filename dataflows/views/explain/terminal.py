"""The story of a decision in the terminal."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from dataflows.run_reader import STYLES, shown
from dataflows.views.explain.story import Row, Story
from dataflows.views.explain.words import best_shadow, headline, marks, sections

_WIDTH = 16
"""Columns of the longest bar."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def show_story(console: Console, story: Story) -> None:
    """Prints it."""
    console.print(headline(story), style="bold", highlight=False, markup=False)
    for title, lines in sections(story):
        console.print(f"\n{title}", style="bold", highlight=False)
        for line in lines:
            console.print(Padding(escape(line), (0, 0, 0, 2)), highlight=False)
    if story.windows:
        console.print("\nMean loss by window, lower is better", style="bold", highlight=False)
        console.print(_table(story))
    console.print(
        f"the windows in full: riverkeeper reports {story.run} WINDOW; as a page: riverkeeper explain "
        f"{story.run} {story.decision['number']} --html",
        style="dim",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _table(story: Story) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("win", justify="right")
    table.add_column("verdict")
    table.add_column("by")
    for name in ("served", "base", "shadow"):
        table.add_column(name, justify="right")
    table.add_column("served")
    table.add_column("decided")
    decided = marks(story)
    longest = max((row["scores"]["loss"] or 0.0 for row in story.windows), default=0.0) or 1.0
    gap = None
    for row in story.windows:
        if gap is not None and row["window"] > gap + 1:
            table.add_row("…", "", "", "", "", "", f"{story.left_out} left out", "")
        gap = row["window"]
        table.add_row(*_cells(row, longest), decided.get(row["window"], ""))
    if story.left_out:
        table.caption = f"{story.left_out} windows in the middle are left out"
    return table


def _cells(row: Row, longest: float) -> list[str]:
    scores = row["scores"]
    best = best_shadow(scores)
    return [
        str(row["window"]),
        f"[{STYLES[row['status']]}]{row['status']}[/]",
        row["model"],
        shown(scores["loss"]),
        shown(scores["baseline_loss"]),
        "" if best is None else shown(best["loss"]),
        bar((scores["loss"] or 0.0) / longest, _WIDTH),
    ]


def bar(share: float, width: int) -> str:
    """A bar of a share of this width, to an eighth of a column.

    >>> bar(1.0, 4), bar(0.5, 3), bar(0.0, 4)
    ('████', '█▌', '')
    """
    eighths = round(share * width * 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
