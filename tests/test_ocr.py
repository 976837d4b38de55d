"""Pictures of text: read by the installed Tesseract inside the limited child, or refused in one sentence. Skipped by name without it."""

import shutil
import stat
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from rag.app import Library, create, examine
from rag.errors import NoTextError, SettingsError
from rag.ingest import drain
from rag.readers import Ocr, ReaderPool, tesseract
from rag.types import Scope

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LINES = (
    "Kordwell Harbour Survey",
    "Published on 12 March 2026",
    "Freight through the harbour of Kordwell rose to 48,200 tonnes in 2025,",
    "from 41,700 tonnes a year before, because two new berths were opened.",
)
needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed (apt-get install tesseract-ocr)")


def _picture(*, turned: int = 0) -> Any:
    """A page of print as a picture: drawn as text, rendered by PDFium at 150 dots an inch."""
    import io

    import pypdfium2
    from reportlab.pdfgen.canvas import Canvas

    made = io.BytesIO()
    canvas = Canvas(made, pagesize=(595, 842))
    for place, line in enumerate(LINES):
        canvas.setFont("Helvetica", 12 if place else 22)
        canvas.drawString(60, 760 - 40 * place, line)
    canvas.save()
    with pypdfium2.PdfDocument(made.getvalue()) as pdf:
        page = pdf[0]
        picture = page.render(scale=150 / 72, rotation=turned).to_pil()
        page.close()
    return picture


def make_scan(path: Path, *, turned: int = 0, with_text: bool = False, pages: int = 1) -> None:
    """Pages that are pictures; with ``with_text`` a printed one before them and a blank one after."""
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    picture = _picture(turned=turned)
    width, height = (595, 842) if turned % 180 == 0 else (842, 595)
    canvas = Canvas(str(path), pagesize=(width, height))
    if with_text:
        canvas.drawString(60, 500, "This page was printed and not scanned, so its words are in the file.")
        canvas.showPage()
    for _ in range(pages):
        canvas.drawImage(ImageReader(picture), 0, 0, width, height)
        canvas.showPage()
    if with_text:
        canvas.showPage()
    canvas.save()


@needs_tesseract
@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_scan_is_read_whichever_way_it_lies(tmp_path: Path, turned: int) -> None:
    """The words in their order, the title's size, the date, and a label that says how they came to be."""
    make_scan(tmp_path / "scan.pdf", turned=turned)
    with ReaderPool(ocr=tesseract(["eng"])) as pool:
        document = pool.read(tmp_path / "scan.pdf")
    assert " ".join(document.text.split()) == " ".join(LINES)
    assert [page.label for page in document.pages] == ["p. 1 (OCR)"]
    assert document.notices == ("read by OCR (eng): page 1",)
    assert (document.metadata.title, document.metadata.published) == (LINES[0], date(2026, 3, 12))


@needs_tesseract
def test_only_pages_without_text_are_read_by_ocr(tmp_path: Path) -> None:
    """The printed page keeps its own words, the blank one stays blank."""
    make_scan(tmp_path / "mixed.pdf", with_text=True)
    with ReaderPool(ocr=tesseract(["eng"])) as pool:
        document = pool.read(tmp_path / "mixed.pdf")
    assert [page.label for page in document.pages] == ["p. 1", "p. 2 (OCR)", "p. 3"]
    assert "printed and not scanned" in document.text
    assert "48,200 tonnes" in document.text
    assert set(document.notices) == {"read by OCR (eng): page 2", "page 3 has no text layer"}


def test_without_ocr_a_scan_says_which_setting_reads_it(tmp_path: Path) -> None:
    """As before, with the next step."""
    make_scan(tmp_path / "scan.pdf")
    with ReaderPool() as pool, pytest.raises(NoTextError, match='looks like a scan; set ocr = "tesseract"'):
        pool.read(tmp_path / "scan.pdf")


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Ocr]:
    """Makes a program of a shell script: what Tesseract might do wrong."""

    def make(script: str) -> Ocr:
        path = tmp_path / "tesseract"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return Ocr(program=str(path), languages="eng")

    return make


