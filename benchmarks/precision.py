"""What number formats cost in finding: nDCG@10 of a model's vectors alone, documents embedded by one engine and by another.

    python -m benchmarks.precision [--sets sample_docs multihop beigebook fed_speeches] [--engines float32 bfloat16] [--half tune]
                                   [--model FOLDER]

The model is the small one, or that of FOLDER, with mxbai's query prompt; int8 is for FOLDER only, and embeds questions too.

Documents, questions and halves are those of benchmarks.retrieval; the search is the product's, without its lexical part, so that nothing
hides what a vector lost. The difference to the first engine is over the same questions, with its bootstrap interval.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.retrieval import REPOSITORY, SETS, Task, half_of
from rag.app import Library, create
from rag.embedders.engine import EngineSetting
from rag.embedders.sentence_transformers import SentenceTransformersEmbedder
from rag.embedders.small import SmallEmbedder
from rag.evaluate import FULL, arms_of, evaluate
from rag.evaluate.measures import estimate
from rag.ingest import drain

MEASURE = "nDCG@10"


def library_of(name: str, engine: EngineSetting, *, cache: Path, model: Path | None) -> Library:
    """The set's documents, embedded by this engine."""
    workspace = cache / name / f"workspace-{model.name if model else 'small'}-{engine}"
    if not (workspace / "rag.toml").is_file():
        create(workspace, folders=[(cache / name / "documents").resolve()], embedder="small")
    library = Library.open(workspace)
    embedder = SentenceTransformersEmbedder(str(model), engine=engine) if model else SmallEmbedder(engine=engine)
    library.__dict__["embedder"] = embedder
    drain(library.ingest(now=datetime.now(UTC)))
    return library


def found_by(library: Library, task: Task, *, half: str) -> dict[str, float]:
    """nDCG@10 of each question by vectors alone."""
    dense = next(arm for arm in arms_of(library.retrieval, query_prompt="") if arm.name == "without lexical")
    questions = [question for question in task.questions if half in (half_of(question), "both")]
    return dict(evaluate(questions, arms=[replace(dense, name=FULL)], record=library.record, by=task.by).arms[0].values[MEASURE])


def main() -> None:
    """A row a task, printed as it comes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["sample_docs", "multihop", "beigebook", "fed_speeches"])
    parser.add_argument("--engines", nargs="+", choices=("float32", "bfloat16", "int8"), default=["float32", "bfloat16"])
    parser.add_argument("--half", choices=("tune", "held-out", "both"), default="tune")
    parser.add_argument("--model", type=Path, default=None)
    asked = parser.parse_args()
    if "int8" in asked.engines and not asked.model:
        parser.error("the small model does not run in int8: name another's folder with --model")
    data = Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data"))
    cache = Path(os.environ.get("RAG_EVAL_CACHE", Path(tempfile.gettempdir()) / "rag-eval"))
    heads = [asked.engines[0], *(f"{engine}, difference" for engine in asked.engines[1:])]
    sys.stdout.write(f"| set | questions | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 2)}\n")
    for name in asked.sets:
        tasks = [task for task in SETS[name](data, cache / name / "documents") if "no filter" not in task.name]
        libraries = [library_of(name, engine, cache=cache, model=asked.model) for engine in asked.engines]
        for task in tasks:
            first, *others = [found_by(library, task, half=asked.half) for library in libraries]
            cells = [f"{estimate(list(first.values())).value:.4f}"]
            for other in others:
                apart = estimate([other[question] - value for question, value in first.items()])
                cells.append(f"{estimate(list(other.values())).value:.4f}, {apart.value:+.4f} ({apart.low:+.4f} to {apart.high:+.4f})")
            sys.stdout.write(f"| {task.name} | {len(first)} | {' | '.join(cells)} |\n")
            sys.stdout.flush()
        for library in libraries:
            library.close()


if __name__ == "__main__":
    main()
