"""Growth is warned of where it does not end, and nowhere else."""

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from river import (
    compose,
    datasets,
    feature_extraction,
    linear_model,
    neighbors,
    preprocessing,
    stats,
    tree,
)

from engine.checks.growth import BOUNDED, EVENTS, HALF, SAVED, measure
from engine.checks.sizes import size_of, steps_of
from engine.checks.trial import prepare
from tests.support.breaches import BINARY, Sound, breaches


def orders(count: int = 300) -> list[Any]:
    """A user who is always a new one, one of five shops, a price."""
    random = Random(1)  # noqa: S311 - test data
    return [
        (
            {
                "user": f"u{random.randrange(10**9)}",
                "shop": f"shop{random.randrange(5)}",
                "price": round(random.uniform(1, 50), 2),
            },
            random.random() < 0.3,
        )
        for _ in range(count)
    ]


def growing(make: Callable[[], Any], sample: Any = None, task: str = "binary") -> dict[str, float]:
    """The steps that keep growing, with their bytes an event."""
    return dict(measure(prepare(make, task, sample or orders())).steps)


class Remembers(Sound):
    """Learns from the price only; what it does besides is for others to say."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: Any = self.start()
        self.events = 0

    def start(self) -> Any:
        return []

    def keep(self, x: Any) -> None:
        self.kept.append(x)

    def learn_one(self, x: Any, y: Any) -> None:
        self.events += 1
        self.keep(x)
        super().learn_one({"price": x.get("price", 0.0)}, y)

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        return super().predict_proba_one({"price": x.get("price", 0.0)}, **kwargs)


class KeepsAll(Remembers):
    pass


class KeepsSeldom(Remembers):
    """A list of every tenth price."""

    def keep(self, x: Any) -> None:
        if self.events % 10 == 0:
            self.kept.append((x.get("price", 0.0), self.events))


class KeepsUsers(Remembers):
    def start(self) -> Any:
        return {}

    def keep(self, x: Any) -> None:
        user = x.get("user", "")
        self.kept[user] = self.kept.get(user, 0) + 1


class KeepsAsked(Remembers):
    """Holds what it was asked until its label comes, and forgets to let go."""

    def keep(self, x: Any) -> None:
        pass

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        self.kept.append(x)
        return super().predict_proba_one(x, **kwargs)


class KeepsShops(KeepsUsers):
    def keep(self, x: Any) -> None:
        super().keep({"user": x.get("shop", "")})


class KeepsAWindow(Remembers):
    def start(self) -> Any:
        return deque(maxlen=1500)


class KeepsEverLess(Remembers):
    """A row of numbers for each event whose number is a square: growth for ever, and ever more slowly."""

    def keep(self, x: Any) -> None:
        del x
        if int(self.events**0.5) ** 2 == self.events:
            self.kept.append([self.events + number for number in range(300)])


class StatesItsLimit(Remembers):
    max_size = 100.0


@pytest.mark.parametrize(
    ("model", "step", "least", "most"),
    [
        (KeepsAll, "KeepsAll.kept", 40, 60),
        (KeepsSeldom, "KeepsSeldom.kept", 1, 3),
        (KeepsUsers, "KeepsUsers.kept", 15, 25),
        (KeepsAsked, "KeepsAsked.kept", 3, 8),
    ],
)
def test_growth_without_end_is_found_and_placed(
    model: Callable[[], Any], step: str, least: float, most: float
) -> None:
    found = growing(model)
    assert found.keys() == {step}
    assert least <= found[step] <= most


@pytest.mark.parametrize("model", [Sound, KeepsShops, KeepsAWindow, KeepsEverLess, StatesItsLimit])
def test_growth_that_ends_slows_down_or_has_a_stated_limit_is_not(model: Callable[[], Any]) -> None:
    sample = BINARY if model is Sound else orders()
    assert growing(model, sample) == {}


def encoded(feature: str) -> Any:
    return compose.Select(feature) | preprocessing.OneHotEncoder() | linear_model.LogisticRegression()


def aggregated(by: str) -> Any:
    mean = feature_extraction.TargetAgg(by=by, how=stats.Mean()) + compose.Select(by)
    return mean | preprocessing.FeatureHasher(n_features=8) | linear_model.LinearRegression()


def valued() -> list[Any]:
    return [({"user": x["user"], "shop": x["shop"]}, x["price"]) for x, _ in orders()]


@pytest.mark.parametrize(
    ("make", "task", "steps"),
    [
        (lambda: encoded("user"), "binary", {"OneHotEncoder", "LogisticRegression"}),
        (lambda: aggregated("user"), "regression", {"TransformerUnion.TargetAgg"}),
        (lambda: encoded("shop"), "binary", set()),
        (lambda: aggregated("shop"), "regression", set()),
        (lambda: neighbors.KNNRegressor(engine=neighbors.LazySearch(window_size=1000)), "regression", set()),
    ],
)
def test_of_a_pipeline_the_steps_that_grow_are_named(
    make: Callable[[], Any], task: str, steps: set[str]
) -> None:
    sample = orders() if task == "binary" else valued()
    if make().__class__ is neighbors.KNNRegressor:
        sample = [({"a": x["price"]}, x["price"]) for x, _ in orders()]
    assert {name.rpartition(".")[0] for name in growing(make, sample, task)} == steps


def test_the_warning_says_what_grows_from_what_to_what_and_over_how_many_events() -> None:
    (found,) = breaches(KeepsAll, sample=orders())
    assert (found.law, found.severity) == (BOUNDED, "warning")
    first, last = (measure(prepare(KeepsAll, "binary", orders())).sizes[events] for events in (HALF, EVENTS))
    rate = (last - first) / HALF
    assert found.detail == (
        f"KeepsAll.kept grows by {rate:.0f} bytes an event and does not slow down; the saved model has "
        f"{first:,} bytes after 2,048 events, {last:,} after 4,096. Ever new values, as in the sample, were "
        "made up for 'price', 'user'"
    )


def test_a_small_step_that_grows_is_found_beside_a_large_one() -> None:
    class Large(compose.FuncTransformer):
        def __init__(self) -> None:
            super().__init__(dict)
            self.table = list(range(100_000))

    def make() -> Any:
        return compose.Pipeline(Large(), KeepsSeldom())

    # A class within a function cannot be saved, and so is not measured; this one is put where it can be.
    Large.__qualname__ = "Large"
    globals()["Large"] = Large
    assert growing(make).keys() == {"KeepsSeldom.kept"}


class Pruned(Sound):
    """Holds what cannot be saved, once it has learned long enough."""

    events = 0
    late: Any = None

    def learn_one(self, x: Any, y: Any) -> None:
        super().learn_one(x, y)
        self.events += 1
        if self.events > 1000:
            self.late = (number for number in range(3))


def test_a_model_that_can_be_saved_at_first_only_is_found() -> None:
    (found,) = breaches(Pruned, sample=BINARY)
    assert (found.law, found.severity) == (SAVED, "error")
    assert found.detail.startswith("after 1,024 events: Pruned: cannot be saved: builtins:generator ")


def test_a_regression_tree_of_river_on_a_time_that_rises_can_be_saved() -> None:
    """Its search tree is then a chain of all values."""
    polls: Any = datasets.TrumpApproval
    assert breaches(lambda: tree.HoeffdingAdaptiveTreeRegressor(seed=1), "regression", list(polls())) == []


class Picky(KeepsUsers):
    """Takes nothing but the users of the sample."""

    users = frozenset(x["user"] for x, _ in orders())
    learned = 0

    def keep(self, x: Any) -> None:
        if x.get("user", "") not in {*self.users, ""}:
            raise ValueError("no such user")
        Picky.learned += 1
        super().keep(x)


def test_a_model_that_does_not_take_made_up_values_gets_those_of_the_sample() -> None:
    assert breaches(Picky, sample=orders()) == []
    Picky.learned = 0
    measure(prepare(Picky, "binary", orders()))
    assert Picky.learned == HALF


def test_sizes_leave_out_what_states_a_limit() -> None:
    class Limited:
        def __init__(self, limit: float | None) -> None:
            self.max_size = limit
            self.rows = list(range(1000))

    Limited.__qualname__ = "Limited"
    globals()["Limited"] = Limited
    assert size_of([Limited(5.0)]) < 100
    assert size_of([Limited(None)]) > 2000


def test_steps_within_steps_have_their_whole_path() -> None:
    model = (compose.Select("a") | preprocessing.StandardScaler()) + compose.Select("b") | Sound()
    assert list(steps_of(model)) == [
        "TransformerUnion.Pipeline.Select",
        "TransformerUnion.Pipeline.StandardScaler",
        "TransformerUnion.Select",
        "Sound",
    ]
