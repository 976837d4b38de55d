"""Binary workbooks, notebooks and XML; parts of old Word files and properties of old Office files."""

import json
import math
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from rag.errors import CorruptFileError, NoTextError
from rag.readers import read_file
from rag.readers.doc import _write_stories, _Writer
from rag.readers.draft import Draft
from rag.readers.ole import _day, _properties, _text
from rag.readers.pdf import _author
from rag.readers.xls import _rows, _text_boxes, _write_sheets
from rag.types import Document, Metadata
from tests.test_readers import assert_sound, cells

RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PERCENT, DATE, OWN, FREE = 0, 1, 2, 3
"""Styles of the binary workbook's cells."""


# ── binary workbooks ──────────────────────────────────────────────────────────────────────────────────────────────


def record(kind: int, content: bytes = b"") -> bytes:
    """A record: kind and length in seven-bit pieces, and the content."""
    return seven_bits(kind) + seven_bits(len(content)) + content


def seven_bits(number: int) -> bytes:
    """Lowest first; the eighth bit says that more follow."""
    made = b""
    while number > 0x7F:
        made, number = made + bytes([number & 0x7F | 0x80]), number >> 7
    return made + bytes([number])


def wide(text: str) -> bytes:
    """A length in characters, and UTF-16."""
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def row(number: int, *, hidden: bool = False) -> bytes:
    """The head of a row."""
    return record(0, struct.pack("<IIHBB", number, 0, 300, 0, 0x10 if hidden else 0) + bytes(5))


def cell(kind: int, column: int, value: bytes, *, style: int = FREE) -> bytes:
    """A cell of the row before."""
    return record(kind, struct.pack("<I", column) + style.to_bytes(3, "little") + b"\0" + value)


SHEET = b"".join(
    (
        record(60, struct.pack("<IIIIH", 3, 3, 10, 0, 1)),  # column D is hidden
        row(0) + cell(7, 0, struct.pack("<I", 0)) + cell(7, 1, struct.pack("<I", 1)) + cell(6, 2, wide("When")),
        row(1) + cell(6, 0, wide("Zinc")) + cell(5, 1, struct.pack("<d", 0.123), style=PERCENT),
        cell(2, 2, struct.pack("<I", 46_000 << 2 | 2), style=DATE) + cell(6, 3, wide("secret")),
        row(2, hidden=True) + cell(6, 0, wide("hidden row")),
        row(3) + cell(62, 0, b"\0" + wide("Copper")) + cell(2, 1, struct.pack("<I", 1_234_500 << 2 | 3), style=OWN) + cell(4, 2, b"\1"),
        row(4) + cell(8, 0, wide("Lead") + bytes(8)) + cell(9, 1, struct.pack("<d", 7.5)) + cell(3, 2, b"\x2a"),
    )
)


