"""Components that need more than their own section of the configuration."""

from dataclasses import replace

from engine.config import EngineConfig
from engine.core.loss_detector import AdwinOfLoss
from engine.errors import ConfigError
from engine.evaluation.business_metrics import make_values
from engine.evaluation.progressive_scores import Scores
from engine.supervision.supervisor import Supervisor
from engine.supervision.triggers.base import Surroundings
from engine.supervision.triggers.registry import make_triggers
from engine.tasks.aggregation import heaviest
from engine.tasks.registry import find_task


def make_scores(config: EngineConfig, *, decides: bool) -> Scores:
    """Progressive scores and business metrics.

    Args:
        config: Which ones.
        decides: Whether a class or a value is served, and not a score alone.

    Raises:
        ConfigError: When a metric cannot be built or does not fit the task.
    """
    task = config.model.task
    scores = Scores(config.scores, task, make_values(config.business, task, config.record))
    if not decides and (scores.decides or config.business):
        raise ConfigError(
            "scores.metrics, business: the detector has no threshold to decide by, so only metrics of "
            "scores (RollingROCAUC, ROCAUC) can be kept; wrap it in anomaly.QuantileFilter or "
            "anomaly.ThresholdFilter"
        )
    return scores


def make_supervisor(config: EngineConfig) -> Supervisor:
    """Supervision, with the triggers that are switched on."""
    task = find_task(config.model.task)
    bounded = task.bounded_loss
    detector = AdwinOfLoss(config.monitoring.loss_drift_delta, bounded=bounded, allow=config.allowed)
    triggers = make_triggers(Surroundings(config.supervision, bounded, detector))
    aggregation = task.aggregation
    if config.supervision.serve == "switch":
        aggregation = replace(aggregation, combine=heaviest)
    return Supervisor(config.supervision, triggers, bounded_loss=bounded, aggregation=aggregation)
