"""``rag ingest``."""

import sys
from pathlib import Path

import click

from rag.cli.door import (
    Command,
    in_workspace,
    json_option,
    open_library,
    utc_now,
)
from rag.errors import ReadError

_INGEST = """\
\b
  rag ingest                  # all folders named in rag.toml; only what is new or changed is read
  rag ingest --re-embed       # after changing the embedder: embeds the stored texts again, reads no file
"""


@click.command(cls=Command, short_help="Read new and changed documents and embed them.", examples=_INGEST)
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@in_workspace
@click.option("--re-embed", is_flag=True, help="Embed all stored texts with the embedder of rag.toml, then switch to it at once.")
@click.option("--allow-deletes", is_flag=True, help="Forget vanished files even when they are more than a fifth of all.")
@click.option("--wait", "wait_s", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS", help="Wait for another writer to finish.")
@click.option("--watch", is_flag=True, help="Stay and ingest again whenever files change; Ctrl-C ends it.")
@json_option
def ingest(
    folders: tuple[Path, ...],
    workspace: Path | None,
    re_embed: bool,
    allow_deletes: bool,
    wait_s: float,
    watch: bool,
    as_json: bool,
) -> None:
    """Read new and changed documents of FOLDERS (default: those in rag.toml) into the record and embed them.

    Every file ends with a status and a reason. Exit status 5 says that some could not be read or have vanished; all others are in.
    """
    from rag.cli import show
    from rag.cli.progress import ProgressLine
    from rag.ingest import drain

    if watch:
        from rag.cli.watch import keep_up

        with open_library(workspace) as library:
            keep_up(library, folders, now=utc_now)
        return
    with open_library(workspace) as library:
        line = ProgressLine()
        steps = library.ingest(folders, re_embed=re_embed, allow_deletes=allow_deletes, wait_s=wait_s, now=utc_now())
        summary = drain(steps, show=line.draw)
        line.clear()
        state = library.status(kin=as_json)  # the summary for people does not print them
        show.ingested(summary, state, engine=library.engine if summary.embedded else "", as_json=as_json)
    sys.exit(ReadError.exit_status if state.failed or state.missing else 0)
