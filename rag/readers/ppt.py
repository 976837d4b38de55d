"""PowerPoint 97-2003: a page a slide with the speaker's notes, from the slides the last saving edit names ([MS-PPT])."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import unpack_from
from typing import Any

from rag.errors import CorruptFileError
from rag.readers import ole
from rag.readers.clean import one_line
from rag.readers.draft import Draft
from rag.types import Document

suffixes: frozenset[str] = frozenset({".ppt", ".pps"})

_WHAT = "a PowerPoint 97-2003 deck"
_OF_97 = "PP97_DUALSTORAGE"
"""Where a deck that was saved for PowerPoint 95 and 97 has the streams of 97."""
_ENCRYPTED_TOKEN = 0xF3D1C4DF
_EDIT, _DIRECTORY, _SLIDES, _SLIDE = 0x0FF5, 0x1772, 0x0FF0, 0x03F3
_KIND, _WIDE, _NARROW = 0x0F9F, 0x0FA0, 0x0FA8
_SHOW, _NOTES = 0x03F9, 0x03F1
_HIDDEN = 0x04
_SLIDES_LISTED, _NOTES_LISTED = 0, 2
"""Of the lists of slides; 1 are masters."""
_TITLES = frozenset({0, 6})
_NOTES_BODY = 2
"""Kinds of texts."""
_MOST_DEPTH = 30
_MOST_EDITS = 1_000


@dataclass(frozen=True, slots=True)
class _Atom:
    kind: int
    instance: int
    start: int
    end: int
    is_container: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Slide:
    """What a slide says."""

    texts: list[tuple[bool, str]]
    """(is a title, text)."""
    notes: str
    is_hidden: bool


def read(path: Path) -> Document:
    """Pages are labelled "slide N". Raises ReadError and its children."""
    with ole.opened(path, what=_WHAT) as container:
        if container.exists("EncryptedSummary"):
            raise ole.encrypted(path)
        user, data = _streams(container)
        if len(user) < 20 or not data:
            raise CorruptFileError(f"cannot read {path.name}: it holds no slides; open it and save it as .pptx")
        token, edit = unpack_from("<II", user, 12)
        if token == _ENCRYPTED_TOKEN:
            raise ole.encrypted(path)
        draft = Draft()
        titles = [_write_slide(draft, slide, number=number) for number, slide in enumerate(_slides(data, edit), start=1)]
        metadata = ole.metadata(container, draft, content_title=titles[0] if titles else "", path=path)
    return draft.finish(metadata=metadata, format="ppt", path=path)


def _streams(container: Any) -> tuple[bytes, bytes]:
    """(who saved it last and where, the deck)."""
    room = f"{_OF_97}/" if container.exists(_OF_97) else ""
    return ole.stream(container, f"{room}Current User"), ole.stream(container, f"{room}PowerPoint Document")


def _write_slide(draft: Draft, slide: _Slide, *, number: int) -> str:
    """Adds one slide; its title, empty without one. A hidden slide is an empty page with a notice."""
    draft.open_page(f"slide {number}")
    if slide.is_hidden:
        draft.notice(f"slide {number} is hidden and was left out")
        return ""
    title = next((one_line(text) for is_title, text in slide.texts if is_title and text.strip()), "")
    draft.heading(title, level=1)
    for is_title, text in slide.texts:
        lines = [one_line(line) for line in text.replace("\v", " ").split("\r") if line.strip()]
        if is_title and one_line(text) == title:
            continue
        if len(lines) > 1:
            draft.list_items([f"- {line}" for line in lines])
        else:
            draft.paragraph("".join(lines))
    draft.paragraph(f"Notes: {slide.notes}" if slide.notes else "")
    return title


def _slides(data: bytes, edit: int) -> Iterator[_Slide]:
    """In the deck's order."""
    places, document = _places(data, edit)
    notes = _notes(data, places, document=document)
    for listed in _find(data, places[document], kind=_SLIDES):
        if listed.instance != _SLIDES_LISTED:
            continue
        slides: list[tuple[int, int, list[tuple[bool, str]]]] = []
        kind = 0
        for atom in _inside(data, listed):
            if atom.kind == _SLIDE:
                slides.append((*_persist(data, atom), []))
            elif atom.kind == _KIND:
                kind = unpack_from("<I", data, atom.start)[0]
            elif atom.kind in (_WIDE, _NARROW) and slides:
                slides[-1][2].append((kind in _TITLES, _string(data, atom)))
        for reference, identity, outline in slides:
            drawn = [(kind in _TITLES, text) for kind, text in _texts(data, places[reference])] if reference in places else []
            seen = {text for _, text in outline}
            yield _Slide(
                texts=outline + [entry for entry in drawn if entry[1] not in seen],
                notes=notes.get(identity, ""),
                is_hidden=reference in places and _is_hidden(data, places[reference]),
            )


