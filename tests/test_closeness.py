"""Closeness of words: what a paraphrase scores, and what it does not."""

import hashlib
import math
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from statistics import fmean
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag import windows as room
from rag.closeness import clauses, closeness, closenesses
from rag.text import STOPWORDS, sentences, stem, words
from rag.types import Chunk
from rag.windows import VERSION, WINDOW, Stems, header_line, packed

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
    assert closenesses(question, [passage("Of the and.")], holders={}, among=9, told={}) == [(0.0, 0.0)]


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
    says, mixes = closenesses(question, [passage(text) for text in texts], holders=holders, among=1000, told={})
    assert says[1] > 2 * mixes[1]
    assert says[1] > 1.5 * says[0]
    assert all(whole == clause for whole, clause in closenesses(CLAIM, [passage(CLAIM)], holders={}, among=1000, told={}))


# ── against the plain way ─────────────────────────────────────────────────────────────────────────────────────────


def plain_stems(text: str) -> list[str]:
    """Stop words left out."""
    return [stem(word.lower()) for word in words(text) if word.lower() not in STOPWORDS]


def plain_windows(text: str) -> list[list[str]]:
    """Each row of a table, and sentences joined until they are long enough."""
    found: list[list[str]] = []
    window: list[str] = []
    for is_row, lines in groupby(text.split("\n"), key=lambda line: " | " in line):
        if is_row:
            found += map(plain_stems, lines)
            continue
        prose = "\n".join(lines)
        for start, end in sentences(prose):
            window += plain_stems(prose[start:end])
            if len(window) >= WINDOW:
                found.append(window)
                window = []
    return [*found, window] if window or not found else found


