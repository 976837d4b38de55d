"""What lies over the cells of an Excel sheet: comments, charts, diagrams' texts and text boxes, each with the address of its cell."""

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rag.readers.clean import one_line
from rag.readers.draft import Draft, Entry, entries
from rag.readers.drawings import CHART, chart_in, parsed, write_chart

if TYPE_CHECKING:
    from lxml.etree import _Element

_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_BOOK = "xl/workbook.xml"
_OF_A_THREAD = "tc="
"""What Excel calls the author of the old comment that it keeps beside a thread."""


def write_notes(draft: Draft, archive: zipfile.ZipFile, sheet: str, *, is_hidden: Callable[[int, int], bool]) -> int:
    """Adds them behind the sheet's cells; how many were left out because their cell is hidden (row, column, 1-based).

    ``sheet`` is the part's name in the archive: "xl/worksheets/sheet1.xml".
    """
    found = list(_comments(archive, sheet))
    seen = [(ref, by, text) for ref, by, text in found if not is_hidden(*_row_and_column(ref))]
    if seen:
        rows = [[Entry(text=text, column=at, address=ref) for at, text in enumerate((ref, by, text))] for ref, by, text in seen]
        draft.table([entries(["Cell", "Comment by", "Comment"], header=True), *rows])
    return len(found) - len(seen) + write_drawings(draft, archive, sheet, is_hidden=is_hidden)


def write_drawings(draft: Draft, archive: zipfile.ZipFile, sheet: str, *, is_hidden: Callable[[int, int], bool]) -> int:
    """Adds charts, diagrams' texts and text boxes; how many were left out because they lie over a hidden cell."""
    return sum(_write_drawing(draft, archive, name, is_hidden=is_hidden) for name in targets(archive, sheet, "/drawing").values())


def chart_sheets(archive: zipfile.ZipFile) -> list[tuple[str, str, bool]]:
    """(title, part, whether it is shown) of the sheets that are a chart and have no cells."""
    parts = targets(archive, _BOOK, "/chartsheet")
    sheets = parsed(archive.read(_BOOK)).iter("{*}sheet") if parts else iter(())
    return [
        (sheet.get("name", ""), parts[sheet.get(_ID, "")], sheet.get("state", "visible") == "visible")
        for sheet in sheets
        if sheet.get(_ID, "") in parts
    ]


def _write_drawing(draft: Draft, archive: zipfile.ZipFile, name: str, *, is_hidden: Callable[[int, int], bool]) -> int:
    from openpyxl.utils import get_column_letter

    charts, hidden = targets(archive, name, "/chart"), 0
    for anchor in parsed(archive.read(name)):
        row, column = (_number(anchor.findtext(f"{{*}}from/{{*}}{part}")) + 1 for part in ("row", "col"))
        address = f"{get_column_letter(min(column, 16_384))}{row}" if anchor.find("{*}from") is not None else ""
        at = f" at {address}" if address else ""
        drawn = [charts[chart.get(_ID, "")] for chart in anchor.iter(f"{CHART}chart") if chart.get(_ID, "") in charts]
        said = [text for box in anchor.iter("{*}txBody") if (text := _text(box))]
        if (drawn or said) and is_hidden(row, column):
            hidden += 1
            continue
        for part in drawn:
            write_chart(draft, chart_in(parsed(archive.read(part))), where=f"Chart{at}", address=address)
        for text in said:
            draft.paragraph(f"Text box{at}: {text}")
    return hidden


def _comments(archive: zipfile.ZipFile, sheet: str) -> Iterator[tuple[str, str, str]]:
    """(address, author, text), threads before the old kind."""
    people = _people(archive)
    for name in targets(archive, sheet, "/threadedComment").values():
        for comment in parsed(archive.read(name)).iter("{*}threadedComment"):
            text = one_line(comment.findtext("{*}text") or "")
            if text:
                yield comment.get("ref", ""), people.get(comment.get("personId", ""), ""), text
    for name in targets(archive, sheet, "/comments").values():
        root = parsed(archive.read(name))
        authors = [one_line(author.text or "") for author in root.iter("{*}author")]
        for comment in root.iter("{*}comment"):
            place = _number(comment.get("authorId"))
            by = authors[place] if place < len(authors) else ""
            text = one_line("".join(part.text or "" for part in comment.iter("{*}t")))
            if text and not by.startswith(_OF_A_THREAD):
                yield comment.get("ref", ""), by, text


def _people(archive: zipfile.ZipFile) -> dict[str, str]:
    names = [name for name in archive.namelist() if name.startswith("xl/persons/") and name.endswith(".xml")]
    people = (person for name in names for person in parsed(archive.read(name)).iter("{*}person"))
    return {person.get("id", ""): one_line(person.get("displayName", "")) for person in people}


def targets(archive: zipfile.ZipFile, part: str, ending: str) -> dict[str, str]:
    """Relationship id -> name of the part of the archive, for the relationships of a part whose type ends so."""
    folder, name = posixpath.split(part)
    rels = f"{folder}/_rels/{name}.rels"
    if rels not in archive.namelist():
        return {}
    found = {
        relation.get("Id", ""): posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
        for relation in parsed(archive.read(rels))
        if relation.get("Type", "").endswith(ending) and relation.get("TargetMode") != "External"
    }
    return {identity: target for identity, target in found.items() if target in archive.namelist()}


def _row_and_column(ref: str) -> tuple[int, int]:
    from openpyxl.utils.cell import coordinate_to_tuple

    try:
        row, column = coordinate_to_tuple(ref.partition(":")[0])
    except (ValueError, TypeError):
        return 1, 1
    return row, column


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 9 else 0


def _text(box: "_Element") -> str:
    return one_line(" ".join("".join(text.text or "" for text in paragraph.iter("{*}t")) for paragraph in box.iter("{*}p")))
