"""The folder of broken, hostile and ordinary files from other projects' tests, where it is present."""

from pathlib import Path

import pytest

from benchmarks.torture import LIMIT_S, Outcome, run, similarity


@pytest.fixture(scope="module")
def outcomes(eval_data: Path) -> list[Outcome]:
    """Of all its files; about five seconds."""
    if not (eval_data / "torture" / "manifest.jsonl").is_file():
        pytest.skip("no torture folder in the evaluation data")
    return list(run(eval_data / "torture"))


def test_every_file_ends_in_the_right_way_and_in_time(outcomes: list[Outcome]) -> None:
    """Encrypted, damaged, scanned and unsupported files each say so; the others are read."""
    assert len(outcomes) == 204
    assert [f"{one.file}: {one.outcome}" for one in outcomes if not one.is_right] == []
    assert max(one.seconds for one in outcomes) < LIMIT_S


def test_every_refusal_names_the_file_and_a_next_step(outcomes: list[Outcome]) -> None:
    """One sentence or two for a person."""
    refused = [one for one in outcomes if one.message]
    assert all(one.file in one.message and ";" in one.message for one in refused)


def test_texts_are_much_like_the_expected_ones(outcomes: list[Outcome]) -> None:
    """Mean over all files with an expected text."""
    known = [one.similarity for one in outcomes if one.similarity is not None]
    assert len(known) == 59
    assert sum(known) / len(known) >= 0.90


def test_similarity_counts_words_not_markup() -> None:
    """Headings, links, tables, pictures and escapes of Markdown are no words; order counts."""
    markdown = "# Title\n\n| A | B |\n|---|---|\n| 1 | [two](http://x.org) |\n\n<!-- image -->\n\n![x](y.png) a\\_b &amp; c"
    assert similarity("Title\n\nA | B\n1 | two\n\na_b & c", markdown) == 1
    assert similarity("one two three four", "four three two one") == 0.25
    assert similarity("", "words") == 0
