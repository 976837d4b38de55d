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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rag.app import Library, create
from rag.embedders.sentence_transformers import MXBAI_QUERY_PROMPT
from rag.ingest import drain
from rag.report.claims import quoted
from rag.retrieval import Retrieval
from rag.text import squeeze
from rag.types import Passage, Report, SearchResult

REPOSITORY = Path(__file__).resolve().parent.parent
GOLD = REPOSITORY / "tests" / "gold" / "sample_docs.json"
K = 10


@dataclass(frozen=True, kw_only=True)
class Score:
    """How a way of searching did on the gold questions."""

    name: str
    hit: float
    """Share of questions with at least one gold page in the top 10."""
    recall: float
    """Mean share of a question's gold pages in the top 10."""
    first: float
    """Share of questions whose first passage is on a gold page."""
    facts: float
    """Share of planted facts whose very sentence or cell stands in a top 10 passage of their question."""


def library_of(folder: Path, *, workspace: Path) -> Library:
    """A workspace with the folder's documents, embedded with the small model."""
    create(workspace, folders=[folder.resolve()], embedder="small")
    library = Library.open(workspace)
    drain(library.ingest(now=datetime.now(UTC)))
    return library


# ── retrieval ─────────────────────────────────────────────────────────────────────────────────────────────────────


def score(name: str, gold: dict[str, Any], find: Callable[[list[str]], Sequence[SearchResult]]) -> Score:
    """All answerable questions under one way of searching."""
    questions = [question for question in gold["questions"] if question["answerable"]]
    facts = {fact["id"]: fact for fact in gold["facts"]}
    hits, recalls, firsts, stated = [], [], [], []
    for question, result in zip(questions, find([question["question"] for question in questions]), strict=True):
        wanted = _groups(question, facts)
        found = [any(_on(place, passage) for passage in result.passages for place in group) for group in wanted]
        hits.append(any(found))
        recalls.append(sum(found) / len(found))
        firsts.append(any(_on(place, result.passages[0]) for group in wanted for place in group))
        stated += [any(_states(facts[identity], passage) for passage in result.passages) for identity in question["facts"]]
    return Score(name=name, hit=_mean(hits), recall=_mean(recalls), first=_mean(firsts), facts=_mean(stated))


def _groups(question: dict[str, Any], facts: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """For each fact the question asks for, the places that print it: one of them is enough."""
    return [
        [{"document": facts[identity]["document"], "page": facts[identity]["page"]}, *facts[identity]["also"]]
        for identity in question["facts"]
    ]


def _on(place: dict[str, Any], passage: Passage) -> bool:
    """Whether the passage lies on that page; sheets are gold by name, so that any passage of a workbook's sheet names it."""
    path = passage.source.path.removeprefix("sample_docs/")
    if path.replace("archive/", "").replace(" (copy)", "") != place["document"]:
        return False
    page = place["page"]
    return not isinstance(page, int) or passage.chunk.first_page <= page <= passage.chunk.last_page


def _states(fact: dict[str, Any], passage: Passage) -> bool:
    return _contains(passage.chunk.text, fact)


def _contains(text: str, fact: dict[str, Any]) -> bool:
    """Whether a text holds the fact's sentence, or its cell's row label and printed value."""
    body = squeeze(text)[0]
    if fact["sentence"]:
        return squeeze(fact["sentence"])[0] in body
    return squeeze(str(fact["cell"]["row"]))[0] in body and squeeze(str(fact["cell"]["text"]))[0] in body


def _mean(values: Iterable[float | bool]) -> float:
    listed = [float(value) for value in values]
    return sum(listed) / len(listed)


class Prompted:
    """The small embedder with the mxbai query prompt before each query: what the prompt does to a model that was not trained with it."""

    def __init__(self, embedder: Any) -> None:
        self._embedder = embedder
        self.fingerprint = replace(embedder.fingerprint, query_prompt=MXBAI_QUERY_PROMPT)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed(self, texts: Sequence[str], *, kind: str) -> Any:
        return self._embedder.embed([MXBAI_QUERY_PROMPT + text if kind == "query" else text for text in texts], kind=kind)


def retrieval_scores(library: Library, gold: dict[str, Any]) -> list[Score]:
    """Hybrid, dense alone, lexical alone, and hybrid and dense with the query prompt."""
    ours = library.retrieval
    prompted = Retrieval(
        record=ours.record, store=ours.store, embedder=Prompted(ours.embedder), reranker=ours.reranker, any_query_prompt=True
    )
    ways: list[tuple[str, Retrieval, dict[str, bool]]] = [
        ("hybrid", ours, {}),
        ("dense only (without lexical)", ours, {"lexical": False}),
        ("lexical only", ours, {"dense": False}),
        ("hybrid, with mxbai's query prompt", prompted, {}),
        ("dense only, with mxbai's query prompt", prompted, {"lexical": False}),
    ]
    return [
        score(name, gold, lambda questions, way=way, switches=switches: way.find_all(questions, k=K, **switches))
        for name, way, switches in ways
    ]


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
            scores = retrieval_scores(library, gold)
            lines = report_lines(library, gold)
        beige = (
            beige_book_lines(data, workspace=Path(folder, "beige", "workspace"))
            if (data / "README.md").is_file()
            else [f"- not measured: no evaluation data in {data.name}; set RAG_EVAL_DATA"]
        )
    answerable = sum(question["answerable"] for question in gold["questions"])
    table = [f"| {s.name} | {s.hit:.3f} | {s.recall:.3f} | {s.first:.3f} | {s.facts:.3f} |" for s in scores]
    return "\n".join(
        [
            "# Evaluation",
            "",
            f"Written by `make eval` on {datetime.now(UTC).date()} ({machine()}), embedded model all-MiniLM-L6-v2, no reranker.",
            "",
            "## Sample documents: retrieval",
            "",
            f"{answerable} answerable gold questions over {len(gold['documents'])} documents. A page counts as found when a passage of "
            f"the top {K} lies on it; a fact counts when its very sentence or cell stands in one.",
            "",
            f"| search | hit@{K} | recall@{K} | hit@1 | fact in top {K} |",
            "|---|---|---|---|---|",
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
