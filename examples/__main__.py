"""Tries the examples: each is killed in the middle, started again, and compared with `riverkeeper run`.

    python -m examples [NAME ...]

Each runs in an environment of its own, of the packages that examples/requirements/NAME.txt names.
"""

import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from examples.runner.environments import HERE, conflicts, environment, version
from examples.runner.hosts import HOSTS, Host
from examples.runner.processes import HostError
from examples.runner.trial import Result, reference, try_files, try_requests

EXAMPLES = 3000
HEAD = "host                version    records  killed at  repeated  seconds  predictions"


def main(names: Sequence[str]) -> int:
    """Tries the hosts of these names, or all; 0 when all were equal."""
    known = {host.name: host for host in HOSTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"error: no example {unknown[0]}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    print(HEAD, flush=True)
    return max([_report(known[name]) for name in names or known])


def _report(host: Host) -> int:
    """Tries one host and prints its line; 1 when it was not equal."""
    work = Path(tempfile.mkdtemp(prefix=f"riverkeeper-{host.name}-"))
    try:
        python = environment(host.name)
        began = time.monotonic()
        found = trial(host, str(python), work, EXAMPLES)
        took = time.monotonic() - began
    except (HostError, subprocess.CalledProcessError) as error:
        print(f"{host.name:<20}failed in {work}: {error}", flush=True)
        return 1
    shown = version(python, host.package) if host.package else platform.python_version()
    numbers = f"{found.records:>8,}{found.killed:>11,}{found.repeated:>10,}{took:>9.1f}"
    said = found.wrong or f"all {found.predictions:,} equal"
    print(f"{host.name:<20}{shown:<10}{numbers}  {said}", flush=True)
    for line in conflicts(python):
        print(f"    {line}", flush=True)
    shutil.rmtree(work, ignore_errors=True)
    return int(bool(found.wrong))


def trial(host: Host, python: str, work: Path, examples: int) -> Result:
    """One host's trial in a folder.

    Raises:
        HostError: The host failed, or got stuck.
    """
    wanted = reference(work, examples)
    example = HERE / host.example
    if host.command:
        shutil.copy(example, work)
    command = [python, *host.command, example.name if host.command else str(example)]
    if host.input == "file":
        return try_files(host, command, work, wanted)
    if host.input == "http":
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        return try_requests(command, work, port, wanted)
    from examples.runner.topics import try_topics  # noqa: PLC0415 - needs Java, Maven and confluent-kafka

    return try_topics(command, work, wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
