"""Office files as other programs leave them: locked for nobody, with styles or names of parts of their own, older than containers, and with
numbers that are in no text."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from struct import pack

import pytest

from rag.errors import CorruptFileError, EncryptedError
from rag.readers import ReaderPool, read_file
from tests.test_readers import assert_sound, blocks, make_workbook
from tests.test_readers_odd import open_document

Edit = Callable[[str, bytes], tuple[str, bytes]]


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    """One child for all tests."""
    with ReaderPool(timeout_s=30) as pool:
        yield pool


def rewritten(path: Path, edit: Edit) -> Path:
    """A copy of a package, each part by its name and bytes changed."""
    copy = path.with_name(f"changed{path.suffix}")
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w") as out:
        for entry in archive.infolist():
            name, data = edit(entry.filename, archive.read(entry))
            made = zipfile.ZipInfo("x")
            made.filename = name  # zipfile would turn a backslash round on some systems
            out.writestr(made, data)
    return copy


# ── workbooks ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", [".xlsx", ".xls"])
def test_a_workbook_under_excels_own_password_is_read(pool: ReaderPool, tmp_path: Path, suffix: str) -> None:
    """Excel opens it without asking, whatever it is named; the document says so, and any other password is refused as ever."""
    from msoffcrypto import OfficeFile

    make_workbook(plain := tmp_path / "plain.xlsx")
    for name, password in ((f"book{suffix}", "VelvetSweatshop"), (f"own{suffix}", "swordfish")):
        with plain.open("rb") as file, (tmp_path / name).open("wb") as out:
            OfficeFile(file).encrypt(password, out)
    document = pool.read(tmp_path / f"book{suffix}")
    assert_sound(document)
    assert document.text == pool.read(plain).text
    assert "encrypted with the password that Excel itself knows, and read with it" in document.notices
    with pytest.raises((EncryptedError, CorruptFileError)):
        pool.read(tmp_path / f"own{suffix}")


STYLES = """<x:styleSheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
 xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">
<x:numFmts><x:numFmt numFmtId="164" formatCode="0.0%"/></x:numFmts>
<x:fonts><!-- two dialects --><mc:AlternateContent><mc:Choice Requires="hs"><x:font/><x:font/></mc:Choice>
<mc:Fallback><x:font/></mc:Fallback></mc:AlternateContent><x:font><x:strike/></x:font><x:font><x:strike val="0"/></x:font></x:fonts>
<x:cellXfs><x:xf numFmtId="0" fontId="0" other="1"/><x:xf numFmtId="164" fontId="0" other="1"/><x:xf numFmtId="0" fontId="1"/>
<x:xf numFmtId="0" fontId="2"/></x:cellXfs>
<x:cellStyles><x:cellStyle xfId="0"/></x:cellStyles></x:styleSheet>"""


def test_a_workbook_whose_styles_openpyxl_refuses_is_read(pool: ReaderPool, tmp_path: Path) -> None:
    """A style without a name and attributes of another program: values keep their number formats, and what is crossed out is left out."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["Share", 0.125, "gone", "kept"])
    book.save(path := tmp_path / "book.xlsx")

    def edit(name: str, data: bytes) -> tuple[str, bytes]:
        for column, style in (("B", b"1"), ("C", b"2"), ("D", b"3")):
            data = data.replace(b'<c r="%s1"' % column.encode(), b'<c s="%s" r="%s1"' % (style, column.encode()))
        return name, STYLES.encode() if name == "xl/styles.xml" else data

    document = pool.read(rewritten(path, edit))
    assert document.text == "Sheet\n\nShare | 12.5% | kept"
    assert "crossed-out text left out (4 characters)" in document.notices


def test_a_workbook_is_refused_for_other_faults_than_its_styles(pool: ReaderPool, tmp_path: Path) -> None:
    """The parser's words stay: nothing is tried twice."""
    make_workbook(path := tmp_path / "book.xlsx")
    broken = rewritten(path, lambda name, data: (name, b"<workbook" if name == "xl/workbook.xml" else data))
    with pytest.raises(CorruptFileError, match="an Excel workbook with damaged parts"):
        pool.read(broken)


