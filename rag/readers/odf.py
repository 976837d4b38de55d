"""OpenDocument texts, sheets and slides (LibreOffice): one XML part, read in document order.

What a person does not see is left out and counted: hidden text and sections, hidden sheets, rows and columns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from rag.errors import CorruptFileError, EncryptedError
from rag.readers.byline import find_byline
from rag.readers.clean import mark_raised, one_line
from rag.readers.dates import choose_date, parse_date
from rag.readers.draft import Draft, Entry, choose_title, entries, tags_from, with_headers
from rag.readers.drawings import MOST_POINTS, Chart, write_chart
from rag.readers.xlsx import MOST_CELLS, write_sheet
from rag.readers.zipped import check_archive, office_errors
from rag.types import Document, Metadata

if TYPE_CHECKING:
    from lxml.etree import _Element

suffixes: frozenset[str] = frozenset({".odt", ".ods", ".odp"})

_WHAT = "an OpenDocument file"
_URN = "{urn:oasis:names:tc:opendocument:xmlns:"
_TEXT, _TABLE, _DRAW, _OFFICE, _PRESENTATION = (f"{_URN}{name}:1.0}}" for name in ("text", "table", "drawing", "office", "presentation"))
_STYLE = f"{_URN}style:1.0}}"
_CHART = f"{_URN}chart:1.0}}"
_OBJECT, _LINK = f"{_DRAW}object", "{http://www.w3.org/1999/xlink}href"
_NO_VALUE = frozenset({"NaN", "1.#NAN"})
"""What LibreOffice writes for a point that a series does not have."""
_Charts = Mapping[str | None, Chart]
"""The charts of a package by the link that draws them."""
_DUBLIN = "{http://purl.org/dc/elements/1.1/}"
_UNSEEN = frozenset({"collapse", "filter"})
_MAY_HIDE = {
    f"{_TEXT}{name}": family
    for name, family in (
        *(("span", "text"), ("p", "paragraph"), ("h", "paragraph"), ("section", "section")),
        *(("hidden-text", ""), ("hidden-paragraph", "")),
    )
}
"""Elements of a text that may be hidden, and the family of their styles."""
_Styles = frozenset[tuple[str | None, str | None]]
"""(family, name) of styles."""
_UNREAD = frozenset((f"{_TEXT}tracked-changes", f"{_TEXT}note", f"{_OFFICE}annotation", f"{_OFFICE}forms", f"{_TABLE}shapes"))
_MOST_REPEATED = 1_000
"""A cell or row that is said to repeat more often is the empty rest of a sheet."""


def read(path: Path) -> Document:
    """Pages are sheets or slides, else one page. Raises ReadError and its children."""
    check_archive(path, part="content.xml", what=_WHAT)
    draft = Draft()
    with office_errors(path, what=_WHAT), ZipFile(path) as archive:
        if b"encryption-data" in _part(archive, "META-INF/manifest.xml"):
            raise EncryptedError(f"cannot read {path.name}: it wants a password; save a copy without one")
        content = _tree(archive.read("content.xml"))
        body = content.find(f"{_OFFICE}body")
        if body is None or not len(body):
            raise CorruptFileError(f"cannot read {path.name}: {_WHAT} without a body; open and save it again")
        parts = [content, *([_tree(styles)] if (styles := _part(archive, "styles.xml")) else [])]
        unseen = _unseen_styles(*parts)
        draft.hidden(_drop_hidden(body, styles=unseen))
        _mark_spans(body, draft=draft, parts=parts)
        title = _write(draft, body[0], unseen=unseen, charts=_charts(archive, body))
        metadata = _metadata(draft, _part(archive, "meta.xml"), title=title or draft.first_heading(), path=path)
    return draft.finish(metadata=metadata, format=path.suffix.lower().lstrip("."), path=path)


def _unseen_styles(*parts: "_Element") -> _Styles:
    """The styles that hide letters, sections, sheets or slides."""
    hiding = (f"{_TEXT}display", "none"), (f"{_TABLE}display", "false"), (f"{_PRESENTATION}visibility", "hidden")
    return frozenset(
        (style.get(f"{_STYLE}family"), style.get(f"{_STYLE}name"))
        for part in parts
        for style in part.iter(f"{_STYLE}style")
        if any(properties.get(name) == value for properties in style for name, value in hiding)
    )


def _drop_hidden(body: "_Element", *, styles: _Styles) -> int:
    """Takes hidden runs, paragraphs and sections out of the tree; how many characters they have."""
    hidden = [
        element
        for element in body.iter(*_MAY_HIDE)
        if (_MAY_HIDE[element.tag], element.get(f"{_TEXT}style-name")) in styles
        or element.get(f"{_TEXT}display") == "none"
        or element.get(f"{_TEXT}is-hidden") == "true"
    ]
    return sum(_taken_out(element) for element in hidden)


def _mark_spans(body: "_Element", *, draft: Draft, parts: "Sequence[_Element]") -> None:
    """Counts and takes out what is crossed out, and marks what is raised."""
    styles = {style.get(f"{_STYLE}name"): style for part in parts for style in part.iter(f"{_STYLE}style")}
    for span in list(body.iter(f"{_TEXT}span")):
        looks = [dict(look.attrib) for style in _with_parents(styles, span) for look in style.iter(f"{_STYLE}text-properties")]
        struck = next((value for look in looks for name, value in look.items() if name.endswith("}text-line-through-style")), "none")
        place = next((value for look in looks for name, value in look.items() if name.endswith("}text-position")), "")
        if struck != "none":
            draft.struck(_taken_out(span))
        elif place.startswith("super") or (place[:1].isdigit() and not place.startswith("0")):
            mark_raised(span)


def _with_parents(styles: "Mapping[str | None, _Element]", span: "_Element") -> "Iterator[_Element]":
    """A span's style and those that it is made from, the nearest first."""
    name, seen = span.get(f"{_TEXT}style-name"), set[str | None]()
    while name in styles and name not in seen:
        seen.add(name)
        yield styles[name]
        name = styles[name].get(f"{_STYLE}parent-style-name")


