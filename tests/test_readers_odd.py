"""Files as other programs leave them: parts missing, deletions still inside, hidden sheets and slides, numbers under conditions."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rag.errors import CorruptFileError, UnsupportedFormatError
from rag.readers import ReaderPool, read_file
from rag.readers.numberformat import display
from rag.readers.pdfscan import as_read, right_to_left
from rag.readers.ppt import _slides, _streams
from tests.test_readers_kinds import old_word


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    """One child for all."""
    with ReaderPool() as pool:
        yield pool


def without(path: Path, drop: Callable[[str], bool], *, edit: Callable[[str, bytes], bytes] = lambda name, data: data) -> None:
    """The package without some of its parts, which it still names."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if not drop(name)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, edit(name, data))


# ── packages that name what they do not hold ──────────────────────────────────────────────────────────────────────


def make_docx(path: Path) -> None:
    """A heading, a picture and a numbered list."""
    import docx
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (9, 9)).save(picture, "PNG")
    picture.seek(0)
    document = docx.Document()
    document.add_heading("Harbour report", 1)
    document.add_picture(picture)
    document.add_paragraph("Berths were full.", style="List Number")
    document.save(str(path))


def make_pptx(path: Path) -> None:
    """Two slides, the first with a chart."""
    import pptx
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE

    deck = pptx.Presentation()
    data = CategoryChartData()
    data.categories = ["2025"]
    data.add_series("Ships", (3,))
    for title in ("Harbour report", "Outlook"):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = title
    deck.slides[0].shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 9_999, 9_999, data)
    deck.save(str(path))


@pytest.mark.parametrize(
    "part",
    ["word/media/image1.png", "word/numbering.xml", "word/settings.xml", "word/styles.xml", "word/theme/theme1.xml", "docProps/core.xml"],
)
def test_a_word_file_is_read_without_a_part_that_it_names(tmp_path: Path, part: str) -> None:
    """All that is left of it, with a notice of what is not there."""
    path = tmp_path / "report.docx"
    make_docx(path)
    without(path, lambda name: name == part)
    document = read_file(path)
    assert "Harbour report" in document.text
    assert "Berths were full." in document.text
    assert document.notices == (f"parts that the file names are not in it: {part}",)


def test_a_link_within_a_word_file_is_no_part_of_it(tmp_path: Path) -> None:
    """Some programs do not say that what it names lies outside of the package."""
    path = tmp_path / "note.docx"
    make_docx(path)
    link = '<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="#Costs"/>'
    end = b"</Relationships>"
    without(
        path, lambda name: False, edit=lambda name, data: data.replace(end, link.encode() + end) if "document.xml.rels" in name else data
    )
    assert not any(notice.startswith("parts that the file names") for notice in read_file(path).notices)


def test_a_word_file_is_read_whose_pictures_have_no_kind(tmp_path: Path) -> None:
    """A part of which the package does not say what it is, is as good as missing."""
    path = tmp_path / "report.docx"
    make_docx(path)
    undeclared = b'<Default Extension="png" ContentType="image/png"/>'
    without(path, lambda name: False, edit=lambda name, data: data.replace(undeclared, b""))
    assert "Berths were full." in read_file(path).text


@pytest.mark.parametrize(
    ("part", "text", "notices"),
    [
        ("ppt/charts/", "Harbour report\n\nOutlook", ()),
        ("ppt/slides/slide2.xml", "Harbour report\n\n | Ships\n2025 | 3", ("slide 2 is not in the file",)),
    ],
)
def test_a_deck_is_read_without_a_part_that_it_names(tmp_path: Path, part: str, text: str, notices: tuple[str, ...]) -> None:
    """The other slides keep their numbers."""
    path = tmp_path / "deck.pptx"
    make_pptx(path)
    without(path, lambda name: name.startswith(part))
    document = read_file(path)
    assert document.text.strip() == text
    assert document.notices[: len(notices)] == notices
    assert document.notices[-1].startswith(f"parts that the file names are not in it: {part}")
    assert [page.label for page in document.pages] == ["slide 1", "slide 2"]


# ── tracked deletions and what is hidden ──────────────────────────────────────────────────────────────────────────


