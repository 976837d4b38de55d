"""Options as claims that have passed the report's own gates."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date

from rag.chat.choose import Option
from rag.numbers import find_numbers
from rag.report.book import EXTRACTIVE, Book, open_book
from rag.report.check import check_claim, verdict_of
from rag.report.claims import claim_id, sentence_claim
from rag.report.wording import Vocabulary
from rag.types import Answer, Claim, Document, Evidence, Fingerprint, Manifest, Report, Section, Source

ANSWER = "answer"
"""The section of an answer's claims."""
BESIDE = "beside"
"""The section of the claims that are printed only where figures disagree."""

_NO_EMBEDDER = Fingerprint(model="", revision="", dimensions=0, query_prompt="")
_EPOCH = date(1970, 1, 1)


def claim_of(option: Option, *, vocabulary: Vocabulary) -> Claim:
    """The claim that prints an option word for word."""
    if option.candidate is not None:
        return sentence_claim(option.candidate, section=ANSWER, vocabulary=vocabulary)
    return Claim(
        id=claim_id(ANSWER, option.text, (option.evidence.id,)),
        section=ANSWER,
        kind="fact",
        mode="near_quote",
        text=option.text,
        evidence=(option.evidence.id,),
        numbers=find_numbers(option.text),
    )


def checked(
    claims: Sequence[Claim],
    *,
    evidence: Iterable[Evidence],
    sources: Iterable[Source],
    document: Callable[[str], Document],
    vocabulary: Vocabulary,
    writer: str = EXTRACTIVE,
) -> list[Claim]:
    """The claims with every gate's finding and their verdict, as a report's are."""
    book = _book(claims, evidence=evidence, sources=sources, document=document, vocabulary=vocabulary, writer=writer)
    judged = []
    for claim in claims:
        checks = tuple(check_claim(claim, book))
        judged.append(replace(claim, checks=checks, verdict=verdict_of(checks)))
    return judged


def _book(
    claims: Sequence[Claim],
    *,
    evidence: Iterable[Evidence],
    sources: Iterable[Source],
    document: Callable[[str], Document],
    vocabulary: Vocabulary,
    writer: str,
) -> Book:
    """What the gates look at."""
    report = _report(claims, evidence=evidence, sources=sources, writer=writer)
    return open_book(report, document=document, vocabulary=vocabulary)


def answered_report(made: Answer, *, writer: str) -> Report:
    """The answer as a report of one section, to be worded."""
    report = _report(made.claims, evidence=made.evidence, sources=made.sources, writer=writer)
    section = Section(id=ANSWER, title=made.understood_as, question=made.understood_as, claims=tuple(claim.id for claim in made.claims))
    return replace(report, market=made.understood_as, sections=(section,))


def _report(claims: Sequence[Claim], *, evidence: Iterable[Evidence], sources: Iterable[Source], writer: str) -> Report:
    """A report that holds nothing but these claims."""
    known = tuple(sources)
    manifest = Manifest(run="", writer=writer, embedder=_NO_EMBEDDER, reranker="", template="", prompts={}, sequence=0, counts={})
    day = max((source.published for source in known), default=None)
    return Report(
        id="",
        title="",
        market="",
        as_of=day or _EPOCH,
        cut_off=day,
        banner="",
        bottom_line=(),
        sections=(),
        cards=(),
        claims=tuple(claims),
        evidence=tuple(evidence),
        sources=known,
        manifest=manifest,
    )
