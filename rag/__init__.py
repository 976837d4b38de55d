"""Cited market-trends reports from a folder of internal research.

``from rag import Library`` is the Python API: open a workspace, then ``ingest``, ``search``, ``ask`` and ``report``. Importing this
package loads no model, no vendor library and touches no file; ``Library`` is loaded when it is first named.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.app import Library as Library

__version__ = "0.1.0"

__all__ = ["Library", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Library":
        from rag.app import Library

        return Library
    raise AttributeError(f"module 'rag' has no attribute {name!r}")