def make_binary_workbook(path: Path, *, sheet: bytes = SHEET) -> None:
    """Two sheets, one of them hidden, with a comment."""
    style = b"".join(record(47, struct.pack("<HH", 0, number) + bytes(12)) for number in (10, 14, 200, 0))
    book = (
        record(153, bytes(12))
        + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Metals"))
        + record(156, struct.pack("<II", 1, 2) + wide("rId1") + wide("Drafts"))
    )
    comments = (
        record(632, wide("A. Reviewer"))
        + record(635, struct.pack("<IIIII", 0, 1, 1, 1, 1) + bytes(16))
        + record(637, b"\0" + wide("Per tonne?"))
    )
    targets = {
        "rId1": ("worksheet", "worksheets/sheet1.bin"),
        "rId2": ("sharedStrings", "sharedStrings.bin"),
        "rId3": ("styles", "styles.bin"),
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/_rels/workbook.bin.rels", relations(targets))
        archive.writestr("xl/sharedStrings.bin", record(159) + record(19, b"\0" + wide("Metal")) + record(19, b"\0" + wide("Change")))
        archive.writestr(
            "xl/styles.bin",
            record(44, struct.pack("<H", 200) + wide('#,##0.0" t"')) + record(47, bytes(16)) + record(617) + style + record(618),
        )
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
        archive.writestr("xl/worksheets/_rels/sheet1.bin.rels", relations({"rId1": ("comments", "../comments1.bin")}))
        archive.writestr("xl/comments1.bin", comments)


def relations(targets: dict[str, tuple[str, str]]) -> str:
    """A part's relationships: id -> (kind, target)."""
    listed = "".join(f'<Relationship Id="{one}" Type="{KIND}/{kind}" Target="{target}"/>' for one, (kind, target) in targets.items())
    return f'<Relationships xmlns="{RELATIONS}">{listed}</Relationships>'


def test_a_binary_workbook_is_read_as_the_sheet_shows_it(tmp_path: Path) -> None:
    """Percent, dates and own formats; addresses; comments; hidden rows, columns and sheets are left out and counted."""
    path = tmp_path / "metals.xlsb"
    make_binary_workbook(path)
    document = read_file(path)
    assert_sound(document)
    assert document.text == (
        "Metals\n\nMetal | Change | When\nZinc | 12.30% | 2025-12-09\nCopper | 12,345.0 t | TRUE\nLead | 7.5 | #N/A"
        "\n\nCell | Comment by | Comment\nB2 | A. Reviewer | Per tonne?"
    )
    assert [page.label for page in document.pages] == ["sheet Metals"]
    assert (1, 1, "12.30%", False, "B2") in cells(document)
    assert document.notices == (
        'sheet "Metals": 2 filled cells in hidden rows and columns left out',
        'sheet "Drafts" is hidden and was left out',
    )


def test_a_binary_workbook_that_breaks_off_is_damaged(tmp_path: Path) -> None:
    """In a sentence that names it."""
    path = tmp_path / "metals.xlsb"
    make_binary_workbook(path, sheet=row(0) + cell(7, 0, struct.pack("<I", 99)))
    with pytest.raises(CorruptFileError, match=r"metals\.xlsb"):
        read_file(path)


def test_a_binary_workbook_named_as_a_plain_one_is_read(tmp_path: Path) -> None:
    """By its parts."""
    path = tmp_path / "metals.xlsx"
    make_binary_workbook(path)
    assert "Zinc | 12.30% | 2025-12-09" in read_file(path).text


# ── Excel 97-2003 ─────────────────────────────────────────────────────────────────────────────────────────────────


def old_record(kind: int, content: bytes = b"") -> bytes:
    """Kind, length and content."""
    return struct.pack("<HH", kind, len(content)) + content


def drawn(number: int, *, kind: int, parts: list[str]) -> bytes:
    """A drawn object and its text, which may go on in a second record, and the text's format."""
    head = old_record(0x5D, struct.pack("<HHHHH", 0x15, 18, kind, number, 0) + bytes(16))
    text = old_record(0x1B6, bytes(10) + struct.pack("<HHI", sum(map(len, parts)), 8, 0))
    return head + text + b"".join(old_record(0x3C, b"\1" + part.encode("utf-16-le")) for part in parts) + old_record(0x3C, bytes(8))


def begin(kind: int) -> bytes:
    """Of a workbook (5) or a sheet (16)."""
    return old_record(0x809, struct.pack("<HHHHII", 0x600, kind, 0x0DBB, 1996, 0, 6))


def test_comments_and_text_boxes_of_an_old_workbook_are_read() -> None:
    """Comments with their cell and author, a text that is long in parts, no buttons; what lies at a hidden row is left out and counted."""
    import xlrd

    by = b"A. Reviewer"
    sheet = begin(16) + old_record(0x208, struct.pack("<HHHHHHI", 4, 0, 1, 255, 0, 0, 0x20))
    anchor = struct.pack("<HHI9H", 0, 0xF010, 18, 0, 3, 0, 19, 0, 5, 0, 22, 0)
    sheet += (
        drawn(1, kind=0x19, parts=["Per tonne?"])
        + old_record(0xEC, bytes(40) + anchor)
        + drawn(2, kind=6, parts=["Look ", "here."])
        + drawn(3, kind=7, parts=["Button 1"])
    )
    sheet += drawn(4, kind=0x19, parts=["unseen"])
    for row, number in ((1, 1), (4, 4)):
        sheet += old_record(0x1C, struct.pack("<HHHHHB", row, 1, 0, number, len(by), 0) + by + b"\0")
    sheet += old_record(0x0A)
    place = len(begin(5)) + 4 + 8 + len("Metals") + 4
    stream = begin(5) + old_record(0x85, struct.pack("<IBBBB", place, 0, 0, 6, 0) + b"Metals") + old_record(0x0A) + sheet
    draft = Draft()
    _write_sheets(draft, xlrd.open_workbook(file_contents=stream, formatting_info=True), boxes=_text_boxes(stream))
    document = draft.finish(metadata=Metadata(title="old", published_from="mtime"), format="xls", path=Path("old.xls"))
    assert document.text == "Cell | Comment by | Comment\nB2 | A. Reviewer | Per tonne?\n\nText box at D20: Look here."
    assert document.notices == ('sheet "Metals": 1 comments at hidden cells left out',)


def test_cells_of_an_old_workbook_that_hold_nothing_are_not_asked_for() -> None:
    """A sheet may have millions of them; a number that is none and a format without words do not cost the workbook."""
    asked: list[tuple[int, int]] = []

    def cell(row: int, column: int) -> SimpleNamespace:
        asked.append((row, column))
        return SimpleNamespace(ctype=2, value=(math.nan, 7.0)[column == 3], xf_index=0)

    kinds = [0, 2, 6, 2]
    sheet = SimpleNamespace(nrows=1, rowinfo_map={}, colinfo_map={}, row_types=lambda row: kinds, cell=cell)
    book = SimpleNamespace(format_map={0: SimpleNamespace(format_str=None)}, xf_list=[SimpleNamespace(format_key=0)])
    assert [[(one.address, one.text) for one in row] for row in _rows(book, sheet)] == [[("B1", "nan"), ("D1", "7")]]
    assert asked == [(0, 1), (0, 3)]


# ── notebooks ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_notebook_gives_its_words_code_and_results(tmp_path: Path) -> None:
    """Of a result the table is taken, not its picture."""
    table = "<table><tr><th>Metal</th><th>Price</th></tr><tr><td>Zinc</td><td>3</td></tr></table>"
    outputs = [
        {"output_type": "stream", "text": ["two ", "lines\n"]},
        {"output_type": "execute_result", "data": {"text/html": table, "text/plain": "plain", "image/png": "aGk="}},
        {"output_type": "error", "ename": "ValueError", "evalue": "no price"},
    ]
    book = {
        "nbformat": 4,
        "cells": [
            {"cell_type": "markdown", "source": ["# Prices\n", "By **A. Writer**"]},
            {"cell_type": "code", "source": "print(prices)", "outputs": outputs},
        ],
    }
    path = tmp_path / "prices.ipynb"
    path.write_text(json.dumps(book))
    document = read_file(path)
    assert_sound(document)
    assert document.text == "Prices\n\nBy A. Writer\n\nprint(prices)\n\ntwo lines\n\nMetal | Price\nZinc | 3\n\nValueError: no price"
    assert (document.metadata.title, document.metadata.author) == ("Prices", "A. Writer")


def test_an_old_notebook_has_its_cells_in_a_worksheet(tmp_path: Path) -> None:
    """nbformat 3."""
    cells = [{"cell_type": "heading", "level": 2, "source": "Costs"}, {"cell_type": "code", "input": "1 + 1", "outputs": [{"text": "2"}]}]
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}))
    assert read_file(path).text == "Costs\n\n1 + 1\n\n2"


