"""When the documents do not say. Explicit rules over words, names, periods and values; no cosine, so they hold for any embedder.

The two figures were chosen on the tune half of docs/evaluation-chat.md, which says what else was tried.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from rag.chat.choose import Option
from rag.chat.question import Asked
from rag.closeness import closeness
from rag.numbers import period_words
from rag.remembered import remembered
from rag.report.wording import Vocabulary
from rag.text import content_stems, squeeze, words
from rag.types import Passage

LEAST_CLOSE = 0.073
"""Closeness of the best passage to the question below which it is about something else."""
MOST_STRANGERS = 0.5
"""Share of the names asked for, standing in no passage, from which on the passages are about others."""

_ABBREVIATION = 6
"""Capitals at most that are an abbreviation."""
_TELLING = re.compile(r"[^\W\d_]{2}|\d{3}")
"""In a word that can be looked for: "2" and "x" stand everywhere."""
_YEAR = re.compile(r"(?:19|20)\d\d")


def reason_to_abstain(
    asked: Asked,
    chosen: Sequence[Option],
    *,
    passages: Sequence[Passage],
    holders: Mapping[str, int],
    among: int,
    vocabulary: Vocabulary,
    measures: Sequence[str] = (),
) -> str:
    """Why the evidence does not answer, in words; empty when it does. ``measures``: how the question names what is computed from lines."""
    if not (asked.names or any(_TELLING.search(stem) for stem in content_stems(asked.apart_from_periods))):
        return "the question names nothing to look for"
    if not passages:
        return "nothing in this scope comes near the question"
    said = " ".join(measures)
    names = _telling([name for name in asked.names if name not in said], vocabulary)
    strangers = unknown_names(names, passages=passages)
    if strangers and len(strangers) >= MOST_STRANGERS * len(names):
        return f"no passage found names {_listed(strangers)}"
    held = any(count for word, count in holders.items() if _TELLING.search(word))
    if any(option.on_statement for option in chosen):
        return ""
    if not held or nearness(asked, passages, holders=holders, among=among) < LEAST_CLOSE:
        return "the nearest passages share too few of the question's words to be about it"
    if not chosen:
        return "the passages found hold no whole sentence or labelled figure that could answer"
    cited = [passages[option.rank] for option in chosen]
    if names and len(unknown_names(names, passages=cited)) == len(names):
        return f"what comes nearest is not about {_listed(names)}"
    if asked.wants in ("number", "share", "date") and not any(option.value for option in chosen):
        return f"the passages found speak of it, but give no {'date' if asked.wants == 'date' else 'figure'}"
    if asked.labels and any(option.period < 0 for option in chosen) and not any(option.period > 0 for option in chosen):
        return _not_for(asked.labels)
    if asked.labels and not any(_speaks_of(year, passage) for label in asked.labels for year in _years(label) for passage in passages):
        return _not_for(asked.labels)
    return ""


def doubt(asked: Asked, chosen: Sequence[Option], *, passages: Sequence[Passage]) -> str:
    """A note for an answer whose passages hold the question's names alone, in words; empty for any other.

    It may be right in other words ("turnover" for revenue), so it is shown; where the documents do not say, it stands beside the point.
    """
    if not asked.names or any(option.on_statement or option.metric for option in chosen):
        return ""
    told = [word for word in words(asked.content) if any(_TELLING.search(stem) for stem in content_stems(word))]
    held = {stem for option in chosen for stem in content_stems(_all(passages[option.rank]))}
    if not told or asked.content == asked.text or any(held.intersection(content_stems(word)) for word in told):
        return ""
    return f"none of the passages cited has {_listed(told)}: the sentences are the nearest there are, and may not answer"


def _not_for(labels: Collection[str]) -> str:
    return f"the passages found speak of it, but not for {_listed([period_words(label) for label in sorted(labels)])}"


def _years(label: str) -> list[str]:
    """A label without a year could be any."""
    return _YEAR.findall(label) or [""]


def _speaks_of(year: str, passage: Passage) -> bool:
    """Whether a passage names a year or is of it or of the year after, when a document tells of the last year."""
    published = passage.source.published.year
    return year in _all(passage) or year in (str(published), str(published - 1))


def _telling(names: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    """The names but for metrics ("EBIT"), and for abbreviations where there are others: a document may spell them out."""
    real = [name for name in names if not vocabulary.named(name)]
    return [name for name in real if not (name.isupper() and len(name) <= _ABBREVIATION)] or real


def nearness(asked: Asked, passages: Sequence[Passage], *, holders: Mapping[str, int], among: int) -> float:
    """Closeness of the best passage to the question, 0 and up."""
    return max(closeness(asked.text, [passage.chunk for passage in passages], holders=holders, among=among), default=0.0)


def unknown_names(names: Sequence[str], *, passages: Sequence[Passage]) -> list[str]:
    """The names that no passage nor its source has: no word of it with a capital or a digit, nor its first in lower case, nor all of it
    written otherwise ("Coca-Cola" for "Coca Cola")."""
    spelt = [_spelt(_all(passage)) for passage in passages] if names else []
    as_names, anyhow = frozenset[str]().union(*(one for one, _ in spelt)), frozenset[str]().union(*(other for _, other in spelt))
    strangers = [name for name in names if not as_names & {_bare(part) for part in words(name)} and words(name)[0].lower() not in anyhow]
    everything = " ".join(_all(passage) for passage in passages) if strangers else ""
    return [name for name in strangers if not _stands_in(everything, name)]


def _stands_in(text: str, name: str) -> bool:
    """Whether the name's letters and digits stand there as whole words, whatever is between them."""
    letters = r"[\W_]*".join(map(re.escape, squeeze(name)[0]))
    return re.search(rf"(?<![^\W_]){letters}(?:[’']s)?(?![^\W_])", text, re.IGNORECASE) is not None


@remembered(4_096)
def _spelt(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """(the words with a capital or a digit, bare; all words in lower case)."""
    found = words(text)
    return frozenset(_bare(word) for word in found if not word.islower()), frozenset(word.lower() for word in found)


def _bare(word: str) -> str:
    return word.lower().removesuffix("'s").removesuffix("’s")


def _all(passage: Passage) -> str:
    source = passage.source
    return f"{source.title} {source.path} {source.author} {source.publisher} {passage.chunk.embedded_text}"


def _listed(names: Sequence[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
