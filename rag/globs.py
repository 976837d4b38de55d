"""Patterns for paths: ``*`` within a name, ``**`` across folders, ``?`` one character; one without "/" is about names at any depth."""

import re
from collections.abc import Callable, Sequence
from functools import cache

from rag.patterns import regex

_PIECES = regex(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]|[^*?\[]+|\[")


def chooser(*, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Callable[[str], str]:
    """Path -> why it is left out, empty when it is not. With ``include`` a path must match one of them; ``exclude`` wins."""

    def why(path: str) -> str:
        for pattern in exclude:
            if matches(path, pattern):
                return f'left out by exclude = "{pattern}" in rag.toml'
        if include and not any(matches(path, pattern) for pattern in include):
            return "left out: it matches no pattern of include in rag.toml"
        return ""

    return why


def matches(path: str, pattern: str) -> bool:
    """``path`` relative to its folder, "/" as separator. "drafts" and "drafts/" stand for a folder and all below it."""
    return bool(_compiled(pattern).fullmatch(path))


@cache
def _compiled(pattern: str) -> "re.Pattern[str]":
    bare = pattern.strip("/")
    anywhere = "" if "/" in bare else "(?:.*/)?"
    return re.compile(anywhere + "".join(map(_translated, _PIECES.findall(bare))) + "(?:/.*)?", re.IGNORECASE | re.DOTALL)


def _translated(piece: str) -> str:
    if piece == "**/":
        return "(?:.*/)?"
    if piece == "**":
        return ".*"
    if piece == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if piece.startswith("[") and len(piece) > 1:
        return "[" + piece[1:-1].replace("\\", r"\\").replace("!", "^", 1) + "]"
    return re.escape(piece)
