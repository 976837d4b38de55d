"""``rag serve``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from rag.cli.door import Command, find_workspace, in_workspace, utc_now
from rag.errors import UsageError

if TYPE_CHECKING:
    from rag.web import Key

TOKEN = "RAG_SERVE_TOKEN"
_FEWEST_CHARACTERS = 16
"""A shorter token can be guessed."""

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

_SERVE = """\
\b
  rag serve                                        # then open the address it prints
  rag users add ann                                # for a team: people log in by name from now on
  rag serve --address https://research.example.org # and reach it through a proxy on this machine that does TLS
"""


@click.command(cls=Command, short_help="The page and the API, in a browser.", examples=_SERVE)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; this machine alone by default.")
@click.option("--port", type=click.IntRange(0, 65535), default=8377, show_default=True, help="0 takes any that is free.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="A host name that browsers reach it by. Repeatable.")
@click.option("--address", default="", metavar="URL", help="Where people reach it through a proxy, such as https://research.local.")
@click.option("--no-schedules", is_flag=True, help="Leave scheduled reports to other callers of `rag run-due`.")
@in_workspace
def serve(host: str, port: int, names: tuple[str, ...], address: str, no_schedules: bool, workspace: Path | None) -> None:
    """Serve the page and the API of a workspace until Ctrl-C: ask, add documents, write reports, see how all does.

    Scheduled reports are made when they are due, beside whatever else calls `rag run-due`.

    Whoever has the printed address may do everything. It changes with every start, unless RAG_SERVE_TOKEN in the environment gives the
    token. Where the workspace has users (`rag users`), they log in instead, and there is no such token. One line of JSON a request goes
    to stderr.
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
    with Library.open(where) as library:
        team = library.record.people.any()
    given = config.secret(TOKEN)
    names = (*names, host, *_refuse_unsafe(host, address=address, team=team, token=given))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise UsageError(f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port") from error
        listening.listen()  # whoever follows the address at once waits for the first answer instead of being refused
        port = listening.getsockname()[1]
        key = _key(given, port=port)
        to_stderr()
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        way_in = " (log in by name)" if team else f" (token: that of {TOKEN})" if given else f"?token={key.token}"
        click.echo(f"{address.rstrip('/') or f'http://{shown}:{port}'}/{way_in}")
        sys.stdout.flush()
        timer = None if no_schedules else Timer(where, clock=utc_now)
        made = app(where, key=key, names=names, address=address.rstrip("/"), timer=timer, traces=traces)
        settings = uvicorn.Config(made, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=3)
        uvicorn.Server(settings).run(sockets=[listening])


def _refuse_unsafe(host: str, *, address: str, team: bool, token: str) -> list[str]:
    """The host names of ``address``. Raises UsageError for a team whose passwords would be sent for anybody to read."""
    found = urlsplit(address)
    if address and (found.scheme not in ("http", "https") or not found.hostname or found.path.strip("/") or found.query):
        raise UsageError(f"--address {address} is not such as https://research.example.org; name scheme and host, without a path")
    if team and token:
        raise UsageError(f"{TOKEN} is set, and this workspace has users; unset it, and give programs a key: rag keys add NAME")
    away = host not in _LOOPBACK
    if team and away and found.scheme != "https":
        raise UsageError(
            f"on {host} passwords and keys would go over the network in the clear; put a proxy that does TLS before it, and name its "
            "address: --address https://HOST"
        )
    if away and found.scheme != "https":
        click.echo(f"rag: on {host} without TLS, everybody on the way can read the token; see docs/serve.md", err=True)
    return [found.hostname] if found.hostname else []


def _key(given: str, *, port: int) -> "Key":
    """With the token given, or a new one."""
    from rag.web import Key

    if given and len(given) < _FEWEST_CHARACTERS:
        raise UsageError(f"{TOKEN} is shorter than {_FEWEST_CHARACTERS} characters; take a longer one, or none to have one made")
    return Key(token=given, port=port) if given else Key(port=port)
