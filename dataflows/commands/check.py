"""`riverkeeper check`: tries a flow on a sample of its own data, without running it."""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from dataflows.alerts.config import destinations, secrets
from dataflows.commands.event_times import EventTimes, sample_times
from dataflows.config import FlowConfig
from dataflows.connectors.base import batches
from dataflows.connectors.batch import RawRecord
from dataflows.connectors.decoding import decode_records
from dataflows.connectors.registry import open_source
from dataflows.pinned_rows import read_reference
from engine.checks import BrokenLaw, check_model
from engine.core.engine import Engine
from engine.errors import ConfigError
from engine.models.operations import make_model
from engine.monitoring.evidently import check_extras
from engine.records.decode import Decoder
from engine.records.events import ContractViolation, Counts, DeadLetter, Outcome, Prediction
from engine.records.values import Features, Target
from engine.tasks.registry import find_task

SAMPLE = 2000
"""Records that are tried."""


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
        times: Event times of the sample; `None` without any.
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
    times: EventTimes | None = None
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


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
    decoder = Decoder(config.record, find_task(config.model.task).labels)
    sample = _sample(config)
    events = engine.process(decode_records(decoder, sample))
    unlabelled = find_task(config.model.task).unsupervised
    examples: dict[int, tuple[Features, Target | None]] = {}
    types: dict[str, Counter[str]] = {}
    reasons: dict[str, list[str]] = {}
    last = None
    for event in events:
        # A prediction has a second outcome when its label is corrected, or comes after it was learned from.
        if isinstance(event, Outcome) and event.sequence not in examples:
            if event.label is None and not unlabelled:
                continue
            examples[event.sequence] = event.example.features, None if unlabelled else event.label
            for name, value in event.example.features.items():
                types.setdefault(name, Counter())[type(value).__name__] += 1
        elif isinstance(event, DeadLetter | ContractViolation):
            reason = f"{event.kind if isinstance(event, DeadLetter) else event.policy}: {event.reason}"
            reasons.setdefault(reason.partition(", got ")[0], []).append(reason)
        elif isinstance(event, Prediction):
            last = event
    findings = Findings(
        engine.counts, len(examples), reasons, types, last, engine.scores, _try_model(config, examples)
    )
    findings.times = sample_times(sample, config.record)
    findings.problems, findings.warnings = _problems(findings), _broken(findings, "warning")
    findings.alerts = destinations(config.alerts)
    if config.alerts.webhook is not None:
        try:
            secrets(config.alerts.webhook)
        except ConfigError as error:
            findings.problems.append(str(error))
    engine.close()
    return findings


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


def _sample(config: FlowConfig) -> list[RawRecord]:
    with closing(batches(open_source(config))) as read:
        return list(islice((record for batch in read for record in batch.records()), SAMPLE))


def _problems(found: Findings) -> list[str]:
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
        problems.append(f"the model failed to learn {counts.not_learned} labelled examples")
    return problems + _broken(found, "error")


def _broken(found: Findings, severity: str) -> list[str]:
    """What the contract suite has found, of this severity, in words."""
    return [
        f"the model breaks a law: {broken.law}: {broken.detail}"
        for broken in found.broken
        if broken.severity == severity
    ]
