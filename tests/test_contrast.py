"""What all passages of a library share counts for nothing, what sets one apart counts; a small library keeps plain cosines."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rag.contrast import FEW, Contrast

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.ports import Vectors

DIMENSIONS = 32


def unit(rows: "NDArray[np.floating[Any]]") -> "Vectors":
    """Each row of length 1."""
    scaled: Vectors = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)
    return scaled


def alike(*, passages: int, seed: int = 0) -> "Vectors":
    """Reports of one kind: all point one way (dimension 0), and much differs in a second (dimension 1) that no question asks about."""
    rows = 0.3 * np.random.default_rng(seed).normal(size=(passages, DIMENSIONS))
    rows[:, 0] += 3
    rows[:, 1] *= 8
    return unit(rows)


def test_a_passage_that_has_what_is_asked_beats_those_that_are_merely_like_all() -> None:
    """By plain cosine the one with more of the loud direction is nearer; the question shares the telling dimension with the other."""
    library = alike(passages=400)
    question, telling, loud = (np.zeros(DIMENSIONS, dtype=np.float32) for _ in range(3))
    question[[0, 1, 2]] = 3, 1.5, 1
    telling[[0, 1, 2]] = 3, -1.5, 1
    loud[[0, 1]] = 3, 1.5
    rows = unit(np.array([telling, loud]))
    asked = unit(question)
    plain = rows @ asked
    assert plain[0] < plain[1]
    aimed = Contrast(library).aim(asked).values(rows)
    assert aimed[0] > aimed[1]


def test_a_passage_like_any_other_keeps_about_its_cosine() -> None:
    """So that what is added to it counts as before: the library's mean passage has exactly the mean's product with the question."""
    library = alike(passages=400)
    question = unit(np.random.default_rng(1).normal(size=DIMENSIONS).astype(np.float32))
    mean = library.mean(axis=0)
    assert Contrast(library).aim(question).values(mean[None])[0] == pytest.approx(float(mean @ question), abs=1e-5)


@pytest.mark.parametrize("passages", [0, 1, FEW - 1])
def test_a_small_library_keeps_plain_cosines(passages: int) -> None:
    """A few passages do not tell what a library is like."""
    library = alike(passages=passages)
    question = unit(np.ones(DIMENSIONS, dtype=np.float32))
    rows = alike(passages=5, seed=2)
    assert (Contrast(library).aim(question).values(rows) == rows @ question).all()


def test_a_library_of_one_text_and_a_question_that_is_its_mean_keep_plain_cosines() -> None:
    """Nothing sets a passage apart there, and nothing is divided by nought."""
    library = np.repeat(unit(np.ones((1, DIMENSIONS), dtype=np.float32)), 2 * FEW, axis=0)
    question = unit(np.arange(DIMENSIONS, dtype=np.float32))
    for asked in (question, library[0]):
        values = Contrast(library).aim(asked).values(library[:3])
        assert np.isfinite(values).all()
        assert values == pytest.approx(library[:3] @ asked, abs=1e-5)
