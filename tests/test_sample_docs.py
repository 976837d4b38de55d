"""The sample documents say what their gold says they say, read back with libraries that did not write them."""

from __future__ import annotations

import csv
import email
import email.policy
import functools
import importlib.metadata
import json
import re
import subprocess
import sys
import zipfile
from collections import Counter
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import lxml.html
import pytest
import yaml

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "sample_docs"
GOLD: dict[str, Any] = json.loads((ROOT / "tests" / "gold" / "sample_docs.json").read_text(encoding="utf-8"))
FACTS: dict[str, dict[str, Any]] = {fact["id"]: fact for fact in GOLD["facts"]}
PATHS = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*") if path.is_file())
METADATA = [document for document in GOLD["documents"] if not document["path"].endswith((".txt", ".csv"))]

Pages = dict[int | str, str]


def squeezed(text: str) -> str:
    """White space runs as one space: a wrapped line is still the same sentence."""
    return re.sub(r"\s+", " ", text)


@functools.cache
def pages(path: str, *, folder: Path = DOCS) -> Pages:
    """The text of each page of a sample document, white space squeezed."""
    kind = path.rpartition(".")[2]
    return {page: squeezed(text) for page, text in READERS[kind](folder / path).items()}


def pdf_pages(path: Path) -> Pages:
    """Pages of a PDF by number."""
    import pypdfium2

    with pypdfium2.PdfDocument(path) as pdf:
        return {index + 1: page.get_textpage().get_text_range() for index, page in enumerate(pdf)}


def docx_pages(path: Path) -> Pages:
    """A Word document as one page: paragraphs, then one line for each table row."""
    import docx

    document = docx.Document(str(path))
    rows = [" | ".join(cell.text for cell in row.cells) for table in document.tables for row in table.rows]
    return {1: "\n".join([*(paragraph.text for paragraph in document.paragraphs), *rows])}


def pptx_pages(path: Path) -> Pages:
    """Slides by number: shapes, table rows, then notes."""
    import pptx

    return {index + 1: "\n".join(_slide_lines(slide)) for index, slide in enumerate(pptx.Presentation(str(path)).slides)}


def _slide_lines(slide: Any) -> list[str]:
    lines = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    tables = [shape.table for shape in slide.shapes if shape.has_table]
    lines += [" | ".join(cell.text for cell in row.cells) for table in tables for row in table.rows]
    return [*lines, slide.notes_slide.notes_text_frame.text]


def xlsx_pages(path: Path) -> Pages:
    """Sheets by name, one line a row, each cell as its number format shows it."""
    import openpyxl

    book = openpyxl.load_workbook(path, data_only=True)
    return {sheet.title: "\n".join(" | ".join(_shown(cell) for cell in row) for row in sheet) for sheet in book}


def _shown(cell: Any) -> str:
    """What Excel would display, for the formats that occur: `0`, `#,##0.0`, `0.0%`."""
    if not isinstance(cell.value, int | float):
        return str(cell.value or "")
    decimals = len(cell.number_format.rstrip("%").partition(".")[2])
    if cell.number_format.endswith("%"):
        return f"{cell.value:.{decimals}%}"
    return f"{cell.value:,.{decimals}f}" if "," in cell.number_format else f"{cell.value:.{decimals}f}"


def html_pages(path: Path) -> Pages:
    """All text nodes of a web page, hidden ones and navigation included."""
    return {1: "\n".join(str(text) for text in lxml.html.fromstring(path.read_bytes()).itertext())}


def mail(path: Path) -> EmailMessage:
    """A parsed mail."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def mail_pages(path: Path) -> Pages:
    """A mail's plain body as one page."""
    body = mail(path).get_body(("plain",))
    assert body is not None
    return {1: str(body.get_content())}


def text_pages(path: Path) -> Pages:
    """A text file as one page, decoded as its gold says: one of them is cp1252."""
    return {1: path.read_text(encoding="cp1252" if path.name == "interview-port-sennick.txt" else "utf-8")}


READERS = {
    "pdf": pdf_pages,
    "docx": docx_pages,
    "pptx": pptx_pages,
    "xlsx": xlsx_pages,
    "html": html_pages,
    "eml": mail_pages,
    "md": text_pages,
    "txt": text_pages,
    "csv": text_pages,
}


def planted(key: str) -> list[Any]:
    """Facts that are planted as a sentence or as a cell, one test case each."""
    return [pytest.param(fact, id=fact["id"]) for fact in GOLD["facts"] if fact[key]]


