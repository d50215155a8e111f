"""The head of the registry's log is noted outside of it: a log that was cut at its end is found out."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dataflows.cli.main import app
from dataflows.config import FlowConfig, load_config
from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.registry.anchor import FILE
from dataflows.registry.open import open_registry
from dataflows.registry.origin import flow_of, opened
from dataflows.registry.sink import Recorded, RegistrySink, entries_of
from engine.core.serialize import as_dict
from engine.errors import ConfigError, OutputError, RegistryError
from engine.registry.audit_entry import Draft
from engine.registry.blobs import Blobs
from engine.registry.registry import Registry
from tests.support.flows import write_flow
from tests.support.registries import RUN, make, version

SECRET = "sixteen bytes at least"  # noqa: S105 - of this test


@pytest.fixture(params=["", SECRET], ids=["no key", "key"])
def config(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlowConfig:
    monkeypatch.setenv("RIVERKEEPER_KEY", request.param)
    return load_config(write_flow(tmp_path, rows=0, extra="reports = false"))


def write(config: FlowConfig, *names: str, resumed: Recorded | None = None) -> Recorded:
    """A run, or its rest, that saves versions; what its snapshot says then."""
    part = RegistrySink(config, prepared=True).build_part("step", "registry", resumed)
    with closing(part):
        part.write_batch([item for name in names for item in entries_of([version(name)])])
        return part.snapshot()


def cut(config: FlowConfig, entries: int) -> None:
    """Removes so many entries at the end of the log."""
    with closing(sqlite3.connect(config.run_dir.parent / "registry/log.sqlite")) as database, database:
        database.execute(
            "DELETE FROM riverkeeper_log WHERE number > (SELECT max(number) FROM riverkeeper_log) - ?",
            (entries,),
        )


def verify(config: FlowConfig) -> tuple[int, str]:
    place = config.run_dir.parent / "registry"
    said = CliRunner().invoke(app, ["registry", "verify", "--registry", str(place)], catch_exceptions=False)
    return said.exit_code, " ".join(said.output.split())


@pytest.mark.parametrize("entries", [1, 3])
def test_a_log_that_was_cut_fails_verify_and_ends_the_run_that_would_go_on(
    config: FlowConfig, entries: int
) -> None:
    before = write(config, "m0.w0", "m0.w1", "m0.w2")
    assert verify(config)[0] == 0
    assert before.head is not None
    assert before.head.number == 4
    cut(config, entries)
    status, said = verify(config)
    assert status == 1
    assert "entries were cut off or changed" in said
    with pytest.raises(RegistryError, match=r"its entry 4 was sealed .*, and now is not there"):
        write(config, resumed=before)


def test_a_log_that_has_grown_since_is_as_it_should_be(config: FlowConfig) -> None:
    before = write(config, "m0.w0")
    after = write(config, "m0.w1", resumed=before)
    assert after.run == before.run
    write(config, resumed=before)
    assert verify(config)[0] == 0


def test_other_registries_beside_a_run_have_heads_of_their_own(config: FlowConfig) -> None:
    write(config, "m0.w0")
    other = config.model_copy(update={"registry": config.registry.model_copy(update={"folder": "other"})})
    open_registry(other, create=True).log.close()
    place = config.run_dir.parent / "other"
    said = CliRunner().invoke(app, ["registry", "verify", "--registry", str(place)])
    assert said.exit_code == 0


def test_a_note_that_was_changed_is_told(config: FlowConfig) -> None:
    write(config, "m0.w0")
    path = config.run_dir / FILE
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    status, said = verify(config)
    assert status == 1
    assert "damaged" in said


def test_a_registry_is_its_owners_alone_and_refused_when_it_is_not(config: FlowConfig) -> None:
    write(config, "m0.w0")
    folder = config.run_dir.parent / "registry"
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.rglob("*"))} == {0}
    for path in (folder / "log.sqlite", folder / "models", folder):
        mode = path.stat().st_mode & 0o777
        path.chmod(0o777)
        with pytest.raises(OutputError, match="only its owner may write"):
            open_registry(config)
        path.chmod(mode)


HOSTILE: list[tuple[str, Any]] = [
    ("text", "no JSON"),
    ("text", "[]"),
    ("text", '{"sha256": 3}'),
    ("number", 1 << 40),
    ("seal", b"\xff"),
    ("time", "noon"),
    ("kind", "surprise"),
    ("who", b"bytes"),
]


def test_an_entry_of_wrong_types_gives_out_no_model_and_is_one_line(tmp_path: Path) -> None:
    registry = make(tmp_path)
    registry.record(entries_of([version("m0.w0")]), keep=1)
    with closing(sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)) as database:
        for column, value in HOSTILE:
            database.execute(f"UPDATE riverkeeper_log SET {column} = ?", (value,))  # noqa: S608
            with pytest.raises(RegistryError):
                registry.read(registry.find("m0.w0"))
            database.execute("DELETE FROM riverkeeper_log")
            registry.record(entries_of([version("m0.w0")]), keep=1)


def test_no_name_of_a_model_leads_out_of_its_folder(tmp_path: Path) -> None:
    registry = make(tmp_path / "registry")
    (tmp_path / "other").write_bytes(b"kept")
    for name in ("../../other", "/etc/passwd", "ab" * 31 + "/x", "AB" * 32):
        row = as_dict(version("m0.w0")) | {"sha256": name}
        registry.record([(Draft(RUN, "main", "version", "m0.w0", 1.0, "", row), None)], keep=1)
        with pytest.raises(RegistryError):
            registry.read(registry.find("m0.w0"))
        with pytest.raises(RegistryError, match="expected a SHA-256 as a name"):
            Blobs(str(tmp_path / "registry/models")).remove(name)
    assert (tmp_path / "other").read_bytes() == b"kept"


def test_the_log_does_not_choose_where_modules_are_looked_for(config: FlowConfig) -> None:
    write(config, "m0.w0")
    before = [*sys.path]
    where = opened(config.run_dir.parent / "registry")
    assert flow_of(where, where.registry.find("m0.w0")).base == config.base
    assert sys.path == before


def test_the_log_does_not_choose_what_is_called(config: FlowConfig) -> None:
    extra: list[str | dict[str, Any]] = [{"type": "os:system", "command": "true"}]
    monitoring = config.monitoring.model_copy(update={"extra": extra})
    kafka = {"brokers": "b:1", "properties": {"plugin.library.paths": "/x.so"}}
    topics = KafkaConfig.model_validate(kafka)
    for update, named in (
        ({"monitoring": monitoring}, "os:system"),
        ({"kafka": topics}, "kafka.properties.plugin.library.paths"),
    ):
        write(config.model_copy(update=update), f"m0.{named}")
        where = opened(config.run_dir.parent / "registry")
        with pytest.raises(RegistryError, match=rf"names code of your own \({named}\)"):
            flow_of(where, where.registry.find(f"m0.{named}"))


def test_a_run_whose_entry_was_changed_gives_no_configuration(config: FlowConfig) -> None:
    write(config, "m0.w0")
    folder = config.run_dir.parent / "registry"
    with closing(sqlite3.connect(folder / "log.sqlite")) as database, database:
        database.execute("UPDATE riverkeeper_log SET text = replace(text, '100', '101') WHERE kind = 'run'")
    where = opened(folder)
    with pytest.raises(RegistryError, match="its entry in the log is not as it was written"):
        flow_of(where, where.registry.find("m0.w0"))


def test_a_short_key_is_refused(config: FlowConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIVERKEEPER_KEY", "short")
    with pytest.raises(ConfigError, match="at least 16 bytes"):
        open_registry(config, create=True)


@pytest.mark.parametrize("refused", [0, 1], ids=["the first batch", "the last batch"])
def test_a_registry_that_refuses_a_batch_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    """A thread writes, so that the stream only hears of it with what follows, or at the end."""
    left = [None] * refused
    real = Registry.record

    def record(registry: Registry, *given: Any) -> Any:
        if not left:
            raise RegistryError("registry: no space")
        left.pop()
        return real(registry, *given)

    monkeypatch.setattr(Registry, "record", record)
    said = CliRunner().invoke(app, ["run", str(write_flow(tmp_path, rows=600, extra="reports = false"))])
    assert left == []
    assert said.exit_code != 0
    assert "no space" in str(said.exception)
