"""The demo: half a year of flights, three weeks of which are spoilt on purpose."""

from datetime import date
from importlib.resources import files
from pathlib import Path
from time import perf_counter

from rich.progress import Progress

from dataflows.config import load_config
from dataflows.console import PlainConsole, styled
from dataflows.demo.flights import Fault, write_stream
from dataflows.runtime.runner import run_flow
from dataflows.views.terminal.run import show_run
from engine.errors import OutputError
from engine.private_files import SHARED, write_whole

FAULT = Fault(date(2013, 4, 15), date(2013, 5, 6))


def run_demo(folder: Path, until: date, *, fault: bool, console: PlainConsole) -> None:
    """Writes the stream and the configuration under `folder`, runs the flow, and shows what came of it."""
    name = "demo" if fault else "demo-no-fault"
    data = folder / "data"
    stream = data / f"{name}.jsonl"
    _tell(console, fault=fault, until=until)
    try:
        data.mkdir(parents=True, exist_ok=True)
        config = write_config(folder, name)
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("writing the stream", total=None)
            flights, arrivals = write_stream(
                stream, until, FAULT if fault else None, lambda done: progress.update(task, completed=done)
            )
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written: {error.strerror}; see to space and rights"
        ) from error
    console.print(f"{stream}: {flights:,} flights and {arrivals:,} arrivals in event-time order")
    flow = load_config(config)
    began = perf_counter()
    records = run_flow(flow, None, console)
    seconds = perf_counter() - began
    show_run(console, flow.run_dir)
    console.print(f"{records:,} records in {seconds:.1f} s: {records / seconds:,.0f} records/s")


def write_config(folder: Path, name: str) -> Path:
    """Writes the demo's configuration for the stream `data/<name>.jsonl`; returns its path.

    Raises:
        OutputError: When there is one that was changed.
    """
    config = folder / f"{name}.toml"
    template = files("dataflows.demo").joinpath("flow.toml").read_text(encoding="utf-8")
    text = template.replace("NAME", name)
    if config.exists() and config.read_text(encoding="utf-8") != text:
        raise OutputError(
            f"{config}: expected the demo's own, got one that was changed; 'riverkeeper run {config}' runs "
            f"it, and without the file the demo writes its own again"
        )
    write_whole(config, text.encode(), SHARED)
    return config


def _tell(console: PlainConsole, *, fault: bool, until: date) -> None:
    console.print(
        f"Will a flight from New York arrive 15 or more minutes late? Asked at its scheduled departure, "
        f"answered when it lands; every flight before {until}."
    )
    if not fault:
        console.print("The data is left as it is.")
        return
    spoilt = (
        f" flights from {FAULT.start} up to {FAULT.end} carry a wrong departure hour: the schedule feed "
        f"sends hhmm, 1530 instead of 15."
    )
    console.print(styled(("On purpose:", "bold"), spoilt))
