"""Which documents a question names."""

import hashlib
from datetime import date

import pytest

from rag.named import VERSION, Named, days
from rag.types import Source


def source(path: str, *, title: str = "", publisher: str = "") -> Source:
    """A document whose id is its path."""
    return Source(
        document=path,
        path=path,
        title=title or path,
        publisher=publisher,
        published=date(2023, 1, 1),
        published_from="mtime",
        format="pdf",
        pages=1,
    )


FILINGS = Named(
    [
        source("f/BESTBUY_2019_10K.pdf"),
        source("f/BESTBUY_2023_10K.pdf"),
        source("f/3M_2022_10K.pdf", title="10-K - 02/08/2023 - 3M Company"),
        source("f/AMCOR_2023Q2_10Q.pdf"),
        source("f/note.pdf", title="Results for the year", publisher="General Mills"),
    ]
)


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("What was the inventory of Best Buy in FY2019?", "f/BESTBUY_2019_10K.pdf"),
        ("Is 3M capital-intensive?", "f/3M_2022_10K.pdf"),
        ("Does Amcor have a quick ratio as of Q2 of FY2023?", "f/AMCOR_2023Q2_10Q.pdf"),
        ("What did General Mills pay out?", "f/note.pdf"),
        ("general mills dividends", "f/note.pdf"),
    ],
)
def test_the_named_document_comes_first(question: str, best: str) -> None:
    """By company and year, in title, file name or publisher, however they are run together."""
    scores = FILINGS.scores(question)
    assert max(scores, key=lambda document: scores[document]) == best
    assert all(0 < score < 1 for score in scores.values())


def test_a_question_that_names_nothing_has_no_scores() -> None:
    """Ordinary words are no names where something else is capitalised, and the first word does not count for its capital."""
    assert FILINGS.scores("Results of Pfizer for the year?") == {}
    assert FILINGS.scores("") == {}
    assert Named(()).scores("3M") == {}


def test_what_every_document_shares_weighs_little() -> None:
    """A name in all of them tells nothing apart."""
    everywhere = Named([source(f"f/Beige Book {number}.pdf") for number in range(20)])
    assert max(everywhere.scores("The Beige Book said so").values()) < 0.1


def test_a_name_that_ends_like_a_plural_is_found_joined() -> None:
    """Names are compared by stems, joined ones too."""
    filings = Named([source("f/GENERALMILLS_2019_10K.pdf"), source("f/3M_2018_10K.pdf", title="2019 and 2018")])
    scores = filings.scores("What did General Mills earn in FY2018 and FY2019?")
    assert max(scores, key=lambda document: scores[document]) == "f/GENERALMILLS_2019_10K.pdf"


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("the report of October 7, 2023 and that of 1st July 2022", [date(2023, 10, 7), date(2022, 7, 1)]),
        ("on 2023-10-07, or 31 february 2023", [date(2023, 10, 7)]),
        ("in October 2023, at 10/7/23", []),
    ],
)
def test_days_named_in_full(question: str, found: list[date]) -> None:
    """Whatever their order; a month alone is no day, and neither is one that never was."""
    assert days(question) == frozenset(found)


def test_the_best_are_by_score_and_equal_ones_by_id() -> None:
    """However many are asked for, and whichever came first."""
    named = Named(
        [source(f"f/{name}.pdf", title=title) for name, title in (("d", "Kordwell"), ("b", "Kordwell"), ("a", "x"), ("c", "Kordwell 2023"))]
    )
    scores = named.scores("What did Kordwell say in 2023?")
    ordered = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))
    assert [document for document, _ in ordered] == ["f/c.pdf", "f/b.pdf", "f/d.pdf"]
    assert all(scores.best(most=most) == ordered[:most] for most in (1, 2, 3, 9))
    assert named.scores("nothing").best(most=3) == []
    assert "f/a.pdf" not in scores
    assert scores.get("unknown") is None


def test_names_that_were_packed_are_the_same() -> None:
    """And so are their bytes: a change of how names are taken apart has to change VERSION, or old libraries would keep the old ones."""
    packed = FILINGS.packed()
    again = Named.unpacked(packed)
    assert again is not None
    for question in ("What was the inventory of Best Buy in FY2019?", "3M", "general mills dividends", "unheard of"):
        assert dict(again.scores(question)) == dict(FILINGS.scores(question))
        among = ["f/3M_2022_10K.pdf", "f/note.pdf"]
        assert dict(again.scores(question, among=among)) == dict(FILINGS.scores(question, among=among))
    assert again.packed() == packed
    assert (VERSION, hashlib.sha256(packed).hexdigest()[:16]) == (1, "dcfafa2b8136ec20")
    assert Named.unpacked(packed.replace(b"[1, ", b"[0, ", 1)) is None
