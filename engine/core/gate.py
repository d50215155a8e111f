"""The gate: a challenger is promoted only when it is surely no worse on rows that nobody learned from."""

from functools import partial

from engine.core.parts import Parts
from engine.errors import RegistryError
from engine.evaluation.progressive_scores import Scores
from engine.records.values import Example, visible
from engine.registry.evaluation import Tried, compare, estimate, try_on
from engine.supervision.decisions import ProposedDecision


def gated(parts: Parts, promotion: ProposedDecision) -> ProposedDecision:
    """The promotion, with what the held-out rows say of it; or an alert, and the trial begins anew."""
    name = promotion.shadow
    challenger = parts.challengers.state.alive[name]
    champion = parts.candidates.state
    limit = parts.config.supervision.gate_margin
    fresh = partial(Scores, parts.config.scores, parts.config.model.task)
    try:
        theirs = _tried(parts, challenger.model, challenger.without)
        ours = _tried(parts, champion.champion, champion.without)
        difference = compare(theirs, ours, fresh)["loss"]
        loss = estimate(ours, fresh)["loss"].value
    except (RegistryError, KeyError) as error:
        return _refused(parts, promotion, f"the held-out rows say nothing: {error}", {})
    numbers = {
        "holdout_events": float(len(parts.holdout)),
        "holdout_loss": loss + difference.value,
        "holdout_champion_loss": loss,
        "holdout_high": difference.high,
    }
    if difference.high > limit * loss:
        why = (
            f"on the {len(parts.holdout)} held-out rows its loss is {difference.value:+.4f} against the "
            f"champion's {loss:.4f}, with 95 % certainty at most {difference.high:+.4f}; "
            f"{limit * loss:.4f} is allowed"
        )
        return _refused(parts, promotion, why, numbers)
    return ProposedDecision("promotion", promotion.reason, name, {**promotion.evidence, **numbers})


def _tried(parts: Parts, model: object, without: frozenset[str]) -> list[Tried]:
    rows = parts.holdout
    if without:
        rows = [Example(row.id, row.time, visible(row.features, without), row.label) for row in rows]
    return try_on(model, parts.ops, rows)


def _refused(
    parts: Parts, promotion: ProposedDecision, why: str, numbers: dict[str, float]
) -> ProposedDecision:
    name = promotion.shadow
    parts.contest.again(name, parts.counts.predicted)
    reason = f"{promotion.reason}; the gate did not let it through: {why}"
    return ProposedDecision("alert", reason, name, {**promotion.evidence, **numbers})
