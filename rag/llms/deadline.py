"""A limit by the clock on the wall around work that may block anywhere: looking up a name, shaking hands, a header that drips."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from rag.errors import TimeLimitError

Made = TypeVar("Made")
_DONE = object()


def within(timeout_s: float, work: Callable[[], Made], *, late: str, abandon: Callable[[], None]) -> Made:
    """What ``work`` gives or raises, or TimeLimitError with the message ``late`` after ``timeout_s``.

    Late work goes on in a thread that nobody waits for; ``abandon`` is called to make it end, such as by closing its connection.
    """
    return next(pieces_within(timeout_s, lambda: iter((work(),)), late=late, abandon=abandon))


def pieces_within(timeout_s: float, work: Callable[[], Iterator[Made]], *, late: str, abandon: Callable[[], None]) -> Iterator[Made]:
    """The same piece by piece: the limit is for all of them together."""
    deadline = time.monotonic() + timeout_s
    made: queue.Queue[tuple[object, BaseException | None]] = queue.Queue()

    def run() -> None:
        try:
            for piece in work():
                made.put((piece, None))
            made.put((_DONE, None))
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, which raises it
            made.put((_DONE, error))

    threading.Thread(target=run, daemon=True, name="model call").start()
    ended = False
    try:
        while True:
            try:
                piece, error = made.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeLimitError(late) from None
            ended = piece is _DONE
            if error is not None:
                raise error
            if ended:
                return
            yield piece  # type: ignore[misc]  # what the queue holds besides the mark of the end
    finally:
        if not ended:
            abandon()
