"""Measures search on real documents with known answers and writes docs/evaluation-retrieval.md's table.

    python -m benchmarks.retrieval [--sets beigebook fed_speeches ...] [--half held-out] [--json results.json]

The documents come from RAG_EVAL_DATA (../shared/data where not set), the product's own readers read them, and `rag ingest` puts them
in workspaces under RAG_EVAL_CACHE (the temporary folder where not set), so that a second run embeds nothing. Questions are split in two
halves by a hash of their id: what was chosen was chosen on "tune"; "held-out" is what to believe. Intervals are 95 %, bootstrapped over
questions.
"""

import argparse
import calendar
import hashlib
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rag.app import Library, create
from rag.ingest import drain
from rag.types import Passage, Scope

REPOSITORY = Path(__file__).resolve().parent.parent
GOLD = REPOSITORY / "tests" / "gold" / "sample_docs.json"
RESAMPLES = 2000
DEPTH = 100
"""Passages asked for where several may lie in one unit of the answer."""
WAYS: Mapping[str, Mapping[str, bool]] = {"search": {}, "lexical only": {"dense": False}, "dense only": {"lexical": False}}


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question and what answers it."""

    id: str
    text: str
    relevant: frozenset[str]
    scope: Scope = field(default_factory=Scope)

    @property
    def half(self) -> str:
        """The half it belongs to, for good."""
        return "tune" if hashlib.sha256(self.id.encode()).digest()[0] % 2 == 0 else "held-out"


@dataclass(frozen=True, kw_only=True)
class Task:
    """Questions of one kind, asked in one workspace."""

    name: str
    measure: str
    """As ir-measures calls it."""
    shown: str
    """As the table calls it."""
    questions: Sequence[Question]
    units: Callable[[Passage], Sequence[str]]
    """What a passage stands for: its document, its pages, the facts on its page."""
    depth: int = DEPTH
    goal: float
    floor: float | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """One task, searched one way."""

    task: str
    measure: str
    way: str
    half: str
    questions: int
    value: float
    low: float
    high: float


# ── the sets ──────────────────────────────────────────────────────────────────────────────────────────────────────


def beigebook(data: Path, folder: Path) -> Callable[[Library], list[Task]]:
    """District reports, claims of the national summary with the districts' names masked."""
    for document in _lines(data / "beigebook" / "corpus.jsonl"):
        _write(folder, document["id"], f"{document['title']}\n\nDate: {document['published_at']}\n\n{document['text']}\n")
    claims = [query for query in _lines(data / "beigebook" / "queries.jsonl") if query["type"] in ("claim_single", "claim_multi")]

    def tasks(_: Library) -> list[Task]:
        made = []
        for kind, measure, shown, goals in (
            ("claim_single", "Success@1", "hit@1", (0.93, 0.70)),
            ("claim_multi", "Rprec", "R-precision", (0.78, 0.0)),
        ):
            for where, goal in zip(("date given", "no filter"), goals, strict=True):
                questions = [
                    Question(
                        id=query["id"],
                        text=query["query_masked"],
                        relevant=frozenset(evidence["doc_id"] for evidence in query["evidence"]),
                        scope=_month(query["filters"]["published_at"]) if where == "date given" else Scope(),
                    )
                    for query in claims
                    if query["type"] == kind
                ]
                made.append(
                    Task(name=f"Beige Book, {kind}, {where}", measure=measure, shown=shown, questions=questions, units=_stem, goal=goal)
                )
        return made

    return tasks


