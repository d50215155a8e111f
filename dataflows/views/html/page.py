"""The page of a run."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from dataflows.escape import in_html, typed
from dataflows.format import day, number
from dataflows.views.counts import counts_text
from dataflows.views.explain.sentences import weights
from dataflows.views.html.data import KeyData, Point, read_run
from dataflows.views.html.frame import framed
from dataflows.views.html.svg import axis, chart, heat, strip, timeline
from dataflows.views.html.weights import weights_chart
from engine.monitoring.rates import reason_words
from engine.rows import CalibrationRow, DecisionRow, RatesRow, ReportRow, SummaryRow
from engine.windows import Status

PAGE = "report.html"
"""Its file in the run's folder."""

_MOST_TITLES = 4000
"""Cells beyond which none is named when one points at it: the page would grow too large."""


def run_page(run: Path) -> str:
    """The whole page, as HTML with everything in it.

    Raises:
        InputError: When this is not the folder of a run.
    """
    keys, there = read_run(run)
    body = "".join(part for data in keys for part in _key(run, data))
    many = f"{there:,} model keys; " if there > 1 else ""
    if there > len(keys):
        many += f"here are the {len(keys)} with most decisions and failed windows, with "
    windows = sum(data.windows for data in keys)
    return framed(
        f"{run.name}: run report",
        f"<h1>{in_html(run.name)}</h1>"
        f'<p class="soft">{many}{windows:,} windows. Written by '
        f"<code>{in_html(typed('reports', run, '--html'))}</code>; it needs no network.</p>{body}",
    )


def _key(run: Path, data: KeyData) -> Iterator[str]:
    yield f"<h2>{in_html(data.key)}</h2>"
    yield from _standing(data.summary)
    yield from _rates(data.rates, data.summary)
    if not data.points:
        yield "<p>No window has been judged.</p>"
        return
    names = [_name(point) for point in data.points]
    dates = [day(point.start) if point.start else str(point.first) for point in data.points]
    together = max(point.last - point.first + 1 for point in data.points)
    if together > 1:
        yield (
            f'<p class="soft">{data.windows:,} windows: the charts draw {together} together, with the mean '
            f"of their losses and the worst of their verdicts.</p>"
        )
    yield from _losses(data, names, dates)
    yield from weights_chart([point.shares for point in data.points], dates)
    yield from _decisions(data.decisions)
    yield from _heats(data.points, names, dates)
    yield from _business(data.points, dates)
    yield from _calibration(data.summary)
    yield from _table(run, data)


def _name(point: Point) -> str:
    return f"window {point.first}" if point.first == point.last else f"windows {point.first} to {point.last}"


def _standing(summary: SummaryRow | None) -> Iterator[str]:
    if summary is None:
        yield '<p class="soft">The run has not ended.</p>'
        return
    records = f"{summary.counts.records:,} records: {counts_text(summary)}"
    yield f"<p>{in_html(summary.model)} serves. {in_html(records)}.</p>"
    baselines = summary.baselines
    if not baselines:
        return
    yield '<div class="scroll"><table><tr><th>over the whole run</th><th class="n">served</th>'
    yield "".join(f'<th class="n">{in_html(name.replace("_", " "))}</th>' for name in baselines) + "</tr>"
    for name in next(iter(baselines.values())):
        values = [summary.scores.get(name), *(scores.get(name) for scores in baselines.values())]
        cells = "".join(f'<td class="n">{number(value)}</td>' for value in values)
        yield f"<tr><td>{in_html(name)}</td>{cells}</tr>"
    yield "</table></div>"


