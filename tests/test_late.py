"""Late interaction: what single words stand for, from the embedder to the order of passages, and what is kept of it."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.desks.desks import one_at_a_time
from rag.embedders.prompted import prompted
from rag.embedders.small import SmallEmbedder
from rag.late import closest, packed, weights, within, without_abroad
from rag.ports import Embedder, TokenEmbedder
from rag.record import Record, space_of
from rag.retrieval import NOT_RERANKED, WORDS
from rag.stores.chroma import ChromaStore
from rag.upkeep import erase
from tests.fakes import HashingEmbedder, TellingEmbedder
from tests.libraries import add, opened

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
MEANINGS = {"fees": "tolls", "charge": "tolls"}
TEXTS = {
    "north.txt": "The harbour of Nordhavn raised its tolls by a tenth.",
    "south.txt": "The harbour of Sydhavn raised its quays by a metre.",
    "east.txt": "The harbour of Osthavn dredged its channel.",
}


def telling() -> TellingEmbedder:
    """Knows that fees are tolls."""
    return TellingEmbedder(dimensions=512, meanings=MEANINGS)


def codes_of(workspace: Path) -> dict[str, bytes]:
    """What is kept, by the text of the chunk; the empty text for what no chunk has."""
    sql = "SELECT coalesce(c.text, ''), t.codes FROM token_codes AS t LEFT JOIN chunks AS c ON c.key = t.key AND c.space = t.space"
    with sqlite3.connect(workspace / "library.db") as connection:
        return dict(connection.execute(sql).fetchall())


# ── the measure ───────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(0, 700), max_size=6), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_it_is_the_weighted_mean_of_each_tokens_nearest(lengths: list[int], asked: int, seed: int) -> None:
    """Against the formula, passage by passage and token by token, also over what is multiplied at once."""
    generator = np.random.default_rng(seed)
    tokens = generator.standard_normal((asked, 16)).astype(np.float32)
    tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
    counted = [float(value) for value in generator.integers(0, 3, asked)]
    passages = [generator.random((length, 16)) > 0.5 for length in lengths]
    found = closest(tokens, weights=counted, codes=[packed(passage) for passage in passages])
    for value, passage in zip(found, passages, strict=True):
        signs = np.where(passage, 1.0, -1.0) / 4
        nearest = [max(float(token @ sign) for sign in signs) for token in tokens] if len(passage) else [0.0] * asked
        expected = sum(weight * near for weight, near in zip(counted, nearest, strict=True)) / sum(counted) if any(counted) else 0.0
        assert value == pytest.approx(expected, abs=1e-5)


def test_a_word_counts_by_its_rarity_shared_among_its_tokens() -> None:
    """Marks and stop words count nothing, nor does a word of which nothing is known."""
    question = "Did the tolls of Nordhavn, say, rise?"
    spans = [(0, 3), (4, 7), (8, 13), (14, 16), (17, 21), (21, 25), (25, 26), (27, 30), (30, 31), (32, 36), (36, 37)]
    assert weights(question, spans, rarity={"toll": 3.0, "nordhavn": 5.0}) == [0, 0, 3.0, 0, 2.5, 2.5, 0, 0, 0, 0, 0]


def test_a_word_with_a_hyphen_counts_as_one() -> None:
    """Its rarity is known by the whole word, and its hyphen is no token that counts."""
    spans = [(0, 4), (4, 5), (5, 8), (9, 14)]
    assert weights("zinc-air tolls", spans, rarity={"zinc-air": 4.0, "toll": 3.0}) == [2.0, 0, 2.0, 3.0]


def test_a_part_of_a_passage_has_the_tokens_that_stand_in_it() -> None:
    """Whole tokens only; none of an empty part, and none of a passage without tokens."""
    spans = [(0, 3), (4, 8), (8, 10), (12, 15)]
    codes = b"aabbccdd"
    assert within(codes, spans, start=0, end=15) == codes
    assert within(codes, spans, start=4, end=10) == b"bbcc"
    assert within(codes, spans, start=5, end=14) == b"cc"
    assert within(codes, spans, start=10, end=12) == b""
    assert within(b"", [], start=0, end=9) == b""


def test_what_is_in_another_language_is_as_near_as_the_others_on_the_average() -> None:
    """All of it as it is, where there is nothing else."""
    assert without_abroad([0.2, 0.6, 0.1], [False, False, True]) == pytest.approx([0.2, 0.6, 0.4])
    assert without_abroad([0.2, 0.1], [True, True]) == [0.2, 0.1]


# ── the small embedder ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_small_embedder_tells_tokens_with_its_vectors_by_either_way() -> None:
    """By onnxruntime for a few texts and by torch for many, the same signs but for those at zero; stop words and marks are left out."""
    texts = ["The port's tolls rose by 4.5 % in 2025.", "of the and", "Dredging began."]
    few, many = SmallEmbedder(engine="auto"), SmallEmbedder(engine="float32")
    (vectors, codes), (others, other_codes) = few.embed_with_tokens(texts), many.embed_with_tokens(texts)
    assert np.abs(vectors - others).max() < 1e-6
    assert np.abs(vectors - few.embed(texts, kind="document")).max() < 1e-6
    assert [len(code) // 48 for code in codes] == [9, 0, 3]  # port s toll ##s rose 4 5 202 ##5; none; dr ##edging began
    for one, other in zip(codes, other_codes, strict=True):
        differing = np.unpackbits(np.frombuffer(one, np.uint8) ^ np.frombuffer(other, np.uint8))
        assert len(differing) == 0 or differing.mean() < 0.001


def test_a_tokens_place_is_known_for_each_of_its_codes() -> None:
    """In the order of the codes, through words of several tokens, marks and letters that the model folds."""
    small = SmallEmbedder()
    text = "Tolls at Nordhavn — über 4.5 %, says the Straße's owner; zinc-air \U0001f600 costs 2,075."
    spans = small.telling_spans(text)
    (codes,) = small.embed_with_tokens([text])[1]
    assert len(codes) == 48 * len(spans)
    assert spans == sorted(spans)
    assert "".join(text[start:end] for start, end in spans) == "TollsNordhavnüber45saysStraßesownerzincaircosts2075"


def test_a_question_meets_the_passage_that_says_it_in_other_words() -> None:
    """By the real model: "cost" is nearer to "expense" than to "coast"."""
    small = SmallEmbedder(engine="float32")
    tokens, spans = small.question_tokens("What was the cost?")
    assert tokens.shape == (len(spans), 384)
    assert np.allclose(np.linalg.norm(tokens, axis=1), 1, atol=1e-6)
    _, codes = small.embed_with_tokens(["The expense was four million.", "The coast was four miles off."])
    near, far = closest(tokens, weights=weights("What was the cost?", spans, rarity={"cost": 1.0}), codes=codes)
    assert near > far


@pytest.mark.parametrize("wrapped", [one_at_a_time, lambda embedder: prompted(embedder, "find: ")])
def test_what_wraps_an_embedder_tells_what_it_tells(wrapped: Callable[[Embedder], Embedder]) -> None:
    """And nothing where it tells nothing."""
    told = wrapped(telling())
    assert isinstance(told, TokenEmbedder)
    assert told.embed_with_tokens(["tolls"])[1] == telling().embed_with_tokens(["tolls"])[1]
    assert np.array_equal(told.question_tokens("tolls")[0], telling().question_tokens("tolls")[0])
    assert told.telling_spans("The tolls.") == telling().telling_spans("The tolls.")
    assert not isinstance(wrapped(HashingEmbedder()), TokenEmbedder)


# ── in a library ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Three notes, embedded by one that tells tokens."""
    add(tmp_path, TEXTS, embedder=telling())
    return tmp_path


