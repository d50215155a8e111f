"""How a process of ours starts another: with the same modules, whatever lies in the working directory.

`python -m` looks there first, so an `evidently/` that came with somebody's data would run.
"""

import os
import sys
from pathlib import Path


def command(module: str) -> list[str]:
    """The command that runs a module of ours."""
    return [sys.executable, "-P", "-m", module]


def environment() -> dict[str, str]:
    """The environment of this process, in which another finds the same modules."""
    root = str(Path(__file__).resolve().parents[1])
    paths = dict.fromkeys([*(path for path in sys.path if path), root])
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
