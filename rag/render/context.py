"""A report as the variables of a template: dicts, lists, strings, whole numbers and booleans, all looked up, numbered and worded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import ascii_lowercase
from typing import Any, TypeVar

from rag.errors import ReportError
from rag.language import NAMES, language_of
from rag.numbers import period_words
from rag.render.changes import changes, scope_words, topic
from rag.render.chart import chart, comparable
from rag.render.words import (
    CONFLICTS,
    COUNTS,
    COVERAGE,
    DIRECTIONS,
    GATES,
    GLOSSARY,
    KINDS,
    VERDICTS,
    clean,
    figured,
    long_date,
    names_nothing,
    printed,
    printed_title,
    short_month,
)
from rag.types import (
    Calculation,
    Claim,
    Conflict,
    ConflictSide,
    Coverage,
    Direction,
    Evidence,
    Gap,
    GlanceRow,
    Manifest,
    Report,
    Section,
    SeriesPoint,
    Source,
    TrendCard,
)

_FURTHER, _TOP = "\0further", "\0top"
"""No section of a report is called so."""

_A_PAIR = 2
"""Cells of a matrix that the table at a glance shows as well."""

_SIDES = "conflicts"
"""The section of the sentences that are printed for a disagreement only."""

Plain = dict[str, Any]
"""A dict of strings, whole numbers, booleans, and lists and dicts of them."""

Noun = TypeVar("Noun", Claim, Evidence, TrendCard, Source)
Named = TypeVar("Named", Claim, Evidence, TrendCard)


@dataclass(frozen=True, kw_only=True, slots=True)
class MarketTrends:
    """The variables of a market_trends template. Those without a default must be printed by every template.

    A *mark* is a citation: {label, anchor, footnote, quote, title, publisher, date, page, cell, source}.
    A *claim* is {number, anchor, home, id, text, kind, mode, said, in, period, direction, verdict, marks, faults, calculation}; ``home``
    is false where it is printed once more, ``in`` the title of its document where the sentence is not understood without it.
    ``verdict`` is {name, sign, word, meaning}, ``direction`` {name, arrow, word}.
    """

    title: str
    """The topic as asked."""
    as_of: str
    """In words: "30 September 2026"."""
    banner: str
    """Says how the text was written and what that means."""
    warnings: list[str]
    """What was seen in documents and not followed, such as instructions to a machine."""
    bottom_line: list[Plain]
    """Claims; the first is the headline. Each also has its ``card``: {anchor, confidence}, empty for a claim of no card."""
    glance: list[Plain]
    """{metric, card, latest, period, change, direction, marks, confidence}."""
    sections: list[Plain]
    """{anchor, name, title, question, cards, claims, gaps}; a card is {anchor, id, topic, title, direction, figure, chart, series,
    confidence, claims, finding, statements, counter, conflicts}: ``finding`` is the claim that says what the title says, empty without
    one, ``statements`` are the other claims. The section named "conflicts" holds the sentences of ``conflicts`` that no other prints."""
    conflicts: list[Plain]
    """{anchor, topic, period, kind, replaced, reason, sides: [{value, period, published, title, by, claim}]}, disagreements first;
    ``replaced`` is true where the first side replaces the others. ``claim.home`` is true where only the section "conflicts" has it."""
    gaps: list[Plain]
    """{question, reason, section}."""
    method: Plain
    """{writer, embedder, revision, dimensions, prompt, reranker, template, sequence, known_at, scope, program, run,
    prompts: [{name, hash}]}."""
    coverage: list[Plain]
    """{status, count, documents: [{title, path, publisher, date, claims, reason, cut}]}, one for each status."""
    sources: list[Plain]
    """The cited documents in order: {number, anchor, title, by, publisher, date, undated, format, pages, path, document, evidence,
    also}; ``also`` are the documents with nearly the same text, as in coverage."""
    evidence: list[Plain]
    """{label, anchor, footnote, id, source, quote, before, after, page, section, cell, query, rank, claims, cards, used, also},
    by source and label; the mark's other fields too."""
    market: str = ""
    """The market as the plan understood it."""
    report_id: str = ""
    """The report's id, a hash of all that is in it."""
    as_of_day: str = ""
    """As ISO 8601."""
    cut_off: str = ""
    """The newest source's date in words; empty without a source."""
    how_to_cite: str = ""
    """Title, date, report and run in one line."""
    counts: list[Plain] = field(default_factory=list)
    """{name, label, value}."""
    matrix: Plain = field(default_factory=dict)
    """{places, rows: [{metric, cells: [[{latest, period, direction, card}]]}]}; empty when the report has one place only."""
    checks: list[Plain] = field(default_factory=list)
    """What was found on each claim: {number, anchor, text, verdict, passed: [{gate, name}], faults: [{gate, name, outcome, reason}]}."""
    glossary: list[Plain] = field(default_factory=list)
    """{term, meaning}."""
    changes: Plain = field(default_factory=dict)
    """What changed since the last edition: {first, nothing, before, as_of, documents: [{event, title, path, by, date, other, reason}],
    cards: [{kind, title, was, now, causes}], figures: [{kind, topic, period, was, now, causes}], claims: [{kind, text, was, causes}],
    unchanged, reshuffled}; causes are titles. ``first`` is true, and nothing else is there, for a first edition."""


