"""The report, written without a model: plan -> gather -> facts -> disagreements -> cards -> select -> check -> assemble.

``write_report`` is the one entry. It is pure but for the two callables it is given: the same inputs give the same report, byte for byte.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from rag import __version__
from rag.kin import copies as copies_among
from rag.numbers import period_order, period_shape
from rag.prompts import MetricVocabulary
from rag.report.asked import asked_of, carded
from rag.report.assemble import Parts, assemble
from rag.report.book import EXTRACTIVE
from rag.report.cards import DraftCard, draft_cards
from rag.report.check import GATES, REPORT_GATES, CheckResult
from rag.report.check import check_report as _check_report
from rag.report.delta import delta
from rag.report.figures import companies_of
from rag.report.harvest import harvest
from rag.report.matrix import most_telling, pieces_of, room_for
from rag.report.outline import Outline, arranged, only, outline_of, read_outline, to_yaml
from rag.report.plan import Plan, make_plan
from rag.report.report_gates import ReportCheck
from rag.report.schema import from_json, to_json
from rag.report.seal import edition_name, sealed
from rag.report.subjects import subjects
from rag.report.wording import Vocabulary
from rag.statements import Statement
from rag.types import Document, Fingerprint, Manifest, Report, Scope, SearchResult, Source

_EVERYTHING = Scope()


def write_report(
    outline: Outline,
    *,
    find: Callable[[Sequence[str]], Sequence[SearchResult]],
    document: Callable[[str], Document],
    sources: Sequence[Source],
    as_of: date,
    metrics: MetricVocabulary,
    embedder: Fingerprint,
    statements: Sequence[Statement] = (),
    prompts: Mapping[str, str] | None = None,
    template: str = "market_trends",
    failed: Mapping[str, str] | None = None,
    sketches: Mapping[str, bytes] | None = None,
    sequence: int = 0,
    chunks: int = 0,
    scope: Scope = _EVERYTHING,
    known_at: datetime | None = None,
    before: Report | None = None,
) -> Report:
    """A checked report on what the outline asks, from nothing but what ``find`` brings of ``sources``.

    ``find`` answers all of the plan's searches at once, one result each and in order.
    ``document`` gives a document's text by id. ``statements``: kinds of financial statements, whose pages in a company's own filings tell
    what is the whole company's. ``prompts`` are further prompt files used (name -> SHA-256), such as the query prompt;
    ``failed`` are files that could not be read (path -> reason); ``sketches`` are what ``rag.kin.sketch`` gives of the sources' texts
    (document -> bytes): by them copies are known, and a document and its copies are one source; ``sequence``, ``chunks`` and ``known_at``
    are the record's. ``before`` is the edition that this one is compared with. Nothing published after ``as_of`` is used. Raises
    SettingsError for an outline that lists unknown metrics, and what the callables raise.
    """
    ordered = sorted(sources, key=lambda source: (source.path, source.document))
    visible = [source for source in ordered if source.published <= as_of]
    named = subjects(visible)
    newest_first = sorted(visible, key=lambda source: (-source.published.toordinal(), source.path))
    copies = copies_among(sketches or {}, ordered)
    placed = arranged(metrics, outline)
    called = [f"{source.title} {source.path}" for source in visible]
    vocabulary = Vocabulary(placed)
    asked_for = asked_of(outline, vocabulary=vocabulary, called=called)
    titles = [source.title for source in newest_first]
    plan = make_plan(outline, subjects=sorted(named.values()), titles=titles, asked=asked_for)
    if asked_for is not None and not asked_for.is_name:
        vocabulary = Vocabulary(only(placed, carded(asked_for, vocabulary=vocabulary)))
    read = harvest(
        plan, find=find, document=document, sources=visible, vocabulary=vocabulary, statements=statements, as_of=as_of, copies=copies
    )
    gathered, names, facts, found, current = read.gathered, read.names, read.facts, read.found, read.current
    by_subject = gathered.subjects if outline.dimension else {}
    pieces = pieces_of(current, subjects=by_subject, vocabulary=vocabulary)
    telling = [candidate for candidate in current if candidate.source.document not in by_subject]
    telling += most_telling(pieces, room=room_for(outline.words))
    drafts = draft_cards(
        current, facts, telling=telling, found=found, vocabulary=vocabulary, names=names, about=gathered.subjects, market=plan.market
    )
    if gathered.own:
        drafts = [draft for draft in drafts if not _ended_before(draft, outline.period)]
    asked = to_yaml(outline)
    used = {**(prompts or {}), metrics.file: metrics.sha256}
    manifest = Manifest(
        run=_run(
            *(asked, as_of.isoformat(), template, str(sequence), repr(embedder), __version__, repr(scope), before.id if before else ""),
            sources=ordered,
            prompts=used,
        ),
        writer=EXTRACTIVE,
        embedder=embedder,
        reranker=", ".join(gathered.rerankers),
        template=template,
        prompts=dict(sorted(used.items())),
        sequence=sequence,
        counts={"chunks": chunks},
        outline=asked,
        program=__version__,
        scope=scope,
        known_at=known_at,
        predecessor=before.id if before else "",
    )
    parts = Parts(
        plan=plan,
        gathered=gathered,
        current=current,
        pieces=pieces,
        facts=facts,
        found=found,
        drafts=drafts,
        vocabulary=vocabulary,
        sources=ordered,
        failed=failed or {},
        copies=read.copies,
        sketches=sketches or {},
        companies=companies_of(names.about, gathered.subjects),
        owners=names.owners,
        as_of=as_of,
        manifest=manifest,
    )
    report = assemble(parts, document=document)
    return sealed(replace(report, changes=delta(before, report))) if before is not None else report


def _ended_before(draft: DraftCard, period: str) -> bool:
    """Whether a card's figures end before the year that is asked about: they would stand there as its latest."""
    asked = period_shape(period) in ("year", "fiscal") if period else False
    return asked and bool(draft.series) and max(period_order(point.period)[0] for point in draft.series) < period_order(period)[0]


def check_report(
    report: Report,
    *,
    document: Callable[[str], Document] | None,
    metrics: MetricVocabulary | None = None,
    saved: Callable[[str], Report | None] | None = None,
    of_run: Callable[[str], Sequence[str]] | None = None,
) -> CheckResult:
    """Every gate on any report; see rag.report.check. Without documents its quotes stay unchecked, which is not a pass.

    ``saved`` gives the report that was saved under an id when it was written, if any: what differs from it fails. ``of_run`` gives the ids
    that were saved of a run: a report of one of those runs under an id of its own fails.
    """
    vocabulary = Vocabulary(metrics) if metrics is not None else None
    return _check_report(report, document=document, vocabulary=vocabulary, saved=saved, of_run=of_run)


def _run(*inputs: str, sources: Sequence[Source], prompts: Mapping[str, str]) -> str:
    """The content hash of the inputs."""
    parts = [*inputs]
    parts += [f"{source.document} {source.path} {source.published}" for source in sources]
    parts += [f"{name} {sha256}" for name, sha256 in sorted(prompts.items())]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


__all__ = [
    "EXTRACTIVE",
    "GATES",
    "REPORT_GATES",
    "CheckResult",
    "Outline",
    "Plan",
    "ReportCheck",
    "check_report",
    "delta",
    "edition_name",
    "from_json",
    "make_plan",
    "outline_of",
    "read_outline",
    "to_json",
    "to_yaml",
    "write_report",
]
