"""Dense layers and attention: whatever this processor is given, the numbers are those of torch's plain functions."""

from typing import Any

import pytest
import torch
from torch.nn.functional import gelu, linear, scaled_dot_product_attention

from rag.products import Packed, Plain, attended, packs, product

PRECISIONS = [(torch.float32, 1e-5), (torch.bfloat16, 0.02)]


def random(*shape: int, dtype: Any) -> Any:
    """The same numbers each time, around zero."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape))).to(dtype)


@pytest.mark.parametrize(("dtype", "most"), PRECISIONS)
@pytest.mark.parametrize("rows", [1, 7, 300])
def test_a_product_is_torchs_to_the_grain_of_its_type(dtype: Any, most: float, rows: int) -> None:
    """Alone, with GELU and with a sum, against the same in float32; one layout serves every number of rows."""
    states, weight, bias, other = (random(*shape, dtype=dtype) for shape in ((rows, 64), (96, 64), (96,), (rows, 96)))
    weight /= 8
    exact = linear(states.float(), weight.float(), bias.float())
    chosen = product(weight, bias)
    with torch.inference_mode():
        for found, wanted in (
            (chosen.of(states), exact),
            (chosen.gelu(states), gelu(exact)),
            (chosen.added(states, to=other), exact + other.float()),
        ):
            assert found.dtype is dtype
            assert ((found.float() - wanted).abs() <= most * (1 + wanted.abs())).all()


@pytest.mark.parametrize(("dtype", "most"), PRECISIONS)
def test_attention_is_torchs_to_the_grain_of_its_type(dtype: Any, most: float) -> None:
    """Three texts of eleven rows, four heads."""
    query, key, value = random(3, 3, 4, 11, 32, dtype=dtype)
    exact = scaled_dot_product_attention(query.float(), key.float(), value.float())
    assert (attended(query, key, value).float() - exact).abs().max() <= most


def test_a_weight_is_laid_out_only_where_the_processor_multiplies_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """bfloat16 on a processor with instructions for it, which oneDNN asks for itself; elsewhere torch's own function."""
    narrow, wide = (random(4, 4, dtype=dtype) for dtype in (torch.bfloat16, torch.float32))
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert (packs(narrow), packs(wide)) == (torch.ops.mkldnn._is_mkldnn_bf16_supported(), False)
    assert isinstance(product(wide, wide[0]), Plain)
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert not packs(narrow)
    assert not isinstance(product(narrow, narrow[0]), Packed)
