"""What searches found, read: sentences, facts, and where those disagree. Reports and answers stand on the same harvest."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import permutations

from rag.kin import family, period, replaces
from rag.report.asserted import is_taken_back
from rag.report.conflicts import Disagreement, corrections, disagreements, overtaken, replacements, without
from rag.report.facts import Stated, facts_of
from rag.report.gather import Candidate, Gathered, gather, same_numbers
from rag.report.names import Names, find_names
from rag.report.places import is_elsewhere, places_beside
from rag.report.plan import Plan
from rag.report.wording import Vocabulary
from rag.statements import Statement
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
    statements: Sequence[Statement],
    as_of: date,
    copies: Mapping[str, str] | None = None,
) -> Harvest:
    """Runs the plan's searches and reads what they bring. Nothing published after ``as_of`` is seen; raises what the callables raise.

    ``copies``: document -> the first of the documents with nearly the same text, which count as one.
    """
    gathered = gather(plan, find=find, document=document, sources=sources, vocabulary=vocabulary, statements=statements, as_of=as_of)
    gathered = _in_place(plan, gathered)
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
    found = without(found, {made.sides[1].evidence.id for made in corrected}, names=names)
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
"""Share of two sentences' stems, figures aside, from which one is the other said anew; of the shorter one's where one adds to the other."""
_FEWEST_SHARED = 4
"""Stems that a sentence and one that adds to it have in common."""


def _said_anew(candidates: Sequence[Candidate]) -> set[str]:
    """Ids of evidence of sentences that a later version of their document, or the next of its series where it takes a figure back, says
    again with other figures."""
    sources = {candidate.source.document: candidate.source for candidate in candidates}
    kin: dict[str, list[Source]] = defaultdict(list)
    for source in sources.values():
        kin[family(source.title)].append(source)
    of_document: dict[str, list[Candidate]] = defaultdict(list)
    taking_back: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        of_document[candidate.source.document].append(candidate)
        if any(is_taken_back(candidate.text, number) for number in candidate.numbers):
            taking_back[candidate.source.document].append(candidate)
    old: set[str] = set()
    for same in kin.values():
        for before, after in permutations(same, 2):
            if replaces(after, before):
                news = of_document[after.document]
            elif taking_back[after.document] and _is_next(after, before):
                news = taking_back[after.document]
            else:
                continue
            old |= {item.evidence.id for item in of_document[before.document] if any(_is_anew(new, item) for new in news)}
    return old


def _is_next(after: Source, before: Source) -> bool:
    """Whether one document is a later one of the other's series: of a title that says something, apart from its period."""
    dated = "mtime" not in (after.published_from, before.published_from)
    is_series = bool(family(after.title)) and period(after.title) != period(before.title)
    return dated and is_series and after.publisher == before.publisher and after.published > before.published


def _is_anew(new: Candidate, old: Candidate) -> bool:
    """Whether it says the same with other figures: in the same words, or with more of them about the same times and in the same units."""
    if same_numbers(new.numbers, old.numbers):
        return False
    one, other = ({stem for stem in stem_set(item.text) if not stem[0].isdigit()} for item in (new, old))
    if len(one & other) >= _SAME_WORDS * len(one | other):
        return True
    times, were = ({mention.label for mention in item.periods} for item in (new, old))
    units, had = ({number.unit for number in item.numbers if number.kind != "year"} for item in (new, old))
    is_more = len(one & other) >= max(_FEWEST_SHARED, _SAME_WORDS * min(len(one), len(other)))
    return is_more and bool(times & were) and (times <= were or were <= times) and had <= units


def _subject(question: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Stems of the words that a question about no market in particular adds to what it measures."""
    measured = {stem for mention in vocabulary.named(question) for stem in content_stems(question[mention.start : mention.end])}
    return frozenset(content_stems(question)) - measured
