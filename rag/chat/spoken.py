"""Whose words a sentence is: its document's, or those of whoever has the word there, where the document is the record of a talk."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rag.patterns import regex
from rag.remembered import remembered
from rag.text import words

LEAST_TURNS = 4
"""Of a talk's record: fewer lines that begin so are headings."""
_TURN = regex(r"(?m)^[ \t]*((?:[A-Z][A-Z.’'-]*[ ]){1,4}[A-Z][A-Z’'-]+)[.:]\s")
"""A line that begins with "CHAIR YELLEN. " or "STEVE LIESMAN: "."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    """Who has the word where in a document; empty where it is no record of a talk."""

    starts: tuple[int, ...]
    """Where each turn begins, in text order."""
    names: tuple[str, ...]
    """As printed."""

    def at(self, place: int) -> str:
        """Who has the word there; empty before the first turn."""
        turn = bisect_right(self.starts, place) - 1
        return self.names[turn] if turn >= 0 else ""


def talk_of(text: str) -> Talk:
    """The turns of a document's text."""
    found = [(match.start(), match[1]) for match in _TURN.finditer(text)]
    if len(found) < LEAST_TURNS or len({name for _, name in found}) < 2:
        found = []
    return Talk(starts=tuple(start for start, _ in found), names=tuple(name for _, name in found))


def share_spoken(speakers: Sequence[str], *, said_of_document: str, turn: str) -> float:
    """The largest share of a name in ``speakers`` that whoever has the word by ``turn`` has, or else what a document says of itself."""
    return max((_share(name, turn or said_of_document) for name in speakers), default=0.0)


def _share(name: str, text: str) -> float:
    parts = _parts(name)
    return len(parts & _parts(text)) / len(parts) if parts else 0.0


@remembered(8_192)
def _parts(text: str) -> frozenset[str]:
    return frozenset(word.lower().removesuffix("'s").removesuffix("’s") for word in words(text))
