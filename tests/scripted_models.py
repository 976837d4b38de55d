"""Language models we wrote ourselves, behind a real OpenAI-compatible server on loopback: a good one, a sloppy one, a puppet.

Each reads the prompt as a model does, from its text alone, and answers as a model does, with text.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Lines = list[tuple[int, str]]
_LINE = re.compile(r"^\[(\d+)\] (.*) \([^()]*(?:\([^()]*\)[^()]*)*, [A-Z][a-z]+ \d{4}\)$", re.MULTILINE)
_FAULTY = re.compile(r"^Sentence (\d+), on evidence ([\d, ]*): ", re.MULTILINE)

Model = Callable[[dict[str, Any]], str]
"""A request's body -> the text of the answer."""


@dataclass
class Endpoint:
    """What the server is, and what it was asked."""

    base_url: str = ""
    model: Model = field(default=lambda _: "{}")
    requests: list[dict[str, Any]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)


@contextmanager
def serving(model: Model) -> Iterator[Endpoint]:
    """A sound server in front of a model."""
    state = Endpoint(model=model)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = state.model(request)
            state.requests.append(request)
            state.answers.append(text)
            body = completion(text).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    state.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def completion(text: str | None, *, finish: str | None = "stop", **message: Any) -> str:
    """The body of a whole answer."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 300, "completion_tokens": 60, "total_tokens": 360}
    return json.dumps({"id": "x", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice], "usage": usage})


def evidence_of(request: dict[str, Any]) -> Lines:
    """The numbered evidence of a prompt."""
    prompt = request["messages"][-1]["content"]
    fenced = prompt[prompt.index("<evidence>") : prompt.index("</evidence>")]
    return [(int(number), text) for number, text in _LINE.findall(fenced)]


def faulty_of(request: dict[str, Any]) -> list[tuple[int, list[int]]]:
    """(number, evidence numbers) of the sentences a repair prompt names; nothing in any other prompt."""
    found = _FAULTY.findall(request["messages"][-1]["content"])
    return [(int(number), [int(one) for one in re.findall(r"\d+", evidence)]) for number, evidence in found]


def sentences(*rows: tuple[str, list[int]]) -> str:
    """An answer with these sentences."""
    return json.dumps({"sentences": [{"text": text, "evidence": evidence} for text, evidence in rows]})


# ── the good one ──────────────────────────────────────────────────────────────────────────────────────────────────

_SYNONYMS = (
    (r"\brose\b", "increased"),
    (r"\bfell\b", "declined"),
    (r"\bfrom (.+?) a year before\b", r"from \1 a year earlier"),
    (r"\bThe\b(?= [a-z]+ (?:of|for) )", "The"),
)
_LEADING = re.compile(r"^((?:In|At|On|During|For|From|By|Since|After|Before) [^,]{3,60}), (?:the )?([A-Za-z].*)\.$")


def reworded(text: str) -> str:
    """The sentence in other words, as a careful writer would: "In 2025, sales rose ..." -> "Sales increased ... in 2025."."""
    for pattern, instead in _SYNONYMS:
        text = re.sub(pattern, instead, text)
    match = _LEADING.match(text)
    if match and not re.search(r"[,;:]|\b(?:and|but)\b", match[2]):
        rest = match[2][0].upper() + match[2][1:]
        return f"{rest} {match[1][0].lower()}{match[1][1:]}."
    return text


def good(request: dict[str, Any]) -> str:
    """A careful writer: each piece of evidence once, in its own words turned round, nothing added."""
    lines = evidence_of(request)
    if repairs := faulty_of(request):
        texts = dict(lines)
        return json.dumps({"repairs": [{"sentence": at, "text": texts[on[0]], "evidence": on[:1]} for at, on in repairs if on]})
    if "bottom line" in request["messages"][-1]["content"]:
        lines = sorted(lines, key=lambda line: len(line[1].split()) > 35)[:5]
    return sentences(*((reworded(text), [number]) for number, text in lines))
