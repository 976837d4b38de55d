"""A BERT encoder in torch without padding: MiniLM and mxbai without the 5 to 8 s that importing transformers takes.

All tokens of a batch lie in one row after the other, so that every matrix product is over real tokens only; attention goes by groups of
texts of equal length, which need no mask. Measured: docs/evaluation-embedding.md.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rag.embedders.layers import ByteLayer, FloatLayer, Layer, Weights, both, weights_of
from rag.processor import multiplies_bfloat16
from rag.products import attended

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Pooling = Literal["mean", "cls"]
Precision = Literal["float32", "bfloat16", "int8"]


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


class Bert:
    """Token ids in, one vector a text out: the mean of its last hidden states, or the first one.

    Raises KeyError and RuntimeError on weights of another shape. In bfloat16 the products are, and sums stay in float32: the vectors'
    cosine to float32's is .9999 or more. In int8 (`rag.embedders.layers`) it is .999 to .9996.
    """

    def __init__(
        self,
        folder: Path,
        *,
        pooling: Pooling = "mean",
        precision: Precision = "float32",
        device: str = "cpu",
        prefix: str = "",
        sentences: Sequence[Sequence[int]] = (),
    ) -> None:
        """``prefix`` stands before the weights' names, such as "bert."; ``sentences`` are token ids of the few texts that int8 asks for."""
        import torch
        from safetensors.torch import load_file

        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = {name: value.float() for name, value in load_file(folder / "model.safetensors", device=device).items()}
        self._pooling = pooling
        self._device = device
        fast = precision == "bfloat16" or (precision == "int8" and multiplies_bfloat16(device))
        self._dtype = torch.bfloat16 if fast else torch.float32
        self._kept = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        embeddings = f"{prefix}embeddings."
        self._words = weights[f"{embeddings}word_embeddings.weight"]
        self._places = weights[f"{embeddings}position_embeddings.weight"] + weights[f"{embeddings}token_type_embeddings.weight"][0]
        self._norm = both(weights, f"{embeddings}LayerNorm")
        self.layers = int(config["num_hidden_layers"])
        self.width = int(config["hidden_size"])
        parts = (weights_of(weights, prefix=f"{prefix}encoder.layer.{at}.", epsilon=self._epsilon) for at in range(self.layers))
        with torch.inference_mode():
            self._layers = list(self._in_bytes(parts, sentences) if precision == "int8" else self._in_floats(parts))

    def _in_floats(self, parts: Iterable[Weights]) -> Iterator[Layer]:
        return (FloatLayer(weights, dtype=self._dtype) for weights in parts)

    def _in_bytes(self, parts: Iterable[Weights], sentences: Sequence[Sequence[int]]) -> Iterator[Layer]:
        """Each layer after what the sentences' states are in it; they go through all of them in floats."""
        laid = self._laid(sentences)
        states = laid.embedded.to(self._dtype)
        for weights in parts:
            plain = FloatLayer(weights, dtype=self._dtype)
            middle = plain.middle(states, laid.attend)
            inner = plain.inner(middle)
            yield ByteLayer(weights, states=states.float(), middle=middle.float(), inner=inner.float(), dtype=self._dtype)
            states = plain.last(inner, middle)

    def vectors(self, ids: Sequence[Sequence[int]]) -> Any:
        """Array of shape (texts, hidden size), in the order of ``ids``."""
        return self.with_states(ids, layer=0, dimensions=0)[0]

    def with_states(self, ids: Sequence[Sequence[int]], *, layer: int, dimensions: int) -> tuple[Any, "list[NDArray[np.float32]]"]:
        """``vectors``, and of each text the first ``dimensions`` values of its tokens' states after so many layers, shape (tokens,
        dimensions)."""
        import torch

        with torch.inference_mode():
            laid = self._laid(ids)
            states, told = self._through(laid, layer=layer)
            pooled = torch.cat([self._pooled(states[group.rows].view(group.texts, group.length, -1)) for group in laid.groups])
            found = torch.empty_like(pooled)
            found[laid.order] = pooled
            rows = told[:, :dimensions].float().cpu().numpy()
            return found.cpu().numpy(), _in_order(rows, order=laid.order, lengths=[len(ids[at]) for at in laid.order])

    def _laid(self, ids: Sequence[Sequence[int]]) -> "_Laid":
        """The texts' embedded tokens, one behind the other."""
        import torch
        from torch.nn.functional import layer_norm

        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        tokens = torch.tensor([token for at in order for token in ids[at]], device=self._device)
        places = torch.tensor([place for at in order for place in range(len(ids[at]))], device=self._device)
        embedded = layer_norm(self._words[tokens] + self._places[places], (self.width,), *self._norm, eps=self._epsilon)
        groups = tuple(_groups([len(ids[at]) for at in order]))
        return _Laid(order=order, groups=groups, heads=self._heads, embedded=embedded)

    def _pooled(self, states: Any) -> Any:
        return states[:, 0].float() if self._pooling == "cls" else states.float().mean(1)

    def _through(self, laid: "_Laid", *, layer: int) -> tuple[Any, Any]:
        """The last states, and those after ``layer`` layers, which are the embedded tokens after none."""
        told = states = laid.embedded.to(self._kept)
        for number, each in enumerate(self._layers, start=1):
            states = each.through(states, laid.attend)
            if number == layer:
                told = states
        return states, told


@dataclass(frozen=True, kw_only=True, slots=True)
class _Laid:
    """Texts laid out for a batch, the shortest first."""

    order: list[int]
    """Their places in the caller's order."""
    groups: tuple[_Group, ...]
    heads: int
    embedded: Any
    """Shape (tokens, hidden size), in float32."""

    def attend(self, heads: Any) -> Any:
        """Each text sees itself only; ``heads`` has shape (tokens, 3 x hidden size)."""
        parts = []
        for group in self.groups:
            split = heads[group.rows].view(group.texts, group.length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
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
