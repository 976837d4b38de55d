"""Questions that are worded as titles: which are, and that they find the document which is about them."""

from pathlib import Path

import pytest

from rag.titled import PASSAGES, abouts, is_title
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
        ("COST OF CELLS", False),
        ("Kordwell", False),
        ("2026", False),
    ],
)
def test_a_title_is_capitals_throughout_and_no_sentence(question: str, title: bool) -> None:
    """Names alone make no title of a question, and one word is none."""
    assert is_title(question) is title


def test_a_document_is_worth_its_best_passages_and_the_least_for_those_it_lacks() -> None:
    """Five good ones beat one very good one; six count no more than the best five."""
    documents = ["much"] * (PASSAGES + 1) + ["once", "other"]
    worth = abouts(documents, [0.8] * PASSAGES + [0.3, 1.0, 0.2])
    assert worth["much"] == pytest.approx(0.8)
    assert worth["once"] == pytest.approx((1.0 + 4 * 0.2) / 5)
    assert abouts([], []) == {}


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
    assert [hit.rank for hit in title[0].hits if hit.by == "document"] == [1]
    assert sentence[0].source.path == "docs/once.txt"
    assert not any(hit.by == "document" for passage in sentence for hit in passage.hits)
