"""Gates on a single claim. Each says pass, fail, warn or unchecked, and why."""

import re
from dataclasses import replace

from rag.numbers import comparable, find_numbers, find_periods
from rag.patterns import regex
from rag.report.book import BOTTOM_LINE, EXTRACTIVE, Book
from rag.report.cards import base_of, last_of
from rag.report.claims import FORMULAS, calculate, change_text, claim_id, direction_of_step, directions_in, quoted
from rag.report.excerpt import excerpts
from rag.report.facts import cell_text, table_text
from rag.report.gather import same_numbers
from rag.report.measures import MEASURES
from rag.report.quality import MOST_WORDS, is_of_length, lead_in
from rag.report.reading import references, row_references
from rag.report.sums import measure_claim, sum_claim
from rag.report.when import of_title
from rag.text import STOPWORDS, content_stems, find_squeezed, overlap, words
from rag.types import Claim, Document, Evidence, GateOutcome, Number, Source

SUPPORT = 0.55
"""Least share of a claim's content stems that its quotes hold; measured, see docs/log.md."""
REPEAT = 0.6
MOST_CLAIMS_OF_EVIDENCE = 3
NOVEL_RUN = 3
"""Content words in a row that no quote holds."""

Finding = tuple[GateOutcome, str]
PASS: Finding = ("pass", "")


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
        if document is None:
            return "fail", f"evidence {item.id}: its document {item.document} is not there"
        if reason := quote_fault(item, document):
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
        if block.kind in ("table", "list") and block.start <= item.start < block.end:
            if not item.table.column:
                known = {start: (end, reference) for start, end, reference in row_references(document, block)}
                return "" if known.get(item.start) == (item.end, item.table) else "the quote is not a row of the table"
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
    if done is None or _is_sum_of_cells(claim, book):
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


def _is_sum_of_cells(claim: Claim, book: Book) -> bool:
    """True when the cells that a claim cites, computed again, give this very claim."""
    done = claim.calculation
    if done is None or done.operands != claim.evidence:
        return False
    cells, bare = book.quotes(claim), replace(claim, checks=(), verdict="unchecked")
    measures = [measure for measure in MEASURES if done.formula in measure.formulas]
    made = [measure_claim(measure, done.formula, cells, section=claim.section) for measure in measures]
    return bare in (sum_claim(done.formula, cells, section=claim.section), *made)


def supported(claim: Claim, book: Book) -> Finding:
    """B5: the quotes hold the claim's words; a calculation's sentence is its template."""
    if claim.calculation is not None:
        return _template_finding(claim, book)
    if claim.mode == "verbatim":
        return PASS
    held = {stem for item in book.quotes(claim) for stem in content_stems(quoted(item))}
    own = set(content_stems(claim.text)) - (_speakers(claim, book) - held)
    share = len(own & held) / len(own) if own else 0.0
    if share >= SUPPORT:
        return PASS
    reason = f"only {share:.0%} of its content words are in the quotes"
    return ("fail", reason) if claim.mode == "near_quote" else ("warn", reason)


def _template_finding(claim: Claim, book: Book) -> Finding:
    if claim.calculation is None or _is_sum_of_cells(claim, book):
        return PASS
    for card in book.report.cards:
        if claim.id in card.claims and len(card.series) >= 2:
            first, last = base_of(card.series), last_of(card.series)
            again = calculate(first, last)
            if again is not None and claim.text.endswith(change_text(first, last, name="", calculation=again)):
                return PASS
    return "fail", "the sentence is not the one its operands give"


