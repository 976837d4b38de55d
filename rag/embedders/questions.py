"""The small model for one question at a time, by onnxruntime: ready in 0.1 s, where importing torch alone takes 2 to 5.

The computation is the file minilm.onnx beside this one (written by scripts/question_graph.py); the weights are mapped from the model's
own file, not read. Vectors equal `rag.embedders.bert`'s in float32 to 1e-6, at half the time of numpy's products (docs/log.md). For many
texts torch's layers are faster: see SmallEmbedder.
"""

import json
import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.graphs import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.ports import Vectors

GRAPH = Path(__file__).parent / "minilm.onnx"
_LOOKED_UP = ("word", "position", "token_type")
"""Read here, a few rows of each; onnxruntime would copy the whole of them, half of the model."""


class QuestionBert:
    """Token ids in, the mean of a text's last hidden states out. Raises KeyError, ValueError and OSError on a file of another shape."""

    def __init__(self, folder: Path) -> None:
        weights = mapped(folder / "model.safetensors")
        self._words, self._places, kinds = (weights.pop(f"embeddings.{name}_embeddings.weight") for name in _LOOKED_UP)
        self._kind = kinds[0]
        self._graph = Graph(
            GRAPH.read_bytes(), weights={name: tensor for name, tensor in weights.items() if not name.startswith("pooler.")}
        )

    def mean(self, ids: Sequence[int]) -> "Vectors":
        """Array of shape (hidden size,)."""
        return self._run(ids, "mean")[0]

    def tokens(self, ids: Sequence[int]) -> "Vectors":
        """States of the last layer but one, shape (tokens, hidden size)."""
        return self._run(ids, "tokens")[0]

    def both(self, ids: Sequence[int]) -> tuple["Vectors", "Vectors"]:
        """``mean`` and ``tokens`` by one computation."""
        mean, tokens = self._run(ids, "mean", "tokens")
        return mean, tokens

    def _run(self, ids: Sequence[int], *outputs: str) -> "list[Vectors]":
        embedded = self._words[list(ids)] + self._places[: len(ids)] + self._kind
        return self._graph.run(outputs, {"embedded": embedded})


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
