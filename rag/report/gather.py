"""From searches to evidence: sentences that may stand in a report, scored by facet, near-duplicates collapsed."""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from operator import attrgetter, itemgetter

from rag.kin import replaces
from rag.language import NAMES, Language
from rag.numbers import PeriodMention, comparable, find_numbers, find_periods, period_order, period_shape
from rag.patterns import regex
from rag.prompts import Facet
from rag.report.abroad import is_sound, languages, queries, shares_names, stands
from rag.report.asked import LINE, Asked, Aspect, is_at_home, is_called, is_name_in, lines_with, lying_in, parted, reached
from rag.report.cover import Cover, cover_of, is_on
from rag.report.names import find_names, named_in, ordinary_words, whose
from rag.report.plan import Plan, SubQuery
from rag.report.quality import fault, lead_in, standing
from rag.report.reading import ReadDocument, Sentence, TableCell, context, prose, read, split_titles
from rag.report.subjects import SubjectRule, subjects
from rag.report.when import Span, of_title, span_of
from rag.report.wording import Mention, Vocabulary, tokens
from rag.statements import Statement, printed_on
from rag.text import content_stems, overlap, shingles, stem_set
from rag.types import Chunk, ClaimMode, Document, Evidence, Number, Passage, RetrievedBy, SearchResult, Source

