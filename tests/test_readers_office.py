"""What lies over, beside and between the lines of Office files: comments, charts, text boxes, diagrams, tracked changes, hidden parts."""

import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from rag.readers import read_file
from rag.types import Document

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPE = "application/vnd.openxmlformats-officedocument"
CHART = """<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"
 xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Tank sales</a:t></a:r></a:p>
 </c:rich></c:tx></c:title><c:plotArea>{}</c:plotArea></c:chart></c:chartSpace>"""
BARS = """<c:barChart><c:ser><c:tx><c:strRef><c:strCache><c:pt idx="0"><c:v>Units</c:v></c:pt></c:strCache></c:strRef></c:tx>
 <c:cat><c:strRef><c:strCache><c:pt idx="0"><c:v>North</c:v></c:pt><c:pt idx="1"><c:v>South</c:v></c:pt></c:strCache></c:strRef></c:cat>
 <c:val><c:numRef><c:numCache><c:formatCode>General</c:formatCode><c:pt idx="0"><c:v>120.30000000000001</c:v></c:pt>
 <c:pt idx="1"><c:v>80</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser></c:barChart>"""
SCATTER = """<c:scatterChart><c:ser><c:tx><c:v>Load</c:v></c:tx><c:xVal><c:numRef><c:numCache><c:formatCode>yyyy\\-mm\\-dd</c:formatCode>
 <c:pt idx="0"><c:v>46023</c:v></c:pt></c:numCache></c:numRef></c:xVal><c:yVal><c:numLit><c:pt idx="0"><c:v>7.5</c:v></c:pt></c:numLit>
 </c:yVal></c:ser></c:scatterChart>"""
CHART_TABLE = " | Units\nNorth | 120.3\nSouth | 80"


def repacked(path: Path, *, add: Mapping[str, str] | None = None, change: Mapping[str, Callable[[str], str]] | None = None) -> None:
    """The package with parts added and others changed as text."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, edit in (change or {}).items():
        parts[name] = edit(parts[name].decode()).encode()
    parts |= {name: text.encode() for name, text in (add or {}).items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def typed(part: str, kind: str) -> Callable[[str], str]:
    """Adds a part's kind to [Content_Types].xml."""
    return lambda text: text.replace("</Types>", f'<Override PartName="/{part}" ContentType="{kind}"/></Types>')


def related(identity: str, kind: str, target: str) -> str:
    """A relationship."""
    return f'<Relationship Id="{identity}" Type="{kind}" Target="{target}"/>'


def linked(relations: str) -> Callable[[str], str]:
    """Adds relationships to a part's."""
    return lambda text: text.replace("</Relationships>", f"{relations}</Relationships>")


def blocks(document: Document) -> list[str]:
    """The texts of the blocks."""
    return [document.text[block.start : block.end] for block in document.blocks]


# ── Word ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def make_word(path: Path, body: str, *, parts: Mapping[str, tuple[str, str, str]] | None = None) -> None:
    """A document with this body; further parts: name -> (relationship's id, its type, XML)."""
    from docx import Document as New

    New().save(str(path))
    types = "".join(f'<Override PartName="/word/{name}" ContentType="{TYPE}.drawingml.chart+xml"/>' for name in parts or {})
    relations = "".join(related(identity, kind, name) for name, (identity, kind, _) in (parts or {}).items())
    start = f'<w:document {W} xmlns:r="{R}"><w:body>'
    repacked(
        path,
        add={
            "word/document.xml": f"{start}{body}</w:body></w:document>",
            **{f"word/{name}": xml for name, (*_, xml) in (parts or {}).items()},
        },
        change={
            "[Content_Types].xml": lambda text: text.replace("</Types>", f"{types}</Types>"),
            "word/_rels/document.xml.rels": linked(relations),
        },
    )


def p(inner: str) -> str:
    """A paragraph."""
    return f"<w:p>{inner}</w:p>"


