"""Sentences, squeezed matching and shingles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text import content_stems, find_squeezed, overlap, sentences, shingles, squeeze, stem_set


def _texts(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sales rose. Costs fell.", ["Sales rose.", "Costs fell."]),
        ("Dr. Crake of the U.S. office spoke. No one left.", ["Dr. Crake of the U.S. office spoke.", "No one left."]),
        ("Prices were EUR 4.2 in Jan. 2025. They fell.", ["Prices were EUR 4.2 in Jan. 2025.", "They fell."]),
        ("One point.\n\nAnother point", ["One point.", "Another point"]),
        ("List:\n- first\n- second", ["List:", "- first", "- second"]),
        ("価格は上昇した。需要も増えた。", ["価格は上昇した。", "需要も増えた。"]),
        ("He said “it fell.” Then it rose.", ["He said “it fell.”", "Then it rose."]),
        ("  ", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    """Abbreviations, decimals and quotes do not end a sentence; blank lines and list markers do."""
    assert _texts(text) == expected


@given(st.text(max_size=300))
def test_sentences_are_trimmed_in_order_and_lose_no_word(text: str) -> None:
    """Spans ascend, hold no outer white space, and what lies between them is white space only."""
    at = 0
    for start, end in sentences(text):
        assert at <= start < end
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip()
        at = end
    assert not text[at:].strip()


@given(st.text(max_size=200))
def test_squeezing_keeps_an_offset_for_each_character(text: str) -> None:
    """Origins are one a character, ascending and within the text."""
    squeezed, origins = squeeze(text)
    assert len(squeezed) == len(origins)
    assert origins == sorted(origins)
    assert all(0 <= origin < len(text) for origin in origins)


def test_a_quote_is_found_across_case_hyphens_and_line_breaks() -> None:
    """The span names the page's own characters."""
    page = "As noted, Zinc-air\ncapacity ROSE to 2,610 MWh."
    assert [page[start:end] for start, end in find_squeezed("zinc air capacity rose to 2610 mwh", page)] == [
        "Zinc-air\ncapacity ROSE to 2,610 MWh"
    ]


def test_nothing_is_found_for_a_quote_of_punctuation() -> None:
    """A quote that squeezes to nothing matches nowhere."""
    assert list(find_squeezed("-- !", "anything")) == []


def test_overlap_is_the_share_of_the_smaller_set() -> None:
    """A sentence within a longer one overlaps wholly."""
    short = shingles(content_stems("Demand for zinc storage rose"))
    long = shingles(content_stems("Demand for zinc storage rose in every region of the country"))
    assert overlap(short, long) == 1.0
    assert overlap(short, shingles(content_stems("Wages fell sharply among electricians"))) == 0.0


def test_the_set_of_stems_is_that_of_the_sequence() -> None:
    """Whatever recurs, in capitals or with a possessive."""
    text = "The plant's output rose; Plants' outputs are rising, and the PLANT is new. Prices of Müller’s ovens: 4.5%."
    assert stem_set(text) == frozenset(content_stems(text))
