"""Markdown reports written elsewhere: what they cite is found, what does not stand there is named, and a clean one raises no alarm."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rag.cli import cli
from rag.prompts import metric_vocabulary
from rag.readers import read_file
from rag.report.elsewhere import Citation, file_of, read_manuscript
from rag.report.findings import junit, sarif
from rag.report.verify import ManuscriptCheck, figures_of, verify
from rag.report.wording import Vocabulary
from rag.types import Document
from tests.conftest import REPOSITORY
from tests.report_fixture import make_document

HERE = REPOSITORY / "tests" / "manuscripts"
SOURCES = REPOSITORY / "sample_docs"
CLEAN = ("numbered.md", "footnotes.md")


@pytest.fixture(scope="module")
def library() -> Callable[[str], Document]:
    """The sample documents by path, each read once."""
    known: dict[str, Document] = {}

    def document(path: str) -> Document:
        if path not in known:
            known[path] = read_file(SOURCES / path)
        return known[path]

    return document


PATHS = (
    "data/price-tracker.xlsx",
    "filings/marenstat-storage-census-2025.pdf",
    "notes/calder-coast-home-storage.md",
    "notes/labour-and-skills-ostvik.md",
    "notes/outlook-2030.md",
)


def _check(text: str, document: Callable[[str], Document]) -> ManuscriptCheck:
    return verify(
        read_manuscript(text),
        paths=PATHS,
        titles=lambda: {path: document(path).metadata.title for path in PATHS},
        document=document,
        vocabulary=Vocabulary(metric_vocabulary()),
    )


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_report_raises_no_alarm(name: str, library: Callable[[str], Document]) -> None:
    """Tables, lists, quotations, pages and several citations at once: every sentence is supported."""
    result = _check((HERE / name).read_text("utf-8"), library)
    assert [(one.written.text, one.reason) for one in result.sentences if one.verdict != "supported"] == []
    assert len(result.sentences) >= 7
    assert (result.ok, result.missing, result.unused) == (True, {}, ())


def test_each_fault_of_a_wrong_report_is_told_by_its_rule(library: Callable[[str], Document]) -> None:
    """A digit, a direction, a denial, a quotation, a page, a reference nobody wrote, a file nobody has, a figure without a source."""
    result = _check((HERE / "wrong.md").read_text("utf-8"), library)
    assert [(one.verdict, one.rule) for one in result.sentences] == [
        ("unsupported", "B4"),
        ("unsupported", "B16"),
        ("unsupported", "B7"),
        ("unsupported", "B3"),
        ("partial", "B4"),
        ("unchecked", "B2"),
        ("unchecked", "B2"),
        ("uncited", "B1"),
        ("unchecked", "B5"),
    ]
    assert set(result.missing) == {"7", "3"}
    assert result.unused == ("4",)
    assert not result.ok


def _digits(text: str) -> list[int]:
    """Where the digits of its figures are."""
    return [at for figure in figures_of(text) for at in range(figure.start, figure.end) if text[at].isdigit()]


@pytest.mark.parametrize("seed", range(20))
def test_a_changed_digit_is_never_supported(seed: int, library: Callable[[str], Document]) -> None:
    """Any digit of any figure of a clean report; dates are left alone."""
    dice = random.Random(seed)
    text = (HERE / CLEAN[seed % 2]).read_text("utf-8")
    figures = [one for one in _check(text, library).sentences if _digits(one.written.text)]
    chosen = dice.choice(figures).written.text
    at = dice.choice(_digits(chosen))
    changed = chosen[:at] + str((int(chosen[at]) + dice.randint(1, 8)) % 10) + chosen[at + 1 :]
    written = next(one.written for one in figures if one.written.text == chosen)
    keys = "".join(f"[^{citation.key}]" if not citation.key.isdigit() else f"[{citation.key}]" for citation in written.citations)
    references = text[text.rindex("## References") :] if "## References" in text else text[text.index("[^labour]: ") :]
    (found, *_) = _check(f"{changed.rstrip('.')} {keys}.\n\n{references}", library).sentences
    assert found.verdict != "supported", changed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rose by 5% [1].", [("1", None)]),
        ("It rose by 5%.[1]", [("1", None)]),
        ("It rose by 5%. [1] It fell.", [("1", None)]),
        ("It rose by 5% [1, p. 3].", [("1", 3)]),
        ("It rose by 5% [1; pp. 3-4].", [("1", 3)]),
        ("It rose by 5% (see [2][3]).", [("2", None), ("3", None)]),
        ("It rose by 5% [2, 4].", [("2", None), ("4", None)]),
        ("It rose by 5% [2-4].", [("2", None), ("3", None), ("4", None)]),
        ("It rose by 5%[^a].", [("a", None)]),
        ("It rose by 5% [[1]](#ref-1).", [("1", None)]),
        ("It rose by 5% [1](#ref-1).", [("1", None)]),
        ("It rose by 5% [in brackets].", []),
        ("See [our page](https://example.net/1).", []),
    ],
)
def test_citations_of_common_shapes_are_read(text: str, expected: list[tuple[str, int | None]]) -> None:
    """With or without a page, before or behind the full stop; the sentence is left without them."""
    first = read_manuscript(text).sentences[0]
    assert first.citations == tuple(Citation(key=key, page=page) for key, page in expected)
    if expected:
        assert first.text == "It rose by 5%."


@pytest.mark.parametrize(
    "text",
    [
        "A.\n\n## References\n\n1. Census 2025\n2. Outlook\n",
        "A.\n\n# Sources\n\n[1] Census 2025\n\n[2] Outlook\n",
        "A.\n\n**Bibliography**\n\n- [1] Census 2025\n- [2] Outlook\n",
        "A.\n\n[1]: Census 2025\n[2]: Outlook\n",
        "A.\n\n[^1]: Census 2025\n[^2]: Outlook\n",
        "A.\n\n### Notes:\n\n1) Census 2025\n2) Outlook\n\n# Annex\n\nB.\n",
    ],
)
def test_reference_lists_of_common_shapes_are_read(text: str) -> None:
    """Under a heading of any level, in bold, or as definitions; they are no statements themselves."""
    made = read_manuscript(text)
    assert made.references == {"1": "Census 2025", "2": "Outlook"}
    assert {one.text for one in made.sentences} <= {"A.", "B."}


def test_what_ends_a_paragraph_carries_what_is_before_it(library: Callable[[str], Document]) -> None:
    """As far as its file holds it: the second sentence here is in no file."""
    tail = "\n\n[1]: notes/labour-and-skills-ostvik.md\n"
    carried = _check(f"Absence stayed high, at 7.9% of contracted hours. The campus takes 64 students a year [1].{tail}", library)
    assert [one.verdict for one in carried.sentences] == ["supported", "supported"]
    alone = _check(f"Absence stayed high, at 8.9% of contracted hours. The campus takes 64 students a year [1].{tail}", library)
    assert [one.verdict for one in alone.sentences] == ["uncited", "supported"]


def test_a_change_that_the_sentences_own_figures_give_is_no_fault(library: Callable[[str], Document]) -> None:
    """1,840 to 2,610 is +41.8%; another per cent is not."""
    tail = "\n\n[1]: filings/marenstat-storage-census-2025.pdf\n"
    said = "Zinc-air capacity in operation rose by {} to 2,610 MWh, from 1,840 MWh a year before [1]."
    good, bad = (_check(said.format(share) + tail, library).sentences[0].verdict for share in ("41.8%", "48.1%"))
    assert (good, bad) == ("supported", "unsupported")


def test_a_reference_names_a_file_by_path_name_or_title() -> None:
    """The longest that fits; several that fit alike are named, not chosen from."""
    paths = ("a/census.pdf", "a/census-2025.pdf", "b/notes.md", "c/notes.md", "d/x1.docx")
    titles = {"d/x1.docx": "Outlook for heat storage", "a/census.pdf": "Census"}
    find = {
        text: file_of(text, paths=paths, titles=lambda: titles)[0]
        for text in ("see a/census-2025.pdf, p. 3", "census.pdf", "notes.md", "House, *Outlook for heat storage*, 2026", "Unknown")
    }
    assert list(find.values()) == ["a/census-2025.pdf", "a/census.pdf", "", "d/x1.docx", ""]
    assert "b/notes.md, c/notes.md" in file_of("notes.md", paths=paths, titles=lambda: titles)[1]


def test_a_denial_beside_a_fact_is_not_the_facts() -> None:
    """Only the clause that is retold counts."""
    source = make_document(
        "The wage agreement of the works expires in October 2026, and a strike cannot be ruled out.", title="Pay and peace"
    )

    def verdict(sentence: str) -> str:
        result = verify(
            read_manuscript(f"{sentence} [1]\n\n[1]: Pay and peace\n"),
            paths=["pay.txt"],
            titles=lambda: {"pay.txt": "Pay and peace"},
            document=lambda path: source,
            vocabulary=Vocabulary(metric_vocabulary()),
        )
        return result.sentences[0].verdict

    assert verdict("The wage agreement of the works expires in October 2026.") == "supported"
    assert verdict("A strike can be ruled out at the works.") == "unsupported"
    assert verdict("The wage agreement of the works does not expire in October 2026.") == "unsupported"


# ── the command and its outputs ───────────────────────────────────────────────────────────────────────────────────


def _rag(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False, prog_name="rag")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two of the files that the wrong report cites."""
    made = tmp_path_factory.mktemp("sources")
    for name in ("labour-and-skills-ostvik.md", "outlook-2030.md"):
        (made / name).write_bytes((SOURCES / "notes" / name).read_bytes())
    return made


