"""The whole way from files to a library that can be asked, beside a plain LangChain script, and how well each finds.

    python -m benchmarks.whole [--every 3]

CPU seconds of each process from its start: reading, cutting, embedding, recording, publishing; then once more with nothing changed. The
documents are the Fed speeches and Beige Book reports of the evaluation data (RAG_EVAL_DATA), of the speeches every so many and of the
Beige Book's issues every so many; the questions those of benchmarks.retrieval whose answers are all among them. The plain script
(benchmarks/plain_langchain.py) has the same model, and its second run embeds all anew: it knows no other.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run

from benchmarks.cold import cpu_of
from benchmarks.retrieval import REPOSITORY, SETS, half_of
from rag.app import Library, create
from rag.evaluate import FULL, Question, arms_of, evaluate
from rag.evaluate.measures import estimate, measured
from rag.ingest import drain

MEASURE = "nDCG@10"


def documents(data: Path, folder: Path, *, every: int) -> list[Question]:
    """Writes the documents; the tune half of the questions about them, no date given."""
    tasks = [task for name in ("fed_speeches", "beigebook") for task in SETS[name](data, folder) if "date given" not in task.name]
    speeches = sorted(path.name for path in folder.glob("fed*.txt"))
    issues = sorted({path.name[:10] for path in folder.glob("bb-*.txt")})
    kept = {*speeches[::every], *(path.name for path in folder.glob("bb-*.txt") if path.name[:10] in issues[::every])}
    for path in folder.glob("*.txt"):
        if path.name not in kept:
            path.unlink()
    asked = [question for task in tasks for question in task.questions if half_of(question) == "tune"]
    return [question for question in asked if all(Path(gold.document).name in kept for gold in question.gold)]


def ours(workspace: Path, questions: Sequence[Question]) -> dict[str, float]:
    """nDCG@10 of each question, documents ranked by their best passage."""
    with Library.open(workspace) as library:
        full = [arm for arm in arms_of(library.retrieval, query_prompt="") if arm.name == FULL]
        return dict(evaluate(questions, arms=full, record=library.record, by="document").arms[0].values[MEASURE])


def theirs(store: Path, questions: Sequence[Question]) -> dict[str, float]:
    """The same of the plain script."""
    asked = store / "questions.json"
    asked.write_text(json.dumps({question.name: question.question for question in questions}), encoding="utf-8")
    done = run([sys.executable, "-m", "benchmarks.plain_langchain", "rank", str(store), str(asked)], check=True, capture_output=True)
    rankings = {name: [[path] for path in paths] for name, paths in json.loads(done.stdout).items()}
    return measured(rankings, {question.name: [Path(gold.document).name for gold in question.gold] for question in questions}, k=10)[
        MEASURE
    ]


def compiled(scratch: Path) -> dict[str, str]:
    """An environment in which all of Python's bytecode was written before, as after any first use: both have read one document."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(scratch / "compiled")
    (scratch / "one").mkdir()
    (scratch / "one" / "one.txt").write_text("Contacts reported that activity rose.\n", encoding="utf-8")
    create(scratch / "tried", folders=[scratch / "one"], embedder="small")
    cpu_of([sys.executable, "-m", "rag", "ingest", "--workspace", str(scratch / "tried")], environment=environment)
    plain = ["-m", "benchmarks.plain_langchain", "ingest", str(scratch / "tried-store"), str(scratch / "one")]
    cpu_of([sys.executable, *plain], environment=environment)
    return environment


def again_s(workspace: Path) -> float:
    """CPU seconds of an ingest without a change in a process that runs already."""
    with Library.open(workspace) as library:
        started = time.process_time()
        drain(library.ingest(now=datetime.now(UTC)))
        return time.process_time() - started


def main() -> None:
    """Runs both in turn and prints what each took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1)
    asked = parser.parse_args()
    data = Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data"))
    with tempfile.TemporaryDirectory() as scratch:
        folder, workspace, store = (Path(scratch) / name for name in ("documents", "workspace", "store"))
        questions = documents(data, folder, every=asked.every)
        create(workspace, folders=[folder], embedder="small")
        environment = compiled(Path(scratch))
        product = [sys.executable, "-m", "rag", "ingest", "--workspace", str(workspace)]
        script = [sys.executable, "-m", "benchmarks.plain_langchain", "ingest", str(store), str(folder)]
        first, plain = (cpu_of(command, environment=environment) for command in (product, script))
        second, within = cpu_of(product, environment=environment), again_s(workspace)
        megabytes = sum(path.stat().st_size for path in folder.glob("*.txt")) / 1e6
        sys.stdout.write(f"{len(list(folder.glob('*.txt')))} documents, {megabytes:.2f} MB, {len(questions)} questions\n")
        sys.stdout.write(f"first run: product {first:.1f} s CPU, plain LangChain {plain:.1f}: {plain / first:.1f}x\n")
        sys.stdout.write(f"second run: {second:.2f} s from process start, {plain / second:.0f}x; {within:.3f} s in a process that runs, ")
        sys.stdout.write(f"{plain / within:.0f}x\n")
        sys.stdout.flush()
        own, other = ours(workspace, questions), theirs(store, questions)
        for name, found in (("product", own), ("plain LangChain", other)):
            value = estimate(list(found.values()))
            sys.stdout.write(f"{MEASURE} {name}: {value.value:.3f} ({value.low:.3f} to {value.high:.3f})\n")


if __name__ == "__main__":
    main()
