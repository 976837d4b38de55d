"""A manuscript's sentences against the files they cite: quotes word for word, numbers in the passage, negation and direction alike.

The words decide what can be decided: a sentence whose figures stand together in a passage that speaks of the same is supported, one with a
figure that its file does not hold is not, and one without figures in words of its own stays unchecked: a person has to read it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import permutations
from typing import Literal

from rag.errors import ReadError, UsageError
from rag.numbers import comparable, find_numbers, find_periods
from rag.patterns import regex
from rag.report.claim_gates import NEGATION
from rag.report.elsewhere import Citation, Manuscript, Written, file_of, reference_page
from rag.report.findings import Finding
from rag.report.wording import Vocabulary
from rag.text import content_stems, find_squeezed, sentences
from rag.types import Cell, Document, GateOutcome, Number

SUPPORT = 0.55
"""Share of a sentence's content stems that a passage holds, as in gate B5."""
SOME = 0.3
ALIKE = 0.6
"""Share from which a passage's sentence is the one that is retold, so that a "not" more or less counts."""
_CAPTION = 160
"""Characters of a line that may be a table's caption."""
_WINDOW = 3
"""Sentences of a passage."""
_CLAUSE = regex(r"[;:,]\s|\s[–—-]\s|,?\s(?:and|but|while|whereas|although|because|since|against)\s")
_QUOTED = regex(r"[“\"„]([^”\"“]{12,600})[”\"]")

