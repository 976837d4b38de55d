"""Slide decks: a page a slide, its title as heading, then text, tables, chart data, diagrams, the speaker's notes and comments."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rag.readers.clean import LEVEL, RAISED, one_line
from rag.readers.draft import Draft, Entry, with_headers
from rag.readers.drawings import DIAGRAM, chart_in, parsed, write_chart, write_diagram
from rag.readers.zipped import check_archive, has_macros, office_errors, package_metadata
from rag.types import Document

suffixes: frozenset[str] = frozenset({".pptx", ".pptm", ".ppsx", ".potx"})

_LINE_BREAK = "\v"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_NOT_STRUCK = "noStrike"
_AUTHORS = ("/commentAuthors", "/authors")
_COMMENTS = ("/comments",)
_DATA = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm"


def read(path: Path) -> Document:
    """Pages are labelled "slide N". Raises ReadError and its children."""
    check_archive(path, part="ppt/", what="a PowerPoint deck")
    from pptx.package import Package

    draft = Draft()
    with office_errors(path, what="a PowerPoint deck"):
        deck = Package.open(str(path)).main_document_part.presentation  # pptx.Presentation refuses shows and templates, the same inside
        titles = [_write_slide(draft, slide, number=number) for number, slide in enumerate(_slides(deck), start=1)]
        if has_macros(path):
            draft.notice("macros left out")
        metadata = package_metadata(draft, content_title=titles[0] if titles else "", path=path)
    return draft.finish(metadata=metadata, format="pptx", path=path)


def _slides(deck: Any) -> Iterator[Any]:
    """In the deck's order; None for one that the package names and does not hold."""
    for entry in deck.element.iterfind("{*}sldIdLst/{*}sldId"):
        yield deck.part.related_slide(entry.rId) if entry.rId in deck.part.rels else None


def _write_slide(draft: Draft, slide: Any, *, number: int) -> str:
    """Adds one slide; its title, empty without one. A hidden or missing slide is an empty page with a notice."""
    draft.open_page(f"slide {number}")
    if slide is None:
        draft.notice(f"slide {number} is not in the file")
        return ""
    if slide.element.get("show") == "0":
        draft.notice(f"slide {number} is hidden and was left out")
        return ""
    title = slide.shapes.title if slide.shapes.title is not None and slide.shapes.title.has_text_frame else None  # else it is a picture
    heading = one_line(" ".join(_said(draft, one) for one in title.text_frame.paragraphs)) if title is not None else ""
    draft.heading(heading, level=1)
    for shape in _shapes(_on_the_slide(slide, draft=draft, number=number)):
        if title is None or shape.shape_id != title.shape_id:
            _write_shape(draft, shape, number=number)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = "\n".join(_said(draft, one) for one in slide.notes_slide.notes_text_frame.paragraphs).replace(_LINE_BREAK, "\n").strip()
        draft.paragraph(f"Notes: {notes}" if notes else "")
    _write_comments(draft, slide)
    return heading


def _shapes(shapes: Iterable[Any]) -> Iterator[Any]:
    """Shapes with groups opened, in the order a screen reader takes them; a hidden group as it is."""
    for shape in shapes:
        if hasattr(shape, "shapes") and not _says_hidden(shape.element.find("{*}nvGrpSpPr/{*}cNvPr")):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _write_shape(draft: Draft, shape: Any, *, number: int) -> None:
    if _is_hidden(shape):
        draft.notice(f"hidden shape on slide {number} left out ({_letters(shape)} characters)")
    elif getattr(shape, "has_table", False) and shape.has_table:
        draft.table(_table_rows(shape.table, draft=draft))
    elif getattr(shape, "has_chart", False) and shape.has_chart:
        if (part := _related_part(shape, shape.element.chart_rId)) is not None:
            write_chart(draft, chart_in(parsed(part.blob)))
    elif shape.has_text_frame:
        _write_text(draft, shape)
    else:
        for ids in shape.element.iter(f"{DIAGRAM}relIds"):
            if (part := _related_part(shape, ids.get(_DATA))) is not None:
                write_diagram(draft, parsed(part.blob))


def _related_part(shape: Any, identity: str | None) -> Any:
    """None for one that the package does not hold."""
    return shape.part.related_part(identity) if identity in shape.part.rels else None