DAMAGED: dict[str, tuple[bytes, bytes]] = {
    "docProps/core.xml": (b"</dcterms:created>", b"yesterday</dcterms:created>"),
    "docProps/app.xml": (b"</Properties>", b""),
    "xl/theme/theme1.xml": (b"</a:theme>", b""),
    "xl/worksheets/sheet1.xml": (b"</sheetData>", b'</sheetData><mergeCells count="1"><mergeCell ref="A:C"/></mergeCells>'),
}


@pytest.mark.parametrize("part", DAMAGED)
def test_what_is_not_read_of_a_workbook_does_not_refuse_it(pool: ReaderPool, tmp_path: Path, part: str) -> None:
    """Properties that are none, a theme that breaks off, merged columns without rows: the cells are what they were."""
    make_workbook(path := tmp_path / "book.xlsx")
    before, after = DAMAGED[part]

    def edit(name: str, data: bytes) -> tuple[str, bytes]:
        assert name != part or before in data
        return name, data.replace(before, after) if name == part else data

    assert pool.read(rewritten(path, edit)).text == pool.read(path).text


def test_an_opendocument_file_whose_properties_are_damaged_is_read(tmp_path: Path) -> None:
    """By its content; its title is what it says itself."""
    path = tmp_path / "file.odt"
    open_document(path, styles="", body="<office:text><text:h>Outlook</text:h><text:p>Prices rose.</text:p></office:text>")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("meta.xml", "<meta><title>Other</meta>")
    document = read_file(path)
    assert (document.text, document.metadata.title) == ("Outlook\n\nPrices rose.", "Outlook")


def test_a_package_with_backslashes_and_other_capitals_is_read(pool: ReaderPool, tmp_path: Path) -> None:
    """Names of parts are told apart without regard to case; some programs write them as paths of their system."""
    make_workbook(path := tmp_path / "book.xlsx")
    changed = rewritten(path, lambda name, data: (name.replace("/", "\\").lower(), data))
    document, plain = pool.read(changed), pool.read(path)
    assert (document.text, document.blocks) == (plain.text, plain.blocks)


def _sheet_of_excel_3(cells: Sequence[bytes]) -> bytes:
    """A file of Excel 3: a beginning, the records of one sheet, an end."""
    form = pack("<HHB", 0x1E, 8, 7) + b"General"
    style = pack("<HH", 0x243, 12) + bytes((0, 0, 0, 0)) + pack("<HHI", 0, 0, 0)
    records = [pack("<HHHHH", 0x209, 6, 0x300, 0x10, 0), form, style, *cells, pack("<HH", 0x0A, 0)]
    return b"".join(records)


def test_a_sheet_of_excel_3_is_read(pool: ReaderPool, tmp_path: Path) -> None:
    """It is a stream of records and no container."""
    label, price = b"Price of zinc", 2815.5
    cells = [
        pack("<HHHHHH", 0x204, 8 + len(label), 0, 0, 0, len(label)) + label,
        pack("<HHHHHd", 0x203, 14, 0, 1, 0, price),
    ]
    (path := tmp_path / "old.xls").write_bytes(_sheet_of_excel_3(cells))
    document = pool.read(path)
    assert_sound(document)
    assert "Price of zinc | 2815.5" in document.text


def test_what_only_begins_like_a_sheet_of_excel_3_is_refused(pool: ReaderPool, tmp_path: Path) -> None:
    """In one sentence."""
    (path := tmp_path / "old.xls").write_bytes(pack("<HHHHH", 0x209, 6, 0x300, 0x10, 0) + b"\xff" * 40)
    with pytest.raises(CorruptFileError, match=r"cannot read old\.xls: .*open and save it again"):
        pool.read(path)


