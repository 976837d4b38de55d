"""What a topic asks for in particular: "wages and labour shortages", "auto sales", "margins of Kordwell" name measures, and a report on
them holds nothing else; "zinc-air storage" names a market, and all that is said of it belongs to the report.

A topic is read by rule. "and", "or" and "/" part it into aspects. The end of an aspect's first phrase says what is measured: a metric of
the vocabulary, what several metrics end in ("margins"), or, alone, a word of a section ("competition"). Words before it narrow it ("auto"
of "auto sales"), what a preposition ties to it says of what ("in manufacturing", "of AMD"). A topic without any measure asks for a market.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from rag.patterns import regex
from rag.prompts import Facet
from rag.report.outline import Outline
from rag.report.wording import Mention, Vocabulary, tokens
from rag.spelling import beginnings
from rag.text import content_stems, stem_set, words

_JOINED = regex(r"\s+(?:and|or|&|\+)\s+(?:the\s+)?|(?<=\w{3})\s*/\s*(?=\w{3})")
_TIED = regex(r"\s+(?:in|of|at|for|on|across|among|by|from|within|to)\s+(?:the\s+)?")
_MEASURES = frozenset(
    "backlog cost debt demand delivery earning employment export growth headcount hiring import inflation inventory investment layoff loss "
    "margin order price profit rate rent revenue sale shortage spending turnover unemployment vacancy wage".split()
)
"""What may be measured of anything, and names no market itself, as "steel production" does."""
_SAME = {"margin": ("profit",), "profit": ("margin",), "headcount": ("employment",), "hiring": ("employment",)}
"""What else tells of the same."""
_END = regex(r"(?<=[.!?])\s|\n")
LINE, _LONGEST_LINE = 100, 1_000
"""Characters of a line, on the average and at most."""
_FILED = regex(r"(?:^|(?<=[\s/]))([^\W_]+)_")
"""The first part of a file's name: "BESTBUY" of BESTBUY_2019_10K."""
_HOME_SHARE = 0.1
"""Lines of a document, of all, that name a place which it then need not name each time."""
_HOME_LINES = 3
"""At least, but where the first line names it: a short paper that names a company once is not about it."""
_INSIDE = r"\b(?:in|across|throughout)\s+(?:the\s+)?{}(?!\w)"
_FEWEST_NAMED = 2
"""Times that a report on a region names a place that lies in it."""
_LONGEST_NAME = 3
"""Words; also letters of a word in it that may be small, such as "of"."""
_AHEAD = frozenset(content_stems("outlook outlooks forecast forecasts expectation expectations projection projections guidance"))
"""Words that, alone, ask for what the sources expect, in whatever words they do."""
_OF_A_NAME = frozenset(content_stems("result performance overview report profile news business"))
"""Words that ask of a name no more than the name does, besides those that are general anyway."""
_FAMILIES = frozenset("money energy power mass volume time count pp x".split())
"""Units of the vocabulary that stand for several, not for what is counted."""
_MARKETS = frozenset("activity construction market production sector".split())
"""Words at the end of a metric's name that make a market of it."""
_OF_ALL = frozenset("inflation unemployment employment".split())
"""Measures of an economy: "energy prices and inflation" asks for that of everything."""
_ANYBODY = frozenset(
    content_stems(
        "us u.s company firm business group industry sector maker producer listed public private large leading major big overall total "
        "average national current recent"
    )
)
"""Words for those whose documents these are, and for the whole, which documents need not say each time."""
_GENERAL = frozenset(content_stems("level trend change growth development outlook analysis review update situation figure data number"))
"""Words that say of a measure no more than that it is one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Aspect:
    """One of the things a topic asks for."""

    text: str
    """As typed."""
    metrics: frozenset[str] = frozenset()
    """Ids of the metrics it names."""
    stems: frozenset[str]
    """Of the words that say what is measured, or of all where nothing is: a sentence with each of them speaks of it; without metrics
    they may stand in its headings."""
    narrowed: frozenset[str] = frozenset()
    """Stems that a sentence must have too, itself, in its headings or in what its document is called."""
    tied: frozenset[str] = frozenset()
    """Stems that its document must have in one line, or be called by."""
    is_ahead: bool = False
    """Whether it asks for what is to come: "outlook"."""
    head: str = ""
    """Stem of a measure that its wording ends in and that is said of several things: "rate" of "freight rates"."""
    rivals: frozenset[str] = frozenset()
    """Ids of the other metrics whose wordings end in it."""

    def is_told(
        self,
        *,
        metrics: Collection[str],
        stems: Collection[str],
        around: Collection[str],
        headed: Collection[str] = (),
        is_ahead: bool = False,
    ) -> bool:
        """Whether a text with these metrics and stems, under headings and in a document called ``around``, speaks of it; ``is_ahead``:
        it says what is to come. Under a heading that says of what, ``headed``, the measure is enough: "container rates" under "Freight"."""
        everything = {*stems, *around}
        if self.is_ahead:
            return is_ahead and self.narrowed <= everything
        measured = not self.metrics.isdisjoint(metrics) or self.stems <= (set(stems) if self.metrics else everything)
        if not measured and self.head in stems and self.rivals.isdisjoint(metrics):
            measured = self.stems - {self.head} <= set(headed)
        return measured and self.narrowed <= everything


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is looked for in every sentence."""

    aspects: tuple[Aspect, ...] = ()
    """Of a topic that asks for measures; none where it is a name, of which everything is wanted."""
    facets: frozenset[str]
    """Ids of the sections that they belong to."""
    named: tuple[str, ...] = ()
    """The places or companies that the topic ties them to, "in Florida", or the name that it is or begins with: "Halvex sales and debt"."""
    places: tuple[frozenset[str], ...] = ()
    """Their stems: a sentence or its document needs one of them."""
    inside: tuple[str, ...] = ()
    """Those of the named that the topic calls a place: "in Florida", not "of Halvex"."""

    @property
    def is_name(self) -> bool:
        """Whether the topic is a name."""
        return not self.aspects

    @property
    def metrics(self) -> frozenset[str]:
        """Ids of all metrics asked for."""
        return frozenset[str]().union(*(aspect.metrics for aspect in self.aspects))


