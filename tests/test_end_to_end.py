"""The whole way on real files: sample documents in, a checked report out, and what happens to bad input."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rag.app import Library, create
from rag.cli import cli
from rag.ingest import drain
from rag.report import from_json, to_json
from rag.text import squeeze
from rag.types import Report
from tests.conftest import REPOSITORY

GOLD = json.loads((REPOSITORY / "tests" / "gold" / "sample_docs.json").read_text(encoding="utf-8"))
AS_OF = date(2026, 11, 23)


@pytest.fixture(scope="module")
def report(sample_workspace: Path) -> Report:
    """The sample report as `make report` writes it."""
    with Library.open(sample_workspace) as library:
        return library.write(GOLD["topic"], as_of=AS_OF)


def rag(*arguments: str | Path) -> Result:
    """One call of the command."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False, prog_name="rag")


def test_every_document_is_found_by_its_token(sample_workspace: Path) -> None:
    """A string that stands in one document only brings that document among the first three, and once."""
    copies = {copy["path"]: copy["of"] for copy in GOLD["exact_duplicates"]}
    with Library.open(sample_workspace) as library:
        results = library.retrieval.find_all([document["token"] for document in GOLD["documents"]], k=3)
    for document, result in zip(GOLD["documents"], results, strict=True):
        paths = [passage.source.path.removeprefix("sample_docs/") for passage in result.passages]
        assert document["path"] in [copies.get(path, path) for path in paths], document["token"]
        assert len({passage.chunk.id for passage in result.passages}) == len(paths)


def test_the_sample_report_passes_every_gate(sample_workspace: Path, report: Report) -> None:
    """No failure and nothing unchecked; each claim is supported."""
    with Library.open(sample_workspace) as library:
        result = library.check(report)
    assert result.failures() == []
    assert set(result.counts) <= {"pass", "warn"}
    assert {claim.verdict for claim in report.claims} <= {"supported", "partial"}
    assert len(report.claims) >= 30


def test_the_same_inputs_give_the_same_bytes(sample_workspace: Path, report: Report) -> None:
    """Written twice, equal to the byte; and JSON reads back as it was."""
    with Library.open(sample_workspace) as library:
        again = library.write(GOLD["topic"], as_of=AS_OF)
    assert to_json(again) == to_json(report)
    assert from_json(to_json(report)) == report


def test_a_hidden_instruction_is_seen_and_not_followed(report: Report) -> None:
    """Its words are in no quote and its link in no field; a warning names the document."""
    whole = to_json(report)
    assert "evil.example" not in whole
    quotes = squeeze(" ".join(evidence.quote for evidence in report.evidence))[0]
    for injection in GOLD["injections"]:
        assert squeeze(injection["text"])[0] not in quotes
        assert any(Path(injection["document"]).name in warning for warning in report.warnings)


def test_planted_contradictions_are_listed(report: Report) -> None:
    """Sources that disagree stand side by side, each side with its own document; a document may also correct itself."""
    documents = {evidence.id: evidence.document for evidence in report.evidence}
    claims = {claim.id: claim for claim in report.claims}
    assert report.conflicts
    for conflict in report.conflicts:
        cited = [documents[claims[side.claim].evidence[0]] for side in conflict.sides]
        assert len(set(cited)) >= 2 or conflict.kind == "superseded"
        assert conflict.reason


@pytest.mark.parametrize(("planted", "one", "other", "fewest"), [("contradictions", "a", "b", 10), ("superseded", "old", "new", 6)])
def test_nearly_all_planted_disagreements_are_found(report: Report, planted: str, one: str, other: str, fewest: int) -> None:
    """Each with both its sentences or cells side by side."""
    facts = {fact["id"]: fact for fact in GOLD["facts"]}
    claims = {claim.id: claim for claim in report.claims}
    said = [squeeze(" ".join(claims[side.claim].text for side in conflict.sides))[0] for conflict in report.conflicts]
    found = [pair for pair in GOLD[planted] if any(_holds(text, facts[pair[one]]) and _holds(text, facts[pair[other]]) for text in said)]
    assert len(found) >= fewest
    assert len(report.conflicts) <= len(GOLD["contradictions"]) + len(GOLD["superseded"])


