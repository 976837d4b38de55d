"""PDF by PDFium: lines from positioned words, then headings, paragraphs, lists and tables in reading order."""

import ctypes
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag.errors import CorruptFileError, EncryptedError, NoTextError
from rag.readers.byline import find_byline
from rag.readers.clean import one_line
from rag.readers.dates import choose_date, pdf_date
from rag.readers.draft import Draft, choose_title, tags_from
from rag.readers.layout import Line, PageLines, Word, drop_running_lines, join_split_words, write_pages
from rag.readers.ocr import Ocr, OcrStoppedError, lines_of
from rag.types import Document, Metadata

suffixes: frozenset[str] = frozenset({".pdf"})

_LISTED = 20
_OCR_FOUND_NOTHING = "OCR found no text in it either: look at it, and leave it out if it is a picture"
_WORD = re.compile(r"[^ \r\n\x02\ufffe]+[\x02\ufffe]?")
_INVISIBLE_MODE = 3
_SMALLEST_SIZE = 1.5
"""Points; smaller letters cannot be read."""
_WHITE = 250
"""Red, green and blue of this and more are white on paper."""
_GRAPHICS = frozenset({2, 3, 4})
"""PDFium's object types path, image and shading: what white letters may stand on."""
_IMAGE, _FORM = 3, 5
"""PDFium's object types of a picture and of a group."""
_SCANNED_SHARE = 0.5
"""Of the page's area; a page with pictures on more of it may be a scan."""
_STAMPED_SHARE = 0.25
"""Visible characters for each invisible one of a scan: its running number, a stamp, the address it was fetched from."""
_DRAWN_NOTES = frozenset({3, 13, 20})
"""PDFium's kinds of annotation with text on the page: free text, stamp, form field."""


def read(path: Path, *, ocr: Ocr | None = None, deadline: float = math.inf) -> Document:
    """Pages carry the PDF's own labels, else "p. N"; pages without text are read by ``ocr`` until the ``deadline`` (of
    ``time.monotonic``), and their labels say so. Raises ReadError and its children."""
    with _opened(path) as pdf:
        count = len(pdf)
        draft = Draft()
        pages = [_read_page(pdf, number, draft=draft) for number in range(count)]
        if ocr is not None:
            _read_pictures(pdf, pages, draft=draft, ocr=ocr, deadline=deadline)
        info = pdf.get_metadata_dict()
        language = _language(pdf)
    empty = [page.number for page in pages if not page.lines]
    if len(empty) == len(pages):
        raise NoTextError(
            f"cannot read {path.name}: none of its {count} pages has a text layer, it looks like a scan; "
            + (_OCR_FOUND_NOTHING if ocr else 'set ocr = "tesseract" in rag.toml to have its pictures read')
        )
    _notice_empty(draft, empty, count=count)
    draft.hidden(sum(page.hidden for page in pages))
    if furniture := drop_running_lines(pages):
        draft.notice(f"running headers and footers left out ({furniture} lines)")
    join_split_words(pages)
    title = write_pages(draft, pages)
    opening = [line.text for line in next(page.lines for page in pages if page.lines)]
    metadata = _metadata(info, title=title, language=language, opening=opening, path=path)
    return draft.finish(metadata=metadata, format="pdf", path=path)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The open PDF. PDFium's errors become EncryptedError and CorruptFileError."""
    import pypdfium2
    from pypdfium2 import raw

    if b"%PDF-" not in path.read_bytes()[:1024]:
        raise CorruptFileError(f"cannot read {path.name}: it is not a PDF; give it the suffix it should have")
    pdf = None
    try:
        pdf = pypdfium2.PdfDocument(path)
        if pdf.get_formtype() == raw.FORMTYPE_ACRO_FORM:
            pdf.init_forms()  # draws the values of form fields that the file left to be drawn
        yield pdf
    except pypdfium2.PdfiumError as error:
        if "assword" in str(error) or getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            raise EncryptedError(f"cannot read {path.name}: it wants a password; save a copy without one") from error
        raise CorruptFileError(f"cannot read {path.name}: the PDF is damaged ({error}); open and save it again") from error
    finally:
        if pdf is not None:
            pdf.close()


def _read_page(pdf: Any, index: int, *, draft: Draft) -> PageLines:
    """The page's lines; an unreadable page is an empty one with a notice."""
    import pypdfium2

    label = _label(pdf, index)
    try:
        page = pdf[index]
    except pypdfium2.PdfiumError:
        draft.notice(f"page {index + 1} is damaged and was left out")
        return PageLines(number=index + 1, label=label, lines=[], width=0.0)
    try:
        page, printed = _with_drawn_notes(pdf, page, index=index)
        text_page = page.get_textpage()
        try:
            scan = _PageScan(page, text_page)
            lines = scan.lines(printed=printed)
            return PageLines(number=index + 1, label=label, lines=lines, width=page.get_width(), hidden=scan.hidden)
        finally:
            text_page.close()
    finally:
        page.close()