def asked_of(outline: Outline, *, vocabulary: Vocabulary, called: Sequence[str]) -> Asked | None:
    """What the topic asks for in particular; None where it asks for a market, for each of several subjects, or by an analyst's own plan.

    ``called``: what each document is called, title and path."""
    if outline.binding or outline.dimension:
        return None
    facets = frozenset(facet.id for facet in outline.sections)
    name, rest = _named(outline.market, called)
    if name and not rest:
        return Asked(facets=facets, named=(name,), places=(frozenset(content_stems(name)),))
    own = [_aspect(part, outline=outline, vocabulary=vocabulary) for part in _parts(outline.market)]
    if not any(aspect.metrics or aspect.narrowed or aspect.is_ahead or _is_term(aspect, outline.sections) for aspect in own):
        any_of = tuple(Aspect(text=outline.market, stems=frozenset({stem})) for stem in rest)
        return Asked(aspects=any_of, facets=facets, named=(name,), places=(frozenset(content_stems(name)),)) if name else None
    own += [_aspect(part, outline=outline, vocabulary=vocabulary) for theme in outline.themes for part in _parts(theme)]
    aspects = tuple(_shared(own))
    homes = frozenset[str]().union(*(_homes(aspect, outline=outline, vocabulary=vocabulary) for aspect in aspects))
    tying = r"\b(?:in|on|for|across|of)\s+(?:the\s+)?"
    named = [name for name in outline.regions if re.search(rf"{tying}{re.escape(name)}(?!\w)", outline.topic) and _is_capitalised(name)]
    named += [begun] if (begun := _begun_with(outline.market, called)) and begun not in named else []
    return Asked(
        aspects=aspects,
        facets=homes,
        named=tuple(named),
        places=tuple(frozenset(content_stems(name)) for name in named),
        inside=tuple(name for name in named if re.search(_INSIDE.format(re.escape(name)), outline.topic)),
    )