def _rates(rates: RatesRow | None, summary: SummaryRow | None) -> Iterator[str]:
    """What is wrong with the last records, and why records of the whole run were turned away."""
    if rates is not None and rates.status != "pass":
        yield (
            f'<p><span class="s-{rates.status}">{rates.status}</span> {in_html(rates.reason)}, '
            f"of the last {rates.last - rates.first:,} records</p>"
        )
    reasons = summary.reasons if summary is not None else rates.reasons if rates is not None else ()
    if reasons:
        yield "<h3>Records that were turned away</h3><ul>"
        for one in reasons:
            yield f"<li>{one.kind}: {in_html(reason_words(one))}</li>"
        yield "</ul>"


def _losses(data: KeyData, names: Sequence[str], dates: Sequence[str]) -> Iterator[str]:
    points = data.points
    found = list(dict.fromkeys(name for point in points for name in point.lines))
    fixed = ["served", "baseline", "last label", "shadow"]
    order = [*(name for name in fixed if name in found), *(name for name in found if name not in fixed)]
    series = {name: [point.lines.get(name) for point in points] for name in order}
    marks: dict[int, str] = {}
    for decision in data.decisions:
        place = _place(points, decision.window)
        first = f"{marks[place].partition('-')[0]}-" if place in marks else ""
        marks[place] = f"{first}{decision.number}"
    yield "<h3>Mean loss of each window, lower is better; verdicts; decisions</h3>"
    yield f'<div class="key">{"".join(legend(place, name) for place, name in enumerate(order))}</div>'
    verdicts = [f"{name}: {point.status}" for name, point in zip(names, points, strict=True)]
    preliminary = [point.preliminary or "" for point in points]
    before = [f"{name}: {status}" for name, status in zip(names, preliminary, strict=True)]
    yield chart(
        336,
        [
            *timeline(series, marks, 24, 220),
            *strip([point.status for point in points], 258, "verdict", verdicts),
            *(strip(preliminary, 288, "preliminary", before) if any(preliminary) else []),
            *axis(328, dates),
        ],
        "Mean loss by window, with verdicts and decisions",
    )


def _place(points: Sequence[Point], window: int) -> int:
    """The step at which a window is drawn; the last one when it is not closed yet."""
    return next((i for i, point in enumerate(points) if point.last >= window), len(points) - 1)


def legend(place: int, name: str) -> str:
    """What a line of a chart is: the line, and its name."""
    line = f'<path class="line l{min(place, 7)}" d="M1 6H25"/>'
    return f'<span><svg viewBox="0 0 26 12" aria-hidden="true">{line}</svg>{in_html(name)}</span>'


def _decisions(decisions: Sequence[DecisionRow]) -> Iterator[str]:
    if not decisions:
        yield '<p class="soft">No decisions: the champion was never suspected.</p>'
        return
    yield "<h3>Decisions</h3><ul>"
    for row in decisions:
        change = f", {row.previous} → {row.model}" if row.changes else ""
        who = f", by {row.who}" if row.who else ""
        when = f"{day(row.time)}, window {row.window}" if row.time else f"window {row.window}"
        about = in_html(when + change + who)
        yield f"<li>decision {row.number}: <b>{row.action}</b> ({about}): {in_html(row.reason)}</li>"
    yield "</ul>"


def _heats(points: Sequence[Point], names: Sequence[str], dates: Sequence[str]) -> Iterator[str]:
    drift = ("drift", "prediction drift", "target drift", "adaptation")
    shares = ("missing", "range", "new categories")
    for title, kinds in (("Drift of each column", drift), ("Missing, out of range, new categories", shares)):
        rows = _cells(points, kinds, only_found=kinds is shares)
        if not rows:
            continue
        titles = names if len(rows) * len(points) <= _MOST_TITLES else None
        yield f"<h3>{title}</h3>"
        yield (
            '<p class="soft">Blue, the darker the nearer to its limit; orange warns, red fails. '
            "Empty: not tested.</p>"
        )
        height = 16 * len(rows)
        yield chart(height + 30, [*heat(rows, 4, titles), *axis(height + 22, dates)], title)


