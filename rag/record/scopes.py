"""Which documents a search may see, as SQL over the view ``sources`` (alias ``s``)."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from rag.types import Scope

Condition = tuple[str, list[Any]]
"""SQL that is true for the documents in scope, and its parameters."""


def day(value: date) -> int:
    """20260930 for 30 September 2026."""
    return value.year * 10_000 + value.month * 100 + value.day


def from_day(value: int) -> date:
    """The date such a number stands for."""
    return date(value // 10_000, value // 100 % 100, value % 100)


def condition(scope: Scope) -> Condition:
    """True for every document when the scope is empty."""
    parts = [part for build in _PARTS if (part := build(scope))]
    return " AND ".join(sql for sql, _ in parts) or "1", [value for _, values in parts for value in values]


def documents(scope: Scope) -> Condition:
    """SQL that selects the ids of the documents in scope. Declared dates are looked up in their index; undated documents need files."""
    undated = replace(scope, published_from=None, published_to=None)
    others, values = condition(undated)
    if undated == scope:
        return f"SELECT s.id FROM documents AS s WHERE {others}", values
    first = day(scope.published_from) if scope.published_from else 0
    last = day(scope.published_to) if scope.published_to else 99_999_999
    declared = f"SELECT s.id FROM documents AS s WHERE s.published BETWEEN ? AND ? AND {others}"
    by_file = "SELECT s.id FROM sources AS s WHERE s.id IN (SELECT id FROM documents WHERE published IS NULL)"
    within, all_values = condition(scope)
    return f"{declared} UNION ALL {by_file} AND {within}", [first, last, *values, *all_values]


def _from(scope: Scope) -> Condition | None:
    return ("s.day >= ?", [day(scope.published_from)]) if scope.published_from else None


def _to(scope: Scope) -> Condition | None:
    return ("s.day <= ?", [day(scope.published_to)]) if scope.published_to else None


def _folders(scope: Scope) -> Condition | None:
    """Any of a document's paths counts. "0" is the character after "/": the range holds exactly what lies below the folder."""
    folders = [folder.strip("/") for folder in scope.folders]
    if not folders or "" in folders:
        return None
    below = " OR ".join("f.path = ? OR (f.path >= ? AND f.path < ?)" for _ in folders)
    values = [value for folder in folders for value in (folder, f"{folder}/", f"{folder}0")]
    return f"s.id IN (SELECT f.document FROM files AS f WHERE {below})", values


def _tags(scope: Scope) -> Condition | None:
    tags = json.dumps([tag.lower() for tag in scope.tags])
    sql = "EXISTS (SELECT 1 FROM tags AS t WHERE t.document = s.id AND t.tag IN (SELECT value FROM json_each(?)))"
    return (sql, [tags]) if scope.tags else None


def _documents(scope: Scope) -> Condition | None:
    return ("s.id IN (SELECT value FROM json_each(?))", [json.dumps(scope.documents)]) if scope.documents else None


_PARTS: tuple[Callable[[Scope], Condition | None], ...] = (_from, _to, _folders, _tags, _documents)
