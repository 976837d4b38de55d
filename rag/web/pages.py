"""The page: every route gives a whole document that works without a script; a change answers with where to look next."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from rag.app import Library, examine
from rag.runs.child import Job
from rag.types import STRANGER, Scope
from rag.web import asking, serving
from rag.web.api import Chat
from rag.web.forms import page
from rag.web.leaf import leaf
from rag.web.scoped import InAddress, InForm, looking
from rag.web.serving import LARGEST_NUMBER, Here
from rag.web.uploads import MOST_FILES
from rag.web.views import passage_view, short, turn_view
from rag.web.who import same

routes = APIRouter(include_in_schema=False)

_LISTED = 200
"""Documents listed at once."""
_CHATS = 30
"""Chats in the history list."""

SAID = {
    "deleted": "The chat is deleted.",
    "deleted-in-log": "The chat is deleted. Somebody reads the library at this moment, so its text stays in the log beside the record "
    "until the next chat is deleted or the server is stopped.",
}
"""What was done -> how it is said on the first page."""

Words = Annotated[str, Query(max_length=4_000)]
Identity = Annotated[str, Query(pattern=r"^([a-z]-[0-9a-f]{12})?$")]


def _to(address: str) -> Response:
    return RedirectResponse(address, status_code=303)


# ── ask ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/")
async def home(
    here: Here, request: Request, token: str = "", q: Words = "", said: Literal["", "deleted", "deleted-in-log"] = ""
) -> Response:
    """The question, and what was asked before. With the token of the printed address: lets the browser in."""
    if token or request.scope.get("person") is None:
        return _let_in(here, token)

    def job(library: Library) -> dict[str, Any]:
        setting = library.settings.writer
        return {
            "documents": len(library.record.sources()),
            "history": _history(library, q),
            "looking": looking(library, Scope()),
            "writer": "" if setting.kind == "extractive" else setting.model,
        }

    return page(
        "ask.html.j2", here="ask", reader=here.reader, words=q, said=SAID.get(said, ""), busy=here.busy(), **await here.desks.do(job)
    )


def _let_in(here: serving.Serving, token: str) -> Response:
    if not same(token, here.key.token):
        sentence = "This address is of an earlier start; open the one printed last."
        return page("error.html.j2", here="", reader=STRANGER, status=401, title="Unauthorized", sentence=sentence, known=False)
    answer = _to("/")
    answer.set_cookie(here.key.cookie_name, here.key.cookie, httponly=True, samesite="strict", path="/")
    return answer


def _history(library: Library, words: str) -> list[dict[str, Any]]:
    if not words.strip():
        heads = library.record.chats.heads(_CHATS)
        return [{"chat": one.chat, "question": short(one.question, most=90), "asked": one.asked, "turns": one.turns} for one in heads]
    return [
        {"chat": turns[0].chat, "question": short(turns[0].answer.question, most=90), "asked": turns[0].asked, "turns": len(turns)}
        for turns in library.chats(words, most=_CHATS)
    ]


@routes.post("/ask")
async def ask(
    here: Here,
    scope: InForm,
    question: Annotated[str, Form(max_length=4_000)] = "",
    chat: Annotated[int | None, Form(ge=1, le=LARGEST_NUMBER)] = None,
) -> Response:
    """Answers, and shows the chat at the new answer, where a model's words appear as it writes them."""
    turn = (await asking.ask(here, question, chat=chat, scope=scope)).turn
    return _to(f"/chats/{turn.chat}#turn-{turn.number}")


@routes.get("/chats/{chat}")
async def chat(here: Here, chat: Chat, report: Identity = "", claim: Identity = "") -> Response:
    """A chat and its next question, which looks where the last one did. ``report`` and ``claim``: where the person came from."""

    def job(library: Library) -> dict[str, Any]:
        turns = library.turns(chat)
        seen = [
            {
                **turn_view(turn),
                "looked": looking(library, turn.answer.scope)["words"],
                "writing": here.writers.of(turn.chat, turn.number) is not None,
            }
            for turn in turns
        ]
        return {"turns": seen, "history": _history(library, ""), "looking": looking(library, turns[-1].answer.scope if turns else Scope())}

    return page(
        "chat.html.j2",
        here="ask",
        reader=here.reader,
        chat=chat,
        back=f"/reports/{report}#{claim}" if report else "",
        **await here.desks.do(job),
    )


