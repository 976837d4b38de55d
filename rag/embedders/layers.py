"""One layer of a BERT encoder: in floats, or with its three large products in bytes.

Bytes, after Xiao et al., "SmoothQuant" (2023), and Dettmers et al., "LLM.int8()" (2022): weights are kept in 8 bits with a step for each
output, and states become bytes by steps that are known beforehand, from what the model's own layers make of a few sentences
(rag/embedders/calibration.txt): so a text's vector is the same in any company, and nothing has to be looked for at run time. What differs
between values is moved into the weights; of the widest states, which are the most uneven by far, the 32 that go furthest are told apart.
The product behind attention, a twelfth of the work, stays in floats: its states keep no bounds. Measured: docs/evaluation-embedding.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from rag.products import ByteProduct, Product, Steps, furthest, product

Attend: TypeAlias = Callable[[Any], Any]
"""Queries, keys and values in one, shape (tokens, 3 x hidden size), to what each token sees, shape (tokens, hidden size)."""

_APART = 32
"""Of the widest states, how many are told apart: 16 to 64 find alike (docs/log.md)."""
_MARGIN = 1.1
"""How far beyond what the few sentences reach a state may go."""
_SMOOTHED = 0.6
"""How much of a value's size the weights take over: .5 to .7 find alike."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """What one layer multiplies by, in float32: (weight, bias)."""

    heads: tuple[Any, Any]
    """Query, key and value in one."""
    joined: tuple[Any, Any]
    norm: tuple[Any, Any]
    wide: tuple[Any, Any]
    narrow: tuple[Any, Any]
    last_norm: tuple[Any, Any]
    epsilon: float
    """Of both norms."""


class Layer(Protocol):
    """States in, states out, shape (tokens, hidden size)."""

    def through(self, states: Any, attend: Attend) -> Any:
        """What the layer makes of them."""


def weights_of(weights: Mapping[str, Any], *, prefix: str, epsilon: float) -> Weights:
    """By the names that Hugging Face's BERT gives them. Raises KeyError."""
    import torch

    apart = [both(weights, f"{prefix}attention.self.{part}") for part in ("query", "key", "value")]
    return Weights(
        heads=(torch.cat([weight for weight, _ in apart]), torch.cat([bias for _, bias in apart])),
        joined=both(weights, f"{prefix}attention.output.dense"),
        norm=both(weights, f"{prefix}attention.output.LayerNorm"),
        wide=both(weights, f"{prefix}intermediate.dense"),
        narrow=both(weights, f"{prefix}output.dense"),
        last_norm=both(weights, f"{prefix}output.LayerNorm"),
        epsilon=epsilon,
    )


def both(weights: Mapping[str, Any], name: str) -> tuple[Any, Any]:
    """(weight, bias)."""
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


class FloatLayer:
    """In float32 or bfloat16, as ``dtype`` says."""

    def __init__(self, weights: Weights, *, dtype: Any) -> None:
        self._heads, self._joined, self._wide, self._narrow = (
            _product(parts, dtype=dtype) for parts in (weights.heads, weights.joined, weights.wide, weights.narrow)
        )
        self._norm = _Norm(weights.norm, epsilon=weights.epsilon, dtype=dtype)
        self._last_norm = _Norm(weights.last_norm, epsilon=weights.epsilon, dtype=dtype)

    def through(self, states: Any, attend: Attend) -> Any:
        """What the layer makes of them."""
        middle = self.middle(states, attend)
        return self.last(self.inner(middle), middle)

    def middle(self, states: Any, attend: Attend) -> Any:
        """The states after attention."""
        return self._norm.of(self._joined.added(attend(self._heads.of(states)), to=states))

    def inner(self, middle: Any) -> Any:
        """The wide states within, shape (tokens, inner size)."""
        return self._wide.gelu(middle)

    def last(self, inner: Any, middle: Any) -> Any:
        """The layer's own."""
        return self._last_norm.of(self._narrow.added(inner, to=middle))


class ByteLayer:
    """Between float32 states; ``states``, ``middle`` and ``inner`` are those that a few sentences have in the layer.

    ``dtype`` is that of attention.
    """

    def __init__(self, weights: Weights, *, states: Any, middle: Any, inner: Any, dtype: Any) -> None:
        import torch

        self._dtype = dtype
        self._into = _steps(states, weight=weights.heads[0])
        self._heads = ByteProduct(*weights.heads, steps=self._into)
        self._joined = _product(weights.joined, dtype=dtype)
        self._norm = _Norm(weights.norm, epsilon=weights.epsilon, dtype=torch.float32)
        self._within = _steps(middle, weight=weights.wide[0])
        self._wide = ByteProduct(*weights.wide, steps=self._within)
        order = inner.amax(0).argsort(descending=True)
        apart, rest = order[:_APART], order[_APART:]
        self._inner = Steps.between(inner.amin() * _MARGIN, inner[:, rest].amax() * _MARGIN)
        self._apart = ByteProduct(weights.wide[0][apart], weights.wide[1][apart], steps=self._within)
        self._beyond = weights.narrow[0][:, apart].t().contiguous()
        self._narrow = ByteProduct(*weights.narrow, steps=self._inner)
        self._last_norm = _Norm(weights.last_norm, epsilon=weights.epsilon, dtype=torch.float32)

    def through(self, states: Any, attend: Attend) -> Any:
        """What the layer makes of them."""
        import torch

        attended = attend(self._heads.of(self._into.bytes_of(states), dtype=self._dtype))
        middle = self._norm.of(self._joined.of(attended) + states)
        narrow = self._within.bytes_of(middle)
        beyond = (self._apart.gelu(narrow, dtype=torch.float32) - self._inner.highest).clamp_(min=0)
        summed = torch.addmm(middle, beyond, self._beyond)
        return self._last_norm.of(self._narrow.added(self._wide.gelu_as_bytes(narrow, steps=self._inner), to=summed))


class _Norm:
    """A layer's norm."""

    def __init__(self, parts: tuple[Any, Any], *, epsilon: float, dtype: Any) -> None:
        self._weight, self._bias = (part.to(dtype) for part in parts)
        self._epsilon = epsilon

    def of(self, states: Any) -> Any:
        """At mean zero and variance one, by their own weights."""
        from torch.nn.functional import layer_norm

        return layer_norm(states, states.shape[-1:], self._weight, self._bias, self._epsilon)


def _product(parts: tuple[Any, Any], *, dtype: Any) -> Product:
    weight, bias = parts
    return product(weight.to(dtype), bias.to(dtype))


def _steps(states: Any, *, weight: Any) -> Steps:
    """For states of this kind before a product with ``weight`` (outputs, inputs): each value's own step, by its size and its weights'."""
    lowest, highest = states.amin(0) * _MARGIN, states.amax(0) * _MARGIN
    size = lowest.abs().maximum(highest.abs()).clamp_min(1e-5)
    smooth = size**_SMOOTHED / furthest(weight, 0).clamp_min(1e-5) ** (1 - _SMOOTHED)
    return Steps.between((lowest / smooth).amin(), (highest / smooth).amax(), each=smooth)
