"""Watches a process for what no file may bring about: code, commands, connections, files written.

It is an audit hook of Python (PEP 578), which cannot be taken off again, so only forks are watched. It tells
of an operation and refuses it.
"""

import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

_NEVER = (
    *("os.exec", "os.fork", "os.spawn", "os.posix_spawn", "os.system", "os.kill", "subprocess.", "pty."),
    *("socket.", "ctypes.", "urllib.", "http.", "ftplib.", "smtplib.", "webbrowser.", "shutil.", "code."),
    *("pickle.", "function.__new__", "sys.setprofile", "sys.settrace", "signal.pthread_kill"),
)
"""Beginnings of events of which none belongs to reading a file."""

_CHANGES = frozenset(
    f"os.{name}"
    for name in (
        *("chmod", "chown", "link", "mkdir", "putenv", "remove", "rename", "rmdir", "symlink", "truncate"),
        *("unsetenv", "utime", "setxattr", "removexattr", "chdir"),
    )
)
"""Events that belong to it in the folder of the input only."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_PACKAGES = ("river", "numpy", "scipy", "pandas", "engine", "dataflows", "msgspec", "sqlalchemy", "fsspec")
"""Packages that import parts of themselves when they are needed, as the standard library does."""


_HOMES = (
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("purelib"),
    str(Path(__file__).parents[2]),
    "<frozen ",
)
"""Where the code of modules comes from."""


class ExecutionError(Exception):
    """What a watched process is told that has tried something."""


def watch(folder: Path, tell: Callable[[str], None]) -> None:
    """Watches this process from now on.

    Args:
        folder: Files may be written here.
        tell: Is told of each operation.
    """
    place, telling = os.path.realpath(folder), False

    def seen(event: str, given: tuple[Any, ...]) -> None:
        nonlocal telling
        if event == "import" and str(given[0]).partition(".")[0] == "evidently":
            # A window without a verdict is judged anew; what needs Evidently goes on as where it is missing.
            raise ModuleNotFoundError("left out of a watched process", name="evidently")
        if telling or not _counts(event, given, place):
            return
        telling = True
        try:
            tell(f"{event} {_shown(given)}")
        finally:
            telling = False
        raise ExecutionError(event)

    sys.addaudithook(seen)


def _counts(event: str, given: tuple[Any, ...], place: str) -> bool:
    if event == "open":  # by number: it was opened before, by its name
        writes = bool((given[2] or 0) & _WRITES)
        return writes and not isinstance(given[0], int) and not _within(given[0], place)
    if event == "exec":
        # The code of a module that is imported; all other code that is run so is somebody's own. What is
        # only compiled does not run: `inspect` parses signatures.
        code = given[0]
        return not (code.co_name == "<module>" and code.co_filename.startswith(_HOMES))
    if event == "import":
        return str(given[0]).partition(".")[0] not in sys.stdlib_module_names | {*_PACKAGES}
    if event == "os.putenv" and given[0] == b"DO_NOT_TRACK":  # before Evidently is imported
        return False
    if event in _CHANGES:
        return not _within(given[0], place)
    return event.startswith(_NEVER)


def _within(path: Any, place: str) -> bool:
    if not isinstance(path, str | bytes | os.PathLike):
        return False
    return f"{os.path.realpath(os.fsdecode(path))}/".startswith(f"{place}/")


def _shown(given: tuple[Any, ...]) -> str:
    try:
        return repr(given)[:300]
    except Exception as error:  # noqa: BLE001 - the repr of anything
        return f"({type(error).__name__} in repr)"
