"""Extras: what only some parts need is installed by name, and one error says which name is missing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from engine.errors import MissingExtraError

_NAMES = {
    "bytewax": "Bytewax",
    "confluent_kafka": "confluent-kafka",
    "evidently": "Evidently",
    "mlflow": "MLflow",
    "prometheus_client": "prometheus-client",
    "sqlalchemy": "SQLAlchemy",
    "typer": "Typer",
}
"""Modules whose package is written in another way."""

_NEWEST = {"bytewax": (3, 12)}
"""The newest Python that a package is built for."""


def require(module: str, by: str, extra: str) -> None:
    """Looks whether a module can be imported, without importing it.

    Args:
        module: A top-level module.
        by: What needs it, as the beginning of a message.
        extra: The extra that brings it.

    Raises:
        MissingExtraError: When it is not installed.
    """
    if find_spec(module) is None:
        raise MissingExtraError(_told(module, by, extra, "is not installed"))


@contextmanager
def needing(by: str, extra: str) -> Iterator[None]:
    """Imports that an extra makes possible stand in this block.

    Args:
        by: What needs them, as the beginning of a message.
        extra: The extra that brings them.

    Raises:
        MissingExtraError: When one of them is not installed, or cannot be imported.
    """
    try:
        yield
    except ImportError as error:
        module = (error.name or "").partition(".")[0]
        if module in {"riverkeeper", "engine", "dataflows"}:
            raise  # a defect of ours
        how = (
            "is not installed" if isinstance(error, ModuleNotFoundError) else f"cannot be imported ({error})"
        )
        raise MissingExtraError(_told(module, by, extra, how)) from error


def _told(module: str, by: str, extra: str, how: str) -> str:
    needs = f"{by} needs {_NAMES.get(module, module)}, which {how}"
    install = f"pip install 'riverkeeper[{extra}]'"
    newest = _NEWEST.get(module)
    if newest is not None and sys.version_info[:2] > newest:
        return f"{needs} and is built for Python up to {newest[0]}.{newest[1]}: with such a Python, {install}"
    return f"{needs}: {install}"
