"""Who is compared with a suspected champion, and how each does on the labelled events still at hand.

- *vetted* checkpoints and replaced champions: the newest of the ladder, and those that do best on what is at
  hand. They have learned nothing since, so what they say now is what they would have said then.
- *masked*: the newest vetted checkpoint without the features that fail. It never sees these, so it may
  learn all the time.
- *fresh*: an untrained model that learns what is at hand, and all that comes.

The last two are replayed: each predicts an example before it learns what was known only later.
"""

from collections.abc import Iterable, Mapping, Sequence

from engine.core.candidates import Checkpoint, Shadow
from engine.core.parts import Parts
from engine.models.operations import make_model
from engine.monitoring.tables import OWN_COLUMNS, feature_of
from engine.monitoring.types import Check
from engine.records.events import Outcome, Output
from engine.records.values import Target
from engine.supervision.decisions import ProposedDecision

_TRIED_ON = 500
"""Labelled events, the newest, on which checkpoints are tried to choose among them."""

_MOST_NAMED = 3


def open_suspicion(parts: Parts, checks: Iterable[Check]) -> tuple[list[Shadow], ProposedDecision | None]:
    """Brings the candidates to life and compares them on the labelled events still at hand.

    Args:
        parts: The engine's parts.
        checks: The checks of the window that opens it, if any does.

    Returns:
        The shadows, and what is to be done already.
    """
    limits, state = parts.config.supervision, parts.candidates.state
    known = parts.candidates.known()
    rows = parts.windows.learnable()
    suspicion = parts.supervisor.begin(max(1, len(known) + limits.mask + limits.reset))
    vetted = _chosen(parts, known, rows)
    others = [
        shadow for shadow in (_masked(parts, broken_columns(checks)), _fresh(parts)) if shadow is not None
    ]
    for shadow in (*vetted, *others):
        state.shadows[shadow.name] = shadow
        suspicion.join(shadow.name, shadow.action)
    _ask_for_waiting(parts, vetted)
    replayed = [_replay(parts, shadow, rows) for shadow in others]
    return [*vetted, *others], parts.supervisor.permit(_compare(parts, vetted, replayed, rows))


def _chosen(parts: Parts, known: Sequence[Checkpoint], rows: Sequence[Outcome]) -> list[Shadow]:
    """The newest vetted checkpoint, and those of the others that lose least on the newest rows."""
    most = parts.config.supervision.shadows
    ladder = parts.candidates.state.ladder
    alive = [parts.candidates.alive(checkpoint) for checkpoint in reversed(known)]
    if len(alive) <= most:
        return alive
    newest = [shadow for shadow in alive if ladder and shadow.name == ladder[-1].name]
    rest = [shadow for shadow in alive if shadow not in newest]
    tried = [row for row in rows if row.loss is not None and row.label is not None][-_TRIED_ON:]
    losses = {shadow.name: _mean_loss(parts, shadow, tried) for shadow in rest}
    return (newest + sorted(rest, key=lambda shadow: losses[shadow.name]))[:most]


def _mean_loss(parts: Parts, shadow: Shadow, rows: Sequence[Outcome]) -> float:
    losses = [
        losses_of(parts, parts.candidates.predict_with([shadow], row.example.features), row.label).get(
            shadow.name
        )
        for row in rows
    ]
    known = [loss for loss in losses if loss is not None]
    return sum(known) / len(known) if known else float("inf")


def broken_columns(checks: Iterable[Check]) -> frozenset[str]:
    """The features that fail, or are stuck, by these checks."""
    return frozenset(
        feature_of(check.column)
        for check in checks
        if check.column
        and (check.status == "fail" or (check.name == "stuck" and check.status != "pass"))
        and check.name not in {"quality", "quality drop", "business", "extra"}
        and check.column not in OWN_COLUMNS
    )


def follow_failing(parts: Parts, checks: Iterable[Check]) -> None:
    """Another window failed under the suspicion: other features may be broken now."""
    suspicion, shadows = parts.supervisor.state.suspicion, parts.candidates.state.shadows
    if suspicion is None:
        return
    broken = broken_columns(checks)
    before = next((shadow for shadow in shadows.values() if shadow.action == "mask"), None)
    if before is not None and broken <= before.without:
        return
    shadow = _masked(parts, broken if before is None else broken | before.without)
    if shadow is None or shadow.name in shadows:
        return
    if before is not None:
        del shadows[before.name]
    shadows[shadow.name] = shadow
    suspicion.join(shadow.name, shadow.action, "" if before is None else before.name)
    rows = parts.windows.learnable()
    for row in rows:
        parts.candidates.learn_late(shadow, row)


