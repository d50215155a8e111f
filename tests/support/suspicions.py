"""Supervisors with all their triggers, and suspicions, for the tests of supervision."""

from collections.abc import Iterable

from engine.supervision.config import SupervisionConfig
from engine.supervision.supervisor import Supervisor
from engine.supervision.triggers.base import Surroundings
from engine.supervision.triggers.registry import make_triggers
from engine.tasks.regression import REGRESSION


class Threshold:
    """A loss detector that finds a rise in every loss above 100, and counts the losses it was given."""

    def __init__(self) -> None:
        self.seen = 0

    def update(self, loss: float) -> bool:
        self.seen += 1
        return loss > 100

    def dump(self) -> bytes:
        return str(self.seen).encode()

    def load(self, saved: bytes) -> None:
        self.seen = int(saved)

    def reset(self) -> None:
        self.seen = 0


def make_supervisor(config: SupervisionConfig, *, bounded: bool = True) -> Supervisor:
    """A supervisor with every trigger that its configuration has switched on.

    Suspicions that begin without a span of values have no mixture: the champion serves alone.
    """
    triggers = make_triggers(Surroundings(config, bounded, Threshold()))
    return Supervisor(config, triggers, bounded_loss=bounded, aggregation=REGRESSION.aggregation)


def suspect(supervisor: Supervisor, shadows: Iterable[str]) -> None:
    """Opens a suspicion with these vetted shadows."""
    names = list(shadows)
    supervisor.begin("m0", max(1, len(names)))
    for name in names:
        supervisor.enter(name, "rollback")
