"""A command as somebody types it, in this process: with what it prints, and how it ends."""

import sys

import pytest

from dataflows.cli.main import main


class Typed:
    """Runs commands, as from a shell in the working folder.

    Args:
        streams: Takes what they print.
        patch: Sets what they are given.
    """

    def __init__(self, streams: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._streams, self._patch = streams, patch

    def __call__(self, *arguments: object) -> tuple[int, str]:
        """The exit status, and what it has printed to both streams."""
        self._patch.setattr(sys, "argv", ["riverkeeper", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        found = self._streams.readouterr()
        return int(ended.value.code or 0), found.out + found.err
