"""``rag report`` and ``rag check``."""

import sys
from datetime import date
from pathlib import Path
from typing import Any, Literal

import click

from rag.cli.door import (
    Command,
    Day,
    Text,
    folder_option,
    from_option,
    in_workspace,
    json_option,
    open_library,
    scope_of,
    tag_option,
    utc_now,
)
from rag.errors import UsageError

_REPORT = """\
\b
  rag report "EV batteries, Europe, 2024-26"
  rag report "EV batteries, Europe" --as-of 2026-06-30 --output ~/reports --format html --format md
  rag report "EV batteries, Europe" --writer openai    # worded by the model of [writer] in rag.toml, every sentence checked
  rag report --resume                                  # goes on after a crash or a failed endpoint; nothing is paid twice
  rag report --replay r-1f2e3d4c5b6a --format html     # renders a written report again, without a model
"""


@click.command(cls=Command, short_help="Write a cited and checked report.", examples=_REPORT)
@click.argument("topic", type=Text(), required=False)
@click.option("--as-of", type=Day(), help="Use nothing published after this day; default: today.")
@from_option
@folder_option
@tag_option
@click.option("--template", default="", help="A folder in templates/; default: the one in rag.toml.")
@click.option("--format", "formats", multiple=True, type=click.Choice(["html", "md", "json"]), help="Repeatable; default: as in rag.toml.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The folder to write to; default: WORKSPACE/reports.")
@click.option("--writer", type=click.Choice(["extractive", "openai"]), help="Who words the sentences; default: as in rag.toml.")
@click.option("--fresh", is_flag=True, help="Ask the model again for what it answered before.")
@click.option("--resume", is_flag=True, help="Go on with the last report that a model did not finish.")
@click.option("--replay", metavar="ID", default="", help="Render a written report again, without a model.")
@in_workspace
@json_option
def report(
    topic: str | None,
    as_of: date | None,
    published_from: date | None,
    folders: tuple[str, ...],
    tags: tuple[str, ...],
    template: str,
    formats: tuple[Literal["html", "md", "json"], ...],
    output: Path | None,
    writer: Literal["extractive", "openai"] | None,
    fresh: bool,
    resume: bool,
    replay: str,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Write a cited and checked report on TOPIC: "market, regions or companies, period".

    A question that the documents do not answer becomes an entry under "Gaps", never prose.
    """
    from rag.cli import show, worded

    if bool(topic) + resume + bool(replay) != 1:
        raise UsageError("give one of these: a TOPIC, --resume, or --replay ID")
    with open_library(workspace) as library:
        now = utc_now()
        if replay:
            written = library.replay(replay, template=template, formats=formats, output=output)
        elif topic is None:
            with worded.going_on():
                written = library.resume(now=now, wording=worded.followed(fresh=fresh))
        else:
            day = as_of or now.date()
            with worded.going_on():
                written = library.report(
                    topic,
                    as_of=day,
                    now=now,
                    scope=scope_of(published_from, day, folders, tags),
                    template=template,
                    formats=formats,
                    output=output,
                    writer=writer,
                    wording=worded.followed(fresh=fresh),
                )
        show.written(written, as_json=as_json)
    sys.exit(0 if written.check.ok else 1)


_CHECK = """\
\b
  rag check reports/ev-batteries-europe-2026-06-30.json
  rag check - < report.json
  rag check report.json --json | jq '.failures'
"""


@click.command(cls=Command, short_help="Run the gates on a report's JSON.", examples=_CHECK)
@click.argument("report", type=click.File("rb"))
@in_workspace
@json_option
def check(report: Any, workspace: Path | None, as_json: bool) -> None:
    """Run the gates on REPORT, the JSON of any report ("-" reads stdin): are all quotes on their pages, all numbers in their quotes?

    Exit status 1 when a gate fails, with the claim that fails it. The documents are looked up in the workspace.
    """
    from rag.cli import show
    from rag.report import from_json

    read = from_json(report.read())
    with open_library(workspace) as library:
        result = library.check(read)
        show.checked(read, result, as_json=as_json)
    sys.exit(0 if result.ok else 1)