@routes.post("/chats/{chat}/delete")
async def delete_chat(here: Here, chat: Chat) -> Response:
    """The chat goes for good; the page has asked whether that is meant."""
    emptied = await here.desks.do(lambda library: library.delete_chat(chat))
    return _to(f"/?said={'deleted' if emptied else 'deleted-in-log'}")


@routes.get("/search")
async def search(here: Here, scope: InAddress, q: Words = "") -> Response:
    """Passages, best first."""

    def job(library: Library) -> dict[str, Any]:
        found = library.search(q, k=20, scope=scope).passages if q.strip() else ()
        return {"passages": [passage_view(one) for one in found], "looking": looking(library, scope)}

    return page("search.html.j2", here="library", reader=here.reader, words=q, **await here.desks.do(job))


# ── library ───────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/library")
async def library(here: Here, q: Words = "") -> Response:
    """What is in, what is not and why, and the way in."""

    def job(library: Library) -> dict[str, Any]:
        found = serving.documents(library, words=q)
        return {"documents": found[:_LISTED], "total": len(found), "troubled": serving.troubled(library)}

    held = await here.desks.do(job)
    return page("library.html.j2", here="library", reader=here.reader, words=q, runs=[run.as_data() for run in here.runs.all()[:5]], **held)


@routes.post("/library")
async def upload(here: Here, files: Annotated[list[UploadFile], File(max_length=MOST_FILES)]) -> Response:
    """Takes files in, begins to read them, and shows how far it is."""
    incoming = [(file.filename, file.file) for file in files if file.filename]
    await here.desks.do(lambda library: serving.take_in(library, incoming))
    return _to(f"/runs/{here.begin(Job(kind='ingest')).id}")


@routes.post("/ingest")
async def ingest(here: Here) -> Response:
    """Reads what is new or changed in the folders."""
    return _to(f"/runs/{here.begin(Job(kind='ingest')).id}")


@routes.get("/documents/{document}")
async def document(here: Here, document: str, start: Annotated[int, Query(ge=0)] = 0, end: Annotated[int, Query(ge=0)] = 0) -> Response:
    """A document, at the leaf that holds ``start``, with the span marked."""

    def job(library: Library) -> dict[str, Any]:
        whole = library.record.document(document)
        return {
            "team": bool(here.reader.user),
            "source": library.record.source(document),
            "leaf": leaf(whole, start=start, end=end),
            "notices": whole.notices,
        }

    held = await here.desks.do(job)
    return page("document.html.j2", here="library", reader=here.reader, marked=end > start, **held)


@routes.get("/runs/{run}")
async def run(here: Here, run: int) -> Response:
    """How far a run is, or what came of it."""
    found = here.runs.get(run).as_data()
    room = "reports" if found["kind"] == "report" else "library"
    step = {"stage": "", "done": 0, "total": 0, "of_chunks": 0, "share": None, **found["last"]}
    return page("run.html.j2", here=room, reader=here.reader, run=found, step=step, ended=found["state"] in ("done", "failed"))


@routes.post("/runs/{run}/again")
async def again(here: Here, run: int) -> Response:
    """Begins anew what a run was asked; what was finished is not done twice."""
    return _to(f"/runs/{here.runs.again(run, now=here.clock()).id}")


@routes.post("/runs/{run}/stop")
async def stop(here: Here, run: int) -> Response:
    """Ends it."""
    here.runs.stop(run)
    return _to(f"/runs/{run}")


# ── health ────────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/health")
async def health(here: Here) -> Response:
    """What `rag doctor` finds."""
    found = await here.desks.do(lambda library: examine(library.workspace))
    return page("health.html.j2", here="health", reader=here.reader, findings=found, broken=[one for one in found if one.state == "broken"])
