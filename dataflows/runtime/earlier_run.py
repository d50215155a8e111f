"""What an earlier run has left in a folder: whether a run may go on with it, and how it makes way."""

from glob import escape
from pathlib import Path

from dataflows.alerts.sink import DELIVERED
from dataflows.connectors.registry import RUN_FILES
from dataflows.lifecycle import commands, run_id, unwritten
from dataflows.lifecycle.status_file import STATUS
from dataflows.runtime import key_cache, recovery_store
from engine.core.streams import STREAMS
from engine.errors import ConfigError, OutputError
from engine.private_files import PARTIAL

_RESULTS = (*(f"{stream}.jsonl" for stream in STREAMS), "reports/*-[0-9]*.json")
"""What cannot be had again without running again."""

_FILES = (
    *_RESULTS,
    *commands.FILES,
    *RUN_FILES,
    *key_cache.FILES,
    DELIVERED,
    STATUS,
    unwritten.FILE,
    run_id.FILE,
    run_id.STORE,
    "reports/*-[0-9]*.html",
    "report.html",
    "explain-*.html",
    "workspace/*-*-*-*-*/*.json",
    "workspace/*-*-*-*-*/snapshots/*.json",
)
"""What a run writes: only these are removed, in case the folder holds anything else."""


_LEFTOVERS = (*key_cache.FILES, PARTIAL, f"reports/{PARTIAL}", f"workspace/**/{PARTIAL}")
"""What a killed run has left, of no use to the next. Nobody writes there now: the folder is locked."""


def has_results(run: Path) -> bool:
    """Whether there is anything in a run's folder that may be of use to somebody."""
    found = (path for pattern in _RESULTS for path in run.glob(pattern))
    return any(path.is_file() and path.stat().st_size for path in found)


def check_store(run: Path, recovery: Path, *, overwrite: bool) -> None:
    """Checks that a recovery folder and what is in a run's folder are of the same run.

    Raises:
        OutputError: When they are of different runs, or the results are of a run that keeps its progress
            elsewhere.
        ConfigError: When there is a run to go on with, and it is to be overwritten.
    """
    if not recovery_store.exists(recovery):
        store = run_id.known_store(run)
        if store is not None and not overwrite and recovery_store.exists(store) and has_results(run):
            raise OutputError(
                f"--recovery {recovery}: keeps no run, and the run whose results are in {run} keeps its "
                f"progress in {store}: expected --recovery {store} to go on with it, or --overwrite to begin "
                f"anew and replace them"
            )
        return
    if overwrite:
        raise ConfigError(
            f"--overwrite begins anew, and --recovery {recovery} goes on with the run that it keeps: "
            f"expected one of them, or a folder without a run"
        )
    owner = recovery_store.owner(recovery)
    if owner is not None and owner != run_id.known_identity(run):
        raise OutputError(f"--recovery {recovery}: keeps the progress of {_whose(owner, run)}")


def _whose(owner: str, run: Path) -> str:
    """The run that a store belongs to, and what to do."""
    for folder in _aside(run):
        if run_id.known_identity(folder) == owner:
            return (
                f"the run whose results were kept aside in {folder}; to go on with it, rename {run} and then "
                f"{folder} to {run}; or name another folder"
            )
    name = owner.rpartition("-")[0]
    if name == run.name:
        return f"{owner}, whose results are not in {run}; put its files back, or name another folder"
    return f"{name!r}, expected {run.name!r}; name the folder of this run, or a new one"


def keep_aside(run: Path) -> Path:
    """Renames a run's folder, `demo` to `demo.1`, `demo.2` and so on; returns its new place.

    Raises:
        OutputError: When it cannot be renamed.
    """
    number = max((int(folder.suffix[1:]) for folder in _aside(run)), default=0) + 1
    target = run.with_name(f"{run.name}.{number}")
    try:
        run.rename(target)
    except OSError as error:
        raise OutputError(
            f"{run}: the results of an earlier run cannot be kept aside as {target}: {error.strerror}; see "
            f"to rights, replace them with --overwrite, or choose another run.name"
        ) from error
    return target


def _aside(run: Path) -> list[Path]:
    """Folders that were kept aside."""
    found = run.parent.glob(f"{escape(run.name)}.*")
    return [folder for folder in found if folder.suffix[1:].isdecimal()]


def remove_results(run: Path) -> None:
    """Removes what an earlier run wrote, and nothing else; the folder is made.

    Raises:
        OutputError: When the folder cannot be used.
    """
    _remove(run, _FILES)


def remove_leftovers(run: Path) -> None:
    """Removes what is of no use once its process has ended.

    Raises:
        OutputError: When the folder cannot be used.
    """
    _remove(run, _LEFTOVERS)


def _remove(run: Path, patterns: tuple[str, ...]) -> None:
    try:
        run.mkdir(parents=True, exist_ok=True)
        for pattern in patterns:
            for stale in run.glob(pattern):
                if not stale.is_dir():
                    stale.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{run}: cannot be written: {error.strerror}; see to space and rights") from error
