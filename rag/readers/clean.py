"""Text as a person sees it: one normal form, no characters that can't be seen."""

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f"  # control characters; tabs and line ends stay
    "\u00ad\u200b\u2060-\u2064\ufeff"  # soft hyphen, zero-width space, word joiner, byte order mark
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # writing direction marks
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # lone surrogates and noncharacters
    "\U000e0000-\U000e007f]"  # tag characters: text nobody can see
)
_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""Colours and moves of a terminal (ECMA-48)."""
_LINE_END = re.compile("\r\n?|[\u000b\u000c\u0085\u2028\u2029]")
_SPACE = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_PADDED_LINE_END = re.compile(r" *\n[ \n]*\n| +\n")
_WHITE = re.compile(r"\s+")


def clean(text: str) -> str:
    """NFC; line ends are "\\n", all spaces " "; invisible characters are gone."""
    text = _LINE_END.sub("\n", text)
    text = _SPACE.sub(" ", text)
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _TERMINAL.sub("", text)))


def block_text(text: str) -> str:
    """Cleaned text of one block: no blank lines, no spaces at its ends or before a line end."""
    if text.isascii() and text.isprintable():  # most text: nothing to clean
        return text.strip(" ")
    return _PADDED_LINE_END.sub("\n", clean(text)).strip(" \n")


def one_line(text: str) -> str:
    """Cleaned text with every run of white space as one space."""
    if text.isascii() and text.isprintable():  # most text: nothing to clean
        return " ".join(text.split())
    return _WHITE.sub(" ", clean(text)).strip()
