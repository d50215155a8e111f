"""Alerts in words: a line for the log, and a message for a chat."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from dataflows.escape import in_markdown, in_slack, typed, visible
from dataflows.format import moment
from engine.rows import OF_RATES, AlertRow, CheckRow

_MOST_CHECKS = 8
_MOST_TEXT = 2900
"""Slack takes 3000 characters in a block."""

_MOST_MARKDOWN = 15_000
"""Mattermost takes 16,383 characters in a message."""

_WORDS = {
    "opened": "",
    "worse": "worse: ",
    "changed": "changed: ",
    "lasting": "still: ",
    "recovered": "",
    "done": "",
}
_MARKS = {"fail": "\N{LARGE RED CIRCLE}", "warn": "\N{LARGE YELLOW CIRCLE}", "info": "\N{LARGE GREEN CIRCLE}"}


def line(alert: AlertRow, run: Path) -> str:
    """One line for the log.

    >>> line(msgspec.structs.replace(EXAMPLE, state="lasting"), Path("runs/demo"))
    'FAIL demo main: still: window 18 fails: hour drifted 270 (limit 1) [since 2013-04-15 00:00 UTC; m0 is suspected; compared with: m0.w16; riverkeeper reports runs/demo 18 --html]'
    """  # noqa: E501 - it is one line
    more = [f"since {_when(alert.since)}", *_done(alert), command(alert, run)]
    return visible(f"{title(alert, run)} [{'; '.join(more)}]")


def title(alert: AlertRow, run: Path) -> str:
    """What and where."""
    text = alert.what
    if alert.kind == "serving":
        text = f"{alert.done[0]}: {alert.what}"
    return f"{_severity(alert)} {run.name} {alert.key}: {_WORDS[alert.state]}{text}"


def _severity(alert: AlertRow) -> str:
    severity = str(alert.severity).upper()
    return "OK" if alert.state == "recovered" else severity


def _when(time: float) -> str:
    """An event time in UTC; records that state none are all at 0."""
    written = moment(time) if time else "the beginning"
    return f"{written} UTC" if ":" in written else written


def command(alert: AlertRow, run: Path) -> str:
    """What to type next."""
    if alert.kind in OF_RATES:
        return typed("status", run)
    if alert.kind in {"champion", "serving", "model"}:
        return typed("reports", run)
    html = ["--html"] if alert.kind == "window" and alert.checks else []
    return typed("reports", run, alert.window, *html, key=alert.key)


def slack(alert: AlertRow, run: Path) -> dict[str, Any]:
    """A message as incoming webhooks take it: Slack shows its blocks, Mattermost its `text`.

    Blocks are plain text, in which Slack draws no formatting, mention or link. Mattermost knows no blocks,
    and takes `text` for Markdown: there every line is code, for the same reason.
    """
    mark = _MARKS[alert.severity]
    head = title(alert, run)
    facts = [*_evidence(alert), *(f"→ {text}" for text in _done(alert))]
    foot = [_where(alert), command(alert, run)]
    blocks = [_section([f"{mark} {head}"])]
    if facts:
        blocks.append(_section(facts))
    blocks.append({"type": "context", "elements": [_plain(foot)]})
    lines = [in_markdown(_cut(text)) for text in (head, *facts, *foot)]
    return {"text": _cut_lines(f"{mark} {lines[0]}", lines[1:]), "blocks": blocks}


def as_json(alert: AlertRow, run: Path) -> dict[str, Any]:
    """The alert itself, with the run and the text of a notification."""
    return {"text": _cut(visible(title(alert, run))), "run": run.name, **msgspec.to_builtins(alert)}


def _evidence(alert: AlertRow) -> list[str]:
    found = []
    for check in alert.checks[:_MOST_CHECKS]:
        given = (("value", check.value), ("limit", check.limit))
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in given if value is not None)
        of = f" of {check.column}" if check.column else ""
        found.append(f"• {check.name}{of}: {check.status}{f' ({numbers})' if numbers else ''}")
    if len(alert.checks) > _MOST_CHECKS:
        found.append(f"• and {len(alert.checks) - _MOST_CHECKS} more")
    evidence = [
        f"{name.replace('_', ' ')} {value:.4g}" for name, value in alert.evidence.items() if value is not None
    ]
    return [*found, *([", ".join(evidence)] if evidence else [])]


def _done(alert: AlertRow) -> list[str]:
    """What was done, unless the title says it."""
    return [] if alert.kind == "serving" else list(alert.done)


def _where(alert: AlertRow) -> str:
    what = "spans of records" if alert.kind in OF_RATES else "windows"
    lasts = f", {alert.windows} {what}" if alert.windows > 1 else ""
    where = f"key {alert.key}, window {alert.window}, {alert.model} serves"
    return f"{where}; since {_when(alert.since)}{lasts}"


def _section(lines: Sequence[str]) -> dict[str, Any]:
    return {"type": "section", "text": _plain(lines)}


def _plain(lines: Sequence[str]) -> dict[str, Any]:
    """Text that Slack draws as it is, also `:names:` of emojis."""
    return {"type": "plain_text", "text": _cut("\n".join(map(in_slack, lines))), "emoji": False}


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"


def _cut_lines(first: str, others: Sequence[str]) -> str:
    """As many whole lines as have room: half a line of code would leave its code open."""
    text = first
    for line in others:
        if len(text) + len(line) >= _MOST_MARKDOWN:
            return text
        text += f"\n{line}"
    return text


EXAMPLE = AlertRow(
    id="main/window/18",
    key="main",
    kind="window",
    state="opened",
    severity="fail",
    time=1366156800.0,
    since=1365984000.0,
    window=18,
    windows=1,
    model="m0",
    what="window 18 fails: hour drifted 270 (limit 1)",
    columns=("hour",),
    checks=(CheckRow(name="drift", column="hour", value=270.1, limit=1.0, status="fail"),),
    evidence={"loss": 0.21, "baseline_loss": 0.37},
    done=("m0 is suspected; compared with: m0.w16",),
)
"""An alert as the demo gives one."""
