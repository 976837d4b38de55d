"""JSON beside every page."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, File, Header, Path, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from rag.app import Library, Status, examine
from rag.around import Context
from rag.chat.words import to_markdown
from rag.errors import UsageError
from rag.report import delta
from rag.runs.child import Job
from rag.types import Delta, Report, SearchResult, Source, Turn
from rag.upkeep import Finding
from rag.web import asking, serving
from rag.web.refuse import REFUSALS
from rag.web.runs import Run
from rag.web.serving import LARGEST_NUMBER, MEDIA, Here
from rag.web.stream import event, followed, last_heard
from rag.web.uploads import MOST_FILES

routes = APIRouter(prefix="/api", tags=["rag"], responses=REFUSALS)

_MOST = 1_000
_LOOK_S = 0.2
"""Between two looks at a run that is followed."""

Text = Annotated[str, Query(max_length=4_000)]
Chat = Annotated[int, Path(ge=1, le=LARGEST_NUMBER)]


class Question(BaseModel):
    """What is asked."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(max_length=4_000)
    chat: int | None = Field(default=None, ge=1, le=LARGEST_NUMBER, description="The chat it goes on; none begins a new one.")
    published_from: date | None = None
    published_to: date | None = None
    folders: list[str] = []
    tags: list[str] = []
    keep: bool = Field(default=True, description="False leaves no trace in the history.")
    wait: bool = Field(
        default=True,
        description="False gives the documents' own sentences at once where a model words them: follow the turn's events for its words.",
    )


class Wish(BaseModel):
    """A report to write."""

    model_config = ConfigDict(extra="forbid")

    topic: str = Field(default="", max_length=1_000)
    plan: str = Field(default="", max_length=200_000, description="YAML as `rag plan` prints it, in place of a topic.")
    as_of: date | None = Field(default=None, description="Nothing published or ingested later is used; default: today.")
    template: str = Field(default="", max_length=100)
    since: str = Field(default="", max_length=100, description='The edition to compare with, or "none".')


class Listed(BaseModel):
    """Some of the documents."""

    total: int
    documents: list[Source]


# ── documents ─────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/status")
async def status(here: Here) -> Status:
    """What is in, what failed and why."""
    state = await here.desks.do(lambda library: library.status(kin=False))
    return state if here.reader.sees_all else serving.without_places(state)


@routes.get("/documents")
async def documents(
    here: Here, q: Text = "", limit: Annotated[int, Query(ge=1, le=_MOST)] = 100, offset: Annotated[int, Query(ge=0, le=1 << 40)] = 0
) -> Listed:
    """The documents whose title or path holds all words of ``q``, by path."""
    found = await here.desks.do(lambda library: serving.documents(library, words=q))
    return Listed(total=len(found), documents=found[offset : offset + limit])


@routes.post("/documents", status_code=202)
async def upload(here: Here, files: Annotated[list[UploadFile], File(max_length=MOST_FILES)]) -> dict[str, Any]:
    """Takes files in and begins to read them; follow the run."""
    incoming = [(file.filename or "", file.file) for file in files]
    names = await here.desks.do(lambda library: serving.take_in(library, incoming))
    return {"files": names, "run": here.begin(Job(kind="ingest")).as_data()}


@routes.post("/ingest", status_code=202)
async def ingest(here: Here) -> dict[str, Any]:
    """Reads what is new or changed in the folders of rag.toml."""
    return here.begin(Job(kind="ingest")).as_data()


@routes.get("/documents/{document}")
async def document(here: Here, document: str) -> Source:
    """One document by its id."""
    return await here.desks.do(lambda library: library.record.source(document))