def carded(asked: Asked, *, vocabulary: Vocabulary) -> frozenset[str]:
    """Ids of the metrics that may have a card: those it names, and for what names none those whose wording holds all of its words: "cash
    flow" is told by operating and by free cash flow."""
    unnamed = [aspect.stems for aspect in asked.aspects if not aspect.metrics and aspect.stems]
    held = {
        metric.id
        for metric in vocabulary.metrics.values()
        if any(stems <= set(content_stems(wording)) for stems in unnamed for wording in metric.synonyms)
    }
    return asked.metrics | held


def _homes(aspect: Aspect, *, outline: Outline, vocabulary: Vocabulary) -> frozenset[str]:
    """Ids of the sections that print its metrics; of one without, those that know all of its words."""
    homes = {vocabulary.metrics[metric].facet for metric in aspect.metrics}
    return frozenset(facet.id for facet in outline.sections if facet.id in homes or (not aspect.metrics and aspect.stems <= _terms(facet)))


def narrowed(outline: Outline, *, vocabulary: Vocabulary) -> Outline:
    """The outline with those sections alone that the topic asks for; whole where it asks for a market, or for something that no section
    knows."""
    asked = asked_of(outline, vocabulary=vocabulary, called=())
    if asked is None or not all(_homes(aspect, outline=outline, vocabulary=vocabulary) for aspect in asked.aspects):
        return outline
    return replace(outline, sections=tuple(facet for facet in outline.sections if facet.id in asked.facets))


def _is_capitalised(name: str) -> bool:
    """True for a name: "European car makers" is none."""
    return all(word[0].isupper() for word in words(name) if len(word) > _LONGEST_NAME)


def parted(outline: Outline, *, known: Collection[str]) -> Asked:
    """A market whose words hardly ever stand together, as its parts: "sports betting and football" asks for both, a sentence at a time.
    ``known`` are the stems that documents have."""
    pieces = [(part, frozenset(content_stems(part)) & set(known)) for part in _parts(outline.market)]
    return Asked(
        aspects=tuple(Aspect(text=piece, stems=stems) for piece, stems in pieces if stems),
        facets=frozenset(facet.id for facet in outline.sections),
    )


