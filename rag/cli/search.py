"""``rag search``."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.cli.door import (
    Command,
    Text,
    folder_option,
    from_option,
    in_workspace,
    json_option,
    open_library,
    open_search,
    scope_of,
    tag_option,
    to_option,
    utc_now,
)
from rag.errors import UsageError

if TYPE_CHECKING:
    from rag.around import Context

_SEARCH = """\
\b
  rag search "cost of solid-state cells"
  rag search "tariffs" --from 2026-01-01 --folder docs/filings --tag europe
  rag search "tariffs" --per-document 2 --diverse
  rag search "tariffs" --recent --context section
  rag search "How do Veltrane and Kordwell differ in cell cost and in price?" --parts
  rag search "tariffs" --json | jq '.passages[0].chunk.text'
"""


@click.command(cls=Command, short_help="Find passages, with page and reason.", examples=_SEARCH)
@click.argument("question", type=Text())
@click.option("-k", type=click.IntRange(1, 100), default=10, show_default=True, help="How many passages.")
@from_option
@to_option
@folder_option
@tag_option
@click.option("--per-document", type=click.IntRange(1, 100), help="At most so many passages of one document.")
@click.option("--diverse", is_flag=True, help="Passages that together tell most, instead of the best ones.")
@click.option("--recent", is_flag=True, help="Newer documents sooner; those that do not say when they were published last.")
@click.option(
    "--context",
    type=click.Choice(["none", "neighbours", "section"]),
    default="none",
    show_default=True,
    help="Show each passage between its neighbours, or its whole section.",
)
@click.option("--parts", is_flag=True, help="Also search for each part of the question, as the writer's model takes it apart.")
@in_workspace
@json_option
def search(
    question: str,
    k: int,
    published_from: date | None,
    published_to: date | None,
    folders: tuple[str, ...],
    tags: tuple[str, ...],
    per_document: int | None,
    diverse: bool,
    recent: bool,
    context: "Context",
    parts: bool,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Find the passages that answer QUESTION, best first, each with its page and why it was found."""
    from rag.cli import show

    if parts and (per_document is not None or diverse or recent):
        raise UsageError("--parts puts several lists together; leave out --per-document, --diverse and --recent")
    scope = scope_of(published_from, published_to, folders, tags)
    if parts:
        with open_library(workspace) as library:
            show.found(library.search_in_parts(question, now=utc_now(), k=k, scope=scope, context=context), as_json=as_json)
        return
    with open_search(workspace) as retrieval:
        result = retrieval.find(question, k=k, scope=scope, per_document=per_document, diverse=diverse, recent=recent, context=context)
        show.found(result, as_json=as_json)
