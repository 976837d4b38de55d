"""Near-duplicates by text, editions by title."""

import random
from datetime import date

import pytest

from rag.kin import alike, editions, family, likeness, period, sketch
from rag.types import Source


def text(words: int, *, seed: int) -> str:
    """Words out of a thousand."""
    chance = random.Random(seed)
    return " ".join(f"w{chance.randrange(1000)}" for _ in range(words))


def source(title: str, day: str, *, document: str = "", publisher: str = "") -> Source:
    """With the title as document id."""
    return Source(
        document=document or title,
        path=f"docs/{title}",
        title=title,
        publisher=publisher,
        published=date.fromisoformat(day),
        published_from="content",
        format="txt",
        pages=1,
    )


def test_likeness_is_near_the_true_share_of_common_shingles() -> None:
    """For a text with a part replaced; 1 for itself, 0 for another and for none."""
    base = text(2000, seed=1)
    words = base.split()
    for replaced in (100, 400, 1000):
        other = " ".join([*words[:-replaced], *text(replaced, seed=2).split()])
        common = 2000 - 4 - replaced
        assert likeness(sketch(base), sketch(other)) == pytest.approx(common / (2 * 1996 - common), abs=0.12)
    assert likeness(sketch(base), sketch(base)) == 1
    assert likeness(sketch(base), sketch(text(2000, seed=3))) < 0.05
    assert likeness(sketch(""), sketch("")) == 0


def test_the_same_wire_in_other_files_is_one_group() -> None:
    """With another headline and a footer; short notes that differ in a number are not the same."""
    wire = text(400, seed=5)
    sketches = {
        "a": sketch(wire),
        "b": sketch(f"Reuters: {wire}"),
        "c": sketch(f"{wire} All rights reserved."),
        "d": sketch(text(400, seed=6)),
        "e": sketch("zebra01 in a note about copper"),
        "f": sketch("zebra02 in a note about copper"),
        "g": sketch(""),
        "h": sketch(""),
    }
    assert alike(sketches) == [("a", "b", "c")]


def test_ten_thousand_documents_are_grouped_without_comparing_all_pairs() -> None:
    """Each pair of a copy and its original, nothing else."""
    sketches = {
        f"{number:05}{kind}": sketch(text(60, seed=number) + tail) for number in range(1000) for kind, tail in (("a", ""), ("b", " end"))
    }
    assert alike(sketches) == [(f"{number:05}a", f"{number:05}b") for number in range(1000)]


@pytest.mark.parametrize(
    ("title", "name", "when"),
    [
        ("Market Monitor Q1 2026 (revised)", "market monitor", "q1 2026"),
        ("Market monitor, Q2 2026", "market monitor", "q2 2026"),
        ("Outlook 2024-25, 3rd edition", "outlook", "2024-25"),
        ("Glossary v2.1", "glossary", ""),
        ("Beige Book - 28 November 2018", "beige book", "28 november 2018"),
        ("Zinc-air in 5 charts", "zinc air in 5 charts", ""),
    ],
)
def test_a_family_is_the_title_without_date_and_version(title: str, name: str, when: str) -> None:
    """Other numbers stay."""
    assert (family(title), period(title)) == (name, when)


def test_a_revised_document_supersedes_the_one_it_revises_and_no_other_issue() -> None:
    """By version within a period; the newest of the family is marked."""
    found = editions(
        [
            source("Monitor Q1 2026", "2026-04-01"),
            source("Monitor Q1 2026 (revised)", "2026-04-20"),
            source("Monitor Q2 2026", "2026-07-01"),
            source("Glossary v1", "2026-01-01"),
            source("Glossary v2", "2026-01-01"),
            source("Glossary", "2026-01-01", publisher="another house"),
            source("Alone 2026", "2026-01-01"),
        ]
    )
    assert {name: one.superseded_by for name, one in found.items() if one.superseded_by} == {
        "Monitor Q1 2026": "Monitor Q1 2026 (revised)",
        "Glossary v1": "Glossary v2",
    }
    assert sorted(name for name, one in found.items() if one.newest) == ["Glossary v2", "Monitor Q2 2026"]
    assert "Alone 2026" not in found
