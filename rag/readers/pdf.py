"""PDF by PDFium: lines from positioned words, then headings, paragraphs, lists and tables in reading order."""

import ctypes
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rag.errors import CorruptFileError, EncryptedError, NoTextError
from rag.patterns import regex
from rag.readers.byline import find_byline
from rag.readers.clean import one_line
from rag.readers.dates import choose_date, pdf_date
from rag.readers.draft import Draft, choose_title, tags_from
from rag.readers.layout import PageLines, drop_running_lines, join_split_words, write_pages
from rag.readers.lines import Line
from rag.readers.ocr import Ocr, OcrStoppedError, lines_of
from rag.readers.pdfscan import GRAPHICS, PageScan, Pdfium
from rag.types import Document, Metadata

suffixes: frozenset[str] = frozenset({".pdf"})

_LISTED = 20
_OCR_FOUND_NOTHING = "OCR found no text in it either: look at it, and leave it out if it is a picture"
_NOBODY = frozenset({"anonymous", "(anonymous)", "unknown", "user", "admin"})
_ADDRESS = regex(r"\w\.(?:com|net|org|io)\b", re.IGNORECASE)
_USER_NUMBER = regex(r"^[A-Za-z]{0,3}\d{3,}$")
_PROGRAM = regex(r"pdf|generator|converter|engine|library|writer|distiller", re.IGNORECASE)
_LONG_NAME = 4
"""Letters: of an author and of a program, shorter words may be the same by chance."""
_DRAWN_NOTES = frozenset({3, 13, 20})
"""PDFium's kinds of annotation with text on the page: free text, stamp, form field."""
_COMMENTS = frozenset({1, 9, 10, 11, 12, 14})
"""Those with words beside the page: note, highlight, underline, squiggle, strike-out, caret."""
_FREE_TEXT = 3
_LAYERS = b"/OCProperties"
"""What a catalogue names that has layers; in one that is packed it is not found."""


def read(path: Path, *, ocr: Ocr | None = None, deadline: float = math.inf) -> Document:
    """Pages carry the PDF's own labels, else "p. N"; pages without text are read by ``ocr`` until the ``deadline`` (of
    ``time.monotonic``), and their labels say so. Raises ReadError and its children."""
    with _opened(path) as (pdf, has_layers):
        count = len(pdf)
        draft, pdfium = Draft(), Pdfium(has_layers=has_layers)
        pages = [_read_page(pdf, number, draft=draft, pdfium=pdfium) for number in range(count)]
        if ocr is not None:
            _read_pictures(pdf, pages, draft=draft, ocr=ocr, deadline=deadline)
        attached = [one_line(pdf.get_attachment(number).get_name()) for number in range(pdf.count_attachments())]
        info = pdf.get_metadata_dict()
        language = _language(pdf)
    empty = [page.number for page in pages if not page.lines]
    if len(empty) == len(pages):
        is_scan = not any(page.unread for page in pages)
        raise NoTextError(
            f"cannot read {path.name}: none of its {count} pages has "
            + ("a text layer, it looks like a scan; " if is_scan else "letters of which the file says what they are; ")
            + (_OCR_FOUND_NOTHING if ocr else 'set ocr = "tesseract" in rag.toml to have its pictures read')
        )
    _notice_empty(draft, empty, count=count)
    if attached:
        more = f" and {len(attached) - _LISTED} more" if len(attached) > _LISTED else ""
        draft.notice(f"files attached to it are not read; save them beside it: {', '.join(attached[:_LISTED])}{more}")
    draft.hidden(sum(page.hidden for page in pages))
    if unread := sum(page.unread for page in pages):
        draft.notice(f"letters left out whose meaning the file does not say ({unread} characters)")
    if comments := sum(page.comments for page in pages):
        draft.notice(f"comments beside the text left out ({comments})")
    if furniture := drop_running_lines(pages):
        draft.notice(f"running headers and footers left out ({furniture} lines)")
    join_split_words(pages)
    title = write_pages(draft, pages)
    opening = [line.text for line in next(page.lines for page in pages if page.lines)]
    metadata = _metadata(info, title=title, language=language, opening=opening, text=draft.so_far(), path=path)
    return draft.finish(metadata=metadata, format="pdf", path=path)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, bool]]:
    """The open PDF, and whether it may have layers. PDFium's errors become EncryptedError and CorruptFileError."""
    import pypdfium2
    from pypdfium2 import raw

    data = path.read_bytes()
    if b"%PDF-" not in data[:1024]:
        raise CorruptFileError(f"cannot read {path.name}: it is not a PDF; give it the suffix it should have")
    pdf = None
    try:
        pdf = pypdfium2.PdfDocument(path)
        if pdf.get_formtype() == raw.FORMTYPE_XFA_FULL:
            raise NoTextError(f"cannot read {path.name}: it is a form that only Adobe's programs draw (XFA); print it to a PDF from one")
        if pdf.get_formtype() == raw.FORMTYPE_ACRO_FORM:
            pdf.init_forms()  # draws the values of form fields that the file left to be drawn
        yield pdf, _LAYERS in data
    except pypdfium2.PdfiumError as error:
        if "assword" in str(error) or getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            raise EncryptedError(f"cannot read {path.name}: it wants a password; save a copy without one") from error
        if "security scheme" in str(error) or getattr(error, "err_code", None) == raw.FPDF_ERR_SECURITY:
            raise EncryptedError(f"cannot read {path.name}: a lock of a program of its own is on it; get a copy without a lock") from error
        raise CorruptFileError(f"cannot read {path.name}: the PDF is damaged ({error}); open and save it again") from error
    finally:
        if pdf is not None:
            pdf.close()


