"""Where a file is: on a local disk, or behind a URL that fsspec knows (s3://, gs://, https://, memory://)."""

import glob
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec  # type: ignore[import-untyped]

from dataflows.connectors.files.config import resolve
from engine.errors import ConfigError
from engine.secrecy import hidden, put_in

Location = Path | str
"""A local path, or a URL."""


def locate(given: str, base: Path) -> Location:
    """The location of a name as a configuration in the folder `base` writes it.

    >>> locate("s3://bucket/a.csv", Path("/etc")), locate("a.csv", Path("/etc")).as_posix()
    ('s3://bucket/a.csv', '/etc/a.csv')
    """
    return given if "://" in given else resolve(given, base)


def absolute(given: str) -> str:
    """A name as it is known from any folder: relative paths begin at the current one."""
    location = locate(given, Path.cwd())
    return str(location.resolve()) if isinstance(location, Path) else location


def open_bytes(location: Location, *, buffered: bool = True) -> BinaryIO:
    """Opens a file to read.

    Raises:
        OSError: It cannot be opened.
        ConfigError: Nothing is installed that can read such a URL.
    """
    if isinstance(location, Path):
        return location.open("rb", buffering=-1 if buffered else 0)
    system, path = _system(location)
    return cast("BinaryIO", system.open(path, "rb"))


def size_of(location: Location) -> int:
    """Bytes of the stored file; 0 where a server does not say.

    Raises:
        OSError: There is no such file.
    """
    if isinstance(location, Path):
        return location.stat().st_size
    system, path = _system(location)
    return system.size(path) or 0


def is_folder(location: Location) -> bool:
    """Whether it is a folder. Of a URL the file is looked for first: a web server knows no folders.

    Raises:
        OSError: It cannot be looked up.
    """
    if isinstance(location, Path):
        return location.is_dir()
    system, path = _system(location)
    return not system.isfile(path) and bool(system.isdir(path))


def names_in(location: Location) -> list[str]:
    """The names of the files in a folder, sorted.

    Raises:
        OSError: It cannot be listed.
    """
    if isinstance(location, Path):
        return sorted(entry.name for entry in location.iterdir() if entry.is_file())
    system, path = _system(location)
    found = system.ls(path, detail=True)
    return sorted(entry["name"].rpartition("/")[2] for entry in found if entry["type"] == "file")


def matching(pattern: str, base: Path) -> list[str]:
    """The names of the files that a pattern fits, sorted; written like the pattern.

    Raises:
        OSError: They cannot be listed.
    """
    if "://" in pattern:
        system, path = _system(pattern)
        found = system.glob(path, detail=True)
        return sorted(
            system.unstrip_protocol(name) for name, entry in found.items() if entry["type"] == "file"
        )
    # Path.glob takes no absolute pattern.
    expanded = str(Path(pattern).expanduser())
    names = sorted(glob.glob(expanded, root_dir=base, recursive=True))  # noqa: PTH207
    return [name for name in names if not resolve(name, base).is_dir()]


def is_pattern(given: str, base: Path) -> bool:
    """Whether a name stands for several files; a local file of just that name comes first.

    Raises:
        OSError: It cannot be looked up.
    """
    location = locate(given, base)
    return glob.has_magic(given) and not (isinstance(location, Path) and location.exists())


def _system(url: str) -> tuple[Any, str]:
    """Fsspec's file system for a URL, and the path in it."""
    try:
        system, path = fsspec.core.url_to_fs(put_in(url, f"input {url}"))
    except (ImportError, ValueError) as error:
        raise ConfigError(f"input {url}: cannot be read: {hidden(str(error))}") from error
    return system, path