def r(text: str) -> str:
    """A run."""
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


@pytest.mark.parametrize(
    ("body", "text", "notices"),
    [("", "Harbour Office", ()), ("The fleet grew.", "The fleet grew.", ("page headers and footers left out",))],
)
def test_page_headers_are_read_where_there_is_nothing_else(tmp_path: Path, body: str, text: str, notices: tuple[str, ...]) -> None:
    """A form may consist of them."""
    from docx import Document as New

    document = New()
    document.sections[0].header.paragraphs[0].text = "Harbour Office"
    document.add_paragraph(body)
    document.save(str(tmp_path / "form.docx"))
    found = read_file(tmp_path / "form.docx")
    assert (found.text, found.notices) == (text, notices)


def test_of_tracked_changes_what_was_inserted_stays_and_what_was_deleted_is_counted(tmp_path: Path) -> None:
    """In a line, as a moved piece, and as a whole row of a table."""
    deleted = "<w:del><w:r><w:delText>fell</w:delText></w:r></w:del><w:ins>" + r("rose") + "</w:ins>"
    moved = f"<w:moveFrom>{r('moved')}</w:moveFrom>"
    row = "<w:tr>{}<w:tc><w:p>{}</w:p></w:tc><w:tc><w:p>{}</w:p></w:tc></w:tr>"
    gone = "<w:trPr><w:del/></w:trPr>"
    table = "<w:tbl>" + row.format("", r("Region"), r("Units")) + row.format("", r("North"), r("12")) + row.format(gone, r("West"), r("9"))
    make_word(tmp_path / "a.docx", p(r("Orders ") + deleted + r(" in May.") + moved) + table + "</w:tbl>")
    document = read_file(tmp_path / "a.docx")
    assert blocks(document) == ["Orders rose in May.", "Region | Units\nNorth | 12"]
    assert document.notices == ("tracked changes: deleted text left out (14 characters), inserted text kept",)


def test_comments_of_a_word_file_say_by_whom_and_on_what(tmp_path: Path) -> None:
    """On a page of their own at the end, so that a citation says that it is a comment; the text they are about stays as it is."""
    start, end = (f'<w:commentRange{edge} w:id="0"/>' for edge in ("Start", "End"))
    comments = f'<w:comments {W}><w:comment w:id="0" w:author="Ida Berg">{p(r("Is that gross or net?"))}</w:comment>'
    comments += f'<w:comment w:id="1">{p("")}</w:comment></w:comments>'
    body = p(r("Revenue rose ") + start + r("to EUR 4 million") + end + r(" in 2025."))
    make_word(tmp_path / "a.docx", body, parts={"comments.xml": ("rIdC", f"{R}/comments", comments)})
    document = read_file(tmp_path / "a.docx")
    assert blocks(document) == [
        "Revenue rose to EUR 4 million in 2025.",
        "Comment by Ida Berg on “to EUR 4 million”: Is that gross or net?",
    ]
    assert [page.label for page in document.pages] == ["", "comments"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (p('<w:pPr><w:framePr w:dropCap="drop" w:lines="3"/></w:pPr>' + r("S")) + p(r("ales rose.")), "Sales rose."),
        (p('<w:pPr><w:framePr w:dropCap="drop"/></w:pPr>' + r("S")), "S"),
        (
            p(
                "<w:r><w:ruby><w:rt><w:r><w:t>\u3068\u3046</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>\u6771</w:t></w:r></w:rubyBase></w:ruby></w:r>"
                + r("\u4eac")
            ),
            "\u6771\u4eac",
        ),
        (
            p(r("where ") + f"<m:oMath {M}><m:r><m:t>a=1</m:t></m:r></m:oMath><m:oMath {M}><m:r><m:t>2b=4</m:t></m:r></m:oMath>"),
            "where a=1 2b=4",
        ),
    ],
    ids=["a large first letter", "one of nothing", "how it is spoken", "two equations"],
)
def test_what_word_sets_apart_is_read_as_a_person_reads_it(tmp_path: Path, body: str, text: str) -> None:
    """A letter over three lines begins its word; two equations are not one number."""
    path = tmp_path / "a.docx"
    make_word(path, body)
    assert read_file(path).text == text


