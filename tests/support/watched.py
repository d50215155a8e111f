"""Runs a command and records which addresses outside this machine any of its processes asks for.

A `sitecustomize` on PYTHONPATH puts an audit hook into every Python process before anything else runs. What
is no Python (Bytewax is Rust) only `strace` sees.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

HOOK = """
import os
import sys

HERE = ("", "localhost", "::1")


def note(kind, line):
    handle = os.open(os.environ["WATCHED"] + kind, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, (line + "\\n").encode())
    os.close(handle)


def record(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0] or ""
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in HERE and not host.startswith("127."):
        note(".outside", event + " " + host + " by " + " ".join(sys.orig_argv[:3]))


sys.addaudithook(record)
note(".processes", " ".join(sys.orig_argv).replace("\\n", " "))
"""

ROOT = Path(__file__).parents[2]


class Watched:
    """What a command and the processes that it started have done.

    Attributes:
        done: The command.
        processes: Command lines of all Python processes.
        outside: Connections and look-ups outside loopback.
        home: Files under what they took for the home folder.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], *, trace: bool
    ) -> None:
        folder.mkdir()
        (folder / "site").mkdir()
        (folder / "site" / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
        home = folder / "home"
        home.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DO_NOT_"))}
        strace = ["strace", "-f", "-qq", "-e", "trace=connect,sendto", "-o", str(folder / "trace")]
        self.done = subprocess.run(  # noqa: S603 - a test's own command
            [*(strace if trace else []), *command],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            cwd=folder,
            env=kept
            | {
                "HOME": str(home),
                "PYTHONPATH": f"{folder / 'site'}:{ROOT}",
                "WATCHED": str(folder / "watched"),
            }
            | dict(environment),
        )
        self.processes = _lines(folder / "watched.processes")
        self.outside = _lines(folder / "watched.outside") + [
            line for line in _lines(folder / "trace") if _leaves(line)
        ]
        self.home = [str(path.relative_to(home)) for path in home.rglob("*")]


def can_trace() -> bool:
    """Whether system calls can be traced here."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(  # noqa: S603 - nothing but "true"
        [shutil.which("strace") or "", "-o", os.devnull, "true"], capture_output=True, check=False
    )
    return tried.returncode == 0


def _leaves(line: str) -> bool:
    found = re.search(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"', line)
    return found is not None and not (found[1] or found[2]).startswith(("127.", "::1"))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


PYTHON = [sys.executable, "-c"]
