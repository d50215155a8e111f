"""Saved models by their SHA-256, in a folder or in object storage (any URL that fsspec knows).

The name says what is inside, so writing twice is writing once, and damage is found by reading.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import RegistryError
from engine.models.serialization import digest
from engine.private_files import private_folder, write_whole
from engine.requirements import needing

with needing("the registry", "registry"):
    import fsspec  # type: ignore[import-untyped]
    from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

_NAME = re.compile("[0-9a-f]{64}")


class Blobs:
    """Those under a URL such as `/folder` or `s3://bucket/models`.

    Raises:
        RegistryError: When no storage of this kind is known, or its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        try:
            self._files, root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise RegistryError(
                f"registry {url}: expected a folder or a URL that fsspec knows: {error}"
            ) from error
        self._root = str(root).rstrip("/")

    def put(self, content: bytes) -> str:
        """Keeps it; on return it is there as a whole, on disk. Returns its SHA-256.

        Raises:
            RegistryError: When the storage refuses.
        """
        name = digest(content)
        path = self._path(name)
        with _told(f"registry {path}: cannot be written", "see to space and rights"):
            if self._files.exists(path) and self._files.size(path) == len(content):
                return name
            if isinstance(self._files, LocalFileSystem):
                private_folder(Path(self._root))
                private_folder(Path(path).parent)
                write_whole(Path(path), content)
            else:
                self._files.pipe_file(path, content)
        return name

    def get(self, name: str, size: int) -> bytes:
        """What was kept under this SHA-256, of so many bytes: no more are ever read.

        Raises:
            RegistryError: When it is not there, or is not what it was.
        """
        path = self._path(name)
        with _told(f"registry {path}: cannot be read", "its bytes were removed, or the storage is not whole"):
            found = int(self._files.size(path))
            content = bytes(self._files.cat_file(path)) if found == size else b""
        if digest(content) != name:
            raise RegistryError(
                f"registry {path}: damaged: expected {size} bytes with the SHA-256 of its name, got {found}"
            )
        return content

    def names(self) -> Iterator[str]:
        """All that are there."""
        with _told(f"registry {self._url}: cannot be listed", "see to its rights"):
            found = self._files.find(self._root) if self._files.exists(self._root) else []
        for path in found:
            name = str(path).rsplit("/", 1)[-1]
            if _NAME.fullmatch(name):
                yield name

    def size(self, name: str) -> int:
        """How many bytes it has."""
        with _told(f"registry {self._path(name)}: cannot be read", "see to its rights"):
            return int(self._files.size(self._path(name)))

    def remove(self, name: str) -> None:
        """It is no longer there."""
        path = self._path(name)
        with _told(f"registry {path}: cannot be removed", "see to its rights"):
            if self._files.exists(path):
                self._files.rm_file(path)

    def _path(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise RegistryError(f"registry {self._url}: expected a SHA-256 as a name, got {name[:80]!r}")
        return f"{self._root}/{name[:2]}/{name}"


@contextmanager
def _told(what: str, hint: str) -> Iterator[None]:
    """Whatever a storage raises, as an error of ours that says where, and what to do."""
    try:
        yield
    except Exception as error:
        # Storages raise errors of their own libraries.
        cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise RegistryError(f"{what}: {cause}; {hint}") from error