def financebench(data: Path, folder: Path) -> Callable[[Library], list[Task]]:
    """Filings as PDF; the unit is the page."""
    for path in sorted((data / "financebench" / "pdfs").glob("*.pdf")):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path.name)
    asked = [query for query in _lines(data / "financebench" / "queries.jsonl") if query["full_pdf_available"]]

    def tasks(library: Library) -> list[Task]:
        documents = {Path(source.path).stem: source.document for source in library.retrieval.record.sources()}

        def questions(*, known: bool) -> list[Question]:
            return [
                Question(
                    id=query["id"],
                    text=query["query"],
                    relevant=frozenset(evidence["doc_id"] for evidence in query["evidence"]),
                    scope=Scope(documents=(documents[query["doc"]],)) if known else Scope(),
                )
                for query in asked
            ]

        return [
            Task(
                name=f"FinanceBench pages, {where}",
                measure="Success@10",
                shown="hit@10",
                questions=questions(known=known),
                units=_pages,
                goal=goal,
                floor=floor,
            )
            for where, known, goal, floor in (("shared store", False, 0.65, 0.230), ("filing known", True, 0.85, 0.443))
        ]

    return tasks


def fed_speeches(data: Path, folder: Path) -> Callable[[Library], list[Task]]:
    """Speeches without their titles, and the titles as questions."""
    for document in _lines(data / "fed_speeches" / "corpus.jsonl"):
        _write(folder, document["id"].replace("#", "-"), document["text"] + "\n")
    questions = [
        Question(id=query["id"], text=query["query"], relevant=frozenset(evidence["doc_id"] for evidence in query["evidence"]))
        for query in _lines(data / "fed_speeches" / "queries.jsonl")
    ]
    task = Task(name="Fed speeches, titles", measure="RR@10", shown="MRR@10", questions=questions, units=_stem, goal=0.85, floor=0.692)
    return lambda _: [task]


def multihop(data: Path, folder: Path) -> Callable[[Library], list[Task]]:
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
            text=query["query"],
            relevant=frozenset(names[evidence["doc_id"], evidence["fact"]] for evidence in query["evidence"]),
        )
        for query in _lines(data / "multihop_rag_facts" / "queries.jsonl")
        if query["evidence"]
    ]
    task = Task(name="MultiHop facts", measure="R@10", shown="evidence recall@10", questions=questions, units=_stem, goal=0.85, floor=0.729)
    return lambda _: [task]


def sample_docs(data: Path, folder: Path) -> Callable[[Library], list[Task]]:
    """The repository's own documents; a fact is found by a passage on a page that prints it."""
    shutil.copytree(REPOSITORY / "sample_docs", folder, dirs_exist_ok=True)
    gold = json.loads(GOLD.read_text(encoding="utf-8"))
    facts = {fact["id"]: [{"document": fact["document"], "page": fact["page"]}, *fact["also"]] for fact in gold["facts"]}

    def units(passage: Passage) -> list[str]:
        path = passage.source.path.split("/", 1)[1].replace("archive/", "").replace(" (copy)", "")
        first, last = passage.chunk.first_page, passage.chunk.last_page
        return [
            fact
            for fact, places in facts.items()
            if any(path == at["document"] and (not isinstance(at["page"], int) or first <= at["page"] <= last) for at in places)
        ]

    questions = [
        Question(id=question["id"], text=question["question"], relevant=frozenset(question["facts"]))
        for question in gold["questions"]
        if question["answerable"]
    ]
    task = Task(name="sample_docs gold", measure="R@1000", shown="recall@10", questions=questions, units=units, depth=10, goal=0.95)
    return lambda _: [task]


