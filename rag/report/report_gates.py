"""Gates on the whole report: references, counts, directions, confidences and conflicts, all computed again."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from rag.kin import copies as copies_among
from rag.numbers import comparable, find_numbers, unit_in, with_unit
from rag.report.book import BOTTOM_LINE, Book
from rag.report.cards import card_direction, confidence_of, last_of, mixes_rows, spoken_for, title_of, voices_of
from rag.report.claim_gates import CHATTER, periods_of, quote_fault
from rag.report.claims import changed_by, quoted
from rag.report.conflicts import SAME_QUANTITY, are_copies
from rag.report.facts import cell_unit
from rag.report.gather import evidence_id
from rag.report.legal import without_form
from rag.report.quality import supposes
from rag.report.seal import content_id, sources_as_documents
from rag.report.subjects import subjects
from rag.types import Claim, Evidence, GateOutcome, Number, Report, SeriesPoint, Source, TrendCard

OFF_TOPIC = "found, but"
"""How coverage begins its reason for a document that was found and does not speak of the topic."""
LARGEST_SHARE = 0.4
FEWEST_DOCUMENTS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportCheck:
    """What a report gate found about one thing."""

    gate: str
    outcome: GateOutcome
    about: str
    """The id of the card, conflict, source ... or "report"."""
    reason: str = ""


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
                yield failed("B2", name, f"the {kind} id is there {count} times")
    for about, kind, name in _references(report):
        if name not in {"claim": book.claims, "card": {card.id for card in report.cards}, "evidence": book.evidence}[kind]:
            yield failed("B2", about, f"{kind} {name} is not in the report")
    yield from _unprinted(book)
    for item in report.evidence:
        if item.id != evidence_id(item.document, item.start, item.end):
            yield failed("B2", item.id, "the evidence id does not fit its document and span")
        if item.document not in book.sources:
            yield failed("B2", item.id, f"document {item.document} is not among the sources")
    cited_in_order = cited_documents(report)
    if [source.document for source in report.sources] != cited_in_order:
        yield failed("B2", "sources", "the sources are not the cited documents in order of first citation")


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
    below = {item for name in printed if name in book.claims for item in book.claims[name].evidence}
    own = [book.claims[item] for item in report.bottom_line if item in book.claims and book.claims[item].section == BOTTOM_LINE]
    yield from (failed("B2", claim.id, "nothing below says what the bottom line says") for claim in own if not below >= set(claim.evidence))
    printed |= {claim.id for claim in own}
    shown = {item for section in report.sections for item in section.cards}
    used = {item for claim in report.claims for item in claim.evidence} | {point.evidence for card in report.cards for point in card.series}
    yield from (failed("B2", claim.id, "no section and no card prints the claim") for claim in report.claims if claim.id not in printed)
    yield from (failed("B2", card.id, "no section prints the card") for card in report.cards if card.id not in shown)
    yield from (failed("B2", item.id, "nothing uses the evidence") for item in report.evidence if item.id not in used)


def failed(gate: str, about: str, reason: str) -> ReportCheck:
    return ReportCheck(gate=gate, outcome="fail", about=about, reason=reason)


def unclaimed_quotes(book: Book) -> Iterable[ReportCheck]:
    """B3: quotes that only a series uses stand on their page too."""
    used = {item for claim in book.report.claims for item in claim.evidence}
    for item in book.report.evidence:
        document = book.text_of(item.document) if item.id not in used and item.document in book.sources else None
        if document is not None and (reason := quote_fault(item, document)):
            yield failed("B3", item.id, reason)


def printed_numbers(book: Book) -> Iterable[ReportCheck]:
    """B4: what series, glance and conflicts print is what their evidence says."""
    for card in book.report.cards:
        for point in card.series:
            item = book.evidence.get(point.evidence)
            if item is not None and (reason := point_fault(point, item, book.sources.get(item.document))):
                yield failed("B4", card.id, reason)
        if mixes_rows(book.evidence[point.evidence] for point in card.series if point.evidence in book.evidence):
            yield failed("B4", card.id, "the series mixes rows of a table")
    cards = {card.id: card for card in book.report.cards}
    for row in book.report.glance:
        if row.card not in cards:
            continue
        card = cards[row.card]
        expected = glance_values(card, book.claims)
        if (row.latest, row.period, row.change) != expected:
            yield failed("B4", row.card, f"the glance prints {(row.latest, row.period, row.change)}, the card gives {expected}")
        if (row.metric, row.direction, row.confidence) != (card_name(card), card.direction, card.confidence.word):
            yield failed("B13", row.card, "the glance's name, direction or confidence is not the card's")


def point_fault(point: SeriesPoint, item: Evidence, source: Source | None) -> str:
    """What is wrong with a point of a series; empty when its evidence gives it."""
    quote = " ".join(item.quote.split())
    main, unit_words = printed_parts(point.printed, item)
    if main not in quote:
        return f"the point {point.period} prints {main!r}, which is not in its quote"
    if unit_words and unit_words.lower() not in quoted(item).lower():
        return f"the unit {unit_words!r} of the point {point.period} is not in the table's labels"
    added = unit_in(unit_words) if unit_words else ("", Decimal(1), "")
    number = next(iter(find_numbers(main if added[0] else point.printed)), None)
    if number is None:
        return f"the point {point.period} prints no number"
    if item.table is None and all(supposes(quote, at=match.start()) for match in re.finditer(re.escape(main), quote)):
        return f"the point {point.period} prints {main!r}, of which its quote says only that it would be so"
    printed = Number(start=0, end=0, printed="", value=abs(number.value * added[1]), unit=added[0] or number.unit, kind=number.kind)
    stated = Number(start=0, end=0, printed="", value=abs(point.value), unit=point.unit, kind=number.kind)
    if comparable(printed) != comparable(stated):
        return f"the point {point.period} has the value {point.value} {point.unit}, its evidence says {point.printed}"
    if point.period not in periods_of(item, source):
        return f"the period {point.period} is not in the point's evidence"
    return ""


def printed_parts(printed: str, item: Evidence) -> tuple[str, str]:
    """(what the quote prints, the unit words its table adds) of a printed value."""
    quote = " ".join(item.quote.split())
    words = cell_unit(item)
    if words and printed == with_unit(quote, words):
        return quote, words
    return printed, ""


def card_name(card: TrendCard) -> str:
    """What a card is about, as the glance prints it."""
    key = card.key
    words = key.metric + (f", {key.entity}" if key.entity else "") + (f", {key.region}" if key.region else "")
    return f"{words}, {key.segment}" if key.segment else words


def glance_values(card: TrendCard, claims: Mapping[str, Claim]) -> tuple[str, str, str]:
    """(latest, period, change) that a card gives; a forecast is the latest only where there are no two figures before it, and says so."""
    if not card.series:
        return "", "", ""
    last = last_of(card.series)
    latest = f"{last.printed} (forecast)" if last.kind == "forecast" else last.printed
    done = next((claims[item].calculation for item in card.claims if item in claims and claims[item].calculation), None)
    if done is None:
        return latest, last.period, ""
    return latest, last.period, changed_by(last, done, rates=_CHANGED_BY)


_CHANGED_BY = {"%": "pp", "bp": "bp"}


def diverse(book: Book) -> Iterable[ReportCheck]:
    """B11: one document carries at most two fifths of the claims, where five documents or more speak of the topic. A paper of the company
    that the report is on may carry more, which is told."""
    claims = [claim for claim in book.report.claims if claim.evidence]
    counts = Counter(document for claim in claims for document in {item.document for item in book.quotes(claim)})
    found = (item for item in book.report.coverage if item.status in ("cited", "retrieved"))
    usable = sum(item.status == "cited" or not item.reason.startswith(OFF_TOPIC) for item in found)
    allowed = usable >= FEWEST_DOCUMENTS and len(claims) >= 2 * FEWEST_DOCUMENTS
    subject = without_form(book.report.market).lower()
    own = {row.source.document for row in book.report.coverage if row.owner and without_form(row.owner).lower() == subject}
    for document, count in sorted(counts.items()):
        if count > LARGEST_SHARE * len(claims):
            outcome: GateOutcome = "fail" if allowed and document not in own else "warn"
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
            yield failed("B12", f"count {name}", f"the manifest says {report.manifest.counts[name]}, the report has {value}")
    carried = Counter(document for claim in report.claims for document in {item.document for item in book.quotes(claim)})
    for item in report.coverage:
        document = item.source.document
        if item.claims != carried.get(document, 0) and item.status != "failed":
            yield failed("B12", document, f"coverage says {item.claims} claims, {carried.get(document, 0)} cite it")
        if (item.status == "cited") != (document in book.sources):
            yield failed("B12", document, f"coverage says {item.status!r}, which does not fit the sources")
    if report.id != content_id(report):
        yield failed("B12", "report", "the report's id does not fit its content: something in it was changed after it was written")


def described(book: Book) -> Iterable[ReportCheck]:
    """B2: each source is described as its document describes itself."""
    return (ReportCheck(gate="B2", outcome=outcome, about=about, reason=reason) for about, outcome, reason in sources_as_documents(book))


def directions(book: Book) -> Iterable[ReportCheck]:
    """B13: each card's direction and title, computed again, are equal."""
    for card in book.report.cards:
        own = [book.claims[item].direction for item in card.claims if item in book.claims]
        against = [book.claims[item].direction for item in card.counter_claims if item in book.claims]
        expected = card_direction(card.series, own, against)
        if card.direction != expected:
            yield failed("B13", card.id, f"the card says {card.direction!r}, its evidence says {expected!r}")
        title = title_of(
            card.key, direction=card.direction, series=card.series, is_disputed=card.confidence.agreeing < card.confidence.sources
        )
        if card.title != title:
            yield failed("B13", card.id, f"the title is {card.title!r}, its data give {title!r}")


