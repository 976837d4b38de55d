"""What a person sees of a file and nothing else: raised marks, crossed-out words, covered letters, and files told for what they are."""

import base64
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.hostile import _BOX, _UNDER, _at, _page_with, _shown, _stream, _word
from rag.errors import EncryptedError, NoTextError
from rag.readers import read_file, smime
from rag.readers.clean import LEVEL, RAISED, clean
from rag.readers.encoding import decode
from rag.types import Document

WORD = "needle haystack"


def of_bytes(folder: Path, name: str, data: bytes) -> Document:
    """The document of a file with these bytes."""
    path = folder / name
    path.write_bytes(data)
    return read_file(path)


# ── raised letters ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("rose to 12.5{1} million", "rose to 12.5 million"),
        ("rose to 12.5{(1)}", "rose to 12.5"),
        ("rose to 12.5{1}{, }{2} million", "rose to 12.5 million"),
        ("rose to 12.5 {1} million", "rose to 12.5 million"),
        ("some 12.5{b}", "some 12.5"),
        ("in 2025.{3} Then", "in 2025. Then"),
        ("Revenue{1}", "Revenue"),
        ("GDP{2} grew", "GDP grew"),
        ("30 m{2} and 5 km{2}", "30 m2 and 5 km2"),
        ("10{6} joules", "10⁶ joules"),
        ("10{−3} moles", "10⁻³ moles"),
        ("2{32} bytes", "2³² bytes"),
        ("up by 10{1} million, 10{2}%", "up by 10 million, 10%"),
        ("Sales{(1)(2)} of 2{1}", "Sales of 2"),
        ("12{1}/2 inches", "12 1/2 inches"),
        ("the 3{rd} quarter", "the 3rd quarter"),
        ("le 2{e} trimestre", "le 2e trimestre"),
        ("of {235}U", "of 235U"),
        ("{1}Excluding fuel. {2}Restated", "1 Excluding fuel. 2 Restated"),
        ("no end {1", "no end 1"),
    ],
)
def test_a_raised_mark_is_no_digit_of_a_number(written: str, read: str) -> None:
    """Of what is raised, the marks of notes go; powers, fractions, ordinals and units stay."""
    marked = written.replace("{", RAISED).replace("}", LEVEL)
    assert " ".join(clean(marked).split()) == read
    assert clean(clean(marked)) == clean(marked)


def test_ligatures_are_letters() -> None:
    """So that "profit" is found in a text that was set in type."""
    assert clean("proﬁt of the oﬃce, a ﬂag") == "profit of the office, a flag"


def rich_sheet() -> bytes:
    """Raised and crossed-out pieces of a cell, and a cell that is crossed out."""
    from openpyxl import Workbook
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont
    from openpyxl.styles import Font

    book, made = Workbook(), io.BytesIO()
    sheet = book.active
    sheet.append(["Item", "Sales"])
    sheet.append(["needle", "x"])
    sheet.append(["plum", 55])
    sheet["B2"] = CellRichText(
        "12.5", TextBlock(InlineFont(vertAlign="superscript"), "1"), " million", TextBlock(InlineFont(strike=True), " plum")
    )
    for cell in sheet[3]:
        cell.font = Font(strike=True)
    book.save(made)
    return made.getvalue()


def rich_slide() -> bytes:
    """Raised, crossed-out and hidden pieces."""
    from pptx import Presentation

    deck, made = Presentation(), io.BytesIO()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    paragraph = slide.shapes.add_textbox(0, 0, 9_000, 9_000).text_frame.paragraphs[0]
    for text, name, value in (
        ("needle 12.5", "lang", "en"),
        ("1", "baseline", "30000"),
        (" million", "lang", "en"),
        ("plum", "strike", "sngStrike"),
    ):
        run = paragraph.add_run()
        run.text = text
        run.font._element.set(name, value)
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "plum"
    group._element.nvGrpSpPr.cNvPr.set("hidden", "1")
    deck.save(made)
    return made.getvalue()