def test_a_style_without_a_name_is_no_paragraphs(tmp_path: Path) -> None:
    """Reporting Services writes one of one point, for empty cells, into each of its files; it hid all text that names no style."""
    path = tmp_path / "a.docx"
    make_word(path, p(r("Sales rose.")))
    style = '<w:style><w:name w:val="EmptyCellLayoutStyle"/><w:rPr><w:sz w:val="2"/></w:rPr></w:style>'
    repacked(path, change={"word/styles.xml": lambda text: text.replace("</w:styles>", f"{style}</w:styles>")})
    document = read_file(path)
    assert (document.text, document.notices) == ("Sales rose.", ())


def test_a_chart_and_a_text_box_of_a_word_file_stand_where_they_are(tmp_path: Path) -> None:
    """The chart as the table behind it, even in a table's cell; the box as its paragraphs, once."""
    chart = '<w:r><w:drawing><c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" r:id="rIdX"/></w:drawing></w:r>'
    box = f"<w:r><w:pict><w:txbxContent>{p(r('In the box.'))}</w:txbxContent></w:pict></w:r>"
    body = p(r("Before.") + chart) + p(r("Between.") + box) + f"<w:tbl><w:tr><w:tc>{p(r('Cell') + chart)}</w:tc></w:tr></w:tbl>"
    make_word(tmp_path / "a.docx", body, parts={"chart1.xml": ("rIdX", f"{R}/chart", CHART.format(BARS))})
    chart_blocks = ["Tank sales", CHART_TABLE]
    assert blocks(read_file(tmp_path / "a.docx")) == ["Before.", *chart_blocks, "Between.", "In the box.", "Cell", *chart_blocks]


# ── Excel ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def make_book(path: Path, *, sheet_chart: bool = False) -> None:
    """Two comments and a thread, one of them at a hidden row; a chart at D2, a text box at D20; a hidden sheet with a comment."""
    from openpyxl import Workbook
    from openpyxl.chart import BarChart, Reference
    from openpyxl.comments import Comment

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Prices"
    for row in (["Item", "EUR"], ["Tank", 12], ["Valve", 3], ["Secret", 99]):
        sheet.append(row)
    sheet["B2"].comment = Comment("Without tax.", "Ida Berg")
    sheet["B4"].comment = Comment("Do not tell.", "Ida Berg")
    sheet.row_dimensions[4].hidden = True
    chart = BarChart()
    chart.title = "Price list"
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=3))
    sheet.add_chart(chart, "D2")
    hidden = book.create_sheet("Hidden")
    hidden["A1"] = "Not shown"
    hidden["A1"].comment = Comment("Nor this.", "Ida Berg")
    hidden.sheet_state = "hidden"
    if sheet_chart:
        lone = book.create_chartsheet("Figure")
        figure = BarChart()
        figure.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
        lone.add_chart(figure)
    book.save(path)
    box = (
        "<xdr:twoCellAnchor><xdr:from><xdr:col>3</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>19</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:from>"
        "<xdr:sp><xdr:txBody><a:p><a:r><a:t>Ask before use.</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:twoCellAnchor>"
    )
    spaces = (("xdr", "spreadsheetDrawing"), ("a", "main"))
    names = " ".join(f'xmlns:{key}="http://schemas.openxmlformats.org/drawingml/2006/{name}"' for key, name in spaces)

    def with_box(text: str) -> str:
        end = text.rindex("</")
        return text[:end] + box.replace("<xdr:twoCellAnchor>", f"<xdr:twoCellAnchor {names}>") + text[end:]

    repacked(path, add={"xl/charts/chart1.xml": CHART.format(BARS)}, change={"xl/drawings/drawing1.xml": with_box})


