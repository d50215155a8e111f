"""What people read of an alert, in the log and in a chat."""

from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from dataflows.alerts.config import DestinationsConfig, WebhookConfig
from dataflows.alerts.message import EXAMPLE, as_json, command, line, slack, title
from dataflows.alerts.secrets import secrets
from dataflows.alerts.terminal import send_test
from engine.errors import ConfigError
from engine.rows import AlertRow

RUN = Path("/srv/runs/my demo")


def changed(change: dict[str, Any]) -> AlertRow:
    """The example with other fields."""
    return msgspec.convert(msgspec.to_builtins(EXAMPLE) | change, AlertRow)


def texts(message: dict[str, Any]) -> list[str]:
    """All texts of a message's blocks."""
    return [
        found["text"] for block in message["blocks"] for found in (block.get("elements") or [block["text"]])
    ]


def test_a_message_says_what_where_since_when_evidence_what_was_done_and_what_to_type() -> None:
    message = slack(EXAMPLE, RUN)
    head, facts, foot = texts(message)
    assert head == "🔴 FAIL my demo main: window 18 fails: hour drifted 270 (limit 1)"
    assert facts.splitlines() == [
        "• drift of hour: fail (value 270.1, limit 1)",
        "loss 0.21, baseline loss 0.37",
        "→ m0 is suspected; compared with: m0.w16",
    ]
    assert foot.splitlines() == [
        "key main, window 18, m0 serves; since 2013-04-15 00:00 UTC",
        "riverkeeper reports '/srv/runs/my demo' 18 --html",
    ]
    assert message["text"].splitlines()[0] == f"🔴 `{head[2:]}`"
    assert message["text"].splitlines()[1:] == [
        f"`{line}`" for line in [*facts.split("\n"), *foot.split("\n")]
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"state": "recovered", "severity": "info", "what": "window 24 passes again"},
            "OK my demo main: window",
        ),
        ({"state": "worse"}, "FAIL my demo main: worse: window 18 fails"),
        ({"state": "lasting", "severity": "warn", "key": "EWR"}, "WARN my demo EWR: still: window 18"),
        (
            {"kind": "serving", "state": "done", "severity": "info", "what": "better", "done": ["m1 serves"]},
            "INFO my demo main: m1 serves: better",
        ),
    ],
)
def test_a_title_says_what_has_become_of_it(change: dict[str, Any], expected: str) -> None:
    assert title(changed(change), RUN).startswith(expected)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"key": "a b"}, "riverkeeper reports '/srv/runs/my demo' 18 --html --key 'a b'"),
        ({"kind": "judging", "checks": []}, "riverkeeper reports '/srv/runs/my demo' 18"),
        ({"kind": "serving"}, "riverkeeper reports '/srv/runs/my demo'"),
    ],
)
def test_the_command_can_be_typed_as_it_is(change: dict[str, Any], expected: str) -> None:
    assert command(changed(change), RUN) == expected


HOSTILE = (
    "<!channel>\n& @here @all <@U1> <#C1> <https://evil.example|x> https://evil.example [x](javascript:1) "
    "*b* _i_ ~s~ `c` :smile: ```\n# head\n---\n\u202e\x1b[2J"
)


def test_what_slack_shows_of_names_from_the_data_is_plain_text() -> None:
    message = slack(changed({"key": HOSTILE, "what": HOSTILE, "done": [HOSTILE], "model": HOSTILE}), RUN)
    parts = [part for block in message["blocks"] for part in block.get("elements") or [block["text"]]]
    assert {(part["type"], part["emoji"]) for part in parts} == {("plain_text", False)}
    assert not set("<>") & set("".join(part["text"] for part in parts))
    assert "&lt;!channel&gt;\\n&amp; @here" in parts[0]["text"]
    assert "\n" not in line(changed({"key": HOSTILE}), RUN)


