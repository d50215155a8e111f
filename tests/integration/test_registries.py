"""The same contract for every place that a registry can be in: SQLite and PostgreSQL, folders and objects."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from engine.errors import RegistryError
from engine.registry.log import Log
from engine.registry.registry import Registry
from tests.support.registries import decision, items, make, version
from tests.support.servers import POSTGRES, postgres
from tests.support.shared import run_folder, shared

pytestmark = pytest.mark.integration

Make = Callable[[], Registry]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> str:
    if POSTGRES is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    return shared(run_folder(tmp_path_factory), "postgresql", postgres)["url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'log.sqlite'}"
    url, name = request.getfixturevalue("server"), f"test_{uuid4().hex}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["folder", "objects"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> Make:
    models = "" if request.param == "folder" else f"memory://{uuid4().hex}"
    return lambda: make(tmp_path, database=database, models=models)


def test_what_is_written_is_there_for_another_and_only_once(opened: Make) -> None:
    registry = opened()
    run = registry.begin("demo", "ada", {"config_sha256": "a"})
    wanted = [*items(version("m0.w0"), version("m0.w1", window=1), run=run), (decision(0), None)]
    assert len(registry.record(wanted, 5)) == 3
    other = opened()
    assert other.record(wanted, 5) == []
    assert [kept.entry.name for kept in other.versions(run)] == ["m0.w0", "m0.w1"]
    assert other.read(other.find("m0.w1")) == version("m0.w1", window=1).saved
    assert other.begin("demo", "ada", {}) == "demo-2"
    assert list(other.faults()) == []


def test_models_are_thinned_and_collected_alike(opened: Make) -> None:
    registry = opened()
    for window in range(12):
        registry.record(items(version(f"m0.w{window}", window=window)), 8)
    assert sum(kept.here for kept in registry.versions()) == 8
    gone, freed = opened().collect(3)
    assert (len(gone), freed > 0) == (5, True)
    assert len([*registry._blobs.names()]) == 3
    assert list(registry.faults()) == []


def test_all_of_a_batch_is_written_or_nothing(opened: Make) -> None:
    registry = opened()
    registry.record([(decision(0), None)], 5)

    broken = decision(2)
    object.__setattr__(broken, "body", {"a": object()})
    with pytest.raises(TypeError):
        registry.log.append([decision(1), broken], 1.0)
    assert [entry.name for entry in registry.log.entries()] == ["0"]


@pytest.mark.parametrize("text", ["\0", "a\udfffb", "ключ", "'; DROP TABLE riverkeeper_log; --", "a/b"])
def test_any_text_can_be_a_model_key(opened: Make, text: str) -> None:
    registry = opened()
    [(draft, saved)] = items(version("m0.w0"))
    object.__setattr__(draft, "key", text)
    for _ in range(2):
        registry.record([(draft, saved)], 5)
    assert len(registry.versions("test-1", text)) == 1
    assert list(registry.faults()) == []


def _write(folder: str, database: str, writer: int, count: int) -> None:
    registry = make(Path(folder), database=database)
    run = registry.begin("many", "ada", {"config_sha256": "a"})
    for number in range(count):
        registry.record(items(version(f"m0.w{number}", window=number, model={writer: number}), run=run), 500)


def test_several_flows_write_at_once_and_the_chain_has_no_fork(tmp_path: Path, database: str) -> None:
    make(tmp_path, database=database).log.close()
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(str(tmp_path), database, n, 15)) for n in range(3)]
    for writer in writers:
        writer.start()
    registry = make(tmp_path, database=database)
    while any(writer.is_alive() for writer in writers):
        assert list(registry.log.faults()) == [], "while others write"
        time.sleep(0.05)
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert sorted(registry.runs()) == ["many-1", "many-2", "many-3"]
    assert all(len(registry.versions(run)) == 15 for run in registry.runs())
    assert list(registry.faults()) == []


def test_after_kill_9_all_that_was_written_is_whole_and_writing_goes_on(
    tmp_path: Path, database: str
) -> None:
    make(tmp_path, database=database).log.close()
    context = multiprocessing.get_context("spawn")
    for _ in range(3):
        writer = context.Process(target=_write, args=(str(tmp_path), database, 0, 10_000))
        writer.start()
        registry = make(tmp_path, database=database)
        before = len(registry.versions())
        deadline = time.monotonic() + 60
        while len(registry.versions()) < before + 5:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        assert list(registry.faults()) == []
        registry.record(items(version("m0.after"), run=f"after-{before}"), 5)
        registry.log.close()


def test_a_server_that_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(
        RegistryError, match=r"registry postgresql\+psycopg://me:\*\*\*@127.0.0.1:1/x: connection"
    ):
        Log("postgresql+psycopg://me:secret@127.0.0.1:1/x", create=True)


def _fill(folder: str) -> None:
    import resource  # noqa: PLC0415 - only where it is needed

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    registry = make(Path(folder))
    try:
        for number in range(1000):
            model = {"name": number, "size": b"x" * 1000 * number}
            registry.record(items(version(f"m0.w{number}", window=number, model=model)), 5000)
    except RegistryError as error:
        Path(folder, "said").write_text(str(error))
        sys.exit(7)


def test_when_there_is_no_room_it_says_so_and_nothing_is_half_written(tmp_path: Path) -> None:
    """No file may grow beyond 200 kB: as on a disk that is full."""
    writer = multiprocessing.get_context("spawn").Process(target=_fill, args=(str(tmp_path),))
    writer.start()
    writer.join(120)
    assert writer.exitcode == 7
    assert "see to space and rights" in (tmp_path / "said").read_text().lower()
    registry = make(tmp_path)
    assert registry.versions()
    assert list(registry.faults()) == []
    assert not [*tmp_path.rglob("*.partial")]
    registry.record(items(version("m0.after")), 5000)


def test_a_key_of_any_length_is_kept_and_found(opened: Make) -> None:
    registry = opened()
    run = registry.begin("demo", "ada", {"config_sha256": "a"})
    keys = [f"{number}{os.urandom(3000).hex()}" for number in range(2)]
    wanted = [*items(*(replace(version("m0.w0"), key=key) for key in keys), run=run)]
    assert len(registry.record(wanted, 5)) == 2
    assert registry.record(wanted, 5) == []
    assert [[kept.row.key for kept in registry.versions(run, key)] for key in keys] == [[key] for key in keys]
    assert [*registry.faults()] == []


def test_on_a_server_one_process_has_a_name_at_a_time(server: str) -> None:
    with closing(Log(server, create=True)) as one, closing(Log(server)) as other:
        assert one.file is None
        with one.held("test", "process 7 on here"):
            told = r"the run name 'test' is in use by process 7 on here since .* UTC; wait"
            with pytest.raises(RegistryError, match=told), other.held("test", "process 8 on there"):
                pass
            with other.held("test2", "process 8 on there"):
                pass
        with other.held("test", "process 8 on there"):
            pass
