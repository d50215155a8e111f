"""Online learning that watches its data and its model, and rolls back. It does no input or output.

    from engine import Engine, EngineConfig, Example, Label

What is listed here is the public interface; every other module may change from version to version. Names are
imported when they are first used, so `import engine` itself imports no model library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.config import EngineConfig
    from engine.core.engine import Engine
    from engine.core.overall_summary import overall
    from engine.core.serialize import as_dict, as_line
    from engine.errors import (
        ConfigError,
        EvaluatorError,
        InputError,
        ModelError,
        OutputError,
        RegistryError,
        RiverkeeperError,
        SnapshotError,
        UsageError,
    )
    from engine.events import Alert, Decision, Event, FullReport, Rates, Report, Summary
    from engine.keeper.async_keeper import AsyncKeeper
    from engine.keeper.durable import Durable, HostState
    from engine.keeper.keeper import Keeper
    from engine.monitoring.detectors.detectors import Drift
    from engine.monitoring.first_look.verdict import PreliminaryVerdict
    from engine.monitoring.worker.evaluator import WindowEvaluator, make_evaluator
    from engine.records.decode import Decoder
    from engine.records.events import (
        AnomalyScore,
        ContractViolation,
        Counts,
        DeadLetter,
        Outcome,
        Prediction,
    )
    from engine.records.values import Example, Label, Record, Unreadable
    from engine.registry.versions import Start, Version
    from engine.supervision.decisions import Command

_HOMES = {
    "engine.config": ("EngineConfig",),
    "engine.core.engine": ("Engine",),
    "engine.core.overall_summary": ("overall",),
    "engine.core.serialize": ("as_dict", "as_line"),
    "engine.errors": (
        "ConfigError",
        "EvaluatorError",
        "InputError",
        "ModelError",
        "OutputError",
        "RegistryError",
        "RiverkeeperError",
        "SnapshotError",
        "UsageError",
    ),
    "engine.events": ("Alert", "Decision", "Event", "FullReport", "Rates", "Report", "Summary"),
    "engine.keeper.async_keeper": ("AsyncKeeper",),
    "engine.keeper.durable": ("Durable", "HostState"),
    "engine.keeper.keeper": ("Keeper",),
    "engine.monitoring.detectors.detectors": ("Drift",),
    "engine.monitoring.first_look.verdict": ("PreliminaryVerdict",),
    "engine.monitoring.worker.evaluator": ("WindowEvaluator", "make_evaluator"),
    "engine.records.decode": ("Decoder",),
    "engine.records.events": (
        "AnomalyScore",
        "ContractViolation",
        "Counts",
        "DeadLetter",
        "Outcome",
        "Prediction",
    ),
    "engine.records.values": ("Example", "Label", "Record", "Unreadable"),
    "engine.registry.versions": ("Start", "Version"),
    "engine.supervision.decisions": ("Command",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # noqa: RUF022 - in the order in which one meets them
    # Engines by key, for programs that embed them
    "Keeper",
    "AsyncKeeper",
    "Durable",
    "HostState",
    "as_dict",
    "as_line",
    # The engine
    "Engine",
    "EngineConfig",
    "Command",
    "Start",
    "WindowEvaluator",
    "make_evaluator",
    "overall",
    # What goes in
    "Record",
    "Example",
    "Label",
    "Unreadable",
    "Decoder",
    # What comes out
    "Event",
    "Prediction",
    "AnomalyScore",
    "Outcome",
    "DeadLetter",
    "ContractViolation",
    "PreliminaryVerdict",
    "Drift",
    "Report",
    "FullReport",
    "Rates",
    "Decision",
    "Version",
    "Alert",
    "Summary",
    "Counts",
    # What goes wrong
    "RiverkeeperError",
    "ConfigError",
    "ModelError",
    "SnapshotError",
    "InputError",
    "OutputError",
    "UsageError",
    "EvaluatorError",
    "RegistryError",
]


# Before anything imports River.
import_module("engine.models.lean_river").install()


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    found = getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