def _with_drawn_notes(pdf: Any, page: Any, *, index: int) -> tuple[Any, int | None]:
    """(the page with what is typed into its form fields and onto it as part of its text, how many characters stood there before).

    None for a page onto which nothing is typed. The file stays as it is.
    """
    from pypdfium2 import raw

    if not any(_kind_of_note(page, number) in _DRAWN_NOTES for number in range(raw.FPDFPage_GetAnnotCount(page))):
        return page, None
    text_page = page.get_textpage()
    printed = len(text_page.get_text_range())
    text_page.close()
    if raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) != raw.FLATTEN_SUCCESS:
        return page, None
    page.close()
    return pdf[index], printed


def _kind_of_note(page: Any, number: int) -> int:
    from pypdfium2 import raw

    note = raw.FPDFPage_GetAnnot(page, number)
    if not note:
        return 0
    kind = int(raw.FPDFAnnot_GetSubtype(note))
    raw.FPDFPage_CloseAnnot(note)
    return kind


class _Pdfium:
    """PDFium's functions that are called for every word, without the checks of their arguments: half of the time went there."""

    def __init__(self) -> None:
        from pypdfium2 import raw

        whole, place, flag = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int
        self.char_box = _bare(raw.FPDFText_GetCharBox, flag, whole, ctypes.c_int, place, place, place, place)
        self.text_object = _bare(raw.FPDFText_GetTextObject, ctypes.c_void_p, whole, ctypes.c_int)
        self.render_mode = _bare(raw.FPDFTextObj_GetTextRenderMode, flag, whole)
        self.fill_colour = _bare(raw.FPDFPageObj_GetFillColor, flag, whole, place, place, place, place)


@lru_cache(maxsize=1)
def _pdfium() -> _Pdfium:
    return _Pdfium()


def _bare(function: Any, *types: Any) -> Any:
    """The same function, given addresses as whole numbers."""
    return ctypes.PYFUNCTYPE(*types)(ctypes.cast(function, ctypes.c_void_p).value or 0)


def _read_pictures(pdf: Any, pages: list[PageLines], *, draft: Draft, ocr: Ocr, deadline: float) -> None:
    """Text for the pages that have none but show something."""
    done: list[int] = []
    for place, page in enumerate(pages):
        if page.lines or not (lines := _pictured(pdf, place, draft=draft, ocr=ocr, deadline=deadline)):
            continue
        pages[place] = replace(page, label=f"{page.label} (OCR)", lines=lines)
        done.append(page.number)
    if done:
        listed = ", ".join(map(str, done[:_LISTED])) + (f" and {len(done) - _LISTED} more" if len(done) > _LISTED else "")
        draft.notice(f"read by OCR ({ocr.languages}): page {listed}")


def _pictured(pdf: Any, index: int, *, draft: Draft, ocr: Ocr, deadline: float) -> list[Line]:
    """None for a page that cannot be opened, shows nothing, or is not finished."""
    import pypdfium2

    try:
        page = pdf[index]
    except pypdfium2.PdfiumError:
        return []
    try:
        shows = next(iter(page.get_objects(filter=list(_GRAPHICS), max_depth=3)), None) is not None
        return lines_of(page, ocr=ocr, deadline=deadline) if shows else []
    except OcrStoppedError as error:
        draft.notice(f"OCR of page {index + 1} stopped: {error}")
        return []
    finally:
        page.close()


