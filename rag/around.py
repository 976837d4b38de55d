"""What stands around a passage: its neighbours, or the section it belongs to."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from rag.types import Chunk

Context: TypeAlias = Literal["none", "neighbours", "section"]
"""What is shown with a passage: nothing more, the passages before and after it, or its section."""

MOST = 8_000
"""Characters of a section; of a longer one, what is nearest to the passage."""


def span(chunks: Sequence[Chunk], at: int, *, context: Context) -> tuple[int, int]:
    """[start, end) in the document's text, for the passage ``chunks[at]`` of a document's chunks in order."""
    first = last = at
    if context == "neighbours":
        first, last = max(0, at - 1), min(len(chunks) - 1, at + 1)
    elif context == "section":
        first, last = _section(chunks, at)
    taken = chunks[first : last + 1]
    return min(chunk.start for chunk in taken), max(chunk.end for chunk in taken)


def _section(chunks: Sequence[Chunk], at: int) -> tuple[int, int]:
    """First and last chunk under the same headings, taken in turns from both sides as long as there is room."""
    first = last = at
    room = MOST - len(chunks[at].text)
    open_sides = {-1, 1}
    while open_sides:
        for side in sorted(open_sides):
            next_ = first - 1 if side < 0 else last + 1
            inside = 0 <= next_ < len(chunks) and chunks[next_].heading_path == chunks[at].heading_path
            if not inside or len(chunks[next_].text) > room:
                open_sides.discard(side)
                continue
            room -= len(chunks[next_].text)
            first, last = min(first, next_), max(last, next_)
    return first, last
