"""Reading files: records a second for each format, against a plain Python loop over the lines.

    python -m benchmarks.files

The last rows go on to what an engine is given: keyed, with labels merged by event time, and decoded.
"""

import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import zstandard

from dataflows.connectors.base import batches
from dataflows.connectors.decoding import by_key, decode_records
from dataflows.connectors.files.config import InputConfig, LabelsConfig
from dataflows.connectors.files.source import FileSource
from dataflows.connectors.registry import FORMATS
from engine.records.config import RecordConfig
from engine.records.decode import Decoder
from engine.tasks.registry import find_task

RECORDS = 300_000
ROUNDS = 3


def write_files(folder: Path) -> None:
    """The same ten features in each format, and labels to merge with them."""
    rows = [
        {"id": i, "time": i, **{f"x{k}": (i * k % 997) / 7 for k in range(8)}, "town": f"t{i % 50}"}
        for i in range(RECORDS)
    ]
    text = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    (folder / "plain.jsonl").write_bytes(text)
    (folder / "gzip.jsonl.gz").write_bytes(gzip.compress(text, 6))
    (folder / "zstd.jsonl.zst").write_bytes(zstandard.compress(text))
    cells = "\n".join(",".join(str(value) for value in row.values()) for row in rows)
    (folder / "rows.csv").write_text(",".join(rows[0]) + "\n" + cells + "\n", encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(rows), folder / "rows.parquet")
    later = [{"id": i, "time": i + 5, "town": f"t{i % 50}", "label": True} for i in range(RECORDS)]
    (folder / "labels.jsonl").write_bytes(b"".join(orjson.dumps(label) + b"\n" for label in later))
    cells = "\n".join(",".join(str(value) for value in label.values()) for label in later)
    (folder / "labels.csv").write_text(",".join(later[0]) + "\n" + cells + "\n", encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(later), folder / "labels.parquet")


def plain_loop(path: Path) -> int:
    """What one would write by hand: every line of a file."""
    with path.open("rb") as lines:
        return sum(1 for _ in lines)


def read(folder: Path, name: str, labels: str | None = None) -> int:
    """All batches of the source; returns the number of records."""
    late = None if labels is None else LabelsConfig(path=labels)
    source = FileSource(InputConfig(path=name, labels=late), folder, FORMATS)
    return sum(len(batch) for batch in batches(source))


def decode(folder: Path, name: str, labels: str) -> int:
    """All records as engines are given them, by key; returns their number."""
    source = FileSource(InputConfig(path=name, labels=LabelsConfig(path=labels)), folder, FORMATS)
    decoder = Decoder(RecordConfig(key="town"), find_task("binary").labels)
    return sum(
        1
        for batch in batches(source)
        for part in by_key(batch, "town").values()
        for _ in decode_records(decoder, part.records())
    )


def main() -> None:
    """Runs and prints."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder)
        peers: dict[str, Callable[[], int]] = {
            "plain Python loop, JSON lines": lambda: plain_loop(folder / "plain.jsonl"),
            "JSON lines": lambda: read(folder, "plain.jsonl"),
            "JSON lines, gzip": lambda: read(folder, "gzip.jsonl.gz"),
            "JSON lines, zstd": lambda: read(folder, "zstd.jsonl.zst"),
            "two streams merged by event time": lambda: read(folder, "plain.jsonl", "labels.jsonl"),
            "CSV": lambda: read(folder, "rows.csv"),
            "Parquet": lambda: read(folder, "rows.parquet"),
            "JSON lines, labels, keyed, decoded": lambda: decode(folder, "plain.jsonl", "labels.jsonl"),
            "CSV, labels, keyed, decoded": lambda: decode(folder, "rows.csv", "labels.csv"),
            "Parquet, labels, keyed, decoded": lambda: decode(folder, "rows.parquet", "labels.parquet"),
        }
        seconds: dict[str, list[float]] = {peer: [] for peer in peers}
        records = dict.fromkeys(peers, 0)
        for _ in range(ROUNDS):
            for peer, work in peers.items():
                began = perf_counter()
                records[peer] = work()
                seconds[peer].append(perf_counter() - began)
    print(f"{'':36}{'records/s':>11}{'spread':>9}{'of the plain loop':>19}")
    plain = median(seconds["plain Python loop, JSON lines"]) / RECORDS
    for peer, times in seconds.items():
        each = median(times) / records[peer]
        spread = (max(times) - min(times)) / median(times)
        print(f"{peer:36}{1 / each:>11,.0f}{spread:>8.0%} {plain / each:>18.2f}")


if __name__ == "__main__":
    main()
