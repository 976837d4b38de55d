"""Chat over the documents: condense the follow-up -> retrieve -> answer with checked citations, or say that the documents do not.

``answer`` is one turn. It is pure but for the callables it is given, and needs no model: sentences are quoted word for word, chosen by
explicit rules (choose), refused by explicit rules (abstain), and pass the report's own gates (gated).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from rag.chat.abstain import asks_of_nothing, doubt, reason_to_abstain
from rag.chat.against import set_against
from rag.chat.choose import Option, best, current_cells, options
from rag.chat.condense import condense
from rag.chat.gated import ANSWER, BESIDE, checked, claim_of
from rag.chat.question import spelt_out, take_apart
from rag.chat.schema import sealed
from rag.chat.sums import computed, measured
from rag.errors import UsageError
from rag.report.book import EXTRACTIVE
from rag.report.claims import side_claim
from rag.report.conflicts import Disagreement, conflict_of
from rag.report.gather import CellEvidence
from rag.report.harvest import Harvest, harvest
from rag.report.measures import Sought, sought
from rag.report.outline import Outline
from rag.report.plan import Plan, SubQuery
from rag.report.wording import Vocabulary
from rag.retrieval import NOT_RERANKED, Stretch
from rag.statements import Statement
from rag.types import Answer, CardKey, Chunk, Claim, Conflict, Document, Evidence, Passage, Scope, SearchResult, Source, Understanding

PASSAGES = 20
"""Looked at for an answer."""
SMALL_LIBRARY = 200
"""Words are weighed as among so many passages at least: in a library of three, every word that is there at all would weigh nothing."""
STATEMENTS_OF = 3
"""Documents whose financial statements are looked at, those of the best passages."""
MOST_COMPUTED = 4
"""Sums and measures of one answer."""
OF_NOTHING = "the question names nothing to look for; say of what, as in “What was the change in revenue in 2025?”"
NEAREST = 3
"""Passages shown when the documents do not say."""

_EVERYTHING = Scope()

__all__ = ["PASSAGES", "SMALL_LIBRARY", "Ground", "Understood", "answer", "understand"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Understood:
    """A question, completed."""

    question: str
    """As asked."""
    text: str
    """The question that stands alone."""
    by: Understanding
    """Who completed it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What an answer stands on: the library, as callables."""

    find: Callable[[str], SearchResult]
    """The best PASSAGES passages in scope for a question."""
    document: Callable[[str], Document]
    """A document's text by id."""
    on_pages: Callable[[Iterable[tuple[str, int]]], Mapping[tuple[str, int], Sequence[Chunk]]]
    """(document, page) -> what stands on it, in text order."""
    holders: Callable[[str], Mapping[str, int]]
    """How many of the ``among`` passages hold each word of a question."""
    among: int
    """SMALL_LIBRARY at least."""
    vocabulary: Vocabulary
    statements: Sequence[Statement]
    """Financial statements that a question may ask for."""
    near: Callable[[str, Sequence[Stretch], Mapping[str, float]], Sequence[float]]
    """How near the words of stretches of passages come to a question, which was looked for, given how rare its stems are."""
    as_of: date
    """Nothing published later is used."""


def understand(question: str, *, history: Sequence[Answer], vocabulary: Vocabulary) -> Understood:
    """The question that stands alone. ``history``: the chat's answers so far, oldest first. Raises UsageError for an empty question."""
    if not question.strip():
        raise UsageError("the question is empty: say what you want to know")
    text, by = condense(question, history=history, vocabulary=vocabulary)
    return Understood(question=question.strip(), text=text, by=by)


def answer(understood: Understood, *, ground: Ground, scope: Scope = _EVERYTHING) -> Answer:
    """The answer to a question that stands alone. ``scope`` is noted; ``ground.find`` keeps to it. Raises what the callables raise."""
    question = spelt_out(understood.text)
    asked, wanted = take_apart(question), sought(question, statements=ground.statements)
    result = _found(question, wanted, ground=ground)
    holders = ground.holders(question)
    visible = [passage for passage in result.passages if passage.source.published <= ground.as_of]
    read = _read(question, replace(result, passages=tuple(visible)), ground=ground)
    cells = current_cells(read)
    found = options(
        asked,
        read,
        cells=cells,
        passages=visible,
        holders=holders,
        among=ground.among,
        vocabulary=ground.vocabulary,
        sought=wanted,
        document=ground.document,
        near=partial(ground.near, question),
    )
    chosen = best(found, wants=asked.wants)
    draft = Answer(
        id="",
        question=understood.question,
        understood_as=understood.text,
        understood_by=understood.by,
        writer=EXTRACTIVE,
        abstained=True,
        scope=scope,
        notes=tuple(note for note in result.notes if note != NOT_RERANKED),
        warnings=read.gathered.warnings,
    )
    derived = [
        *(claim for compute in (computed, set_against) if (claim := compute(asked, cells, section=ANSWER))),
        *measured(asked, cells, sought=wanted, document=ground.document, section=ANSWER),
    ][:MOST_COMPUTED]
    doubts = partial(
        reason_to_abstain, passages=visible, holders=holders, among=ground.among, vocabulary=ground.vocabulary, measures=wanted.words
    )
    reason = OF_NOTHING if asks_of_nothing(asked) else "" if derived else doubts(asked, chosen)
    made = _silent(draft, reason, visible) if reason else _spoken(draft, derived, chosen, read, cells=cells, ground=ground)
    if not reason and not made.claims:
        made = _silent(draft, "the sentences that came nearest did not pass the checks", visible)
    elif not reason and not derived and (lacking := doubt(asked, chosen, passages=visible)):
        if asked.wants == "name":  # whoever else is named near it is not the one
            made = _silent(draft, lacking, visible)
        else:
            made = replace(made, notes=(*made.notes, f"{lacking}: the sentences are the nearest there are, and may not answer"))
    return sealed(_on_what_is_shown(made, visible))


