"""Editions: what changed and why, a past state to the byte, and nothing left of what was forgotten."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.editions import HELD_OUT, TUNED, compared, scores
from rag.app import Library, create
from rag.cli import cli
from rag.ingest import drain
from rag.numbers import find_numbers
from rag.render import render
from rag.report import check_report, delta, to_json
from rag.report.delta import same_value
from rag.report.seal import sealed
from rag.types import Report, Scope
from tests.report_fixture import TOPIC, Corpus, corpus, small_report

MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
NEWS = (
    "Installed capacity of heat storage in Varland rose to 2,980 MWh at the end of 2026, from 2,610 MWh at the end of 2025. "
    "The system price of heat storage averaged EUR 198 per kWh in the third quarter of 2026."
)


def _with_news() -> Corpus:
    return corpus(extra={"notes/census-2026.txt": ("Heat Storage Census 2026", "Varstat", date(2026, 9, 20), NEWS)})


@pytest.fixture(scope="module")
def first() -> Report:
    """An edition without one before it."""
    return small_report()


@pytest.fixture(scope="module")
def second(first: Report) -> Report:
    """The next one, with one more document."""
    return small_report(given=_with_news(), before=first)


# ── what changed ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", [TUNED, HELD_OUT])
def test_what_changed_is_told_as_it_was(seed: int) -> None:
    """Five weeks of made-up documents: F1 of at least .95 against the truth, nothing tuned on the second seed."""
    right, extra, missing = (sum(found.values()) for found in compared(seed))
    assert scores(right, extra, missing)[2] >= 0.95


def test_a_first_edition_says_that_it_is_one(first: Report) -> None:
    """In both texts; and its data hold no comparison."""
    assert first.changes is None
    assert first.manifest.predecessor == ""
    for kind in ("html", "md"):
        assert "It is compared with no earlier edition." in render(first, format=kind)


def test_an_edition_without_news_says_so(first: Report) -> None:
    """The same documents give the same statements."""
    again = small_report(before=first)
    assert again.changes is not None
    assert again.changes.is_empty
    assert again.changes.unchanged > 10
    for kind in ("html", "md"):
        assert "Nothing changed: no document came, changed or went." in render(again, format=kind)


def test_every_change_names_the_document_that_caused_it(second: Report) -> None:
    """Here there is only one that can."""
    assert second.changes is not None
    changes = second.changes
    (new,) = changes.documents
    assert (new.event, new.source.path) == ("new", "notes/census-2026.txt")
    causes = [one.causes for one in changes.cards] + [one.causes for one in changes.figures] + [one.causes for one in changes.claims]
    assert {one.kind for one in changes.figures} >= {"new"}
    assert set(causes) == {(new.source.document,)}
    assert "2,980 MWh" in render(second, format="md").partition("## At a glance")[0]


def test_a_document_that_goes_takes_its_statements_with_it(first: Report, second: Report) -> None:
    """The same two reports the other way round."""
    back = small_report(before=second)
    assert back.changes is not None
    assert [(one.event, one.source.path) for one in back.changes.documents] == [("withdrawn", "notes/census-2026.txt")]
    assert {one.kind for one in back.changes.figures} == {"withdrawn"}
    assert {one.text for one in back.changes.claims if one.kind == "withdrawn"} <= {claim.text for claim in second.claims}


def test_a_report_compared_with_itself_has_no_changes(second: Report) -> None:
    """Whatever it holds."""
    made = delta(second, second)
    assert made.is_empty
    assert made.reshuffled == 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2,610 MWh", "2,612 MWh", False),
        ("2,610 MWh", "2,610 MWh", True),
        ("2.61 GWh", "2,610 MWh", True),
        ("EUR 4.2 billion", "EUR 4.20 billion", True),
        ("EUR 4.2 billion", "EUR 4.3 billion", False),
        ("7%", "7.4%", True),
    ],
)
def test_a_small_revision_is_a_revision(one: str, other: str, expected: bool) -> None:
    """Sources may differ by a rounding; an edition that prints another digit revises."""
    assert same_value(find_numbers(one)[0], find_numbers(other)[0]) is expected


def test_a_comparison_that_was_tampered_with_fails(first: Report, second: Report) -> None:
    """B12 computes it again where the edition before is at hand, whatever id the report goes by; elsewhere it stays unchecked."""
    assert second.changes is not None
    known = {first.id: first, second.id: second}
    given = _with_news()
    good = check_report(second, document=given.document, saved=known.get)
    assert good.failures() == []
    figure = replace(second.changes.figures[0], now="9,999 MWh")
    forged = sealed(replace(second, changes=replace(second.changes, figures=(figure, *second.changes.figures[1:]))))
    assert any("what changed" in line for line in check_report(forged, document=given.document, saved=known.get).failures())
    emptied = sealed(replace(second, changes=None))
    assert any("what changed" in line for line in check_report(emptied, document=given.document).failures())
    apart = check_report(second, document=given.document)
    assert [found.outcome for found in apart.report if found.about == "what changed"] == ["unchecked"]


def test_a_changed_report_under_an_id_of_its_own_is_known_by_its_run(first: Report) -> None:
    """The same run gives the same bytes, so a second id of one run was made by hand."""
    forged = sealed(replace(first, warnings=("Nothing to see.",)))
    result = check_report(forged, document=corpus().document, saved=lambda name: None, of_run=lambda run: [first.id])
    assert any("changed and given an id of its own" in line for line in result.failures())


# ── states of a library ───────────────────────────────────────────────────────────────────────────────────────────


def _put(folder: Path, name: str, text: str, *, day: str = "2026-11-20", title: str = "") -> None:
    front = f"---\ntitle: {title or name.partition('.')[0]}\ndate: {day}\npublisher: Varstat\n---\n\n"
    (folder / name).write_text(front + text, encoding="utf-8")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A workspace with a report as of Monday; on Tuesday documents came, changed, moved and went, and one cannot be read any more."""
    folder = tmp_path_factory.mktemp("editions")
    docs = folder / "docs"
    docs.mkdir()
    _put(docs, "census.md", "Installed capacity of heat storage in Varland rose to 2,610 MWh at the end of 2025, from 1,840 MWh in 2024.")
    _put(docs, "prices.md", "The system price of heat storage in Varland averaged EUR 212 per kWh in the second quarter of 2026.")
    _put(docs, "labour.md", "Wages of installers of heat storage in Varland rose by 6.8% in the twelve months to June 2026.")
    _put(docs, "moves.md", "Lead times for heat storage tanks in Varland lengthened to 16 weeks in the second quarter of 2026.")
    create(folder / "ws", folders=[docs], embedder="small")
    with Library.open(folder / "ws") as opened:
        drain(opened.ingest(now=MONDAY))
        opened.report(TOPIC, as_of=MONDAY.date(), now=MONDAY, output=folder / "monday")
        (docs / "labour.md").unlink()
        (docs / "moves.md").rename(docs / "moved.md")
        _put(docs, "prices.md", "The system price of heat storage in Varland averaged EUR 219 per kWh in the second quarter of 2026.")
        _put(docs, "new.md", "Installed capacity of heat storage in Varland rose to 2,980 MWh in June 2026.", title="Census of June")
        drain(opened.ingest(now=TUESDAY, allow_deletes=True))
        yield opened


