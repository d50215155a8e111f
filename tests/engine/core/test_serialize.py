import json
import math
from dataclasses import replace
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, get_args

import msgspec
import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.event_rows import row_of
from engine.core.serialize import encode
from engine.core.streams import STREAMS
from engine.evaluation.business_metrics import BusinessTotal
from engine.evaluation.calibration import Calibration
from engine.evaluation.run_scores import RunScores
from engine.events import Alert, Decision, Event, Rates, Report, Summary, WindowScores
from engine.monitoring.detectors.detectors import Drift
from engine.monitoring.first_look.verdict import PreliminaryVerdict
from engine.monitoring.types import Check, Verdict
from engine.records.events import ContractViolation, Counts, DeadLetter, Outcome, Prediction, ReasonCount
from engine.records.outside import HEADERS, RAW_BYTES, bytes_of
from engine.records.values import Example, shown
from engine.registry.versions import Learned, Version
from engine.rows import DeadLetterRow, PredictionRow, Row
from engine.supervision.suspicion import PairedLosses


def prediction(sequence: int = 0, key: str = "main", probability: Any = 0.5) -> Prediction:
    return Prediction("7", 1.5, True, probability, "m0", sequence, key)


def letter(raw: bytes = b"{}", position: int = 3, **message: Any) -> DeadLetter:
    return DeadLetter("rejected", "not JSON", "in.jsonl", position, raw, "main", **message)


def violation(reason: str = "too large") -> ContractViolation:
    return ContractViolation("7", "warn", reason, "in.jsonl", 3, "main")


def outcome() -> Outcome:
    return Outcome(0, 0, Example("7", 1.0, {}), None, "m0", None, None, 1.0)


def report(window: int = 4, key: str = "main", snapshot: bytes = b"{}", value: float = 0.5) -> Report:
    checks = (Check("drift", "a", value, 0.3, "fail"),)
    verdict = Verdict(window, "fail", "a drifted", checks, {"drift.a": value}, snapshot)
    worth = {"profit": BusinessTotal(8, 1, 8 * value)}
    scores = WindowScores(10, 0, 8, value, None, None, value, worth, {"m0.w1": PairedLosses(1, 0.5, value)})
    return Report(key, window, 1.0, 2.0, "m0", "window 0", scores, verdict)


def preliminary(window: int = 4, key: str = "main", value: float = 0.5) -> PreliminaryVerdict:
    return PreliminaryVerdict(
        key, window, 1.0, 10, 1, 0, "warn", "a", (Check("psi", "a", value, 0.3, "warn"),)
    )


def decision(number: int = 2, key: str = "main", value: float = 0.5) -> Decision:
    return Decision(key, number, 1.0, 50, 4, "rollback", "better", "m1", "m0", "m0.w1", {"loss": value})


def version(name: str = "m0.w12", key: str = "main", value: float = 0.5) -> Version:
    learned = Learned(50, 0.0, 1.0)
    scores = {"Accuracy": value}
    return Version(
        key,
        name,
        "",
        "champion",
        "passed",
        12,
        80,
        {"a": 7},
        learned,
        1.0,
        scores,
        "",
        ("m0.w3",),
        "ab" * 32,
        b"bytes",
    )


def summary(key: str = "main", value: float = 0.5) -> Summary:
    baselines = {"last_label": {"Accuracy": value}}
    standing = RunScores(
        {"Accuracy": value},
        baselines,
        value,
        Calibration().bins(),
        {"profit": BusinessTotal(8, 1, 8 * value)},
        {},
    )
    return Summary(key, "m0", Counts(records=3, rejected=3), standing)


def alert(key: str = "main", text: str = "a drifted") -> Alert:
    checks = (Check("drift", text, math.nan, 0.3, "fail"),)
    numbers = {"loss": math.inf}
    return Alert(
        f"{key}/window/4",
        key,
        "window",
        "opened",
        "fail",
        2.0,
        1.0,
        4,
        1,
        text,
        text,
        (text,),
        checks,
        numbers,
        (text,),
    )


