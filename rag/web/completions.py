"""The dialect that OpenAI's clients speak: chat completions, models, embeddings.

A conversation is stateless there, so earlier questions of the same conversation are answered again, or taken from the last ones that were
answered, to understand a follow-up. Nothing of it enters the history of chats.
"""

import asyncio
import base64
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeAlias

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from rag.app import Library
from rag.desks import Asked
from rag.errors import UsageError
from rag.types import Answer
from rag.web.asking import ask
from rag.web.refuse import OPENAI_REFUSALS
from rag.web.serving import Here, Serving
from rag.web.stream import BEAT_S
from rag.web.views import Plain, Spoken, spoken

routes = APIRouter(prefix="/v1", tags=["OpenAI-compatible"], responses=OPENAI_REFUSALS)

MODEL = "rag"
_Whole: TypeAlias = tuple[Spoken, list[Plain], Plain]
"""What is said, its annotations, its usage."""
_REMEMBERED = 500
"""Answers kept to understand follow-ups."""
_LOOKED_BACK = 4
"""Earlier questions of a conversation that are looked at."""


class UnknownModelNameError(UsageError):
    """A client asks for a model that is not served."""

    http_status = 404
    code = "model_not_found"


class ChatMessage(BaseModel):
    """A message; parts that are not text are refused."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        """Its words. Raises UsageError for pictures, sound and files."""
        if isinstance(self.content, list):
            if any(part.get("type") != "text" for part in self.content):
                raise UsageError("only text can be asked here; leave pictures, sound and files out")
            return "\n".join(str(part.get("text", "")) for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream ends with."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """What a client asks. Whatever steers a language model, such as a temperature, is taken and has no effect."""

    model_config = ConfigDict(extra="ignore")

    model: str = MODEL
    messages: list[ChatMessage] = Field(min_length=1, max_length=1_000)
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int = Field(default=1, ge=1, le=1)


class EmbeddingRequest(BaseModel):
    """Texts to be embedded by the workspace's embedder."""

    model_config = ConfigDict(extra="ignore")

    model: str = ""
    input: str | list[str] | list[int] | list[list[int]]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    input_type: Literal["query", "document"] = Field(
        default="document", description='"query" puts the query prompt before each text, as a search does; "document" embeds it as it is.'
    )


class Answers:
    """The last answers by who asked, what they could see, and the questions that led to them."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, library: Library, questions: Sequence[str], *, now: datetime) -> list[Answer]:
        """The answers to these questions in the documents' own sentences, each understood from those before it."""
        made: list[Answer] = []
        for count in range(1, len(questions) + 1):
            key = self._key(library, questions[:count])
            with self._lock:
                known = self._held.get(key)
            answer = known or library.ask(questions[count - 1], now=now, history=made, keep=False, writer="extractive").answer
            self._hold(key, answer)
            made.append(answer)
        return made

    def _hold(self, key: str, answer: Answer) -> None:
        with self._lock:
            self._held[key] = answer
            while len(self._held) > _REMEMBERED:
                self._held.popitem(last=False)

    @staticmethod
    def _key(library: Library, questions: Sequence[str]) -> str:
        record = library.record
        return hashlib.sha256(json.dumps([record.user, record.sees_all, *record.revision(), *questions]).encode()).hexdigest()


_ANSWERS = Answers()


@routes.get("/models")
async def models(here: Here) -> dict[str, Any]:
    """ "rag", and the workspace's embedder."""
    embedder = await here.desks.do(lambda library: library.embedder.fingerprint.model)
    return {"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "rag"} for name in (MODEL, embedder)]}


@routes.get("/models/{model:path}")
async def model(here: Here, model: str) -> dict[str, Any]:
    """One of them."""
    found = [one for one in (await models(here))["data"] if one["id"] == model]
    if not found:
        raise UnknownModelNameError(f"no model {model!r} here; /v1/models lists them")
    return dict(found[0])


@routes.post("/chat/completions", response_model=None, responses={200: {"content": {"application/json": {}, "text/event-stream": {}}}})
async def chat(here: Here, request: Request, asked: ChatRequest) -> Response:
    """An answer with [n] in the text, the sources below it, and url_citation annotations that lead to the passages."""
    if asked.model != MODEL:
        raise UnknownModelNameError(f"no model {asked.model!r} here; ask for {MODEL!r}")
    questions = [text for message in asked.messages if message.role == "user" and (text := message.text).strip()]
    if not questions:
        raise UsageError("no message of the user holds a question")
    now = here.clock()

    def before(library: Library) -> tuple[list[Answer], int]:
        tokens = sum(len(library.embedder.token_spans(message.text)) for message in asked.messages)
        return _ANSWERS.of(library, questions[-1 - _LOOKED_BACK : -1], now=now), tokens

    history, tokens_in = await here.desks.do(before)
    answered = await ask(here, questions[-1], history=history, keep=False)
    head = {"id": f"chatcmpl-{answered.turn.answer.id.removeprefix('a-')}", "created": int(now.timestamp()), "model": MODEL}
    whole = partial(_whole, here, answered, tokens_in=tokens_in, base=here.address or str(request.base_url).rstrip("/"))
    if asked.stream:
        wants_usage = asked.stream_options is not None and asked.stream_options.include_usage
        return StreamingResponse(_pieces(head, whole, wants_usage=wants_usage), media_type="text/event-stream")
    said, annotations, usage = await whole()
    message = {"role": "assistant", "content": said.text, "refusal": None, "annotations": annotations}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return JSONResponse({**head, "object": "chat.completion", "choices": [choice], "usage": usage})


async def _whole(here: Serving, answered: Asked, *, tokens_in: int, base: str) -> _Whole:
    """Of the answer when it stands."""
    said = spoken((await answered.worded()).answer)
    tokens_out = await here.desks.do(lambda library: len(library.embedder.token_spans(said.text)))
    usage = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}
    return said, annotations_of(said, base=base), usage


