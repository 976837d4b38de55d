"""The coverage appendix: of every document what became of it, and where on the way it was left behind."""

from dataclasses import replace
from datetime import date

import pytest

from rag.render import render
from rag.types import Coverage
from tests.report_fixture import AS_OF, corpus, corpus_of, small_report

SOUP = "The canteen serves fish soup on Fridays, and the soup is liked."
CENSUS = (
    "Installed capacity of heat storage in Varland rose to 2,610 MWh at the end of 2025, from 1,840 MWh a year before. "
    "Demand for heat storage rose in all regions of Varland during 2025."
)


@pytest.fixture(scope="module")
def coverage() -> dict[str, Coverage]:
    """Of the small corpus and five documents that nothing is quoted of, each for a reason of its own."""
    extra = {
        "more/soup.txt": ("Canteen", "Kitchen", date(2026, 5, 1), SOUP),
        "more/questions.txt": (
            "Heat storage questions",
            "Old House",
            date(2026, 5, 1),
            "What is the system price of heat storage in Varland? Who knows the demand for heat storage in Varland?",
        ),
        "more/copy.txt": ("Heat storage census, reprinted", "Old House", date(2026, 5, 2), CENSUS),
        "more/profit.txt": (
            "Fenwick Results 2025",
            "Fenwick",
            date(2026, 3, 11),
            "Operating profit of Fenwick for 2025 was EUR 310 million from heat storage.",
        ),
        "more/late.txt": ("Heat storage tomorrow", "Old House", date(2026, 12, 1), CENSUS),
    }
    given = corpus(extra=extra)
    soup = given.of("more/soup.txt")
    documents = {**given.documents, soup: replace(given.documents[soup], notices=("page 3 has no text layer",))}
    report = small_report(given=replace(given, documents=documents))
    return {row.source.path: row for row in report.coverage}


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("notes/census-2025.txt", "cited", ""),
        ("more/questions.txt", "retrieved", "left out by the rules"),
        ("more/copy.txt", "retrieved", "a copy: what was found of it stands in"),
        ("more/late.txt", "never_retrieved", "published after the as-of date"),
    ],
)
def test_an_unused_document_says_where_it_was_left_behind(coverage: dict[str, Coverage], path: str, status: str, reason: str) -> None:
    """A cited one gives no reason."""
    row = coverage[path]
    assert row.status == status
    assert row.reason.startswith(reason)
    assert bool(row.reason) == bool(reason)


def test_every_document_that_is_not_cited_gives_a_reason(coverage: dict[str, Coverage]) -> None:
    """Whatever became of it."""
    assert [path for path, row in coverage.items() if (row.status == "cited") == bool(row.reason)] == []


def test_what_a_reader_left_out_is_told_of_retrieved_documents() -> None:
    """In the data and in both texts."""
    given = corpus()
    census = given.of("census-2025.txt")
    documents = {**given.documents, census: replace(given.documents[census], notices=("page 3 has no text layer",))}
    report = small_report(given=replace(given, documents=documents))
    assert [row.cut for row in report.coverage if row.source.document == census] == [("page 3 has no text layer",)]
    for kind in ("html", "md"):
        assert "page 3 has no text layer" in render(report, format=kind)


def test_a_document_that_no_search_finds_says_how_many_were_made() -> None:
    """Not one of its words is asked for."""
    given = corpus_of({"a.txt": ("Xylophone", "Q", AS_OF, "Zzyzx qoph."), "b.txt": ("Heat storage in Varland", "R", AS_OF, CENSUS)})
    report = small_report(
        given=replace(given, sources=[replace(one, title="Zzyzx") if one.path == "a.txt" else one for one in given.sources])
    )
    reasons = {row.source.path: row.reason for row in report.coverage if row.status == "never_retrieved"}
    assert all("searches" in reason for reason in reasons.values())
