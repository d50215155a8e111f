"""Builds the detectors that the configuration names, and tries each of them once."""

from collections.abc import Callable, Sequence
from typing import Any

from river import drift
from river.drift import binary

from engine.errors import ConfigError
from engine.monitoring.detectors.config import DetectorConfig
from engine.tasks.registry import find_task

BINARY = ("ddm", "eddm", "hddm_a", "hddm_w")
"""Detectors of a rise in a stream of 0/1 errors."""

SCALED = ("adwin", "page_hinkley")
"""Detectors whose limits are numbers of the stream's own unit."""

_KINDS: dict[str, Callable[..., Any]] = {
    "adwin": drift.ADWIN,
    "page_hinkley": drift.PageHinkley,
    "kswin": drift.KSWIN,
    "ddm": binary.DDM,
    "eddm": binary.EDDM,
    "hddm_a": binary.HDDMA,
    "hddm_w": binary.HDDMW,
}

_DEFAULTS: dict[str, dict[str, Any]] = {
    # As for the loss: see engine.monitoring.detectors.loss_drift.
    "adwin": {"grace_period": 100, "min_window_length": 30},
    # In deviations. River's 0.005 lets a walk of chance alone reach its threshold every few thousand events.
    "page_hinkley": {"delta": 0.25, "threshold": 100.0},
    # Tested at every event, River's 0.005 alarms every few hundred; under a smaller one 30 rows are too few.
    "kswin": {"seed": 1, "alpha": 1e-4, "window_size": 200, "stat_size": 60},
}

_TRIED = 40


def check_detectors(configs: Sequence[DetectorConfig], task: str, *, decides: bool) -> None:
    """Raises for what cannot be built or does not fit the task.

    Raises:
        ConfigError: When a detector cannot look at what it is told to, is there twice, or refuses its
            parameters.
    """
    seen: set[str] = set()
    for number, config in enumerate(configs):
        where = f"monitoring.detectors[{number}]"
        if config.method in BINARY and (config.on != "loss" or not find_task(task).classes):
            raise ConfigError(
                f"{where}: {config.method} is for 0/1 errors only, which is on = 'loss' in classification; "
                f"got on = {config.on!r} in {task}. Use adwin, page_hinkley or kswin"
            )
        if config.on == "loss" and not decides:
            raise ConfigError(f"{where}.on: the detector has no threshold to decide by, so there is no loss")
        if config.name in seen:
            raise ConfigError(f"{where}: {config.name} is there twice")
        seen.add(config.name)
        _try(config, where)


def build(config: DetectorConfig) -> Any:
    """River's detector, untyped as all of them are."""
    return _KINDS[config.method](**(_DEFAULTS.get(config.method, {}) | config.parameters))


def _try(config: DetectorConfig, where: str) -> None:
    """River checks few of its parameters before it uses them; better here than in the stream."""
    try:
        tried = build(config)
        for number in range(getattr(tried, "window_size", _TRIED)):
            tried.update(number % 2)
    except Exception as error:
        raise ConfigError(f"{where}.parameters: {config.method} does not take them: {error}") from error
