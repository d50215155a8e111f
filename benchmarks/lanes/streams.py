"""Made streams with every kind of fault, and configurations that make something of them."""

import json
from random import Random
from typing import Any

LOGISTIC = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]
ENCODED = [
    {
        "type": "compose.TransformerUnion",
        "args": [
            [{"type": "compose.Discard", "args": ["town"]}, {"type": "preprocessing.StandardScaler"}],
            [{"type": "compose.Select", "args": ["town"]}, {"type": "preprocessing.OneHotEncoder"}],
        ],
    },
    "linear_model.LogisticRegression",
]
REMEMBERING = [*ENCODED[:1], {"type": ENCODED[1], "optimizer": "optim.RMSProp"}]
BY_RIVER = [LOGISTIC[0], {"type": LOGISTIC[1], "l1": 0.1}]
MODELS: list[Any] = [
    *(LOGISTIC, ENCODED, ENCODED, REMEMBERING, BY_RIVER),
    *("tree.HoeffdingTreeClassifier", "naive_bayes.GaussianNB"),
]

_STRANGE = [1e300, 2**60, -(2**70), "text", True, False, None, [1], {"z": 1}, 2**53, 2**53 + 1, 1e308]
_TIMES = [
    "2013-01-01T05:15:00Z",
    "2013-01-01 05:15:00.125",
    "2013-01-01T05:15",
    "2013-01-01T05:15:00",
    "x",
    None,
    True,
    [1],
    float("inf"),
    1_356_998_400_000,
]
_IDS = [1.5, "", None, True, 'q"x', "\\", "ü", "\u0007"]
_DETECTORS = [
    {"method": "adwin", "on": "loss", "parameters": {"delta": 0.5}},
    {"method": "ddm", "on": "loss"},
    {"method": "page_hinkley", "on": "feature:a", "parameters": {"threshold": 2.0}},
    {
        "method": "kswin",
        "on": "feature:c",
        "parameters": {"alpha": 0.2, "window_size": 40, "stat_size": 20, "seed": 1},
    },
    {"method": "page_hinkley", "on": "prediction", "parameters": {"threshold": 1.0}},
    {"method": "adwin", "on": "feature:town"},
]


def make_stream(random: Random, count: int, *, kinds: bool, faults: float) -> list[bytes]:
    """Lines of records, of which about a share of `faults` has a fault of each kind.

    Args:
        random: Draws.
        count: Lines.
        kinds: Whether labels are records of their own, and come late.
        faults: The share.
    """
    time, lines = 1000.0, []
    waiting: list[tuple[Any, bool]] = []
    known: list[Any] = []
    for number in range(count):
        time += random.choice([0, 1, 1, 1, 2, 5])
        if kinds and waiting and random.random() < 0.45:
            record = _label(random, time, waiting, known)
        else:
            record, label = _example(random, number, time, faults)
            if number > 0.6 * count:
                label = not label
            if kinds:
                record["kind"] = "ex"
                waiting.append((record["id"], label))
            if not kinds or random.random() < 0.1:
                record["label"] = label
        if random.random() < faults:
            _spoil(random, record, number, time)
        lines.append(_line(random, record, faults))
    return lines


def _example(random: Random, number: int, time: float, faults: float) -> tuple[dict[str, Any], bool]:
    record: dict[str, Any] = {
        "id": random.choice([f"i{number}", number, f"ü{number}"]),
        "time": time if random.random() < 0.95 else int(time),
        "a": random.gauss(0, 1),
        "b": random.randint(-5, 50),
        "c": random.choice([0.5, 0.5, 0.25, random.random(), None]),
        "town": random.choice(["x", "y", "z", "ö"]),
    }
    label = (record["a"] > 0) ^ (random.random() < 0.2)
    if random.random() < 0.1:
        record["a"] = random.choice([0.0, -0.0, 1e-7, 1e22, 5e-324, 3])
    if random.random() < faults:
        record.pop(random.choice(["a", "b", "c", "town"]))
    return record, label


def _label(random: Random, time: float, waiting: list[tuple[Any, bool]], known: list[Any]) -> dict[str, Any]:
    place = random.randrange(len(waiting))
    name, label = waiting.pop(place) if random.random() > 0.03 else waiting[place]
    known.append(name)
    if random.random() < 0.03:
        name, label = random.choice(known), not label
    elif random.random() < 0.02:
        name = f"i{random.randrange(2 * len(known) + 50)}"
    return {"kind": "late", "id": name, "time": time, "label": label}


def _spoil(random: Random, record: dict[str, Any], number: int, time: float) -> None:
    """Something is wrong with a record."""
    fault = random.randrange(7)
    if fault == 0:
        record["time"] = random.choice([*_TIMES, time + 1e9, time - 5000, time + 300, time - 30])
    elif fault == 1:
        record["id"] = random.choice([*_IDS, f"i{max(0, number - 3)}"])
    elif fault in {2, 3}:
        record[random.choice(["a", "b", "town", "new", "é"])] = random.choice([*_STRANGE, float("nan")])
    elif fault == 4:
        record["label"] = random.choice([2, "maybe", [1], "1", 1, 0.0, None])
    elif fault == 5:
        record.pop(random.choice([*record]))
    else:
        record.pop("label", None)


