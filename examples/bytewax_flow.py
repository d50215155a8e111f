"""Bytewax: a flow of one's own, in which `keep` is one step of several.

Bytewax's recovery store holds the engines, the place in the input and the length of the output, all of one
epoch: exactly once with files. After a kill the same command goes on.

    python -m examples.input && python examples/bytewax_flow.py
"""

import json
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
from bytewax.connectors.files import FileSink, FileSource
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

import riverkeeper as rk
from dataflows.operators import keep


def shop(line: str) -> str:
    return str(json.loads(line)["shop"])


def as_line(event: rk.Event) -> str | None:
    return rk.as_line(event).decode() if isinstance(event, rk.Prediction) else None


def build() -> Dataflow:
    flow = Dataflow("shops")
    lines = op.input("records", flow, FileSource("records.jsonl", batch_size=200))
    events = keep("keep", op.key_on("shop", lines, shop), "flow.toml")
    op.output("predictions", op.filter_map_value("lines", events, as_line), FileSink("predictions.jsonl"))
    return flow


if __name__ == "__main__":
    recovery = Path("recovery")
    if not recovery.exists():
        recovery.mkdir()
        init_db_dir(recovery, 1)
    cli_main(build(), recovery_config=RecoveryConfig(recovery), epoch_interval=timedelta(seconds=0.05))
