"""Subject documents: a family of documents that differ in what each is about, such as one report a district.

The titles of a family share most words; what only one title has is that document's subject ("Beige Book 2018-12: Boston District" is about
Boston). A sentence that names the subject of another document of the family is that document's business: it is not used from here.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from rag.patterns import regex
from rag.report.legal import without_form
from rag.text import STOPWORDS
from rag.types import Source

_TOKEN = regex(r"[^\W\d_][\w.’'-]*")
_CALENDAR = frozenset(
    (
        "january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct "
        "nov dec q1 q2 q3 q4 h1 h2 first second third fourth quarter half spring summer autumn winter edition version draft final revised "
        "updated"
    ).split()
)
SMALLEST_FAMILY = 3


def subjects(sources: Sequence[Source]) -> dict[str, str]:
    """Document id -> the name that only its title has, for each document of a family of three or more."""
    titles = {source.document: _words(source.title) for source in sources}
    named: dict[str, str] = {}
    for document, words in titles.items():
        family = [other for key, other in titles.items() if key != document and _alike(words, other)]
        if len(family) + 1 < SMALLEST_FAMILY:
            continue
        frequency = Counter(word for other in family for word in set(other))
        common = {word for word in words if frequency[word] >= len(family) / 2}
        own = _longest_run([None if word in common else word for word in words])
        if (name := without_form(own)) and name[0].isupper():
            named[document] = name
    counts = Counter(named.values())
    return {document: name for document, name in named.items() if counts[name] == 1}


def _words(title: str) -> list[str]:
    return [word.strip(".") for word in _TOKEN.findall(title) if word.lower().strip(".") not in _CALENDAR | STOPWORDS]


def _alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """True when the titles share at least two words and at least half of the longer one's."""
    shared = len(set(one) & set(other))
    return shared >= 2 and 2 * shared >= max(len(set(one)), len(set(other)))


def _longest_run(words: Sequence[str | None]) -> str:
    runs: list[list[str]] = [[]]
    for word in words:
        if word is None or not word[0].isupper():
            runs.append([])
        else:
            runs[-1].append(word)
    longest = max(range(len(runs)), key=lambda at: len(runs[at]))
    return " ".join(runs[longest])


class SubjectRule:
    """Tells whether a sentence may be used from a document."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._patterns = {document: _pattern(name) for document, name in names.items()}
        self._any = re.compile("|".join(f"(?:{_pattern(name).pattern})" for name in sorted(names.values()))) if names else None

    def others_named(self, sentence: str, *, document: str) -> bool:
        """True when the sentence names another document's subject; always False for a document outside any family."""
        if self._any is None or document not in self._patterns or not self._any.search(sentence):
            return False
        return any(key != document and pattern.search(sentence) for key, pattern in self._patterns.items())


def _pattern(name: str) -> re.Pattern[str]:
    """The name as a whole word, "St. Louis" for "St Louis" too."""
    return re.compile(r"(?<!\w)" + r"\.?\s".join(re.escape(word) for word in name.split(" ")) + r"(?!\w)")
