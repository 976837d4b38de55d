"""Users, groups, keys and sessions: who may come in. Secrets are kept as hashes only (rag/passwords.py)."""

import unicodedata
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rag.errors import AccessError, UsageError
from rag.passwords import digest_of
from rag.patterns import regex
from rag.record.access import EVERYONE, NOBODY, Rows
from rag.types import OWNER, Reader, Role

IDLE = timedelta(hours=12)
"""After so long without a request a browser has to log in again."""
LONGEST = timedelta(days=7)
"""And after so long in any case."""
NOTED_EVERY = timedelta(minutes=5)
"""How often the use of a key or a session is written down."""
KEY_PREFIX = "rag_"
"""Keys begin with it, so that a leaked one can be found."""

_NAME = regex(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_TAKEN = frozenset((EVERYONE, NOBODY, OWNER.name))


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """Somebody who may come in."""

    id: int
    name: str
    role: Role
    groups: tuple[str, ...]
    keys: int
    has_password: bool
    """False for one that comes by keys alone."""
    since: datetime

    @property
    def reader(self) -> Reader:
        """The same person, as what asks."""
        return Reader(user=self.id, name=self.name, role=self.role)


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """A key as it is listed; the secret itself was shown once."""

    id: str
    user: str
    label: str
    """What it is for."""
    made: datetime
    used: datetime | None
    """When it was last used, to within NOTED_EVERY; None: never."""


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """The tables of those who may come in, through the record's connection."""

    rows: Rows
    transaction: Callable[[], AbstractContextManager[None]]

    # ── users ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def any(self) -> bool:
        """Whether the workspace has users; without any, whoever has the server's token may do everything."""
        return bool(self.rows("SELECT 1 FROM users LIMIT 1", []))

    def users(self) -> list[User]:
        """All of them, by name."""
        sql = """SELECT id, name, role, since, password <> '', (SELECT count(*) FROM api_keys WHERE user = users.id),
            (SELECT group_concat(name) FROM (SELECT g.name FROM members AS m JOIN groups AS g ON g.id = m.team
            WHERE m.user = users.id ORDER BY g.name)) FROM users ORDER BY name"""
        return [
            User(
                id=identity,
                name=name,
                role=role,
                groups=tuple(groups.split(",")) if groups else (),
                keys=keys,
                has_password=bool(has_password),
                since=datetime.fromisoformat(since),
            )
            for identity, name, role, since, has_password, keys, groups in self.rows(sql, [])
        ]

    def user(self, name: str) -> User:
        """Raises UsageError for an unknown one."""
        found = [user for user in self.users() if user.name == name_of(name)]
        if not found:
            there = ", ".join(user.name for user in self.users()) or "none yet"
            raise UsageError(f"there is no user {name!r}; there is: {there}")
        return found[0]

    def reader(self, user: int) -> Reader:
        """Who that is now; 0 is whoever has the workspace. Raises AccessError for one who was removed."""
        if user == OWNER.user:
            return OWNER
        found = self.rows("SELECT name, role FROM users WHERE id = ?", [user])
        if not found:
            raise AccessError("the user in whose name this was to be done is removed; somebody else has to ask for it")
        return Reader(user=user, name=found[0][0], role=found[0][1])

    def add(self, name: str, *, role: Role, password: str, now: datetime) -> None:
        """A new user; ``password`` is a hash, or empty for one that comes by keys alone. Raises UsageError for a name that is taken."""
        called = new_name(name)
        with self.transaction():
            self._refuse_taken(called)
            sql = "INSERT INTO users (name, role, password, since) VALUES (?, ?, ?, ?)"
            self.rows(sql, [called, role, password, now.isoformat()])

    def remove(self, name: str, *, keep_admin: bool = False) -> None:
        """The user goes, with keys, sessions and the entries in lists, at once. Reports and chats stay in the record.

        ``keep_admin``, for who has no command line to mend it by: raises UsageError where no admin would be left who can log in.
        """
        user = self.user(name)
        with self.transaction():
            self.rows("DELETE FROM users WHERE id = ?", [user.id])
            self._refuse_without_admin(keep_admin)

    def set_role(self, name: str, role: Role, *, keep_admin: bool = False) -> None:
        """From the next request on. ``keep_admin`` as for ``remove``."""
        user = self.user(name)
        with self.transaction():
            self.rows("UPDATE users SET role = ? WHERE id = ?", [role, user.id])
            self._refuse_without_admin(keep_admin)

    def set_password(self, name: str, password: str) -> None:
        """Ends all sessions of the user."""
        user = self.user(name)
        with self.transaction():
            self.rows("UPDATE users SET password = ? WHERE id = ?", [password, user.id])
            self.rows("DELETE FROM sessions WHERE user = ?", [user.id])

    def password_of(self, name: str) -> tuple[int, str]:
        """(user's number, hash) for whoever is called so; (0, "") where nobody is or none is set."""
        found = self.rows("SELECT id, password FROM users WHERE name = ? AND password <> ''", [name_of(name)])
        return found[0] if found else (0, "")

    # ── groups ────────────────────────────────────────────────────────────────────────────────────────────────────

    def groups(self) -> dict[str, tuple[str, ...]]:
        """Name -> names of the members, by name."""
        found: dict[str, tuple[str, ...]] = {name: () for (name,) in self.rows("SELECT name FROM groups ORDER BY name", [])}
        sql = "SELECT g.name, u.name FROM members AS m JOIN groups AS g ON g.id = m.team JOIN users AS u ON u.id = m.user ORDER BY u.name"
        for group, name in self.rows(sql, []):
            found[group] = (*found[group], name)
        return found

    def put_into(self, group: str, names: Sequence[str]) -> None:
        """Puts users into a group, which is made where there is none. Raises UsageError for an unknown user."""
        called, users = new_name(group), [self.user(name).id for name in names]
        with self.transaction():
            if not self.rows("SELECT 1 FROM groups WHERE name = ?", [called]):
                self._refuse_taken(called)
                self.rows("INSERT INTO groups (name) VALUES (?)", [called])
            sql = "INSERT OR IGNORE INTO members (team, user) SELECT id, ? FROM groups WHERE name = ?"
            for user in users:
                self.rows(sql, [user, called])

    def set_members(self, group: str, names: Sequence[str]) -> None:
        """Who is in a group that there is: these users and nobody else. Raises UsageError for an unknown group or user."""
        called, users = self.group(group), [self.user(name).id for name in names]
        with self.transaction():
            self.rows("DELETE FROM members WHERE team = (SELECT id FROM groups WHERE name = ?)", [called])
            for user in users:
                self.rows("INSERT OR IGNORE INTO members (team, user) SELECT id, ? FROM groups WHERE name = ?", [user, called])

    def group(self, given: str) -> str:
        """The name of a group as it is kept. Raises UsageError for an unknown one."""
        there, called = self.groups(), name_of(given)
        if called not in there:
            raise UsageError(f"there is no group {given!r}; there is: {', '.join(there) or 'none yet'}")
        return called

    def take_out(self, group: str, names: Sequence[str]) -> None:
        """Takes users out of a group; without names the group goes, and its entries in lists. Raises UsageError for an unknown one."""
        called = self.group(group)
        held = self.groups()[called]
        if strangers := [name for name in map(name_of, names) if name not in held]:
            raise UsageError(f"{strangers[0]!r} is not in {called}; in it: {', '.join(held) or 'nobody'}")
        with self.transaction():
            if not names:
                self.rows("DELETE FROM groups WHERE name = ?", [called])
            sql = "DELETE FROM members WHERE team = (SELECT id FROM groups WHERE name = ?) AND user = (SELECT id FROM users WHERE name = ?)"
            for name in names:
                self.rows(sql, [called, name_of(name)])

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def keys(self) -> list[ApiKey]:
        """All of them, by user and time."""
        sql = (
            "SELECT k.id, u.name, k.label, k.made, k.used FROM api_keys AS k JOIN users AS u ON u.id = k.user ORDER BY u.name, k.made, k.id"
        )
        return [
            ApiKey(
                id=identity,
                user=user,
                label=label,
                made=datetime.fromisoformat(made),
                used=datetime.fromisoformat(used) if used else None,
            )
            for identity, user, label, made, used in self.rows(sql, [])
        ]

    def add_key(self, name: str, *, label: str, secret: str, now: datetime) -> tuple[str, str]:
        """(id, key) for a user; the key is to be shown once. ``secret`` is made of 256 random bits."""
        key, user = f"{KEY_PREFIX}{secret}", self.user(name)
        identity = digest_of(key).hex()[:8]
        sql = "INSERT INTO api_keys (id, user, label, secret, made) VALUES (?, ?, ?, ?, ?)"
        self._change(sql, [identity, user.id, label, digest_of(key), now.isoformat()])
        return identity, key

    def revoke(self, identity: str) -> None:
        """From the next request on. Raises UsageError for an unknown one."""
        with self.transaction():
            if not self.rows("DELETE FROM api_keys WHERE id = ? RETURNING id", [identity]):
                there = ", ".join(f"{key.id} ({key.user})" for key in self.keys()) or "none"
                raise UsageError(f"there is no key {identity!r}; there is: {there}")

    def by_key(self, given: str, *, now: datetime) -> Reader | None:
        """Whose key it is; notes its use."""
        return self._known("api_keys", "used", given, now=now) if given.startswith(KEY_PREFIX) else None

    # ── sessions ──────────────────────────────────────────────────────────────────────────────────────────────────

    def begin_session(self, user: int, *, secret: str, now: datetime) -> None:
        """Whoever sends the secret is that user. Sessions that are over are swept."""
        with self.transaction():
            over = [(now - IDLE).isoformat(), (now - LONGEST).isoformat()]
            self.rows("DELETE FROM sessions WHERE seen < ? OR begun < ?", over)
            sql = "INSERT INTO sessions (secret, user, begun, seen) VALUES (?, ?, ?, ?)"
            self.rows(sql, [digest_of(secret), user, now.isoformat(), now.isoformat()])

    def end_session(self, given: str) -> None:
        """Whether there was one or not."""
        self._change("DELETE FROM sessions WHERE secret = ?", [digest_of(given)])

    def by_session(self, given: str, *, now: datetime) -> Reader | None:
        """Whose browser it is, unless it was idle or logged in for too long."""
        found = self.rows("SELECT begun, seen FROM sessions WHERE secret = ?", [digest_of(given)])
        if not found:
            return None
        begun, seen = (datetime.fromisoformat(at) for at in found[0])
        return self._known("sessions", "seen", given, now=now) if now - seen <= IDLE and now - begun <= LONGEST else None

    # ── inside ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _known(self, table: str, noted: str, given: str, *, now: datetime) -> Reader | None:
        sql = f"SELECT u.id, u.name, u.role, t.{noted} FROM {table} AS t JOIN users AS u ON u.id = t.user WHERE t.secret = ?"
        found = self.rows(sql, [digest_of(given)])
        if not found:
            return None
        user, name, role, last = found[0]
        if not last or now - datetime.fromisoformat(last) > NOTED_EVERY:
            self._change(f"UPDATE {table} SET {noted} = ? WHERE secret = ?", [now.isoformat(), digest_of(given)])
        return Reader(user=user, name=name, role=role)

    def _refuse_without_admin(self, keep_admin: bool) -> None:
        """Within the transaction that would leave none."""
        if keep_admin and not self.rows("SELECT 1 FROM users WHERE role = 'admin' AND password <> '' LIMIT 1", []):
            raise UsageError("no admin would be left who can log in; make somebody else an admin with a password first")

    def _refuse_taken(self, name: str) -> None:
        if self.rows("SELECT 1 FROM users WHERE name = ?1 UNION SELECT 1 FROM groups WHERE name = ?1", [name]):
            raise UsageError(f"{name!r} is a user or a group already; users and groups share their names, so take another")

    def _change(self, sql: str, values: Sequence[Any]) -> None:
        with self.transaction():
            self.rows(sql, values)


def name_of(given: str) -> str:
    """A name as it is kept."""
    return unicodedata.normalize("NFKC", given).strip().lower()


def new_name(given: str) -> str:
    """The same. Raises UsageError for one that nobody can have."""
    name = name_of(given)
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise UsageError(f"{given!r} cannot be a name; take letters from a to z, digits and . _ @ + -, such as ann or ann@example.org")
    return name
