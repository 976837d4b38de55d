"""Files whose bytes are not what their suffix says, dialects, mailboxes, and PDFs with text that somebody typed or OCR put there."""

import re
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from rag.errors import CorruptFileError, EncryptedError
from rag.readers import ReaderPool
from tests.test_readers import assert_sound, cells, make_deck, make_encrypted_office, make_word, make_workbook

TABLE = "<table><tr><th>Item</th><th>2025</th></tr><tr><td>Revenue</td><td>1,842</td></tr></table>"
RTF = r"{\rtf1\ansi The fleet grew in 2025.\par}"
Make = Callable[[Path], None]


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    """One child for all tests."""
    with ReaderPool(timeout_s=30) as pool:
        yield pool


def writer(data: bytes) -> Make:
    """Writes these bytes."""

    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


@pytest.mark.parametrize(
    ("name", "make", "format", "words"),
    [
        ("export.xls", writer(f"<html><body>{TABLE}</body></html>".encode()), "html", "Revenue | 1,842"),
        ("wide.xls", writer(f"<html><body>{TABLE}</body></html>".encode("utf-16")), "html", "Revenue | 1,842"),
        ("fragment.xls", writer(b'<meta charset="utf-8">' + TABLE.encode()), "html", "Revenue | 1,842"),
        ("tabs.xls", writer(b"Item\t2025\nRevenue\t1842\n"), "csv", "Revenue | 1842"),
        ("commas.xlsx", writer(b"Item,2025,2024\nRevenue,1842,1511\n"), "csv", "Revenue | 1842 | 1511"),
        ("letter.doc", writer(RTF.encode()), "rtf", "The fleet grew"),
        ("letter.docx", writer(RTF.encode()), "rtf", "The fleet grew"),
        ("page.doc", writer(b"<!DOCTYPE html><html><body><p>The fleet grew.</p></body></html>"), "html", "The fleet grew."),
        ("new.doc", make_word, "docx", ""),
        ("new.xls", make_workbook, "xlsx", ""),
        ("new.ppt", make_deck, "pptx", ""),
        ("sheet.docx", make_workbook, "xlsx", ""),
    ],
)
def test_an_office_file_is_read_as_what_its_bytes_are(
    pool: ReaderPool, tmp_path: Path, name: str, make: Make, format: str, words: str
) -> None:
    """Web programs export HTML and text as .xls and .doc; the document says that it was so."""
    path = tmp_path / name
    make(path)
    document = pool.read(path)
    assert_sound(document)
    assert document.format == format
    assert words in document.text
    assert any("that its bytes are" in notice for notice in document.notices)


def test_a_locked_file_stays_locked_and_prose_is_no_table(pool: ReaderPool, tmp_path: Path) -> None:
    """Nothing is guessed: what has no other kind's bytes is refused as before."""
    locked = tmp_path / "locked.doc"
    make_encrypted_office(locked)
    with pytest.raises((EncryptedError, CorruptFileError)):
        pool.read(locked)
    prose = tmp_path / "prose.xls"
    prose.write_text("Nothing but a sentence.\n", "utf-8")
    with pytest.raises(CorruptFileError, match="not an Excel 97-2003 workbook"):
        pool.read(prose)


def make_strict(path: Path, make: Make) -> None:
    """Saves as Office does under "Strict Open XML": the same parts with other names of the dialect."""
    plain = path.with_name(f"plain{path.suffix}")
    make(plain)
    with zipfile.ZipFile(plain) as archive, zipfile.ZipFile(path, "w") as out:
        for name in archive.namelist():
            data = archive.read(name)
            if name.endswith((".xml", ".rels")):
                data = data.replace(b"extended-properties", b"extendedProperties")
                data = re.sub(rb"http://schemas\.openxmlformats\.org/(\w+)/2006/(?!metadata)", rb"http://purl.oclc.org/ooxml/\1/", data)
            out.writestr(name, data)


@pytest.mark.parametrize(("suffix", "make"), [(".docx", make_word), (".xlsx", make_workbook), (".pptx", make_deck)])
def test_a_strict_file_reads_as_its_usual_sister(pool: ReaderPool, tmp_path: Path, suffix: str, make: Make) -> None:
    """The same text, pages and cells."""
    path = tmp_path / f"book{suffix}"
    make_strict(path, make)
    strict, plain = pool.read(path), pool.read(tmp_path / f"plain{suffix}")
    assert (strict.text, strict.pages, strict.blocks) == (plain.text, plain.pages, plain.blocks)
    assert strict.metadata == plain.metadata


def test_a_slide_show_is_a_deck(pool: ReaderPool, tmp_path: Path) -> None:
    """What opens as a running show has the same slides."""
    deck, show = tmp_path / "deck.pptx", tmp_path / "show.ppsx"
    make_deck(deck)
    with zipfile.ZipFile(deck) as archive, zipfile.ZipFile(show, "w") as out:
        for name in archive.namelist():
            out.writestr(name, archive.read(name).replace(b"presentation.main+xml", b"slideshow.main+xml"))
    assert pool.read(show).text == pool.read(deck).text


