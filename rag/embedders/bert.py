"""A BERT encoder in torch without padding: MiniLM and mxbai without the 5 to 8 s that importing transformers takes.

All tokens of a batch lie in one row after the other, so that every matrix product is over real tokens only; attention goes by groups of
texts of equal length, which need no mask. Measured: docs/evaluation-embedding.md.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rag.products import Product, attended, product

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Pooling = Literal["mean", "cls"]
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Group:
    """Texts of equal length that lie behind each other."""

    start: int
    """Row of the first token."""
    texts: int
    length: int
    """Tokens of each."""

    @property
    def rows(self) -> slice:
        """The tokens' rows."""
        return slice(self.start, self.start + self.texts * self.length)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Layer:
    """What one layer multiplies by; a norm is its (weight, bias)."""

    heads: Product
    """Query, key and value in one."""
    joined: Product
    norm: tuple[Any, Any]
    wide: Product
    narrow: Product
    last_norm: tuple[Any, Any]


class Bert:
    """Token ids in, one vector a text out: the mean of its last hidden states, or the first one.

    Raises KeyError and RuntimeError on weights of another shape. In bfloat16 the products are, and sums stay in float32: the vectors'
    cosine to float32's is .9999 or more.
    """

    def __init__(
        self, folder: Path, *, pooling: Pooling = "mean", precision: Precision = "float32", device: str = "cpu", prefix: str = ""
    ) -> None:
        """``prefix`` stands before the names of the weights, such as "bert."."""
        import torch
        from safetensors.torch import load_file

        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = {name: value.float() for name, value in load_file(folder / "model.safetensors", device=device).items()}
        self._pooling = pooling
        self._device = device
        self._dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        embeddings = f"{prefix}embeddings."
        self._words = weights[f"{embeddings}word_embeddings.weight"]
        self._places = weights[f"{embeddings}position_embeddings.weight"] + weights[f"{embeddings}token_type_embeddings.weight"][0]
        self._norm = _both(weights, f"{embeddings}LayerNorm", dtype=torch.float32)
        self.layers = int(config["num_hidden_layers"])
        self.width = int(config["hidden_size"])
        self._layers = [_layer(weights, prefix=f"{prefix}encoder.layer.{number}.", dtype=self._dtype) for number in range(self.layers)]

    def vectors(self, ids: Sequence[Sequence[int]]) -> Any:
        """Array of shape (texts, hidden size), in the order of ``ids``."""
        return self.with_states(ids, layer=0, dimensions=0)[0]

    def with_states(self, ids: Sequence[Sequence[int]], *, layer: int, dimensions: int) -> tuple[Any, "list[NDArray[np.float32]]"]:
        """``vectors``, and of each text the first ``dimensions`` values of its tokens' states after so many layers, shape (tokens,
        dimensions)."""
        import torch

        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        groups = list(_groups([len(ids[at]) for at in order]))
        tokens = torch.tensor([token for at in order for token in ids[at]], device=self._device)
        places = torch.tensor([place for at in order for place in range(len(ids[at]))], device=self._device)
        with torch.inference_mode():
            states, told = self._through(self._words[tokens] + self._places[places], groups, layer=layer)
            pooled = torch.cat([self._pooled(states[group.rows].view(group.texts, group.length, -1)) for group in groups])
            found = torch.empty_like(pooled)
            found[order] = pooled
            rows = told[:, :dimensions].float().cpu().numpy()
            return found.cpu().numpy(), _in_order(rows, order=order, lengths=[len(ids[at]) for at in order])

    def _pooled(self, states: Any) -> Any:
        return states[:, 0].float() if self._pooling == "cls" else states.float().mean(1)

    def _through(self, embedded: Any, groups: Sequence[_Group], *, layer: int) -> tuple[Any, Any]:
        """The last states, and those after ``layer`` layers, which are the embedded tokens after none."""
        from torch.nn.functional import layer_norm

        width = embedded.shape[-1:]
        told = states = layer_norm(embedded, width, *self._norm, eps=self._epsilon).to(self._dtype)
        for number, weights in enumerate(self._layers, start=1):
            attended = self._attended(weights.heads.of(states), groups)
            states = layer_norm(weights.joined.added(attended, to=states), width, *weights.norm, eps=self._epsilon)
            inner = weights.wide.gelu(states)
            states = layer_norm(weights.narrow.added(inner, to=states), width, *weights.last_norm, eps=self._epsilon)
            if number == layer:
                told = states
        return states, told

    def _attended(self, heads: Any, groups: Sequence[_Group]) -> Any:
        """Each text sees itself only; ``heads`` has shape (tokens, 3 x hidden size)."""
        parts = []
        for group in groups:
            split = heads[group.rows].view(group.texts, group.length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            seen = attended(split[0], split[1], split[2])
            parts.append(seen.transpose(1, 2).reshape(group.texts * group.length, -1))
        return parts[0] if len(parts) == 1 else _joined(parts)


def _in_order(rows: Any, *, order: Sequence[int], lengths: Sequence[int]) -> list[Any]:
    """Rows of texts that lie one after the other in ``order``, text by text in their own order."""
    ends = list(accumulate(lengths))
    parts = {at: rows[end - length : end] for at, end, length in zip(order, ends, lengths, strict=True)}
    return [parts[at] for at in range(len(order))]


def _joined(parts: Sequence[Any]) -> Any:
    import torch

    return torch.cat(list(parts))


def _groups(lengths: Sequence[int]) -> Iterator[_Group]:
    start = 0
    for length, alike in groupby(lengths):
        texts = sum(1 for _ in alike)
        yield _Group(start=start, texts=texts, length=length)
        start += texts * length


def _layer(weights: Mapping[str, Any], *, prefix: str, dtype: Any) -> _Layer:
    import torch

    apart = [_both(weights, f"{prefix}attention.self.{part}", dtype=dtype) for part in ("query", "key", "value")]
    return _Layer(
        heads=product(torch.cat([weight for weight, _ in apart]), torch.cat([bias for _, bias in apart])),
        joined=product(*_both(weights, f"{prefix}attention.output.dense", dtype=dtype)),
        norm=_both(weights, f"{prefix}attention.output.LayerNorm", dtype=dtype),
        wide=product(*_both(weights, f"{prefix}intermediate.dense", dtype=dtype)),
        narrow=product(*_both(weights, f"{prefix}output.dense", dtype=dtype)),
        last_norm=_both(weights, f"{prefix}output.LayerNorm", dtype=dtype),
    )


def _both(weights: Mapping[str, Any], name: str, *, dtype: Any) -> tuple[Any, Any]:
    return weights[f"{name}.weight"].to(dtype), weights[f"{name}.bias"].to(dtype)
