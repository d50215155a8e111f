"""Which models are compared with a suspected champion, and how each does on the labelled rows at hand.

- *vetted* checkpoints and replaced champions: the newest of the ladder, and those that do best on the rows at
  hand. They have learned nothing since, so their outputs now are what they would have been then.
- *masked*: the newest vetted checkpoint, with the failing features hidden. It never sees these, so it may
  learn all the time.
- *fresh*: an untrained model that learns the rows at hand, and all that follow.

The last two are replayed: each predicts an example before it learns what was known only later.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol, runtime_checkable

from engine.core.live_model import Checkpoint
from engine.core.model_pool import ModelPool
from engine.core.shadows import Shadow
from engine.core.window_review import WindowReview
from engine.monitoring.tables import OWN_COLUMNS, feature_of
from engine.monitoring.types import Check, Table
from engine.records.events import Outcome, Output
from engine.supervision.decisions import ProposedDecision
from engine.supervision.supervisor import Supervisor
from engine.supervision.suspicion import Suspicion
from engine.windows import Window

_TRIED_ON = 500
"""Labelled rows, the newest, on which checkpoints are tried to choose among them."""

_MOST_NAMED = 3

Replayed = Mapping[int, Output | None]
"""A shadow's output for each row, by its order."""


@runtime_checkable
class Rehearsing(Protocol):
    """Outcomes that are held in a way that models can be compared on without each being made for it."""

    def rehearse(  # noqa: PLR0913, PLR0917 - whom to compare, on what, and what the evidence is
        self,
        windows: list[Sequence[Outcome]],
        champion: str,
        vetted: Sequence[Shadow],
        others: Sequence[Shadow],
        suspicion: Suspicion,
        scale: float,
    ) -> tuple[Outcome | None, dict[str, Output | None]] | None:
        """As `compare_on` does, but for the last outcome that counts: that, and what each said for it.

        `None` when it cannot; then nothing has changed.
        """


def best_checkpoints(
    pool: ModelPool, known: Sequence[Checkpoint], windows: Sequence[Sequence[Outcome]], most: int
) -> list[Shadow]:
    """The newest vetted checkpoint, and those of the others that lose least on the newest rows."""
    newest = pool.checkpoints.newest
    alive = [pool.revive(checkpoint) for checkpoint in reversed(known)]
    if len(alive) <= most:
        return alive
    first = [shadow for shadow in alive if newest is not None and shadow.name == newest.name]
    rest = [shadow for shadow in alive if shadow not in first]
    newest_first = (row for rows in reversed(windows) for row in _backwards(rows))
    known_loss = (row for row in newest_first if row.loss is not None and row.label is not None)
    tried = [*islice(known_loss, _TRIED_ON)][::-1]
    losses = {shadow.name: _excess(pool, shadow, tried) for shadow in rest}
    return (first + sorted(rest, key=lambda shadow: losses[shadow.name]))[:most]


def _backwards(rows: Sequence[Outcome]) -> Iterator[Outcome]:
    return (rows[place] for place in range(len(rows) - 1, -1, -1))


def _excess(pool: ModelPool, shadow: Shadow, rows: Sequence[Outcome]) -> float:
    """By how much a checkpoint loses more than what was served, on average over rows it has not learned.

    One that has learned them all says nothing, and counts as no better and no worse.
    """
    losses = [
        loss - row.loss
        for row in rows
        if row.sequence >= shadow.sequence and row.loss is not None
        for loss in pool.losses({"": shadow.live.try_predict(row.example.features)}, row.label).values()
    ]
    return sum(losses) / len(losses) if losses else 0.0


def broken_features(checks: Iterable[Check]) -> frozenset[str]:
    """The features that fail, or are stuck, by these checks."""
    return frozenset(
        feature_of(check.column)
        for check in checks
        if check.column
        and (check.status == "fail" or (check.name == "stuck" and check.status != "pass"))
        and check.name not in {"quality", "quality drop", "business", "extra"}
        and check.column not in OWN_COLUMNS
    )


def masked_shadow(pool: ModelPool, broken: frozenset[str], reference: Table | None) -> Shadow | None:
    """The newest vetted checkpoint without these features; `None` when nothing would be left of it."""
    newest = pool.checkpoints.newest
    if not broken or newest is None or reference is None:
        return None
    if broken >= {feature_of(name) for name in reference.columns if name not in OWN_COLUMNS}:
        return None
    names = sorted(map(str, broken))
    described = ", ".join(names) if len(names) <= _MOST_NAMED else f"{len(names)} features"
    shadow = pool.revive(newest, "mask")
    shadow.live.name = f"{shadow.live.name} without {described}"
    shadow.live.masked |= broken
    return shadow