def pairs_of(stems: Sequence[str], known: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Of different known stems, four places apart at most, in alphabetical order."""
    for at, one in enumerate(stems):
        for other in stems[at + 1 : at + 5]:
            if one in known and other in known and one != other:
                yield min(one, other), max(one, other)


def plain_share(asked: Sequence[str], stems: Sequence[str], weights: Mapping[str, float], *, typical: float, most: float) -> float:
    """BM25 of words and pairs as a share of what can be reached."""
    own = {term: weights[term] for term in asked}
    length = 1.2 * (0.25 + 0.75 * len(stems) / typical)
    paired = {pair: min(own[pair[0]] + own[pair[1]], most) for pair in pairs_of(asked, own)}

    def bm25(keys: Iterable[Any], worth: Mapping[Any, float]) -> float:
        return sum(worth[key] * count * 2.2 / (count + length) for key, count in Counter(keys).items() if key in worth)

    together = bm25(pairs_of(stems, own), paired) / (2.2 * sum(paired.values())) if paired else 0.0
    return bm25(stems, own) / (2.2 * sum(own.values())) + 2 / 3 * together


def plainly(question: str, chunks: Sequence[Chunk], *, holders: Mapping[str, int], among: int) -> list[tuple[float, float]]:
    """What ``closenesses`` gives, word by word."""

    def weight(count: int) -> float:
        return max(math.log((among - count + 0.5) / (count + 0.5)), 1e-6)

    known = {stem(word.lower()): weight(count) for word, count in holders.items()}
    weights = {term: known.get(term, weight(0)) for term in plain_stems(question)}
    windows = [plain_windows(chunk.text) for chunk in chunks]
    whole = [
        [*plain_stems(chunk.header), *(term for window in found for term in window)] for chunk, found in zip(chunks, windows, strict=True)
    ]
    typical, typical_window = fmean(map(len, whole)) or 1.0, fmean(len(window) for found in windows for window in found) or 1.0

    def close(asked: Sequence[str]) -> list[float]:
        if not asked:
            return [0.0] * len(chunks)
        return [
            (
                plain_share(asked, passage, weights, typical=typical, most=weight(0))
                + max(plain_share(asked, window, weights, typical=typical_window, most=weight(0)) for window in found)
            )
            / 2
            for passage, found in zip(whole, windows, strict=True)
        ]

    parts = clauses(question)
    masses = [sum(weights[term] for term in dict.fromkeys(part)) for part in parts]
    if len(parts) < 2:
        return [(value, value) for value in close(plain_stems(question))]
    of_parts = [[mass / max(masses) * value for value in close(part)] for mass, part in zip(masses, parts, strict=True)]
    return [(value, max(part[at] for part in of_parts)) for at, value in enumerate(close(plain_stems(question)))]


WORDS = (
    "Home homes sales Sales declined rose in of the coastal districts 3.5 2020 Inc. Dr. U.S. e.g. tariff, tariffs; region's third-quarter"
)
ENDS = ("up.)", "fell.”", "“Then", "(It", "end.", "end!", "what?", "...", "…", "。", "上昇。需要", "！", "but home", ", while", "; ")
LINES = ("- ", "\n- ", "\n• ", "* ", "-*", "\n", "\n\n", "\n \n", " | ", "|", "| ", "a | b", "\t", "\u00a0", "\x1f", "\ufdd0", "\ufdd2")
PIECES = st.sampled_from([*WORDS.split(), *ENDS, *LINES, "Ärger", "Ωmega"])
TEXTS = st.lists(st.tuples(PIECES, st.sampled_from([" ", " ", " ", ""])), max_size=60).map(lambda parts: "".join(map("".join, parts)))


@given(question=TEXTS, passages=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5), among=st.integers(40, 1_000))
@example(question="", passages=[("", "")], among=40)
@example(question="Home sales rose, while tariffs declined in coastal districts.", passages=[("\u00a0|\u00a0a", "x | y\nz")], among=40)
def test_all_passages_at_once_are_as_close_as_word_by_word(question: str, passages: list[tuple[str, str]], among: int) -> None:
    """Sentences, rows of tables, abbreviations, bullets, wide stops, headers, clauses: both ways read the same windows and give the same
    values."""
    chunks = [passage(text, header=header.replace("\n", " ")) for text, header in passages]
    windows = [array("i", read.lengths).tolist() for read in Stems().read([chunk.text for chunk in chunks])]
    assert windows == [list(map(len, plain_windows(chunk.text))) for chunk in chunks]
    holders = {word: 7 * len(word) % 40 for word in set(words(question))}
    expected = plainly(question, chunks, holders=holders, among=among)
    found = closenesses(question, chunks, holders=holders, among=among, told={})
    assert [value for pair in found for value in pair] == pytest.approx([value for pair in expected for value in pair], abs=1e-9)
    numbered = [replace(chunk, id=str(at)) for at, chunk in enumerate(chunks)]
    told = {chunk.id: told_of(chunk) for chunk in numbered[::2]}  # by another process
    assert closenesses(question, numbered, holders=holders, among=among, told=told) == found


def told_of(chunk: Chunk) -> bytes:
    """As the record keeps it."""
    header, text = Stems().read([header_line(chunk.header), chunk.text])
    return packed(header, text)


def test_texts_are_read_as_this_version_reads_them() -> None:
    """A change of how texts are read, words are told apart or stemmed has to change VERSION, or old libraries would keep the old ones."""
    text = f"{WORDS}. {' '.join(ENDS)} {' '.join(LINES)} Ärger Ωmega's high-tech\n1,200 | 3.5% | x\nSales of Home's tariffs were reported."
    told = told_of(passage(text, header="Coastal districts\nQ3 2020"))
    assert (VERSION, hashlib.sha256(told).hexdigest()[:16]) == (1, "4b8ecb1cf0eaaa71")


def test_numbers_of_stems_begin_anew_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was read before is read again: the values stay."""
    before = close(CLAIM, CLAIM, "Home prices.")
    monkeypatch.setattr(room, "RUNS_KEPT", 3)
    monkeypatch.setattr(room, "_TEXTS_KEPT", 1)
    assert [close(CLAIM, CLAIM, "Home prices.") for _ in range(3)] == [before] * 3


def test_a_word_with_a_mark_behind_it_is_read_as_the_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, whatever marks follow; what the mark says of sentences is told all the same, also behind an abbreviation."""
    asked = list[str]()

    def counted(word: str) -> str:
        asked.append(word)
        return stem(word)

    monkeypatch.setattr(room, "stem", counted)
    stems = Stems()
    read = stems.read(["Quarry prices, prices; prices. Prices fell in Feb. Prices rose"])[0]
    assert sorted(asked) == ["feb", "fell", "prices", "prices", "quarry", "rose"]  # once small, once with a capital
    runs = stems._runs
    units = {run: array("q", runs[run])[-1] & 0xFF for run in ("prices", "prices,", "prices.", "Feb.", "Prices")}
    assert units["prices"] == units["prices,"] == 0
    assert units["prices."] == room._STOPS
    assert units["Feb."] == room._STOPS | room._SHORTENED | room._OPENS
    assert units["Prices"] == room._OPENS
    assert len(array("I", read.stems)) == 9
