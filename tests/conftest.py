"""How Hypothesis searches, which tests are left out, and in which order the rest runs.

Hypothesis searches without deadlines, since speed is the benchmarks' affair, and the same way in CI.
"""

import os
import shutil
import signal
from collections.abc import Generator

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out long tests, and sets the number of examples.

    Whole processes come first, so that none is left for the end.
    """
    if not LONG:
        left_out = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    functions = {getattr(item, "function", None) for item in items}
    for law in filter(is_hypothesis_test, functions):
        scale(law)
    items.sort(key=lambda item: item.get_closest_marker("integration") is None)


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
