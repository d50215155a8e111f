"""Runs killed before and after each step that makes progress safe, and while reports are computed."""

import sqlite3
from collections import Counter, deque
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from tests.support.crashes import Crashes, over_files
from tests.support.flows import lines, write_flow
from tests.support.steps import OF_FILES, Kill, kills, run

pytestmark = pytest.mark.integration


PROGRESS = tuple(kills(OF_FILES))
WHILE_REPORTING = (Kill("report"), Kill("files", after=True))


@pytest.mark.parametrize(
    ("planned", "rows", "extra"),
    [(PROGRESS, 3000, "reports = false"), (WHILE_REPORTING, 1200, "")],
    ids=["progress", "reports"],
)
def test_a_run_that_is_killed_at_every_step_writes_what_an_undisturbed_one_writes(
    tmp_path: Path, planned: tuple[Kill, ...], rows: int, extra: str
) -> None:
    clean = write_flow(tmp_path / "clean", rows, extra)
    assert not run(clean, tmp_path / "store")
    found = Crashes(deque(planned))
    over_files(tmp_path, clean, found)
    assert found.differences == []
    assert found.kills == Counter(kill.step for kill in planned), "a step was not reached"


def test_a_snapshot_of_an_epoch_that_was_not_made_whole_is_not_used(tmp_path: Path) -> None:
    """Bytewax stores it, and would take it for one of the epoch that gets its number when the run goes on."""
    # An epoch for each batch, of both keys.
    flow = write_flow(tmp_path, rows=1000, extra="reports = false", keyed=True, snapshots=0.001)
    rows = [
        {"id": n, "time": n, "x": n % 7, "label": n % 2 == 0, "kind": "example", "region": f"r{n // 50 % 2}"}
        for n in range(1000)
    ]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)) + b"\n")
    assert run(flow, tmp_path / "store", Kill("engine", 5))
    assert run(flow, tmp_path / "store", Kill("epoch whole"))
    flow.write_text(flow.read_text().replace("batch = 100", "batch = 50"))  # of one key
    assert run(flow, tmp_path / "store", Kill("epoch whole"))
    assert not run(flow, tmp_path / "store")
    counts = {row["key"]: row["counts"] for row in lines(flow, "summary")}
    assert {key: counts[key]["learned"] for key in ("r0", "r1", "*")} == {"r0": 500, "r1": 500, "*": 1000}
    assert len(lines(flow, "predictions")) == 1000


def test_only_keys_that_had_records_are_written_at_a_snapshot(tmp_path: Path) -> None:
    flow = write_flow(tmp_path, extra="reports = false", keyed=True, snapshots=0.001)
    regions = [f"r{n % 3}" for n in range(300)] + ["r0"] * 1000
    rows = [
        {"id": n, "time": n, "x": n % 7, "label": n % 2 == 0, "kind": "example", "region": region}
        for n, region in enumerate(regions)
    ]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)) + b"\n")
    assert run(flow, tmp_path / "store", Kill("engine", 3 * 3 + 6))
    with closing(sqlite3.connect(tmp_path / "store/part-0.sqlite3")) as database:
        found = database.execute("SELECT state_key, snap_epoch FROM snaps WHERE step_id LIKE '%engine%'")
        last = dict(sorted(found, key=lambda row: int(row[1])))
    assert last["r1"] == last["r2"] < last["r0"]
