"""Which files a configuration means, and what they are; everything wrong with them that shows at once."""

import glob
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dataflows.connectors.files.config import Format, resolve
from engine.errors import InputError

Compression = Literal["plain", "gzip", "zstd"]

_COMPRESSED: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}
_FORMATS: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
_GZIP_MAGIC = re.compile(rb"\x1f\x8b")
# A zstd file may begin with a skippable frame: parallel compressors write their index into one.
_ZSTD_MAGIC = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read.

    Attributes:
        name: As the configuration writes it: the same on every machine, so records carry it.
        path: Where it is.
        compression: How it is packed.
        format: How its records are written.
    """

    name: str
    path: Path
    compression: Compression
    format: Format


def find_files(
    given: str | list[str], base: Path, form: Literal["auto", "jsonl", "csv"] = "auto"
) -> list[InputFile]:
    """The files that `given` means, in reading order; relative paths begin at the folder `base`.

    Raises:
        InputError: There is none, one cannot be read, or a name does not say how it is written.
    """
    wanted = [given] if isinstance(given, str) else given
    files = [_describe(name, base, form) for one in wanted for name in _expand(one, base, form)]
    if not files:
        raise InputError("input: expected at least one path, got an empty list; name a file, glob or folder")
    seen: set[Path] = set()
    for file in files:
        if file.path in seen:
            raise InputError(f"input {file.name}: named twice; its records would come twice: name it once")
        seen.add(file.path)
        _check(file)
    return files


def total_size(files: Iterable[InputFile]) -> int:
    """Bytes on disk, compressed where they are: what a progress bar counts up to."""
    return sum(size_on_disk(file) for file in files)


def size_on_disk(file: InputFile) -> int:
    """Bytes of one file as it lies on disk now."""
    try:
        return file.path.stat().st_size
    except OSError as error:
        raise InputError(
            f"input {file.name}: cannot be read: {error.strerror}; see that it exists"
        ) from error


def _expand(given: str, base: Path, form: str) -> list[str]:
    """Names as given: itself, or what lies in the folder or fits the glob, sorted."""
    place = resolve(given, base)
    try:
        is_folder, is_name = place.is_dir(), place.exists() or not glob.has_magic(given)
    except OSError as error:
        raise InputError(f"input {given}: cannot be looked up: {error.strerror}; check the path") from error
    if is_folder:
        return _in_folder(given, place, form)
    if is_name:
        return [given]
    # Path.glob takes no absolute pattern.
    expanded = str(Path(given).expanduser())
    names = sorted(glob.glob(expanded, root_dir=base, recursive=True))  # noqa: PTH207
    names = [name for name in names if not resolve(name, base).is_dir()]
    if not names:
        raise InputError(f"input {given}: no file fits this pattern in {base}; check the path")
    return names


def _in_folder(given: str, place: Path, form: str) -> list[str]:
    try:
        inside = sorted(entry.name for entry in place.iterdir() if entry.is_file())
    except OSError as error:
        raise InputError(f"input {given}: the folder cannot be listed: {error.strerror}") from error
    # Names like .swp and _SUCCESS are notes that programs leave for each other, not data.
    data = [name for name in inside if not name.startswith((".", "_"))]
    if form == "auto":
        data = [name for name in data if _suffixes(name)[1] in _FORMATS]
    if not data:
        raise InputError(
            f"input {given}: expected files ending in {_known()} in this folder, got "
            f"{len(inside)} other files; check the folder, or set format to jsonl or csv"
        )
    return [f"{given.rstrip('/')}/{name}" for name in data]


def _describe(name: str, base: Path, form: Literal["auto", "jsonl", "csv"]) -> InputFile:
    compression, suffix = _suffixes(name)
    known = _FORMATS.get(suffix) if form == "auto" else form
    if known is None:
        raise InputError(
            f"input {name}: expected a name ending in {_known()}, got {suffix or 'no suffix'!r}; "
            "set format to jsonl or csv"
        )
    return InputFile(name, resolve(name, base), compression, known)


def _suffixes(name: str) -> tuple[Compression, str]:
    """How the name says that it is packed, and the suffix under that."""
    path = Path(name.lower())
    compression = _COMPRESSED.get(path.suffix, "plain")
    return compression, path.suffix if compression == "plain" else Path(path.stem).suffix


def _known() -> str:
    return ", ".join(_FORMATS) + " (or these with .gz or .zst)"


def _check(file: InputFile) -> None:
    """Opens the file, and compares what its name says of its packing with its first bytes."""
    try:
        if file.path.exists() and not file.path.is_file():
            raise InputError(f"input {file.name}: expected a file, got a pipe or device; copy it to a file")
        with file.path.open("rb") as stream:
            head = stream.read(4)
    except OSError as error:
        raise InputError(
            f"input {file.name}: cannot be read: {error.strerror} ({file.path}); "
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
