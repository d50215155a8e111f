"""The webhook against a real server that fails, is slow, asks to wait, or is not there."""

import logging
import threading
import time
from contextlib import closing
from email.utils import formatdate
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from dataflows.alerts.config import DestinationsConfig, WebhookConfig
from dataflows.alerts.message import EXAMPLE
from dataflows.alerts.sink import AlertPartition, Pending
from dataflows.alerts.webhook import Webhook
from engine.core.serialize import Chunk
from tests.support.receivers import SECRET, receiver, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


def webhook(monkeypatch: pytest.MonkeyPatch, url: str, **keys: object) -> tuple[Webhook, list[str]]:
    """A webhook that begins with pauses of 10 ms, and the ids of what it has delivered."""
    monkeypatch.setenv("HOOK", url)
    delivered: list[str] = []
    config = WebhookConfig.model_validate({"url_variable": "HOOK"} | keys)
    return Webhook(config, delivered.append, pause=0.01), delivered


def test_alerts_arrive_in_order_also_when_the_receiver_fails_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiver((500, {}), (503, {}), (200, {}), (408, {})) as server:
        tried, delivered = webhook(monkeypatch, server.url)
        for number in range(5):
            tried.send(str(number), {"text": str(number)})
        tried.close()
        assert [body["text"] for body in server.taken] == list("01234") == delivered
        assert len(server.times) == 8
    assert tried.pending() == []


@pytest.mark.parametrize("status", [301, 400, 403, 404, 410])
def test_what_is_refused_for_good_is_given_up_at_once_and_the_next_is_sent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    with receiver((status, {"Location": "http://127.0.0.1:1/"})) as server:
        tried, delivered = webhook(monkeypatch, server.url)
        tried.send("a", {})
        tried.send("b", {})
        tried.close()
        assert delivered == ["b"]
        assert len(server.times) == 2
    assert f"webhook (HOOK): alert a given up: answered {status}" in caplog.text
    assert "webhook (HOOK): 1 delivered, 1 given up" in caplog.text


def test_a_receiver_that_asks_to_wait_is_left_alone_for_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver((429, {"Retry-After": "1"})) as server:
        tried, delivered = webhook(monkeypatch, server.url)
        tried.send("a", {})
        tried.close()
        assert delivered == ["a"]
        assert server.times[1] - server.times[0] >= 0.9, "a pause is at least what was asked for"


def test_a_receiver_that_names_a_time_is_left_alone_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    then = int(time.time()) + 3
    with receiver((503, {"Retry-After": formatdate(then, usegmt=True)})) as server:
        tried, delivered = webhook(monkeypatch, server.url)
        tried.send("a", {})
        tried.close()
        assert delivered == ["a"]
        monotonic_then = time.monotonic() - time.time() + then
        assert server.times[1] >= monotonic_then - 0.1


def test_the_retries_are_bounded(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with receiver(*[(500, {})] * 4) as server:
        tried, delivered = webhook(monkeypatch, server.url, retries=3)
        tried.send("a", {})
        tried.send("b", {})
        tried.close()
        assert (delivered, len(server.times)) == (["b"], 5)
    assert "alert a given up: answered 500" in caplog.text


def test_a_receiver_that_is_down_or_hangs_keeps_nobody_waiting_and_the_loss_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    over = threading.Event()
    with receiver() as server:
        server.answer = over.wait
        hanging, _ = webhook(monkeypatch, server.url, timeout=0.2, flush=0.5, queue_limit=3)
        url = server.url
        for number in range(10):
            hanging.send(str(number), {})
        hanging.close()
        over.set()
    down, _ = webhook(monkeypatch, url, flush=0.3)
    down.send("a", {})
    down.close()
    down.close()
    assert "webhook (HOOK): 7 dropped from a full queue, 3 not delivered in time" in caplog.text
    assert "the last answer: no answer within 0.2 s" in caplog.text
    assert "webhook (HOOK): 1 not delivered in time; the last answer: ConnectError" in caplog.text


def test_a_receiver_that_drips_is_given_up_though_no_read_of_it_is_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiver() as server:
        server.drip = True
        tried, _ = webhook(monkeypatch, server.url, timeout=0.3)
        assert tried.post({}) == ("no answer within 0.3 s", 0.0)


def test_a_host_that_is_looked_up_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    with monkeypatch.context() as patched:
        tried, _ = webhook(patched, "https://hooks.example/", timeout=0.1)
        patched.setattr("socket.getaddrinfo", lambda *_, **__: over.wait() and [])
        assert tried.post({}) == ("no answer within 0.1 s", 0.0)
        over.set()


def test_what_is_not_delivered_is_pending_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(*[(500, {})] * 100) as server:
        tried, _ = webhook(monkeypatch, server.url, queue_limit=2, flush=0, retries=100)
        for name in "abc":
            tried.send(name, {"text": name})
        assert tried.pending() == [("b", {"text": "b"}), ("c", {"text": "c"})]
        tried.close()


def test_no_secret_is_in_any_log_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TOKEN", "token-of-mine")
    caplog.set_level(logging.DEBUG)
    with receiver((500, {}), (404, {})) as server:
        tried, _ = webhook(monkeypatch, server.url, token_variable="TOKEN")  # noqa: S106 - its name
        tried.send("a", {})
        tried.send("b", {})
        tried.close()
        assert [headers["Authorization"] for headers in server.headers] == ["Bearer token-of-mine"] * 3
        gone = server.url
    lost, _ = webhook(monkeypatch, gone, flush=0.3)
    lost.send("a", {})
    lost.close()
    assert "given up" in caplog.text
    assert SECRET not in caplog.text
    assert "token-of-mine" not in caplog.text


def test_the_pauses_grow_up_to_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "http://127.0.0.1:1/")
    tried = Webhook(WebhookConfig(url_variable="HOOK"))
    for tries, longest in ((1, 1.0), (2, 2.0), (5, 16.0), (30, 60.0)):
        pauses = [tried._backoff(tries) for _ in range(50)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest
    tried.close()


def test_the_thread_ends_with_the_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as server:
        tried, _ = webhook(monkeypatch, server.url)
        tried.send("a", {})
        tried.close()
        thread = tried._thread
        assert thread is not None
        wait_until(lambda: not thread.is_alive())
        tried.send("b", {})
        assert tried.pending() == []


def test_what_was_delivered_is_not_sent_again_whatever_the_model_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = [replace(EXAMPLE, id=f"{key}/window/1", key=key) for key in ("a\r\nb", "a b", "a\u2028b")]
    chunks = [Chunk("alerts", b"".join(msgspec.json.encode(row) + b"\n" for row in rows))]
    config = DestinationsConfig(log=False, webhook=WebhookConfig(url_variable="HOOK", format="json"))
    begun: list[Pending | None] = [None, []]
    with receiver() as server:
        monkeypatch.setenv("HOOK", server.url)
        for resumed in begun:
            with closing(AlertPartition(config, tmp_path, resumed)) as part:
                part.write_batch(chunks)
        assert [body["id"] for body in server.taken] == [row.id for row in rows]
