"""The Bytewax sink of alerts: one worker of the cluster sends them all, in order.

A snapshot holds what is not delivered yet. On resume that is sent, and what the replay brings again is left
out where `alerts.delivered` in the run's folder says that it was delivered: a note that is written after the
delivery, so that an alert can come twice (with the same id), when the process dies between the two.
"""

import contextlib
import logging
import os
from pathlib import Path

import msgspec
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from dataflows.alerts.config import DestinationsConfig
from dataflows.alerts.message import as_json, line, slack
from dataflows.alerts.secrets import secrets
from dataflows.alerts.webhook import Destination, Payload, Webhook
from engine.core.serialize import Chunk
from engine.errors import OutputError
from engine.private_files import SHARED, open_appending, write_whole
from engine.rows import AlertRow

DELIVERED = "alerts.delivered"

Pending = list[tuple[str, Payload]]

log = logging.getLogger("riverkeeper.alerts")


class AlertSink(FixedPartitionedSink[Chunk, Pending]):
    """Takes chunks of lines of `alerts.jsonl`.

    Args:
        config: Where alerts go.
        run: The run's folder.

    Raises:
        ConfigError: When a secret is not in the environment.
    """

    def __init__(self, config: DestinationsConfig, run: Path) -> None:
        if config.webhook is not None:
            secrets(config.webhook)
        self._config = config
        self._run = run

    def list_parts(self) -> list[str]:
        """One."""
        return ["alerts"]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002
        """All to the one."""
        return 0

    def build_part(
        self,
        step_id: str,  # noqa: ARG002
        for_part: str,  # noqa: ARG002
        resume_state: Pending | None,
    ) -> "AlertPartition":
        """Begins to deliver, with what was not delivered before."""
        return AlertPartition(self._config, self._run, resume_state)


class AlertPartition(StatefulSinkPartition[Chunk, Pending]):
    """Logs alerts, and hands them to the webhook if there is one."""

    def __init__(self, config: DestinationsConfig, run: Path, resumed: Pending | None) -> None:
        self._config = config
        self._run = run
        self._notes = run / DELIVERED
        self._webhook: Destination | None = None
        self._before: set[str] = set()
        if config.webhook is None:
            return
        if resumed is None:
            self._begin()
        else:
            self._before = _noted(self._notes)
        self._webhook = Webhook(config.webhook, self._note)
        for name, payload in resumed or ():
            self._send(name, payload)

    def write_batch(self, items: list[Chunk]) -> None:
        """Logs and queues; waits for nothing."""
        for chunk in items:
            for row in chunk.text.splitlines():
                alert = msgspec.json.decode(row, type=AlertRow)
                if self._config.log:
                    level = logging.ERROR if alert.severity == "fail" else logging.WARNING
                    log.log(level, "%s", line(alert, self._run))
                if self._config.webhook is not None:
                    form = slack if self._config.webhook.format == "slack" else as_json
                    self._send(alert.id, form(alert, self._run))

    def _send(self, name: str, payload: Payload) -> None:
        if self._webhook is not None and name not in self._before:
            self._webhook.send(name, payload)

    def _begin(self) -> None:
        try:
            self._run.mkdir(parents=True, exist_ok=True)
            write_whole(self._notes, b"", SHARED)
        except OSError as error:
            raise OutputError(f"{self._notes}: cannot be written: {error.strerror}") from error

    def _note(self, name: str) -> None:
        """A note that cannot be written costs a second delivery after a resume, no more."""
        with contextlib.suppress(OSError), os.fdopen(open_appending(self._notes, SHARED), "ab") as out:
            out.write(msgspec.json.encode(name) + b"\n")

    def snapshot(self) -> Pending:
        """What is not delivered yet."""
        return [] if self._webhook is None else self._webhook.pending()

    def close(self) -> None:
        """Delivers what it can in the time that the configuration gives."""
        if self._webhook is not None:
            self._webhook.close()


def _noted(notes: Path) -> set[str]:
    """The ids of delivered alerts: JSON, since a model key may hold the end of a line.

    A line that is none costs a second delivery at most.
    """
    found: set[str] = set()
    if notes.is_file():
        for note in notes.read_bytes().split(b"\n")[:-1]:
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                found.add(msgspec.json.decode(note, type=str))
    return found