def open_document() -> bytes:
    """A raised and a crossed-out span, the latter by the style that its own is made from."""
    names = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "style"))
    raised = '<style:style style:name="R" style:family="text"><style:text-properties style:text-position="super 58%"/></style:style>'
    struck = '<style:style style:name="S" style:family="text"><style:text-properties style:text-line-through-style="solid"/></style:style>'
    child = '<style:style style:name="T" style:family="text" style:parent-style-name="S"/>'
    body = (
        '<text:p>needle 12.5<text:span text:style-name="R">1</text:span> million <text:span text:style-name="T">plum</text:span></text:p>'
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(
            "content.xml",
            f"<office:document-content {names}><office:automatic-styles>{raised}{struck}{child}</office:automatic-styles>"
            f"<office:body><office:text>{body}</office:text></office:body></office:document-content>",
        )
    return made.getvalue()


def rich_word() -> bytes:
    """Raised and crossed-out runs, the latter also by a style."""
    raised, struck = '<w:vertAlign w:val="superscript"/>', "<w:dstrike/>"
    runs = (("needle 12.5", ""), ("1", raised), (" million", ""), ("plum", struck), (" and pear", '<w:strike w:val="0"/>'))
    return _word(
        "<w:p>" + "".join(f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>' for text, look in runs) + "</w:p>"
    )


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.docx", rich_word),
        ("a.xlsx", rich_sheet),
        ("a.pptx", rich_slide),
        ("a.odt", open_document),
        ("a.rtf", lambda: rb"{\rtf1 needle 12.5\super 1\nosupersub  million {\strike plum}\par}"),
        (
            "a.html",
            lambda: b"<p>needle 12.5<sup>1</sup> million <s>plum</s> <span style='text-decoration:underline line-through'>plum</span>",
        ),
        ("a.md", lambda: b"needle 12.5<sup>1</sup> million ~~plum~~\n"),
    ],
)
def test_marks_of_notes_and_crossed_out_words_are_no_text(tmp_path: Path, name: str, make: Callable[[], bytes]) -> None:
    """In every format that knows them; what is crossed out is counted."""
    document = of_bytes(tmp_path, name, make())
    assert "12.5 million" in document.text
    assert "needle" in document.text
    assert "plum" not in document.text
    assert any(notice.startswith("crossed-out text left out (") for notice in document.notices)


# ── PDF ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_raised_mark_of_a_pdf_is_no_digit(tmp_path: Path) -> None:
    """By its size and place, as a browser prints it; figures of old style, which hang and rise, are of one size and stay."""
    raised = "BT /F 12 Tf 60 700 Td (up by 12.5) Tj /F 10 Tf 5 Ts (1) Tj 0 Ts /F 12 Tf ( million, of 10) Tj /F 8 Tf 5 Ts (6) Tj ET\n"
    of_one_size = "BT /F 12 Tf 60 600 Td (sold 77) Tj 4 Ts (6) Tj 0 Ts ( and 12) Tj /F 8 Tf -3 Ts (3) Tj ET\n"
    assert of_bytes(tmp_path, "a.pdf", _shown(raised + of_one_size)).text == f"{WORD}\n\nup by 12.5 million, of 10⁶\n\nsold 776 and 123"


GREY = _stream(b"\x80", said="/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8")
GLASS = "/ExtGState << /G << /ca 0.4 >> >>"


@pytest.mark.parametrize(
    "page",
    [
        lambda: _shown(f"{_UNDER}0 0 0 RG {_BOX} S"),
        lambda: _shown(f"{_UNDER}q /G gs 1 1 0 rg {_BOX} f Q", resources=GLASS),
        lambda: _shown(f"1 g 0 0 595 750 re f 0 0 0.5 rg {_BOX} f 1 g {_UNDER}"),
        lambda: _shown(f"{_UNDER}q 595 0 0 842 0 0 cm /I Do Q", resources="/XObject << /I 5 0 R >>", more=[GREY]),
        lambda: _shown(f"q 595 0 0 842 0 0 cm /I Do Q {_UNDER}", resources="/XObject << /I 5 0 R >>", more=[GREY]),
        lambda: _shown("1 g 0 G " + _at(60, 700, "the secret plum", mode=1)),
        lambda: _shown(f"{_UNDER}{_at(60, 700, 'the secret plum weighs 99 grams')}1 1 0 rg q /G gs {_BOX} f Q", resources=GLASS),
    ],
    ids=["a frame", "a marker", "white on blue", "a scan over its text", "over a picture", "outlined letters", "twice for bold"],
)
def test_letters_that_can_be_seen_are_read(tmp_path: Path, page: Callable[[], bytes]) -> None:
    """Whatever is drawn under or around them."""
    assert "secret plum" in of_bytes(tmp_path, "a.pdf", page()).text


