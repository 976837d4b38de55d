"""The gates: what a report must pass before it is printed, and what `rag check` holds any report to.

A claim gate looks at one claim, a report gate at the whole. What cannot be looked at (no document at hand) is "unchecked", which is not a
pass. Every failure names what it is about and what differs.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from rag.numbers import comparable, find_numbers, find_periods, unit_in
from rag.report.cards import base_of, card_direction, card_documents, confidence_of, title_of
from rag.report.claims import FORMULAS, calculate, change_text, claim_id, direction_of, quoted, signed
from rag.report.facts import cell_text
from rag.report.gather import evidence_id
from rag.report.quality import FEWEST_CONTENT_WORDS, MOST_WORDS
from rag.report.reading import references
from rag.report.wording import Vocabulary
from rag.text import STOPWORDS, content_stems, find_squeezed, overlap, shingles, words
from rag.types import Check, Claim, Document, Evidence, GateOutcome, Manifest, Number, Report, SeriesPoint, Source, TrendCard, Verdict

SUPPORT = 0.55
"""Least share of a claim's content stems that its quotes hold; measured, see docs/log.md."""
REPEAT = 0.6
MOST_CLAIMS_OF_EVIDENCE = 3
LARGEST_SHARE = 0.4
FEWEST_DOCUMENTS = 5