def mail(subject: str, body: str) -> bytes:
    """One mail."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ana@example.org", "bo@example.org", subject
    message["Date"] = "Mon, 02 Mar 2026 09:30:00 +0000"
    message.set_content(body)
    return message.as_bytes()


def test_the_mails_of_a_mailbox_are_documents(pool: ReaderPool, tmp_path: Path) -> None:
    """Each with its own subject; a line that began with "From " gets its own back."""
    path = tmp_path / "team.mbox"
    first, second = mail("Prices", "From March on prices rise."), mail("Größe", "Ten sites.")
    between = b"From ana@example.org Mon Mar  2 09:30:00 2026\n"
    path.write_bytes(between + first.replace(b"\nFrom March", b"\n>From March") + b"\n" + between + second)
    (tmp_path / "desk").mkdir()
    found = pool.unpack(path, tmp_path / "desk")
    assert [one.name for one in found] == ["0001 Prices.eml", "0002 Größe.eml"]
    assert "From March on prices rise." in pool.read(Path(found[0].file)).text
    assert found[0].seconds == 1772443800.0


def test_a_mail_in_sixteen_bits_is_read(pool: ReaderPool, tmp_path: Path) -> None:
    """As Windows programs save it."""
    path = tmp_path / "wide.eml"
    path.write_bytes(mail("Prices", "They rise.").decode().encode("utf-16"))
    assert "They rise." in pool.read(path).text


def test_rich_text_keeps_unfinished_rows_and_text_after_a_late_star(pool: ReaderPool, tmp_path: Path) -> None:
    """A star says "skip this group" only at the group's beginning."""
    path = tmp_path / "note.rtf"
    path.write_bytes(rb"{\rtf1\ansi {\*\skipme gone}{\f2\i0\*\cs7 The quick fox}\par {Fax\cell Phone\cell }}")
    document = pool.read(path)
    assert document.text.strip().splitlines() == ["The quick fox", "", "Fax | Phone"]
    assert [text for _, _, text, *_ in cells(document)] == ["Fax", "Phone"]


def test_a_page_that_is_all_header_keeps_it(pool: ReaderPool, tmp_path: Path) -> None:
    """Furniture goes only from a page that has something else."""
    path = tmp_path / "card.html"
    path.write_text("<body><header><p>68 Prince Street</p></header></body>", "utf-8")
    assert pool.read(path).text.strip() == "68 Prince Street"


def make_scan_with_layer(path: Path, *, picture: float, stamp: str) -> None:
    """A page with OCR's invisible text over a picture on that share of its height, and a visible stamp."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=(600, 800))
    canvas.drawImage(ImageReader(Image.new("RGB", (60, 80), "gray")), 0, 0, width=600, height=800 * picture)
    layer = canvas.beginText(50, 700)
    layer.setTextRenderMode(3)
    for line in ("The committee met on 4 May 1954.", "It voted to raise the price of sugar by 3 percent."):
        layer.textLine(line)
    layer.setTextRenderMode(0)
    canvas.drawText(layer)
    canvas.drawString(50, 20, stamp)
    canvas.save()


@pytest.mark.parametrize(
    ("picture", "stamp", "is_read"),
    [
        (1.0, "", True),
        (1.0, "Page 00217", True),
        (0.2, "Page 00217", False),
        (1.0, "A page of its own with a photograph behind it, and a sentence nobody can see.", False),
    ],
)
def test_ocr_text_is_read_under_a_stamp_and_hidden_text_is_not(
    pool: ReaderPool, tmp_path: Path, picture: float, stamp: str, is_read: bool
) -> None:
    """Scanners write numbers on their pages; an invisible sentence on a page with text of its own stays hidden."""
    path = tmp_path / "scan.pdf"
    make_scan_with_layer(path, picture=picture, stamp=stamp)
    document = pool.read(path)
    assert ("raise the price of sugar" in document.text) == is_read
    assert any("hidden text dropped" in notice for notice in document.notices) != is_read
    assert stamp in document.text


def test_what_is_typed_into_a_form_stands_by_its_label(pool: ReaderPool, tmp_path: Path) -> None:
    """Fields are not part of a page's text in the file; a person sees them there."""
    from reportlab.pdfgen.canvas import Canvas

    path = tmp_path / "form.pdf"
    canvas = Canvas(str(path), pagesize=(600, 800))
    for height, label, value in ((700, "Company:", "Kordwell"), (660, "Revenue:", "1,842 million")):
        canvas.drawString(50, height, label)
        canvas.acroForm.textfield(name=label, value=value, x=150, y=height - 6, width=200, height=20, borderStyle="underlined")
    canvas.drawString(50, 600, "Signed by the board.")
    canvas.save()
    lines = [line for line in pool.read(path).text.splitlines() if line]
    assert [line.replace(" | ", " ") for line in lines] == ["Company: Kordwell", "Revenue: 1,842 million", "Signed by the board."]
