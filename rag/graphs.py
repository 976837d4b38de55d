"""The one place that imports onnxruntime, and says for all how a graph runs.

onnxruntime's own packages report to Microsoft which program loads it, on which machine: a number of the machine's and a store of such
events in the home folder, and a connection after a while. What this program reads is confidential, and nothing of it is to be told. It
knows one way to be refused altogether, a variable of the environment, which it reads when it is imported.
"""

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

_ERRORS_ONLY = 3
"""onnxruntime's level of its own messages: it warns of every graphics card it does not know."""


def onnxruntime() -> Any:
    """The package, told to report nothing: in this process and those that it begins."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
    return onnxruntime


class Graph:
    """A graph on one thread: memory is what it waits for, and more threads only wait for each other."""

    def __init__(self, data: bytes, *, weights: Mapping[str, Any] = MappingProxyType({})) -> None:
        """``weights`` are the tensors that the graph names and does not hold. Raises ValueError for one that cannot be loaded."""
        package = onnxruntime()
        options = package.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._held = {name: package.OrtValue.ortvalue_from_numpy(tensor) for name, tensor in weights.items()}
        options.add_external_initializers(list(self._held), list(self._held.values()))
        try:
            self._session = package.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no class of their own in common
            raise ValueError(f"onnxruntime cannot load it: {error}") from error

    def run(self, outputs: Sequence[str] | None, given: Mapping[str, Any]) -> list[Any]:
        """Arrays, those named or all."""
        found: list[Any] = self._session.run(outputs, dict(given))
        return found
