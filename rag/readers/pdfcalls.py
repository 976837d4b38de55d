"""PDFium's functions called so often that ctypes takes more time for a call than PDFium does.

The addresses that they write to are made ready once, calls run in ``map``, and what was written is read in one go.
"""

import ctypes
from collections.abc import Iterable
from functools import cache
from typing import Any

_ROOM_FOR_MORE = 1.25
"""Times the calls that were wanted, when there is not enough room."""


def bare(function: Any, answer: Any, *arguments: Any) -> Any:
    """The same function without pypdfium2's checks. Without types its arguments have to be ready: small whole numbers, and addresses that
    ``ready`` has made."""
    return _kind(answer, *arguments)(ctypes.cast(function, ctypes.c_void_p).value or 0)


@cache
def _kind(answer: Any, *arguments: Any) -> Any:
    """A class; ctypes keeps those that it makes for CFUNCTYPE, but not these."""
    return ctypes.PYFUNCTYPE(answer, *arguments)


ready = ctypes.c_void_p.from_param


class Room:
    """Room for what one of PDFium's functions writes, call after call."""

    def __init__(self, function: Any, *, kind: Any, places: int = 1, size: int = 1) -> None:
        """``places``: addresses that a call takes; ``size``: numbers of ``kind`` that it writes at each."""
        self._call = bare(function, ctypes.c_int)
        self._kind, self._places, self._size = kind, places, size
        self._count = 0

    def fill(self, *arguments: Iterable[Any], count: int) -> list[int]:
        """The answers of ``count`` calls; what a call leaves out is 0."""
        if count > self._count:
            self._grow(int(count * _ROOM_FOR_MORE))
        elif not count:
            return []
        ctypes.memset(self._array, 0, ctypes.sizeof(self._kind) * self._places * self._size * count)
        return list(map(self._call, *arguments, *self._addresses))

    def values(self, field: int, *, count: int) -> list[Any]:
        """The same number of each of ``count`` calls."""
        step = self._places * self._size
        return memoryview(self._array).cast("B").cast(self._kind._type_)[field : count * step : step].tolist() if count else []

    def _grow(self, count: int) -> None:
        self._count = count
        self._array: Any = (self._kind * (count * self._places * self._size))()
        start, end = ctypes.addressof(self._array), ctypes.addressof(self._array) + ctypes.sizeof(self._array)
        width = ctypes.sizeof(self._kind) * self._size
        ranges = (range(start + place * width, end, self._places * width) for place in range(self._places))
        self._addresses: list[list[Any]] = [list(map(ready, places)) for places in ranges]
