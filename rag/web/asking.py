"""Asking, for every door of the server: the documents' own sentences at once, a model's words as it writes them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from starlette.responses import Response, StreamingResponse

from rag.app import Library
from rag.chat.about import About
from rag.chat.worded import crowded
from rag.desks import Writing
from rag.types import Answer, Scope, Turn
from rag.unworded import Unworded
from rag.web.refuse import REFUSALS
from rag.web.serving import LARGEST_NUMBER, Here, Serving
from rag.web.stream import event, followed, last_heard

routes = APIRouter(prefix="/api", tags=["rag"], responses=REFUSALS)

LOOK_S = 0.1
"""Between two looks at what a model writes."""
_EVERYTHING = Scope()
Number = Annotated[int, Path(ge=1, le=LARGEST_NUMBER)]


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


async def ask(
    here: Serving,
    question: str,
    *,
    chat: int | None = None,
    scope: Scope = _EVERYTHING,
    about: About | None = None,
    history: Sequence[Answer] = (),
    keep: bool = True,
) -> Asked:
    """As Library.ask, but no desk is held while a model writes: it goes on in a thread of its own, whoever waits for it."""
    now = here.clock()

    def job(library: Library) -> tuple[Turn, Unworded | None]:
        return library.ask_to_word(question, now=now, chat=chat, scope=scope, about=about, history=history, keep=keep)

    turn, unworded = await here.desks.do(job)
    here.numbers.answered(turn.answer)
    writing = here.writers.begin(turn, unworded, keep=keep, now=now) if unworded else None
    if unworded and writing is None:
        quoted, made = turn, crowded(turn.answer)
        turn = await here.desks.do(lambda library: library.revise(quoted, made)) if keep else replace(quoted, answer=made)
    return Asked(turn=turn, writing=writing)


@routes.get(
    "/chats/{chat}/turns/{number}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def events(here: Here, request: Request, chat: Number, number: Number, last_event_id: Annotated[str, Header()] = "0") -> Response:
    """What a model writes of an answer, a sentence an event from the first on, unverified; "end" with the turn when it stands checked."""
    await here.desks.do(lambda library: library.turns(chat))
    look = _heard(here.writers.of(chat, number), after=last_heard(last_event_id), end={"chat": chat, "number": number})
    return StreamingResponse(followed(look, request=request, every_s=LOOK_S), media_type="text/event-stream")


def _heard(writing: Writing | None, *, after: int, end: Mapping[str, int]) -> Callable[[], tuple[list[str], bool]]:
    told = after

    def look() -> tuple[list[str], bool]:
        nonlocal told
        ended = writing is None or writing.done.done()
        news = writing.sentences[told:] if writing else []
        events = [event({"unverified": sentence}, number=told + at) for at, sentence in enumerate(news, 1)]
        told += len(news)
        return [*events, event(end, name="end")] if ended else events, ended

    return look
