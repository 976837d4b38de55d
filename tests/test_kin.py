"""Near-duplicates by text, editions by title."""

import random
from collections.abc import Mapping
from datetime import date
from itertools import combinations
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import kin
from rag.kin import alike, copies, editions, family, likeness, period, replaces, sketch
from rag.types import Source


def text(words: int, *, seed: int) -> str:
    """Words out of a thousand."""
    chance = random.Random(seed)
    return " ".join(f"w{chance.randrange(1000)}" for _ in range(words))


def source(title: str, day: str, *, document: str = "", publisher: str = "", path: str = "") -> Source:
    """With the path or the title as document id."""
    return Source(
        document=document or path or title,
        path=path or f"docs/{title}",
        title=title,
        publisher=publisher,
        published=date.fromisoformat(day),
        published_from="content",
        format="txt",
        pages=1,
    )


def test_a_sketch_is_the_smallest_different_hashes_of_five_words_in_a_row() -> None:
    """Signs between words are none, in any script; what is repeated counts once; a shorter text is one row."""
    words = [f"wort{number * 7919 % 211}é" for number in range(600)]
    rows = {crc32(" ".join(words[start : start + 5]).encode()) for start in range(len(words) - 4)}
    assert sketch("\u2014".join(words)) == b"".join(row.to_bytes(4, "big") for row in sorted(rows)[:128])
    assert sketch("Two, words!") == crc32(b"two words").to_bytes(4, "big")
    assert sketch(" \u2014 ...") == b""


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


def quadratic(sketches: Mapping[str, bytes], *, at_least: float) -> list[tuple[str, ...]]:
    """What ``alike`` means: all pairs compared, groups as what hangs together by them."""
    groups = [{document} for document, hashes in sketches.items() if hashes]
    for one, other in combinations([document for document in sketches if sketches[document]], 2):
        if likeness(sketches[one], sketches[other]) >= at_least:
            joined = [group for group in groups if one in group or other in group]
            groups = [group for group in groups if group not in joined] + [set[str]().union(*joined)]
    return sorted(tuple(sorted(group)) for group in groups if len(group) > 1)


@settings(max_examples=60, deadline=None)
@given(
    base=st.integers(0, 400),
    changes=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 120), st.integers(0, 400)), min_size=2, max_size=14),
    at_least=st.sampled_from((0.5, 0.75, 0.8, 0.9)),
)
def test_the_groups_are_those_of_comparing_all_pairs(base: int, changes: list[tuple[int, int, int]], at_least: float) -> None:
    """For texts of any length that are cut from a few common ones with another end."""
    sketches = {
        f"{place:02}": sketch(f"{text(base, seed=family)} {text(tail, seed=100 + place)}"[: 5 * (base + tail - min(cut, base))])
        for place, (family, tail, cut) in enumerate(changes)
    }
    assert alike(sketches, at_least=at_least) == quadratic(sketches, at_least=at_least)


@pytest.mark.parametrize(("template", "own"), [(200, 40), (200, 20), (100, 60), (300, 100)])
def test_boilerplate_is_grouped_as_by_comparing_all_pairs(template: int, own: int) -> None:
    """Sixty documents of one template, at both sides of the border."""
    boilerplate = text(template, seed=1)
    sketches = {f"{number:02}": sketch(f"{boilerplate} {text(own, seed=10 + number)}") for number in range(60)}
    assert alike(sketches) == quadratic(sketches, at_least=0.8)


def test_copies_stand_behind_the_oldest() -> None:
    """Of one day the first by path; a document that is not asked about is nobody's copy."""
    wire = text(300, seed=7)
    sketches = {name: sketch(wire + tail) for name, tail in (("b", ""), ("a", " end"), ("c", " The end"), ("z", ""))}
    sources = [source("b", "2026-05-02"), source("a", "2026-05-01"), source("c", "2026-05-01")]
    assert copies(sketches, sources) == {"b": "a", "c": "a"}


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


@pytest.mark.parametrize(
    ("newer", "older", "expected"),
    [
        (("Memo, spring, v2", "2026-03-12"), ("Memo, spring", "2026-03-12"), True),
        (("Memo, spring", "2026-03-12"), ("Memo, spring, v2", "2026-03-12"), False),
        (("Monitor Q1 2026 (revised)", "2026-06-01"), ("Monitor Q1 2026", "2026-04-01"), True),
        (("Monitor Q2 2026", "2026-07-01"), ("Monitor Q1 2026", "2026-04-01"), False),
        (("Memo, spring", "2026-04-01"), ("Memo, spring", "2026-03-12"), False),
        (("v2", "2026-04-01"), ("v1", "2026-03-12"), False),
    ],
)
def test_a_later_version_replaces_an_earlier_one(newer: tuple[str, str], older: tuple[str, str], expected: bool) -> None:
    """Of the same title and time; another quarter's monitor, a second memo of the same name and bare version marks do not."""
    assert replaces(source(*newer), source(*older)) is expected


@pytest.mark.parametrize(
    ("newer", "older", "expected"),
    [
        ("deals/memo_v2.docx", "deals/memo v1.docx", True),
        ("deals/memo v1.docx", "deals/memo v2.docx", False),
        ("deals/memo FINAL.docx", "deals/memo v2.docx", True),
        ("deals/memo 2026-03 FINAL.docx", "deals/memo 2026-02 v2.docx", True),
        ("letters/letter Q2 draft.docx", "letters/letter Q1.docx", False),
        ("letters/letter Q2 v2.docx", "letters/letter Q1 v1.docx", False),
        ("other/plan v2.docx", "deals/memo v1.docx", False),
        ("deals/memo (1).docx", "deals/memo.docx", False),
    ],
)
def test_titles_without_a_version_are_told_by_their_files(newer: str, older: str, expected: bool) -> None:
    """Of one name but for the version; another quarter's letter and another memo under the same title are none."""
    before, after = (source("Memo", "2026-03-12", path=path) for path in (older, newer))
    assert replaces(after, before) is expected
    assert (editions([before, after])[before.document].superseded_by == after.document) is expected


def test_a_title_is_taken_apart_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though every two documents of a family are compared: a search of a large library finds fifty of one."""
    asked, stem = list[str](), kin._stem

    def counted(path: str) -> str:
        asked.append(path)
        return stem(path)

    monkeypatch.setattr(kin, "_stem", counted)
    found = editions([source("Circular 2019", f"2019-01-{day:02}", path=f"once/circular_v{day}.txt") for day in range(1, 29)])
    assert {one.superseded_by for one in found.values()} == {"once/circular_v28.txt", ""}
    assert len([path for path in asked if path in found]) <= 4 * len(found)
