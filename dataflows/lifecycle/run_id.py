"""The identity of a run: it tells runs of the same name apart, and lasts as long as the run is resumed."""

from pathlib import Path
from uuid import uuid4

from engine.errors import OutputError

FILE = "identity"


def identity(run: Path) -> str:
    """The run's name and a mark of its own, made when the folder has none.

    Raises:
        OutputError: When it cannot be written.
    """
    path = run / FILE
    try:
        run.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(f"{run.name}-{uuid4().hex[:8]}\n", encoding="utf-8")
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
