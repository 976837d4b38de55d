"""PDF, Word, reference lists and the JSON schema: what foreign text can do to them, and what a house's own template may."""

import csv
import io
import json
import re
import shutil
import subprocess
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from rag.errors import TemplateError, UsageError, WorkspaceError
from rag.help import field_help
from rag.render import MarketTrends, context, printed, render
from rag.render.forms import fields_page, forms, start
from rag.render.references import COLUMNS
from rag.render.typst import escape, in_words, number, pictured, typeset
from rag.render.words import clean
from rag.report.schema import json_schema, plain
from rag.types import Claim, Report
from tests.conftest import REPOSITORY
from tests.example_report import example_report
from tests.test_render import NASTY, poisoned

ALL_AT_ONCE = " ".join(text[:8] for text in NASTY)
"""All hostile texts in one: a whole report takes a second."""

PAYLOADS = [*((text, "weekly_brief") for text in NASTY), (ALL_AT_ONCE, "market_trends")]

NOON = datetime(2026, 9, 30, tzinfo=UTC)
TEMPLATES = ("market_trends", "company_note", "weekly_brief")
SCRIPTS = "储能市场月报 中文 日本語のテスト 한국어 Привет, рынок مرحبا بالعالم سوق البطاريات שלום ไทย हिन्दी Ελλάδα ₂ → ≥"
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def pdf_text(data: bytes) -> str:
    """The text layer, with spaces for line ends and nothing invisible."""
    import pypdfium2

    with pypdfium2.PdfDocument(data) as pdf:
        pages = [page.get_textpage().get_text_bounded() for page in pdf]
    return re.sub(r"\s+", " ", " ".join(pages).replace("\u200b", "").replace("\ufffe", "-").replace("\r", ""))


def bare(text: str) -> str:
    """Letters and digits only: what survives any breaking of lines."""
    return "".join(character for character in text if character.isalnum())


def left_to_right(text: str) -> str:
    """Letters that run from left to right: the others come out of a PDF in an order of the reader's own."""
    return "".join(character for character in text if unicodedata.bidirectional(character) == "L")


def typst_value(source: str) -> Any:
    """What typst makes of the metadata labelled <it>."""
    from typst import Compiler

    return json.loads(Compiler(source.encode(), ignore_system_fonts=True).query("<it>", field="value", one=True))


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return printed(example_report(), format="pdf").data


@pytest.fixture(scope="module")
def word() -> bytes:
    return printed(example_report(), format="docx").data


def parts_of(data: bytes) -> dict[str, Any]:
    """The XML parts of a Word file, parsed."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: etree.fromstring(package.read(name)) for name in package.namelist() if name.endswith(".xml")}


# ── typst: nothing a document says is a command ───────────────────────────────────────────────────────────────────


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_text_is_a_typst_command(text: str) -> None:
    """Escaped, any text is one and the same string between quotes, and one text in markup."""
    words = clean(text)
    assert typst_value(f'#metadata("{escape(words)}") <it>').replace("\u200b", "") == words
    body = json.dumps(typst_value(f"#metadata([{escape(words)}]) <it>"))
    assert set(re.findall(r'"func": "(\w+)"', body)) <= {"text", "space", "sequence", "symbol", "smartquote"}


@pytest.mark.parametrize(
    "text",
    [
        '"; #panic("x")',
        "#panic()",
        '#read("/etc/passwd")',
        '#import "@preview/x:1.0.0"',
        "$ x $ \\ #let a = 1",
        "]) #panic() //",
        "= heading",
        "- list",
        "1. list",
        "/ term: x",
        "*bold* _emph_ `raw` ```c```",
        "<label> @reference",
        "https://evil.example.com",
        "-- --- ... ~ -?",
        "/* comment */ // comment",
        "\\u{22} \\\\",
        "{{ 7*7 }} {% raw %}",
        '{"a": #1}',
    ],
)
def test_hostile_text_is_printed_as_it_is_in_the_pdf(text: str) -> None:
    """Commands, markup and labels of typst in a quote are read on the page, character for character, and do nothing."""
    source = f'#set document(title: "{escape(text)}")\n#set text(hyphenate: false)\n{escape(text)}\n'
    found = pdf_text(typeset(source, root=REPOSITORY / "templates", made=NOON).data)
    assert bare(text) in bare(found)
    assert found.strip() == text


@pytest.mark.parametrize(("payload", "template"), PAYLOADS)
def test_a_poisoned_report_is_typeset(payload: str, template: str) -> None:
    """Hostile text in every place a document or a model can write to makes a PDF that shows it and links nowhere outside."""
    data = printed(poisoned(payload), format="pdf", template=template).data
    assert b"/URI" not in data
    assert b"/JavaScript" not in data
    assert left_to_right(clean(payload))[:60] in left_to_right(pdf_text(data))


def test_a_template_that_asks_for_a_package_or_another_folder_is_refused(tmp_path: Path) -> None:
    """Nothing is fetched, and nothing outside the template's folder is read."""
    with pytest.raises(TemplateError, match="only the files of its own folder"):
        typeset('#import "@preview/cetz:0.3.0"', root=tmp_path, made=NOON)
    with pytest.raises(TemplateError, match="typst refuses"):
        typeset('#read("../secret.txt")', root=tmp_path, made=NOON)


