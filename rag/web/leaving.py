"""A stream ends when the person who follows it may no longer come in."""

import time
from collections.abc import Awaitable, Callable

from starlette.types import Message, Receive, Send

LOOK_S = 5.0
"""Between two looks, where something is sent; a silent stream sends a line every 15 seconds."""


def while_known(receive: Receive, send: Send, *, still: Callable[[], Awaitable[bool]]) -> tuple[Receive, Send]:
    """The same two for one request; once ``still`` says no, the client sees the end, and the application that the client is gone."""
    looked, gone = time.monotonic(), False

    async def receiving() -> Message:
        return {"type": "http.disconnect"} if gone else await receive()

    async def sending(message: Message) -> None:
        nonlocal looked, gone
        if gone:
            return
        if message["type"] == "http.response.body" and message.get("more_body") and time.monotonic() - looked > LOOK_S:
            looked = time.monotonic()
            if not await still():
                gone = True
                message = {"type": "http.response.body", "body": b"", "more_body": False}
        await send(message)

    return receiving, sending
