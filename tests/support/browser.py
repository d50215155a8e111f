"""A real browser without a window, for pages that must draw and must run nothing else."""

import shutil
import subprocess
from pathlib import Path

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=5000",
]


def browsed(address: str, folder: Path) -> tuple[str, list[str]]:
    """A page when its scripts have run, and what the browser's console says."""
    done = subprocess.run(  # noqa: S603 - the browser that was found
        [str(BROWSER), *_QUIET, f"--user-data-dir={folder / 'profile'}", "--dump-dom", address],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
