"""The page: every route gives a whole document that works without a script; a change answers with where to look next."""

import re
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response

from rag.app import Library, examine
from rag.errors import UsageError
from rag.render.changes import changes
from rag.report.schema import to_json
from rag.web import serving
from rag.web.api import LARGEST_NUMBER, Chat, Wish, compared, job_of
from rag.web.child import Job
from rag.web.forms import rendered
from rag.web.leaf import leaf
from rag.web.serving import MEDIA, Here
from rag.web.uploads import MOST_FILES
from rag.web.views import passage_view, short, turn_view
from rag.web.who import same

routes = APIRouter(include_in_schema=False)

_LISTED = 200
"""Documents listed at once."""
_CHATS = 30
"""Chats in the history list."""
_REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_SCRIPT = re.compile(r"script-src ('sha256-[A-Za-z0-9+/=]+')")

Words = Annotated[str, Query(max_length=4_000)]


def _page(template: str, *, here: str, **values: Any) -> Response:
    return HTMLResponse(rendered(template, here=here, **values))


def _to(address: str) -> Response:
    return RedirectResponse(address, status_code=303)


# ── ask ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/")
async def home(here: Here, token: str = "", q: Words = "") -> Response:
    """The question, and what was asked before. With the token of the printed address: lets the browser in."""
    if token:
        return _let_in(here, token)

    def job(library: Library) -> tuple[int, list[dict[str, Any]]]:
        return len(library.record.sources()), _history(library, q)

    documents, history = await here.desks.do(job)
    return _page("ask.html.j2", here="ask", documents=documents, history=history, words=q, busy=_busy(here))


def _let_in(here: serving.Serving, token: str) -> Response:
    if not same(token, here.key.token):
        return HTMLResponse(
            rendered(
                "error.html.j2",
                title="Unauthorized",
                sentence="This address is of an earlier start; open the one printed last.",
                known=False,
                here="",
            ),
            status_code=401,
        )
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


def _busy(here: serving.Serving) -> list[dict[str, Any]]:
    return [run.as_data() for run in here.runs.all() if not run.ended]


@routes.post("/ask")
async def ask(
    here: Here, question: Annotated[str, Form(max_length=4_000)] = "", chat: Annotated[int | None, Form(ge=1, le=LARGEST_NUMBER)] = None
) -> Response:
    """Answers, and shows the chat at the new answer."""
    now = here.clock()
    turn = await here.desks.do(lambda library: library.ask(question, now=now, chat=chat))
    here.numbers.answered(turn.answer)
    return _to(f"/chats/{turn.chat}#turn-{turn.number}")


@routes.get("/chats/{chat}")
async def chat(here: Here, chat: Chat) -> Response:
    """A chat and its next question."""

    def job(library: Library) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        return [turn_view(turn) for turn in library.turns(chat)], _history(library, "")

    turns, history = await here.desks.do(job)
    return _page("chat.html.j2", here="ask", chat=chat, turns=turns, history=history)


@routes.get("/search")
async def search(here: Here, q: Words = "") -> Response:
    """Passages, best first."""
    found = await here.desks.do(lambda library: library.search(q, k=20)) if q.strip() else None
    return _page("search.html.j2", here="library", words=q, passages=[passage_view(one) for one in found.passages] if found else [])


# ── library ───────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/library")
async def library(here: Here, q: Words = "") -> Response:
    """What is in, what is not and why, and the way in."""

    def job(library: Library) -> dict[str, Any]:
        found = serving.documents(library, words=q)
        return {"documents": found[:_LISTED], "total": len(found), "troubled": serving.troubled(library)}

    held = await here.desks.do(job)
    return _page("library.html.j2", here="library", words=q, runs=[run.as_data() for run in here.runs.all()[:5]], **held)


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
        return {"source": library.record.source(document), "leaf": leaf(whole, start=start, end=end), "notices": whole.notices}

    held = await here.desks.do(job)
    return _page("document.html.j2", here="library", marked=end > start, **held)


@routes.get("/runs/{run}")
async def run(here: Here, run: int) -> Response:
    """How far a run is, or what came of it."""
    found = here.runs.get(run).as_data()
    room = "reports" if found["kind"] == "report" else "library"
    step = {"stage": "", "done": 0, "total": 0, **found["last"]}
    return _page("run.html.j2", here=room, run=found, step=step, ended=found["state"] in ("done", "failed"))


@routes.post("/runs/{run}/stop")
async def stop(here: Here, run: int) -> Response:
    """Ends it."""
    here.runs.stop(run)
    return _to(f"/runs/{run}")


# ── reports ───────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/reports")
async def reports(here: Here) -> Response:
    """The saved reports, and a new one."""
    held = await here.desks.do(serving.heads)
    return _page("reports.html.j2", here="reports", reports=held, busy=_busy(here))


@routes.post("/reports")
async def write(
    here: Here,
    topic: Annotated[str, Form(max_length=1_000)] = "",
    plan: Annotated[str, Form(max_length=200_000)] = "",
    as_of: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Begins to write a report."""
    wish = Wish(topic="" if plan.strip() else topic, plan=plan if plan.strip() else "", as_of=_day(as_of))
    return _to(f"/runs/{here.begin(job_of(wish)).id}")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"{text!r} is not a day such as 2026-09-30") from error


@routes.get("/compare")
async def compare(here: Here, before: str, after: str) -> Response:
    """What changed between two saved reports."""
    one, other, made = await here.desks.do(lambda library: compared(library, before, after))
    told = changes(made, known=[row.source for row in other.coverage])
    return _page("compare.html.j2", here="reports", before=one, after=other, told=told)


@routes.get("/reports/{report}")
async def report(here: Here, report: str) -> Response:
    """A saved report: what it says first, its forms, and the editions to compare it with."""

    def job(library: Library) -> dict[str, Any]:
        made = library.saved(report)
        claims = {claim.id: claim.text for claim in made.claims}
        others = [head for head in serving.heads(library) if head["id"] != made.id]
        same_topic = [head for head in others if head["title"] == made.title]
        check = library.check(made)
        return {
            "report": made,
            "lines": [claims[name] for name in made.bottom_line],
            "others": same_topic + [head for head in others if head not in same_topic],
            "failures": check.failures(),
            "checks": sum(check.counts.values()),
            "size": len(to_json(made)),
        }

    return _page("report.html.j2", here="reports", formats=list(MEDIA), **await here.desks.do(job))


@routes.get("/reports/{report}/read")
async def read(here: Here, report: str) -> Response:
    """The HTML report as its own page, under its own policy, in a box without this server's rights."""
    _, data = await here.desks.do(lambda library: serving.report_file(library, report, "html"))
    named = _SCRIPT.search(data[:4_000].decode(errors="replace"))
    policy = f"{_REPORT_POLICY}; sandbox allow-scripts{f'; script-src {named[1]}' if named else ''}"
    return Response(data, media_type=MEDIA["html"], headers={"content-security-policy": policy})


# ── schedules and health ──────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/schedules")
async def schedules(here: Here) -> Response:
    """How the schedules do."""
    held = await here.desks.do(lambda library: serving.schedules(library, now=here.clock()))
    return _page("schedules.html.j2", here="schedules", schedules=held)


@routes.get("/health")
async def health(here: Here) -> Response:
    """What `rag doctor` finds."""
    found = await here.desks.do(lambda library: examine(library.workspace))
    return _page("health.html.j2", here="health", findings=found, broken=[one for one in found if one.state == "broken"])
