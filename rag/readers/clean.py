"""Text as a person sees it: one normal form, no characters that can't be seen."""

import re
import unicodedata
from typing import TYPE_CHECKING

from rag.patterns import regex

if TYPE_CHECKING:
    from lxml.etree import _Element

_INVISIBLE = regex(
    "[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f"  # control characters; tabs and line ends stay
    "\u00ad\u200b\u2060-\u2064\ufeff"  # soft hyphen, zero-width space, word joiner, byte order mark
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # writing direction marks
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # lone surrogates and noncharacters
    "\U000e0000-\U000e007f]"  # tag characters: text nobody can see
)
_ODD = regex(
    "[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u00ad\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u2064\u2066-\u2069\u3000"
    "\ud800-\udfff\ufb00-\ufb06\ufdd0-\ufdef\ufeff\ufffe\uffff\U000e0000-\U000e007f]"
)
"""All that ``clean`` changes besides making NFC of it: invisible characters and the four kinds below."""
_TERMINAL = regex(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""Colours and moves of a terminal (ECMA-48)."""
_LINE_END = regex("\r\n?|[\u000b\u000c\u0085\u2028\u2029]")
_SPACE = regex("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_PADDED_LINE_END = regex(r" *\n[ \n]*\n| +\n")
RAISED, LEVEL = "\ufdd0", "\ufdd1"
"""What readers put before and behind letters that are raised above the line, so that ``clean`` sees what stands around them."""
_RAISED = regex(f"{RAISED}([^{RAISED}{LEVEL}]*){LEVEL}")
_NOTE_NUMBERS = regex(r"[\[(]?\d{1,3}[\])]?(?:\s?[,;]?\s?[\[(]\d{1,3}[\])]|\s?[,;]\s?\d{1,3}[\])]?)*")
_NOTE_LETTER = regex(r"[\[(]?[b-df-np-z][\])]?")
"""Not a, e and o, which end numbers of an order in other languages, and are no scale: 12.5b and 12.5m would be."""
_EXPONENT = regex(r"[-\u2212\u2013+]?\d{1,3}")
_BASE = regex(r"(?<![\d.,])(?:10|2)$")
_SCALE = regex(r"\s?(?:%|per\s?cent|thousand|[mbt]r?illion|[bm]n\b)")
"""What follows a number that is no power."""
_WORD = regex(r"[^\W\d_]{3}")
_NUMBER_END = regex(r"[\d%]\s?$")
_NOTED = regex(r"[\d%)\].,;:!?\"\u201d\u2019'\u00bb]$|[^\W\d_]{4}$|[A-Z]{3}$")
"""What a note is on: a number, the end of a sentence, a word. Units that have a power are shorter words: km, ft."""
_EXPONENTS = str.maketrans("0123456789+-\u2212\u2013", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")
_LIGATURE = regex("[\ufb00-\ufb06]")
_LIGATURES = ("ff", "fi", "fl", "ffi", "ffl", "st", "st")
_NEAR = 12


def clean(text: str) -> str:
    """NFC; line ends are "\\n", all spaces " "; what is invisible and raised marks of notes are gone, ligatures are letters."""
    if not _ODD.search(text):  # most text
        return unicodedata.normalize("NFC", text)
    text = _LIGATURE.sub(lambda found: _LIGATURES[ord(found[0]) - 0xFB00], level(text))
    text = _LINE_END.sub("\n", text)
    text = _SPACE.sub(" ", text)
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _TERMINAL.sub("", text)))


def block_text(text: str) -> str:
    """Cleaned text of one block: no blank lines, no spaces at its ends or before a line end."""
    if text.isascii() and text.isprintable():  # most text: nothing to clean
        return text.strip(" ")
    cleaned = clean(text)
    return (_PADDED_LINE_END.sub("\n", cleaned) if "\n" in cleaned else cleaned).strip(" \n")


def one_line(text: str) -> str:
    """Cleaned text with every run of white space as one space."""
    if text.isascii() and text.isprintable():  # most text: nothing to clean
        return " ".join(text.split())
    return " ".join(clean(text).split())


def mark_raised(element: "_Element") -> None:
    """Marks an element's text as raised."""
    element.text = RAISED + (element.text or "")
    if len(element):
        element[-1].tail = (element[-1].tail or "") + LEVEL
    else:
        element.text += LEVEL


def level(text: str) -> str:
    """The text without marks around what is raised: a note's mark is left out, which read would be a digit of a number or a letter of a
    word; a power of ten is written as one; all else stays."""
    return _RAISED.sub(_read_level, text.replace(f"{LEVEL}{RAISED}", "")) if RAISED in text else text


def _read_level(raised: "re.Match[str]") -> str:
    said, (start, end) = raised[1].strip(), raised.span()
    before, after = raised.string[max(0, start - _NEAR) : start], raised.string[end : end + _NEAR]
    if _EXPONENT.fullmatch(said) and _is_base(before, said) and not _SCALE.match(after):
        return said.translate(_EXPONENTS)
    if not _NOTE_NUMBERS.fullmatch(said):
        return "" if _NOTE_LETTER.fullmatch(said) and _NUMBER_END.search(before) else raised[1]
    if after[:1] in ("/", "\u2044"):
        return f" {said}" if before[-1:].isdigit() else said  # a fraction
    if not before or before[-1].isspace():
        return f"{said} " if _WORD.match(after) else "" if before and not after[:1].isalnum() else raised[1]
    return "" if _NOTED.search(before) else raised[1]


def _is_base(before: str, exponent: str) -> bool:
    """True for ten, and for two where its power has more digits than most notes."""
    base = _BASE.search(before)
    return base is not None and (base[0] == "10" or len(exponent) > 1)
