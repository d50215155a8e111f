"""What an installation costs: `python -m benchmarks.install [EXTRA ...]`; by default the base and `all`.

Each is installed by pip into a virtual environment of its own, which takes minutes and some gigabytes of a
temporary folder. Counted is what an empty environment does not have: packages beside Riverkeeper, and bytes
of files, compiled ones too. Times, of the processor, and memory are medians over new interpreters, after one
to warm up. It needs Linux.
"""

import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
ROUNDS = 7
MODULE, ENGINE = "import engine", "from engine import Engine"

_MEASURED = """
import pathlib, time
began = time.process_time()
{statement}
taken = time.process_time() - began
(peak,) = (line.split()[1] for line in pathlib.Path("/proc/self/status").open() if line.startswith("VmHWM"))
print(taken, peak)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a statement takes in a new interpreter.

    Attributes:
        seconds: Of the processor, from when the interpreter is up.
        megabytes: The most memory that the process has had.
    """

    seconds: float
    megabytes: float


def run(python: Path, *arguments: str | Path) -> str:
    """What an interpreter prints; isolated (-I): what is installed is imported, not the checkout."""
    command = [python, "-I", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603


def installed(folder: Path, extra: str | None) -> Path:
    """The interpreter of a new environment with Riverkeeper and an extra; of an empty one without."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    if extra is not None:
        project = f"{ROOT}[{extra}]" if extra else str(ROOT)
        run(python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", project)
    return python


def megabytes(folder: Path) -> float:
    """The size of all files."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def packages(python: Path) -> int:
    """How many packages there are."""
    return len(
        run(python, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check").splitlines()
    )


def cost(python: Path, statement: str) -> Cost:
    """What a statement takes."""
    script = _MEASURED.format(statement=statement)
    times, sizes = zip(
        *(map(float, run(python, "-c", script).split()) for _ in range(ROUNDS + 1)), strict=True
    )
    return Cost(median(times[1:]), median(sizes[1:]) / 1024)


def main(extras: list[str]) -> None:
    """Prints a line for each."""
    print(f"Python {sys.version.split()[0]}, {ROUNDS} rounds")
    print(f"{'':24}{'packages':>10}{'MB':>8}{MODULE:>22}{ENGINE:>28}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        empty = installed(place / "empty", None)
        nothing, few = megabytes(place / "empty"), packages(empty)
        for number, extra in enumerate(extras):
            python = installed(place / str(number), extra)
            size, count = megabytes(place / str(number)) - nothing, packages(python) - few - 1
            found = (cost(python, statement) for statement in (MODULE, ENGINE))
            module, engine = (f"{one.seconds:.2f} s, {one.megabytes:.0f} MB" for one in found)
            print(f"{extra or 'base':24}{count:>10}{size:>8,.0f}{module:>22}{engine:>28}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["", "all"])
