"""The page of a run: everything of the run is on it, nothing of it is taken for HTML, and it stays small."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest

from dataflows.views.html.data import MOST_KEYS, MOST_POINTS, MOST_ROWS, read_run
from dataflows.views.html.page import run_page
from dataflows.views.terminal.windows import decision_lines, drift_lines, trend_lines, windows_table
from engine.core.serialize import encode
from engine.errors import InputError
from engine.events import Event
from tests.engine.core.test_serialize import decision, drift, prediction, preliminary, report, summary

HOSTILE = "</title><script>document.title='pwned'</script><img src=x onerror=alert(1)>\"'&\x1b\u202e"


def write(folder: Path, *events: Event) -> Path:
    lines, _ = encode(events)
    for stream, chunk in lines.items():
        (folder / f"{stream}.jsonl").write_bytes(chunk.text)
    return folder


class Tags(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def rows(folder: Path, count: int, **change: Any) -> Path:
    """A run of so many windows."""
    lines, _ = encode([prediction(), report(), summary()])
    row = orjson.loads(lines["reports"].text)
    checks = [row["checks"][0] | {"column": f"c{n}", "status": "pass"} for n in range(30)]
    with (folder / "reports.jsonl").open("wb") as out:
        for number in range(count):
            status = {0: "fail", 1: "warn", 2: "unjudged"}.get(number % 7, "pass")
            times = {"start": 1e9 + number * 1e5, "end": 1e9 + number * 1e5 + 9e4}
            out.write(
                orjson.dumps(row | times | {"window": number, "status": status, "checks": checks} | change)
                + b"\n"
            )
    (folder / "predictions.jsonl").write_bytes(lines["predictions"].text)
    (folder / "summary.jsonl").write_bytes(lines["summary"].text)
    return folder


def test_all_that_a_run_has_decided_and_measured_is_on_its_page(tmp_path: Path) -> None:
    run = write(
        tmp_path,
        *(report(window) for window in range(3)),
        *(preliminary(window) for window in range(3)),
        decision(),
        summary(),
        report(0, "other"),
    )
    page = Tags(run_page(run))
    for said in (
        "rollback",
        "m0 → m1",
        "better",
        "a drifted",
        "profit",
        "Accuracy",
        "all records accounted for",
        "other",
    ):
        assert said in page.text
    assert page.text.count("no longer kept") == 4
    (run / "reports").mkdir()
    (run / "reports" / "main-000001.json").write_text("")
    assert Tags(run_page(run)).text.count("riverkeeper reports RUN 1 --html") == 1
    (run / "reports" / "main-000001.html").write_text("")
    assert "reports/main-000001.html" in Tags(run_page(run)).links


def test_names_from_data_are_text_wherever_they_stand(tmp_path: Path) -> None:
    plain = Tags(run_page(write(tmp_path, report(), decision(), summary(), preliminary())))
    lines, _ = encode([report(), decision(), summary(), preliminary()])
    for stream, chunk in lines.items():
        row = orjson.loads(chunk.text)
        row["key"] = HOSTILE
        row |= {name: HOSTILE for name in ("reason", "model", "previous", "shadow", "who") if name in row}
        for check in row.get("checks", []):
            check["column"] = HOSTILE
        if stream == "reports":
            row["scores"]["business"] = {HOSTILE: row["scores"]["business"]["profit"]}
            row["scores"]["challengers"] = {HOSTILE: {"events": 9, "loss": 0.5, "champion_loss": 0.6}}
        if stream == "summary":
            row["baselines"] = {HOSTILE: {HOSTILE: 0.5}}
        (tmp_path / f"{stream}.jsonl").write_bytes(orjson.dumps(row) + b"\n")
    page = run_page(tmp_path)
    hostile = Tags(page)
    assert hostile.tags <= plain.tags
    assert hostile.names <= plain.names
    assert "script" not in hostile.tags
    assert hostile.text.count("document.title='pwned'") > 5
    assert "default-src 'none'" in page
    assert not {"\x1b", "\u202e"} & {*page}
    assert "\\x1b\\u202e" in hostile.text


def test_a_page_needs_no_network(tmp_path: Path) -> None:
    page = run_page(write(tmp_path, report(), summary()))
    assert Tags(page).links == []
    assert "http://" not in page
    assert "https://" not in page


def test_five_thousand_windows_make_a_page_that_can_be_read(tmp_path: Path) -> None:
    run = rows(tmp_path, 5000)
    page = run_page(run)
    assert len(page) < 5_000_000
    assert "5,000 windows: the charts draw 17 together" in page
    assert f"{MOST_ROWS} of 5,000: the newest" in page
    ((data,), _) = read_run(run)
    assert len(data.points) <= MOST_POINTS
    assert [data.points[0].first, data.points[-1].last] == [0, 4999]
    assert all(point.status == "fail" for point in data.points), "the worst of 17 counts"
    assert data.rows[0].window == 4999
    assert all(row.status != "pass" for row in data.rows[MOST_ROWS // 2 :])


def test_of_many_keys_the_most_eventful_are_drawn(tmp_path: Path) -> None:
    row = orjson.loads(encode([report()])[0]["reports"].text)
    keys = [f"k{number}" for number in range(60)]
    written = [{**row, "key": key, "status": "fail" if key == "k59" else "pass"} for key in keys]
    (tmp_path / "reports.jsonl").write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in written))
    page = run_page(tmp_path)
    assert "60 model keys; here are the 50 with most decisions" in page
    assert page.count("<h2>") == MOST_KEYS
    assert "<h2>k59</h2>" in page


def test_few_windows_are_drawn_one_by_one(tmp_path: Path) -> None:
    ((data,), _) = read_run(rows(tmp_path, MOST_POINTS))
    assert [point.first for point in data.points] == list(range(MOST_POINTS))
    assert "the charts draw" not in run_page(tmp_path)


def test_in_the_terminal_the_newest_of_many_windows_are_shown(tmp_path: Path) -> None:
    table = windows_table(rows(tmp_path, 200), 200)
    assert table.row_count == 80
    assert str(table.caption).startswith("140 earlier windows (80 pass, 20 warn, 20 fail, 20 unjudged)")
    assert windows_table(rows(tmp_path, 60), 200).caption is None
    (line,) = trend_lines(rows(tmp_path, 200))
    assert line == f"served loss, main: {'▁' * 40} 0.5000 to 0.5000"
    assert list(decision_lines(tmp_path)) == []


def test_what_is_not_a_run_has_no_page(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected the folder of a run"):
        run_page(tmp_path)


def test_a_run_without_windows_has_a_page(tmp_path: Path) -> None:
    page = run_page(write(tmp_path, prediction(), summary()))
    assert "No window has been judged." in page


def test_the_terminal_says_what_detectors_found_and_how_often(tmp_path: Path) -> None:
    write(tmp_path, drift("a"), drift("b", 0.25), drift("b", 0.75), prediction())
    assert list(drift_lines(tmp_path)) == [
        "adwin on feature:a, a: drift 1, warning 0; the last in window 4, 1970-01-01: mean 0.5000",
        "adwin on feature:b, b: drift 2, warning 0; the last in window 4, 1970-01-01: mean 0.7500",
    ]
