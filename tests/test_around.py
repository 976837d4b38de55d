"""What is shown around a passage, and newer documents sooner, where either is asked for."""

from datetime import date, timedelta
from pathlib import Path

from rag.app import Library
from rag.around import MOST, span
from rag.order import newest_sooner
from rag.types import Chunk, Passage, Source
from tests.test_cli import rag


def chunk(at: int, *, heading: str, size: int = 10) -> Chunk:
    """The ``at``-th of its document, ``size`` characters and a blank line after the one before it."""
    start = at * (size + 2)
    return Chunk(
        id=f"c{at}",
        document="d",
        ordinal=at,
        start=start,
        end=start + size,
        text="x" * size,
        first_page=1,
        last_page=1,
        heading_path=(heading,),
        tokens=3,
    )


def test_neighbours_are_the_passages_before_and_after() -> None:
    """At either end of a document there is only one."""
    chunks = [chunk(at, heading="A") for at in range(4)]
    assert [span(chunks, at, context="neighbours") for at in (0, 1, 3)] == [(0, 22), (0, 34), (24, 46)]
    assert span(chunks[:1], 0, context="neighbours") == (0, 10)


def test_a_section_ends_where_the_headings_change_and_where_it_is_too_long() -> None:
    """Of a long one, what is nearest is shown, in turns from both sides."""
    chunks = [chunk(at, heading="A" if at < 2 else "B") for at in range(5)]
    assert span(chunks, 3, context="section") == (24, 58)
    assert span(chunks, 0, context="section") == (0, 22)
    third = MOST // 3
    long = [chunk(at, heading="A", size=third) for at in range(9)]
    assert span(long, 4, context="section") == (long[3].start, long[5].end)


def test_a_search_shows_the_section_where_asked(sample_workspace: Path) -> None:
    """The document's own text, the passage's words in it, nothing under another heading; without being asked, nothing."""
    question = "What does a zinc-air cell cost?"
    with Library.open(sample_workspace) as library:
        plain, section, near = (library.search(question, context=context).passages for context in ("none", "section", "neighbours"))
        for short, long, between in zip(plain, section, near, strict=True):
            assert short.context == ""
            assert short.chunk == long.chunk == between.chunk
            text = library.record.document(short.chunk.document).text
            assert all(short.chunk.text in shown.context and shown.context in text for shown in (long, between))
            chunks = library.record.chunks_of(short.chunk.document)
            inside = [chunk for chunk in chunks if chunk.text in long.context]
            assert {chunk.heading_path for chunk in inside} == {short.chunk.heading_path}
    assert sum(len(passage.context) > len(passage.chunk.text) for passage in section) >= 3


def passage(name: str, *, days_ago: int, known: bool = True) -> Passage:
    """Of a document that was published so long ago."""
    source = Source(
        document=name,
        path=f"docs/{name}.txt",
        title=name,
        published=date(2026, 6, 30) - timedelta(days=days_ago),
        published_from="content" if known else "mtime",
        format="txt",
        pages=1,
    )
    return Passage(chunk=chunk(0, heading=name), source=source, score=1.0, hits=())


def test_newer_documents_come_sooner_and_undated_ones_last() -> None:
    """The newest overtakes those that fit a little better; one that fits far worse stays behind; a file's own clock is no date."""
    found = [passage(f"{at}", days_ago=1000 - 10 * at) for at in range(20)]
    found.insert(4, passage("newest", days_ago=10))
    found += [passage("far and new", days_ago=20), passage("copied today", days_ago=0, known=False)]
    ordered = newest_sooner(found)
    titles = [one.source.title for one in ordered]
    assert titles[:2] == ["newest", "0"]
    assert titles.index("far and new") > 10
    assert titles[-1] == "copied today"
    assert [one.score for one in ordered] == sorted((one.score for one in ordered), reverse=True)
    assert newest_sooner(ordered[:1])[0].source == ordered[0].source


def test_of_one_day_the_order_stays() -> None:
    """Dates tell nothing then."""
    found = [passage(f"{at}", days_ago=7) for at in range(5)]
    assert [one.source for one in newest_sooner(found)] == [one.source for one in found]


def test_the_command_takes_both(sample_workspace: Path) -> None:
    """It prints the section in place of the passage, and another order."""
    asked = ("search", "cell cost", "-w", sample_workspace, "-k", "3")
    plain, section, recent = rag(*asked), rag(*asked, "--context", "section"), rag(*asked, "--recent")
    assert plain.exit_code == section.exit_code == recent.exit_code == 0
    assert len(section.stdout) > len(plain.stdout)
    assert recent.stdout != plain.stdout
