"""Desks and writers as one person may use them, and an answer that is begun at the one and worded by the other."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from rag.app import Library
from rag.chat.worded import crowded
from rag.desks.desks import Desks
from rag.desks.writing import Writers, Writing
from rag.types import Reader, Turn
from rag.unworded import Unparted, Unworded

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnDesks:
    """Desks that give out the library as this person may see it."""

    desks: Desks
    reader: Reader

    async def do(self, job: Callable[[Library], T]) -> T:
        """What the job gives. Raises what it raises; CrowdedError when too many wait."""
        return await self.desks.do(job, reader=self.reader)

    @property
    def waiting(self) -> int:
        """Jobs in line, of everybody."""
        return self.desks.waiting


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnWriters:
    """The answers that a model words for this person."""

    writers: Writers
    reader: Reader

    def begin(self, turn: Turn, unworded: Unworded, *, keep: bool, now: datetime) -> Writing | None:
        """In this person's name; None when too many go on."""
        return self.writers.begin(turn, unworded, keep=keep, by=self.reader, now=now)

    async def parts(self, unparted: Unparted, *, now: datetime) -> tuple[str, ...]:
        """What a model takes a question apart into, asked in this person's name. Raises as Writers.parts does."""
        return await asyncio.shield(asyncio.wrap_future(self.writers.parts(unparted, by=self.reader, now=now)))

    def of(self, chat: int, number: int) -> Writing | None:
        """The one that goes on for a turn; another's is as unknown as none."""
        return self.writers.of(chat, number, by=self.reader)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question that was answered, and may be waiting for its wording."""

    turn: Turn
    """In the documents' own sentences."""
    writing: Writing | None
    """The model's, where one words it."""

    async def worded(self) -> Turn:
        """The turn as it stands in the end. Whoever goes away ends no wording."""
        return self.turn if self.writing is None else await asyncio.shield(asyncio.wrap_future(self.writing.done))


async def begun(turn: Turn, unworded: Unworded, *, desks: OwnDesks, writers: OwnWriters, keep: bool, now: datetime) -> Asked:
    """The wording of a turn that ``Library.ask_to_word`` gave; where too many go on, the turn as it is quoted, with a note."""
    writing = writers.begin(turn, unworded, keep=keep, now=now)
    if writing is None:
        made = crowded(turn.answer)
        turn = await desks.do(lambda library: library.revise(turn, made)) if keep else replace(turn, answer=made)
    return Asked(turn=turn, writing=writing)
