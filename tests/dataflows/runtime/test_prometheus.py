"""What Prometheus is told."""

import re
import urllib.request
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from dataflows.runtime.prometheus import COUNTED, OTHER, Metrics, serve
from engine.errors import OutputError
from engine.events import Decision
from engine.records.events import Counts
from tests.support.servers import free_port

DEPLOY = Path(__file__).parents[3] / "deploy"


def decision(key: str) -> Decision:
    return Decision(
        key=key,
        number=0,
        time=0.0,
        learned=0,
        window=0,
        action="rollback",
        reason="",
        model="m1",
        previous="m0",
        shadow="",
        evidence={},
    )


def told(metrics: Metrics) -> dict[tuple[str, str], float]:
    """Values by metric and first label."""
    return {
        (sample.name, sample.labels["key"]): sample.value
        for family in metrics.collect()
        for sample in family.samples
    }


def test_the_latest_counts_are_told_and_decisions_are_counted() -> None:
    metrics = Metrics()
    metrics.note("a", Counts(records=5, predicted=4, rejected=1, waiting=2), [])
    metrics.note("a", Counts(records=7, predicted=6, rejected=1, waiting=3), [decision("a")])
    found = told(metrics)
    assert found["riverkeeper_records_total", "a"] == 7
    assert found["riverkeeper_waiting", "a"] == 3
    assert found["riverkeeper_decisions_total", "a"] == 1


def test_of_many_keys_the_rest_is_one() -> None:
    metrics = Metrics()
    for number in range(250):
        metrics.note(f"k{number}", Counts(records=2, predicted=2), [decision(f"k{number}")])
    found = told(metrics)
    assert found["riverkeeper_records_total", "k99"] == 2
    assert found["riverkeeper_records_total", OTHER] == 300
    assert found["riverkeeper_decisions_total", OTHER] == 150
    assert sum(name == "riverkeeper_records_total" for name, _ in found) == 101


def test_a_key_is_one_line_of_text_and_keys_that_look_alike_are_one() -> None:
    metrics = Metrics()
    for key in ('a"} 1\n# HELP x\n\ud800\x1b', "b\n", "b\\n"):
        metrics.note(key, Counts(records=2), [])
    registry = CollectorRegistry()
    registry.register(metrics)
    text = generate_latest(registry).decode()
    samples = [
        (sample.labels["key"], sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "riverkeeper_records_total"
    ]
    assert samples == [('a"} 1\\n# HELP x\\n\\ud800\\x1b', 2), ("b\\n", 4)]


def test_prometheus_can_read_it_over_http_and_a_port_that_is_taken_is_told() -> None:
    metrics, port = Metrics(), free_port()
    metrics.note("a", Counts(records=7), [])
    serve(metrics, f"127.0.0.1:{port - 1}", 1)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["riverkeeper_records"].samples[0].value == 7
    assert families["riverkeeper_records"].documentation == COUNTED["records"]
    with pytest.raises(OutputError, match=rf"run\.metrics 127\.0\.0\.1:{port}: cannot be served"):
        serve(Metrics(), f"127.0.0.1:{port}", 0)


def test_prometheus_in_the_compose_file_asks_the_flow() -> None:
    flow = (DEPLOY / "flow.toml").read_text()
    prometheus = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    (job,) = prometheus["scrape_configs"]
    (static,) = job["static_configs"]
    assert static["targets"] == ["flow:9100", "flow:9101"]  # two processes
    assert 'metrics = "0.0.0.0:9100"' in flow
    names = {f"riverkeeper_{name}_total" for name in COUNTED}
    names |= {"riverkeeper_waiting", "riverkeeper_windows_total", "riverkeeper_decisions_total"}
    names |= {"riverkeeper_window_loss"}
    dashboard = (DEPLOY / "grafana/riverkeeper.json").read_text()
    asked = set(re.findall(r"riverkeeper_\w+", dashboard))
    assert asked
    assert asked <= names
