"""Evidently itself: imported once, when it is first needed, with its telemetry off."""

# ruff: noqa: PLC0415 - imported when it is first needed: takes seconds
import functools
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from engine.monitoring.drift.base import DriftMethod
from engine.monitoring.drift.registry import METHODS
from engine.requirements import needing


@contextmanager
def quiet() -> Iterator[None]:
    """Evidently and what it is made of warn of much that is not for whoever runs a stream."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@dataclass(frozen=True, slots=True)
class Library:
    """What is used of Evidently and pandas; Evidently carries no types, hence `Any`.

    Attributes:
        evidently: The package.
        metrics: Its metrics, by name.
        presets: Its presets, by name.
        tests: Its tests, by name.
        types: The base classes of metrics and their results.
        containers: The base class of presets.
        status: The statuses of tests.
        encoder: What writes NumPy's values as JSON.
        sdk: The models of its workspaces, and its panels.
        pandas: The package.
    """

    evidently: Any
    metrics: Any
    presets: Any
    tests: Any
    types: Any
    containers: Any
    status: Any
    encoder: Any
    sdk: Any
    pandas: Any


@functools.cache
@quiet()
def library() -> Library:
    """Evidently, with our drift methods registered, so that its own drift metrics use them.

    Raises:
        MissingExtraError: When Evidently is not installed.
    """
    os.environ["DO_NOT_TRACK"] = "1"  # Evidently reads it when it is imported
    with needing("a report", "reports"):
        return _imported()


def _imported() -> Library:
    import evidently  # type: ignore[import-untyped]
    import evidently.sdk.panels  # type: ignore[import-untyped]
    import pandas as pd
    from evidently import metrics, presets, sdk, tests
    from evidently.core import container, metric_types  # type: ignore[import-untyped]
    from evidently.legacy.calculations.stattests import registry  # type: ignore[import-untyped]
    from evidently.legacy.tests.base_test import TestStatus  # type: ignore[import-untyped]
    from evidently.legacy.utils import NumpyEncoder  # type: ignore[import-untyped]

    kinds = {"numeric": evidently.ColumnType.Numerical, "category": evidently.ColumnType.Categorical}
    for method in METHODS.values():
        test = registry.StatTest(method.label, method.label, [kinds[method.kind]])
        registry.register_stattest(test, _stattest(method))
    return Library(
        evidently,
        metrics,
        presets,
        tests,
        metric_types,
        container,
        TestStatus,
        NumpyEncoder,
        sdk,
        pd,
    )


def _stattest(method: DriftMethod) -> Any:
    def measured(reference: Any, current: Any, _kind: object, limit: float) -> tuple[float, bool]:
        value = method.distance(reference.tolist(), current.tolist())
        return value, value >= limit

    return measured
