"""How often a clean window warns or fails: window and reference are drawn from the same laws.

Counted is the verdict that the window's own numbers give, which is the verdict of its report. Every window
has a reference of its own; against a single unlucky reference, many windows in a row would warn.
"""

from collections import Counter

from benchmarks.windows import KINDS, pair
from engine.monitoring.columns import screen
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.measurements import measure
from engine.monitoring.verdicts import worst

CONFIG = MonitoringConfig()


def count(kinds: list[str], columns: int, rows: int, windows: int) -> tuple[Counter[str], Counter[str]]:
    """Verdicts by status, and the checks that did not pass by name."""
    verdicts: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    for seed in range(windows):
        job = pair(seed, kinds, columns, rows)
        found = measure(job, screen(job, CONFIG, "binary"), CONFIG, "binary").checks
        verdicts[worst(found)] += 1
        checks.update(check.name for check in found if check.status != "pass")
    return verdicts, checks


def main(windows: int) -> None:
    """Counts so many clean windows for each line, and prints the table."""
    print("| columns | of kind | rows | windows | fail | warn | checks that did |")
    print("|---:|---|---:|---:|---:|---:|---|")
    every = list(KINDS)
    cases = [(every, columns, rows, windows) for rows in (1000, 500, 200) for columns in (5, 20, 50)]
    cases += [([kind], 20, 1000, windows // 3) for kind in KINDS]
    total: Counter[str] = Counter()
    for kinds, columns, rows, times in cases:
        verdicts, checks = count(kinds, columns, rows, times)
        total.update(verdicts)
        shares = [f"{verdicts[status] / times:.1%}" for status in ("fail", "warn")]
        told = ", ".join(f"{name} {number}" for name, number in checks.most_common())
        name = kinds[0] if len(kinds) == 1 else "all, in turn"
        print(f"| {columns} | {name} | {rows} | {times} | {shares[0]} | {shares[1]} | {told} |", flush=True)
    print(f"\nof {total.total()} clean windows {total['fail']} failed and {total['warn']} warned")
