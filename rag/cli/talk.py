"""The conversation of ``rag chat``: lines in, answers out, a few commands with a slash."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.chat.words import place, to_markdown
from rag.cli import show_chat
from rag.cli.door import day_of, utc_now
from rag.errors import RagError, UsageError
from rag.retrieval import empty_folders
from rag.types import Scope, Turn

if TYPE_CHECKING:
    from rag.app import Library
    from rag.config import WriterKind

COMMANDS = """\
/sources        the documents of the last answer
/open N         the passage behind [N], with what stands around it
/scope          what is searched; /scope from=2026-01-01 to=2026-06-30 folder=docs/filings tag=europe; /scope all
/export FILE    write this chat as Markdown
/quit           leave (Ctrl-D does too)"""


class Talk:
    """One sitting: the chat it adds to, its scope, who words it, and the last answer."""

    def __init__(self, library: "Library", *, chat: int | None, scope: Scope, writer: "WriterKind | None" = None) -> None:
        self._library = library
        self._writer = writer
        self._scope = scope
        self._chat = chat
        self._last: Turn | None = library.turns(chat)[-1] if chat is not None else None

    def run(self) -> None:
        """Until /quit, the end of the input, or Ctrl-C at the prompt; what was asked is kept."""
        if sys.stdin.isatty():
            click.echo("Ask a question; /help lists the commands, /quit leaves.", err=True)
        for text in _lines():
            if text in ("/quit", "/exit", "/q"):
                break
            before = self._last
            try:
                self._command(text) if text.startswith("/") else self._ask(text)
            except RagError as error:
                click.echo(f"rag: {error}", err=True)
            except KeyboardInterrupt:
                kept = "its answer is kept" if self._last is not before else "nothing of this question is kept"
                click.echo(f"rag: stopped; {kept}", err=True)
        if self._chat is not None:
            click.echo(f"Kept as chat {self._chat}: rag chat --chat {self._chat}", err=True)

    def _ask(self, question: str) -> None:
        with show_chat.drafts() as heard:
            self._last = self._library.ask(question, now=utc_now(), chat=self._chat, scope=self._scope, writer=self._writer, heard=heard)
        self._chat = self._last.chat
        show_chat.answered(self._last, as_json=False)
        click.echo()

    def _command(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        match name:
            case "/sources":
                self._sources()
            case "/open":
                self._open(rest.strip())
            case "/scope":
                self._narrow(rest.strip())
            case "/export":
                self._export(rest.strip())
            case "/help":
                click.echo(COMMANDS)
            case _:
                raise UsageError(f"no command {name}; /help lists them")

    def _answer(self) -> Turn:
        if self._last is None:
            raise UsageError("nothing was asked yet; ask a question first")
        return self._last

    def _sources(self) -> None:
        for number, source, evidence in show_chat.sources_of(self._answer().answer):
            show_chat.line(f"[{number}] {source.title}{place(evidence)}, {source.published}, {source.path}", hang="    ")

    def _open(self, number: str) -> None:
        cited = {str(at): (evidence, source) for at, source, evidence in show_chat.sources_of(self._answer().answer)}
        if number.strip("[]") not in cited:
            raise UsageError(f"the last answer cites {', '.join(cited) or 'nothing'}; open one of them: /open 1")
        evidence, source = cited[number.strip("[]")]
        show_chat.opened(evidence, source, int(number.strip("[]")))

    def _narrow(self, words: str) -> None:
        if words == "all":
            self._scope = Scope()
        elif words:
            self._scope = _narrowed(self._scope, words)
        parts = [f"{name} {value}" for name, value in _said(self._scope) if value]
        count = len(self._library.record.sources(self._scope))
        click.echo(f"searching {count} documents" + (f": {', '.join(parts)}" if parts else ""))
        for hint in empty_folders(self._scope, paths=[source.path for source in self._library.record.sources()]):
            click.echo(f"note: {hint}", err=True)

    def _export(self, name: str) -> None:
        if not name:
            raise UsageError("name the file to write to: /export chat.md")
        text = to_markdown(self._library.turns(self._answer().chat))
        write(Path(name), text)
        click.echo(f"wrote {name}")


def write(path: Path, text: str) -> None:
    """Raises UsageError where the file cannot be written."""
    try:
        path.expanduser().write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; choose another file") from error


def _lines() -> Iterator[str]:
    """The questions, with line editing and history on a terminal; ends at the end of the input and at Ctrl-C."""
    if sys.stdin.isatty():
        import readline  # noqa: F401 - importing it gives input() line editing and history
    while True:
        try:
            text = input("> ").strip() if sys.stdin.isatty() else next(iter(sys.stdin.readline, "")).strip()
        except (EOFError, StopIteration, KeyboardInterrupt):
            return
        if text:
            yield text


def _narrowed(scope: Scope, words: str) -> Scope:
    for word in re.split(r"\s+(?=(?:from|to|folder|tag)=)", words):
        name, _, value = word.partition("=")
        if name not in ("from", "to", "folder", "tag") or not value:
            raise UsageError(f"{word!r} is no scope; say from=, to=, folder= or tag= with a value, or: /scope all")
        if name in ("from", "to"):
            try:
                day = day_of(value, last=name == "to")
            except ValueError as error:
                raise UsageError(f"{value!r} is not a day such as 2026-09-30, nor a month or a year") from error
            scope = replace(scope, published_from=day) if name == "from" else replace(scope, published_to=day)
        elif name == "folder":
            scope = replace(scope, folders=(*scope.folders, value.strip("/")))
        else:
            scope = replace(scope, tags=(*scope.tags, value.lower()))
    return scope


def _said(scope: Scope) -> list[tuple[str, str]]:
    return [
        ("from", str(scope.published_from or "")),
        ("to", str(scope.published_to or "")),
        ("in", ", ".join(scope.folders)),
        ("tagged", ", ".join(scope.tags)),
        ("of documents", ", ".join(scope.documents)),
    ]