Finding = tuple[GateOutcome, str]
PASS: Finding = ("pass", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportCheck:
    """What a report gate found about one thing."""

    gate: str
    outcome: GateOutcome
    about: str
    """The id of the card, conflict, source ... or "report"."""
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """All findings on a report."""

    claims: Mapping[str, tuple[Check, ...]]
    """Claim id -> one check a gate, in the order of GATES."""
    report: tuple[ReportCheck, ...]
    """Findings of the report gates that are not passes."""
    verdicts: Mapping[str, Verdict]
    counts: Mapping[GateOutcome, int]
    """Over claim checks and report findings."""

    @property
    def ok(self) -> bool:
        """True when nothing failed; unchecked and warnings do not fail."""
        return self.counts.get("fail", 0) == 0

    def failures(self) -> list[str]:
        """One line a failure, naming gate, thing and difference."""
        lines = [
            f"{check.gate} {name}: {check.reason}" for name, checks in self.claims.items() for check in checks if check.outcome == "fail"
        ]
        return lines + [f"{found.gate} {found.about}: {found.reason}" for found in self.report if found.outcome == "fail"]


@dataclass(frozen=True, kw_only=True)
class Book:
    """A report opened for checking."""

    report: Report
    document: Callable[[str], Document] | None
    vocabulary: Vocabulary | None
    claims: Mapping[str, Claim]
    evidence: Mapping[str, Evidence]
    sources: Mapping[str, Source]
    shingles: Mapping[str, frozenset[tuple[str, ...]]]
    uses: Mapping[str, int]
    """Evidence id -> claims that cite it."""
    _texts: dict[str, Document] = field(default_factory=dict)

    def text_of(self, document: str) -> Document | None:
        """The document, read once; None without a way to read it."""
        if self.document is None:
            return None
        if document not in self._texts:
            self._texts[document] = self.document(document)
        return self._texts[document]

    def quotes(self, claim: Claim) -> list[Evidence]:
        """The claim's evidence that exists."""
        return [self.evidence[item] for item in claim.evidence if item in self.evidence]

    def points(self, evidence: Iterable[str]) -> list[SeriesPoint]:
        """Series points that stand on any of this evidence."""
        ids = set(evidence)
        return [point for card in self.report.cards for point in card.series if point.evidence in ids]


def open_book(report: Report, *, document: Callable[[str], Document] | None, vocabulary: Vocabulary | None = None) -> Book:
    """The report indexed for the gates."""
    return Book(
        report=report,
        document=document,
        vocabulary=vocabulary,
        claims={claim.id: claim for claim in report.claims},
        evidence={item.id: item for item in report.evidence},
        sources={source.document: source for source in report.sources},
        shingles={claim.id: shingles(content_stems(claim.text)) for claim in report.claims},
        uses=Counter(item for claim in report.claims for item in set(claim.evidence)),
    )


# ── gates on a claim ──────────────────────────────────────────────────────────────────────────────────────────────


def cited(claim: Claim, book: Book) -> Finding:
    """B1: at least one piece of evidence."""
    return PASS if claim.evidence else ("fail", "the claim cites no evidence")


def resolves(claim: Claim, book: Book) -> Finding:
    """B2: all it names exists, and its id is the hash of what it says."""
    operands = claim.calculation.operands if claim.calculation else ()
    missing = [item for item in (*claim.evidence, *operands) if item not in book.evidence]
    if missing:
        return "fail", f"evidence {missing[0]} is not in the report"
    strangers = [item.document for item in book.quotes(claim) if item.document not in book.sources]
    if strangers:
        return "fail", f"document {strangers[0]} is not among the sources"
    expected = claim_id(claim.section, claim.text, claim.evidence)
    return PASS if claim.id == expected else ("fail", f"the id does not fit section, text and evidence; {expected} does")


def quote_on_page(claim: Claim, book: Book) -> Finding:
    """B3: each quote stands at its span, or is found on its page or running over to the next, number for number."""
    if book.document is None:
        return "unchecked", "the documents were not at hand"
    for item in book.quotes(claim):
        document = book.text_of(item.document)
        if document is not None and (reason := quote_fault(item, document)):
            return "fail", f"evidence {item.id}: {reason}"
    return PASS


def quote_fault(item: Evidence, document: Document) -> str:
    """What is wrong with a quote; empty when it stands where it says."""
    page = next((page for page in document.pages if page.number == item.page), None)
    if document.pages and page is None:
        return f"the document has no page {item.page}"
    first, last = _page_and_next(document, item.page)
    if document.text[item.start : item.end] == item.quote and first <= item.start < last:
        if page is not None and not page.start <= item.start < page.end:
            return f"the quote stands on another page than {item.page}"
        if page is not None and item.page_label != page.label:
            return f"page {item.page} is labelled {page.label!r}, not {item.page_label!r}"
        return _table_fault(item, document)
    numbers = find_numbers(item.quote)
    spans = list(find_squeezed(item.quote, document.text[first:last]))
    if not spans:
        return f"the quote is not on page {item.page}: {_short(item.quote)}"
    for start, end in spans:
        found = find_numbers(_widened(document.text[first:last], start, end))
        if item.table is None and len(found) == len(numbers) and all(_equal(one, other) for one, other in zip(numbers, found, strict=True)):
            return ""
    return f"the page has the words but other numbers than {_short(item.quote)}"


def _page_and_next(document: Document, number: int) -> tuple[int, int]:
    """The span of a page and the one after it; the whole text of a document without pages."""
    at = next((i for i, page in enumerate(document.pages) if page.number == number), None)
    if at is None:
        return 0, len(document.text)
    return document.pages[at].start, document.pages[min(at + 1, len(document.pages) - 1)].end


def _widened(text: str, start: int, end: int) -> str:
    """The span with the signs, brackets and currency marks that squeezing left outside."""
    while start > 0 and text[start - 1] in "(-−–+€£¥":
        start -= 1
    while end < len(text) and text[end] in ")€£¥.,":
        end += 1
    return text[start:end]


def _equal(one: Number, other: Number) -> bool:
    return comparable(one) == comparable(other)


def _table_fault(item: Evidence, document: Document) -> str:
    """What is wrong with a table's labels; empty when row and column are those of the cell."""
    if item.table is None:
        return ""
    for block in document.blocks:
        if block.kind == "table" and block.start <= item.start < block.end:
            for cell, reference in references(document, block):
                if cell.start == item.start:
                    return "" if reference == item.table else f"the cell stands in row {reference.row!r}, column {reference.column!r}"
    return "no table cell starts at the quote"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:77]}..." if len(line) > 80 else line


def numbers_in_quotes(claim: Claim, book: Book) -> Finding:
    """B4: every number is in the quotes, or is the result of a calculation that comes out the same again."""
    if tuple(claim.numbers) != find_numbers(claim.text):
        return "fail", "the numbers noted beside the text are not those of the text"
    if claim.calculation is not None:
        return ("fail", reason) if (reason := _calculation_fault(claim, book)) else _template_finding(claim, book)
    found = [number for item in book.quotes(claim) for number in find_numbers(quoted(item))]
    for number in claim.numbers:
        if not any(_equal(number, other) for other in found):
            return "fail", f"{number.printed!r} is not in the quotes"
    return PASS


