"""Snapshots of every format that was ever written are read, or refused by name."""

from pathlib import Path

import orjson
import pytest

from engine.core.engine import Engine
from engine.core.state import EngineState
from engine.errors import SnapshotError
from engine.events import Event
from engine.models.serialization import VERSIONS
from engine.packing import FORMAT, unpack
from tests.support.engines import ScriptedJudge, make_config, make_stream
from tests.support.snapshots import FIXTURES, RECORDS, SCRIPT, SECTIONS, SEED, facts, make_engine

SAVED = sorted(FIXTURES.glob("format-*.snapshot"))
THIS = FIXTURES / f"format-{FORMAT}.snapshot"


def test_this_format_has_a_snapshot() -> None:
    assert THIS in SAVED


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
def test_a_snapshot_of_any_format_is_read_or_refused_by_name(path: Path) -> None:
    number = int(path.stem.rpartition("-")[2])
    if number != FORMAT:
        with pytest.raises(SnapshotError, match=f"expected format {FORMAT}, got {number}"):
            unpack(path.read_bytes(), "engine snapshot", EngineState)
        return
    state = unpack(path.read_bytes(), "engine snapshot", EngineState)
    known = orjson.loads(path.with_suffix(".json").read_bytes())
    assert state.admission.records == known["counts"]["records"]
    assert state.pool.champion.name == known["champion"]
    assert [name for name, _ in state.labels.pending] == known["pending"]
    assert [shadow.live.name for shadow in state.pool.shadows] == known["shadows"]
    assert (state.supervisor.suspicion is not None) == known["suspecting"]


def test_an_engine_goes_on_from_the_kept_snapshot_as_from_its_own() -> None:
    """Its models are River's pickles, and these load in the version of River and Python that wrote them."""
    saved, config = THIS.read_bytes(), make_config(**SECTIONS)
    river, python = b'"river":"0.26', f'"python":"{VERSIONS["python"]}"'.encode()
    if river not in saved or python not in saved:
        with pytest.raises(SnapshotError, match=r"saved with (river|python)"):
            Engine.restore(saved, config, ScriptedJudge())
        return
    kept, fresh = Engine.restore(saved, config, ScriptedJudge(SCRIPT)), make_engine()
    assert facts(kept) == facts(fresh) == orjson.loads(THIS.with_suffix(".json").read_bytes())
    rest = make_stream(SEED, 500)[RECORDS:]
    assert seen(kept.process(rest)) == seen(fresh.process(rest))


def seen(events: list[Event]) -> list[str]:
    """Events as text, without models: their bytes depend on which equal strings were one object."""
    return [str(event) for event in events if type(event).__name__ != "Version"]
