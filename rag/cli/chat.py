"""``rag ask``, ``rag chat`` and ``rag chats``."""

import sys
from datetime import date
from pathlib import Path
from typing import Any, Literal

import click

from rag.cli.door import (
    Command,
    Listing,
    Text,
    folder_option,
    from_option,
    in_workspace,
    json_option,
    open_library,
    scope_of,
    tag_option,
    to_option,
    utc_now,
    writer_option,
)
from rag.errors import UsageError

NOT_SAID = 8
"""The exit status of an answer that is none: the documents do not say."""

_ASK = """\
\b
  rag ask "How long is the wait for a grid connection?"
  rag ask "And on the islands?" --chat 3
  rag ask "tariffs in 2026" --from 2026-01-01 --folder docs/filings --json | jq '.answer.claims[].text'
  rag ask "why?" --claim c-4f1a22b09d3e --report reports/ev-batteries.json
"""


@click.command(cls=Command, short_help="Ask a question; the answer is quoted and cited.", examples=_ASK)
@click.argument("question", type=Text())
@click.option("--chat", type=click.IntRange(1), help="Go on with this chat: a follow-up is understood from it.")
@click.option("--claim", default="", metavar="ID", help="Ask about this claim of a report: only in the documents it cites.")
@click.option("--report", "report", type=click.File("rb"), help="The report's JSON that holds the claim.")
@from_option
@to_option
@folder_option
@tag_option
@writer_option
@in_workspace
@json_option
def ask(
    question: str,
    chat: int | None,
    claim: str,
    report: Any,
    published_from: date | None,
    published_to: date | None,
    folders: tuple[str, ...],
    tags: tuple[str, ...],
    writer: Literal["extractive", "openai"] | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Answer QUESTION in sentences of the documents, each cited and checked, or say that the documents do not.

    Exit status 8 when they do not say: the reason and the nearest passages are printed.
    """
    from rag.chat.about import claim_of
    from rag.cli import show_chat

    if bool(claim) != (report is not None) or (report is not None and chat is not None):
        raise UsageError("a claim is asked about with both --claim ID and --report FILE, in a chat of its own")
    with open_library(workspace) as library:
        scope = scope_of(published_from, published_to, folders, tags)
        about = claim_of(report, claim) if report is not None else None
        with show_chat.drafts() as heard:
            turn = library.ask(question, now=utc_now(), chat=chat, scope=scope, about=about, writer=writer, heard=heard)
        show_chat.answered(turn, as_json=as_json)
    sys.exit(NOT_SAID if turn.answer.abstained else 0)


_CHAT = """\
\b
  rag chat
  rag chat --chat 3
  printf 'What did zinc cost?\\nAnd in 2024?\\n' | rag chat
"""


@click.command(cls=Command, short_help="Ask one question after the other.", examples=_CHAT)
@click.option("--chat", type=click.IntRange(1), help="Go on with this chat.")
@from_option
@to_option
@folder_option
@tag_option
@writer_option
@in_workspace
def chat(
    chat: int | None,
    published_from: date | None,
    published_to: date | None,
    folders: tuple[str, ...],
    tags: tuple[str, ...],
    writer: Literal["extractive", "openai"] | None,
    workspace: Path | None,
) -> None:
    """Ask one question after the other; follow-ups are understood. Questions come from the keyboard or, line by line, from a pipe.

    Commands begin with a slash; /help lists them. Every turn is kept: `rag chats`.
    """
    from rag.cli.talk import Talk

    with open_library(workspace) as library:
        Talk(library, chat=chat, scope=scope_of(published_from, published_to, folders, tags), writer=writer).run()


_CHATS = """\
\b
  rag chats
  rag chats --search tariff
  rag chats show 3
  rag chats show 3 --export grid.md
  rag chats delete 3                     # for good: its text is in no file of the workspace any more
"""


@click.group(cls=Listing, invoke_without_command=True, short_help="What was asked before.", examples=_CHATS)
@click.option("--search", "word", type=Text(), default="", help="Only chats whose questions or answers hold these words.")
@in_workspace
@json_option
@click.pass_context
def chats(context: click.Context, word: str, workspace: Path | None, as_json: bool) -> None:
    """List the chats that were kept, newest first. `rag chats show 3` prints one."""
    from rag.cli import show_chat

    if context.invoked_subcommand is not None:
        return
    with open_library(workspace) as library:
        show_chat.listed(library.chats(word), as_json=as_json)


@chats.command(cls=Command, short_help="Print a chat, or write it as Markdown.")
@click.argument("chat", type=click.IntRange(1))
@click.option("--export", "to", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file as Markdown.")
@in_workspace
@json_option
def show(chat: int, to: Path | None, workspace: Path | None, as_json: bool) -> None:
    """Print the questions and answers of CHAT."""
    from rag.chat.words import to_markdown
    from rag.cli import show_chat
    from rag.cli.show import plain, print_json
    from rag.cli.talk import write

    with open_library(workspace) as library:
        turns = library.turns(chat)
    if to is not None:
        write(to, to_markdown(turns))
        click.echo(f"wrote {to}", err=True)
    elif as_json:
        print_json([plain(turn) for turn in turns])
    else:
        for turn in turns:
            click.echo(click.style(f"{turn.number}. {turn.answer.question}", bold=True))
            show_chat.answered(turn, as_json=False)
            click.echo()


@chats.command(cls=Command, short_help="Delete a chat for good.")
@click.argument("chat", type=click.IntRange(1))
@in_workspace
def delete(chat: int, workspace: Path | None) -> None:
    """Delete CHAT with its questions and answers: no text of them stays in the workspace's files. It cannot be brought back."""
    with open_library(workspace) as library:
        emptied = library.delete_chat(chat)
    click.echo(f"Chat {chat} is deleted")
    if not emptied:
        click.echo(
            "rag: another process reads the record, so the text stays in its log (library.db-wal) until the next chat is deleted or the "
            "last process has closed the record",
            err=True,
        )
