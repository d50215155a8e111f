"""`riverkeeper registry export | import | evaluate | rebuild | push`: versions elsewhere, and on trial.

What runs models is imported by the commands that do.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataflows.cli.registry_options import Place, Version, at, say
from dataflows.escape import as_json
from dataflows.format import size
from dataflows.registry.mlflow import push as push_to
from dataflows.registry.open import DEFAULT, signing_key, user
from dataflows.registry.origin import Opened, allowed_for
from engine.errors import ConfigError, InputError, OutputError
from engine.private_files import SHARED, write_whole
from engine.registry.export import export as export_file
from engine.registry.export import read_export
from engine.secrecy import check_url

if TYPE_CHECKING:
    from dataflows.registry.evaluate import Evaluation


def export(
    version: Version,
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    registry: Place = DEFAULT,
) -> None:
    """Write a version into one file, for plain River or another registry."""
    with at(registry) as where:
        content = _exported(where, version)
        if file.exists() and not file.is_file():
            what = "Is a directory" if file.is_dir() else "it is there, and no file"
            raise OutputError(f"{file}: cannot be written: {what}")
        try:
            write_whole(file, content, SHARED)
        except OSError as error:
            raise OutputError(f"{file}: cannot be written: {error.strerror}") from error
        say([f"wrote {file} ({size(len(content))}); plain River loads it: see manifest.json in it"])


def import_version(
    file: Annotated[Path, typer.Argument(help="A file that 'registry export' wrote.")],
    registry: Place = DEFAULT,
) -> None:
    """Take in a version from a file, checked and never run; a flow can begin from it."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    with at(registry) as where:
        row, saved = read_export(content, signing_key(), str(file))
        run = f"imported-{row['sha256'][:8]}"
        kept = where.registry.add(run, row, saved, user(), {"file": str(file)})
        say([f'{kept.place} is there; a flow begins from it with registry.start = "{kept.place}"'])


def evaluate(  # noqa: PLR0913, PLR0917 - a command's own arguments
    version: Version,
    data: Annotated[list[str], typer.Option(help="A file with labelled rows that it has not learned from.")],
    registry: Place = DEFAULT,
    against: Annotated[str, typer.Option(help="A version to be no worse than.")] = "",
    margin: Annotated[float, typer.Option(help="By which share of its loss it may be worse.")] = 0.01,
    max_loss: Annotated[
        float | None, typer.Option(help="Without --against: the largest loss allowed.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Score a version on an independent file; the exit status is 1 when it may be worse than the bound.

    It passes when the upper end of the 95 % interval is within the bound: being unsure is not enough.
    """
    from dataflows.registry.evaluate import Bound  # noqa: PLC0415 - see above
    from dataflows.registry.evaluate import evaluate as evaluate_on  # noqa: PLC0415 - see above

    with at(registry) as where:
        found = evaluate_on(where, version, data, Bound(against, margin, max_loss))
        if json:
            sys.stdout.buffer.write(as_json(found) + b"\n")
        else:
            say(_evaluated(found))
        if not found.passed:
            raise typer.Exit(1)


def rebuild(
    version: Version,
    data: Annotated[list[str], typer.Option(help="Files to replay instead of the run's input.")] = [],  # noqa: B006
    registry: Place = DEFAULT,
) -> None:
    """Build a version anew by a replay of its stream; the exit status is 1 when its scores are others."""
    from dataflows.registry.rebuild import rebuild as rebuild_from  # noqa: PLC0415 - see above

    with at(registry) as where:
        found = rebuild_from(where, version, data)
        same = found.before.row.sha256 == found.after.row.sha256
        say([f"{found.after.place}: built anew from {found.after.row.records:,} records"])
        for name, (before, after) in found.differences.items():
            say([f"  {name}: {before} before, {after} now"])
        if found.differences:
            raise typer.Exit(1)
        say([f"all scores are the same; its bytes are {'the same' if same else 'others'}"])


def push(
    version: Version,
    to: Annotated[str, typer.Option(help="The MLflow server, such as http://127.0.0.1:5000.")],
    model: Annotated[str, typer.Option(help="The registered model's name there.")],
    alias: Annotated[
        str, typer.Option(help="champion, shadow, challenger, or one of your own.")
    ] = "champion",
    registry: Place = DEFAULT,
) -> None:
    """Put a version into an MLflow model registry, with an alias (needs the extra mlflow)."""
    try:
        check_url(to, "--to", "nothing, and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD")
    except ValueError as error:
        raise ConfigError(f"expected {error}") from None
    with at(registry) as where:
        kept = where.registry.find(version)
        number = push_to(kept, _exported(where, version), to, model, alias)
        where.registry.note("export", kept, user(), {"to": to, "model": model, "number": number})
        say([f"{kept.place} is version {number} of {model} at {to}, alias {alias}"])


def _exported(where: Opened, version: str) -> bytes:
    kept = where.registry.find(version)
    model = where.registry.load(kept, allowed_for(where), user(), "export")
    origin = {"run": kept.entry.run, "exported_by": user()}
    content = export_file(kept.entry.body, origin, where.registry.read(kept), model, signing_key())
    where.registry.note("export", kept, user(), {})
    return content


def _evaluated(found: "Evaluation") -> list[str]:
    lines = [
        f"{found.version} on {found.rows:,} labelled rows"
        + (f", {found.skipped:,} left out" if found.skipped else "")
    ]
    for name, one in found.scores.items():
        other = found.others.get(name)
        beside = f"   {found.against} {other.value:.4f} [{other.low:.4f}, {other.high:.4f}]" if other else ""
        lines.append(f"  {name:<12} {one.value:.4f} [{one.low:.4f}, {one.high:.4f}]{beside}")
    for name, one in found.differences.items():
        lines.append(f"  {name:<12} {one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}] against it")
    if found.bound is not None:
        said = "difference in loss" if found.against else "loss"
        verdict = "passes" if found.passed else "does not pass"
        lines.append(f"{verdict}: the upper end of the {said} must be at most {found.bound:.4f}")
    return lines
