"""A snapshot as a page of its own."""

import pathlib

from engine.monitoring.evidently.library import library, quiet


def render_html(snapshot: bytes, path: pathlib.Path) -> None:
    """Writes a verdict's snapshot as a page of its own (3.6 MB and more: all scripts are in it)."""
    with quiet():
        # Given a Path, Evidently writes nothing and says nothing.
        library().evidently.Run.loads(snapshot.decode()).save_html(str(path))
