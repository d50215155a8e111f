"""The workspace: which windows are in it, that Evidently reads it, and that no file in it is half there."""

import json
import warnings
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.views.evidently_ui import EARLIER, NEWEST, WORKSPACE, chosen, export
from engine.errors import InputError
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently import evaluate_window, workspace
from engine.monitoring.types import EvaluationJob, Table
from engine.rows import ReportRow, WindowScoresRow
from engine.windows import Status
from tests.support.verdicts import columns


@given(st.integers(0, 3000), st.integers(1, 3000))
def test_the_newest_windows_are_in_it_and_one_left_out_never_comes_back(before: int, more: int) -> None:
    first, then = chosen(list(range(before))), chosen(list(range(before + more)))
    assert len(then) <= NEWEST + EARLIER
    assert then >= set(range(before + more)[-NEWEST:])
    assert not {window for window in range(before) if window not in first} & then


def line(key: str, window: int, end: float, status: Status, evidently: str | None) -> bytes:
    """A line of `reports.jsonl`."""
    scores = WindowScoresRow(0, 0, 0, None, None, None, None, {})
    row = ReportRow(2, key, window, 0.0, end, "m0", "x", status, "", scores, {}, (), evidently)
    return msgspec.json.encode(row) + b"\n"


def write_run(run: Path, count: int, key: str = "main", full: int | None = None) -> Path:
    """A run with the reports of so many windows."""
    (run / "reports").mkdir(parents=True, exist_ok=True)
    with (run / "reports.jsonl").open("ab") as lines:
        for window in range(count):
            tables = Table(columns(window)), Table(columns(99))
            job = EvaluationJob(key, window, *tables, "x", full=window == full, business={"profit": 2.0})
            verdict = evaluate_window(job, MonitoringConfig(), "binary")
            path = f"reports/{abs(hash(key))}-{window}.json"
            (run / path).write_bytes(verdict.snapshot)
            lines.write(line(key, window, 1.4e9 + 60 * window, verdict.status, path))
    return run


def snapshots(run: Path) -> dict[Path, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from evidently.core.serialization import SnapshotModel  # type: ignore[import-untyped] # noqa: PLC0415

        paths = sorted((run / WORKSPACE).glob("*/snapshots/*.json"))
        return {path: SnapshotModel.parse_raw(path.read_bytes()) for path in paths}


def test_evidently_reads_reports_and_dashboard(tmp_path: Path) -> None:
    run = write_run(tmp_path / "demo", 3)
    exported = export(run)
    assert (exported.reports, exported.left_out, exported.keys_left_out) == (3, 0, 0)
    found = sorted(snapshots(run).values(), key=lambda report: str(report.timestamp))
    assert [report.timestamp.isoformat() for report in found] == [
        f"2014-05-13T16:{53 + minute}:20" for minute in range(3)
    ]
    assert [report.metadata["window"] for report in found] == ["0", "1", "2"]
    assert all(report.tags in (["pass"], ["warn"], ["fail"]) for report in found)
    assert f"riverkeeper reports {run} 0 --html" in found[0].widgets[0].title
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from evidently.ui.workspace import Workspace  # type: ignore[import-untyped] # noqa: PLC0415

        [project] = Workspace(str(run / WORKSPACE)).list_projects()
        assert project.name == "demo main"
        dashboard = Workspace(str(run / WORKSPACE)).get_dashboard(project.id)
    titles = [panel.title for panel in dashboard.panels]
    assert [panel.id for panel in dashboard.panels] == dashboard.tabs[0].panels
    assert {"Drift from the reference, by column", "Business metrics, sum of the window", "Log loss"} < set(
        titles
    )
    assert "Errors of what was served" not in titles, "a panel without a line"
    drawn = {value.metric for panel in dashboard.panels for value in panel.values}
    there = {
        result.metric_value_location.metric.params["type"]
        for report in found
        for result in report.metric_results.values()
    }
    assert drawn <= there


def test_what_a_line_is_drawn_of_is_what_the_report_says_and_figures_are_left_out(tmp_path: Path) -> None:
    run = write_run(tmp_path / "demo", 2, full=1)
    full = (run / json.loads((run / "reports.jsonl").read_text().splitlines()[1])["evidently"]).read_bytes()
    assert len(full) > 500_000
    export(run)
    for path, report in snapshots(run).items():
        assert path.stat().st_size < 60_000
        values = {
            (location.metric.params["type"], location.metric.params.get("column")): result
            for result in report.metric_results.values()
            for location in [result.metric_value_location]
        }
        source = json.loads(full)["metric_results"]
        if report.metadata["window"] == "1":
            [drift] = [
                result["value"]
                for result in source.values()
                if result["metric_value_location"]["metric"]["params"].get("column") == "temp"
                and result["display_name"].startswith("Value drift")
            ]
            assert values["evidently:metric_v2:ValueDrift", "temp"].value == drift


def test_a_second_export_writes_only_what_is_new_and_removes_what_is_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataflows.views.evidently_ui.NEWEST", 2)
    monkeypatch.setattr("dataflows.views.evidently_ui.EARLIER", 1)
    run = write_run(tmp_path / "demo", 3)
    export(run)
    [dashboard] = (run / WORKSPACE).glob("*/dashboard.json")
    dashboard.write_text(json.dumps({"tabs": [], "panels": []}))  # somebody's own
    before = {path: path.stat().st_mtime_ns for path in (run / WORKSPACE).rglob("*.json")}
    assert export(run).reports == 3
    assert {path: path.stat().st_mtime_ns for path in (run / WORKSPACE).rglob("*.json")} == before
    rows = (run / "reports.jsonl").read_text().splitlines()
    with (run / "reports.jsonl").open("a") as lines:
        for window in (3, 4):
            lines.write(json.dumps(json.loads(rows[2]) | {"window": window}) + "\n")
    assert (export(run).reports, export(run).left_out) == (3, 2)
    assert {report.metadata["window"] for report in snapshots(run).values()} == {"0", "2"}
    assert [
        path for path in run.rglob("*") if path.is_file() and path.suffix not in {".json", ".jsonl"}
    ] == []


def test_each_key_is_a_project_whatever_it_is_called(tmp_path: Path) -> None:
    run = tmp_path / "demo"
    for key in ("a", "../../<script>'\"; rm -rf", "Ω\n"):
        write_run(run, 1, key)
    assert export(run).reports == 3
    names = [json.loads(path.read_text())["name"] for path in (run / WORKSPACE).glob("*/metadata.json")]
    assert sorted(names) == sorted(["demo a", "demo ../../<script>'\"; rm -rf", "demo Ω\n"])
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")} == {"demo"}


def test_a_run_without_reports_says_so(tmp_path: Path) -> None:
    (tmp_path / "reports.jsonl").write_bytes(line("main", 0, 0.0, "unjudged", None))
    with pytest.raises(InputError, match="none of its windows has a report"):
        export(tmp_path)


def test_without_event_times_reports_keep_their_order() -> None:
    job = EvaluationJob("k", 7, Table(columns(1)), Table(columns(2)), "x")
    report = evaluate_window(job, MonitoringConfig(), "binary").snapshot
    for end in (0.0, 1e300, float("nan")):
        content, _ = workspace.stripped(report, end, "pass", "")
        assert json.loads(content)["timestamp"].replace("T", " ") == "1970-01-01 00:07:00"
