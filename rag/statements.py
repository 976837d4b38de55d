"""Questions that ask for a figure or a ratio of a financial statement, and the pages that print one.

"Is the quick ratio better than last year?" is answered by a balance sheet, which says none of these words. What asks for a statement and
what its lines are called stands in prompts/statements.toml.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag import assets, fields
from rag.errors import SettingsError
from rag.patterns import regex
from rag.remembered import Shelf, remembered
from rag.types import Document

FILE = "statements.toml"
"""TOML, since every search reads it: yaml alone takes longer to import."""
LEAST = 0.6
"""Share of a statement's lines from which a page prints it: the statements of 21 filings had .7 to 1.0, other pages hardly .5."""
TOP = 300
"""Characters of a page in which a statement's title stands."""
HEADED = 0.25
"""What its title counts beside the share of its lines: a small company's statement has few of them."""
NEARLY = 0.9
"""Of the fullest page: a summary or a discussion of it has fewer lines."""
BALANCE_SHEET = "balance_sheet"
"""The id of the statement that tells what there is on a day."""
_ABOUT = ("analysis", "discussion", "summary", "selected", "parent", "note", "index", "schedule", "reconciliation")
"""Before a title: the page speaks of the statement, or it is another's."""
_PAGES: Shelf[Mapping[str, tuple[int, ...]]] = Shelf(most=12_000_000)
"""By the very document; sizes in characters of its text."""
_WORD = regex(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One kind of financial statement."""

    id: str
    title: str
    asked: tuple[str, ...]
    """What a question says that asks for it."""
    lines: tuple[tuple[str, ...], ...]
    """What it prints; the wordings of each line."""
    titles: tuple[str, ...]
    """How it is headed, and how a question names it outright; its title where the file names none."""

    @property
    def words(self) -> str:
        """Something to search for it by: its title and the first wording of each line."""
        return " ".join((self.title, *(wordings[0] for wordings in self.lines)))


def statements(*, workspace: Path | None = None) -> tuple[Statement, ...]:
    """Of prompts/statements.toml, the workspace's own where it has one. Raises SettingsError naming file and key."""
    path, file = assets.find("prompts", FILE, workspace=workspace), f"prompts/{FILE}"
    try:
        data = fields.mapping(tomllib.loads(path.read_text(encoding="utf-8")), needed=("statements",), at=file)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file} cannot be read as TOML: {error}; correct or remove {path}") from error
    made = [_statement(item, at=f"{file}: statements[{i}]") for i, item in enumerate(fields.items(data["statements"], at=file))]
    fields.refuse_twice([statement.id for statement in made], at=f"{file}: statements")
    return tuple(made)


def _statement(item: Any, *, at: str) -> Statement:
    data = fields.mapping(item, needed=("id", "title", "asked", "lines"), allowed=("titles",), at=at)
    lines = fields.texts(data["lines"], at=f"{at}.lines")
    if not lines:
        raise SettingsError(f"{at}.lines is empty; name the lines that the statement prints")
    return Statement(
        id=fields.identifier(data["id"], at=f"{at}.id"),
        title=fields.text(data["title"], at=f"{at}.title"),
        asked=fields.texts(data["asked"], at=f"{at}.asked"),
        lines=tuple(tuple(wording.strip() for wording in line.split("|")) for line in lines),
        titles=fields.texts(data.get("titles", [data["title"]]), at=f"{at}.titles"),
    )


def asked_for(question: str, statements: Sequence[Statement]) -> list[Statement]:
    """Those that the question asks for, in their order."""
    text = plain(question)
    return [statement for statement in statements if any(plain(words) in text for words in statement.asked)]


def named(question: str, statements: Sequence[Statement]) -> list[Statement]:
    """Those that the question names outright, in their order."""
    text = plain(question)
    return [statement for statement in statements if any(plain(title) in text for title in statement.titles)]


def printed_on(statements: Sequence[Statement], document: Document) -> Mapping[str, tuple[int, ...]]:
    """A statement's id -> the pages of the document that print it: those with nearly as many of its lines as any, and enough of them."""
    key = (id(document), *(statement.id for statement in statements))
    return _PAGES.of(key, same=(document, tuple(statements)), make=lambda: (_printed_on(statements, document), len(document.text)))


def _printed_on(statements: Sequence[Statement], document: Document) -> dict[str, tuple[int, ...]]:
    texts = {page.number: document.text[page.start : page.end] for page in document.pages}
    bare = {number: (plain(text), plain(text[:TOP])) for number, text in texts.items()}
    found: dict[str, tuple[int, ...]] = {}
    for statement in statements:
        worth = {number: share(statement, text) + HEADED * _heads(statement, top) for number, (text, top) in bare.items()}
        least = max(LEAST, NEARLY * max(worth.values(), default=0.0))
        found[statement.id] = tuple(number for number, value in worth.items() if value >= least)
    return found


def _heads(statement: Statement, top: str) -> bool:
    """Whether one of its titles stands in the first words of a page, and nothing before it says that the page only speaks of it."""
    at = [top.index(plain(title)) for title in statement.titles if plain(title) in top]
    return bool(at) and not any(plain(word) in top[: min(at) + 1] for word in _ABOUT)


def share(statement: Statement, text: str) -> float:
    """How many of its lines a text prints, 0 to 1; ``text`` as ``plain`` gives it."""
    return sum(any(plain(wording) in text for wording in wordings) for wordings in statement.lines) / len(statement.lines)


@remembered(4_096)
def plain(text: str) -> str:
    """Lower case, single spaces, a blank at both ends; "&" as "and", and a plural's "s" left out."""
    found = _WORD.findall(text.lower().replace("&", " and "))
    return f" {' '.join(word[:-1] if len(word) > 3 and word[-1] == 's' and word[-2] != 's' else word for word in found)} "
