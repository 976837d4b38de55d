"""Tables of bytes in memory: whichever way they lie, products are exact, also of rows that come later and of those that stay."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.record import tables
from rag.record.codes import Codes, encoded
from rag.record.tables import LARGEST, Across, Along, is_scanned, table

BOTH = pytest.mark.parametrize("kind", [Along, Across])


@BOTH
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 700), dimensions=st.sampled_from([1, 3, 64, 130]), pieces=st.integers(1, 6))
def test_products_are_those_of_whole_numbers(kind: Any, seed: int, rows: int, dimensions: int, pieces: int) -> None:
    """Rows put piece by piece; all of them, some here and there, none; and those that another table keeps, with more after them."""
    chance = np.random.default_rng(seed)
    there = chance.integers(-127, 128, (rows, dimensions), dtype=np.int8)
    question = chance.integers(-LARGEST, LARGEST + 1, dimensions, dtype=np.int32)
    expected = there.astype(np.int64) @ question.astype(np.int64)
    one = kind(rows, dimensions=dimensions)
    ends = [*np.sort(chance.integers(0, rows, pieces - 1)).tolist(), rows]
    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        one.put(begin, there[begin:end])
    assert (one.products(question, None) == expected).all()
    for share in (0.0, 0.01, 0.3, 1.0):
        some = np.flatnonzero(chance.random(rows) < share)
        assert (one.products(question, some) == expected[some]).all()
    assert (one.rows(slice(rows // 3, rows)) == there[rows // 3 :]).all()
    assert (one.rows(slice(None, None, 7)) == there[::7]).all()
    kept = np.arange(rows) < chance.integers(rows + 1)
    kept |= chance.random(rows) < 0.5
    other = kind(int(kept.sum()) + 5, dimensions=dimensions)
    other.put_from(one, kept)
    other.put(int(kept.sum()), there[:1].repeat(5, axis=0))
    assert (other.products(question, None) == np.hstack([expected[kept], expected[:1].repeat(5)])).all()


@BOTH
def test_the_largest_numbers_do_not_overflow(kind: Any) -> None:
    """Of either sign, in an odd and a large number of dimensions."""
    for dimensions in (1, 63, 1_024, 4_096):
        there = 127 * np.array([[1], [-1], [1]], dtype=np.int8) * np.ones(dimensions, dtype=np.int8)
        there[2, ::2] *= -1
        one = kind(3, dimensions=dimensions)
        one.put(0, there)
        for size in (LARGEST, -LARGEST, LARGEST - LARGEST // 128 // 2):
            question = np.full(dimensions, size, dtype=np.int32)
            assert (one.products(question, None) == there.astype(np.int64) @ question.astype(np.int64)).all()


@pytest.mark.parametrize(
    ("faster", "rows", "kind", "scanned"),
    [(True, 40, Across, True), (True, 300, Along, False), (False, 300, Along, False), (False, 40, Along, True)],
)
def test_a_table_lies_as_it_is_multiplied_fastest(
    monkeypatch: pytest.MonkeyPatch, faster: bool, rows: int, kind: type, scanned: bool
) -> None:
    """What the processor does better, unless there is so much that only some rows are asked for."""
    monkeypatch.setattr(tables, "is_faster_across", lambda: faster)
    monkeypatch.setattr(tables, "SCANNED", 50)
    assert type(table(rows, dimensions=1)) is kind
    assert is_scanned(rows, dimensions=1) is scanned


def test_codes_say_the_same_whichever_way_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit, so that no search depends on the processor."""
    chance = np.random.default_rng(3)
    unit = chance.standard_normal((500, 64)).astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    some = np.flatnonzero(chance.random(500) < 0.1)
    found = []
    for faster in (True, False):
        monkeypatch.setattr(tables, "is_faster_across", lambda faster=faster: faster)
        codes = Codes.empty(500, dimensions=64)
        codes.put(0, encoded(unit)[0])
        found.append([array.tolist() for rows in (None, some) for array in codes.near(unit[7], rows)])
    assert found[0] == found[1]


def test_which_way_is_faster_is_found_out_by_trying() -> None:
    """Once a process, whatever the answer is here."""
    assert tables.is_faster_across() is tables.is_faster_across()
    assert {path.stem for path in Path(tables.__file__).parent.glob("*.onnx")} == {"scan", "turn"}
