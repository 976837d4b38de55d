"""What the command line prints of answers and chats."""

import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from rag.chat.words import CONFLICTS, citations, place, said
from rag.cli.show import plain, print_json, unarmed

if TYPE_CHECKING:
    from rag.types import Answer, Claim, Conflict, Evidence, Source, Turn

WIDTH = 100


@contextmanager
def drafts() -> Iterator[Callable[[str], None] | None]:
    """What is told a model's sentences: they pass on one moving line of a terminal, as unverified as they are. None anywhere else."""
    if not sys.stderr.isatty():
        yield None
        return

    def draw(sentence: str) -> None:
        room = max(shutil.get_terminal_size().columns - 1, 40)
        text = textwrap.shorten(f"being written, unverified: {_safe(sentence)}", room, placeholder=" ...")
        click.echo(f"\r\033[K{click.style(text, dim=True)}", err=True, nl=False)

    try:
        yield draw
    finally:
        click.echo("\r\033[K", err=True, nl=False)


def answered(turn: "Turn", *, as_json: bool) -> None:
    """Sentences with [n], the sources with their pages below; where sources disagree, what was replaced, and how to go on."""
    if as_json:
        print_json(plain(turn))
        return
    answer = turn.answer
    if answer.understood_by != "as_asked":
        line(f"understood as: {answer.understood_as}", dim=True)
    if answer.abstained:
        _not_said(answer)
    else:
        _said(answer)
    for note in (*answer.notes, *answer.warnings):
        click.echo(f"note: {_safe(note)}", err=True)
    if turn.chat:
        click.echo(click.style(f"chat {turn.chat}, question {turn.number}", dim=True), err=True)


def _said(answer: "Answer") -> None:
    numbers = citations(answer)
    for claim in answer.claims:
        line(f"{_safe(said(claim))} {_marks(claim, numbers)}{_doubt(claim)}")
    for conflict in answer.conflicts:
        _disagreement(answer, conflict, numbers)
    click.echo()
    for number, source, evidence in sources_of(answer):
        line(f"[{number}] {_safe(source.title)}{place(evidence)}, {source.published}", hang="    ")
        line(_safe(source.path), hang="    ", dim=True, first="    ")


def _marks(claim: "Claim", numbers: "dict[str, int]") -> str:
    return "".join(f"[{number}]" for number in dict.fromkeys(numbers[item] for item in claim.evidence))


def _doubt(claim: "Claim") -> str:
    """What the gates did not pass, said beside the sentence."""
    return "" if claim.verdict == "supported" else f" ({claim.verdict})"


def _disagreement(answer: "Answer", conflict: "Conflict", numbers: "dict[str, int]") -> None:
    """The note that sources disagree, or that a figure was replaced."""
    claims = {claim.id: claim for claim in (*answer.claims, *answer.beside)}
    head = click.style(f"{CONFLICTS[conflict.kind]}:", fg="yellow")
    line(f"{head} {_safe(conflict.reason)}")
    for side in conflict.sides:
        claim = claims[side.claim]
        line(f"{side.value} ({side.period or 'no period'}, published {side.published}) {_marks(claim, numbers)}", first="  - ", hang="    ")


def sources_of(answer: "Answer") -> "list[tuple[int, Source, Evidence]]":
    """(number, source, evidence) of everything cited, in the order of the numbers."""
    by_document = {source.document: source for source in answer.sources}
    numbers = citations(answer)
    return [(numbers[item.id], by_document[item.document], item) for item in answer.evidence]


def _not_said(answer: "Answer") -> None:
    line(click.style("The documents do not say.", bold=True) + f" {_safe(answer.reason[:1].upper() + answer.reason[1:])}.")
    if answer.nearest:
        click.echo("\nNearest passages:")
    for at, passage in enumerate(answer.nearest, start=1):
        pages = f", page {passage.chunk.first_page}" if passage.source.pages > 1 else ""
        line(f"{at}. {_safe(passage.source.title)}{pages}, {passage.source.published}", hang="   ")
        line(textwrap.shorten(_safe(passage.chunk.text), 240, placeholder=" ..."), first="   ", hang="   ", dim=True)


def opened(evidence: "Evidence", source: "Source", number: int) -> None:
    """A quote with what stands around it on its page."""
    line(click.style(f"[{number}] {_safe(source.title)}{place(evidence)}", bold=True))
    before, after = (_safe(text) for text in (evidence.context_before, evidence.context_after))
    quote = click.style(_safe(evidence.quote), bold=True)
    line(f"{'... ' + before if before else ''} {quote} {after + ' ...' if after else ''}".strip())
    line(_safe(source.path), dim=True)


def listed(chats: "Sequence[Sequence[Turn]]", *, as_json: bool) -> None:
    """A line a chat: its number, its day, its first question and how many there are."""
    if as_json:
        print_json([[plain(turn) for turn in turns] for turns in chats])
        return
    for turns in chats:
        first = turns[0]
        more = f"  (and {len(turns) - 1} more)" if len(turns) > 1 else ""
        question = textwrap.shorten(_safe(first.answer.question), 80, placeholder=" ...")
        click.echo(f"{first.chat:4}  {first.asked:%Y-%m-%d %H:%M}  {question}{more}")
    if not chats:
        click.echo("no chats")


def line(text: str, *, first: str = "", hang: str = "", dim: bool = False) -> None:
    """One paragraph, wrapped."""
    wrapped = textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
    click.echo(click.style(wrapped, dim=True) if dim else wrapped)


def _safe(text: str) -> str:
    return unarmed(" ".join(text.split()))
