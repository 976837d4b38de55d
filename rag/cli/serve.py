"""``rag serve``."""

import sys
from pathlib import Path

import click

from rag.cli.door import Command, find_workspace, in_workspace
from rag.errors import UsageError

_SERVE = """\
\b
  rag serve                                        # then open the address it prints
  rag serve --host 0.0.0.0 --name research.local   # for colleagues in a private network, behind TLS
"""


@click.command(cls=Command, short_help="The page and the API, in a browser.", examples=_SERVE)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; this machine alone by default.")
@click.option("--port", type=click.IntRange(0, 65535), default=8377, show_default=True, help="0 takes any that is free.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="A host name that browsers reach it by. Repeatable.")
@in_workspace
def serve(host: str, port: int, names: tuple[str, ...], workspace: Path | None) -> None:
    """Serve the page and the API of a workspace until Ctrl-C: ask, add documents, write reports, see how all does.

    Whoever has the printed address may do everything; it changes with every start. One line of JSON a request goes to stderr.
    """
    import socket

    import uvicorn

    from rag.app import Library
    from rag.web import Key, app
    from rag.web.watch import to_stderr

    where = (workspace or find_workspace(Path.cwd())).resolve()
    Library.open(where).close()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise UsageError(f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port") from error
        key = Key(port=listening.getsockname()[1])
        to_stderr()
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        click.echo(f"http://{shown}:{key.port}/?token={key.token}")
        sys.stdout.flush()
        config = uvicorn.Config(
            app(where, key=key, names=(*names, host)), log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=3
        )
        uvicorn.Server(config).run(sockets=[listening])
