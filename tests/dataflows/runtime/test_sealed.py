"""What Bytewax keeps of each input and output comes back as what it was, or is refused in one line."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import run_main

from dataflows.alerts.sink import Pending
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.source import FileSource
from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.connectors.kafka.producer import Written
from dataflows.connectors.kafka.source import KafkaSource
from dataflows.registry.sink import Recorded
from dataflows.runtime.sealed import Seals, place
from dataflows.runtime.store_check import bytes_of
from engine.errors import SnapshotError
from engine.registry.audit_entry import Head
from engine.seal import checked
from tests.dataflows.test_operators import flow, lines

SEALS = Seals("flow.step", b"sixteen bytes at")

POSITION = (0, "a.jsonl", 3, (0, 2, b"\x00\xff"))

VALUES: list[tuple[Any, Any]] = [
    (Written({0: 5, 1: 7}, frozenset({"a", "b"})), Written),
    ([("main/1", {"text": "x", "more": [1, None, 2.5]})], Pending),
    (Recorded("test-1", Head(3, "sha256:ab")), Recorded),
    (Recorded("test-\udc80", None), Recorded),
    (17, int),
]


@pytest.mark.parametrize(("value", "kind"), VALUES, ids=lambda value: type(value).__name__)
def test_a_snapshot_comes_back_as_it_was_and_as_nothing_else(value: Any, kind: Any) -> None:
    sealed = SEALS.closed_value("part", value)
    assert SEALS.opened_value(sealed, "part", kind) == value
    with pytest.raises(SnapshotError, match=r"flow\.step/part: not what this version writes"):
        SEALS.opened_value(sealed, "part", dict[str, bytes])
    with pytest.raises(SnapshotError, match=r"flow\.step/other: holds what was written for 'part'"):
        SEALS.opened_value(sealed, "other", kind)
    with pytest.raises(SnapshotError, match=r"holds what was written for 'flow\.step'"):
        Seals("flow.other", SEALS.key).opened_value(sealed, "part", kind)


def test_where_inputs_stand_comes_back_or_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    files = FileSource(InputConfig(path="a.jsonl"), tmp_path)
    kafka = KafkaSource(KafkaConfig.model_validate({"brokers": "b:1", "input": {"topic": "t"}}), 10)
    held = (POSITION, b"\x01", 3.5)
    for source, snapshot in (
        (files, {"examples": POSITION, "labels": held}),
        (kafka, {"places": [("t", 0, 5)], "batches": 2, "ids": {"t": "x"}}),
    ):
        stored: Any = SEALS.opened_value(SEALS.closed_value("input", snapshot), "input", Any)
        assert source.snapshot_of(stored) == snapshot
        hostile: list[Any] = [None, [], {"examples": [1]}, {"places": "t"}, {"examples": ["a", "b", "c"]}]
        for wrong in hostile:
            with pytest.raises(SnapshotError, match="input: not where a run over"):
                source.snapshot_of(wrong)


def test_a_flow_of_ones_own_seals_its_engines_for_their_step(tmp_path: Path) -> None:
    init_db_dir(tmp_path, 1)  # type: ignore[no-untyped-call]
    stored = RecoveryConfig(tmp_path)  # type: ignore[no-untyped-call]
    run_main(flow(lines(60), []), epoch_interval=timedelta(0), recovery_config=stored)  # type: ignore[no-untyped-call]
    with closing(sqlite3.connect(tmp_path / "part-0.sqlite3")) as database:
        rows = database.execute(
            "SELECT step_id, state_key, ser_change FROM snaps WHERE step_id LIKE '%engines'"
        ).fetchall()
    assert {key for _, key, _ in rows} == {"a", "b", "c"}
    for step, key, change in rows:
        assert checked(bytes_of(change) or memoryview(b""), None, place(step, key))[1]