def test_what_tracked_changes_delete_is_left_out_of_old_word_files() -> None:
    """By the property of its letters, and counted apart from hidden text."""
    document = old_word({"body": "The fleet grew. Not for you.\r"}, hidden=(15, 28), code=0x0800)
    assert document.text == "The fleet grew."
    assert document.notices == ("tracked changes: deleted text left out (13 characters), inserted text kept",)


def test_the_comments_of_an_old_word_file_leave_its_text_a_page() -> None:
    """The body stands on the first page, the comments on the second."""
    document = old_word({"body": "The fleet grew.\r", "comments": "\x05Says who?\r"})
    assert [document.text[page.start : page.end].strip() for page in document.pages] == ["The fleet grew.", "Says who?"]


def test_what_tracked_changes_delete_is_left_out_of_rich_text(tmp_path: Path) -> None:
    """Until the group ends or the letters are plain again."""
    path = tmp_path / "notes.rtf"
    path.write_text(r"{\rtf1 Kept {\deleted gone }and {\revised new} \deleted lost\plain back.\par}")
    document = read_file(path)
    assert document.text == "Kept and new back."
    assert document.notices == ("tracked changes: deleted text left out (8 characters), inserted text kept",)


NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"'
    for name, space in [
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("style", "style"),
        ("presentation", "presentation"),
    ]
)


def open_document(path: Path, *, styles: str, body: str) -> None:
    """An OpenDocument file with these automatic styles and this body."""
    content = (
        f'<office:document-content {NAMES} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:automatic-styles>{styles}'
        f"</office:automatic-styles><office:body>{body}</office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", content)


def test_hidden_text_of_an_opendocument_text_is_left_out_and_counted(tmp_path: Path) -> None:
    """Runs by their style, sections by themselves; what follows a run stays."""
    path = tmp_path / "notes.odt"
    styles = '<style:style style:name="T1" style:family="text"><style:text-properties text:display="none"/></style:style>'
    body = (
        '<office:text><text:p>Seen <text:span text:style-name="T1">never</text:span>and kept.</text:p>'
        '<text:section text:display="none"><text:p>Nor this</text:p></text:section><text:p text:style-name="T1">End.</text:p></office:text>'
    )
    open_document(path, styles=styles, body=body)
    document = read_file(path)
    assert document.text == "Seen and kept.\n\nEnd."
    assert document.notices == ("hidden text dropped (13 characters)",)


def test_hidden_sheets_and_columns_of_an_opendocument_workbook_are_left_out(tmp_path: Path) -> None:
    """With a notice each; comments stand behind the cells."""
    path = tmp_path / "book.ods"
    styles = '<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>'

    def cell(text: str, note: str = "") -> str:
        note = note and f"<office:annotation><dc:creator>Ann</dc:creator><text:p>{note}</text:p></office:annotation>"
        return f"<table:table-cell>{note}<text:p>{text}</text:p></table:table-cell>"

    rows = "".join(
        f"<table:table-row>{''.join(cells)}</table:table-row>"
        for cells in ([cell("Port"), cell("secret"), cell("Ships")], [cell("Calder", "Check"), cell("9"), cell("4")])
    )
    columns = '<table:table-column/><table:table-column table:visibility="collapse"/><table:table-column/>'
    body = (
        f'<office:spreadsheet><table:table table:name="Open">{columns}{rows}</table:table>'
        f'<table:table table:name="Shut" table:style-name="ta2">{rows}</table:table></office:spreadsheet>'
    )
    open_document(path, styles=styles, body=body)
    document = read_file(path)
    assert document.text == "Open\n\nPort | Ships\nCalder | 4\n\nCell | Comment by | Comment\nA2 | Ann | Check"
    assert document.notices == (
        'sheet "Open": 2 filled cells in hidden rows and columns left out',
        'sheet "Shut" is hidden and was left out',
    )


def test_a_hidden_slide_of_an_opendocument_deck_is_an_empty_page(tmp_path: Path) -> None:
    """The others keep their numbers."""
    path = tmp_path / "deck.odp"
    hiding = '<style:drawing-page-properties presentation:visibility="hidden"/>'
    pages = "".join(
        f'<draw:page draw:style-name="{style}"><draw:frame><draw:text-box><text:p>{text}</text:p></draw:text-box></draw:frame></draw:page>'
        for style, text in (("dp1", "One"), ("dp2", "Two"))
    )
    open_document(
        path,
        styles=f'<style:style style:name="dp1" style:family="drawing-page">{hiding}</style:style>',
        body=f"<office:presentation>{pages}</office:presentation>",
    )
    document = read_file(path)
    assert document.text.strip() == "Two"
    assert document.notices == ("slide 1 is hidden and was left out",)
    assert [page.label for page in document.pages] == ["slide 1", "slide 2"]


