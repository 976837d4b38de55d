"""Measures retrieval and the report on documents with known answers and writes docs/evaluation.md.

    python -m benchmarks.evaluate [--output docs/evaluation.md]

Sample documents: every gold question against the gold pages; planted facts in the report or in the top 10; conflicts listed.
Beige Book (evaluation data, where present): do sentences that name a district cite that district's document?
"""

import argparse
import json
import os
import platform
import re
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks.retrieval import sample_questions
from rag.app import Library, create
from rag.evaluate import arms_of, evaluate
from rag.ingest import drain
from rag.prompts import query_prompt
from rag.report.claims import quoted
from rag.text import squeeze
from rag.types import Passage, Report

REPOSITORY = Path(__file__).resolve().parent.parent
GOLD = REPOSITORY / "tests" / "gold" / "sample_docs.json"
K = 10


def library_of(folder: Path, *, workspace: Path) -> Library:
    """A workspace with the folder's documents, embedded with the small model."""
    create(workspace, folders=[folder.resolve()], embedder="small")
    library = Library.open(workspace)
    drain(library.ingest(now=datetime.now(UTC)))
    return library


# ── retrieval ─────────────────────────────────────────────────────────────────────────────────────────────────────


def retrieval_table(library: Library) -> list[str]:
    """The gold questions under every way of searching, as `rag eval` measures them."""
    arms = arms_of(library.retrieval, query_prompt=query_prompt(workspace=library.workspace).text)
    found = evaluate(sample_questions("sample_docs"), arms=arms, record=library.record)
    names = list(found.arms[0].measures)
    lines = [f"| search | {' | '.join(names)} |", f"|{'---|' * (len(names) + 1)}"]
    for arm in found.arms:
        cells = [f"{one.value:.3f} ({one.low:.2f}-{one.high:.2f})" for one in arm.measures.values()]
        lines.append(f"| {arm.name} | {' | '.join(cells)} |")
    return lines


def _states(fact: dict[str, Any], passage: Passage) -> bool:
    return _contains(passage.chunk.text, fact)


def _contains(text: str, fact: dict[str, Any]) -> bool:
    """Whether a text holds the fact's sentence, or its cell's row label and printed value."""
    body = squeeze(text)[0]
    if fact["sentence"]:
        return squeeze(fact["sentence"])[0] in body
    return squeeze(str(fact["cell"]["row"]))[0] in body and squeeze(str(fact["cell"]["text"]))[0] in body


# ── the report ────────────────────────────────────────────────────────────────────────────────────────────────────


def report_lines(library: Library, gold: dict[str, Any]) -> list[str]:
    """Counts of the report on the sample documents, and what of the gold it holds."""
    report = library.write(gold["topic"], as_of=date(2026, 11, 23))
    check = library.check(report)
    paths = {source.document: source.path.removeprefix("sample_docs/") for source in report.sources}
    quotes = [(paths[evidence.document], quoted(evidence)) for evidence in report.evidence]
    in_report = {fact["id"] for fact in gold["facts"] if any(path == fact["document"] and _contains(quote, fact) for path, quote in quotes)}
    questions = {question["facts"][0]: question["question"] for question in gold["questions"] if len(question["facts"]) == 1}
    results = library.retrieval.find_all(list(questions.values()), k=K)
    facts = {fact["id"]: fact for fact in gold["facts"]}
    in_search = {
        identity for identity, result in zip(questions, results, strict=True) if any(_states(facts[identity], p) for p in result.passages)
    }
    listed = [pair for pair in gold["contradictions"] if _listed(report, facts[pair["a"]], facts[pair["b"]])]
    superseded = [pair for pair in gold["superseded"] if _listed(report, facts[pair["old"]], facts[pair["new"]])]
    injected = [item for item in gold["injections"] if squeeze(item["text"])[0] in squeeze("".join(quote for _, quote in quotes))[0]]
    return [
        f"- {len(report.claims)} claims, {len(report.cards)} cards, {len(report.evidence)} quotes from {len(report.sources)} of "
        f"{len(report.coverage)} documents; {len(report.gaps)} gaps; gates failed: {len(check.failures())}",
        f"- planted facts in the report's quotes: {len(in_report)} of {len(facts)}; in the report or in the top {K} of their question: "
        f"{len(in_report | in_search)} of {len(facts)} ({len(in_report | in_search) / len(facts):.3f})",
        f"- conflicts printed: {len(report.conflicts)}; planted contradictions among them: {len(listed)} of {len(gold['contradictions'])}; "
        f"superseded figures: {len(superseded)} of {len(gold['superseded'])}",
        f"- hidden instructions quoted: {len(injected)} of {len(gold['injections'])}; warnings printed: {len(report.warnings)}",
    ]


