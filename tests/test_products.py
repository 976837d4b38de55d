"""Dense layers and attention: whatever this processor is given, the numbers are those of torch's plain functions."""

from typing import Any

import pytest
import torch
from torch.nn.functional import gelu, linear, scaled_dot_product_attention

from rag.processor import multiplies_bytes
from rag.products import ByteProduct, Packed, Plain, Steps, attended, packs, product

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


def test_states_become_the_nearest_bytes() -> None:
    """Each value by its own step; what lies beyond gets the first or the last byte."""
    steps = Steps.between(-1.0, 3.0, each=torch.tensor([1.0, 10.0]))
    states = torch.tensor([[-1.0, -10.0], [0.0, 0.0], [3.0, 30.0], [9.0, -90.0], [1.0, 1.0]])
    assert steps.zero == 64
    assert steps.bytes_of(states).tolist() == [[0, 0], [64, 64], [255, 255], [255, 0], [128, 70]]
    assert torch.allclose(steps.highest, torch.tensor([3.0, 30.0]), rtol=0.01)
    assert Steps.between(2.0, 2.0).zero == 0
    assert Steps.between(0.0, 0.0).bytes_of(torch.zeros(1, 2)).tolist() == [[0, 0]]


@pytest.mark.skipif(not multiplies_bytes(), reason="this processor has no instruction for products of bytes (VNNI)")
@pytest.mark.parametrize("rows", [1, 7, 300])
def test_a_product_of_bytes_is_torchs_to_the_grain_of_its_steps(rows: int) -> None:
    """In floats, with GELU, as bytes again and with a sum; values of very different sizes, each by its own step."""
    sizes = torch.logspace(-1, 1, 64)
    states, weight, bias, other = (random(*shape, dtype=torch.float32) for shape in ((rows, 64), (96, 64), (96,), (rows, 96)))
    states, weight = states.clamp(-4, 4) * sizes, weight / 8 / sizes
    steps = Steps.between(-4.0, 4.0, each=sizes)
    exact = linear(states, weight, bias)
    within = Steps.between(-0.2, 5.0)
    chosen, states_as_bytes = ByteProduct(weight, bias, steps=steps), steps.bytes_of(states)
    as_bytes = chosen.gelu_as_bytes(states_as_bytes, steps=within)
    assert as_bytes.dtype is torch.uint8
    for found, wanted in (
        (chosen.of(states_as_bytes, dtype=torch.float32), exact),
        (chosen.of(states_as_bytes, dtype=torch.bfloat16).float(), exact),
        (chosen.gelu(states_as_bytes, dtype=torch.float32), gelu(exact)),
        ((as_bytes.float() - within.zero) * within.size, gelu(exact).clamp(max=within.highest)),
        (chosen.added(states_as_bytes, to=other), exact + other),
    ):
        assert (found - wanted).abs().max() <= 0.06
        assert (found - wanted).abs().mean() <= 0.015