def test_the_command_names_what_fails_and_exits_with_1(folder: Path) -> None:
    """Text for people; a missing file and a reference without one are named."""
    shown = _rag("check", HERE / "wrong.md", "--sources", folder)
    assert shown.exit_code == 1
    assert "B16 unsupported: it says 'fell', its source 'rose'" in shown.stdout
    assert "[7] is cited, and no reference has that number" in shown.stdout
    assert "[1] Energy Storage Census 2025: no file" in shown.stdout


def test_the_command_passes_a_clean_report(folder: Path, tmp_path: Path) -> None:
    """Exit status 0, and JSON with a verdict a sentence."""
    report = tmp_path / "clean.md"
    report.write_text("The campus takes 64 students a year [1].\n\n[1]: labour-and-skills-ostvik.md\n", encoding="utf-8")
    shown = _rag("check", report, "--sources", folder, "--json")
    assert shown.exit_code == 0
    assert [one["verdict"] for one in json.loads(shown.stdout)["sentences"]] == ["supported"]


def test_a_wrong_call_is_one_line(folder: Path, tmp_path: Path) -> None:
    """No such report, no such folder, no text."""
    binary = tmp_path / "report.md"
    binary.write_bytes(b"\xff\xfe\x00")
    for arguments in (("none.md", "--sources", folder), (HERE / "wrong.md", "--sources", "none"), (binary, "--sources", folder)):
        shown = _rag("check", *arguments)
        assert shown.exit_code in (2, 7)
        assert shown.stderr.count("\n") == 1


def test_findings_have_a_line_for_junit_and_sarif(library: Callable[[str], Document]) -> None:
    """Where the sentence stands in the Markdown."""
    findings = _check((HERE / "wrong.md").read_text("utf-8"), library).findings()
    read = json.loads(sarif(findings, uri="wrong.md"))
    lines = {result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in read["runs"][0]["results"]}
    assert lines == {1, 3, 17}
    assert 'failures="6"' in junit(findings, name="wrong.md").splitlines()[1]
