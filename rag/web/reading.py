"""A report to be read on the page: its own words, each citation leading to its passage, each claim to a question and a verdict."""

from collections.abc import Mapping
from typing import Any

from rag.numbers import period_words
from rag.record import Review
from rag.render import context
from rag.render.words import clean
from rag.reviewing import Remembered, Reviewed
from rag.types import Claim, Fact, Report
from rag.web.views import passage_address

Plain = dict[str, Any]

STATES = {"": "Not reviewed", "accepted": "Accepted", "rejected": "Rejected"}
"""Verdict -> the words on its badge."""


def reading(report: Report, said: Reviewed) -> Plain:
    """What the reading page prints: the variables of a report's template, and of each claim by its id what is known beside it."""
    spans = {item.id: passage_address(item.document, start=item.start, end=item.end) for item in report.evidence}
    printed = context(report)
    standing = {review.claim: review for review in said.reviews}
    facts = {fact.evidence: fact for fact in reversed(report.facts)}
    questions = {section.id: section.question for section in report.sections}
    beside = {
        claim.id: {
            "review": _review(standing.get(claim.id)),
            "before": _remembered(said.before.get(claim.id)),
            "question": question_about(claim, facts, otherwise=questions.get(claim.section, "")),
            "documents": len({item.document for item in report.evidence if item.id in claim.evidence}),
        }
        for claim in report.claims
    }
    return {
        "printed": printed,
        "addresses": {row["label"]: spans[row["id"]] for row in printed.evidence},
        "beside": beside,
        "tally": {"claims": said.claims, "accepted": said.count("accepted"), "rejected": said.count("rejected")},
        "rejected_before": sum(said.before[name].review.verdict == "rejected" and name not in standing for name in said.before),
    }


def question_about(claim: Claim, facts: Mapping[str, Fact], *, otherwise: str) -> str:
    """A question to begin with: after the claim's first figure, else its section's."""
    fact = next((facts[item] for item in claim.evidence if item in facts), None)
    if fact is None:
        return clean(otherwise)
    metric = fact.metric if fact.metric[1:2].isupper() else fact.metric[:1].lower() + fact.metric[1:]
    of = f" of {fact.entity}" if fact.entity else ""
    place = f" in {fact.region}" if fact.region else ""
    when = f" in {period_words(fact.period.label)}" if fact.period else ""
    return clean(f"What is said about the {metric}{of}{place}{when}?")


def _review(review: Review | None) -> Plain:
    """A verdict that stands; its state is empty without one."""
    if review is None:
        return {"state": "", "word": STATES[""], "note": "", "by": "", "on": ""}
    return {
        "state": review.verdict,
        "word": STATES[review.verdict],
        "note": clean(review.note),
        "by": clean(review.reviewer),
        "on": f"{review.at:%-d %b %Y, %H:%M}",
    }


def _remembered(before: Remembered | None) -> Plain:
    """What an earlier edition was told; empty for nothing."""
    return {**_review(before.review), "reworded": before.reworded, "report": before.review.report} if before else {}
