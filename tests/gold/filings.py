"""The PDF writer: filings with a running header, page labels, an outline and tables that keep their header rows."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Frame, KeepTogether, PageBreak, PageTemplate, Spacer
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Grid

from tests.gold.blocks import Block, Heading, Paragraph, Table
from tests.gold.truth import Source
from tests.gold.writers import Page, Written, moment, row_key, sentences

INK = colors.HexColor("#1d3b4f")
RULE = colors.HexColor("#9fb2bf")
SHADE = colors.HexColor("#eef3f6")
WIDTH, HEIGHT = A4
MARGIN = 28 * mm
LINE = WIDTH - 2 * MARGIN
LONG_TABLE = 15
"""Rows from which a table may run over a page."""

BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=11.5, leading=16.5, spaceAfter=9)
BULLET = ParagraphStyle("bullet", parent=BODY, leftIndent=14, bulletIndent=4, spaceAfter=4)
CAPTION = ParagraphStyle("caption", fontName="Helvetica-Bold", fontSize=9, leading=12, spaceBefore=6, spaceAfter=4, textColor=INK)
TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=24, leading=29, spaceAfter=14, textColor=INK)
BYLINE = ParagraphStyle("byline", fontName="Helvetica", fontSize=10.5, leading=15, spaceAfter=4)
HEADINGS = {
    2: ParagraphStyle("h2", fontName="Helvetica-Bold", fontSize=14, leading=18, spaceBefore=14, spaceAfter=6, textColor=INK),
    3: ParagraphStyle("h3", fontName="Helvetica-Bold", fontSize=11, leading=14, spaceBefore=8, spaceAfter=4),
}


def write_pdf(source: Source, blocks: Sequence[Block]) -> Written:
    """A filing on A4. With `cover: true` the cover is page i and the text starts at page 1; `hidden` is set in white on page 1."""
    cover = bool(source.options.get("cover"))
    pages: dict[str, Page] = {}
    out = io.BytesIO()
    document = BaseDocTemplate(out, pagesize=A4, invariant=1, pageCompression=0, **_properties(source))
    frame = Frame(MARGIN, 24 * mm, LINE, HEIGHT - 52 * mm, leftPadding=0, rightPadding=0)
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=lambda canvas, doc: _furnish(canvas, doc, source, cover=cover)))
    document.afterFlowable = lambda flowable: _note(flowable, document, pages)
    document.build([*_opening(source, blocks, cover=cover), *_story(blocks)])
    labels = tuple(_label(number, cover=cover) for number in range(1, document.page + 1))
    return Written(data=out.getvalue(), pages=pages, labels=labels)


def _properties(source: Source) -> dict[str, Any]:
    return {
        "title": source.title,
        "author": source.author,
        "subject": source.publisher,
        "keywords": ", ".join(source.tags),
        "creator": source.publisher,
    }


def _label(number: int, *, cover: bool) -> str:
    if not cover:
        return str(number)
    return "i" if number == 1 else str(number - 1)


def _furnish(canvas: Any, document: Any, source: Source, *, cover: bool) -> None:
    """Header, page number and label of one page; the file's date and its hidden text on the first."""
    if document.page == 1:
        stamp = f"D:{moment(source):%Y%m%d%H%M%S}Z"
        canvas.setDateFormatter(lambda *_parts: stamp)
        canvas.addPageLabel(0, style="ROMAN_LOWER" if cover else "ARABIC", start=1)
        if cover:
            canvas.addPageLabel(1, style="ARABIC", start=1)
        _hide(canvas, str(source.options.get("hidden", "")))
    if cover and document.page == 1:
        return
    canvas.saveState()
    canvas.setFont("Helvetica", 8.5)
    canvas.setFillColor(INK)
    canvas.drawString(MARGIN, HEIGHT - 16 * mm, source.title)
    canvas.drawRightString(WIDTH - MARGIN, HEIGHT - 16 * mm, source.publisher)
    canvas.drawCentredString(WIDTH / 2, 13 * mm, _label(document.page, cover=cover))
    canvas.setStrokeColor(RULE)
    canvas.line(MARGIN, HEIGHT - 18 * mm, WIDTH - MARGIN, HEIGHT - 18 * mm)
    canvas.restoreState()


