"""Apache Beam: a pipeline for each file of records; it begins with the states that the last one ended with.

Beam keeps no order, so the records of a key are sorted by a number of their own. The local runner loses its
state cells with the process, so states are files. A pipeline that was killed is run again: exactly once.

    python -m examples.input && python examples/beam_pipeline.py
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.coders import BytesCoder, StrUtf8Coder, TupleCoder

import riverkeeper as rk

STATES = TupleCoder((StrUtf8Coder(), BytesCoder()))


def by_shop(line: str) -> tuple[str, str]:
    return json.loads(line)["shop"], line


class Keep(beam.DoFn):
    def setup(self) -> None:
        self.keeper = rk.Keeper("flow.toml")

    def teardown(self) -> None:
        self.keeper.close()

    def process(self, group: tuple[str, dict[str, Any]]) -> Iterator[Any]:
        key, found = group
        self.keeper.forget(key)
        self.keeper.restore(dict(found["states"]))
        for event in self.keeper.process(sorted(found["lines"], key=lambda x: json.loads(x)["n"]), key=key):
            if isinstance(event, rk.Prediction):
                yield rk.as_line(event).decode()
        yield beam.pvalue.TaggedOutput("states", (key, self.keeper.snapshot(key)))


if __name__ == "__main__":
    before, making = None, Path("making")
    for file in sorted(Path("records").glob("*.jsonl")):
        done = Path("batches") / file.stem
        if not done.exists():
            shutil.rmtree(making, ignore_errors=True)
            with beam.Pipeline() as p:
                saved = beam.io.ReadFromTFRecord(f"{before}/states*", STATES) if before else beam.Create([])
                states = p | saved | beam.Map(lambda pair: (pair[0], pair))
                lines = p | beam.io.ReadFromText(str(file)) | beam.Map(by_shop)
                groups = {"lines": lines, "states": states} | beam.CoGroupByKey()
                kept = groups | beam.ParDo(Keep()).with_outputs("states", main="lines")
                kept.lines | beam.io.WriteToText(f"{making}/predictions")
                kept.states | beam.io.WriteToTFRecord(f"{making}/states", STATES)
            done.parent.mkdir(exist_ok=True)
            making.rename(done)
        before = done