def test_only_a_number_passes_the_filter_number() -> None:
    """A coordinate that is no number never reaches typst's code."""
    assert number("84.0") == "84.0"
    for hostile in ("1; #panic()", "NaN", "Infinity", "", "1_0 x"):
        with pytest.raises(TemplateError, match="number"):
            number(hostile)


# ── PDF ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_everything_in_the_report_is_in_the_pdf(pdf: bytes) -> None:
    """Each claim, quote, gap, conflict, source and covered document is in the text layer."""
    report, found = example_report(), bare(pdf_text(pdf))
    wanted = [claim.text for claim in report.claims] + [item.quote for item in report.evidence] + [gap.question for gap in report.gaps]
    wanted += [card.title for card in report.cards] + [row.source.title for row in report.coverage] + [report.banner, report.manifest.run]
    wanted += [conflict.reason for conflict in report.conflicts] + list(report.warnings)
    assert [text for text in wanted if bare(clean(text)) not in found] == []


def test_the_pdf_has_bookmarks_metadata_and_numbered_pages(pdf: bytes) -> None:
    """Outline entries for chapters and cards, title and day in the file, the title and n / N on every page but the first."""
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as document:
        names = [entry.get_title() for entry in document.get_toc()]
        pages = [page.get_textpage().get_text_bounded() for page in document]
        told = document.get_metadata_dict()
    assert {"Bottom line", "At a glance", "Sources", "Evidence"} <= set(names)
    assert example_report().cards[0].title in names
    assert all(f"{at} / {len(pages)}" in text for at, text in enumerate(pages, 1))
    assert "30 September 2026" in pages[0]
    assert all("As of 30 September 2026" in text for text in pages[1:])
    assert told["Title"] == example_report().title
    assert told["CreationDate"].startswith("D:20260930")
    assert b"/StructTreeRoot" in pdf
    assert b"pdfuaid" in pdf


def test_citations_in_the_pdf_lead_to_the_quotes_and_back(pdf: bytes) -> None:
    """There are inner links in plenty, and none leads outside."""
    assert pdf.count(b"/Subtype/Link") + pdf.count(b"/Subtype /Link") > 100
    assert b"/URI" not in pdf


def test_every_script_is_intact_in_the_pdf() -> None:
    """Chinese, Japanese, Korean, Cyrillic, Arabic, Hebrew, Thai, Hindi and Greek are drawn by a font that comes with the program."""
    report = replace(example_report(), title=f"Storage {SCRIPTS}")
    made = printed(report, format="pdf")
    assert made.notes == ()
    found = bare(pdf_text(made.data))
    for piece in ("储能市场月报", "日本語のテスト", "한국어", "Приветрынок", "Ελλάδα", "ไทย"):
        assert bare(piece) in found
    assert set("مرحبا") <= set(found) or set("ابحرم") <= set(found)


