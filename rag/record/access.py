"""Who may see what: lists on paths, and the one rule that reads them.

A list stands at a folder, a file or "" (everything) and names users and groups, or everyone. Of the lists at a path and above it the one
with the longest path decides, alone; where there is none, everyone who may come in sees it. A document is seen by whoever sees one of its
files. An admin, and whoever has the workspace itself, is bound by no list.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias

from rag.errors import UsageError
from rag.types import STRANGER, Reader

EVERYONE, NOBODY = "everyone", "nobody"
"""In place of names."""

Grants: TypeAlias = tuple[tuple[str, bool], ...]
"""(path, may see) by path, only where it differs from what the path above says; above everything stands True."""
Rows: TypeAlias = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessList:
    """Who may see a path and what lies below it."""

    path: str
    """As a citation prints it; empty for everything."""
    everyone: bool
    names: tuple[str, ...]
    """Users and groups, by name; none, and not everyone: nobody."""
    kept_from: str
    """Not empty: a document moved here from that path, and took its list along, since the one here was wider."""
    files: int
    """How many known files it decides about."""

    @property
    def who(self) -> str:
        """In words."""
        return EVERYONE if self.everyone else ", ".join(self.names) or NOBODY


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """Whether somebody may see a path, and why."""

    seen: bool
    why: str


def above(path: str) -> list[str]:
    """The path itself and all that it lies in, the longest first, "" last."""
    parts = path.split("/") if path else []
    return ["/".join(parts[:count]) for count in range(len(parts), -1, -1)]


def sees(grants: Grants, path: str) -> bool:
    """The rule, on what one person is granted."""
    held = dict(grants)
    return next((held[place] for place in above(path) if place in held), True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """The lists, through the record's connection."""

    rows: Rows
    transaction: Callable[[], AbstractContextManager[None]]

    def grants(self, reader: Reader) -> Grants:
        """What the lists say for a person, as short as can be; empty: everything may be seen."""
        if reader.sees_all:
            return ()
        if reader == STRANGER:
            return (("", False),)
        sql = """SELECT path, everyone OR EXISTS (SELECT 1 FROM access_entries AS e WHERE e.path = access_lists.path AND (e.user = ?1
            OR e.team IN (SELECT team FROM members WHERE user = ?1))) FROM access_lists ORDER BY length(path), path"""
        kept: dict[str, bool] = {}
        for path, seen in self.rows(sql, [reader.user]):
            if bool(seen) != next((kept[place] for place in above(path) if place in kept), True):
                kept[path] = bool(seen)
        return tuple(sorted(kept.items()))

    def lists(self) -> list[AccessList]:
        """Every list, by path."""
        found = self.rows("SELECT path, everyone, kept_from FROM access_lists ORDER BY path", [])
        decided = self._decided({path for path, *_ in found})
        return [
            AccessList(path=path, everyone=bool(everyone), names=self._names(path), kept_from=kept_from, files=decided[path])
            for path, everyone, kept_from in found
        ]

    def put(self, path: str, names: Sequence[str]) -> None:
        """The path's list; "everyone" or "nobody" in place of names. Raises UsageError for a name that is no user and no group."""
        if len(names) > 1 and {EVERYONE, NOBODY} & set(names):
            raise UsageError(f"{EVERYONE} and {NOBODY} stand alone; name either one of them, or users and groups")
        with self.transaction():
            entries = [self._entry(name) for name in names if name not in (EVERYONE, NOBODY)]
            self._write(path, everyone=EVERYONE in names, entries=entries)

    def clear(self, path: str) -> None:
        """The list goes; what lies above decides again. Raises UsageError where there is none."""
        with self.transaction():
            if not self.rows("DELETE FROM access_lists WHERE path = ? RETURNING path", [path]):
                there = ", ".join(one.path or "/" for one in self.lists()) or "none yet"
                raise UsageError(f"there is no list at {path or '/'}; lists are at: {there}")

    def judge(self, reader: Reader, path: str) -> Judged:
        """Whether somebody may see a path, and which list says so."""
        if reader.sees_all:
            return Judged(seen=True, why=f"{reader.name} is an admin, whom no list binds")
        lists = {one.path: one for one in self.lists()}
        found = next((lists[place] for place in above(path) if place in lists), None)
        if found is None:
            return Judged(seen=True, why="no list is at this path or above it, so everyone who may come in sees it")
        seen, where = sees(self.grants(reader), path), f"the list at {found.path or '/'}"
        if found.everyone:
            return Judged(seen=True, why=f"{where} lets everyone in")
        by = [name for name in self._callings(reader) if name in found.names]
        return Judged(seen=seen, why=f"{where} names {', '.join(by)}" if seen else f"{where} is for {found.who}")

    def kept(self, path: str) -> bool:
        """Whether the document there brought its list along."""
        return bool(self.rows("SELECT 1 FROM access_lists WHERE path = ? AND kept_from <> ''", [path]))

    def keep_narrow(self, document: str, path: str) -> None:
        """Called before a path comes to hold a document: where it lay under a list that lets fewer in, the path gets a copy of that list.

        Where it lies or last lay counts. Within the caller's transaction.
        """
        if not self.rows("SELECT 1 FROM access_lists LIMIT 1", []):
            return
        lists = {one: self._held(one) for (one,) in self.rows("SELECT path FROM access_lists", [])}
        if path in lists:
            return
        here = _deciding(lists, path)
        for old in self._places(document, but=path):
            there = _deciding(lists, old)
            if there is not None and not _within(lists[here] if here is not None else _ALL, lists[there]):
                everyone, entries = lists[there]
                self._write(path, everyone=everyone, entries=sorted(entries, key=str), kept_from=old)
                return

    # ── inside ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _places(self, document: str, *, but: str) -> list[str]:
        """Where a document lies; where it lies nowhere, where it last did."""
        live = self.rows("SELECT path FROM files WHERE document = ? AND path <> ? ORDER BY path", [document, but])
        sql = """SELECT path FROM past_files WHERE document = ?1
            AND until = (SELECT max(until) FROM past_files WHERE document = ?1) ORDER BY path"""
        return [path for (path,) in live or self.rows(sql, [document])]

    def _held(self, path: str) -> "_Held":
        (everyone,) = self.rows("SELECT everyone FROM access_lists WHERE path = ?", [path])[0]
        return bool(everyone), frozenset(self.rows("SELECT user, team FROM access_entries WHERE path = ?", [path]))

    def _write(self, path: str, *, everyone: bool, entries: "Sequence[_Entry]", kept_from: str = "") -> None:
        self.rows("DELETE FROM access_lists WHERE path = ?", [path])
        self.rows("INSERT INTO access_lists (path, everyone, kept_from) VALUES (?, ?, ?)", [path, everyone, kept_from])
        for user, team in dict.fromkeys(entries):
            self.rows("INSERT INTO access_entries (path, user, team) VALUES (?, ?, ?)", [path, user, team])

    def _entry(self, name: str) -> "_Entry":
        users = self.rows("SELECT id FROM users WHERE name = ?", [name])
        groups = self.rows("SELECT id FROM groups WHERE name = ?", [name])
        if not users and not groups:
            raise UsageError(f"{name!r} is no user and no group; add one with: rag users add {name}, or: rag groups add {name}")
        return (users[0][0], None) if users else (None, groups[0][0])

    def _names(self, path: str) -> tuple[str, ...]:
        sql = """SELECT coalesce(u.name, g.name) AS name FROM access_entries AS e LEFT JOIN users AS u ON u.id = e.user
            LEFT JOIN groups AS g ON g.id = e.team WHERE e.path = ? ORDER BY name"""
        return tuple(name for (name,) in self.rows(sql, [path]))

    def _callings(self, reader: Reader) -> list[str]:
        """The names by which a list can mean a person."""
        sql = "SELECT name FROM groups WHERE id IN (SELECT team FROM members WHERE user = ?) ORDER BY name"
        return [reader.name, *(name for (name,) in self.rows(sql, [reader.user]))]

    def _decided(self, paths: set[str]) -> Mapping[str, int]:
        counts = dict.fromkeys(paths, 0)
        for (path,) in self.rows("SELECT path FROM files WHERE document IS NOT NULL", []) if paths else ():
            place = next((place for place in above(path) if place in counts), None)
            if place is not None:
                counts[place] += 1
        return counts


_Entry: TypeAlias = tuple[int | None, int | None]
"""(user, group): one of them."""
_Held: TypeAlias = tuple[bool, frozenset[_Entry]]
"""(everyone, entries) of a list."""

_ALL: _Held = (True, frozenset())


def _deciding(lists: Mapping[str, _Held], path: str) -> str | None:
    return next((place for place in above(path) if place in lists), None)


def _within(one: _Held, other: _Held) -> bool:
    """Whether the first lets nobody in whom the second does not."""
    return other[0] or (not one[0] and one[1] <= other[1])