def drift(key: str = "main", value: float = 0.5) -> Drift:
    return Drift(key, 3, 1.0, 40, 4, f"adwin on feature:{key}", "drift", 300, None, value)


def rates(key: str = "main", reason: str = "field 'id': expected text") -> Rates:
    counted = ReasonCount("rejected", reason, 9, reason, 77, reason)
    checks = (Check("rejected", "", 0.9, 0.5, "fail"),)
    return Rates(key, 3, 1.0, 2.0, 1, key, 3000, 4000, "fail", reason, checks, (counted,))


def lines(*events: Event) -> dict[str, list[dict[str, Any]]]:
    found, _ = encode(events)
    return {
        stream: [orjson.loads(line) for line in chunk.text.splitlines()] for stream, chunk in found.items()
    }


def test_every_kind_of_event_has_its_stream_and_outcomes_have_none() -> None:
    found = lines(
        prediction(),
        letter(),
        violation(),
        preliminary(),
        drift(),
        report(),
        rates(),
        decision(),
        version(),
        alert(),
        summary(),
        outcome(),
    )
    assert found.keys() == set(STREAMS)
    assert all(len(rows) == 1 for rows in found.values())
    assert all(rows[0]["key"] == "main" for rows in found.values())


@pytest.mark.parametrize("events", [[], [outcome()]])
def test_nothing_gives_no_lines(events: list[Event]) -> None:
    assert encode(events) == ({}, [])


@given(
    st.lists(
        st.sampled_from([prediction, letter, violation, report, decision, version, alert, summary]),
        max_size=12,
    )
)
@settings(max_examples=30)
def test_lines_keep_their_order_and_each_ends_with_a_newline(kinds: list[Any]) -> None:
    events: list[Event] = [kind() for kind in kinds]
    found, files = encode(events)
    alone = [encode([event]) for event in events]
    for stream in STREAMS:
        expected = b"".join(one[0][stream].text for one in alone if stream in one[0])
        assert (found[stream].text if stream in found else b"") == expected
        assert expected.endswith(b"\n") == (stream in found)
    assert files == [file for one in alone for file in one[1]]


def test_a_prediction_is_written_with_all_its_fields() -> None:
    assert lines(prediction(sequence=9))["predictions"] == [
        {
            "id": "7",
            "time": 1.5,
            "prediction": True,
            "probability": 0.5,
            "model": "m0",
            "sequence": 9,
            "key": "main",
            "score": None,
        }
    ]


def test_a_breach_is_written_with_all_its_fields() -> None:
    assert lines(violation())["contract_violations"] == [
        {
            "id": "7",
            "policy": "warn",
            "reason": "too large",
            "source": "in.jsonl",
            "position": 3,
            "key": "main",
        }
    ]


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("\ud800", "\\ud800"),
        ("büro\udcff", "büro\\udcff"),
        (10**30, str(10**30)),
        (-(10**30), str(-(10**30))),
        (10**5000, "a int that cannot be shown"),
        (2**64 - 1, 2**64 - 1),
        (np.int64(3), 3),
        (np.float64(0.5), 0.5),
        (np.float64("nan"), None),
        (np.bool_(True), True),
        (np.str_("a\ud800"), "a\\ud800"),
        (Odd(), "a Odd that cannot be shown"),
    ],
    ids=shown,
)
def test_whatever_a_model_or_an_embedding_program_says_can_be_written(value: Any, written: Any) -> None:
    """Ids, reasons and classes come from programs that embed the engine too, and those from users' models."""
    served = Prediction("\ud800", 1.5, value, {"a\ud800": 0.5}, "m0", 0, "k\ud800")
    row = lines(served)["predictions"][0]
    assert (row["id"], row["key"], row["probability"]) == ("\\ud800", "k\\ud800", {"a\\ud800": 0.5})
    assert row["prediction"] == written
    alone, _ = encode([prediction(probability={"a": [value]})])
    probability = json.loads(alone["predictions"].text)["probability"]
    # Beyond 64 bits a whole number stays one where nothing else is wrong with the line.
    assert probability == {"a": [value if isinstance(value, int) and value < 10**40 else written]}
    among, _ = encode([served, prediction(probability={"a": [value]}), served])
    assert among["predictions"].text.splitlines(keepends=True)[1] == alone["predictions"].text


