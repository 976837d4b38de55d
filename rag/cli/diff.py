"""``rag diff``."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from rag.cli.door import Command, in_workspace, json_option, open_library, read_file
from rag.errors import UsageError

if TYPE_CHECKING:
    from rag.types import Delta, Report

_DIFF = """\
\b
  rag diff r-51c0ffee1234 last
  rag diff monday.json tuesday.json
  rag diff monday.json tuesday.json --format html > changes.html
  rag diff r-51c0 last --json | jq '.figures[] | select(.kind == "revised")'
"""


@click.command(cls=Command, short_help="What changed between two reports.", examples=_DIFF)
@click.argument("before")
@click.argument("after")
@in_workspace
@click.option("--format", "output", type=click.Choice(["text", "md", "html", "json"]), default="text", help="Default: text.")
@json_option
def diff(before: str, after: str, workspace: Path | None, output: Literal["text", "md", "html", "json"], as_json: bool) -> None:
    """What changed from the report BEFORE to the report AFTER, and because of which document.

    Each is a report's JSON file, the id of a saved report or its beginning, or "last".
    """
    from rag.cli import show
    from rag.report import delta

    one, other = (_report(what, workspace) for what in (before, after))
    if one.as_of > other.as_of:
        raise UsageError(f"{before} is as of {one.as_of}, later than {after} as of {other.as_of}; name the earlier report first")
    if one.title != other.title:
        click.echo(f"note: these are reports on two topics: {one.title}; {other.title}", err=True)
    made = delta(one, other)
    if as_json or output == "json":
        show.print_json(show.plain(made))
    elif output == "text":
        _print(made, one, other)
    else:
        from rag.render import compared

        click.echo(compared(made, before=one, after=other, format=output, workspace=workspace), nl=False)


def _report(what: str, workspace: Path | None) -> "Report":
    from rag.report import from_json

    path = Path(what)
    if path.is_file():
        return from_json(read_file(path), name=what)
    if path.suffix or path.exists():
        raise UsageError(f'{what} is no file; give a report.json that rag wrote, the id of a saved report, or "last"')
    with open_library(workspace) as library:
        return library.saved(what)


def _print(made: "Delta", before: "Report", after: "Report") -> None:
    from rag.render.changes import comparison

    compared = comparison(made, before=before, after=after)
    told = compared["changes"]
    click.echo("\n".join("{title}, as of {as_of} ({id})".format(**compared[at]) for at in ("before", "after")))
    if told["nothing"]:
        click.echo("nothing changed: no document came, changed or went")
    for heading, rows in (
        ("Trends", [(one["kind"], one["title"], _turned(one), one["causes"]) for one in told["cards"]]),
        ("Figures", [(one["kind"], f"{one['topic']}, {one['period']}", _turned(one), one["causes"]) for one in told["figures"]]),
        ("Statements", [(one["kind"], one["text"], one["was"] and f"before: {one['was']}", one["causes"]) for one in told["claims"]]),
        ("Documents", [(one["event"], one["title"], one["other"] or one["reason"], [one["path"]]) for one in told["documents"]]),
    ):
        if rows:
            click.echo(click.style(f"\n{heading}", bold=True))
        for kind, what, how, causes in rows:
            click.echo(f"  {kind:12} {what}")
            click.echo("".join(f"{'':15}{line}\n" for line in (how, f"because of {'; '.join(causes)}" if causes else "") if line), nl=False)
    click.echo(f"\n{told['unchanged']} statements stand as before; {told['reshuffled']} are printed in one report only for want of room")


def _turned(one: dict[str, str]) -> str:
    return f"{one['was']} -> {one['now']}" if one["was"] and one["now"] else one["now"] or f"was {one['was']}"
