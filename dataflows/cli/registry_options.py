"""What the commands on a registry have in common."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from dataflows.console import PlainConsole
from dataflows.registry.origin import Opened, opened

console = PlainConsole()

Place = Annotated[
    Path, typer.Option("--registry", help="The registry's folder, or the configuration file of a flow.")
]
Version = Annotated[str, typer.Argument(help="A version: its name, run/name or run/key/name.")]


def at(place: Path) -> closing[Opened]:
    """The registry there, until the end of the block.

    Raises:
        RiverkeeperError: When there is none.
    """
    return closing(opened(place))


def say(lines: Iterable[str]) -> None:
    """Prints lines as they are."""
    for line in lines:
        console.print(line, soft_wrap=True)