@pytest.mark.parametrize("text", ["{", "[]", '"cells"', "{}", '{"cells": 3}'])
def test_what_is_no_notebook_is_damaged(tmp_path: Path, text: str) -> None:
    """Not empty: its suffix says what it should be."""
    path = tmp_path / "no.ipynb"
    path.write_text(text)
    with pytest.raises(CorruptFileError, match=r"no\.ipynb"):
        read_file(path)


# ── XML ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<a><title>Zinc</title><p>It <b>rose</b>.</p><list><li>one</li><li>two</li></list></a>", "Zinc\n\nIt rose.\n\n- one\n\n- two"),
        ("<f><i><n>Zinc</n><p>3</p></i><i><n>Lead</n></i><i><p>5</p></i></f>", "n | p\nZinc | 3\nLead\n | 5"),
        (
            "<t><row><entry>Item</entry><entry>Price</entry></row><row><entry>Zinc</entry><entry>3</entry></row></t>",
            "Item | Price\nZinc | 3",
        ),
        ("<a><!-- no --><x y='not read'>Said &lt;so&gt;</x><?pi no?></a>", "Said <so>"),
        ('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>Said &e;so</a>', "Said so"),
        ("<a>" * 2_000 + "deep" + "</a>" * 2_000, "deep"),
        ("<a><p>As far as it goes", "As far as it goes"),
    ],
)
def test_xml_is_read_by_its_text(tmp_path: Path, source: str, text: str) -> None:
    """Usual names are headings, tables and lists; equal records are a table; no entity is expanded, no comment read."""
    path = tmp_path / "feed.xml"
    path.write_text(source)
    document = read_file(path)
    assert_sound(document)
    assert document.text == text


