"""Posts alerts to a web address from a thread of its own, so that the stream never waits for it.

A try has a deadline as a whole: a receiver that answers a byte a second would keep within any bound of a
single read. httpx has no such deadline, so the thread runs its asynchronous client under that of asyncio.

Best effort: as far as queue, retries and the time at the end go; what is lost is counted and reported.
"""

import asyncio
import atexit
import email.utils
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import httpx

from dataflows.alerts.config import WebhookConfig
from dataflows.alerts.secrets import secrets
from dataflows.escape import visible

log = logging.getLogger("riverkeeper.alerts")

_LONGEST_PAUSE = 60.0
_LONGEST_ASKED_FOR = 3600.0
_AGAIN = frozenset({408, 425, 429})
"""Statuses under 500 that say: later."""

Payload = dict[str, Any]


class Destination(Protocol):
    """Takes alerts away from the stream; none of its methods but `close` may wait."""

    def send(self, name: str, payload: Payload) -> None:
        """Takes an alert, under its id."""

    def pending(self) -> list[tuple[str, Payload]]:
        """What was taken and is not yet delivered, the oldest first."""

    def close(self) -> None:
        """Delivers what it can in the time it has, and says what it could not."""


class Webhook:
    """One address. A thread posts the oldest alert, again and again, until it is taken or given up.

    Args:
        config: What to post to, and how patiently.
        delivered: Called in the thread with the id of each alert that was taken.
        pause: Seconds before the first retry; each further pause is twice as long.

    Raises:
        ConfigError: When the address or the token is not in the environment.
    """

    def __init__(
        self, config: WebhookConfig, delivered: Callable[[str], None] = lambda _: None, pause: float = 1.0
    ) -> None:
        self._config = config
        url, token = secrets(config)
        # Its log lines hold the address, which is the secret.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._tls = httpx.create_ssl_context()
        self._url = url
        self._delivered = delivered
        self._pause = pause
        self._changed = threading.Condition()
        self._queue: deque[tuple[str, Payload]] = deque()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._counts = {"delivered": 0, "given up": 0, "dropped from a full queue": 0}
        self._last = ""

    def send(self, name: str, payload: Payload) -> None:
        """Queues an alert; with a full queue the oldest is dropped."""
        with self._changed:
            if self._closed:
                return
            if len(self._queue) >= self._config.queue_limit:
                self._queue.popleft()
                self._counts["dropped from a full queue"] += 1
            self._queue.append((name, payload))
            if self._thread is None:
                self._thread = threading.Thread(target=self._deliver, name="alerts", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._changed.notify_all()

    def pending(self) -> list[tuple[str, Payload]]:
        """What waits, and what is being posted."""
        with self._changed:
            return list(self._queue)

    def close(self) -> None:
        """Waits for the queue at most `flush` seconds, then says what was lost. Twice is fine."""
        with self._changed:
            if self._closed:
                return
            self._changed.wait_for(lambda: not self._queue, timeout=self._config.flush)
            self._closed = True
            waiting = len(self._queue)
            self._changed.notify_all()
        atexit.unregister(self.close)
        lost = {name: count for name, count in self._counts.items() if name != "delivered"}
        if waiting or any(lost.values()):
            told = [f"{count} {name}" for name, count in self._counts.items() if count]
            told += [f"{waiting} not delivered in time"] if waiting else []
            why = f"; the last answer: {self._last}" if self._last else ""
            log.error("webhook (%s): %s%s", self._config.url_variable, ", ".join(told), why)

    def post(self, payload: Payload) -> tuple[str, float | None]:
        """Posts once, on a connection of its own: alerts are rare.

        Returns:
            What went wrong, "" for nothing, and the seconds that the receiver asks to wait; `None` when
            trying again is of no use.
        """
        # Not `asyncio.run`: it waits at its end for a lookup of the host, however long that takes.
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(self._post(payload))
        finally:
            loop.close()

    async def _post(self, payload: Payload) -> tuple[str, float | None]:
        try:
            # The answer's body is of no interest, and may be endless.
            async with (
                asyncio.timeout(self._config.timeout),
                httpx.AsyncClient(
                    timeout=self._config.timeout, headers=self._headers, verify=self._tls
                ) as client,
                client.stream("POST", self._url, json=payload) as answer,
            ):
                status, after = answer.status_code, answer.headers.get("Retry-After")
        except (TimeoutError, httpx.TimeoutException):
            return f"no answer within {self._config.timeout:g} s", 0.0
        except httpx.TransportError as error:
            return type(error).__name__, 0.0  # its message may hold the address
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return type(error).__name__, None
        if 200 <= status < 300:
            return "", None
        wrong = f"answered {status}"
        return wrong, _asked_for(after) if status in _AGAIN or status >= 500 else None

    def _deliver(self) -> None:
        """Posts until it is closed."""
        tries = 0
        first: tuple[str, Payload] | None = None
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._queue)
                if self._closed:
                    return
                if self._queue[0] is not first:
                    first, tries = self._queue[0], 0
            wrong, asked_for = self.post(first[1])
            tries += 1
            over = not wrong or asked_for is None or tries > self._config.retries
            if over:
                self._done(first, wrong)
                continue
            self._last = wrong
            if tries == 1:
                log.warning("webhook (%s): %s; trying again", self._config.url_variable, wrong)
            with self._changed:
                pause = max(asked_for or 0.0, self._backoff(tries))
                self._changed.wait_for(lambda: self._closed, timeout=pause)

    def _done(self, alert: tuple[str, Payload], wrong: str) -> None:
        with self._changed:
            if self._queue and self._queue[0] is alert:
                self._queue.popleft()
            self._counts["given up" if wrong else "delivered"] += 1
            self._last = wrong or self._last
        if wrong:
            name = visible(alert[0])  # it holds a model key
            log.error("webhook (%s): alert %s given up: %s", self._config.url_variable, name, wrong)
        else:
            self._delivered(alert[0])
        with self._changed:
            self._changed.notify_all()

    def _backoff(self, tries: int) -> float:
        """Twice as long each time, and a random half of it, so that not all flows retry at once."""
        pause = min(_LONGEST_PAUSE, self._pause * 2.0 ** (tries - 1))
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - a pause, not a secret


def _asked_for(after: str | None) -> float:
    """The seconds of a `Retry-After`, which holds a number or a date."""
    if after is None:
        return 0.0
    try:
        seconds = float(after)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(after).timestamp() - time.time()
        except ValueError:
            return 0.0
    return min(max(0.0, seconds), _LONGEST_ASKED_FOR)
