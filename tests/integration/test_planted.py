"""What somebody has put into the recovery store of a run is refused in one line, and runs nothing."""

import os
import pickle
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.flows import riverkeeper, write_flow

pytestmark = pytest.mark.integration


class Runs:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._trace),)


@pytest.mark.parametrize("key", ["", "a key of more than 16 bytes"], ids=["no key", "key"])
def test_a_planted_row_runs_nothing_and_without_it_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("RIVERKEEPER_KEY", key)
    flow, store = write_flow(tmp_path, rows=500, extra="reports = false"), tmp_path / "store"
    assert riverkeeper("run", flow, "--recovery", store).returncode == 0
    with closing(sqlite3.connect(store / "part-0.sqlite3")) as database:
        kept = database.execute("SELECT rowid, ser_change FROM snaps WHERE step_id = 'riverkeeper.engine'")
        [(row, change)] = kept.fetchall()
        for planted, status in ((pickle.dumps(Runs(tmp_path / "trace")), 2), (change, 0)):
            database.execute("UPDATE snaps SET ser_change = ? WHERE rowid = ?", (planted, row))
            database.commit()
            done = riverkeeper("run", flow, "--recovery", store)
            assert done.returncode == status, done.stderr
            assert ("its row 'riverkeeper.engine/main' holds something else" in done.stderr) is (status == 2)
            assert "Traceback" not in done.stderr
    assert not (tmp_path / "trace").exists()