def _taken_out(element: "_Element") -> int:
    """What follows it stays."""
    parent = element.getparent()
    if parent is None:
        return 0
    letters = len("".join(map(str, element.itertext())).strip())
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + (element.tail or "")
    else:
        parent.text = (parent.text or "") + (element.tail or "")
    parent.remove(element)
    return letters


def _charts(archive: ZipFile, body: "_Element") -> _Charts:
    """What is drawn from files of its own in the package, where it is a chart, with the values that it keeps."""
    charts: dict[str | None, Chart] = {}
    for drawn in body.iter(_OBJECT):
        name = drawn.get(_LINK)
        content = _part(archive, f"{(name or '').removeprefix('./').rstrip('/')}/content.xml")
        chart = next(_tree(content).iter(f"{_CHART}chart"), None) if content else None
        if chart is not None:
            charts[name] = Chart(title=_title_of(chart), rows=tuple(_points(chart)))
    return charts


def _title_of(chart: "_Element") -> str:
    return one_line(" ".join(_words(text) for title in chart.iterchildren(f"{_CHART}title") for text in title.iter(f"{_TEXT}p")))


def _points(chart: "_Element") -> Iterator[tuple[str, ...]]:
    """The names of the series, then each category and its values."""
    for table in chart.iterchildren(f"{_TABLE}table"):
        for row in islice(table.iter(f"{_TABLE}table-row"), MOST_POINTS + 1):
            cells = dict(_cells(row))
            texts = ["" if cells.get(at) in _NO_VALUE else cells.get(at, "") for at in range(max(cells, default=-1) + 1)]
            if any(texts):
                yield tuple(texts)


def _write(draft: Draft, body: "_Element", *, unseen: _Styles, charts: _Charts) -> str:
    """Adds everything; the title, empty without one."""
    kind = body.tag.rpartition("}")[2]
    if kind == "spreadsheet":
        _write_sheets(draft, body, unseen=unseen, charts=charts)
        return ""
    if kind == "presentation":
        slides = enumerate(body.iterchildren(f"{_DRAW}page"), start=1)
        titles = [_write_slide(draft, slide, number=number, unseen=unseen, charts=charts) for number, slide in slides]
        return titles[0] if titles else ""
    writer = _Writer(draft=draft, charts=charts)
    writer.container(body)
    writer.flush()
    return ""


def _write_sheets(draft: Draft, body: "_Element", *, unseen: _Styles, charts: _Charts) -> None:
    left = MOST_CELLS
    for sheet in body.iterchildren(f"{_TABLE}table"):
        name = sheet.get(f"{_TABLE}name") or ""
        if ("table", sheet.get(f"{_TABLE}style-name")) in unseen:
            draft.notice(f'sheet "{name}" is hidden and was left out')
            continue
        draft.open_page(f"sheet {name}")
        rows: list[list[Entry]] = []
        for row in _rows(sheet):
            left -= len(row)
            if left < 0:
                draft.notice(f'sheet "{name}": rows after the first {MOST_CELLS:,} cells of the workbook left out')
                break
            rows.append(row)
        if hidden := _hidden_cells(sheet):
            draft.notice(f'sheet "{name}": {hidden:,} filled cells in hidden rows and columns left out')
        write_sheet(draft, rows, title=name)
        _write_comments(draft, sheet)
        _write_charts(draft, sheet, charts=charts)


