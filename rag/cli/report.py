"""``rag report``."""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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
    writer_option,
)
from rag.cli.plan import asked_for
from rag.errors import UsageError

if TYPE_CHECKING:
    from rag.app import Library
    from rag.config import Format
    from rag.types import Report

FORMATS = ("html", "md", "json", "pdf", "docx", "csl", "bib", "csv")


class Formats(click.ParamType[tuple[str, ...]]):
    """Formats with commas between."""

    name = "FORMAT,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        named = tuple(word.strip() for word in value.split(",")) if isinstance(value, str) else value
        if unknown := [word for word in named if word not in FORMATS]:
            self.fail(f"{unknown[0]!r} is not one of {', '.join(FORMATS)}", param, ctx)
        return named


def chained(ctx: click.Context, param: click.Parameter, value: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """All formats named, each once, in the order given."""
    return tuple(dict.fromkeys(word for words in value for word in words))


_REPORT = """\
\b
  rag report "EV batteries, Europe, 2024-26"
  rag plan "EV batteries, Europe, 2024-26" > plan.yaml; rag report --plan plan.yaml
  rag report "EV batteries, Europe" --as-of 2026-06-30 --output ~/reports --format pdf,docx
  rag report "EV batteries, Europe" --writer openai    # worded by the model of [writer] in rag.toml, every sentence checked
  rag report --resume                                  # goes on after a crash or a failed endpoint; nothing is paid twice
  rag report --replay last --format pdf                # renders a written report again, without a model
"""


@click.command(cls=Command, short_help="Write a cited and checked report.", examples=_REPORT)
@click.argument("topic", type=Text(), default="")
@click.option("--plan", metavar="FILE|edit", help="Obey the plan in FILE, section by section; edit: change the topic's own plan first.")
@click.option("--pack", default="", help="The questions to ask: a file in prompts/facets/; default: the one in rag.toml.")
@click.option("--words", type=click.IntRange(min=100), help="At most so many words in all sentences together, such as 400 for one page.")
@click.option(
    "--as-of",
    type=Day(last=True),
    help="Use nothing published after this day (UTC), nor ingested after it where the workspace is older; default: today.",
)
@click.option("--since", default="", metavar="ID|none", help="The edition to compare with; default: the one before of the same topic.")
@from_option
@folder_option
@tag_option
@click.option("--template", default="", help="A folder in templates/; default: the one in rag.toml.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=Formats(),
    callback=chained,
    help="One or several of html, md, json, pdf, docx, csl, bib, csv. Repeatable; default: as in rag.toml.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The folder to write to; default: WORKSPACE/reports.")
@writer_option
@click.option("--fresh", is_flag=True, help="Ask the model again for what it answered before.")
@click.option("--resume", is_flag=True, help="Go on with the last report that a model did not finish.")
@click.option("--replay", metavar="ID", default="", help="Render a written report again, without a model: an id, its beginning, or last.")
@in_workspace
@json_option
def report(
    topic: str,
    plan: str | None,
    pack: str,
    words: int | None,
    as_of: date | None,
    since: str,
    published_from: date | None,
    folders: tuple[str, ...],
    tags: tuple[str, ...],
    template: str,
    formats: "tuple[Format, ...]",
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

    if bool(topic or plan) + resume + bool(replay) > 1:
        raise UsageError("give one of these: a TOPIC or plan, --resume, or --replay ID")
    with open_library(workspace) as library:
        now = utc_now()
        if replay:
            written = library.replay(replay, template=template, formats=formats, output=output)
        elif resume:
            with worded.going_on():
                written = library.resume(now=now, wording=worded.followed(fresh=fresh))
        else:
            asked = asked_for(library, topic, plan=plan, pack=pack)
            asked = asked if words is None else replace(asked, words=words)
            day = as_of or now.date()
            with worded.going_on():
                written = library.report(
                    asked,
                    as_of=day,
                    now=now,
                    scope=scope_of(published_from, day, folders, tags),
                    template=template,
                    formats=formats,
                    output=output,
                    since=since,
                    writer=writer,
                    wording=worded.followed(fresh=fresh),
                )
        show.written(written, as_json=as_json)
        if not as_json and not replay and (before := _before(library, written.report)):
            click.echo(f"What changed since the last one: rag diff {before} {written.report.id}")
    sys.exit(0 if written.check.ok else 1)


def _before(library: "Library", report: "Report") -> str:
    """The id of the report on the same topic that was saved last before this one; empty without one, or where it is as of a later day."""
    known = [head for head in library.record.report_heads() if head.title == report.title]
    older = known[[head.id for head in known].index(report.id) + 1 :]
    return older[0].id if older and older[0].as_of <= report.as_of else ""
