"""Event times of a sample: their span and order, and what is no event time."""

from pathlib import Path
from typing import Any

import pytest

from dataflows.commands.event_times import EventTimes, first_times, label_order, sample_times
from dataflows.config import FlowConfig
from dataflows.connectors.batch import RawRecord
from dataflows.console import PlainConsole
from dataflows.lifecycle.status_file import StatusFile
from dataflows.views.terminal.run import show_run
from engine.records.config import RecordConfig


def sampled(times: list[Any], **config: Any) -> EventTimes | None:
    records = [RawRecord({"time": time}, "in", 0, False, b"", None) for time in times]
    return sample_times(records, RecordConfig(**config))


def test_the_span_and_the_order_of_event_times_are_told() -> None:
    found = sampled(["2024-01-15T00:00Z", "2024-01-17", None, 1705363200000])
    assert str(found) == "event time: 2024-01-15 00:00 to 2024-01-17 00:00; up to 24.0 h out of order"
    assert sampled([None, "soon"]) is sampled([1], time="") is None


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([20240115, 20240116], 'in 1970-08-23: set record.time_format = "%Y%m%d"'),
        ([0, 1, 2], 'look like counters: set record.time = ""'),
        ([1e11, 1e11 + 60], "in the year 5138: set record.time_unit"),
        (["9999-12-31"] * 3, "in the year 9999"),
    ],
)
def test_what_is_no_event_time_is_a_problem_with_its_remedy(times: list[Any], words: str) -> None:
    found = sampled(times)
    assert found is not None
    assert words in found.problem


@pytest.mark.parametrize(
    ("times", "config"),
    [
        ([1700000000, 1700000060, 253402300800000], {}),
        (["1970-01-01", "1970-01-02"], {}),
        ([0, 1, 2], {"time_unit": "s"}),
        ([20240115, 20240116], {"time_format": "%Y%m%d"}),
    ],
)
def test_times_that_are_meant_so_are_no_problem(times: list[Any], config: dict[str, Any]) -> None:
    found = sampled(times, **config)
    assert found is not None
    assert found.problem == ""


def test_the_first_records_of_a_run_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("time,x\n20240115,1\n20240116,2\n", encoding="utf-8")
    config = FlowConfig.model_validate(
        {"run": {"name": "x"}, "input": {"path": "e.csv"}, "model": {"task": "binary", "model": "m.M"}}
    ).model_copy(update={"base": tmp_path})
    found = first_times(config)
    assert found is not None
    assert "%Y%m%d" in found.problem


def test_a_run_without_a_record_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StatusFile(tmp_path) as status:
        status.end("ended")
    show_run(PlainConsole(), tmp_path)
    assert capsys.readouterr().out.startswith("no records: ")


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ('{"id": "a", "time": 1700000000}\n{"id": "b", "time": 1700000060}\n', "in order of time"),
        (
            '{"id": "a", "time": 1700007200}\n{"id": "b", "time": 1700000000}\n',
            "up to 2.0 h out of order: a run sorts them in memory",
        ),
        ('{"id": "a"}\n{"id": "b"}\n', "without a time: each is known right after its example"),
    ],
)
def test_how_labels_of_files_stand_in_time_is_told(tmp_path: Path, labels: str, told: str) -> None:
    (tmp_path / "e.jsonl").write_text('{"id": "a", "time": 1700000000, "x": 1}\n', encoding="utf-8")
    (tmp_path / "l.jsonl").write_text(labels, encoding="utf-8")
    given: dict[str, Any] = {
        "run": {"name": "r"},
        "input": {"path": "e.jsonl", "labels": "l.jsonl"},
        "model": {"task": "binary", "model": "auto"},
        "base": tmp_path,
    }
    assert label_order(FlowConfig.model_validate(given)).startswith("labels: 2 in files, ")
    assert label_order(FlowConfig.model_validate(given)).endswith(told)
    given["input"] = {"path": "e.jsonl"}
    assert label_order(FlowConfig.model_validate(given)) == ""
