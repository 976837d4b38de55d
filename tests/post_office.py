"""A mail server and a webhook on loopback that keep what they get, for tests and benchmarks of deliveries."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Letterbox:
    """A mail server that keeps what it gets, or refuses it."""

    def __init__(self, refuses: str = "") -> None:
        self.refuses = refuses
        self.messages: list[bytes] = []
        self.taken: Callable[[], None] = lambda: None
        """Called when a message is kept and its sender does not know it yet."""

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:  # noqa: N802
        """The server's own name for it."""
        if self.refuses:
            return self.refuses
        assert isinstance(envelope.content, bytes)
        self.messages.append(envelope.content)
        self.taken()
        return "250 kept"


@contextmanager
def mail_server(box: Letterbox) -> Iterator[str]:
    """Runs one; its address."""
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield f"127.0.0.1:{controller.port}"
    finally:
        controller.stop()


class _Hook(BaseHTTPRequestHandler):
    """Keeps what it gets and answers as it is told."""

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, HookServer)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.posts.append((dict(self.headers), body))
        server.taken()
        self.send_response(server.answers.pop(0) if server.answers else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class HookServer(ThreadingHTTPServer):
    """A webhook on loopback."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.taken: Callable[[], None] = lambda: None
        """Called when a post is kept and its sender does not know it yet."""

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that died hears no answer."""

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


@contextmanager
def hook_server() -> Iterator[HookServer]:
    """Runs one."""
    with HookServer() as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.shutdown()
