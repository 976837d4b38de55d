"""Word documents: headings, paragraphs, lists, tables and charts in document order, footnotes and comments at the end.

Of tracked changes what was inserted is kept and what was deleted is left out and counted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import CorruptFileError
from rag.patterns import regex
from rag.readers import html, mht
from rag.readers.clean import LEVEL, RAISED, one_line
from rag.readers.docxnumbers import Number, Numbers
from rag.readers.draft import Draft, Entry, with_headers
from rag.readers.drawings import CHART, DIAGRAM, chart_in, parsed, write_chart, write_diagram
from rag.readers.encoding import decode
from rag.readers.zipped import check_archive, has_macros, office_errors, package_metadata
from rag.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element

suffixes: frozenset[str] = frozenset({".docx", ".docm", ".dotx"})

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_ANCHOR = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}anchor"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_EQUATION, _MATH_TEXT = f"{_MATH}oMath", f"{_MATH}t"
_TWO_PARTS = {f"{_MATH}f": ("num", "/", "den"), f"{_MATH}sSup": ("e", "^", "sup")}
"""Fractions and powers: without what stands between, their parts would be one number."""
_ONE_THING = regex(r"[\w.,]*")
_PAGE_BREAK = "\f"
_DROPPED = frozenset({f"{_W}del", f"{_W}moveFrom", f"{_W}txbxContent", f"{_W}pPr", f"{_W}rPr", f"{_W}rt", _FALLBACK})
_KINDS = tuple(
    f"application/vnd.{kind}.main+xml"
    for kind in (
        "openxmlformats-officedocument.wordprocessingml.document",
        "openxmlformats-officedocument.wordprocessingml.template",
        "ms-word.document.macroEnabled",
        "ms-word.template.macroEnabledTemplate",
    )
)
_OFF = frozenset({"0", "false", "off", "none"})
_DELETED = frozenset({f"{_W}del", f"{_W}moveFrom"})
_OF_OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_RELATION = {f"{CHART}chart": f"{_OF_OFFICE}id", f"{DIAGRAM}relIds": f"{_OF_OFFICE}dm"}
_QUOTED = 80
"""Characters of what a comment is about."""
_MOST_RUNS = 40
_END = "\0"
_DEEPEST = 8
"""Level of a list, from 0."""
_LOOKS = tuple(f"{_W}{name}" for name in ("vanish", "sz", "color", "strike", "dstrike", "vertAlign"))
"""What of a run's properties says whether and how it is read."""
_SHADING = f"{_W}shd"
_NUMBERED = f"{_W}pPr/{_W}numPr"
_Looks = Mapping[str, "_Element"]


def read(path: Path) -> Document:
    """Pages "p. N" where the file records its page breaks, else one page without a label. Raises ReadError and its children."""
    check_archive(path, part="word/", what="a Word document")
    with office_errors(path, what="a Word document"):
        document = _opened(path)
        styles = _Styles(document)
        numbers = Numbers(_related(document, "/numbering"), of_style=lambda style: styles.number(style)[0])
        writer = _Writer(draft=Draft(), styles=styles, numbers=numbers, parts=document.part.related_parts)
        writer.write(document.element.body)
        _write_footnotes(writer, document)
        _write_comments(writer, document)
        _write_page_headers(writer, document)
        writer.draft.deleted(writer.deleted)
        if has_macros(path):
            writer.draft.notice("macros left out")
        writer.draft.hidden(writer.hidden)
        heading = writer.draft.first_heading()
        title = writer.title or writer.plain_headings.get(heading, heading)
        metadata = package_metadata(writer.draft, content_title=title, path=path)
    return writer.draft.finish(metadata=metadata, format="docx", path=path)


def _opened(path: Path) -> Any:
    """python-docx takes a package for a document by its declared kind; those with macros and templates are the same inside."""
    from docx.opc.part import PartFactory
    from docx.package import Package
    from docx.parts.document import DocumentPart

    for kind in _KINDS:
        PartFactory.part_type_for[kind] = DocumentPart
    part = Package.open(str(path)).main_document_part
    if not isinstance(part, DocumentPart):
        raise CorruptFileError(f"cannot read {path.name}: it is a package but not a Word document; give it the suffix it should have")
    return part.document