def test_what_no_font_draws_is_printed_by_number_and_told() -> None:
    """A character without a glyph becomes its number; the sentence names it and the next step; nothing is an empty box."""
    made = printed(replace(example_report(), title="A 𒀀 and 𓀀 b"), format="pdf")
    assert len(made.notes) == 1
    assert "U+12000, U+13000" in made.notes[0]
    assert "fonts folder" in made.notes[0]
    found = pdf_text(made.data)
    assert "[U+12000]" in found
    assert "[U+13000]" in found
    assert in_words(()) == ""


def test_a_chart_alone_is_a_picture() -> None:
    """The chart that Word gets is a PNG."""
    source = "#set page(width: 20pt, height: 20pt)\n#rect(width: 5pt)"
    assert pictured(source, root=REPOSITORY / "templates").startswith(b"\x89PNG")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_report_of_nothing_is_a_pdf_and_a_word_file(template: str) -> None:
    """Without any evidence every form is still made, and says that there is none."""
    report = example_report()
    sections = tuple(replace(section, cards=(), claims=()) for section in report.sections)
    nothing: dict[str, Any] = dict.fromkeys(
        ("bottom_line", "cards", "claims", "evidence", "sources", "glance", "conflicts", "coverage"), ()
    )
    empty = replace(report, sections=sections, **nothing, cut_off=None)
    assert "n/a – no source" in pdf_text(printed(empty, format="pdf", template=template).data)
    assert "n/a – no source" in _words(printed(empty, format="docx", template=template).data)


# ── Word ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _words(data: bytes) -> str:
    """All texts of body and footnotes."""
    parts = parts_of(data)
    return " ".join("".join(parts[name].itertext()) for name in ("word/document.xml", "word/footnotes.xml"))


def test_everything_in_the_report_is_in_the_word_file(word: bytes) -> None:
    """Each claim, quote, gap, source and covered document can be read in it."""
    report, found = example_report(), bare(_words(word))
    wanted = [claim.text for claim in report.claims] + [item.quote for item in report.evidence] + [gap.question for gap in report.gaps]
    wanted += [card.title for card in report.cards] + [row.source.title for row in report.coverage] + [report.banner]
    assert [text for text in wanted if bare(clean(text)) not in found] == []


def test_footnotes_are_real_and_each_is_referred_to_once(word: bytes) -> None:
    """Every footnote of the part has one reference in the body; later citations refer to it by a field with its bookmark."""
    parts = parts_of(word)
    body, notes = parts["word/document.xml"], parts["word/footnotes.xml"]
    made = [note.get(f"{WORD}id") for note in notes.findall(f"{WORD}footnote") if note.get(f"{WORD}type") is None]
    referred = [note.get(f"{WORD}id") for note in body.iter(f"{WORD}footnoteReference")]
    assert len(made) > 20
    assert referred == made
    bookmarks = {mark.get(f"{WORD}name") for mark in body.iter(f"{WORD}bookmarkStart")}
    again = [re.findall(r"NOTEREF (\w+)", field.text or "") for field in body.iter(f"{WORD}instrText")]
    assert {name for names in again for name in names} <= bookmarks
    assert Counter(mark.get(f"{WORD}id") for mark in body.iter(f"{WORD}bookmarkStart")).most_common(1)[0][1] == 1


def test_the_contents_link_to_headings_that_are_there(word: bytes) -> None:
    """A TOC field holds links, each to the bookmark of a heading with a real heading style."""
    body = parts_of(word)["word/document.xml"]
    assert any(" TOC " in (field.text or "") for field in body.iter(f"{WORD}instrText"))
    names = {mark.get(f"{WORD}name") for mark in body.iter(f"{WORD}bookmarkStart")}
    links = [link.get(f"{WORD}anchor") for link in body.iter(f"{WORD}hyperlink")]
    assert len(links) > 10
    assert set(links) <= names
    document = Document(io.BytesIO(word))
    assert {"Heading 1", "Heading 2", "Title"} <= {paragraph.style.name for paragraph in document.paragraphs}
    kinds = Counter(kind.get(f"{WORD}fldCharType") for kind in body.iter(f"{WORD}fldChar"))
    assert kinds["begin"] == kinds["separate"] == kinds["end"]