def _calculation_fault(claim: Claim, book: Book) -> str:
    done = claim.calculation
    if done is None:
        return ""
    if done.formula not in FORMULAS:
        return f"the formula {done.formula!r} is not one of: {'; '.join(FORMULAS)}"
    points = [
        next((p for p in book.points([item]) if p.value == value), None) for item, value in zip(done.operands, done.values, strict=False)
    ]
    if len(done.operands) != 2 or len(done.values) != 2 or points[0] is None or points[1] is None:
        return "an operand is not a point of a series on its evidence"
    again = calculate(points[0], points[1])
    if again is None or again.formula != done.formula or again.result != done.result:
        return f"the calculation gives {again.result if again else 'nothing'}, not {done.result}"
    return ""


def supported(claim: Claim, book: Book) -> Finding:
    """B5: the quotes hold the claim's words; a calculation's sentence is its template."""
    if claim.calculation is not None:
        return _template_finding(claim, book)
    if claim.mode == "verbatim":
        return PASS
    own = set(content_stems(claim.text))
    held = {stem for item in book.quotes(claim) for stem in content_stems(quoted(item))}
    share = len(own & held) / len(own) if own else 0.0
    if share >= SUPPORT:
        return PASS
    reason = f"only {share:.0%} of its content words are in the quotes"
    return ("fail", reason) if claim.mode == "near_quote" else ("warn", reason)


def _template_finding(claim: Claim, book: Book) -> Finding:
    done = claim.calculation
    if done is None:
        return PASS
    for card in book.report.cards:
        if claim.id in card.claims and len(card.series) >= 2:
            first, last = base_of(card.series), card.series[-1]
            again = calculate(first, last)
            if again is not None and claim.text.endswith(change_text(first, last, name="", calculation=again)):
                return PASS
    return "fail", "the sentence is not the one its operands give"


def verbatim(claim: Claim, book: Book) -> Finding:
    """B6: a verbatim claim's text is inside its quote; a near quote's is, but for case and punctuation, or is a table's line."""
    if claim.mode == "prose":
        return PASS
    for item in book.quotes(claim):
        line = " ".join(item.quote.split())
        if claim.mode == "verbatim" and claim.text in line:
            return PASS
        if claim.mode == "near_quote" and item.table is None and claim.text[1:] in line and claim.text[:1].lower() == line[:1].lower():
            return PASS
        if claim.mode == "near_quote" and item.table is not None and claim.text == cell_text(item):
            return PASS
    return "fail", f"the text is not inside the quote: {_short(claim.text)}"


_NEGATION = re.compile(r"\b(?:not|no|never|none|neither|nor|without|cannot|\w+n[’']t)\b", re.IGNORECASE)


def polarity(claim: Claim, book: Book) -> Finding:
    """B7: as many negations, odd or even, as the quotes."""
    if claim.mode == "prose" or not book.quotes(claim):
        return PASS
    own = len(_NEGATION.findall(claim.text))
    theirs = len(_NEGATION.findall(" ".join(quoted(item) for item in book.quotes(claim))))
    return PASS if own % 2 == theirs % 2 else ("fail", "claim and quote differ in negation")


def quote_size(claim: Claim, book: Book) -> Finding:
    """B8: five content words to sixty words; a table's cell may be short."""
    for item in book.quotes(claim):
        found = words(item.quote)
        content = sum(word.lower() not in STOPWORDS for word in found)
        if len(found) > MOST_WORDS or (item.table is None and content < FEWEST_CONTENT_WORDS):
            return "fail", f"the quote of {item.id} has {len(found)} words, {content} of them content words"
    return PASS


def no_repeat(claim: Claim, book: Book) -> Finding:
    """B9: no earlier claim says nearly the same; lines of tables and calculations share their wording by design."""
    if _is_formulaic(claim, book):
        return PASS
    own = book.shingles[claim.id]
    for other in book.report.claims:
        if other.id == claim.id:
            return PASS
        if not _is_formulaic(other, book) and overlap(own, book.shingles[other.id]) > REPEAT:
            return "fail", f"it nearly repeats {other.id}"
    return PASS


