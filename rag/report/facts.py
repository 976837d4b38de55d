"""Facts: (entity, metric, segment, region, period, value, unit) as sentences and table cells state them. Precision before recall.

A value becomes a fact only when its metric is named near it with a unit the metric can have. Its period is copied from the sentence,
else from the table's header or label, else from the section's heading, else from the document's date; which one is recorded.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice

from rag.numbers import (
    COUNTED,
    CURRENCIES,
    SCALE_SAID,
    SCALE_WORDS,
    SHARES,
    PeriodMention,
    comparable,
    find_numbers,
    find_periods,
    is_money,
    period_order,
    period_shape,
    scaled_money,
    unit_in,
    with_unit,
)
from rag.patterns import regex
from rag.prompts import Metric
from rag.remembered import remembered
from rag.report.asserted import is_beside, is_denied, is_taken_back, is_unnamed
from rag.report.clause import Scope, scope_of
from rag.report.cover import Cover
from rag.report.gather import A_SHARE, IN_SCALE, SCALE_WORD, Candidate, CellEvidence, Gathered, is_without_scale
from rag.report.labels import are_plain, is_of_its_own, parted, without_scale
from rag.report.legal import without_form
from rag.report.names import Names
from rag.report.quality import supposes
from rag.report.shapes import PRICE, STOCK, Shape, is_of_its_heading, shapes
from rag.report.sure import Standing, is_borne_out, is_sure
from rag.report.wording import Mention, Token, Vocabulary, tokens, unit_family
from rag.statements import BALANCE_SHEET
from rag.text import content_stems, stem_set
from rag.types import Direction, Evidence, Fact, FactKind, Number, Period, Source, TableReference

_NEAR = 16
"""Words between a metric and its value."""
_BOUND = regex(
    r"(?:more than|less than|fewer than|at least|at most|up to|over|under|below|above|exceeding|beyond|almost|nearly|within)\s$",
    re.IGNORECASE,
)
_BY_ONLY = regex(r"\bby\s(?:[\w-]+\s){0,3}$", re.IGNORECASE)
_MOVED_BY = regex(
    r"\b(?:rose|risen|rises|increased?s?|increasing|grew|grown|climbed|gained|up|advanced|jumped|surged|fell|fallen|declined?|"
    r"decreased?|dropped|"
    r"down|slipped|shrank)\s(?:(?:about|around|nearly|almost|roughly|approximately|more than|less than|another|a further)\s)?$",
    re.IGNORECASE,
)
"""A value straight after a word of change is the change: "increased $132 million"."""
_AMOUNT_OF = regex(
    r"(?i)\s(?:(increase|decrease|decline|reduction|rise|drop|fall)|benefit|charge|adjustment|gain|loss|impairment|impact|effect)\b"
)
"""Behind a sum of money: it is a change, or what something else did to the metric."""
_CHANGE_IN = regex(
    r"(?i)\b(?:increases?|decreases?|declines?|drops?|gains?|rises?|reductions?|jumps?|falls?|changes?)\sin\s(?:[\w’'-]+\s){0,3}$"
)
"""Before a metric whose value follows: "an increase in operating income of $2.0 million"."""
_CHANGE_OF = regex(
    r"(?i)\b(?:increase|decrease|decline|drop|gain|rise|reduction|jump|fall|change)\sof\s"
    r"(?:(?:about|around|nearly|almost|roughly|approximately|some)\s)?$"
)
"""Before a value: "totalled $41.9 million, a decrease of $57.1 million"."""
_HIRES = regex(r"(?i)\b(?:shed|lay off|laid off|cut|hir(?:e|ed|ing)|add(?:ed)?|eliminat(?:e|ed)|creat(?:e|ed))\s(?:[\w-]+\s){0,2}$")
_AFTER_AMOUNT = regex(r"\d\s?(?:thousand|million|billion|bn|mn|m)?\s?(?:,\s)?\(?(?:or\s)?$", re.IGNORECASE)
"""Before the percentage in "decreased $8.0 billion or 13%"."""
_FROM = regex(r"\b(?:from|against|compared (?:with|to)|versus|than)\s$", re.IGNORECASE)
_BY = regex(r"(?i)\bby\s(?:(?:about|around|nearly|almost|roughly|approximately|some)\s)?$")
_HIGHER = regex(r"(?i)\s(higher|lower|above|below|more|less|fewer|ahead|behind)\b(?=\s(?:than|of|in|the|last|year|its|their|a)\b|[.,;]|$)")
_DISTANCE = regex(r"(?i)\s(?:higher|lower|above|below|more|less|fewer|ahead|behind|short of)\b")
"""Behind a sum or a count: it is how far one thing is from another, no value of either."""
_BEFORE_THAT = regex(r"^\s?,?\s?(?:a year (?:before|earlier|ago)|the year before|in the (?:previous|prior) year)\b")
_BASIS = regex(
    r"(?:than|compared (?:with|to)|from|against|versus|since|relative to|over|above|below|as|of|and replaces?)\s(?:in\s|the\s|that\sof\s|"
    r"for\s|same\s(?:time|period|month|quarter)\s)*$",
    re.IGNORECASE,
)
_JOINED_TIMES = regex(
    r"\s(?:and|to|through)\s(?:in\s|early\s|late\s|mid-)*(?:(?:19|20)\d\d\b|Jan|Feb|Mar(?:ch)?\b|Apr|May\b|June?\b|July?\b|Aug|Sep|Oct|Nov|Dec)"
)
"""Between two times that one figure is of."""
_OVER = regex(r"\bover\s(?:the\s)?$")
_AVERAGED = regex(r"\baverag\w+\s(?:of\s)?$")
_OBJECT = regex(r"(?i)\b(?:of|for|from|among|by|with)\s(?:the\s|an?\s)?$")
_THAN = regex(r"(?i)\b(?:than|compared|versus|against|relative)\b")
_LABEL_BEFORE = regex(
    r"\b(?:(?!(?:With|At|In|From|By|About|After|Some|Nearly|Almost|Over|Only|The)\b)[A-Z][a-z]+s?|no\.|"
    r"page|pages|note|hall|halls|series|phase|table|figure|section|step|level|age)\s$"
)
_EACH = regex(r"\b(?:every|each|a (?:fall|rise|drop|change|increase|reduction) of|an? (?:additional|extra|increase of))\b", re.IGNORECASE)
_LONGER_NAME = regex(
    r"(?i)\s(?:(?:and|&)\s[\w-]+\s){0,2}(?:expenses?|costs?|offices?|force|staff|teams?|deferrals?|programs?|programmes?|"
    r"taxe?s?|recognition|range|ranges|index|tag|point|points|agreements?|contracts?|"
    r"losses|gains|securities|authori[sz]ations?|acquired|credits?|allowances|carry\s?forwards?|"
    r"income|of (?:investments|securities|businesses|assets|property))\b"
)
_WITHIN_NAME = regex(
    r"(?i)\b(?:cost|costs|deferral|days|share|shares|portion|percentage|percent|per cent|months['’]?) of (?:the |our |its |net |total )?$|"
    r"\b(?:for|purchased and|maturities and|proceeds from|purchase|exercise|strike|redemption|conversion|transaction|closing|share|stock|"
    r"offering|conditional)\s$"
)
_OTHER_MEASURE = regex(
    r"(?i)\b(?:(?:adjusted|core|underlying|non-gaap|pro forma|normali[sz]ed|allowance for|segment|organic)\s(?:[\w-]+\s){0,2}|tax\s|"
    r"fair value of (?:[\w’']+\s){0,3})$"
)
"""Before a metric: another measure by nearly the same name."""
_DONE_TO = regex(
    r"(?i)\b(?:impact(?:s|ed)?|effects?|contribut\w+|benefit(?:s|ed)?|decrease|increase|reduction|charge|credit|adjustment|award|order)\s"
    r"(?:to|on)\s(?:our\s|the\s|its\s|net\s|total\s){0,2}$"
)
"""Before a metric: what something did to it, not what it is."""
_OTHER_TIME = regex(
    r"(?i)^(?:prior|previous|last) (?:year|quarter|period)\b|^excluding\b|"
    r"\bon an? (?:organic|constant[- ]currency|comparable|adjusted|local[- ]currency) basis\b"
)
"""A sentence about another time than its document's, or on another basis than the one that holds."""
_NEW_SUBJECT = regex(
    r"(?i)\b(?:while|whereas|although|though|but)\b|\band an?\s$|,\s(?:and|as|with|because|since|which|running)\s(?!(?:was|"
    r"were|is|are|rose|fell|increased|declined|averaged|"
    r"reached|came|stood|amounted)\b)"
)
"""Between a metric and a value: the value has a subject of its own."""
_PART_OF = regex(r"(?i)\b(?:includ(?:es|ed|ing)|consist(?:s|ed|ing)? of|of which|benefit(?:ed)? of)\b")
"""Between a metric and a value: the value is of a part."""
_CAUSE = regex(r"(?i)\b(?:due to|because|driven by|reflecting|primarily|as a result|offset by|benefit(?:ed|ing) from)\b")
"""Behind a value: what follows says why, and of what else."""
_VALUE_FOR = regex(r"(?i)\d[^\s]*(?:\s(?!for\b)[\w/]+){0,3}\sfor\s(?:the\s)?$")
"""Before a metric: "for" joins a value to it, and names no longer thing."""
_LINKED = regex(
    r"(?i)(?!.*\b(?:due|because|connection|partially|excluding|benefit|charges?|gains?|loss|losses|adjustments?|primarily|driven)\b)"
    r"(?:(?:\s?[\w'’-]+){0,5}\s?$|.{0,70},\s(?:the\s|its\s|our\s|their\s)?(?:[\w-]+\s){0,2}$|.{0,60}\bfor\s(?:the\s)?(?:[\w-]+\s){0,2}$)"
)
"""Between a value and the metric behind it."""
_STATED = regex(
    r"(?i)\b(?:was|were|is|are|averaged|totall?ed|numbered|reached|at|gives|(?:amounted|came|fell|rose|climbed|declined|"
    r"increased|dropped) to)\s$"
)
"""Before a bare count that its metric is said to be."""
_NUMBER_OF = regex(r"(?i)\b(?:number|count|total) of (?:[\w-]+\s)?$")
"""Before a metric whose values are bare counts."""
_AS_OF = regex(r"(?i)\b(?:as (?:of|at)|(?:end|close|beginning|start|course) of)\s(?:the\s)?$")
_BARE_MONTH = regex(
    r"\b(?:January|February|March|April|June|July|August|September|October|November|December)\b(?!\s\d)|^May\s(?=[a-z])|\bof May\b"
)
"""A month whose year is not said and was not told."""
_JOINED = regex(r"\s?,?\s?(?:and\s)?")
_FIGURE = regex(
    r"(?i)\b(?:figure|total|number|count|estimate|value)s?\b.*\b(?:revised|restated|corrected|replaced|withdrawn|superseded)\b"
    r"(?!\s(?!(?:to|from|by|down|up|in|on|at|after|since|because|as|and|with|for|again|later|today|here|last|this|the|what|our|upwards?|downwards?)\b)[a-z])"
)
"""Not "revised projections", which are another thing than the figure."""
_WITHDRAWN = regex(r"(?i),?\s(?:was|were|has been|have been|is)\s(?:\w+\s)?(?:corrected|withdrawn|revised|restated|replaced|superseded)\b")
_OWNER = regex(r"([A-Z][\w&.’' -]{1,40}?),?\s(?:Annual|Interim|Half-Year|Quarterly|Report|Prospectus|Offering)\b")
"""Whose document its title says it is."""
_LONG_AGO = 20
"""Years before a document beyond which a heading's year is a name: "Securities Exchange Act of 1934"."""
_AGAINST = regex(r"(?i)\b(?:compared|versus|vs|against)\b")
"""Between two times of a heading: what stands below it is of the first."""
_PART_OF_YEAR = regex(r"(?i)\b(?:quarters?|half|months|weeks)\b")
"""In a heading whose time is read as a year: "Third quarter of fiscal 2018"."""
END_OF_PERIOD = "end of period"
_AT_END = regex(r"(?i)\b(?:end of (?:the )?(?:period|quarter|month|year)|(?:period|quarter|month|year)[- ]end|last day)\b")
_AHEAD = regex(r"(?i)\b(?:20\d\d\s?[EF]\b|forecast|estimate|expected|guidance|target|plan|outlook)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """A fact with what it was read from."""

    fact: Fact
    evidence: Evidence
    source: Source
    text: str
    """The sentence, or the table line put into words."""
    shown: str
    """The value as the source prints it, with the unit its table says: "1,842,600 EUR thousand"."""
    candidate: Candidate | None = None
    """The sentence it was read from; None for a table cell."""
    is_exact: bool = True
    """False for "more than", "at least" and their kin."""
    is_withdrawn: bool = False
    """True for a figure of which its own sentence says that it was corrected."""


def facts_of(gathered: Gathered, *, vocabulary: Vocabulary, names: Names, topic: Collection[str] = ()) -> tuple[Stated, ...]:
    """All facts of the gathered sentences and cells, each evidence's in text order. ``topic``: stems of what the report is about."""
    whole = _Whole(gathered, names=names, vocabulary=vocabulary, topic=frozenset(topic))
    found = [
        stated for candidate in gathered.candidates for stated in _of_sentence(candidate, vocabulary=vocabulary, names=names, whole=whole)
    ]
    cells = [whole.of_cell(stated) for cell in gathered.cells if (stated := _of_cell(cell, vocabulary=vocabulary, names=names)) is not None]
    sure = tuple(_in_dollars(item, gathered.covers) for item in _sure_of_scale(found, cells, gathered))
    found = [item for item in sure if item.evidence.table is None]
    in_tables = [item for item in sure if item.evidence.table is not None]
    found += [item for item in in_tables if whole.is_divided(item)]
    found += rows_apart([item for item in in_tables if not whole.is_divided(item)], names=names)
    found = whole.agreeing(_of_headings(found, topic=whole.topic))
    return (*found, *_corrected(gathered.candidates, found))


def _of_headings(found: Sequence[Stated], *, topic: frozenset[str]) -> list[Stated]:
    """The facts, stocks whose sentence does not say of what being of what their title and headings say, where a sentence gives a stock of
    that; not exact where those name nothing of the kind, or several things."""
    are = [item for item in found if item.fact.metric == STOCK and unit_family(item.fact.number) == "time" and item.candidate is not None]
    bare = {id(item) for item in are if is_of_its_heading(item.text)}
    things = {thing: stem_set(thing) or topic for thing in {item.fact.segment for item in are if id(item) not in bare}}
    return [_of_heading(item, things=things) if id(item) in bare else item for item in found]


def _of_heading(item: Stated, *, things: Mapping[str, frozenset[str]]) -> Stated:
    said = stem_set(" ".join((item.source.title, *item.evidence.heading_path)))
    named = [thing for thing, stems in things.items() if stems and stems <= said]
    return _in_segment(item, named[0]) if len(named) == 1 else replace(item, is_exact=False)


def _sure_of_scale(sentences: Sequence[Stated], cells: Sequence[Stated], gathered: Gathered) -> Iterable[Stated]:
    """Without figures that say no scale, in documents that print some of their tables in thousands or millions."""
    for item in (*sentences, *cells):
        if item.evidence.document not in gathered.scaled or not _lacks_scale(item):
            yield item


def segment_of(fact: Fact) -> str:
    """The part of a company or market that a figure is of; empty for the whole, whose row may add that it is at a period's end."""
    return "" if fact.segment == END_OF_PERIOD else fact.segment


def _in_dollars(item: Stated, covers: Mapping[str, Cover]) -> Stated:
    """The figure in the dollars that its document is presented in, where it says no other: "$5 million" of Australian accounts."""
    cover, number = covers.get(item.source.document), item.fact.number
    if cover is None or cover.dollar == "USD" or not number.unit.startswith("USD") or _US_DOLLARS.search(f"{item.shown} {item.text}"):
        return item
    return replace(item, fact=replace(item.fact, number=replace(number, unit=number.unit.replace("USD", cover.dollar, 1))))


_US_DOLLARS = regex(r"\bUSD?\s?\$|\bUSD\b|\bU\.?S\.? dollars\b")


def _lacks_scale(item: Stated) -> bool:
    """True for money, and for a cell's bare count, that says no scale and is nothing a share."""
    number, labels = item.fact.number, _all_labels(item.evidence)
    if item.evidence.table is None:
        return "/" not in number.unit and is_without_scale(number, shown=item.shown, beside=item.text)
    if number.kind == "plain":
        return not _COUNTS.search(labels[-1])
    return is_without_scale(number, shown=item.shown, beside=labels[1])


def _all_labels(evidence: Evidence) -> tuple[str, ...]:
    """Column, row and headings."""
    return (evidence.table.column, evidence.table.row, *evidence.heading_path) if evidence.table else evidence.heading_path


def _corrected(candidates: Iterable[Candidate], found: Sequence[Stated]) -> Iterable[Stated]:
    """Figures that a sentence names without their metric and calls revised ("the first-quarter figure has been revised to 212 MWh") or
    corrected ("the total for 2024, 1,905 MWh, was corrected"): of the fact of the same document, unit and period, nearest in value."""
    by_document: dict[str, list[Stated]] = defaultdict(list)
    for item in found:
        if item.is_exact:
            by_document[item.source.document].append(item)
    stated = {item.evidence.id for item in found}
    for candidate in candidates:
        if not _FIGURE.search(candidate.text) or candidate.evidence.id in stated:
            continue
        numbers = _values(candidate.text, candidate.numbers, candidate.periods)
        for number in [number for number in numbers[:1] if not supposes(candidate.text, at=number.start)]:
            period = _period_of(number, numbers, candidate, end=number.end)
            rivals = [item for item in by_document[candidate.source.document] if period is not None and _is_near(item, number, period)]
            if rivals and period is not None:
                yield _as(min(rivals, key=lambda item: (_apart(item, number), item.fact.id)), candidate, number=number, period=period)


def _is_near(item: Stated, number: Number, period: Period) -> bool:
    """True for a fact of the period, in the unit, within a quarter of the value, of no part of the market."""
    fact = item.fact
    plain = fact.period is not None and not fact.segment and not fact.metric.endswith("_change")
    if not plain or fact.period is None or fact.period.label[:7] != period.label[:7]:
        return False
    return comparable(fact.number)[1] == comparable(number)[1] and bool(number.unit) and _apart(item, number) <= Decimal("0.25")


def _apart(item: Stated, number: Number) -> Decimal:
    one, other = abs(comparable(item.fact.number)[0]), abs(comparable(number)[0])
    return abs(one - other) / max(one, other, Decimal(1))


def _as(item: Stated, candidate: Candidate, *, number: Number, period: Period) -> Stated:
    """The number of a sentence as a fact of another fact's metric."""
    identity = _fact_id(candidate.evidence.id, item.fact.metric, number)
    fact = replace(item.fact, id=identity, evidence=candidate.evidence.id, number=number, period=period, direction="none", kind="actual")
    return Stated(
        fact=fact,
        evidence=candidate.evidence,
        source=candidate.source,
        text=candidate.text,
        shown=number.printed,
        candidate=candidate,
        is_withdrawn=_WITHDRAWN.match(candidate.text[number.end :]) is not None,
    )


class _Whole:
    """What a figure holds for, given what its document is about."""

    def __init__(self, gathered: Gathered, *, names: Names, vocabulary: Vocabulary, topic: frozenset[str]) -> None:
        self._names = names
        self._vocabulary = vocabulary
        self.topic = topic
        self._family = frozenset(gathered.subjects)
        self._covers = gathered.covers
        self._stated = gathered.stated
        self._quarterly = {document for document, text in gathered.prose.items() if _is_quarterly(text)}
        read = [*(item.evidence for item in gathered.candidates), *(item.evidence for item in gathered.cells)]
        headed = {evidence.document for evidence in read if any(_SEGMENTS.search(heading) for heading in evidence.heading_path)}
        self._worded = {
            evidence.document for evidence in read if evidence.table and _CONSOLIDATED_STATEMENT.search(_named_heading(evidence))
        }
        self._divided = headed | {document for document, text in gathered.prose.items() if _is_divided(text)}

    def shapes(self, candidate: Candidate, numbers: Sequence[Number]) -> dict[int, Shape]:
        """Start of a figure -> its shape, for those that no metric's name tells."""
        source = candidate.source
        return shapes(
            candidate.text,
            numbers,
            candidate.periods,
            vocabulary=self._vocabulary,
            names=self._names,
            topic=self.topic,
            called=f"{source.title} {source.publisher} {source.author}",
        )

    def of(self, made: Stated, *, number: Number, mention: Mention, numbers: Sequence[Number], shape: Shape | None) -> Stated:
        """The figure as its clause scopes it; not exact where the clause does not tell."""
        made = self._dated(made)
        candidate = made.candidate
        if candidate is None or made.fact.period is None:
            return replace(made, is_exact=False)
        scope = (
            shape.scope
            if shape is not None
            else scope_of(
                candidate.text,
                number,
                mention,
                end=made.fact.number.end,
                numbers=numbers,
                periods=candidate.periods,
                others=candidate.mentions,
                names=self._names,
                topic=self.topic,
            )
        )
        if shape is not None:
            own = self._names.about.get(made.source.document) or self._names.voice(made.source) if shape.scope.is_own else ""
            made = replace(
                made, fact=replace(made.fact, entity=next(iter(shape.scope.owners), "" if own in self._names.strangers else own))
            )
        if shape is not None and shape.mention.metric.id == PRICE:  # what is offered for next year is a price of today
            made = replace(made, fact=replace(made.fact, kind=self._vocabulary.kind(candidate.text, at=number.start)))
        stock = self._vocabulary.metrics[made.fact.metric.removesuffix("_change")].stock
        of_filing = made.source.document in self._covers
        is_trade = of_filing and (made.fact.metric.removesuffix("_change") in _TRADES or _SOLD.search(candidate.text) is not None)
        told = (
            scope is not None
            and not is_trade
            and (stock or not self._is_of_unsaid_length(made))
            and not _is_beyond_its_clause(made, number)
        )
        settled = self._settled(made, scope, mention=mention) if scope is not None and told else None
        if (
            settled is None
            or scope is None
            or not is_sure(
                candidate,
                settled,
                number,
                mention,
                scope,
                standing=self._standing(made),
                vocabulary=self._vocabulary,
                names=self._names,
            )
        ):
            return replace(made, is_exact=False)
        return replace(made, fact=settled)

    def _dated(self, made: Stated) -> Stated:
        """A figure without a time of its own in an annual filing is of the year that the cover names, and a cell of a time until that
        year's end is no forecast, whenever the file was made."""
        cover, period = self._covers.get(made.source.document), made.fact.period
        if cover is None or not cover.year or period is None:
            return made
        if made.candidate is None:
            is_over = made.fact.kind == "forecast" and _year_of(period.label) <= _year_of(cover.year)
            return replace(made, fact=replace(made.fact, kind="actual")) if is_over and not _AHEAD.search(made.text) else made
        if period.found_in != "document":
            return made
        if any(said.label == period.label for said in made.candidate.periods) or _BEFORE_THAT.match(made.text[made.fact.number.end :]):
            return made
        return replace(made, fact=replace(made.fact, period=Period(label=cover.year, found_in="document")))

    def _standing(self, made: Stated) -> Standing:
        document = made.source.document
        cover = self._covers.get(document)
        return Standing(is_filing=cover is not None, is_survey=document in self._family, year=cover.year if cover else "")

    def _settled(self, made: Stated, scope: Scope, *, mention: Mention) -> Fact | None:
        fact = made.fact
        places = [place for place in scope.places if place not in self._names.homes]
        region = places[0] if places else ""
        if len(places) > 1 or (fact.region and not region) or (_names_segment(made, fact.segment) and fact.segment not in scope.segment):
            return None
        entity = self._entity(made, scope)
        is_bare = (
            made.source.document in self._family and not scope.segment and _needs_a_thing(fact, made.text, mention, is_placed=bool(region))
        )
        if entity is None or is_bare:
            return None
        segment = scope.segment
        metric = fact.metric.removesuffix("_change")
        if (made.source.document in self._family and metric in _BUNDLES) or (made.source.document in self._covers and metric == "lending"):
            segment = f"{segment} {_bundled(made.text[mention.start : mention.end])}".strip()
        return replace(fact, entity=entity, region=region, segment=segment)

    def of_cell(self, made: Stated) -> Stated:
        """The cell as it is; not exact where its labels do not tell what it is, of when, or of how long a time."""
        made = self._dated(made)
        fact, evidence = made.fact, made.evidence
        caption = evidence.heading_path[-1] if evidence.heading_path else ""
        metric, document = self._vocabulary.metrics[fact.metric], made.source.document
        if not (metric.company or self._is_of_company(made)):
            return made
        plain = (
            evidence.table is not None
            and (bool(fact.entity) or not (metric.company or made.source.document in self._covers))
            and not (fact.number.kind == "plain" and "money" in metric.units)
            and not _is_excepted(fact.number, (caption, evidence.table.column))
            and fact.period is not None
            and fact.period.found_in == "table"
            and are_plain(evidence.table, caption=caption, metric=metric.id, vocabulary=self._vocabulary, topic=self.topic)
            and not any(_EXHIBIT.search(heading) for heading in evidence.heading_path)
            and not any(_TAX_EFFECTS.search(heading) for heading in evidence.heading_path[-2:])
            and not self._is_on_another(evidence, metric)
            and not (self._is_annual(evidence.document) and _CONDENSED.search(_named_heading(evidence)))
            and not (evidence.document in self._worded and _STATEMENT.fullmatch(_named_heading(evidence)))
            and not (evidence.document in self._covers and (metric.id in _TRADES or (metric.whole and _names_part(fact))))
            and not (_LOSS.search(_ASIDE.sub("", evidence.table.row)) and fact.number.value > 0)
            and not (metric.stock and self._is_after(fact.period, document) and not _AHEAD.search(made.text))
            and not (metric.stock and metric.id not in _OF_EITHER_SIGN and fact.number.value < 0)
            and not ((metric.whole or self.is_divided(made)) and self._is_of_company(made) and self._is_of_caption(evidence.table, metric))
            and not (self._is_of_unsaid_day(made) if metric.stock else self._is_of_unsaid_length(made))
            and not (metric.stock and fact.segment != END_OF_PERIOD and period_shape(fact.period.label) in _STRETCHES)
            and not (metric.id in _OF_ASSETS and (_HOLDINGS.search(evidence.table.row) or _FLOWS.search(_named_heading(evidence))))
            and not (metric.stock and fact.segment != END_OF_PERIOD and _FLOWS.search(_named_heading(evidence)))
        )
        return made if plain else replace(made, is_exact=False)

    def _is_of_caption(self, reference: TableReference, metric: Metric) -> bool:
        """True where the metric is the caption's alone and the row is some part: "State income taxes" under "Effective tax rate"."""
        row = reference.row
        if _is_total(row) or find_periods(row) or _A_KIND_OF_EPS.match(row):
            return False
        return not any(mention.metric.id == metric.id for label in (row, reference.column) for mention in self._vocabulary.named(label))

    def _is_on_another(self, evidence: Evidence, metric: Metric) -> bool:
        """True in a table whose name is another thing's, of which its rows are parts."""
        name = _named_heading(evidence)
        is_its = any(mention.metric.id == metric.id for mention in self._vocabulary.named(name))
        another = _FROM_MONEY if metric.stock else _OF_ANOTHER
        return not is_its and len(name.split()) <= _LONGEST_NAME and (another.search(name) or _OF_SOME.search(name)) is not None

    def _is_of_unsaid_length(self, made: Stated) -> bool:
        """True for what flows in a time that ends on a day or in a month, however long it was, and in a year's column of a quarterly
        report; a month that the sentence itself names is a month."""
        period = made.fact.period
        shape = period_shape(period.label) if period else ""
        if shape == "month":
            return period is not None and period.found_in != "sentence" and self._is_of_company(made)
        headings = " ".join((*made.evidence.heading_path[-2:], made.evidence.table.column if made.evidence.table else ""))
        document = made.source.document
        quarterly = document in self._quarterly or (document in self._covers and not self._covers[document].is_annual)
        in_quarterly = made.evidence.table is not None and quarterly and _YEARLY.search(headings) is None
        return (shape == "day" and self._is_of_company(made)) or (shape == "year" and in_quarterly)

    def _is_of_unsaid_day(self, made: Stated) -> bool:
        """True for what there is on a day, in a year's column of a filing that is no annual one: on which day is not said."""
        cover, period = self._covers.get(made.source.document), made.fact.period
        return cover is not None and not cover.is_annual and period is not None and period_shape(period.label) in ("year", "fiscal")

    def agreeing(self, found: Sequence[Stated]) -> list[Stated]:
        """The facts, those of a filing and of a divided company's document not exact where it gives several values under one key: which of
        them is the whole's is known only of statements called consolidated, else of the value that most of its tables and sentences give.
        Nor is a change exact that the levels given beside it do not bear out."""
        keyed: dict[tuple[object, ...], list[Stated]] = defaultdict(list)
        for item in found:
            if item.is_exact and not item.is_withdrawn and (self.is_divided(item) or item.source.document in self._covers):
                fact = item.fact
                is_year = fact.period is not None and period_shape(fact.period.label) in self._yearly(item)
                when = period_order(fact.period.label)[:1] if fact.period and is_year else fact.period
                keyed[item.source.document, fact.metric, fact.entity, fact.segment, fact.region, when, comparable(fact.number)[1]].append(
                    item
                )
        sure = {id(item) for items in keyed.values() for item in self._sure(items)} - self._exceeded(found)
        unsure = {id(item) for items in keyed.values() for item in items} - sure
        found = [replace(item, is_exact=False) if id(item) in unsure else item for item in found]
        odd = _not_borne_out(found)
        return [replace(item, is_exact=False) if id(item) in odd else item for item in found]

    def _yearly(self, item: Stated) -> tuple[str, ...]:
        """Shapes of periods that tell a year's value: in an annual paper whose balance sheet is known a day does of what it tells."""
        metric = self._vocabulary.metrics[item.fact.metric.removesuffix("_change")]
        on_a_day = metric.stock and item.source.document in self._stated and self._is_annual(item.source.document)
        return ("year", "fiscal", "12m", *(("day",) if on_a_day else ()))

    def _exceeded(self, found: Sequence[Stated]) -> set[int]:
        """Of a divided company's cells that call themselves no whole, those of which another cell gives more, sure or not: a part's."""
        alike: dict[tuple[object, ...], list[tuple[Decimal, Stated]]] = defaultdict(list)
        for item in found:
            if item.evidence.table and item.fact.period and not item.fact.segment and self.is_divided(item):
                value, unit = comparable(item.fact.number)
                alike[*_of_what(item, item.fact.metric, item.fact.period.label), unit].append((abs(value), item))
        return {
            id(item)
            for items in alike.values()
            for value, item in items
            if value * (1 + _ROUNDED) < max(other for other, _ in items) and not self._is_whole(item)
        }

    def _is_after(self, period: Period, document: str) -> bool:
        """True for a year after the one that an annual paper is on: what falls due in it, not what there is."""
        year = self._covers[document].year if document in self._covers else ""
        return bool(year) and period_shape(period.label) in ("year", "fiscal", "12m") and _year_of(period.label) > _year_of(year)

    def is_filing(self, document: str) -> bool:
        """True for a company's filing or accounts."""
        return document in self._covers

    def _is_annual(self, document: str) -> bool:
        return document in self._covers and self._covers[document].is_annual

    def _is_of_company(self, item: Stated) -> bool:
        """True for a document that is about one company, or is some company's filing."""
        document = item.source.document
        return (document in self._names.about or document in self._covers) and document not in self._family

    def _is_whole(self, item: Stated) -> bool:
        """True for what a statement of the whole company gives: one that is called so, or stands on a statement's page."""
        return _is_consolidated(item) or self._is_stated(item)

    def _is_stated(self, item: Stated) -> bool:
        """True for a page that prints a statement of the company that the report is on, in its own filing: of what there is on a day its
        balance sheet, since others tell how it moved."""
        is_stock = self._vocabulary.metrics[item.fact.metric.removesuffix("_change")].stock
        stated = self._stated.get(item.source.document, {})
        return any(item.evidence.page in pages for name, pages in stated.items() if (name == BALANCE_SHEET) == is_stock)

    def is_divided(self, item: Stated) -> bool:
        return item.source.document in self._divided and self._is_of_company(item)

    def _sure(self, items: Sequence[Stated]) -> Sequence[Stated]:
        alike: list[list[Stated]] = []
        for item in items:
            group = next((group for group in alike if _is_alike(group[0], item)), None)
            if group is None:
                alike.append([item])
            else:
                group.append(item)
        if len(alike) == 1 and not self.is_divided(items[0]):
            return items
        stated = [group for group in alike if any(self._is_stated(item) for item in group)]
        called = stated or [group for group in alike if any(self._is_whole(item) for item in group)]
        metric = self._vocabulary.metrics[items[0].fact.metric.removesuffix("_change")]
        if len(called) == 1:
            return called[0]
        most = max(alike, key=len)
        is_most = all(len(group) < len(most) for group in alike if group is not most)
        told = len(most) > 1 or metric.whole or bool(most[0].fact.segment) or most[0].candidate is not None
        return most if not called and is_most and told else ()

    def _entity(self, made: Stated, scope: Scope) -> str | None:
        """Whose figure it is; None where the sentence leaves it to what stands around it."""
        document, fact = made.source.document, made.fact
        about = self._names.about.get(document, "")
        owners = [owner for owner in scope.owners if owner != about]
        if document in self._covers and (owners or not about):
            return None
        if document in self._family:
            return None if owners or scope.segment != scope.segment.lower() else about
        if len(owners) > 1:
            return None
        if about:
            if owners:
                return owners[0]
            metric = self._vocabulary.metrics[fact.metric.removesuffix("_change")]
            if not metric.company and document not in self._divided and not scope.is_own:
                return about if document in self._covers else fact.entity
            is_part = document in self._covers and bool(scope.segment) and _SEGMENTS.search(made.text, 0, fact.number.start) is not None
            is_told = (
                is_part or about in scope.owners or scope.is_own or metric.whole or document not in self._divided or self._is_whole(made)
            )
            return about if is_told and not any(_EXHIBIT.search(heading) for heading in made.evidence.heading_path) else None
        of_company = self._vocabulary.metrics[fact.metric.removesuffix("_change")].company
        entity = fact.entity or next(iter(owners), "")
        return entity if entity or not of_company else None


_BUNDLES = frozenset("sales energy_activity transport tourism construction".split())
"""Metrics whose names are of different things: which one a figure is of is its segment."""
_OF_THE_BUNDLE = frozenset(
    "sales sold unit units activity tourism construction lending loan loans volume volumes demand growth bank refinancing".split()
)
_SOLD = regex(r"(?i)\bsold for\b")
"""In a company's papers: what one thing fetched, no sales."""
_TRADES = frozenset("construction commercial_property tourism energy_activity manufacturing".split())
"""Metrics that are called as trades are: in a company's papers a sum beside one is what it lent, earned or owns there."""


def _bundled(wording: str) -> str:
    """Which of a metric's things its wording names: "auto" of "auto sales", "rig count"; empty for none in particular."""
    return " ".join(word for word in wording.lower().split() if word not in _OF_THE_BUNDLE)


def _names_part(fact: Fact) -> bool:
    """True for words before the name of what a company has one of only, that make it another thing: "FHLB stock" before "dividend"; not for
    the company's own name."""
    is_own = bool(fact.entity) and without_form(fact.segment) == fact.entity
    return fact.segment != END_OF_PERIOD and not is_own and _OF_THE_WHOLE.match(fact.segment) is None


_OF_THE_WHOLE = regex(r"(?i)$|(?:basic|diluted|and|,|\s|-)+$|(?:attributable|available|applicable|from continuing|per|at|\()\b")
"""What may stand beside it: which kind of earnings a share, whose income, and when."""


def _not_borne_out(found: Sequence[Stated]) -> set[int]:
    """Of the exact changes, those that are not the difference of the levels that their own document gives of the same thing."""
    levels: dict[tuple[object, ...], Number] = {}
    for item in found:
        if item.is_exact and not item.is_withdrawn and item.fact.period is not None:
            levels.setdefault(_of_what(item, item.fact.metric, item.fact.period.label), item.fact.number)
    odd: set[int] = set()
    for item in found:
        period, metric = item.fact.period, item.fact.metric.removesuffix("_change")
        if metric == item.fact.metric or not item.is_exact or period is None:
            continue
        earlier = _year_before(period)
        now = levels.get(_of_what(item, metric, period.label))
        before = levels.get(_of_what(item, metric, earlier.label)) if earlier else None
        if now is not None and before is not None and not is_borne_out(item.fact.number, now=now, before=before):
            odd.add(id(item))
    return odd


def _of_what(item: Stated, metric: str, label: str) -> tuple[object, ...]:
    fact = item.fact
    return item.source.document, metric, fact.entity, fact.segment, fact.region, period_order(label), period_shape(label) in ("year", "12m")


def _names_segment(made: Stated, segment: str) -> bool:
    """True where the segment is named in the figure's own clause or before it."""
    ends = made.text.find(",", made.fact.number.end)
    return bool(segment) and segment in made.text[: ends if ends >= 0 else None].lower()


def _is_beyond_its_clause(made: Stated, number: Number) -> bool:
    """True for a change against "the same period" of a time that is not said, or against last year."""
    text, period = made.text, made.fact.period
    if period is None or period.found_in == "sentence" or not made.fact.metric.endswith("_change"):
        return False
    last_year = period.found_in == "document" and period.label.isdigit() and int(period.label) < made.source.published.year
    return last_year or (period.found_in == "section" and _SAME_PERIOD.search(text) is not None)


_SAME_PERIOD = regex(r"(?i)\bsame (?:period|time) (?:in|of)\b")
_OF_A_THING = frozenset("sales price".split())
_OF_A_THING_OR_PLACE = frozenset("inventories output demand revenue lending orders".split())
"""Metrics that a survey of many trades means of some thing: which one must be said, or at least where."""
_COMPLETE = frozenset("employment wages inflation tourism productivity exports imports optimism unemployment_rate".split())
"""Metrics whose one word says what is meant: "wages"; "production" or "prices" alone are of what stands before."""


def _needs_a_thing(fact: Fact, text: str, mention: Mention, *, is_placed: bool) -> bool:
    """True for a metric named by one word that leaves open of what: "production", "prices"."""
    metric = fact.metric.removesuffix("_change")
    is_one_word = " " not in text[mention.start : mention.end]
    if is_placed:
        return is_one_word and metric in _OF_A_THING
    return metric in _OF_A_THING_OR_PLACE or metric == "price" or (is_one_word and metric not in _COMPLETE)


_SEGMENTS = regex(r"(?i)\bsegments?\b")
_DIVIDED = 5
"""Mentions of segments in a document from which on a figure without an owner may be a segment's."""
_CONSOLIDATED = regex(r"(?i)\bconsolidated\b|\bselected financial data\b")
_STATEMENT = regex(
    r"(?i)\W*(?:balance sheets?|income statements?|(?:statements? of )?cash flows?(?: statements?)?|"
    r"statements? of (?:comprehensive )?(?:income|earnings|operations|financial position))\W*"
)
"""The name of one of a company's own statements, and nothing else."""
_CONSOLIDATED_STATEMENT = regex(
    r"(?i)\bconsolidated (?:balance sheets?|income statements?|cash flow statements?|"
    r"statements? of (?:comprehensive )?(?:income|earnings|operations|financial position|cash flows|profit|loss))\b"
)
_OF_ANOTHER = regex(
    r"(?i)\b(?:(?:stock|share|equity|unit)[- ]based (?:compensation|payments?)|finance (?:income|costs?|expenses?)|"
    r"interest (?:income|expense)|leases?|restructuring)\b"
)
"""The name of a table whose rows only say in which lines of the accounts some cost or income stands, or what it comes from."""
_FROM_MONEY = regex(r"(?i)\b(?:finance|interest) (?:income|costs?|expenses?)\b")
"""The same of what there is: what it brought or cost."""
_OF_SOME = regex(r"(?i)\b(?:cross guarantee|guarantors?|obligors?)\b")
"""The name of a table on those of a group's companies that answer for its debts."""
_LONGEST_NAME = 10
"""Words of a table's name; what has more is a line of its columns' headers."""
_CONDENSED = regex(r"(?i)\bcondensed\b(?!.*\bconsolidated\b)")
"""In an annual report: a parent's statements without those it owns."""
_TAX_EFFECTS = regex(r"(?i)\bdeferred (?:income )?tax|\btax effects? of\b|\btemporary differences\b")
"""What stands below is what each thing weighs in a tax yet to be paid."""
_EXHIBIT = regex(
    r"\bExhibit\s\d|(?i:\bcondensed financial information of (?:the )?(?:parent|registrant)|\bparent[- ]company\b|"
    r"^\W*company (?:balance sheet|income statement|cash flow statement|statements? of)\b|\bnotes to the (?:parent )?company financial)"
)
"""Another company's statements stand there, or the parent's without those it owns."""
_YEARLY = regex(r"(?i)\b(?:years?|annual|fiscal|twelve|52 weeks)\b")
_EXCEPT_FOR_SOME = regex(r"(?i)\bexcept\b.*\bper\b")
_SMALL = regex(r"\W*\d{1,3}\.\d\d\W*")
"""A sum as it is printed a share or a member, in a table of millions "except per share amounts": its row need not say that it is one."""
_ASIDE = regex(r"\([^)]*\)")
_LOSS = regex(r"(?i)\blos(?:s|ses|t)\b")
"""A value printed without a sign is then the opposite of the metric's: "net loss of $496 million" is no net income of as much."""
_A_KIND_OF_EPS = regex(r"(?i)(?:basic|diluted)\b")
_OF_EITHER_SIGN = frozenset("equity leverage net_asset_value net_debt working_capital".split())
"""What there is can be less than nothing in these alone; elsewhere a table takes it off: "Cash and cash equivalents (775)" of net debt."""
_FLOWS = regex(r"(?i)\bcash flows?\b|\bpayments? due\b|\bmaturit")
"""A statement whose lines are changes of what its labels name."""
_STRETCHES = frozenset(("quarter", "half", "3m", "6m", "9m"))
"""In a column on one of them a stock's line is what it cost, or how it changed."""
_OF_ASSETS = frozenset(("investment", "revenue"))
"""Metrics that also name what there is, or its change: "equity investments", "unbilled revenues" in a statement of cash flows."""
_HOLDINGS = regex(r"(?i)\binvestments\b")
_SHORT = regex(r"months\s(?:period\s)?ended\b")
_LONG = regex(r"years?\s(?:ended|ending)\b")
"""In small letters and without a boundary before them: an expression that begins with a word is looked for five times as fast."""
_FEWEST_SHORT = 9
"""Mentions of parts of years beyond which a document is about them, where it mentions fewer whole years."""
_ROUNDED = Decimal("0.012")
"""Relative difference of a figure from itself printed with fewer digits."""


def _is_alike(one: Stated, other: Stated) -> bool:
    """True for one value given twice: rounded here or there, but of two cells only where they are printed to different digits."""
    if one.evidence.table and other.evidence.table and _last_digit(one.fact.number) == _last_digit(other.fact.number):
        return _apart(one, other.fact.number) == 0
    return _apart(one, other.fact.number) <= _ROUNDED


def _last_digit(number: Number) -> Decimal:
    """What a one in the last digit that is printed stands for."""
    digits = re.sub(r"[^\d.]", "", number.printed).strip(".")
    printed = Decimal(digits or "1")
    scale = abs(number.value / printed) if printed else Decimal(1)
    return (scale * Decimal(1).scaleb(-len(digits.partition(".")[2]))).normalize()


def _year_of(label: str) -> int:
    return period_order(label)[0]


def _is_quarterly(prose: str) -> bool:
    """True for sentences that speak of parts of years more than of years."""
    small = prose.lower()
    return len(_SHORT.findall(small)) > max(_FEWEST_SHORT, len(_LONG.findall(small)))


def _is_divided(prose: str) -> bool:
    return len(list(islice(_SEGMENTS.finditer(prose), _DIVIDED))) == _DIVIDED


def _is_consolidated(item: Stated) -> bool:
    """True for what a statement of the whole company gives: one that calls itself consolidated, or a statement's bare name."""
    heading = _named_heading(item.evidence)
    return _CONSOLIDATED.search(heading) is not None or _STATEMENT.fullmatch(heading) is not None


def _named_heading(evidence: Evidence) -> str:
    """The nearest of the last two headings that says more than in what a table counts, and of which years."""
    near = reversed(evidence.heading_path[-2:])
    return next((heading for heading in near if not (_NO_NAME.search(heading) or _ONLY_YEARS.fullmatch(heading))), "")


_ONLY_YEARS = regex(
    r"(?i)(?:for the )?(?:fiscal |financial )?(?:years?|quarters?|(?:three|six|nine|twelve) months) (?:ended|ending) [\w ,.&]{2,40}"
)
"""A heading that is nothing but a time: "Years ended December 31"."""


def _of_sentence(candidate: Candidate, *, vocabulary: Vocabulary, names: Names, whole: _Whole) -> Iterable[Stated]:
    text = candidate.text
    if candidate.language or _EACH.search(text) or _OTHER_TIME.search(text):
        return
    words = tokens(text)
    numbers = _values(text, candidate.numbers, candidate.periods)
    told = whole.shapes(candidate, numbers)
    latest: Mention | None = None
    for at, number in enumerate(numbers):
        if at and _is_range(text, numbers[at - 1], number):
            continue
        is_old = is_taken_back(text, number)
        shape = told.get(number.start)
        mention = shape.mention if shape else _metric_of(number, candidate, words, vocabulary=vocabulary, topic=whole.topic)
        if mention is None and is_old and latest is not None and vocabulary.accepts(latest.metric, number):
            mention = latest
        latest = mention or latest
        high = numbers[at + 1] if at + 1 < len(numbers) and _is_range(text, number, numbers[at + 1]) else None
        if mention is None or supposes(text, at=number.start) or (is_denied(text, number) and not is_old):
            continue
        if is_unnamed(text, number) or _is_in_other_rows(text, numbers, candidate):
            continue
        direction = vocabulary.direction(text, words, mention)
        direction = _way_behind(text, number) if direction == "none" else direction
        metric = mention.metric.id if shape else _measure(text, number, mention, direction)
        period = _period_of(number, numbers, candidate, end=high.end if high else number.end)
        if is_old and period is None and len({mention.label for mention in candidate.periods}) == 1:
            period = _period(candidate.periods[0])
        if metric and not (period is None and _says_when(candidate)):
            made = _stated(
                candidate, number=number, high=high, metric=metric, period=period, direction=direction, vocabulary=vocabulary, names=names
            )
            made = (
                whole.of(made, number=number, mention=mention, numbers=numbers, shape=shape)
                if made.is_exact and (not is_old or whole.is_filing(candidate.source.document))
                else made
            )
            yield replace(made, is_withdrawn=True) if is_old else made


def _way_behind(text: str, number: Number) -> Direction:
    """Which way a percentage goes that is said to be higher or lower than another: "5 percent lower than in June"."""
    said = _HIGHER.match(text, number.end) if number.kind == "percent" else None
    return "none" if said is None else "up" if said[1].lower() in ("higher", "above", "more", "ahead") else "down"


def _says_when(candidate: Candidate) -> bool:
    """True for a sentence that names a time."""
    return bool(candidate.periods) or _BARE_MONTH.search(candidate.text) is not None


def _is_in_other_rows(text: str, numbers: Sequence[Number], candidate: Candidate) -> bool:
    """True where "respectively" shares out more values than periods: which is whose only the whole sentence tells."""
    periods = [period for period in candidate.periods if not period.relative]
    return "respectively" in text and len(periods) > 1 and len(numbers) != len(periods)


def _stated(
    candidate: Candidate,
    *,
    number: Number,
    high: Number | None,
    metric: str,
    period: Period | None,
    direction: Direction,
    vocabulary: Vocabulary,
    names: Names,
) -> Stated:
    text, document = candidate.text, candidate.source.document
    shown = text[number.start : high.end] if high else number.printed
    kind = vocabulary.kind(text, at=number.start)
    of_company = vocabulary.metrics[metric.removesuffix("_change")].company
    voice = names.voice(candidate.source) if of_company else ""
    voice = "" if voice in names.strangers else voice
    if period is not None and _is_ahead(period, candidate.source, is_fiscal="fiscal year" in text.lower()):
        kind = "forecast"
    region = names.place(_till_cause(text, number), at=number.start)
    entity = names.entity(text, at=number.start, document=document, voice=voice)
    if region and not of_company and candidate.source.publisher and entity not in f"{text} {candidate.source.publisher}":
        entity = ""  # who writes on a company writes of its market too: "capacity in Marenland" is not the company's
    fact = Fact(
        id=_fact_id(candidate.evidence.id, metric, number),
        evidence=candidate.evidence.id,
        entity=names.seller(text, at=number.start) or entity or (names.opening(text) if of_company else ""),
        metric=metric,
        segment=vocabulary.segment(_till_cause(text, number), [m for m in candidate.mentions if m.end <= len(_till_cause(text, number))]),
        region=region,
        period=period,
        number=replace(number, printed=shown, end=high.end if high else number.end),
        direction=direction,
        kind="actual" if kind == "forecast" and period is not None and _is_past(period, candidate.source) else kind,
    )
    exact = not _BOUND.search(text[: number.start])
    return Stated(
        fact=fact, evidence=candidate.evidence, source=candidate.source, text=text, shown=shown, candidate=candidate, is_exact=exact
    )


def _till_cause(text: str, number: Number) -> str:
    """The sentence as far as it says what, not why."""
    cause = _CAUSE.search(text, number.end)
    return text[: cause.start()] if cause else text


def _fact_id(evidence: str, metric: str, number: Number) -> str:
    return "f-" + hashlib.sha256(f"{evidence} {metric} {number.start}".encode()).hexdigest()[:12]


def _day(source: Source) -> tuple[int, int, int]:
    return source.published.year, source.published.month, 31


def _is_ahead(period: Period, source: Source, *, is_fiscal: bool = False) -> bool:
    """True for a period that ends after the document's month; a fiscal year of the same number may have ended before."""
    fiscal = (period_shape(period.label) == "fiscal" or is_fiscal) and period_order(period.label)[0] <= source.published.year
    this_year = period.found_in == "document" and period.label == str(source.published.year)
    return not fiscal and not this_year and period_order(period.label) > _day(source)


def _is_past(period: Period, source: Source) -> bool:
    """True when the sentence itself names a period that had ended before the document was published."""
    return period.found_in == "sentence" and period_order(period.label) < (source.published.year, source.published.month, 0)


_IN_A_NAME = regex(r"\d+[A-Z]\b(?!\w)")
"""A digit and a capital: "3M" is a company where no currency stands before it."""


_OF_A_FRACTION = regex(r"\d/$")
_AND_A_FRACTION = regex(r"[\s-]?\d/\d")
"""Around the parts of "16 1/2 percent", none of which is a value."""


def _values(text: str, numbers: Sequence[Number], periods: Sequence[PeriodMention]) -> list[Number]:
    """The numbers that can be values: not years, ordinals, parts of dates, or labels such as "Hall 3"."""
    return [
        number
        for number in numbers
        if number.kind != "year"
        and number.unit != "ordinal"
        and not _IN_A_NAME.match(text, number.start)
        and not (_OF_A_FRACTION.search(text[: number.start]) or _AND_A_FRACTION.match(text, number.end))
        and not is_beside(text, number)
        and not any(period.start <= number.start < period.end for period in periods)
        and not (number.kind == "plain" and _LABEL_BEFORE.search(text[max(0, number.start - 20) : number.start]))
    ]


def _is_range(text: str, low: Number, high: Number) -> bool:
    """True for 2.1 and 2.2 in "between EUR 2.1 and 2.2 billion" and "2.1-2.2 billion"."""
    between = text[low.end : high.start]
    if re.fullmatch(r"\s?[-–—]\s?", between):
        return True
    if _BY.search(text[: low.start]) and SCALE_WORD.search(low.printed) and SCALE_WORD.search(high.printed):
        return False  # "increased by $2.3 million to $5.5 million": the change, then the level
    if between.strip() == "to" and unit_family(low) == unit_family(high) and not _FROM.search(text[: low.start]):
        return True
    if "respectively" in text[high.end : high.end + 16]:
        return False
    before = r"\b(?:between|ranging from|rang(?:es|ed) from|range from|range of|in the|up|down|by|grew|rose|increased)\s\w*\s?$"
    joined = between.strip() in ("and", "to") and re.search(before, text[: low.start]) is not None
    return joined and unit_family(low) == unit_family(high)


def _metric_of(
    number: Number, candidate: Candidate, words: Sequence[Token], *, vocabulary: Vocabulary, topic: frozenset[str]
) -> Mention | None:
    """The nearest metric that can have this value; one that stands before it is preferred, one beyond a semicolon is not taken. The
    words of a period count as one. "Cargo" in "utilisation at makers of cargo drones" is the report's topic, not what is measured."""
    text = candidate.text
    at = next((i for i, token in enumerate(words) if token.end > number.start), len(words))
    best: tuple[int, Mention] | None = None
    accepted = [mention for mention in candidate.mentions if vocabulary.accepts(mention.metric, number)]
    for mention in accepted:
        is_topic = mention is not accepted[0] and _OBJECT.search(text[: mention.start]) and topic.issuperset(_stems(text, mention))
        if is_topic or mention.start <= number.start < mention.end or _is_part(text, mention):
            continue
        before = mention.end <= number.start
        gap = at - mention.last if before else mention.first - at + 3
        first, last = (mention.end, number.start) if before else (number.end, mention.start)
        between = text[first:last]
        if (
            _NEW_SUBJECT.search(between)
            or (before and _PART_OF.search(between))
            or (not before and (" and " in between or not _LINKED.match(between)))
        ):
            continue
        dates = [period for period in candidate.periods if first <= period.start and period.end <= last]
        gap -= sum(len(text[period.start : period.end].split()) - 1 for period in dates)
        is_counted = _NUMBER_OF.search(text[: mention.start]) or _STATED.search(text[: number.start])
        if gap > _NEAR or ";" in between or (_is_bare(number) and gap > 2 and not is_counted):
            continue
        if best is None or gap < best[0]:
            best = (gap, mention)
    return best[1] if best else None


def _stems(text: str, mention: Mention) -> Iterable[str]:
    return content_stems(text[mention.start : mention.end])


def _is_bare(number: Number) -> bool:
    return unit_family(number) == "count" and not number.unit


def _is_part(text: str, mention: Mention) -> bool:
    """True where the metric's words belong to a longer name: "sales and marketing expenses", "cost of revenue", "inventory costs"."""
    if text[mention.start : mention.end].lower() in ("sale", "order", "price target"):
        return True
    if _LONGER_NAME.match(text, mention.end):
        return True
    before = text[: mention.start]
    if _OTHER_MEASURE.search(before) or _DONE_TO.search(before):
        return True
    return _WITHIN_NAME.search(before) is not None and not _VALUE_FOR.search(before)


def _measure(text: str, number: Number, mention: Mention, direction: Direction) -> str:
    """The metric's name: its level, or "<id>_change" for a change; empty when the sentence does not tell which."""
    metric, family, before = mention.metric, unit_family(number), text[max(0, number.start - 40) : number.start]
    if family not in ("%", "pp") and _DISTANCE.match(text, number.end):
        return ""
    if family == "pp" and metric.units[:1] != ("pp",):
        return f"{metric.id}_change"
    if family == "%" and metric.change:
        own_level = re.search(r"\b(?:share|rate|ratio)\b", text) is not None or re.match(r"\sof\b", text[number.end :]) is not None
        return "" if direction not in ("up", "down") or own_level else f"{metric.id}_change"
    if _BY_ONLY.search(before) or _MOVED_BY.search(before) or _CHANGE_OF.search(before):
        return f"{metric.id}_change" if direction in ("up", "down") else ""
    if _CHANGE_IN.search(text[: mention.start]) and re.fullmatch(r"\s(?:of|by)\s(?:\w+\s)?", text[mention.end : number.start]):
        return f"{metric.id}_change" if direction in ("up", "down") else ""
    if family.startswith("money") and (said := _AMOUNT_OF.match(text, number.end)):
        return f"{metric.id}_change" if said[1] and direction in ("up", "down") else ""
    if metric.units[:1] == ("employees",) and _HIRES.search(before):
        return ""
    if family == "%" and _AFTER_AMOUNT.search(before):
        return ""
    return metric.id


def _period_of(number: Number, numbers: Sequence[Number], candidate: Candidate, *, end: int) -> Period | None:
    text, periods = candidate.text, candidate.periods
    usable = [period for period in periods if not _is_basis(text, period)]
    if "respectively" in text and len(periods) > 1:
        return _in_turn(number, numbers, candidate)
    if _BEFORE_THAT.match(text[end:]):
        return _year_before(_period(usable[0]) if len(usable) == 1 else _inherited(candidate.evidence, candidate.source))
    owned = {
        period.label: other for other in reversed(numbers) for period in periods if _adjoins(text, other, period, numbers, end=other.end)
    }
    if any(_JOINED_TIMES.match(text, period.end) for period in periods) and "respectively" not in text:
        return None
    own = [period for period in periods if owned.get(period.label) is number or _adjoins(text, number, period, numbers, end=end)]
    if own:
        return _period(own[0])
    if _FROM.search(text[max(0, number.start - 20) : number.start]) and len(numbers) > 1:
        return None
    usable = [period for period in usable if period.label not in owned]
    if len(usable) == 1:
        return _period(usable[0])
    before = [period for period in usable if period.end <= number.start]
    if before:
        return _period(before[-1])
    return None if usable or _BARE_MONTH.search(text) else _inherited(candidate.evidence, candidate.source)


def _is_basis(text: str, period: PeriodMention) -> bool:
    """True for a period that the value is only compared with."""
    before = text[max(0, period.start - 40) : period.start]
    return _BASIS.search(before) is not None and _AS_OF.search(before) is None


def _in_turn(number: Number, numbers: Sequence[Number], candidate: Candidate) -> Period | None:
    """The period at the value's place in its row: "338 and 196 for 2018 and 2017, respectively"; None where rows are of other lengths."""
    text, row = candidate.text, [number]
    at = numbers.index(number)
    for other in numbers[at + 1 :]:
        if not _JOINED.fullmatch(text[row[-1].end : other.start]):
            break
        row.append(other)
    for other in reversed(numbers[:at]):
        if not _JOINED.fullmatch(text[other.end : row[0].start]):
            break
        row.insert(0, other)
    periods = [period for period in candidate.periods if not period.relative]
    return _period(periods[row.index(number)]) if len(periods) == len(row) else None


def _period(mention: PeriodMention) -> Period:
    return Period(label=mention.label, found_in="document" if mention.relative else "sentence")


def _year_before(period: Period | None) -> Period | None:
    if period is None:
        return None
    label = period.label
    if period_shape(label) == "span" or not re.match(r"\d{4}", label):
        return None
    return Period(label=f"{int(label[:4]) - 1}{label[4:]}", found_in=period.found_in)


def _adjoins(text: str, number: Number, period: PeriodMention, numbers: Sequence[Number], *, end: int) -> bool:
    """True for a period at most a few words behind the value with no other value between: "EUR 92 per kWh in 2025"."""
    if period.start < end or any(end <= other.start < period.start for other in numbers):
        return False
    between = text[end : period.start]
    return (
        len(between.split()) <= 4
        and _THAN.search(between) is None
        and not (number.kind == "percent" and _OVER.search(between) and not _AVERAGED.search(text[: number.start]))
        and re.fullmatch(
            r"[\w\s'’-]*\b(?:in|for|during|over|at|by|of|on)\s(?:the\s|about\s)?(?:end\sof\s)?(?:early\s|late\s|mid-)?|\s?\(|\s", between
        )
        is not None
    )


def _is_long_ago(mention: PeriodMention, source: Source) -> bool:
    """True for the year of a law in a heading: "Securities Exchange Act of 1934"."""
    return abs(period_order(mention.label)[0] - source.published.year) >= _LONG_AGO


def _inherited(evidence: Evidence, source: Source) -> Period | None:
    """The period of the nearest heading that has one, else the document's month; a file's own date says nothing of its content, and the
    day a PDF was made nothing of the year it reports on: its title may."""
    for heading in reversed(evidence.heading_path):
        mentions = [
            mention for mention in find_periods(heading) if not _is_long_ago(mention, source) and period_shape(mention.label) != "span"
        ]
        if len({mention.label for mention in mentions}) > 1 and not _AGAINST.search(heading[mentions[0].end : mentions[1].start]):
            return None
        if mentions and period_shape(mentions[0].label) in ("year", "fiscal") and _PART_OF_YEAR.search(heading):
            return None
        if mentions:
            return Period(label=mentions[0].label, found_in="section")
    if source.published_from == "mtime":
        return None
    if source.format == "pdf" and source.published_from == "metadata":
        named = find_periods(source.title.replace("_", " "))
        return Period(label=named[0].label, found_in="document") if len(named) == 1 else None
    return Period(label=f"{source.published.year}-{source.published.month:02d}", found_in="document")


# ── tables ────────────────────────────────────────────────────────────────────────────────────────────────────────


_TIMES = frozenset("year years quarter quarters month months week weeks day days".split())
"""Words that mostly say when, and only behind a mark what a figure is counted in."""
_BY_PLACE = regex(r"(?i)\bby (?:region|district|state|country|county|province|town|municipality|city)\b")
_SCALE_AT_END = regex(rf"(?i)\s*\({SCALE_SAID}[^)]*\)$")
_IN_FULL = regex(
    r"(?i)\bper\b|\beps\b|\bshares?\b|\bunits?\b|%|\bper\s?cent|"
    r"\b(?:ratio|rate|margin|yield|number|days|employee|headcount|fte|staff|person|people|store|customer|acre|hectare)s?\b|"
    r"\b(?:square|sq|sqm|footage)\b"
)
"""Rows that a table "in thousands", or of money, mostly excepts."""


def cell_text(evidence: Evidence) -> str:
    """A table's value put into words, all of them verbatim: "Revenue, 2025: EUR 151.2 million (table: Results)."."""
    reference, value = evidence.table, cell_value(evidence)
    if reference is None:
        return value
    labels = ", ".join(without_unit(label) for label in (reference.row, reference.column) if label)
    value = value if reference.column else "; ".join(part.strip() for part in value.split("|") if part.strip())
    caption = caption_of(evidence)
    return f"{labels}: {value} (table: {caption})." if caption else f"{labels}: {value}."


def table_text(items: Sequence[Evidence]) -> str:
    """One column of a table put into words, all of them verbatim: "Capacity in operation, 2025: Inland 2,090 MWh; Coast 520 MWh."."""
    cells = "; ".join(f"{without_unit(item.table.row)} {cell_value(item)}" for item in items if item.table)
    column = without_unit(items[0].table.column) if items[0].table else ""
    owner = _OWNER.match(items[0].heading_path[0]) if len(items[0].heading_path) > 1 else None
    return f"{owner[1] + ': ' if owner else ''}{caption_of(items[0])}, {column}: {cells}."


def cell_value(evidence: Evidence) -> str:
    """A cell as prose prints it, with the unit its table says: "EUR 1,842,600 thousand"."""
    return with_unit(" ".join(evidence.quote.split()), cell_unit(evidence))


def cell_unit(evidence: Evidence) -> str:
    """The words by which column, row or caption say a cell's unit; empty for a sentence, and for a cell that says its own."""
    reference = evidence.table
    numbers = find_numbers(" ".join(evidence.quote.split()))
    if reference is None or len(numbers) != 1:
        return ""
    labels = (reference.column, reference.row, *(() if _NO_LEVEL.search(without_scale(reference.column)) else evidence.heading_path[-1:]))
    if _is_excepted(numbers[0], labels):
        return ""
    return _scale_in(numbers[0], labels) if numbers[0].unit else _unit_of(labels)


def _unit_of(labels: Sequence[str]) -> str:
    """The unit of a bare number, with its scale: the row's, unless the column's is a share; else the column's or the caption's, whose money
    is not that of rows of what is counted or set in proportion."""
    column, row, *caption = labels
    own, above = _unit_words(row), _unit_words(column)
    if not own and (said := IN_SCALE.search(row)):  # "Square footage (in thousands)" among millions of money
        return said[1].lower()
    words = own if own and unit_in(above)[0] not in SHARES else next(filter(None, (above, *map(_unit_words, caption))), "")
    words = words.lower() if words.istitle() and words.lower() in COUNTED else words
    if words != own and _IN_FULL.search(row) and unit_in(words)[0] in CURRENCIES:
        return ""
    scale = _scale_of_count(labels) if not words or is_money(words) else ""
    return scaled_money(words, scale) if words and scale else words or scale


@remembered(8_192)
def _unit_words(label: str) -> str:
    """The words of a label that say a unit; a noun only where it is set apart: "Payback, years", and not "Goodwill, end of the year"."""
    words = unit_in(label)[2]
    is_time = set(words.lower().split()) & _TIMES
    if not is_time and (len(words) < 4 or words.isupper() or not words.replace(" ", "").isalpha()):
        return words
    behind = r"[,(:/]\s?|\bin\s" if is_time else r"^|[,(:/\d]\s?|\bin\s"
    apart = re.search(rf"(?:{behind}){re.escape(words)}", label)
    return words if apart else ""


def _scale_of_count(labels: Sequence[str]) -> str:
    """The word by which the labels scale a bare number; empty where its row is of what is mostly printed in full."""
    said = next((said[1].lower() for label in labels if (said := IN_SCALE.search(label))), "")
    return "" if _IN_FULL.search(labels[1]) else said


def _scale_in(number: Number, labels: Sequence[str]) -> str:
    """The word by which the labels scale money that a cell prints with its mark: "million" of "(In millions)"; empty for none."""
    if number.kind != "money" or "/" in number.unit or re.search(r"[A-Za-z]{4}", number.printed) or A_SHARE.search(labels[1]):
        return ""
    return next((said for label in labels if (said := _scale_said(label, number.unit))), "")


def _is_excepted(number: Number, labels: Sequence[str]) -> bool:
    """True for a sum that looks like one of those that its table's scale is not of."""
    return _SMALL.fullmatch(number.printed) is not None and any(_EXCEPT_FOR_SOME.search(label) for label in labels)


def _scale_said(label: str, currency: str) -> str:
    if said := IN_SCALE.search(label):
        return said[1].lower()
    unit, factor, _ = unit_in(label)
    return SCALE_WORDS.get(int(factor), "") if unit == currency else ""


def caption_of(evidence: Evidence) -> str:
    """What a table is called: the line above it, or what stands over that where it says only in what the table counts."""
    return without_unit(re.sub(r"^(?i:table)\s?[\d.]*[:.]?\s*", "", _named_heading(evidence))).rstrip(".")


_NO_NAME = regex(r"(?i)^\W*(?:[\w$€£]+ (?:and \w+ )?)?in (?:thousand|million|billion)s?\b|^\W*(?:un)?audited\W*$")
"""Of a table's caption: "($ in millions, except per share amounts)"."""


@remembered(8_192)
def without_unit(label: str) -> str:
    """A label less the unit it ends in: "Price, EUR per kWh" is "Price"."""
    label = _SCALE_AT_END.sub("", label) or label
    words = _unit_words(label)
    return re.sub(rf"[\s,(]*{re.escape(words)}\)?$", "", label).strip(" :,") or label if words else label.strip(" :")


def _of_cell(cell: CellEvidence, *, vocabulary: Vocabulary, names: Names) -> Stated | None:
    evidence, reference = cell.evidence, cell.evidence.table
    quote = " ".join(evidence.quote.split())
    numbers = find_numbers(quote)
    if reference is None or len(numbers) != 1 or numbers[0].kind == "year" or numbers[0].printed != quote:
        return None
    caption = evidence.heading_path[-1] if evidence.heading_path else ""
    number = _with_table_unit(numbers[0], labels=(reference.column, reference.row, caption))
    metric, segment = _table_metric(reference.row, reference.column, caption, number=number, vocabulary=vocabulary)
    if not metric:
        return None
    if vocabulary.metrics[metric.removesuffix("_change")].outflow and number.unit != "%":
        number = replace(number, value=abs(number.value))
    period = _table_period(reference.column, reference.row, caption, cell)
    if period is None:
        return None
    labels = f"{reference.row} {reference.column}"
    row = reference.row.strip(" :")
    place = row if row in names.places or (_BY_PLACE.search(caption) and not _is_total(row) and not find_periods(row)) else ""
    own, named = parted(row, metric, vocabulary)
    if named:
        segment = _table_metric(own, reference.column, caption, number=number, vocabulary=vocabulary)[1]
    entity = next((part for part in re.split(r",\s", row) if part in names.others), names.about.get(cell.source.document, ""))
    segment = "" if place else segment
    fact = Fact(
        id=_fact_id(evidence.id, metric, number),
        evidence=evidence.id,
        entity=entity,
        metric=metric,
        segment=", ".join(filter(None, (_division(_named_heading(evidence)), _table_segment(segment, names), _part(named)))),
        region="" if place in names.homes else place,
        period=period,
        number=number,
        kind=_table_kind(labels, period, cell.source),
    )
    return Stated(fact=fact, evidence=evidence, source=cell.source, text=cell_text(evidence), shown=cell_value(evidence))


def _division(caption: str) -> str:
    """The division a table is about: "Domestic" of "Domestic Segment" and of "DOMESTIC SEGMENT"; empty for none."""
    named = re.fullmatch(r"(?:.*\s[-–—]\s)?((?!.*\b[Bb]y\b)[A-Z][\w /&-]{1,40}?) (?:[Ss]egment|SEGMENT)", caption)
    return "" if named is None else named[1].title() if named[1].isupper() and len(named[1]) > _LONGEST_INITIALS else named[1]


_LONGEST_INITIALS = 4
"""Letters of a name in capitals up to which it is not shouted."""


def _part(words: str) -> str:
    """The part a row stands for behind the metric's own line, whatever else goes by its name; nothing for the total."""
    return "" if _is_total(words) else without_unit(words).strip(" :,")


def _table_segment(words: str, names: Names) -> str:
    """The segment a row stands for: nothing for totals, names, places and periods."""
    bare = without_unit(words).strip(" :,")
    is_whole = _is_total(words) or _is_of_owners(bare, names)
    return "" if is_whole or bare in names.places | names.others or find_periods(words) else bare


_OF_OWNERS = regex(
    r"(?i)(?:attributable|available|applicable) (?:to|for) (?:the )?"
    r"(?P<whose>(?!.*(?:non-?\s?controlling|minority|preferred|participating)).+)"
)
_OWNERS = regex(r"(?i)\b(?:share|stock)(?:holders|owners)\b")


def _is_of_owners(words: str, names: Names) -> bool:
    """Whether what remains of a row's label says that it is the company's own or its shareholders': "attributable to Amcor plc"."""
    said = _OF_OWNERS.fullmatch(words)
    return said is not None and (_OWNERS.search(words) is not None or said["whose"].startswith(tuple(names.about.values())))


_TOTALS = frozenset(("total", "grand total", "total as reported", "all", "group", "all of them", "sum", "total company", "consolidated"))


def _is_total(words: str) -> bool:
    return words.strip(" :,").lower() in _TOTALS


def rows_apart(cells: Sequence[Stated], *, names: Names) -> Iterable[Stated]:
    """The values of each table under keys of their own: a total over places is not the home place, and rows of one key and period carry
    their labels. Values that differ under the same labels cannot be told apart and are left out."""
    tables: dict[tuple[str, ...], list[Stated]] = defaultdict(list)
    for item in cells:
        tables[item.evidence.document, *item.evidence.heading_path].append(item)
    for table in tables.values():
        over_places = bool(names.homes) and any(_row(item) in names.places for item in table)
        settled = [_in_segment(item, "total") if over_places and _is_total(_row(item)) else item for item in table]
        alike: dict[tuple[object, ...], list[Stated]] = defaultdict(list)
        for item in settled:
            fact = item.fact
            label = fact.period.label if fact.period else ""
            alike[fact.metric, fact.entity, fact.segment, fact.region, label, comparable(fact.number)[1]].append(item)
        for items in alike.values():
            yield from _told_apart(items)


def _told_apart(items: Sequence[Stated]) -> Iterable[Stated]:
    """Values of one key and period: the plainest row as it is, the others under their labels."""
    if len({comparable(item.fact.number) for item in items}) == 1:
        yield from items  # one value, told several times
        return
    rows = {_row(item) for item in items}
    shortest = min(rows, key=lambda row: (len(row), row))
    is_plain = all(shortest in row for row in rows)
    for item in items:
        twins = [other for other in items if _labels(other) == _labels(item)]
        if len({comparable(other.fact.number) for other in twins}) == 1:
            yield item if is_plain and _row(item) == shortest else _in_segment(item, without_unit(_row(item)))


def _row(item: Stated) -> str:
    return item.evidence.table.row.strip(" :") if item.evidence.table else ""


def _labels(item: Stated) -> tuple[str, str]:
    return (item.evidence.table.row, item.evidence.table.column) if item.evidence.table else ("", "")


def _in_segment(item: Stated, segment: str) -> Stated:
    return replace(item, fact=replace(item.fact, segment=segment))


def _with_table_unit(number: Number, *, labels: Sequence[str]) -> Number:
    """The number with the unit and scale its header, row or caption says."""
    if _is_excepted(number, labels):
        return number
    if scale := _scale_in(number, labels):
        return _scaled(number, scale)
    words = "" if number.unit else _unit_of((*labels[:2], _unit_part(labels[2])))
    if not words:
        return number
    unit, factor, _ = unit_in(words)
    if not unit:
        return _scaled(number, words)
    settled = next(iter(find_numbers(f"1 {words}")), None)
    kind = settled.kind if settled and settled.unit else "money"
    return replace(number, value=Decimal(format(number.value * factor, "f")), unit=unit, kind=kind)


def _unit_part(caption: str) -> str:
    """The end of a caption, which may say a unit; all of one that says nothing else: "(Dollars in millions)"."""
    return caption if _NO_NAME.search(caption) else re.sub(r"^.*(?=[,(]|\bin\s\S+(?:\s\S+)?$)", "", caption)


def _scaled(number: Number, scale: str) -> Number:
    return replace(number, value=next(iter(find_numbers(f"1 {scale}"))).value * number.value)


def _table_metric(row: str, column: str, caption: str, *, number: Number, vocabulary: Vocabulary) -> tuple[str, str]:
    """(metric, segment): the metric from the row, else from column or caption, and then the row says which segment."""
    column = without_scale(column)
    own = [label[: m.start] + label[m.end :] for label in (row, column) for m in vocabulary.named(label) if not m.metric.change]
    if any(_NO_LEVEL.search(label) for label in (row, column)) and not (own and not any(_NO_LEVEL.search(rest) for rest in own)):
        return "", ""
    for label in (row, column, caption):
        accepted = [mention for mention in vocabulary.named(label) if vocabulary.accepts(mention.metric, number)]
        accepted = [mention for mention in accepted if unit_family(number) not in ("%", "pp") or not mention.metric.change]
        if label is row and _ODD_ROW.search(row):
            return "", ""
        if label is row and accepted and (_NOT_HEAD.search(row[: accepted[-1].start]) or _GOES_ON.match(row, accepted[-1].end)):
            return "", ""
        if label is caption and label not in (row, column) and not number.unit and not _COUNTS.search(caption):
            return "", ""
        if label is caption and is_of_its_own(column) and not _BY_PLACE.search(caption):
            return "", ""
        if label is caption and accepted and accepted[-1].metric.id == "price" and A_SHARE.search(caption):
            return "", ""  # what stands in a table of prices a share is no price for that
        if label is row and accepted and len(without_unit(row).split()) > 8:
            return "", ""
        if accepted:
            behind = row.rfind(": ", 0, accepted[-1].start) + 2 if accepted[-1].metric.whole else 1
            rest = row if label is not row else _rest(row, accepted[-1], begins=behind if behind > 1 else 0)
            named = _named_price(rest, vocabulary) if accepted[-1].metric.id == "price" else ""
            segment = "" if named else rest
            return named or accepted[-1].metric.id, END_OF_PERIOD if _AT_END.search(row) else segment
    return "", ""


def _named_price(thing: str, vocabulary: Vocabulary) -> str:
    """The id of the metric that is the thing's price: "Zinc" gives the zinc price; empty where the vocabulary has none."""
    words = tokens(f"{thing} price")
    return next((m.metric.id for m in vocabulary.mentions(words) if m.first == 0 and m.last == len(words) - 1), "")


def _rest(row: str, mention: Mention, *, begins: int = 0) -> str:
    """What a row's label says from an offset on besides its metric: "Home division operating result" leaves "Home division"."""
    rest = re.sub(r"\(.*?\)|,.*$|(?:\s\.)+\s*$", "", row[begins : mention.start] + row[mention.end :])
    rest = " ".join(re.sub(r"(?i)^(?:(?:total|net|consolidated)\b\s*)+", "", rest.strip()).split())
    return rest if re.search(r"\w", rest) and rest.lower() != "sales" else ""  # "Sales revenue"


_NO_LEVEL = regex(r"(?i)\b(?:change|growth|share|adjustment|difference|effect)\b")
_COUNTS = regex(rf"(?i)\b(?:number|count)s? of\b|{_BY_PLACE.pattern[4:]}")
"""In a caption: its cells are bare counts."""
_GOES_ON = regex(
    r"(?i)\s(?:and|or|of|as)\s(?!amorti[sz]ation|equipment|equivalents|administrative|development)|\s(?:income|expense|recall)\b"
)
"""Behind a metric in a row's label: the row is about something else, or about two things."""
_ODD_ROW = regex(
    r"(?i)\b(?:weighted[- ]average|statutory|assumptions?|allowance|beginning|per unit|deposits|authori[sz]\w+|"
    r"aggregate (?:\w+ )?price|(?:exercise|strike) prices?|intrinsic value)\b|\((?:income|earnings|profit)\)"
)
"""A row of another thing than the metric its label names."""
_NOT_HEAD = regex(
    r"(?i),|\b(?:from|into|of|on|related|to|in|for|before|after|less|excluding|including|deferred|other|liabilities and)\b|\band\s*$"
)
"""Before a metric in a row's label: the row is about something else."""


def _table_period(column: str, row: str, caption: str, cell: CellEvidence) -> Period | None:
    for label in (column, row, caption):
        mentions = [mention for mention in find_periods(label) if label is not caption or not _is_long_ago(mention, cell.source)]
        if len(mentions) == 1:
            return Period(label=mentions[0].label, found_in="table")
        if mentions:
            return None
    return None if re.fullmatch(r"\W*", column) else _inherited(cell.evidence, cell.source)


def _table_kind(labels: str, period: Period | None, source: Source) -> FactKind:
    if period is not None and _is_ahead(period, source):
        of_this_year = period.label == str(source.published.year) and source.published.month > 1
        return "forecast" if not of_this_year or _AHEAD.search(labels) else "actual"
    return "estimate" if _AHEAD.search(labels) else "actual"
