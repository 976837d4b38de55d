"""Measures search on real documents with known answers, by set, half and way of searching; `make eval` writes all of it on a page.

    python -m benchmarks.retrieval [--sets beigebook fed_speeches ...] [--half held-out] [--json results.json]

The documents come from RAG_EVAL_DATA (../shared/data where not set), the product's own readers read them, and `rag ingest` puts them
in workspaces under RAG_EVAL_CACHE (the temporary folder where not set), so that a second run embeds nothing. Questions are split in two
halves by a hash of their id: what was chosen was chosen on "tune"; "held-out" is what to believe. The measuring is that of `rag eval`.
"""

import argparse
import calendar
import hashlib
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rag.app import Library, create
from rag.evaluate import FULL, By, Gold, Place, Question, Within, arms_of, chosen, evaluate
from rag.ingest import drain
from rag.prompts import query_prompt

REPOSITORY = Path(__file__).resolve().parent.parent
GOLD = REPOSITORY / "tests" / "gold" / "sample_docs.json"


@dataclass(frozen=True, kw_only=True)
class Task:
    """Questions of one kind, asked in one workspace."""

    name: str
    measure: str
    """As `rag eval` calls it."""
    questions: Sequence[Question]
    by: By = "document"
    """What is ranked; a page or document stands where its best passage stands."""
    goal: float
    floor: float | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """One task, searched one way."""

    task: str
    measure: str
    arm: str
    half: str
    questions: int
    value: float
    low: float
    high: float
    ms: float


# ── the sets ──────────────────────────────────────────────────────────────────────────────────────────────────────


def beigebook(data: Path, folder: Path) -> list[Task]:
    """District reports, claims of the national summary with the districts' names masked."""
    for document in _lines(data / "beigebook" / "corpus.jsonl"):
        _write(folder, document["id"], f"{document['title']}\n\nDate: {document['published_at']}\n\n{document['text']}\n")
    claims = [query for query in _lines(data / "beigebook" / "queries.jsonl") if query["type"] in ("claim_single", "claim_multi")]
    made = []
    for kind, measure, goals in (("claim_single", "hit@1", (0.93, 0.70)), ("claim_multi", "R-precision", (0.78, 0.0))):
        for where, goal in zip(("date given", "no filter"), goals, strict=True):
            questions = [
                Question(
                    id=query["id"],
                    question=query["query_masked"],
                    gold=_documents(query, folder),
                    scope=_month(query["filters"]["published_at"]) if where == "date given" else Within(),
                )
                for query in claims
                if query["type"] == kind
            ]
            made.append(Task(name=f"Beige Book, {kind}, {where}", measure=measure, questions=questions, goal=goal))
    return made


def financebench(data: Path, folder: Path) -> list[Task]:
    """Filings as PDF; the unit is the page, which the set numbers from 0."""
    for path in sorted((data / "financebench" / "pdfs").glob("*.pdf")):
        folder.mkdir(parents=True, exist_ok=True)
        if not (copy := folder / path.name).is_file() or copy.stat().st_size != path.stat().st_size:
            shutil.copy(path, copy)
    asked = [query for query in _lines(data / "financebench" / "queries.jsonl") if query["full_pdf_available"]]

    def page(place: str) -> Gold:
        filing, number = place.rsplit("#p", 1)
        return Gold(document=f"{folder.name}/{filing}.pdf", page=int(number) + 1)

    def questions(*, known: bool) -> list[Question]:
        return [
            Question(
                id=query["id"],
                question=query["query"],
                gold=tuple(page(place) for place in dict.fromkeys(evidence["doc_id"] for evidence in query["evidence"])),
                scope=Within(documents=(f"{folder.name}/{query['doc']}.pdf",)) if known else Within(),
            )
            for query in asked
        ]

    return [
        Task(name=f"FinanceBench pages, {where}", measure="hit@10", by="page", questions=questions(known=known), goal=goal, floor=floor)
        for where, known, goal, floor in (("shared store", False, 0.65, 0.230), ("filing known", True, 0.85, 0.443))
    ]


def fed_speeches(data: Path, folder: Path) -> list[Task]:
    """Speeches without their titles, and the titles as questions."""
    for document in _lines(data / "fed_speeches" / "corpus.jsonl"):
        _write(folder, document["id"].replace("#", "-"), document["text"] + "\n")
    questions = [
        Question(id=query["id"], question=query["query"], gold=_documents(query, folder))
        for query in _lines(data / "fed_speeches" / "queries.jsonl")
    ]
    return [Task(name="Fed speeches, titles", measure="MRR@10", questions=questions, goal=0.85, floor=0.692)]


def multihop(data: Path, folder: Path) -> list[Task]:
    """Evidence sentences, each a document of its own under its article's title; questions that have no answer are left out."""
    names: dict[tuple[str, str], str] = {}
    for article in _lines(data / "multihop_rag_facts" / "corpus.jsonl"):
        for number, fact in enumerate(line for line in article["text"].split("\n") if line.strip()):
            names[article["id"], fact] = f"{article['id']}-{number}"
            head = f"{article['title']}\n\n{article['source']}\n\nPublished: {article['published_at'][:10]}\n\n"
            _write(folder, names[article["id"], fact], f"{head}{fact}\n")
    questions = [
        Question(
            id=query["id"],
            question=query["query"],
            gold=tuple(
                Gold(document=f"{folder.name}/{name}.txt")
                for name in dict.fromkeys(names[evidence["doc_id"], evidence["fact"]] for evidence in query["evidence"])
            ),
        )
        for query in _lines(data / "multihop_rag_facts" / "queries.jsonl")
        if query["evidence"]
    ]
    return [Task(name="MultiHop facts", measure="recall@10", questions=questions, goal=0.85, floor=0.729)]