class _Styles:
    """What paragraph and character styles say about level, lists and hidden text, their base styles included."""

    def __init__(self, document: Any) -> None:
        elements = document.styles.element.findall(f"{_W}style")
        self._by_id = {name: element for element in elements if (name := element.get(f"{_W}styleId"))}
        self._looks: dict[tuple[str | None, str | None], _Looks] = {}
        self._numbers: dict[str | None, tuple[str, str]] = {}

    def name(self, style: str | None) -> str:
        element = self._by_id.get(style)
        return "" if element is None else _value(element.find(f"{_W}name")).lower()

    def find(self, style: str | None, query: str) -> "_Element | None":
        """The first match in the style or those it is based on."""
        for element in self._chain(style):
            if (found := element.find(query)) is not None:
                return found
        return None

    def number(self, style: str | None) -> tuple[str, str]:
        """(number of the list, level) that a style names; empty for none."""
        if style not in self._numbers:
            self._numbers[style] = _value(self.find(style, f"{_NUMBERED}/{_W}numId")), _value(self.find(style, f"{_NUMBERED}/{_W}ilvl"))
        return self._numbers[style]

    def named(self, style: str | None) -> list[str]:
        """The ids of a style and those that it is based on."""
        return [element.get(f"{_W}styleId") or "" for element in self._chain(style)]

    def looks(self, *, letters: str | None, paragraph: str | None) -> _Looks:
        """What a style of letters, else that of their paragraph, says of how letters look."""
        if (letters, paragraph) not in self._looks:
            said = ((tag, self.find(style, f"{_W}rPr/{tag}")) for style in (paragraph, letters) for tag in (*_LOOKS, _SHADING))
            self._looks[letters, paragraph] = {tag: element for tag, element in said if element is not None}
        return self._looks[letters, paragraph]

    def level(self, style: str | None) -> int:
        """1 to 9 for heading styles, 1 for the title, 0 for others."""
        for element in self._chain(style):
            name = _value(element.find(f"{_W}name")).lower()
            if name == "title":
                return 1
            if name.startswith("heading ") and name[8:].strip().isdecimal():
                return int(name[8:])
        return _outline_level(self.find(style, f"{_W}pPr/{_W}outlineLvl"))

    def _chain(self, style: str | None) -> Iterator["_Element"]:
        seen: set[str | None] = set()
        while style in self._by_id and style not in seen:
            seen.add(style)
            element = self._by_id[style]
            yield element
            style = _value(element.find(f"{_W}basedOn"))


