"""What the losses of a suspicion, or of a challenger, amount to, as proposed decisions."""

from engine.supervision.decisions import Action, ProposedDecision, loss_text
from engine.supervision.evidence import Trial
from engine.supervision.suspicion import Suspicion


def better(action: Action, name: str, trial: Trial) -> ProposedDecision:
    """One has proved better than the champion."""
    events = trial.events
    reason = (
        f"{name} is better on the same {events} events: loss {loss_text(trial.shadow / events)} against the "
        f"champion's {loss_text(trial.champion / events)}"
    )
    return ProposedDecision(action, reason, name, trial.numbers())


def waits(suspicion: Suspicion, name: str, *, leads: bool) -> bool:
    """Whether one that is better, and serves by its weight, must not take over before windows pass.

    As champion it would learn what fails. A fresh one does so anyway: it waits until it leads when a window
    closes. One that sees nothing of what fails, or has learned all of it, need not wait.

    Args:
        suspicion: The open one.
        name: The one that is better.
        leads: Whether a window has closed, and it has the largest weight.
    """
    if suspicion.learning and not suspicion.strange and not suspicion.strange_before:
        return False
    return waits_if_strange(suspicion.actions[name], leads=leads)


def waits_if_strange(action: Action, *, leads: bool = False) -> bool:
    """The same while windows fail, or an example of the open window or the one before was strange."""
    return action == "rollback" or (action == "reset" and not leads)


def cleared(suspicion: Suspicion, min_events: int, tolerance: float) -> ProposedDecision | None:
    """A window has passed: was the champion no worse than the best of the others?

    Args:
        suspicion: The open one.
        min_events: Labelled events on which they must have been compared.
        tolerance: The share by which it may be worse.
    """
    if not suspicion.trials:
        return ProposedDecision("clear", "a window passed, and there was no shadow to compare with", "", {})
    best = suspicion.best_before() if suspicion.previous_throughout else None
    if best is None or best[1].events < min_events:
        return None
    name, paired = best
    if paired.champion_judged > paired.shadow_judged * (1.0 + tolerance):
        return None
    champion, shadow = paired.champion / paired.events, paired.shadow / paired.events
    reason = (
        f"the champion is no worse than {name} on the same {paired.events} events: loss "
        f"{loss_text(champion)} against {loss_text(shadow)}"
    )
    evidence = {"events": float(paired.events), "champion_loss": champion, "shadow_loss": shadow}
    return ProposedDecision("clear", reason, name, evidence)
