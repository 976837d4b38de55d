"""What every command shares: its shape, its options, how it opens a workspace, and what becomes of an error."""

import sys
import traceback
from calendar import monthrange
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rag.errors import RagError, UsageError
from rag.patterns import regex

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rag.app import Library
    from rag.retrieval import Retrieval
    from rag.types import Scope


class Command(click.Command):
    """Puts its examples under its options."""

    def __init__(self, *args: Any, examples: str = "", **named: Any) -> None:
        super().__init__(*args, **named)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            formatter.write_paragraph()
            with formatter.section("Examples"):
                formatter.write_text(self.examples)


class Group(click.Group):
    """Lists the commands in the order of use, and catches what a command could not do: one line on stderr, and the error's exit status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        formatter.write_text(self.epilog or "")

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


class Listing(Command, click.Group):
    """A command with commands of its own."""


class Text(click.ParamType[str]):
    """Words of a person; bytes that are no text in this terminal's encoding are refused."""

    name = "TEXT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if any("\ud800" <= character <= "\udfff" for character in text):
            self.fail("it is not text in this terminal's encoding; set LANG to one with UTF-8", param, ctx)
        return text


_PART = regex(r"(\d{4})(?:-(\d\d))?")


def day_of(text: str, *, last: bool) -> date:
    """An ISO day; of a year or a month ("2026", "2026-09") the first day or the last. Raises ValueError."""
    part = _PART.fullmatch(text)
    if part is None:
        return date.fromisoformat(text)
    year, month = int(part[1]), int(part[2] or (12 if last else 1))
    first = date(year, month, 1)
    return first.replace(day=monthrange(year, month)[1]) if last else first


class Day(click.ParamType[date]):
    """An ISO day, or a year or month for its first day, or its last."""

    name = "YYYY-MM-DD"

    def __init__(self, *, last: bool = False) -> None:
        self._last = last

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return day_of(value, last=self._last)
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2026-09-30, nor a month or a year", param, ctx)


in_workspace = click.option(
    "-w",
    "--workspace",
    type=click.Path(path_type=Path),
    help="The workspace; default: the nearest rag.toml, here, above or just below.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON for programs.")
from_option = click.option(
    "--from",
    "published_from",
    type=Day(),
    help="Only documents published on this day or later; 2026 and 2026-09 count from their first day.",
)
to_option = click.option(
    "--to", "published_to", type=Day(last=True), help="Only documents published on this day or earlier; 2026 and 2026-09 count whole."
)
folder_option = click.option(
    "--folder", "folders", multiple=True, metavar="PATH", help="Only documents below this path of a citation. Repeatable."
)
writer_option = click.option(
    "--writer", type=click.Choice(["extractive", "openai"]), help="Who words the sentences; default: as in rag.toml."
)
tag_option = click.option("--tag", "tags", multiple=True, help="Only documents with this keyword of their own. Repeatable: any of them.")


def open_library(workspace: Path | None) -> "Library":
    """The workspace given or found."""
    from rag.app import Library

    return Library.open(_announced(workspace or find_workspace(Path.cwd())))


def open_search(workspace: Path | None) -> "AbstractContextManager[Retrieval]":
    """Search over the workspace given or found."""
    from rag.parts import searching

    return searching(_announced(workspace or find_workspace(Path.cwd())))


def _announced(workspace: Path) -> Path:
    """The workspace; says first what opening it will do to a record of an earlier version."""
    from rag.parts import RECORD
    from rag.record import outdated

    if versions := outdated(workspace / RECORD):
        found, known = versions
        click.echo(
            f"rag: bringing {workspace / RECORD} from record version {found} to {known}; an earlier rag cannot open it afterwards, only a "
            "backup made by that one; the next `rag ingest` gives back the disk that this leaves empty",
            err=True,
        )
    return workspace


def find_workspace(here: Path) -> Path:
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


def scope_of(published_from: date | None, published_to: date | None, folders: tuple[str, ...], tags: tuple[str, ...]) -> "Scope":
    from rag.types import Scope

    if published_from and published_to and published_from > published_to:
        raise UsageError(f"the first day, {published_from}, is after the last, {published_to}")
    return Scope(
        published_from=published_from,
        published_to=published_to,
        folders=tuple(folder.strip("/") for folder in folders),
        tags=tuple(tag.lower() for tag in tags),
    )


def read_file(path: Path) -> bytes:
    """What a file given on the command line holds; "-" is stdin. Raises UsageError when it cannot be read."""
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def utc_now() -> datetime:
    return datetime.now(UTC)