@dataclass(slots=True)
class _Writer:
    draft: Draft
    styles: _Styles
    numbers: Numbers
    parts: Mapping[str, Any]
    """Relationship id -> part, for charts and diagrams."""
    title: str = ""
    plain_headings: dict[str, str] = field(default_factory=dict)
    """Numbered headings as they are printed -> without their number."""
    initial: str = ""
    """The large first letter of the paragraph to come, which Word keeps as one of its own."""
    hidden: int = 0
    deleted: int = 0
    """Characters of tracked deletions."""
    codes: frozenset["_Element"] = frozenset()
    """Texts of the paragraph that are a field's instructions."""
    style: str | None = None
    """The paragraph's."""
    has_ground: bool = False
    """True where a picture or a colour lies behind the text, on which white letters can be seen."""
    page: int = 1
    break_tag: str = ""
    items: list[str] = field(default_factory=list)

    def write(self, body: "_Element") -> None:
        behind = (place.get("behindDoc") in ("1", "true") for place in body.iter(_ANCHOR))
        self.has_ground = any(behind) or next(body.itersiblings(f"{_W}background", preceding=True), None) is not None
        recorded = next(body.iter(f"{_W}lastRenderedPageBreak"), None) is not None
        self.break_tag = f"{_W}lastRenderedPageBreak" if recorded else f"{_W}br"
        paged = recorded or any(element.get(f"{_W}type") == "page" for element in body.iter(f"{_W}br"))
        self.draft.open_page("p. 1" if paged else "")
        self.write_part(body)

    def write_part(self, part: "_Element") -> None:
        """What stands beside the body."""
        self._container(part)
        self.flush()
        self.draft.paragraph(self.initial)  # of no paragraph
        self.initial = ""

    def flush(self) -> None:
        self.draft.list_items(self.items)
        self.items = []

    def paragraph(self, element: "_Element") -> None:
        text = self.text(element)
        frame = element.find(f"{_W}pPr/{_W}framePr")
        if frame is not None and frame.get(f"{_W}dropCap") in ("drop", "margin"):
            self.initial += text.strip()
            return
        pieces, self.initial = f"{self.initial}{text}".split(_PAGE_BREAK), ""
        number = self._number(element) if text.strip() or not _is_taken_out(element) else None
        for place, piece in enumerate(pieces):
            if place:
                self._next_page(continued=bool(pieces[place - 1].strip()))
            self._write_piece(element, piece, number=number, begins=not "".join(pieces[:place]).strip())
        for box in element.iter(f"{_W}txbxContent"):
            if not any(parent.tag == _FALLBACK for parent in box.iterancestors()):
                self._container(box)
        self._write_drawings(element)

    def _write_drawings(self, element: "_Element") -> None:
        """Charts and diagrams that stand in a paragraph or a table, behind it."""
        for drawn in element.iter(f"{CHART}chart", f"{DIAGRAM}relIds"):
            part = self.parts.get(drawn.get(_RELATION[drawn.tag]) or "")
            if part is not None:
                self.flush()
                root = parsed(part.blob)
                if drawn.tag == f"{CHART}chart":
                    write_chart(self.draft, chart_in(root))
                else:
                    write_diagram(self.draft, root)

    def text(self, element: "_Element") -> str:
        """The visible text of a paragraph, page breaks as form feeds; counts what is hidden."""
        parts: list[str] = []
        self.codes, self.style = _field_codes(element), _value(element.find(f"{_W}pPr/{_W}pStyle")) or None
        self._gather(element, parts)
        return "".join(parts)

    def text_of(self, note: "_Element") -> str:
        """The paragraphs of a note, a comment or a cell as one line."""
        return one_line(" ".join(self.text(paragraph) for paragraph in note.iter(f"{_W}p")).replace(_PAGE_BREAK, " "))

    def _container(self, container: "_Element") -> None:
        for element in container:
            if element.tag == f"{_W}p":
                self.paragraph(element)
            elif element.tag == f"{_W}tbl":
                self._table(element)
            elif element.tag == f"{_W}sdt":
                for content in element.iterchildren(f"{_W}sdtContent"):
                    if not _asks(element):
                        self._container(content)
            elif element.tag == f"{_W}altChunk":
                self._chunk(self.parts.get(element.get(f"{_OF_OFFICE}id") or ""))
            elif element.tag in (f"{_W}ins", f"{_W}customXml", f"{_W}smartTag"):
                self._container(element)

    def _chunk(self, part: Any) -> None:
        """A file of another kind that Word puts in here when it opens the document."""
        self.flush()
        kind = "" if part is None else part.content_type
        if "html" in kind:
            html.add_page(self.draft, html.parse(decode(part.blob, path=Path(str(part.partname)))))
        elif kind == "message/rfc822":
            mht.write(self.draft, part.blob, path=Path(str(part.partname)))
        else:
            self.draft.notice(f"a part put in from another file was left out ({kind or 'it is not in the file'})")

    def _write_piece(self, element: "_Element", text: str, *, number: Number | None, begins: bool) -> None:
        """Of a paragraph what stands on one page; ``begins``: it is the first of it."""
        if not text.strip():
            return
        style = _value(element.find(f"{_W}pPr/{_W}pStyle")) or None
        level = self.styles.level(style) or _outline_level(element.find(f"{_W}pPr/{_W}outlineLvl"))
        marker = self._marker(number, style) if begins and not level else ""
        if marker:
            self.items.append(marker + one_line(text))
            return
        self.flush()
        if level:
            printed = f"{number.label} {text}" if begins and number and number.label else text
            self.plain_headings[one_line(printed)] = one_line(text)
            self.draft.heading(printed, level=level)
            if self.styles.name(style) == "title" and not self.title:
                self.title = one_line(text)
        else:
            self.draft.paragraph(text)

    def _number(self, element: "_Element") -> Number | None:
        """Counts a paragraph that Word numbers; None for others."""
        own = element.find(_NUMBERED)
        number, level = ("", "") if own is None else (_value(own.find(f"{_W}numId")), _value(own.find(f"{_W}ilvl")))
        if not number:
            number, usual = self.styles.number(self.style)
            level = level or (self.numbers.level_of(number, styles=self.styles.named(self.style)) if number else "") or usual
        if number in ("", "0"):
            return None
        return self.numbers.next(number, min(int(level), _DEEPEST) if level.isdecimal() else 0)

    def _marker(self, number: Number | None, style: str | None) -> str:
        """ "  - " or "  2. " for a list item, indented by its level; empty for other paragraphs."""
        if number is None:
            return "- " if self.styles.name(style).startswith("list bullet") else ""
        return "  " * number.level + (f"{number.count}. " if number.form == "decimal" else "- ")

    def _next_page(self, *, continued: bool) -> None:
        self.flush()
        self.page += 1
        self.draft.open_page(f"p. {self.page}", continued=continued)

    def _table(self, table: "_Element") -> None:
        self.flush()
        rows = [self._row(row) for row in table.iterchildren(f"{_W}tr") if not self._is_deleted(row)]
        declared = any(entry.header for row in rows for entry in row)
        self.draft.table(rows if declared else with_headers(rows))
        self._write_drawings(table)
        breaks = sum(self._breaks_page(row) for row in table.iterchildren(f"{_W}tr"))
        if breaks:
            self.page += breaks
            self.draft.open_page(f"p. {self.page}")

    def _is_deleted(self, row: "_Element") -> bool:
        """True for a row that a tracked change takes out; its text is counted."""
        gone = row.find(f"{_W}trPr/{_W}del") is not None
        self.deleted += _letters(row) if gone else 0
        return gone

    def _breaks_page(self, row: "_Element") -> bool:
        """True when Word recorded a new page in this row; explicit breaks have no effect in tables."""
        return self.break_tag != f"{_W}br" and next(row.iter(self.break_tag), None) is not None

    def _row(self, row: "_Element") -> list[Entry]:
        header = _is_on(row.find(f"{_W}trPr/{_W}tblHeader"))
        found: list[Entry] = []
        column = 0
        for cell in row.iter(f"{_W}tc"):
            if next(cell.iterancestors(f"{_W}tr")) is not row:
                continue
            wide = _value(cell.find(f"{_W}tcPr/{_W}gridSpan"))
            width = min(int(wide), 100) if wide.isdecimal() else 1
            merge = cell.find(f"{_W}tcPr/{_W}vMerge")
            if cell.find(f"{_W}tcPr/{_W}cellDel") is not None:
                self.deleted += _letters(cell)
            elif merge is None or merge.get(f"{_W}val") == "restart":
                text = " ".join(self.text(paragraph) for paragraph in cell.iter(f"{_W}p"))
                found.append(Entry(text=text.replace(_PAGE_BREAK, " "), column=column, header=header, span=width))
            column += width
        return found

    def _gather(self, element: "_Element", parts: list[str]) -> None:
        for child in element:
            tag = child.tag
            if tag in _DROPPED:
                self.deleted += _letters(child) if tag in _DELETED else 0
                continue
            if tag == f"{_W}r":
                self._run(child, parts)
            elif tag in (f"{_W}t", _MATH_TEXT):
                parts.append("" if child in self.codes else child.text or "")
            elif tag == f"{_W}sdt" and _asks(child):
                continue
            elif tag == _EQUATION:
                before = child.getprevious()
                parts.append(" " if before is not None and before.tag == _EQUATION else "")
                self._gather(child, parts)
            elif tag in _TWO_PARTS:
                parts.append(self._of_two_parts(child))
            elif tag in (f"{_W}tab", f"{_W}ptab"):
                parts.append(" ")
            elif tag == f"{_W}noBreakHyphen":
                parts.append("-")
            elif tag in (f"{_W}br", f"{_W}cr", f"{_W}lastRenderedPageBreak"):
                parts.append(self._break(child))
            else:
                self._gather(child, parts)

    def _run(self, run: "_Element", parts: list[str]) -> None:
        """What is hidden or crossed out is counted; what is raised is marked."""
        looks = self._look(run)
        if not looks:
            self._gather(run, parts)
        elif self._is_hidden(run, looks):
            self.hidden += _run_letters(run)
        elif _is_on(looks.get(f"{_W}strike")) or _is_on(looks.get(f"{_W}dstrike")):
            self.draft.struck(_run_letters(run))
        elif _value(looks.get(f"{_W}vertAlign")) == "superscript":
            parts.append(RAISED)
            self._gather(run, parts)
            parts.append(LEVEL)
        else:
            self._gather(run, parts)

    def _of_two_parts(self, element: "_Element") -> str:
        """ "1/2", "(a+b)/c", "x^2"."""
        first, sign, second = _TWO_PARTS[element.tag]
        said = []
        for name in (first, second):
            parts: list[str] = []
            for part in element.iterchildren(f"{_MATH}{name}"):
                self._gather(part, parts)
            text = "".join(parts)
            said.append(text if _ONE_THING.fullmatch(text) else f"({text})")
        return sign.join(said)

    def _look(self, run: "_Element") -> _Looks:
        """What is said of a run's letters: by itself, by its style or by that of its paragraph."""
        own = run.find(f"{_W}rPr")
        if own is None:
            return self.styles.looks(letters=None, paragraph=self.style)
        said = self.styles.looks(letters=_value(own.find(f"{_W}rStyle")) or None, paragraph=self.style)
        return {**said, **{one.tag: one for one in own}}

    def _break(self, element: "_Element") -> str:
        is_page = element.tag == f"{_W}lastRenderedPageBreak" or element.get(f"{_W}type") == "page"
        if is_page:
            return _PAGE_BREAK if element.tag == self.break_tag else ""
        return "\n"

    def _is_hidden(self, run: "_Element", looks: _Looks) -> bool:
        """Hidden by its own property or a style, or white letters without any shading, or letters of a point or less."""
        size = _value(looks.get(f"{_W}sz"))
        tiny = size.isdecimal() and int(size) <= 2
        white = _value(looks.get(f"{_W}color")).upper() == "FFFFFF" and _SHADING not in looks and not self.has_ground
        return _is_on(looks.get(f"{_W}vanish")) or tiny or (white and not _is_shaded(run) and not self._is_on_shading())

    def _is_on_shading(self) -> bool:
        return self.styles.find(self.style, f"{_W}pPr/{_SHADING}") is not None