SHORT = ("title", "as_of", "banner", "warnings", "conflicts", "gaps", "sources")
"""What a template other than the full report must print at least, be it as a number: what keeps a short form honest."""


def context(report: Report) -> MarketTrends:
    """The report's variables. Raises ReportError when it names a claim, card, source or quote that it does not hold."""
    book = _Book(report)
    return MarketTrends(
        title=clean(report.title),
        market=clean(report.market),
        report_id=clean(report.id),
        as_of=long_date(report.as_of),
        as_of_day=report.as_of.isoformat(),
        cut_off=_cut_off(report),
        banner=clean(report.banner),
        how_to_cite=_how_to_cite(report),
        counts=_counts(report.manifest),
        warnings=[clean(warning) for warning in report.warnings],
        bottom_line=[{**book.claim(claim, home=_TOP), "card": _card_of(claim, book)} for claim in report.bottom_line],
        glance=[_glance(row, book) for row in report.glance],
        matrix=_matrix(report, book),
        sections=[_section(section, book) for section in book.sections],
        conflicts=_conflicts(report, book),
        gaps=[_gap(gap, book) for gap in report.gaps],
        method=_method(report.manifest),
        coverage=_coverage(report.coverage),
        sources=[_source(source, book) for source in report.sources],
        evidence=[_evidence(item, book) for item in book.annex],
        checks=[_checked(book.claims[claim], book) for claim in book.claim_numbers],
        glossary=[{"term": term, "meaning": meaning} for term, meaning in GLOSSARY],
        changes=changes(report.changes, known=[row.source for row in report.coverage]),
    )


# ── who is called what, and where it is printed ───────────────────────────────────────────────────────────────────