def _persist(data: bytes, atom: _Atom) -> tuple[int, int]:
    """(number of the persistent object, the slide's id) of an entry in a list of slides."""
    reference, _, _, identity = unpack_from("<4I", data, atom.start)
    return reference, identity


def _is_hidden(data: bytes, offset: int) -> bool:
    return any(data[atom.start + 10] & _HIDDEN for atom in _find(data, offset, kind=_SHOW) if atom.end - atom.start > 10)


def _notes(data: bytes, places: dict[int, int], *, document: int) -> dict[int, str]:
    """Slide's id -> what its speaker's notes say."""
    found: dict[int, str] = {}
    for listed in _find(data, places[document], kind=_SLIDES):
        for entry in _inside(data, listed) if listed.instance == _NOTES_LISTED else ():
            offset = places.get(_persist(data, entry)[0]) if entry.kind == _SLIDE else None
            about = next(_find(data, offset, kind=_NOTES), None) if offset is not None else None
            if offset is not None and about is not None:
                texts = [one_line(text) for kind, text in _texts(data, offset) if kind == _NOTES_BODY]
                found[unpack_from("<I", data, about.start)[0]] = " ".join(filter(None, texts))
    return found


def _places(data: bytes, edit: int) -> tuple[dict[int, int], int]:
    """(where each persistent object begins, the document's number), newest edit first."""
    places: dict[int, int] = {}
    document, seen = 0, 0
    while edit and seen < _MOST_EDITS:
        seen += 1
        atom = _atom(data, edit)
        if atom.kind != _EDIT:
            raise ValueError("no edit where one should be")
        before, directory, first = unpack_from("<III", data, atom.start + 8)
        document = document or first
        listing = _atom(data, directory)
        at = listing.start
        while at + 4 <= listing.end:
            head = unpack_from("<I", data, at)[0]
            number, count = head & 0xFFFFF, head >> 20
            offsets = unpack_from(f"<{count}I", data, at + 4)
            for step, offset in enumerate(offsets):
                places.setdefault(number + step, offset)
            at += 4 + 4 * count
        edit = before
    return places, document


def _texts(data: bytes, offset: int) -> Iterator[tuple[int, str]]:
    """(kind, text) of the texts drawn on a slide."""
    kind = 4
    for atom in _deep(data, _atom(data, offset), depth=0):
        if atom.kind == _KIND:
            kind = unpack_from("<I", data, atom.start)[0]
        elif atom.kind in (_WIDE, _NARROW):
            yield kind, _string(data, atom)


def _find(data: bytes, offset: int, *, kind: int) -> Iterator[_Atom]:
    return (atom for atom in _inside(data, _atom(data, offset)) if atom.kind == kind)


def _deep(data: bytes, atom: _Atom, *, depth: int) -> Iterator[_Atom]:
    for child in _inside(data, atom):
        if child.is_container and depth < _MOST_DEPTH:
            yield from _deep(data, child, depth=depth + 1)
        else:
            yield child


def _inside(data: bytes, container: _Atom) -> Iterator[_Atom]:
    at = container.start
    while at + 8 <= container.end:
        atom = _atom(data, at)
        yield atom
        at = atom.end


def _atom(data: bytes, offset: int) -> _Atom:
    head, kind, size = unpack_from("<HHI", data, offset)
    return _Atom(kind, head >> 4, offset + 8, min(offset + 8 + size, len(data)), head & 0xF == 0xF)


def _string(data: bytes, atom: _Atom) -> str:
    return data[atom.start : atom.end].decode("utf-16-le" if atom.kind == _WIDE else "latin-1", errors="replace")