def _is_formulaic(claim: Claim, book: Book) -> bool:
    return claim.calculation is not None or any(item.table is not None for item in book.quotes(claim))


def anchor_reuse(claim: Claim, book: Book) -> Finding:
    """B10: no evidence carries more than three claims."""
    over = [item for item in claim.evidence if book.uses.get(item, 0) > MOST_CLAIMS_OF_EVIDENCE]
    return ("fail", f"evidence {over[0]} carries {book.uses[over[0]]} claims") if over else PASS


def claim_direction(claim: Claim, book: Book) -> Finding:
    """B13: the direction noted is one the sentence gives."""
    if claim.calculation is not None:
        expected = "up" if claim.calculation.result > 0 else "down" if claim.calculation.result < 0 else "flat"
        return PASS if claim.direction == expected else ("fail", f"direction {claim.direction!r}, but the change is {expected!r}")
    if claim.direction == "none":
        return PASS
    if book.vocabulary is None:
        return "unchecked", "the metric vocabulary was not at hand"
    possible = {direction_of(claim.text, vocabulary=book.vocabulary, metric=metric) for metric in ("", *book.vocabulary.metrics)}
    return PASS if claim.direction in possible else ("fail", f"the sentence does not say {claim.direction!r}")


def period_in_evidence(claim: Claim, book: Book) -> Finding:
    """B18: the claim's period is its evidence's."""
    if claim.period is None:
        return PASS
    known = {label for item in book.quotes(claim) for label in periods_of(item, book.sources.get(item.document))}
    return PASS if claim.period.label in known else ("fail", f"the period {claim.period.label} is not in the evidence")


def periods_of(item: Evidence, source: Source | None) -> set[str]:
    """Labels of all periods that a quote, its table's labels, its headings or its document's date give."""
    published = source.published if source else None
    labels = {mention.label for mention in find_periods(item.quote, published=published)}
    around = [*item.heading_path, *((item.table.row, item.table.column) if item.table else ())]
    labels |= {mention.label for text in around for mention in find_periods(text)}
    if published is not None:
        labels.add(f"{published.year}-{published.month:02d}")
    if re.search(r"\ba year (?:before|earlier|ago)\b|\bthe year before\b|\bin the (?:previous|prior) year\b", item.quote):
        labels |= {f"{int(label[:4]) - 1}{label[4:]}" for label in labels if re.match(r"\d{4}", label)}
    return labels


_CHATTER = re.compile(
    r"(?i)\bas an ai\b|\blanguage model\b|\blet me\b|\bi(?:'|’)?m (?:sorry|happy|unable)\b|"
    r"\bsure, here\b|\bhere is (?:a|the|your) (?:summary|report)\b|"
    r"\{\{|\}\}|\{%|<\|im_|\[(?:insert|placeholder|citation needed)|\blorem ipsum\b|\bexample\.(?:com|org)\b|\bTODO\b|\bXXX\b|"
    r"ignore (?:all |any )?(?:previous|prior) instructions"
)


def no_chatter(claim: Claim, book: Book) -> Finding:
    """B19: nothing a machine or a template left behind."""
    match = _CHATTER.search(claim.text)
    return ("fail", f"it holds {match[0]!r}") if match else PASS


# ── gates on the whole ────────────────────────────────────────────────────────────────────────────────────────────