# ── numbers of headings ───────────────────────────────────────────────────────────────────────────────────────────

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NUMBERING = f"""<w:numbering xmlns:w="{_W}">
<w:abstractNum w:abstractNumId="7">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="upperRoman"/><w:pStyle w:val="Heading1"/><w:lvlText w:val="Part %1."/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="Heading2"/><w:isLgl/><w:lvlText w:val="%1.%2"/></w:lvl>
<w:lvl w:ilvl="2"><w:start w:val="4"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="(%3)"/></w:lvl>
<w:lvl w:ilvl="3"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlRestart w:val="0"/><w:lvlText w:val="%4"/></w:lvl>
<w:lvl w:ilvl="4"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="*"/></w:lvl>
<w:lvl w:ilvl="5"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%6"/></w:lvl>
</w:abstractNum>
<w:num w:numId="3"><w:abstractNumId w:val="7"/></w:num>
<w:num w:numId="4"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="9"/></w:lvlOverride></w:num>
</w:numbering>"""


def _numbered(path: Path, paragraphs: Sequence[tuple[int, str, str]]) -> list[tuple[str, str]]:
    """The blocks of a document of (level of heading or 0, properties of its number, text); headings of level 2 are numbered by style."""
    import docx
    from lxml import etree

    made = docx.Document()
    style = made.styles["Heading 2"].element.get_or_add_pPr()
    style.append(etree.fromstring(f'<w:numPr xmlns:w="{_W}"><w:numId w:val="3"/></w:numPr>'))
    for level, number, text in paragraphs:
        paragraph = made.add_heading(text, level) if level else made.add_paragraph(text)
        properties = paragraph._p.get_or_add_pPr()
        if number:
            properties.append(etree.fromstring(f'<w:numPr xmlns:w="{_W}">{number}</w:numPr>'))
    made.save(str(path))
    copy = rewritten(path, lambda name, data: (name, NUMBERING.encode() if name == "word/numbering.xml" else data))
    document = read_file(copy)
    assert_sound(document)
    return blocks(document)


def _at(level: int | None, *, list_number: int = 3) -> str:
    return (f'<w:ilvl w:val="{level}"/>' if level is not None else "") + f'<w:numId w:val="{list_number}"/>'


def test_headings_have_the_numbers_that_word_prints(tmp_path: Path) -> None:
    """By list and level, a style's own level, Roman numbers that lower levels print as digits, numbers that begin at four or go on."""
    said = _numbered(
        tmp_path / "report.docx",
        [
            (1, _at(0), "Markets"),
            (2, "", "Demand"),
            (2, _at(1), "Supply"),
            (3, _at(2), "Mines"),
            (3, _at(2), "Smelters"),
            (4, _at(3), "Costs"),
            (0, _at(1), "a numbered paragraph counts too"),
            (2, _at(1), "Stocks"),
            (3, _at(2), "Ports"),
            (4, _at(3), "Fees"),
            (3, _at(4), "A sign is no number"),
            (3, _at(5), "Nor is what is not followed"),
            (5, "", "Without a number"),
            (1, _at(None), "Outlook"),
            (1, _at(0, list_number=4), "Annex"),
            (1, _at(0, list_number=4), "Sources"),
            (1, '<w:numId w:val="0"/>', "Taken out of its list"),
        ],
    )
    assert [text for kind, text in said if kind.startswith("heading")] == [
        "Part I. Markets",
        "1.1 Demand",
        "1.2 Supply",
        "(d) Mines",
        "(e) Smelters",
        "1 Costs",
        "1.4 Stocks",
        "(d) Ports",
        "2 Fees",
        "A sign is no number",
        "Nor is what is not followed",
        "Without a number",
        "Part II. Outlook",
        "Part IX. Annex",
        "Part X. Sources",
        "Taken out of its list",
    ]
    assert ("list", "3. a numbered paragraph counts too") in [(kind, text.strip()) for kind, text in said]