def test_text_that_utf8_cannot_hold_is_written_with_escapes_in_every_stream() -> None:
    odd = "\udfff"
    verdict = Verdict(1, "fail", odd, (Check("drift", odd, 0.5, 0.3, "fail"),), {odd: 0.5}, b"{}")
    worth = {odd: BusinessTotal(8, 0, 2.0)}
    scores = WindowScores(10, 0, 8, 0.5, None, None, None, worth, {odd: PairedLosses(1, 0.5, 0.5)})
    standing = RunScores({odd: 0.5}, {odd: {odd: 0.5}}, None, (), worth, {odd: 1})
    found = lines(
        DeadLetter("rejected", odd, odd, 3, b"\xff", odd),
        ContractViolation(odd, "impute", odd, odd, 3, odd),
        drift(odd, math.nan),
        PreliminaryVerdict(odd, 1, 1.0, 10, 0, 0, "warn", odd, (Check("psi", odd, 0.5, 0.3, "warn"),)),
        Report(odd, 1, 1.0, 2.0, odd, odd, scores, verdict),
        rates(odd, odd),
        Decision(odd, 2, 1.0, 50, 4, "rollback", odd, odd, odd, odd, {odd: 0.5}),
        replace(version(odd, odd), parent=odd, scores={odd: 0.5}, approved_by=odd, targets=(odd,)),
        alert(odd, odd),
        Summary(odd, odd, Counts(), standing),
    )
    assert found.keys() == set(STREAMS) - {"predictions"}
    assert all(rows[0]["key"] == "\\udfff" for rows in found.values())
    assert found["rates"][0]["reasons"][0]["example"] == "\\udfff"
    assert found["reports"][0]["evidently"] == "reports/%ED%BF%BF-000001.json"
    assert found["reports"][0]["checks"][0]["column"] == "\\udfff"


@pytest.mark.parametrize(
    ("probability", "written"),
    [
        (None, None),
        ({"a": 0.25, "b": 0.75}, {"a": 0.25, "b": 0.75}),
        ({1: 0.25, 2: 0.75}, {"1": 0.25, "2": 0.75}),
        ({True: 0.25, False: 0.75}, {"true": 0.25, "false": 0.75}),
        (math.nan, None),
        ({"a": math.inf}, {"a": None}),
    ],
)
def test_probabilities_are_written_whatever_the_classes_are(probability: Any, written: Any) -> None:
    assert lines(prediction(probability=probability))["predictions"][0]["probability"] == written


@given(st.binary(max_size=40))
@settings(max_examples=80)
def test_the_bytes_of_a_dead_letter_can_be_had_back(raw: bytes) -> None:
    row = lines(letter(raw))["dead_letters"][0]
    assert bytes_of(row["raw"], row.get("raw_encoding", "utf-8")) == raw


@pytest.mark.parametrize("piece", [b"a", b"\xff", "é".encode(), b"\0", "\U0001f600".encode()])
def test_a_large_dead_letter_is_cut_and_names_the_whole(piece: bytes) -> None:
    raw = b"x" + piece * 200_000
    chunk = encode([letter(raw, message_key=piece * 2000, message_headers=(("h" * 2000, raw),) * 40)])[0]
    assert len(chunk["dead_letters"].text) < 1_000_000, "what brokers take by default"
    row = orjson.loads(chunk["dead_letters"].text)
    begin = bytes_of(row["raw"], row.get("raw_encoding", "utf-8"))
    assert raw.startswith(begin)
    assert RAW_BYTES - 4 < len(begin) <= RAW_BYTES
    assert (row["raw_bytes"], row["raw_sha256"]) == (len(raw), sha256(raw).hexdigest())
    assert row["message_key"]["sha256"] == sha256(piece * 2000).hexdigest()
    assert len(row["message_headers"]) == HEADERS
    assert row["message_headers"][0]["value"]["bytes"] == len(raw)
    assert isinstance(msgspec.json.decode(chunk["dead_letters"].text, type=DeadLetterRow), DeadLetterRow)


