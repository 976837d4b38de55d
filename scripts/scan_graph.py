"""Writes scan.onnx and turn.onnx of rag/record: a product of whole numbers, and tables whose rows become columns.

    python scripts/scan_graph.py [FOLDER]

See `rag.record.tables`. One factor is unsigned and the other signed: the one pairing that onnxruntime multiplies quickly everywhere.
"""

import sys
from pathlib import Path

from onnx import ModelProto, TensorProto, helper

OPSET = 10
"""The first with MatMulInteger."""


def product() -> ModelProto:
    """one (..., rows, inner) x other (..., inner, columns) = products (..., rows, columns)."""
    one = helper.make_tensor_value_info("one", TensorProto.UINT8, None)
    other = helper.make_tensor_value_info("other", TensorProto.INT8, None)
    products = helper.make_tensor_value_info("products", TensorProto.INT32, None)
    node = helper.make_node("MatMulInteger", ["one", "other"], ["products"])
    return helper.make_model(helper.make_graph([node], "scan", [one, other], [products]), **_VERSIONS)


def turn() -> ModelProto:
    """tables (tables, rows, columns) = turned (tables, columns, rows)."""
    tables = helper.make_tensor_value_info("tables", TensorProto.INT8, ["tables", "rows", "columns"])
    turned = helper.make_tensor_value_info("turned", TensorProto.INT8, ["tables", "columns", "rows"])
    node = helper.make_node("Transpose", ["tables"], ["turned"], perm=[0, 2, 1])
    return helper.make_model(helper.make_graph([node], "turn", [tables], [turned]), **_VERSIONS)


_VERSIONS = {"opset_imports": [helper.make_opsetid("", OPSET)], "ir_version": 5, "producer_name": "rag-reports"}

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "rag" / "record"
    for name, graph in {"scan": product(), "turn": turn()}.items():
        (folder / f"{name}.onnx").write_bytes(graph.SerializeToString(deterministic=True))