def _asks(control: "_Element") -> bool:
    """True for a content control that nobody has filled in: its text asks for one."""
    return _is_on(control.find(f"{_W}sdtPr/{_W}showingPlcHdr"))


def _field_codes(paragraph: "_Element") -> frozenset["_Element"]:
    """Texts between the beginning of a field and its result: results of fields inside its instructions."""
    if next(paragraph.iter(f"{_W}fldChar"), None) is None:
        return frozenset()
    codes: list[_Element] = []
    fields: list[list[_Element] | None] = []  # None for one whose instructions have ended
    for element in paragraph.iter(f"{_W}fldChar", f"{_W}t"):
        kind = element.get(f"{_W}fldCharType")
        if kind == "begin":
            fields.append([])
        elif kind in ("separate", "end") and fields:
            codes += fields.pop() or ()
            fields += [None] if kind == "separate" else []
        elif element.tag == f"{_W}t":
            for texts in fields:
                if texts is not None:
                    texts.append(element)
    return frozenset(codes)


def _run_letters(run: "_Element") -> int:
    return len("".join(text.text or "" for text in run.iter(f"{_W}t")).strip())


def _is_shaded(run: "_Element") -> bool:
    """True when something around the run may be dark: shading, highlighting, a table cell or a text box."""
    if run.find(f"{_W}rPr/{_W}shd") is not None or run.find(f"{_W}rPr/{_W}highlight") is not None:
        return True
    for parent in run.iterancestors():
        if parent.tag in (f"{_W}tc", f"{_W}txbxContent") or parent.find(f"{_W}pPr/{_W}shd") is not None:
            return True
    return False


