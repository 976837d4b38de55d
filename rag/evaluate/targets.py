"""A question's gold as passages are held against it."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from rag.errors import UsageError
from rag.evaluate.questions import Place, Question
from rag.record import Record
from rag.text import find_squeezed
from rag.types import Chunk, Scope

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """A place in a document of the library."""

    document: str
    page: int | None
    spans: tuple[Span, ...]
    """Where the quote stands; empty where there is none."""

    def holds(self, chunk: Chunk) -> bool:
        """Whether the chunk is of this document, on this page, and covers half of the quote or lies within it for the half."""
        if chunk.document != self.document or (self.page is not None and not chunk.first_page <= self.page <= chunk.last_page):
            return False
        return not self.spans or any(_shared(span, (chunk.start, chunk.end)) >= 0.5 for span in self.spans)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One thing that a full answer needs."""

    id: str
    path: str
    """Of the document named first."""
    words: str
    """For people: path, page and the beginning of the quote."""
    spots: tuple[Spot, ...]

    def holds(self, chunk: Chunk) -> bool:
        """Whether the chunk answers for it."""
        return any(spot.holds(chunk) for spot in self.spots)


class Shelf:
    """The library's documents by path."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._documents = {file.path: file.document for file in record.files() if file.document}

    def document(self, path: str, *, question: Question) -> str:
        """Raises UsageError for a path that is not in the library."""
        if path not in self._documents:
            near = get_close_matches(path, self._documents, n=1)
            meant = f"; is it {near[0]}?" if near else "; write paths as `rag search` prints them"
            raise UsageError(f"question {question.name}: {path} is not in the library{meant}")
        return self._documents[path]

    @lru_cache(maxsize=16)  # noqa: B019 - a shelf lives as long as one evaluation
    def text(self, document: str) -> str:
        """The document's text."""
        return self._record.document(document).text


def targets_of(question: Question, *, shelf: Shelf) -> list[Target]:
    """Raises UsageError for a document or a quote that is not in the library."""
    return [
        Target(
            id=f"gold {number} {question.name}",
            path=gold.document,
            words=_words(gold),
            spots=tuple(_spot(place, question=question, shelf=shelf) for place in (gold, *gold.also)),
        )
        for number, gold in enumerate(question.gold)
    ]


def scope_of(question: Question, *, shelf: Shelf) -> Scope:
    """The question's own scope. Raises UsageError for a document that is not in the library."""
    within = question.scope
    return Scope(
        published_from=within.published_from,
        published_to=within.published_to,
        folders=within.folders,
        tags=within.tags,
        documents=tuple(shelf.document(path, question=question) for path in within.documents),
    )


def _spot(place: Place, *, question: Question, shelf: Shelf) -> Spot:
    document = shelf.document(place.document, question=question)
    return Spot(document=document, page=place.page, spans=_spans(place, document, question=question, shelf=shelf))


def _spans(place: Place, document: str, *, question: Question, shelf: Shelf) -> tuple[Span, ...]:
    if not place.quote:
        return ()
    text = shelf.text(document)
    spans = _exactly(place.quote, text) or list(find_squeezed(place.quote, text))
    if not spans:
        raise UsageError(f"question {question.name}: {place.document} does not say {_short(place.quote)!r}; correct the quote")
    return tuple(spans)


def _exactly(quote: str, text: str) -> list[Span]:
    spans, at = list[Span](), text.find(quote)
    while at >= 0:
        spans.append((at, at + len(quote)))
        at = text.find(quote, at + 1)
    return spans


def _shared(one: Span, other: Span) -> float:
    """What both have, as a share of the shorter."""
    both = min(one[1], other[1]) - max(one[0], other[0])
    return max(both, 0) / max(1, min(one[1] - one[0], other[1] - other[0]))


def _words(place: Place) -> str:
    page = f", page {place.page}" if place.page is not None else ""
    quote = f": “{_short(place.quote)}”" if place.quote else ""
    return f"{place.document}{page}{quote}"


def _short(text: str, *, most: int = 60) -> str:
    squeezed = " ".join(text.split())
    return squeezed if len(squeezed) <= most else f"{squeezed[: most - 1]}…"
