"""XML of any kind: the text of its elements. Equal records become a table, elements with usual names headings, tables and lists.

Nothing is fetched and no entity of the file's own is expanded. Attributes are not read: what a person is meant to read seldom stands there.
"""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rag.errors import CorruptFileError
from rag.patterns import regex
from rag.readers.byline import opening_metadata
from rag.readers.clean import one_line
from rag.readers.draft import Draft, Entry, entries, with_headers
from rag.readers.encoding import read_bytes
from rag.readers.xlsx import MOST_CELLS
from rag.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element

suffixes: frozenset[str] = frozenset({".xml"})

_HEADINGS = frozenset("title article-title heading head subject headline".split())
_PARAGRAPHS = frozenset("p para paragraph abstract caption note description summary".split())
_ITEMS = frozenset("li listitem list-item".split())
_ROWS = frozenset("tr row".split())
_CELLS = frozenset("td th entry cell".split())
_MOST_LEVELS = 6
_UNREAD = ("{*}delText", "{*}delInstrText", "{*}instrText")
"""Of Word's own XML."""
_LONG_TEXT = "//*[string-length(text()) >= 200]"
_ENCODED = regex(r"\s*(?:[A-Za-z0-9+/]{32,}\s+)*[A-Za-z0-9+/]+={0,2}\s*")
"""A file in base 64: hardly a word has 32 letters."""


def read(path: Path) -> Document:
    """One page. Raises ReadError and its children."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=True, remove_comments=True, remove_pis=True)
    data = read_bytes(path)
    root = etree.fromstring(data, parser) if b"<" in data else None
    if root is None:
        raise CorruptFileError(f"cannot read {path.name}: it holds no XML; give it the suffix it should have, such as .txt")
    etree.strip_elements(root, etree.Entity, with_tail=False)
    draft = Draft()
    if data_of := [
        *root.iter(*_UNREAD),
        *(element for element in cast("list[_Element]", root.xpath(_LONG_TEXT)) if _ENCODED.fullmatch(element.text or "")),
    ]:
        for element in data_of:
            element.text = ""
        draft.notice(f"files and instructions inside the XML left out ({len(data_of)})")
    _write(draft, root)
    if parser.error_log and not draft.so_far():
        raise CorruptFileError(f"cannot read {path.name}: the XML cannot be followed ({parser.error_log[0].message}); save it again")
    if parser.error_log:
        draft.notice("the XML is not sound: it was read as far as it can be followed")
    title = next((text for element in root.iter("{*}*") if _name(element) in _HEADINGS and (text := _text(element))), "")
    return draft.finish(metadata=opening_metadata(draft, title=title, path=path), format="xml", path=path)


def _write(draft: Draft, root: "_Element") -> None:
    """In the file's order, without recursion: files are nested as deeply as they like."""
    waiting: list[tuple[_Element, int]] = [(root, 0)]
    while waiting:
        element, depth = waiting.pop()
        children = list(element.iterchildren("*"))
        name = _name(element)
        if name in _HEADINGS and (heading := _text(element)):
            draft.heading(heading, level=min(max(depth, 1), _MOST_LEVELS))
        elif name in _ITEMS:
            draft.list_items([f"- {_text(element)}"])
        elif name in _PARAGRAPHS or not children or _has_own_text(element, children):
            draft.paragraph(_text(element))
        elif rows := _rows(children):
            if len(rows) > (most := MOST_CELLS // max(map(len, rows))):
                draft.notice(f"rows after the first {most:,} of a table left out")
            draft.table(rows[:most])
        else:
            waiting.extend((child, depth + 1) for child in reversed(children))


def _rows(children: "list[_Element]") -> list[list[Entry]]:
    """A table of rows and cells, or of records with the same fields, whose names are its header; empty for other elements."""
    names = {_name(child) for child in children}
    if names <= _ROWS and any(_name(cell) in _CELLS for child in children for cell in child.iterchildren("*")):
        return with_headers([entries([_text(cell) for cell in row.iterchildren("*") if _name(cell) in _CELLS]) for row in children])
    fields = list(dict.fromkeys(_name(field) for child in children for field in child.iterchildren("*")))
    are_records = len(names) == 1 and len(children) > 1 and len(fields) > 1 and all(map(_is_record, children))
    if not are_records:
        return []
    places = {field: place for place, field in enumerate(fields)}
    rows = [[Entry(text=_text(field), column=places[_name(field)]) for field in child.iterchildren("*")] for child in children]
    return [entries(fields, header=True), *(sorted(row, key=lambda entry: entry.column) for row in rows)]


def _is_record(element: "_Element") -> bool:
    """True when its children hold text only and each kind of them comes once."""
    fields = list(element.iterchildren("*"))
    return bool(fields) and not any(len(field) for field in fields) and max(Counter(map(_name, fields)).values()) == 1


def _has_own_text(element: "_Element", children: "list[_Element]") -> bool:
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in children)


def _text(element: "_Element") -> str:
    return one_line("".join(str(text) for text in element.itertext()))


def _name(element: "_Element") -> str:
    return str(element.tag).rpartition("}")[2].lower()