class _Book:
    """The report's nouns by id, with the number, label and anchor each is printed under."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.claims = _by_id(report.claims)
        self.cards = _by_id(report.cards)
        self.quotes = _by_id(report.evidence)
        self.sources = {source.document: source for source in report.sources}
        self.source_numbers = {source.document: number for number, source in enumerate(report.sources, 1)}
        self.owners = {row.source.document: clean(row.owner) for row in report.coverage}
        self.sections = _sections(report, self)
        self.section_numbers = {section.id: number for number, section in enumerate(self.sections, 1)}
        self.card_numbers = {card: number for number, card in enumerate((card for section in self.sections for card in section.cards), 1)}
        self.homes = _homes(self.sections, self)
        self.claim_numbers = {claim: number for number, claim in enumerate(self.homes, 1)}
        self.footnotes = {item: number for number, item in enumerate(_cited(report, self), 1)}
        self.labels = self._labels()
        self.annex = sorted(report.evidence, key=lambda item: (self.source_number(item), self.footnotes[item.id]))

    def _labels(self) -> dict[str, str]:
        """Evidence id -> the source's number, with a letter where several quotes come from it: 3a, 3b."""
        of_source: dict[str, list[str]] = {}
        for item in self.footnotes:
            of_source.setdefault(self.quote(item).document, []).append(item)
        return {
            item: f"{self.source_number(self.quote(item))}{_letters(position) if len(items) > 1 else ''}"
            for items in of_source.values()
            for position, item in enumerate(items)
        }

    def also_in(self, document: str) -> list[Plain]:
        """The other documents with nearly the same text, which are one source with it."""
        originals = {row.source.document: row.copy_of or row.source.document for row in self.report.coverage}
        same = [row for row in self.report.coverage if originals[row.source.document] == originals.get(document, document)]
        return [_document(row) for row in same if row.source.document != document]

    def quote(self, identifier: str) -> Evidence:
        return _get(self.quotes, identifier, "quote")

    def card(self, identifier: str) -> TrendCard:
        return _get(self.cards, identifier, "card")

    def source(self, document: str) -> Source:
        return _get(self.sources, document, "source")

    def source_number(self, item: Evidence) -> int:
        self.source(item.document)
        return self.source_numbers[item.document]

    def anchor(self, card: str) -> str:
        self.card(card)
        return f"card-{self.card_numbers[card]}"

    def claim(self, identifier: str, *, home: str | None = None) -> Plain:
        """A claim as printed in ``home``: a card's or section's id, None for a place that only repeats it."""
        claim = _get(self.claims, identifier, "claim")
        number = self.claim_numbers[identifier]
        return {
            "number": number,
            "anchor": f"claim-{number}",
            "home": home is not None and self.homes[identifier] == home,
            "id": clean(claim.id),
            "text": figured(claim.text) if claim.calculation else clean(claim.text),
            "kind": KINDS[claim.kind],
            "mode": claim.mode,
            "said": self._speaker(claim),
            "in": self._document(claim),
            "period": clean(period_words(claim.period.label)) if claim.period else "",
            "direction": _direction(claim.direction),
            "verdict": _verdict(claim),
            "marks": [self.mark(item) for item in claim.evidence],
            "faults": _faults(claim),
            "calculation": self.calculation(claim.calculation) if claim.calculation else {},
        }

    def _speaker(self, claim: Claim) -> str:
        """Whose words a claim is, and in which language if not in English; empty for a calculation and for what several sources say."""
        documents = {self.quote(item).document for item in claim.evidence}
        if len(documents) != 1 or claim.calculation is not None:
            return ""
        source = self.source(documents.pop())
        said = _said(source, owner=self.owners.get(source.document, ""))
        language = language_of(claim.text)
        return f"{said}, in {NAMES[language]}" if language else said

    def _document(self, claim: Claim) -> str:
        """The title of the document that a sentence of no card needs to be understood; empty where it names things itself."""
        if claim.mode != "verbatim" or not claim.evidence or self.homes[claim.id] in self.cards or not names_nothing(clean(claim.text)):
            return ""
        source = self.source(self.quote(claim.evidence[0]).document)
        return printed_title(source) if source.publisher or source.author else ""

    def mark(self, identifier: str) -> Plain:
        """A citation."""
        item = self.quote(identifier)
        source = self.source(item.document)
        return {
            "label": self.labels[identifier],
            "anchor": f"evidence-{self.labels[identifier]}",
            "footnote": self.footnotes[identifier],
            "quote": clean(item.quote),
            "title": printed_title(source),
            "publisher": clean(source.publisher or source.author),
            "date": _day(source),
            "page": clean(item.page_label),
            "cell": _cell(item),
            "source": self.source_number(item),
        }

    def marks(self, claims: Iterable[str]) -> list[Plain]:
        """The citations of several claims, each once."""
        used = (item for claim in claims for item in _get(self.claims, claim, "claim").evidence)
        return [self.mark(item) for item in dict.fromkeys(used)]

    def calculation(self, done: Calculation) -> Plain:
        operands = zip("abcdefghijklmnopqrstuvwxyz", done.operands, done.values, strict=False)
        return {
            "formula": clean(done.formula).replace("*", "×").replace("-", "−"),
            "operands": [{"name": name, "value": printed(value), "mark": self.mark(item)} for name, item, value in operands],
            "result": printed(done.result, places=done.rounding),
        }