def test_covered_letters_of_a_pdf_are_counted(tmp_path: Path) -> None:
    """A box in black over them takes them out of sight, on a turned and cropped page too."""
    document = of_bytes(tmp_path, "a.pdf", _shown(f"{_UNDER}0 g {_BOX} f", page="/Rotate 90 /CropBox [20 300 500 800]"))
    assert document.text == WORD
    assert document.notices == ("hidden text dropped (31 characters)",)


def test_each_covered_word_is_looked_at_where_it_stands(tmp_path: Path) -> None:
    """Only the part of a page that holds such words is drawn, whatever corners they stand in; what lies beyond the page is not seen."""
    places = {"plum": (480, 810), "fig": (5, 4), "lime": (300, 400), "pear": (560, 10)}
    words = "".join(_at(x, y, word) for word, (x, y) in places.items()) + _at(590, 838, "quince")
    boxes = {word: f"{x - 4} {y - 4} 60 20 re f " for word, (x, y) in (*places.items(), ("quince", (590, 838)))}
    shown = "q /G gs 1 1 0 rg " + boxes["fig"] + boxes["plum"] + "Q "
    covered = "0 g " + boxes["lime"] + boxes["pear"] + boxes["quince"]
    document = of_bytes(tmp_path, "a.pdf", _shown(words + shown + covered, resources=GLASS))
    assert {word for word in (*places, "quince") if word in document.text} == {"plum", "fig"}


def test_letters_without_a_meaning_are_left_out(tmp_path: Path) -> None:
    """Of a font that only says how its letters look, PDFium gives their numbers, which are no text; single ones are marks of a list."""
    drawn = (_stream(b"500 0 0 0 500 700 d1 0 0 400 700 re f", said=""),) * 2
    font = (
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 500 700] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 97 /LastChar 98"
        " /Widths [500 500] /Encoding << /Differences [97 /g1 /g2] >> /CharProcs << /g1 6 0 R /g2 7 0 R >> /Resources << >> >>"
    )

    def page(before: str, text: str) -> bytes:
        content = _stream(f"{before}BT /T 11 Tf 60 700 Td ({text}) Tj ET".encode(), said="")
        return _page_with(content, more=[font, *drawn]).replace(b"/Font << ", b"/Font << /T 5 0 R ", 1)

    document = of_bytes(tmp_path, "a.pdf", page(_at(60, 760, WORD), "abab abba"))
    assert (document.text, document.notices) == (WORD, ("letters left out whose meaning the file does not say (8 characters)",))
    assert of_bytes(tmp_path, "a.pdf", page(_at(60, 760, WORD), "a")).notices == ()
    with pytest.raises(NoTextError, match="none of its 1 pages has letters of which the file says what they are"):
        of_bytes(tmp_path, "a.pdf", page("", "abab abba"))


def test_files_attached_to_a_pdf_are_named(tmp_path: Path) -> None:
    """They are not read, and nobody should think that they were."""
    names = "/Names << /EmbeddedFiles << /Names [(note.txt) 5 0 R] >> >>"
    more = ["<< /Type /Filespec /F (note.txt) /UF (note.txt) /EF << /F 6 0 R >> >>", _stream(b"inside", said="/Type /EmbeddedFile")]
    document = of_bytes(tmp_path, "a.pdf", _shown("", catalogue=names, more=more))
    assert document.notices == ("files attached to it are not read; save them beside it: note.txt",)


