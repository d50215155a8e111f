"""The process that serves Evidently's pages, behind the guard; run by `evidently_ui.served`.

Its arguments are the workspace and the number of a socket that listens. The token comes by standard input,
since other users can read a process's arguments. When that input ends, so does the process, also when the
one that started it was killed. A line on standard output says that the pages are there.
"""

import os
import signal
import socket
import sys
import threading
from pathlib import Path

import uvicorn

from dataflows.views.ui_guard import Access, App, guarded
from engine.monitoring.evidently.service import workspace_app


def main() -> None:
    """Serves until standard input ends, or it is told to end."""
    # Control-C goes to the whole group; it is for the parent to say when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ready = os.dup(1)
    os.dup2(2, 1)  # what a library prints is not a line of ours
    token = sys.stdin.readline().strip()
    listener = socket.socket(fileno=int(sys.argv[2]))
    app, policy = workspace_app(Path(sys.argv[1]))
    server = _server(guarded(app, Access(listener.getsockname()[1], token, policy)))
    threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    os.write(ready, b"\n")
    os.close(ready)
    server.run(sockets=[listener])


def _server(app: App) -> uvicorn.Server:
    """A server that believes no header of a proxy, and writes no addresses, which have the token."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )


def _end_with_input(server: uvicorn.Server) -> None:
    while os.read(0, 1):  # not sys.stdin, whose lock a thread must not hold when Python ends
        pass
    server.should_exit = True


if __name__ == "__main__":
    main()
