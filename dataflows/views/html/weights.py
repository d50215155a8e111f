"""Who serves with which weight, window by window: a bar for each window, as high as the weights add up."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dataflows.escape import in_html
from dataflows.views.html.svg import LEFT, RIGHT, WIDTH, axis, chart, text
from engine.rows import ReportRow

_CHAMPION, _OTHERS = "champion", "others"

_MOST = 7
"""Most models that have a colour of their own; the lightest of more are drawn together."""

_TOP, _HEIGHT = 6, 90


def shares(row: ReportRow) -> dict[str, float]:
    """The weight of each model at a window's end; of the champion under that name."""
    found = row.scores.weights or {row.model: 1.0}
    # The champion stands first; at the very close another may have taken over.
    champion = row.model if row.model in found else next(iter(found))
    return {_CHAMPION if name == champion else name: share for name, share in found.items()}


def summed(windows: Iterable[Mapping[str, float]], factor: float = 1.0) -> dict[str, float]:
    """The sums of weights by name, times a factor."""
    found: defaultdict[str, float] = defaultdict(float)
    for one in windows:
        for name, share in one.items():
            found[name] += factor * share
    return dict(found)


def weights_chart(windows: Sequence[Mapping[str, float]], names: Sequence[str]) -> Iterator[str]:
    """The chart with its heading; nothing when one model served alone all the time.

    Args:
        windows: The weights of each, as `shares` has them.
        names: What to write below.
    """
    if all(len(one) < 2 for one in windows):
        return
    total = summed(windows)
    others = sorted((name for name in total if name != _CHAMPION), key=lambda name: -total[name])
    shown = [_CHAMPION, *others[: _MOST - 1]]
    many = len(others) >= _MOST
    blocks = [_legend(place, name) for place, name in enumerate([*shown, *([_OTHERS] if many else [])])]
    yield "<h3>Weight of each model in what is served, at the end of each window</h3>"
    yield f'<div class="key">{"".join(blocks)}</div>'
    bars = [bar for place, one in enumerate(windows) for bar in _bar(place, len(windows), one, shown)]
    scale = [
        text(LEFT - 8, _TOP + _HEIGHT * (1 - level) + 4, f"{level:.0%}", "tick end") for level in (0, 0.5, 1)
    ]
    yield chart(_HEIGHT + 30, [*scale, *bars, *axis(_TOP + _HEIGHT + 18, names)], "Weights by window")


def _bar(place: int, count: int, one: Mapping[str, float], shown: Sequence[str]) -> Iterator[str]:
    step = (WIDTH - LEFT - RIGHT) / count
    parts = {name: one.get(name, 0.0) for name in shown}
    parts[_OTHERS] = sum(share for name, share in one.items() if name not in parts)
    bottom = float(_TOP + _HEIGHT)
    for number, (name, share) in enumerate(parts.items()):
        height = share * _HEIGHT
        if height < 0.1:
            continue
        bottom -= height
        yield (
            f'<rect class="b{number}" x="{LEFT + step * place:.1f}" y="{bottom:.1f}" '
            f'width="{max(step - 0.6, 0.6):.1f}" height="{height:.1f}">'
            f"<title>{in_html(name)} {share:.0%}</title></rect>"
        )


def _legend(place: int, name: str) -> str:
    block = f'<rect class="b{place}" x="7" y="0" width="12" height="12"/>'
    return f'<span><svg viewBox="0 0 26 12" aria-hidden="true">{block}</svg>{in_html(name)}</span>'
