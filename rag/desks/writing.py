"""What models are asked for, in threads of their own, so that no desk waits for one.

An answer that a model words is there at once in the documents' own sentences. What the model has written so far is told as it comes, so
that a page that is loaded again in the middle goes on where it is. A server that is killed meanwhile leaves the documents' own sentences,
which were kept before the model was asked.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from rag.app import Library
from rag.chat.worded import unfinished
from rag.config import WriterSettings
from rag.desks.desks import Desks
from rag.errors import CrowdedError, DeletedError
from rag.llms.calls import Nowhere
from rag.parts import llm_of
from rag.ports import Ledger, Llm
from rag.types import Reader, Recorded, Turn
from rag.unworded import Unparted, Unworded

T = TypeVar("T")

MOST_AT_ONCE = 64
"""Answers and questions that a model has at once, each by one call; whoever asks when there are more gets the answer quoted."""


@dataclass(kw_only=True)
class Writing:
    """One answer that a model words."""

    turn: Turn
    """In the documents' own sentences."""
    by: Reader
    """Who asked."""
    sentences: list[str] = field(default_factory=list)
    """The model's so far: each holds against its own quotations, none is checked beside the others yet."""
    done: Future[Turn] = field(default_factory=Future)
    """The turn as it stands in the end. Raises DeletedError where it was deleted meanwhile."""


class Writers:
    """The threads that wait for a model."""

    def __init__(self, workspace: Path, *, defect: Callable[[Exception], object]) -> None:
        """``defect`` is told what no one foresaw in a thread of these: nobody else would hear of it.

        What is asked and answered is written down at a desk of their own: five short steps an answer, each of which would wait behind
        questions.
        """
        self._desks = Desks(workspace, count=1)
        self._defect = defect
        self._going: dict[tuple[int, int], Writing] = {}
        self._idle: list[tuple[WriterSettings, Llm]] = []
        self._lock = threading.Lock()
        self._count = 0

    def begin(self, turn: Turn, unworded: Unworded, *, keep: bool, by: Reader, now: datetime) -> Writing | None:
        """Words a turn that is kept in the documents' own sentences; with ``keep=False`` one that is not kept. None when too many go on."""
        writing = Writing(turn=turn, by=by)
        if not self._comes():
            return None
        if keep:
            with self._lock:
                self._going[turn.chat, turn.number] = writing
        work = threading.Thread(target=self._work, args=(writing, unworded, keep, now), name="wording", daemon=True)
        work.start()
        return writing

    def parts(self, unparted: Unparted, *, by: Reader, now: datetime) -> Future[tuple[str, ...]]:
        """What a model takes a question apart into. Raises CrowdedError when too many go on; the future, what ``Unparted.by`` does."""
        if not self._comes():
            raise CrowdedError("the model has too many questions at the moment; come back in a moment, or leave out parts")
        parts: Future[tuple[str, ...]] = Future()
        threading.Thread(target=self._part, args=(parts, unparted, by, now), name="parting", daemon=True).start()
        return parts

    def of(self, chat: int, number: int, *, by: Reader) -> Writing | None:
        """The one that goes on for a turn; None when none does, or it is another person's."""
        with self._lock:
            found = self._going.get((chat, number))
        return found if found is not None and found.by.user == by.user else None

    def close(self) -> None:
        """Lets go of the models' connections; what goes on ends with the process, and stands as it was kept."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, model in idle:
            model.close()
        self._desks.close()

    def _comes(self) -> bool:
        """Whether there is room for one more, which has it then."""
        with self._lock:
            if self._count >= MOST_AT_ONCE:
                return False
            self._count += 1
            return True

    def _part(self, parts: Future[tuple[str, ...]], unparted: Unparted, by: Reader, now: datetime) -> None:
        try:
            with self._model(unparted.setting) as model:
                found = unparted.by(model, ledger=AtDesks(self._desks, by), now=now)
        except BaseException as error:  # noqa: BLE001 - the one who asked gets it
            self._goes()
            parts.set_exception(error)
            return
        self._goes()
        parts.set_result(found)

    def _goes(self) -> None:
        with self._lock:
            self._count -= 1

    def _work(self, writing: Writing, unworded: Unworded, keep: bool, now: datetime) -> None:
        turn, deleted = writing.turn, None
        try:
            made = self._worded(writing, unworded, keep=keep, now=now)
        except DeletedError as error:
            deleted = error
        except Exception as error:  # noqa: BLE001 - a thread's outermost door: the answer stands as it was kept, the reason goes to the log
            self._defect(error)
            made = replace(turn, answer=unfinished(turn.answer))
        self._goes()
        with self._lock:
            self._going.pop((turn.chat, turn.number), None)
        if deleted is not None:
            writing.done.set_exception(deleted)  # whoever waits for the answer is told
        else:
            writing.done.set_result(made)

    def _worded(self, writing: Writing, unworded: Unworded, *, keep: bool, now: datetime) -> Turn:
        ledger: Ledger = AtDesks(self._desks, writing.by) if keep else Nowhere()
        with self._model(unworded.setting) as model:
            made = unworded.by(model, ledger=ledger, now=now, heard=writing.sentences.append)
        if not keep:
            return replace(writing.turn, answer=made)
        return self._desks.done(lambda library: library.revise(writing.turn, made), reader=writing.by)

    @contextmanager
    def _model(self, setting: WriterSettings) -> Iterator[Llm]:
        """One that nobody uses now: a late call closes its connections, which must be nobody else's."""
        with self._lock:
            fit = next((at for at, (known, _) in enumerate(self._idle) if known == setting), None)
            model = self._idle.pop(fit)[1] if fit is not None else None
        model = model or llm_of(setting)
        try:
            yield model
        finally:
            with self._lock:
                self._idle.append((setting, model))


@dataclass(frozen=True, slots=True)
class AtDesks:
    """The record of model calls, each step written at a desk, so that none is held while the model writes."""

    desks: Desks
    reader: Reader

    def answers(self, prompt: str) -> Sequence[Recorded]:
        """See rag.ports.Ledger."""
        return self._at_one(lambda library: library.calls.answers(prompt))

    def begin(self, prompt: str, *, model: str, parameters: str, at: datetime) -> int:
        """See rag.ports.Ledger."""
        return self._at_one(lambda library: library.calls.begin(prompt, model=model, parameters=parameters, at=at))

    def end(self, number: int, *, at: datetime, answer: Recorded | None, error: str) -> None:
        """See rag.ports.Ledger."""
        self._at_one(lambda library: library.calls.end(number, at=at, answer=answer, error=error))

    def _at_one(self, job: Callable[[Library], T]) -> T:
        return self.desks.done(job, reader=self.reader)
