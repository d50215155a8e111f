"""Metrics for Prometheus: one endpoint per process, `http://host:port/metrics`.

Nothing is counted per record: with each batch the engine's own counts are noted, and read when Prometheus
asks. Of many model keys the first hundred have lines of their own; the others are added up as `other`.
"""

import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dataflows.config import MOST_PORT
from dataflows.escape import in_label
from engine.errors import OutputError
from engine.events import Decision, Event, Report
from engine.records.events import Counts

_MOST_KEYS = 100
OTHER = "other"

COUNTED = {
    "records": "Records that came in.",
    "predicted": "Examples that got a prediction.",
    "learned": "Examples that the champion has trained on.",
    "rejected": "Records that were unreadable or against the contract.",
    "unmatched": "Labels that found no prediction.",
    "expired": "Predictions that waited too long for a label.",
    "unlabelled": "Anomaly detection: predictions that need no label and got none.",
}
"""Fields of `Counts` that only grow, each a metric `riverkeeper_<name>_total`."""


class Metrics(Collector):
    """Holds the latest figures of all engines of a process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, Counts] = {}
        self._named: set[str] = set()
        self._windows: Counter[tuple[str, str]] = Counter()
        self._decisions: Counter[tuple[str, str]] = Counter()
        self._losses: dict[str, tuple[float, float]] = {}

    def note(self, key: str, counts: Counts, events: Iterable[Event]) -> None:
        """Takes an engine's counts, and its events since the last call."""
        with self._lock:
            self._counts[key] = counts
            shown = self._shown(key)
            for event in events:
                if isinstance(event, Report):
                    self._windows[shown, event.verdict.status] += 1
                    if event.scores.loss is not None and event.scores.baseline_loss is not None:
                        self._losses[shown] = event.scores.loss, event.scores.baseline_loss
                elif isinstance(event, Decision):
                    self._decisions[shown, event.action] += 1

    def _shown(self, key: str) -> str:
        label = in_label(key)
        if len(self._named) < _MOST_KEYS:
            self._named.add(label)
        return label if label in self._named else OTHER

    def collect(self) -> Iterator[Metric]:
        """What Prometheus asks for."""
        with self._lock:
            yield from self._counters()
            windows = CounterMetricFamily("riverkeeper_windows", "Windows judged.", labels=["key", "status"])
            decisions = CounterMetricFamily("riverkeeper_decisions", "Decisions.", labels=["key", "action"])
            for family, found in ((windows, self._windows), (decisions, self._decisions)):
                for names, count in found.items():
                    family.add_metric(names, count)
                yield family
            loss = GaugeMetricFamily(
                "riverkeeper_window_loss", "Mean loss over the last window judged.", labels=["key", "of"]
            )
            for key, (served, baseline) in self._losses.items():
                if key != OTHER:
                    loss.add_metric([key, "served"], served)
                    loss.add_metric([key, "baseline"], baseline)
            yield loss

    def _counters(self) -> Iterator[Metric]:
        sums: dict[str, Counter[str]] = {}
        for key, counts in self._counts.items():
            figures = sums.setdefault(self._shown(key), Counter())
            for name in (*COUNTED, "waiting"):
                figures[name] += getattr(counts, name)
        for name, about in COUNTED.items():
            family = CounterMetricFamily(f"riverkeeper_{name}", about, labels=["key"])
            for key, figures in sums.items():
                family.add_metric([key], figures[name])
            yield family
        waiting = GaugeMetricFamily(
            "riverkeeper_waiting", "Predictions that wait for a label.", labels=["key"]
        )
        for key, figures in sums.items():
            waiting.add_metric([key], figures["waiting"])
        yield waiting


@cache
def shared() -> Metrics:
    """The metrics of this process."""
    return Metrics()


def serve(metrics: Metrics, address: str, process: int) -> None:
    """Serves metrics until the process ends; process I of a cluster at the port + I.

    Raises:
        OutputError: When the port is taken, or is none.
    """
    host, port = _place(address, process)
    registry = CollectorRegistry()
    registry.register(metrics)
    with _served(host, port):
        start_http_server(port, host, registry)


def check_ports(address: str, processes: int) -> None:
    """Checks that each process can serve its metrics.

    Raises:
        OutputError: When a port is taken, or is none.
    """
    for process in range(processes):
        host, port = _place(address, process)
        with _served(host, port):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            socket.create_server((host, port), family=family).close()


def _place(address: str, process: int) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    number = int(port) + process
    if number > MOST_PORT:
        raise OutputError(f"run.metrics {host}:{number}: a port is at most {MOST_PORT}; choose another port")
    return host.strip("[]"), number


@contextmanager
def _served(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"run.metrics {host}:{port}: cannot be served: {error.strerror}; choose another port"
        ) from error