def _atom(kind: int, content: bytes, *, instance: int = 0, holds: bool = False) -> bytes:
    return struct.pack("<HHI", instance << 4 | (0xF if holds else 0), kind, len(content)) + content


class _Container:
    """Streams by their paths, as olefile has them."""

    def __init__(self, streams: dict[str, bytes]) -> None:
        self._streams = streams

    def exists(self, name: str) -> bool:
        return any(path == name or path.startswith(f"{name}/") for path in self._streams)

    def openstream(self, name: str) -> io.BytesIO:
        return io.BytesIO(self._streams[name])


def test_a_deck_for_powerpoint_95_and_97_is_read_by_the_one_of_97() -> None:
    """It holds both; other decks hold one."""
    one = {"Current User": b"user", "PowerPoint Document": b"deck"}
    assert _streams(_Container(one)) == (b"user", b"deck")
    both = {"PowerPoint Document": b"of 95", **{f"PP97_DUALSTORAGE/{name}": data for name, data in one.items()}}
    assert _streams(_Container(both)) == (b"user", b"deck")


def test_an_old_deck_tells_hidden_slides_and_gives_notes_to_their_slide() -> None:
    """By the slide's show settings, and by the slide's number in its notes."""

    def listed(reference: int, identity: int) -> bytes:
        return _atom(0x03F3, struct.pack("<5I", reference, 0, 0, identity, 0))

    def text(kind: int, words: str) -> bytes:
        return _atom(0x0F9F, struct.pack("<I", kind)) + _atom(0x0FA8, words.encode())

    parts = [
        _atom(0x03EE, text(4, "Open slide"), holds=True),
        _atom(0x03EE, _atom(0x03F9, bytes(10) + b"\x04" + bytes(5)) + text(4, "Shut slide"), holds=True),
        _atom(0x03F0, _atom(0x03F1, struct.pack("<3I", 256, 0, 0)) + text(2, "Say it slowly") + text(4, "7"), holds=True),
    ]
    lists = _atom(0x0FF0, listed(2, 256) + listed(3, 257), holds=True) + _atom(0x0FF0, listed(4, 1), instance=2, holds=True)
    data, places = bytearray(), []
    for part in (_atom(0x03E8, lists, holds=True), *parts):
        places.append(len(data))
        data += part
    directory = len(data)
    data += _atom(0x1772, struct.pack("<5I", 1 | len(places) << 20, *places))
    edit = len(data)
    data += _atom(0x0FF5, struct.pack("<7I", 0, 0, 0, directory, 1, 5, 0))
    slides = list(_slides(bytes(data), edit))
    assert [(slide.texts, slide.notes, slide.is_hidden) for slide in slides] == [
        ([(False, "Open slide")], "Say it slowly", False),
        ([(False, "Shut slide")], "", True),
    ]


# ── numbers as the sheet shows them ───────────────────────────────────────────────────────────────────────────────

THOUSANDS = '[>=1000000]0.0,,"M";[>=1000]0.0,"K";0'


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (2_500_000, THOUSANDS, "2.5M"),
        (2_500, THOUSANDS, "2.5K"),
        (12, THOUSANDS, "12"),
        (-5, "[<0](0.0);0", "(5.0)"),
        (99, "[>100]0.0;0", "99"),
        (42, "00000", "00042"),
        (123_456_789, "000-00-0000", "123-45-6789"),
        (1_234_567.5, "# ##0.00", "1234 567.50"),
        (5, "# ##0", "5"),
        (-5, "# ##0;[Red]-# ##0", "-5"),
        (5, "#", "5"),
        (1_234, r"#\ ##0", "1 234"),
        (424_242, ";;;", ""),
        (timedelta(days=1.5), "[h]:mm", "36:00"),
        (timedelta(hours=-2, seconds=-5), "[h]:mm:ss", "-2:00:05"),
    ],
)
def test_conditions_places_and_spans_of_time_are_followed(value: float | timedelta, number_format: str, shown: str) -> None:
    """2,500 under a format for thousands and millions is not "0.0M"."""
    assert display(value, number_format=number_format) == shown


