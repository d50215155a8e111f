"""Puts a version into an MLflow model registry: the exported file, with what is known of it as tags."""

import os
import tempfile
from pathlib import Path
from typing import Any

from engine.errors import RegistryError
from engine.names import file_name
from engine.registry.version_ref import VersionRef
from engine.requirements import needing

_RETRIES = "2"
"""MLflow's own seven tries take minutes before it says that there is no server."""


def push(kept: VersionRef, exported: bytes, uri: str, model: str, alias: str) -> str:
    """Registers it under a model name, with an alias such as `champion`; returns MLflow's version number.

    Raises:
        RegistryError: When the server refuses.
        MissingExtraError: When `mlflow` is not installed.
    """
    if not uri.startswith(("http://", "https://")):
        raise RegistryError(
            f"--to: expected the address of an MLflow server, http:// or https://, got {uri!r}"
        )
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", _RETRIES)
    with needing("riverkeeper registry push", "mlflow"):
        from mlflow import MlflowClient  # noqa: PLC0415 - an extra, and slow to import
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
    try:
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        return _registered(client, kept, exported, model, alias)
    except MlflowException as error:
        raise RegistryError(f"{uri}: MLflow refused: {error.message}") from error


def _registered(client: Any, kept: VersionRef, exported: bytes, model: str, alias: str) -> str:
    experiment = client.get_experiment_by_name(model)
    number = client.create_experiment(model) if experiment is None else experiment.experiment_id
    run = client.create_run(number, run_name=kept.place, tags=_tags(kept))
    for name, value in kept.row.scores.items():
        if value is not None:
            client.log_metric(run.info.run_id, name, value, step=kept.row.learned)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{file_name(kept.entry.name)}.zip"
        file.write_bytes(exported)
        client.log_artifact(run.info.run_id, str(file), "model")
    client.set_terminated(run.info.run_id)
    if not client.search_registered_models(filter_string=f"name = '{model}'"):
        client.create_registered_model(model)
    source = f"{run.info.artifact_uri}/model"
    made = client.create_model_version(
        model, source, run.info.run_id, tags=_tags(kept), description=kept.place
    )
    client.set_registered_model_alias(model, alias, made.version)
    return str(made.version)


def _tags(kept: VersionRef) -> dict[str, str]:
    wanted = (
        "role",
        "reason",
        "parent",
        "learned",
        "learned_from",
        "learned_to",
        "approved_by",
        "sha256",
        "config_sha256",
    )
    return {f"riverkeeper.{name}": str(getattr(kept.row, name)) for name in wanted} | {
        "riverkeeper": kept.place
    }