def _line(random: Random, record: dict[str, Any], faults: float) -> bytes:
    names = [*record]
    if random.random() < 0.1:
        random.shuffle(names)
    ascii_only, close = random.random() < 0.3, random.random() < 0.5
    marks = (",", ":") if close else (", ", ": ")
    text = json.dumps({name: record[name] for name in names}, ensure_ascii=ascii_only, separators=marks)
    line = text.encode()
    if random.random() > faults:
        return line
    way = random.randrange(5)
    if way == 0:
        return line[: random.randrange(len(line) + 1)]
    if way == 1:
        return line.replace(b'"a"', b'"b"')
    if way == 2:
        return bytes(random.choice([each] * 9 + [random.randrange(256)]) for each in line)
    return b" " + line + b"\r\n" if way == 3 else line


def make_settings(random: Random, *, kinds: bool) -> dict[str, Any]:
    """The sections of a configuration."""
    settings: dict[str, Any] = {
        "model": {"task": "binary", "model": random.choice(MODELS)},
        "record": {"positive": 1, "negative": 0},
        "window": _window(random),
        "monitoring": _monitoring(random),
        "scores": _scores(random),
        "supervision": {"guard": random.random() < 0.7, "on_loss_drift": random.random() < 0.7},
        "labels": {
            "corrections": random.choice(["reject", "learn"]),
            "wait": random.choice([50, 200, 1e6]),
            "early_wait": random.choice([20, 1e5]),
            "remember": random.choice([0, 30, 1e6]),
            "max_waiting": random.choice([10, 10**6]),
            "max_remembered": random.choice([0, 10, 10**5]),
        },
    }
    if random.random() < 0.2:
        worth = "2 * label - prediction * probability + (0 if 'a' in features else 1)"
        settings["business"] = {"worth": {"expression": worth}}
    if random.random() < 0.2:
        settings["labels"]["expired_label"] = 0
    _record(random, settings["record"], kinds=kinds)
    settings["contract"] = _contract(random)
    return settings


def _record(random: Random, record: dict[str, Any], *, kinds: bool) -> None:
    if kinds:
        record["kind"] = {"field": "kind", "example": "ex", "label": "late"}
    elif random.random() < 0.15:
        record["id"] = ""
    if random.random() < 0.1:
        record["time"] = ""
    if random.random() < 0.05:
        record["time_format"] = "%Y-%m-%dT%H:%M:%S"
    elif random.random() < 0.2:
        record["time_unit"] = random.choice(["s", "ms"])
    if random.random() < 0.2:
        record["ignore"] = ["c"]


def _scores(random: Random) -> dict[str, Any]:
    metrics: dict[str, Any] = {
        "metrics": random.choice([[], ["Accuracy", "ROCAUC"], ["F1"], ["LogLoss", "Accuracy"]])
    }
    more: dict[str, Any] = random.choice([{}, {}, {"last": 50}, {"fading": 0.9}])
    return metrics | more


def _window(random: Random) -> dict[str, Any]:
    sample: dict[str, Any] = {"sample": random.choice([5, 30, 1000])}
    if random.random() < 0.3:
        return sample | {
            "seconds": random.choice([15, 90.5, 400]),
            "lateness": random.choice([0, 0, 7.5, 30]),
        }
    return sample | {"count": random.choice([20, 50, 200, 1000])}


def _monitoring(random: Random) -> dict[str, Any]:
    return {
        "reports": False,
        "rates": {"records": random.choice([60, 100, 1000])},
        "first_look": {"enabled": random.random() < 0.7},
        "loss_drift_delta": random.choice([0.002, 0.2]),
        "detectors": random.sample(_DETECTORS, random.randrange(4)) if random.random() < 0.3 else [],
    }


def _contract(random: Random) -> dict[str, Any]:
    contract: dict[str, Any] = _fields(random) if random.random() < 0.6 else {}
    if random.random() < 0.2:
        contract["max_ahead"] = 100
    if random.random() < 0.2:
        contract["max_behind"] = 20
    return contract


def _fields(random: Random) -> dict[str, Any]:
    towns = {"categories": ["x", "y", "z", "ö"]} if random.random() < 0.5 else {}
    return {
        "policy": random.choice(["reject", "warn", "impute"]),
        "extra": random.choice(["accept", "accept", "ignore", "warn", "reject"]),
        "fields": {
            "a": {"type": "number", "min": -3, "max": 1e21, "required": random.random() < 0.5},
            "b": {"type": "number"},
            "c": {"type": "number"},
            "town": {"type": "text", **towns},
        },
    }