def _cells(
    points: Sequence[Point], kinds: Sequence[str], *, only_found: bool
) -> dict[str, list[tuple[float, Status] | None]]:
    """A row for each column; of shares, only those that ever were above 0."""
    places = sorted(
        {place for point in points for place in point.cells if place[0] in kinds}, key=lambda p: p[::-1]
    )
    rows: dict[str, list[tuple[float, Status] | None]] = {}
    for place in places:
        cells = [point.cells.get(place) for point in points]
        if only_found and not any(
            cell and (cell[0] > 0.1 or (cell[0] > 0 and cell[1] != "pass")) for cell in cells
        ):
            continue
        name = (
            place[1]
            if place[0] in {"drift", "prediction drift", "target drift", "adaptation"}
            else f"{place[1]}, {place[0]}"
        )
        # A column has one drift check in a window, but its name may differ from window to window.
        rows[name] = [new or old for new, old in zip(cells, rows.get(name, cells), strict=True)]
    return rows


def _business(points: Sequence[Point], dates: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(name for point in points for name in point.business):
        line = [point.business.get(name) for point in points]
        yield f"<h3>{in_html(name)}, mean of each window</h3>"
        yield chart(180, [*timeline({name: line}, {}, 12, 130), *axis(172, dates)], name)


def _calibration(summary: SummaryRow | None) -> Iterator[str]:
    filled = [one for one in summary.calibration if one.events] if summary else []
    if summary is None or not filled:
        return
    yield "<h3>Calibration over the whole run</h3>"
    error = number(summary.calibration_error)
    yield f'<p class="soft">Expected calibration error {error}; predicted and observed rate, by decile.</p>'
    yield '<div class="scroll"><table>'
    rows: list[tuple[str, Callable[[CalibrationRow], str]]] = [
        ("predicted", lambda one: f"{one.said:.2f}"),
        ("observed", lambda one: f"{one.happened:.2f}"),
        ("events", lambda one: f"{one.events:,}"),
    ]
    for name, value in rows:
        yield f"<tr><th>{name}</th>" + "".join(f'<td class="n">{value(one)}</td>' for one in filled) + "</tr>"
    yield "</table></div>"


def _table(run: Path, data: KeyData) -> Iterator[str]:
    yield "<h3>Windows</h3>"
    if len(data.rows) < data.windows:
        yield (
            f'<p class="soft">{len(data.rows):,} of {data.windows:,}: the newest, and of the others the '
            f"newest that did not pass. All are in reports.jsonl.</p>"
        )
    heads = ("window", "from", "to", "verdict", "loss", "baseline", "by", "what did not pass", "Evidently")
    kinds = {"window": "n", "loss": "n", "baseline": "n"}
    yield '<div class="scroll"><table><tr>'
    yield "".join(f'<th class="{kinds.get(head, "")}">{head}</th>' for head in heads) + "</tr>"
    for row in data.rows:
        yield _row(run, row)
    yield "</table></div>"


def _row(run: Path, row: ReportRow) -> str:
    scores = row.scores
    return (
        f'<tr><td class="n">{row.window}</td><td>{day(row.start)}</td><td>{day(row.end)}</td>'
        f'<td class="s-{row.status}">{row.status}</td>'
        f'<td class="n">{number(scores.loss)}</td><td class="n">{number(scores.baseline_loss)}</td>'
        f'<td>{in_html(weights(row))}</td><td class="wide">{in_html(row.reason)}</td>'
        f"<td>{_evidently(run, row)}</td></tr>"
    )


def _evidently(run: Path, row: ReportRow) -> str:
    """A link to the window's own page when it is there, else the command that writes it."""
    if row.evidently is None:
        return ""
    page = Path(row.evidently).with_suffix(".html")
    if (run / page).is_file():
        return f'<a href="{in_html(quote(page.as_posix()))}">page</a>'
    if not (run / row.evidently).is_file():
        return "no longer kept"
    return f"<code>{in_html(typed('reports', 'RUN', row.window, '--html', key=row.key))}</code>"
