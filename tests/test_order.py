"""The order in which passages are handed over: newer versions first, and what can be asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.errors import UsageError
from rag.order import at_most, diverse
from tests.fakes import HashingEmbedder
from tests.libraries import add, opened

NOTE = "Harbour cranes cost {cost} a year, as the port says in its note."


def embedder() -> HashingEmbedder:
    """Small enough to be quick."""
    return HashingEmbedder(dimensions=128)


def test_an_older_version_stands_behind_the_newer_one_though_it_fits_better(tmp_path: Path) -> None:
    """And the result says so. A question that names the older version finds it first; a note of another quarter is no version."""
    texts = {
        "Crane costs (draft).txt": f"date: 2026-01-05\n\n{NOTE.format(cost='twelve')} What do harbour cranes cost?",
        "Crane costs (revised).txt": f"date: 2026-03-05\n\n{NOTE.format(cost='fifteen')}",
        "Copper.txt": f"date: 2026-03-05\n\n{NOTE.format(cost='nothing')}",
    }
    add(tmp_path, texts, embedder=embedder())
    with opened(tmp_path, embedder=embedder()) as retrieval:
        found = retrieval.find("What do harbour cranes cost?", k=10)
        named = retrieval.find("What do harbour cranes cost in the Draft of Crane Costs?", k=10)
    paths = [passage.source.path for passage in found.passages]
    assert paths.index("docs/Crane costs (revised).txt") < paths.index("docs/Crane costs (draft).txt")
    assert [passage.score for passage in found.passages] == sorted((passage.score for passage in found.passages), reverse=True)
    assert "docs/Crane costs (draft).txt is superseded by docs/Crane costs (revised).txt" in found.notes
    assert named.passages[0].source.path == "docs/Crane costs (draft).txt"


def test_at_most_so_many_passages_of_one_document_where_asked(tmp_path: Path) -> None:
    """Others take the places; fewer than one is refused."""
    long = "\n\n".join(NOTE.format(cost=f"{at} million and more in week {at}") for at in range(12))
    add(tmp_path, {"long.txt": long} | {f"{at}.txt": NOTE.format(cost=at) for at in range(4)}, embedder=embedder(), budget=32)
    with opened(tmp_path, embedder=embedder()) as retrieval:
        every = retrieval.find("harbour cranes", k=50).passages
        two = retrieval.find("harbour cranes", k=50, per_document=2).passages
        with pytest.raises(UsageError):
            retrieval.find("harbour cranes", per_document=0)
    assert two == at_most(every, per_document=2)
    counts = [sum(passage.source.path == path for passage in two) for path in {passage.source.path for passage in every}]
    assert max(counts) == 2
    assert len(every) > len(two)


def test_diverse_passages_do_not_say_the_same_twice(tmp_path: Path) -> None:
    """One that tells something else comes before a copy that fits a little better, and after the best."""
    add(tmp_path, {f"{name}.txt": f"Harbour cranes of {name}." for name in ("Ostvik", "Vessary", "Grenvik", "Birk")}, embedder=embedder())
    with opened(tmp_path, embedder=embedder()) as retrieval:
        found = retrieval.find("harbour cranes", k=4)
        varied = retrieval.find("harbour cranes", k=2, diverse=True)
    passages = [replace(passage, score=score) for passage, score in zip(found.passages, (1.0, 0.99, 0.8, 0.0), strict=True)]
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1, 2]]
    assert diverse(passages, vectors=vectors, k=3) == (passages[0], passages[2], passages[1])
    assert diverse((), vectors=vectors[:0], k=3) == ()
    assert len(varied.passages) == 2
    assert varied.passages[0] == found.passages[0]
