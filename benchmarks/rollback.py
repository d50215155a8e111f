"""What the demo's rollback was worth: what was served against the same model without supervision.

Run the demo first (`make demo`), then `python -m benchmarks.rollback`. Every labelled flight is counted with
the true label; the loss is the halved Brier score, as in the demo's table.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import orjson

from dataflows.config import load_config
from dataflows.run_reader import read_rows
from engine.models.operations import make_model
from engine.rows import PredictionRow


@dataclass(slots=True)
class Losses:
    """Sums over the same labelled events."""

    events: int = 0
    alone: float = 0.0
    served: float = 0.0

    def add(self, alone: float, served: float, *, label: bool) -> None:
        """Adds one event: both probabilities of the positive class."""
        self.events += 1
        self.alone += (alone - label) ** 2
        self.served += (served - label) ** 2


def compare(config_path: Path) -> dict[str, Losses]:
    """Trains the model alone on the demo's stream and holds it against what the run has served."""
    config = load_config(config_path)
    served = {
        row.id: (row.probability, row.model)
        for row in read_rows(config.run_dir, PredictionRow)
        if isinstance(row.probability, float)
    }
    model = make_model(config.model)
    held = {}
    losses = {"the whole run": Losses(), "from the first rollback on": Losses()}
    with (config.base / str(config.input.path)).open("rb") as lines:
        for line in lines:
            record = orjson.loads(line)
            kind, name = record.pop("kind"), record.pop("id")
            del record["time"]
            if kind == "flight":
                held[name] = (record, model.predict_proba_one(record)[True])  # type: ignore[attr-defined]
                continue
            features, alone = held.pop(name)
            probability, by = served[name]
            assert isinstance(probability, float)  # noqa: S101 - the demo's model has one
            losses["the whole run"].add(alone, probability, label=record["late"])
            if by != "m0":
                losses["from the first rollback on"].add(alone, probability, label=record["late"])
            model.learn_one(features, record["late"])  # type: ignore[attr-defined]
    return losses


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description="What the demo's rollback was worth.")
    parser.add_argument("config", nargs="?", type=Path, default=Path("demo.toml"))
    print(f"{'mean loss':30}{'events':>10}{'without supervision':>21}{'served':>9}")
    for name, sums in compare(parser.parse_args().config).items():
        if sums.events:
            alone, served = sums.alone / sums.events, sums.served / sums.events
            print(f"{name:30}{sums.events:>10,}{alone:>21.4f}{served:>9.4f}")


if __name__ == "__main__":
    main()
