"""A BERT encoder in numpy alone, for a question: nothing to import but numpy, and the weights are mapped, not read.

Measured (two shared cores, docs/evaluation-embedding.md): torch's import alone costs more than a whole search with this. Vectors equal
`rag.embedders.bert`'s to 1e-5. For many texts torch's layers are faster: see SmallEmbedder.
"""

import json
import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.ports import Vectors

_DENSE = ("attention.output.dense", "intermediate.dense", "output.dense")
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")
_ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
"""Abramowitz and Stegun 7.1.26, highest power first: erf to 1.5e-7, which is float32's own grain."""
_ERF_SCALE = 0.3275911


class PlainBert:
    """Token ids in, the mean of a text's last hidden states out. Raises KeyError, ValueError and OSError on files of another shape."""

    def __init__(self, folder: Path) -> None:
        from threadpoolctl import ThreadpoolController

        self._threads = ThreadpoolController()
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = mapped(folder / "model.safetensors")
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        self._words = weights["embeddings.word_embeddings.weight"]
        self._places = weights["embeddings.position_embeddings.weight"]
        self._kind = weights["embeddings.token_type_embeddings.weight"][0]
        self._norm = _both(weights, "embeddings.LayerNorm")
        self._layers = [_layer(weights, prefix=f"encoder.layer.{number}.") for number in range(config["num_hidden_layers"])]

    def mean(self, ids: Sequence[int]) -> "Vectors":
        """Array of shape (hidden size,)."""
        with self._threads.limit(limits=1, user_api="blas"):
            states = self._normed(self._words[list(ids)] + self._places[: len(ids)] + self._kind, self._norm)
            for layer in self._layers:
                states = self._through(states, layer)
        mean: Vectors = states.mean(axis=0)
        return mean

    def _through(self, states: "Vectors", layer: dict[str, Any]) -> "Vectors":
        attended = self._attention(states, layer)
        states = self._normed(states + _linear(attended, layer[_DENSE[0]]), layer[_NORMS[0]])
        inner = _gelu(_linear(states, layer[_DENSE[1]]))
        return self._normed(states + _linear(inner, layer[_DENSE[2]]), layer[_NORMS[1]])

    def _attention(self, states: "Vectors", layer: dict[str, Any]) -> "Vectors":
        tokens, width = states.shape
        query, key, value = (
            _linear(states, layer[part]).reshape(tokens, self._heads, -1).transpose(1, 0, 2) for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32((width // self._heads) ** 0.5)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        seen: Vectors = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        return seen.transpose(1, 0, 2).reshape(tokens, width)

    def _normed(self, states: "Vectors", norm: tuple["Vectors", "Vectors"]) -> "Vectors":
        centred = states - states.mean(axis=-1, keepdims=True)
        deviation = np.sqrt(np.einsum("ij,ij->i", centred, centred)[:, None] / np.float32(states.shape[-1]) + np.float32(self._epsilon))
        scaled: Vectors = centred / deviation * norm[0] + norm[1]
        return scaled


def mapped(path: Path) -> dict[str, "NDArray[np.float32]"]:
    """The float32 tensors of a safetensors file by name, read only when touched. Raises ValueError for a file of another format."""
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    start = 8 + int.from_bytes(data[:8], "little")
    found = {}
    for name, tensor in json.loads(data[8:start]).items():
        if name == "__metadata__" or tensor["dtype"] != "F32":
            continue
        first, end = tensor["data_offsets"]
        found[name] = np.frombuffer(data, dtype="<f4", count=(end - first) // 4, offset=start + first).reshape(tensor["shape"])
    return found


def _layer(weights: dict[str, Any], *, prefix: str) -> dict[str, Any]:
    named = {part: _both(weights, f"{prefix}attention.self.{part}") for part in ("query", "key", "value")}
    return named | {part: _both(weights, prefix + part) for part in (*_DENSE, *_NORMS)}


def _both(weights: dict[str, Any], name: str) -> tuple["Vectors", "Vectors"]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _linear(states: "Vectors", parameters: tuple["Vectors", "Vectors"]) -> "Vectors":
    """The weights from the left: the same sums, bit for bit, at two thirds of the time for the few tokens of a question."""
    weight, bias = parameters
    product: Vectors = np.ascontiguousarray((weight @ states.T).T) + bias
    return product


def _gelu(values: "Vectors") -> "Vectors":
    """x / 2 * (1 + erf(x / sqrt 2)), exact to float32's grain."""
    halves = values * np.float32(0.5)
    away = np.abs(values) * np.float32(0.5**0.5)
    shrunk = 1 / (1 + np.float32(_ERF_SCALE) * away)
    polynomial = np.float32(_ERF[0]) * shrunk
    for factor in _ERF[1:]:
        polynomial = (polynomial + np.float32(factor)) * shrunk
    erf: Vectors = np.copysign(1 - polynomial * np.exp(-away * away), values)
    return halves * (1 + erf)