def verbatim(claim: Claim, book: Book) -> Finding:
    """B6: a verbatim claim's text is inside its quote, or is a part that may stand alone with its ellipsis; a near quote's is, but for
    case and punctuation, or is a table's line."""
    if claim.mode == "prose":
        bare = book.report.manifest.writer == EXTRACTIVE and claim.calculation is None
        return ("fail", "the report quotes word for word, and this sentence is neither a quote nor computed") if bare else PASS
    items = book.quotes(claim)
    if len(items) > 1 and all(item.table is not None for item in items):
        alike = len({(item.document, item.heading_path, item.table.column) for item in items if item.table}) == 1
        return PASS if alike and claim.text == table_text(items) else ("fail", f"the text is not the table's: {_short(claim.text)}")
    for item in items:
        line = " ".join(item.quote.split())
        if claim.mode == "verbatim" and (claim.text in line or claim.text in excerpts(line)):
            return PASS
        at = line.find(claim.text[1:]) - 1
        if claim.mode == "near_quote" and item.table is None and at >= 0 and claim.text[:1].lower() == line[at].lower():
            return PASS
        if claim.mode == "near_quote" and item.table is None and claim.text in excerpts(line[:1].upper() + line[1:]):
            return PASS
        if claim.mode == "near_quote" and item.table is not None and claim.text == cell_text(item):
            return PASS
    return "fail", f"the text is not inside the quote: {_short(claim.text)}"


NEGATION = regex(r"\b(?:not|no|never|none|neither|nor|without|cannot|\w+n[’']t)\b", re.IGNORECASE)


def polarity(claim: Claim, book: Book) -> Finding:
    """B7: as many negations, odd or even, as the quotes."""
    if claim.mode == "prose" or not book.quotes(claim):
        return PASS
    own = len(NEGATION.findall(claim.text))
    theirs = len(NEGATION.findall(" ".join(quoted(item) for item in book.quotes(claim))))
    return PASS if own % 2 == theirs % 2 else ("fail", "claim and quote differ in negation")


def quote_size(claim: Claim, book: Book) -> Finding:
    """B8: five content words to sixty words, or fewer that are a whole statement; a table's cell may be short."""
    for item in book.quotes(claim):
        quote = " ".join(item.quote.split())
        found = words(quote)
        rest = quote[lead_in(quote) :]
        said = (quote, rest[:1].upper() + rest[1:])
        if len(found) > MOST_WORDS or (item.table is None and not any(map(is_of_length, said))):
            content = sum(word.lower() not in STOPWORDS for word in found)
            return "fail", f"the quote of {item.id} has {len(found)} words, {content} of them content words, and is no short statement"
    return PASS


def no_repeat(claim: Claim, book: Book) -> Finding:
    """B9: no earlier claim says nearly the same of the same numbers; lines of tables and calculations share their wording by design."""
    if _is_formulaic(claim, book):
        return PASS
    own = book.shingles[claim.id]
    for other in book.report.claims:
        if other.id == claim.id:
            return PASS
        alike = overlap(own, book.shingles[other.id]) > REPEAT
        if alike and same_numbers(claim.numbers, other.numbers) and not _is_formulaic(other, book):
            return "fail", f"it nearly repeats {other.id}"
    return PASS


def _is_formulaic(claim: Claim, book: Book) -> bool:
    """True for what may be worded like another claim; the bottom line says again what stands below."""
    return claim.section == BOTTOM_LINE or claim.calculation is not None or any(item.table is not None for item in book.quotes(claim))


def anchor_reuse(claim: Claim, book: Book) -> Finding:
    """B10: no evidence carries more than three claims."""
    over = [item for item in claim.evidence if book.uses.get(item, 0) > MOST_CLAIMS_OF_EVIDENCE]
    return ("fail", f"evidence {over[0]} carries {book.uses[over[0]]} claims") if over else PASS


def claim_direction(claim: Claim, book: Book) -> Finding:
    """B13: the direction noted is one the sentence gives."""
    if claim.calculation is not None:
        if _is_sum_of_cells(claim, book):
            return PASS
        expected = direction_of_step(claim.calculation.result)
        return PASS if claim.direction == expected else ("fail", f"direction {claim.direction!r}, but the change is {expected!r}")
    if claim.direction == "none":
        return PASS
    if book.vocabulary is None:
        return "unchecked", "the metric vocabulary was not at hand"
    possible = directions_in(claim.text, vocabulary=book.vocabulary)
    return PASS if claim.direction in possible else ("fail", f"the sentence does not say {claim.direction!r}")


