"""Ray: an actor for each model key, which keeps its own checkpoint in a file; the driver sends it records.

Ray starts an actor that has died again with the arguments it had at first, so it goes on from its checkpoint;
and so does the whole program after a kill. What an actor wrote after its checkpoint is cut off: exactly once.

    python -m examples.input && python examples/ray_actors.py
"""

import json
from collections import defaultdict
from pathlib import Path

import ray

import riverkeeper as rk


@ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)
class Shop:
    def __init__(self, folder: str, key: str) -> None:
        self.key, self.keeper = key, rk.Keeper(f"{folder}/flow.toml")
        self.saved = Path(folder) / f"{key}.checkpoint"
        self.out = (Path(folder) / "predictions" / f"{key}.jsonl").open("ab")
        self.taken, written = 0, 0
        if self.saved.exists():
            place, _, state = self.saved.read_bytes().partition(b"\n")
            self.taken, written = map(int, place.split())
            self.keeper.restore({key: state})
        self.out.truncate(written)

    def process(self, first: int, lines: list[bytes]) -> None:
        """Takes the shop's records from `first` on, but for those it has taken."""
        for event in self.keeper.process(lines[max(self.taken - first, 0) :], key=self.key):
            if isinstance(event, rk.Prediction):
                self.out.write(rk.as_line(event) + b"\n")
        self.out.flush()
        self.taken = max(self.taken, first + len(lines))
        new = self.saved.with_suffix(".new")
        place = f"{self.taken} {self.out.tell()}\n"
        new.write_bytes(place.encode() + self.keeper.snapshot(self.key))
        new.replace(self.saved)


if __name__ == "__main__":
    here = Path.cwd()
    (here / "predictions").mkdir(exist_ok=True)
    ray.init(include_dashboard=False)
    shops, sent = {}, defaultdict(int)
    with Path("records.jsonl").open("rb") as records:
        while lines := records.readlines(20_000):
            parts = defaultdict(list)
            for line in lines:
                parts[json.loads(line)["shop"]].append(line)
            for key in parts.keys() - shops.keys():
                shops[key] = Shop.remote(str(here), key)
            ray.get([shops[key].process.remote(sent[key], part) for key, part in parts.items()])
            for key, part in parts.items():
                sent[key] += len(part)
