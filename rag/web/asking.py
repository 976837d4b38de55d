"""Asking, for every door of the server: the documents' own sentences at once, a model's words as it writes them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from starlette.responses import Response, StreamingResponse

from rag.app import Library
from rag.chat.about import About
from rag.desks import Asked, Writing, begun
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
    if unworded is None:
        return Asked(turn=turn, writing=None)
    return await begun(turn, unworded, desks=here.desks, writers=here.writers, keep=keep, now=now)


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