def test_comments_charts_and_boxes_of_a_sheet_have_the_address_of_their_cell(tmp_path: Path) -> None:
    """So that a citation names the cell; what lies at a hidden row is left out and counted, and a hidden sheet is left out whole."""
    make_book(tmp_path / "a.xlsx")
    document = read_file(tmp_path / "a.xlsx")
    assert blocks(document) == [
        "Prices",
        "Item | EUR\nTank | 12\nValve | 3",
        "Cell | Comment by | Comment\nB2 | Ida Berg | Without tax.",
        "Chart at D2: Tank sales",
        CHART_TABLE,
        "Text box at D20: Ask before use.",
    ]
    comments, chart = (block.cells for block in document.blocks if block.kind == "table" and block.cells[-1].address in ("B2", "D2"))
    assert {cell.address for cell in comments} == {"", "B2"}
    assert {cell.address for cell in chart} == {"D2"}
    assert document.notices == (
        'sheet "Prices": 2 filled cells in hidden rows and columns left out',
        'sheet "Prices": 1 comments and drawings at hidden cells left out',
        'sheet "Hidden" is hidden and was left out',
    )


def test_a_thread_of_comments_is_read_in_its_own_words(tmp_path: Path) -> None:
    """Not in the older copy that Excel keeps of it for programs that know no threads."""
    make_book(tmp_path / "a.xlsx")
    thread = """<ThreadedComments xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments">
      <threadedComment ref="B3" personId="{1}" id="{2}"><text>Too low?</text></threadedComment></ThreadedComments>"""
    person = """<personList xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments">
      <person displayName="Otto Lind" id="{1}"/></personList>"""
    kind = "http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"
    relation = related("rIdT", kind, "../threadedComments/threadedComment1.xml")
    repacked(
        tmp_path / "a.xlsx",
        add={"xl/threadedComments/threadedComment1.xml": thread, "xl/persons/person.xml": person},
        change={
            "xl/worksheets/_rels/sheet1.xml.rels": linked(relation),
            "xl/comments/comment1.xml": lambda text: text.replace("<author>Ida Berg", "<author>tc={2}"),
        },
    )
    assert "Cell | Comment by | Comment\nB3 | Otto Lind | Too low?" in blocks(read_file(tmp_path / "a.xlsx"))


def test_a_sheet_that_is_a_chart_is_a_page(tmp_path: Path) -> None:
    """With the chart's values; it has no cells to be at."""
    make_book(tmp_path / "a.xlsx", sheet_chart=True)
    repacked(tmp_path / "a.xlsx", add={"xl/charts/chart2.xml": CHART.format(SCATTER)})
    document = read_file(tmp_path / "a.xlsx")
    assert [page.label for page in document.pages] == ["sheet Prices", "sheet Figure"]
    assert blocks(document)[-2:] == ["Chart: Tank sales", " | Load\n2026-01-01 | 7.5"]


# ── PowerPoint ────────────────────────────────────────────────────────────────────────────────────────────────────


def make_deck(path: Path) -> None:
    """One slide with a title."""
    from pptx import Presentation

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Backlog"
    deck.save(str(path))


def test_a_slide_whose_title_is_a_picture_is_read(tmp_path: Path) -> None:
    """The deck was refused for it."""
    path = tmp_path / "a.pptx"
    make_deck(path)
    picture = (
        '<p:pic><p:nvPicPr><p:cNvPr id="2" name="Title"/><p:cNvPicPr/><p:nvPr><p:ph type="title"/></p:nvPr></p:nvPicPr>'
        "<p:blipFill/><p:spPr/></p:pic>"
        '<p:sp><p:nvSpPr><p:cNvPr id="3" name="Text"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>'
        "<a:p><a:r><a:t>Orders rose.</a:t></a:r></a:p></p:txBody></p:sp>"
    )
    repacked(path, change={"ppt/slides/slide1.xml": lambda text: re.sub("<p:sp>.*</p:sp>", picture, text, flags=re.DOTALL)})
    assert read_file(path).text == "Orders rose."


