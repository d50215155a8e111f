"""The story of a decision as one HTML page that needs no network."""

from importlib.resources import files

from dataflows.escape import escape, typed
from dataflows.views.explain.sentences import headline, marks, sections
from dataflows.views.explain.story import Story
from dataflows.views.html.page import POLICY, legend
from dataflows.views.html.svg import axis, chart, strip, timeline
from dataflows.views.html.weights import shares, weights_chart


def story_page(story: Story) -> str:
    """The whole page."""
    style = files("dataflows.views.html").joinpath("style.css").read_text(encoding="utf-8")
    title = headline(story)
    row = story.decision
    command = typed("explain", story.run, row.number, "--html", key=row.key)
    text = "".join(
        f"<h3>{escape(name)}</h3>" + "".join(f"<p>{escape(line)}</p>" for line in lines)
        for name, lines in sections(story)
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>"
        f"<h1>{escape(story.run.name)}</h1><h2>{escape(title)}</h2>{text}{_chart(story)}"
        f'<p class="soft">Written by <code>{escape(command)}</code>; it needs no network.</p></body></html>\n'
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