def test_a_workbook_of_2003_that_is_named_as_an_older_one_is_read(tmp_path: Path) -> None:
    """Programs write the XML of Excel 2003 under .xls."""
    rows = "".join(
        f"<Row><Cell><Data>{one}</Data></Cell><Cell><Data>{other}</Data></Cell></Row>" for one, other in (("Item", "Price"), ("Zinc", "3"))
    )
    path = tmp_path / "export.xls"
    path.write_text(f'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Table>{rows}</Table></Workbook>')
    document = read_file(path)
    assert (document.text, document.notices) == ("Item | Price\nZinc | 3", ("named .xls, read as the .xml that its bytes are",))


def test_xml_without_text_and_what_is_no_xml_say_so(tmp_path: Path) -> None:
    """Attributes alone are no text."""
    path = tmp_path / "links.xml"
    path.write_text("<a><b href='x'/></a>")
    with pytest.raises(NoTextError, match="no text"):
        read_file(path)
    path.write_text("<a>" * 5_000 + "deep" + "</a>" * 5_000)
    with pytest.raises(CorruptFileError, match="cannot be followed"):
        read_file(path)
    path.write_text("just words")
    with pytest.raises(CorruptFileError, match="no XML"):
        read_file(path)


# ── parts of old Word files ───────────────────────────────────────────────────────────────────────────────────────

PARTS = {
    "body": "The fleet grew. Not for you.\r",
    "footnotes": "\x02 As of May.\r",
    "headers": "Harbour Office\r",
    "comments": "\x05Says who?\r",
}
PARTS |= {"endnotes": "\x02 In tonnes.\r", "boxes": "Look here.\r"}
TEXT, LETTERS = 0x600, 2
"""Where the text lies in the file, and which of its pages says what is hidden."""


def old_word(parts: dict[str, str], *, hidden: tuple[int, int] = (0, 0), code: int = 0x083C) -> Document:
    """What is read of the streams of a document with these parts, of which the characters of ``hidden`` have that property."""
    text = "".join(parts.get(name, "") for name in ("body", "footnotes", "headers", "macros", "comments", "endnotes", "boxes"))
    main = bytearray(0x600) + text.encode("cp1252")
    struct.pack_into(
        "<7i", main, 0x4C, *(len(parts.get(name, "")) for name in ("body", "footnotes", "headers", "", "comments", "endnotes", "boxes"))
    )
    pieces = b"\x02" + struct.pack("<I", 4 + 4 + 8) + struct.pack("<II", 0, len(text)) + struct.pack("<HIH", 0, 0x40000000 | TEXT * 2, 0)
    letters = struct.pack("<III", TEXT, TEXT + len(text), LETTERS)
    struct.pack_into("<II", main, 0x1A2, 0, len(pieces))
    struct.pack_into("<II", main, 0xFA, len(pieces), len(letters))
    page = bytearray(512)
    struct.pack_into("<4I", page, 0, TEXT, TEXT + hidden[0], TEXT + hidden[1], TEXT + len(text))
    page[16:19], page[100:104], page[511] = bytes((0, 50, 0)), struct.pack("<BHB", 3, code, 1), 3
    main[LETTERS * 512 : (LETTERS + 1) * 512] = page
    draft = Draft()
    _write_stories(_Writer(draft=draft), bytes(main), pieces + letters)
    return draft.finish(metadata=Metadata(title="old", published_from="mtime"), format="doc", path=Path("old.doc"))


