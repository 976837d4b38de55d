"""A report in the house's own Word file: Jinja tags filled through docxtpl, citations as real footnotes, charts as pictures.

Two filters are for Word alone. ``{{r claim.marks | footnotes }}`` puts a footnote for each citation; a source cited again refers to the
footnote it has. ``{{r card.chart | drawing }}`` puts the chart. Both stand in a run of their own, as docxtpl's ``{{r`` asks.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError as JinjaError
from jinja2 import TemplateSyntaxError
from markupsafe import Markup, escape

from rag.errors import TemplateError
from rag.patterns import regex
from rag.render.context import MarketTrends
from rag.render.environment import Uses, check, plain, sandbox, uses

if TYPE_CHECKING:
    from docxtpl import DocxTemplate

FILE = "report.docx"

_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_EMPTY_NOTES = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:footnotes {_WORD}>'
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r></w:p></w:footnote></w:footnotes>'
)
_STYLES = {
    "footnote text": ("paragraph", "FootnoteText", '<w:rPr><w:sz w:val="18"/></w:rPr>'),
    "footnote reference": ("character", "FootnoteReference", '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'),
}
"""Word's own name of a style -> (kind, id, looks) where a template lacks it."""

_PARAGRAPH = regex(r"<w:p[ >]")
_TAG = regex(r"<[^>]+>")
_EMU_A_POINT = 12700
_CHART_WIDTH_PT = 230
_BOOKMARKS_FROM = 5000
"""Ids of the bookmarks around footnotes; far above those of a template."""

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The date of every file in the package: the oldest that a zip can say, so that equal reports are equal bytes."""

Draw = Callable[[dict[str, Any]], bytes]
"""A chart's data -> a PNG."""