Judgement = Literal["supported", "partial", "unsupported", "unchecked", "uncited"]
_OUTCOMES: Mapping[Judgement, GateOutcome] = {
    "supported": "pass",
    "partial": "warn",
    "unsupported": "fail",
    "unchecked": "unchecked",
    "uncited": "warn",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """One sentence and what was found."""

    written: Written
    verdict: Judgement
    rule: str
    """The gate that decided."""
    reason: str = ""
    path: str = ""
    """The file that carries it, with its page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ManuscriptCheck:
    """All that was found on a manuscript."""

    sentences: tuple[Verified, ...]
    """Those with figures or citations; others say nothing that can be checked."""
    missing: Mapping[str, str]
    """Key of a reference that is cited -> why it has no file."""
    unused: tuple[str, ...]
    """Keys of references that nothing cites."""
    lines: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """True when nothing is unsupported and no cited file is missing."""
        return not self.missing and all(one.verdict != "unsupported" for one in self.sentences)

    def findings(self) -> list[Finding]:
        """For JUnit and SARIF."""
        found = [
            Finding(
                rule=one.rule,
                outcome=_OUTCOMES[one.verdict],
                about=f"line {one.written.line}",
                text=one.written.text,
                reason=f"{one.verdict}: {one.reason}" if one.reason else "",
                line=one.written.line,
            )
            for one in self.sentences
        ]
        return found + [
            Finding(rule="B2", outcome="fail", about=f"reference [{key}]", reason=why, line=self.lines.get(key, 1))
            for key, why in self.missing.items()
        ]


@dataclass(frozen=True, kw_only=True)
class _Passages:
    """A document cut into sentences and table rows, each with its page."""

    document: Document
    title: str
    pieces: Sequence[tuple[int, str]]
    """(page number, text) in order; 0 for a document without pages."""

    def windows(self, page: int | None) -> Iterator[tuple[int, str, Sequence[str]]]:
        """(page, text, its sentences) of all runs of pieces, of a page and the next one where a page is named, by number or by label."""
        named = {one.number for one in self.document.pages if page in (one.number, _last_number(one.label))}
        allowed = named | {number + 1 for number in named}
        kept = [(number, text) for number, text in self.pieces if page is None or number in allowed]
        for size in range(1, _WINDOW + 1):
            for at in range(max(0, len(kept) - size + 1)):
                run = kept[at : at + size]
                yield run[0][0], " ".join(text for _, text in run), [text for _, text in run]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Best:
    """The passage that fits a sentence best."""

    missing: tuple[Number, ...]
    share: float
    """Of the sentence's stems."""
    text: str
    sentences: tuple[str, ...]
    place: str

    @property
    def rank(self) -> tuple[int, float, int]:
        return -len(self.missing), round(self.share, 3), -len(self.text)


@dataclass(frozen=True, kw_only=True)
class _Shelf:
    """The files, read when first cited."""

    paths: Sequence[str]
    titles: Callable[[], Mapping[str, str]]
    document: Callable[[str], Document]
    vocabulary: Vocabulary
    _read: dict[str, _Passages] = field(default_factory=dict)

    def fault(self, path: str) -> str:
        """Why a file cannot be read; empty when it can: that is a finding on the report, not a failure of the check."""
        try:
            self.open(path)
        except (ReadError, UsageError) as error:
            return str(error)
        return ""

    def open(self, path: str) -> _Passages:
        if path not in self._read:
            document = self.document(path)
            self._read[path] = _Passages(document=document, title=document.metadata.title, pieces=list(_pieces(document)))
        return self._read[path]


def verify(
    manuscript: Manuscript,
    *,
    paths: Sequence[str],
    titles: Callable[[], Mapping[str, str]],
    document: Callable[[str], Document],
    vocabulary: Vocabulary,
) -> ManuscriptCheck:
    """Every sentence with figures or citations against the files it cites.

    ``paths`` are all files there are, ``titles`` gives path -> title, ``document`` a file's text by path.
    """
    shelf = _Shelf(paths=paths, titles=titles, document=document, vocabulary=vocabulary)
    cited = list(dict.fromkeys(citation.key for one in manuscript.sentences for citation in one.citations))
    files: dict[str, str] = {}
    missing: dict[str, str] = {}
    for key in cited:
        path, why = file_of(manuscript.references[key], paths=paths, titles=titles) if key in manuscript.references else ("", "")
        why = why or (shelf.fault(path) if path else "")
        if path and not why:
            files[key] = path
        else:
            missing[key] = _why_missing(manuscript, key, why)
    found = []
    for at, one in enumerate(manuscript.sentences):
        if one.citations or figures_of(one.text):
            found.append(_judged(one, _inherited(manuscript.sentences, at), files=files, manuscript=manuscript, shelf=shelf))
    unused = tuple(key for key in manuscript.references if key not in cited)
    return ManuscriptCheck(sentences=tuple(found), missing=missing, unused=unused, lines=manuscript.lines)


def _why_missing(manuscript: Manuscript, key: str, why: str) -> str:
    if key not in manuscript.references:
        return f"[{key}] is cited, and no reference has that number"
    return f"[{key}] {manuscript.references[key]}: {why}"


def _inherited(written: Sequence[Written], at: int) -> tuple[Citation, ...]:
    """The citations of the next cited sentence of the block: what ends a paragraph may carry what is before it."""
    return next((one.citations for one in written[at + 1 :] if one.block == written[at].block and one.citations), ())


def figures_of(text: str) -> list[Number]:
    """Figures that a passage has to hold: all but those of dates and years."""
    dates = find_periods(text)
    return [
        number
        for number in find_numbers(text)
        if number.kind != "year" and not any(date.start <= number.start and number.end <= date.end for date in dates)
    ]


def _judged(one: Written, inherited: Sequence[Citation], *, files: Mapping[str, str], manuscript: Manuscript, shelf: _Shelf) -> Verified:
    if not one.citations:
        made = _against(one, inherited, files=files, manuscript=manuscript, shelf=shelf) if inherited else None
        if made is not None and made.verdict == "supported":
            return made
        return Verified(written=one, verdict="uncited", rule="B1", reason="it has figures and cites nothing")
    if not any(citation.key in files for citation in one.citations):
        return Verified(written=one, verdict="unchecked", rule="B2", reason="no file that it cites was found")
    return _against(one, one.citations, files=files, manuscript=manuscript, shelf=shelf)


def _against(one: Written, citations: Sequence[Citation], *, files: Mapping[str, str], manuscript: Manuscript, shelf: _Shelf) -> Verified:
    """The sentence against all it cites: a figure may stand in one file, another in the next."""
    places = []
    for citation in citations:
        if citation.key in files:
            page = citation.page or reference_page(manuscript.references[citation.key])
            places.append((files[citation.key], shelf.open(files[citation.key]), page))
    if lost := _lost_quote(one.text, places):
        return Verified(written=one, verdict="unsupported", rule="B3", reason=f"no cited file has the words {lost!r}")
    made = _whole(one, places, shelf.vocabulary)
    parts = [clause for clause in _clauses(one.text) if _numbers(clause)]
    if made.rule == "B4" and made.verdict != "supported" and len(parts) > 1:
        each = [_whole(replace(one, text=part), places, shelf.vocabulary) for part in parts]
        if all(part.verdict == "supported" for part in each):
            return replace(each[0], written=one)
    return made


def _whole(one: Written, places: Sequence[tuple[str, _Passages, int | None]], vocabulary: Vocabulary) -> Verified:
    """The sentence, or a part of one, as it stands."""
    found = [_best(one.text, path, passages, page) for path, passages, page in places]
    best = max(found, key=lambda item: item.rank)
    missing = [number for number in best.missing if all(number in item.missing for item in found)]
    if missing:
        return _without_number(one, missing, places)
    if fault := _turned(one.text, best, vocabulary):
        return Verified(written=one, verdict="unsupported", rule=fault[0], reason=fault[1], path=best.place)
    return _by_share(one, best, whole=max(item.share for item in found), has_figures=bool(figures_of(one.text)))


def _by_share(one: Written, best: _Best, *, whole: float, has_figures: bool) -> Verified:
    if whole >= SUPPORT:
        return Verified(written=one, verdict="supported", rule="B4" if has_figures else "B5", path=best.place)
    told = f"the nearest passage holds {whole:.0%} of its words ({best.place})"
    if has_figures or whole >= SOME:
        return Verified(written=one, verdict="partial", rule="B5", reason=told, path=best.place)
    return Verified(written=one, verdict="unchecked", rule="B5", reason=f"{told}: it is in words of its own", path=best.place)


def _without_number(one: Written, missing: Sequence[Number], places: Sequence[tuple[str, _Passages, int | None]]) -> Verified:
    """A figure that the passages lack: elsewhere in the file, on another page than named, or nowhere."""
    for path, passages, page in places:
        at = [number for number, text in passages.pieces if all(_holds(text, figure) for figure in missing)]
        if at:
            where = f"page {at[0]} of {path}" if at[0] and page is not None else f"another passage of {path}"
            reason = f"{missing[0].printed!r} stands in {where}, not beside the rest"
            return Verified(written=one, verdict="partial", rule="B4", reason=reason, path=path)
    names = ", ".join(dict.fromkeys(path for path, _, _ in places))
    return Verified(written=one, verdict="unsupported", rule="B4", reason=f"{missing[0].printed!r} is not in {names}")


def _best(text: str, path: str, passages: _Passages, page: int | None) -> _Best:
    own = _words(text)
    whole = f"{passages.title} {passages.document.metadata.published or ''} {passages.document.text}"
    years = [number for number in find_numbers(text) if number.kind == "year" and str(number.value) not in whole]
    strict = [*(figure for figure in figures_of(text) if not _follows(figure, text)), *years]
    around = _words(passages.title)
    best = _Best(missing=tuple(strict), share=0.0, text="", sentences=(), place=path)
    for number, window, parts in passages.windows(page):
        held = _words(window) | around
        share = len(own & held) / len(own) if own else 1.0
        if share < SOME and best.share >= SOME:
            continue
        lacking = tuple(figure for figure in strict if not _holds(window, figure))
        made = _Best(missing=lacking, share=share, text=window, sentences=tuple(parts), place=f"{path}, page {number}" if number else path)
        best = max(best, made, key=lambda item: item.rank)
    return best


def _holds(text: str, figure: Number) -> bool:
    """True when a number of the text is the figure, or the figure is that number rounded."""
    return any(_is_same(figure, number) for number in _numbers(text))


def _follows(figure: Number, text: str) -> bool:
    """True for a change in per cent, or points, that two other figures of the sentence give once it is rounded as printed."""
    if figure.kind not in ("percent", "percentage_points"):
        return False
    places = Decimal(1).scaleb(min(0, int(figure.value.as_tuple().exponent)))
    others = [number for number in figures_of(text) if number != figure]
    for one, other in permutations(others, 2):
        (first, unit), (last, same) = comparable(one), comparable(other)
        if unit == same and first > 0:
            change = last - first if figure.kind == "percentage_points" else (last - first) / first * 100
            if abs(change).quantize(places, rounding=ROUND_HALF_UP) == abs(figure.value):
                return True
    return False


def _is_same(figure: Number, number: Number) -> bool:
    (mine, unit), (theirs, other) = comparable(figure), comparable(number)
    if unit != other and "" in (figure.unit, number.unit):  # a table's cell says its unit and scale elsewhere
        return figure.value == number.value or _digits(figure) == _digits(number)
    if unit != other:
        return False
    if mine == theirs:
        return True
    fewer, more = (len(value.normalize().as_tuple().digits) for value in (mine, theirs))
    return 2 <= fewer < more and _rounded(theirs, fewer) == mine


def _digits(number: Number) -> str:
    return re.sub(r"[^\d.]", "", number.printed).strip(".")


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(value.adjusted() - digits + 1)) if value else value