def _by_id(nouns: Iterable[Named]) -> dict[str, Named]:
    return {noun.id: noun for noun in nouns}


def _get(nouns: Mapping[str, Noun], identifier: str, name: str) -> Noun:
    if identifier not in nouns:
        raise ReportError(
            f"the report names the {name} {identifier!r} but does not hold it; run `rag check` on it to see what else is wrong"
        )
    return nouns[identifier]


def _letters(position: int) -> str:
    """0 -> "a", 25 -> "z", 26 -> "aa"."""
    rest, letter = divmod(position, len(ascii_lowercase))
    return (_letters(rest - 1) if rest else "") + ascii_lowercase[letter]


def _sections(report: Report, book: _Book) -> list[Section]:
    """The report's sections with each card in the first that names it, and one more for cards and claims that none names."""
    seen: set[str] = set()
    sections: list[Section] = []
    for section in report.sections:
        cards = tuple(card for card in dict.fromkeys(section.cards) if card not in seen)
        seen.update(cards)
        sections.append(replace(section, cards=cards))
    rest = Section(id=_FURTHER, title="Further findings", question="", cards=tuple(card for card in book.cards if card not in seen))
    homes = _homes([*sections, rest], book)
    rest = replace(rest, claims=tuple(claim for claim in book.claims if claim not in homes))
    return [*sections, rest] if rest.cards or rest.claims else sections


def _homes(sections: Iterable[Section], book: _Book) -> dict[str, str]:
    """Claim -> id of the card or section that prints it first, in print order."""
    homes: dict[str, str] = {}
    for section in sections:
        for card in map(book.card, section.cards):
            for claim in (*_of_card(card, book), *card.counter_claims):
                homes.setdefault(claim, card.id)
        for claim in section.claims:
            homes.setdefault(claim, section.id)
    return {claim: _TOP for claim in book.report.bottom_line if claim not in homes} | homes


def _of_card(card: TrendCard, book: _Book) -> list[str]:
    """The card's claims, each once, the one that says what its title says first."""
    return sorted(dict.fromkeys(card.claims), key=lambda claim: not _is_title(_get(book.claims, claim, "claim"), card))


def _is_title(claim: Claim, card: TrendCard) -> bool:
    return claim.calculation is not None and claim.text.startswith(card.title)


def _cited(report: Report, book: _Book) -> list[str]:
    """All evidence ids in order of first citation: bottom line, glance, body, series; then what nothing cites."""
    order = [*report.bottom_line, *(claim for row in report.glance for claim in row.claims), *book.homes]
    by_claims = (item for claim in order for item in _cites(_get(book.claims, claim, "claim")))
    by_series = (point.evidence for card in report.cards for point in card.series)
    return list(dict.fromkeys((*by_claims, *by_series, *book.quotes)))


def _cites(claim: Claim) -> tuple[str, ...]:
    return claim.evidence + (claim.calculation.operands if claim.calculation else ())


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _direction(direction: Direction) -> Plain:
    arrow, word = DIRECTIONS[direction]
    return {"name": direction, "arrow": arrow, "word": word}


def _file_date(source: Source) -> str:
    """What a date is called that only the file gives."""
    return " (file date)" if source.published_from == "mtime" else ""


def _day(source: Source) -> str:
    return f"{long_date(source.published)}{_file_date(source)}"


def _said(source: Source, *, owner: str) -> str:
    """Whose words a sentence is: "Halden Energy Institute, Jun 2026". A company speaks in its own filing, whoever made the file of it."""
    named = clean(source.publisher or owner or source.author) or printed_title(source)
    return f"{named}, {short_month(source.published)}{_file_date(source)}"