def test_a_level_that_was_not_met_has_its_first_number(tmp_path: Path) -> None:
    """A document that begins one level down, and whose title is no number's."""
    said = _numbered(tmp_path / "report.docx", [(2, _at(1), "Demand"), (1, _at(0), "Markets")])
    assert said == [("heading2", "1.1 Demand"), ("heading1", "Part II. Markets")]
    assert read_file(tmp_path / "changed.docx").metadata.title == "Markets"


# ── charts of OpenDocument ────────────────────────────────────────────────────────────────────────────────────────

CHART = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:chart="urn:oasis:names:tc:opendocument:xmlns:chart:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:chart><chart:chart>
<chart:title><text:p>Shipments</text:p></chart:title>
<chart:plot-area><chart:axis><chart:title><text:p>kt</text:p></chart:title></chart:axis></chart:plot-area>
<table:table table:name="local-table"><table:table-header-rows><table:table-row><table:table-cell><text:p/></table:table-cell>
<table:table-cell><text:p>Zinc</text:p></table:table-cell></table:table-row></table:table-header-rows>
<table:table-rows><table:table-row><table:table-cell><text:p>Q1</text:p></table:table-cell>
<table:table-cell><text:p>10.5</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell><text:p>Q2</text:p></table:table-cell>
<table:table-cell><text:p>NaN</text:p></table:table-cell></table:table-row></table:table-rows></table:table>
</chart:chart></office:chart></office:body></office:document-content>"""
DRAWN = (
    '<draw:frame><draw:object xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="./Object 1"/>'
    '<draw:image xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="./ObjectReplacements/Object 1"/></draw:frame>'
)


def _sheet(*, hidden: str = "") -> str:
    cell = f"<table:table-cell><text:p>Year</text:p></table:table-cell><table:table-cell>{DRAWN}</table:table-cell>"
    rows = f"<table:table-row><table:table-cell/></table:table-row><table:table-row {hidden}>{cell}</table:table-row>"
    return f'<office:spreadsheet><table:table table:name="Prices">{rows}</table:table></office:spreadsheet>'


@pytest.mark.parametrize(
    ("suffix", "body", "text", "notices"),
    [
        (".odt", f"<office:text><text:p>As drawn:</text:p><text:p>{DRAWN}</text:p></office:text>", "As drawn:\n\nShipments", ()),
        (".odt", f"<office:text><text:p><draw:text-box><text:p>{DRAWN}</text:p></draw:text-box></text:p></office:text>", "Shipments", ()),
        (".odp", f"<office:presentation><draw:page>{DRAWN}</draw:page></office:presentation>", "Shipments", ()),
        (".ods", _sheet(), "Prices\n\nYear\n\nChart at B2: Shipments", ()),
    ],
)
def test_a_chart_of_opendocument_is_read_by_its_values(tmp_path: Path, suffix: str, body: str, text: str, notices: tuple[str, ...]) -> None:
    """Once, with its title and the table that it keeps; the title of an axis is none."""
    path = tmp_path / f"file{suffix}"
    open_document(path, styles="", body=body)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("Object 1/content.xml", CHART)
    document = read_file(path)
    assert_sound(document)
    assert (document.text.strip(), document.notices) == (f"{text}\n\n | Zinc\nQ1 | 10.5\nQ2", notices)


def test_a_chart_at_a_hidden_cell_is_left_out_and_counted(tmp_path: Path) -> None:
    """And what is drawn but is no chart is nothing."""
    path = tmp_path / "file.ods"
    shown = "<table:table-row><table:table-cell><text:p>Seen</text:p></table:table-cell></table:table-row></table:table>"
    open_document(path, styles="", body=_sheet(hidden='table:visibility="collapse"').replace("</table:table>", shown))
    assert read_file(path).text == "Prices\n\nSeen"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("Object 1/content.xml", CHART)
    document = read_file(path)
    assert document.text == "Prices\n\nSeen"
    assert 'sheet "Prices": 1 charts at hidden cells left out' in document.notices
