"""Questions that are worded as titles: which are, and that they find the document which is about them."""

from pathlib import Path

import pytest

from rag.record import Record, scan
from rag.titled import PASSAGES, WORDS, abouts, is_title
from rag.types import Scope
from tests.fakes import HashingEmbedder
from tests.libraries import add, opened


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("The Future of Home Storage: Costs, Risks, and Subsidies", True),
        ("Zinc-Air Batteries", True),
        ("Profit and Loss of Kordwell Energi in FY2019?", False),
        ("What did Kordwell Energi pay in Marenland?", False),
        ("Kordwell Energi paid EUR 12 million to Halvex.", False),
        ("EV batteries, Europe, 2024-26", False),
        ("cost of solid-state cells", False),
        ("The Future of Home Storage (by video from the port)", True),
        ("COST OF CELLS", False),
        ("Kordwell", False),
        ("2026", False),
    ],
)
def test_a_title_is_capitals_throughout_and_no_sentence(question: str, title: bool) -> None:
    """Names alone make no title of a question, and one word is none."""
    assert is_title(question) is title


def test_a_document_is_worth_its_nearest_passages_and_its_words_and_the_least_for_what_it_lacks() -> None:
    """Several good passages beat one very good one; more than PASSAGES count no more than the best of them."""
    documents = ["much"] * (PASSAGES + 1) + ["once", "other"]
    worth = abouts(documents, [0.8] * PASSAGES + [0.3, 1.0, 0.2], words={"other": 0.5, "unseen": 0.1})
    assert worth["much"] == pytest.approx(0.8)
    assert worth["once"] == pytest.approx((1.0 + (PASSAGES - 1) * 0.2) / PASSAGES)
    assert worth["other"] == pytest.approx(0.2 + WORDS * 0.5)
    assert worth["unseen"] == pytest.approx(0.2 + WORDS * 0.1)
    assert abouts([], [], words={}) == {}


def test_a_document_as_a_whole_is_what_a_title_asks_for(tmp_path: Path) -> None:
    """It holds both words in many passages; one that opens with a word beats one that ends with it; a scope sees its own documents only."""
    filler = [f"Line {at} of the note tells of copper and tin in week {at}, as every other line of it does." for at in range(8)]
    texts = {
        "whole.txt": "\n\n".join(f"Cranes of the harbour, week {at}: {line}" for at, line in enumerate(filler)),
        "opens.txt": "\n\n".join(["Harbour.", *filler]),
        "ends.txt": "\n\n".join([*filler, "Harbour."]),
        "none.txt": "\n\n".join(filler),
    }
    add(tmp_path, texts, embedder=HashingEmbedder(dimensions=64), budget=32)
    with opened(tmp_path, embedder=HashingEmbedder(dimensions=64)) as retrieval:
        paths = {source.document: source.path.removeprefix("docs/") for source in retrieval.record.sources()}
        found = {paths[document]: score for document, score in retrieval.record.abouts("Harbour Cranes").items()}
        alone = tuple(document for document, path in paths.items() if path == "ends.txt")
        assert sorted(found, key=lambda path: -found[path]) == ["whole.txt", "opens.txt", "ends.txt"]
        assert set(retrieval.record.abouts("Harbour Cranes", scope=Scope(documents=alone))) == set(alone)


def test_titles_find_documents_alike_with_and_without_postings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small library asks FTS5 for the passages that hold a word, a large one its postings."""
    texts = {f"{at}.txt": f"Harbour {'cranes ' * (at % 3)} and tin, note {at}." for at in range(12)}
    add(tmp_path, texts, embedder=HashingEmbedder(dimensions=64))
    with opened(tmp_path, embedder=HashingEmbedder(dimensions=64)) as retrieval:
        asked = retrieval.record.abouts("Harbour Cranes")
    monkeypatch.setattr(scan, "WORDS_FROM", 1)
    with Record.open(tmp_path / "library.db") as record:
        record.index_words()
    with opened(tmp_path, embedder=HashingEmbedder(dimensions=64)) as retrieval:
        assert retrieval.record.abouts("Harbour Cranes") == pytest.approx(asked)


def test_a_title_finds_the_document_that_is_about_it(tmp_path: Path) -> None:
    """Not the one that says its words once; each passage says that the document was why. As a sentence, the words come first."""
    words = [
        "harbour cranes and their wages",
        "wages in the harbour fell",
        "cranes of the harbour",
        "a harbour of high wages",
        "harbour wages",
    ]
    about = "\n\n".join(f"{text}, as the port said in week {number} of the year." for number, text in enumerate(words * 2))
    texts = {"about.txt": about, "once.txt": "Harbour cranes: wages."} | {f"other-{at}.txt": f"Copper, note {at}." for at in range(20)}
    add(tmp_path, texts, embedder=HashingEmbedder(dimensions=512), budget=32)
    with opened(tmp_path, embedder=HashingEmbedder(dimensions=512)) as retrieval:
        title = retrieval.find("Harbour Cranes and Wages", k=3).passages
        sentence = retrieval.find("harbour cranes and wages", k=3).passages
    assert title[0].source.path == "docs/about.txt"
    assert min(hit.rank for passage in title for hit in passage.hits if hit.by == "document") == 1
    assert any(hit.by == "document" for hit in title[0].hits)
    assert sentence[0].source.path == "docs/once.txt"
    assert not any(hit.by == "document" for passage in sentence for hit in passage.hits)
