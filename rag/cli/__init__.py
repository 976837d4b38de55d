"""The command line: parse, call the library, print. Results on stdout, progress and warnings on stderr, errors in one line.

Nothing heavy is imported before a command runs, so that ``rag --help`` answers at once.
"""

import sys
import traceback
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from rag.errors import RagError, ReadError, UsageError, WorkspaceError

if TYPE_CHECKING:
    from rag.app import Library
    from rag.types import Scope

_EPILOGUES = {
    "main": """\
\b
A first report:
  rag init research --folder ~/Documents/battery-research
  rag ingest
  rag report "EV batteries, Europe, 2024-26"
\b
Exit status: 0 done, 1 a check failed, 2 wrong call or setting, 3 workspace, 4 another process is writing,
5 some files could not be read or have vanished, 6 model, 7 report, 70 a defect of this program.
Each command explains itself: rag COMMAND --help.
""",
    "init": """\
\b
  rag init research                          # documents go into research/docs
  rag init research --folder ~/Documents/x   # documents stay where they are
  rag init research --embedder small         # no model download; a smaller model that comes with the program
""",
    "ingest": """\
\b
  rag ingest                  # all folders named in rag.toml; only what is new or changed is read
  rag ingest --re-embed       # after changing the embedder: embeds the stored texts again, reads no file
""",
    "doctor": """\
\b
  rag doctor
  rag doctor --json | jq '.[] | select(.state != "ok")'
""",
    "backup": """\
\b
  rag backup ~/backups/research-2026-11-23.tar
""",
    "restore": """\
\b
  rag restore ~/backups/research-2026-11-23.tar research
""",
    "forget": """\
\b
  rag forget docs/mail/2026-03-17-recall.eml     # a path as in a citation, or a folder
  rag forget --undo docs/mail/2026-03-17-recall.eml
""",
    "search": """\
\b
  rag search "cost of solid-state cells"
  rag search "tariffs" --from 2026-01-01 --folder docs/filings --tag europe
  rag search "tariffs" --json | jq '.passages[0].chunk.text'
""",
    "report": """\
\b
  rag report "EV batteries, Europe, 2024-26"
  rag report "EV batteries, Europe" --as-of 2026-06-30 --output ~/reports --format html --format md
""",
    "check": """\
\b
  rag check reports/ev-batteries-europe-2026-06-30.json
  rag check - < report.json
  rag check report.json --json | jq '.failures'
""",
    "status": """\
\b
  rag status
  rag status --failed         # only what could not be read, and why
""",
}


class _Command(click.Command):
    """Puts the examples under the options."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        epilogue = _EPILOGUES.get(self.name or "")
        if epilogue:
            formatter.write_paragraph()
            with formatter.section("Examples"):
                formatter.write_text(epilogue)


class _Group(click.Group):
    """Lists the commands in the order of use, and catches what a command could not do: one line on stderr, and the error's exit status."""

    command_class = _Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        formatter.write_text(_EPILOGUES["main"])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RagError as error:
            click.echo(f"rag: {error}", err=True)
            ctx.exit(error.exit_status)
        except KeyboardInterrupt:
            click.echo("rag: stopped; what was finished is kept, the same command goes on from here", err=True)
            ctx.exit(130)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception:  # noqa: BLE001 - the outermost door: what no one foresaw is shown whole and has a status of its own
            traceback.print_exc()
            click.echo("rag: this is a defect of the program; please report the lines above with the command", err=True)
            ctx.exit(70)


class _Text(click.ParamType[str]):
    """Words of a person; bytes that are no text in this terminal's encoding are refused."""

    name = "TEXT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if any("\ud800" <= character <= "\udfff" for character in text):
            self.fail("it is not text in this terminal's encoding; set LANG to one with UTF-8", param, ctx)
        return text


