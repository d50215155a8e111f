"""A web server on loopback that receives alerts and misbehaves as it is told."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from typing import Any

import orjson

SECRET = "T0/B1/very-secret"  # noqa: S105 - made up

Answer = tuple[int, Mapping[str, str]]


class Receiver(ThreadingHTTPServer):
    """Keeps what it has taken (with 200) and what came with every request.

    Attributes:
        script: What to answer, request by request; then 200.
        answer: Called before each answer, and may take its time.
        drip: Whether the answer comes a byte at a time, without an end.
        taken: Bodies of requests that were answered 200.
        headers: Of all requests.
        times: When they came, by the monotonic clock.
    """

    daemon_threads = True

    def __init__(self, script: list[Answer]) -> None:
        self.script = script
        self.answer: Callable[[], object] = lambda: None
        self.drip = False
        self.taken: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.times: list[float] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/services/{SECRET}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.times.append(time.monotonic())
        self.server.headers.append(dict(self.headers))
        self.server.answer()
        if self.server.drip:
            self._drip()
            return
        status, more = self.server.script.pop(0) if self.server.script else (200, {})
        if status == 200:
            self.server.taken.append(orjson.loads(body))
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self) -> None:
        """Ends when the client does."""
        with suppress(OSError):
            for byte in chain(b"HTTP/1.1 200 OK\r\nX-Long: ", repeat(ord("a"))):
                self.wfile.write(bytes([byte]))
                time.sleep(0.01)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def receiver(*script: Answer) -> Iterator[Receiver]:
    with Receiver(list(script)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def wait_until(done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