def filled(file: Path, values: MarketTrends, *, template: str, made: datetime, draw: Draw) -> bytes:
    """The Word file with the values in. Raises TemplateError where file and data do not fit, with the fields there are."""
    from docx.opc.exceptions import OpcError
    from docxtpl import DocxTemplate

    try:
        word = DocxTemplate(str(file))
        word.init_docx()
    except (OpcError, OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise TemplateError(
            f"template {template}/{FILE} is not a Word file that can be opened: {error}; save it as .docx in Word"
        ) from error
    notes = _Footnotes(word.docx)
    environment = sandbox("xml")
    environment.filters |= {"footnotes": notes.runs, "drawing": lambda chart: _picture(word.docx, chart, draw=draw)}
    with _translated(template):
        check(list(_used(word)), template=template, file=FILE, known=set(environment.globals))
        word.render(plain(values), environment, autoescape=True)
    notes.write()
    _describe(word.docx.core_properties, values, made=made)
    return _packed(word)


def _used(word: "DocxTemplate") -> Iterator[tuple[str, Uses]]:
    """What body, headers and footers need."""
    parts = [word.get_xml()]
    parts += [word.get_part_xml(part) for uri in (word.HEADER_URI, word.FOOTER_URI) for _, part in word.get_headers_footers(uri)]
    for xml in parts:
        yield FILE, uses(_PARAGRAPH.sub(r"\n\g<0>", word.patch_xml(xml)), name=None, markup="xml", filters=("footnotes", "drawing"))


@contextmanager
def _translated(template: str) -> Iterator[None]:
    """Jinja's errors as ours, with the words of the template around the place."""
    try:
        yield
    except JinjaError as error:
        near = _near(error)
        where = f", near “{near[:120]}”" if near else ""
        raise TemplateError(f"template {template}/{FILE}: {error}{where}") from error
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise TemplateError(f"template {template}/{FILE}: {error}; look at the tag that does this") from error


def _near(error: JinjaError) -> str:
    """The words of the paragraph that an error is about, where it is known."""
    lines = getattr(error, "docx_context", None)
    if lines is None and isinstance(error, TemplateSyntaxError) and error.source:
        lines = error.source.splitlines()[error.lineno - 1 : error.lineno]
    return " ".join(_TAG.sub("", " ".join(lines or ())).split())


# ── footnotes ─────────────────────────────────────────────────────────────────────────────────────────────────────


class _Footnotes:
    """The footnotes of one document, in the order they are first cited."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.part = _notes_part(document)
        self.styles = {name: _style(document, name) for name in _STYLES}
        taken = [int(number) for number in re.findall(rb'<w:footnote\b[^>]*w:id="(-?\d+)"', self.part.blob)]
        self.first = max([0, *taken]) + 1
        self.numbers: dict[str, int] = {}
        self.marks: list[dict[str, Any]] = []

    def runs(self, marks: Sequence[dict[str, Any]]) -> Markup:
        """Runs that cite: a footnote at the first time, a reference to it later; commas between."""
        comma = f'<w:r><w:rPr>{self._reference_style()}<w:vertAlign w:val="superscript"/></w:rPr><w:t xml:space="preserve">, </w:t></w:r>'
        return Markup(comma.join(self._cited(mark) for mark in marks))

    def _cited(self, mark: dict[str, Any]) -> str:
        known = self.numbers.get(mark["label"])
        if known is not None:
            return self._again(known)
        self.numbers[mark["label"]] = number = len(self.marks) + 1
        self.marks.append(mark)
        bookmark = _BOOKMARKS_FROM + number
        return (
            f'<w:bookmarkStart w:id="{bookmark}" w:name="_Note{number}"/><w:r><w:rPr>{self._reference_style()}</w:rPr>'
            f'<w:footnoteReference w:id="{self.first + number - 1}"/></w:r><w:bookmarkEnd w:id="{bookmark}"/>'
        )

    def _again(self, number: int) -> str:
        steps = (
            '<w:fldChar w:fldCharType="begin"/>',
            f'<w:instrText xml:space="preserve"> NOTEREF _Note{number} \\f \\h </w:instrText>',
            '<w:fldChar w:fldCharType="separate"/>',
            f"<w:t>{number}</w:t>",
            '<w:fldChar w:fldCharType="end"/>',
        )
        return "".join(f"<w:r><w:rPr>{self._reference_style()}</w:rPr>{step}</w:r>" for step in steps)

    def _reference_style(self) -> str:
        return f'<w:rStyle w:val="{self.styles["footnote reference"]}"/>'

    def write(self) -> None:
        """Puts the footnotes into their part."""
        made = "".join(self._note(number, mark) for number, mark in enumerate(self.marks))
        text = self.part.blob.decode("utf-8")
        self.part._blob = text.replace("</w:footnotes>", f"{made}</w:footnotes>").encode()  # a part of python-docx has no setter

    def _note(self, number: int, mark: dict[str, Any]) -> str:
        place = ", ".join(part for part in (mark["publisher"], mark["date"], mark["page"], mark["cell"]) if part)
        words = (f" “{mark['quote']}” ", False), (mark["title"], True), (f", {place}" if place else "", False)
        runs = "".join(
            f'<w:r>{"<w:rPr><w:i/></w:rPr>" if slanted else ""}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
            for text, slanted in words
        )
        return (
            f'<w:footnote w:id="{self.first + number}"><w:p><w:pPr><w:pStyle w:val="{self.styles["footnote text"]}"/></w:pPr>'
            f"<w:r><w:rPr>{self._reference_style()}</w:rPr><w:footnoteRef/></w:r>{runs}</w:p></w:footnote>"
        )


def _notes_part(document: Any) -> Any:
    """The part with the footnotes; a template without one gets an empty one."""
    from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    for relation in document.part.rels.values():
        if relation.reltype == RELATIONSHIP_TYPE.FOOTNOTES:
            return relation.target_part
    part = Part(PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, _EMPTY_NOTES.encode(), document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    return part


def _style(document: Any, name: str) -> str:
    """The id of a built-in style; made when the template lacks it. Word keeps its English name in every language."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    for style in document.styles.element.findall(qn("w:style")):
        if style.find(qn("w:name")).get(qn("w:val")).lower() == name:
            return str(style.get(qn("w:styleId")))
    kind, identity, looks = _STYLES[name]
    made = f'<w:style {_WORD} w:type="{kind}" w:styleId="{identity}"><w:name w:val="{name}"/>{looks}</w:style>'
    document.styles.element.append(parse_xml(made))
    return identity


# ── pictures, properties, package ─────────────────────────────────────────────────────────────────────────────────


def _picture(document: Any, chart: dict[str, Any], *, draw: Draw) -> Markup:
    """A run with the chart, its numbers in words as the alternative text."""
    if not chart:
        return Markup("")
    relation, image = document.part.get_or_add_image(io.BytesIO(draw(chart)))
    width = _CHART_WIDTH_PT * _EMU_A_POINT
    height = width * image.px_height // image.px_width
    number = re.sub(r"\D", "", relation)
    told = escape(f"{chart['unit']}. {chart['text']}")
    return Markup(
        '<w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" distT="0" distB="0" '
        f'distL="0" distR="0"><wp:extent cx="{width}" cy="{height}"/><wp:docPr id="{number}" name="Chart {number}" descr="{told}"/>'
        '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData '
        'uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic '
        'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:nvPicPr>'
        f'<pic:cNvPr id="{number}" name="Chart {number}" descr="{told}"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>'
        f'<a:blip xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:embed="{relation}"/>'
        '<a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/>'
        f'<a:ext cx="{width}" cy="{height}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def _describe(properties: Any, values: MarketTrends, *, made: datetime) -> None:
    """Title, writer and dates; Word allows 255 characters."""
    properties.title = values.title[:255]
    properties.author = properties.last_modified_by = f"{values.method['writer'][:200]} (rag-reports)"
    properties.subject = f"As of {values.as_of}"
    properties.identifier = values.report_id[:255]
    properties.created = properties.modified = made


def _packed(word: "DocxTemplate") -> bytes:
    """The package in one order and with one date."""
    saved, out = io.BytesIO(), io.BytesIO()
    word.save(saved)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            new.writestr(zipfile.ZipInfo(name, _FIRST_DAY), old.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()
