"""Where to look: what can be chosen, what was, and how it is said."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Form, Query

from rag.app import Library
from rag.errors import UsageError
from rag.types import Scope, Source
from rag.web.serving import scope_of

Plain = dict[str, Any]

_LISTED = 200
"""Folders, and keywords, to choose from; the most frequent."""


def day(text: str) -> date | None:
    """Of a date field; None for an empty one. Raises UsageError."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"{text!r} is not a day such as 2026-09-30") from error


def _asked(first: str, last: str, folder: Sequence[str], tag: Sequence[str], document: Sequence[str]) -> Scope:
    return replace(scope_of(day(first), day(last), list(folder), list(tag)), documents=tuple(document))


def _of_form(
    first: Annotated[str, Form(max_length=10)] = "",
    last: Annotated[str, Form(max_length=10)] = "",
    folder: Annotated[list[str], Form(max_length=_LISTED)] = [],  # noqa: B006 - FastAPI copies it
    tag: Annotated[list[str], Form(max_length=_LISTED)] = [],  # noqa: B006
    document: Annotated[list[str], Form(max_length=_LISTED)] = [],  # noqa: B006
) -> Scope:
    return _asked(first, last, folder, tag, document)


def _of_address(
    first: Annotated[str, Query(max_length=10)] = "",
    last: Annotated[str, Query(max_length=10)] = "",
    folder: Annotated[list[str], Query(max_length=_LISTED)] = [],  # noqa: B006
    tag: Annotated[list[str], Query(max_length=_LISTED)] = [],  # noqa: B006
    document: Annotated[list[str], Query(max_length=_LISTED)] = [],  # noqa: B006
) -> Scope:
    return _asked(first, last, folder, tag, document)


InForm = Annotated[Scope, Depends(_of_form)]
"""What a posted form says of where to look."""
InAddress = Annotated[Scope, Depends(_of_address)]
"""The same of an address."""


def looking(library: Library, scope: Scope) -> Plain:
    """What the fields of a scope print: what there is, what is chosen, and that in words (empty for everything)."""
    sources = library.record.sources()
    titles = {source.document: source.title for source in sources}
    folders = folders_in(sources)
    tags = Counter(tag for source in sources for tag in source.tags)
    return {
        "first": scope.published_from or "",
        "last": scope.published_to or "",
        "folders": _options(folders, scope.folders),
        "tags": _options(tags, scope.tags),
        "documents": [{"id": name, "title": titles.get(name, "a document that is gone")} for name in scope.documents],
        "words": words(scope, titles=[titles.get(name, name) for name in scope.documents]),
    }


def folders_in(sources: Sequence[Source]) -> Counter[str]:
    """The folders that documents lie in, and how many lie in each and below."""
    paths = (source.path.split("/") for source in sources)
    return Counter("/".join(parts[:depth]) for parts in paths for depth in range(1, len(parts)))


def _options(found: Counter[str], chosen: Sequence[str]) -> list[Plain]:
    names = sorted({*chosen, *(name for name, _ in found.most_common(_LISTED))})
    return [{"name": name, "count": found[name], "chosen": name in chosen} for name in names]


def words(scope: Scope, *, titles: Sequence[str]) -> str:
    """A scope in words; empty for everything."""
    parts = [", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")] if titles else []
    parts += [f"below {' or '.join(scope.folders)}"] if scope.folders else []
    parts += [f"with the keyword {' or '.join(scope.tags)}"] if scope.tags else []
    parts += [f"published from {scope.published_from}"] if scope.published_from else []
    parts += [f"published up to {scope.published_to}"] if scope.published_to else []
    return "; ".join(parts)


def for_job(scope: Scope) -> Plain:
    """As a run remembers it."""
    return {
        "published_from": scope.published_from.isoformat() if scope.published_from else "",
        "published_to": scope.published_to.isoformat() if scope.published_to else "",
        "folders": list(scope.folders),
        "tags": list(scope.tags),
    }
