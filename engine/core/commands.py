"""Commands by hand: a person rolls back, promotes, suspects, pins, unpins or saves."""

from collections.abc import Sequence

from engine.core.model_pool import ModelPool
from engine.supervision.decisions import Command, ProposedDecision
from engine.supervision.supervisor import Supervisor


def proposed(command: Command, pool: ModelPool, supervisor: Supervisor) -> ProposedDecision:
    """What a command asks for, as a decision; `save` is the caller's.

    One that cannot be carried out is a decision too: an alert that says what there is to choose from.
    """
    why = f"by hand: {command.why}"
    if command.order == "pin" or command.order == "unpin":  # noqa: PLR1714 - this narrows the type
        supervisor.pin(pinned=command.order == "pin")
        return ProposedDecision(command.order, why, "", {})
    if command.order == "suspect":
        if supervisor.suspecting:
            return ProposedDecision("alert", f"{why}; what serves is suspected already", "", {})
        return ProposedDecision("suspect", why, "", {})
    if command.order == "promote":
        names = [*pool.challengers.alive]
        if command.target in names:
            return ProposedDecision("promotion", why, command.target, {})
        return _refused(command, names, "challengers")
    return _rollback(command, pool, why)


def _rollback(command: Command, pool: ModelPool, why: str) -> ProposedDecision:
    known = {checkpoint.name: checkpoint for checkpoint in pool.checkpoints.known()}
    newest = pool.checkpoints.newest
    name = command.target or ("" if newest is None else newest.name)
    if name not in known:
        return _refused(command, [*known], "vetted checkpoints")
    if name not in pool.shadows.alive:
        pool.shadows.add(pool.revive(known[name]))
    return ProposedDecision("rollback", why, name, {})


def _refused(command: Command, there: Sequence[str], what: str) -> ProposedDecision:
    reason = (
        f"by hand: {command.order} {command.target or '(the newest)'}: no such thing; {what}: "
        f"{', '.join(there) or 'none'}. Asked for because: {command.why}"
    )
    return ProposedDecision("alert", reason, command.target, {})
