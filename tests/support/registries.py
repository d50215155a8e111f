"""Registries and versions for tests."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from river import linear_model

from engine.core.serialize import as_dict
from engine.models.serialization import digest, dump
from engine.registry.audit_entry import Draft
from engine.registry.blobs import Blobs
from engine.registry.log import Log
from engine.registry.registry import MODEL, Registry
from engine.registry.versions import Learned, Version
from engine.rows import Reason, Role

RUN = "test-1"


def make(folder: Path, *, key: bytes | None = None, database: str = "", models: str = "") -> Registry:
    """One in a folder, at a clock that goes on by a second whenever it is looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    log = Log(database or f"sqlite:///{folder / 'log.sqlite'}", key, create=True)
    ticks = count(1_700_000_000.0)
    return Registry(log, Blobs(models or str(folder / "models")), lambda: next(ticks))


def named(name: str) -> linear_model.LinearRegression:
    """A model that is told apart by its name."""
    model = linear_model.LinearRegression()
    model._name = name  # type: ignore[attr-defined]
    return model


def version(  # noqa: PLR0913 - what tests choose
    name: str,
    *,
    reason: Reason = "passed",
    window: int = 0,
    parent: str = "",
    targets: tuple[str, ...] = (),
    model: Any = None,
    role: Role = "champion",
    time: float = 10.0,
) -> Version:
    """A version of the key `main`; without a model one that is told apart by its name."""
    saved = dump(named(name) if model is None else model, MODEL)
    learned = Learned(10 * window, 0.0, time)
    scores = {"loss": 0.25}
    place: dict[str, Any] = {"window": window, "records": 20 * window, "positions": {"a.jsonl": window}}
    return Version(
        key="main",
        name=name,
        parent=parent,
        role=role,
        reason=reason,
        **place,
        learned=learned,
        time=time,
        scores=scores,
        approved_by="",
        targets=targets,
        digest=digest(saved),
        saved=saved,
    )


def items(*versions: Version, run: str = RUN) -> Iterator[tuple[Draft, bytes | None]]:
    """As a flow writes them."""
    for one in versions:
        yield Draft(run, one.key, "version", one.name, one.time, "", as_dict(one)), one.saved


def decision(
    number: int, action: str = "alert", *, model: str = "m0", previous: str = "m0", time: float = 1.0
) -> Draft:
    """A decision as a flow writes it."""
    body = {
        "key": "main",
        "number": number,
        "time": time,
        "learned": 0,
        "window": 0,
        "action": action,
        "reason": "because",
        "model": model,
        "previous": previous,
        "shadow": "",
        "evidence": {},
    }
    return Draft(RUN, "main", "decision", str(number), time, "", body)