def _named(market: str, called: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The name that a topic is, or begins with where that has several words, and the stems of what it asks of it; general words, such as
    "results", ask for all. Empty without a name."""
    bare = re.sub(r"['’]s?(?=\s|$)", "", market)
    if _is_name(bare, called):
        return bare, ()
    runs = [found.end() for found in re.finditer(r"\S+", bare)][1:-1]
    name = next((bare[:end] for end in reversed(runs) if _is_name(bare[:end], called)), "")
    return name, tuple(
        dict.fromkeys(stem for stem in content_stems(bare[len(name) :]) if stem not in _GENERAL | _OF_A_NAME)
    ) if name else ()


def _begun_with(market: str, called: Sequence[str]) -> str:
    """The name that a topic begins with and that files' names begin with: "General Mills" of "General Mills sales and debt", where some are
    called GENERALMILLS_2019; empty for none."""
    runs = [market[: found.end()] for found in islice(re.finditer(r"\S+", market), _LONGEST_NAME)]
    return next((run for run in reversed(runs) if is_called(run, called)), "")


def is_called(name: str, called: Iterable[str]) -> bool:
    """Whether some documents, not most, have a file's name that begins with a capitalised name, in one word and an underscore behind."""
    parts, files = words(name), [frozenset(match[1].lower() for match in _FILED.finditer(text)) for text in called]
    if not parts or not all(word[0].isupper() or word[0].isdecimal() for word in parts) or not any(word[-1].isalpha() for word in parts):
        return False
    holding = sum("".join(parts).lower() in file for file in files)
    return 0 < 2 * holding <= len(files)


def _is_name(market: str, called: Sequence[str]) -> bool:
    """True for capitalised words that some documents, not most, are called by, and that are a name there."""
    named = words(market)
    if not 1 <= len(named) <= _LONGEST_NAME or not all(word[0].isupper() for word in named):
        return False
    stems = frozenset(content_stems(market))
    holding = [text for text in called if stems <= stem_set(text)]
    return 0 < 2 * len(holding) <= len(called) and is_name_in(market, called)


def is_name_in(market: str, texts: Iterable[str]) -> bool:
    """Whether none of the words stands in small letters in the texts, addresses and file names aside; of several words in a row, as the
    texts have them, one that never does is enough: "Ambrel Packaging" is a name, whatever is said of packaging."""
    read = list(texts)
    small = [word for word in words(market) if any(_has(word.lower(), text) for text in read)]
    return not small or (len(small) < len(words(market)) and any(_has(market, text) for text in read))


def _has(wording: str, text: str) -> bool:
    return re.search(rf"(?<![\w@./-]){re.escape(wording)}(?![\w@./-])", text) is not None


def _parts(text: str) -> list[str]:
    """What "and", "or" and "/" join, empty words left out."""
    return [part for part in _JOINED.split(text) if content_stems(_TIED.split(part.strip())[0])]


def _aspect(text: str, *, outline: Outline, vocabulary: Vocabulary) -> Aspect:
    head, *tails = _TIED.split(text.strip())
    tied = frozenset(content_stems(" ".join(tails))) - _ANYBODY
    narrowing = frozenset[str]()
    if len(tied) == 1 and (any(tied <= _terms(facet) for facet in outline.sections) or _names_no_one(tails)):
        tied, narrowing = frozenset(), tied
    if _AHEAD.issuperset(content_stems(head)):
        return Aspect(text=text, stems=frozenset(content_stems(head)), narrowed=narrowing, tied=tied, is_ahead=True)
    found = tokens(head)
    while len(found) > 1 and stem_set(found[-1].word) & _GENERAL:
        found = found[:-1]
    head = head[: found[-1].end] if found else head
    mention = next((item for item in vocabulary.mentions(found) if item.last == len(found) - 1), None)
    last = found[-1] if found else None
    before = frozenset(content_stems(head[: last.start])) - _ANYBODY if last is not None else frozenset[str]()
    everything = frozenset(content_stems(head))
    if last is not None and last.form in _MEASURES and (mention is None or mention.first == mention.last or _is_part(mention, last.form)):
        named = _ending_in(last.form, vocabulary)
        own = frozenset(content_stems(last.word))
        return Aspect(text=text, metrics=named, stems=own if named else everything, narrowed=before | narrowing, tied=tied)
    rest = frozenset(content_stems(head[: mention.start])) - _ANYBODY if mention is not None else frozenset[str]()
    if mention is not None and last is not None and (last.form in _MEASURES or not (rest or last.form in _MARKETS)):
        own, named = frozenset({mention.metric.id}), _ending_in(last.form, vocabulary)
        head = next(iter(content_stems(last.word))) if mention.first < mention.last else ""
        return Aspect(text=text, metrics=own, stems=everything - rest, narrowed=rest | narrowing, tied=tied, head=head, rivals=named - own)
    counted = _counted_in(last.word, vocabulary) if last is not None and not before else frozenset[str]()
    return Aspect(text=text, metrics=counted, stems=everything, narrowed=narrowing, tied=tied)


def _names_no_one(tails: Sequence[str]) -> bool:
    """True for a plural in small letters behind a preposition, which narrows as one before does: "inventories at wholesalers" are wholesale
    ones; "employees at halvex" are somebody's."""
    return all(word.islower() and word.endswith("s") for tail in tails for word in words(tail))


def _is_part(mention: Mention, form: str) -> bool:
    """True where the phrase is one of several for a metric that the last word alone names: "auto sales", of sales."""
    return any([token.form for token in tokens(synonym)] == [form] for synonym in mention.metric.synonyms)


def _shared(aspects: Sequence[Aspect]) -> Iterable[Aspect]:
    """What the last aspect is tied to holds for those before it, "revenue and employees of Halvex"; what narrows the first holds for
    bare words behind it, "lithium demand and prices"."""
    last, first = aspects[-1].tied, aspects[0].narrowed
    for aspect in aspects:
        is_bare = len(words(aspect.text)) == 1 and not aspect.narrowed and not aspect.tied and aspect.text.lower() not in _OF_ALL
        yield replace(aspect, tied=aspect.tied or last, narrowed=first if is_bare and aspect.metrics else aspect.narrowed)


def _is_term(aspect: Aspect, facets: Sequence[Facet]) -> bool:
    """True for an aspect of one word that a section knows: "competition", "energy"."""
    return len(aspect.stems) == 1 and any(aspect.stems <= _terms(facet) for facet in facets)


@lru_cache(maxsize=256)
def _terms(facet: Facet) -> frozenset[str]:
    return frozenset(content_stems(" ".join((*facet.terms, facet.title))))


def _ending_in(form: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Metrics that a wording which ends in the word names: of "margins" operating, gross and net margin, and the profits they are of."""
    forms = {form, *_SAME.get(form, ())}
    return frozenset(
        metric.id for metric in vocabulary.metrics.values() if any(tokens(synonym)[-1].form in forms for synonym in metric.synonyms)
    )


def _counted_in(word: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Metrics that are counted in what the word names: "employees"."""
    return frozenset(metric.id for metric in vocabulary.metrics.values() if word in metric.units) if word not in _FAMILIES else frozenset()


def reached(asked: Asked, *, text: str, called: frozenset[str]) -> tuple[Aspect, ...]:
    """The aspects that a document may speak of: those tied to nothing, to what it is called by, or to what one of its lines says."""
    held: dict[frozenset[str], bool] = {}
    for aspect in asked.aspects:
        if aspect.tied not in held:
            held[aspect.tied] = next(lines_with(aspect.tied - called, text), None) is not None if aspect.tied - called else True
    return tuple(aspect for aspect in asked.aspects if held[aspect.tied])


def is_at_home(asked: Asked, *, text: str, called: frozenset[str]) -> bool:
    """Whether a document need not name the places asked for sentence by sentence: it is called by one, or many of its lines name one."""
    if not asked.places or any(place <= called for place in asked.places):
        return True
    naming = {start for place in asked.places for start in lines_with(place, text)}
    return len(naming) >= _HOME_SHARE * len(text) / LINE and (len(naming) >= _HOME_LINES or 0 in naming)


def lying_in(asked: Asked, *, texts: Mapping[str, str]) -> frozenset[str]:
    """Of reports on one region each, those in whose regions the places asked for lie: a place that one of them names, twice or more, and no
    other. Such a report is on it, though it names it in few sentences."""
    found = set[str]()
    for place in asked.inside:
        named = {key: len(re.findall(rf"(?<!\w){re.escape(place)}(?!\w)", text)) for key, text in texts.items()}
        naming = [key for key, count in named.items() if count]
        if len(naming) == 1 and named[naming[0]] >= _FEWEST_NAMED:
            found.add(naming[0])
    return frozenset(found)


def lines_with(stems: frozenset[str], text: str) -> Iterator[int]:
    """Starts of the lines and sentences that hold all the stems. Only those with the beginning of the longest are stemmed at all."""
    longest = max(sorted(stems), key=len)
    first_letters = "|".join(map(re.escape, beginnings(longest, max(3, min(4, len(longest) - 1)))))
    last = -1
    for match in re.finditer(rf"(?<![^\W_])(?:{first_letters})", text, re.IGNORECASE):
        if match.start() < last:
            continue
        start = max((found.end() for found in _END.finditer(text, max(0, match.start() - _LONGEST_LINE), match.start())), default=0)
        start = max(start, match.start() - _LONGEST_LINE)
        following = _END.search(text, match.start())
        last = min(following.start() if following else len(text), match.start() + _LONGEST_LINE)
        if stems <= stem_set(text[start:last]):
            yield start