class _Date(click.ParamType[date]):
    """An ISO day."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2026-09-30", param, ctx)


_workspace = click.option(
    "-w",
    "--workspace",
    type=click.Path(path_type=Path),
    help="The workspace; default: the nearest rag.toml, here, above or just below.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON for programs.")
_from = click.option("--from", "published_from", type=_Date(), help="Only documents published on this day or later.")
_to = click.option("--to", "published_to", type=_Date(), help="Only documents published on this day or earlier.")
_folder = click.option(
    "--folder", "folders", multiple=True, metavar="PATH", help="Only documents below this path of a citation. Repeatable."
)
_tag = click.option("--tag", "tags", multiple=True, help="Only documents with this keyword of their own. Repeatable: any of them.")


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, name="rag")
@click.version_option(package_name="rag-reports", message="%(version)s")
def cli() -> None:
    """Market-trends reports from a folder of internal research, every sentence cited and checked."""


@cli.command(short_help="Make a workspace.")
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


@cli.command(short_help="Read new and changed documents and embed them.")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@_workspace
@click.option("--re-embed", is_flag=True, help="Embed all stored texts with the embedder of rag.toml, then switch to it at once.")
@click.option("--allow-deletes", is_flag=True, help="Forget vanished files even when they are more than a fifth of all.")
@click.option("--wait", "wait_s", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS", help="Wait for another writer to finish.")
@click.option("--watch", is_flag=True, help="Stay and ingest again whenever files change; Ctrl-C ends it.")
@_json
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
    from rag.ingest import drain

    if watch:
        from rag.cli.watch import keep_up

        with _library(workspace) as library:
            keep_up(library, folders, now=_now)
        return
    with _library(workspace) as library:
        line = show.ProgressLine()
        steps = library.ingest(folders, re_embed=re_embed, allow_deletes=allow_deletes, wait_s=wait_s, now=_now())
        summary = drain(steps, show=line.draw)
        line.clear()
        state = library.status(kin=as_json)  # the summary for people does not print them
        show.ingested(summary, state, as_json=as_json)
    sys.exit(ReadError.exit_status if state.failed or state.missing else 0)


@cli.command(short_help="What is in, what failed and why.")
@_workspace
@click.option("--failed", is_flag=True, help="Only the files that could not be read or were skipped, with the reason.")
@_json
def status(workspace: Path | None, failed: bool, as_json: bool) -> None:
    """What is in the workspace, what failed and why, and whether the index is sound."""
    from rag.cli import show

    with _library(workspace) as library:
        show.status(library.status(), failed=failed, as_json=as_json)


@cli.command(short_help="Find passages, with page and reason.")
@click.argument("question", type=_Text())
@click.option("-k", type=click.IntRange(1, 100), default=10, show_default=True, help="How many passages.")
@_from
@_to
@_folder
@_tag
@_workspace
@_json
def search(
    question: str,
    k: int,
    published_from: date | None,
    published_to: date | None,
    folders: tuple[str, ...],
    tags: tuple[str, ...],
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Find the passages that answer QUESTION, best first, each with its page and why it was found."""
    from rag.cli import show

    with _library(workspace) as library:
        scope = _scope(published_from, published_to, folders, tags)
        show.found(library.search(question, k=k, scope=scope), as_json=as_json)