@routes.get("/documents/{document}/text")
async def text(
    here: Here, document: str, start: Annotated[int, Query(ge=0)] = 0, end: Annotated[int | None, Query(ge=0)] = None
) -> dict[str, Any]:
    """Characters ``start`` to ``end`` of the document's text, at most 100,000: what spans of evidence are counted in."""
    whole = (await here.desks.do(lambda library: library.record.document(document))).text
    last = min(len(whole), start + 100_000, len(whole) if end is None else end)
    return {"start": start, "end": max(start, last), "length": len(whole), "text": whole[start:last]}


@routes.get("/search")
async def search(
    here: Here,
    q: Text,
    k: Annotated[int, Query(ge=1, le=100)] = 10,
    published_from: date | None = None,
    published_to: date | None = None,
    folder: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI copies it
    tag: Annotated[list[str], Query()] = [],  # noqa: B006
    per_document: Annotated[int | None, Query(ge=1, le=100)] = None,
    diverse: bool = False,
    recent: bool = False,
    context: Context = "none",
    parts: bool = False,
) -> SearchResult:
    """Passages for a question, best first, with page and reason.

    ``per_document``: at most so many of one document. ``diverse``: those that together tell most. ``recent``: newer documents sooner.
    ``context``: each passage with its neighbours or its section around it. ``parts``: also what the writer's model takes the question
    apart into.
    """
    scope = serving.scope_of(published_from, published_to, folder, tag)
    if parts:
        if per_document is not None or diverse or recent:
            raise UsageError("parts puts several lists together; leave out per_document, diverse and recent")
        unparted = await here.desks.do(lambda library: library.unparted(q))
        found = await here.writers.parts(unparted, now=here.clock())
        return await here.desks.do(lambda library: library.search_parts(q, found, k=k, scope=scope, context=context))
    return await here.desks.do(
        lambda library: library.search(q, k=k, scope=scope, per_document=per_document, diverse=diverse, recent=recent, context=context)
    )


# ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.post("/ask")
async def ask(here: Here, asked: Question) -> Turn:
    """An answer with checked citations, or why the documents do not say."""
    scope = serving.scope_of(asked.published_from, asked.published_to, asked.folders, asked.tags)
    answered = await asking.ask(here, asked.question, chat=asked.chat, scope=scope, keep=asked.keep)
    return await answered.worded() if asked.wait else answered.turn


@routes.get("/chats")
async def chats(here: Here, q: Text = "", limit: Annotated[int, Query(ge=1, le=_MOST)] = 100) -> list[list[Turn]]:
    """The newest kept chats, newest first; with words, those that hold all of them."""
    return await here.desks.do(lambda library: library.chats(q, most=limit))


@routes.get("/chats/{chat}")
async def turns(here: Here, chat: Chat) -> list[Turn]:
    """A chat's turns, oldest first."""
    return await here.desks.do(lambda library: library.turns(chat))


class Deleted(BaseModel):
    """A chat that is gone."""

    chat: int
    log_emptied: bool = Field(
        description="False where somebody reads the record all the while: its log then holds the text until the next deletion, or until "
        "the last process closes the record."
    )


@routes.delete("/chats/{chat}")
async def delete_chat(here: Here, chat: Chat) -> Deleted:
    """Deletes a chat for good: its questions and answers are in no list, search or export any more, and in no file of the workspace.

    An answer that a model is wording meanwhile is not kept; whoever waits for it is told (410).
    """
    return Deleted(chat=chat, log_emptied=await here.desks.do(lambda library: library.delete_chat(chat)))


@routes.get("/chats/{chat}/markdown", response_class=Response, responses={200: {"content": {"text/markdown": {}}}})
async def markdown(here: Here, chat: Chat) -> Response:
    """A chat as Markdown with footnotes."""
    text = await here.desks.do(lambda library: to_markdown(library.turns(chat)))
    return Response(
        text, media_type="text/markdown; charset=utf-8", headers={"content-disposition": f'attachment; filename="chat-{chat}.md"'}
    )


# ── reports ───────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/reports")
async def reports(here: Here) -> list[dict[str, Any]]:
    """The saved reports, newest first: id, title, as-of date, writer, when it was made."""
    return await here.desks.do(serving.heads)


