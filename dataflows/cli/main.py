"""The command line.

`riverkeeper init | contract | check | run | status | reports | explain | ui | registry | demo`, and for a
flow that runs `suspect | rollback | promote | pin | unpin | save`

What runs models is imported by the commands that do: River takes seconds, and a rollback by hand should not.
"""

import warnings
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from dataflows.alerts.terminal import send_test
from dataflows.cli import registry
from dataflows.cli.errors import one_line_errors
from dataflows.cli.findings import reading, show_check, show_inferred
from dataflows.cli.pages import show_decision, show_page, show_report, show_ui
from dataflows.cli.running_flow import order
from dataflows.commands.new_files import refuse_existing, write_new
from dataflows.config import FlowConfig, check_buildable, load_config
from dataflows.console import PlainConsole, styled
from dataflows.escape import typed
from dataflows.lifecycle import commands
from dataflows.views.terminal.run import show_run
from dataflows.views.terminal.status import standing
from engine.errors import ConfigError, RiverkeeperError
from engine.requirements import needing

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
contract = typer.Typer(help="Learn from data what a record must look like.", no_args_is_help=True)
app.add_typer(contract, name="contract")
app.add_typer(registry.app, name="registry")
console = PlainConsole()

Config = Annotated[Path, typer.Argument(help="The flow's configuration file.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        console.print(f"riverkeeper {version('riverkeeper')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Streaming online learning that watches its data and its model, and rolls back."""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write it.")] = Path(),
    data: Annotated[
        Path | None,
        typer.Option("--from", help="A file of your own: CSV, TSV, JSON lines or Parquet. It is not copied."),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="With --from: the column to predict; an empty one detects anomalies.")
    ] = None,
) -> None:
    """Write a flow for a file of your own, guessed from its rows; or a commented example with its data."""
    if data is not None:
        from dataflows.cli.begin import begin_flow  # noqa: PLC0415 - see above

        begin_flow(console, folder, data, label)
        return
    if label is not None:
        raise ConfigError("--label: expected --from FILE too, whose column it names")
    from dataflows.commands.init import write_example  # noqa: PLC0415 - see above

    for path in write_example(folder):
        console.print(f"wrote {path}")
    console.print(f"next: {typed('check', folder / 'flow.toml')}")


@contract.command()
def infer(
    data: Annotated[list[str], typer.Argument(help="Files, folders or globs, as in a flow's input.path.")],
    config: Annotated[
        Path | None,
        typer.Option(help="The flow: its record section says which fields are no features."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write it to this new file, not to the terminal.")] = None,
) -> None:
    """Learn fields, types, ranges and categories from data, and write them as TOML to read and edit."""
    from dataflows.commands.contract_infer import contract_text, infer_contract  # noqa: PLC0415 - see above

    notes = PlainConsole(stderr=True)
    if out is not None:
        refuse_existing([out])
    with reading(notes) as progress:
        found = infer_contract(data, config, progress)
    text = contract_text(found, out.name if out else "contract.toml")
    if out is None:
        typer.echo(text.encode(), nl=False)
    else:
        write_new({out: text.encode()})
    show_inferred(notes, found, config, out)


@app.command()
def check(
    config: Config,
    test_alert: Annotated[
        bool, typer.Option("--test-alert", help="Send a test alert to where alerts go.")
    ] = False,
) -> None:
    """Validate a configuration, and try it and its model on a sample of the data."""
    flow = load_config(config)
    check_buildable(flow, config)
    from dataflows.commands.check import check_flow  # noqa: PLC0415 - see above

    findings = check_flow(flow)
    if test_alert:
        findings.problems += send_test(flow.alerts, flow.run_dir)
    show_check(console, config, findings)
    if findings.problems:
        raise typer.Exit(1)


@app.command()
def run(  # noqa: PLR0913, PLR0917 - a command's own arguments
    config: Config,
    recovery: Annotated[
        Path | None,
        typer.Option(
            help="Folder that keeps progress, made on first use: a run that was killed goes on there."
        ),
    ] = None,
    processes: Annotated[
        int,
        typer.Option("--processes", "-p", min=1, help="Processes on this machine; keys spread over them."),
    ] = 1,
    addresses: Annotated[
        str,
        typer.Option(help="A cluster: host:port of each process, with commas between, the same for all."),
    ] = "",
    process: Annotated[
        int, typer.Option(help="With --addresses: which of them this process is, from 0.")
    ] = 0,
    trust_network: Annotated[
        bool,
        typer.Option(
            "--trust-network",
            help="With --addresses beyond this machine: nobody else can reach them. Processes exchange "
            "pickles and ask for no password: anyone who reaches the port can run code as this user.",
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results of an earlier run of this name.")
    ] = False,
) -> None:
    """Run a flow to the end of its input; results go to its run folder.

    Those of an earlier run of this name are kept aside as <name>.1, <name>.2, ..., unless --recovery goes on
    with it or --overwrite replaces them.
    """
    flow = load_config(config)
    if processes > 1 and addresses:
        raise ConfigError("--processes and --addresses: expected one of them, got both")
    if trust_network and not addresses:
        raise ConfigError("--trust-network: expected --addresses too, whose network it is about")
    check_buildable(flow, config)
    _warn_of_times(flow)
    with needing("riverkeeper run", "flow"):
        from dataflows.runtime.process_group import Launch, end_with_parent, run_processes  # noqa: PLC0415
        from dataflows.runtime.run_setup import Place, member  # noqa: PLC0415 - see above
        from dataflows.runtime.runner import run_flow  # noqa: PLC0415 - see above

    if processes > 1:
        run_processes(Launch(config, Place(flow, recovery, overwrite, processes)), console)
    else:
        end_with_parent()
        who = member(addresses, process, trust_network=trust_network) if addresses else None
        run_flow(flow, recovery, console, who, overwrite=overwrite)
    if not addresses:
        show_run(console, flow.run_dir)


def _warn_of_times(flow: FlowConfig) -> None:
    """Says before the run when its event times are none, as `check` does."""
    from dataflows.commands.event_times import first_times  # noqa: PLC0415 - only `run` reads records

    try:
        times = first_times(flow)
    except RiverkeeperError:
        return  # the run itself says what is wrong with its input
    if times is not None and times.problem:
        console.print(styled(("warning:", "yellow"), f" {times.problem}"))


@app.command()
def reports(
    run: Annotated[Path, typer.Argument(help="The run's folder, for example runs/demo.")],
    window: Annotated[int | None, typer.Argument(help="Show this window in full.")] = None,
    key: Annotated[str, typer.Option(help="The model key, when there are several.")] = "main",
    html: Annotated[
        bool, typer.Option("--html", help="Write a page of the run, or of the window, and open it.")
    ] = False,
) -> None:
    """List the windows of a run, or show one, in the terminal or as HTML."""
    if window is None and html:
        show_page(console, run)
    elif window is None:
        show_run(console, run)
    else:
        show_report(console, run, key, window, html=html)


@app.command()
def status(run: Annotated[Path, typer.Argument(help="The run's folder, for example runs/demo.")]) -> None:
    """Show position, lag and rate of a run, which model serves and why; also while it is running."""
    for part in standing(run, console.width):
        console.print(part)


@app.command()
def explain(
    run: Annotated[Path, typer.Argument(help="The run's folder, for example runs/demo.")],
    decision: Annotated[
        int | None,
        typer.Argument(help="The decision's number; without one the last that changed what serves."),
    ] = None,
    key: Annotated[str, typer.Option(help="The model key, when there are several.")] = "main",
    html: Annotated[bool, typer.Option("--html", help="Write it as a page, and open it.")] = False,
) -> None:
    """Explain a decision: what happened, on what evidence, and what would have happened otherwise."""
    show_decision(console, run, decision, key, html=html)


@app.command()
def ui(
    run: Annotated[Path, typer.Argument(help="The run's folder, for example runs/demo.")],
    port: Annotated[int, typer.Option(help="Where to serve it, on 127.0.0.1.", min=1, max=65535)] = 8000,
    serve: Annotated[bool, typer.Option(help="Serve it, or only write it.")] = True,
) -> None:
    """Show a run's reports in Evidently's own pages, also while it goes on.

    The pages are read-only, and for who has the address that is printed: it holds a token of this start.
    """
    show_ui(console, run, port, serve=serve)


Run = Annotated[Path, typer.Argument(help="The folder of the running flow, for example runs/demo.")]
Why = Annotated[str, typer.Option(help="Why; the audit log keeps it.")]
Who = Annotated[str, typer.Option(help="Who; by default the user who is logged in.")]
Key = Annotated[str, typer.Option(help="The model key; * for all.")]


@app.command()
def rollback(
    run: Run,
    why: Why,
    version: Annotated[str, typer.Argument(help="A vetted checkpoint; without one the newest.")] = "",
    who: Who = "",
    key: Key = commands.EVERY_KEY,
) -> None:
    """Go back to an earlier, vetted state of the model in a running flow."""
    order(console, run, commands.new_command("rollback", version, who, why), key)


@app.command()
def suspect(run: Run, why: Why, who: Who = "", key: Key = commands.EVERY_KEY) -> None:
    """Compare the serving model with its vetted states in a running flow; evidence decides."""
    order(console, run, commands.new_command("suspect", "", who, why), key)


@app.command()
def promote(
    run: Run,
    challenger: Annotated[str, typer.Argument(help="The challenger's name.")],
    why: Why,
    who: Who = "",
    key: Key = commands.EVERY_KEY,
) -> None:
    """Promote a challenger in a running flow."""
    order(console, run, commands.new_command("promote", challenger, who, why), key)


@app.command()
def pin(run: Run, why: Why, who: Who = "", key: Key = commands.EVERY_KEY) -> None:
    """Keep the serving model, whatever the evidence, until it is unpinned or changed by hand."""
    order(console, run, commands.new_command("pin", "", who, why), key)


@app.command()
def unpin(run: Run, why: Why, who: Who = "", key: Key = commands.EVERY_KEY) -> None:
    """Let evidence decide again."""
    order(console, run, commands.new_command("unpin", "", who, why), key)


@app.command()
def save(run: Run, why: Why, who: Who = "", key: Key = commands.EVERY_KEY) -> None:
    """Save the serving model of a running flow as a version in the registry."""
    order(console, run, commands.new_command("save", "", who, why), key)


@app.command()
def demo(
    fault: Annotated[bool, typer.Option(help="Spoil the data for three weeks, or leave it alone.")] = True,
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Flights before this day of 2013.")
    ] = datetime(2013, 7, 1),
    folder: Annotated[Path, typer.Option(help="Where to write data and results.")] = Path(),
) -> None:
    """Run the flights of New York 2013 through a model that learns, with a fault on purpose."""
    with needing("riverkeeper demo", "flow"):
        from dataflows.demo.run import run_demo  # noqa: PLC0415 - see above

    run_demo(folder, date(until.year, until.month, until.day), fault=fault, console=console)


def main() -> None:
    """Entry point."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    with one_line_errors():
        app(prog_name="riverkeeper")
