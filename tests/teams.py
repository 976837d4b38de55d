"""A library that a team shares: folders within folders, each document with a name of its own, and the rule by hand.

Whoever finds a name in what a person was given knows which document it came from.
"""

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rag.app import Library, create
from rag.ingest import drain
from rag.types import Reader
from tests.fakes import HashingEmbedder

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FOLDERS = ("", "open", "open/prices", "board", "board/minutes", "board/minutes/2026", "people", "deals")
"""Below the folder "research"."""
EVERYTHING = "research"
_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split()


class Paper(NamedTuple):
    """A document of the team's."""

    path: str
    name: str
    """Stands in its title and in each of its sentences, and in no other document."""


def papers(count: int) -> list[Paper]:
    """As many documents, spread over the folders."""
    made = []
    for number in range(count):
        name = f"Qor{_SYLLABLES[number // 20 % 20]}{_SYLLABLES[number % 20]}x"
        path = "/".join(part for part in (EVERYTHING, FOLDERS[number % len(FOLDERS)], f"{name.lower()}.md") if part)
        made.append(Paper(path=path, name=name))
    return made


def text_of(paper: Paper, number: int) -> str:
    """Three figures that all documents state of different companies, and one that they all state of the same thing and disagree about."""
    year = 2023 + number % 4
    return (
        f"# {paper.name}: storage review {year}\n\n"
        f"{paper.name} sold {20 + number} MWh of zinc-air storage in {year}. "
        f"The price of zinc-air cells at {paper.name} was EUR {90 + number} per kWh in {year}.\n\n"
        f"## Market\n\nAccording to {paper.name}, zinc-air capacity in Marenland reached {400 + 7 * number} MWh in {year}. "
        f"{paper.name} expects prices of zinc-air storage in Marenland to fall by {5 + number % 9}% in 2027.\n"
    )


def write(folder: Path, made: Sequence[Paper]) -> None:
    """The documents as files below ``folder``, saved at NOW: they state no date, so their day is the file's."""
    for number, paper in enumerate(made):
        file = folder / paper.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text_of(paper, number), encoding="utf-8")
        os.utime(file, (NOW.timestamp(), NOW.timestamp()))


@contextmanager
def library(workspace: Path, *, count: int = 24, small: bool = False) -> Iterator[Library]:
    """The team's library, ingested; with the small model in place of the embedder of tests where that is wanted."""
    write(workspace.parent, papers(count))
    create(workspace, folders=[workspace.parent / EVERYTHING], embedder="small")
    with opened(workspace, small=small) as made:
        drain(made.ingest(now=NOW))
        yield made


@contextmanager
def opened(workspace: Path, *, small: bool = False) -> Iterator[Library]:
    """The same, later."""
    with Library.open(workspace) as made:
        if not small:
            made.embedder = HashingEmbedder()
        yield made


def people(made: Library, names: Mapping[str, Sequence[str]]) -> dict[str, Reader]:
    """Users and the groups they are in."""
    for name, groups in names.items():
        made.record.people.add(name, role="member", password="", now=NOW)
        for group in groups:
            made.record.people.put_into(group, [name])
    return {user.name: user.reader for user in made.record.people.users()}


def set_lists(made: Library, lists: Mapping[str, Sequence[str]]) -> None:
    """These lists and no others."""
    for one in made.record.access.lists():
        made.record.access.clear(one.path)
    for path, names in lists.items():
        made.record.access.put(path, names)


def random_lists(chance: random.Random, *, names: Sequence[str], made: Sequence[Paper]) -> dict[str, list[str]]:
    """Lists at some of the folders, at some documents, and sometimes at everything."""
    places = ["", *(f"{EVERYTHING}/{folder}".rstrip("/") for folder in FOLDERS), *(paper.path for paper in made)]
    lists: dict[str, list[str]] = {}
    for place in chance.sample(places, chance.randint(1, 8)):
        kind = chance.random()
        lists[place] = ["everyone"] if kind < 0.25 else ["nobody"] if kind < 0.4 else chance.sample(list(names), chance.randint(1, 2))
    return lists


def may_see(person: str, groups: Sequence[str], path: str, lists: Mapping[str, Sequence[str]]) -> bool:
    """The rule by hand: of all lists whose path is the document's or holds it, the one with the longest path decides."""
    holding = [place for place in lists if place in ("", path) or path.startswith(f"{place}/")]
    if not holding:
        return True
    names = lists[max(holding, key=len)]
    return "everyone" in names or person in names or any(group in names for group in groups)


def leaked(given: str, *, hidden: Sequence[Paper]) -> list[str]:
    """The names of hidden documents that stand in what was given, however they are written."""
    plain = given.lower()
    return [paper.name for paper in hidden if paper.name.lower() in plain]
