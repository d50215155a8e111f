"""Versions and entries of the log as tables and lines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from dataflows.format import day, moment, size
from dataflows.views.terminal.tables import Column, fitted_table
from engine.registry.audit_entry import Entry
from engine.registry.serving import Served
from engine.registry.version_ref import VersionRef
from engine.rows import DecisionRow, VersionRow


def versions_table(versions: Sequence[VersionRef], width: int) -> Table:
    """One row a version, in the order in which they were saved."""
    rows = [kept.row for kept in versions]
    losses = [row.scores.get("loss") for row in rows]
    columns = [
        Column("run", [kept.entry.run for kept in versions], folds=True),
        Column("key", [kept.entry.key for kept in versions], folds=True),
        Column("version", [kept.entry.name for kept in versions], folds=True),
        Column("kept for", [_kept_for(row) for row in rows], folds=True),
        Column("learned", [f"{row.learned:,}" for row in rows], number=True),
        Column("up to", [day(row.learned_to) for row in rows], spare=2),
        Column("loss", ["-" if loss is None else f"{loss:.4f}" for loss in losses], spare=1, number=True),
        Column("size", [size(kept.row.size) if kept.here else "removed" for kept in versions], 3, True),
    ]
    return fitted_table(columns, width)


def _kept_for(row: VersionRow) -> str:
    return row.reason if row.role == "champion" else f"{row.reason} ({row.role})"


def version_lines(kept: VersionRef) -> Iterator[str]:
    """All that is known of a version."""
    row = kept.row
    yield kept.place
    learned = f"{row.learned:,} events"
    if row.learned_to:
        learned += f" from {moment(row.learned_from)} to {moment(row.learned_to)}"
    parts: dict[str, Any] = {
        "role": row.role,
        "kept for": row.reason,
        "approved by": row.approved_by or "-",
        "parent": row.parent or "none: it began untrained",
        "learned from": learned,
        "saved after": f"{row.records:,} records, in window {row.window}, at {moment(row.time)}",
        "read up to": ", ".join(f"{name} at {at:,}" for name, at in row.positions.items()) or "-",
        "could take over": ", ".join(row.targets) or "-",
        "scores then": scores_text(row.scores),
        "model": f"{size(row.size)}, SHA-256 {row.sha256}" + ("" if kept.here else ", removed"),
        "configuration": row.config_sha256 or "-",
        "own code": ", ".join(f"{name} {digest}" for name, digest in row.code.items()) or "-",
        "libraries": ", ".join(f"{name} {number}" for name, number in row.libraries.items()) or "-",
        "written": f"{moment(kept.entry.at)}, entry {kept.entry.number} of the log",
    }
    for name, value in parts.items():
        yield f"  {name:<16} {value}"


def scores_text(scores: Mapping[str, float | None]) -> str:
    """Scores in a line."""
    return ", ".join(f"{name} {value:.4f}" for name, value in scores.items() if value is not None) or "-"


def differences(
    one: VersionRef, other: VersionRef, configs: tuple[dict[str, Any], dict[str, Any]]
) -> Iterator[str]:
    """In what two versions differ, a line each."""
    yield f"{one.place} → {other.place}"
    names = (
        "role",
        "reason",
        "parent",
        "approved_by",
        "records",
        "learned",
        "learned_from",
        "learned_to",
        "size",
        "sha256",
    )
    pairs = [(name, getattr(one.row, name), getattr(other.row, name)) for name in names]
    pairs += [
        (f"{part}.{name}", left.get(name), right.get(name))
        for part, left, right in (
            ("scores", one.row.scores, other.row.scores),
            ("libraries", one.row.libraries, other.row.libraries),
            ("code", one.row.code, other.row.code),
        )
        for name in {**left, **right}
    ]
    before, after = (flat(config) for config in configs)
    pairs += [(f"config {name}", before.get(name), after.get(name)) for name in {**before, **after}]
    for name, left, right in pairs:
        if left != right:
            change = ""
            if isinstance(left, float) and isinstance(right, float) and "learned_" not in name:
                change = f" ({right - left:+.4f})"
            yield f"  {name:<24} {_said(name, left)} → {_said(name, right)}{change}"


def flat(content: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Nested tables by their dotted names.

    >>> flat({"a": {"b": 1}, "c": [2]})
    {'a.b': 1, 'c': [2]}
    """
    found: dict[str, Any] = {}
    for name, value in content.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found


def _said(name: str, value: Any) -> str:
    if name in {"learned_from", "learned_to"}:
        return moment(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value if value not in {None, ""} else "-")


def entry_line(entry: Entry) -> str:
    """An entry of the log in one line."""
    place = "/".join(filter(None, (entry.run, entry.key)))
    who = f" by {entry.who}" if entry.who else ""
    when = "" if not entry.time else f" (event time {moment(entry.time)})"
    return f"{entry.number:>6}  {moment(entry.at)}  {place}: {_told(entry)}{who}{when}"


def _told(entry: Entry) -> str:
    body = entry.body
    if entry.kind == "run":
        return "began" if entry.name == "begin" else "went on under another configuration"
    if entry.kind == "version":
        version = entry.read(VersionRow)
        return f"{entry.name} saved: {version.reason}, {version.learned:,} events learned"
    if entry.kind == "decision":
        decision = entry.read(DecisionRow)
        change = f", {decision.previous} → {decision.model}" if decision.changes else ""
        return f"decision {decision.number}, {decision.action}{change}: {decision.reason}"
    if entry.kind == "command":
        return f"{body.get('order')} {body.get('target')} at record {body.get('records')}: {body.get('why')}"
    if entry.kind == "removed":
        return f"the bytes of {entry.name} were removed"
    rest = ", ".join(
        f"{name} {value}"
        for name, value in body.items()
        if name != "version" and not isinstance(value, dict | list) and value not in {"", None}
    )
    return f"{entry.kind} {body.get('version', '')}{': ' if rest else ''}{rest}"


def served_line(run: str, key: str, time: float, served: Served) -> str:
    """Who served at a moment, why, and what it had learned from, in one line."""
    row, since = served.version, served.since
    why = "from the beginning"
    if since is not None:
        by = f" by {since.who}" if since.who else ""
        decision = since.read(DecisionRow)
        why = f"since {moment(since.time)}, decision {decision.number}: {decision.action}{by}, "
        why += decision.reason
    until = f", until {moment(served.until.time)}" if served.until is not None else ""
    learned = "nothing that is known"
    if row is not None:
        learned = f"{row.learned:,} events"
        if row.learned_to:
            learned += f" from {moment(row.learned_from)} to {moment(row.learned_to)}"
        learned += f" by {row.name}"
    return f"{moment(time)}: {served.model} of {run}/{key} served {why}{until}; it had learned from {learned}"


def fault_lines(faults: Iterable[str]) -> list[str]:
    """At most so many faults, and how many more there are."""
    found = list(faults)
    most = 20
    return found[:most] + ([f"... and {len(found) - most} more"] if len(found) > most else [])
