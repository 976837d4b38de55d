"""What it costs to keep vectors in fewer bytes: exact search by each way of keeping them against float32, on real vectors.

    python -m benchmarks.stored [--documents 384] [--candidates 1000] [--data FOLDER]

The Beige Book's reports of the evaluation data and its masked questions, embedded by the small model; a document counts by its best
passage.
"""

import argparse
import json
import os
from collections.abc import Sequence
from math import log2
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import click
import numpy as np

from rag.chunking import MOST_TOKENS, chunk
from rag.embedders.small import SmallEmbedder
from rag.record.codes import Signs, cosines, decoded, encoded
from tests.fakes import plain_document

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.ports import Vectors

REPOSITORY = Path(__file__).resolve().parent.parent
K = 10


def main() -> None:
    """Prints a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=384)
    parser.add_argument("--candidates", type=int, default=1_000, help="scored of those that the signs put first")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAG_EVAL_DATA", REPOSITORY.parent / "shared" / "data")))
    options = parser.parse_args()
    owners, rows, questions, gold = _embedded(options.data / "beigebook", documents=options.documents)
    codes, dimensions = encoded(rows, whole=False)[0], rows.shape[1]
    signs = Signs.empty(len(rows), dimensions=dimensions)
    signs.put(0, codes)
    coarse = decoded(codes, b"", dimensions=dimensions)
    click.echo(f"{len(rows):,} passages of {len(set(owners))} documents, {len(questions)} questions")
    kept = {"float32": rows, "full": decoded(*encoded(rows), dimensions=dimensions), "int8": coarse, "binary": coarse}
    for name, table in kept.items():
        overlaps, gains, error = [], [], 0.0
        for question, wanted in zip(questions, gold, strict=True):
            true, scores = cosines(rows, question), cosines(table, question)
            error = max(error, float(np.abs(scores - true).max()))
            if name == "binary":
                scores[np.argsort(-signs.near(question, None)[0])[options.candidates :]] = -1.0
            order = _order(scores)
            overlaps.append(len({*order[:K]} & {*_order(true)[:K]}) / K)
            gains.append(_gain([owners[at] for at in order], wanted))
        click.echo(f"| {name} | overlap@{K} {fmean(overlaps):.4f} | nDCG@{K} {fmean(gains):.4f} | largest error {error:.1e} |")


def _embedded(data: Path, *, documents: int) -> tuple[list[str], "Vectors", "Vectors", list[set[str]]]:
    """(document of each passage, passages, questions whose gold documents are all there, gold)."""
    embedder = SmallEmbedder()
    corpus = list(map(json.loads, (data / "corpus.jsonl").read_text("utf-8").splitlines()))[:documents]
    owners, texts = [], []
    for one in corpus:
        document = plain_document(f"{one['title']}\n\n{one['text']}\n", name=one["title"])
        found = chunk(document, document_id="0" * 16, counter=embedder, budget=MOST_TOKENS)
        owners += [one["id"]] * len(found)
        texts += [piece.embedded_text for piece in found]
    there = set(owners)
    queries = map(json.loads, (data / "queries.jsonl").read_text("utf-8").splitlines())
    asked = [(query["query_masked"], {fact["doc_id"] for fact in query["evidence"]}) for query in queries]
    asked = [(text, gold) for text, gold in asked if gold and gold <= there]
    questions = embedder.embed([text for text, _ in asked], kind="query")
    return owners, embedder.embed(texts, kind="document"), questions, [gold for _, gold in asked]


def _order(scores: "NDArray[np.float32]") -> list[int]:
    return [int(at) for at in np.argsort(-scores, kind="stable")]


def _gain(owners: Sequence[str], gold: set[str]) -> float:
    """nDCG over documents in the order of their first passage."""
    found = list(dict.fromkeys(owners))[:K]
    best = sum(1 / log2(rank + 2) for rank in range(min(K, len(gold))))
    return sum(1 / log2(rank + 2) for rank, document in enumerate(found) if document in gold) / best


if __name__ == "__main__":
    main()