def _lost_quote(text: str, places: Sequence[tuple[str, _Passages, int | None]]) -> str:
    """The first quoted run of three words or more that no cited file has, number for number."""
    for quote in (found[1] for found in _QUOTED.finditer(text) if len(found[1].split()) >= 3):
        if not any(_stands(quote, passages.document.text) for _, passages, _ in places):
            return quote if len(quote) <= 60 else f"{quote[:57]}..."
    return ""


def _stands(quote: str, text: str) -> bool:
    """Squeezed containment, then the same numbers: gate B3's two steps."""
    numbers = [comparable(number) for number in find_numbers(quote)]
    spans = find_squeezed(quote.rstrip(".,;"), text)
    return any([comparable(number) for number in find_numbers(text[start:end])] == numbers for start, end in spans)


def _turned(text: str, best: _Best, vocabulary: Vocabulary) -> tuple[str, str] | None:
    """(rule, reason) where a clause of the sentence says the contrary of the clause it retells."""
    told = [(clause, _words(clause)) for clause in _clauses(text)]
    for clause in (clause for one in best.sentences for clause in _clauses(one)):
        held = _words(clause)
        near = [(len(own & held) / min(len(own), len(held)), words) for words, own in told if len(own & held) >= 2]
        share, words = max(near, default=(0.0, ""))
        if share < ALIKE:
            continue
        if len(NEGATION.findall(words)) % 2 != len(NEGATION.findall(clause)) % 2:
            return "B7", f"one of it and its source denies what the other says: {clause.strip()[:80]}"
        mine, theirs = vocabulary.ways(words), vocabulary.ways(clause)
        for way, against in (("up", "down"), ("down", "up")):
            if mine.get(way) and not mine.get(against) and theirs.get(against) and not theirs.get(way):
                return "B16", f"it says {min(mine[way])!r}, its source {min(theirs[against])!r}"
    return None


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE.split(text) if clause and re.search(r"\w", clause)]


