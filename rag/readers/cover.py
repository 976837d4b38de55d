"""The title of a filing with the United States Securities and Exchange Commission, whose cover names everything but a title."""

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.readers.clean import one_line
from rag.readers.dates import parse_date

_COMMISSION = "securities and exchange commission"
_FORM = re.compile(r"form\s+((?:10-?[KQ]|8-?K|20-?F|40-?F|6-?K|11-?K)(?:T|/A)?)", re.IGNORECASE)
_PERIOD = re.compile(r"\b(fiscal year|quarterly period) ended:?\s*(?P<day>.*)", re.IGNORECASE)
_EVENT = re.compile(r"date of report.*?:\s*(?P<day>[A-Z][a-z]+ \d{1,2}, \d{4})", re.IGNORECASE)
_NAME_ABOVE = re.compile(r"\(?exact name of (?:the )?registrant", re.IGNORECASE)
_NAME_BELOW = re.compile(r"commission file (?:number|no)", re.IGNORECASE)
_NO_NAME = re.compile(r"\(|commission file", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]{2}")
_RULE = re.compile(r"_{3,}")
_FIRST_LINES = 60
_LONGEST_LINE = 1_000
_LONGEST_NAME = 80


def filing_title(lines: Sequence[str]) -> str:
    """ "BEST BUY CO., INC. Form 10-K, fiscal year ended January 28, 2017" from a cover's lines; empty where it is no such cover, or the
    registrant, the form or the period is not found."""
    first = [part for line in lines[:_FIRST_LINES] if len(line) <= _LONGEST_LINE for part in map(one_line, _RULE.split(line)) if part]
    if not any(_COMMISSION in line.lower() for line in first):
        return ""
    form = next((match[1].upper() for match in map(_FORM.fullmatch, first) if match), "")
    name, period = _registrant(first), _period(first)
    return f"{name} Form {form}, {period}" if form and name and period else ""


def _registrant(lines: Sequence[str]) -> str:
    """The line above "(Exact name of registrant ...", else the one below the commission's file number."""
    above = (before for before, line in pairwise(lines) if _NAME_ABOVE.match(line))
    below = (line for before, line in pairwise(lines) if _NAME_BELOW.match(before))
    return next(
        (line for line in (*above, *below) if _LETTERS.search(line) and len(line) <= _LONGEST_NAME and not _NO_NAME.search(line)), ""
    )


def _period(lines: Sequence[str]) -> str:
    """What the filing is about: "fiscal year ended ..." with a date that may be on the next line, or a current report's day; else empty."""
    for line, following in pairwise((*lines, "")):
        if match := _PERIOD.search(line):
            day = next((day for day in (match["day"], following) if parse_date(day.strip(" .")) is not None), None)
            if day is not None:
                return f"{match[1].lower()} ended {day.strip(' .')}"
    return next((match["day"] for match in map(_EVENT.search, lines) if match), "")
