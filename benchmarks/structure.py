"""Modules, layers, imports and cycles of each package, now and at another commit.

    python -m benchmarks.structure                 # this tree
    python -m benchmarks.structure --base e053f20  # beside that of a commit

Parts of a package are its modules and the packages in it. A layer is a step of the longest chain of imports
among the parts; parts that import each other in a circle are one step, and a cycle.
"""

import argparse
import ast
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOTS = ("engine", "dataflows")
Graph = Mapping[str, set[str]]


class Shape(NamedTuple):
    """What a package is made of."""

    modules: int
    parts: int
    imports: int
    layers: int
    cycles: int


def imports_of(root: Path) -> dict[str, set[str]]:
    """For each module of ours, the modules of ours that it imports, also inside functions."""
    files = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for name in ROOTS
        for path in sorted((root / name).rglob("*.py"))
    }
    return {name: set(_imported(path, files)) - {name} for name, path in files.items()}


def _imported(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in known or node.module in known:
                    yield inner if inner in known else node.module


def shape(package: str, imports: Graph) -> Shape:
    """The shape of one package."""
    inside = [name for name in imports if name.startswith(f"{package}.")]
    graph: dict[str, set[str]] = {_part(package, name): set() for name in inside}
    count = 0
    for name in inside:
        for other in imports[name]:
            if other.startswith(f"{package}.") and _part(package, name) != _part(package, other):
                graph[_part(package, name)].add(_part(package, other))
                count += 1
    groups = _circles(graph)
    return Shape(len(inside), len(graph), count, _layers(graph, groups), sum(len(g) > 1 for g in groups))


def _part(package: str, name: str) -> str:
    return name[len(package) + 1 :].partition(".")[0]


def _circles(graph: Graph) -> list[frozenset[str]]:
    """The strongly connected parts: those that can reach each other."""
    reach = {name: _reachable(name, graph) for name in graph}
    return list({frozenset(b for b in reach[a] | {a} if b == a or a in reach[b]) for a in graph})


def _reachable(start: str, graph: Graph) -> set[str]:
    found: set[str] = set()
    rest = [start]
    while rest:
        for other in graph[rest.pop()] - found:
            found.add(other)
            rest.append(other)
    return found


def _layers(graph: Graph, groups: list[frozenset[str]]) -> int:
    home = {name: group for group in groups for name in group}
    depth: dict[frozenset[str], int] = {}

    def of(group: frozenset[str]) -> int:
        if group not in depth:
            below = {home[other] for name in group for other in graph[name]} - {group}
            depth[group] = 1 + max(map(of, below), default=0)
        return depth[group]

    return max(map(of, groups), default=0)


def packages(imports: Graph) -> list[str]:
    """The packages with more than two modules, the outermost first."""
    found = {name.rpartition(".")[0] for name in imports} - {""}
    return sorted(
        (name for name in found if sum(other.startswith(f"{name}.") for other in imports) > 2),
        key=lambda name: (name.split(".")[0] != "engine", name),
    )


def _table(imports: Graph) -> None:
    print(f"{'package':<34}{'modules':>8}{'parts':>7}{'imports':>9}{'layers':>8}{'cycles':>8}")
    for package in packages(imports):
        print(f"{package:<34}" + "{:>8}{:>7}{:>9}{:>8}{:>8}".format(*shape(package, imports)))


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--base", help="a commit to show first")
    base = parser.parse_args().base
    root = Path(__file__).resolve().parents[1]
    if base is not None:
        packed = subprocess.run(  # noqa: S603 - git, with a commit that the caller names
            ["git", "-C", str(root), "archive", base, *ROOTS],  # noqa: S607 - as found on the path
            capture_output=True,
            check=True,
        ).stdout
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                archive.extractall(folder, filter="data")
            print(f"at {base}")
            _table(imports_of(Path(folder)))
        print("\nnow")
    _table(imports_of(root))


if __name__ == "__main__":
    main()
