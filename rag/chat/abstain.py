"""When the documents do not say. Explicit rules over words, names, periods and values; no cosine, so they hold for any embedder.

The two figures were chosen on the tune half of docs/evaluation-chat.md, which says what else was tried.
"""

from collections.abc import Mapping, Sequence

from rag.chat.choose import Option
from rag.chat.question import Asked
from rag.closeness import closeness
from rag.numbers import period_words
from rag.report.wording import Vocabulary, tokens
from rag.text import words
from rag.types import Passage

LEAST_CLOSE = 0.065
"""Closeness of the best passage to the question below which it is about something else."""
MOST_STRANGERS = 0.5
"""Share of the names asked for, standing in no passage, from which on the passages are about others."""


def reason_to_abstain(
    asked: Asked,
    chosen: Sequence[Option],
    *,
    passages: Sequence[Passage],
    holders: Mapping[str, int],
    among: int,
    vocabulary: Vocabulary,
) -> str:
    """Why the evidence does not answer, in words; empty when it does."""
    if not passages:
        return "nothing in this scope comes near the question"
    names = [name for name in asked.names if not vocabulary.mentions(tokens(name))]
    strangers = unknown_names(names, passages=passages)
    if strangers and len(strangers) >= MOST_STRANGERS * len(names):
        return f"no passage found names {_listed(strangers)}"
    if nearness(asked, passages, holders=holders, among=among) < LEAST_CLOSE:
        return "the nearest passages share too few of the question's words to be about it"
    if not chosen:
        return "the passages found hold no whole sentence or labelled figure that could answer"
    if asked.wants in ("number", "share", "date") and not any(option.value for option in chosen):
        return f"the passages found speak of it, but give no {'date' if asked.wants == 'date' else 'figure'}"
    if asked.labels and all(option.period < 0 for option in chosen):
        return f"the passages found speak of it, but not for {_listed([period_words(label) for label in sorted(asked.labels)])}"
    return ""


def nearness(asked: Asked, passages: Sequence[Passage], *, holders: Mapping[str, int], among: int) -> float:
    """Closeness of the best passage to the question, 0 and up."""
    return max(closeness(asked.text, [passage.chunk for passage in passages], holders=holders, among=among), default=0.0)


def unknown_names(names: Sequence[str], *, passages: Sequence[Passage]) -> list[str]:
    """The names of which no word stands in any passage or its source as a name: with a capital or a digit."""
    held = {_bare(word) for passage in passages for word in words(_all(passage)) if not word.islower()}
    return [name for name in names if not any(_bare(part) in held for part in words(name))]


def _bare(word: str) -> str:
    return word.lower().removesuffix("'s").removesuffix("’s")


def _all(passage: Passage) -> str:
    source = passage.source
    return f"{source.title} {source.author} {source.publisher} {passage.chunk.embedded_text}"


def _listed(names: Sequence[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
