"""The gate: a challenger is promoted only when it is surely no worse on rows that nobody learned from."""

from collections.abc import Sequence
from functools import partial

from engine.config import EngineConfig
from engine.core.live_model import LiveModel
from engine.core.model_pool import ModelPool
from engine.errors import RegistryError
from engine.evaluation.progressive_scores import Scores
from engine.records.values import Example, visible
from engine.registry.evaluation import Tried, compare, estimate, try_on
from engine.supervision.decisions import ProposedDecision


def gated(
    config: EngineConfig, pool: ModelPool, promotion: ProposedDecision, holdout: Sequence[Example]
) -> ProposedDecision:
    """The promotion, with its evidence on the held-out rows; an alert when the challenger is worse there."""
    name = promotion.shadow
    limit = config.supervision.gate_margin
    fresh = partial(Scores, config.scores, config.model.task)
    try:
        theirs = _tried(pool.challengers.alive[name].live, holdout)
        ours = _tried(pool.champion, holdout)
        difference = compare(theirs, ours, fresh)["loss"]
        loss = estimate(ours, fresh)["loss"].value
    except (RegistryError, KeyError) as error:
        return _refused(promotion, f"the held-out rows say nothing: {error}", {})
    numbers = {
        "holdout_events": float(len(holdout)),
        "holdout_loss": loss + difference.value,
        "holdout_champion_loss": loss,
        "holdout_high": difference.high,
    }
    if difference.high > limit * loss:
        why = (
            f"on the {len(holdout)} held-out rows its loss is {difference.value:+.4f} against the "
            f"champion's {loss:.4f}, with 95 % certainty at most {difference.high:+.4f}; "
            f"{limit * loss:.4f} is allowed"
        )
        return _refused(promotion, why, numbers)
    return ProposedDecision("promotion", promotion.reason, name, {**promotion.evidence, **numbers})


def _tried(live: LiveModel, rows: Sequence[Example]) -> list[Tried]:
    if live.masked:
        rows = [Example(row.id, row.time, visible(row.features, live.masked), row.label) for row in rows]
    return try_on(live.running.predict, live.running.ops, rows)


def _refused(promotion: ProposedDecision, why: str, numbers: dict[str, float]) -> ProposedDecision:
    reason = f"{promotion.reason}; the gate did not let it through: {why}"
    return ProposedDecision("alert", reason, promotion.shadow, {**promotion.evidence, **numbers})