class _PageScan:
    """Reads one page's words with their places, and leaves out what nobody can see."""

    def __init__(self, page: Any, text_page: Any) -> None:
        from pypdfium2 import raw

        self._raw = raw
        self._bare = _pdfium()
        self._page = page
        self._text_page = text_page
        self._address = ctypes.cast(text_page.raw, ctypes.c_void_p).value
        self._box = (ctypes.c_double * 4)()
        self._sides = [ctypes.addressof(self._box) + 8 * side for side in range(4)]
        self._colour = (ctypes.c_uint * 4)()
        self._parts = [ctypes.addressof(self._colour) + 4 * part for part in range(4)]
        self._matrix = raw.FS_MATRIX()
        self._visible: dict[int, bool] = {}
        self._graphics: list[tuple[float, float, float, float]] | None = None
        self._has_drawn_invisibly = False
        self.hidden = 0

    def lines(self, *, printed: int | None = None) -> list[Line]:
        """In the order of the file; of the ``printed`` characters, what was typed onto the page later comes by its place."""
        text = self._text_page.get_text_range()
        shift = len(text) != self._text_page.count_chars()
        lines: list[Line] = []
        dropped: list[Line] = []
        start = 0
        for end in _line_ends(text, printed=printed):
            line, unseen = self._line(text, start=start, end=end, shift=shift)
            if line is not None and printed is not None and start >= printed:
                for typed in _on_one_height(line):
                    _insert_typed(lines, typed)
            elif line is not None:
                _append_line(lines, line)
            if unseen is not None:
                dropped.append(unseen)
            start = end
        if dropped and self._is_scan(seen=_length(lines), unseen=_length(dropped)):
            return [*dropped, *lines]
        self.hidden = _length(dropped)
        return lines

    def _is_scan(self, *, seen: int, unseen: int) -> bool:
        """True when OCR has put the page's invisible text behind its picture: there a person sees that text."""
        if seen > _STAMPED_SHARE * unseen or not self._has_drawn_invisibly:
            return False
        width, height = self._page.get_size()
        return _pictured_area(self._page) >= _SCANNED_SHARE * float(width * height)

    def _line(self, text: str, *, start: int, end: int, shift: bool) -> tuple[Line | None, Line | None]:
        """(what can be seen of the line, what cannot)."""
        words: list[Word] = []
        unseen: list[Word] = []
        first = -1
        for match in _WORD.finditer(text, start, end):
            at, last = match.start(), match.end() - 1
            if shift:
                at, last = self._char(at), self._char(last)
            word = self._word(match[0], at, last)
            (words if self._is_visible(at, word) else unseen).append(word)
            first = at if first < 0 else first
        if first < 0:
            return None, None
        raw, page = self._raw, self._text_page.raw
        size, bold = self._size(first), raw.FPDFText_GetFontWeight(page, first) >= 600
        make = [Line(words=found, size=size, bold=bold) if found else None for found in (words, unseen)]
        return make[0], make[1]

    def _word(self, text: str, at: int, last: int) -> Word:
        self._bare.char_box(self._address, at, *self._sides)
        left, right, bottom, top = self._box[:]
        if last != at:
            self._bare.char_box(self._address, last, *self._sides)
            _, right, _, other = self._box[:]
            top = max(top, other)
        return Word(text, left, right, bottom, top)

    def _char(self, text_index: int) -> int:
        return max(0, int(self._raw.FPDFText_GetCharIndexFromTextIndex(self._text_page.raw, text_index)))

    def _size(self, index: int) -> float:
        """The font size as it appears on the page, in points."""
        size = float(self._raw.FPDFText_GetFontSize(self._text_page.raw, index))
        if self._raw.FPDFText_GetMatrix(self._text_page.raw, index, self._matrix):
            size *= (self._matrix.c**2 + self._matrix.d**2) ** 0.5 or 1.0
        return round(size, 1)

    def _is_visible(self, index: int, word: Word) -> bool:
        """By the text object of the character, which PDFium knows; objects are asked once."""
        handle = self._bare.text_object(self._address, index)
        if not handle:
            return True
        if handle not in self._visible:
            self._visible[handle] = self._is_visible_object(handle, index, word)
        return self._visible[handle]

    def _is_visible_object(self, handle: int, index: int, word: Word) -> bool:
        if self._bare.render_mode(handle) == _INVISIBLE_MODE:
            self._has_drawn_invisibly = True
            return False
        if word.top - word.bottom < _SMALLEST_SIZE and self._size(index) < _SMALLEST_SIZE:
            return False
        if not self._bare.fill_colour(handle, *self._parts):
            return True
        red, green, blue, alpha = self._colour[:]
        if alpha == 0:
            return False
        return red < _WHITE or green < _WHITE or blue < _WHITE or self._is_on_graphics(word)

    def _is_on_graphics(self, word: Word) -> bool:
        """True when a path, picture or shading lies around the word's middle: white letters can be seen there."""
        if self._graphics is None:
            objects = self._page.get_objects(filter=list(_GRAPHICS), max_depth=3)
            self._graphics = [found.get_bounds() for found in objects]
        x, y = (word.left + word.right) / 2, (word.bottom + word.top) / 2
        return any(left <= x <= right and bottom <= y <= top for left, bottom, right, top in self._graphics)


def _length(lines: Sequence[Line]) -> int:
    return sum(len(line.text) for line in lines)