def _write_slide(draft: Draft, slide: "_Element", *, number: int, unseen: _Styles, charts: _Charts) -> str:
    draft.open_page(f"slide {number}")
    if ("drawing-page", slide.get(f"{_DRAW}style-name")) in unseen:
        draft.notice(f"slide {number} is hidden and was left out")
        return ""
    title = ""
    for frame in slide:
        if frame.tag == f"{_PRESENTATION}notes":
            notes = " ".join(_words(paragraph) for box in frame.iter(f"{_DRAW}text-box") for paragraph in box.iter(f"{_TEXT}p"))
            draft.paragraph(f"Notes: {notes}" if notes.strip() else "")
        elif frame.get(f"{_PRESENTATION}class") == "title" and not title:
            title = one_line(" ".join(_words(paragraph) for paragraph in frame.iter(f"{_TEXT}p")))
            draft.heading(title, level=1)
        else:
            writer = _Writer(draft=draft, charts=charts)
            writer.container(frame)
            writer.flush()
    return title


@dataclass(kw_only=True, slots=True)
class _Writer:
    """Walks a text in reading order; items of nested lists gather into one block."""

    draft: Draft
    charts: _Charts
    items: list[str] = field(default_factory=list)
    depth: int = 0

    def container(self, element: "_Element") -> None:
        for child in element.iterchildren("*"):
            tag = child.tag
            if tag in _UNREAD:
                continue
            if tag in (f"{_TEXT}h", f"{_TEXT}p"):
                self._paragraph(child)
            elif tag == f"{_TEXT}list":
                self.depth += 1
                self.container(child)
                self.depth -= 1
                if not self.depth:
                    self.flush()
            elif tag == f"{_TABLE}table":
                self.flush()
                self.draft.table(with_headers(list(_rows(child))))
            elif tag == _OBJECT:
                self._chart(child)
            else:
                self.container(child)

    def _chart(self, drawn: "_Element") -> None:
        if (chart := self.charts.get(drawn.get(_LINK))) is not None:
            self.flush()
            write_chart(self.draft, chart)

    def flush(self) -> None:
        self.draft.list_items(self.items)
        self.items = []

    def _paragraph(self, element: "_Element") -> None:
        text = _words(element)
        if self.depth and text.strip():
            self.items.append(f"{'  ' * (self.depth - 1)}- {one_line(text)}")
            return
        self.flush()
        if element.tag == f"{_TEXT}h":
            level = element.get(f"{_TEXT}outline-level") or "1"
            self.draft.heading(text, level=min(int(level), 9) if level.isdecimal() else 1)
        else:
            self.draft.paragraph(text)
        for box in element.iter(f"{_DRAW}text-box"):
            self.container(box)
        for note in element.iter(f"{_TEXT}note-body"):
            self.container(note)
        for drawn in element.iter(_OBJECT):
            if next(drawn.iterancestors(f"{_TEXT}p", f"{_TEXT}h")) is element:
                self._chart(drawn)


