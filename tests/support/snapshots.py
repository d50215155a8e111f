"""Writes the snapshot that `tests/engine/core/test_formats.py` reads for ever after, one for each format.

    python -m tests.support.snapshots

Run it once when `engine.packing.FORMAT` is raised, and keep the files of older formats.
"""

from pathlib import Path
from typing import Any

import orjson

from engine.core.engine import Engine
from engine.packing import FORMAT
from engine.windows import Status
from tests.support.engines import SETUPS, ScriptedJudge, make_config, make_stream

FIXTURES = Path(__file__).parents[1] / "engine" / "core" / "fixtures"
SECTIONS: dict[str, Any] = SETUPS["detectors"] | SETUPS["challengers"] | SETUPS["corrections are learned"]
SCRIPT: dict[int, Status] = dict.fromkeys((4, 5, 6, 7, 8), "fail")
SEED, RECORDS = 7, 330


def make_engine() -> Engine:
    """An engine in the middle of things: a suspicion is open, labels are awaited, a verdict is due."""
    engine = Engine(make_config(**SECTIONS), evaluator=ScriptedJudge(SCRIPT))
    engine.process(make_stream(SEED, RECORDS))
    return engine


def facts(engine: Engine) -> dict[str, Any]:
    """What can be read off an engine, as JSON."""
    found = {
        "counts": {name: getattr(engine.counts, name) for name in engine.counts.__struct_fields__},
        "scores": engine.scores,
        "champion": engine.pool.champion.name,
        "ladder": [checkpoint.name for checkpoint in engine.pool.checkpoints.known()],
        "shadows": [*engine.pool.shadows.alive],
        "challengers": [*engine.pool.challengers.alive],
        "pending": [pending.example.id for pending in engine.labels.pending()],
        "suspecting": engine.supervisor.suspecting,
    }
    return dict(orjson.loads(orjson.dumps(found)))


def main() -> None:
    """Writes the snapshot of this format, and what is known of it."""
    engine = make_engine()
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / f"format-{FORMAT}.snapshot").write_bytes(engine.snapshot())
    known = orjson.dumps(facts(engine), option=orjson.OPT_INDENT_2)
    (FIXTURES / f"format-{FORMAT}.json").write_bytes(known + b"\n")


if __name__ == "__main__":
    main()
