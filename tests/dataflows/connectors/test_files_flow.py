"""Source and sink under Bytewax: stopped, killed and resumed, a run writes what one without a stop writes."""

# Bytewax's compiled functions have no types.
# mypy: disable-error-code="no-untyped-call"

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import orjson
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import AbortExecution
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import cluster_main, run_main

from dataflows.connectors.batch import Batch
from dataflows.connectors.files.config import InputConfig, LabelsConfig
from dataflows.connectors.files.sink import BLOBS, Blob, RunSink
from dataflows.connectors.files.source import FileSource
from dataflows.runtime.source import BatchPartition, BatchSource
from engine.private_files import PARTIAL

STREAMS = ("zebra", "apple")
ROOT = Path(__file__).parents[3]


class AbortingSource(BatchSource):
    """Aborts the run once, at the batch that `left` counts down to."""

    left = 0

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> BatchPartition:
        part = super().build_part(step_id, for_part, resume_state)
        read = part.next_batch

        def next_batch() -> Sequence[Batch]:
            if self.left == 0:
                part.close()
                raise AbortExecution
            self.left -= 1
            return read()

        part.next_batch = next_batch  # type: ignore[method-assign]
        return part


def outputs(batch: Batch) -> list[tuple[str, bytes | Blob]]:
    """Every record to one of two streams, and a blob a batch."""
    time.sleep(float(os.environ.get("SECONDS_A_BATCH", "0")))
    chunks: dict[str, list[bytes]] = {name: [] for name in STREAMS}
    for record in batch.records():
        chunks[STREAMS[record.is_label]].append(record.raw + b"\n")
    found: list[tuple[str, bytes | Blob]] = [
        (name, b"".join(lines)) for name, lines in chunks.items() if lines
    ]
    return [*found, (BLOBS, (f"blobs/{batch.offsets[0]}.bin", next(batch.records()).raw))]


def files(config: InputConfig, folder: Path) -> BatchSource:
    return BatchSource(FileSource(config, folder))


def build(source: BatchSource, folder: Path) -> Dataflow:
    flow = Dataflow("files")
    batches = op.input("in", flow, source)
    op.output("out", op.flat_map("split", batches, outputs), RunSink(folder, STREAMS))
    return flow


def write_input(folder: Path, records: int) -> InputConfig:
    for name, shift in (("e.jsonl", 0), ("l.jsonl", 3)):
        lines = (orjson.dumps({"time": i + shift, "id": i}) + b"\n" for i in range(records))
        (folder / name).write_bytes(b"".join(lines))
    return InputConfig(path="e.jsonl", labels=LabelsConfig(path="l.jsonl"), batch=7)


def written(folder: Path) -> dict[str, bytes]:
    """Of a sink alone: what a killed run has left of a blob, `prepare` removes before the next begins."""
    partial = set(folder.rglob(PARTIAL))
    return {
        str(x.relative_to(folder)): x.read_bytes()
        for x in folder.rglob("*")
        if x.is_file() and x not in partial
    }


def test_streams_go_to_their_files_with_one_worker_and_with_two(tmp_path: Path) -> None:
    config = write_input(tmp_path, 50)
    for workers in (1, 2):
        source = files(config, tmp_path)
        out = tmp_path / str(workers)
        cluster_main(build(source, out), [], 0, worker_count_per_proc=workers)
        found = written(out)
        assert found["zebra.jsonl"] == (tmp_path / "e.jsonl").read_bytes()
        assert found["apple.jsonl"] == (tmp_path / "l.jsonl").read_bytes()
        assert found["blobs/0.bin"] == b'{"time":0,"id":0}'


def test_an_aborted_run_resumes_to_the_same_output(tmp_path: Path) -> None:
    config = write_input(tmp_path, 60)
    clean, resumed, store = tmp_path / "clean", tmp_path / "resumed", tmp_path / "store"
    run_main(build(files(config, tmp_path), clean))
    store.mkdir()
    init_db_dir(store, 1)
    steps: list[int] = []
    for left in (1, 5, 3, -1):
        source = AbortingSource(FileSource(config, tmp_path))
        source.left = left
        run_main(
            build(source, resumed),
            epoch_interval=timedelta(0),
            recovery_config=RecoveryConfig(store),
        )
        steps.append(len(written(resumed)))
    assert steps == sorted(set(steps))  # every run went on where the one before had stopped
    assert written(resumed) == written(clean)


@pytest.mark.integration
@pytest.mark.parametrize("processes", [pytest.param(1, marks=pytest.mark.long), 2])
def test_a_killed_run_resumes_to_the_same_output(processes: int, tmp_path: Path) -> None:
    config = write_input(tmp_path, 1500)
    clean, resumed, store = tmp_path / "clean", tmp_path / "resumed", tmp_path / "store"
    run_main(build(files(config, tmp_path), clean))
    store.mkdir()
    init_db_dir(store, 2)
    ports = [str(port) for port in free_ports(processes)]
    for kills_left in (3, 2, 1, 0):
        runs = [start([*map(str, (tmp_path, resumed, store, index)), *ports]) for index in range(processes)]
        try:
            if kills_left:
                wait_until_longer(resumed / "zebra.jsonl", runs)
                assert [run.poll() for run in runs] == [None] * processes
            else:
                assert [run.wait(60) for run in runs] == [0] * processes
        finally:
            for run in runs:
                run.kill()
                run.wait()
    assert written(resumed) == written(clean)


def wait_until_longer(path: Path, runs: list[subprocess.Popen[bytes]]) -> None:
    """Waits until a snapshot has made the file longer than it was, and then for half an epoch."""
    before = path.stat().st_size if path.exists() else 0
    end = time.monotonic() + 60
    while not path.exists() or path.stat().st_size <= before:
        assert time.monotonic() < end
        assert all(run.poll() is None for run in runs)
        time.sleep(0.01)
    time.sleep(0.05)


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "SECONDS_A_BATCH": "0.01"}
    return subprocess.Popen(  # noqa: S603 - our own interpreter and file
        [sys.executable, __file__, *arguments], env=environment, stdout=subprocess.DEVNULL
    )


def free_ports(count: int) -> list[int]:
    import socket  # noqa: PLC0415 - only this test needs it

    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(server.getsockname()[1]) for server in sockets]
    for server in sockets:
        server.close()
    return ports


def main(base: str, out: str, store: str, index: str, *ports: str) -> None:
    """One process of the cluster that the test above kills."""
    config = InputConfig(path="e.jsonl", labels=LabelsConfig(path="l.jsonl"), batch=7)
    cluster_main(
        build(files(config, Path(base)), Path(out)),
        [f"127.0.0.1:{port}" for port in ports] if len(ports) > 1 else [],
        int(index),
        epoch_interval=timedelta(seconds=0.1),
        recovery_config=RecoveryConfig(Path(store)),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
