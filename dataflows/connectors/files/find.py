"""Which files a configuration means, and what they are; everything wrong with them that shows at once."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dataflows.connectors.files import storage
from dataflows.connectors.files.storage import Location
from engine.errors import InputError

Compression = Literal["plain", "gzip", "zstd"]

_COMPRESSED: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}
_GZIP_MAGIC = re.compile(rb"\x1f\x8b")
# A zstd file may begin with a skippable frame: parallel compressors write their index into one.
_ZSTD_MAGIC = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read.

    Attributes:
        name: As the configuration writes it: the same on every machine, so records carry it.
        location: Where it is.
        compression: How it is packed.
        format: How its records are written, by the name that the configuration uses.
    """

    name: str
    location: Location
    compression: Compression
    format: str


def find_files(
    given: str | list[str], base: Path, suffixes: Mapping[str, str], form: str = "auto"
) -> list[InputFile]:
    """The files that `given` means, in reading order.

    Args:
        given: Names, patterns, folders and URLs.
        base: The folder that relative paths begin at.
        suffixes: The name of the format, by suffix.
        form: The format of all files; `auto` goes by their suffixes.

    Raises:
        InputError: There is none, one cannot be read, or a name does not say how it is written.
    """
    wanted = [given] if isinstance(given, str) else given
    files = [
        _describe(name, base, suffixes, form) for one in wanted for name in _expand(one, base, suffixes, form)
    ]
    if not files:
        raise InputError("input: expected at least one path, got an empty list; name a file, glob or folder")
    seen: set[Location] = set()
    for file in files:
        if file.location in seen:
            raise InputError(f"input {file.name}: named twice; its records would come twice: name it once")
        seen.add(file.location)
        _check(file)
    return files


def total_size(files: Iterable[InputFile]) -> int:
    """Bytes as stored, compressed where they are: what a progress bar counts up to."""
    return sum(size_on_disk(file) for file in files)


def size_on_disk(file: InputFile) -> int:
    """Bytes of one file as it is stored now."""
    try:
        return storage.size_of(file.location)
    except OSError as error:
        raise InputError(
            f"input {file.name}: cannot be read: {error.strerror or error}; see that it exists"
        ) from error


def _expand(given: str, base: Path, suffixes: Mapping[str, str], form: str) -> list[str]:
    """Names as given: itself, or what lies in the folder or fits the glob, sorted."""
    location = storage.locate(given, base)
    try:
        folder, pattern = storage.is_folder(location), storage.is_pattern(given, base)
        names = storage.matching(given, base) if pattern and not folder else [given]
    except OSError as error:
        raise InputError(
            f"input {given}: cannot be looked up: {error.strerror or error}; check the path"
        ) from error
    if folder:
        return _in_folder(given, location, suffixes, form)
    if not names:
        raise InputError(f"input {given}: no file fits this pattern in {base}; check the path")
    return names


def _in_folder(given: str, location: Location, suffixes: Mapping[str, str], form: str) -> list[str]:
    try:
        inside = storage.names_in(location)
    except OSError as error:
        raise InputError(f"input {given}: the folder cannot be listed: {error.strerror or error}") from error
    # Names like .swp and _SUCCESS are notes that programs leave for each other, not data.
    data = [name for name in inside if not name.startswith((".", "_"))]
    if form == "auto":
        data = [name for name in data if _suffixes(name)[1] in suffixes]
    if not data:
        raise InputError(
            f"input {given}: expected files ending in {_listed(suffixes)} in this folder, got "
            f"{len(inside)} other files; check the folder, or set format to jsonl or csv"
        )
    return [f"{given.rstrip('/')}/{name}" for name in data]


def _describe(name: str, base: Path, suffixes: Mapping[str, str], form: str) -> InputFile:
    compression, suffix = _suffixes(name)
    known = suffixes.get(suffix) if form == "auto" else form
    if known is None:
        raise InputError(
            f"input {name}: expected a name ending in {_listed(suffixes)}, got {suffix or 'no suffix'!r}; "
            "set format to jsonl or csv"
        )
    return InputFile(name, storage.locate(name, base), compression, known)


def _suffixes(name: str) -> tuple[Compression, str]:
    """How the name says that it is packed, and the suffix under that."""
    path = Path(name.lower())
    compression = _COMPRESSED.get(path.suffix, "plain")
    return compression, path.suffix if compression == "plain" else Path(path.stem).suffix


def _listed(suffixes: Mapping[str, str]) -> str:
    return ", ".join(suffixes) + " (or these with .gz or .zst)"


def _check(file: InputFile) -> None:
    """Opens the file, and compares what its name says of its packing with its first bytes."""
    try:
        if isinstance(file.location, Path) and file.location.exists() and not file.location.is_file():
            raise InputError(f"input {file.name}: expected a file, got a pipe or device; copy it to a file")
        with storage.open_bytes(file.location) as stream:
            head = stream.read(4)
    except OSError as error:
        raise InputError(
            f"input {file.name}: cannot be read: {error.strerror or error} ({file.location}); "
            "check the path (it is relative to the config file) and the rights"
        ) from error
    found: Compression = "plain"
    if _GZIP_MAGIC.match(head):
        found = "gzip"
    elif _ZSTD_MAGIC.match(head):
        found = "zstd"
    if found != file.compression:
        ending = {kind: f"ending in {suffix}" for suffix, kind in _COMPRESSED.items()}
        raise InputError(
            f"input {file.name}: the name says {file.compression}, the first bytes say {found}; give it a "
            f"name {ending.get(found, 'without .gz or .zst')}, or copy it again if it is damaged"
        )