def all_resolves(book: Book) -> Iterable[ReportCheck]:
    """B2: ids are unique, every reference exists, every claim is printed, sources stand in order of first citation."""
    report = book.report
    for kind, ids in (
        ("claim", [claim.id for claim in report.claims]),
        ("evidence", [item.id for item in report.evidence]),
        ("card", [card.id for card in report.cards]),
        ("section", [section.id for section in report.sections]),
        ("conflict", [conflict.id for conflict in report.conflicts]),
        ("source", [source.document for source in report.sources]),
    ):
        for name, count in Counter(ids).items():
            if count > 1:
                yield _failed("B2", name, f"the {kind} id is there {count} times")
    for about, kind, name in _references(report):
        if name not in {"claim": book.claims, "card": {card.id for card in report.cards}, "evidence": book.evidence}[kind]:
            yield _failed("B2", about, f"{kind} {name} is not in the report")
    yield from _unprinted(book)
    for item in report.evidence:
        if item.id != evidence_id(item.document, item.start, item.end):
            yield _failed("B2", item.id, "the evidence id does not fit its document and span")
        if item.document not in book.sources:
            yield _failed("B2", item.id, f"document {item.document} is not among the sources")
    cited_in_order = cited_documents(report)
    if [source.document for source in report.sources] != cited_in_order:
        yield _failed("B2", "sources", "the sources are not the cited documents in order of first citation")


def cited_documents(report: Report) -> list[str]:
    """Documents in order of first citation: the claims in order, then the series."""
    evidence = {item.id: item.document for item in report.evidence}
    ids = [item for claim in report.claims for item in claim.evidence] + [point.evidence for card in report.cards for point in card.series]
    return list(dict.fromkeys(evidence[item] for item in ids if item in evidence))


def _references(report: Report) -> Iterable[tuple[str, str, str]]:
    """(who names, kind, id) of all references between parts of the report."""
    yield from (("bottom line", "claim", item) for item in report.bottom_line)
    for section in report.sections:
        yield from ((section.id, "card", item) for item in section.cards)
        yield from ((section.id, "claim", item) for item in section.claims)
    for card in report.cards:
        yield from ((card.id, "claim", item) for item in (*card.claims, *card.counter_claims))
        yield from ((card.id, "evidence", point.evidence) for point in card.series)
    for row in report.glance:
        yield row.card, "card", row.card
        yield from ((row.card, "claim", item) for item in row.claims)
    for conflict in report.conflicts:
        yield from ((conflict.id, "claim", side.claim) for side in conflict.sides)


def _unprinted(book: Book) -> Iterable[ReportCheck]:
    """Claims that no section and no card prints, cards that no section prints, and evidence that nothing uses."""
    report = book.report
    printed = {item for section in report.sections for item in section.claims}
    printed |= {item for card in report.cards for item in (*card.claims, *card.counter_claims)}
    shown = {item for section in report.sections for item in section.cards}
    used = {item for claim in report.claims for item in claim.evidence} | {point.evidence for card in report.cards for point in card.series}
    yield from (_failed("B2", claim.id, "no section and no card prints the claim") for claim in report.claims if claim.id not in printed)
    yield from (_failed("B2", card.id, "no section prints the card") for card in report.cards if card.id not in shown)
    yield from (_failed("B2", item.id, "nothing uses the evidence") for item in report.evidence if item.id not in used)


def _failed(gate: str, about: str, reason: str) -> ReportCheck:
    return ReportCheck(gate=gate, outcome="fail", about=about, reason=reason)


def unclaimed_quotes(book: Book) -> Iterable[ReportCheck]:
    """B3: quotes that only a series uses stand on their page too."""
    used = {item for claim in book.report.claims for item in claim.evidence}
    for item in book.report.evidence:
        document = book.text_of(item.document) if item.id not in used and item.document in book.sources else None
        if document is not None and (reason := quote_fault(item, document)):
            yield _failed("B3", item.id, reason)


def printed_numbers(book: Book) -> Iterable[ReportCheck]:
    """B4: what series, glance and conflicts print is what their evidence says."""
    for card in book.report.cards:
        for point in card.series:
            item = book.evidence.get(point.evidence)
            if item is not None and (reason := point_fault(point, item, book.sources.get(item.document))):
                yield _failed("B4", card.id, reason)
    cards = {card.id: card for card in book.report.cards}
    for row in book.report.glance:
        if row.card not in cards:
            continue
        card = cards[row.card]
        expected = glance_values(card, book.claims)
        if (row.latest, row.period, row.change) != expected:
            yield _failed("B4", row.card, f"the glance prints {(row.latest, row.period, row.change)}, the card gives {expected}")
        if (row.metric, row.direction, row.confidence) != (card_name(card), card.direction, card.confidence.word):
            yield _failed("B13", row.card, "the glance's name, direction or confidence is not the card's")


