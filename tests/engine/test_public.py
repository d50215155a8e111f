"""The public interface of `engine`: what is listed is there, and nothing heavy comes with it."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import engine
from tests.engine.test_base_install import EXTRAS

PUBLIC = [
    *("Keeper", "AsyncKeeper", "Durable", "HostState", "as_dict", "as_line"),
    *("Engine", "EngineConfig", "Command", "Start", "WindowEvaluator", "make_evaluator", "overall"),
    *("Record", "Example", "Label", "Unreadable", "Decoder"),
    *("Event", "Prediction", "AnomalyScore", "Outcome", "DeadLetter", "ContractViolation"),
    *("PreliminaryVerdict", "Drift", "Report", "FullReport", "Rates", "Decision", "Version", "Alert"),
    *("Summary", "Counts"),
    *("RiverkeeperError", "ConfigError", "ModelError", "SnapshotError"),
    *("InputError", "OutputError", "UsageError", "EvaluatorError", "RegistryError"),
]
"""To change this list is to change what programs rely on: say so in the changelog."""


def test_the_public_interface_is_this() -> None:
    assert engine.__all__ == PUBLIC
    assert dir(engine) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_listed_is_there_and_documented(name: str) -> None:
    found = getattr(engine, name)
    assert name in {"Event", "Record"} or found.__doc__


def test_a_type_checker_sees_the_same_names() -> None:
    tree = ast.parse(Path(engine.__file__).read_text(encoding="utf-8"))
    checked = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("engine.")
        for alias in node.names
    }
    assert set(checked) == set(PUBLIC)
    for name, home in checked.items():
        assert getattr(import_module(str(home)), name) is getattr(engine, name)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Engin'"):
        engine.Engin  # noqa: B018 - that is the test


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    return set(ran.stdout.split())


def test_importing_the_package_imports_nothing_heavy() -> None:
    installed = {name.partition(".")[0] for name in modules_after("import engine")} - sys.stdlib_module_names
    assert {name for name in installed if not name.startswith("_")} == {"engine"}


def test_the_engine_comes_without_what_only_reports_and_the_registry_need() -> None:
    found = modules_after("from engine import Engine")
    assert "river" in found
    assert not found & {*EXTRAS}
