"""A dense layer of a network, states times weights: torch's own function, or oneDNN's with the weights laid out for it once.

torch lays a plain weight out anew at every call. Laid out once, and with GELU or the sum joined on, a layer's product takes 0.85 of the
time for a batch and 0.45 for a question (AMD, AVX-512 with bfloat16, docs/log.md). The operators are those that torch.compile emits for
frozen weights; the requirement pins torch, and a test holds them to torch's plain function.
"""

from typing import Any, Protocol

from rag.processor import multiplies_bfloat16


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


def attended(query: Any, key: Any, value: Any) -> Any:
    """Each row's mean of the values, weighed by its query's nearness to the keys; arguments of shape (texts, heads, rows, size a head)."""
    from torch.nn.functional import scaled_dot_product_attention, softmax

    if not packs(query):
        return scaled_dot_product_attention(query, key, value)
    nearness = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    return softmax(nearness, dim=-1) @ value
