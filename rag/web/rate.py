"""How fast one person may ask: a bucket that each request takes from and time fills again."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

A_SECOND = 10.0
"""Requests that one person may go on sending: more than a browser does, and what a program gets done here of its own."""
AT_ONCE = 200.0
"""Requests that may come at once after a rest."""
_COUNTED = 10_000
"""People who are counted."""


class Rates:
    """Of each person; used by one event loop."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._held: OrderedDict[int, tuple[float, float]] = OrderedDict()

    def wait(self, person: int) -> float:
        """Seconds until this person's next request may come; 0: this one may, and is counted."""
        now = self._clock()
        left, last = self._held.pop(person, (AT_ONCE, now))
        left = min(AT_ONCE, left + (now - last) * A_SECOND)
        self._held[person] = (left - 1 if left >= 1 else left), now
        while len(self._held) > _COUNTED:
            self._held.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) / A_SECOND
