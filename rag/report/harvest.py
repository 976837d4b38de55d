"""What searches found, read: sentences, facts, and where those disagree. Reports and answers stand on the same harvest."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rag.kin import family, period, replaces
from rag.report.conflicts import Disagreement, corrections, disagreements, overtaken, replacements
from rag.report.facts import Stated, facts_of
from rag.report.gather import Candidate, Gathered, gather, same_numbers
from rag.report.names import Names, find_names
from rag.report.places import is_elsewhere, places_beside
from rag.report.plan import Plan
from rag.report.wording import Vocabulary
from rag.text import content_stems, stem_set
from rag.types import Document, SearchResult, Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Harvest:
    """Evidence read as data."""

    gathered: Gathered
    copies: Mapping[str, str]
    """Document -> the first of those with nearly the same text."""
    names: Names
    facts: tuple[Stated, ...]
    found: tuple[Disagreement, ...]
    """Disagreements and corrections."""
    current: tuple[Candidate, ...]
    """The sentences but for those of superseded figures, and of forecasts that what came has overtaken."""


def harvest(
    plan: Plan,
    *,
    find: Callable[[Sequence[str]], Sequence[SearchResult]],
    document: Callable[[str], Document],
    sources: Sequence[Source],
    vocabulary: Vocabulary,
    as_of: date,
    copies: Mapping[str, str] | None = None,
) -> Harvest:
    """Runs the plan's searches and reads what they bring. Nothing published after ``as_of`` is seen; raises what the callables raise.

    ``copies``: document -> the first of the documents with nearly the same text, which count as one.
    """
    gathered = _in_place(plan, gather(plan, find=find, document=document, sources=sources, vocabulary=vocabulary, as_of=as_of))
    names = find_names(
        gathered.prose,
        sources=sources,
        regions=plan.outline.regions,
        subjects=gathered.subjects,
        registrants={document: cover.registrant for document, cover in gathered.covers.items() if cover.registrant},
    )
    facts = facts_of(gathered, vocabulary=vocabulary, names=names, topic=plan.stems or _subject(plan.outline.topic, vocabulary))
    seen = {source.document for source in sources}
    copies = {document: first for document, first in (copies or {}).items() if document in seen}
    found = disagreements(facts, names=names, copies=copies)
    known = {side.evidence.id for made in found if made.kind == "superseded" for side in made.sides[1:]}
    corrected = (*replacements(gathered.candidates, facts), *corrections(gathered.candidates, facts, names=names))
    corrected = tuple({made.sides[1].evidence.id: made for made in reversed(corrected)}.values())
    found += tuple(made for made in corrected if made.sides[1].evidence.id not in known)
    stale = known | {made.sides[1].evidence.id for made in corrected} | _said_anew(gathered.candidates) | overtaken(facts)
    current = tuple(candidate for candidate in gathered.candidates if candidate.evidence.id not in stale)
    return Harvest(copies=copies, gathered=gathered, names=names, facts=facts, found=found, current=current)


def _in_place(plan: Plan, gathered: Gathered) -> Gathered:
    """Without what is said of places that stand beside those asked for."""
    asked = plan.outline.regions
    beside = places_beside(gathered.cells, asked=asked) if asked and not plan.outline.binding else frozenset()
    if not beside:
        return gathered
    return replace(
        gathered,
        candidates=tuple(item for item in gathered.candidates if not is_elsewhere(item, beside=beside, asked=asked)),
        cells=tuple(cell for cell in gathered.cells if not is_elsewhere(cell, beside=beside, asked=asked)),
    )


_SAME_WORDS = 0.8
"""Share of two sentences' stems, figures aside, from which one is the other said anew."""


def _said_anew(candidates: Sequence[Candidate]) -> set[str]:
    """Ids of evidence of sentences that a later version of their document says again with other figures."""
    sources = {candidate.source.document: candidate.source for candidate in candidates}
    kin: dict[tuple[str, str], list[Source]] = defaultdict(list)
    for source in sources.values():
        kin[family(source.title), period(source.title)].append(source)
    later = {old.document: [new.document for new in same if replaces(new, old)] for same in kin.values() for old in same}
    of_document: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        of_document[candidate.source.document].append(candidate)
    return {
        old.evidence.id
        for old in candidates
        if any(_is_anew(new, old) for document in later[old.source.document] for new in of_document[document])
    }


def _is_anew(new: Candidate, old: Candidate) -> bool:
    one, other = ({stem for stem in stem_set(item.text) if not stem[0].isdigit()} for item in (new, old))
    return len(one & other) >= _SAME_WORDS * len(one | other) and not same_numbers(new.numbers, old.numbers)


def _subject(question: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Stems of the words that a question about no market in particular adds to what it measures."""
    measured = {stem for mention in vocabulary.named(question) for stem in content_stems(question[mention.start : mention.end])}
    return frozenset(content_stems(question)) - measured