def first(workspace: Path, question: str, *, embedder: HashingEmbedder, tokens: bool = True) -> tuple[str, float, tuple[str, ...]]:
    """Path and score of the first passage, and the notes."""
    with opened(workspace, embedder=embedder) as retrieval:
        result = replace(retrieval, tokens=tokens).find(question, k=3)
    return result.passages[0].source.path, result.passages[0].score, result.notes


def test_a_passage_in_other_words_comes_first(workspace: Path) -> None:
    """ "Quays" shares a letter-for-letter word with the question, "tolls" its meaning; the nearest candidate loses nothing."""
    question = "Did the harbour raise fees or a charge, or its quays?"
    without, score, _ = first(workspace, question, embedder=telling(), tokens=False)
    assert without == "docs/south.txt"
    path, with_tokens, notes = first(workspace, question, embedder=telling())
    assert path == "docs/north.txt"
    assert not any("word" in note for note in notes)
    assert with_tokens <= score
    with opened(workspace, embedder=telling()) as retrieval:
        passages = retrieval.find(question, k=3).passages
    assert sorted(hit.rank for passage in passages for hit in passage.hits if hit.by == "words") == [1, 2, 3]
    assert [hit.rank for hit in passages[0].hits if hit.by == "words"] == [1]
    assert WORDS > 0