def test_a_number_that_its_format_hides_is_left_out_and_counted(tmp_path: Path) -> None:
    """Nobody sees it in the sheet."""
    import openpyxl

    path = tmp_path / "book.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["Port", "Key"])
    book.active.append(["Calder", 424_242])
    book.active["B2"].number_format = ";;;"
    book.save(path)
    document = read_file(path)
    assert "424242" not in document.text
    assert document.notices == ('sheet "Sheet": 1 cells left out that their number format hides',)


# ── mail, tables, pages, terminals ────────────────────────────────────────────────────────────────────────────────


def test_a_mail_whose_plain_part_is_empty_is_read_by_its_other_part(tmp_path: Path) -> None:
    """As some programs send it."""
    path = tmp_path / "mail.eml"
    head = "From: a@example.org\nSubject: Berths\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=B\n\n"
    path.write_text(f"{head}--B\nContent-Type: text/plain\n\n \n--B\nContent-Type: text/html\n\n<p>All berths are full.</p>\n--B--\n")
    assert read_file(path).text.endswith("All berths are full.")


def mail(path: Path, kind: str, *parts: str) -> None:
    """A mail of several parts, each with its own head."""
    head = f"From: a@example.org\nSubject: Berths\nMIME-Version: 1.0\nContent-Type: {kind}; boundary=B\n"
    path.write_text(head + "".join(f"\n--B\n{part}\n" for part in parts) + "--B--\n")


def test_text_behind_the_first_part_of_a_mail_is_its_text(tmp_path: Path) -> None:
    """As behind a picture, or what a list adds; a part with a name is an attachment."""
    path = tmp_path / "mail.eml"
    named = "Content-Type: text/plain; name=notes.txt\nContent-Disposition: attachment; filename=notes.txt\n\nElsewhere."
    mail(path, "multipart/mixed", "Content-Type: text/plain\n\nAll full.", "Content-Type: text/plain\n\nSent from a ship.", named)
    document = read_file(path)
    assert document.text.endswith("All full.\n\nSent from a ship.")
    assert document.notices == ("attachment: notes.txt",)


def test_attachments_of_a_signed_mail_are_those_that_were_signed(pool: ReaderPool, tmp_path: Path) -> None:
    """They lie one level deeper, beside the signature."""
    path, into = tmp_path / "mail.eml", tmp_path / "out"
    into.mkdir()
    named = "Content-Type: text/plain; name=notes.txt\nContent-Disposition: attachment; filename=notes.txt\n\nElsewhere."
    signed = f"Content-Type: multipart/mixed; boundary=C\n\n--C\nContent-Type: text/plain\n\nAll full.\n--C\n{named}\n--C--"
    mail(path, "multipart/signed", signed, "Content-Type: application/pkcs7-signature; name=smime.p7s\n\nAAAA")
    document = pool.read(path)
    assert document.text.endswith("All full.")
    assert document.notices == ("attachment: notes.txt",)
    assert [one.name for one in pool.unpack(path, into=into)] == ["notes.txt"]


def test_a_table_that_names_its_separator_keeps_the_name_to_itself(tmp_path: Path) -> None:
    """Excel writes "sep=;" above a table for itself."""
    path = tmp_path / "table.csv"
    path.write_text("sep=;\r\nPort;Share\r\nCalder;1,5\r\nTarn;2,5\r\n")
    document = read_file(path)
    assert document.text == "Port | Share\nCalder | 1,5\nTarn | 2,5"
    assert document.metadata.title == "table"


def test_a_page_too_deep_for_the_parser_is_refused_and_not_cut(pool: ReaderPool, tmp_path: Path) -> None:
    """The parser would drop all that follows without a word."""
    path = tmp_path / "deep.html"
    path.write_text("<p>Seen.</p>" + "<div>" * 5_000 + "Lost." + "</div>" * 5_000)
    with pytest.raises(CorruptFileError, match="nested too deeply"):
        pool.read(path)


