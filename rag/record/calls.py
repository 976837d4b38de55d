"""What language models were asked and what they answered, and the reports that were begun with one."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rag.record.record import ERASED, Record
from rag.types import Recorded, Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelCall:
    """A call as it was recorded."""

    number: int
    prompt: str
    """SHA-256 of all that the answer depends on."""
    model: str
    parameters: str
    """JSON."""
    started: datetime
    finished: datetime | None
    """None when the process died, or still waits."""
    tokens_in: int
    tokens_out: int
    error: str
    """The error's class; empty when the answer was of use."""


class CallLog:
    """The calls to language models in a record: a ledger of rag.ports. Needs no writer's lock."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def answers(self, prompt: str) -> Sequence[Recorded]:
        """See rag.ports.Ledger."""
        sql = "SELECT answer, tokens_in, tokens_out FROM model_calls WHERE prompt = ? AND answer IS NOT NULL ORDER BY number"
        return [
            Recorded(text=zlib.decompress(answer).decode(), usage=Usage(tokens_in=tokens_in, tokens_out=tokens_out))
            for answer, tokens_in, tokens_out in self._record.rows(sql, [prompt])
        ]

    def begin(self, prompt: str, *, model: str, parameters: str, at: datetime) -> int:
        """See rag.ports.Ledger."""
        sql = "INSERT INTO model_calls (prompt, model, parameters, started) VALUES (?, ?, ?, ?)"
        return self._record.change(sql, [prompt, model, parameters, at.isoformat()])

    def end(self, number: int, *, at: datetime, answer: Recorded | None, error: str) -> None:
        """See rag.ports.Ledger."""
        sql = """UPDATE model_calls SET finished = ?1, answer = CASE error WHEN ?7 THEN NULL ELSE ?2 END, tokens_in = ?3, tokens_out = ?4,
            error = ?5 WHERE number = ?6"""
        packed = zlib.compress(answer.text.encode(), 6) if answer else None
        used = (answer.usage.tokens_in, answer.usage.tokens_out) if answer else (0, 0)
        self._record.change(sql, [at.isoformat(), packed, *used, error, number, ERASED])

    def all(self) -> list[ModelCall]:
        """Every call, oldest first."""
        sql = "SELECT number, prompt, model, parameters, started, finished, tokens_in, tokens_out, error FROM model_calls ORDER BY number"
        return [
            ModelCall(
                number=number,
                prompt=prompt,
                model=model,
                parameters=parameters,
                started=datetime.fromisoformat(started),
                finished=datetime.fromisoformat(finished) if finished else None,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                error=error,
            )
            for number, prompt, model, parameters, started, finished, tokens_in, tokens_out, error in self._record.rows(sql)
        ]

    # ── reports that were begun ───────────────────────────────────────────────────────────────────────────────────

    def request(self, request: Mapping[str, Any], *, at: datetime) -> int:
        """A report is about to be written; its number. The same request, still open, keeps its own."""
        text = json.dumps(dict(request), sort_keys=True, ensure_ascii=False)
        found = self._record.rows("SELECT number FROM requests WHERE report IS NULL AND request = ?", [text])
        if found:
            return int(found[0][0])
        return self._record.change("INSERT INTO requests (at, request) VALUES (?, ?)", [at.isoformat(), text])

    def fulfil(self, number: int, *, report: str) -> None:
        """It is written, under that id."""
        self._record.change("UPDATE requests SET report = ? WHERE number = ?", [report, number])

    def unfinished(self) -> Mapping[str, Any] | None:
        """The newest request that has no report yet."""
        found = self._record.rows("SELECT request FROM requests WHERE report IS NULL ORDER BY number DESC LIMIT 1")
        return dict(json.loads(found[0][0])) if found else None
