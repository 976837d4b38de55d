"""Odd and hostile files, made by benchmarks.hostile: each ends in the right way and in time. ``make hostile`` reads the slow ones too."""

from pathlib import Path

from benchmarks.hostile import FILES, LIMIT_S, run

SLOW = frozenset(
    (
        *("two-hundred-thousand-paragraphs.docx", "million-empty-rows.xlsx", "hundred-thousand-words-on-a-page.pdf", "stars.md"),
        *("thirty-megabytes.txt", "gigabyte-of-blanks.pdf", "hundred-thousand-columns.csv", "two-thousand-attachments.eml"),
        *("three-hundred-thousand-records.xml", "record-of-ten-thousand-fields.xml", "million-rows.xlsb", "three-thousand-levels.eml"),
        *("bombs-beside-a-note.zip", "open-brackets.md", "five-thousand-empty-pages.pdf", "million-cells-a-row.html", "open-quote.csv"),
    )
)


def test_every_file_ends_in_the_right_way(tmp_path: Path) -> None:
    """Read with its words found, or refused in a sentence that names it and a next step."""
    made = list(run(tmp_path, names=[name for name in FILES if name not in SLOW]))
    assert [f"{one.name}: {one.outcome} {one.message}" for one in made if not one.is_right] == []
    assert len(made) >= 40
    assert max(one.seconds for one in made) < LIMIT_S