def test_header_and_footer_have_the_day_and_the_page(word: bytes) -> None:
    """As-of date and title above, page and pages below; the file says what it is."""
    document = Document(io.BytesIO(word))
    assert "As of 30 September 2026" in document.sections[0].header.paragraphs[0].text
    codes = [field.get(f"{WORD}instr") for field in document.sections[0].footer._element.iter(f"{WORD}fldSimple")]
    assert codes == [" PAGE ", " NUMPAGES "]
    assert document.core_properties.title == example_report().title
    assert document.core_properties.created.isoformat().startswith("2026-09-30")


def test_charts_in_word_are_pictures_with_a_text(word: bytes) -> None:
    """Three drawings, each with its numbers in words."""
    body = parts_of(word)["word/document.xml"]
    told = [item.get("descr") for item in body.iter() if etree.QName(item).localname == "docPr"]
    assert len(told) == 3
    assert all(text.count(";") >= 2 for text in told)


@pytest.mark.parametrize(("payload", "template"), PAYLOADS)
def test_a_poisoned_report_is_a_whole_word_file(payload: str, template: str) -> None:
    """Hostile text, control characters too, opens, is shown and links nowhere outside."""
    data = printed(poisoned(payload), format="docx", template=template).data
    Document(io.BytesIO(data))
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        relations = b"".join(package.read(name) for name in package.namelist() if name.endswith(".rels"))
    assert b'TargetMode="External"' not in relations
    assert bare(clean(payload)) in bare(_words(data))


def _house(tmp_path: Path, *texts: str) -> Path:
    """A workspace with its own Word file of these paragraphs, without footnotes or styles of its own."""
    folder = tmp_path / "templates" / "house"
    folder.mkdir(parents=True)
    document = Document()
    for text in texts:
        document.add_paragraph(text)
    document.save(str(folder / "report.docx"))
    return tmp_path


HONEST = " ".join(f"{{{{ {name} | length }}}}" for name in ("title", "as_of", "banner", "warnings", "conflicts", "gaps", "sources"))


def test_a_house_template_without_footnotes_gets_them(tmp_path: Path) -> None:
    """A plain Word file with tags is filled; the footnotes part and its styles are made."""
    house = _house(tmp_path, HONEST, "{{ bottom_line[0].text }}")
    document = Document(str(house / "templates" / "house" / "report.docx"))
    document.add_paragraph().add_run("{{r bottom_line[0].marks | footnotes }}")
    document.save(str(house / "templates" / "house" / "report.docx"))
    data = printed(example_report(), format="docx", template="house", workspace=house).data
    assert "footnoteReference" in etree.tostring(parts_of(data)["word/document.xml"]).decode()
    assert example_report().evidence[0].quote in _words(data)
    assert {"footnote text", "footnote reference"} <= {style.name.lower() for style in Document(io.BytesIO(data)).styles}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ titel }}", ["house/report.docx", "'titel'", "there is: as_of, as_of_day, banner"]),
        ("{{ bottom_line[0].titel }}", ["no field 'titel'", "kind, marks, mode"]),
        ("{% if %}", ["house/report.docx", "near"]),
        ("{{ title.__class__.__mro__ }}", ["unsafe"]),
        ("{{ 1 / 0 }}", ["division"]),
        ("{{ sections.append(1) }}", ["house/report.docx"]),
    ],
)
def test_a_word_template_that_does_not_fit_is_refused_with_the_fields_there_are(tmp_path: Path, text: str, said: list[str]) -> None:
    """An unknown field, one of a claim too, a broken tag or a forbidden call is one error."""
    with pytest.raises(TemplateError) as error:
        printed(example_report(), format="docx", template="house", workspace=_house(tmp_path, HONEST, text))
    assert [part for part in said if part not in str(error.value)] == []


def test_a_word_template_that_hides_the_gaps_is_refused(tmp_path: Path) -> None:
    """What keeps a short form honest must be printed."""
    with pytest.raises(TemplateError, match="leaves out 'gaps'"):
        printed(example_report(), format="docx", template="house", workspace=_house(tmp_path, HONEST.replace("{{ gaps | length }}", "")))