SETS = {made.__name__: made for made in (sample_docs, multihop, beigebook, fed_speeches, financebench)}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _write(folder: Path, name: str, text: str) -> None:
    """Unchanged files are left alone, so that ingest need not look at them again."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.txt"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _month(issue: str) -> Scope:
    year, month = map(int, issue.split("-"))
    return Scope(published_from=date(year, month, 1), published_to=date(year, month, calendar.monthrange(year, month)[1]))


def _stem(passage: Passage) -> list[str]:
    return [Path(passage.source.path).stem]


def _pages(passage: Passage) -> list[str]:
    """As FinanceBench numbers them: from 0."""
    return [f"{Path(passage.source.path).stem}#p{page - 1}" for page in range(passage.chunk.first_page, passage.chunk.last_page + 1)]


# ── measuring ─────────────────────────────────────────────────────────────────────────────────────────────────────


def measured(task: Task, library: Library, *, way: str, half: str) -> tuple[Result, list[float]]:
    """The mean over the questions with its interval, and seconds a search."""
    import ir_measures

    questions = [question for question in task.questions if half in (question.half, "both")]
    judged, ranked, seconds = [], [], []
    for question in questions:
        started = time.perf_counter()
        found = library.retrieval.find(question.text, k=task.depth, scope=question.scope, **WAYS[way])
        seconds.append(time.perf_counter() - started)
        units = dict.fromkeys(unit for passage in found.passages for unit in task.units(passage))
        ranked += [ir_measures.ScoredDoc(question.id, unit, -rank) for rank, unit in enumerate(units)]
        judged += [ir_measures.Qrel(question.id, unit, 1) for unit in question.relevant]
    values = {metric.query_id: metric.value for metric in ir_measures.iter_calc([ir_measures.parse_measure(task.measure)], judged, ranked)}
    each = [float(values.get(question.id, 0.0)) for question in questions]
    low, high = interval(each)
    result = Result(
        task=task.name,
        measure=task.shown,
        way=way,
        half=half,
        questions=len(each),
        value=statistics.fmean(each),
        low=low,
        high=high,
    )
    return result, seconds


def interval(values: Sequence[float], *, seed: int = 0) -> tuple[float, float]:
    """95 % of the means of so many samples drawn with replacement."""
    draw = random.Random(seed)
    means = sorted(statistics.fmean(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES)]


def run(
    names: Iterable[str], *, data: Path, cache: Path, halves: Sequence[str], ways: Sequence[str]
) -> Iterator[tuple[Task, list[Result]]]:
    """Every task of the sets with a result for each half and way. Progress goes to standard error."""
    for name in names:
        tasks = SETS[name](data, cache / name / "documents")
        workspace = cache / name / "workspace"
        if not (workspace / "rag.toml").is_file():
            create(workspace, folders=[(cache / name / "documents").resolve()], embedder="small")
        with Library.open(workspace) as library:
            drain(library.ingest(now=datetime.now(UTC)))
            for task in tasks(library):
                found = [measured(task, library, way=way, half=half) for half in halves for way in ways]
                took = sorted(second for _, seconds in found[:: len(ways)] for second in seconds)
                sys.stderr.write(f"{task.name}: median {1000 * statistics.median(took):.0f} ms a search\n")
                yield task, [result for result, _ in found]


def row(task: Task, results: Sequence[Result]) -> str:
    """A line of the table."""
    cells = [f"{result.value:.3f} ({result.low:.2f}-{result.high:.2f})" for result in results]
    floor = f"{task.floor:.3f}" if task.floor else "-"
    return f"| {task.name} | {task.shown} | {floor} | {' | '.join(cells)} | {task.goal or '-'} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--half", nargs="+", choices=("tune", "held-out", "both"), default=["tune", "held-out"])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["search"])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    data = Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (data / "README.md").is_file():
        sys.exit(f"no evaluation data in {data}: set RAG_EVAL_DATA")
    cache = Path(os.environ.get("RAG_EVAL_CACHE", Path(tempfile.gettempdir()) / "rag-eval"))
    heads = [f"{way}, {half}" for half in asked.half for way in asked.ways]
    sys.stdout.write(f"| set | measure | BM25 floor | {' | '.join(heads)} | goal |\n|{'---|' * (len(heads) + 4)}\n")
    results: list[Result] = []
    for task, found in run(asked.sets, data=data, cache=cache, halves=asked.half, ways=asked.ways):
        results += found
        sys.stdout.write(row(task, found) + "\n")
        sys.stdout.flush()
    if asked.json:
        asked.json.write_text(json.dumps([vars(result) for result in results], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