def _verdict(claim: Claim) -> Plain:
    sign, word, meaning = VERDICTS[claim.verdict]
    return {"name": claim.verdict, "sign": sign, "word": word, "meaning": meaning}


def _faults(claim: Claim) -> list[Plain]:
    """The checks that did not pass, in words."""
    return [
        {"gate": clean(check.gate), "name": GATES.get(check.gate, ""), "outcome": check.outcome, "reason": clean(check.reason)}
        for check in claim.checks
        if check.outcome != "pass"
    ]


def _cell(item: Evidence) -> str:
    """Where in a table: "row Varland, column H1 2026 (E5)"; empty outside tables."""
    if item.table is None:
        return ""
    address = f" ({item.table.address})" if item.table.address else ""
    return clean(f"row {item.table.row}, column {item.table.column}{address}")


def _how_to_cite(report: Report) -> str:
    title, run = clean(report.title), clean(report.manifest.run)
    form = clean(report.manifest.template).replace("_", " ").capitalize()
    return f"{title}. {form} as of {long_date(report.as_of)}. Report {clean(report.id)}, run {run}."


def _counts(manifest: Manifest) -> list[Plain]:
    """The counts of the run in the order they were made; names without a label come last as they are."""
    names = [*(name for name in COUNTS if name in manifest.counts), *sorted(set(manifest.counts) - set(COUNTS))]
    return [{"name": clean(name), "label": COUNTS.get(name, clean(name)), "value": f"{manifest.counts[name]:,}"} for name in names]


def _glance(row: GlanceRow, book: _Book) -> Plain:
    return {
        "metric": clean(row.metric),
        "card": book.anchor(row.card),
        "latest": figured(row.latest),
        "period": clean(period_words(row.period)),
        "change": clean(row.change),
        "direction": _direction(row.direction),
        "marks": book.marks(row.claims),
        "confidence": row.confidence,
    }


def _matrix(report: Report, book: _Book) -> Plain:
    """The glance rows of metrics that are known of two places or more, against those places; empty where that is one pair of figures."""
    found: dict[str, dict[str, list[Plain]]] = {}
    places: dict[str, None] = {}
    for row in report.glance:
        key = book.card(row.card).key
        place = " · ".join(clean(part) for part in (key.region, key.segment, key.entity) if part) or "Whole market"
        cell = {
            "latest": figured(row.latest),
            "period": clean(period_words(row.period)),
            "direction": _direction(row.direction),
            "card": book.anchor(row.card),
        }
        found.setdefault(clean(key.metric), {}).setdefault(place, []).append(cell)
        places[place] = None
    compared = {metric: cells for metric, cells in found.items() if len(cells) >= 2}
    if sum(map(len, compared.values())) <= _A_PAIR:
        return {}
    shown = [place for place in places if any(place in cells for cells in compared.values())]
    rows = [{"metric": metric, "cells": [cells.get(place, []) for place in shown]} for metric, cells in compared.items()]
    return {"places": shown, "rows": rows}


def _section(section: Section, book: _Book) -> Plain:
    return {
        "anchor": f"section-{book.section_numbers[section.id]}",
        "name": "" if section.id == _FURTHER else clean(section.id),
        "title": clean(section.title),
        "question": clean(section.question),
        "cards": [_card(book.card(card), book) for card in section.cards],
        "claims": [book.claim(claim, home=section.id) for claim in dict.fromkeys(section.claims)],
        "gaps": [_gap(gap, book) for gap in book.report.gaps if gap.section == section.id],
    }


def _card_of(claim: str, book: _Book) -> Plain:
    """Where a claim's card stands, and how sure it is; empty for a claim of no card."""
    home = book.homes.get(claim, "")
    return {"anchor": book.anchor(home), "confidence": book.card(home).confidence.word} if home in book.cards else {}


