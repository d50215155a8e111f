"""`riverkeeper registry`: versions, and the log of who served when and why."""

import re
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from dataflows.cli import registry_transfer
from dataflows.cli.registry_options import Place, Version, at, console, say
from dataflows.escape import as_json
from dataflows.format import size
from dataflows.registry.anchor import missing
from dataflows.registry.open import DEFAULT, RunBody
from dataflows.registry.origin import Opened, runs_of
from dataflows.suggestion import meant
from dataflows.views.terminal.versions import (
    differences,
    entry_line,
    fault_lines,
    served_line,
    version_lines,
    versions_table,
)
from engine.errors import InputError
from engine.records.times import event_time
from engine.registry.audit_entry import REGISTRY, Entry
from engine.registry.serving import served_at
from engine.registry.version_ref import VersionRef

app = typer.Typer(
    help="Versions of the models, and the audit log: who served when, and why.", no_args_is_help=True
)

Run = Annotated[str | None, typer.Option(help="Only this run; its name with its number, such as demo-1.")]
Key = Annotated[str | None, typer.Option(help="Only this model key.")]


@app.command("list")
def list_versions(
    registry: Place = DEFAULT,
    run: Run = None,
    key: Key = None,
    every: Annotated[bool, typer.Option("--all", help="Every run, also versions without bytes.")] = False,
) -> None:
    """List the versions of the last run, or of another."""
    with at(registry) as where:
        log = where.registry
        _refuse_unknown(where, run, key)
        runs = log.runs()
        if run is None and not every:
            run = runs[-1] if runs else None
        found = [kept for kept in log.versions(run, key) if kept.here or every]
        console.print(versions_table(found, console.width))
        if run is not None and len(runs) > 1:
            console.print(f"{len(runs)} runs: {', '.join(runs[-10:])}")


@app.command()
def show(version: Version, registry: Place = DEFAULT) -> None:
    """Show all that is known of a version."""
    with at(registry) as where:
        say(version_lines(where.registry.find(version)))


@app.command()
def diff(version: Version, other: Version, registry: Place = DEFAULT) -> None:
    """Show in what two versions differ: what they learned from, scores, configuration, libraries, code."""
    with at(registry) as where:
        one, two = where.registry.find(version), where.registry.find(other)
        configs = _config(where, one), _config(where, two)
        say(differences(one, two, configs))


@app.command()
def audit(
    registry: Place = DEFAULT,
    run: Run = None,
    key: Key = None,
    json: Annotated[bool, typer.Option("--json", help="Whole entries, as JSON lines.")] = False,
) -> None:
    """Print the log: what was decided, by whom, what was saved, loaded, refused, removed."""
    with at(registry) as where:
        _refuse_unknown(where, run, key)
        for entry in where.registry.log.entries(run=run, key=key):
            if json:
                sys.stdout.buffer.write(as_json({**asdict(entry), "text": entry.body}) + b"\n")
            else:
                say([entry_line(entry)])


@app.command()
def verify(
    registry: Place = DEFAULT,
    head: Annotated[str, typer.Option(help="A seal noted earlier: it must still be in the log.")] = "",
) -> None:
    """Check every entry and every saved model; the exit status is 1 when one is not as it was written.

    Runs note the last entry in their own folders, so entries cut off since are missed too.
    """
    with at(registry) as where:
        faults = fault_lines(where.registry.faults())
        entries = where.registry.log.entries()
        if head and not any(entry.seal == head for entry in entries):
            faults.append(f"no entry has the seal {head}: entries were changed or cut off")
        faults += missing(where.registry.log, runs_of(where, registry))
        say(faults)
        if faults:
            raise typer.Exit(1)
        last = where.registry.log.head()
        say([f"{last.number:,} entries and their models are as they were written" if last else "no entries"])
        if last is not None:
            say(
                [
                    f"seal of the last: {last.seal}",
                    "Note it elsewhere: with --head a later check sees what was cut off, also by",
                    "somebody who can write to the folders of the runs.",
                ]
            )


@app.command()
def who(
    moment: Annotated[
        str,
        typer.Option(
            "--at", help="Event time: a year, month, day or moment, in UTC; or a number, as records state it."
        ),
    ],
    registry: Place = DEFAULT,
    run: Run = None,
    key: Key = None,
) -> None:
    """Say who served at a moment, why, and what it had learned from."""
    time = _time(moment)
    with at(registry) as where:
        _refuse_unknown(where, run, key)
        runs = [name for name in where.registry.runs() if run in {None, name}]
        entries: list[Entry] = []
        if runs:
            entries = [*where.registry.log.entries(run=runs[-1], key=key, kinds=["decision", "version"])]
        keys = dict.fromkeys(entry.key for entry in entries)
        if not keys:
            raise InputError(
                f"{registry}: no run of this name and key; 'riverkeeper registry list' shows them"
            )
        for found in keys:
            own = [entry for entry in entries if entry.key == found]
            say([served_line(runs[-1], found, time, served_at(own, time))])


@app.command()
def gc(
    registry: Place = DEFAULT,
    keep: Annotated[
        int, typer.Option(help="Of versions whose windows passed, in each run and key.", min=0)
    ] = 50,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Remove the models of versions that need not stay, and bytes of no version; the log stays whole."""
    with at(registry) as where:
        gone, freed = where.registry.collect(keep, dry=dry_run)
        what = "would be removed" if dry_run else "removed"
        say([f"{len(gone):,} versions' models {what}, {size(freed)}"])


def _time(text: str) -> float:
    """The event time that somebody has typed, in seconds since 1970; of a year, month or day its start."""
    given = text.strip()
    if re.fullmatch(r"\d{4}(-\d{2})?", given):
        given = f"{given}-01" if "-" in given else f"{given}-01-01"
    try:
        number = None if re.fullmatch(r"(19|20)\d{6}", given) else float(given)
    except ValueError:
        number = None
    found = event_time(given if number is None else number)
    if found is None:
        raise InputError(
            f"--at: expected a year, month, day or moment (2013, 2013-05, 2013-05-09, 2013-05-09T12:00, in "
            f"UTC unless it says otherwise), or a number as records state it, got {text!r}"
        )
    return found


def _refuse_unknown(where: Opened, run: str | None, key: str | None) -> None:
    """Says which runs and keys there are, when what was asked for is none of them."""
    log = where.registry.log
    if run is not None and not any(log.entries(run=run)):
        runs = [entry.run for entry in log.entries() if entry.run != REGISTRY]
        raise InputError(f"--run {run}: no such run; {meant(run, reversed(runs))}")
    if key is not None and not any(log.entries(run=run, key=key)):
        keys = sorted({entry.key for entry in log.entries(run=run) if entry.key})
        raise InputError(f"--key {key}: no such model key; {meant(key, keys)}")


def _config(where: Opened, kept: VersionRef) -> dict[str, Any]:
    """The configuration that a version learned under, as far as the log knows it."""
    for entry in where.registry.log.entries(run=kept.entry.run, kinds=["run"]):
        body = entry.read(RunBody)
        if body.config_sha256 == kept.row.config_sha256:
            return body.config
    return {}


for command in (
    registry_transfer.export,
    registry_transfer.evaluate,
    registry_transfer.rebuild,
    registry_transfer.push,
):
    app.command()(command)
app.command("import")(registry_transfer.import_version)