def _is_hidden(shape: Any) -> bool:
    return any(map(_says_hidden, shape.element.iter("{*}cNvPr")))


def _says_hidden(properties: Any) -> bool:
    return properties is not None and properties.get("hidden") in ("1", "true")


def _letters(shape: Any) -> int:
    return sum(len(text.text or "") for text in shape.element.iter(f"{_A}t"))


def _on_the_slide(slide: Any, *, draft: Draft, number: int) -> Iterator[Any]:
    """The shapes without those that lie beside the slide, where no audience sees them."""
    deck = slide.part.package.presentation_part.presentation
    for shape in slide.shapes:
        place = (shape.left, shape.top, shape.width, shape.height)
        is_beside = None not in place and (
            place[0] + place[2] <= 0 or place[1] + place[3] <= 0 or place[0] >= deck.slide_width or place[1] >= deck.slide_height
        )
        if is_beside and shape.shape_id != getattr(slide.shapes.title, "shape_id", None):  # titles for screen readers are put there
            if letters := _letters(shape):
                draft.notice(f"shape beside slide {number} left out ({letters} characters)")
        else:
            yield shape


def _said(draft: Draft, paragraph: Any) -> str:
    """A paragraph's text; what is crossed out is counted, what is raised is marked."""
    parts = []
    for run in paragraph._p.iterchildren(f"{_A}r", f"{_A}fld", f"{_A}br"):
        text, look = run.findtext(f"{_A}t") or "", run.find(f"{_A}rPr")
        if run.tag == f"{_A}br":
            parts.append(_LINE_BREAK)
        elif look is not None and look.get("strike", _NOT_STRUCK) != _NOT_STRUCK:
            draft.struck(len(text.strip()))
        else:
            parts.append(f"{RAISED}{text}{LEVEL}" if look is not None and _is_raised(look) else text)
    return "".join(parts)


def _is_raised(look: Any) -> bool:
    """By "30000" or, in strict files, "30%"."""
    return look.get("baseline", "0")[:1] in "123456789"


def _write_text(draft: Draft, shape: Any) -> None:
    """Body placeholders with several paragraphs are lists on screen; other text is paragraphs."""
    paragraphs = [(paragraph.level, _said(draft, paragraph).replace(_LINE_BREAK, "\n")) for paragraph in shape.text_frame.paragraphs]
    filled = [(level, text) for level, text in paragraphs if text.strip()]
    if len(filled) > 1 and shape.is_placeholder:
        draft.list_items([f"{'  ' * level}- {one_line(text)}" for level, text in filled])
    else:
        for _, text in filled:
            draft.paragraph(text)


def _table_rows(table: Any, *, draft: Draft) -> list[list[Entry]]:
    rows = [
        [
            Entry(
                text="\n".join(_said(draft, paragraph) for paragraph in cell.text_frame.paragraphs).replace(_LINE_BREAK, " "),
                column=column,
                header=bool(table.first_row) and row == 0,
                span=cell.span_width if cell.is_merge_origin else 1,
            )
            for column, cell in enumerate(cells.cells)
            if not cell.is_spanned
        ]
        for row, cells in enumerate(table.rows)
    ]
    return rows if table.first_row else with_headers(rows)


def _write_comments(draft: Draft, slide: Any) -> None:
    """Both kinds that PowerPoint knows: those before 2021, with an author's number, and the threads after it."""
    deck = slide.part.package.presentation_part
    authors = {
        one.get("id") or "": one.get("name") or "" for part in _related(deck, _AUTHORS) for one in part.iter("{*}cmAuthor", "{*}author")
    }
    for part in _related(slide.part, _COMMENTS):
        for comment in part.iter("{*}cm", "{*}reply"):
            said = comment.find("{*}text")
            own = said.text if said is not None else "".join(text.text or "" for text in comment.iterfind("{*}txBody//{*}t"))
            by = authors.get(comment.get("authorId") or "", "")
            draft.paragraph(f"Comment{f' by {one_line(by)}' if by else ''}: {one_line(own)}" if own and own.strip() else "")


def _related(part: Any, endings: tuple[str, ...]) -> Iterator[Any]:
    """The roots of the parts whose relationship type ends so."""
    for relation in part.rels.values():
        if relation.reltype.endswith(endings) and not relation.is_external:
            yield parsed(relation.target_part.blob)
