"""A question as an FTS5 expression."""

from rag.text import STOPWORDS, words

MOST_WORDS = 256
"""Beyond this many different words a question is a document, and SQLite's expression depth (1,000) comes into sight."""


def telling_words(question: str) -> list[str]:
    """The question's different words, lower case, in order. Stop words are left out unless there is nothing else."""
    found = list(dict.fromkeys(word.lower() for word in words(question)))
    return ([word for word in found if word not in STOPWORDS] or found)[:MOST_WORDS]


def match_expression(question: str) -> str:
    """The question's words, any of them: no FTS syntax in it survives. Empty when it has no words."""
    return " OR ".join(map(quoted, telling_words(question)))


def quoted(word: str) -> str:
    """One word as FTS5 takes it literally."""
    return f'"{word}"'