def test_a_file_that_is_no_word_file_is_refused(tmp_path: Path) -> None:
    """A renamed text file is told from a template."""
    house = _house(tmp_path, HONEST)
    (house / "templates" / "house" / "report.docx").write_text("no zip")
    with pytest.raises(TemplateError, match="Word file"):
        printed(example_report(), format="docx", template="house", workspace=house)


def test_the_word_templates_are_what_their_script_writes(tmp_path: Path) -> None:
    """Each committed .docx is made again, to the byte, by scripts/docx_templates.py."""
    import runpy

    runpy.run_path(str(REPOSITORY / "scripts" / "docx_templates.py"))["main"](tmp_path)
    for name in TEMPLATES:
        assert (tmp_path / name / "report.docx").read_bytes() == (REPOSITORY / "templates" / name / "report.docx").read_bytes(), name


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_the_word_file(tmp_path: Path, word: bytes) -> None:
    """A second program reads it: pages, footnotes and headings come out as PDF."""
    (tmp_path / "report.docx").write_bytes(word)
    call = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/home", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*call, str(tmp_path / "report.docx")], check=True, capture_output=True, timeout=120)
    found = bare(pdf_text((tmp_path / "report.pdf").read_bytes()))
    assert bare(example_report().evidence[0].quote) in found
    assert bare(example_report().title) in found


# ── lists ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_cited_document_is_in_the_reference_lists() -> None:
    """CSL-JSON and BibTeX hold each source once, under the same key, with the day it was published."""
    report = example_report()
    items = json.loads(render(report, format="csl"))
    bib = render(report, format="bib")
    assert [item["title"] for item in items] == [source.title for source in report.sources]
    assert re.findall(r"^@\w+\{(.+),$", bib, re.MULTILINE) == [item["id"] for item in items]
    first = report.sources[0].published
    assert items[0]["issued"] == {"date-parts": [[first.year, first.month, first.day]]}
    undated = [item for item, source in zip(items, report.sources, strict=True) if source.published_from == "mtime"]
    assert undated
    assert all(item["issued"]["circa"] for item in undated)


@pytest.mark.parametrize("payload", NASTY)
def test_hostile_titles_leave_the_lists_whole(payload: str) -> None:
    """CSL stays JSON with the text as it is; braces in BibTeX balance; no cell of the CSV begins a formula."""
    report = poisoned(payload)
    assert json.loads(render(report, format="csl"))[0].get("title", "") == clean(payload)
    for entry in render(report, format="bib").split("\n\n"):
        assert entry.count("{") == entry.count("}")
    rows = list(csv.DictReader(io.StringIO(render(report, format="csv").removeprefix("\ufeff"))))
    assert rows
    assert not [cell for row in rows for name, cell in row.items() if name != "value" and cell[:1] in tuple("=+-@\t\r") and cell]


def test_the_figures_are_all_in_the_csv() -> None:
    """One row for each point of a series and each number of a claim, with its quote, document and page."""
    report = example_report()
    text = render(report, format="csv")
    assert text.startswith("\ufeffof,claim,metric")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert tuple(rows[0]) == COLUMNS
    points = sum(len(card.series) for card in report.cards)
    figures = sum(number.kind != "year" for claim in report.claims for number in claim.numbers)
    assert Counter(row["of"] for row in rows) == Counter(series=points, claim=figures, fact=len(report.facts))
    assert all(row["quote"] and row["source"] and row["document"] and float(row["value"]) is not None for row in rows)


# ── the schema ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_published_schema_is_current() -> None:
    """docs/report.schema.json is what the types give today; `make forms` writes it."""
    assert json.loads((REPOSITORY / "docs" / "report.schema.json").read_text(encoding="utf-8")) == json_schema()


def test_reports_validate_and_others_do_not() -> None:
    """A report fits the schema; one with an unknown field, a wrong verdict or a missing id does not."""
    from jsonschema import Draft202012Validator

    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema).is_valid
    good = plain(example_report())
    assert valid(good)
    assert not valid(good | {"extra": 1})
    assert not valid({key: value for key, value in good.items() if key != "id"})
    assert not valid(good | {"claims": [good["claims"][0] | {"verdict": "maybe"}]})