def _value(element: "_Element | None") -> str:
    return "" if element is None else (element.get(f"{_W}val") or "")


def _is_on(element: "_Element | None") -> bool:
    return element is not None and _value(element).lower() not in _OFF


def _outline_level(element: "_Element | None") -> int:
    value = _value(element)
    return int(value) + 1 if value.isdecimal() and int(value) < 9 else 0


def _is_taken_out(paragraph: "_Element") -> bool:
    """True for an empty paragraph whose end is deleted or hidden: Word neither shows nor counts it."""
    end = paragraph.find(f"{_W}pPr/{_W}rPr")
    return end is not None and (end.find(f"{_W}del") is not None or _is_on(end.find(f"{_W}vanish")))


def _related(document: Any, ending: str) -> "_Element | None":
    """The root of the first part whose relationship type has this ending."""
    return next(_all_related(document, ending), None)


def _all_related(document: Any, *endings: str) -> Iterator["_Element"]:
    from lxml import etree

    for relation in document.part.rels.values():
        if relation.reltype.endswith(endings) and not relation.is_external:
            yield etree.fromstring(relation.target_part.blob, etree.XMLParser(resolve_entities=False, no_network=True))


def _letters(deleted: "_Element") -> int:
    """Characters of what was deleted or moved away."""
    return len("".join(text.text or "" for text in deleted.iter(f"{_W}delText", f"{_W}t")).strip())


