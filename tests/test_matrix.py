"""A report that goes through one subject after the other, and cards that share what they stand on (rag/report/matrix.py, cards.py)."""

from datetime import date

from rag.prompts import facet_pack, metric_vocabulary
from rag.report import make_plan, outline_of
from rag.report.harvest import harvest
from rag.report.matrix import Piece, most_telling, pieces_of, room_for
from rag.report.wording import Vocabulary
from rag.text import words
from tests.report_fixture import AS_OF, corpus_of, small_report

VOCABULARY = Vocabulary(metric_vocabulary())
SPOKE = {
    "Northmark": (
        "Shops in most towns said that retail sales rose in June, as they had done before in spring.",
        "Retail sales rose and hiring increased.",
    ),
    "Ostvik": (
        "Harbour traders told us once more of retail sales that rose at a moderate pace.",
        "Employment increased and retail sales grew.",
    ),
    "Pellham": (
        "Retail sales rose a little in the view of the grocers and butchers whom we asked in June.",
        "Mills hired, so that employment grew, and retail sales rose.",
    ),
}
"""District -> a sentence on one measure, and a shorter one on two."""
STORED = {
    "Northmark": (
        "Imports of heat storage rose, and demand for heat storage grew.",
        "Northmark's harbour says that imports have increased by rail.",
        "Demand for heat storage increased again in its northern suburbs.",
    ),
    "Ostvik": (
        "Traders saw demand for heat storage rise while imports grew.",
        "Since last spring imports into Ostvik have risen.",
        "Ostvik's housing offices report that demand has grown.",
    ),
    "Pellham": (
        "Builders report that demand increased and that imports rose.",
        "Customs at Pellham counted and found that imports increased.",
        "Demand in the lake towns grew in every month of winter.",
    ),
}
"""Town -> a sentence on two measures, and one on each of them."""


def test_in_few_words_what_tells_most_for_them_is_taken() -> None:
    """Of each district the sentence on two measures, and not one of them again."""
    room = sum(len(words(both)) for _, both in SPOKE.values())
    assert {candidate.text for candidate in most_telling(_surveyed(), room=room)} == {both for _, both in SPOKE.values()}


def test_with_room_everything_is_taken() -> None:
    """As many words as it takes, where no number of them is asked for."""
    told = most_telling(_surveyed(), room=room_for(0))
    assert {candidate.text for candidate in told} == {text for said in SPOKE.values() for text in said}


def test_a_card_whose_sentences_another_prints_is_made_of_what_is_left() -> None:
    """Two measures that one sentence of each paper tells together: two cards, no sentence on both."""
    texts = {
        f"notes/{place}.txt": (f"{place} on heat storage", f"{place} Bank", date(2026, 5, 1), " ".join(said))
        for place, said in STORED.items()
    }
    report = small_report(topic="Heat storage", given=corpus_of(texts))
    cards = {card.key.metric: set(card.claims) for card in report.cards}
    assert set(cards) == {"Demand", "Imports"}
    assert not cards["Demand"] & cards["Imports"]


def _surveyed() -> list[Piece]:
    """What the districts' surveys say."""
    texts = {
        f"{place}.txt": (f"Regional survey: {place} District", "Survey Office", date(2026, 5, 1), " ".join(said))
        for place, said in SPOKE.items()
    }
    given = corpus_of(texts)
    outline = outline_of("Regional survey, economic conditions by district", pack=facet_pack("macro"))
    plan = make_plan(outline, subjects=sorted(SPOKE), titles=[source.title for source in given.sources])
    read = harvest(
        plan, find=given.find_all, document=given.document, sources=given.sources, vocabulary=VOCABULARY, statements=(), as_of=AS_OF
    )
    return pieces_of(read.current, subjects=read.gathered.subjects, vocabulary=VOCABULARY)