def follow_failing(
    pool: ModelPool, supervisor: Supervisor, review: WindowReview, checks: Iterable[Check], *, mask: bool
) -> None:
    """Another window failed under the suspicion: other features may be broken now."""
    if not supervisor.suspecting or not mask:
        return
    broken = broken_features(checks)
    before = next((one for one in pool.shadows.alive.values() if one.action == "mask"), None)
    if before is not None and broken <= before.live.masked:
        return
    wider = broken if before is None else broken | before.live.masked
    shadow = masked_shadow(pool, wider, review.reference)
    if shadow is None or shadow.name in pool.shadows.alive:
        return
    if before is not None:
        pool.shadows.remove(before.name)
    pool.shadows.add(shadow)
    supervisor.enter(shadow.name, shadow.action, instead_of="" if before is None else before.name)
    for rows in review.windows.learnable_by_window():
        shadow.learn_all(rows)


def restart_fresh(pool: ModelPool, predicted: int, windows: Sequence[Window]) -> None:
    """Windows pass again, or the loss has fallen: the fresh model forgets all but these windows."""
    for name, shadow in [*pool.shadows.alive.items()]:
        if shadow.action == "reset":
            fresh = pool.fresh(name, predicted)
            for window in windows:
                fresh.learn_all(window.learnable)
            pool.shadows.add(fresh)


def replay(shadow: Shadow, rows: Sequence[Outcome]) -> Replayed:
    """A shadow's output for each row, having learned only the rows whose outcome was known by then.

    Afterwards it has learned all of them.
    """
    outputs: dict[int, Output | None] = {}
    learned = 0
    for row in sorted(rows, key=lambda one: one.sequence):
        while learned < len(rows) and rows[learned].known <= row.sequence:
            shadow.learn(rows[learned])
            learned += 1
        if row.sequence >= shadow.sequence:
            outputs[row.order] = shadow.live.try_predict(row.example.features)
    for row in rows[learned:]:
        shadow.learn(row)
    return outputs


def compare_on(
    pool: ModelPool,
    supervisor: Supervisor,
    vetted: Sequence[Shadow],
    others: Sequence[Shadow],
    windows: list[Sequence[Outcome]],
) -> ProposedDecision | None:
    """Compares champion and shadows on the rows at hand; only the champion's own predictions count.

    Args:
        pool: Has the champion.
        supervisor: Takes the losses.
        vetted: Shadows that have learned none of the rows.
        others: Those that are replayed: afterwards they have learned all.
        windows: The rows of each window.

    Returns:
        What comes of the last row.
    """
    rows, suspicion, found = windows[-1], supervisor.suspicion, None
    if isinstance(rows, Rehearsing) and suspicion is not None:
        found = rows.rehearse(windows, pool.champion.name, vetted, others, suspicion, supervisor.scale)
    if found is None:
        proposal = _compare_each(pool, supervisor, vetted, others, windows)
    else:
        outcome, outputs = found
        proposal = None if outcome is None else _compare(pool, supervisor, outcome, outputs)
    guarded = pool.shadows.guarded
    supervisor.start_together("" if guarded is None else guarded.name)
    return proposal


def _compare_each(
    pool: ModelPool,
    supervisor: Supervisor,
    vetted: Sequence[Shadow],
    others: Sequence[Shadow],
    windows: Sequence[Sequence[Outcome]],
) -> ProposedDecision | None:
    champion, proposal = pool.champion.name, None
    rows = [row for window in windows for row in window]
    replayed = {shadow.name: replay(shadow, rows) for shadow in others}
    for row in rows:
        # A correction is of a prediction that was compared when its first label came.
        if row.loss is None or row.model != champion or row.correction or row.together:
            continue
        features = row.example.features
        outputs = {one.name: one.live.try_predict(features) for one in vetted if row.sequence >= one.sequence}
        outputs |= {name: found[row.order] for name, found in replayed.items() if row.order in found}
        proposal = _compare(pool, supervisor, row, outputs)
    return proposal


def _compare(
    pool: ModelPool, supervisor: Supervisor, row: Outcome, outputs: Mapping[str, Output | None]
) -> ProposedDecision | None:
    assert row.loss is not None  # noqa: S101 - only such rows are compared
    losses, since = pool.losses(outputs, row.label), row.known - row.sequence - 1
    return supervisor.compare(row.sequence, row.loss, losses, pool.learned, since)