# ── web pages ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sheet", "is_read"),
    [
        (".tab {display: none}", False),
        (".tab {display: none} .tab.active {display: block}", True),
        (".tab {display: none} p.active {display: block}", True),
        (".tab {display: none} p {display: block}", False),
        (".tab {display: none} .tab {display: block}", True),
        (".tab.active {display: none} .tab {display: block}", False),
        (".tab {display: none !important} .tab.active {display: block}", False),
        (".box .tab {display: none}", False),
        (".box > .tab {display: none}", True),
        ("section > .tab {display: none}", False),
        (".box > section .tab {display: none}", False),
        ("body div div .tab {display: none}", True),
        ("#none .tab {display: none}", True),
        (".box .tab {display: none} .box section .tab {visibility: visible}", True),
        (".tab:hover {display: none}", True),
        (".tab {opacity: 0} .tab.active {display: block}", False),
        (".said {display: none}", True),
        ("/* .tab {display: block} */ div.box section p {display: none}", False),
    ],
)
def test_style_sheets_hide_and_show(tmp_path: Path, sheet: str, is_read: bool) -> None:
    """By tags, classes and ids, in each other too; the more exact rule wins, of equal ones the later."""
    page = f'<style>{sheet}</style><p>{WORD}</p><div class="box"><section><p class="tab active">tabbed</p></section></div>'
    page += '<p class="said" style="display: block">said otherwise</p>'
    text = of_bytes(tmp_path, "a.html", page.encode()).text
    assert (("tabbed" in text), ("said otherwise" in text)) == (is_read, True)


# ── Word and Excel ────────────────────────────────────────────────────────────────────────────────────────────────


def test_white_letters_on_a_picture_are_read(tmp_path: Path) -> None:
    """As titles of reports stand on their covers; without the picture nobody sees them."""
    behind = '<wp:anchor xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" behindDoc="1"/>'
    title = f'<w:p><w:r><w:rPr><w:color w:val="FFFFFF"/></w:rPr><w:t>{WORD}</w:t></w:r></w:p><w:p><w:r><w:t>Body.</w:t></w:r></w:p>'
    cover = of_bytes(tmp_path, "a.docx", _word(f"<w:p><w:r><w:drawing>{behind}</w:drawing></w:r></w:p>{title}"))
    assert cover.text == f"{WORD}\n\nBody."
    assert of_bytes(tmp_path, "a.docx", _word(title)).notices == ("hidden text dropped (15 characters)",)


def test_parts_of_a_formula_stay_apart(tmp_path: Path) -> None:
    """A half is not twelve."""
    names = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    half = "<m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>a+2</m:t></m:r></m:den></m:f>"
    power = "<m:sSup><m:e><m:r><m:t>10</m:t></m:r></m:e><m:sup><m:r><m:t>6</m:t></m:r></m:sup></m:sSup>"
    document = of_bytes(tmp_path, "a.docx", _word(f"<w:p><m:oMath {names}><m:r><m:t>x=</m:t></m:r>{half}{power}</m:oMath></w:p>"))
    assert document.text == "x=1/(a+2)10^6"


def test_a_deleted_cell_is_left_out(tmp_path: Path) -> None:
    """As a deleted row is; what it held is counted."""
    cell = "<w:tc>{}<w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>"
    deleted = '<w:tcPr><w:cellDel w:id="1" w:author="a"/></w:tcPr>'
    document = of_bytes(tmp_path, "a.docx", _word(f"<w:tbl><w:tr>{cell.format(deleted, 'plum')}{cell.format('', 'kept')}</w:tr></w:tbl>"))
    assert document.text == "kept"
    assert document.notices == ("tracked changes: deleted text left out (4 characters), inserted text kept",)


def with_chunk(kind: str, data: str) -> bytes:
    """A Word file into which another is to be put when it is opened."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_word('<w:altChunk r:id="rId77"/>'))) as archive, zipfile.ZipFile(made, "w") as out:
        for name in archive.namelist():
            part = archive.read(name).decode("utf-8", "surrogateescape")
            relation = '<Relationship Id="rId77" Type="http://x/aFChunk" Target="chunk.part"/></Relationships>'
            part = part.replace("</Relationships>", relation) if name == "word/_rels/document.xml.rels" else part
            part = part.replace("</Types>", f'<Default Extension="part" ContentType="{kind}"/></Types>')
            out.writestr(name, part.encode("utf-8", "surrogateescape"))
        out.writestr("word/chunk.part", data)
    return made.getvalue()


ARCHIVE = f"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>{WORD}</p>\n--b--\n"


def test_a_file_put_into_a_word_file_is_read(tmp_path: Path) -> None:
    """As a web page or a web archive; of other kinds it is named."""
    assert of_bytes(tmp_path, "a.docx", with_chunk("text/html", f"<p>{WORD}</p>")).text == WORD
    assert of_bytes(tmp_path, "a.docx", with_chunk("message/rfc822", ARCHIVE)).text == WORD


def test_formulas_that_nothing_computed_are_counted(tmp_path: Path) -> None:
    """As programs leave them that write workbooks without computing them."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["needle", "=SUM(C1:C9)", "=1/0"])
    book.save(tmp_path / "a.xlsx")
    assert read_file(tmp_path / "a.xlsx").notices == (
        'sheet "Sheet": 2 formulas have no value in the file; save it in a program that computes them',
    )