def test_a_sentence_of_a_passage_comes_near_by_its_own_words(tmp_path: Path) -> None:
    """Where it stands in the document, behind the passage's header; nobody tells of a passage without codes."""
    sentences = ["The harbour dredged its channel.", "It raised its tolls by a tenth.", "Quays were closed."]
    add(tmp_path, {"dues.txt": "# Harbour dues\n\n" + " ".join(sentences)}, embedder=telling())
    with opened(tmp_path, embedder=telling()) as retrieval:
        chunk = retrieval.find("Which fees rose?", k=1).passages[0].chunk
        text = retrieval.record.document(chunk.document).text
        stretches = [(chunk, at := text.index(sentence), at + len(sentence)) for sentence in sentences]
        near = retrieval.nearnesses("Which fees rose?", stretches, rarity={"fee": 1.0, "rose": 0.1})
        assert near.index(max(near)) == 1
        assert near[1] > 0.7  # a vector's signs come to sqrt(2 / pi) of it
        with sqlite3.connect(tmp_path / "library.db") as connection:
            connection.execute("DELETE FROM token_codes")
    with opened(tmp_path, embedder=telling()) as retrieval:
        assert retrieval.nearnesses("Which fees rose?", stretches, rarity={"fee": 1.0}) == [0.0, 0.0, 0.0]


def test_every_chunk_has_codes_once_and_loses_them_with_its_last_text(workspace: Path) -> None:
    """A copy has the same; a text that a changed file no longer holds takes its codes along."""
    assert set(codes_of(workspace)) == set(TEXTS.values())
    add(workspace, {"copy.txt": TEXTS["north.txt"] + "\n"}, embedder=telling())
    assert len(codes_of(workspace)) == 3
    add(workspace, {"east.txt": "The harbour of Osthavn was closed."}, embedder=telling())
    assert set(codes_of(workspace)) >= {"The harbour of Osthavn was closed."}


def test_a_library_without_codes_says_so_until_the_next_ingest(tmp_path: Path) -> None:
    """One that was made before there were any: searched as before, with a note; made good without reading or embedding a file again."""
    add(tmp_path, TEXTS, embedder=telling())
    with sqlite3.connect(tmp_path / "library.db") as connection:
        connection.execute("DELETE FROM token_codes")
    question = "Did the harbour raise fees or a charge, or its quays?"
    path, _, notes = first(tmp_path, question, embedder=telling())
    assert path == "docs/south.txt"
    assert any("3 of 3 passages wait for the next `rag ingest`" in note for note in notes)
    add(tmp_path, {}, embedder=telling())
    assert set(codes_of(tmp_path)) == set(TEXTS.values())
    path, _, notes = first(tmp_path, question, embedder=telling())
    assert (path, notes) == ("docs/north.txt", (NOT_RERANKED,))


def test_one_ingest_tells_of_older_passages_for_so_long_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large model takes hours for a large library; what is new is told of as it comes, and the next ingest goes on."""
    add(tmp_path, TEXTS, embedder=HashingEmbedder(dimensions=512))
    monkeypatch.setattr("rag.ingest.COMPLETING_S", 0.0)
    add(tmp_path, {"west.txt": "The harbour of Vesthavn was dredged."}, embedder=telling())
    assert set(codes_of(tmp_path)) == {"The harbour of Vesthavn was dredged."}
    monkeypatch.undo()
    add(tmp_path, {}, embedder=telling())
    assert set(codes_of(tmp_path)) == {*TEXTS.values(), "The harbour of Vesthavn was dredged."}


def test_an_embedder_that_tells_nothing_keeps_nothing(tmp_path: Path) -> None:
    """And its searches have no note of it."""
    add(tmp_path, TEXTS, embedder=HashingEmbedder(dimensions=512))
    assert codes_of(tmp_path) == {}
    _, _, notes = first(tmp_path, "Which harbour raised its tolls?", embedder=HashingEmbedder(dimensions=512))
    assert notes == (NOT_RERANKED,)


def test_what_is_forgotten_leaves_no_codes(workspace: Path) -> None:
    """Not a byte of them, in the record's file and its log."""
    code = codes_of(workspace)[TEXTS["north.txt"]]
    assert any(code in path.read_bytes() for path in workspace.glob("library.db*"))
    with (
        Record.open(workspace / "library.db") as record,
        ChromaStore(workspace / "index", space=space_of(telling().fingerprint).id) as index,
    ):
        erase(record, index, ["docs/north.txt"], reports=workspace / "reports", now=NOW)
    assert set(codes_of(workspace)) == {TEXTS["south.txt"], TEXTS["east.txt"]}
    assert not any(code in path.read_bytes() for path in workspace.glob("library.db*"))


def test_a_state_of_the_past_has_the_codes_of_what_it_held(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches in it give what they gave."""
    with Record.open(workspace / "library.db") as record:
        at = record.known_at()
        assert at is not None
    monkeypatch.setattr("tests.libraries.NOW", at + timedelta(days=1))
    add(workspace, {"north.txt": "The harbour of Nordhavn was closed."}, embedder=telling())
    with Record.open(workspace / "library.db") as record, record.as_known(at) as then:
        held = {chunk.text: chunk.id for source in then.sources() for chunk in then.chunks_of(source.document)}
        assert set(held) == set(TEXTS.values())
        assert set(then.token_codes(list(held.values()))) == set(held.values())
