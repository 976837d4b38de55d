"""``rag access``: who may see which folders and documents."""

from pathlib import Path

import click

from rag.cli.door import Command, Listing, find_workspace, in_workspace, json_option
from rag.cli.people import open_record

_ACCESS = """\
\b
  rag access set docs/board board ann        # the group board, and ann
  rag access set docs/board/agenda.pdf everyone
  rag access set / nobody                    # what no other list opens is closed to all but admins
  rag access show
  rag access check bob docs/board/agenda.pdf # and which list decides
  rag access clear docs/board
"""


@click.group(cls=Listing, short_help="Who may see which folders and documents.", examples=_ACCESS)
def access() -> None:
    """Who may see what, in `rag serve` and `rag mcp --http`.

    A list stands at a folder, a document, or / for everything. Of the lists at a document's path and above it, the one with the longest
    path decides, alone. Where there is none, every user sees it. Admins see everything, and so does this command line: whoever can read
    the workspace's files needs no list.
    """


@access.command(name="set", cls=Command, short_help="Set the list of a folder or a document.")
@click.argument("path")
@click.argument("names", nargs=-1, required=True)
@in_workspace
def set_list(path: str, names: tuple[str, ...], workspace: Path | None) -> None:
    """Let the users and groups NAMES, and nobody else but admins, see PATH and what lies below it; or `everyone`, or `nobody`."""
    from rag.upkeep import place_of
    from rag.upkeep import set_list as put

    with open_record(workspace) as record:
        made = put(record, place_of(path, record=record, named=_named(workspace)), names)
    click.echo(f"{made.path or '/'}: {made.who}  ({made.files} files)")
    if not made.files:
        click.echo("rag: no known file lies there, or lists below it decide about all of them", err=True)


@access.command(cls=Command, short_help="Every list.")
@in_workspace
@json_option
def show(workspace: Path | None, as_json: bool) -> None:
    """Every list, by path: who is in it, and how many files it decides about. One about none may stand at a folder that was renamed."""
    from rag.cli import show as shown

    with open_record(workspace) as record:
        lists = record.access.lists()
    if as_json:
        shown.print_json([shown.plain(one) for one in lists])
        return
    for one in lists:
        kept = f"  (a document moved here from {one.kept_from} and kept its list)" if one.kept_from else ""
        click.echo(f"{one.path or '/'}: {one.who}  {one.files} files{kept}")
    if not any(one.path == "" for one in lists):
        click.echo("everything else: every user")


@access.command(cls=Command, short_help="Take a list away.")
@click.argument("path")
@in_workspace
def clear(path: str, workspace: Path | None) -> None:
    """Take the list at PATH away, so that the one above decides again."""
    from rag.upkeep import as_listed

    with open_record(workspace) as record:
        record.access.clear(as_listed(path, record=record, named=_named(workspace)))
    click.echo(f"no list at {path} any more")


@access.command(cls=Command, short_help="Whether a user sees a path, and why.")
@click.argument("user")
@click.argument("path")
@in_workspace
@json_option
def check(user: str, path: str, workspace: Path | None, as_json: bool) -> None:
    """Say whether USER may see PATH and which list decides. Exits 1 when not."""
    from rag.cli import show as shown
    from rag.upkeep import judged

    with open_record(workspace) as record:
        told = judged(record, user, path, named=_named(workspace))
    if as_json:
        shown.print_json(shown.plain(told))
    else:
        click.echo(f"{'yes' if told.seen else 'no'}: {told.why}")
    if not told.seen:
        click.get_current_context().exit(1)


def _named(workspace: Path | None) -> list[Path]:
    """The folders of rag.toml."""
    from rag import config

    root = workspace or find_workspace(Path.cwd())
    return [root / Path(folder).expanduser() for folder in config.load(root).folders]
