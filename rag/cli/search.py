"""``rag search``."""

from datetime import date
from pathlib import Path

import click

from rag.cli.door import Command, Text, folder_option, from_option, in_workspace, json_option, open_search, scope_of, tag_option, to_option

_SEARCH = """\
\b
  rag search "cost of solid-state cells"
  rag search "tariffs" --from 2026-01-01 --folder docs/filings --tag europe
  rag search "tariffs" --per-document 2 --diverse
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
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Find the passages that answer QUESTION, best first, each with its page and why it was found."""
    from rag.cli import show

    scope = scope_of(published_from, published_to, folders, tags)
    with open_search(workspace) as retrieval:
        show.found(retrieval.find(question, k=k, scope=scope, per_document=per_document, diverse=diverse), as_json=as_json)
