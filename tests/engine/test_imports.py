"""What an engine imports: each of these costs every process tens of megabytes and tenths of a second."""

import subprocess
import sys

import pytest

HEAVY = ("evidently", "fsspec", "pandas", "plotly", "sklearn", "sqlalchemy")

ENGINE = """
from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.records.values import Example
engine = Engine(EngineConfig.model_validate({"model": {"task": "binary", "model": [
    "preprocessing.StandardScaler", "linear_model.LogisticRegression"]}}))
engine.process([Example(str(n), float(n), {"a": n % 7.0}, n % 2 == 0) for n in range(20)])
engine.snapshot()
"""


def imported(script: str) -> set[str]:
    """The top-level packages that a new interpreter has imported at the end of a script."""
    script += "\nimport sys\nprint(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    return set(done.stdout.split())


def test_an_engine_that_predicts_and_learns_imports_no_reports_and_no_database() -> None:
    assert not imported(ENGINE) & set(HEAVY)


@pytest.mark.parametrize("module", ["engine.evaluation.metrics", "engine.models", "river.stream"])
def test_river_comes_without_scikit_learn_whatever_is_imported_first(module: str) -> None:
    found = imported(f"import engine, {module}\nfrom river import linear_model")
    assert "river" in found
    assert not found & set(HEAVY)


def test_rivers_own_readers_are_still_there_when_they_are_asked_for() -> None:
    script = """
import engine
from river import stream
assert callable(stream.iter_sql) and callable(stream.iter_sklearn_dataset)
from river.stream.iter_sql import iter_sql
assert not hasattr(stream, "iter_nothing")
"""
    assert {"sklearn", "sqlalchemy"} <= imported(script)
