"""Closeness of words: what a paraphrase scores, and what it does not."""

import pytest

from rag.closeness import clauses, closeness, closenesses
from rag.types import Chunk

CLAIM = "Home sales declined in most coastal districts"


def passage(text: str, *, header: str = "") -> Chunk:
    """A chunk of one page."""
    return Chunk(id="x", document="d", ordinal=0, start=0, end=len(text), text=text, first_page=1, last_page=1, header=header, tokens=9)


def close(question: str, *texts: str) -> list[float]:
    """Closeness in a library of 1,000 chunks in which each word of the question stands in 20."""
    holders = dict.fromkeys(question.lower().split(), 20)
    return closeness(question, [passage(text) for text in texts], holders=holders, among=1000)


def test_the_more_words_are_shared_the_closer() -> None:
    """And a text that shares none has nothing."""
    values = close(CLAIM, "Home sales declined in coastal districts.", "Sales of homes were flat.", "Banks lent more.")
    assert values[0] > values[1] > values[2] == 0


def test_the_same_words_far_apart_are_less_close() -> None:
    """One text says the claim, the other spreads its words over as many sentences."""
    filler = "Contacts reported that hiring plans stayed modest while wages and prices kept rising at a slow pace across many firms."
    said = f"{CLAIM}. {filler} {filler} {filler}"
    spread = f"Home {filler} sales {filler} declined {filler} coastal districts."
    assert close(CLAIM, said, spread)[0] > 1.5 * close(CLAIM, said, spread)[1]


def test_words_that_stand_together_in_both_count_more() -> None:
    """The same words in the same sentence, shuffled against together."""
    together, apart = close("coastal home sales", "There coastal home sales fell.", "Sales fell a b c d e f g h coastal x y z w v u home.")
    assert together > apart


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    """By how many chunks of the library hold it."""
    holders = {"tariff": 3, "year": 400}
    rare, common = closeness("tariff year", [passage("The tariff rose."), passage("The year ended.")], holders=holders, among=1000)
    assert rare > common > 0


def test_word_forms_and_the_header_count() -> None:
    """Stems are compared, and a passage is read with its header."""
    assert close("declining sale", "Sales declined.")[0] > 0
    assert closeness("tariff", [passage("It rose.", header="Tariffs")], holders={"tariff": 3}, among=1000)[0] > 0


@pytest.mark.parametrize("question", ["", "?!", "of the and"])
def test_a_question_without_telling_words_is_close_to_nothing(question: str) -> None:
    """And no chunks give no values."""
    assert close(question, "Of the and.") == [0.0]
    assert closeness(question, [], holders={}, among=0) == []
    assert closenesses(question, [passage("Of the and.")], holders={}, among=9) == [(0.0, 0.0)]


def test_a_question_is_taken_apart_into_clauses_of_a_few_telling_words() -> None:
    """At commas before a space and at words that set things against each other; a short one goes with its neighbour."""
    question = "Retail sales rose in coastal towns, but home prices fell sharply, while hiring, wages."
    assert clauses(question) == [["retail", "sale", "rose", "coastal", "town"], ["home", "price", "fell", "sharpli", "hire", "wage"]]
    assert clauses("Sales of 1,200 homes") == [["sale", "1", "200", "home"]]
    assert clauses("") == [[]]


def test_a_passage_that_says_one_clause_is_close_to_it() -> None:
    """Closer than one with as many words of both, though neither is closer to the whole by much; one clause has one value."""
    question = "Retail sales rose in coastal towns, but home prices fell sharply inland"
    texts = ["Retail sales rose in coastal towns.", "Retail towns saw the prices of their inland farms fell flat."]
    holders = dict.fromkeys(question.lower().replace(",", "").split(), 20)
    says, mixes = closenesses(question, [passage(text) for text in texts], holders=holders, among=1000)
    assert says[1] > 2 * mixes[1]
    assert says[1] > 1.5 * says[0]
    assert all(whole == clause for whole, clause in closenesses(CLAIM, [passage(CLAIM)], holders={}, among=1000))
