"""Measures search and reports on documents with known answers and writes docs/evaluation.md.

    python -m benchmarks.evaluate [--parts "search beigebook" ...] [--output docs/evaluation.md]

The page has parts: search on each set of benchmarks.retrieval, the sample documents under every way of searching and their report, and
a report on one Beige Book issue (do sentences that name a district cite that district's document?). Each part is kept under
RAG_EVAL_CACHE when it is done, and is not measured again until the program changes: a run that was cut off goes on where it was.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.retrieval import HALVES, SETS, cache_folder, data_folder, has_data, row, run, sample_questions
from rag.app import Library, create
from rag.evaluate import FULL, arms_of, evaluate
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


# ── the parts of the page ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one part of the page found, kept so that a run which ended early goes on where it was."""

    code: str
    """Of the program that measured it, as ``code`` gives it."""
    measured: str
    """The day."""
    machine: str
    lines: list[str]


def code() -> str:
    """A hash of all that decides a figure: the program, its prompts and the benchmarks."""
    paths = sorted(path for room in ("rag", "prompts", "benchmarks") for path in (REPOSITORY / room).rglob("*") if path.is_file())
    told = hashlib.sha256()
    for path in paths:
        if path.suffix not in (".pyc", ".json"):
            told.update(str(path.relative_to(REPOSITORY)).encode() + b"\0" + path.read_bytes())
    return told.hexdigest()[:16]


def search_lines(name: str, data: Path, cache: Path) -> list[str]:
    """Rows of the table of search for one set, both halves."""
    return [row(task, found) for task, found in run([name], data=data, cache=cache, halves=HALVES, arms=[FULL])]


def sample_lines(data: Path, cache: Path) -> list[str]:
    """The sample documents under every way of searching, and their report."""
    gold = json.loads(GOLD.read_text(encoding="utf-8"))
    answerable = sum(question["answerable"] for question in gold["questions"])
    with tempfile.TemporaryDirectory() as folder, library_of(REPOSITORY / "sample_docs", workspace=Path(folder, "sample")) as library:
        table, report = retrieval_table(library), report_lines(library, gold)
    return [
        f"{answerable} answerable gold questions over {len(gold['documents'])} documents, under every way of searching. A passage answers "
        "when it lies on a gold page.",
        "",
        *table,
        "",
        "The report:",
        "",
        *report,
    ]


def attribution_lines(data: Path, cache: Path) -> list[str]:
    """A report on one Beige Book issue."""
    with tempfile.TemporaryDirectory() as folder:
        return beige_book_lines(data, workspace=Path(folder, "beige", "workspace"))


SEARCH = "search "
PARTS: dict[str, Callable[[Path, Path], list[str]]] = {
    "sample documents": sample_lines,
    f"Beige Book {ISSUE}, attribution": attribution_lines,
    **{SEARCH + name: partial(search_lines, name) for name in SETS},
}
WITHOUT_DATA = ("sample documents", f"{SEARCH}sample_docs")
"""Parts that need no evaluation data."""


def kept(name: str, *, cache: Path, version: str) -> Part | None:
    """The part as this very program measured it before; None where it did not."""
    path = _place(name, cache=cache)
    part = Part(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None
    return part if part and part.code == version else None


def measured(name: str, *, data: Path, cache: Path, version: str) -> Part:
    """The part, measured now and kept."""
    lines = PARTS[name](data, cache)
    part = Part(code=version, measured=str(datetime.now(UTC).date()), machine=machine(), lines=lines)
    path = _place(name, cache=cache)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(vars(part), indent=1), encoding="utf-8")
    return part


def _place(name: str, *, cache: Path) -> Path:
    return cache / "parts" / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}.json"


# ── the page ──────────────────────────────────────────────────────────────────────────────────────────────────────


def machine() -> str:
    """Where this was measured, without names."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def page(parts: Mapping[str, Part]) -> str:
    """docs/evaluation.md: a table of search, then the other parts. A part that is not there is said to be missing."""
    days = sorted({part.measured for part in parts.values()})
    places = sorted({part.machine for part in parts.values()})
    missing = [name for name in PARTS if name not in parts]
    found = [(name, parts[name]) for name in PARTS if name in parts]
    halves = " | ".join(HALVES)
    lines = [
        "# Evaluation",
        "",
        f"Written by `make eval`, measured on {' and '.join(days)} ({'; '.join(places)}), embedded model all-MiniLM-L6-v2, no reranker, no "
        "language model. Intervals are 95 %, bootstrapped over questions.",
        "",
        *([f"Not measured: {', '.join(missing)}. `make eval` goes on with them.", ""] if missing else []),
        "## Search",
        "",
        "Questions are halved by a hash of their id; weights were chosen on *tune*. ms: one search, wall clock, its question's vector "
        "known. What the sets are, and why a goal is missed: [evaluation-retrieval.md](evaluation-retrieval.md).",
        "",
        f"| set | measure | BM25 floor | {halves} | goal | ms |",
        f"|{'---|' * (len(HALVES) + 5)}",
        *(line for name, part in found if name.startswith(SEARCH) for line in part.lines),
    ]
    for name, part in found:
        if not name.startswith(SEARCH):
            lines += ["", f"## {name[0].upper()}{name[1:]}", "", *part.lines]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=REPOSITORY / "docs" / "evaluation.md")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="default: all")
    asked = parser.parse_args()
    data, cache, version = data_folder(), cache_folder(), code()
    parts = {name: part for name in PARTS if (part := kept(name, cache=cache, version=version))}
    for name in (name for name in asked.parts if name not in parts):
        if not has_data(data) and name not in WITHOUT_DATA:
            sys.stderr.write(f"{name}: no evaluation data in {data}: set RAG_EVAL_DATA\n")
            continue
        sys.stderr.write(f"{name} ...\n")
        parts[name] = measured(name, data=data, cache=cache, version=version)
        asked.output.write_text(page(parts), encoding="utf-8")
    asked.output.write_text(page(parts), encoding="utf-8")
    sys.stdout.write(page(parts))


if __name__ == "__main__":
    main()
