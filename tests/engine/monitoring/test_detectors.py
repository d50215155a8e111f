"""River's detectors at every event: what they are given, when, and what becomes of what they find."""

import math
from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import drift
from river.drift import binary

from engine.core.engine import Engine
from engine.errors import ConfigError
from engine.monitoring.detectors.config import DetectorConfig, Method
from engine.monitoring.detectors.detectors import Detectors, DetectorsState, Drift
from engine.monitoring.detectors.factory import check_detectors
from engine.monitoring.detectors.watch import Found, watch
from engine.records.values import Example, Label, Record
from tests.support.engines import ScriptedJudge, make_config

RIVER: dict[Method, Any] = {
    "ddm": binary.DDM,
    "eddm": binary.EDDM,
    "hddm_a": binary.HDDMA,
    "hddm_w": binary.HDDMW,
}


def config(method: Method, on: str = "loss", **parameters: Any) -> DetectorConfig:
    return DetectorConfig(method=method, on=on, parameters=parameters)


def found(method: Method, values: list[float], **parameters: Any) -> list[tuple[int, Found]]:
    given = config(method, **parameters)
    state = watch(given)
    each = ((number, state.update(value, given)) for number, value in enumerate(values))
    return [(number, what) for number, what in each if what is not None]


def errors(seed: int, rates: tuple[float, ...], each: int = 600) -> list[float]:
    random = Random(seed)  # noqa: S311 - test data
    return [float(random.random() < rate) for rate in rates for _ in range(each)]


@pytest.mark.parametrize("method", list(RIVER))
@given(seed=st.integers(0, 10_000))
@settings(max_examples=10)
def test_on_errors_a_detector_says_what_rivers_own_says_and_starts_anew(method: Method, seed: int) -> None:
    values = errors(seed, (0.1, 0.6, 0.2))
    expected, ours, warned = [], RIVER[method](), False
    for number, value in enumerate(values):
        ours.update(value)
        if ours.drift_detected:
            expected.append((number, "drift"))
            ours, warned = RIVER[method](), False
            continue
        if ours.warning_detected and not warned:
            expected.append((number, "warning"))
        warned = ours.warning_detected
    assert expected
    assert [(number, what.kind) for number, what in found(method, values)] == expected


@given(
    st.sampled_from(["adwin", "page_hinkley", "kswin"]),
    st.integers(0, 10_000),
    st.sampled_from([1e-6, 0.5, 1024.0, 1e9]),
)
@settings(max_examples=20)
def test_the_unit_of_a_stream_does_not_matter(method: Method, seed: int, unit: float) -> None:
    random = Random(seed)  # noqa: S311 - test data
    values = [random.gauss(2.0 * (number >= 600), 1) for number in range(900)]
    at = [number for number, _ in found(method, values)]
    assert (at and at[0] >= 600) or method == "kswin", at
    assert [number for number, _ in found(method, [unit * value for value in values])] == at


def test_rivers_own_adwin_misses_what_is_small() -> None:
    """Why values are put in units: with River's detector alone, errors of 0.01 never alarm."""
    random = Random(1)  # noqa: S311 - test data
    values = [0.001 * random.gauss(2.0 * (number >= 600), 1) for number in range(1200)]
    river = drift.ADWIN()  # type: ignore[no-untyped-call]
    alarms = 0
    for value in values:
        river.update(value)  # type: ignore[no-untyped-call]
        alarms += river.drift_detected
    assert not alarms
    assert len(found("adwin", values)) == 1


def test_evidence_is_the_mean_before_and_after() -> None:
    [(at, what)] = found("page_hinkley", [0.0, 1.0] * 300 + [10.0, 11.0] * 50)
    assert at >= 600
    assert (what.kind, what.values) == ("drift", at + 1)
    assert what.before == pytest.approx(0.5, abs=0.2)
    assert what.after > 1


def test_what_is_not_finite_is_passed_over() -> None:
    values = errors(3, (0.1, 0.8))
    spoilt = [each for value in values for each in (value, math.nan, math.inf)]
    assert [at // 3 for at, _ in found("adwin", spoilt)] == [at for at, _ in found("adwin", values)]


@pytest.mark.parametrize(
    ("configs", "task", "message"),
    [
        ([config("ddm", "feature:a")], "binary", "ddm is for 0/1 errors only"),
        ([config("eddm")], "regression", "in regression. Use adwin"),
        ([config("adwin"), config("adwin")], "binary", r"detectors\[1\]: adwin on loss is there twice"),
        ([config("adwin", delta="much")], "binary", r"detectors\[0\].parameters: adwin does not take them"),
        ([config("kswin", windows=3)], "binary", "unexpected keyword argument 'windows'"),
    ],
)
def test_a_mistake_is_told_before_the_stream(configs: list[DetectorConfig], task: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_detectors(configs, task, decides=True)
    with pytest.raises(ConfigError, match="no threshold to decide by"):
        check_detectors([config("adwin")], "anomaly", decides=False)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("river.drift.ADWIN", "adwin"),
        ("PageHinkley", "page_hinkley"),
        ("drift.binary.HDDM_A", "hddm_a"),
        ("kswin", "kswin"),
    ],
)
def test_a_detector_may_be_named_as_in_river(name: str, method: str) -> None:
    assert DetectorConfig.model_validate({"method": name, "on": "loss"}).method == method


