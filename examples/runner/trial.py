"""One host's trial: killed in the middle, started again, and compared with `riverkeeper run`."""

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from examples.input import write_input
from examples.runner.hosts import Host, Row
from examples.runner.processes import HostError, Process, started

COMPARED = ("id", "key", "sequence", "prediction", "probability", "model", "time")


@dataclass(frozen=True, slots=True)
class Result:
    """What a trial has shown.

    Attributes:
        records: That went in.
        predictions: That were expected.
        killed: Predictions there were when the host was killed.
        repeated: Predictions that came again after it, equal to the first.
        wrong: The first difference; empty when all were equal.
    """

    records: int
    predictions: int
    killed: int
    repeated: int
    wrong: str


def reference(work: Path, examples: int) -> list[Row]:
    """Writes the input, and has `riverkeeper run` predict it."""
    write_input(work, examples)
    command = [sys.executable, "-m", "dataflows", "run", "flow.toml"]
    subprocess.run(command, cwd=work, check=True, capture_output=True)  # noqa: S603
    lines = (work / "runs" / "reference" / "predictions.jsonl").read_bytes().splitlines()
    return [json.loads(line) for line in lines]


def compare(rows: Sequence[Row], wanted: Sequence[Row]) -> tuple[int, str]:
    """How many came again, and the first difference."""
    seen = [tuple(row[name] for name in COMPARED) for row in rows]
    once = set(seen)
    expected = {tuple(row[name] for name in COMPARED) for row in wanted}
    wrong = sorted(once ^ expected, key=str)
    return len(seen) - len(once), f"{len(wrong)} differ: {wrong[0]}" if wrong else ""


def try_files(host: Host, command: Sequence[str], work: Path, wanted: Sequence[Row]) -> Result:
    """A host that reads the file to its end."""
    with started(command, work) as process:
        process.wait(lambda: sum(1 for _ in host.rows(work)) >= len(wanted) // 4)
    killed = sum(1 for _ in host.rows(work))
    with started(command, work) as process:
        process.wait(lambda: False, every=0.05)
    return result(work, wanted, killed, [*host.rows(work)])


def result(work: Path, wanted: Sequence[Row], killed: int, rows: Sequence[Row]) -> Result:
    """What came of a trial.

    Raises:
        HostError: The kill came before the first prediction, or after the last.
    """
    if not 0 < killed < len(wanted):
        raise HostError(f"not killed in the middle: at {killed} of {len(wanted)} predictions")
    records = len((work / "records.jsonl").read_bytes().splitlines())
    return Result(records, len(wanted), killed, *compare(rows, wanted))


def try_requests(command: Sequence[str], work: Path, port: int, wanted: Sequence[Row]) -> Result:
    """A service: each record is a request, sent again until it is answered."""
    lines = (work / "records.jsonl").read_bytes().splitlines()
    rows: list[Row] = []
    service = Process([*command, str(port)], work)
    killed = 0
    try:
        for answer in answers(port, lines):
            rows += answer
            if not killed and len(rows) >= len(wanted) // 4:
                killed = len(rows)
                threading.Thread(target=service.kill).start()
            if killed and service.dead():
                service = Process([*command, str(port)], work)
    finally:
        service.kill()
    return result(work, wanted, killed, rows)


def answers(port: int, lines: Sequence[bytes]) -> Iterator[list[Row]]:
    """The answer to each line; an empty one for each try that got none.

    Raises:
        HostError: The service refused a record.
        OSError: It did not answer for a minute.
    """
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        for line in lines:
            until = time.monotonic() + 60
            while (answer := _answer(connection, line, until)) is None:
                time.sleep(0.05)
                yield []
            yield answer


def _answer(connection: http.client.HTTPConnection, line: bytes, until: float) -> list[Row] | None:
    try:
        connection.request("POST", "/records", line, {"Content-Type": "application/json"})
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException):
        connection.close()  # the next request opens it again
        if time.monotonic() > until:
            raise
        return None
    if response.status != 200:
        raise HostError(f"{line!r}: {response.status} {body!r}")
    found: list[Row] = json.loads(body)
    return found
