"""Evidently's own pages over a workspace, as an ASGI application that somebody else serves and guards."""

# ruff: noqa: PLC0415 - imported where pages are served, and nowhere else
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from engine.errors import EvaluatorError
from engine.monitoring.evidently.library import quiet
from engine.page_policy import inline_hash

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def workspace_app(workspace: Path) -> tuple[Any, str]:
    """Evidently's server without its command line, and the policy that its page draws under.

    Nothing configures it but the workspace: its command would read `EVIDENTLY_*` of the environment. It
    asks nobody who they are, so it must not be served as it is.

    Raises:
        EvaluatorError: Evidently's page is not built as it is known to be.
    """
    with quiet(), redirect_stdout(sys.stderr):  # it prints what it is made of
        from evidently.ui.service.api.static import BASE_PATH  # type: ignore[import-untyped]
        from evidently.ui.service.app import create_app  # type: ignore[import-untyped]
        from evidently.ui.service.components.storage import (  # type: ignore[import-untyped]
            LocalStorageComponent,
        )
        from evidently.ui.service.components.telemetry import (  # type: ignore[import-untyped]
            TelemetryComponent,
        )
        from evidently.ui.service.local_service import LocalConfig  # type: ignore[import-untyped]

        storage = LocalStorageComponent(path=str(workspace.resolve()))  # it refuses a `..`
        app = create_app(LocalConfig(storage=storage, telemetry=TelemetryComponent(enabled=False)))
    return app, _policy((Path(BASE_PATH) / "index.html").read_text(encoding="utf-8"))


def _policy(index: str) -> str:
    """Its own scripts run, the one that stands in the page by its hash; nothing is loaded from elsewhere.

    Styles are free: Material UI makes them while it draws.
    """
    scripts = _INLINE.findall(index)
    if len(scripts) != 1:
        raise EvaluatorError(
            f"expected one script in Evidently's index.html, to allow it alone; got {len(scripts)}; install "
            f"the version of Evidently that constraints.txt names"
        )
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' {inline_hash(scripts[0])}",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())