def test_a_program_that_fails_leaves_the_page_without_text(tmp_path: Path, program: Callable[[str], Ocr]) -> None:
    """What it said is in the notice; the printed page is read as ever."""
    make_scan(tmp_path / "mixed.pdf", with_text=True)
    with ReaderPool(ocr=program("echo out of paper >&2; exit 3")) as pool:
        document = pool.read(tmp_path / "mixed.pdf")
    assert "OCR of page 2 stopped: tesseract ended with status 3: out of paper" in document.notices
    assert "page 2 has no text layer" in document.notices


def test_a_program_that_hangs_costs_the_time_of_its_file_only(tmp_path: Path, program: Callable[[str], Ocr]) -> None:
    """All pages share the file's time; the pages that are done are kept, and the next file is read."""
    make_scan(tmp_path / "mixed.pdf", with_text=True, pages=3)
    start = time.monotonic()
    with ReaderPool(ocr=program("sleep 60"), ocr_s=5) as pool:
        document = pool.read(tmp_path / "mixed.pdf")
        assert "printed and not scanned" in document.text
        assert "OCR of page 4 stopped: the time for this file is up" in document.notices
        assert time.monotonic() - start < 25
        (tmp_path / "next.txt").write_text("The next file.")
        assert pool.read(tmp_path / "next.txt").text == "The next file."


def test_a_reader_held_up_past_the_programs_time_keeps_what_was_read(tmp_path: Path, program: Callable[[str], Ocr]) -> None:
    """A busy machine: the reader gets no processor from before the program's time is up until well after it."""
    make_scan(tmp_path / "mixed.pdf", with_text=True, pages=2)
    with ReaderPool(ocr=program("kill -STOP $PPID; sleep 4; kill -CONT $PPID; sleep 60"), ocr_s=2) as pool:
        document = pool.read(tmp_path / "mixed.pdf")
    assert "printed and not scanned" in document.text
    assert "OCR of page 3 stopped: the time for this file is up" in document.notices


def test_ocr_without_the_program_is_one_sentence_with_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is ingested without it, and rag doctor says the same."""
    create(tmp_path / "w", embedder="small")
    make_scan(tmp_path / "w" / "docs" / "scan.pdf")
    toml = tmp_path / "w" / "rag.toml"
    toml.write_text(toml.read_text().replace('ocr = "off"', 'ocr = "tesseract"'))
    monkeypatch.setenv("PATH", str(tmp_path))
    said = "the program tesseract is not on this machine; install it"
    with Library.open(tmp_path / "w") as library, pytest.raises(SettingsError, match=said):
        drain(library.ingest(now=NOW))
    (finding,) = [one for one in examine(tmp_path / "w") if one.about == "ocr"]
    assert (finding.state, finding.next.startswith("install it (apt-get install tesseract-ocr")) == ("broken", True)


@needs_tesseract
def test_a_language_that_is_not_installed_is_named(tmp_path: Path) -> None:
    """With what there is."""
    with pytest.raises(SettingsError, match=r"does not know the language xyz of ocr_languages; install it .* choose of: .*eng"):
        tesseract(["eng", "xyz"])


@needs_tesseract
def test_switching_ocr_on_reads_what_had_no_text_and_a_search_says_where(tmp_path: Path) -> None:
    """From the setting to a citation's page label."""
    create(tmp_path / "w", embedder="small")
    make_scan(tmp_path / "w" / "docs" / "scan.pdf")
    (tmp_path / "w" / "docs" / "note.txt").write_text("A note about zinc.")
    with Library.open(tmp_path / "w") as library:
        assert drain(library.ingest(now=NOW)).files == {"added": 1, "failed": 1}
    toml = tmp_path / "w" / "rag.toml"
    toml.write_text(toml.read_text().replace('ocr = "off"', 'ocr = "tesseract"'))
    with Library.open(tmp_path / "w") as library:
        summary = drain(library.ingest(now=NOW))
        assert summary.files == {"added": 1, "changed": 1}
        assert summary.embedded == 1
        (source,) = library.record.sources(Scope(folders=("docs/scan.pdf",)))
        assert (source.title, source.published_from) == (LINES[0], "content")
        assert library.record.document(source.document).pages[0].label == "p. 1 (OCR)"
        assert [one.state for one in examine(tmp_path / "w") if one.about == "ocr"] == ["ok"]
