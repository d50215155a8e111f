"""What `riverkeeper status` says."""

from io import StringIO
from pathlib import Path

import pytest

from dataflows.console import PlainConsole
from dataflows.lifecycle.progress import Reading
from dataflows.lifecycle.status_file import StatusFile
from dataflows.views.terminal.status import standing
from engine.errors import InputError
from tests.dataflows.views.test_html import write
from tests.engine.core.test_serialize import decision, report


def said(run: Path, now: float | None = None) -> str:
    out = StringIO()
    console = PlainConsole(file=out, width=100)
    for part in standing(run, 100, now):
        console.print(part)
    return out.getvalue()


def reading(records: int, unit: str = "records") -> Reading:
    return Reading(records, records, 200, unit, lambda: {f"t[{n}]": n for n in range(20)})


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("dataflows.lifecycle.status_file.time.monotonic", lambda: now[0])
    monkeypatch.setattr("dataflows.lifecycle.status_file.time.time", lambda: now[0])
    return now


def test_a_run_that_goes_on_has_position_lag_and_rate(tmp_path: Path, ticks: list[float]) -> None:
    with StatusFile(tmp_path) as status:
        status(reading(50))
        status(reading(60))  # within the same second: not written
        assert "50 records since" in said(tmp_path, ticks[0])
        ticks[0] += 10
        status(reading(150))
    text = said(tmp_path, ticks[0])
    assert text.startswith("running; process ")
    assert "150 records since its start, 10/s over the last 10 s" in text
    assert "lag: 50 records, 5 s at this rate" in text
    assert "t[11] at 11\nand 8 more" in text.replace("  ", "")
    assert "silent for 5.6 h: killed, or stuck" in said(tmp_path, ticks[0] + 20_000)


def test_the_last_decision_of_each_key_is_told_with_its_reason(tmp_path: Path, ticks: list[float]) -> None:
    write(tmp_path, report(4, "eu"), report(4, "us"), *(decision(number, "eu") for number in range(3)))
    StatusFile(tmp_path)(reading(50))
    text = said(tmp_path, ticks[0])
    assert "2: rollback" in text
    assert (
        text.rstrip().splitlines()[-1] == "decision 2 of eu: 1970-01-01 window   4 rollback m0 → m1: better"
    )


def test_how_a_run_ended_is_told(tmp_path: Path, ticks: list[float]) -> None:
    with StatusFile(tmp_path) as status:
        status(reading(50, "bytes"))
        status.end("stopped")
    text = said(tmp_path, ticks[0] + 60)
    assert text.startswith("stopped 60 s ago; process ")
    assert "position: 25% of 200 bytes" in text
    status = StatusFile(tmp_path)
    status(reading(50))
    status.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    assert said(tmp_path, ticks[0]).startswith("failed 0 s ago")


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected the folder of a run, with status\.json"):
        said(tmp_path)
