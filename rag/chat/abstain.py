"""When the documents do not say. Explicit rules over words, names, periods and values; no cosine, so they hold for any embedder.

The two figures were chosen on the tune half of docs/evaluation-chat.md, which says what else was tried.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from rag.chat.choose import BROADER, UNTOLD, Option, is_fiscal
from rag.chat.question import OF_FIGURES, YEAR, Asked, telling
from rag.closeness import closeness
from rag.numbers import period_order, period_words
from rag.patterns import regex
from rag.remembered import remembered
from rag.report.wording import Vocabulary
from rag.text import content_stems, squeeze, words
from rag.types import Passage, Source

LEAST_CLOSE = 0.073
"""Closeness of the best passage to the question below which it is about something else."""
MOST_STRANGERS = 0.5
"""Share of the names asked for, standing in no passage, from which on the passages are about others."""

_TELLING = regex(r"[^\W\d_]{2}|\d{3}")
"""In a word that can be looked for: "2" and "x" stand everywhere."""


_OF_NOTHING = frozenset(
    content_stems(
        "change changed increase increased decrease decreased difference growth grow grew decline declined rise rose fall fell average "
        "total amount figure number value percentage percent share much many long compare compared it its they them their that this "
        "these those one ones year quarter month before earlier later previous say says said speak speaks spoke spoken talk talks talked "
        "mention mentions mentioned discuss discusses discussed source sources agree disagree reason cause happen happened"
    )
)
"""Stems of words that ask, or stand for what was spoken of, and name nothing themselves."""


def asks_of_nothing(asked: Asked) -> bool:
    """True for "What was the change?", "And in 2024?" or "Why?" where no chat says of what."""
    return not asked.names and not {stem for stem in content_stems(asked.apart_from_periods) if _TELLING.search(stem)} - _OF_NOTHING


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
    if not passages:
        return "nothing in this scope comes near the question"
    said = " ".join(measures)
    names = telling([name for name in asked.names if name not in said], vocabulary=vocabulary)
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
    matter = [name for name in asked.names if name not in (*asked.speakers, *measures)]
    matter = telling(matter, vocabulary=vocabulary) if asked.speakers else names
    if matter and len(unknown_names(matter, passages=cited)) == len(matter):
        return f"what comes nearest is not about {_listed(matter)}"
    if asked.wants in OF_FIGURES and not any(option.value for option in chosen):
        return f"the passages found speak of it, but give no {'date' if asked.wants == 'date' else 'figure'}"
    if asked.is_of_the_past and all(_is_before(passage.source, asked.labels) for passage in cited):
        return f"what comes nearest was published before {_listed([period_words(label) for label in sorted(asked.labels)])}"
    if asked.labels and any(option.period < UNTOLD for option in chosen) and not any(option.period > BROADER for option in chosen):
        return _not_for(asked.labels)
    if asked.labels and not any(_speaks_of(year, passage) for label in asked.labels for year in _years(label) for passage in passages):
        return _not_for(asked.labels)
    return ""


def doubt(asked: Asked, chosen: Sequence[Option], *, passages: Sequence[Passage]) -> str:
    """What speaks against an answer whose passages hold the question's names alone, in words; empty for any other.

    It may be right in other words ("turnover" for revenue), unless the question is who.
    """
    if not asked.names or any(option.on_statement or option.metric for option in chosen):
        return ""
    said = words(asked.matter) if asked.matter else words(asked.text)
    told = [
        word
        for word in words(asked.content)
        if word in said and any(_TELLING.search(stem) for stem in set(content_stems(word)) - _OF_NOTHING)
    ]
    held = {stem for option in chosen for stem in content_stems(_all(passages[option.rank]))}
    if not told or asked.content == asked.text or any(held.intersection(content_stems(word)) for word in told):
        return ""
    return f"none of the passages cited has {_listed(told)}"


def _not_for(labels: Collection[str]) -> str:
    return f"the passages found speak of it, but not for {_listed([period_words(label) for label in sorted(labels)])}"


def _is_before(source: Source, labels: Collection[str]) -> bool:
    """Whether a document was published before the years of all periods; a fiscal year may begin in the year before its number."""
    begins = min((period_order(label)[0] - is_fiscal(label) for label in labels), default=0)
    return source.published_from != "mtime" and source.published.year < begins


def _years(label: str) -> list[str]:
    """A label without a year could be any."""
    return YEAR.findall(label) or [""]


def _speaks_of(year: str, passage: Passage) -> bool:
    """Whether a passage names a year or is of it or of the year after, when a document tells of the last year."""
    published = passage.source.published.year
    return year in _all(passage) or year in (str(published), str(published - 1))


def nearness(asked: Asked, passages: Sequence[Passage], *, holders: Mapping[str, int], among: int) -> float:
    """Closeness of the best passage to the question, 0 and up."""
    return max(closeness(asked.text, [passage.chunk for passage in passages], holders=holders, among=among), default=0.0)


def unknown_names(names: Sequence[str], *, passages: Sequence[Passage]) -> list[str]:
    """The names that no passage nor its source has: no word of it with a capital or a digit, nor its first in lower case, nor all of it
    written otherwise ("Coca-Cola" for "Coca Cola")."""
    spelt = [_spelt(_all(passage)) for passage in passages] if names else []
    as_names, anyhow = frozenset[str]().union(*(one for one, _ in spelt)), frozenset[str]().union(*(other for _, other in spelt))
    strangers = [name for name in names if not as_names & _parts(name) and words(name)[0].lower() not in anyhow]
    everything = " ".join(_all(passage) for passage in passages) if strangers else ""
    return [name for name in strangers if not _stands_in(everything, name)]


def _parts(name: str) -> set[str]:
    """Its words, and those that a hyphen joins: "Asia-Europe" names two."""
    joined = {part for word in words(name) for part in word.lower().split("-") if part.isalpha() and len(part) > 2}
    return {_bare(word) for word in words(name)} | joined


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
