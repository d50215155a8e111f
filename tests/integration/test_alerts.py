"""Alerts of whole flows: to the terminal, to a web server on loopback, of killed runs and of clusters."""

import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.flows import (
    BYTEWAX,
    FAILING,
    lines,
    riverkeeper,
    run_cluster,
    write_flow,
)
from tests.support.forks import running
from tests.support.receivers import SECRET, receiver, wait_until

pytestmark = pytest.mark.integration

FAULT = f'reports = false{FAILING}[alerts]\nlevel = "warn"\ncool_down = 400\n'

HOOK = '[alerts.webhook]\nurl_variable = "HOOK"\nformat = "json"\n'


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("HOOK", raising=False)


def ids(alerts: list[dict[str, Any]]) -> list[str]:
    return [alert["id"] for alert in alerts]


def test_alerts_are_in_their_file_and_in_one_line_each_on_the_terminal(tmp_path: Path) -> None:
    flow = write_flow(tmp_path, extra=FAULT)
    done = riverkeeper("run", flow)
    assert done.returncode == 0, done.stderr
    told = [alert for alert in lines(flow, "alerts") if alert["kind"] == "window"]
    assert {"opened", "lasting", "recovered"} <= {alert["state"] for alert in told}
    said = done.stderr.splitlines()
    assert len(said) == len(lines(flow, "alerts"))
    first = next(line for line in said if line.startswith("FAIL test main: window "))
    assert "calm was worth" in first
    assert f"riverkeeper reports {flow.parent / 'runs' / 'test'} {told[0]['window']} --html]" in first
    assert any(line.startswith("OK test main: window ") for line in said)


def test_all_alerts_arrive_in_order_and_once_though_the_receiver_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = write_flow(tmp_path, extra=FAULT + HOOK)
    with receiver((500, {}), (429, {"Retry-After": "1"})) as server:
        monkeypatch.setenv("HOOK", server.url)
        done = riverkeeper("run", flow)
        assert done.returncode == 0, done.stderr
        assert len(server.taken) >= 3
        assert [{**alert, "text": "", "run": "test"} for alert in lines(flow, "alerts")] == [
            {**alert, "text": ""} for alert in server.taken
        ]
    assert "webhook (HOOK): answered 500; trying again" in done.stderr
    assert SECRET not in done.stderr + done.stdout


def test_a_run_ends_without_a_word_from_the_receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver answers only when the run is over: what waits for it would never end."""
    flow = write_flow(tmp_path, extra=FAULT + HOOK + "flush = 0\ntimeout = 1000\n")
    over = threading.Event()
    with receiver() as server:
        server.answer = over.wait
        monkeypatch.setenv("HOOK", server.url)
        done = riverkeeper("run", flow)
        over.set()
    assert done.returncode == 0, done.stderr
    assert len(lines(flow, "predictions")) == 6000
    assert f"webhook (HOOK): {len(lines(flow, 'alerts'))} not delivered in time" in done.stderr


def test_a_killed_run_that_goes_on_delivers_every_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write_flow(tmp_path / "whole", extra=FAULT)
    assert riverkeeper("run", whole).returncode == 0
    flow = write_flow(tmp_path / "killed", extra=FAULT + HOOK)
    alerts = flow.parent / "runs" / "test" / "alerts.jsonl"
    over = threading.Event()
    with receiver() as server:
        server.answer = over.wait
        monkeypatch.setenv("HOOK", server.url)
        with running("run", flow, "--recovery", tmp_path / "recovery") as process:
            # The receiver has been asked, and has not taken it.
            wait_until(lambda: process.poll() is not None or bool(server.times))
            assert alerts.stat().st_size
            process.send_signal(signal.SIGKILL)
        before = len(server.times)
        server.answer = lambda: None
        over.set()
        assert riverkeeper("run", flow, "--recovery", tmp_path / "recovery").returncode == 0
        sent = len(server.times)
        again = riverkeeper("run", flow, "--recovery", tmp_path / "recovery")
        assert again.returncode == 0, again.stderr
        assert len(server.times) == sent, "resumed at its end, a run sends nothing twice"
    assert before == 1
    assert lines(flow, "alerts") == lines(whole, "alerts")
    # The first was sent by a process that was killed before it had the answer, and so comes twice.
    assert set(ids(server.taken)) == set(ids(lines(whole, "alerts")))
    assert len(server.taken) == len(lines(whole, "alerts")) + 1


def test_bytewax_own_runner_sends_them_too_and_logs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = write_flow(tmp_path, extra=FAULT + HOOK)
    with receiver() as server:
        monkeypatch.setenv("HOOK", server.url)
        done = subprocess.run(  # noqa: S603
            BYTEWAX, cwd=tmp_path, check=True, timeout=120, capture_output=True, text=True
        )
        assert ids(server.taken) == ids(lines(flow, "alerts")) != []
    assert "FAIL test main: window " in done.stderr


@pytest.mark.long
def test_a_cluster_sends_each_alert_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = write_flow(tmp_path, extra=FAULT + HOOK, keyed=True)
    with receiver() as server:
        monkeypatch.setenv("HOOK", server.url)
        run_cluster(flow)
        assert sorted(ids(server.taken)) == sorted(ids(lines(flow, "alerts")))
        assert {alert["key"] for alert in server.taken} >= {"r0", "r1", "r2"}


def test_a_missing_secret_is_told_before_anything_is_read(tmp_path: Path) -> None:
    flow = write_flow(tmp_path, rows=200, extra=FAULT + HOOK)
    done = riverkeeper("run", flow)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "alerts.webhook.url_variable: the environment variable HOOK is not set" in done.stderr
    assert not (tmp_path / "runs" / "test" / "predictions.jsonl").exists()
    checked = riverkeeper("check", flow)
    assert checked.returncode == 1
    assert "the environment variable HOOK is not set" in " ".join(checked.stdout.split())


def test_check_says_where_alerts_go_and_sends_a_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = write_flow(tmp_path, rows=200, extra=FAULT + HOOK)
    with receiver((200, {}), (403, {})) as server:
        monkeypatch.setenv("HOOK", server.url)
        checked = riverkeeper("check", flow, "--test-alert")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "alerts go to alerts.jsonl, the log, the webhook in HOOK (json)" in checked.stdout
        assert [body["what"] for body in server.taken] == ["a test alert: nothing is wrong"]
        refused = riverkeeper("check", flow, "--test-alert")
        assert refused.returncode == 1
        assert "the test alert did not arrive: webhook (HOOK): answered 403" in refused.stdout
        assert riverkeeper("check", flow).returncode == 0
        assert len(server.times) == 2, "without being asked, check sends nothing"


def test_an_address_that_is_none_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    done = riverkeeper("run", write_flow(tmp_path, rows=200, extra=FAULT + HOOK))
    assert done.returncode == 2
    assert "expected an address that begins with https:// in HOOK" in done.stderr
    assert SECRET not in done.stderr + done.stdout
