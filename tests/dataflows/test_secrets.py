"""A secret is in no configuration, and what the environment holds is in no file and no output of a run."""

from io import StringIO
from pathlib import Path

import pytest
from confluent_kafka import Consumer

from dataflows.alerts.config import WebhookConfig
from dataflows.alerts.secrets import secrets
from dataflows.cli.errors import one_line_errors
from dataflows.config import load_config
from dataflows.connectors.kafka.client import made
from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.console import PlainConsole
from dataflows.runtime.runner import run_flow
from engine.errors import ConfigError, InputError
from tests.support.flows import write_flow

KAFKA = '[kafka]\nbrokers = "a:1"\n[kafka.input]\ntopic = "t"\n'

LITERALS = {
    "kafka.properties": '[kafka]\nbrokers = "a:1"\nproperties = { "sasl.password" = "hunter2" }\n',
    "kafka.properties.sasl.password": '[kafka]\nbrokers = "a:1"\nproperties."sasl.password" = ["hunter2"]\n',
    "kafka: expected": '[[kafka]]\nbrokers = "a:1"\nproperties = { "sasl.password" = "hunter2" }\n',
    "kafka.input.schema_registry": KAFKA + 'schema_registry = { "basic.auth.user.info" = "u:hunter2" }\n',
    "registry.database": '[registry]\ndatabase = "postgresql+psycopg://u:hunter2@host/log"\n',
    "registry.models": '[registry]\nmodels = "s3://u:hunter2@host/models"\n',
    "input.reference": '[input]\nreference = "https://u:hunter2@host/a.csv"\n',
    "alerts.webhook.url_variable": '[alerts.webhook]\nurl_variable = "https://hooks.a/hunter2"\n',
    "alerts.webhook.token_variable": '[alerts.webhook]\nurl_variable = "URL"\ntoken_variable = "hunter2!"\n',
}


@pytest.mark.parametrize("key", LITERALS)
def test_a_literal_secret_is_refused_by_its_key_and_not_shown(tmp_path: Path, key: str) -> None:
    flow = tmp_path / "flow.toml"
    flow.write_text(f'[run]\nname = "a"\n[model]\ntask = "binary"\nmodel = "auto"\n{LITERALS[key]}')
    with pytest.raises(ConfigError) as refused:
        load_config(flow)
    assert f"{flow}: {key}" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_what_a_driver_says_of_a_setting_does_not_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_B", "hunter2-b")
    config = KafkaConfig(brokers="a:1", properties={"security.protocol": "${CANARY_B}"})
    with pytest.raises(ConfigError, match=r"^kafka\.properties: .*\$\{CANARY_B\}") as refused:
        made(Consumer, config, {"group.id": "g"})
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_message_for_the_user_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CANARY_C", "https://hooks.a/hunter2-c")
    url, _ = secrets(WebhookConfig(url_variable="CANARY_C"))
    with pytest.raises(SystemExit), one_line_errors():
        raise InputError(f"{url} does not answer")
    assert capsys.readouterr().err == "error: ${CANARY_C} does not answer\n"


def test_a_whole_run_leaves_no_secret_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    canaries = {"CANARY_D": "http://127.0.0.1:1/hunter2-d", "CANARY_E": "hunter2-e", "CANARY_F": "hunter2-f"}
    for name, value in canaries.items():
        monkeypatch.setenv(name, value)
    flow = write_flow(tmp_path, rows=700, extra="reports = false")
    hook = 'url_variable = "CANARY_D"\ntoken_variable = "CANARY_E"\nretries = 0\nflush = 0.5\ntimeout = 0.2\n'
    flow.write_text(f"{flow.read_text()}\n[alerts.webhook]\n{hook}")
    out = StringIO()
    run_flow(load_config(flow), tmp_path / "state", PlainConsole(file=out))
    flow.write_text(
        flow.read_text()
        .replace('"events.jsonl"', '"memory://a${CANARY_F}.jsonl"')
        .replace('"test"', '"next"')
    )
    with pytest.raises(SystemExit), one_line_errors():
        run_flow(load_config(flow), None, PlainConsole(file=out))
    seen = capfd.readouterr()
    texts = {"out": out.getvalue().encode(), "stdout": seen.out.encode(), "stderr": seen.err.encode()}
    files = {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(files) > 8
    assert not [name for name, content in (texts | files).items() if b"hunter2" in content]