def begin_again(parts: Parts, rows: Iterable[Outcome]) -> None:
    """Windows pass again, or the loss has come down: the fresh model forgets what it learned meanwhile."""
    for name, shadow in parts.candidates.state.shadows.items():
        if shadow.action == "reset":
            fresh = make_model(parts.config.model)
            again = Shadow(name, "reset", "", parts.counts.predicted, fresh, 0)
            for row in rows:
                parts.candidates.learn_late(again, row)
            parts.candidates.state.shadows[name] = again


def _masked(parts: Parts, broken: frozenset[str]) -> Shadow | None:
    """The newest vetted checkpoint without these features; none when there would be nothing left of it."""
    ladder = parts.candidates.state.ladder
    reference = parts.progress.reference
    if not parts.config.supervision.mask or not broken or not ladder or reference is None:
        return None
    if broken >= {feature_of(name) for name in reference.columns if name not in OWN_COLUMNS}:
        return None
    names = sorted(map(str, broken))
    said = ", ".join(names) if len(names) <= _MOST_NAMED else f"{len(names)} features"
    shadow = parts.candidates.alive(ladder[-1], "mask")
    shadow.name = f"{shadow.name} without {said}"
    shadow.without |= broken
    return shadow


def _fresh(parts: Parts) -> Shadow | None:
    if not parts.config.supervision.reset:
        return None
    name = f"{parts.candidates.state.name}.fresh"
    return Shadow(name, "reset", "", 0, make_model(parts.config.model), 0)


def _ask_for_waiting(parts: Parts, vetted: Sequence[Shadow]) -> None:
    """Examples that still wait for a label get the vetted shadows' predictions, beside the challengers'."""
    for held in parts.waiting.all():
        fair = [shadow for shadow in vetted if held.sequence >= shadow.sequence]
        said = parts.candidates.predict_with(fair, held.example.features)
        held.shadows = (held.shadows or {}) | said


def _replay(parts: Parts, shadow: Shadow, rows: Sequence[Outcome]) -> dict[int, dict[str, Output | None]]:
    """What a shadow that learns says of each row, by its order, having learned only what was known then."""
    said: dict[int, dict[str, Output | None]] = {}
    learned = 0
    for row in sorted(rows, key=lambda row: row.sequence):
        while learned < len(rows) and rows[learned].known <= row.sequence:
            parts.candidates.learn_late(shadow, rows[learned])
            learned += 1
        if row.sequence >= shadow.sequence:
            said[row.order] = parts.candidates.predict_with([shadow], row.example.features)
    for row in rows[learned:]:
        parts.candidates.learn_late(shadow, row)
    return said


def _compare(
    parts: Parts,
    vetted: Sequence[Shadow],
    replayed: Sequence[Mapping[int, dict[str, Output | None]]],
    rows: Iterable[Outcome],
) -> ProposedDecision | None:
    """Compares champion and shadows on the rows at hand; only the champion's own predictions count."""
    champion, finding = parts.candidates.state.name, None
    for row in rows:
        # A correction is of a prediction that was compared when its first label came.
        if row.loss is None or row.model != champion or row.correction:
            continue
        fair = [shadow for shadow in vetted if row.sequence >= shadow.sequence]
        outputs = parts.candidates.predict_with(fair, row.example.features)
        for said in replayed:
            outputs |= said.get(row.order, {})
        losses = losses_of(parts, outputs, row.label)
        finding = parts.supervisor.compare(row.sequence, row.loss, losses, parts.counts.learned)
    return finding


def losses_of(parts: Parts, outputs: Mapping[str, Output | None], label: Target | None) -> dict[str, float]:
    """The loss of each output on the label, where it has one."""
    loss_of = parts.ops.loss
    losses = {}
    for name, output in outputs.items():
        loss = None if output is None else loss_of(output, label)
        if loss is not None:
            losses[name] = loss
    return losses