@pytest.mark.parametrize("on", ["losses", "feature:", "feature"])
def test_what_is_looked_at_must_be_known(on: str) -> None:
    with pytest.raises(ValueError, match="should match pattern"):
        config("adwin", on)


def stream(length: int, label_after: int | None) -> list[Record]:
    """Feature `a` leaps by ten at two thirds, and what the label follows turns round."""
    random = Random(5)  # noqa: S311 - test data
    records: list[Record] = []
    for number in range(length):
        leapt = number >= length * 2 // 3
        a, b = random.gauss(10.0 * leapt, 1), random.gauss(0, 1)
        records.append(Example(str(number), float(number), {"a": a, "b": b}))
        if label_after is not None:
            records.append(Label(str(number), number + float(label_after), (b > 0) != leapt))
    return records


def drifts(engine: Engine, records: Sequence[Record]) -> list[Drift]:
    return [event for event in engine.process(records) if isinstance(event, Drift)]


def make(**sections: Any) -> Engine:
    return Engine(make_config(**sections), evaluator=ScriptedJudge())


def watching(*detectors: dict[str, Any]) -> dict[str, Any]:
    return {"monitoring": {"detectors": list(detectors)}}


def test_a_feature_is_looked_at_before_any_label_has_come() -> None:
    engine = make(**watching({"method": "adwin", "on": "feature:a"}), labels={"wait": 1e6})
    [only] = drifts(engine, stream(900, None))
    assert (only.detector, only.kind, only.number) == ("adwin on feature:a", "drift", 0)
    assert 600 <= only.sequence < 700
    assert only.time == only.sequence
    assert only.before == pytest.approx(0, abs=0.5)
    assert only.after > 1


def test_losses_and_errors_are_looked_at_when_the_label_is_there() -> None:
    # A model that took over would bring the loss down before both have found it.
    engine = make(
        **watching({"method": "adwin", "on": "loss"}, {"method": "hddm_w", "on": "loss"}),
        supervision={"automatic": False, "min_events": 10},
    )
    found = drifts(engine, stream(900, 0))
    after = [each for each in found if each.kind == "drift" and each.sequence >= 600]
    told = {each.detector: each for each in reversed(after)}
    assert told.keys() == {"adwin on loss", "hddm_w on loss"}
    assert [each.number for each in found] == list(range(len(found)))
    assert all(each.after > (each.before or 0) for each in told.values())


@pytest.mark.parametrize(
    ("task", "model", "label"),
    [
        ("regression", "linear_model.LinearRegression", 3.0),
        ("multiclass", "naive_bayes.GaussianNB", "yes"),
        ("anomaly", {"type": "anomaly.HalfSpaceTrees", "window_size": 10, "seed": 1}, None),
    ],
)
def test_the_prediction_of_every_task_is_a_number(task: str, model: Any, label: Any) -> None:
    section = {"task": task, "model": model}
    config = make_config(model=section, **watching({"method": "page_hinkley", "on": "prediction"}))
    engine = Engine(config, evaluator=ScriptedJudge())
    records = [Example(str(number), float(number), {"a": number % 7.0}, label) for number in range(150)]
    assert not drifts(engine, records)
    restored = Engine.restore(engine.snapshot(), config, evaluator=ScriptedJudge())
    assert restored.detectors.watches["page_hinkley on prediction"].values >= 140


def test_text_booleans_and_missing_features_are_not_mistaken_for_numbers() -> None:
    engine = make(**watching({"method": "adwin", "on": "feature:a"}))
    odd: list[Any] = ["x", None, True, 3]
    records: list[Record] = [
        Example(str(number), float(number), {"b": 1.0} | ({"a": odd[number % 4]} if number % 5 else {}))
        for number in range(400)
    ]
    assert not drifts(engine, records)


def test_a_detector_with_other_parameters_starts_anew_on_resume() -> None:
    given = config("adwin", "feature:a")
    engine = make(**watching(given.model_dump()))
    engine.process(stream(900, None)[:150])
    for parameters, values in (({}, 150), ({"delta": 0.1}, 0)):
        again = make_config(**watching(given.model_dump() | {"parameters": parameters}))
        restored = Engine.restore(engine.snapshot(), again, evaluator=ScriptedJudge())
        assert restored.detectors.watches[given.name].values == values


@given(st.sampled_from(["adwin", "page_hinkley", "kswin", *RIVER]), st.integers(0, 900), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_a_state_is_a_value_that_goes_on_as_if_nothing_had_happened(
    method: Method, cut: int, seed: int
) -> None:
    given = DetectorConfig(method=method, on="loss")
    values = errors(seed, (0.1, 0.6, 0.2), 300)
    whole = Detectors([given], "binary", decides=True)
    first, again = (Detectors([given], "binary", decides=True) for _ in range(2))

    def told(detectors: Detectors, values: list[float]) -> list[Any]:
        return [what for value in values for what in detectors.loss(value, lambda: bool(value))]  # noqa: B023

    expected = told(whole, values)
    before = told(first, values[:cut])
    saved = msgspec.msgpack.encode(first.state())
    told(first, errors(1, (0.9,), 100))  # what comes later does not change a state
    again.restore(msgspec.msgpack.decode(saved, type=DetectorsState))
    assert before + told(again, values[cut:]) == expected
    assert [each.values for each in again.watches.values()] == [
        each.values for each in whole.watches.values()
    ]
