"""The hosts: which package each needs, how its records reach it, and where its predictions are."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Row = dict[str, Any]


def _whole_lines(files: Sequence[Path]) -> Iterator[Row]:
    """The rows of files, without a last line that a killed process left unfinished."""
    for file in files:
        for line in file.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                yield json.loads(line)


def _one_file(work: Path) -> Iterator[Row]:
    return _whole_lines([*work.glob("predictions.jsonl")])


def _parts(work: Path) -> Iterator[Row]:
    """Files of a folder; those that a sink still writes are hidden."""
    found = [*(work / "predictions").rglob("*")]
    hidden = (path.relative_to(work).parts for path in found)
    pairs = zip(found, hidden, strict=True)
    return _whole_lines([p for p, parts in pairs if p.is_file() and not any(x[0] in "._" for x in parts)])


def _batches(work: Path) -> Iterator[Row]:
    return _whole_lines([*work.glob("batches/*/predictions*")])


def _spark_parts(work: Path) -> Iterator[Row]:
    """Files that Spark's log of its sink names; others are left from a batch that was not finished."""
    logs = [p for p in (work / "predictions" / "_spark_metadata").glob("*") if p.name[0].isdigit()]
    rows = [line for log in logs for line in log.read_text().splitlines() if line.startswith("{")]
    named = dict.fromkeys(json.loads(row)["path"].removeprefix("file://") for row in rows)
    return _whole_lines([Path(name) for name in named])


@dataclass(frozen=True, slots=True)
class Host:
    """A program that Riverkeeper is embedded in.

    Attributes:
        name: Of its example, of its requirements file and of its environment.
        package: The distribution whose version is shown; `None`: Python's own.
        input: Where it takes records from: the file, a topic, or requests.
        rows: Reads the predictions in its folder.
        command: What Python is started with, when it is not the example's file.
    """

    name: str
    package: str | None
    input: Literal["file", "kafka", "http"] = "file"
    rows: Callable[[Path], Iterator[Row]] = _one_file
    command: tuple[str, ...] = ()

    @property
    def example(self) -> str:
        """The file's name."""
        return f"{self.name}.ipynb" if self.command else f"{self.name}.py"


HOSTS = (
    Host("plain_loop", None),
    Host("asyncio_tasks", None),
    Host("fastapi_service", "fastapi", "http"),
    Host("bytewax_flow", "bytewax"),
    Host("notebook", "nbclient", command=("-m", "jupyter", "execute")),
    Host("kafka_transactions", "confluent-kafka", "kafka"),
    Host("quix_streams", "quixstreams", "kafka"),
    Host("faststream_app", "faststream", "kafka"),
    Host("faust_app", "faust-streaming", "kafka"),
    Host("beam_pipeline", "apache-beam", rows=_batches),
    Host("ray_actors", "ray", rows=_parts),
    Host("spark_streaming", "pyspark", rows=_spark_parts),
    Host("flink_job", "apache-flink", rows=_parts),
)