@routes.post("/reports", status_code=202)
async def write(here: Here, wish: Wish) -> dict[str, Any]:
    """Begins to write a report; follow the run, whose result names it."""
    return here.begin(job_of(wish)).as_data()


def job_of(wish: Wish) -> Job:
    """Raises UsageError for neither or both of topic and plan."""
    if bool(wish.topic.strip()) == bool(wish.plan.strip()):
        raise UsageError("give a topic, or a plan in its place")
    return Job(kind="report", topic=wish.topic.strip(), plan=wish.plan, as_of=wish.as_of, template=wish.template, since=wish.since)


@routes.get("/reports/{report}")
async def report(here: Here, report: str) -> Report:
    """A saved report as data (docs/report.schema.json); ``last`` is the newest."""
    return await here.desks.do(lambda library: library.saved(report))


@routes.get(
    "/reports/{report}/files/{kind}", response_class=Response, responses={200: {"content": {media: {} for media in MEDIA.values()}}}
)
async def report_file(here: Here, report: str, kind: str) -> Response:
    """A saved report in a format: html, md, json, pdf, docx, csl, bib, csv."""
    made, data = await here.desks.do(lambda library: serving.report_file(library, report, kind))
    name = f"{made.id}-{made.as_of}.{'csl.json' if kind == 'csl' else kind}"
    return Response(data, media_type=MEDIA[kind], headers={"content-disposition": f'attachment; filename="{name}"'})


@routes.get("/reports/{before}/changes/{after}")
async def changes(here: Here, before: str, after: str) -> Delta:
    """What changed from one saved report to a later one, and because of which document."""
    return await here.desks.do(lambda library: compared(library, before, after)[2])


def compared(library: Library, before: str, after: str) -> tuple[Report, Report, Delta]:
    """Both reports, the earlier first, and what changed."""
    one, other = sorted((library.saved(before), library.saved(after)), key=lambda report: report.as_of)
    return one, other, delta(one, other)


# ── runs, health ──────────────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/runs")
async def runs(here: Here) -> list[dict[str, Any]]:
    """The last runs, newest first; those of earlier servers too."""
    return [run.as_data() for run in here.runs.all()]


@routes.get("/runs/{run}")
async def run(here: Here, run: int) -> dict[str, Any]:
    """One of them."""
    return here.runs.get(run).as_data()


@routes.post("/runs/{run}/again", status_code=202)
async def again(here: Here, run: int) -> dict[str, Any]:
    """Begins anew what a run was asked that was cut off, failed or is done; what was finished is not done twice."""
    return here.runs.again(run, now=here.clock()).as_data()


@routes.post("/runs/{run}/stop")
async def stop(here: Here, run: int) -> dict[str, Any]:
    """Ends it; what was finished is kept."""
    return here.runs.stop(run).as_data()


@routes.get("/runs/{run}/events", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def events(here: Here, request: Request, run: int, last_event_id: Annotated[str, Header()] = "0") -> Response:
    """Its progress as server-sent events, from the last kept one that the client has not seen; ends with the run."""
    look = _said(here.runs.get(run), after=last_heard(last_event_id))
    return StreamingResponse(followed(look, request=request, every_s=_LOOK_S), media_type="text/event-stream")


def _said(run: Run, *, after: int) -> Callable[[], tuple[list[str], bool]]:
    told = after

    def look() -> tuple[list[str], bool]:
        nonlocal told
        ended = run.ended
        news = run.after(told)
        told = news[-1].number if news else told
        events = [event(one.told, number=one.number) for one in news]
        return [*events, event(run.as_data(), name="end")] if ended else events, ended

    return look


@routes.get("/health")
async def health(here: Here) -> list[Finding]:
    """What `rag doctor` finds; reads all of the record and the index."""
    return await here.desks.do(lambda library: examine(library.workspace))