def test_notes_text_boxes_and_comments_of_an_old_word_file_are_read() -> None:
    """Comments last, on a page of their own; page headers are left out with a notice."""
    document = old_word(PARTS)
    assert document.text == "The fleet grew. Not for you.\n\nAs of May.\n\nIn tonnes.\n\nLook here.\n\nSays who?"
    assert document.notices == ("page headers and footers left out",)


def test_hidden_text_of_an_old_word_file_is_left_out_and_counted() -> None:
    """By the format of its letters."""
    document = old_word({"body": PARTS["body"]}, hidden=(15, 28))
    assert document.text == "The fleet grew."
    assert document.notices == ("hidden text dropped (13 characters)",)


@pytest.mark.parametrize(
    ("code", "text", "notices"),
    [
        (0x2A48, "It grew by 12 tonnes.", ()),
        (0x0837, "It grew by 12 tonnes.", ("crossed-out text left out (1 characters)",)),
        (0x2A53, "It grew by 12 tonnes.", ("crossed-out text left out (1 characters)",)),
    ],
)
def test_marks_of_notes_and_crossed_out_digits_of_an_old_word_file_are_no_text(code: int, text: str, notices: tuple[str, ...]) -> None:
    """By the format of its letters; places in the text stay what they are."""
    document = old_word({"body": "It grew by 123 tonnes.\r"}, hidden=(13, 14), code=code)
    assert (document.text, document.notices) == (text, notices)


def test_page_headers_are_read_where_there_is_nothing_else() -> None:
    """A form may consist of them."""
    assert old_word({"body": "\r", "headers": PARTS["headers"]}).text == "Harbour Office"


# ── properties of old Office files ────────────────────────────────────────────────────────────────────────────────


def property_set(*properties: tuple[int, bytes]) -> bytes:
    """A summary stream with one set."""
    start = 8 + 8 * len(properties)
    places, values = b"", b""
    for number, value in properties:
        places += struct.pack("<II", number, start + len(values))
        values += value
    return bytes(24) + struct.pack("<I", 1) + bytes(16) + struct.pack("<I", 48) + struct.pack("<II", 0, len(properties)) + places + values


def test_properties_are_read_in_their_own_encoding() -> None:
    """A narrow text by the set's code page, a wide one as UTF-16, a moment as a day."""
    greek, ticks = "Χαλκός".encode("cp1253"), (13_412_304_000 + 86_400 * 3) * 10_000_000
    found = _properties(
        property_set(
            (1, struct.pack("<II", 2, 1253)),
            (2, struct.pack("<II", 30, len(greek) + 1) + greek + b"\0"),
            (4, struct.pack("<II", 31, 5) + "Anna\0".encode("utf-16-le")),
            (12, struct.pack("<IQ", 64, ticks)),
        )
    )
    assert (_text(found, 2), _text(found, 4), str(_day(found, 12))) == ("Χαλκός", "Anna", "2026-01-11")
    assert (_text(found, 12), _day(found, 2), _text(found, 99), _day(found, 99)) == ("", None, "", None)


def test_properties_that_claim_to_be_endless_end() -> None:
    """A count or a length that is not true costs nothing."""
    whole = property_set((2, struct.pack("<II", 0x101E, 0xFFFFFFFF)), (4, struct.pack("<II", 30, 0xFFFFFFFF) + b"Anna\0"))
    assert _text(_properties(whole), 4) == "Anna"
    for end in range(len(whole)):
        assert _text(_properties(whole[:end]), 2) == ""
    claimed = whole[:52] + struct.pack("<I", 0xFFFFFFFF) + whole[56:]
    assert len(_properties(claimed)) < 10


@pytest.mark.parametrize(
    ("declared", "author"),
    [
        ("Holmes, Jon", "Holmes, Jon"),
        ("Fleet Reports, a division of Prints & Sons", ""),
        ("Paper mill - papermill.io", ""),
        ("G635890", ""),
        ("Anonymous", ""),
        ("May Wong", "May Wong"),
    ],
)
def test_a_service_that_made_a_pdf_is_not_its_author(declared: str, author: str) -> None:
    """Named as the program is, by an address, or as a user's number."""
    assert _author(declared, programs=("Fleet PDF Generator", "May")) == author
