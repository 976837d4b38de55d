"""A dense layer of a network, states times weights: torch's own function, or oneDNN's with the weights laid out for it once.

torch lays a plain weight out anew at every call. Laid out once, and with GELU or the sum joined on, a layer's product takes 0.85 of the
time for a batch and 0.45 for a question (AMD, AVX-512 with bfloat16, docs/log.md). The operators are those that torch.compile emits for
frozen weights; the requirement pins torch, and a test holds them to torch's plain function.
"""

from typing import Any, Protocol, Self

from rag.processor import attends_in_tiles, multiplies_bfloat16


class Product(Protocol):
    """states (rows, inputs) to (rows, outputs)."""

    def of(self, states: Any) -> Any:
        """states x weights + bias."""

    def gelu(self, states: Any) -> Any:
        """GELU of the same, by erf."""

    def added(self, states: Any, to: Any) -> Any:
        """The same plus ``to``, of the result's shape."""


def product(weight: Any, bias: Any) -> Product:
    """The faster of the two for this weight (outputs, inputs), which decides by its type and device."""
    return Packed(weight, bias) if packs(weight) else Plain(weight, bias)


def packs(weight: Any) -> bool:
    """Whether oneDNN multiplies it natively: bfloat16 on a processor that has instructions for it."""
    import torch

    able = weight.dtype is torch.bfloat16 and weight.device.type == "cpu" and multiplies_bfloat16("cpu")
    return able and torch.ops.mkldnn._is_mkldnn_bf16_supported()


class Plain:
    """torch's function, for any type and device."""

    def __init__(self, weight: Any, bias: Any) -> None:
        self._parameters = (weight, bias)

    def of(self, states: Any) -> Any:
        """states x weights + bias."""
        from torch.nn.functional import linear

        return linear(states, *self._parameters)

    def gelu(self, states: Any) -> Any:
        """GELU of the same, by erf."""
        from torch.nn.functional import gelu

        return gelu(self.of(states))

    def added(self, states: Any, to: Any) -> Any:
        """The same plus ``to``."""
        return self.of(states) + to


class Packed:
    """oneDNN's function over weights in its own layout; the plain weight is not kept."""

    def __init__(self, weight: Any, bias: Any) -> None:
        import torch

        self._operators = torch.ops.mkldnn
        self._weight = self._operators._reorder_linear_weight(weight)
        self._bias = bias

    def of(self, states: Any) -> Any:
        """states x weights + bias."""
        return self._operators._linear_pointwise(states, self._weight, self._bias, "none", [], "")

    def gelu(self, states: Any) -> Any:
        """GELU of the same, by erf."""
        return self._operators._linear_pointwise(states, self._weight, self._bias, "gelu", [], "none")

    def added(self, states: Any, to: Any) -> Any:
        """The same plus ``to``, summed before it is rounded."""
        return self._operators._linear_pointwise.binary(states, to, self._weight, self._bias, "add")


_LEAST_STEP = 1e-6
_MOST = 255
"""Of a byte."""


class Steps:
    """How states become bytes: a state of ``size`` is one step up from ``zero``; where each value has its own, it is of shape (values,)."""

    def __init__(self, size: Any, *, zero: int) -> None:
        import torch

        self.size = size
        self.zero = zero
        self._factors = 1 / torch.as_tensor(size)
        self._half = torch.tensor(zero + 0.5)

    @classmethod
    def between(cls, lowest: Any, highest: Any, *, each: Any = 1.0) -> Self:
        """So that states from ``lowest`` to ``highest`` times ``each`` have a byte; others get the nearest."""
        low, high = min(float(lowest), 0.0), max(float(highest), 0.0)
        step = max((high - low) / _MOST, _LEAST_STEP)
        return cls(each * step, zero=round(-low / step))

    @property
    def highest(self) -> Any:
        """The state that the last byte stands for."""
        return (_MOST - self.zero) * self.size

    def bytes_of(self, states: Any) -> Any:
        """The nearest bytes, of the states' shape."""
        import torch

        return torch.addcmul(self._half, states, self._factors).clamp_(0, _MOST).to(torch.uint8)


class ByteProduct:
    """oneDNN's product of bytes: weights in 8 bits with a step for each output, states as bytes by ``steps``.

    Weights go from -127 to 127: -128 has no opposite. The operators are those that torch.compile emits for a quantised model.
    """

    def __init__(self, weight: Any, bias: Any, *, steps: Steps) -> None:
        """``weight`` is of shape (outputs, inputs), in float32."""
        import torch

        self._operators = torch.ops.onednn
        scaled = weight * steps.size
        self._steps = furthest(scaled, 1).div_(127).clamp_min_(1e-12)
        self._weight = self._operators.qlinear_prepack(scaled.div_(self._steps[:, None]).round_().to(torch.int8), None)
        self._zeros = torch.zeros(len(bias), dtype=torch.int64)
        self._bias = bias
        self._zero = steps.zero

    def of(self, rows: Any, *, dtype: Any) -> Any:
        """states x weights + bias; ``rows`` are the states' bytes, shape (rows, inputs)."""
        return self._product(rows, 1.0, 0, dtype, "none", [], "")

    def gelu(self, rows: Any, *, dtype: Any) -> Any:
        """GELU of the same, by erf."""
        return self._product(rows, 1.0, 0, dtype, "gelu", [], "none")

    def gelu_as_bytes(self, rows: Any, *, steps: Steps) -> Any:
        """The same as bytes."""
        import torch

        return self._product(rows, steps.size, steps.zero, torch.uint8, "gelu", [], "none")

    def added(self, rows: Any, to: Any) -> Any:
        """states x weights + bias + ``to``, of its type."""
        into: tuple[Any, ...] = (1.0, 0, to.dtype, 1.0, 0, "add", 1.0, "none", [], "")
        return self._operators.qlinear_pointwise.binary(
            rows, 1.0, self._zero, self._weight, self._steps, self._zeros, to, self._bias, *into
        )

    def _product(self, rows: Any, *into: Any) -> Any:
        return self._operators.qlinear_pointwise(rows, 1.0, self._zero, self._weight, self._steps, self._zeros, self._bias, *into)


def furthest(values: Any, dimension: int) -> Any:
    """The greatest distance from 0 along a dimension; torch's own norm takes ten times as long."""
    return values.amax(dimension).maximum(-values.amin(dimension))


def attended(query: Any, key: Any, value: Any) -> Any:
    """Each row's mean of the values, weighed by its query's nearness to the keys; arguments of shape (texts, heads, rows, size a head)."""
    from torch.nn.functional import scaled_dot_product_attention, softmax

    if not packs(query) or attends_in_tiles():
        return scaled_dot_product_attention(query, key, value)
    nearness = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    return softmax(nearness, dim=-1) @ value