def confidences(book: Book) -> Iterable[ReportCheck]:
    """B14: each card's confidence, computed again, is equal, and so are the copies that count as one source with their original."""
    report = book.report
    about = subjects([item.source for item in report.coverage if item.status != "failed" and item.source.published <= report.as_of])
    disputed = disputed_keys(book.report)
    copies = stated_copies(report)
    sources = spoken_for([*(item.source for item in report.coverage), *report.sources], copies)
    yield from _copies(book, stated=copies)
    for card in book.report.cards:
        own, against = ([book.claims[item] for item in ids if item in book.claims] for ids in (card.claims, card.counter_claims))
        heard = voices_of(card.series, own, against, evidence=book.evidence, sources=sources, about=about)
        expected = confidence_of(
            cited=heard.agreeing, against=heard.others, published=heard.newest, as_of=report.as_of, disputed=card.key in disputed
        )
        if card.confidence != expected:
            yield failed(
                "B14", card.id, f"the card says {card.confidence.word} ({card.confidence.reason}), not {expected.word} ({expected.reason})"
            )


def stated_copies(report: Report) -> dict[str, str]:
    """Document -> the one that the report calls its original."""
    return {item.source.document: item.copy_of for item in report.coverage if item.copy_of}


def _copies(book: Book, *, stated: Mapping[str, str]) -> Iterable[ReportCheck]:
    """Of the cited documents and of all that are said to be of one text with them, by the documents' own texts."""
    originals = {stated.get(document, document) for document in book.sources}
    concerned = {*book.sources, *originals, *(copy for copy, original in stated.items() if original in originals)}
    sketches = {document: sketch for document in sorted(concerned) if (sketch := book.sketch_of(document)) is not None}
    sources = {item.source.document: item.source for item in book.report.coverage} | dict(book.sources)
    found = copies_among(sketches, sources.values())
    for document in sketches:
        said, expected = (stated.get(document, "") if stated.get(document) in sketches else ""), found.get(document, "")
        if said != expected:
            yield failed("B14", document, f"it is said to be a copy of {said or 'none'}; by its text it is one of {expected or 'none'}")