def _card(card: TrendCard, book: _Book) -> Plain:
    own = {*card.claims, *card.counter_claims}
    numbers = [
        n for n, conflict in enumerate(book.report.conflicts, 1) if conflict.key == card.key or own & {s.claim for s in conflict.sides}
    ]
    claims = [book.claim(claim, home=card.id) for claim in _of_card(card, book)]
    finding = next((shown for shown, claim in zip(claims, _of_card(card, book), strict=True) if _is_title(book.claims[claim], card)), {})
    return {
        "anchor": book.anchor(card.id),
        "id": clean(card.id),
        "topic": topic(card.key),
        "title": figured(card.title),
        "direction": _direction(card.direction),
        "figure": _figure(card, book),
        "chart": _drawing(card, book),
        "series": [_point(point, book) for point in card.series],
        "confidence": {"word": card.confidence.word, "reason": clean(card.confidence.reason)},
        "claims": claims,
        "finding": finding,
        "statements": [claim for claim in claims if claim is not finding],
        "counter": [book.claim(claim, home=card.id) for claim in dict.fromkeys(card.counter_claims) if claim not in card.claims],
        "conflicts": [f"conflict-{number}" for number in numbers],
    }


def _figure(card: TrendCard, book: _Book) -> Plain:
    """The card's key number, from its line in the table at a glance; empty without one."""
    row = next((row for row in book.report.glance if row.card == card.id and row.latest), None)
    return _glance(row, book) if row else {}


def _drawing(card: TrendCard, book: _Book) -> Plain:
    """A chart whose words are fit to print, with the citation of each point and each once for the line of its sources."""
    drawing = chart(card.series, title=card.title)
    if not drawing:
        return {}
    marks = [book.mark(point.evidence) for point in comparable(card.series, title=card.title)]
    points = [
        {**point, "period": clean(period_words(point["period"])), "value": figured(point["value"]), "mark": mark}
        for point, mark in zip(drawing["points"], marks, strict=True)
    ]
    once = list({mark["label"]: mark for mark in marks}.values())
    return {**drawing, "unit": clean(drawing["unit"]), "text": clean(drawing["text"]), "points": points, "marks": once}


def _point(point: SeriesPoint, book: _Book) -> Plain:
    return {
        "period": clean(period_words(point.period)),
        "printed": figured(point.printed),
        "kind": point.kind,
        "mark": book.mark(point.evidence),
    }


def _conflicts(report: Report, book: _Book) -> list[Plain]:
    """The disagreements, then what was replaced; a sentence that two of them need is at home in the first."""
    numbered = sorted(enumerate(report.conflicts, 1), key=lambda pair: pair[1].kind == "superseded")
    made = [_conflict(conflict, book, number=number) for number, conflict in numbered]
    seen: set[str] = set()
    for side in (side for conflict in made for side in conflict["sides"]):
        side["claim"]["home"] = side["claim"]["home"] and side["claim"]["anchor"] not in seen
        seen.add(side["claim"]["anchor"])
    return made


def _conflict(conflict: Conflict, book: _Book, *, number: int) -> Plain:
    return {
        "anchor": f"conflict-{number}",
        "topic": topic(conflict.key),
        "period": clean(period_words(conflict.period)),
        "kind": CONFLICTS[conflict.kind],
        "replaced": conflict.kind == "superseded",
        "reason": clean(conflict.reason),
        "sides": [_side(side, book) for side in conflict.sides],
    }


def _side(side: ConflictSide, book: _Book) -> Plain:
    evidence = _get(book.claims, side.claim, "claim").evidence
    source = book.source(book.quote(evidence[0]).document) if evidence else None
    return {
        "value": figured(side.value),
        "period": clean(period_words(side.period)),
        "published": f"{long_date(side.published)}{_file_date(source) if source else ''}",
        "title": printed_title(source) if source else "",
        "by": clean(source.publisher or source.author) if source else "",
        "claim": book.claim(side.claim, home=_SIDES),
    }


def _gap(gap: Gap, book: _Book) -> Plain:
    number = book.section_numbers.get(gap.section)
    return {"question": clean(gap.question), "reason": clean(gap.reason), "section": f"section-{number}" if number else ""}


