"""Admission: which records go on, by shape, contract and event time; the others become dead letters."""

from msgspec import Struct

from engine.config import EngineConfig
from engine.contract.check import Contract, Fault, rejection, time_breach
from engine.core.event_clock import Clock
from engine.records.events import ContractViolation, DeadLetter
from engine.records.shape import misshapen
from engine.records.values import Example, Features, Label, Record, Unreadable
from engine.tasks.registry import find_task


class Admitted(Struct, gc=False):
    """A record that may go on.

    Attributes:
        features: An example's features, without missing values.
        faults: What is wrong with it and does not stop it.
        late: What is wrong with its event time, when that stops it. It counts for the stream's time all the
            same: when all records are ahead, it is the stream that has moved.
    """

    features: Features
    faults: list[Fault]
    late: str | None = None


_LABEL = Admitted({}, [])
"""No limit applies to a label's event time: a late truth is still useful."""


class AdmissionState(Struct, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        records: Records received.
        rejected: Those that are dead letters.
        warned: Those that went on although something was wrong with them.
        positions: Offset of the last accepted record, by source.
        times: The event times that the clock goes by.
    """

    records: int = 0
    rejected: int = 0
    warned: int = 0
    positions: dict[str, int] = {}
    times: tuple[float, ...] = ()


class Admission:
    """Checks records and keeps the stream's event time.

    Args:
        config: The task, and the contract.
        key: The model key, for dead letters.

    Attributes:
        contract: What features must be.
        clock: The stream's event time.
    """

    def __init__(self, config: EngineConfig, key: str) -> None:
        self._key = key
        self._labels = find_task(config.model.task).labels
        self._config = config.contract
        self._limits_time = (config.contract.max_ahead, config.contract.max_behind) != (None, None)
        self._state = AdmissionState()
        self.contract = Contract(config.contract)
        self.clock = Clock()

    @property
    def counts(self) -> AdmissionState:
        """Records received, rejected and warned of."""
        return self._state

    def admit(self, record: Record) -> Admitted | DeadLetter:
        """Checks a record: its shape, then of an example the contract and its event time."""
        state = self._state
        state.records += 1
        wrong = misshapen(record, self._labels)
        if wrong is not None:
            return self.reject(record, wrong)
        if record.source:
            state.positions[record.source] = record.position
        if not isinstance(record, Example):
            return _LABEL
        features, faults = self.contract.check(record.features)
        reason = rejection(faults) if faults else None
        if reason is not None:
            return self.reject(record, reason)
        late = None
        if self._limits_time:
            late = time_breach(record.time, self.clock.now, self._config)
            if late is not None and self._config.policy != "reject":
                faults.append(Fault("warn", late))
                late = None
        return Admitted(features, faults, late)

    def reject(self, record: Record, reason: str) -> DeadLetter:
        """A record as a dead letter."""
        self._state.rejected += 1
        # Whatever a program hands in that is no record comes from nowhere.
        where = (
            (record.source, record.position, record.raw)
            if isinstance(record, Example | Label | Unreadable)
            else ("", -1, b"")
        )
        return DeadLetter("rejected", reason, *where, self._key)

    def violations(self, example: Example, faults: list[Fault]) -> list[ContractViolation]:
        """What is wrong with an example that goes on all the same."""
        self._state.warned += 1
        where = example.source, example.position, self._key
        return [
            ContractViolation(example.id, fault.policy, fault.reason, *where)
            for fault in faults
            if fault.policy != "reject"
        ]

    def state(self) -> AdmissionState:
        """What a snapshot keeps."""
        self._state.times = self.clock.state()
        return self._state

    def restore(self, state: AdmissionState) -> None:
        """Goes on from a snapshot's state."""
        self._state = state
        self.clock.restore(state.times)
