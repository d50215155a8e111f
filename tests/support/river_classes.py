"""Lists the classes of the River that is installed, as `engine/models/graph/river_classes.py` has them.

python -m tests.support.river_classes          after an upgrade of River
"""

import importlib
import inspect
import pkgutil
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import river

from engine.models.graph import river_classes

LEFT_OUT = (
    *("river.api", "river.bandit.datasets", "river.bandit.envs", "river.checks", "river.compat"),
    *("river.conftest", "river.datasets", "river.drift.datasets", "river.evaluate", "river.stream"),
)
"""What opens files and connections, and what serves tests."""


def _is_left_out(module: str) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in LEFT_OUT)


def _classes_in(owner: Any, module: str, prefix: str = "") -> Iterator[str]:
    for name, found in vars(owner).items():
        here = inspect.isclass(found) and found.__module__ == module and found.__qualname__ == prefix + name
        if here and not any(_is_left_out(base.__module__) for base in found.__mro__):
            yield found.__qualname__
            yield from _classes_in(found, module, f"{found.__qualname__}.")


def installed() -> dict[str, str]:
    """Classes by module, those of a module with spaces between."""
    listed = {}
    for info in pkgutil.walk_packages(river.__path__, "river."):
        if _is_left_out(info.name) or info.name.rpartition(".")[2].startswith("test"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = importlib.import_module(info.name)
        if names := sorted(_classes_in(module, info.name)):
            listed[info.name] = " ".join(names)
    return dict(sorted(listed.items()))


def main() -> None:
    """Writes the file."""
    file = Path(river_classes.__file__)
    head = file.read_text("utf-8").partition("CLASSES")[0]
    lines = []
    for module, names in installed().items():
        if len(module) + len(names) < 96:
            lines.append(f'    "{module}": "{names}",')
        else:
            parts = textwrap.wrap(names, 90)
            quoted = [f'        "{part} "' for part in parts[:-1]] + [f'        "{parts[-1]}"']
            lines += [f'    "{module}": (', *quoted, "    ),"]
    file.write_text(f"{head}CLASSES = {{\n" + "\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