def sample_docs(data: Path, folder: Path) -> list[Task]:
    """The repository's own documents; a fact is found by a passage on a page that prints it, among the first ten passages."""
    shutil.copytree(REPOSITORY / "sample_docs", folder, dirs_exist_ok=True)
    return [Task(name="sample_docs gold", measure="recall@10", by="passage", questions=sample_questions(folder.name), goal=0.95)]


def sample_questions(folder: str) -> list[Question]:
    """The gold questions that have an answer. Sheets are gold by name, so that any passage of a workbook answers for its sheet."""
    gold = json.loads(GOLD.read_text(encoding="utf-8"))
    facts = {fact["id"]: fact for fact in gold["facts"]}

    def place(at: Mapping[str, Any]) -> dict[str, Any]:
        return {"document": f"{folder}/{at['document']}", "page": at["page"] if isinstance(at["page"], int) else None}

    return [
        Question(
            id=question["id"],
            question=question["question"],
            gold=tuple(
                Gold(**place(facts[name]), also=tuple(Place(**place(at)) for at in facts[name]["also"])) for name in question["facts"]
            ),
        )
        for question in gold["questions"]
        if question["answerable"]
    ]


SETS = {made.__name__: made for made in (sample_docs, multihop, beigebook, fed_speeches, financebench)}


HALVES = ("tune", "held-out")


def data_folder() -> Path:
    """RAG_EVAL_DATA, or where it lies beside the repository."""
    return Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data"))


def has_data(folder: Path) -> bool:
    """Whether the evaluation data is there."""
    return (folder / "README.md").is_file()


def cache_folder() -> Path:
    """RAG_EVAL_CACHE, or a folder among the temporary ones."""
    return Path(os.environ.get("RAG_EVAL_CACHE", Path(tempfile.gettempdir()) / "rag-eval"))


def half_of(question: Question) -> str:
    """The half it belongs to, for good."""
    return "tune" if hashlib.sha256(question.id.encode()).digest()[0] % 2 == 0 else "held-out"


def _documents(query: Mapping[str, Any], folder: Path) -> tuple[Gold, ...]:
    named = dict.fromkeys(evidence["doc_id"].replace("#", "-") for evidence in query["evidence"])
    return tuple(Gold(document=f"{folder.name}/{name}.txt") for name in named)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _write(folder: Path, name: str, text: str) -> None:
    """Unchanged files are left alone, so that ingest need not look at them again."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.txt"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _month(issue: str) -> Within:
    year, month = map(int, issue.split("-"))
    return Within(published_from=date(year, month, 1), published_to=date(year, month, calendar.monthrange(year, month)[1]))


# ── measuring ─────────────────────────────────────────────────────────────────────────────────────────────────────


def measured(task: Task, library: Library, *, arms: Sequence[str], half: str) -> list[Result]:
    """The task's own measure for each arm."""
    questions = [question for question in task.questions if half in (half_of(question), "both")]
    every = arms_of(library.retrieval, query_prompt=query_prompt(workspace=library.workspace).text)
    found = evaluate(questions, arms=chosen(every, arms), record=library.record, by=task.by)
    return [
        Result(
            task=task.name,
            measure=task.measure,
            arm=arm.name,
            half=half,
            questions=len(questions),
            value=arm.measures[task.measure].value,
            low=arm.measures[task.measure].low,
            high=arm.measures[task.measure].high,
            ms=arm.ms,
        )
        for arm in found.arms
    ]


def run(
    names: Iterable[str], *, data: Path, cache: Path, halves: Sequence[str], arms: Sequence[str]
) -> Iterator[tuple[Task, list[Result]]]:
    """Every task of the sets with a result for each half and arm."""
    for name in names:
        tasks = SETS[name](data, cache / name / "documents")
        workspace = cache / name / "workspace"
        if not (workspace / "rag.toml").is_file():
            create(workspace, folders=[(cache / name / "documents").resolve()], embedder="small")
        with Library.open(workspace) as library:
            drain(library.ingest(now=datetime.now(UTC)))
            for task in tasks:
                yield task, [result for half in halves for result in measured(task, library, arms=arms, half=half)]


def row(task: Task, results: Sequence[Result]) -> str:
    """A line of the table."""
    cells = [f"{result.value:.3f} ({result.low:.2f}-{result.high:.2f})" for result in results]
    floor = f"{task.floor:.3f}" if task.floor else "-"
    ms = f"{statistics.fmean(result.ms for result in results if result.arm == FULL):.0f}"
    return f"| {task.name} | {task.measure} | {floor} | {' | '.join(cells)} | {task.goal or '-'} | {ms} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--half", nargs="+", choices=("tune", "held-out", "both"), default=list(HALVES))
    parser.add_argument("--arm", nargs="+", default=[FULL], help="as `rag eval` calls them; the full search is always there")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    data, cache = data_folder(), cache_folder()
    if not has_data(data):
        sys.exit(f"no evaluation data in {data}: set RAG_EVAL_DATA")
    results: list[Result] = []
    for task, found in run(asked.sets, data=data, cache=cache, halves=asked.half, arms=asked.arm):
        if not results:
            heads = [f"{result.arm}, {result.half}" for result in found]  # arms come in an order of their own, whatever was asked first
            sys.stdout.write(f"| set | measure | BM25 floor | {' | '.join(heads)} | goal | ms |\n|{'---|' * (len(heads) + 5)}\n")
        results += found
        sys.stdout.write(row(task, found) + "\n")
        sys.stdout.flush()
    if asked.json:
        asked.json.write_text(json.dumps([vars(result) for result in results], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
