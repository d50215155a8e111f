"""What the demo's rollback was worth: what was served against the same model without supervision.

Run the demo first (`make demo`), then

    python -m benchmarks.rollback [--draw docs/rollback.svg]

Every labelled flight is counted with the true label; the loss is the halved Brier score, as in the demo's
table. The picture shows the mean of seven days, and when another model took over.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.rollback_picture import Losses, picture
from dataflows.config import load_config
from dataflows.run_reader import read_rows
from engine.models.operations import make_model
from engine.rows import DecisionRow, PredictionRow


@dataclass(slots=True)
class Comparison:
    """What was lost with supervision and without, on the same events.

    Attributes:
        whole: Over the run.
        changed: From the first change of the model on.
        days: By day, counted from 1970.
    """

    whole: Losses
    changed: Losses
    days: dict[int, Losses]


def compare(config_path: Path) -> Comparison:
    """Trains the model alone on the demo's stream and holds it against what the run has served."""
    config = load_config(config_path)
    served = {
        row.id: (row.probability, row.model)
        for row in read_rows(config.run_dir, PredictionRow)
        if isinstance(row.probability, float)
    }
    model = make_model(config.model)
    held = {}
    found = Comparison(Losses(), Losses(), {})
    with (config.base / str(config.input.path)).open("rb") as lines:
        for line in lines:
            record = orjson.loads(line)
            kind, name = record.pop("kind"), record.pop("id")
            day = int(record.pop("time") // 86_400)
            if kind == "flight":
                held[name] = (record, model.predict_proba_one(record)[True])  # type: ignore[attr-defined]
                continue
            features, alone = held.pop(name)
            probability, by = served[name]
            assert isinstance(probability, float)  # noqa: S101 - the demo's model has one
            parts = [found.whole, found.days.setdefault(day, Losses())]
            for part in [*parts, found.changed] if by != "m0" else parts:
                part.add(alone, probability, label=record["late"])
            model.learn_one(features, record["late"])  # type: ignore[attr-defined]
    return found


def main() -> None:
    """Runs, prints and draws."""
    parser = argparse.ArgumentParser(description="What the demo's rollback was worth.")
    parser.add_argument("config", nargs="?", type=Path, default=Path("demo.toml"))
    parser.add_argument("--draw", type=Path, help="Where to write the picture.")
    given = parser.parse_args()
    found = compare(given.config)
    print(f"{'mean loss':30}{'events':>10}{'without supervision':>21}{'served':>9}")
    for name, sums in {"the whole run": found.whole, "from the first rollback on": found.changed}.items():
        if sums.events:
            alone, served = sums.alone / sums.events, sums.served / sums.events
            print(f"{name:30}{sums.events:>10,}{alone:>21.4f}{served:>9.4f}")
    if given.draw is not None:
        decisions = [*read_rows(load_config(given.config).run_dir, DecisionRow)]
        given.draw.write_text(picture(found.days, decisions), encoding="utf-8")


if __name__ == "__main__":
    main()
