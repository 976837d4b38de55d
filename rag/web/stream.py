"""Server-sent events: what is told as it comes, until its end or until whoever listens goes away."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request

BEAT_S = 15.0
"""A line that says nothing, so that nobody between closes the stream."""


def event(data: Mapping[str, Any], *, number: int | None = None, name: str = "") -> str:
    """One event; ``number`` is what a client that comes again says it heard last."""
    head = f"id: {number}\n" if number is not None else f"event: {name}\n"
    return f"{head}data: {json.dumps(dict(data), ensure_ascii=False)}\n\n"


def last_heard(header: str) -> int:
    """What ``Last-Event-ID`` says; 0 for what is no number of ours."""
    return int(header) if header.isdecimal() and len(header) < 10 else 0


async def followed(look: Callable[[], tuple[Sequence[str], bool]], *, request: Request, every_s: float) -> AsyncIterator[str]:
    """What each look finds; ``look`` gives the events since the last one, and whether they are the last."""
    quiet = 0.0
    while not await request.is_disconnected():
        events, ended = look()
        for told in events:
            yield told
        if ended:
            return
        quiet = 0.0 if events else quiet + every_s
        if quiet > BEAT_S:
            quiet = 0.0
            yield ": still at it\n\n"
        await asyncio.sleep(every_s)
