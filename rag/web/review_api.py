"""Verdicts on a report's claims as JSON."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from rag.app import Library
from rag.record import ReviewVerdict
from rag.reviewing import LONGEST_NOTE, review, reviewed
from rag.web.refuse import REFUSALS
from rag.web.serving import Here

routes = APIRouter(prefix="/api", tags=["rag"], responses=REFUSALS)


class Verdict(BaseModel):
    """What is thought of a claim."""

    model_config = ConfigDict(extra="forbid")

    verdict: ReviewVerdict = Field(description='"open" takes it back.')
    note: str = Field(default="", max_length=LONGEST_NOTE)


class Said(BaseModel):
    """A verdict as it is kept."""

    claim: str
    verdict: ReviewVerdict
    note: str
    reviewer: str
    at: datetime


class SaidBefore(Said):
    """A verdict on a claim in an earlier edition."""

    report: str
    reworded: bool = Field(description="The claim was on the same figures, in other words or with other values.")


class Reviews(BaseModel):
    """What was said of a report's claims; the report itself stays as it was written."""

    report: str
    claims: int
    accepted: int
    rejected: int
    reviews: list[Said]
    before: dict[str, SaidBefore] = Field(description="Claim of this report -> the last verdict of an earlier edition.")


@routes.get("/reports/{report}/reviews")
async def reviews(here: Here, report: str) -> Reviews:
    """The verdicts that stand, and those that earlier editions were given."""
    return await here.desks.do(lambda library: _reviews(library, report))


@routes.post("/reports/{report}/claims/{claim}/review")
async def verdict(here: Here, request: Request, report: str, claim: str, said: Verdict) -> Reviews:
    """Keeps a verdict on a claim."""
    reviewer, now = request.scope["person"].name, here.clock()

    def job(library: Library) -> Reviews:
        made = library.saved(report)
        review(library.record, made, claim, verdict=said.verdict, note=said.note, reviewer=reviewer, now=now)
        return _reviews(library, made.id)

    return await here.desks.do(job)


def _reviews(library: Library, report: str) -> Reviews:
    found = reviewed(library.record, library.saved(report))
    return Reviews(
        report=found.report,
        claims=found.claims,
        accepted=found.count("accepted"),
        rejected=found.count("rejected"),
        reviews=[Said(**_plain(one)) for one in found.reviews],
        before={
            claim: SaidBefore(**_plain(one.review), report=one.review.report, reworded=one.reworded) for claim, one in found.before.items()
        },
    )


def _plain(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Said.model_fields}
