"""Writes rag/embedders/minilm.onnx: the computation of all-MiniLM-L6-v2 for one text, without weights.

    python scripts/question_graph.py [FILE]

The weights come from the model's own file when the graph is loaded, under the names they have there: see `rag.embedders.questions`.
"""

import sys
from pathlib import Path
from typing import Any

from onnx import ModelProto, NodeProto, TensorProto, helper

from rag.embedders.small import TOKENS

LAYERS, HEADS, WIDTH, INNER, EPSILON = 6, 12, 384, 1536, 1e-12
OPSET = 20
"""The first with Gelu."""
_FUSED = "com.microsoft"
"""onnxruntime's own operators: attention of all heads in one, a sum and its norm in one."""


class _Graph:
    """Nodes in their order, and the weights they name."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []

    def weight(self, name: str, *shape: int) -> str:
        """A float32 tensor that is given at loading."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="model.safetensors")
        self.weights.append(tensor)
        return name

    def node(self, operator: str, *inputs: str, to: str, domain: str = "", **attributes: Any) -> str:
        """One operator's result."""
        self.nodes.append(helper.make_node(operator, inputs, [to], domain=domain, **attributes))
        return to

    def dense(self, states: str, name: str, *, inputs: int, outputs: int) -> str:
        """states (tokens, inputs) x weights + bias."""
        return self.node(
            "Gemm", states, self.weight(f"{name}.weight", outputs, inputs), self.weight(f"{name}.bias", outputs), to=name, transB=1
        )

    def summed_norm(self, states: str, other: str, name: str) -> str:
        """The layer norm of a sum."""
        norm = self.weight(f"{name}.weight", WIDTH), self.weight(f"{name}.bias", WIDTH)
        return self.node("SkipLayerNormalization", states, other, *norm, to=name, domain=_FUSED, epsilon=EPSILON)

    def layer(self, states: str, *, prefix: str) -> str:
        """One encoder layer."""
        heads = []
        for part in ("query", "key", "value"):
            flat = self.dense(states, f"{prefix}attention.self.{part}", inputs=WIDTH, outputs=WIDTH)
            heads.append(self.node("Unsqueeze", flat, "first", to=f"{flat}.one"))
        seen = self.node("MultiHeadAttention", *heads, to=f"{prefix}seen", domain=_FUSED, num_heads=HEADS)
        flat = self.node("Squeeze", seen, "first", to=f"{prefix}seen.flat")
        joined = self.dense(flat, f"{prefix}attention.output.dense", inputs=WIDTH, outputs=WIDTH)
        states = self.summed_norm(joined, states, f"{prefix}attention.output.LayerNorm")
        inner = self.node("Gelu", self.dense(states, f"{prefix}intermediate.dense", inputs=WIDTH, outputs=INNER), to=f"{prefix}inner")
        return self.summed_norm(
            self.dense(inner, f"{prefix}output.dense", inputs=INNER, outputs=WIDTH), states, f"{prefix}output.LayerNorm"
        )


def graph() -> ModelProto:
    """The sums of three embeddings (tokens, hidden size) in; out come the mean of the last hidden states (hidden size) and, where they are
    asked for, the states of layer TOKENS (tokens, hidden size)."""
    made = _Graph()
    made.weights.append(helper.make_tensor("first", TensorProto.INT64, [1], [0]))
    norm = made.weight("embeddings.LayerNorm.weight", WIDTH), made.weight("embeddings.LayerNorm.bias", WIDTH)
    states = made.node("LayerNormalization", "embedded", *norm, to="normed", epsilon=EPSILON)
    for number in range(LAYERS):
        states = made.layer(states, prefix=f"encoder.layer.{number}.")
        if number + 1 == TOKENS:
            made.node("Identity", states, to="tokens")
    made.node("ReduceMean", states, "first", to="mean", keepdims=0)
    embedded = helper.make_tensor_value_info("embedded", TensorProto.FLOAT, ["tokens", WIDTH])
    mean = helper.make_tensor_value_info("mean", TensorProto.FLOAT, [WIDTH])
    tokens = helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["tokens", WIDTH])
    content = helper.make_graph(made.nodes, "all-MiniLM-L6-v2", [embedded], [mean, tokens], made.weights)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(_FUSED, 1)]
    return helper.make_model(content, opset_imports=opsets, ir_version=10, producer_name="rag-reports")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "rag" / "embedders" / "minilm.onnx"
    target.write_bytes(graph().SerializeToString(deterministic=True))
