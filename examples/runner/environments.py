"""An environment for each example: what its requirements file names, and Riverkeeper from this folder."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
ENVIRONMENTS = HERE / ".venv"


def requirements(name: str) -> Path:
    """The file that names every package of an example's environment with its version."""
    return HERE / "requirements" / f"{name}.txt"


def environment(name: str) -> Path:
    """The environment's Python; made on first use, and anew when the requirements have changed.

    The file names all packages, so none is looked for: what contradicts itself can be installed too, and
    `conflicts` says where it does.
    """
    folder = ENVIRONMENTS / name
    python, made = folder / "bin" / "python", folder / "made-from"
    wanted = sha256(requirements(name).read_bytes()).hexdigest()
    if not made.exists() or made.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)  # noqa: S603
        pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(requirements(name))], check=True)  # noqa: S603
        subprocess.run([*pip, "-e", str(HERE.parent)], check=True)  # noqa: S603
        made.write_text(wanted)
    return python


def conflicts(python: Path) -> list[str]:
    """What pip finds wrong with the versions. What Riverkeeper asks for besides is not needed here."""
    check = [str(python), "-m", "pip", "check", "--disable-pip-version-check"]
    said = subprocess.run(check, capture_output=True, text=True, check=False).stdout  # noqa: S603
    return [line for line in said.splitlines() if " has requirement " in line and "riverkeeper " not in line]


def version(python: Path, distribution: str) -> str:
    """The version of a package there."""
    code = f"import importlib.metadata as m; print(m.version({distribution!r}))"
    said = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return said.stdout.strip()