def point_fault(point: SeriesPoint, item: Evidence, source: Source | None) -> str:
    """What is wrong with a point of a series; empty when its evidence gives it."""
    quote = " ".join(item.quote.split())
    main, unit_words = printed_parts(point.printed, item)
    if main not in quote:
        return f"the point {point.period} prints {main!r}, which is not in its quote"
    if unit_words and unit_words not in quoted(item):
        return f"the unit {unit_words!r} of the point {point.period} is not in the table's labels"
    number = next(iter(find_numbers(main)), None)
    if number is None:
        return f"the point {point.period} prints no number"
    unit, factor, _ = unit_in(unit_words) if unit_words else (number.unit, Decimal(1), "")
    value = abs(number.value * factor)
    printed = Number(start=0, end=0, printed="", value=value, unit=unit or number.unit, kind=number.kind)
    stated = Number(start=0, end=0, printed="", value=abs(point.value), unit=point.unit, kind=number.kind)
    if comparable(printed) != comparable(stated):
        return f"the point {point.period} has the value {point.value} {point.unit}, its evidence says {point.printed}"
    if point.period not in periods_of(item, source):
        return f"the period {point.period} is not in the point's evidence"
    return ""


def printed_parts(printed: str, item: Evidence) -> tuple[str, str]:
    """(what the quote prints, the unit words its table adds) of a printed value."""
    quote = " ".join(item.quote.split())
    if item.table is not None and printed.startswith(f"{quote} "):
        return quote, printed[len(quote) + 1 :]
    return printed, ""


def card_name(card: TrendCard) -> str:
    """What a card is about, as the glance prints it."""
    key = card.key
    words = key.metric + (f", {key.entity}" if key.entity else "") + (f", {key.region}" if key.region else "")
    return f"{words}, {key.segment}" if key.segment else words


def glance_values(card: TrendCard, claims: Mapping[str, Claim]) -> tuple[str, str, str]:
    """(latest, period, change) that a card gives."""
    if not card.series:
        return "", "", ""
    last = card.series[-1]
    done = next((claims[item].calculation for item in card.claims if item in claims and claims[item].calculation), None)
    if done is None:
        return last.printed, last.period, ""
    return last.printed, last.period, f"{signed(done.result)} {'pp' if done.formula == FORMULAS[1] else '%'}"


def diverse(book: Book) -> Iterable[ReportCheck]:
    """B11: one document carries at most two fifths of the claims, where the corpus allows it."""
    claims = [claim for claim in book.report.claims if claim.evidence]
    counts = Counter(document for claim in claims for document in {item.document for item in book.quotes(claim)})
    usable = sum(item.status in ("cited", "retrieved") for item in book.report.coverage)
    allowed = usable >= FEWEST_DOCUMENTS and len(claims) >= 2 * FEWEST_DOCUMENTS
    for document, count in sorted(counts.items()):
        if count > LARGEST_SHARE * len(claims):
            outcome: GateOutcome = "fail" if allowed else "warn"
            yield ReportCheck(gate="B11", outcome=outcome, about=document, reason=f"it carries {count} of {len(claims)} claims")
    if allowed and len(counts) < min(FEWEST_DOCUMENTS, usable):
        yield ReportCheck(gate="B11", outcome="warn", about="report", reason=f"only {len(counts)} documents are cited of {usable} found")


def counted(book: Book) -> Iterable[ReportCheck]:
    """B12: all counts and ids, computed again, are equal."""
    report = book.report
    recomputed = {
        "claims": len(report.claims),
        "evidence": len(report.evidence),
        "conflicts": len(report.conflicts),
        "gaps": len(report.gaps),
        "cards": len(report.cards),
        "documents": sum(item.status != "failed" for item in report.coverage),
        "failed": sum(item.status == "failed" for item in report.coverage),
    }
    for name, value in recomputed.items():
        if report.manifest.counts.get(name, value) != value:
            yield _failed("B12", f"count {name}", f"the manifest says {report.manifest.counts[name]}, the report has {value}")
    carried = Counter(document for claim in report.claims for document in {item.document for item in book.quotes(claim)})
    for item in report.coverage:
        document = item.source.document
        if item.claims != carried.get(document, 0) and item.status != "failed":
            yield _failed("B12", document, f"coverage says {item.claims} claims, {carried.get(document, 0)} cite it")
        if (item.status == "cited") != (document in book.sources):
            yield _failed("B12", document, f"coverage says {item.status!r}, which does not fit the sources")
    if report.id != report_id(report.manifest, [claim.id for claim in report.claims]):
        yield _failed("B12", "report", "the report's id does not fit its run and claims")


