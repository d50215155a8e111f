"""A PostgreSQL server for the tests of one run, and free ports."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from tests.support.shared import Facts


def _programs() -> Path | None:
    """The folder with PostgreSQL's programs, as Debian or the PATH has it."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


POSTGRES = _programs()


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres() -> Facts:
    """Starts a server on loopback with an empty database; its `url`. PostgreSQL refuses to run as root."""
    assert POSTGRES is not None
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="riverkeeper-postgres-"))
    if user:
        shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        command = [str(POSTGRES / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=folder, timeout=60)  # noqa: S603

    port = free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "keeper", "-A", "trust", "-E", "UTF8", "--no-sync")
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    process = (folder / "data" / "postmaster.pid").read_text().split()[0]
    url = f"postgresql+psycopg://keeper@127.0.0.1:{port}/postgres"
    return {"url": url, "data": str(folder), "pid": process, "signal": str(int(signal.SIGQUIT))}
