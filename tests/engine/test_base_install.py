"""The engine without any extra: it predicts, learns, judges windows, and says what it lacks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import MissingExtraError
from engine.requirements import needing, require

EXTRAS = (
    *("bytewax", "confluent_kafka", "evidently", "fsspec", "httpx", "litestar", "mlflow", "pandas", "plotly"),
    *("prometheus_client", "psycopg", "pyarrow", "rich", "sklearn", "sqlalchemy", "typer", "zstandard"),
)
"""Modules that only extras bring."""

SCRIPT = """
import sys
from random import Random

import engine
from engine import *

config = EngineConfig.model_validate({
    "model": {"task": "binary", "model": ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]},
    "window": {"count": 200},
})
random = Random(1)
records = []
for number in range(1000):
    x = random.gauss(20 if number >= 600 else 0, 1)
    features = {"x": x, "c": random.choice("ab")}
    records.append(Example(str(number), float(number), features, random.random() < (0.8 if x > 0 else 0.2)))
with Engine(config) as made:
    events = made.process(records[:500])
    saved = made.snapshot()
with Engine.restore(saved, config) as made:
    events += made.process(records[500:])
    events += made.finish()
for event in events:
    if isinstance(event, Report):
        print(event.window, event.verdict.status, len(event.verdict.checks) > 0, event.verdict.reason)
there = {name.partition(".")[0] for name, module in sys.modules.items() if module is not None}
print(made.counts.predicted, sorted(there & set(sys.argv[1:])))
"""

NO_REPORT = (
    "no report was made: a report needs Evidently, which is not installed: pip install 'riverkeeper[reports]'"
)


def test_without_extras_windows_are_judged_and_say_that_no_report_was_made(tmp_path: Path) -> None:
    """As modules that are not there to import, here and in the process that judges windows."""
    hidden = f"import sys\nsys.modules.update(dict.fromkeys({EXTRAS}))\n"
    (tmp_path / "sitecustomize.py").write_text(hidden, encoding="utf-8")
    ran = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-W", "error", "-c", SCRIPT, *EXTRAS],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parents[2]}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    *windows, last = ran.stdout.splitlines()
    assert last == "1000 []"
    assert [line.split()[1] for line in windows] == ["pass", "pass", "pass", "fail", "fail"]
    assert all(line.split()[2] == "True" and line.endswith(NO_REPORT) for line in windows)
    assert "x drifted" in windows[3]


def test_what_is_not_installed_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "evidently", None)
    told = r"^a report needs Evidently, which is not installed: pip install 'riverkeeper\[reports\]'$"
    with pytest.raises(MissingExtraError, match=told):
        require("evidently", "a report", "reports")
    with pytest.raises(MissingExtraError, match=told), needing("a report", "reports"):
        import evidently.metrics  # type: ignore[import-untyped] # noqa: F401, PLC0415


def test_what_is_installed_but_broken_is_not_called_missing() -> None:
    with pytest.raises(MissingExtraError, match=r"cannot be imported \(cannot import name 'Nothing'"):  # noqa: SIM117
        with needing("a report", "reports"):
            from json import Nothing  # type: ignore[attr-defined] # noqa: F401, PLC0415


def test_a_module_of_ours_that_is_missing_is_a_defect() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"engine\.nothing"), needing("a report", "reports"):
        import engine.nothing  # type: ignore[import-not-found] # noqa: F401, PLC0415


@pytest.mark.parametrize(
    ("python", "told"),
    [
        ((3, 12), "which is not installed: pip install 'riverkeeper[flow]'"),
        (
            (3, 13),
            "which is not installed and is built for Python up to 3.12: with such a Python, pip install",
        ),
    ],
)
def test_a_python_that_a_package_is_not_built_for_is_told(
    monkeypatch: pytest.MonkeyPatch, python: tuple[int, int], told: str
) -> None:
    monkeypatch.setitem(sys.modules, "bytewax", None)
    monkeypatch.setattr(sys, "version_info", python)
    with pytest.raises(MissingExtraError) as raised:
        require("bytewax", "riverkeeper run", "flow")
    assert told in str(raised.value)