def generated(folder: Path, *, seed: int) -> dict[str, Any]:
    """Run the generator into a folder; its gold."""
    script = ROOT / "tests" / "gold" / "make_sample_docs.py"
    subprocess.run([sys.executable, str(script), "--output", str(folder), "--seed", str(seed)], check=True)
    gold: dict[str, Any] = json.loads((folder / "tests" / "gold" / "sample_docs.json").read_text(encoding="utf-8"))
    return gold


@pytest.fixture(scope="module")
def rerun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus and its gold, generated anew with the committed seed."""
    folder = tmp_path_factory.mktemp("rerun")
    generated(folder, seed=GOLD["seed"])
    return folder


def files(folder: Path) -> list[str]:
    """Paths of all files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def content(path: Path) -> bytes | dict[str, bytes]:
    """A file's bytes; of an Office file those of its parts with their dates, since zlib's own output differs between builds."""
    if path.suffix not in {".docx", ".pptx", ".xlsx"}:
        return path.read_bytes()
    with zipfile.ZipFile(path) as parts:
        return {f"{part.filename} {part.date_time}": parts.read(part) for part in parts.infolist()}


def test_a_rerun_gives_the_same_gold_and_the_same_text(rerun: Path) -> None:
    """Whatever the versions of the writing libraries, the generator writes the committed gold and the committed words."""
    gold = json.loads((rerun / "tests" / "gold" / "sample_docs.json").read_text(encoding="utf-8"))
    assert {**gold, "written_with": None} == {**GOLD, "written_with": None}
    assert files(rerun / "sample_docs") == PATHS
    assert [path for path in PATHS if pages(path) != pages(path, folder=rerun / "sample_docs")] == []


def test_a_rerun_gives_the_same_bytes(rerun: Path) -> None:
    """With the versions that the gold names, the generator writes the committed files."""
    for name, version in GOLD["written_with"].items():
        if importlib.metadata.version(name) != version:
            pytest.skip(f"the corpus was written with {name} {version}, here is {importlib.metadata.version(name)}")
    assert [path for path in PATHS if content(DOCS / path) != content(rerun / "sample_docs" / path)] == []


def test_another_seed_changes_the_background_and_no_planted_fact(tmp_path: Path) -> None:
    """The seed draws municipalities and weekly prices only."""
    other = generated(tmp_path, seed=8)
    assert other["facts"] == GOLD["facts"]
    changed = [path for path in PATHS if content(DOCS / path) != content(tmp_path / "sample_docs" / path)]
    assert changed == ["data/price-tracker.xlsx", "filings/marenstat-storage-census-2025.pdf"]


@pytest.mark.parametrize("fact", planted("sentence"))
def test_a_planted_sentence_is_on_its_page(fact: dict[str, Any]) -> None:
    """Each planted sentence occurs verbatim on the page that the gold gives."""
    assert squeezed(fact["sentence"]) in pages(fact["document"])[fact["page"]]


@pytest.mark.parametrize("fact", planted("cell"))
def test_a_planted_cell_is_in_its_row_on_its_page(fact: dict[str, Any]) -> None:
    """Each planted cell follows its row label on the page that the gold gives."""
    cell = fact["cell"]
    text = pages(fact["document"])[fact["page"]]
    assert re.search(rf"{re.escape(cell['row'])}.{{0,60}}?{re.escape(cell['text'])}", text)
    assert any(cell["table"] in page for page in pages(fact["document"]).values())
    assert all(word in text for word in cell["column"].split())


def test_a_planted_workbook_cell_shows_at_its_address_what_the_gold_says() -> None:
    """The cell at the gold's address holds the number, in a format that prints it as the gold does."""
    import openpyxl

    for fact in (fact for fact in GOLD["facts"] if fact["document"].endswith(".xlsx")):
        sheet = openpyxl.load_workbook(DOCS / fact["document"], data_only=True)[fact["page"]]
        place = sheet[fact["cell"]["address"]]
        assert sheet.cell(place.row, 1).value == fact["cell"]["row"]
        assert _shown(place) == fact["cell"]["text"]


def test_a_fact_repeated_elsewhere_is_on_the_page_named() -> None:
    """Where the gold says that a fact is also printed, its digits are there."""
    for fact in GOLD["facts"]:
        for place in fact["also"]:
            text = pages(place["document"])[place["page"]]
            digits = re.search(r"[\d,.]*\d", fact["printed"])
            assert digits is not None
            assert digits[0] in text, (fact["id"], place)


def test_each_token_occurs_in_its_own_documents_only() -> None:
    """A hit on a token is never luck: it is in its document and in that document's exact copy."""
    copies = {copy["of"]: copy["path"] for copy in GOLD["exact_duplicates"]}
    for document in GOLD["documents"]:
        expected = sorted({document["path"], copies.get(document["path"], document["path"])})
        found = [path for path in PATHS if any(document["token"] in text for text in pages(path).values())]
        assert found == expected, document["token"]


