"""Models saved as data against the same models as pickles: time and bytes, interleaved in one process.

    python -m benchmarks.saving --events 4000 --rounds 7

A pickle is what the standard library writes in C; it is not safe to read, which is why we do not use it
(docs/adr/0020-models-as-data.md). Times are the best of the rounds, in CPU time.
"""

import argparse
import pickle
import random
from collections.abc import Callable
from time import process_time
from typing import Any

from river import (
    anomaly,
    base,
    drift,
    ensemble,
    forest,
    linear_model,
    naive_bayes,
    neighbors,
    preprocessing,
    tree,
)

from engine.models.serialization import dump, load


def linear() -> Any:
    """The smallest model that is worth saving."""
    return preprocessing.StandardScaler() | linear_model.LogisticRegression()


MODELS: dict[str, Callable[[], Any]] = {
    "scaler and logistic regression": linear,
    "ten of them, bagged": lambda: ensemble.BaggingClassifier(linear(), seed=1),
    "Gaussian naive Bayes": naive_bayes.GaussianNB,
    "nearest neighbours": neighbors.KNNClassifier,
    "Hoeffding tree": lambda: tree.HoeffdingTreeClassifier(grace_period=50),
    "Hoeffding adaptive tree": lambda: tree.HoeffdingAdaptiveTreeClassifier(grace_period=50, seed=1),
    "Hoeffding tree regressor": lambda: tree.HoeffdingTreeRegressor(grace_period=50),
    "adaptive random forest": lambda: forest.ARFClassifier(seed=1),
    "streaming random patches": lambda: ensemble.SRPClassifier(seed=1, n_models=3),
    "Mondrian forest": lambda: forest.AMFClassifier(seed=1, n_estimators=3),
    "half-space trees": lambda: anomaly.HalfSpaceTrees(seed=1),
    "ADWIN": drift.ADWIN,
}  # fmt: skip


def trained(make: Callable[[], Any], events: int) -> Any:
    """A model after so many events of eight numbers."""
    draw = random.Random(1)  # noqa: S311
    model: Any = make()
    for _ in range(events):
        x: dict[Any, Any] = {f"x{number}": draw.gauss(0, 1) for number in range(8)}
        if isinstance(model, base.DriftDetector):
            model.update(x["x0"])
        elif isinstance(model, base.Regressor):
            model.learn_one(x, x["x0"] + x["x1"])
        elif isinstance(model, anomaly.HalfSpaceTrees):
            model.learn_one(x)  # type: ignore[no-untyped-call]  # River leaves it so
        else:
            model.learn_one(x, x["x0"] + x["x1"] * x["x2"] > 0)
    return model


def timed(step: Callable[[], Any], least: float = 0.02) -> float:
    """Milliseconds of CPU of one call, over as many as take long enough to be measured."""
    calls, begun = 0, process_time()
    while (taken := process_time() - begun) < least or not calls:
        step()
        calls += 1
    return 1000 * taken / calls


def measure(model: Any, rounds: int) -> tuple[list[float], int, int]:
    """The best times of pickle's and our saving and loading, and both sizes."""
    plain, ours = pickle.dumps(model, 5), dump(model, "model")
    steps = (
        lambda: pickle.dumps(model, 5),
        lambda: pickle.loads(plain),  # noqa: S301 - our own
        lambda: dump(model, "model"),
        lambda: load(ours, "model"),
    )
    times = [[timed(step) for step in steps] for _ in range(rounds)]
    return [min(column) for column in zip(*times, strict=True)], len(plain), len(ours)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    print(f"{'':32}{'pickle':>10}{'ours':>10}{'save':>8}{'load':>8}{'both':>8}{'bytes':>8}")
    print(f"{'':32}{'ms':>10}{'ms':>10}{'ratio':>8}{'ratio':>8}{'ratio':>8}{'ratio':>8}")
    for name, make in MODELS.items():
        (save, read, our_save, our_read), plain, ours = measure(trained(make, given.events), given.rounds)
        ratios = our_save / save, our_read / read, (our_save + our_read) / (save + read), ours / plain
        cells = "".join(f"{ratio:8.2f}" for ratio in ratios)
        print(f"{name:32}{save + read:10.3f}{our_save + our_read:10.3f}{cells}", flush=True)


if __name__ == "__main__":
    main()
