"""Odd and hostile files that are made here, through the readers: what becomes of each, and whether that is right.

    python -m benchmarks.hostile [NAME...]

Made from nothing but this script, so that the readers meet what no folder of examples holds. A name's suffix is its format.
"""

import io
import random
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import click

from benchmarks.torture import text_of
from rag.errors import ReadError
from rag.readers import ReaderPool

LIMIT_S = 60.0

_READ = frozenset({"ok"})
_EMPTY = frozenset({"NoTextError"})
_LOCKED = frozenset({"EncryptedError"})
_REFUSED = frozenset({"ReadLimitError", "CorruptFileError"})
_BROKEN = frozenset({"CorruptFileError"})
_SOMEHOW = frozenset({"ok", "NoTextError"}) | _REFUSED
"""Damaged or without end: read as far as it goes, or refused."""
_WORD = "needle haystack"
"""What a file that can be read must give back."""
_NEVER = ("secret plum", "12.51")
"""What nobody sees in any of these files, and 12.5 with the mark of a note: neither may be read."""
_WIDE_CELL = f"<td colspan=99999999>{_WORD}</td>"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What became of a file that was made here."""

    name: str
    outcome: str
    """ "ok" or the error's class."""
    message: str
    seconds: float
    is_right: bool


def run(folder: Path, *, names: Sequence[str] = ()) -> Iterator[Made]:
    """Makes each file in the folder and reads it; all of them without ``names``."""
    with ReaderPool(timeout_s=LIMIT_S) as pool:
        for name in names or FILES:
            make, right = FILES[name]
            (folder / name).write_bytes(make())
            yield _read(folder / name, right=right, pool=pool)
            (folder / name).unlink()


def _read(path: Path, *, right: frozenset[str], pool: ReaderPool) -> Made:
    start, message, outcome, text = time.perf_counter(), "", "ok", ""
    try:
        text = text_of(path, pool=pool)
    except ReadError as error:
        message, outcome = str(error), type(error).__name__
    seconds = time.perf_counter() - start
    is_found = outcome != "ok" or right != _READ or _WORD in " ".join(text.split())
    told = outcome == "ok" or (path.name in message and ";" in message)
    is_seen = not any(words in " ".join(text.split()) for words in _NEVER)
    is_right = outcome in right and is_found and is_seen and told and seconds <= LIMIT_S and "root:" not in text
    return Made(name=path.name, outcome=outcome, message=message, seconds=seconds, is_right=is_right)


# ── archives ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _zipped(parts: Mapping[str, bytes | str], *, stored: bool = False) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return made.getvalue()


def _nested_zip() -> bytes:
    data = _zipped({"needle.txt": _WORD})
    for _ in range(40):
        data = _zipped({"in.zip": data})
    return data


def _zip_of_bombs() -> bytes:
    bomb = _zipped({"zeros.txt": bytes(200_000_000)})
    return _zipped({f"{number}.zip": bomb for number in range(8)} | {"needle.txt": _WORD.encode()})


def _lying_zip() -> bytes:
    """Says that its part is ten bytes long; it unpacks to a hundred million."""
    data = _zipped({"a.txt": bytes(100_000_000)})
    return data.replace((100_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))


def _zip_with_link() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        link = zipfile.ZipInfo("passwords.txt")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("needle.txt", _WORD)
    return made.getvalue()


def _wrong_sum() -> bytes:
    return _zipped({"needle.txt": _WORD * 50}, stored=True).replace(_WORD.encode(), b"beadle haystack", 1)