def _listed(report: Report, one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether one of the report's conflicts quotes both facts."""
    claims = {claim.id: claim for claim in report.claims}
    quotes = {evidence.id: quoted(evidence) for evidence in report.evidence}
    for conflict in report.conflicts:
        said = [quotes[identity] for side in conflict.sides for identity in claims[side.claim].evidence]
        if any(_contains(quote, one) for quote in said) and any(_contains(quote, other) for quote in said):
            return True
    return False


# ── Beige Book ────────────────────────────────────────────────────────────────────────────────────────────────────

ISSUE = "2018-12"


def write_issue(data: Path, folder: Path, *, issue: str = ISSUE) -> dict[str, str]:
    """One issue's district texts as files; district by path."""
    folder.mkdir(parents=True)
    districts: dict[str, str] = {}
    with (data / "beigebook" / "corpus.jsonl").open(encoding="utf-8") as lines:
        for document in map(json.loads, lines):
            if str(document["published_at"]).startswith(issue):
                district = document.get("district") or document["title"]
                name = re.sub(r"[^a-z0-9]+", "-", document["title"].lower()).strip("-") + ".txt"
                (folder / name).write_text(
                    f"{document['title']}\n\nDate: {document['published_at']}\n\n{document['text']}\n", encoding="utf-8"
                )
                districts[f"{folder.name}/{name}"] = district
    return districts


def district_names(districts: dict[str, str]) -> dict[str, str]:
    """The twelve Reserve Banks' cities by path."""
    cities = "Boston|New York|Philadelphia|Cleveland|Richmond|Atlanta|Chicago|St. Louis|Minneapolis|Kansas City|Dallas|San Francisco"
    return {path: match[0] for path, title in districts.items() if (match := re.search(cities, title))}


def beige_book_lines(data: Path, *, workspace: Path) -> list[str]:
    """Attribution in a report on one issue."""
    names = district_names(write_issue(data, workspace.parent / "beigebook"))
    with library_of(workspace.parent / "beigebook", workspace=workspace) as library:
        report = library.write("Economic conditions by Federal Reserve district, December 2018", as_of=date(2018, 12, 31))
        check = library.check(report)
    documents = {evidence.id: evidence.document for evidence in report.evidence}
    named = {source.document: names[source.path] for source in report.sources}
    right = wrong = 0
    for claim in report.claims:
        cited = {named[documents[identity]] for identity in claim.evidence}
        for city in names.values():
            if re.search(rf"\b{re.escape(city)}\b", claim.text):
                right, wrong = right + (city in cited), wrong + (city not in cited)
    share = f"{right / (right + wrong):.3f}" if right + wrong else "n/a"
    return [
        f"- {len(report.claims)} claims from {len(report.sources)} of {len(names)} districts; gates failed: {len(check.failures())}",
        f"- sentences that name a district: {right + wrong}; of these citing that district's document: {right} ({share})",
    ]


# ── the page ──────────────────────────────────────────────────────────────────────────────────────────────────────


def machine() -> str:
    """Where this was measured, without names."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def page(data: Path) -> str:
    """docs/evaluation.md."""
    gold = json.loads(GOLD.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        with library_of(REPOSITORY / "sample_docs", workspace=Path(folder, "sample")) as library:
            table = retrieval_table(library)
            lines = report_lines(library, gold)
        beige = (
            beige_book_lines(data, workspace=Path(folder, "beige", "workspace"))
            if (data / "README.md").is_file()
            else [f"- not measured: no evaluation data in {data.name}; set RAG_EVAL_DATA"]
        )
    answerable = sum(question["answerable"] for question in gold["questions"])
    return "\n".join(
        [
            "# Evaluation",
            "",
            f"Written by `make eval` on {datetime.now(UTC).date()} ({machine()}), embedded model all-MiniLM-L6-v2, no reranker.",
            "",
            "## Sample documents: retrieval",
            "",
            f"{answerable} answerable gold questions over {len(gold['documents'])} documents. A passage answers when it lies on a gold "
            "page; intervals are 95 %, bootstrapped over questions.",
            "",
            *table,
            "",
            "## Sample documents: the report",
            "",
            *lines,
            "",
            f"## Beige Book {ISSUE}: attribution",
            "",
            *beige,
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=REPOSITORY / "docs" / "evaluation.md")
    output = parser.parse_args().output
    text = page(Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data")))
    output.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
