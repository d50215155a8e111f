"""Changes by hand: a person rolls back, promotes, pins or unpins; the audit log says who and why."""

from engine.core.deciding import carry_out, checkpoint, version
from engine.core.parts import Parts
from engine.events import Event
from engine.supervision.decisions import Command, ProposedDecision


def obey(parts: Parts, command: Command, events: list[Event]) -> None:
    """Carries a command out between two records; appends what came of it.

    One that cannot be carried out is a decision too: an alert that says what there is to choose from.
    """
    if command.id in parts.progress.commands:
        return
    parts.progress.commands.append(command.id)
    if command.order == "save":
        saved = checkpoint(parts, f"r{parts.counts.records}")
        events.append(version(parts, saved, "requested", parts.clock.time))
        finding = ProposedDecision("save", f"by hand: {command.why}", saved.name, {})
    else:
        finding = _finding(parts, command)
    carry_out(parts, finding, parts.clock.time, events, who=command.who)


def _finding(parts: Parts, command: Command) -> ProposedDecision:
    why = f"by hand: {command.why}"
    if command.order in {"pin", "unpin"}:
        parts.supervisor.state.pinned = command.order == "pin"
        return ProposedDecision(command.order, why, "", {})
    if command.order == "suspect":
        known_already = parts.supervisor.suspecting
        said = f"{why}; what serves is suspected already" if known_already else why
        return ProposedDecision("alert" if known_already else "suspect", said, "", {})
    if command.order == "promote":
        rivals = [*parts.challengers.state.alive]
        if command.target in rivals:
            return ProposedDecision("promotion", why, command.target, {})
        return _refused(command, rivals, "challengers")
    return _rollback(parts, command, why)


def _rollback(parts: Parts, command: Command, why: str) -> ProposedDecision:
    known = {checkpoint.name: checkpoint for checkpoint in parts.candidates.known()}
    name = command.target or next(reversed([c.name for c in parts.candidates.state.ladder]), "")
    if name not in known:
        return _refused(command, [*known], "vetted checkpoints")
    parts.candidates.wake(known[name])
    return ProposedDecision("rollback", why, name, {})


def _refused(command: Command, there: list[str], what: str) -> ProposedDecision:
    reason = (
        f"by hand: {command.order} {command.target or '(the newest)'}: no such thing; {what}: "
        f"{', '.join(there) or 'none'}. Asked for because: {command.why}"
    )
    return ProposedDecision("alert", reason, command.target, {})
