"""What a pending prediction costs in memory: `python -m benchmarks.memory`.

Bytes that Python allocates per waiting prediction, waiting label and remembered id, for examples of ten
numbers, beside the least that any program must keep: the decoded features in a dict by id. Records are
decoded from JSON lines, as in a run.
"""

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from engine.pipeline.config import EngineConfig
from engine.pipeline.engine import Engine
from engine.records.config import RecordConfig
from engine.records.decode import Decoder
from engine.records.values import Record

COUNT = 20_000
FEATURES = 10


def lines(label: str | None = None) -> Iterator[bytes]:
    """Examples of ten numbers, or labels alone."""
    for number in range(COUNT):
        fields: dict[str, Any] = {"id": f"order-{number:08d}", "time": number / 10}
        if label != "only":
            fields |= {f"feature_{place}": number * 1.1 + place for place in range(FEATURES)}
        if label:
            fields["label"] = number % 3 == 0
        # Cut to size as lines of a file are: the encoder leaves room behind what it writes.
        yield (orjson.dumps(fields) + b"\n")[:-1]


def allocated(make: Callable[[], object]) -> float:
    """Bytes allocated, and still held, per record."""
    gc.collect()
    tracemalloc.start()
    kept = make()
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return held / COUNT


def features_by_id() -> object:
    """The peer: what is decoded, in a dict by id."""
    rows: dict[str, Any] = {}
    for line in lines():
        fields = orjson.loads(line)
        rows[fields.pop("id")] = fields
    return rows


def engine_after(records: Iterable[Record], **labels: Any) -> Engine:
    """An engine with a model of no size, after these records."""
    config = EngineConfig.model_validate(
        {
            "model": {"task": "binary", "model": "naive_bayes.BernoulliNB"},
            "labels": {"wait": 1e9, "early_wait": 1e9, "remember": 1e9, "max_remembered": COUNT} | labels,
            "monitoring": {"reports": False},
            # Small windows: the outcomes that they keep are not what is measured.
            "window": {"count": 50},
            "supervision": {"min_events": 25},
        }
    )
    engine = Engine(config)
    for record in records:
        engine.process([record])
    return engine


def records(label: str | None = None) -> Iterator[Record]:
    """The lines, decoded."""
    decode = Decoder(RecordConfig(), "binary").decode
    for line in lines(label):
        yield decode(line, "data.jsonl", 0, is_label=label == "only")


def main() -> None:
    """Prints the table."""
    least = allocated(features_by_id)
    rows = [
        ("decoded features in a dict by id (the least)", least),
        ("prediction that waits for its label", allocated(lambda: engine_after(records()))),
        ("label that waits for its example", allocated(lambda: engine_after(records("only")))),
        ("id remembered after its outcome", allocated(lambda: engine_after(records("inline")))),
        (
            "the same, corrections learned",
            allocated(lambda: engine_after(records("inline"), corrections="learn")),
        ),
    ]
    print(f"{COUNT:,} examples of {FEATURES} numbers, Python {sys.version.split()[0]}; bytes each")
    for name, size in rows:
        print(f"  {name:46} {size:7,.0f}  {size / least:5.2f}x")


if __name__ == "__main__":
    main()
