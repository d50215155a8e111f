"""What is kept costs in memory: `python -m benchmarks.memory`, with what bounds how many there are.

Bytes that Python allocates per waiting prediction, waiting label, remembered id, row of a window, version of
the model and model key, for examples of ten numbers, beside the least that any program must keep: the decoded
features in a dict by id. Records are decoded from JSON lines, as in a run.
"""

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.records.config import RecordConfig
from engine.records.decode import Decoder
from engine.records.values import Record
from engine.tasks.registry import find_task

COUNT = 20_000
ROWS = 5_000
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


def allocated(make: Callable[[], object], count: int = COUNT) -> float:
    """Bytes allocated, and still held, for each of so many."""
    gc.collect()
    tracemalloc.start()
    kept = make()
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return held / count


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
    decode = Decoder(RecordConfig(), find_task("binary").labels).decode
    for line in lines(label):
        yield decode(line, "data.jsonl", 0, is_label=label == "only")


def engine_of_windows(count: int) -> Engine:
    """An engine that remembers no ids, after `ROWS` labelled records, with windows of so many."""
    config = EngineConfig.model_validate(
        {
            "model": {"task": "binary", "model": "naive_bayes.BernoulliNB"},
            "labels": {"max_remembered": 0},
            "monitoring": {"reports": False, "first_look": {"enabled": False}},
            "window": {"count": count, "sample": 2},
            "supervision": {"min_events": 25},
        }
    )
    engine = Engine(config)
    for record in islice(records("inline"), ROWS):
        engine.process([record])
    return engine


LINEAR = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]


_OFF = ("on_fail", "on_warn", "on_loss_drift", "on_baseline", "on_loss_rise")


def engines(count: int, examples: int, checkpoints: int = 6) -> list[Engine]:
    """So many engines with a logistic regression, after so many labelled records each."""
    config = EngineConfig.model_validate(
        {
            "model": {"task": "binary", "model": LINEAR},
            "labels": {"max_remembered": 0},
            "monitoring": {"reports": False},
            "window": {"count": 50, "sample": 10},
            # Nothing opens a suspicion: shadows are not what is measured.
            "supervision": {"min_events": 25, "checkpoints": checkpoints} | dict.fromkeys(_OFF, False),
        }
    )
    made = [Engine(config, f"key-{number}") for number in range(count)]
    for engine in made:
        engine.process(list(islice(records("inline"), examples)))
    return made


def version() -> float:
    """Bytes of a checkpoint, from engines that keep twelve and two."""
    each = 4
    engines(1, 100)  # what is made once, such as caches, is no part of a version
    few, many = (allocated(lambda: engines(each, 1500, kept), each) for kept in (2, 12))  # noqa: B023
    return (many - few) / 10


def main() -> None:
    """Prints the table."""
    least = allocated(features_by_id)
    learned = allocated(lambda: engine_after(records("inline"), corrections="learn"))
    window_row = allocated(lambda: engine_of_windows(ROWS + 1), ROWS)
    window_row -= allocated(lambda: engine_of_windows(50), ROWS)
    waiting = "labels.max_waiting"
    rows = [
        ("decoded features in a dict by id (the least)", least, ""),
        ("prediction that waits for its label", allocated(lambda: engine_after(records())), waiting),
        ("label that waits for its example", allocated(lambda: engine_after(records("only"))), waiting),
        (
            "id remembered after its outcome",
            allocated(lambda: engine_after(records("inline"))),
            "labels.max_remembered",
        ),
        ("the same, corrections learned", learned, "labels.max_remembered"),
        ("row of a window", window_row, "3 x window.count"),
        ("version in memory (logistic regression)", version(), "supervision.checkpoints + 4"),
        ("model key (logistic regression)", allocated(lambda: engines(200, 10), 200), "run.resident_keys"),
    ]
    print(
        f"{COUNT:,} examples of {FEATURES} numbers, Python {sys.version.split()[0]}; bytes each, and at most"
    )
    for name, size, bound in rows:
        print(f"  {name:46} {size:8,.0f}  {size / least:6.2f}x  {bound}".rstrip())


if __name__ == "__main__":
    main()