NEAR_DUPLICATE = 0.8
"""Share of three-stem shingles above which two sentences are one source's."""
_LINES = 3
"""Lines that must use the market's words together when no title does."""
_CALLED = 0.2
"""Share of the documents that name the market whole which are called by it, where a folder is on it."""
_OFTEN = 0.05
"""Share of a document's lines that name it whole where the document is on it."""
_OFTEN_OF_ITS_OWN = 0.01
"""The same of a company's filing, which says little else of what the company makes."""
_FEWEST_LINES = 2
"""At least: in a short paper one line is a share of many."""
_BEGINNING, _FIRST_PART = 600, 0.2
"""Characters in which a document says what it is about, and the share of a short one."""
_HIDDEN_WORDS = 20
"""Characters of hidden text from which on it may be more than an artefact of a program."""
_OPENING = 4
"""Sentences at a document's start that most often say what it is about."""
_ASKING = frozenset(content_stems("what which who how much many often does did share level change maker firm company market industry"))
"""Words of a question that say nothing of what it asks."""
SCALE_WORD = regex(r"(?i)\d\s?(?:thousand|million|billion|trillion|bn|mn|m|k)\b|\b(?:thousand|million|billion)\b")
A_SHARE = regex(r"(?i)\bper\b|\beps\b")
_WITHOUT_SCALE = 0.6
"""Of the standing of a sentence whose money is in thousands or millions without saying so: it does not stand alone."""
_IN_FULL = 100_000
"""A sum of money from which on it is taken for one that is written out."""
IN_SCALE = regex(r"(?i)(?:\bin |\()((?:thousand|million|billion|lakh|crore)(?=s)|lakh|crore)s?\b")
"""The words by which a table says its scale: "(in thousands)"."""
_MOST_TITLES = 5
"""Documents in one language that a warning names."""
Shingles = frozenset[tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A sentence that may become a claim."""

    evidence: Evidence
    source: Source
    text: str
    """The quote on one line, its first letter a capital."""
    mode: ClaimMode
    numbers: tuple[Number, ...]
    """Of ``text``."""
    periods: tuple[PeriodMention, ...]
    """Of ``text``; those that lean on the document's date included."""
    mentions: tuple[Mention, ...]
    scores: Mapping[str, float]
    """Facet id -> relevance, higher is better; the key "" is the overview."""
    standing: float
    shingles: Shingles
    copies: tuple[str, ...] = ()
    """Other documents that hold nearly the same sentence."""
    language: Language = ""
    """Of a sentence in German or French, which is quoted and never compared."""

    @property
    def facet(self) -> str:
        """The facet it fits best."""
        return max((key for key in self.scores if key), key=lambda key: (self.scores[key], key), default="")


@dataclass(frozen=True, kw_only=True, slots=True)
class CellEvidence:
    """A table's value as evidence."""

    evidence: Evidence
    source: Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """All that the searches brought."""

    candidates: tuple[Candidate, ...]
    cells: tuple[CellEvidence, ...]
    prose: Mapping[str, str]
    """Sentences of every retrieved document, one a line."""
    subjects: Mapping[str, str]
    """Document id -> the name it alone is about."""
    sources: Mapping[str, Source]
    """The retrieved documents."""
    covers: Mapping[str, Cover]
    """Document id -> its cover, of those that are companies' filings."""
    own: frozenset[str]
    """Those of them that are filings of the company that the market is."""
    stated: Mapping[str, Mapping[str, tuple[int, ...]]]
    """For each of its own filings a financial statement's id -> the pages that print it."""
    scaled: frozenset[str]
    """Documents that print figures in thousands, millions or billions somewhere."""
    warnings: tuple[str, ...]
    passages: int
    """Distinct passages found."""
    missing: tuple[str, ...]
    """Words of the market's name that no document found has."""
    sentences: int
    """Sentences read in them."""
    rows: tuple[CellEvidence, ...] = ()
    """Whole rows of tables without headers, which no fact is read from."""
    rerankers: tuple[str, ...] = ()
    asked: Asked | None = None
    """What was looked for in every sentence: the plan's, less what proved no name, or the parts of a market whose words stand apart."""
    off_topic: frozenset[str] = frozenset()
    """Documents found and left out, since they do not speak of the market."""
    notices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Document id -> what its reader left out of it and why, for the retrieved ones."""
    languages: Mapping[str, Language] = field(default_factory=dict)
    """Document id -> its language, of the retrieved ones in German or French."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A passage and all the searches that found it."""

    chunk: Chunk
    source: Source
    by: list[tuple[str, RetrievedBy]] = field(default_factory=list)
    """(facet, search) pairs."""


def gather(
    plan: Plan,
    *,
    find: Callable[[Sequence[str]], Sequence[SearchResult]],
    document: Callable[[str], Document],
    sources: Sequence[Source],
    vocabulary: Vocabulary,
    statements: Sequence[Statement],
    as_of: date,
) -> Gathered:
    """Run the plan's searches and read what they found. Documents published after ``as_of`` are not seen. ``statements``: kinds of
    financial statements, whose pages in a company's own filings tell what is the whole company's."""
    found, rerankers = _search(plan.queries, find=find, as_of=as_of)
    documents = {key: document(key) for key in sorted({item.source.document for item in found.values()})}
    abroad = languages(documents)
    if further := _queries_in(sorted(set(abroad.values())), plan, vocabulary=vocabulary):
        again, by = _search(further, find=find, as_of=as_of)
        found, rerankers = _joined(found, again), rerankers | by
        more = {key: document(key) for key in {item.source.document for item in again.values()} - documents.keys()}
        documents = dict(sorted((documents | more).items()))
        abroad = dict(sorted((abroad | languages(more)).items()))
    passages = len(found)
    known = {item.source.document: item.source for item in found.values()}
    texts = {key: item.text for key, item in documents.items()}
    read_documents = split_titles({key: read(item) for key, item in documents.items()}, texts=texts)
    named = subjects([source for source in sources if source.published <= as_of])
    covers = {key: cover for key, text in texts.items() if (cover := cover_of(text)) is not None}
    own = frozenset(key for key, cover in covers.items() if is_on(plan.market, cover, source=known[key]))
    span = span_of(_own_year(plan.outline.period, [covers[key] for key in sorted(own)]))
    asked = plan.asked
    called = [f"{source.title} {source.path}" for source in sources]
    given = {*plan.outline.regions, *(name for name in asked.named if is_called(name, called))} if asked else set[str]()
    if asked is not None and any(not is_name_in(name, texts.values()) for name in asked.named if name not in given):
        asked = None
    if asked is None:
        family = frozenset(named) if plan.outline.dimension else frozenset[str]()
        topical = _on_topic(plan, found=found, documents=documents, covers=covers, own=own, family=family, abroad=abroad)
        if topical.is_apart:
            asked, topical = parted(plan.outline, known=topical.known), replace(topical, found=found)
    else:
        topical = _OnTopic(found=found)
    candidates, seen = _candidates(
        plan,
        found=topical.found,
        documents=documents,
        read_documents=read_documents,
        vocabulary=vocabulary,
        rule=SubjectRule(named),
        span=span,
        abroad=abroad,
    )
    scaled = frozenset(key for key, text in texts.items() if IN_SCALE.search(text))
    candidates = [
        replace(item, standing=min(item.standing, _WITHOUT_SCALE))
        if item.source.document in covers.keys() & scaled and _lacks_scale(item)
        else item
        for item in candidates
    ]
    cells = [cell for cell in _cell_evidence(topical.found, documents, read_documents) if _is_asked(cell, span)]
    rows = _cell_evidence(topical.found, documents, read_documents, whole_rows=True)
    if asked is not None or topical.beside:
        told = _Told(
            asked or Asked(aspects=(Aspect(text=plan.market, stems=topical.known),), facets=frozenset()),
            beside=topical.beside,
            documents=documents,
            sources=known,
            covers=covers,
            vocabulary=vocabulary,
        )
        if asked is not None and asked.inside and sum(map(told.by_sentence, candidates)) + sum(map(told.by_cell, cells)) < _LINES:
            told.widen(named.keys())
        candidates = [candidate for candidate in candidates if told.by_sentence(candidate)]
        cells = [cell for cell in cells if told.by_cell(cell)]
        rows = [row for row in rows if told.by_cell(row)]
        topical = told.topical(topical, {item.source.document for item in candidates} | {cell.source.document for cell in cells})
    speaking = {item.source.document for item in topical.found.values()}
    return Gathered(
        candidates=_collapse(candidates),
        cells=tuple(cells),
        rows=tuple(rows),
        prose={key: prose(item, texts[key]) for key, item in read_documents.items()},
        subjects=named,
        sources=known,
        covers=covers,
        own=own,
        stated={key: printed_on(statements, documents[key]) for key in sorted(own)},
        scaled=scaled,
        warnings=(
            *topical.notes,
            *_in_other_words(abroad, known),
            *_warnings(read_documents, documents, known, on=speaking),
        ),
        passages=passages,
        missing=topical.missing,
        sentences=seen,
        rerankers=tuple(sorted(rerankers)),
        asked=asked,
        notices={key: item.notices for key, item in documents.items() if item.notices},
        languages=abroad,
        off_topic=frozenset(known) - speaking,
    )


def _own_year(period: str, filings: Sequence[Cover]) -> str:
    """The period, or, for a fiscal year, the twelve months that the company's annual filings call so, where they agree."""
    if period_shape(period) != "fiscal":
        return period
    years = {cover.year for cover in filings if cover.year and period_order(cover.year)[0] == period_order(period)[0]}
    return years.pop() if len(years) == 1 else period


def _search(
    asked: Sequence[SubQuery], *, find: Callable[[Sequence[str]], Sequence[SearchResult]], as_of: date
) -> tuple[dict[str, _Found], set[str]]:
    found: dict[str, _Found] = {}
    rerankers: set[str] = set()
    results = find([query.text for query in asked])
    for query, result in zip(asked, results, strict=True):
        rerankers |= {result.reranked_by} - {""}
        visible = [passage for passage in result.passages if passage.source.published <= as_of]
        for rank, passage in enumerate(visible, start=1):
            _note(found, passage, facet=query.facet, by=RetrievedBy(query=query.text, rank=rank, score=passage.score))
    return found, rerankers


def _queries_in(spoken: Sequence[Language], plan: Plan, *, vocabulary: Vocabulary) -> list[SubQuery]:
    """Searches in the languages of documents that were found, by the words for metrics: the topic's own are not known in them."""
    about = (*plan.outline.regions, *plan.outline.entities, *(plan.asked.named if plan.asked else ()))
    names = tuple(dict.fromkeys(about))
    return [
        SubQuery(facet=facet, text=text)
        for language in spoken
        for facet, text in queries(plan.facets, language, vocabulary=vocabulary, about=names)
    ]


def _joined(one: Mapping[str, _Found], other: Mapping[str, _Found]) -> dict[str, _Found]:
    """What both found; a passage of both by the searches of both."""
    joined = dict(one)
    for key, item in other.items():
        joined[key] = replace(item, by=[*joined[key].by, *item.by]) if key in joined else item
    return joined


@dataclass(frozen=True, kw_only=True, slots=True)
class _OnTopic:
    """What speaks of the market."""

    found: Mapping[str, _Found]
    """The passages of documents that do."""
    missing: tuple[str, ...] = ()
    """Words of the market's name that the documents do not use, or do not use together."""
    notes: tuple[str, ...] = ()
    """The same in words, for the report's warnings."""
    is_apart: bool = False
    """Whether the documents use the words, but not together."""
    known: frozenset[str] = frozenset()
    """Stems of the words that the documents use."""
    beside: frozenset[str] = frozenset()
    """Documents that are on other things, but speak of it: each sentence has to."""


def _on_topic(
    plan: Plan,
    *,
    found: Mapping[str, _Found],
    documents: Mapping[str, Document],
    covers: Mapping[str, Cover],
    own: frozenset[str],
    family: frozenset[str],
    abroad: Mapping[str, Language],
) -> _OnTopic:
    """The nearest passages to an unanswerable question are still no answer: half of the market's words must be there, and those together
    in a title or in three lines (fewer where fewer documents were found). A document then speaks of the market when it has more than
    half of them, or half with a telling one, written as asked: "electricity" makes no document one on electric ferries. ``family``: the
    documents that the report is asked to go through one by one; they are all on the topic. ``own``: filings of the company that the
    market is; of another company's each sentence has to name it.
    """
    if not plan.market_words and not family:
        return _OnTopic(found=found, missing=(), notes=())
    titles = {item.source.document: item.source.title for item in found.values()}
    held = {key: stem_set(f"{titles[key]} {document.text}") for key, document in documents.items()}
    asked = plan.market_words
    known = {stem for stem in asked if any(stem in stems for stems in held.values())}
    missing = tuple(word for stem, word in asked.items() if stem not in known)
    notes = tuple(f'no document found has the word "{word}" of the market "{plan.market}"' for word in missing)
    if asked and 2 * len(missing) >= len(asked):
        return _OnTopic(found={}, missing=missing, notes=notes)
    if known and not family and not _stand_together(known, titles=titles, documents=documents):
        apart = f'the words of the market "{plan.market}" stand in the documents found, but hardly ever together'
        return _OnTopic(found={}, missing=tuple(asked.values()), notes=(apart,), is_apart=True, known=frozenset(known))
    telling = _telling(known, held=held)
    forms = {token.form for stem in telling for token in tokens(asked[stem])}
    share = {key: 2 * len(known & stems) - len(known) for key, stems in held.items()}
    on_topic = {key for key, over in share.items() if over > 0 or (over == 0 and not known)}
    halves = (key for key, over in share.items() if over == 0 and telling & held[key])
    on_topic |= {key for key in halves if forms & {token.form for token in tokens(f"{titles[key]} {documents[key].text}")}}
    on_topic |= family & set(held)
    on_topic |= _about_the_same(on_topic, found=found, documents=documents) | _named_for(plan, on_topic, found=found, documents=documents)
    on_topic |= _in_other_languages(plan, on_topic - abroad.keys(), documents=documents, sources=found, abroad=abroad)
    speaking = {key: item for key, item in found.items() if item.source.document in on_topic}
    beside = frozenset[str]()
    if known and not family:
        beside = _beside(frozenset(known), on_topic - abroad.keys(), titles=titles, documents=documents, filings=covers.keys())
        beside |= {key for key in on_topic - own if own and key in covers and covers[key].registrant}
    return _OnTopic(found=speaking, missing=missing, notes=notes, known=frozenset(known), beside=beside)


def _beside(
    known: frozenset[str],
    on_topic: Collection[str],
    *,
    titles: Mapping[str, str],
    documents: Mapping[str, Document],
    filings: Collection[str],
) -> frozenset[str]:
    """The documents of a folder on other things that are not about the market: neither title nor beginning holds all of its stems, and
    few of their lines do. None where a fifth of those that name it whole are called by it: the folder is on the market then."""
    called = {key for key in on_topic if known <= stem_set(titles[key])}
    whole = {key: list(lines_with(known, documents[key].text)) for key in sorted(on_topic)}
    if len(called) >= _CALLED * sum(bool(starts) or key in called for key, starts in whole.items()):
        return frozenset()
    least = {key: (_OFTEN_OF_ITS_OWN if key in filings else _OFTEN) * len(documents[key].text) / LINE for key in whole}
    about = {key for key, starts in whole.items() if len(starts) >= max(_FEWEST_LINES, least[key])}
    about |= {key for key, starts in whole.items() if starts and starts[0] < min(_BEGINNING, _FIRST_PART * len(documents[key].text))}
    return frozenset(set(on_topic) - called - about)


class _Told:
    """Which sentences and cells speak of what a topic asks for in particular."""

    def __init__(
        self,
        asked: Asked,
        *,
        beside: Collection[str],
        documents: Mapping[str, Document],
        sources: Mapping[str, Source],
        covers: Mapping[str, Cover],
        vocabulary: Vocabulary,
    ) -> None:
        self._asked, self._vocabulary, self._beside = asked, vocabulary, beside
        self._called = {
            key: stem_set(f"{source.title} {source.publisher} {source.path} {covers[key].registrant if key in covers else ''}")
            for key, source in sources.items()
        }
        self._texts = {key: document.text for key, document in documents.items()}
        self._reached = {key: reached(asked, text=text, called=self._called[key]) for key, text in self._texts.items()}
        self._at_home = {key for key, text in self._texts.items() if is_at_home(asked, text=text, called=self._called[key])}
        self._wider = frozenset[str]()
        self._told: set[str] = set()

    def widen(self, family: Collection[str]) -> None:
        """Take all that the reports say in whose regions a place asked for lies, where hardly a sentence names it with what is asked.
        ``family``: reports on one region each."""
        texts = {key: text for key, text in self._texts.items() if key in family}
        self._wider = lying_in(self._asked, texts=texts) - self._at_home
        self._at_home |= self._wider

    def by_sentence(self, candidate: Candidate) -> bool:
        """Whether a sentence does."""
        metrics = {mention.metric.id for mention in candidate.mentions if not mention.figures_only or candidate.numbers}
        is_ahead = self._vocabulary.kind(candidate.text) == "forecast"
        return self._is_told(candidate.text, metrics, evidence=candidate.evidence, is_ahead=is_ahead)

    def by_cell(self, cell: CellEvidence) -> bool:
        """Whether a table's cell does, by its labels."""
        reference = cell.evidence.table
        text = f"{reference.row}, {reference.column}" if reference is not None else cell.evidence.quote
        headings = " ".join(cell.evidence.heading_path[-1:])
        metrics = {mention.metric.id for mention in self._vocabulary.named(text) or self._vocabulary.named(headings)}
        return self._is_told(text, metrics, evidence=cell.evidence)

    def _is_told(self, text: str, metrics: Collection[str], *, evidence: Evidence, is_ahead: bool = False) -> bool:
        if self._beside and evidence.document not in self._beside:
            return True
        stems = stem_set(text)
        around = stem_set(" ".join(evidence.heading_path)) | self._called[evidence.document]
        if evidence.document not in self._at_home and not any(place <= stems | around for place in self._asked.places):
            return False
        if self._asked.is_name:
            return True
        reached = self._reached[evidence.document]
        headed = stem_set(" ".join(evidence.heading_path[-1:]))
        own = [item for item in reached if item.is_told(metrics=metrics, stems=stems, around=around, headed=headed, is_ahead=is_ahead)]
        self._told |= {aspect.text for aspect in own}
        return bool(own)

    def topical(self, before: _OnTopic, documents: Collection[str]) -> _OnTopic:
        """The passages of the documents that do, and which aspects nothing was found on."""
        untold = dict.fromkeys(aspect.text for aspect in self._asked.aspects if aspect.text not in self._told)
        missing = () if self._beside else tuple(untold)
        inside = " or ".join(self._asked.inside)
        apart = (
            f"hardly a sentence names {inside} with what is asked; sentences on the whole of the region whose report names it stand instead"
        )
        tie = f" together with {' or '.join(self._asked.named)}" if self._asked.named else ""
        return _OnTopic(
            found={key: item for key, item in before.found.items() if item.source.document in documents},
            missing=missing or (before.missing if not documents else ()),
            notes=(
                *before.notes,
                *((apart,) if self._wider & set(documents) else ()),
                *(f'no document found says anything of "{text}"{tie} that can be quoted' for text in missing),
            ),
        )


def _stand_together(known: Collection[str], *, titles: Mapping[str, str], documents: Mapping[str, Document]) -> bool:
    """Whether a title holds all of the stems, or three lines do; as many as there are documents, where those are fewer."""
    if any(stem_set(title).issuperset(known) for title in titles.values()):
        return True
    together = (start for document in documents.values() for start in lines_with(frozenset(known), document.text))
    least = min(_LINES, len(documents))
    return sum(1 for _ in islice(together, least)) == least


def _telling(known: Collection[str], *, held: Mapping[str, Collection[str]]) -> set[str]:
    """The stems that at most twice as many documents hold as hold the rarest: where all are common, each tells."""
    counts = {stem: sum(stem in stems for stems in held.values()) for stem in known}
    return {stem for stem in known if counts[stem] <= 2 * min(counts.values())}


def _about_the_same(on_topic: Collection[str], *, found: Mapping[str, _Found], documents: Mapping[str, Document]) -> set[str]:
    """Documents that do not use the market's words but name two of the companies that documents on the market are about."""
    sources = {item.source.document: item.source for item in found.values()}
    companies = set(whose([sources[key] for key in sorted(on_topic)]).values())
    return {
        key
        for key, document in documents.items()
        if key not in on_topic and sum(re.search(rf"\b{re.escape(name)}\b", document.text) is not None for name in companies) >= 2
    }


def _in_other_languages(
    plan: Plan,
    on_topic: Collection[str],
    *,
    documents: Mapping[str, Document],
    sources: Mapping[str, _Found],
    abroad: Mapping[str, Language],
) -> set[str]:
    """German and French documents that share names with those that are on the topic."""
    if not abroad or not on_topic:
        return set()
    texts = {key: documents[key].text for key in sorted({*on_topic, *abroad})}
    known = {item.source.document: item.source for item in sources.values()}
    names = find_names(texts, sources=[known[key] for key in texts], regions=plan.outline.regions)
    english = "\n".join(texts[key] for key in sorted(on_topic))
    companies = {name for name in names.others | set(plan.outline.entities) if stands(name, english)}
    places = {name for name in names.places | set(plan.outline.regions) if stands(name, english)}
    return {key for key, language in abroad.items() if shares_names(texts[key], companies=companies, places=places, language=language)}


def _in_other_words(abroad: Mapping[str, Language], sources: Mapping[str, Source]) -> list[str]:
    """That documents are in other languages, and what that means, for the report's warnings."""
    told = []
    for language in sorted(set(abroad.values())):
        titles = sorted(f'"{sources[key].title}" ({sources[key].path})' for key, own in abroad.items() if own == language)
        more = f" and {len(titles) - _MOST_TITLES} more" if len(titles) > _MOST_TITLES else ""
        told.append(
            f"in {NAMES[language]}: {', '.join(titles[:_MOST_TITLES])}{more}; an English topic hardly finds what such documents say: "
            "of them only sentences with a figure and a known word for what it measures are quoted, in their language; their tables are "
            "left out, and none of their figures is compared"
        )
    return told


def _named_for(plan: Plan, on_topic: Collection[str], *, found: Mapping[str, _Found], documents: Mapping[str, Document]) -> set[str]:
    """Documents whose title, publisher or path names a region or company asked for, or whose title names one that two documents name."""
    sources = {item.source.document: item.source for item in found.values()}
    texts = [documents[key].text for key in sorted(on_topic)]
    ordinary = ordinary_words(document.text for document in documents.values())
    regions = re.compile(
        "|".join(rf"(?<![^\W_]){re.escape(region)}(?![^\W_])" for region in (*plan.outline.regions, *plan.outline.entities)) or r"(?!)",
        re.IGNORECASE,
    )
    return {
        key
        for key, source in sources.items()
        if regions.search(f"{source.title} {source.publisher} {source.path}")
        or named_in(source.title, texts=texts, ordinary=ordinary) - set(source.publisher.split())
    }


def _note(found: dict[str, _Found], passage: Passage, *, facet: str, by: RetrievedBy) -> None:
    item = found.setdefault(passage.chunk.id, _Found(chunk=passage.chunk, source=passage.source))
    item.by.append((facet, by))


def _candidates(
    plan: Plan,
    *,
    found: Mapping[str, _Found],
    documents: Mapping[str, Document],
    read_documents: Mapping[str, ReadDocument],
    vocabulary: Vocabulary,
    rule: SubjectRule,
    span: Span | None,
    abroad: Mapping[str, Language],
) -> tuple[list[Candidate], int]:
    newness = _newness([item.source for item in found.values()])
    scorer = _Scorer(plan=plan, owned=frozenset(whose(item.source for item in found.values())))
    by_document: dict[str, list[_Found]] = defaultdict(list)
    for item in found.values():
        by_document[item.source.document].append(item)
    made: list[Candidate] = []
    seen = 0
    for key in sorted(by_document):
        sentences = read_documents[key].sentences
        found_by = _finders(by_document[key], starts=[sentence.start for sentence in sentences])
        seen += len(found_by)
        for at, hits in sorted(found_by.items(), key=itemgetter(0)):
            candidate = _candidate(
                sentences[at],
                hits,
                document=documents[key],
                vocabulary=vocabulary,
                scorer=scorer,
                newness=newness[key],
                opening=max(0.0, 1.5 - 1.5 * at / _OPENING),
                language=abroad.get(key, ""),
            )
            if candidate is None or rule.others_named(candidate.text, document=key):
                continue
            if span is None or span.holds(candidate.source, candidate.periods):
                made.append(candidate)
    return made, seen


def _finders(passages: Sequence[_Found], *, starts: Sequence[int]) -> dict[int, list[_Found]]:
    """Place of a sentence -> the passages that it begins in; ``starts``: where the document's sentences begin, ascending."""
    found: dict[int, list[_Found]] = defaultdict(list)
    for item in passages:
        for at in range(bisect_left(starts, item.chunk.start), bisect_left(starts, item.chunk.end)):
            found[at].append(item)
    return found


def _newness(sources: Sequence[Source]) -> dict[str, float]:
    """1 for the newest document's date down to 0 for the oldest, by rank of the date; 0 for a document that says none."""
    days = sorted({source.published for source in sources if source.published_from != "mtime"})
    top = max(1, len(days) - 1)
    return {source.document: days.index(source.published) / top if source.published_from != "mtime" else 0.0 for source in sources}


def _candidate(
    sentence: Sentence,
    hits: Sequence[_Found],
    *,
    document: Document,
    vocabulary: Vocabulary,
    scorer: "_Scorer",
    newness: float,
    opening: float,
    language: Language,
) -> Candidate | None:
    start = sentence.start + lead_in(document.text[sentence.start : sentence.end])
    quote = document.text[start : sentence.end]
    text = " ".join(quote.split())
    text = text[:1].upper() + text[1:]
    source = hits[0].source
    mentions = vocabulary.named_abroad(text, language) if language else vocabulary.named(text)
    numbers = find_numbers(text)
    whole = f"{text}." if sentence.is_point else text
    if (language and not is_sound(whole, language, mentions=mentions, numbers=numbers)) or (not language and fault(whole)):
        return None
    searches = [pair for item in hits for pair in item.by]
    periods = find_periods(text, published=source.published) + of_title(text, source.title)
    stems = content_stems(text)
    sound = standing(text, owned=source.document in scorer.owned)
    scores = scorer.score(
        stems=frozenset(stems),
        headings=sentence.heading_path,
        searches=searches,
        facets_of_metrics=[mention.metric.facet for mention in mentions],
        numeric=bool([number for number in numbers if number.kind not in ("year", "plain")]),
        says_something=bool(periods or numbers or mentions),
        moves=_moves(text, mentions, vocabulary),
        dated=bool(periods),
        newness=newness,
        standing=sound,
        opening=opening,
    )
    best = min((by for _, by in searches), key=lambda by: (by.rank, -by.score, by.query))
    return Candidate(
        evidence=_evidence(document, hits[0].source.document, sentence=sentence, start=sentence.start, by=best),
        source=source,
        text=text,
        mode="verbatim" if start == sentence.start and quote[:1] == text[:1] else "near_quote",
        numbers=numbers,
        periods=periods,
        mentions=mentions,
        scores=scores,
        standing=sound,
        shingles=shingles(stems),
        language=language,
    )


def _lacks_scale(candidate: Candidate) -> bool:
    """True for a sum of money without a scale that is too small to be written out and nothing apiece: "$552" of a filing in millions."""
    return any(
        "/" not in number.unit
        and abs(number.value) < _IN_FULL
        and "." not in number.printed
        and is_without_scale(number, shown=candidate.text[number.start : number.end], beside=candidate.text)
        for number in candidate.numbers
    )


def is_without_scale(number: Number, *, shown: str, beside: str) -> bool:
    """True for money that says no scale where it is ``shown``, and is nothing a share by what stands ``beside`` it."""
    return number.kind == "money" and not SCALE_WORD.search(shown) and not A_SHARE.search(beside)


def _moves(text: str, mentions: Sequence[Mention], vocabulary: Vocabulary) -> bool:
    """True when the sentence says which way a metric goes."""
    words = tokens(text)
    return any(vocabulary.direction(text, words, mention) != "none" for mention in mentions)


def evidence_id(document: str, start: int, end: int) -> str:
    """The id of the evidence at a span: "e-" and 12 hex digits."""
    return "e-" + hashlib.sha256(f"{document} {start} {end}".encode()).hexdigest()[:12]


def _evidence(document: Document, key: str, *, sentence: Sentence | TableCell, start: int, by: RetrievedBy) -> Evidence:
    before, after = _whole_words(document, *context(document, start, sentence.end), start=start, end=sentence.end)
    return Evidence(
        id=evidence_id(key, start, sentence.end),
        document=key,
        page=sentence.page,
        page_label=sentence.page_label,
        start=start,
        end=sentence.end,
        quote=document.text[start : sentence.end],
        context_before=before,
        context_after=after,
        heading_path=sentence.heading_path,
        table=sentence.reference if isinstance(sentence, TableCell) else None,
        retrieved_by=by,
    )


def _whole_words(document: Document, before: str, after: str, *, start: int, end: int) -> tuple[str, str]:
    """The surroundings of a span without the words that their far ends cut through."""
    text, first, last = document.text, start - len(before), end + len(after)
    if first > 0 and not text[first - 1].isspace():
        before = re.sub(r"^\S+\s*", "", before)
    if last < len(text) and not text[last].isspace():
        after = re.sub(r"\s*\S+$", "", after)
    return before, after


def _cell_evidence(
    found: Mapping[str, _Found],
    documents: Mapping[str, Document],
    read_documents: Mapping[str, ReadDocument],
    *,
    whole_rows: bool = False,
) -> list[CellEvidence]:
    """The data cells of every table that a passage found holds a part of, and the rows without headers inside it, each once: a statement is
    longer than a passage, and its first line seldom stands with its last."""
    made: dict[str, CellEvidence] = {}
    for chunk in sorted(found):
        item = found[chunk]
        key = item.source.document
        by = min((by for _, by in item.by), key=lambda by: (by.rank, -by.score, by.query))
        tables = read_documents[key].tables
        first = max(0, bisect_right(tables, item.chunk.start, key=_start) - 1)
        near = tables[first : bisect_left(tables, item.chunk.end, key=_start)]
        held = [table for table in near if item.chunk.start < table.block.end]
        for cell in (cell for table in held for cell in (table.rows if whole_rows else table.cells)):
            if (not whole_rows or item.chunk.start <= cell.start < item.chunk.end) and evidence_id(key, cell.start, cell.end) not in made:
                evidence = _evidence(documents[key], key, sentence=cell, start=cell.start, by=by)
                made[evidence.id] = CellEvidence(evidence=evidence, source=item.source)
    return [made[key] for key in sorted(made, key=lambda key: (made[key].evidence.document, made[key].evidence.start))]


_start = attrgetter("block.start")


def _is_asked(cell: CellEvidence, span: Span | None) -> bool:
    """Whether a cell may be about the period asked for: any of a document of the period, else one whose labels name it."""
    reference = cell.evidence.table
    if span is None or reference is None or span.first <= cell.source.published <= span.last:
        return True
    named = find_periods(f"{reference.column}, {reference.row}", published=cell.source.published)
    return span.holds(cell.source, named) or (cell.source.published > span.last and span.compares(named))


@dataclass(frozen=True, kw_only=True)
class _Scorer:
    """Relevance of a sentence to each facet: a sum of simple parts, each at most about 1."""

    plan: Plan
    owned: frozenset[str]
    """Documents that their own subject published."""
    _terms: dict[str, frozenset[str]] = field(default_factory=dict)

    def score(
        self,
        *,
        stems: frozenset[str],
        headings: Sequence[str],
        searches: Sequence[tuple[str, RetrievedBy]],
        facets_of_metrics: Sequence[str],
        numeric: bool,
        says_something: bool,
        moves: bool,
        dated: bool,
        newness: float,
        standing: float,
        opening: float,
    ) -> dict[str, float]:
        """Facet id -> score; "" scores the sentence for the overview."""
        about = min(2, len(stems & self.plan.stems)) / 2
        base = 1.0 * numeric + 0.2 * dated + 0.4 * newness + 1.5 * standing + 0.7 * about - 0.8 * (not says_something)
        heading = frozenset(content_stems(" ".join(headings[-2:])))
        scores = {"": round(base + _rank_part(searches, "") + _is_summary(headings) + opening + 0.7 * about, 6)}
        base -= 0.6 * (not numeric and not moves)
        for facet in self.plan.facets:
            terms = self._facet_terms(facet)
            least = 1 if facet.terms else min(2, len(terms))
            hits, headed = len(stems & terms), len(heading & terms) >= least
            relevance = 0.9 * min(2, hits) / 2 + 0.8 * (facet.id in facets_of_metrics) + 0.7 * headed
            if hits >= least or facet.id in facets_of_metrics or headed:
                scores[facet.id] = round(base + relevance + _rank_part(searches, facet.id), 6)
        return scores

    def _facet_terms(self, facet: Facet) -> frozenset[str]:
        if facet.id not in self._terms:
            said = (*facet.terms, facet.title) if facet.terms else (facet.title, facet.question)
            stems = frozenset(content_stems(" ".join(said)))
            self._terms[facet.id] = stems if facet.terms else (stems - self.plan.stems - _ASKING or stems)
        return self._terms[facet.id]


def _rank_part(searches: Sequence[tuple[str, RetrievedBy]], facet: str) -> float:
    """1 for the first place in one of the facet's searches, falling with rank; 0 when none found it."""
    return max((6 / (5 + by.rank) for key, by in searches if key == facet), default=0.0)


def _is_summary(headings: Sequence[str]) -> float:
    words = " ".join(headings[-1:]).lower()
    return 1.0 * any(
        word in words for word in ("summary", "overview", "key results", "highlights", "key findings", "in brief", "what we now")
    )


def _collapse(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Near-duplicates as one candidate: the one that stands best, the oldest as the likeliest origin, but of versions of one document
    the latest; the others' documents are noted."""
    ordered = sorted(candidates, key=lambda c: (-c.standing, c.source.published, c.evidence.document, c.evidence.start))
    kept: list[Candidate] = []
    copies: dict[int, set[str]] = defaultdict(set)
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for candidate in ordered:
        near = {at for shingle in candidate.shingles for at in holders[shingle]}
        twin = next((at for at in sorted(near) if repeats(candidate, kept[at], most=NEAR_DUPLICATE)), None)
        if twin is not None:
            copies[twin] |= {candidate.source.document, kept[twin].source.document}
            if replaces(candidate.source, kept[twin].source):
                kept[twin] = candidate
            continue
        for shingle in candidate.shingles:
            holders[shingle].append(len(kept))
        kept.append(candidate)
    noted = [replace(c, copies=tuple(sorted(copies[at] - {c.source.document}))) if copies[at] else c for at, c in enumerate(kept)]
    return tuple(sorted(noted, key=lambda c: (c.evidence.document, c.evidence.start)))


def repeats(one: Candidate, other: Candidate, *, most: float) -> bool:
    """True when two sentences share more than so much of their wording and say the same numbers."""
    return same_numbers(one.numbers, other.numbers) and overlap(one.shingles, other.shingles) > most


def same_numbers(one: Sequence[Number], other: Sequence[Number]) -> bool:
    """True when two texts hold the same numbers; the same words about other figures are another statement."""
    return {comparable(number) for number in one} == {comparable(number) for number in other}


def _hides_words(notice: str) -> bool:
    """True for hidden text that could say something: a stray character is told of in the appendix only."""
    match = re.match(r"hidden text dropped \((\d+)", notice)
    return match is not None and int(match[1]) >= _HIDDEN_WORDS


def _warnings(
    read_documents: Mapping[str, ReadDocument], documents: Mapping[str, Document], sources: Mapping[str, Source], *, on: Collection[str]
) -> list[str]:
    """Orders to a machine, wherever they were found, and what is hidden in the documents ``on`` the topic."""
    found = []
    for key in sorted(read_documents, key=lambda key: sources[key].path):
        name = f'"{sources[key].title}" ({sources[key].path})'
        if read_documents[key].orders:
            found.append(f"{name} holds orders to a machine; they and what stands beside them were left out")
        found += [f"{name}: {notice}" for notice in documents[key].notices if key in on and _hides_words(notice)]
    return found