def test_what_mattermost_shows_of_names_from_the_data_is_code() -> None:
    message = slack(changed({"key": HOSTILE, "what": HOSTILE, "done": [HOSTILE], "model": HOSTILE}), RUN)
    lines = message["text"].removeprefix("🔴 ").split("\n")
    assert len(lines) == 6, "no line more than without them"
    for one in lines:
        assert one[0] == one[-1] == "`"
        assert not set("`<>&@\x1b\u202e") & set(one[1:-1])


def test_lines_of_code_that_have_no_room_are_left_out_whole() -> None:
    message = slack(changed({"done": ["y" * 10_000] * 20}), RUN)
    assert len(message["text"]) < 16_383
    assert message["text"].count("`") % 2 == 0
    assert message["text"].endswith("`")


def test_a_long_reason_fits_what_slack_takes() -> None:
    checks = msgspec.to_builtins(EXAMPLE.checks) * 20
    message = slack(changed({"what": "x" * 10_000, "checks": checks, "done": ["y" * 10_000]}), RUN)
    assert max(len(text) for text in texts(message)) <= 3000
    assert "• and 12 more" in texts(message)[1]


def test_the_other_form_is_the_alert_itself() -> None:
    found = as_json(EXAMPLE, RUN)
    assert {name: found[name] for name in EXAMPLE.__struct_fields__} == msgspec.to_builtins(EXAMPLE)
    assert (found["run"], found["text"]) == ("my demo", title(EXAMPLE, RUN))
    assert msgspec.convert(orjson.loads(orjson.dumps(found)), AlertRow) == EXAMPLE


def test_numbers_that_are_none_are_left_out() -> None:
    check = {"name": "stuck", "column": "", "value": None, "limit": None, "status": "warn"}
    message = slack(changed({"checks": [check], "evidence": {"loss": None}, "done": []}), RUN)
    assert texts(message)[1] == "• stuck: warn"


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (0.0, "the beginning"),
        (1365984000.0, "2013-04-15 00:00 UTC"),
        (253402300800.0, "10000-01-01 00:00 UTC"),
        (1e300, "1e+300 s"),
    ],
)
def test_event_times_are_told_whatever_they_are(time: float, said: str) -> None:
    assert f"[since {said}; " in line(changed({"since": time}), RUN)


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    config = WebhookConfig(url_variable="HOOK", token_variable="TOKEN")  # noqa: S106 - its name
    monkeypatch.setenv("HOOK", " https://hooks.example/secret\n")
    monkeypatch.delenv("TOKEN", raising=False)
    with pytest.raises(ConfigError, match="token_variable: the environment variable TOKEN is not set"):
        secrets(config)
    monkeypatch.setenv("TOKEN", "t")
    assert secrets(config) == ("https://hooks.example/secret", "t")
    monkeypatch.setenv("HOOK", "")
    with pytest.raises(ConfigError, match="HOOK is not set"):
        secrets(config)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/s", "http://[::1]/s", "http://localhost/s", "https://a.b/s"]
)
def test_an_address_is_of_https_or_of_this_machine(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HOOK", url)
    assert secrets(WebhookConfig(url_variable="HOOK")) == (url, None)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/very-secret",
        "http://127.0.0.1.hooks.example/very-secret",
        "http://127.0.0.1@hooks.example/very-secret",
        r"http://127.0.0.1\@hooks.example/very-secret",
        "http://10.0.0.1/very-secret",
        "http://[::very-secret",
        "https://x:port/very-secret",
        "https:///very-secret",
        "ftp://hooks.example/very-secret",
        "very-secret",
    ],
)
def test_any_other_address_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HOOK", url)
    with pytest.raises(ConfigError, match="begins with https:// in HOOK, got") as refused:
        secrets(WebhookConfig(url_variable="HOOK"))
    assert "very-secret" not in str(refused.value)


def test_without_a_webhook_there_is_nothing_to_test() -> None:
    assert send_test(DestinationsConfig(), RUN) == []
