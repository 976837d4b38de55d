"""``rag serve``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.cli.door import Command, find_workspace, in_workspace, utc_now
from rag.errors import UsageError

if TYPE_CHECKING:
    from rag.web import Key

TOKEN = "RAG_SERVE_TOKEN"
_FEWEST_CHARACTERS = 16
"""A shorter token can be guessed."""

_SERVE = """\
\b
  rag serve                                        # then open the address it prints
  rag serve --host 0.0.0.0 --name research.local   # for colleagues in a private network, behind TLS
"""


@click.command(cls=Command, short_help="The page and the API, in a browser.", examples=_SERVE)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; this machine alone by default.")
@click.option("--port", type=click.IntRange(0, 65535), default=8377, show_default=True, help="0 takes any that is free.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="A host name that browsers reach it by. Repeatable.")
@click.option("--no-schedules", is_flag=True, help="Leave scheduled reports to other callers of `rag run-due`.")
@in_workspace
def serve(host: str, port: int, names: tuple[str, ...], no_schedules: bool, workspace: Path | None) -> None:
    """Serve the page and the API of a workspace until Ctrl-C: ask, add documents, write reports, see how all does.

    Scheduled reports are made when they are due, beside whatever else calls `rag run-due`.

    Whoever has the printed address may do everything. It changes with every start, unless RAG_SERVE_TOKEN in the environment gives the
    token. One line of JSON a request goes to stderr.
    """
    import socket

    import uvicorn

    from rag import config
    from rag.app import Library
    from rag.web import app
    from rag.web.timer import Timer
    from rag.web.tracing import ENDPOINTS, to_collector
    from rag.web.watch import to_stderr

    traces = to_collector() if any(map(config.secret, ENDPOINTS)) else None
    where = (workspace or find_workspace(Path.cwd())).resolve()
    Library.open(where).close()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise UsageError(f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port") from error
        listening.listen()  # whoever follows the address at once waits for the first answer instead of being refused
        given, port = config.secret(TOKEN), listening.getsockname()[1]
        key = _key(given, port=port)
        to_stderr()
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        click.echo(f"http://{shown}:{port}/" + (f" (token: that of {TOKEN})" if given else f"?token={key.token}"))
        sys.stdout.flush()
        timer = None if no_schedules else Timer(where, clock=utc_now)
        application = app(where, key=key, names=(*names, host), timer=timer, traces=traces)
        settings = uvicorn.Config(application, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=3)
        uvicorn.Server(settings).run(sockets=[listening])


def _key(given: str, *, port: int) -> "Key":
    """With the token given, or a new one."""
    from rag.web import Key

    if given and len(given) < _FEWEST_CHARACTERS:
        raise UsageError(f"{TOKEN} is shorter than {_FEWEST_CHARACTERS} characters; take a longer one, or none to have one made")
    return Key(token=given, port=port) if given else Key(port=port)
