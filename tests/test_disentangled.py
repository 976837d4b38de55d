"""Our DeBERTa layers: the library's numbers, whatever the lengths, and only for models whose attention they know."""

from typing import Any

import pytest
import torch

from rag.rerankers.disentangled import Layer, quicken
from tests.tiny_models import cross_encoder


def asked(model: Any) -> Any:
    """Scores of three texts of 60, 23 and 2 tokens, the shorter ones padded; distances beyond the buckets' half occur."""
    ids = torch.randint(5, 40, (3, 60), generator=torch.Generator().manual_seed(1))
    mask = torch.arange(60) < torch.tensor([60, 23, 2])[:, None]
    with torch.inference_mode():
        return model(input_ids=ids, attention_mask=mask.long()).logits.float()


@pytest.mark.parametrize(
    "way",
    [
        {"share_att_key": True, "norm_rel_ebd": "layer_norm"},
        {"share_att_key": False},
        {"position_buckets": -1},
        {"conv_kernel_size": 3},
    ],
)
def test_a_layer_gives_the_numbers_of_the_librarys(way: dict[str, object]) -> None:
    """In float32, where nothing but the order of sums differs; mxbai-rerank v1's way first."""
    model = cross_encoder(**way)
    expected = asked(model)
    positions = model.deberta.encoder.get_rel_embedding()
    with torch.inference_mode():
        for layer in model.deberta.encoder.layer:
            layer.forward = Layer(layer, positions)
    assert (asked(model) - expected).abs().max() < 1e-5
    assert expected.std() > 0.01


def test_in_bfloat16_nothing_is_lost_but_grain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quickened model is as near to float32's scores as the library's own in bfloat16."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    exact, plain = asked(cross_encoder()), asked(cross_encoder().bfloat16())
    model = cross_encoder().bfloat16()
    quicken(model)
    assert (asked(model) - exact).abs().max() <= 2 * (plain - exact).abs().max()


@pytest.mark.parametrize("way", [{"pos_att_type": ["c2p"]}, {"relative_attention": False, "pos_att_type": []}, {"hidden_act": "relu"}])
def test_a_model_of_another_kind_keeps_its_own_layers(monkeypatch: pytest.MonkeyPatch, way: dict[str, object]) -> None:
    """And so does every model where the processor has no instruction for bfloat16."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    model = cross_encoder(**way).bfloat16()
    expected = asked(model)
    assert not quicken(model)
    assert torch.equal(asked(model), expected)
    assert not quicken(torch.nn.Linear(2, 2))
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert not quicken(cross_encoder().bfloat16())
