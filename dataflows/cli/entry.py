"""The entry point of the `riverkeeper` command: fixes the seed of text hashes, then starts it.

Python hashes text differently in every process, so sets of names (River's `compose.Select` keeps one) are
walked in another order, sums of floats come out another last digit, and two runs of the same records
differ. A fixed seed settles it; it must be set before Python starts. A `PYTHONHASHSEED` that is set
already is kept.
"""

import os
import sys
from importlib.metadata import version

from engine.errors import MissingExtraError
from engine.requirements import needing


def main() -> None:
    """Starts the command line in a process whose hashes are the same every time."""
    if "PYTHONHASHSEED" not in os.environ:
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - ourselves again
    try:
        with needing("the command riverkeeper", "flow"):
            from dataflows.cli.main import main as start  # noqa: PLC0415 - not imported twice: takes seconds
    except KeyboardInterrupt:
        sys.exit(130)
    except MissingExtraError as error:
        if sys.argv[1:] == ["--version"]:
            sys.exit(sys.stdout.write(f"riverkeeper {version('riverkeeper')}\n") and 0)
        sys.exit(sys.stderr.write(f"error: {error}\n") and 2)
    start()


if __name__ == "__main__":
    main()
