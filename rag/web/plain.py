"""Values of ours as lists, dictionaries, numbers and text."""

from collections.abc import Hashable
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=64)
def _adapter(kind: Hashable) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def plain(value: Any) -> Any:
    """A dataclass of ours, dates and decimals as text."""
    return _adapter(type(value)).dump_python(value, mode="json")