def _files(folder: Path) -> dict[str, bytes]:
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


def test_mondays_report_made_on_tuesday_has_mondays_bytes(library: Library) -> None:
    """JSON, HTML and Markdown, although documents came, changed, moved and went."""
    folder = library.workspace.parent
    made = library.report(TOPIC, as_of=MONDAY.date(), now=TUESDAY, output=folder / "again")
    assert made.check.failures() == []
    assert _files(folder / "again") == _files(folder / "monday")
    assert set(_files(folder / "again")) >= {".json", ".html", ".md"}


def test_tuesdays_report_tells_mondays_from_its_own(library: Library) -> None:
    """It finds its predecessor by itself and says what was revised, by which file."""
    made = library.report(TOPIC, as_of=TUESDAY.date(), now=TUESDAY, output=library.workspace.parent / "tuesday")
    changes = made.report.changes
    assert made.check.failures() == []
    assert changes is not None
    assert changes.before == made.report.manifest.predecessor
    assert {(one.event, Path(one.source.path).name) for one in changes.documents} == {
        ("changed", "prices.md"),
        ("new", "new.md"),
        ("withdrawn", "labour.md"),
    }
    revised = [(one.was, one.now) for one in changes.figures if one.kind == "revised"]
    assert ("EUR 212 per kWh", "EUR 219 per kWh") in revised
    alone = library.write(TOPIC, as_of=TUESDAY.date(), since="none")
    assert alone.changes is None


def test_a_manifest_is_enough_to_make_the_report_again(library: Library) -> None:
    """To the byte, whatever was ingested since."""
    monday = library.saved(next(identity for identity, made in library.record.reports() if made in (MONDAY, TUESDAY)))
    assert to_json(library.made_again(monday)) == to_json(monday)


