"""Publication dates: what a file declares and what its first lines say. Dates in running prose are never taken."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from rag.patterns import regex
from rag.readers.draft import FoundDate

_MONTH_NAMES = (
    "jan january januar jänner janvier|feb february februar février fevrier|mar march märz mars|apr april avril|may mai|jun june juni juin|"
    "jul july juli juillet|aug august août aout|sep sept september septembre|oct october okt oktober octobre|nov november novembre|"
    "dec december dez dezember décembre decembre"
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES.split("|"), start=1) for name in names.split()}
_MONTH = "(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th|er|\.)?"
_WEEKDAY = r"(?:(?:le|den)\s+)?(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+)?"
_TIME = r"(?:[,T\s]+(?:at\s+)?\d{1,2}[:.]\d\d.*)?"
_FORMS = [
    regex(_WEEKDAY + form + _TIME, re.IGNORECASE)
    for form in (
        rf"{_DAY}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}",
        rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
        rf"{_MONTH},?\s+{_YEAR}",
        rf"{_YEAR}[-/.](?P<month>[01]?\d)[-/.](?P<day>[0-3]?\d)Z?",
        rf"{_YEAR}-(?P<month>[01]\d)",
        rf"(?P<day>[0-3]?\d)\.(?P<month>[01]?\d)\.{_YEAR}",
        rf"{_DAY}-{_MONTH}-{_YEAR}",
    )
]
_LEAD = regex(
    r"^(?:(?:first\s+)?published(?:\s+on)?|publication\s+date|report\s+date|release\s+date|released(?:\s+on)?|issued(?:\s+on)?|posted(?:\s+on)?|signed(?:\s+on)?|(?:last\s+)?updated(?:\s+on)?|draft|final|dated?|for\s+release)\s*[:\s]\s*",
    re.IGNORECASE,
)
_PLACE = regex(r"^[A-Z][A-Za-zÀ-ÿ.' -]{1,30},\s+(?=[\dA-Z])")
_PARTS = regex(r"\s+[|·•–—/]\s+|\s{3,}")
_SENTENCE_END = regex(r"(?<=[^\W\d_]{3}\.)\s+(?=[A-Z])|(?<=\d{4}\.)\s+(?=[A-Z])")
_BEHIND = regex(r"(?<=\d{4}),\s+(?:(?:version|v|rev(?:ision)?)\.?\s?\d[\d.]*|draft|final|[A-ZÀ-Þ][\w.'’-]*(?:\s[\w.'’-]+){0,3})$")
"""What stands behind a date in the line under a title: a version, who wrote it."""
_NO_PROSE = 3
"""Words that may stand before a date in what ends like a sentence: "Second draft, 23 February 2026."."""
_HAS_DAY = regex(r"\b[0-3]?\d(?:st|nd|rd|th)?\b(?!\d)")
_LONGEST_LINE = 100
_FIRST_LINES = 15
_SIGNED = regex(
    r"[Pp](?i:ursuant\s+to\s+the\s+requirements?\s+of\s+(?:section\s[^.]{3,40}\sof\s+)?the\s+securities\s+(?:exchange\s+)?act\s+of\s+19\d\d,\s)"
)
"""A set of letters at its beginning is looked for many times as fast as a letter of either case."""
_SIGNED_ON = regex(rf"\b{_MONTH}\s+{_DAY},?\s+{_YEAR}", re.IGNORECASE)
_SIGNATURE = 800
"""Characters in which a signature's date stands."""
_PDF_DATE = regex(r"^(?:D:)?(\d{4})(\d\d)?(\d\d)?")


def parse_date(text: str) -> date | None:
    """The date that ``text`` is, as a whole; None for anything else. A month without a day is its first day."""
    if "19" not in text and "20" not in text:  # no year in it
        return None
    for form in _FORMS:
        if match := form.fullmatch(text.strip()):
            found = match.groupdict()
            month = found["month"].lower()
            return _date(int(found["year"]), int(month) if month.isdigit() else _MONTHS[month], int(found.get("day") or 1))
    return None


def declared_date(value: object) -> date | None:
    """The day of a declared date: a date, a datetime in its own time zone, or text that starts with a date."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return parse_date(value) if isinstance(value, str) else None


def pdf_date(text: str) -> date | None:
    """The day of a PDF date such as "D:20260315103000+01'00'"."""
    match = _PDF_DATE.match(text.strip())
    return _date(int(match[1]), int(match[2] or 1), int(match[3] or 1)) if match else None


def date_in_opening(lines: Iterable[str]) -> date | None:
    """The publication date the first lines state: a line, or a part of a short line, that is nothing but a date."""
    filled = [line.strip() for line in lines if line.strip()]
    candidates = (part for line in filled[:_FIRST_LINES] if len(line) <= _LONGEST_LINE for part in _parts(line))
    return next((day for day in (parse_date(part) for part in candidates) if day is not None), None)


def date_signed(text: str) -> date | None:
    """The day on which a filing to the SEC was signed. Its cover names the end of a year, its file the day on which it was printed."""
    for formula in _SIGNED.finditer(text):
        for found in _SIGNED_ON.finditer(text, formula.end(), formula.end() + _SIGNATURE):
            if (day := parse_date(found[0])) is not None:
                return day
    return None


def choose_date(*, stated: object = None, signed: str = "", opening: Iterable[str] = (), declared: object = None) -> FoundDate | None:
    """``stated`` by the author for this purpose, else the signature of a filing whose text ``signed`` is, else the first lines, else
    ``declared`` by the file's properties."""
    if (day := declared_date(stated)) is not None:
        return FoundDate(day=day, source="metadata")
    if (day := date_signed(signed)) is not None:
        return FoundDate(day=day, source="content")
    if (day := date_in_opening(opening)) is not None:
        return FoundDate(day=day, source="content")
    day = declared_date(declared)
    return FoundDate(day=day, source="metadata") if day else None


def _parts(line: str) -> Iterator[str]:
    for part in (line, *_PARTS.split(line)):
        bare = _LEAD.sub("", part.strip(" *_()[]"))
        yield bare
        yield _PLACE.sub("", bare)
    for sentence in _SENTENCE_END.split(line):
        is_prose = sentence.endswith(".")
        bare = sentence.rstrip(".") if is_prose else _BEHIND.sub("", sentence)
        yield _LEAD.sub("", bare)
        for comma in re.finditer(r",\s+(?=.*\d.*\d{4}$|\d{4}-)", bare):
            if _HAS_DAY.search(bare, comma.end()) and not (is_prose and len(bare[: comma.start()].split()) > _NO_PROSE):
                yield bare[comma.end() :]


def _date(year: int, month: int, day: int) -> date | None:
    if not 1900 <= year <= 2100:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