def _locked_zip() -> bytes:
    data = bytearray(_zipped({"a.txt": _WORD}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    return bytes(data)


# ── Office ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _word(body: str, *, head: str = "", drop: Sequence[str] = (), add: Mapping[str, str] | None = None) -> bytes:
    """A Word file with this body; parts dropped and added."""
    from docx import Document as New

    made = io.BytesIO()
    New().save(made)
    with zipfile.ZipFile(made) as archive:
        parts: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist() if name not in drop}
    names = f'xmlns:w="{_W}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    parts["word/document.xml"] = f'<?xml version="1.0"?>{head}<w:document {names}><w:body>{body}</w:body></w:document>'
    parts.update(add or {})
    return _zipped(parts)


def _paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def _letters(text: str, *, look: str = "") -> str:
    return f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


_RAISED = '<w:vertAlign w:val="superscript"/>'


def _hidden_style() -> str:
    style = '<w:style w:type="paragraph" w:styleId="H"><w:name w:val="H"/><w:rPr><w:vanish/></w:rPr></w:style>'
    return f'<w:styles xmlns:w="{_W}">{style}</w:styles>'


def _unfilled() -> str:
    """A control that nobody has filled in."""
    return f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{_paragraph('secret plum')}</w:sdtContent></w:sdt>"


def _field(code: str, result: str) -> str:
    marks = {kind: f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")}
    return f"<w:p>{marks['begin']}{_letters(code)}{marks['separate']}{_letters(result)}{marks['end']}</w:p>"


def _tables(depth: int) -> str:
    """One in the other."""
    return "<w:tbl><w:tr><w:tc>" * depth + _paragraph(_WORD) + "</w:tc></w:tr></w:tbl>" * depth


def _laughs(kind: str) -> str:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE {kind} [<!ENTITY l0 "laugh">{entities}]>'


def _styles_in_a_circle() -> str:
    style = '<w:style w:type="paragraph" w:styleId="{0}"><w:name w:val="{0}"/><w:basedOn w:val="{1}"/></w:style>'
    return f'<w:styles xmlns:w="{_W}">{style.format("A", "B")}{style.format("B", "A")}</w:styles>'


def _book(rows: str, *, strings: str = "", drop: Sequence[str] = (), before: str = "") -> bytes:
    """An Excel file whose one sheet holds these rows."""
    from openpyxl import Workbook

    made = io.BytesIO()
    book = Workbook()
    book.active.append(["x"])
    book.save(made)
    with zipfile.ZipFile(made) as archive:
        parts: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist() if name not in drop}
    parts["xl/worksheets/sheet1.xml"] = f'<?xml version="1.0"?><worksheet xmlns="{_S}">{before}<sheetData>{rows}</sheetData></worksheet>'
    if strings:
        parts["xl/sharedStrings.xml"] = strings
    return _zipped(parts)


def _cell(ref: str, text: str) -> str:
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


def _deck(*, groups: int = 0, drop: str = "", beside: str = "") -> bytes:
    from pptx import Presentation

    made = io.BytesIO()
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = _WORD
    shapes = slide.shapes
    shapes.add_textbox(-9_000, 0, 8_000, 8_000).text_frame.text = beside
    for _ in range(groups):
        shapes = shapes.add_group_shape().shapes
    deck.save(made)
    with zipfile.ZipFile(made) as archive:
        return _zipped({name: archive.read(name) for name in archive.namelist() if name != drop})


def _sheet_of_open_document(row: str) -> bytes:
    names = " ".join(
        f'xmlns:{key}="urn:oasis:names:tc:opendocument:xmlns:{key}:1.0"' for key in ("office", "table", "text")
    )  # the names of its parts
    body = f'<office:spreadsheet><table:table table:name="T">{row}</table:table></office:spreadsheet>'
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return _zipped(
        {"mimetype": kind, "content.xml": f"<office:document-content {names}><office:body>{body}</office:body></office:document-content>"}
    )


# ── PDF ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _pdf(pages: int = 1, *, password: str = "", owner: str = "", size: tuple[float, float] = (595, 842), words: int = 1) -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    made = io.BytesIO()
    locked = StandardEncryption(password, ownerPassword=owner or None) if password or owner else None
    canvas = Canvas(made, pagesize=size, encrypt=locked)
    dice = random.Random(7)
    for page in range(pages):
        if not page:
            canvas.drawString(60, 700, _WORD)
            for _ in range(words - 1):
                canvas.drawString(dice.uniform(0, 500), dice.uniform(0, 800), "chaff")
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def _raw_pdf(objects: Sequence[str | bytes]) -> bytes:
    """Objects numbered from 1; the first is the catalogue."""
    made, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n" % number + (body if isinstance(body, bytes) else body.encode()) + b"\nendobj\n"
    start = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(made + b"trailer\n<< /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))


def _stream(data: bytes, *, said: str = "/Filter /FlateDecode") -> bytes:
    return f"<< {said} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _page_with(content: bytes, *, catalogue: str = "", page: str = "", resources: str = "", more: Sequence[str | bytes] = ()) -> bytes:
    """``more``: objects from number 5 on."""
    font = f"<< /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> {resources} >>"
    leaf = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources {font} /Contents 4 0 R {page} >>"
    root = f"<< /Type /Catalog /Pages 2 0 R {catalogue} >>"
    return _raw_pdf([root, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", leaf, content, *more])


def _shown(drawing: str, **said: Any) -> bytes:
    """A page with the word to be found and this drawing after it."""
    return _page_with(_stream(f"{_at(60, 760, _WORD)}{drawing}".encode(), said=""), **said)


def _at(x: int, y: int, text: str, *, mode: int = 0) -> str:
    return f"BT {mode} Tr /F 11 Tf {x} {y} Td ({text}) Tj ET\n"


_UNDER = _at(60, 700, "the secret plum weighs 99 grams")
_BOX = "50 690 300 30 re"
_GREY_PICTURE = _stream(b"\x80", said="/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8")
_LAYER = "<< /Type /OCG /Name (L) >>"
_LAYER_OFF = "/OCProperties << /OCGs [5 0 R] /D << /OFF [5 0 R] /Order [5 0 R] >> >>"


def _packed_zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join([*(packer.compress(b" " * 1_000_000) for _ in range(megabytes)), packer.flush()])


def _kids_in_a_circle() -> bytes:
    return _raw_pdf(["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9 /Parent 2 0 R >>"])


# ── mail, text and the rest ───────────────────────────────────────────────────────────────────────────────────────


def _mail(*, attachments: int = 0, deep: int = 0) -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "Hello", "ida@example.com"
    mail.set_content(_WORD)
    for number in range(attachments):
        mail.add_attachment(b"chaff", maintype="text", subtype="plain", filename=f"{number}.txt")
    for _ in range(deep):
        outer = EmailMessage()
        outer["Subject"] = "Fwd"
        outer.set_content(_WORD)
        outer.add_attachment(mail)
        mail = outer
    return mail.as_bytes()


def _levels(deep: int) -> bytes:
    """A mail of parts in parts, the text in the innermost."""
    parts = (f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n' for level in range(deep))
    return f"From: a@example.org\nSubject: deep\n{''.join(parts)}Content-Type: text/plain\n\n{_WORD}\n".encode()


def _binary_book(*records: bytes) -> bytes:
    """A binary Excel file whose one sheet holds these records."""
    relations = "".join(f'<Relationship Id="r" Type="{kind}/worksheet" Target="sheet.bin"/>' for kind in ("http://x",))
    name = struct.pack("<I", 1) + "r".encode("utf-16-le")
    return _zipped(
        {
            "xl/workbook.bin": b"\x9c\x01\x14" + bytes(8) + name + name,
            "xl/_rels/workbook.bin.rels": f"<Relationships>{relations}</Relationships>",
            "xl/sheet.bin": b"".join(records),
        }
    )


def _binary_cell(column: int) -> bytes:
    text = struct.pack("<I", len(_WORD)) + _WORD.encode("utf-16-le")
    return bytes((6, 8 + len(text))) + struct.pack("<II", column, 0) + text


_BINARY_ROW = b"\x00\x11" + bytes(17)


def _noise(size: int, *, seed: int = 3) -> bytes:
    return random.Random(seed).randbytes(size)


def _ole(size: int) -> bytes:
    """The head of an Office 97 file whose sectors point at one another."""
    head = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    head[24:34] = bytes((0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0))
    head[44:52] = (1).to_bytes(4, "little") + (1).to_bytes(4, "little")
    head[76:80] = (0).to_bytes(4, "little")
    return bytes(head) + (1).to_bytes(4, "little") * (size // 4)


_WEB_ARCHIVE = (
    'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="b"\n\n--b\nContent-Type: text/html\n'
    "Content-Transfer-Encoding: quoted-printable\n\n<html><body>needle=20haystack</body></html>\n--b--\n"
)
_UNSEEN_STYLES = (
    "color: #000; background: #000",
    "color: transparent",
    "color: rgba(0,0,0,0)",
    "color: #fffffe",
    "font-size: 1px",
    "transform: scale(0)",
    "mso-hide: all",
)
_Make = Callable[[], bytes]

FILES: Mapping[str, tuple[_Make, frozenset[str]]] = {
    # archives
    "forty-deep.zip": (_nested_zip, _SOMEHOW),
    "bombs-beside-a-note.zip": (_zip_of_bombs, _SOMEHOW),
    "says-ten-bytes.zip": (_lying_zip, _SOMEHOW),
    "link-to-passwords.zip": (_zip_with_link, _READ),
    "climbs-out.zip": (lambda: _zipped({"../../../tmp/out.txt": "escaped", "/etc/out.txt": "escaped", "needle.txt": _WORD}), _READ),
    "wrong-sum.zip": (_wrong_sum, _SOMEHOW),
    "locked.zip": (_locked_zip, _LOCKED | _EMPTY),
    "thirty-thousand-names.zip": (lambda: _zipped({f"{n}.txt": "" for n in range(30_000)}), _SOMEHOW),
    "name-of-five-thousand-letters.zip": (lambda: _zipped({"n" * 5_000 + ".txt": _WORD, "needle.txt": _WORD}), _READ),
    "one-name-twice.zip": (lambda: _zipped({"a.txt": _WORD}) + _zipped({"a.txt": _WORD}), _READ),
    "only-folders.zip": (lambda: _zipped({"a/": "", "a/b/": ""}), _EMPTY),
    # Word
    "billion-laughs.docx": (lambda: _word(_paragraph("&l9;"), head=_laughs("w:document")), _SOMEHOW),
    "reads-a-file.docx": (
        lambda: _word(_paragraph(f"{_WORD} &x;"), head='<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        _SOMEHOW,
    ),
    "tables-in-tables.docx": (
        lambda: _word("<w:tbl><w:tr><w:tc>" * 3_000 + _paragraph(_WORD) + "</w:tc></w:tr></w:tbl>" * 3_000),
        _SOMEHOW,
    ),
    "sixty-tables-in-tables.docx": (lambda: _word(_tables(60)), _READ),
    "two-hundred-thousand-paragraphs.docx": (lambda: _word(_paragraph(_WORD) * 200_000), _SOMEHOW),
    "one-long-word.docx": (lambda: _word(_paragraph(f"{_WORD} " + "x" * 5_000_000)), _READ),
    "no-styles.docx": (lambda: _word(_paragraph(_WORD), drop=["word/styles.xml"]), _SOMEHOW),
    "styles-in-a-circle.docx": (
        lambda: _word(
            f'<w:p><w:pPr><w:pStyle w:val="A"/></w:pPr><w:r><w:t>{_WORD}</w:t></w:r></w:p>', add={"word/styles.xml": _styles_in_a_circle()}
        ),
        _READ,
    ),
    "chart-that-is-not-there.docx": (
        lambda: _word(
            f"{_paragraph(_WORD)}<w:p><w:r><w:drawing>"
            '<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" r:id="rId99"/></w:drawing></w:r></w:p>'
        ),
        _READ,
    ),
    "spans-a-million-columns.docx": (
        lambda: _word('<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="999999999"/></w:tcPr>' + _paragraph(_WORD) + "</w:tc></w:tr></w:tbl>"),
        _READ,
    ),
    "raised-note.docx": (
        lambda: _word("<w:p>" + _letters(f"{_WORD} 12.5") + _letters("1", look=_RAISED) + _letters(" million") + "</w:p>"),
        _READ,
    ),
    "crossed-out.docx": (lambda: _word(f"<w:p>{_letters(_WORD)}{_letters('secret plum', look='<w:strike/>')}</w:p>"), _READ),
    "hidden-by-its-style.docx": (
        lambda: _word(
            _paragraph(_WORD) + f'<w:p><w:pPr><w:pStyle w:val="H"/></w:pPr>{_letters("secret plum")}</w:p>',
            add={"word/styles.xml": _hidden_style()},
        ),
        _READ,
    ),
    "nobody-filled-it-in.docx": (lambda: _word(_paragraph(_WORD) + _unfilled()), _READ),
    "instructions-as-text.docx": (lambda: _word(_field("IF secret plum", _WORD)), _READ),
    "web-archive.doc": (lambda: _WEB_ARCHIVE.encode(), _READ),
    "web-archive.htm": (lambda: _WEB_ARCHIVE.encode(), _READ),
    "web-page.docx": (lambda: f"<html><body>{_WORD}</body></html>".encode(), _READ),
    # Excel
    "far-corner.xlsx": (lambda: _book(f'<row r="1048576">{_cell("XFD1048576", _WORD)}</row>'), _READ),
    "million-empty-rows.xlsx": (
        lambda: _book("".join(f'<row r="{n}"/>' for n in range(1, 1_000_000)) + f'<row r="1000000">{_cell("A1000000", _WORD)}</row>'),
        _SOMEHOW,
    ),
    "rows-with-gaps.xlsx": (lambda: _book(f'<row r="3">{_cell("A3", "a")}</row><row r="90000">{_cell("A90000", _WORD)}</row>'), _READ),
    "rows-backwards.xlsx": (lambda: _book(f'<row r="9">{_cell("A9", "nine")}</row><row r="2">{_cell("A2", _WORD)}</row>'), _READ),
    "cell-nowhere.xlsx": (lambda: _book(f'<row r="1">{_cell("ZZZZZZ99999999999", "x")}{_cell("A1", _WORD)}</row>'), _SOMEHOW),
    "string-out-of-range.xlsx": (lambda: _book('<row r="1"><c r="A1" t="s"><v>999</v></c></row>'), _SOMEHOW),
    "no-strings.xlsx": (lambda: _book('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', drop=["xl/sharedStrings.xml"]), _SOMEHOW),
    "strings-that-laugh.xlsx": (
        lambda: _book(
            '<row r="1"><c r="A1" t="s"><v>0</v></c></row>', strings=f'{_laughs("sst")}<sst xmlns="{_S}"><si><t>&l9;</t></si></sst>'
        ),
        _SOMEHOW,
    ),
    "formula-without-value.xlsx": (lambda: _book(f'<row r="1"><c r="A1"><f>1/0</f></c>{_cell("B1", _WORD)}</row>'), _READ),
    "hidden-in-single-quotes.xlsx": (
        lambda: _book(f"<row r='1'>{_cell('A1', _WORD)}</row><row r='2' hidden='1'>{_cell('A2', 'secret plum')}</row>"),
        _READ,
    ),
    "row-without-height.xlsx": (
        lambda: _book(f'<row r="1">{_cell("A1", _WORD)}</row><row r="2" ht="0" customHeight="1">{_cell("A2", "secret plum")}</row>'),
        _READ,
    ),
    "hidden-to-the-end.xlsx": (
        lambda: _book(f'<row r="1">{_cell("A1", _WORD)}</row>', before='<cols><col min="2" max="99999999" width="1" hidden="1"/></cols>'),
        _READ,
    ),
    "date-beyond-time.xlsx": (lambda: _book(f'<row r="1"><c r="A1" s="1"><v>1e300</v></c>{_cell("B1", _WORD)}</row>'), _SOMEHOW),
    "length-that-lies.xlsb": (lambda: _binary_book(_BINARY_ROW, _binary_cell(0), b"\x06\xff\xff\xff\x7f"), _SOMEHOW),
    "column-beyond-the-last.xlsb": (lambda: _binary_book(_BINARY_ROW, _binary_cell(0), _binary_cell(0xFFFFFFFF)), _READ),
    "million-rows.xlsb": (lambda: _binary_book(*(_BINARY_ROW + _binary_cell(0) for _ in range(300_000))), _SOMEHOW),
    # PowerPoint and OpenDocument
    "groups-in-groups.pptx": (lambda: _deck(groups=60), _READ),
    "parked-beside-the-slide.pptx": (lambda: _deck(beside="secret plum"), _READ),
    "slide-that-is-not-there.pptx": (lambda: _deck(drop="ppt/slides/slide1.xml"), _SOMEHOW),
    "billion-columns.ods": (
        lambda: _sheet_of_open_document(
            '<table:table-row table:number-rows-repeated="1000000000"><table:table-cell table:number-columns-repeated="1000000000">'
            f"<text:p>{_WORD}</text:p></table:table-cell></table:table-row>"
        ),
        _SOMEHOW,
    ),
    "laughs.ods": (lambda: _zipped({"content.xml": f"{_laughs('a')}<a>&l9;</a>"}), _SOMEHOW),
    # PDF
    "kids-in-a-circle.pdf": (_kids_in_a_circle, _SOMEHOW),
    "gigabyte-of-blanks.pdf": (lambda: _page_with(_stream(_packed_zeros(1_000))), _SOMEHOW),
    "five-thousand-empty-pages.pdf": (lambda: _pdf(5_000), _READ),
    "as-large-as-a-town.pdf": (lambda: _pdf(size=(1e8, 1e8)), _READ),
    "hundred-thousand-words-on-a-page.pdf": (lambda: _pdf(words=100_000), _SOMEHOW),
    "locked.pdf": (lambda: _pdf(password="secret"), _LOCKED),
    "owner-locked.pdf": (lambda: _pdf(owner="secret"), _READ),
    "cut-in-the-middle.pdf": (lambda: _pdf(50)[:9_000], _SOMEHOW),
    "no-table-of-objects.pdf": (lambda: _pdf().partition(b"xref")[0], _SOMEHOW),
    "noise-before-the-head.pdf": (lambda: _noise(5_000) + _pdf(), _BROKEN),
    "stack-of-brackets.pdf": (lambda: _page_with(_stream(b"[" * 2_000_000, said="")), _SOMEHOW),
    "black-box-over-text.pdf": (lambda: _shown(f"{_UNDER}0 g {_BOX} f"), _READ),
    "white-box-over-text.pdf": (lambda: _shown(f"{_UNDER}1 g {_BOX} f"), _READ),
    "picture-over-text.pdf": (
        lambda: _shown(f"{_UNDER}q 300 0 0 40 50 690 cm /I Do Q", resources="/XObject << /I 5 0 R >>", more=[_GREY_PICTURE]),
        _READ,
    ),
    "black-on-black.pdf": (lambda: _shown(f"0 g {_BOX} f {_UNDER}"), _READ),
    "white-on-a-white-sheet.pdf": (lambda: _shown(f"1 g 0 0 595 750 re f {_UNDER}"), _READ),
    "white-lines-of-letters.pdf": (lambda: _shown("1 G " + _at(60, 700, "the secret plum", mode=1)), _READ),
    "letters-as-a-clip.pdf": (lambda: _shown(_at(60, 700, "the secret plum", mode=7)), _READ),
    "beside-the-page.pdf": (lambda: _shown(_at(700, 700, "the secret plum")), _READ),
    "cropped-off.pdf": (lambda: _shown(_at(60, 100, "the secret plum"), page="/CropBox [0 400 595 842]"), _READ),
    "layer-off.pdf": (
        lambda: _shown(f"/OC /L BDC {_UNDER} EMC", catalogue=_LAYER_OFF, resources="/Properties << /L 5 0 R >>", more=[_LAYER]),
        _READ,
    ),
    "raised-note.pdf": (lambda: _shown("BT /F 11 Tf 60 700 Td (up by 12.5) Tj /F 6 Tf 5 Ts (1) Tj 0 Ts /F 11 Tf ( million) Tj ET"), _READ),
    "form-that-waits.pdf": (
        lambda: _shown("", catalogue="/NeedsRendering true /AcroForm << /Fields [] /XFA 5 0 R >>", more=[_stream(b"<xdp/>", said="")]),
        _EMPTY,
    ),
    "lock-of-its-own.pdf": (
        lambda: _pdf().replace(b"/Root", b"/Encrypt << /Filter /FOPN_foweb /V 1 >> /Root", 1),
        _LOCKED,
    ),
    "picture.pdf": (lambda: b"\x89PNG\r\n\x1a\n" + _noise(2_000), _BROKEN),
    # web pages and text
    "hundred-thousand-deep.html": (lambda: b"<div>" * 100_000 + _WORD.encode() + b"</div>" * 100_000, _SOMEHOW),
    "sheet-of-long-selectors.html": (
        lambda: f"<style>{'div ' * 40}p {{display: none}}</style>{'<div>' * 1_500}<p>x</p>{'</div>' * 1_500}<p>{_WORD}".encode(),
        _READ,
    ),
    "five-hundred-deep.html": (lambda: b"<div>" * 500 + _WORD.encode() + b"</div>" * 500, _READ),
    "never-closed.html": (lambda: (f"<p>{_WORD}" + "<b><i>x" * 300_000).encode(), _SOMEHOW),
    "raised-notes.html": (
        lambda: f"<p>{_WORD} 12.5<sup>1</sup> million</p><table><tr><th>a<th>b<tr><td>c<td>12.5<sup>(1)</sup></table>".encode(),
        _READ,
    ),
    "crossed-out.html": (lambda: f'<p>{_WORD} <s>secret plum</s> <i style="text-decoration: line-through">secret plum'.encode(), _READ),
    "letters-without-ink.html": (
        lambda: (f"<p>{_WORD}" + "".join(f'<p style="{style}">secret plum' for style in _UNSEEN_STYLES)).encode(),
        _READ,
    ),
    "says-utf-16.html": (lambda: f'<meta charset="utf-16"><p>{_WORD} Zürich</p>'.encode(), _READ),
    "million-cells-a-row.html": (
        lambda: ("<table><tr>" + f"<td colspan=99999999>{_WORD}</td>" * 2_000 + "</tr></table>").encode(),
        _SOMEHOW,
    ),
    "tables-in-tables.html": (lambda: b"<table><tr><td>" * 100_000 + _WORD.encode(), _SOMEHOW),
    "cell-of-ten-megabytes.csv": (lambda: f'Item,Price\n{_WORD},"{"x" * 10_000_000}"\n'.encode(), _SOMEHOW),
    "shift-jis.txt": (lambda: ("豊田製品の価格は上昇した。" * 40 + _WORD).encode("shift_jis"), _READ),
    "three-encodings.txt": (lambda: _WORD.encode() + "Zürich ".encode() + "Zürich ".encode("cp1252") + "價格".encode("big5"), _READ),
    "hundred-thousand-deep.xml": (lambda: b"<a>" * 100_000 + _WORD.encode() + b"</a>" * 100_000, _SOMEHOW),
    "billion-laughs.xml": (lambda: f"{_laughs('a')}<a>{_WORD}&l9;</a>".encode(), _SOMEHOW),
    "reads-a-file.xml": (lambda: f'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;{_WORD}</a>'.encode(), _READ),
    "three-hundred-thousand-records.xml": (lambda: b"<f>" + f"<i><n>{_WORD}</n><p>3</p></i>".encode() * 300_000 + b"</f>", _SOMEHOW),
    "record-of-ten-thousand-fields.xml": (
        lambda: ("<f>" + ("<i>" + "".join(f"<n{n}>{_WORD}</n{n}>" for n in range(10_000)) + "</i>") * 20 + "</f>").encode(),
        _SOMEHOW,
    ),
    "brackets.ipynb": (lambda: b"[" * 1_000_000, _BROKEN),
    "million-digits.ipynb": (lambda: b'{"cells": [' + b"9" * 1_000_000 + b"]}", _BROKEN),
    "hundred-thousand-columns.csv": (lambda: (f"{_WORD}," * 100_000).encode(), _SOMEHOW),
    "one-row-without-end.csv": (lambda: (f"{_WORD}," + "abcdefghi," * 500_000).encode(), _READ),
    "open-quote.csv": (lambda: (f'a,b\n"{_WORD}' + "x,y\n" * 1_000_000).encode(), _SOMEHOW),
    "zeros-between.csv": (lambda: f"a,b\n{_WORD},1\n\0\0\0,2\n".encode(), _SOMEHOW),
    "wide-letters.csv": (lambda: f"Item,Price\n{_WORD},12\n".encode("utf-16"), _READ),
    "noise.txt": (lambda: _noise(200_000), _SOMEHOW),
    "thirty-megabytes.txt": (lambda: f"{_WORD} and more.\n".encode() * 1_200_000, _SOMEHOW),
    "right-to-left.txt": (lambda: f"\u202e{_WORD}\u202c שלום مرحبا \u200b\u2066x\u2069".encode(), _READ),
    "marks-on-marks.txt": (lambda: f"{_WORD} a{chr(0x301) * 500_000}".encode(), _READ),
    "quotes-in-quotes.md": (lambda: (">" * 50_000 + f" {_WORD}\n").encode(), _SOMEHOW),
    "open-brackets.md": (lambda: (f"{_WORD} " + "[" * 50_000 + "](" * 50_000).encode(), _SOMEHOW),
    "stars.md": (lambda: (f"{_WORD} " + "*a **a " * 50_000).encode(), _SOMEHOW),
    # mail, rich text, books
    "forwards-of-forwards.eml": (lambda: _mail(deep=60), _READ),
    "two-thousand-attachments.eml": (lambda: _mail(attachments=2_000), _READ),
    "breaks-off.eml": (lambda: b"Content-Transfer-Encoding: base64\nSubject: a\n\n" + b64encode(_WORD.encode() * 3)[:-3] + b"\n", _READ),
    "sealed.eml": (
        lambda: b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\nContent-Transfer-Encoding: base64\nSubject: a\n\nAAAA\n",
        _LOCKED,
    ),
    "no-boundary.eml": (lambda: f'Content-Type: multipart/mixed; boundary="x"\nSubject: a\n\n{_WORD}\n'.encode(), _SOMEHOW),
    "long-head.eml": (lambda: f"Subject: {'a ' * 2_000_000}\n\n{_WORD}\n".encode(), _SOMEHOW),
    "not-base64.eml": (lambda: b"Content-Transfer-Encoding: base64\nSubject: a\n\n" + _noise(50_000).hex().encode() + b"!!\n", _SOMEHOW),
    "sectors-in-a-circle.msg": (lambda: _ole(50_000), _SOMEHOW),
    "sectors-in-a-circle.doc": (lambda: _ole(50_000), _SOMEHOW),
    "sectors-in-a-circle.xls": (lambda: _ole(50_000), _SOMEHOW),
    "raised-note.rtf": (lambda: f"{{\\rtf1 {_WORD} 12.5{{\\super 1}} million {{\\strike secret plum}}\\par}}".encode(), _READ),
    "braces.rtf": (lambda: b"{\\rtf1 " + b"{" * 300_000 + _WORD.encode() + b"}" * 300_000 + b"}", _SOMEHOW),
    "endless-binary.rtf": (lambda: b"{\\rtf1 " + _WORD.encode() + b"\\par{\\bin2147483647 x}}", _SOMEHOW),
    "three-thousand-levels.eml": (lambda: _levels(3_000), _SOMEHOW),
    "no-contents.epub": (lambda: _zipped({"mimetype": "application/epub+zip", "a.xhtml": f"<p>{_WORD}</p>"}), _SOMEHOW),
}


def main() -> None:
    """Prints a line a file. Exit status 1 when one ended in a wrong way."""
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for one in run(Path(folder), names=sys.argv[1:]):
            made.append(one)
            click.echo(f"{one.name:40}{one.outcome:20}{one.seconds:6.2f} s  {'' if one.is_right else 'WRONG'} {one.message[:150]}")
    wrong = [one.name for one in made if not one.is_right]
    click.echo(f"files {len(made)}, wrong {len(wrong)} {wrong or ''}, slowest {max(one.seconds for one in made):.1f} s, {_largest_child()}")
    sys.exit(1 if wrong else 0)


def _largest_child() -> str:
    import resource

    return f"largest child {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6:.2f} GB resident"


if __name__ == "__main__":
    main()
