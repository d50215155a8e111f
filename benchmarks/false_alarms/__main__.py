"""Do healthy streams stay green, and are faults in them found at once?

Real streams of three tasks in shuffled order, which cannot drift, run with the model that is called auto and
the defaults otherwise. Then a fault is put into one window of each.

    python -m benchmarks.false_alarms [--rows 20000] [--seeds 3] [--streams flights]
    python -m benchmarks.false_alarms --drawn 250       # clean windows, drawn from laws
"""

import argparse
from collections import Counter

from benchmarks.false_alarms import drawn
from benchmarks.false_alarms.runs import run
from benchmarks.false_alarms.spoilt import KINDS, find
from benchmarks.false_alarms.streams import STREAMS, shuffled


def main() -> None:
    """Reads the arguments and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000, help="most rows of a stream")
    parser.add_argument("--seeds", type=int, default=3, help="shuffles of each stream")
    parser.add_argument("--streams", default="", help="only streams whose names contain this")
    parser.add_argument("--drawn", type=int, default=0, help="instead: clean windows for each line")
    given = parser.parse_args()
    if given.drawn:
        drawn.main(given.drawn)
        return
    print(f"| stream | task | windows | passed | suspicions | {' | '.join(KINDS)} |")
    print("|---|---|---:|---:|---:|" + "---:|" * len(KINDS))
    windows, passed, suspicions, checks = 0, 0, 0, Counter[str]()
    for name, stream in STREAMS.items():
        if given.streams not in name:
            continue
        runs = [run(stream, shuffled(stream, given.rows, seed)) for seed in range(given.seeds)]
        verdicts = [status for one in runs for status in one.verdicts.values()]
        suspected = [reason for one in runs for reason in one.suspicions]
        faults = find(stream, shuffled(stream, given.rows, 0))
        told = [f"{sum(v != 'pass' for v in faults[kind])} of {len(faults[kind])}" for kind in KINDS]
        green = verdicts.count("pass")
        print(
            f"| {name} | {stream.task} | {len(verdicts)} | {green} | {len(suspected)} | {' | '.join(told)} |",
            flush=True,
        )
        windows, passed, suspicions = windows + len(verdicts), passed + green, suspicions + len(suspected)
        for one in runs:
            checks.update(one.checks)
    print(f"\nof {windows} windows {passed} passed ({passed / windows:.2%}); {suspicions} suspicions")
    print(f"checks that did not pass: {dict(checks) or 'none'}")


if __name__ == "__main__":
    main()
