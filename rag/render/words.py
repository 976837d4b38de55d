"""The fixed words and forms of a printed report: dates, numbers, labels."""

import re
from datetime import date
from decimal import Decimal

from rag.patterns import regex
from rag.types import Source

_MONTHS = "January February March April May June July August September October November December".split()

_MONTH = regex(rf"\b(?:{'|'.join(_MONTHS)})\b")

DIRECTIONS = {
    "up": ("↑", "rising"),
    "down": ("↓", "falling"),
    "flat": ("→", "flat"),
    "mixed": ("⇅", "mixed"),
    "reversing": ("↶", "reversing"),
    "none": ("", ""),
}
"""Direction -> (arrow, word). The word is always printed beside the arrow."""

VERDICTS = {
    "supported": ("✓", "supported", "every check on this sentence passed"),
    "partial": ("◐", "partly supported", "the quotes carry a part of this sentence"),
    "unsupported": ("✗", "not supported", "no quote carries this sentence"),
    "contradicted": ("✗", "contradicted", "a quote says the opposite"),
    "unchecked": ("?", "not checked", "the checks could not decide"),
}
"""Verdict -> (sign, words, meaning)."""

KINDS = {"fact": "", "source_opinion": "source’s view", "forecast": "forecast", "inference": "inference", "calc": "computed"}
"""Kind of claim -> label printed before it; a plain fact has none."""

CONFLICTS = {
    "value": "Different values",
    "unit": "Different units",
    "scope": "Different scope",
    "definition": "Different definitions",
    "superseded": "Superseded",
}

COVERAGE = {
    "cited": "Cited",
    "retrieved": "Retrieved, not cited",
    "never_retrieved": "Never retrieved",
    "failed": "Failed",
}

GATES = {
    "B1": "cited",
    "B2": "references resolve",
    "B3": "quote is on the page",
    "B4": "numbers are in the quote",
    "B5": "words are in the quote",
    "B6": "verbatim",
    "B7": "negation agrees",
    "B8": "quote length",
    "B9": "no repetition",
    "B10": "quote not overused",
    "B11": "diverse sources",
    "B12": "counts",
    "B13": "direction",
    "B14": "confidence",
    "B15": "conflicts shown",
    "B16": "direction words",
    "B17": "no novel run of words",
    "B18": "period agrees",
    "B19": "no machine chatter",
    "B20": "wording of uncertainty",
}

COUNTS = {
    "documents": "documents in the library",
    "failed": "documents that failed",
    "chunks": "passages in the library",
    "queries": "questions asked of it",
    "passages": "passages retrieved",
    "sentences": "sentences read",
    "facts": "facts found",
    "claims": "sentences printed",
    "evidence": "quotes",
    "cards": "trend cards",
    "conflicts": "disagreements and replaced figures",
    "gaps": "gaps",
    "written": "sentences worded by the model",
    "repaired": "of those, repaired after a failed check",
    "replaced": "sentences of the model replaced by quotation",
    "left_out": "quotations that the model left out",
    "judged": "written sentences that the checker judged",
    "doubted": "of those, doubted and replaced by quotation",
    "unjudged": "of those, that it could not judge",
    "dropped": "sentences left out because a check failed",
}

GLOSSARY = (
    ("Claim", "A sentence of this report. Each has a number, its quotes and a verdict."),
    ("Quote", "Words copied from a document, character for character, with the page they stand on."),
    ("Verdict", "What the checks found: " + "; ".join(f"{words} ({meaning})" for _, words, meaning in VERDICTS.values()) + "."),
    (
        "Confidence",
        "Low, medium or high, computed from how many independent sources there are, how many agree and how new they are. "
        "One source is always low.",
    ),
    ("Computed", "A number worked out from quoted numbers; the formula and its inputs are printed."),
    ("Inference", "A sentence that no source states; treat it as opinion."),
    ("Gap", "A question that the documents do not answer, or that one source alone answers."),
)
"""(term, meaning)."""


def long_date(day: date | None) -> str:
    """ "30 September 2026"; empty for None."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else ""


def short_month(day: date) -> str:
    """ "Sep 2026"."""
    return f"{_MONTHS[day.month - 1][:3]} {day.year}"


def printed(number: Decimal, *, places: int | None = None) -> str:
    """With thousands separators and a real minus sign; ``places`` decimals, or as many as it has."""
    text = f"{number:,f}" if places is None else f"{number:,.{places}f}"
    return text.replace("-", "−")


_POINTS_BACK = regex(r"(?:For |In |On |At )?(?:The|This|These|That|Those|It|They|He|She|There|Its|Their|Both|Such)\b", re.IGNORECASE)
_NAME = regex(r"(?<=\s)[“\"(]?[A-Z][\w.’'-]*[a-z]")


def names_nothing(text: str) -> bool:
    """True for a sentence that points back to what its document spoke of and holds no name of its own: "The pilot stores 6 MWh."."""
    return _POINTS_BACK.match(text) is not None and not _NAME.search(_MONTH.sub("", text))


_FORM = regex(r"\b(10|20|40|6|8)(K|Q|F)\b")
_ANSWERED = regex(r"^(?:(?:re|aw|fwd?|wg|sv|vs|tr|rv|antw)\s?: *)+", re.IGNORECASE)
_CURRENCY_GAP = regex(r"(?<=[$€£¥])\s+(?=\d)")


def printed_title(source: Source) -> str:
    """The title; one that is only a file's name is spelt out: "AMD 2015 10-K" for "AMD_2015_10K". A mail's "Re: Fw:" goes."""
    title = _ANSWERED.sub("", clean(source.title)) or clean(source.title)
    return _FORM.sub(r"\1-\2", title.replace("_", " ")) if "_" in title and " " not in title else title


def figured(text: str) -> str:
    """A text of figures as a table's cells print them, their currency signs close to the number."""
    return _CURRENCY_GAP.sub("", clean(text))


_UNPRINTABLE = regex("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")
_INVISIBLE = regex("[\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")


def clean(text: str) -> str:
    """Foreign text made fit to print, on one line.

    Control characters and halves of surrogate pairs become U+FFFD. Characters that change the direction of what follows, and
    invisible ones that can carry hidden text, are dropped: the JSON keeps them.
    """
    return " ".join(_UNPRINTABLE.sub("\ufffd", _INVISIBLE.sub("", text).replace("\r", "\n").replace("\f", "\n")).split())
