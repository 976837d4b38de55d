"""Writes rag/record/scan.onnx: one product of whole numbers, all codes of a library with a question's.

    python scripts/scan_graph.py [FILE]

See `rag.record.codes`. Codes are unsigned and the question signed, the one pairing that onnxruntime multiplies quickly on every processor.
"""

import sys
from pathlib import Path

from onnx import ModelProto, TensorProto, helper

OPSET = 10
"""The first with MatMulInteger."""


def graph() -> ModelProto:
    """codes (rows, dimensions) x question (dimensions, columns) = products (rows, columns)."""
    codes = helper.make_tensor_value_info("codes", TensorProto.UINT8, ["rows", "dimensions"])
    question = helper.make_tensor_value_info("question", TensorProto.INT8, ["dimensions", "columns"])
    products = helper.make_tensor_value_info("products", TensorProto.INT32, ["rows", "columns"])
    node = helper.make_node("MatMulInteger", ["codes", "question"], ["products"])
    content = helper.make_graph([node], "scan", [codes, question], [products])
    return helper.make_model(content, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=5, producer_name="rag-reports")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "rag" / "record" / "scan.onnx"
    target.write_bytes(graph().SerializeToString(deterministic=True))