def _read_page(pdf: Any, index: int, *, draft: Draft, pdfium: Pdfium) -> PageLines:
    """The page's lines; an unreadable page is an empty one with a notice."""
    import pypdfium2

    label = _label(pdf, index)
    try:
        page = pdf[index]
    except pypdfium2.PdfiumError:
        draft.notice(f"page {index + 1} is damaged and was left out")
        return PageLines(number=index + 1, label=label, lines=[], width=0.0)
    try:
        comments = _comments(page)
        page, printed = _with_drawn_notes(pdf, page, index=index)
        text_page = page.get_textpage()
        try:
            scan = PageScan(page, text_page, pdfium=pdfium)
            lines = scan.lines(printed=printed)
            counts = {"hidden": scan.hidden, "unread": scan.unread, "comments": comments}
            return PageLines(number=index + 1, label=label, lines=lines, width=page.get_width(), **counts)
        finally:
            text_page.close()
    finally:
        page.close()


def _comments(page: Any) -> int:
    """How many notes have words that are not drawn on the page."""
    from pypdfium2 import raw

    found = 0
    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        if note := raw.FPDFPage_GetAnnot(page, number):
            kind = raw.FPDFAnnot_GetSubtype(note)
            is_beside = kind in _COMMENTS or (kind == _FREE_TEXT and not raw.FPDFAnnot_HasKey(note, b"AP"))
            found += is_beside and raw.FPDFAnnot_GetStringValue(note, b"Contents", None, 0) > len("\0".encode("utf-16-le"))
            raw.FPDFPage_CloseAnnot(note)
    return found


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
        shows = next(iter(page.get_objects(filter=list(GRAPHICS), max_depth=3)), None) is not None
        return lines_of(page, ocr=ocr, deadline=deadline) if shows else []
    except OcrStoppedError as error:
        draft.notice(f"OCR of page {index + 1} stopped: {error}")
        return []
    finally:
        page.close()


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


def _metadata(info: dict[str, str], *, title: str, language: str, opening: Sequence[str], text: str, path: Path) -> Metadata:
    made = pdf_date(info.get("CreationDate", "")) or pdf_date(info.get("ModDate", ""))
    found = choose_date(signed=text, opening=opening, declared=made)
    byline = find_byline(opening, title=title)
    return Metadata(
        title=choose_title(title, info.get("Title", ""), path=path),
        author=_author(info.get("Author", ""), programs=(info.get("Creator", ""), info.get("Producer", ""))) or byline.author,
        publisher=byline.publisher,
        published=found.day if found else None,
        published_from=found.source if found else "mtime",
        language=language,
        tags=tags_from(info.get("Keywords", "")) or byline.tags,
    )


def _author(declared: str, *, programs: Sequence[str]) -> str:
    """The declared author unless the program or the service that wrote the file made it up, or it is a user's number."""
    author = one_line(declared)
    first = author.partition(" ")[0].lower()
    names = [one_line(program).lower().split() for program in programs if _PROGRAM.search(program)]
    is_program = len(first) >= _LONG_NAME and any(first in name for name in names)
    return "" if is_program or author.lower() in _NOBODY or _ADDRESS.search(author) or _USER_NUMBER.match(author) else author
