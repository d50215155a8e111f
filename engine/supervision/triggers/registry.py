"""All triggers, in the order in which they are asked; the first reason counts."""

from engine.supervision.triggers.base import Surroundings, Trigger
from engine.supervision.triggers.baseline import FallsBehind
from engine.supervision.triggers.loss_drift import LossDrifts
from engine.supervision.triggers.loss_rise import LossRises
from engine.supervision.triggers.null_outputs import OutputsVanish
from engine.supervision.triggers.window_verdict import WindowFails, WindowWarns

TRIGGERS: tuple[type[Trigger], ...] = (
    WindowFails,
    WindowWarns,
    LossDrifts,
    LossRises,
    FallsBehind,
    OutputsVanish,
)


def make_triggers(given: Surroundings) -> list[Trigger]:
    """Those that the configuration has switched on."""
    return [kind(given) for kind in TRIGGERS if getattr(given.config, f"on_{kind.name}")]