def test_the_corpus_has_the_promised_kinds_and_size() -> None:
    """Between 24 and 28 files of all the kinds named, under a megabyte together, from 2024 to 2026."""
    kinds = Counter(path.rpartition(".")[2] for path in PATHS)
    assert 24 <= len(PATHS) <= 28
    assert kinds == {"pdf": 6, "docx": 3, "md": 5, "pptx": 1, "xlsx": 3, "csv": 1, "eml": 4, "html": 3, "txt": 2}
    assert sum((DOCS / path).stat().st_size for path in PATHS) < 1_000_000
    assert {document["date"][:4] for document in GOLD["documents"]} == {"2024", "2025", "2026"}
    assert all(3 <= len(pages(path)) <= 8 for path in PATHS if path.endswith(".pdf"))


def test_the_gold_has_the_promised_counts() -> None:
    """At least 90 facts, 6 contradictions, 3 superseded figures, 40 questions and 3 that have no answer."""
    assert len(GOLD["facts"]) >= 90
    assert len(GOLD["contradictions"]) >= 6
    assert len(GOLD["superseded"]) >= 3
    assert sum(question["answerable"] for question in GOLD["questions"]) >= 40
    assert sum(not question["answerable"] for question in GOLD["questions"]) >= 3
    assert all(bool(question["evidence"]) == question["answerable"] for question in GOLD["questions"])
    assert len({question["id"] for question in GOLD["questions"]}) == len(GOLD["questions"])


def test_contradicting_facts_speak_of_the_same_thing() -> None:
    """Two documents, one entity, metric and period; the values or the units differ."""
    for pair in GOLD["contradictions"]:
        a, b = FACTS[pair["a"]], FACTS[pair["b"]]
        assert a["document"] != b["document"]
        assert all(a[key] == b[key] for key in ("entity", "metric", "period")), pair["key"]
        assert (a["value"], a["unit"]) != (b["value"], b["unit"])
        assert pair["reason"] in {"value", "scope", "date", "definition", "unit"}


def test_a_superseding_fact_is_about_the_same_thing_and_not_older() -> None:
    """An old and a new figure share entity, metric and period, and the new one's document is not the older."""
    dates = {document["path"]: document["date"] for document in GOLD["documents"]}
    for pair in GOLD["superseded"]:
        old, new = FACTS[pair["old"]], FACTS[pair["new"]]
        assert all(old[key] == new[key] for key in ("entity", "metric", "period")), pair
        assert dates[old["document"]] <= dates[new["document"]]


def test_unit_traps_are_one_quantity_in_two_units() -> None:
    """The two figures of a trap agree once their units do, to the digits of the coarser one."""
    scale = {"MWh": 1.0, "GWh": 1e3, "EUR billion": 1e9, "EUR thousand": 1e3}
    for trap in GOLD["unit_traps"]:
        a, b = (FACTS[trap[side]] for side in "ab")
        assert a["unit"] != b["unit"]
        assert a["value"] * scale[a["unit"]] == pytest.approx(b["value"] * scale[b["unit"]], rel=0.002)


def test_a_question_does_not_copy_its_sentence() -> None:
    """No question shares five words in a row with the sentence that answers it."""
    for fact in (fact for fact in GOLD["facts"] if fact["sentence"]):
        assert not _runs(fact["question"]) & _runs(fact["sentence"]), fact["id"]


def _runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[\w-]+", text.lower())
    return {tuple(words[start : start + 5]) for start in range(len(words) - 4)}


@pytest.mark.parametrize("document", METADATA, ids=[document["path"] for document in METADATA])
def test_metadata_in_the_file_is_the_gold_s(document: dict[str, Any]) -> None:
    """Title, author, publisher, date and tags are where each format keeps them."""
    keys = ("title", "author", "publisher", "date", "tags")
    kind = document["path"].rpartition(".")[2]
    assert METADATA_READERS[kind](DOCS / document["path"]) == {key: document[key] for key in keys}


def core_metadata(path: Path) -> dict[str, Any]:
    """Core properties of a Word file, a deck or a workbook."""
    import docx
    import openpyxl
    import pptx

    match path.suffix:
        case ".docx":
            core = docx.Document(str(path)).core_properties
            author = core.author
        case ".pptx":
            core = pptx.Presentation(str(path)).core_properties
            author = core.author
        case _:
            core = openpyxl.load_workbook(path).properties
            author = core.creator
    return _fields(core.title, author, core.subject, core.created.date().isoformat(), core.keywords)


def _fields(title: str, author: str, publisher: str, date: str, keywords: str) -> dict[str, Any]:
    return {"title": title, "author": author, "publisher": publisher, "date": date, "tags": keywords.split(", ")}


