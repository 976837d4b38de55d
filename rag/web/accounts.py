"""A team's door: names and passwords, sessions, keys. While the workspace has no users, it says so and nothing else."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from rag.errors import AccessError
from rag.parts import RECORD
from rag.passwords import MOST, fits, hashed, secret
from rag.record import Record
from rag.types import Reader

T = TypeVar("T")

FREE_TRIES = 5
"""Wrong passwords for one name from one address before it has to wait; for a name from anywhere TIMES_ANYWHERE as many."""
TIMES_ANYWHERE = 10
LONGEST_WAIT = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(minutes=30)
_COUNTED = 10_000
"""Names and addresses that are counted at once."""
_HASHED_AT_ONCE = 2
"""Each takes 32 MB."""


class TooManyTriesError(AccessError):
    """Somebody guesses."""

    http_status = 429

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"too many wrong passwords; try again in {max(1, round(wait.total_seconds()))} seconds")


class WrongPasswordError(AccessError):
    """No such name, or another password: which of them is not told."""

    http_status = 401


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the door knows of a request."""

    team: bool
    """Whether the workspace has users; then a server's token opens nothing."""
    reader: Reader | None
    by_cookie: bool


class Tries:
    """Wrong passwords, by whatever is counted: after FREE_TRIES the wait doubles with each, up to LONGEST_WAIT."""

    def __init__(self, *, free: int) -> None:
        self._free = free
        self._held: OrderedDict[tuple[str, ...], tuple[int, datetime]] = OrderedDict()

    def wait(self, *of: str, now: datetime) -> timedelta:
        """How long until the next try; 0 and less: now."""
        count, last = self._held.get(of, (0, now))
        if count < self._free or now - last > FORGOTTEN_AFTER:
            return timedelta()
        return min(timedelta(seconds=2 ** min(count - self._free, 20)), LONGEST_WAIT) - (now - last)

    def note(self, *of: str, now: datetime) -> None:
        """One more wrong one."""
        count, last = self._held.pop(of, (0, now))
        self._held[of] = (1 if now - last > FORGOTTEN_AFTER else count + 1), now
        while len(self._held) > _COUNTED:
            self._held.popitem(last=False)

    def take_back(self, *of: str, all_of_them: bool = False) -> None:
        """The last one was right."""
        held = self._held.pop(of, None)
        if held is not None and held[0] > 1 and not all_of_them:
            self._held[of] = held[0] - 1, held[1]


class Accounts:
    """Users of a workspace, over a connection of its own in a thread of its own: a few lookups of 0.1 ms a request."""

    def __init__(self, workspace: Path, *, clock: Callable[[], datetime]) -> None:
        self._path = workspace / RECORD
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="accounts")
        self._record: Record | None = None
        self._hashing = asyncio.Semaphore(_HASHED_AT_ONCE)
        self._here = Tries(free=FREE_TRIES)
        self._anywhere = Tries(free=FREE_TRIES * TIMES_ANYWHERE)

    async def who(self, *, bearer: str, cookie: str) -> Known:
        """Whose key or session it is. Raises RecordError when the record cannot be read."""
        now = self._clock()

        def look(record: Record) -> Known:
            store = record.people
            if not store.any():
                return Known(team=False, reader=None, by_cookie=False)
            if bearer:  # a wrong key is not made good by a cookie
                return Known(team=True, reader=store.by_key(bearer, now=now), by_cookie=False)
            return Known(team=True, reader=store.by_session(cookie, now=now) if cookie else None, by_cookie=True)

        return await self._do(look)

    async def log_in(self, name: str, password: str, *, address: str, before: str) -> str:
        """The secret of a new session; one that the browser came with ends. Raises WrongPasswordError, TooManyTriesError.

        An unknown name takes as long as a wrong password.
        """
        called = name.strip().lower()[:200]
        user, kept = await self._checked(called, password, address=address)
        made = secret()

        def begin(record: Record) -> None:
            if record.people.password_of(called) != (user, kept):
                raise WrongPasswordError("the password was changed just now; log in with the new one")
            record.people.end_session(before)
            record.people.begin_session(user, secret=made, now=self._clock())

        await self._do(begin)
        return made

    async def _checked(self, called: str, password: str, *, address: str) -> tuple[int, str]:
        """(the user's number, the hash) of whoever has this password. Raises WrongPasswordError, TooManyTriesError."""
        now = self._clock()
        wait = max(
            self._here.wait(called, address, now=now), self._anywhere.wait(called, now=now), self._anywhere.wait("", address, now=now)
        )
        if wait > timedelta():
            raise TooManyTriesError(wait)
        counted = ((self._here, (called, address)), (self._anywhere, (called,)), (self._anywhere, ("", address)))
        for tries, of in counted:  # before it is looked at, so that many at once are counted too
            tries.note(*of, now=now)
        user, kept = await self._do(lambda record: record.people.password_of(called))
        async with self._hashing:
            right = await asyncio.to_thread(fits, password[: MOST + 1], kept)
        if not right:
            raise WrongPasswordError("this name and this password do not belong together")
        for tries, of in counted:
            tries.take_back(*of, all_of_them=tries is self._here)
        return user, kept

    async def change_password(self, name: str, before: str, after: str, *, address: str) -> None:
        """Of whoever knows the one before; ends all their sessions. Raises what ``log_in`` and ``hashed`` raise."""
        made = await self.hashed(after)
        await self._checked(name, before, address=address)
        await self._do(lambda record: record.people.set_password(name, made))

    async def hashed(self, password: str) -> str:
        """What is kept of a password. Raises UsageError for one that is too short or too long."""
        async with self._hashing:
            return await asyncio.to_thread(hashed, password)

    async def log_out(self, cookie: str) -> None:
        """Ends the session."""
        await self._do(lambda record: record.people.end_session(cookie))

    def close(self) -> None:
        """Of the server's end."""
        self._thread.submit(self._close).result(timeout=10)
        self._thread.shutdown()

    async def _do(self, job: Callable[[Record], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._with_record, job)

    def _with_record(self, job: Callable[[Record], T]) -> T:
        if self._record is None:
            self._record = Record.open(self._path)
        return job(self._record)

    def _close(self) -> None:
        if self._record is not None:
            self._record.close()
            self._record = None


def session_cookie(*, port: int, secure: bool) -> str:
    """Its name. ``__Host-`` makes browsers refuse it from another host or without TLS, so that nobody can plant one."""
    return "__Host-rag" if secure else f"rag_session_{port}"
