"""A version pushed into the model registry of MLflow: of a real server, in an environment of its own.

MLflow's server wants another pandas than ours, so it is never installed beside us: the environment is made
once in the user's cache. Without a network to install it from, the test says so and is skipped.
"""

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from importlib.metadata import version as installed
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from dataflows.cli.main import app
from engine.errors import RegistryError
from tests.support.flows import riverkeeper, write_flow
from tests.support.servers import free_port

pytestmark = [
    pytest.mark.integration,
    # Of the client's libraries, not of ours.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "riverkeeper-tests"


def program() -> Path:
    """MLflow's command, installed on first use in the version of the client."""
    folder = CACHE / f"mlflow-{installed('mlflow-skinny')}-{sys.version_info.major}.{sys.version_info.minor}"
    ready = folder / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, timeout=120)  # noqa: S603
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        wanted = f"mlflow=={installed('mlflow-skinny')}"
        done = subprocess.run([*pip, wanted], capture_output=True, text=True, timeout=600, check=False)  # noqa: S603
        if done.returncode:
            pytest.skip(f"MLflow's server could not be installed: {done.stderr[-300:]}")
        ready.touch()
    return folder / "bin" / "mlflow"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [str(program()), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.sqlite",
        "--artifacts-destination",
        f"{folder}/a",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:  # noqa: S603
        url = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + 120
            while not _answers(url):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.3)
            yield url
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    flow = write_flow(tmp_path_factory.mktemp("pushed") / "flow", rows=1500, extra='mode = "inline"')
    assert riverkeeper("run", flow).returncode == 0
    return flow


def push(flow: Path, to: str, alias: str) -> Result:
    """In this process: the client takes ten seconds to import."""
    wanted = ["registry", "push", "m0.w1", "--to", to, "--model", "late", "--alias", alias]
    return CliRunner().invoke(app, [*wanted, "--registry", str(flow)], env={"COLUMNS": "120"})


@pytest.mark.long
def test_a_version_gets_its_alias_and_its_file_loads_in_plain_river(
    server: str, flow: Path, tmp_path: Path
) -> None:
    for number, alias in enumerate(("challenger", "champion"), 1):
        pushed = push(flow, server, alias)
        assert pushed.exit_code == 0, pushed.output
        assert f"test-1/main/m0.w1 is version {number} of late" in pushed.stdout
    from mlflow import MlflowClient  # noqa: PLC0415 - it takes seconds, and other tests do not need it

    client = MlflowClient(tracking_uri=server, registry_uri=server)
    found = client.get_model_version_by_alias("late", "champion")
    assert (found.version, found.description) == ("2", "test-1/main/m0.w1")
    assert client.get_model_version_by_alias("late", "challenger").version == "1"
    assert found.tags["riverkeeper.reason"] == "passed"
    assert found.run_id is not None
    assert client.get_run(found.run_id).data.metrics["loss"] > 0
    folder = client.download_artifacts(found.run_id, "model", str(tmp_path))
    with zipfile.ZipFile(Path(folder) / "m0.w1.zip") as archive:
        assert set(archive.namelist()) == {"manifest.json", "model.pickle", "model.saved"}


def test_a_server_that_is_not_there_is_an_error_of_ours(flow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    failed = push(flow, f"http://127.0.0.1:{free_port()}", "champion")
    assert isinstance(failed.exception, RegistryError)
    assert str(failed.exception).startswith("http://127.0.0.1")