def _holds(text: str, fact: dict[str, Any]) -> bool:
    """Whether a squeezed text holds the fact's value: its sentence's figure, or its cell's."""
    return squeeze(str(fact["cell"]["text"] if fact["cell"] else fact["printed"]))[0] in text


def test_nothing_published_after_the_day_is_used(sample_workspace: Path) -> None:
    """An as-of report knows only what was out by then."""
    with Library.open(sample_workspace) as library:
        earlier = library.write(GOLD["topic"], as_of=date(2026, 4, 30))
    assert max(source.published for source in earlier.sources) <= date(2026, 4, 30)
    assert earlier.cut_off is not None
    assert earlier.cut_off <= date(2026, 4, 30)


def test_a_topic_nothing_answers_is_a_report_of_gaps(sample_workspace: Path) -> None:
    """Other people's market: no claim, a gap for each question, and still a report that passes its gates."""
    with Library.open(sample_workspace) as library:
        empty = library.write("Alpaca wool spinning, Peruvian highlands, 2019", as_of=AS_OF)
        result = library.check(empty)
    assert empty.claims == ()
    assert empty.gaps
    assert result.ok


def digit(text: str) -> str:
    """The text with its last digit changed."""
    at = max(match.start() for match in re.finditer(r"\d", text))
    return text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]


def in_claim(report: dict[str, Any]) -> str:
    claim = next(claim for claim in report["claims"] if re.search(r"\d", claim["text"]))
    claim["text"] = digit(claim["text"])
    return str(claim["id"])


def in_quote_and_claim(report: dict[str, Any]) -> str:
    quotes = {evidence["id"]: evidence for evidence in report["evidence"]}
    claim = next(claim for claim in report["claims"] if claim["mode"] == "verbatim" and re.search(r"\d", claim["text"]))
    evidence = quotes[claim["evidence"][0]]
    changed = digit(claim["text"])
    evidence["quote"] = evidence["quote"].replace(claim["text"], changed)
    claim["text"] = changed
    return str(claim["id"])


def in_series(report: dict[str, Any]) -> str:
    card = next(card for card in report["cards"] if card["series"])
    card["series"][0]["printed"] = digit(card["series"][0]["printed"])
    return str(card["id"])


@pytest.mark.parametrize("change", [in_claim, in_quote_and_claim, in_series])
def test_one_changed_digit_fails_the_check_and_is_named(
    change: Callable[[dict[str, Any]], str], sample_workspace: Path, report: Report, tmp_path: Path
) -> None:
    """`rag check` ends with 1 and names what was changed."""
    data = json.loads(to_json(report))
    named = change(data)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    result = rag("check", path, "--workspace", sample_workspace)
    assert result.exit_code == 1
    assert any(line.startswith("FAIL") and named in line for line in result.stdout.splitlines()), result.stdout


def test_the_report_command_writes_checks_and_tells(sample_workspace: Path, tmp_path: Path) -> None:
    """Three files together, counts and times on stdout; `rag check` agrees; nothing else is left in the folder."""
    written = rag("report", GOLD["topic"], "-w", sample_workspace, "-o", tmp_path / "out", "--as-of", "2026-11-23")
    assert written.exit_code == 0, written.output
    assert re.search(r"Report: \d+ claims on \d+ trend cards, citing \d+ of 27 documents", written.stdout)
    assert "checks passed" in written.stdout
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert [Path(name).suffix for name in files] == [".html", ".json", ".md"]
    checked = rag("check", tmp_path / "out" / files[1], "-w", sample_workspace)
    assert checked.exit_code == 0
    assert json.loads(rag("check", tmp_path / "out" / files[1], "-w", sample_workspace, "--json").stdout)["passed"]


