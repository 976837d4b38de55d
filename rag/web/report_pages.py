"""The reports' room: read with the evidence beside, ask about a claim, say what you think of it, compare two editions."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from rag.app import Library
from rag.chat.about import about
from rag.patterns import regex
from rag.render.changes import comparison
from rag.reviewing import LONGEST_NOTE, review, reviewed
from rag.web import asking, serving
from rag.web.api import compared
from rag.web.forms import page
from rag.web.reading import reading
from rag.web.serving import MEDIA, Here

routes = APIRouter(include_in_schema=False)

_REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_SCRIPT = regex(r"script-src ('sha256-[A-Za-z0-9+/=]+')")
_FORMS = {
    "html": "HTML",
    "pdf": "PDF",
    "docx": "Word",
    "md": "Markdown",
    "json": "JSON",
    "csv": "Figures (CSV)",
    "csl": "Sources (CSL)",
    "bib": "Sources (BibTeX)",
}
"""Format -> what it is called on the page, in the order of use."""


@routes.get("/compare")
async def compare(here: Here, before: str, after: str) -> Response:
    """What changed between two saved reports."""
    one, other, made = await here.desks.do(lambda library: compared(library, before, after))
    shown = comparison(made, before=one, after=other)
    told = shown["changes"]
    for row, claim in zip(told["claims"], made.claims, strict=True):
        row["address"] = f"/reports/{other.id}#{claim.claim}" if claim.claim else f"/reports/{one.id}#{claim.before}"
    for row, document in zip(told["documents"], made.documents, strict=True):
        row["address"] = "" if document.event == "withdrawn" else f"/documents/{document.source.document}"
    return page("compare.html.j2", here="reports", reader=here.reader, before=shown["before"], after=shown["after"], told=told)


@routes.get("/reports/{report}")
async def report(here: Here, report: str) -> Response:
    """A saved report: to be read with its evidence, reviewed, asked about, downloaded and compared."""

    def job(library: Library) -> dict[str, Any]:
        made = library.saved(report)
        others = [head for head in serving.heads(library) if head["id"] != made.id]
        same_topic = [head for head in others if head["title"] == made.title]
        check = library.check(made)
        return {
            "report": made,
            "others": same_topic + [head for head in others if head not in same_topic],
            "failures": check.failures(),
            "checks": sum(check.counts.values()),
            **reading(made, reviewed(library.record, made)),
        }

    return page(
        "report.html.j2",
        here="reports",
        reader=here.reader,
        formats={kind: word for kind, word in _FORMS.items() if kind in MEDIA},
        **await here.desks.do(job),
    )


@routes.get("/reports/{report}/read")
async def read(here: Here, report: str) -> Response:
    """The HTML report as its own page, under its own policy, in a box without this server's rights."""
    _, data = await here.desks.do(lambda library: serving.report_file(library, report, "html"))
    named = _SCRIPT.search(data[:4_000].decode(errors="replace"))
    policy = f"{_REPORT_POLICY}; sandbox allow-scripts{f'; script-src {named[1]}' if named else ''}"
    return Response(data, media_type=MEDIA["html"], headers={"content-security-policy": policy})


@routes.post("/reports/{report}/claims/{claim}/ask")
async def ask(
    here: Here,
    report: str,
    claim: str,
    question: Annotated[str, Form(max_length=4_000)] = "",
    where: Annotated[Literal["cited", "all"], Form()] = "cited",
) -> Response:
    """A chat that begins with this claim: a follow-up on it, in the documents that it cites or in all of them."""
    told = await here.desks.do(lambda library: about(library.saved(report), claim))
    only = where == "cited"
    asked = await asking.ask(here, question, about=told if only else None, history=() if only else [told.answer])
    turn = asked.turn
    return RedirectResponse(f"/chats/{turn.chat}?{urlencode({'report': report, 'claim': claim})}#turn-{turn.number}", status_code=303)


@routes.post("/reports/{report}/claims/{claim}/review")
async def verdict(
    here: Here,
    request: Request,
    report: str,
    claim: str,
    verdict: Annotated[Literal["accepted", "rejected", "open"], Form()],
    note: Annotated[str, Form(max_length=LONGEST_NOTE)] = "",
) -> Response:
    """Keeps an analyst's verdict on a claim, and shows the claim again."""
    reviewer, now = request.scope["person"].name, here.clock()

    def job(library: Library) -> str:
        made = library.saved(report)
        review(library.record, made, claim, verdict=verdict, note=note, reviewer=reviewer, now=now)
        return made.id

    return RedirectResponse(f"/reports/{await here.desks.do(job)}#{claim}", status_code=303)