def report_id(manifest: Manifest, claims: Sequence[str]) -> str:
    """The id of a report: "r-" and 12 hex digits of the hash of its run and claims."""
    return "r-" + hashlib.sha256("\x1f".join((manifest.run, *claims)).encode()).hexdigest()[:12]


def directions(book: Book) -> Iterable[ReportCheck]:
    """B13: each card's direction and title, computed again, are equal."""
    for card in book.report.cards:
        own = [book.claims[item].direction for item in card.claims if item in book.claims]
        against = [book.claims[item].direction for item in card.counter_claims if item in book.claims]
        expected = card_direction(card.series, own, against)
        if card.direction != expected:
            yield _failed("B13", card.id, f"the card says {card.direction!r}, its evidence says {expected!r}")
        title = title_of(card.key, direction=card.direction, series=card.series, is_disputed=bool(card.counter_claims))
        if card.title != title:
            yield _failed("B13", card.id, f"the title is {card.title!r}, its data give {title!r}")


def confidences(book: Book) -> Iterable[ReportCheck]:
    """B14: each card's confidence, computed again, is equal."""
    published = {source.document: source.published for source in book.report.sources}
    disputed = disputed_keys(book.report)
    for card in book.report.cards:
        cited_by, against = card_documents(card, claims=book.claims, evidence=book.evidence)
        expected = confidence_of(
            cited=cited_by, against=against, published=published, as_of=book.report.as_of, disputed=card.key in disputed
        )
        if card.confidence != expected:
            yield _failed(
                "B14", card.id, f"the card says {card.confidence.word} ({card.confidence.reason}), not {expected.word} ({expected.reason})"
            )


def disputed_keys(report: Report) -> set[object]:
    """Keys with an open disagreement."""
    return {conflict.key for conflict in report.conflicts if conflict.kind != "superseded"}


def contradictions(book: Book) -> Iterable[ReportCheck]:
    """B15: each conflict has two sides, newest first, that print what their claims say."""
    for conflict in book.report.conflicts:
        if len(conflict.sides) < 2:
            yield _failed("B15", conflict.id, "a conflict needs two sides")
        days = [side.published for side in conflict.sides]
        if days != sorted(days, reverse=True):
            yield _failed("B15", conflict.id, "the sides are not newest first")
        for side in conflict.sides:
            claim = book.claims.get(side.claim)
            quotes = book.quotes(claim) if claim else []
            if claim is None or not quotes:
                continue
            main, _ = printed_parts(side.value, quotes[0])
            source = book.sources.get(quotes[0].document)
            if main not in claim.text:
                yield _failed("B15", conflict.id, f"the value {side.value!r} is not in claim {claim.id}")
            if side.period not in periods_of(quotes[0], source):
                yield _failed("B15", conflict.id, f"the period {side.period} is not in the evidence of {claim.id}")
            if source is not None and side.published != source.published:
                yield _failed("B15", conflict.id, f"{side.published} is not the date of {source.title!r}")


def superseded_unused(book: Book) -> Iterable[ReportCheck]:
    """B15: a superseded figure is printed in its conflict only."""
    old = {side.claim for conflict in book.report.conflicts if conflict.kind == "superseded" for side in conflict.sides[1:]}
    current = {item for card in book.report.cards for item in card.claims} | set(book.report.bottom_line)
    for item in sorted(old & current):
        yield _failed("B15", item, "a superseded figure is printed as current")


