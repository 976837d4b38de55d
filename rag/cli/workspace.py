"""Commands that make a workspace, look after it and undo it."""

import sys
from pathlib import Path
from typing import Literal

import click

from rag.cli.door import (
    Command,
    find_workspace,
    in_workspace,
    json_option,
    open_library,
    utc_now,
)
from rag.errors import WorkspaceError

_INIT = """\
\b
  rag init research                          # documents go into research/docs
  rag init research --folder ~/Documents/x   # documents stay where they are
  rag init research --embedder small         # no model download; a smaller model that comes with the program
"""


@click.command(cls=Command, short_help="Make a workspace.", examples=_INIT)
@click.argument("workspace", type=click.Path(path_type=Path))
@click.option(
    "--folder",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Documents; default: WORKSPACE/docs. Repeatable.",
)
@click.option(
    "--embedder",
    type=click.Choice(["sentence-transformers", "small"]),
    default="sentence-transformers",
    show_default=True,
    help="sentence-transformers: mxbai-embed-large-v1, downloaded once. small: comes with this program.",
)
def init(workspace: Path, folders: tuple[Path, ...], embedder: Literal["sentence-transformers", "small"]) -> None:
    """Make a workspace: rag.toml with every setting explained, prompts/ and templates/ for your own versions."""
    from rag.app import create

    settings = create(workspace, folders=folders, embedder=embedder)
    model = "the small model that comes with this program" if embedder == "small" else settings.embedder.model
    click.echo(f"Workspace {workspace} is ready: {workspace / 'rag.toml'} (embedder: {model})")
    if not folders:
        click.echo(f"Put documents into {workspace / 'docs'}, then: rag ingest")


_STATUS = """\
\b
  rag status
  rag status --failed         # only what could not be read, and why
"""


@click.command(cls=Command, short_help="What is in, what failed and why.", examples=_STATUS)
@in_workspace
@click.option("--failed", is_flag=True, help="Only the files that could not be read or were skipped, with the reason.")
@json_option
def status(workspace: Path | None, failed: bool, as_json: bool) -> None:
    """What is in the workspace, what failed and why, and whether the index is sound. Exit status 1 when a schedule needs a person."""
    from rag.cli import show
    from rag.schedule import healths

    with open_library(workspace) as library:
        schedules = healths(library.workspace, library.record.schedules, now=utc_now())
        show.status(library.status(), schedules=schedules, failed=failed, as_json=as_json)
    if any(one.needs_a_person for one in schedules):
        sys.exit(1)


_DOCTOR = """\
\b
  rag doctor
  rag doctor --json | jq '.[] | select(.state != "ok")'
"""


@click.command(cls=Command, short_help="Is the workspace healthy, and what to do.", examples=_DOCTOR)
@in_workspace
@click.option("--repair", is_flag=True, help="Make anew first what is made of the chunks: the lexical index, codes in larger pieces.")
@json_option
def doctor(workspace: Path | None, repair: bool, as_json: bool) -> None:
    """Look at settings, record, index, model, folders and disk, and say what to do. Nothing is downloaded.

    Exit status 3 when something is broken.
    """
    from rag.app import examine
    from rag.cli import show

    where = workspace or find_workspace(Path.cwd())
    if repair:
        with open_library(where) as library:
            library.record.rebuild_lexical()
            library.record.put_codes_together(anew=True)
    findings = examine(where)
    show.examined(findings, as_json=as_json)
    sys.exit(WorkspaceError.exit_status if any(one.state == "broken" for one in findings) else 0)


_BACKUP = """\
\b
  rag backup ~/backups/research-2026-11-23.tar
"""


@click.command(cls=Command, short_help="Copy the workspace into one file.", examples=_BACKUP)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@in_workspace
@json_option
def backup(file: Path, workspace: Path | None, as_json: bool) -> None:
    """Copy record, settings, prompts and templates into FILE, as of one moment, and check the copy. Ingest may go on meanwhile.

    The documents' files are not in it: they are where they always were. FILE is as confidential as the documents.
    """
    from rag.cli import show

    with open_library(workspace) as library:
        show.backed_up(library.back_up(file, now=utc_now()), as_json=as_json)


_RESTORE = """\
\b
  rag restore ~/backups/research-2026-11-23.tar research
"""


@click.command(cls=Command, short_help="Make a workspace of a backup.", examples=_RESTORE)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("workspace", type=click.Path(path_type=Path))
@json_option
def restore(file: Path, workspace: Path, as_json: bool) -> None:
    """Make WORKSPACE, which must not exist, of the backup in FILE. Nothing is embedded again."""
    from rag.cli import show
    from rag.upkeep import restore as restored

    show.restored(restored(file, workspace), workspace=workspace, as_json=as_json)


_FORGET = """\
\b
  rag forget docs/mail/2026-03-17-recall.eml     # a path as in a citation
  rag forget ~/Documents/old-research            # a folder with all that is in it or comes into it; `rag status` lists them
  rag forget --undo docs/mail/2026-03-17-recall.eml
"""


@click.command(cls=Command, short_help="Erase documents for good.", examples=_FORGET)
@click.argument("what", nargs=-1, required=True, metavar="PATH|DOCUMENT...")
@click.option("--undo", is_flag=True, help="Let the next ingest read them again.")
@click.option("--wait", "wait_s", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS", help="Wait for another writer to finish.")
@in_workspace
@json_option
def forget(what: tuple[str, ...], undo: bool, wait_s: float, workspace: Path | None, as_json: bool) -> None:
    """Erase what the library knows of documents: text, vectors, index, and the saved reports and answers that quote or list them.

    Their files stay where they are and are left out from now on, as are copies of them. Backups are not touched.
    """
    from rag.cli import show

    with open_library(workspace) as library:
        if undo:
            show.let_in(library.let_in_again(what, now=utc_now()), as_json=as_json)
        else:
            show.erased(library.forget(what, now=utc_now(), wait_s=wait_s), as_json=as_json)