def _write_comments(writer: _Writer, document: Any) -> None:
    """On a page of their own, each with its author and the words it is about."""
    comments = _related(document, "/comments")
    written = [] if comments is None else [(comment, writer.text_of(comment)) for comment in comments.iterchildren(f"{_W}comment")]
    if not any(text for _, text in written):
        return
    about = _commented(document.element.body)
    writer.draft.open_page("comments")
    for comment, text in written:
        by, on = one_line(comment.get(f"{_W}author") or ""), about.get(comment.get(f"{_W}id") or "", "")
        writer.draft.paragraph(f"Comment{f' by {by}' if by else ''}{f' on “{on}”' if on else ''}: {text}" if text else "")


def _commented(body: "_Element") -> dict[str, str]:
    """Comment id -> the first words it is about."""
    open_ranges: dict[str, list[str]] = {}
    for element in body.iter(f"{_W}commentRangeStart", f"{_W}commentRangeEnd", f"{_W}t"):
        identity = element.get(f"{_W}id") or ""
        if element.tag == f"{_W}commentRangeStart":
            open_ranges[identity] = []
        elif element.tag == f"{_W}commentRangeEnd":
            open_ranges.get(identity, []).append(_END)
        else:
            for words in open_ranges.values():
                if words[-1:] != [_END] and len(words) < _MOST_RUNS:
                    words.append(element.text or "")
    return {identity: _shortened(one_line("".join(words).removesuffix(_END))) for identity, words in open_ranges.items()}


def _shortened(text: str) -> str:
    """The first words, with dots for the rest."""
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED].rsplit(' ', 1)[0]} …"


def _write_footnotes(writer: _Writer, document: Any) -> None:
    for ending in ("/footnotes", "/endnotes"):
        root = _related(document, ending)
        for note in root if root is not None else ():
            if note.get(f"{_W}type") not in ("separator", "continuationSeparator", "continuationNotice"):
                writer.draft.paragraph(writer.text_of(note))


def _write_page_headers(writer: _Writer, document: Any) -> None:
    """Headers and footers of pages are read where there is nothing else, as in a form; elsewhere they are left out with a notice."""
    found = list(_all_related(document, "/header", "/footer"))
    if writer.draft.so_far():
        if found:
            writer.draft.notice("page headers and footers left out")
        return
    for part in found:
        writer.write_part(part)
