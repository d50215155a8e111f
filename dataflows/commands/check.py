"""`riverkeeper check`: tries a flow on a sample of its own data, without running it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from dataflows.alerts.config import destinations
from dataflows.alerts.secrets import secrets
from dataflows.commands.check_outputs import difference, doubtful_outputs, null_outputs
from dataflows.commands.event_times import EventTimes, label_order, sample_times
from dataflows.config import FlowConfig
from dataflows.connectors.base import batches
from dataflows.connectors.batch import RawRecord
from dataflows.connectors.decoding import decode_records
from dataflows.connectors.registry import open_source
from dataflows.pinned_rows import read_reference
from engine.checks import BrokenLaw, check_model
from engine.core.engine import Engine
from engine.errors import ConfigError
from engine.events import Decision, Event
from engine.models.native import crate_version
from engine.models.operations import make_model
from engine.monitoring.evidently import check_extras
from engine.records.decode import Decoder
from engine.records.events import ContractViolation, Counts, DeadLetter, Outcome, Prediction
from engine.records.values import Example, Features, Record, Target
from engine.tasks.registry import find_task

SAMPLE = 2000
"""Records that are tried at most."""

VALUES = 1_000_000
"""Values in them, after which no further record is tried: of wide records fewer are enough."""


@dataclass(slots=True)
class Findings:
    """What a try has shown.

    Attributes:
        counts: Where the sampled records went.
        learned: Examples of the sample that a model could learn from.
        reasons: Why records were turned away, or let through with a breach: every such reason, under
            what it has in common with others, whatever the value that came.
        types: Feature name to the types seen, with how often.
        last: A prediction, as an example.
        scores: Progressive scores over the sample.
        broken: Laws that the model breaks.
        alerts: Where alerts would go.
        runs: Whether the model runs compiled, in words.
        times: Event times of the sample; `None` without any.
        labels: How the labels of files stand in time; empty without such files.
        problems: What keeps this flow from being of use, in words.
        warnings: What does not, but should be known.
    """

    counts: Counts
    learned: int
    reasons: dict[str, list[str]]
    types: dict[str, Counter[str]]
    last: Prediction | None
    scores: dict[str, float]
    broken: list[BrokenLaw]
    alerts: str = ""
    runs: str = ""
    times: EventTimes | None = None
    labels: str = ""
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Sorted:
    """The events of a sample, by what they are about.

    Attributes:
        examples: Features and label by the prediction's number, of those that a model could learn from.
        types: As in `Findings`.
        reasons: As in `Findings`.
        served: The predictions, in order.
        failed: Why the model could not learn an example, the first time.
    """

    examples: dict[int, tuple[Features, Target | None]] = field(default_factory=dict)
    types: dict[str, Counter[str]] = field(default_factory=dict)
    reasons: dict[str, list[str]] = field(default_factory=dict)
    served: list[Prediction] = field(default_factory=list)
    failed: str = ""


def check_flow(config: FlowConfig) -> Findings:
    """Reads a sample, sends it through an engine without reports, and runs the contract suite on the model.

    Raises:
        RiverkeeperError: When the flow cannot even be tried.
    """
    if config.monitoring.extra:
        check_extras(config.monitoring)
    quick = config.model_copy(
        update={"monitoring": config.monitoring.model_copy(update={"reports": False, "mode": "inline"})}
    )
    read_reference(config)  # it must be readable
    engine = Engine(quick)
    raw, records = _sample(config, Decoder(config.record, find_task(config.model.task).labels))
    events = engine.process(records[: len(records) // 2])
    half = engine.progressive_scores.totals().sums.totals.copy()
    events += engine.process(records[len(records) // 2 :])
    late = difference(engine.progressive_scores.totals().sums.totals, half)
    found = _sorted(events, unlabelled=find_task(config.model.task).unsupervised)
    findings = Findings(
        engine.counts,
        len(found.examples),
        found.reasons,
        found.types,
        found.served[-1] if found.served else None,
        engine.scores,
        _try_model(config, found.examples),
        destinations(config.alerts),
        _how_it_runs(engine),
    )
    findings.times, findings.labels = sample_times(raw, config.record), label_order(config)
    findings.problems = _problems(findings, found.failed)
    findings.warnings = [*_broken(findings, "warning"), *doubtful_outputs(found.served, late)]
    null, of = null_outputs(found.served)
    if null:
        serious = 2 * null >= of
        told = findings.problems if serious else findings.warnings
        told.append(f"{null} of the last {of} outputs are null: the model gives no answer there")
    if config.alerts.webhook is not None:
        try:
            secrets(config.alerts.webhook)
        except ConfigError as error:
            findings.problems.append(str(error))
    engine.close()
    return findings


def _how_it_runs(engine: Engine) -> str:
    """Whether the champion runs compiled after the sample."""
    version = crate_version()
    if engine.pool.champion.running.is_compiled:
        return f"the model runs compiled (riverkeeper-native {version})"
    why = "is not installed" if version is None else "does not compile it, or not for these records"
    return f"the model runs in River: riverkeeper-native {why} (docs/native.md)"


def _sorted(events: Iterable[Event], *, unlabelled: bool) -> _Sorted:
    found = _Sorted()
    for event in events:
        # A prediction has a second outcome when its label is corrected, or comes after it was learned from.
        if isinstance(event, Outcome) and event.sequence not in found.examples:
            if event.label is None and not unlabelled:
                continue
            found.examples[event.sequence] = event.example.features, None if unlabelled else event.label
            for name, value in event.example.features.items():
                found.types.setdefault(name, Counter())[type(value).__name__] += 1
        elif isinstance(event, DeadLetter | ContractViolation):
            reason = f"{event.kind if isinstance(event, DeadLetter) else event.policy}: {event.reason}"
            found.reasons.setdefault(reason.partition(", got ")[0], []).append(reason)
        elif isinstance(event, Prediction):
            found.served.append(event)
        elif isinstance(event, Decision) and " cannot learn " in event.reason:
            found.failed = found.failed or event.reason
    return found


def _try_model(config: FlowConfig, examples: Mapping[int, tuple[Features, Target | None]]) -> list[BrokenLaw]:
    """The laws that the model breaks, and those that challengers do, which then name themselves."""
    if not examples:
        return []
    models = {"": config.model} | {
        f"challenger {name}: ": config.model.model_copy(update={"model": challenger.model})
        for name, challenger in config.challengers.items()
    }
    return [
        replace(broken, detail=f"{who}{broken.detail}")
        for who, model in models.items()
        for broken in check_model(
            partial(make_model, model), model.task, [*examples.values()], config.allowed, config.contract
        )
    ]


def _sample(config: FlowConfig, decoder: Decoder) -> tuple[list[RawRecord], list[Record]]:
    """The first records, as they came and decoded."""
    kept: list[RawRecord] = []
    records: list[Record] = []
    values = 0
    with closing(batches(open_source(config))) as read:
        raw = (record for batch in read for record in batch.records())
        for record in decode_records(decoder, _keeping(islice(raw, SAMPLE), kept)):
            records.append(record)
            values += len(record.features) if isinstance(record, Example) else 1
            if values >= VALUES:
                break
    return kept, records


def _keeping(records: Iterable[RawRecord], kept: list[RawRecord]) -> Iterator[RawRecord]:
    for record in records:
        kept.append(record)
        yield record


def _problems(found: Findings, failed: str) -> list[str]:
    counts = found.counts
    if not counts.records:
        return ["the input holds no records"]
    problems = [found.times.problem] if found.times is not None and found.times.problem else []
    if not counts.predicted:
        problems.append("no record could be predicted; see why they were turned away")
    elif counts.rejected > counts.records / 10:
        problems.append(f"{counts.rejected} of {counts.records} records were rejected")
    if counts.predicted and not found.learned:
        problems.append("no label has found its prediction: nothing can be learned")
    if counts.not_learned:
        why = f"; {failed}" if failed else ""
        problems.append(f"the model failed to learn {counts.not_learned} labelled examples{why}")
    return problems + _broken(found, "error")


def _broken(found: Findings, severity: str) -> list[str]:
    """What the contract suite has found, of this severity, in words."""
    return [
        f"the model breaks a law: {broken.law}: {broken.detail}"
        for broken in found.broken
        if broken.severity == severity
    ]
