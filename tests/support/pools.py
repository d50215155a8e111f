"""A model pool, its outcomes and its checkpoints, for the tests of the pool's parts."""

from typing import Any

from engine.core.live_model import Checkpoint, LiveModel, Moment
from engine.core.model_pool import ModelPool
from engine.records.events import Outcome
from engine.records.values import Example
from engine.registry.versions import Learned
from tests.support.engines import make_config

PROBE = {"a": 1.0, "b": -0.5}


def checkpoint(window: int) -> Checkpoint:
    return Checkpoint(f"m0.w{window}", window, 0, 0, 0, {}, Learned(), {}, "", b"")


def outcome(order: int, label: bool | None = True) -> Outcome:
    features = {"a": float(order % 5), "b": float(order % 3)}
    return Outcome(order, order, Example(str(order), 0.0, features), None, "m0", label, None, 0.0)


def make_pool(checkpoints: int = 4, model: str = "linear_model.LogisticRegression") -> ModelPool:
    supervision = {"min_events": 5, "checkpoints": checkpoints}
    return ModelPool(make_config(model={"task": "binary", "model": model}, supervision=supervision))


def save(pool: ModelPool, window: int, at: int, suffix: str) -> Checkpoint:
    """The champion as it is now."""
    return pool.checkpoint(suffix, Moment(0.0, window, at, at, at, 0, {}), {})


def learn(pool: ModelPool, begin: int, end: int) -> None:
    for order in range(begin, end):
        pool.champion.learn(outcome(order, order % 2 == 0))


def with_ladder(*windows: int, **made: Any) -> ModelPool:
    """A champion that learned ten outcomes in each window, and was vetted after these windows."""
    pool = make_pool(**made)
    for window in range(max(windows) + 1):
        learn(pool, 10 * window, 10 * window + 10)
        if window in windows:
            pool.checkpoints.add(save(pool, window, 10 * window + 10, f"w{window}"))
            pool.checkpoints.vet(window)
    return pool


def says(live: LiveModel) -> Any:
    return live.predict(PROBE)


def revive(pool: ModelPool) -> None:
    """Every known checkpoint as a shadow."""
    for one in pool.checkpoints.known():
        pool.shadows.add(pool.revive(one))


def shadow_says(pool: ModelPool) -> dict[str, Any]:
    return pool.shadows.predict(PROBE, None)
