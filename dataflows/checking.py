"""`riverkeeper check`: tries a flow on a sample of its own data, without running it."""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from dataflows.config import FlowConfig
from dataflows.files.batch import Line
from dataflows.files.source import FileSource
from dataflows.flow import decode_lines
from engine.checks import BrokenLaw, check_model
from engine.models.tasks import make_model
from engine.pipeline.engine import Engine
from engine.records.decode import Decoder
from engine.records.events import Breach, Counts, DeadLetter, Outcome, Prediction
from engine.records.values import Features, Target

SAMPLE = 2000
"""Records that are tried."""

_MODEL_SAMPLE = 300


@dataclass(slots=True)
class Findings:
    """What a try has shown.

    Attributes:
        counts: Where the sampled records went.
        reasons: Why records were turned away, or let through with a breach: every such reason, under
            what it has in common with others, whatever the value that came.
        types: Feature name to the types seen, with how often.
        last: A prediction, as an example.
        scores: Progressive scores over the sample.
        broken: Laws that the model breaks.
        problems: What keeps this flow from being of use, in words.
    """

    counts: Counts
    reasons: dict[str, list[str]]
    types: dict[str, Counter[str]]
    last: Prediction | None
    scores: dict[str, float]
    broken: list[BrokenLaw]
    problems: list[str] = field(default_factory=list)


def check_flow(config: FlowConfig) -> Findings:
    """Reads a sample, sends it through an engine without reports, and runs the contract suite on the model.

    Raises:
        RiverkeeperError: When the flow cannot even be tried.
    """
    quick = config.model_copy(
        update={"monitoring": config.monitoring.model_copy(update={"reports": False, "mode": "inline"})}
    )
    engine = Engine(quick)
    decoder = Decoder(config.record, config.model.task)
    events = engine.process(decode_lines(decoder, _sample(config)))
    labelled: list[tuple[Features, Target]] = []
    types: dict[str, Counter[str]] = {}
    reasons: dict[str, list[str]] = {}
    last = None
    for event in events:
        if isinstance(event, Outcome) and event.label is not None:
            labelled.append((event.example.features, event.label))
            for name, value in event.example.features.items():
                types.setdefault(name, Counter())[type(value).__name__] += 1
        elif isinstance(event, DeadLetter | Breach):
            reason = f"{event.kind if isinstance(event, DeadLetter) else event.policy}: {event.reason}"
            reasons.setdefault(reason.partition(", got ")[0], []).append(reason)
        elif isinstance(event, Prediction):
            last = event
    broken = []
    if labelled:
        broken = check_model(
            lambda: make_model(config.model),
            config.model.task,
            labelled[:_MODEL_SAMPLE],
            config.model.allowed,
        )
    findings = Findings(engine.counts, reasons, types, last, engine.scores, broken)
    findings.problems = _problems(findings)
    engine.close()
    return findings


def _sample(config: FlowConfig) -> list[Line]:
    source = FileSource(config.input, config.base, time_field=config.record.time)
    with closing(source.batches()) as batches:
        return list(islice((line for batch in batches for line in batch.records()), SAMPLE))


def _problems(found: Findings) -> list[str]:
    counts = found.counts
    if not counts.records:
        return ["the input holds no records"]
    problems = []
    if not counts.predicted:
        problems.append("no record could be predicted; see why they were turned away")
    elif counts.rejected > counts.records / 10:
        problems.append(f"{counts.rejected} of {counts.records} records were rejected")
    if counts.predicted and not counts.inline + counts.matched:
        problems.append("no label has found its prediction: nothing can be learned")
    if counts.not_learned:
        problems.append(f"the model failed to learn {counts.not_learned} labelled examples")
    problems += [f"the model breaks a law: {law.law}: {law.detail}" for law in found.broken]
    return problems
