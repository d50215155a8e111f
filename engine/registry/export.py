"""A version in one file, to take elsewhere: for plain River, and for another registry.

The file is a ZIP archive without compression of

- `manifest.json`: what the registry knows of the version, and how to load it
- `model.pickle`: the model as plain River loads it, without us
- `model.saved`: the model as `engine.models.serialization` writes it; an import reads it
"""

import io
import pickle
import zipfile
from typing import Any

import msgspec
import orjson
from msgspec import Struct

from engine.errors import RegistryError
from engine.models.serialization import digest
from engine.rows import VersionRow
from engine.seal import same_seal, seal

FORMAT = 1

_MOST_MANIFEST = 1 << 20

HOW_TO_LOAD = (
    "import pickle, zipfile",
    "with zipfile.ZipFile(PATH) as file:",
    "    model = pickle.loads(file.read('model.pickle'))",
)
"""Only of files that one trusts: a plain pickle may run anything. An import never reads it."""


class ManifestVersion(VersionRow, frozen=True, forbid_unknown_fields=True):
    """What a manifest says of its version: exactly what a row has."""


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `manifest.json`.

    Attributes:
        format: Of the file.
        version: The version.
        origin: Where it comes from.
        load: How plain River loads it.
        model_pickle_sha256: Of the plain pickle.
    """

    format: int
    version: ManifestVersion
    origin: dict[str, str]
    load: tuple[str, ...]
    model_pickle_sha256: str


def export(row: dict[str, Any], origin: dict[str, Any], saved: bytes, model: Any, key: bytes | None) -> bytes:
    """The file.

    Args:
        row: What the registry says of the version.
        origin: Where it comes from: run, time of export, who.
        saved: Its bytes.
        model: It come alive.
        key: Signs the manifest, and with it the SHA-256 of the model.

    Raises:
        RegistryError: When plain pickle cannot write the model.
    """
    try:
        plain = pickle.dumps(model, protocol=5)
    except (RecursionError, pickle.PicklingError, TypeError, AttributeError) as error:
        raise RegistryError(f"{row['name']}: plain pickle cannot write this model: {error}") from error
    manifest = {
        "format": FORMAT,
        "version": row,
        "origin": origin,
        "load": HOW_TO_LOAD,
        "model_pickle_sha256": digest(plain),
    }
    text = orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
    members = {"manifest.json": text, "model.pickle": plain, "model.saved": saved}
    if key is not None:
        members["signature"] = seal(text, key).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            # The same version is the same file: without this, the archive holds the time of day.
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def read_export(content: bytes, key: bytes | None, where: str) -> tuple[dict[str, Any], bytes]:
    """The version's row and its saved bytes, checked; nothing of it is run or unpickled.

    Args:
        content: The file.
        key: When there is one, the file must be signed with it.
        where: Names the file in errors.

    Raises:
        RegistryError: When it is not such a file, is damaged, or is not signed as it must be.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {info.filename: _member(archive, info, where) for info in archive.infolist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise RegistryError(f"{where}: expected a file that 'registry export' wrote, got: {error}") from error
    text, saved = members.get("manifest.json"), members.get("model.saved")
    if text is None or saved is None or len(text) > _MOST_MANIFEST:
        raise RegistryError(f"{where}: expected manifest.json and model.saved in it, got {sorted(members)}")
    signature = members.get("signature", b"").decode("ascii", "replace")
    if key is not None and not same_seal(seal(text, key), signature):
        raise RegistryError(f"{where}: not signed with this registry's key; it is refused")
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RegistryError(f"{where}: its manifest does not describe a version: {error}") from error
    if manifest.format != FORMAT:
        raise RegistryError(f"{where}: expected format {FORMAT}, got {manifest.format!r}")
    row: dict[str, Any] = orjson.loads(text)["version"]
    if digest(saved) != manifest.version.sha256 or len(saved) != manifest.version.size:
        raise RegistryError(
            f"{where}: damaged: the model does not have the SHA-256 and size that the manifest states"
        )
    return row, saved


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> bytes:
    if info.compress_type != zipfile.ZIP_STORED:
        raise RegistryError(f"{where}: {info.filename} is compressed, and could grow without bound; refused")
    return archive.read(info)
