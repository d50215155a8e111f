"""Writes one stream to its topic so that readers of committed messages see each message once.

In numbered steps:

    1. Messages are written in a transaction that is open from one snapshot to the next.
    2. At a snapshot it is committed. The snapshot says where the topic's partitions end, and which messages
       before that the run is still to come to again (5).
    3. Bytewax makes the epoch whole.
    4. A run that is resumed first fences off what a dead process may still be writing, by its transactional
       id. Then it reads the topic from where the snapshot says: what it finds there was committed in step 2
       of an epoch that never reached step 3.
    5. It leaves those messages out when it comes to them. Its next snapshots may be taken before it has come
       to all of them: these name the rest.

It rests on event ids that a replay gives again, and on a broker whose transactions are real.
"""

from pathlib import Path
from typing import Any

import msgspec
import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from dataflows.connectors.files.blobs import write_blob
from dataflows.connectors.kafka.client import made
from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.connectors.kafka.messages import event_id, event_ids
from dataflows.connectors.kafka.producer import Ends, TopicSink, Written
from dataflows.escape import visible
from dataflows.lifecycle.run_id import identity
from engine.core.serialize import Line
from engine.errors import OutputError

_LONGEST = 900.0
"""Seconds that a transaction may be open: the brokers' default."""


class TransactionalSink(TopicSink):
    """A sink whose messages are committed with each snapshot.

    Args:
        resumed: What the snapshot knows of the topic.
        folder: The run's folder, which keeps where they ended when the run began.
    """

    can_repeat = False  # a transaction with a message that was refused must be aborted

    def __init__(self, config: KafkaConfig, folder: Path, stream: str, resumed: Written | None) -> None:
        # By the run's name, not its identity: whatever wrote under this name before is fenced off.
        self._name = f"riverkeeper/{folder.name}/{stream}"
        super().__init__(config, identity(folder), stream)
        self._patience = config.patience
        self._open = False
        try:
            self._producer.init_transactions(config.patience)
            self._ahead, self._ends = self._found(resumed or Written(self._begun(folder)))
        except KafkaException as error:
            raise self._unusable(error) from error

    def _settings(self) -> dict[str, Any]:
        return {
            "transactional.id": self._name,
            "transaction.timeout.ms": round(_LONGEST * 1000),
            "message.timeout.ms": round(min(_LONGEST, self._config.patience) * 1000),
        }

    def _begun(self, folder: Path) -> Ends:
        """Where the topic ended when the run began: it may have died before its first snapshot."""
        name = f"kafka-start-{self._stream}.json"
        if (folder / name).exists():
            try:
                return msgspec.json.decode((folder / name).read_bytes(), type=Ends)
            except (msgspec.DecodeError, ValueError) as error:
                raise OutputError(
                    f"{folder / name}: expected where the topic ended when the run began, got "
                    f"{visible(str(error))}; put the file back, or start a new run"
                ) from error
        reader, _ = self._reader()
        try:
            ends = {
                number: reader.get_watermark_offsets(TopicPartition(self._topic, number), timeout=10)[1]
                for number in self._ends
            }
        finally:
            reader.close()
        write_blob(folder, name, orjson.dumps(ends, None, orjson.OPT_NON_STR_KEYS))
        return ends

    def _found(self, resumed: Written) -> tuple[set[str], Ends]:
        """The event ids that are committed and not yet come to again, and where the topic ends."""
        found = set(resumed.ahead)
        last = dict.fromkeys(self._ends, 0) | resumed.ends
        reader, health = self._reader()
        try:
            reader.assign([TopicPartition(self._topic, number, offset) for number, offset in last.items()])
            left = set(last)
            while left:
                message = reader.poll(0.5)
                health.check(reader)
                if message is None:
                    continue
                error, number = message.error(), message.partition() or 0
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    left.discard(number)
                elif error is not None:
                    raise OutputError(f"{self._where}: cannot be read back: {error.str()}")
                else:
                    last[number] = (message.offset() or 0) + 1
                    found.update(event_ids(message))
        finally:
            reader.close()
        return {name for name in found if name.startswith(event_id(self._run, self._stream, ""))}, last

    def _reader(self) -> tuple[Consumer, Any]:
        more = {
            "group.id": f"{self._name}/written",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
        return made(Consumer, self._config, more)

    def _write(self, line: Line, name: str) -> None:
        if name in self._ahead:
            self._ahead.discard(name)
            return
        if not self._open:
            self._producer.begin_transaction()
            self._open = True
        super()._write(line, name)

    def snapshot(self) -> Written:
        """What is in the topic, all of it committed.

        Raises:
            OutputError: When it cannot be.
        """
        if self._open:
            self._flush()
            try:
                self._producer.commit_transaction(self._patience)
            except KafkaException as error:
                raise self._unusable(error) from error
            self._open = False
        return Written(dict(self._ends), frozenset(self._ahead))

    def close(self) -> None:
        """Leaves an open transaction to the next start, which takes it back: no snapshot knows of it."""

    def _unusable(self, error: KafkaException) -> OutputError:
        return OutputError(
            f"{self._where}: exactly_once: the broker refuses the transaction: {error.args[0].str()}; see to "
            f"its transaction settings, or set kafka.outputs.exactly_once = false"
        )
