"""The chats of the record: questions and their answers, as JSON."""

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from rag.errors import DeletedError, UsageError


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptTurn:
    """A turn as it is kept."""

    chat: int
    number: int
    """1-based, rising; an erased one leaves a gap."""
    asked: datetime
    question: str
    """As asked."""
    answer: str
    """The answer's JSON."""

    @property
    def understood_as(self) -> str:
        """The question that was looked for."""
        return str(json.loads(self.answer)["understood_as"])


def refuse_forgotten(rows: Callable[[str, Sequence[Any]], list[tuple[Any, ...]]], documents: Sequence[str]) -> None:
    """Nobody keeps what quotes a document that was forgotten while it was written. Raises DeletedError; within the caller's transaction."""
    if rows("SELECT 1 FROM forgotten WHERE what IN (SELECT value FROM json_each(?)) LIMIT 1", [json.dumps(list(documents))]):
        raise DeletedError("a document that it quotes was forgotten (`rag forget`) while it was written, so it is not kept; ask again")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatHead:
    """What a list prints of a chat."""

    chat: int
    asked: datetime
    """When it was begun."""
    question: str
    """The first."""
    turns: int


_NEWEST = "SELECT id FROM chats WHERE ?1 IS NULL OR owner = ?1 ORDER BY id DESC LIMIT ?2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chats:
    """The two tables, through the record's connection."""

    rows: Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
    """Runs one statement."""
    transaction: Callable[[], AbstractContextManager[None]]
    """All or nothing."""
    owner: int | None = None
    """Whose chats these are; None: everybody's."""
    readable: Callable[[str], bool] = lambda answer: True
    """Whether a kept answer (JSON) may still be shown."""

    def add(self, chat: int | None, *, asked: datetime, question: str, answer: str, documents: Sequence[str] = ()) -> tuple[int, int]:
        """(chat, number) of the new turn; None begins a chat. Raises UsageError for an unknown chat, DeletedError where one of the
        documents that it quotes has been forgotten."""
        with self.transaction():
            refuse_forgotten(self.rows, documents)
            if chat is None:
                sql = "INSERT INTO chats (created, owner) VALUES (?, ?) RETURNING id"
                chat = self.rows(sql, [asked.isoformat(), self.owner or 0])[0][0]
            self._check(chat)
            sql = """INSERT INTO turns (chat, number, asked, question, body)
                VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM turns WHERE chat = ?), ?, ?, ?) RETURNING number"""
            body = zlib.compress(answer.encode(), 6)
            number = self.rows(sql, [chat, chat, asked.isoformat(), question, body])[0][0]
        return chat, number

    def revise(self, chat: int, number: int, *, answer: str) -> None:
        """Another answer in the place of a turn's. Raises DeletedError for one that is gone."""
        sql = """UPDATE turns SET body = ?1 WHERE chat = ?2 AND number = ?3
            AND chat IN (SELECT id FROM chats WHERE ?4 IS NULL OR owner = ?4) RETURNING number"""
        with self.transaction():
            if not self.rows(sql, [zlib.compress(answer.encode(), 6), chat, number, self.owner]):
                raise DeletedError(f"question {number} of chat {chat} was deleted while its answer was worded; ask it again in a new chat")

    def turns(self, chat: int | None = None) -> list[KeptTurn]:
        """A chat's turns, oldest first; without a chat those of all chats, by chat. Raises UsageError for an unknown one."""
        if chat is not None:
            self._check(chat)
        return list(self._turns("(?2 IS NULL OR chat = ?2) ORDER BY chat, number", chat))

    def last(self, chat: int, most: int) -> list[KeptTurn]:
        """A chat's last turns, at most so many of them, oldest first; others are not unpacked. Raises UsageError for an unknown chat."""
        self._check(chat)
        return list(islice(self._turns("chat = ?2 ORDER BY number DESC", chat), most))[::-1]

    def _turns(self, which: str, value: int | None) -> Iterator[KeptTurn]:
        """Of the owner's that may still be shown, unpacked one by one; ``which`` is asked of ``value``, its ?2."""
        sql = f"""SELECT chat, number, asked, question, body FROM turns
            WHERE chat IN (SELECT id FROM chats WHERE ?1 IS NULL OR owner = ?1) AND {which}"""
        for of, number, asked, question, body in self.rows(sql, [self.owner, value]):
            answer = zlib.decompress(body).decode()
            if self.readable(answer):
                yield KeptTurn(chat=of, number=number, asked=datetime.fromisoformat(asked), question=question, answer=answer)

    def newest(self, most: int) -> list[KeptTurn]:
        """The turns of the newest chats, at most so many of them, by chat, oldest first."""
        return list(self._turns(f"chat IN ({_NEWEST}) ORDER BY chat, number", most))

    def heads(self, most: int) -> list[ChatHead]:
        """What a list prints of the newest chats, newest first."""
        sql = f"""SELECT chat, min(number), asked, question, count(*) FROM turns
            WHERE chat IN ({_NEWEST}) GROUP BY chat ORDER BY chat DESC"""
        return [
            ChatHead(chat=chat, asked=datetime.fromisoformat(asked), question=question, turns=turns)
            for chat, _, asked, question, turns in self.rows(sql, [self.owner, most])
        ]

    def erase(self, turns: Sequence[KeptTurn]) -> None:
        """The turns go, and the chats that have none left."""
        with self.transaction():
            for turn in turns:
                self.rows("DELETE FROM turns WHERE chat = ? AND number = ?", [turn.chat, turn.number])
            self.rows("DELETE FROM chats WHERE id NOT IN (SELECT chat FROM turns)", [])

    def remove(self, chat: int) -> list[KeptTurn]:
        """The chat goes with its turns; gives them. Within the caller's transaction. Raises UsageError for an unknown chat."""
        gone = self.turns(chat)
        self.rows("DELETE FROM turns WHERE chat = ?", [chat])
        self.rows("DELETE FROM chats WHERE id = ?", [chat])
        return gone

    def _check(self, chat: int) -> None:
        if not self.rows("SELECT 1 FROM chats WHERE id = ?1 AND (?2 IS NULL OR owner = ?2)", [chat, self.owner]):
            sql = "SELECT id FROM chats WHERE ?1 IS NULL OR owner = ?1 ORDER BY id DESC LIMIT 10"
            newest = [str(identity) for (identity,) in self.rows(sql, [self.owner])]
            raise UsageError(f"no chat {chat}; there is: {', '.join(newest) or 'none yet'}")