# ── templates ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_templates_that_ship_are_listed_with_what_they_make() -> None:
    """Three forms, each in html, md, pdf and docx, each with a sentence; the starter is none of them."""
    assert [form.name for form in forms()] == sorted(TEMPLATES)
    assert {form.formats for form in forms()} == {("html", "md", "pdf", "docx")}
    assert all(form.about.endswith(".") and not form.own for form in forms())


@pytest.mark.parametrize("like", ["", "market_trends"])
def test_a_new_template_works_at_once(tmp_path: Path, like: str) -> None:
    """The starter, or a copy, renders in every format before anyone has edited it."""
    files = start("house", workspace=tmp_path, like=like)
    assert {"FIELDS.md", "report.docx", "report.html.j2", "report.md.j2", "report.typ.j2"} <= {path.name for path in files}
    for format in ("html", "md", "pdf", "docx"):
        assert printed(example_report(), format=format, template="house", workspace=tmp_path).data
    assert [form.name for form in forms(tmp_path) if form.own] == ["house"]


def test_a_new_template_needs_a_free_name(tmp_path: Path) -> None:
    """A taken name, a path, an unknown template to copy and a folder that cannot be written are told apart."""
    start("house", workspace=tmp_path)
    for name, like, said in (
        ("house", "", "already"),
        ("../x", "", "no name"),
        ("market_trends", "", "already"),
        ("mine", "nope", "market_trends"),
    ):
        with pytest.raises(UsageError, match=said):
            start(name, workspace=tmp_path, like=like)
    (tmp_path / "file").write_text("x")
    with pytest.raises(WorkspaceError, match="cannot write"):
        start("mine", workspace=tmp_path / "file")


def test_every_field_of_a_template_has_its_help() -> None:
    """FIELDS.md names each field with a meaning; none is without."""
    told = field_help(MarketTrends)
    assert list(told) == [field.name for field in fields(MarketTrends)]
    assert all(f"| `{name}` |" in fields_page() for name in told)


def test_a_format_that_a_template_does_not_make_is_told(tmp_path: Path) -> None:
    """A template without a Word file makes no Word file, and not another template's."""
    start("house", workspace=tmp_path)
    (tmp_path / "templates" / "house" / "report.docx").unlink()
    with pytest.raises(UsageError, match=r"house has no file 'report\.docx'; it has report\.html\.j2, report\.md\.j2, report\.typ\.j2"):
        printed(example_report(), format="docx", template="house", workspace=tmp_path)


def _short_pages() -> Iterator[tuple[str, Report]]:
    yield from ((template, example_report()) for template in ("company_note", "weekly_brief"))


@pytest.mark.parametrize(("template", "report"), list(_short_pages()))
def test_a_short_form_is_short_and_its_links_arrive(template: str, report: Report) -> None:
    """Two pages, one page; every inner link of the page has its target."""
    import pypdfium2
    from lxml import html

    with pypdfium2.PdfDocument(printed(report, format="pdf", template=template).data) as document:
        assert len(document) <= {"company_note": 2, "weekly_brief": 1}[template]
    tree: Any = html.document_fromstring(render(report, format="html", template=template))
    assert [link for link in tree.xpath("//@href") if link[1:] not in set(tree.xpath("//@id"))] == []
    assert [name for name, count in Counter(tree.xpath("//@id")).items() if count > 1] == []
    text = render(report, format="md", template=template)
    assert set(re.findall(r"\[\^(\d+)\](?!:)", text)) <= set(re.findall(r"^\[\^(\d+)\]:", text, re.MULTILINE))


@pytest.mark.parametrize("template", ["company_note", "weekly_brief"])
def test_a_short_form_cites_a_source_once_with_all_its_quotes(template: str) -> None:
    """A change computed from two cells of one workbook is "[8]", not "[8] [8]"; both quotes can be read."""
    from lxml import html

    report, twice = _cited_twice()
    one, other = (item for item in report.evidence if item.id in twice.evidence)
    tree: Any = html.document_fromstring(render(report, format="html", template=template))
    tails = [[link.text for link in tail.xpath(".//a")] for tail in tree.xpath('//span[@class="cite"]/..')]
    assert [labels for labels in tails if len(labels) != len(set(labels))] == []
    notes = tree.xpath('//span[@class="cite"][count(.//q) = 2]')
    assert any([" ".join(q.text_content().split()) for q in note.xpath(".//q")] == [_flat(one.quote), _flat(other.quote)] for note in notes)