def pdf_metadata(path: Path) -> dict[str, Any]:
    """The information dictionary of a PDF."""
    import pypdfium2

    with pypdfium2.PdfDocument(path) as pdf:
        info = pdf.get_metadata_dict()
    stamp = info["CreationDate"]
    return _fields(info["Title"], info["Author"], info["Subject"], f"{stamp[2:6]}-{stamp[6:8]}-{stamp[8:10]}", info["Keywords"])


def html_metadata(path: Path) -> dict[str, Any]:
    """The meta elements of a web page."""
    tree = lxml.html.fromstring(path.read_bytes())
    found = {meta.get("name") or meta.get("property"): meta.get("content", "") for meta in tree.iter("meta")}
    return _fields(found["og:title"], found["author"], found["og:site_name"], found["date"], found["keywords"])


def mail_metadata(path: Path) -> dict[str, Any]:
    """The headers of a mail."""
    message = mail(path)
    author = message["From"].addresses[0].display_name
    return _fields(message["Subject"], author, message["Organization"], message["Date"].datetime.date().isoformat(), message["Keywords"])


def markdown_metadata(path: Path) -> dict[str, Any]:
    """The front matter of a note."""
    front = yaml.safe_load(path.read_text(encoding="utf-8").split("---\n")[1])
    return {**front, "date": front["date"].isoformat()}


METADATA_READERS = {
    "pdf": pdf_metadata,
    "docx": core_metadata,
    "pptx": core_metadata,
    "xlsx": core_metadata,
    "html": html_metadata,
    "eml": mail_metadata,
    "md": markdown_metadata,
}


@pytest.mark.parametrize("path", [path for path in PATHS if path.endswith((".txt", ".csv"))])
def test_a_plain_file_names_its_title_publisher_and_date(path: str) -> None:
    """Formats without metadata say in their first lines what they are."""
    (document,) = (document for document in GOLD["documents"] if document["path"] == path)
    assert all(document[key] in pages(path)[1] for key in ("title", "author", "publisher", "date"))


def test_page_labels_are_those_that_the_pdf_prints() -> None:
    """With a cover the labels run i, 1, 2: a label is not a page number."""
    import pypdfium2

    filings = [document for document in GOLD["documents"] if document["path"].endswith(".pdf")]
    for document in filings:
        with pypdfium2.PdfDocument(DOCS / document["path"]) as pdf:
            assert [pdf.get_page_label(index) for index in range(len(pdf))] == document["page_labels"]
    assert sum(document["page_labels"][0] == "i" for document in filings) >= 3


def test_a_hidden_instruction_is_in_the_file_and_not_in_any_planted_sentence() -> None:
    """The injections are there for a machine to find, harmless, and no fact comes from them."""
    assert {injection["how"] for injection in GOLD["injections"]} == {"display:none", "white text"}
    for injection in GOLD["injections"]:
        assert injection["text"] in pages(injection["document"])[1]
        assert "https://evil.example" in injection["text"]
    assert not any("evil.example" in str(fact["sentence"]) for fact in GOLD["facts"])


def test_the_hidden_html_is_not_displayed() -> None:
    """The instruction on the web page sits in an element that a browser does not show."""
    (injection,) = (injection for injection in GOLD["injections"] if injection["how"] == "display:none")
    tree = lxml.html.fromstring((DOCS / injection["document"]).read_bytes())
    assert tree.xpath("//*[contains(@style, 'display:none')]/text()") == [injection["text"]]


def test_an_exact_copy_has_the_same_bytes() -> None:
    """One note lies in two folders under two names."""
    for copy in GOLD["exact_duplicates"]:
        assert (DOCS / copy["of"]).read_bytes() == (DOCS / copy["path"]).read_bytes()


def test_near_duplicates_share_most_of_their_words() -> None:
    """The wire story in the mail and on the web page is one text in two wrappings."""
    for first, second in GOLD["near_duplicates"]:
        a, b = (_runs(pages(path)[1]) for path in (first, second))
        assert len(a & b) / min(len(a), len(b)) > 0.6
        assert a != b


def test_one_text_file_is_not_utf_8() -> None:
    """A reader that assumes UTF-8 fails on the interview, or garbles its euro sign."""
    raw = (DOCS / "notes" / "interview-port-sennick.txt").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    assert "€640" in raw.decode("cp1252")


def test_the_csv_has_a_preamble_above_its_header() -> None:
    """The header is the fifth row: a reader has to look for it."""
    with (DOCS / "data" / "calder-tariffs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[4][0] == "Period"
    assert {len(row) for row in rows[4:]} == {5}