def _on_what_is_shown(made: Answer, passages: Sequence[Passage]) -> Answer:
    """Without the notes that are on documents of which it shows none."""
    found = {passage.source.path for passage in passages}
    shown = {source.path for source in (*made.sources, *(passage.source for passage in made.nearest))}
    about = {note: {path for path in found if path in note} for note in made.notes}
    return replace(made, notes=tuple(note for note, paths in about.items() if not paths or paths & shown))


def _found(question: str, wanted: Sought, *, ground: Ground) -> SearchResult:
    """The question's passages, and behind them what stands on the pages of the statements sought in the documents that come first."""
    result = ground.find(question)
    if not wanted.statements:
        return result
    sources = {passage.source.document: passage.source for passage in result.passages}
    known = {passage.chunk.id for passage in result.passages}
    pages = [(document, page) for document in list(sources)[:STATEMENTS_OF] for page in wanted.pages(ground.document(document))]
    more = {
        chunk.id: Passage(chunk=chunk, source=sources[document], score=0.0, hits=())
        for (document, _), chunks in sorted(ground.on_pages(pages).items())
        for chunk in chunks
        if chunk.id not in known
    }
    return replace(result, passages=(*result.passages, *more.values()))


def _read(question: str, result: SearchResult, *, ground: Ground) -> Harvest:
    """The passages read as a report reads them: a plan of one search, about no market in particular."""
    outline = Outline(topic=question, market="", sections=())
    plan = Plan(outline=outline, queries=(SubQuery(facet="", text=question),))
    sources = list({passage.source.document: passage.source for passage in result.passages}.values())
    return harvest(
        plan,
        find=lambda _: [result],
        document=ground.document,
        sources=sources,
        vocabulary=ground.vocabulary,
        statements=ground.statements,
        as_of=ground.as_of,
    )


def _silent(draft: Answer, reason: str, passages: Sequence[Passage]) -> Answer:
    return replace(draft, reason=reason, nearest=tuple(passages[:NEAREST]))


def _spoken(
    draft: Answer, derived: Sequence[Claim], chosen: Sequence[Option], read: Harvest, *, cells: Sequence[CellEvidence], ground: Ground
) -> Answer:
    """What is computed and the options, as claims that passed the gates, with the other sides of disagreements beside them."""
    cited = {item for claim in derived for item in claim.evidence}
    operands = {cell.evidence.id: cell.evidence for cell in cells if cell.evidence.id in cited}
    quoted = [option for option in chosen if option.candidate or not derived]  # another line's value answers no question for a sum
    claims = [*derived, *(claim_of(option, vocabulary=ground.vocabulary) for option in quoted)]
    evidence = operands | {option.evidence.id: option.evidence for option in quoted}
    sides, conflicts = _disagreeing(claims, read.found, vocabulary=ground.vocabulary)
    evidence |= {side.evidence.id: side.evidence for made in read.found for side in made.sides}
    sources = {source.document: source for source in read.gathered.sources.values()}
    judged = checked(
        [*claims, *sides],
        evidence=evidence.values(),
        sources=sources.values(),
        document=ground.document,
        vocabulary=ground.vocabulary,
    )
    sound = {claim.id: claim for claim in judged if claim.verdict in ("supported", "partial")}
    kept = [sound[claim.id] for claim in claims if claim.id in sound]
    standing = [conflict for conflict in conflicts if all(side.claim in sound for side in conflict.sides)]
    named = {side.claim for conflict in standing for side in conflict.sides}
    beside = [sound[claim.id] for claim in sides if claim.id in sound and claim.id in named]
    made = replace(draft, abstained=False, claims=tuple(kept), beside=tuple(beside), conflicts=tuple(standing))
    return _with_evidence(made, evidence, sources)


def _disagreeing(claims: Sequence[Claim], found: Sequence[Disagreement], *, vocabulary: Vocabulary) -> tuple[list[Claim], list[Conflict]]:
    """The disagreements that a claim's evidence is a side of, and claims for the sides that the answer does not print."""
    printed = {evidence: claim for claim in claims for evidence in claim.evidence}
    others: dict[str, Claim] = {}
    conflicts = []
    for made in found:
        if any(side.evidence.id in printed for side in made.sides):
            for side in made.sides:
                if side.evidence.id not in printed:
                    others.setdefault(side.evidence.id, side_claim(side, section=BESIDE, vocabulary=vocabulary))
            both = printed | others
            fact = made.sides[0].fact
            key = CardKey(market="", metric=fact.metric, segment=fact.segment, region=fact.region, entity=fact.entity)
            conflicts.append(conflict_of(made, [(side, both[side.evidence.id]) for side in made.sides], key=key))
    return list(others.values()), conflicts


def _with_evidence(made: Answer, evidence: Mapping[str, Evidence], sources: Mapping[str, Source]) -> Answer:
    cited = list(dict.fromkeys(item for claim in (*made.claims, *made.beside) for item in claim.evidence))
    documents = dict.fromkeys(evidence[item].document for item in cited)
    return replace(made, evidence=tuple(evidence[item] for item in cited), sources=tuple(sources[key] for key in documents))