def _writer(manifest: Manifest) -> str:
    """Who worded the sentences; of a model, how many of them held."""
    counts = manifest.counts
    if "written" not in counts:
        return manifest.writer
    told = f"{counts['written']} sentences written, {counts['repaired']} repaired, {counts['replaced']} replaced by quotation"
    return f"model {manifest.writer}; {told}"


def _method(manifest: Manifest) -> Plain:
    return {
        "writer": clean(_writer(manifest)),
        "embedder": clean(manifest.embedder.model),
        "revision": clean(manifest.embedder.revision),
        "dimensions": manifest.embedder.dimensions,
        "prompt": clean(manifest.embedder.query_prompt),
        "reranker": clean(manifest.reranker),
        "template": clean(manifest.template),
        "sequence": manifest.sequence,
        "known_at": f"{long_date(manifest.known_at.date())}, {manifest.known_at:%H:%M} UTC" if manifest.known_at else "",
        "scope": [clean(line) for line in scope_words(manifest.scope)],
        "program": clean(manifest.program),
        "run": clean(manifest.run),
        "prompts": [{"name": clean(name), "hash": clean(value)} for name, value in sorted(manifest.prompts.items())],
    }


def _cut_off(report: Report) -> str:
    """The newest source's date, called a file's where no document found says its own."""
    known = [row.source for row in report.coverage if row.status in ("cited", "retrieved")]
    undated = bool(known) and all(source.published_from == "mtime" for source in known)
    return f"{long_date(report.cut_off)} (file date)" if undated and report.cut_off else long_date(report.cut_off)


def _coverage(rows: Sequence[Coverage]) -> list[Plain]:
    """One group for each status, empty ones too; documents in the order given."""
    return [
        {
            "status": label,
            "name": status,
            "count": sum(row.status == status for row in rows),
            "documents": [_document(row) for row in rows if row.status == status],
        }
        for status, label in COVERAGE.items()
    ]


def _document(row: Coverage) -> Plain:
    return {
        "title": printed_title(row.source),
        "path": clean(row.source.path),
        "publisher": clean(row.source.publisher or row.source.author),
        "date": _day(row.source),
        "claims": row.claims,
        "reason": clean(row.reason),
        "cut": [clean(notice) for notice in row.cut],
    }


def _source(source: Source, book: _Book) -> Plain:
    number = book.source_numbers[source.document]
    return {
        "number": number,
        "anchor": f"source-{number}",
        "title": printed_title(source),
        "author": clean(source.author),
        "publisher": clean(source.publisher),
        "date": long_date(source.published),
        "undated": source.published_from == "mtime",
        "format": clean(source.format),
        "pages": source.pages,
        "path": clean(source.path),
        "document": clean(source.document),
        "evidence": [book.mark(item.id) for item in book.annex if item.document == source.document],
        "also": book.also_in(source.document),
    }


def _evidence(item: Evidence, book: _Book) -> Plain:
    claims = [claim for claim in book.claim_numbers if item.id in _cites(book.claims[claim])]
    cards = [card for card in book.report.cards if any(point.evidence == item.id for point in card.series)]
    return {
        **book.mark(item.id),
        "id": clean(item.id),
        "before": clean(item.context_before),
        "after": clean(item.context_after),
        "section": " › ".join(clean(part) for part in item.heading_path),
        "query": clean(item.retrieved_by.query),
        "rank": item.retrieved_by.rank,
        "claims": [_checked(book.claims[claim], book) for claim in claims],
        "cards": [{"anchor": book.anchor(card.id), "title": figured(card.title)} for card in cards],
        "used": bool(claims or cards),
        "also": book.also_in(item.document),
    }


def _checked(claim: Claim, book: _Book) -> Plain:
    """What was found on a claim."""
    number = book.claim_numbers[claim.id]
    return {
        "number": number,
        "anchor": f"claim-{number}",
        "text": clean(claim.text),
        "verdict": _verdict(claim),
        "passed": [{"gate": clean(check.gate), "name": GATES.get(check.gate, "")} for check in claim.checks if check.outcome == "pass"],
        "faults": _faults(claim),
    }