def chatter_elsewhere(book: Book) -> Iterable[ReportCheck]:
    """B19: titles, headings and reasons hold nothing a machine or a template left behind."""
    report = book.report
    texts = [("title", report.title)]
    texts += [(card.id, card.title) for card in report.cards] + [(section.id, section.title) for section in report.sections]
    texts += [("gap", gap.reason) for gap in report.gaps] + [(conflict.id, conflict.reason) for conflict in report.conflicts]
    for about, text in texts:
        if match := _CHATTER.search(text):
            yield _failed("B19", about, f"it holds {match[0]!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """A gate on claims."""

    id: str
    title: str
    function: Callable[[Claim, Book], Finding]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportGate:
    """A gate on the whole report."""

    id: str
    title: str
    function: Callable[[Book], Iterable[ReportCheck]]


GATES: tuple[Gate, ...] = (
    Gate(id="B1", title="cited", function=cited),
    Gate(id="B2", title="resolves", function=resolves),
    Gate(id="B3", title="quote on page", function=quote_on_page),
    Gate(id="B4", title="numbers", function=numbers_in_quotes),
    Gate(id="B5", title="support", function=supported),
    Gate(id="B6", title="verbatim", function=verbatim),
    Gate(id="B7", title="polarity", function=polarity),
    Gate(id="B8", title="quote size", function=quote_size),
    Gate(id="B9", title="no repeats", function=no_repeat),
    Gate(id="B10", title="anchor reuse", function=anchor_reuse),
    Gate(id="B13", title="direction", function=claim_direction),
    Gate(id="B18", title="period", function=period_in_evidence),
    Gate(id="B19", title="no machine chatter", function=no_chatter),
)
REPORT_GATES: tuple[ReportGate, ...] = (
    ReportGate(id="B2", title="resolves", function=all_resolves),
    ReportGate(id="B3", title="quote on page", function=unclaimed_quotes),
    ReportGate(id="B4", title="printed numbers", function=printed_numbers),
    ReportGate(id="B11", title="diversity", function=diverse),
    ReportGate(id="B12", title="counts", function=counted),
    ReportGate(id="B13", title="direction", function=directions),
    ReportGate(id="B14", title="confidence", function=confidences),
    ReportGate(id="B15", title="contradictions", function=contradictions),
    ReportGate(id="B15", title="superseded figures", function=superseded_unused),
    ReportGate(id="B19", title="no machine chatter", function=chatter_elsewhere),
)


def check_report(report: Report, *, document: Callable[[str], Document] | None, vocabulary: Vocabulary | None = None) -> CheckResult:
    """Every gate on a report. Without documents, quotes stay unchecked; without the metric vocabulary, sentences' directions do."""
    book = open_book(report, document=document, vocabulary=vocabulary)
    checks = {claim.id: tuple(check_claim(claim, book)) for claim in report.claims}
    verdicts = {name: verdict_of(found) for name, found in checks.items()}
    findings = [found for gate in REPORT_GATES for found in gate.function(book)]
    findings += _stale_verdicts(report, verdicts)
    counts: Counter[GateOutcome] = Counter(check.outcome for found in checks.values() for check in found)
    counts.update(found.outcome for found in findings)
    return CheckResult(claims=checks, report=tuple(findings), verdicts=verdicts, counts=dict(counts))


def check_claim(claim: Claim, book: Book) -> list[Check]:
    """Every claim gate on one claim."""
    return [Check(gate=gate.id, outcome=outcome, reason=reason) for gate in GATES for outcome, reason in [gate.function(claim, book)]]


def verdict_of(checks: Sequence[Check]) -> Verdict:
    """contradicted by a failed polarity, unsupported by any other failure, unchecked or partial by what is left, else supported."""
    outcomes = {check.outcome for check in checks}
    if "fail" in outcomes:
        return "contradicted" if any(check.gate == "B7" and check.outcome == "fail" for check in checks) else "unsupported"
    return "unchecked" if "unchecked" in outcomes or not checks else "partial" if "warn" in outcomes else "supported"


def _stale_verdicts(report: Report, verdicts: Mapping[str, Verdict]) -> Iterable[ReportCheck]:
    """B12: a verdict printed as better than the one found now."""
    for claim in report.claims:
        if claim.verdict in ("supported", "partial") and verdicts[claim.id] in ("unsupported", "contradicted"):
            yield _failed("B12", claim.id, f"the report prints {claim.verdict!r}, the gates find {verdicts[claim.id]!r}")
