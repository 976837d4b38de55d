"""Letters whose meaning a PDF does not say, Arabic signs of two letters, numbers over each other, and pages that are printed sideways."""

from pathlib import Path

import pytest

from benchmarks.hostile import _page_with, _stream
from rag.readers import read_file
from rag.readers.pdfcodes import as_tex, look_like_themselves
from rag.readers.pdfscan import as_read

TALL, SHORT, DEEP, LOW = (0.0, 0.7), (0.0, 0.48), (-0.2, 0.48), (0.0, 0.1)


@pytest.mark.parametrize(
    ("shapes", "are_themselves"),
    [
        ({"h": TALL, "a": SHORT, "p": DEEP, "y": DEEP}, True),
        ({"h": TALL, "a": SHORT, ".": LOW}, True),
        ({"2": TALL, "0": TALL, "5": TALL}, True),
        ({"2": TALL, "0": TALL}, False),
        ({"a": SHORT, "e": SHORT, "x": SHORT}, False),
        ({"k": TALL, "d": SHORT, "s": TALL, "|": DEEP}, False),
        ({"'": TALL, "(": TALL, "6": TALL, "5": TALL, "&": TALL, ",": TALL}, False),
        ({"h": TALL, "a": SHORT, "p": DEEP, "\x03": (0.0, 0.0)}, False),
        ({"h": TALL, "a": SHORT, "p": DEEP, "\x0c": TALL}, True),
        ({"a": (0.0, 0.7), "b": (0.0, 0.7), "o": (0.0, 0.7)}, False),
    ],
    ids=["a word", "a point", "digits", "two say nothing", "nothing tall", "others' numbers", "capitals", "spaces", "of TeX", "one size"],
)
def test_letters_are_what_their_numbers_say_where_they_look_like_it(shapes: dict[str, tuple[float, float]], are_themselves: bool) -> None:
    """Small ones smaller than tall ones, "p" and "y" below the line, commas low, and three of them at least."""
    assert look_like_themselves({letter: [shape] for letter, shape in shapes.items()}) is are_themselves


def test_ligatures_and_signs_of_tex_are_letters() -> None:
    """At the numbers of both of its encodings."""
    assert as_tex("\x10su\x0ece\x11 in\x1dation \x15 e\x0bect") == "“suffice” inflation – effect"


def test_a_font_that_says_nothing_is_read_by_what_its_letters_look_like(tmp_path: Path) -> None:
    """Bitmaps of TeX and fonts of charts: a number of a ligature is no space and ends no word."""
    glyphs = {"h": (0, 700), "a": (0, 480), "p": (-200, 480), "y": (-200, 480), "\r": (0, 700), "o": (0, 480), "w": (0, 480)}
    places = sorted(ord(letter) for letter in glyphs)
    differences = " ".join(f"{place} /g{place}" for place in places)
    procedures = " ".join(f"/g{place} {6 + at} 0 R" for at, place in enumerate(places))
    font = (
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 -200 500 700] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 13 /LastChar 121"
        f" /Widths [{'500 ' * 109}] /Encoding << /Differences [{differences}] >> /CharProcs << {procedures} >> /Resources << >> >>"
    )
    drawn = []
    for place in places:
        foot, head = glyphs[chr(place)]
        drawn.append(_stream(f"500 0 0 {foot} 400 {head} d1 0 {foot} 400 {head - foot} re f".encode(), said=""))
    content = _stream(b"BT /T 11 Tf 60 700 Td (happy \\015ow) Tj ET", said="")
    path = tmp_path / "a.pdf"
    path.write_bytes(_page_with(content, more=[font, *drawn]).replace(b"/Font << ", b"/Font << /T 5 0 R ", 1))
    document = read_file(path)
    assert (document.text, document.notices) == ("happy flow", ())


def test_a_sign_for_two_arabic_letters_is_read_lam_first(tmp_path: Path) -> None:
    """PDFium turns its line around, and the two letters of one sign with it."""
    meaning = b"beginbfchar\n<61> <0641>\n<62> <06440627>\n<63> <062F>\nendbfchar"
    codes = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <ff> endcodespacerange 3 "
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>"
    content = _stream(b"BT /T 11 Tf 60 700 Td (cba) Tj ET", said="")
    page = _page_with(content, more=[font, _stream(codes + meaning + b" endcmap end end", said="")])
    path = tmp_path / "a.pdf"
    path.write_bytes(page.replace(b"/Font << ", b"/Font << /T 5 0 R ", 1))
    assert read_file(path).text == "\u0641\u0644\u0627\u062f"


def test_a_sign_for_two_letters_stays_in_order_in_a_word_that_is_turned() -> None:
    """Where the file's own order is that of the page."""
    assert as_read(["\u062f\u0644\u0627\u0641"], [10.0, 40.0], ligatures=[(0, 1)]) == ["\u0641\u0644\u0627\u062f"]


def test_of_three_letters_at_one_place_two_are_a_sign() -> None:
    """A file that draws all of them over each other is read all the same."""
    assert as_read(["\u0627\u0644\u0627"], [40.0, 10.0], ligatures=[(0, 0), (0, 1)]) == ["\u0627\u0644\u0627"]


def test_numbers_that_stand_over_each_other_are_not_one(tmp_path: Path) -> None:
    """PDFium strings those of a chart's axis together; a word that is turned stays one."""
    column = "".join(f"BT /F 11 Tf 20 {300 + 40 * number} Td ({number}) Tj ET " for number in range(4))
    path = tmp_path / "a.pdf"
    path.write_bytes(_page_with(_stream(f"{column} BT /F 11 Tf 0 1 -1 0 300 400 Tm (Upwards) Tj ET".encode(), said="")))
    assert read_file(path).text.split() == ["0", "1", "2", "3", "Upwards"]


@pytest.mark.parametrize(("turn", "page"), [("0 1 -1 0", "/Rotate 90"), ("0 1 -1 0", ""), ("0 -1 1 0", "/Rotate 270")])
def test_a_table_that_is_printed_sideways_is_one(tmp_path: Path, turn: str, page: str) -> None:
    """Whether the file says that the page is to be turned or leaves that to whoever holds it."""
    rows = (("Region", "2024", "2025"), ("North", "120", "131"), ("South", "80", "92"))
    up = turn.startswith("0 1")
    drawn = []
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            x, y = (100 + 14 * row, 200 + 90 * column) if up else (400 - 14 * row, 700 - 90 * column)
            drawn.append(f"BT /F 11 Tf {turn} {x} {y} Tm ({cell}) Tj ET")
    path = tmp_path / "a.pdf"
    path.write_bytes(_page_with(_stream("\n".join(drawn).encode(), said=""), page=page))
    assert read_file(path).text == "Region | 2024 | 2025\nNorth | 120 | 131\nSouth | 80 | 92"