def disputed_keys(report: Report) -> set[object]:
    """Keys with an open disagreement; one quantity in two units is none."""
    return {conflict.key for conflict in report.conflicts if conflict.kind != "superseded" and conflict.reason != SAME_QUANTITY}


def contradictions(book: Book) -> Iterable[ReportCheck]:
    """B15: each conflict has two sides, newest first, that print what their claims say."""
    for conflict in book.report.conflicts:
        if len(conflict.sides) < 2:
            yield failed("B15", conflict.id, "a conflict needs two sides")
        days = [side.published for side in conflict.sides]
        if days != sorted(days, reverse=True):
            yield failed("B15", conflict.id, "the sides are not newest first")
        told = [quote.document for side in conflict.sides if side.claim in book.claims for quote in book.quotes(book.claims[side.claim])]
        if conflict.kind != "superseded" and are_copies(told, stated_copies(book.report)):
            yield failed("B15", conflict.id, "two of its sides are copies of one document")
        for side in conflict.sides:
            claim = book.claims.get(side.claim)
            quotes = book.quotes(claim) if claim else []
            if claim is None or not quotes:
                continue
            main, _ = printed_parts(side.value, quotes[0])
            source = book.sources.get(quotes[0].document)
            if main not in claim.text:
                yield failed("B15", conflict.id, f"the value {side.value!r} is not in claim {claim.id}")
            if side.period not in periods_of(quotes[0], source):
                yield failed("B15", conflict.id, f"the period {side.period} is not in the evidence of {claim.id}")
            if source is not None and side.published != source.published:
                yield failed("B15", conflict.id, f"{side.published} is not the date of {source.title!r}")


def superseded_unused(book: Book) -> Iterable[ReportCheck]:
    """B15: a superseded figure is printed in its conflict only."""
    old = {side.claim for conflict in book.report.conflicts if conflict.kind == "superseded" for side in conflict.sides[1:]}
    current = {item for card in book.report.cards for item in card.claims} | set(book.report.bottom_line)
    for item in sorted(old & current):
        yield failed("B15", item, "a superseded figure is printed as current")


def chatter_elsewhere(book: Book) -> Iterable[ReportCheck]:
    """B19: titles, headings and reasons hold nothing a machine or a template left behind."""
    report = book.report
    texts = [("title", report.title)]
    texts += [(card.id, card.title) for card in report.cards] + [(section.id, section.title) for section in report.sections]
    texts += [("gap", gap.reason) for gap in report.gaps] + [(conflict.id, conflict.reason) for conflict in report.conflicts]
    for about, text in texts:
        if match := CHATTER.search(text):
            yield failed("B19", about, f"it holds {match[0]!r}")
