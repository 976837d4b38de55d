"""The report, written without a model: plan -> gather -> facts -> disagreements -> cards -> select -> check -> assemble.

``write_report`` is the one entry. It is pure but for the two callables it is given: the same inputs give the same report, byte for byte.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from rag.prompts import FacetPack, MetricVocabulary
from rag.report.assemble import Parts, assemble
from rag.report.book import EXTRACTIVE
from rag.report.cards import draft_cards
from rag.report.check import GATES, REPORT_GATES, CheckResult
from rag.report.check import check_report as _check_report
from rag.report.findings import read_findings
from rag.report.plan import Plan, make_plan
from rag.report.report_gates import ReportCheck
from rag.report.schema import from_json, to_json
from rag.report.subjects import subjects
from rag.report.wording import Vocabulary
from rag.types import Document, Fingerprint, Manifest, Report, SearchResult, Source


def write_report(
    topic: str,
    *,
    find: Callable[[Sequence[str]], Sequence[SearchResult]],
    document: Callable[[str], Document],
    sources: Sequence[Source],
    as_of: date,
    pack: FacetPack,
    metrics: MetricVocabulary,
    embedder: Fingerprint,
    prompts: Mapping[str, str] | None = None,
    template: str = "market_trends",
    failed: Mapping[str, str] | None = None,
    sequence: int = 0,
    chunks: int = 0,
) -> Report:
    """A checked report on the topic, from nothing but what ``find`` brings of ``sources``.

    ``find`` answers all of the plan's searches at once, one result each and in order.
    ``document`` gives a document's text by id. ``prompts`` are further prompt files used (name -> SHA-256), such as the query prompt;
    ``failed`` are files that could not be read (path -> reason); ``sequence`` and ``chunks`` are the record's. Nothing published after
    ``as_of`` is used. Raises UsageError for an empty topic, and what the callables raise.
    """
    ordered = sorted(sources, key=lambda source: (source.path, source.document))
    visible = [source for source in ordered if source.published <= as_of]
    named = subjects(visible)
    newest_first = sorted(visible, key=lambda source: (-source.published.toordinal(), source.path))
    plan = make_plan(topic, pack=pack, subjects=sorted(named.values()), titles=[source.title for source in newest_first])
    vocabulary = Vocabulary(metrics)
    read = read_findings(plan, find=find, document=document, sources=visible, vocabulary=vocabulary, as_of=as_of)
    gathered, names, facts, found, current = read.gathered, read.names, read.facts, read.found, read.current
    drafts = draft_cards(current, facts, found=found, vocabulary=vocabulary, names=names, about=gathered.subjects, market=plan.market)
    used = {**(prompts or {}), pack.file: pack.sha256, metrics.file: metrics.sha256}
    manifest = Manifest(
        run=_run(topic, as_of=as_of, sources=ordered, prompts=used, embedder=embedder, template=template, sequence=sequence),
        writer=EXTRACTIVE,
        embedder=embedder,
        reranker=", ".join(gathered.rerankers),
        template=template,
        prompts=dict(sorted(used.items())),
        sequence=sequence,
        counts={"chunks": chunks},
    )
    parts = Parts(
        plan=plan,
        gathered=gathered,
        current=current,
        facts=facts,
        found=found,
        drafts=drafts,
        vocabulary=vocabulary,
        sources=ordered,
        failed=failed or {},
        as_of=as_of,
        manifest=manifest,
    )
    return assemble(parts, document=document)


def check_report(
    report: Report,
    *,
    document: Callable[[str], Document] | None,
    metrics: MetricVocabulary | None = None,
    saved: Callable[[str], Report | None] | None = None,
) -> CheckResult:
    """Every gate on any report; see rag.report.check. Without documents its quotes stay unchecked, which is not a pass.

    ``saved`` gives the report that was saved under an id when it was written, if any: what differs from it fails.
    """
    vocabulary = Vocabulary(metrics) if metrics is not None else None
    return _check_report(report, document=document, vocabulary=vocabulary, saved=saved)


def _run(
    topic: str,
    *,
    as_of: date,
    sources: Sequence[Source],
    prompts: Mapping[str, str],
    embedder: Fingerprint,
    template: str,
    sequence: int,
) -> str:
    """The content hash of the inputs."""
    parts = [topic, as_of.isoformat(), template, str(sequence), repr(embedder)]
    parts += [f"{source.document} {source.path} {source.published}" for source in sources]
    parts += [f"{name} {sha256}" for name, sha256 in sorted(prompts.items())]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


__all__ = [
    "EXTRACTIVE",
    "GATES",
    "REPORT_GATES",
    "CheckResult",
    "Plan",
    "ReportCheck",
    "check_report",
    "from_json",
    "make_plan",
    "to_json",
    "write_report",
]