@lru_cache(maxsize=65_536)
def _numbers(text: str) -> tuple[Number, ...]:
    return find_numbers(text)


@lru_cache(maxsize=65_536)
def _words(text: str) -> frozenset[str]:
    """Content stems, and every period by its label: the second quarter of 2026 is Q2 2026."""
    periods = find_periods(text)
    bare = text
    for mention in reversed(periods):
        bare = f"{bare[: mention.start]} {bare[mention.end :]}"
    return frozenset(content_stems(bare)) | {mention.label for mention in periods}


def _pieces(document: Document) -> Iterator[tuple[int, str]]:
    """Sentences and table rows with their page; a row carries its header's and caption's words."""
    if not document.blocks:
        yield from ((_page(document, start), document.text[start:end]) for start, end in sentences(document.text))
    for at, block in enumerate(document.blocks):
        if block.kind == "table" and block.cells:
            above = [document.text[one.start : one.end] for one in document.blocks[max(0, at - 3) : at] if one.end - one.start <= _CAPTION]
            yield from _rows(document, block.cells, caption=" ".join(above))
        else:
            for start, end in sentences(document.text[block.start : block.end]):
                yield _page(document, block.start + start), document.text[block.start + start : block.start + end]


def _rows(document: Document, cells: Sequence[Cell], *, caption: str) -> Iterator[tuple[int, str]]:
    header = f"{caption} " + " ".join(document.text[cell.start : cell.end] for cell in cells if cell.header)
    for row in dict.fromkeys(cell.row for cell in cells if not cell.header):
        own = [cell for cell in cells if cell.row == row]
        yield _page(document, own[0].start), f"{header} {' '.join(document.text[cell.start : cell.end] for cell in own)}"


def _last_number(label: str) -> int | None:
    found = re.search(r"(\d+)\W*$", label)
    return int(found[1]) if found else None


def _page(document: Document, at: int) -> int:
    return next((page.number for page in document.pages if page.start <= at < page.end), 0)