def test_only_bytes_that_are_no_utf8_are_marked() -> None:
    rows = lines(letter("büro".encode()), letter(b"\xff\xfe"))["dead_letters"]
    assert "raw_encoding" not in rows[0]
    assert rows[0]["raw"] == "büro"
    assert (rows[1]["raw_encoding"], rows[1]["raw"]) == ("base64", "//4=")
    message = {"message_key", "message_headers"}
    assert rows[0].keys() == set(DeadLetter.__struct_fields__) - message


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_cannot_hold_becomes_null(value: float) -> None:
    found = lines(report(value=value), decision(value=value), version(value=value), summary(value=value))
    window = found["reports"][0]
    assert window["scores"]["loss"] is window["scores"]["shadows"]["m0.w1"]["loss"] is None
    assert window["metrics"] == {"drift.a": None}
    assert window["checks"][0]["value"] is None
    assert found["decisions"][0]["evidence"] == {"loss": None}
    assert found["versions"][0]["scores"] == found["summary"][0]["scores"] == {"Accuracy": None}


def test_business_metrics_are_told_with_their_mean() -> None:
    found = lines(report(), summary())
    told = {"profit": {"events": 8, "undefined": 1, "sum": 4.0, "mean": 0.5}}
    assert found["reports"][0]["scores"]["business"] == found["summary"][0]["business"] == told


def test_a_summary_tells_the_baselines_and_the_bins_of_the_calibration() -> None:
    row = lines(summary())["summary"][0]
    assert row["baselines"] == {"last_label": {"Accuracy": 0.5}}
    assert row["calibration_error"] == 0.5
    assert row["calibration"][3] == {"above": 0.3, "to": 0.4, "events": 0, "said": None, "happened": None}


def test_a_report_names_its_file_and_leaves_the_snapshot_to_it() -> None:
    found, files = encode([report(window=4, snapshot=b"{evidently}")])
    assert files == [("reports/main-000004.json", b"{evidently}")]
    row = orjson.loads(found["reports"].text)
    assert row["evidently"] == "reports/main-000004.json"
    assert row["schema"] == 2
    assert (row["status"], row["reason"]) == ("fail", "a drifted")
    assert row["checks"] == [{"name": "drift", "column": "a", "value": 0.5, "limit": 0.3, "status": "fail"}]
    assert "snapshot" not in row


def test_a_window_without_a_report_has_no_file() -> None:
    found, files = encode([report(snapshot=b"")])
    assert files == []
    assert orjson.loads(found["reports"].text)["evidently"] is None


def test_a_version_names_its_size_and_its_digest_and_is_no_file() -> None:
    found, files = encode([version()])
    assert files == []
    row = orjson.loads(found["versions"].text)
    assert (row["sha256"], row["name"], row["size"]) == ("ab" * 32, "m0.w12", 5)
    assert (row["learned"], row["learned_from"], row["learned_to"]) == (50, 0.0, 1.0)
    assert "saved" not in row


def test_a_summary_says_whether_the_counts_add_up() -> None:
    rows = lines(summary(), replace(summary(), counts=Counts(records=3)))["summary"]
    assert [row["add_up"] for row in rows] == [True, False]
    assert rows[0]["counts"].keys() == set(Counts.__struct_fields__)


HOSTILE = [
    "../up",
    "/etc/passwd",
    "..",
    ".",
    "a/b",
    "a\\b",
    "a\nb",
    "a\x00b",
    "~",
    "C:x",
    "%2E",
    "",
    "büro",
    "a b",
]
HOSTILE += ["CON", "con", "nul.txt", "A", "\ud800", "Магазин бытовой техники на Невском проспекте", "x" * 300]
_keys = st.sampled_from(HOSTILE) | st.text(max_size=12) | st.text(st.sampled_from("aA."), max_size=3)


