"""Rerankers: the pass-through has no opinion; the cross-encoder is loaded the way the real one is, with random weights."""

import shutil
from pathlib import Path

import pytest

from rag.errors import ModelError, ModelMissingError
from rag.ports import Reranker
from rag.rerankers.cross_encoder import CrossEncoderReranker
from rag.rerankers.passthrough import PassThrough
from tests.tiny_models import save_causal_reranker, save_cross_encoder

PASSAGES = ["cells", "the prices of cells fell", "a b c", "prices " * 200]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DeBERTa-v2 sequence classifier, mxbai-rerank-base-v1's architecture."""
    return save_cross_encoder(tmp_path_factory.mktemp("reranker"))


def test_the_pass_through_has_no_opinion() -> None:
    """None, not zeros: the order stays, and the search says so."""
    port: Reranker = PassThrough()
    assert port.score("prices", PASSAGES) is None
    assert port.model == ""


@pytest.mark.parametrize(("able", "off_by"), [({}, 1e-5), ({"avx512_bf16": True}, 0.02)], ids=["float32", "bfloat16"])
def test_a_pair_is_scored_by_the_model_itself(folder: Path, monkeypatch: pytest.MonkeyPatch, able: dict[str, bool], off_by: float) -> None:
    """Question and passage together, as transformers alone computes it in float32; a long passage loses its end; no two fall together."""
    import torch
    from transformers import AutoTokenizer, DebertaV2ForSequenceClassification

    model = DebertaV2ForSequenceClassification.from_pretrained(folder, local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    expected = []
    for passage in PASSAGES:
        inputs = tokenizer("cell prices", passage, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            expected.append(float(torch.sigmoid(model(**inputs).logits[0, 0])))
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    scores = CrossEncoderReranker(str(folder), device="cpu").score("cell prices", PASSAGES)
    assert scores is not None
    assert list(scores) == pytest.approx(expected, abs=off_by)
    assert len(set(scores)) == len(PASSAGES)


def test_a_causal_reranker_is_scored_by_the_odds_of_its_answer(tmp_path: Path) -> None:
    """mxbai-rerank v2's architecture; better passages by the model have higher numbers, whatever their length."""
    scores = CrossEncoderReranker(str(save_causal_reranker(tmp_path)), device="cpu").score("cell prices", PASSAGES[:3])
    assert scores is not None
    assert len(scores) == 3
    assert len(set(scores)) > 1


def test_past_its_time_budget_a_reranker_scores_no_further_batch(folder: Path) -> None:
    """The first passages are scored, at least one batch; the same scores as without a budget."""
    passages = [f"{word} {number}" for number in range(5) for word in ("cells", "prices")]
    whole = CrossEncoderReranker(str(folder), device="cpu").score("cell prices", passages)
    early = CrossEncoderReranker(str(folder), device="cpu", budget_s=1e-9).score("cell prices", passages)
    late = CrossEncoderReranker(str(folder), device="cpu", budget_s=1e9).score("cell prices", passages)
    assert whole is not None
    assert early is not None
    assert late is not None
    assert list(early[4:]) == [None] * 6
    assert list(early[:4]) == pytest.approx(whole[:4], abs=0.02)
    assert late == pytest.approx(whole, abs=0.02)


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
