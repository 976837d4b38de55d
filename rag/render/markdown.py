"""Text that Markdown prints as it is: nothing in it becomes markup, a link, an image, a table border or a footnote."""

import re

from rag.patterns import regex

_DOMAINS = "biz|com|edu|gov|net|org|pro|web|xxx|aero|asia|coop|info|museum|name|shop|рф|[a-z]{2}"
_ADDRESS = regex(
    r"(?:\b(?:[a-z][a-z0-9+.-]*://|(?:mailto|javascript|vbscript|data|file|tel):(?=[\w/+%'\"])|www\.)|//(?=\w))[^\s`|<>\\]*"
    r"|[\w.+%-]{1,64}@[\w.-]*\w"
    rf"|\b(?:[\w-]{{1,63}}/){{0,9}}(?:[\w-]{{1,63}}\.){{1,9}}(?:{_DOMAINS})\b(?:/[^\s`|<>\\]*)?",
    re.IGNORECASE,
)
"""What some renderer makes a link of: schemes, www, mail addresses, bare domains with the path before them. Bounds keep it linear."""

_SPECIAL = regex(r"[\\`*_\[\]<|~]|&(?=#?\w+;)|!$")  # "!" at the end would make a picture of the footnote behind it
_BLANK = regex(r"\n(?:[ \t]*\n){2,}")
_SPACE = regex(r"\s+")
_OPENING = regex(r" ?(?:[#>]|[-+](?=[\s\-+]|$)|=+$|(?P<number>\d{1,9})(?=[.)](?:\s|$)))")


def escape(text: str) -> str:
    """The text on one line; addresses as code, which no renderer links; everything else as plain words."""
    line = _SPACE.sub(" ", text)
    parts: list[str] = []
    at = 0
    for match in _ADDRESS.finditer(line):
        parts += (_plain(line[at : match.start()]), f"`{match[0]}`")
        at = match.end()
    return _opened("".join((*parts, _plain(line[at:]))))


def tidy(text: str) -> str:
    """One blank line where a template left several, and one line end at the end."""
    return _BLANK.sub("\n\n", text).strip("\n") + "\n"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _opened(line: str) -> str:
    """The line with a first character that cannot begin a heading, list, quote or rule."""
    match = _OPENING.match(line)
    if match is None:
        return line
    at = match.end() if match["number"] else match.end() - len(match[0].lstrip())
    return f"{line[:at]}\\{line[at:]}"