def test_a_report_that_cannot_be_written_leaves_nothing(sample_workspace: Path, tmp_path: Path) -> None:
    """A file in the way of the folder, an unknown template, a day before all documents: one line each, no file."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    refused: list[tuple[list[str], int, str]] = [
        (["-o", str(tmp_path / "file")], 3, "choose another folder with --output"),
        (["-o", str(tmp_path / "out"), "--template", "nonsense"], 2, "nonsense"),
        (["-o", str(tmp_path / "out"), "--as-of", "2001-01-01"], 2, "widen the scope"),
        (["-o", str(tmp_path / "out"), "--as-of", "2100-01-01"], 2, "that day has not come"),
    ]
    for options, status, saying in refused:
        result = rag("report", "Zinc-air storage", "-w", sample_workspace, *options)
        assert result.exit_code == status
        assert saying in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_report_that_is_no_report_is_refused(sample_workspace: Path, report: Report, tmp_path: Path) -> None:
    """Not JSON, or JSON with a field too many: one line that names the place."""
    whole = json.loads(to_json(report))
    huge = json.loads(to_json(report))
    huge["cards"][0]["series"][0]["value"] = "1e999999"
    for text, saying in (
        (b"not json", "not JSON"),
        (b"\xff\xfe", "not text"),
        (b"[" * 100_000, "nested too deeply"),
        (json.dumps(huge).encode(), "out of range"),
        (json.dumps(whole | {"colour": 1}).encode(), "colour"),
    ):
        (tmp_path / "r.json").write_bytes(text)
        result = rag("check", tmp_path / "r.json", "-w", sample_workspace)
        assert result.exit_code == 7
        assert saying in result.stderr
        assert result.stderr.startswith(f"rag: {tmp_path / 'r.json'} ")
        assert "give a report.json that rag wrote" in result.stderr


def test_a_cited_document_that_is_gone_fails_the_check(sample_workspace: Path, report: Report, tmp_path: Path) -> None:
    """A report is checked against the workspace's documents; one that is not there is a failure, not a crash."""
    missing = replace(report.sources[0], document="0" * 16)
    renamed = to_json(report).replace(report.sources[0].document, missing.document)
    (tmp_path / "r.json").write_text(renamed, encoding="utf-8")
    result = rag("check", tmp_path / "r.json", "-w", sample_workspace)
    assert result.exit_code == 1
    assert "B3" in result.stdout


CITIES = "Boston|New York|Philadelphia|Cleveland|Richmond|Atlanta|Chicago|St. Louis|Minneapolis|Kansas City|Dallas|San Francisco"


def test_a_sentence_that_names_a_district_cites_that_district(eval_data: Path, tmp_path: Path) -> None:
    """Beige Book, December 2018: twelve look-alike reports, and no sentence about one is taken from another."""
    folder = tmp_path / "beigebook"
    folder.mkdir()
    with (eval_data / "beigebook" / "corpus.jsonl").open(encoding="utf-8") as lines:
        issue = [document for document in map(json.loads, lines) if str(document["published_at"]).startswith("2018-12")]
    for document in issue:
        name = re.sub(r"\W+", "-", document["title"].lower())
        (folder / f"{name}.txt").write_text(f"{document['title']}\n\n{document['published_at']}\n\n{document['text']}\n", encoding="utf-8")
    create(tmp_path / "workspace", folders=[folder], embedder="small")
    with Library.open(tmp_path / "workspace") as library:
        drain(library.ingest(now=datetime(2026, 11, 23, tzinfo=UTC)))
        report = library.write("Economic conditions by Federal Reserve district, December 2018", as_of=date(2018, 12, 31))
        assert library.check(report).ok
    titles = {source.document: source.title for source in report.sources}
    documents = {evidence.id: evidence.document for evidence in report.evidence}
    assert len(titles) == 12
    for claim in report.claims:
        cited = " ".join(titles[documents[identity]] for identity in claim.evidence)
        assert all(city in cited for city in re.findall(CITIES, claim.text)), claim.text
