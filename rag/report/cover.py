"""The cover of a company's statutory filing: on which form, whose, and of which year.

A filing says on its first page what everything in it is about ("Exact name of registrant as specified in its charter", "for the fiscal
year ended September 30, 2018"). A figure in it that names no owner is the registrant's; one that names no time is the year's only where
the form is an annual one, for a quarterly one tells of three months, of the year to date and of a year ago side by side.
"""

import re
from dataclasses import dataclass

from rag.numbers import find_periods
from rag.report.legal import without_form
from rag.text import squeeze
from rag.types import Source

_COVER = 8_000
"""Characters at a document's start that hold its cover."""
_FORM = re.compile(r"(?i)\bform\s{1,3}(10-[kq]|20-f|40-f|8-k|6-k)(?:/a)?\b")
_REGISTRANT = re.compile(r"(?i)([^\n_()]{2,80}?)[\s_]*\((?:\s*)exact name of (?:the\s)?(?:registrant|company)")
_NUMBERED = re.compile(r"(?i)commission file n(?:umber|o\.?):?\s*[\d-]+[\s_]*\n([^\n_()]{2,80}?)\s*\n")
"""Below its number in the commission's files stands who files."""
_NO_NAME = re.compile(r"(?i)\bcommission\b|\bfile n")
"""On the line of the registrant where its name is a picture."""
_YEAR = re.compile(r"(?i)\bfor the (?:fiscal |financial )?(years?\sended:?\s[A-Z][a-z]+\s\d{1,2},\s\d{4})")
_ANNUAL = frozenset(("10-K", "20-F", "40-F"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Cover:
    """What a filing's first page says of the whole of it."""

    form: str
    """"10-K", "10-Q", "8-K" ..."""
    registrant: str
    """The company's name without its legal form, as the cover writes it; empty where it is not told."""
    year: str
    """Label of the year that an annual form reports on, "2018-09/12m"; empty for other forms."""

    @property
    def is_annual(self) -> bool:
        """True for a form that reports on one whole year."""
        return self.form in _ANNUAL


def cover_of(text: str) -> Cover | None:
    """The cover at the start of a document's text; None for a document that is no filing."""
    head = text[:_COVER]
    form = _FORM.search(head)
    if form is None:
        return None
    named = _REGISTRANT.search(head) or _NUMBERED.search(head)
    said = _YEAR.search(head)
    periods = find_periods(" ".join(said[1].replace(":", "").split())) if said else ()
    year = periods[0].label if len(periods) == 1 and form[1].upper() in _ANNUAL else ""
    name = without_form(named[1]) if named and not _NO_NAME.search(named[1]) else ""
    return Cover(form=form[1].upper(), registrant=name, year=year)


def is_named(owner: str, source: Source, text: str) -> bool:
    """True for a company that a document, its title, its file's name or its cover names, however these space and punctuate it."""
    if owner in text:
        return True
    told = f"{source.title} {source.path.rpartition('/')[2]} {text[:_COVER]}"
    return squeeze(owner)[0] in squeeze(told)[0]
