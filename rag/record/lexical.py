"""A question as an FTS5 expression."""

from rag.text import STOPWORDS, words

MOST_WORDS = 256
"""Beyond this many different words a question is a document, and SQLite's expression depth (1,000) comes into sight."""


def match_expression(question: str) -> str:
    """The question's words, each quoted, any of them: no FTS syntax in it survives. Empty when it has no words.

    Stop words are left out unless there is nothing else.
    """
    found = list(dict.fromkeys(word.lower() for word in words(question)))
    telling = [word for word in found if word not in STOPWORDS] or found
    return " OR ".join(f'"{word}"' for word in telling[:MOST_WORDS])
