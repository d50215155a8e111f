"""What the engine costs beside its model in other tasks than binary ones: regression, and several classes.

The demand of Elec2 from its other columns, and seven types of forest cover, with the label in the record.
Contract, scores, detector, windows with reports from a process that is ready, and predictions encoded, as
`benchmarks.speed` has it. Times are of this process's processor, and arms take 1,000 lines in turn.

    python -m benchmarks.tasks --rounds 5
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from time import monotonic
from typing import Any

import orjson
from river import metrics

from benchmarks.speed.arms import Arm, in_river
from benchmarks.speed.cases import Case, labelled, plain_flow
from benchmarks.speed.measuring import ratio, rounds
from engine.core.engine import Engine
from engine.core.serialize import encode
from engine.monitoring.worker.evaluator import BackgroundEvaluator, WindowEvaluator
from engine.records.decode import Decoder
from engine.tasks.registry import find_task


@dataclass(frozen=True, slots=True)
class Kind:
    """A task with a stream and models.

    Attributes:
        stream: One of `benchmarks.faults`.
        task: Its name.
        verb: How a model predicts.
        metric: What is scored.
        models: As a configuration names them.
    """

    stream: str
    task: str
    verb: str
    metric: Callable[[], Any]
    models: dict[str, Any]


_LINEAR = {"type": "linear_model.LinearRegression", "optimizer": {"type": "optim.SGD", "args": [0.001]}}

KINDS = (
    Kind(
        "demand",
        "regression",
        "predict_one",
        metrics.MAE,
        {
            "linear": ["preprocessing.StandardScaler", _LINEAR],
            "auto": "auto",
            "tree": "tree.HoeffdingTreeRegressor",
        },
    ),
    Kind(
        "cover types",
        "multiclass",
        "predict_proba_one",
        metrics.Accuracy,
        {
            "softmax": "auto",
            "bayes": "naive_bayes.GaussianNB",
            "tree": "tree.HoeffdingTreeClassifier",
        },
    ),
)


def bare(case: Case, kind: Kind) -> Arm:
    """The loop that one would write by hand."""
    model, metric, written = case.river(), kind.metric(), BytesIO()
    predict, learn = getattr(model, kind.verb), model.learn_one
    classes = kind.task == "multiclass"
    for lines in case.batches():
        out = []
        for line in lines:
            x = orjson.loads(line)
            name, time, y = x.pop("id"), x.pop("time"), x.pop("label")
            output = predict(x)
            if classes and output:
                metric.update(y, max(output, key=output.get))
            elif output is not None and not classes:
                metric.update(y, output)
            learn(x, y)
            out.append(orjson.dumps({"id": name, "time": time, "prediction": output}))
        written.write(b"\n".join(out))
        yield
    return {metric.__class__.__name__: metric.get()}


def engine(case: Case, kind: Kind, judge: WindowEvaluator, key: str, *, native: bool = True) -> Arm:
    """The engine, everything on."""
    config = case.config()
    decode = Decoder(config.record, find_task(kind.task).labels).decode
    with Engine(config, key, judge) as tried:
        events, written, position = tried.begin(), BytesIO(), 0
        for lines in case.batches():
            places = range(position, position + len(lines))
            if native:
                events += tried.process_lines(lines, places)
            else:
                events += tried.process(
                    [decode(line, "", place) for line, place in zip(lines, places, strict=True)]
                )
            position += len(lines)
            for chunk in encode(events)[0].values():
                written.write(chunk.text)
            events = []
            yield
        name = kind.metric().__class__.__name__
        return {name: tried.scores[name], "native": float(tried.native_records)}


def measure(kind: Kind, model: str, records: int, count: int) -> None:
    """Prints a table."""
    lines = labelled(kind.stream, records)
    settings = plain_flow(lines, kind.task, kind.models[model])
    settings["scores"] = {"metrics": [kind.metric().__class__.__name__]}
    case = Case(kind.stream, model, lines, "label", "", settings)
    config = case.config()
    with BackgroundEvaluator(config.monitoring, kind.task, monotonic) as judge:
        for _ in engine(case, kind, judge, "warm"):
            pass
        arms = {
            "bare River loop": lambda: bare(case, kind),
            "engine, native lane": lambda: engine(case, kind, judge, "lane"),
            "  model not compiled": lambda: in_river(engine(case, kind, judge, "called")),
            "engine, record by record": lambda: engine(case, kind, judge, "engine", native=False),
        }
        times, given = rounds(arms, count)
    print(f"\n{kind.task}, {kind.stream}, {model}: {len(lines):,} records, {count} rounds")
    for name, each in times.items():
        found = ratio(times["bare River loop"].cpu, each.cpu)
        scores = ", ".join(f"{metric} {value:,.6g}" for metric, value in given[name].items())
        print(f"{name:26}{found.median:>7.2f}{found.spread:>7.0%}   {scores}")


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    for kind in KINDS:
        for model in kind.models:
            measure(kind, model, given.records, given.rounds)


if __name__ == "__main__":
    main()
