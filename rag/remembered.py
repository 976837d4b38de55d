"""Results that are kept because the same is asked again and again: a chat reads the same sentences at every question.

Only of what depends on nothing but its arguments and is never changed afterwards; shared by all threads; bounded, so that a server's memory
stays as it is.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from threading import Lock
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

_Rest = ParamSpec("_Rest")
_Found = TypeVar("_Found")

LONGEST = 4_000
"""Characters of a text whose results are kept: sentences, labels and passages, not whole documents."""


def remembered(most: int) -> Callable[[Callable[Concatenate[str, _Rest], _Found]], Callable[Concatenate[str, _Rest], _Found]]:
    """Keeps the last ``most`` results of a function of a short text."""

    def around(function: Callable[Concatenate[str, _Rest], _Found]) -> Callable[Concatenate[str, _Rest], _Found]:
        kept = cast("Callable[Concatenate[str, _Rest], _Found]", lru_cache(maxsize=most)(function))

        @wraps(function)
        def found(text: str, /, *args: _Rest.args, **kwargs: _Rest.kwargs) -> _Found:
            return (kept if len(text) <= LONGEST else function)(text, *args, **kwargs)

        return found

    return around


class Shelf(Generic[_Found]):
    """Large things by key, those used last, as long as their sizes add up to no more than ``most``; one larger than a quarter of it is not
    kept. ``same`` is what a thing was made of: where that is another one now, the thing is made anew."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Hashable, tuple[Any, int, _Found]] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def of(self, key: Hashable, *, same: Any, make: Callable[[], tuple[_Found, int]]) -> _Found:
        """The thing of that key; ``make`` gives it with its size where it is not held. Two threads that miss at once both make it."""
        with self._lock:
            held = self._held.get(key)
            if held is not None and (held[0] is same or held[0] == same):
                self._held.move_to_end(key)
                return held[2]
        made, size = make()
        with self._lock:
            self._put(key, (same, size, made))
        return made

    def _put(self, key: Hashable, entry: tuple[Any, int, _Found]) -> None:
        self._drop(key)
        if 4 * entry[1] <= self._most:
            self._held[key] = entry
            self._size += entry[1]
        while self._size > self._most:
            self._drop(next(iter(self._held)))

    def _drop(self, key: Hashable) -> None:
        if (held := self._held.pop(key, None)) is not None:
            self._size -= held[1]
