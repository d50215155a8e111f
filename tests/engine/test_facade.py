"""The front door: the same names as `engine`, nothing heavy at import, and our engine behind it."""

import subprocess
import sys
from pathlib import Path

import pytest

import engine
import riverkeeper as rk
from engine.keeper import river


def test_it_has_the_names_of_the_engine() -> None:
    assert rk.__all__ == ["river", *engine.__all__]
    assert dir(rk) == sorted(rk.__all__)
    assert all(getattr(rk, name) is getattr(engine, name) for name in engine.__all__)
    assert all(getattr(rk.river, name) is getattr(river, name) for name in rk.river.__all__)
    with pytest.raises(AttributeError, match="module 'riverkeeper' has no attribute 'Keper'"):
        rk.Keper  # noqa: B018 - that is the test


def run(code: str, *paths: Path) -> "subprocess.CompletedProcess[str]":
    root = Path(engine.__file__).parents[1]
    first = f"import sys; sys.path[:0] = {[str(path) for path in (*paths, root)]}\n"
    return subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-P", "-c", first + code], capture_output=True, text=True, check=False
    )


def test_importing_it_imports_nothing_heavy() -> None:
    found = run("import riverkeeper; print(*sys.modules)").stdout.split()
    assert "riverkeeper" in found
    assert not {*found} & {"river", "numpy", "pydantic", "msgspec", "dataflows"}


def test_another_package_called_engine_is_named_with_ours(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("")
    wrong = run("import riverkeeper", tmp_path).stderr
    assert "Traceback" in wrong, "it is an ImportError, which is for whoever wrote the program"
    last = wrong.splitlines()[-1]
    assert last.startswith("ImportError: riverkeeper needs its package 'engine' at ")
    assert str(Path(engine.__file__).resolve()) in last
    assert str(tmp_path / "engine" / "__init__.py") in last
