"""Opens the registry that a configuration, or a folder, stands for."""

import getpass
import hashlib
import importlib.util
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct

from dataflows.config import FlowConfig, load_config
from dataflows.lifecycle.locks import FILE, Locks, this_process
from engine.errors import RegistryError
from engine.models.serialization import VERSIONS
from engine.names import file_name
from engine.private_files import check_private, open_new, private_folder
from engine.registry.blobs import Blobs
from engine.registry.log import Log
from engine.registry.registry import Registry
from engine.seal import load_key

DEFAULT = Path("runs/registry")


def signing_key() -> bytes | None:
    """The key from the environment, if there is one.

    Raises:
        ConfigError: When it is too short.
    """
    return load_key(os.environ)


def open_registry(config: FlowConfig, *, create: bool = False) -> Registry:
    """The registry of a flow.

    Raises:
        RegistryError: When it cannot be opened, or (without `create`) is not there.
        OutputError: When others than this user could have written it.
    """
    given = config.registry
    folder = config.base / config.run.folder / given.folder
    return _open(folder, given.database, given.models, create=create)


def open_at(place: Path) -> Registry:
    """The registry in a folder, or that of a flow's configuration file.

    Raises:
        RegistryError: When there is none.
        ConfigError: When the configuration is not right.
    """
    if place.suffix == ".toml":
        return open_registry(load_config(place))
    return _open(place, None, None, create=False)


def _open(folder: Path, database: str | None, models: str | None, *, create: bool) -> Registry:
    if database is None:
        file = folder / "log.sqlite"
        if create:
            _make_private(folder, file)
        elif not file.is_file():
            raise RegistryError(
                f"registry {folder}: there is none here; name the folder, or the flow's configuration file, "
                f"with --registry"
            )
        _check_private(folder, file)
        database = f"sqlite:///{file.resolve()}"
    log = Log(database, signing_key(), create=create)
    return Registry(log, Blobs(models or str((folder / "models").resolve())), time.time)


def _make_private(folder: Path, file: Path) -> None:
    """The folder for its owner alone, and an empty database for him; SQLite makes what is beside it alike."""
    try:
        private_folder(folder)
        with suppress(FileExistsError):
            os.close(open_new(file))
    except OSError as error:
        raise RegistryError(f"registry {folder}: cannot be made: {error.strerror}") from error


def _check_private(folder: Path, file: Path) -> None:
    try:
        for path in (folder, *file.parent.glob(f"{file.name}*"), folder / "models"):
            with suppress(FileNotFoundError):
                check_private(path)
    except OSError as error:
        raise RegistryError(f"registry {folder}: cannot be read: {error.strerror}") from error


def reserve_name(config: FlowConfig, locks: Locks) -> None:
    """Keeps the run's name in its registry from other runs, also of those in other folders.

    Raises:
        RegistryError: When it cannot be written to, or a run on another machine has the name.
        OutputError: When another run on this machine has it.
    """
    log = open_registry(config, create=True).log
    name, file = config.run.name, log.file
    if file is None:
        holder = this_process()
        locks.enter(log.held(name, f"process {holder.process} on {holder.host}"))
    else:
        place = file.with_name(f".{file_name(name)}{FILE}")
        locks.take(place, f"registry {file.parent}: the run name {name!r}")


def user() -> str:
    """Who runs this."""
    return getpass.getuser()


class RunBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the log says when a run begins.

    Attributes:
        config_sha256: The hash of the configuration.
        code: The hash of each module of the user's own code.
        libraries: Versions.
        config: The configuration.
        base: The folder that its paths begin at.
        mark: The identity of the run's folder.
    """

    config_sha256: str
    code: dict[str, str]
    libraries: dict[str, str]
    config: dict[str, Any]
    base: str
    mark: str = ""


def origin(config: FlowConfig) -> dict[str, Any]:
    """What every version of a run has in common: configuration, the user's own code, libraries."""
    dumped = config.model_dump(mode="json")
    return {
        "config_sha256": hashlib.sha256(orjson.dumps(dumped, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        "code": dict(_code(config.allowed)),
        "libraries": dict(VERSIONS),
    }


def run_body(config: FlowConfig) -> dict[str, Any]:
    """What the log says when a run begins."""
    return origin(config) | {"config": config.model_dump(mode="json"), "base": str(config.base.resolve())}


def _code(modules: Iterable[str]) -> Iterable[tuple[str, str]]:
    """The SHA-256 of the source of each module."""
    for module in dict.fromkeys(modules):
        found = importlib.util.find_spec(module)
        if found is not None and found.origin is not None and Path(found.origin).is_file():
            yield module, hashlib.sha256(Path(found.origin).read_bytes()).hexdigest()