@cli.command(short_help="Write a cited and checked report.")
@click.argument("topic", type=_Text())
@click.option("--as-of", type=_Date(), help="Use nothing published after this day; default: today.")
@_from
@_folder
@_tag
@click.option("--template", default="", help="A folder in templates/; default: the one in rag.toml.")
@click.option("--format", "formats", multiple=True, type=click.Choice(["html", "md", "json"]), help="Repeatable; default: as in rag.toml.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The folder to write to; default: WORKSPACE/reports.")
@_workspace
@_json
def report(
    topic: str,
    as_of: date | None,
    published_from: date | None,
    folders: tuple[str, ...],
    tags: tuple[str, ...],
    template: str,
    formats: tuple[Literal["html", "md", "json"], ...],
    output: Path | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Write a cited and checked report on TOPIC: "market, regions or companies, period".

    A question that the documents do not answer becomes an entry under "Gaps", never prose.
    """
    from rag.cli import show

    with _library(workspace) as library:
        now = _now()
        day = as_of or now.date()
        scope = _scope(published_from, day, folders, tags)
        written = library.report(topic, as_of=day, now=now, scope=scope, template=template, formats=formats, output=output)
        show.written(written, as_json=as_json)
    sys.exit(0 if written.check.ok else 1)


@cli.command(short_help="Run the gates on a report's JSON.")
@click.argument("report", type=click.File("rb"))
@_workspace
@_json
def check(report: Any, workspace: Path | None, as_json: bool) -> None:
    """Run the gates on REPORT, the JSON of any report ("-" reads stdin): are all quotes on their pages, all numbers in their quotes?

    Exit status 1 when a gate fails, with the claim that fails it. The documents are looked up in the workspace.
    """
    from rag.cli import show
    from rag.report import from_json

    read = from_json(report.read())
    with _library(workspace) as library:
        result = library.check(read)
        show.checked(read, result, as_json=as_json)
    sys.exit(0 if result.ok else 1)


@cli.command(short_help="Is the workspace healthy, and what to do.")
@_workspace
@click.option("--repair", is_flag=True, help="Make the lexical index anew from the chunks first.")
@_json
def doctor(workspace: Path | None, repair: bool, as_json: bool) -> None:
    """Look at settings, record, index, model, folders and disk, and say what to do. Nothing is downloaded.

    Exit status 3 when something is broken.
    """
    from rag.app import examine
    from rag.cli import show

    where = workspace or _find_workspace(Path.cwd())
    if repair:
        with _library(where) as library:
            library.record.rebuild_lexical()
    findings = examine(where)
    show.examined(findings, as_json=as_json)
    sys.exit(WorkspaceError.exit_status if any(one.state == "broken" for one in findings) else 0)


@cli.command(short_help="Copy the workspace into one file.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_workspace
@_json
def backup(file: Path, workspace: Path | None, as_json: bool) -> None:
    """Copy record, settings, prompts and templates into FILE, as of one moment, and check the copy. Ingest may go on meanwhile.

    The documents' files are not in it: they are where they always were. FILE is as confidential as the documents.
    """
    from rag.cli import show

    with _library(workspace) as library:
        show.backed_up(library.back_up(file, now=_now()), as_json=as_json)


@cli.command(short_help="Make a workspace of a backup.")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("workspace", type=click.Path(path_type=Path))
@_json
def restore(file: Path, workspace: Path, as_json: bool) -> None:
    """Make WORKSPACE, which must not exist, of the backup in FILE. Nothing is embedded again."""
    from rag.cli import show
    from rag.upkeep import restore as restored

    show.restored(restored(file, workspace), workspace=workspace, as_json=as_json)


@cli.command(short_help="Erase documents for good.")
@click.argument("what", nargs=-1, required=True, metavar="PATH|DOCUMENT...")
@click.option("--undo", is_flag=True, help="Let the next ingest read them again.")
@click.option("--wait", "wait_s", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS", help="Wait for another writer to finish.")
@_workspace
@_json
def forget(what: tuple[str, ...], undo: bool, wait_s: float, workspace: Path | None, as_json: bool) -> None:
    """Erase what the library knows of documents: text, vectors, index, and the saved reports that quote them.

    Their files stay where they are and are left out from now on, as are copies of them. Backups are not touched.
    """
    from rag.cli import show

    with _library(workspace) as library:
        if undo:
            show.let_in(library.let_in_again(what, now=_now()), as_json=as_json)
        else:
            show.erased(library.forget(what, now=_now(), wait_s=wait_s), as_json=as_json)


def _library(workspace: Path | None) -> "Library":
    """The workspace given or found."""
    from rag.app import Library

    return Library.open(workspace or _find_workspace(Path.cwd()))


def _find_workspace(here: Path) -> Path:
    """The nearest folder with a rag.toml: here, above, or the only one just below."""
    for folder in (here, *here.parents):
        if (folder / "rag.toml").is_file():
            return folder
    below = sorted(path.parent for path in here.glob("*/rag.toml"))
    if len(below) == 1:
        click.echo(f"rag: using the workspace {below[0].name}", err=True)
        return below[0]
    if below:
        raise UsageError(f"several workspaces below {here}: {', '.join(path.name for path in below)}; choose one with --workspace")
    raise UsageError(f"no workspace at or above {here}; make one with: rag init NAME, or name one with --workspace")


def _scope(published_from: date | None, published_to: date | None, folders: tuple[str, ...], tags: tuple[str, ...]) -> "Scope":
    from rag.types import Scope

    if published_from and published_to and published_from > published_to:
        raise UsageError(f"the first day, {published_from}, is after the last, {published_to}")
    return Scope(
        published_from=published_from,
        published_to=published_to,
        folders=tuple(folder.strip("/") for folder in folders),
        tags=tuple(tag.lower() for tag in tags),
    )


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """The entry point of the ``rag`` command."""
    cli(prog_name="rag")