def _cited_twice() -> tuple[Report, Claim]:
    """The example with a computed sentence of its bottom line on two quotes of one document, in their order."""
    report = example_report()
    found = next(claim for claim in report.claims if claim.id in report.bottom_line and claim.calculation is not None)
    one = next(item for item in report.evidence if item.id == found.evidence[0])
    other = next(item for item in report.evidence if item.document == one.document and item.id != one.id)
    twice = replace(found, evidence=tuple(item.id for item in report.evidence if item in (one, other)))
    return replace(report, claims=tuple(twice if claim is found else claim for claim in report.claims)), twice


def _flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_table_without_a_figure_has_no_column_for_one(template: str) -> None:
    """Surveys tell directions: three columns of "n/a" say nothing, and one row with a figure brings them back."""
    bare = tuple(replace(row, latest="", period="", change="") for row in example_report().glance)
    some = (*bare[:-1], example_report().glance[0])
    for glance, there in ((bare, False), (some[-8:], True)):
        report = replace(example_report(), glance=glance)
        for format in ("html", "md"):
            text = render(report, format=format, template=template)
            assert (re.search(r"Latest\b.{0,60}\bPeriod\b", text) is not None, "Confidence" in text) == (there, True)
        assert ("Latest" in pdf_text(printed(report, format="pdf", template=template).data)) is there


@pytest.mark.parametrize("template", ["company_note", "weekly_brief"])
def test_a_short_word_file_cites_a_source_once_a_sentence(template: str) -> None:
    """However many figures of a sentence stand on its page: "[1, p. 3]", not "[1, p. 3] [1, p. 3]"."""
    report, twice = _cited_twice()
    document = Document(io.BytesIO(printed(report, format="docx", template=template).data))
    said = [paragraph.text.split(twice.text)[1] for paragraph in document.paragraphs if twice.text in paragraph.text]
    cited = [re.findall(r"\[(\d+)", text.partition("✓")[0]) for text in said]
    assert cited
    assert all(len(sources) == 1 for sources in cited)


def test_a_company_note_says_a_finding_once() -> None:
    """As the heading of what moves it, not as a heading and again below it; and it names its own form in how to cite it."""
    report = example_report()
    computed = {claim.id: claim for claim in report.claims if claim.calculation}
    card = next(card for card in report.cards if computed.keys() & set(card.claims))
    finding = next(computed[claim] for claim in card.claims if claim in computed)
    claims = tuple(replace(claim, text=f"{card.title}: +12%.") if claim is finding else claim for claim in report.claims)
    report = replace(report, claims=claims, manifest=replace(report.manifest, template="company_note"))
    for format in ("html", "md"):
        text = render(report, format=format, template="company_note")
        part = text[text.index("What moves them") : text.index("Risks: what points")]
        assert _flat(re.sub(r"<[^>]*>|\\\\", "", part)).count(card.title) == 1
    assert "Company note as of" in render(report, format="html", template="company_note")


def test_a_pdf_says_which_figure_replaces_which() -> None:
    """A replaced figure is not "against" the new one."""
    report = example_report()
    replaced = tuple(conflict for conflict in report.conflicts if conflict.kind == "superseded")
    text = pdf_text(printed(replace(report, conflicts=replaced), format="pdf", template="company_note").data)
    part = text[text.index("Where sources disagree") : text.index("Gaps")]
    assert (" replaces " in part, " against " in part) == (True, False)


def test_the_field_sources_is_no_promise_of_objects() -> None:
    """What Word's template sees is what all see: plain data."""

    def kinds(value: object) -> set[type]:
        parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
        return {type(value)}.union(*(kinds(part) for part in parts))

    values = context(example_report())
    assert set().union(*(kinds(getattr(values, field.name)) for field in fields(values))) <= {dict, list, str, int, bool}