# ── the others ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_web_archive_is_read_under_any_name(tmp_path: Path) -> None:
    """Wikis call theirs .doc, Excel .xls, browsers .mht or .htm."""
    head = "Date: Mon, 2 Mar 2026 10:00:00 +0000\nSubject: Exported\n"
    for name in ("a.mht", "a.mhtml", "a.doc", "a.xls", "a.htm"):
        assert of_bytes(tmp_path, name, (head + ARCHIVE).encode()).text == WORD


@pytest.mark.parametrize(
    ("said", "encoding", "read"),
    [
        ("iso-8859-1", "utf-8", "Zürich €17"),
        ("windows-1252", "cp1252", "Zürich €17"),
        ("gb2312", "gb2312", "联通"),
        ("us-ascii", "utf-8", "é"),
    ],
)
def test_an_encoding_is_believed_unless_the_bytes_are_utf_8_by_no_chance(said: str, encoding: str, read: str) -> None:
    """Encodings of two bytes are believed: two Chinese letters may be UTF-8 by chance."""
    assert decode(read.encode(encoding), path=Path("a.html"), declared=said) == read


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ("Zürich für Käufer, größer".encode()[:-2] + b"\xc3", "Zürich für Käufer, größ\ufffd"),
        (12 * "Öl für Käufer. ".encode() + b"Caf\xe9.", 12 * "Öl für Käufer. " + "Caf\ufffd."),
        ((12 * "Öl für die Käufer. ").encode("cp1252"), 12 * "Öl für die Käufer. "),
        ((12 * "Цены на цинк выросли. ").encode("koi8-r"), 12 * "Цены на цинк выросли. "),
    ],
)
def test_one_broken_character_does_not_turn_a_file_into_another_alphabet(data: bytes, read: str) -> None:
    """A file that was cut off in a character, and one that a line in another encoding was added to."""
    assert decode(data, path=Path("a.txt")) == read


def test_a_mail_whose_boundary_never_comes_keeps_its_text(tmp_path: Path) -> None:
    """And says that its parts are not told apart."""
    data = b"Subject: Offer\nContent-Type: multipart/mixed; boundary=never\n\nneedle one\n\nneedle two\n"
    document = of_bytes(tmp_path, "a.eml", data)
    assert document.text == "Offer\n\nneedle one\n\nneedle two"
    assert any("boundary that does not come" in notice for notice in document.notices)


@pytest.mark.parametrize(
    ("spine", "read", "notices"),
    [
        ('<spine><itemref idref="a"/><itemref idref="n" linear="no"/><itemref idref="b" linear="no"/></spine>', "chapter\n\nanswers", ()),
        ("", "chapter\n\nanswers", ()),
        ('<spine><itemref idref="a"/><itemref idref="c"/></spine>', "chapter", ("1 of 2 chapters are listed and not in the file",)),
        ('<spine><itemref idref="n"/><itemref idref="a"/></spine>', "contents\n\nchapter", ()),
    ],
)
def test_every_chapter_of_a_book_is_read_or_told(tmp_path: Path, spine: str, read: str, notices: tuple[str, ...]) -> None:
    """Notes and answers that are turned to by a link, a book without an order, a chapter that is not there."""
    item = '<item id="{0}" href="{0}.xhtml" media-type="application/xhtml+xml" properties="{1}"/>'
    items = "".join(item.format(name, "nav" if name == "n" else "") for name in "nabc")
    chapters = {"n": "contents", "a": "chapter", "b": "answers"}
    files = {
        "META-INF/container.xml": '<container><rootfiles><rootfile full-path="c.opf"/></rootfiles></container>',
        "c.opf": f"<package><manifest>{items}</manifest>{spine}</package>",
        **{f"{name}.xhtml": f"<html><body><p>{text}</p></body></html>" for name, text in chapters.items()},
    }
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    document = read_file(tmp_path / "a.epub")
    assert document.text == read
    assert document.notices == (notices if spine else ("1 of 3 chapters are listed and not in the file",))