def test_rules_of_a_page_for_an_element_by_itself_hide_it(tmp_path: Path) -> None:
    """By class, id, tag or all of them; what is said of elements inside others is left to the browser."""
    path = tmp_path / "page.html"
    rules = ".a, #b {display: none} p.c{visibility:hidden} i.d{display:none} div .e{display:none} @media print {.f{display:none}}"
    words = "".join(f"<p {mark}>{mark[-1]}</p>" for mark in ("class=a", "id=b", "class=c", "class=d", "class=e", "class=f"))
    path.write_text(f"<style>{rules}</style><p>Seen.</p>{words}")
    document = read_file(path)
    assert document.text.split() == ["Seen.", "d", "e", "f"]
    assert document.notices == ("hidden text dropped (3 characters)",)


def test_what_a_page_strikes_out_is_left_out_and_counted(tmp_path: Path) -> None:
    """As what tracked changes delete elsewhere; a message to browsers without frames is no text either."""
    path = tmp_path / "page.html"
    path.write_text("<p>Rates were <del>4</del> <ins>5</ins> per cent.</p><noframes><body>Get another browser.</body></noframes>")
    document = read_file(path)
    assert document.text == "Rates were 5 per cent."
    assert document.notices == ("tracked changes: deleted text left out (1 characters), inserted text kept",)


def test_style_sheets_of_a_book_hide_as_those_of_a_page(tmp_path: Path) -> None:
    """They lie beside the chapters."""
    path = tmp_path / "book.epub"
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/>'
        '</manifest><spine><itemref idref="a"/></spine></package>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfile full-path="O/c.opf"/></container>',
        )
        archive.writestr("O/c.opf", package)
        archive.writestr("O/s.css", ".note{display:none}")
        head = '<head><link rel="stylesheet" href="../s.css"/></head>'
        archive.writestr("O/text/a.xhtml", f"<html>{head}<body><p>Seen.</p><p class='note'>Unseen</p></body></html>")
    document = read_file(path)
    assert document.text == "Seen."
    assert document.notices == ("hidden text dropped (6 characters)",)


def test_arabic_letters_of_a_pdf_are_in_the_order_of_reading() -> None:
    """Some files give them as they stand on the page, from the left; words that are in order stay, and so do figures and full stops."""
    words = ["\u0641\u064a", "12", "\u064a\u0628\u062f."]
    assert [right_to_left(word) for word in words] == [[(0, 1)], [], [(0, 2)]]
    assert as_read(words, [90.0, 80.0, 20.0, 40.0]) == ["\u0641\u064a", "12", "\u062f\u0628\u064a."]


def test_colours_of_a_terminal_are_no_text(tmp_path: Path) -> None:
    """Logs keep them."""
    path = tmp_path / "log.txt"
    path.write_text("\x1b[1;31mFailed\x1b[0m at noon.")
    assert read_file(path).text == "Failed at noon."


def test_comments_beside_the_text_of_a_pdf_are_counted(tmp_path: Path) -> None:
    """They are no part of the page, and nobody should think that they were read."""
    from reportlab.pdfgen.canvas import Canvas

    path = tmp_path / "report.pdf"
    canvas = Canvas(str(path))
    canvas.drawString(50, 700, "Berths were full in May.")
    canvas.textAnnotation("Says who?", Rect=[50, 600, 70, 620])
    canvas.textAnnotation("", Rect=[50, 500, 70, 520])
    canvas.save()
    document = read_file(path)
    assert document.text == "Berths were full in May."
    assert document.notices == ("comments beside the text left out (1)",)


# ── formats that others keep to themselves ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", [".pages", ".numbers", ".key"])
def test_an_apple_document_is_read_by_its_preview(tmp_path: Path, suffix: str) -> None:
    """A PDF of the whole; without one it is said what to do."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "preview.pdf"))
    canvas.drawString(50, 700, "Berths were full in May.")
    canvas.save()
    path = tmp_path / f"report{suffix}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Index/Document.iwa", b"own")
        archive.write(tmp_path / "preview.pdf", "QuickLook/Preview.pdf")
    document = read_file(path)
    assert (document.text, document.format) == ("Berths were full in May.", suffix[1:])
    assert document.notices == ("read from the preview that the file carries",)
    without(path, lambda name: name.startswith("QuickLook"))
    with pytest.raises(UnsupportedFormatError, match="export it as PDF"):
        read_file(path)