def test_a_report_as_of_a_day_before_the_library_goes_by_publication_alone(library: Library) -> None:
    """What was known then is not recorded, and the manifest shows a record later than the as-of date."""
    report = library.write(TOPIC, as_of=date(2026, 11, 21))
    assert report.manifest.known_at == TUESDAY
    assert {Path(row.source.path).name for row in report.coverage} == {"census.md", "prices.md", "moved.md", "new.md"}


def test_a_quote_of_a_document_that_went_is_still_checked(library: Library) -> None:
    """Monday's report keeps its quotes' pages."""
    monday = library.write(TOPIC, as_of=MONDAY.date())
    assert any("EUR 212" in item.quote for item in monday.evidence)
    assert library.check(monday).failures() == []


def _rag(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False, prog_name="rag")


def test_diff_prints_what_changed(library: Library) -> None:
    """By file or by id; the wrong order is refused in one line."""
    folder = library.workspace.parent
    monday, tuesday = (next((folder / day).glob("*.json")) for day in ("monday", "tuesday"))
    shown = _rag("diff", monday, tuesday, "-w", library.workspace)
    assert "EUR 212 per kWh -> EUR 219 per kWh" in shown.stdout
    assert "because of prices" in shown.stdout
    read = json.loads(_rag("diff", monday, tuesday, "-w", library.workspace, "--json").stdout)
    assert {one["event"] for one in read["documents"]} == {"new", "changed", "withdrawn"}
    assert json.loads(_rag("diff", monday, tuesday, "--format", "json").stdout) == read
    wrong = _rag("diff", tuesday, monday, "-w", library.workspace)
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 1)


def test_diff_of_what_is_no_report_names_the_file(library: Library, tmp_path: Path) -> None:
    """Which of the two it is, what is wrong with it, and what to give."""
    monday = next((library.workspace.parent / "monday").glob("*.json"))
    notes, newer = tmp_path / "notes.md", tmp_path / "newer.json"
    notes.write_text("# Notes\n", encoding="utf-8")
    newer.write_text(monday.read_text(encoding="utf-8").replace("rag-report/1", "rag-report/2"), encoding="utf-8")
    for other, saying in (
        (notes, f"rag: {notes} is not JSON: "),
        (newer, f"rag: {newer} does not fit rag-report/1 at report.schema: "),
        (tmp_path, f"rag: {tmp_path} is no file; "),
        (tmp_path / "none.json", f"rag: {tmp_path / 'none.json'} is no file; "),
    ):
        for asked in ((monday, other), (other, monday)):
            refused = _rag("diff", *asked, "-w", library.workspace)
            assert refused.exit_code in (2, 7)
            assert refused.stderr.startswith(saying)
            assert "give a report.json that rag wrote" in refused.stderr
            assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("kind", ["md", "html"])
def test_diff_is_a_page_to_hand_on(library: Library, kind: str) -> None:
    """Two files without a workspace: both editions named, the figure before and after, the document that caused it, and what went."""
    folder = library.workspace.parent
    monday, tuesday = (next((folder / day).glob("*.json")) for day in ("monday", "tuesday"))
    shown = _rag("diff", monday, tuesday, "--format", kind).stdout
    assert [name for name in (json.loads(file.read_text())["id"] for file in (monday, tuesday)) if name not in shown] == []
    figure = next(line for line in shown.splitlines() if "EUR 212 per kWh" in line and "EUR 219 per kWh" in line)
    assert "prices" in figure.lower()
    assert "Withdrawn" in shown
    assert "Undefined" not in shown


def test_what_is_forgotten_is_gone_from_the_past_too(library: Library) -> None:
    """A path with all it ever held: no text, no vector, no saved report, no word in the file."""
    gone = library.forget(["docs/prices.md"], now=TUESDAY + timedelta(hours=1))
    assert gone.reports
    raw = library.record.path.read_bytes()
    assert b"EUR 212" not in raw
    for table in ("past_documents", "past_chunks"):
        left = sqlite3.connect(library.record.path).execute(f"SELECT * FROM {table}").fetchall()
        assert not [row for row in left if "EUR 2" in str(row)]
    report = library.write(TOPIC, as_of=MONDAY.date())
    assert not any("EUR 212" in item.quote for item in report.evidence)
    assert _rag("forget", "docs/labour.md", "-w", library.workspace).exit_code == 0
    assert library.record.past_files() == [] or all("labour" not in row.path for row in library.record.past_files())


def test_a_scope_of_the_manifest_is_the_one_that_was_asked_for() -> None:
    """Two scopes are two reports."""
    scoped = Scope(folders=("docs",))
    assert small_report().manifest.scope == Scope()
    assert replace(small_report().manifest, scope=scoped).scope == scoped