def der(tag: int, *parts: bytes) -> bytes:
    """A value of a signed message, its length in one byte."""
    content = b"".join(parts)
    return bytes((tag, len(content))) + content


SIGNED_DATA, DATA = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")


@pytest.mark.parametrize(
    "content",
    [
        der(0xA0, der(0x04, b"Content-Type: text/plain\n\nneedle")),
        b"\xa0\x80\x24\x80" + der(0x04, b"Content-Type: text/plain\n\nnee") + der(0x04, b"dle") + bytes(4),
    ],
)
def test_a_mail_wrapped_in_its_signature_is_read(tmp_path: Path, content: bytes) -> None:
    """In one piece and in several, as Outlook signs; it keeps the headers outside."""
    signed = base64.encodebytes(der(0x30, SIGNED_DATA, der(0xA0, der(0x30, DATA, content))))
    head = b"Subject: Offer\nFrom: a@example.org\nContent-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n"
    assert of_bytes(tmp_path, "a.eml", head + signed).text == "Offer\n\nFrom: a@example.org\n\nneedle"
    assert smime.signed_content(b"no signature") == b""


def test_an_encrypted_mail_says_so(tmp_path: Path) -> None:
    """By S/MIME or OpenPGP: its subject alone is no document."""
    sealed = base64.encodebytes(der(0x30, bytes.fromhex("06092a864886f70d010703")))
    for head, body in (("application/pkcs7-mime", sealed), ("multipart/encrypted; boundary=b", b"--b\n\nx\n--b--\n")):
        path = tmp_path / "a.eml"
        path.write_bytes(f"Subject: a\nContent-Type: {head}\nContent-Transfer-Encoding: base64\n\n".encode() + body)
        with pytest.raises(EncryptedError, match="the mail is encrypted"):
            read_file(path)


def test_numbers_that_a_table_keeps_as_formulas_are_read(tmp_path: Path) -> None:
    """So that Excel keeps the zeros in front."""
    assert of_bytes(tmp_path, "a.csv", b'Code,Name\n="00123",needle\n').text == "Code | Name\n00123 | needle"


def test_files_inside_xml_are_no_text(tmp_path: Path) -> None:
    """Pictures of a Word file in one piece, invoices inside invoices; nor is what tracked changes delete."""
    code = base64.encodebytes(bytes(range(256)) * 3).decode()
    document = of_bytes(tmp_path, "a.xml", f"<a><p>{WORD}</p><binaryData>{code}</binaryData><w><delText>plum</delText></w></a>".encode())
    assert document.text == WORD
    assert document.notices == ("files and instructions inside the XML left out (2)",)


def test_a_locked_chapter_is_left_out(tmp_path: Path) -> None:
    """The other chapters are read."""
    lock = "<e><c xmlns='http://www.w3.org/2001/04/xmlenc#'><CipherReference URI='a.xhtml'/></c></e>"
    items = "".join(f"<item id='{name}' href='{name}.xhtml' media-type='application/xhtml+xml'/>" for name in "ab")
    parts = {
        "META-INF/container.xml": "<c><rootfile full-path='c.opf'/></c>",
        "META-INF/encryption.xml": lock,
        "c.opf": f"<package><manifest>{items}</manifest><spine><itemref idref='a'/><itemref idref='b'/></spine></package>",
        "a.xhtml": "úú" * 50,
        "b.xhtml": f"<p>{WORD}</p>",
    }
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    document = read_file(tmp_path / "a.epub")
    assert (document.text, document.notices) == (WORD, ("chapter 1 is locked against copying and was left out",))
