"""Rerankers: the pass-through has no opinion; the cross-encoder is loaded the way the real one is, with random weights."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelError, ModelMissingError
from rag.ports import Reranker
from rag.rerankers.cross_encoder import CrossEncoderReranker
from rag.rerankers.passthrough import PassThrough
from tests.tiny_models import save_cross_encoder

PASSAGES = ["cells", "the prices of cells fell", "a b c", "prices " * 200]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DeBERTa-v2 sequence classifier, mxbai-rerank-base-v1's architecture."""
    return save_cross_encoder(tmp_path_factory.mktemp("reranker"))


@pytest.fixture(scope="module")
def reranker(folder: Path) -> CrossEncoderReranker:
    """Loaded once."""
    return CrossEncoderReranker(str(folder), device="cpu")


def test_the_pass_through_has_no_opinion() -> None:
    """None, not zeros: the order stays, and the search says so."""
    port: Reranker = PassThrough()
    assert port.score("prices", PASSAGES) is None
    assert port.model == ""


def test_a_pair_is_scored_by_the_model_itself(reranker: CrossEncoderReranker, folder: Path) -> None:
    """Question and passage together, as transformers alone computes it; a long passage loses its end."""
    import torch
    from transformers import AutoTokenizer, DebertaV2ForSequenceClassification

    model = DebertaV2ForSequenceClassification.from_pretrained(folder, local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    expected = []
    for passage in PASSAGES:
        inputs = tokenizer("cell prices", passage, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            expected.append(float(torch.sigmoid(model(**inputs).logits[0, 0])))
    scores = reranker.score("cell prices", PASSAGES)
    assert scores is not None
    assert np.allclose(scores, expected, atol=1e-5)
    assert len(set(scores)) == len(PASSAGES)


def test_no_passages_load_no_model() -> None:
    """The name is not even looked up."""
    assert CrossEncoderReranker("/no/such/folder").score("prices", []) == []


def test_a_missing_model_says_what_to_do() -> None:
    """The way out is the fused order."""
    with pytest.raises(ModelMissingError, match=r"leave reranker\.model empty"):
        CrossEncoderReranker("/no/such/folder").score("prices", PASSAGES)


def test_a_damaged_model_is_one_line(folder: Path, tmp_path: Path) -> None:
    """Whatever the libraries say becomes a ModelError."""
    copy = shutil.copytree(folder, tmp_path / "model")
    (copy / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="cannot be loaded"):
        CrossEncoderReranker(str(copy), device="cpu").score("prices", PASSAGES)
