"""How Hypothesis searches, which tests are left out, and in which order the rest runs.

Hypothesis searches without deadlines, since speed is the benchmarks' affair, and the same way in CI.
"""

import logging
import os
import shutil
import signal
from collections.abc import Generator
from itertools import chain, islice
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings

from tests.support.shared import run_folder, stop_all
from tests.support.sizes import LONG, scale

settings.register_profile("search", deadline=None)
settings.register_profile("repeat", deadline=None, derandomize=True)
settings.load_profile("repeat" if os.environ.get("CI") else "search")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control lets what it starts in the background ignore SIGINT, and so would each run
    # that a test starts and stops.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _logging_stays_as_it_is() -> Generator[None, None, None]:
    """Fails the test that leaves logging disabled, rather than those after it that read their log."""
    yield
    assert logging.root.manager.disable == logging.NOTSET


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out long tests, sets the number of examples, and puts whole processes first."""
    if not LONG:
        left_out = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    functions = {getattr(item, "function", None) for item in items}
    for law in filter(is_hypothesis_test, functions):
        scale(law)
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = dealt(items, workers)


def dealt(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests with those of whole processes first at every worker, so that none is left for the end.

    A worker begins with its part of the list. The tests of a module stay together, with what they share.
    """
    modules: dict[Path, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("integration"):
            modules.setdefault(item.path, []).append(item)
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for tests in sorted(modules.values(), key=len, reverse=True):
        min(parts, key=len).extend(tests)
    others = iter([item for item in items if not item.get_closest_marker("integration")])
    for part in parts:
        part.extend(islice(others, max(0, len(items) // workers - len(part))))
    return [*chain(*parts), *others]


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Stops the servers that were shared, when all processes of the run have ended."""
    if hasattr(session.config, "workerinput"):
        return (yield)
    # Where pytest-xdist spreads the tests there are no fixtures here; the folder has no other name.
    folder = run_folder(session.config._tmp_path_factory)  # type: ignore[attr-defined]
    try:
        return (yield)
    finally:
        stop_all(folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says so when Kafka's tests had no broker but the mock cluster within librdkafka."""
    tried = any("kafka" in report.nodeid for report in terminalreporter.stats.get("skipped", ()))
    if tried and not (shutil.which("java") and shutil.which("mvn")):
        terminalreporter.write_line(
            "Kafka: NO REAL BROKER (no Java or no Maven on the PATH). What the mock cluster can do was tried "
            "against that; all else about Kafka was left out.",
            yellow=True,
        )
