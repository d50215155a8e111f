"""How Hypothesis searches: without deadlines, since speed is the benchmarks' affair; the same way in CI."""

import os
import shutil
import signal

import pytest
from hypothesis import settings

settings.register_profile("search", deadline=None)
settings.register_profile("repeat", deadline=None, derandomize=True)
settings.load_profile("repeat" if os.environ.get("CI") else "search")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control lets what it starts in the background ignore SIGINT, and so would each run
    # that a test starts and stops.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says so when Kafka's tests had no broker but the mock cluster within librdkafka."""
    tried = any("kafka" in report.nodeid for report in terminalreporter.stats.get("skipped", ()))
    if tried and not (shutil.which("java") and shutil.which("mvn")):
        terminalreporter.write_line(
            "Kafka: NO REAL BROKER (no Java or no Maven on the PATH). What the mock cluster can do was tried "
            "against that; all else about Kafka was left out.",
            yellow=True,
        )