def _pictured_area(page: Any) -> float:
    """Square points under the page's pictures and under groups that hold one; what lies over another counts twice."""
    area = 0.0
    for found in page.get_objects(filter=[_IMAGE, _FORM], max_depth=1):
        if found.type == _IMAGE or next(iter(page.get_objects(filter=[_IMAGE], max_depth=3, form=found, level=1)), None) is not None:
            left, bottom, right, top = found.get_bounds()
            area += (right - left) * (top - bottom)
    return area


def _line_ends(text: str, *, printed: int | None = None) -> Iterator[int]:
    """One past the end of each line: PDFium ends lines with CR LF, or with a mark where it took out a hyphen. The ``printed``
    characters end a line too."""
    for match in re.finditer(r"\r\n|[\x02\ufffe](?:\r\n)?", text):
        if printed is not None and printed < match.end():
            yield printed
            printed = None
        yield match.end()
    if printed is not None and printed < len(text):
        yield printed
    yield len(text)


def _on_one_height(line: Line) -> Iterator[Line]:
    """The line's runs of words on one height: PDFium strings the values of several fields together."""
    run: list[Word] = []
    for word in line.words:
        if run and not run[-1].bottom <= (word.bottom + word.top) / 2 <= run[-1].top:
            yield Line(words=run, size=line.size, bold=False)
            run = []
        run.append(word)
    yield Line(words=run, size=line.size, bold=False)


def _insert_typed(lines: list[Line], typed: Line) -> None:
    """Into the line on whose right it stands, else after the lowest line above it that it stands under, else at the end."""
    beside = [at for at, line in enumerate(lines) if _same_height(line, typed) and line.words[0].left <= typed.left]
    if beside:
        at = max(beside, key=lambda at: lines[at].words[0].left)
        words = sorted([*lines[at].words, *typed.words], key=lambda word: word.left)
        lines[at] = Line(words=words, size=lines[at].size, bold=False)
        return
    above = [at for at, line in enumerate(lines) if line.bottom >= typed.bottom and line.left <= typed.right and typed.left <= line.right]
    lines.insert(min(above, key=lambda at: lines[at].bottom) + 1 if above else len(lines), typed)


def _same_height(line: Line, typed: Line) -> bool:
    middle = (typed.bottom + max(word.top for word in typed.words)) / 2
    return line.bottom <= middle <= max(word.top for word in line.words)


def _append_line(lines: list[Line], line: Line) -> None:
    """A line at the height of the one before and to the right of it goes on with it."""
    before = lines[-1] if lines else None
    same_row = before is not None and abs(before.bottom - line.bottom) < 0.3 * max(before.size, 1.0) and line.left >= before.right - 1.0
    if before is not None and same_row and not before.words[-1].is_split:
        lines[-1] = Line(words=[*before.words, *line.words], size=before.size, bold=before.bold and line.bold)
    else:
        lines.append(line)


def _label(pdf: Any, index: int) -> str:
    label = one_line(pdf.get_page_label(index) or "")
    return f"p. {label or index + 1}"


def _language(pdf: Any) -> str:
    from pypdfium2 import raw

    if not hasattr(raw, "FPDFCatalog_GetLanguage"):
        return ""
    length = raw.FPDFCatalog_GetLanguage(pdf.raw, None, 0)
    if not 2 < length < 200:
        return ""
    buffer = ctypes.create_string_buffer(length)
    raw.FPDFCatalog_GetLanguage(pdf.raw, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length)
    return buffer.raw.decode("utf-16-le", "ignore").strip("\0 ").lower()


def _notice_empty(draft: Draft, empty: Sequence[int], *, count: int) -> None:
    if len(empty) > 5:
        draft.notice(f"{len(empty)} of {count} pages have no text layer")
    else:
        for number in empty:
            draft.notice(f"page {number} has no text layer")


def _metadata(info: dict[str, str], *, title: str, language: str, opening: Sequence[str], path: Path) -> Metadata:
    found = choose_date(opening=opening, declared=pdf_date(info.get("CreationDate", "")) or pdf_date(info.get("ModDate", "")))
    byline = find_byline(opening, title=title)
    return Metadata(
        title=choose_title(title, info.get("Title", ""), path=path),
        author=_author(info.get("Author", "")) or byline.author,
        publisher=byline.publisher,
        published=found.day if found else None,
        published_from=found.source if found else "mtime",
        language=language,
        tags=tags_from(info.get("Keywords", "")) or byline.tags,
    )


def _author(declared: str) -> str:
    """The declared author unless the program that wrote the file made it up."""
    author = one_line(declared)
    return "" if author.lower() in ("anonymous", "(anonymous)", "unknown", "user", "admin") else author