def _hide(canvas: Any, text: str) -> None:
    canvas.saveState()
    canvas.setFont("Helvetica", 3)
    canvas.setFillColor(colors.white)
    canvas.drawString(MARGIN, 8 * mm, text)
    canvas.restoreState()


def _opening(source: Source, blocks: Sequence[Block], *, cover: bool) -> list[Any]:
    byline = f"{source.author}<br/>{source.date.day} {source.date:%B %Y}"
    if not cover:
        return [Text(escape(source.title), TITLE), Text(byline, BYLINE), Spacer(1, 8)]
    contents = [Text(block.text, BYLINE) for block in blocks if isinstance(block, Heading) and block.level == 2]
    head = [Text(escape(source.publisher.upper()), BYLINE), Spacer(1, 55 * mm), Text(escape(source.title), TITLE)]
    reference = Text(f"{byline}<br/>Reference {source.token}", BYLINE)
    return [*head, reference, Spacer(1, 18 * mm), Text("In this document", HEADINGS[3]), *contents, PageBreak()]


def _story(blocks: Sequence[Block]) -> Iterator[Any]:
    """Flowables in order; headings stay with what follows, and paragraphs and short tables are never split over a page."""
    headings: list[Any] = []
    for block in blocks:
        if isinstance(block, Heading):
            headings.append(_keyed(Text(block.text, HEADINGS[block.level]), heading=block))
            continue
        first, *rest = _parts(block)
        long = isinstance(block, Table) and len(block.rows) > LONG_TABLE
        yield from [CondPageBreak(60 * mm), *headings, *first] if long else [KeepTogether([*headings, *first])]
        yield from (KeepTogether(part) for part in rest)
        headings = []


def _parts(block: Paragraph | Table) -> list[list[Any]]:
    """Groups of flowables, each to be kept on one page."""
    match block:
        case Paragraph(style="bullets"):
            return [[_keyed(Text(escape(line.text), BULLET, bulletText="•"), lines=[line.text])] for line in block.lines]
        case Paragraph():
            return [[_keyed(Text(escape(sentences(block)), BODY), lines=[line.text for line in block.lines])]]
        case Table():
            return [[Text(escape(block.caption), CAPTION), _grid(block), Spacer(1, 10)]]


def _keyed(flowable: Any, **marks: Any) -> Any:
    """The flowable, carrying what _note records when it is drawn."""
    for name, mark in marks.items():
        setattr(flowable, f"gold_{name}", mark)
    return flowable


def _grid(block: Table) -> Any:
    """The table at the full width of the text: columns as wide as they need, long headings in several lines, figures to the right."""
    rows = [[cell.text for cell in row] for row in block.rows]
    needs = [
        max([*map(len, column), *map(len, name.split()), min(len(name), 12)]) for name, *column in zip(block.header, *rows, strict=True)
    ]
    widths = [LINE * (need + 2) / sum(need + 2 for need in needs) for need in needs]
    header = [textwrap.fill(name, need, break_long_words=False) for name, need in zip(block.header, needs, strict=True)]
    figures = [index for index, text in enumerate(rows[0]) if index and any(letter.isdigit() for letter in text)]
    style = [
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 9),
        ("FONT", (0, 1), (-1, -1), "Helvetica", 9.5),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("LINEABOVE", (0, 0), (-1, 0), 1, INK),
        ("LINEBELOW", (0, 0), (-1, 0), 0.6, INK),
        ("LINEBELOW", (0, -1), (-1, -1), 1, INK),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, SHADE]),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        *(("ALIGN", (index, 0), (index, -1), "RIGHT") for index in figures),
    ]
    return Grid([header, *rows], colWidths=widths, repeatRows=1, hAlign="LEFT", style=style)


def _note(flowable: Any, document: Any, pages: dict[str, Page]) -> None:
    """Record the page of what was just drawn, and put headings into the outline."""
    pages |= dict.fromkeys(getattr(flowable, "gold_lines", ()), document.page)
    if isinstance(flowable, Grid):
        pages |= {row_key(row): document.page for row in flowable._cellvalues[1:]}
    heading = getattr(flowable, "gold_heading", None)
    if heading is not None:
        key = f"{document.page} {heading.text}"
        document.canv.bookmarkPage(key)
        document.canv.addOutlineEntry(heading.text, key, level=heading.level - 2)
