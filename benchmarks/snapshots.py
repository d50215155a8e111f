"""How long a snapshot holds the stream up: a model per carrier on keyed flights, in one process.

Of each snapshot: how many keys it writes (those that had records since the last), their bytes, and the time
from the first key's turn to the next batch read. Reports are off; the files and the store are on this disk.

    python -m benchmarks.snapshots [--rows 20000] [--interval 10] [--model forest|linear]
"""

import argparse
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.processes import flow, keyed
from dataflows.config import load_config
from dataflows.connectors.files.source import FileReader
from dataflows.console import PlainConsole
from dataflows.runtime.operators import EngineLogic
from dataflows.runtime.runner import run_flow

MODELS = {
    "forest": '{ type = "forest.ARFClassifier", n_models = 10, seed = 1 }',
    "linear": '["preprocessing.StandardScaler", "linear_model.LogisticRegression"]',
}


@dataclass(slots=True)
class Watch:
    """What was seen of snapshots.

    Attributes:
        keys: How many keys the present one has written.
        size: Their bytes.
        began: When its first key began.
        encoding: Seconds in the keys' own code.
        seen: Of each that is over: keys, bytes, seconds until the next batch, seconds of `encoding`.
    """

    keys: int = 0
    size: int = 0
    began: float = 0.0
    encoding: float = 0.0
    seen: list[tuple[int, int, float, float]] = field(default_factory=list)

    def taken(self, size: int, began: float) -> None:
        """A key's state was taken."""
        if not self.keys:
            self.began, self.size, self.encoding = began, 0, 0.0
        self.keys += 1
        self.size += size
        self.encoding += perf_counter() - began

    def reads(self) -> None:
        """The next batch is read."""
        if self.keys:
            self.seen.append((self.keys, self.size, perf_counter() - self.began, self.encoding))
            self.keys = 0


def watched(watch: Watch) -> None:
    """Has the flow of this process tell what it does."""
    snapshot, take = EngineLogic.snapshot, FileReader.take

    def timed(logic: EngineLogic) -> Any:
        began = perf_counter()
        saved = snapshot(logic)
        watch.taken(len(saved), began)
        return saved

    def told(reader: FileReader) -> Any:
        watch.reads()
        return take(reader)

    EngineLogic.snapshot, FileReader.take = timed, told  # type: ignore[method-assign,assignment]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--interval", type=float, default=10.0)
    parser.add_argument("--model", choices=MODELS, default="forest")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keyed(folder, given.rows)
        (folder / "keyed.jsonl").rename(folder / "part.jsonl")
        path = flow(folder, "snapshots", MODELS[given.model], "carrier")
        text = path.read_text().replace(
            "[input]", f"snapshot_interval = {given.interval}\n[input]\nbatch = 100", 1
        )
        path.write_text(text)
        watched(watch := Watch())
        began = perf_counter()
        run_flow(load_config(path), folder / "store", PlainConsole(quiet=True))
        took = perf_counter() - began
    print(f"{given.rows:,} records in {took:,.0f} s, a snapshot every {given.interval:g} s")
    print("      keys       MB   stall, s   of it pickling   ms/MB")
    shown = watch.seen[:: max(1, len(watch.seen) // 8)]
    for keys, size, stall, encoding in (*shown, *([watch.seen[-1]] if watch.seen[-1] not in shown else ())):
        print(f"{keys:10} {size / 1e6:8.2f} {stall:10.2f} {encoding:16.2f} {stall / size * 1e9:7.0f}")
    stalls = [stall for _, _, stall, _ in watch.seen]
    print(f"median {median(stalls):.2f} s, longest {max(stalls):.2f} s, {sum(stalls) / took:.1%} of the time")


if __name__ == "__main__":
    main()
