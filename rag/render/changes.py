"""What changed between two editions, as the variables of a template; and which documents an edition could see, in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from rag.numbers import period_words
from rag.render.words import clean, long_date, printed_title
from rag.types import CardKey, Delta, DocumentChange, Report, Scope, Source

Plain = dict[str, Any]

EVENTS = {"new": "New", "changed": "Changed", "superseded": "Superseded", "withdrawn": "Withdrawn"}
CARDS = {"new": "New", "strengthened": "Strengthened", "weakened": "Weakened", "reversed": "Turned", "retired": "Retired"}
FIGURES = {"new": "New", "revised": "Revised", "withdrawn": "Withdrawn"}
CLAIMS = {"new": "New", "confirmed": "Confirmed", "changed": "Changed", "withdrawn": "Withdrawn"}


def changes(delta: Delta | None, *, known: Iterable[Source]) -> Plain:
    """See MarketTrends.changes. ``known`` are the later edition's documents: a cause that is among them goes by its title."""
    if delta is None:
        return {"first": True}
    titles = {source.document: printed_title(source) for source in known}
    titles |= {change.source.document: printed_title(change.source) for change in delta.documents}
    return {
        "first": False,
        "nothing": delta.is_empty,
        "before": clean(delta.before),
        "as_of": long_date(delta.before_as_of),
        "documents": [_document(change, titles) for change in delta.documents],
        "cards": [
            {
                "kind": CARDS[one.kind],
                "title": clean(one.title),
                "was": clean(one.was),
                "now": clean(one.now),
                "causes": _named(one.causes, titles),
            }
            for one in delta.cards
        ],
        "figures": [
            {
                "kind": FIGURES[one.kind],
                "topic": topic(one.key),
                "period": clean(period_words(one.period)),
                "was": clean(one.was),
                "now": clean(one.now),
                "causes": _named(one.causes, titles),
            }
            for one in delta.figures
        ],
        "claims": [
            {"kind": CLAIMS[one.kind], "text": clean(one.text), "was": clean(one.was), "causes": _named(one.causes, titles)}
            for one in delta.claims
        ],
        "unchanged": delta.unchanged,
        "reshuffled": delta.reshuffled,
    }


def comparison(made: Delta, *, before: Report, after: Report) -> Plain:
    """Two reports and what changed: {before, after: {id, title, as_of}, changes}, the last as ``changes`` gives it."""
    return {
        "before": _edition(before),
        "after": _edition(after),
        "changes": changes(made, known=[row.source for row in after.coverage]),
    }


def _edition(report: Report) -> Plain:
    return {"id": clean(report.id), "title": clean(report.title), "as_of": long_date(report.as_of)}


def _document(change: DocumentChange, titles: Mapping[str, str]) -> Plain:
    source = change.source
    return {
        "event": EVENTS[change.event],
        "title": printed_title(source),
        "path": clean(source.path),
        "by": clean(source.publisher or source.author),
        "date": long_date(source.published),
        "other": titles.get(change.other, "") if change.event == "superseded" else "",
        "reason": clean(change.reason),
    }


def _named(causes: Iterable[str], titles: Mapping[str, str]) -> list[str]:
    return [titles.get(cause, cause) for cause in causes]


def topic(key: CardKey) -> str:
    """What a card or figure is about: "Turnkey price · two-hour systems · Varland"."""
    text = " · ".join(clean(part) for part in (key.metric, key.entity, key.segment, key.region) if part)
    return text[:1].upper() + text[1:]


def scope_words(scope: Scope) -> list[str]:
    """How the documents were restricted, a line each; the as-of date says the last day."""
    lines = [f"published from {long_date(scope.published_from)}"] if scope.published_from else []
    lines += [f"below {folder}" for folder in scope.folders]
    return lines + ([f"with one of the keywords {', '.join(scope.tags)}"] if scope.tags else [])
