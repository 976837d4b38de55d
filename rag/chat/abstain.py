"""When the documents do not say. Explicit rules over words, names, periods and values; no cosine, so they hold for any embedder.

The thresholds were chosen on the tune halves of docs/evaluation-chat.md, which says what else was tried.
"""

from collections.abc import Mapping, Sequence

from rag.chat.choose import Option
from rag.chat.question import Asked
from rag.closeness import closeness
from rag.numbers import period_words
from rag.text import words
from rag.types import Passage

LEAST_CLOSE = 0.07
"""Closeness of the best passage to the question below which it is about something else."""
_SCOPE = "no document in this scope holds anything near the question"
_NO_SENTENCE = "the passages found hold no whole sentence or labelled figure that could answer"


def reason_to_abstain(
    asked: Asked, chosen: Sequence[Option], *, passages: Sequence[Passage], holders: Mapping[str, int], among: int
) -> str:
    """Why the evidence does not answer, in words; empty when it does."""
    if not passages:
        return _SCOPE
    if strangers := unknown_names(asked, passages=passages, holders=holders):
        return f"no passage found names {_listed(strangers)}"
    if nearness(asked, passages, holders=holders, among=among) < LEAST_CLOSE:
        return "the nearest passages share too few of the question's words to be about it"
    if not chosen:
        return _NO_SENTENCE
    if asked.wants in ("number", "share", "date") and not any(option.has_value for option in chosen):
        thing = "date" if asked.wants == "date" else "figure"
        return f"the passages found speak of it, but none gives a {thing}"
    if asked.labels and all(option.period < 0 for option in chosen):
        return f"the passages found speak of it, but not for {_listed([period_words(label) for label in sorted(asked.labels)])}"
    return ""


def nearness(asked: Asked, passages: Sequence[Passage], *, holders: Mapping[str, int], among: int) -> float:
    """Closeness of the best passage to the question, 0 and up."""
    return max(closeness(asked.text, [passage.chunk for passage in passages], holders=holders, among=among), default=0.0)


def unknown_names(asked: Asked, *, passages: Sequence[Passage], holders: Mapping[str, int]) -> list[str]:
    """The names asked for of which no word stands in any passage or its source."""
    held = {word.lower() for passage in passages for word in words(_all(passage))}
    held |= {word.removesuffix("'s").removesuffix("’s") for word in held}
    return [name for name in asked.names if not any(part.lower() in held for part in words(name))]


def _all(passage: Passage) -> str:
    source = passage.source
    return f"{source.title} {source.author} {source.publisher} {passage.chunk.embedded_text}"


def _listed(names: Sequence[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
