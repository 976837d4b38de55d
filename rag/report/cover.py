"""The cover of a company's statutory filing or audited accounts: on which form, whose, and of which year.

A filing says on its first page what everything in it is about ("Exact name of registrant as specified in its charter", "for the fiscal
year ended September 30, 2018"); letters to shareholders may be bound before it. Accounts without a form say it where their auditor
addresses whom they belong to ("Independent auditor's report to the members of Halvex plc"). A figure in them that names no owner is that
company's; one that names no time is the year's only where the paper is an annual one, for a quarterly form tells of three months, of the
year to date and of a year ago side by side.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from rag.numbers import find_periods
from rag.patterns import regex
from rag.report.legal import till_form, without_form
from rag.text import squeeze
from rag.types import Source

COVER = 8_000
"""Characters that a cover takes."""
_BOUND_BEFORE = 60_000
"""Characters of letters and pictures' captions that a filing may have bound before its cover."""
_FORM = regex(r"(?i)\bform\s{0,3}(10-[kq]|20-f|40-f|8-k|6-k)(?:/a)?\b")
_EXACT_NAME = regex(r"(?i)\(\s*exact name of")
_REGISTRANT = regex(r"(?i)([^\n_()]{2,80}?)[\s_]*\((?:\s*)exact name of (?:the\s)?(?:registrant|company)")
_NUMBERED = regex(r"(?i)commission file n(?:umber|o\.?):?\s*[\d-]+[\s_]*\n([^\n_()]{2,80}?)\s*\n")
"""Below its number in the commission's files stands who files."""
_NO_NAME = regex(r"(?i)\bcommission\b|\bfile n")
"""On the line of the registrant where its name is a picture."""
_YEAR = regex(r"(?i)\bfor the (?:fiscal |financial )?(years?\sended:?\s[A-Z][a-z]+\s\d{1,2},\s\d{4})")
AUDITED, ACCOUNTS = "audited accounts", "accounts"
"""In place of a form: annual accounts that follow none, and accounts that do not say whose they are."""
_IN_US_DOLLARS = frozenset(("10-K", "10-Q", "8-K"))
"""Forms of companies whose bare "$" is that of the United States, whatever dollars they deal in."""
_ANNUAL = frozenset(("10-K", "20-F", "40-F", AUDITED))
_DOLLARS = regex(
    r"(?i)\b(?:presented|presentation currency|expressed|reported|stated|amounts|figures|reporting currency)\b[^.;]{0,60}?"
    r"\b(?:in|is|are|the)\s(?:(?:thousands|millions) of\s)?"
    r"(Australian|Canadian|New Zealand|Hong Kong|Singapore|U\.?S\.?|United States) dollars?\b"
)
"""Whose dollars a bare "$" stands for."""
_CURRENCIES = {"australian": "AUD", "canadian": "CAD", "new zealand": "NZD", "hong kong": "HKD", "singapore": "SGD"}
_AUDITOR = regex(r"(?i)\bindependent auditor['’´]?s?['’]? report\b")
_NOTES = regex(r"(?i)\bnotes to (?:the )?(?:consolidated |group )?(?:interim )?financial statements\b")
_FEWEST_NOTES = 3
"""Mentions of its notes from which on a paper holds some company's accounts."""
_ADDRESSED = regex(
    r"(?:(?:[Tt]o|TO) (?:[Tt]he|THE) (?i:(?:share|stock|unit)?holders|members)(?i:,? and (?:the )?(?:board of )?directors)? (?i:of)\s+|"
    r"\bTo (?=[^\n]{2,60} (?:AG|SE|Aktiengesellschaft|KGaA|GmbH)\b))"
    r"([A-Z][^\n.,;:()]{1,80}(?:\.[^\n.,;:()\s]{1,20})*)"
)
_ADDRESSED_WITHIN = 400
"""Characters between the heading of an auditor's report and whom it is to."""
_YEAR_WITHIN = 3_000
"""Characters of an auditor's report in which it says of which year the accounts are."""
_OF_YEAR = regex(
    r"(?i)\b(?:financial |fiscal )?(years?\s(?:then\s)?ended:?\s(?:\d{1,2}\s[A-Z][a-z]+,?\s\d{4}|[A-Z][a-z]+\s\d{1,2},\s\d{4}))"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cover:
    """What a filing's first page says of the whole of it."""

    form: str
    """"10-K", "10-Q", "8-K" ..., ``AUDITED`` or ``ACCOUNTS``."""
    registrant: str
    """The company's name without its legal form, as the cover writes it; empty where it is not told."""
    year: str
    """Label of the year that an annual form reports on, "2018-09/12m"; empty for other forms."""
    dollar: str = "USD"
    """The currency that a bare "$" stands for: "AUD" in accounts presented in Australian dollars."""

    @property
    def is_annual(self) -> bool:
        """True for a form that reports on one whole year."""
        return self.form in _ANNUAL


def cover_of(text: str) -> Cover | None:
    """The cover of a document, at its start or behind what is bound before it; None for one that is neither a filing nor accounts."""
    named = _EXACT_NAME.search(text, 0, _BOUND_BEFORE)
    head = text[:COVER] if named is None else text[max(0, named.start() - COVER // 2) : named.end() + COVER // 2]
    form = _FORM.search(head)
    if form is None:
        return _accounts(text)
    named, kind = _REGISTRANT.search(head) or _NUMBERED.search(head), form[1].upper()
    year = _year(_YEAR, head) if kind in _ANNUAL else ""
    name = without_form(named[1]) if named and not _NO_NAME.search(named[1]) else ""
    return Cover(form=kind, registrant=name, year=year, dollar="USD" if kind in _IN_US_DOLLARS else _dollar(text))


def _accounts(text: str) -> Cover | None:
    """What an auditor's report says of the accounts that it is on; None without one. No name where it is on several companies'."""
    names: dict[str, str] = {}
    year = ""
    for report in _AUDITOR.finditer(text):
        addressed = _ADDRESSED.search(text, report.start(), report.end() + _ADDRESSED_WITHIN)
        if addressed is not None:
            name = without_form(till_form(addressed[1]))
            names.setdefault(name.lower(), name)
            year = year or _year(_OF_YEAR, text[report.start() : report.end() + _YEAR_WITHIN])
    if not names:
        return Cover(form=ACCOUNTS, registrant="", year="", dollar=_dollar(text)) if _is_accounts(text) else None
    name = next(iter(names.values())) if len(names) == 1 else ""
    return Cover(form=AUDITED, registrant=name, year=year, dollar=_dollar(text))


def _is_accounts(text: str) -> bool:
    return len(list(islice(_NOTES.finditer(text), _FEWEST_NOTES))) == _FEWEST_NOTES


def _dollar(text: str) -> str:
    """The dollars that a paper says most often it is presented in."""
    said = Counter(match[1].lower() for match in _DOLLARS.finditer(text)).most_common(1)
    return _CURRENCIES.get(said[0][0], "USD") if said else "USD"


def _year(said: re.Pattern[str], text: str) -> str:
    """The label of the year that a cover names; empty for none and for one that is not read."""
    match = said.search(text)
    periods = find_periods(" ".join(match[1].replace(":", "").split())) if match else ()
    return periods[0].label if len(periods) == 1 else ""


def is_on(market: str, cover: Cover, *, source: Source) -> bool:
    """Whether a topic's market is a filing's company: its name, the beginning of it, or words that begin with it ("Boeing deliveries");
    where the cover does not tell its name, by title and file's name."""
    if not cover.registrant:
        return squeeze(market)[0] in squeeze(_called(source))[0]
    asked, owner = (without_form(name).lower().split() for name in (market, cover.registrant))
    shorter = min(len(asked), len(owner))
    return shorter > 0 and asked[:shorter] == owner[:shorter]


def is_named(owner: str, source: Source, text: str) -> bool:
    """True for a company that a document, its title, its file's name or its cover names, however these space and punctuate it."""
    if owner in text:
        return True
    return squeeze(owner)[0] in squeeze(f"{_called(source)} {text[:COVER]}")[0]


def _called(source: Source) -> str:
    return f"{source.title} {source.path.rpartition('/')[2]}"
