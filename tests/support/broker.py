"""A real Kafka broker (KRaft, one node) from the jars on Maven Central, for as long as the tests run."""

import base64
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.servers import free_port
from tests.support.shared import Facts, shared

KAFKA = "3.9.1"
PASSWORD = "open-sesame"  # noqa: S105 - of a broker that lives for a test
_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "riverkeeper-tests"

_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>riverkeeper</groupId><artifactId>broker</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{kafka}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
"""

AVAILABLE = shutil.which("java") is not None and shutil.which("mvn") is not None


def jars() -> Path:
    """The folder with the broker's jars, fetched on first use."""
    folder = CACHE / f"kafka-{KAFKA}"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "pom.xml").write_text(_POM.format(kafka=KAFKA))
        command = ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={folder}/libs"]
        subprocess.run(command, cwd=folder, check=True, timeout=600)  # noqa: S603
        (folder / "ready").touch()
    return folder / "libs"


def certificate() -> tuple[Path, Path]:
    """A key for 127.0.0.1 that signs itself, made on first use: the broker's store, what clients trust."""
    folder = CACHE / "certificate"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=CACHE))
        opened = ["-keystore", f"{made}/store.p12", "-storepass", PASSWORD, "-alias", "broker"]
        named = ["-dname", "CN=broker", "-ext", "SAN=ip:127.0.0.1", "-keyalg", "RSA", "-validity", "3650"]
        subprocess.run(["keytool", "-genkeypair", *opened, *named], check=True, capture_output=True)  # noqa: S603, S607
        export = ["keytool", "-exportcert", "-rfc", *opened, "-file", f"{made}/trusted.pem"]
        subprocess.run(export, check=True, capture_output=True)  # noqa: S603
        with suppress(OSError):  # another process was first
            made.rename(folder)
    return folder / "store.p12", folder / "trusted.pem"


class Broker:
    """Can be stopped, killed and started again on the same data and port.

    Args:
        folder: Of its data; that of a broker which runs already stands for that broker.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._libs = folder, jars()
        ports = folder / "ports"
        started = ports.exists()
        if not started:
            ports.write_text(" ".join(str(free_port()) for _ in range(4)))
        self._port, self._locked, self._secure, controller = map(int, ports.read_text().split())
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "server.properties"
        _, self.trusted = certificate()
        if not started:
            self._format(controller)

    def _format(self, controller: int) -> None:
        folder = self._folder
        here = {"PLAINTEXT": self._port, "LOCKED": self._locked, "SECURE": self._secure}
        advertised = ",".join(f"{name}://127.0.0.1:{port}" for name, port in here.items())
        store, _ = certificate()
        login = f'{_LOGIN} required user_keeper="{PASSWORD}";'
        self._config.write_text(
            f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners={advertised},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={advertised}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,LOCKED:SASL_PLAINTEXT,SECURE:SASL_SSL
listener.name.locked.sasl.enabled.mechanisms=PLAIN
listener.name.locked.plain.sasl.jaas.config={login}
listener.name.secure.sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config={login}
listener.name.secure.ssl.keystore.location={store}
listener.name.secure.ssl.keystore.password={PASSWORD}
listener.name.secure.ssl.key.password={PASSWORD}
log.dirs={folder}/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""
        )
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self._run("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(self._config))

    @property
    def address(self) -> str:
        """For clients."""
        return f"127.0.0.1:{self._port}"

    @property
    def locked(self) -> str:
        """The same for clients that have to show who they are: user `keeper`, SASL PLAIN."""
        return f"127.0.0.1:{self._locked}"

    @property
    def secure(self) -> str:
        """The same over TLS; clients have to trust the certificate `trusted`."""
        return f"127.0.0.1:{self._secure}"

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        from confluent_kafka.admin import AdminClient  # noqa: PLC0415

        with (self._folder / "log").open("ab") as log:
            command = self._java("kafka.Kafka", str(self._config))
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                AdminClient({"bootstrap.servers": self.address, "log_level": 0}).list_topics(timeout=1)
            except Exception:  # noqa: BLE001 - not there yet
                assert self._process.poll() is None, (self._folder / "log").read_text()
                time.sleep(0.2)
            else:
                return
        raise AssertionError("the broker does not answer")

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def stop(self, *, kill: bool = False) -> None:
        """Stops it, or kills it."""
        if self._process is not None:
            if kill:
                self._process.kill()
            else:
                self._process.terminate()
            self._process.wait(60)
            self._process = None

    def _java(self, main: str, *arguments: str) -> list[str]:
        # What makes Java fast in the long run costs seconds at its start.
        quick = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return ["java", *quick, "-cp", f"{self._libs}/*", main, *arguments]

    def _run(self, main: str, *arguments: str) -> None:
        subprocess.run(self._java(main, *arguments), check=True, capture_output=True, timeout=60)  # noqa: S603


def shared_broker(run: Path) -> Broker:
    """The one of this test run (`shared`)."""

    def start() -> Facts:
        folder = Path(tempfile.mkdtemp(prefix="riverkeeper-kafka-"))
        made = Broker(folder)
        made.start()
        _left.append(made)
        return {"data": str(folder), "pid": str(made.pid), "signal": str(int(signal.SIGKILL))}

    return Broker(Path(shared(run, "kafka", start)["data"]))


_left: list[Broker] = []
"""Brokers that outlive the process that started them."""


@contextmanager
def broker() -> Iterator[Broker]:
    """One with no topics."""
    folder = Path(tempfile.mkdtemp(prefix="riverkeeper-kafka-"))
    made = Broker(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop(kill=True)
        shutil.rmtree(folder, ignore_errors=True)