def direction_words(claim: Claim, book: Book) -> Finding:
    """B16: a word of rising, falling or standing still is the quotes' own; a warning in prose."""
    if claim.mode == "verbatim" or claim.calculation is not None or not book.quotes(claim):
        return PASS
    if book.vocabulary is None:
        return "unchecked", "the metric vocabulary was not at hand"
    held = " ".join(quoted(item) for item in book.quotes(claim))
    for way, words_of in book.vocabulary.ways(claim.text).items():
        new = words_of - book.vocabulary.ways(held).get(way, frozenset())
        if new and not book.vocabulary.ways(held).get(way):
            return _by_mode(claim, f"{min(new)!r} is not what the quotes say")
    return PASS


def novel_run(claim: Claim, book: Book) -> Finding:
    """B17: no run of three content words that neither the quotes nor their sources' names hold; a warning in prose."""
    if claim.mode == "verbatim" or claim.calculation is not None:
        return PASS
    held = _speakers(claim, book)
    held |= {stem for item in book.quotes(claim) for stem in content_stems(f"{quoted(item)} {' '.join(item.heading_path[:1])}")}
    run: list[str] = []
    for stem in content_stems(claim.text):
        run = [] if stem in held else [*run, stem]
        if len(run) >= NOVEL_RUN:
            return _by_mode(claim, f"nothing in the quotes says {' '.join(run)!r}")
    return PASS


def _speakers(claim: Claim, book: Book) -> set[str]:
    """The names of a claim's sources, which it may give besides what they say."""
    sources = [book.sources[item.document] for item in book.quotes(claim) if item.document in book.sources]
    return set(content_stems(" ".join(f"{source.publisher} {source.author} {source.title}" for source in sources)))


def _by_mode(claim: Claim, reason: str) -> Finding:
    return ("fail" if claim.mode == "near_quote" else "warn", reason)


_LIKELIHOOD = regex(
    r"(?i)\b(?:almost no chance|(?:very )?(?:un)?likely|roughly even chance|almost certain(?:ly)?|(?:im)?probabl[ey]|possibly|"
    r"perhaps|maybe|presumably|conceivabl[ey]|plausibl[ey]|undoubtedly)\b"
)
_SCALE = regex(r"(?i)\b(?:almost no chance|(?:very )?(?:un)?likely|roughly even chance|almost certain(?:ly)?)\b")
_CONFIDENCE = regex(r"(?i)\b(?:high|medium|moderate|low) confidence\b")


def uncertainty(claim: Claim, book: Book) -> Finding:
    """B20: prose says likelihood in the words of the one scale, and never beside a confidence; a source's own words are its own."""
    if claim.mode != "prose":
        return PASS
    said = _LIKELIHOOD.findall(claim.text)
    strange = [word for word in said if not _SCALE.fullmatch(word)]
    if strange:
        return "fail", f"{strange[0]!r} is not a word of the scale"
    return ("fail", "confidence and likelihood stand in one sentence") if said and _CONFIDENCE.search(claim.text) else PASS


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
    if source is not None:
        labels.add(f"{source.published.year}-{source.published.month:02d}")
        labels |= {mention.label for mention in of_title(item.quote, source.title)}
    if re.search(r"\ba year (?:before|earlier|ago)\b|\bthe year before\b|\bin the (?:previous|prior) year\b", item.quote):
        labels |= {f"{int(label[:4]) - 1}{label[4:]}" for label in labels if re.match(r"\d{4}", label)}
    return labels


CHATTER = regex(
    r"(?i)\bas an ai\b|\blanguage model\b|\blet me\b|\bi(?:'|’)?m (?:sorry|happy|unable)\b|"
    r"\bsure, here\b|\bhere is (?:a|the|your) (?:summary|report)\b|"
    r"\{\{|\}\}|\{%|<\|im_|\[(?:insert|placeholder|citation needed)|\blorem ipsum\b|\bexample\.(?:com|org)\b|\bTODO\b|\bXXX\b|"
    r"ignore (?:all |any )?(?:previous|prior) instructions"
)


def no_chatter(claim: Claim, book: Book) -> Finding:
    """B19: nothing a machine or a template left behind."""
    match = CHATTER.search(claim.text)
    return ("fail", f"it holds {match[0]!r}") if match else PASS
