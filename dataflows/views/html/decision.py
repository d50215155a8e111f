"""The story of a decision as one HTML page that needs no network."""

from dataflows.escape import in_html, typed
from dataflows.views.explain.sentences import headline, marks, sections
from dataflows.views.explain.story import Story
from dataflows.views.html.frame import framed
from dataflows.views.html.page import legend
from dataflows.views.html.svg import axis, chart, strip, timeline
from dataflows.views.html.weights import shares, weights_chart


def story_page(story: Story) -> str:
    """The whole page."""
    title = headline(story)
    row = story.decision
    command = typed("explain", story.run, row.number, "--html", key=row.key)
    text = "".join(
        f"<h3>{in_html(name)}</h3>" + "".join(f"<p>{in_html(line)}</p>" for line in lines)
        for name, lines in sections(story)
    )
    return framed(
        title,
        f"<h1>{in_html(story.run.name)}</h1><h2>{in_html(title)}</h2>{text}{_chart(story)}"
        f'<p class="soft">Written by <code>{in_html(command)}</code>; it needs no network.</p>',
    )


def _chart(story: Story) -> str:
    windows = story.windows
    if not windows:
        return ""
    shadows = [row.scores.best_shadow for row in windows]
    series = {
        "served": [row.scores.loss for row in windows],
        "baseline": [row.scores.baseline_loss for row in windows],
        "champion, on the shadow's events": [one.champion_loss if one else None for one in shadows],
        "best shadow": [one.loss if one else None for one in shadows],
    }
    previous = story.decision.previous
    if story.after:
        kept = [row.scores.challengers.get(previous) for row in windows]
        series[f"{previous}, replaced"] = [one.loss if one else None for one in kept]
    places = {row.window: place for place, row in enumerate(windows)}
    decided = {places[window]: name for window, name in marks(story).items() if window in places}
    names = [f"window {row.window}: {row.status}" for row in windows]
    left_out = f"; {story.left_out} in the middle are left out" if story.left_out else ""
    return (
        f"<h3>Mean loss of each window, lower is better{left_out}</h3>"
        f'<div class="key">{"".join(legend(number, name) for number, name in enumerate(series))}</div>'
        + chart(
            310,
            [
                *timeline(series, decided, 24, 220),
                *strip([row.status for row in windows], 258, "verdict", names),
                *axis(302, [str(row.window) for row in windows]),
            ],
            "Mean loss by window, with decisions",
        )
        + "".join(weights_chart([shares(row) for row in windows], [str(row.window) for row in windows]))
    )