def annotations_of(said: Spoken, *, base: str) -> list[Plain]:
    """One for each [n] of the sentences; ``base`` is this server's address."""
    sources = {source["number"]: source for source in said.sources}
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": start,
                "end_index": end,
                "title": sources[number]["title"] + sources[number]["place"],
                "url": base + sources[number]["address"],
            },
        }
        for start, end, number in said.marks
    ]


async def _pieces(head: Plain, whole: Callable[[], Coroutine[Any, Any, _Whole]], *, wants_usage: bool) -> AsyncIterator[str]:
    """A sentence a piece, all of them checked before the first is sent; the annotations with the last.

    What a model has written and nobody has checked is no content: the stream is kept open by comments until the answer stands.
    """
    extra = {"usage": None} if wants_usage else {}

    def piece(delta: Plain, finish: str | None = None) -> str:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
        return _line({**head, "object": "chat.completion.chunk", "choices": choices, **extra})

    yield piece({"role": "assistant", "content": ""})
    standing = asyncio.ensure_future(whole())
    while not (await asyncio.wait([standing], timeout=BEAT_S))[0]:
        yield ": the answer is being worded and checked\n\n"
    said, annotations, usage = await standing
    for number, part in enumerate(said.parts):
        yield piece({"content": part if number == 0 else f"\n\n{part}"})
    yield piece({"annotations": annotations}, "stop")
    if wants_usage:
        yield _line({**head, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    yield "data: [DONE]\n\n"


def _line(data: Plain) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


@routes.post("/embeddings")
async def embeddings(here: Here, asked: EmbeddingRequest) -> dict[str, Any]:
    """One vector a text, of unit length."""
    texts = _texts(asked.input)

    def job(library: Library) -> tuple[str, list[list[float]], int]:
        own = library.embedder.fingerprint
        if asked.dimensions not in (None, own.dimensions):
            raise UsageError(f"this workspace's vectors have {own.dimensions} dimensions; leave dimensions out")
        if asked.model and asked.model not in (own.model, MODEL):
            raise UnknownModelNameError(f"no embedder {asked.model!r} here; ask for {own.model!r}")
        room = library.embedder.max_tokens - library.embedder.special_tokens
        tokens = [len(library.embedder.token_spans(text)) for text in texts]
        if max(tokens) > room:
            raise UsageError(f"text {tokens.index(max(tokens)) + 1} has {max(tokens)} tokens and {room} are allowed; shorten or split it")
        vectors = library.embedder.embed(texts, kind=asked.input_type)
        return own.model, vectors.tolist(), sum(tokens)

    name, vectors, tokens = await here.desks.do(job)
    data = [
        {"object": "embedding", "index": at, "embedding": _packed(vector) if asked.encoding_format == "base64" else vector}
        for at, vector in enumerate(vectors)
    ]
    return {"object": "list", "data": data, "model": name, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}


def _texts(given: str | list[str] | list[int] | list[list[int]]) -> list[str]:
    texts = [given] if isinstance(given, str) else [text for text in given if isinstance(text, str)]
    if not isinstance(given, str) and len(texts) < len(given):
        raise UsageError("send texts, not tokens; in LangChain's OpenAIEmbeddings set check_embedding_ctx_length=False")
    if not texts or len(texts) > 2_048 or not all(text.strip() for text in texts):
        raise UsageError("send 1 to 2,048 texts, none of them empty")
    return texts


def _packed(vector: list[float]) -> str:
    """Little-endian 32-bit floats in base64, as the SDK asks for."""
    import numpy as np

    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()