def _words(element: "_Element") -> str:
    """The visible text of a paragraph; notes and text boxes stand on their own."""
    parts = [element.text or ""]
    for child in element.iterchildren("*"):
        if child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif child.tag in (f"{_TEXT}tab", f"{_TEXT}s"):
            parts.append(" ")
        elif child.tag not in _UNREAD and child.tag != f"{_DRAW}text-box":
            parts.append(_words(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _rows(table: "_Element") -> Iterator[list[Entry]]:
    """The visible rows; an empty one is an empty list, runs of empty rows are one."""
    from openpyxl.utils import get_column_letter

    number, was_empty, hidden = 0, True, _hidden_columns(table)
    for row in table.iter(f"{_TABLE}table-row"):
        if next(row.iterancestors(f"{_TABLE}table")) is not table:
            continue
        repeated = _count(row, "number-rows-repeated")
        cells = [] if row.get(f"{_TABLE}visibility") in _UNSEEN else [(at, text) for at, text in _cells(row) if at not in hidden]
        for again in range(repeated if cells and repeated <= _MOST_REPEATED else 1):
            found = [Entry(text=text, column=at, address=f"{get_column_letter(at + 1)}{number + again + 1}") for at, text in cells]
            if found or not was_empty:
                yield found
            was_empty = not found
        number += repeated


def _hidden_columns(table: "_Element") -> frozenset[int]:
    """0-based; of columns without end only the first, which may hold something."""
    hidden: set[int] = set()
    at = 0
    for column in table.iter(f"{_TABLE}table-column"):
        if next(column.iterancestors(f"{_TABLE}table")) is table:
            repeated = _count(column, "number-columns-repeated")
            if column.get(f"{_TABLE}visibility") in _UNSEEN:
                hidden.update(range(at, at + min(repeated, _MOST_REPEATED)))
            at += repeated
    return frozenset(hidden)


def _hidden_cells(table: "_Element") -> int:
    """Filled cells in hidden rows and columns."""
    columns = _hidden_columns(table)
    return sum(
        sum(row.get(f"{_TABLE}visibility") in _UNSEEN or at in columns for at, _ in _cells(row)) for row in table.iter(f"{_TABLE}table-row")
    )


def _write_comments(draft: Draft, sheet: "_Element") -> None:
    """As a table behind the cells; those of hidden cells are left out."""
    from openpyxl.utils import get_column_letter

    hidden, number, rows = _hidden_columns(sheet), 0, []
    for row in sheet.iter(f"{_TABLE}table-row"):
        column = 0
        for cell in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            note = cell.find(f"{_OFFICE}annotation")
            if note is not None and column not in hidden and row.get(f"{_TABLE}visibility") not in _UNSEEN:
                ref = f"{get_column_letter(column + 1)}{number + 1}"
                said = " ".join(_words(paragraph) for paragraph in note.iter(f"{_TEXT}p"))
                texts = (ref, note.findtext(f"{_DUBLIN}creator") or "", said)
                rows.append([Entry(text=text, column=place, address=ref) for place, text in enumerate(texts)])
            column += _count(cell, "number-columns-repeated")
        number += _count(row, "number-rows-repeated")
    if rows:
        draft.table([entries(["Cell", "Comment by", "Comment"], header=True), *rows])


def _write_charts(draft: Draft, sheet: "_Element", *, charts: _Charts) -> None:
    """Behind the cells; those at hidden cells are left out and counted."""
    from openpyxl.utils import get_column_letter

    hidden, number, unseen = _hidden_columns(sheet), 0, 0
    for drawn in sheet.iterchildren(f"{_TABLE}shapes"):
        for one in drawn.iter(_OBJECT):
            if (chart := charts.get(one.get(_LINK))) is not None:
                write_chart(draft, chart, where="Chart")
    for row in sheet.iter(f"{_TABLE}table-row"):
        column = 0
        for cell in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            ref = f"{get_column_letter(column + 1)}{number + 1}"
            for drawn in cell.iter(_OBJECT):
                if (chart := charts.get(drawn.get(_LINK))) is None:
                    continue
                if column in hidden or row.get(f"{_TABLE}visibility") in _UNSEEN:
                    unseen += 1
                else:
                    write_chart(draft, chart, where=f"Chart at {ref}", address=ref)
            column += _count(cell, "number-columns-repeated")
        number += _count(row, "number-rows-repeated")
    if unseen:
        draft.notice(f'sheet "{sheet.get(f"{_TABLE}name") or ""}": {unseen} charts at hidden cells left out')


def _cells(row: "_Element") -> Iterator[tuple[int, str]]:
    column = 0
    for cell in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
        repeated = _count(cell, "number-columns-repeated")
        text = " ".join(_words(paragraph) for paragraph in cell.iter(f"{_TEXT}p", f"{_TEXT}h") if _is_shown(paragraph, cell)).strip()
        if text and cell.tag == f"{_TABLE}table-cell":
            for place in range(column, column + min(repeated, _MOST_REPEATED)):
                yield place, text
        column += repeated


def _is_shown(paragraph: "_Element", cell: "_Element") -> bool:
    for parent in paragraph.iterancestors():
        if parent is cell:
            return True
        if parent.tag in _UNREAD:
            return False
    return True


def _count(element: "_Element", name: str) -> int:
    value = element.get(f"{_TABLE}{name}") or "1"
    return max(1, min(int(value), 1_048_576)) if value.isdecimal() else 1


def _metadata(draft: Draft, meta: bytes, *, title: str, path: Path) -> Metadata:
    about = {element.tag.rpartition("}")[2]: one_line(element.text or "") for element in _said(meta)}
    declared = parse_date(about.get("creation-date", "")[:10]) or parse_date(about.get("date", "")[:10])
    found = choose_date(opening=draft.opening_lines(), declared=declared)
    byline = find_byline(draft.opening_lines(), title=title)
    return Metadata(
        title=choose_title(title, about.get("title", ""), path=path),
        author=about.get("initial-creator") or about.get("creator") or byline.author,
        publisher=byline.publisher,
        published=found.day if found else None,
        published_from=found.source if found else "mtime",
        language=about.get("language", "").lower(),
        tags=tags_from(about.get("keyword", "")) or byline.tags,
    )


def _said(meta: bytes) -> "list[_Element]":
    """The elements of the part about the file; none of one that is missing or damaged."""
    from lxml.etree import XMLSyntaxError

    try:
        return list(_tree(meta).iter("*")) if meta else []
    except XMLSyntaxError:
        return []


def _part(archive: ZipFile, name: str) -> bytes:
    return archive.read(name) if name in archive.namelist() else b""


def _tree(data: bytes) -> "_Element":
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
