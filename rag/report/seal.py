"""What holds a report together as a whole: an id that is the hash of everything in it, and sources as their documents describe them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rag.report.cover import is_named
from rag.report.delta import delta
from rag.report.schema import plain, to_json
from rag.types import GateOutcome, Report, Scope

if TYPE_CHECKING:
    from rag.report.book import Book

Finding = tuple[str, GateOutcome, str]
"""(what it is about, outcome, reason)."""

MOST_NAMED = 10


def content_id(report: Report) -> str:
    """The id of a report: "r-" and 12 hex digits of the hash of everything else in it."""
    return "r-" + hashlib.sha256(to_json(replace(report, id="")).encode()).hexdigest()[:12]


def sealed(report: Report) -> Report:
    """The report under the id of its content."""
    return replace(report, id=content_id(report))


def edition_name(topic: str, *, scope: Scope, template: str) -> str:
    """What all editions of a report have in common, as a hash: topic, template and scope, but for the last day."""
    parts = (" ".join(topic.split()).casefold(), repr(replace(scope, published_to=None)), template)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def as_compared(report: Report, saved: Callable[[str], Report | None] | None) -> list[Finding]:
    """B12: "what changed", computed again from this edition and the one before it; unchecked where that one is not at hand."""
    name, told = report.manifest.predecessor, report.changes
    if (told.before if told is not None else "") != name:
        return [("what changed", "fail", f"it compares with {told.before if told else 'nothing'}, the manifest names {name or 'nothing'}")]
    if told is None:
        return []
    before = saved(name) if saved is not None else None
    if before is None:
        return [("what changed", "unchecked", f"the edition before, {name}, is not at hand")]
    again = replace(report, changes=delta(before, report))
    changes = list(_differences(plain(again)["changes"], plain(report)["changes"], "changes"))
    return [("what changed", "fail", f"{place}: {reason}") for place, reason in changes[:MOST_NAMED]]


def as_written(report: Report, saved: Report | None, *, siblings: Sequence[str] = ()) -> list[Finding]:
    """B12: how a report differs from the one of the same id that was saved when it was written; a note where none was.

    ``siblings`` are saved reports of the same run: the same inputs give the same bytes, so another id says that it was changed since.
    """
    if saved is None and siblings:
        return [("report", "fail", f"this run wrote {siblings[0]} here; this one was changed and given an id of its own")]
    if saved is None:
        return [("report", "warn", "no report of this id was written here: it is checked against the documents only")]
    changes = list(_differences(plain(saved), plain(report), "report"))
    told: list[Finding] = [(place, "fail", reason) for place, reason in changes[:MOST_NAMED]]
    more = len(changes) - len(told)
    return [*told, ("report", "fail", f"{more} more places differ from what was written")] if more else told


def sources_as_documents(book: "Book") -> Iterable[Finding]:
    """B2: title, author, publisher and date of each source, as the document itself says them, and whose paper it is."""
    owners = {row.source.document: row.owner for row in book.report.coverage if row.owner}
    for source in book.report.sources:
        document = book.text_of(source.document)
        if document is None:
            continue
        said = document.metadata
        for name, printed, own in (
            ("title", source.title, said.title),
            ("author", source.author, said.author),
            ("publisher", source.publisher, said.publisher),
            ("date", source.published, said.published or source.published),
        ):
            if printed != own:
                yield source.document, "fail", f"the report gives its {name} as {str(printed)!r}, the document as {str(own)!r}"
        owner = owners.get(source.document, "")
        if owner and not is_named(owner, source, document.text):
            yield source.document, "fail", f"the report calls it a paper of {owner!r}, which neither it nor its file's name says"


def _differences(one: Any, other: Any, place: str) -> Iterator[tuple[str, str]]:
    """(place, what was written and what is there now) of every value that differs, in the report's own order."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from _differences(one.get(key), other.get(key), f"{place}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (was, now) in enumerate(zip(one, other, strict=True)):
            yield from _differences(was, now, _named(place, at, was))
    elif one != other:
        yield place, f"written as {_short(one)}, now {_short(other)}"


def _named(place: str, at: int, value: Any) -> str:
    """A place in a list, by the id that stands there."""
    identity = value.get("id") if isinstance(value, dict) else None
    return f"{place}[{identity or at}]"


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} entries"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