def paths(key: str) -> list[str]:
    return [path for path, _ in encode([report(key=key)])[1]]


@given(_keys)
@settings(max_examples=100)
def test_a_key_cannot_lead_a_file_out_of_its_folder(key: str) -> None:
    for path in paths(key):
        assert PurePosixPath(path).parts[0] == "reports"
        assert len(PurePosixPath(path).parts) == 2
        assert not PurePosixPath(path).name.startswith(".")
        assert len(PurePosixPath(path).name) < 100
        assert set(path) <= set("%-./_~") | {c for c in map(chr, range(128)) if c.isalnum()}


@given(_keys, _keys, st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=100)
def test_other_keys_and_numbers_have_other_files(one: str, two: str, first: int, second: int) -> None:
    def files(key: str, number: int) -> list[str]:
        return [path for path, _ in encode([report(key=key, window=number)])[1]]

    same = (one, first) == (two, second)
    for here, there in zip(files(one, first), files(two, second), strict=True):
        assert (here.lower() == there.lower()) == same, "one file where capitals do not count"


def test_the_key_and_a_number_make_every_line_unique() -> None:
    names = {"predictions": "sequence", "reports": "window", "decisions": "number", "versions": "name"}
    events: list[Event] = []
    for key in ("a", "b"):
        for number in range(3):
            events += [
                prediction(number, key),
                report(number, key),
                decision(number, key),
                version(f"m0.w{number}", key),
            ]
    found = lines(*events)
    for stream, name in names.items():
        assert len({(row["key"], row[name]) for row in found[stream]}) == 6


_ROWS: dict[str, type[Row]] = {kind.stream: kind for kind in get_args(Row)}


def test_every_stream_has_a_row() -> None:
    assert set(_ROWS) == set(STREAMS)


def every_kind(value: float, key: str = "main") -> list[Event]:
    return [
        prediction(key=key),
        letter(b"\xff"),
        letter(),
        violation(),
        preliminary(key=key, value=value),
        drift(key, value),
        report(key=key, value=value),
        decision(key=key, value=value),
        version(key=key, value=value),
        alert(key=key),
        summary(key=key, value=value),
    ]


@pytest.mark.parametrize("value", [0.5, math.nan, 1e300])
def test_what_is_written_is_read_back_as_the_row_it_was_written_from(value: float) -> None:
    for event in every_kind(value):
        [(stream, chunk)] = encode([event])[0].items()
        row = msgspec.json.decode(chunk.text, type=_ROWS[stream])
        assert orjson.loads(chunk.text).keys() <= set(row.__struct_fields__)
        if isinstance(event, Prediction):
            assert row.__struct_fields__ == event.__struct_fields__
        elif not math.isnan(value) and not isinstance(event, Alert):
            assert row == row_of(event)


def test_lines_have_a_key_and_an_id_where_somebody_asks_for_them() -> None:
    chunks, _ = encode([*every_kind(0.5), prediction(8)], STREAMS)
    for stream, chunk in chunks.items():
        lines = list(chunk.lines())
        assert b"".join(line.line + b"\n" for line in lines) == chunk.text
        rows = [msgspec.json.decode(line.line, type=_ROWS[stream]) for line in lines]
        assert [line.id for line in lines] == [f"{row.key}/{row.unique}" for row in rows]
        assert [line.key for line in lines] == [
            row.id if isinstance(row, PredictionRow) else row.key for row in rows
        ]
    plain, _ = encode(every_kind(0.5), ["decisions"])
    assert [stream for stream, chunk in plain.items() if chunk.names] == ["decisions"]


def test_ids_hold_text_as_the_lines_do() -> None:
    chunks, _ = encode([decision(3, "k\ud800")], ["decisions"])
    [line] = chunks["decisions"].lines()
    assert (line.key, line.id) == ("k\\ud800", "k\\ud800/3")
