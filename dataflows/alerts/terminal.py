"""Alerts on the terminal: the log while a flow runs, and a test alert."""

import logging
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec.structs import replace

from dataflows.alerts.config import DestinationsConfig
from dataflows.alerts.message import EXAMPLE, as_json, slack
from dataflows.alerts.webhook import Webhook
from dataflows.console import PlainConsole
from dataflows.escape import visible
from engine.errors import ConfigError
from engine.secrecy import hidden


class _ToTerminal(logging.Handler):
    """Writes above the progress bar; where there is none, to standard error as it was in the beginning."""

    def __init__(self, console: PlainConsole, stderr: int) -> None:
        super().__init__()
        self._console = console
        self._stderr = stderr

    def emit(self, record: logging.LogRecord) -> None:
        write_line(self._console, self.format(record), self._stderr)


def write_line(console: PlainConsole, line: str, stderr: int = 2) -> None:
    """Writes a line of the log above the progress bar, or where there is none to standard error."""
    line = hidden(line)
    if console.is_terminal:
        console.print(line, soft_wrap=True)
    else:
        os.write(stderr, f"{visible(line)}\n".encode())


@contextmanager
def log_shown(console: PlainConsole) -> Iterator[None]:
    """Shows our log at once, although what goes to standard error is held back while a flow runs."""
    ours = logging.getLogger("riverkeeper")
    stderr = os.dup(2)
    handler = _ToTerminal(console, stderr)
    ours.addHandler(handler)
    try:
        yield
    finally:
        ours.removeHandler(handler)
        os.close(stderr)


def send_test(config: DestinationsConfig, run: Path) -> list[str]:
    """Posts a test alert, once; what went wrong, in words."""
    if config.webhook is None:
        return []
    test = replace(
        EXAMPLE,
        id="test",
        kind="model",
        state="done",
        severity="info",
        what="a test alert: nothing is wrong",
        done=(),
        checks=(),
        columns=(),
        evidence={},
    )
    form = slack if config.webhook.format == "slack" else as_json
    try:
        with closing(Webhook(config.webhook)) as webhook:
            wrong, _ = webhook.post(form(test, run))
    except ConfigError:
        return []  # reported already
    return (
        [f"the test alert did not arrive: webhook ({config.webhook.url_variable}): {wrong}"] if wrong else []
    )
