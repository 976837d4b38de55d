"""``rag mcp``."""

import secrets
from pathlib import Path

import click

from rag.cli.door import Command, find_workspace, in_workspace, utc_now
from rag.cli.people import open_record
from rag.errors import UsageError

TOKEN = "RAG_MCP_TOKEN"
_FEWEST_CHARACTERS = 16
"""A shorter token can be guessed."""

_MCP = """\
\b
  rag mcp -w /srv/research                    # what a client's configuration starts
  rag mcp -w /srv/research --allow-writes     # offers the tool that writes reports, too
  rag mcp --http --port 8765                  # a bearer token is printed, or taken from RAG_MCP_TOKEN
"""


@click.command(cls=Command, short_help="Offer the library to programs (MCP).", examples=_MCP)
@click.option("--http", is_flag=True, help="Serve HTTP on this machine's loopback instead of stdin and stdout.")
@click.option("--port", type=click.IntRange(1, 65535), default=8765, show_default=True, help="Where, with --http.")
@click.option("--allow-writes", is_flag=True, help="Offer the tool that writes reports, and keep questions in the history.")
@in_workspace
def mcp(http: bool, port: int, allow_writes: bool, workspace: Path | None) -> None:
    """Offer search, ask and reports as tools to programs that speak the Model Context Protocol, until they leave.

    On stdin and stdout it sees all documents, as this command line does; over HTTP, where the workspace has users, what the key's user may
    see. Nothing is written unless --allow-writes is given. Only the protocol goes to stdout.
    """
    from rag import config
    from rag.mcp import serve

    found = workspace or find_workspace(Path.cwd())
    config.load(found)  # a wrong workspace is told now, in one line
    with serve.serving(found.resolve(), allow_writes=allow_writes, clock=utc_now) as served:
        if not http:
            serve.on_stdio(served)
            return
        with open_record(found) as record:
            team = record.people.any()
        if team:
            click.echo("rag: send a user's key with every request: Authorization: Bearer KEY; make one with: rag keys add", err=True)
        token = secrets.token_urlsafe(32) if team else _token(config.secret(TOKEN))
        click.echo(f"rag: serving http://{serve.HOST}:{port}{serve.PATH}", err=True)
        serve.on_http(served, port=port, token=token, workspace=found.resolve())


def _token(given: str) -> str:
    """The one given, or a new one, which is printed."""
    if given:
        if len(given) < _FEWEST_CHARACTERS:
            raise UsageError(f"{TOKEN} is shorter than {_FEWEST_CHARACTERS} characters; take a longer one, or none to have one made")
        return given
    made = secrets.token_urlsafe(32)
    click.echo(f"rag: send with every request: Authorization: Bearer {made}", err=True)
    return made