@pytest.mark.parametrize(
    ("author", "comment"),
    [
        (
            '<p:cmAuthorLst xmlns:p="x"><p:cmAuthor id="7" name="Ida Berg"/></p:cmAuthorLst>',
            '<p:cmLst xmlns:p="x"><p:cm authorId="7"><p:text>Which orders?</p:text></p:cm></p:cmLst>',
        ),
        (
            '<q:authorLst xmlns:q="x"><q:author id="7" name="Ida Berg"/></q:authorLst>',
            '<q:cmLst xmlns:q="x" xmlns:a="y"><q:cm authorId="7"><q:txBody><a:p><a:r><a:t>Which orders?</a:t></a:r></a:p></q:txBody></q:cm>'
            "</q:cmLst>",
        ),
    ],
)
def test_a_comment_stands_on_its_slide(tmp_path: Path, author: str, comment: str) -> None:
    """Of both kinds that PowerPoint has known."""
    path = tmp_path / "a.pptx"
    make_deck(path)
    old = "cmAuthorLst" in author
    people, said = (
        (f"{R}/commentAuthors", f"{R}/comments") if old else ("http://x/relationships/authors", "http://x/relationships/comments")
    )
    kind = f"{TYPE}.presentationml.comments+xml"
    repacked(
        path,
        add={"ppt/authors.xml": author, "ppt/comments/comment1.xml": comment},
        change={
            "[Content_Types].xml": lambda text: typed("ppt/authors.xml", kind)(typed("ppt/comments/comment1.xml", kind)(text)),
            "ppt/_rels/presentation.xml.rels": linked(related("rIdA", people, "authors.xml")),
            "ppt/slides/_rels/slide1.xml.rels": linked(related("rIdC", said, "../comments/comment1.xml")),
        },
    )
    document = read_file(path)
    assert blocks(document) == ["Backlog", "Comment by Ida Berg: Which orders?"]
    assert [page.label for page in document.pages] == ["slide 1"]


def test_a_scatter_chart_and_a_text_box_of_a_slide_are_read(tmp_path: Path) -> None:
    """Its x values are the categories."""
    from pptx import Presentation
    from pptx.chart.data import XyChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    slide.shapes.add_textbox(Inches(1), Inches(1), Inches(3), Inches(1)).text_frame.text = "In the box."
    data = XyChartData()
    series = data.add_series("Load")
    series.add_data_point(1, 7.5)
    series.add_data_point(2, 8)
    slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, Inches(1), Inches(2), Inches(4), Inches(3), data)
    deck.save(str(tmp_path / "a.pptx"))
    assert blocks(read_file(tmp_path / "a.pptx")) == ["In the box.", " | Load\n1 | 7.5\n2 | 8"]


def test_a_diagram_is_a_list(tmp_path: Path) -> None:
    """The texts of its shapes, each once."""
    diagram = """<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"
      xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><dgm:ptLst>{}{}{}</dgm:ptLst></dgm:dataModel>"""
    point = "<dgm:pt><dgm:t><a:p><a:r><a:t>{}</a:t></a:r></a:p></dgm:t></dgm:pt>"
    xml = diagram.format(point.format("Plan"), point.format("Build"), point.format("Plan"))
    drawn = '<w:r><w:drawing><d:relIds xmlns:d="http://schemas.openxmlformats.org/drawingml/2006/diagram" r:dm="rIdD"/></w:drawing></w:r>'
    make_word(tmp_path / "a.docx", p(r("Steps:") + drawn), parts={"data1.xml": ("rIdD", f"{R}/diagramData", xml)})
    assert blocks(read_file(tmp_path / "a.docx")) == ["Steps:", "- Plan\n- Build"]
