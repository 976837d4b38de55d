"""Any OpenAI-compatible /v1/embeddings endpoint: text-embeddings-inference, vLLM, Ollama, Mixedbread, OpenAI.

Mixedbread's own fields are not needed: its ``prompt`` is what is put before a query here, ``normalized`` what is done with every row, and
``dimensions`` what ``first_dimensions`` keeps, which works with servers that do not know that field, too.
"""

import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rag.embedders.tokens import batches, unit
from rag.errors import EndpointError, ModelError
from rag.patterns import regex
from rag.types import Fingerprint, TextKind
from rag.weights import one_line

if TYPE_CHECKING:
    from rag.ports import Vectors

_TEXTS_A_REQUEST = 32
"""The limit of text-embeddings-inference as it comes; OpenAI takes 2,048."""
_TOKENS_A_REQUEST = 8_192
_BYTES_A_NUMBER = 40
"""A float32 in JSON takes up to 24; the rest is white space."""

_PIECE = regex(r"(?P<word>\b(?:[A-Z]?[a-z]{1,20})(?![A-Za-z0-9_]))|\S")


class OpenAIEmbedder:
    """The endpoint's model. ``dimensions`` and ``max_tokens`` are what the model has; a different answer is an error.

    The fingerprint names the model, not the address: the same model served elsewhere needs no new embedding.
    """

    special_tokens: int = 2

    def __init__(
        self,
        model: str,
        *,
        base_url: str,
        api_key: str,
        query_prompt: str,
        dimensions: int,
        max_tokens: int,
        first_dimensions: int | None = None,
        timeout_s: float = 60.0,
        retries: int = 4,
    ) -> None:
        """``first_dimensions`` of the endpoint's ``dimensions`` are kept (Matryoshka models only); None keeps all.

        ``timeout_s`` bounds the wait for an answer, and again the answer itself. ``retries`` are the SDK's, with its growing pauses, for
        what fails before an answer begins: connections, 408, 409, 429, 5xx. An empty ``api_key`` is for endpoints that want none.
        """
        self._retries = retries
        self._texts_a_request = _TEXTS_A_REQUEST
        self._base_url = base_url
        self._api_key = api_key
        self._timeout_s = timeout_s
        self.max_tokens = max_tokens
        self._dimensions = dimensions
        self.fingerprint = Fingerprint(
            model=model, revision="endpoint", dimensions=first_dimensions or dimensions, query_prompt=query_prompt
        )

    def token_spans(self, text: str) -> Sequence[tuple[int, int]]:
        """An upper bound, for want of the endpoint's tokenizer: lower-case and capitalised words count one token for each two letters
        begun (real tokenizers need one for four), anything else one for each byte of UTF-8, white space none.

        So a chunk holds about half of what the model could take; 100 to 200 words suit retrieval.
        """
        return list(_pieces(text))

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> "Vectors":
        """One unit row a text. Raises EndpointError, whose ``retryable`` tells whether the same call may work later.

        A query over ``max_tokens`` is cut there; a document over it raises ModelError.
        """
        import numpy as np

        ready = [self._ready(text, kind=kind) for text in texts]
        vectors = np.empty((len(ready), self.fingerprint.dimensions), dtype=np.float32)
        lengths = [len(self.token_spans(text)) for text in ready]
        for batch in batches(lengths, token_budget=_TOKENS_A_REQUEST, most=self._texts_a_request):
            found = np.asarray(self._ask([ready[at] for at in batch]), dtype=np.float64)
            vectors[batch] = unit(found[:, : self.fingerprint.dimensions])
        return vectors

    def _ready(self, text: str, *, kind: TextKind) -> str:
        prompted = self.fingerprint.query_prompt + text if kind == "query" else text
        room = self.max_tokens - self.special_tokens
        spans = self.token_spans(prompted)
        if len(spans) <= room:
            return prompted
        if kind == "document":
            raise ModelError(f"a passage may have {len(spans)} tokens, over the endpoint's {room} ({text[:60]!r}...): chunk it smaller")
        return prompted[: spans[room - 1][1]]

    def _ask(self, texts: list[str]) -> list[list[float]]:
        """One request; an answer that breaks off midway, which the SDK does not repeat, is asked for once more.

        What the server refuses is asked for in two halves: some take fewer texts at once. So many are asked for from then on.
        """
        try:
            return self._answer(texts)
        except _BrokenOffError:
            return self._answer(texts)
        except _RefusedError:
            if len(texts) == 1:
                raise
            half = self._texts_a_request = (len(texts) + 1) // 2
            return self._ask(texts[:half]) + self._ask(texts[half:])

    def _answer(self, texts: list[str]) -> list[list[float]]:
        with self._translated():
            request = self._client.embeddings.with_streaming_response.create(
                model=self.fingerprint.model, input=texts, encoding_format="float"
            )
            with request as response:
                body = self._body(response.iter_bytes(), most=len(texts) * self._dimensions * _BYTES_A_NUMBER + 100_000)
        return self._checked(body, count=len(texts))

    def _body(self, parts: Iterable[bytes], *, most: int) -> bytes:
        """All of it, unless it drips past the time limit (the SDK's own is for each read) or is far too long."""
        deadline = time.monotonic() + self._timeout_s
        body = bytearray()
        for part in parts:
            body += part
            if time.monotonic() > deadline:
                raise EndpointError(
                    f"{self._where} did not finish its answer within {self._timeout_s:g} s: try again later", retryable=True
                )
            if len(body) > most:
                raise EndpointError(
                    f"{self._where} answered with more than {most:,} bytes: check embedder.base_url and embedder.dimensions"
                )
        return bytes(body)

    def _checked(self, body: bytes, *, count: int) -> list[list[float]]:
        """The vectors in the order of the texts. Raises EndpointError when the answer is not ``count`` usable vectors."""
        try:
            rows = [(row["index"], [float(value) for value in row["embedding"]]) for row in json.loads(body)["data"]]
        except (ValueError, KeyError, TypeError) as error:
            start = body[:60].decode(errors="replace").replace("\n", " ").strip()
            raise EndpointError(f"{self._where} did not answer with embeddings ({start!r}...): check embedder.base_url") from error
        found = dict(rows)
        if len(rows) != count or sorted(found) != list(range(count)):
            raise EndpointError(f"{self._where} was sent {count} texts and answered with {len(rows)} vectors: use another server")
        for row in found.values():
            self._check_vector(row)
        return [found[at] for at in range(count)]

    def _check_vector(self, row: list[float]) -> None:
        wanted = self._dimensions
        if len(row) != wanted:
            raise EndpointError(f"{self._where} answers with {len(row)} dimensions, not {wanted}: set embedder.dimensions to {len(row)}")
        if not all(map(math.isfinite, row)) or not any(row):
            raise EndpointError(f"{self._where} answered with a vector that is zero or not a number: use another server or model")

    @cached_property
    def _client(self) -> Any:
        from openai import OpenAI

        return OpenAI(base_url=self._base_url, api_key=self._api_key or "none", timeout=self._timeout_s, max_retries=self._retries)

    @cached_property
    def _where(self) -> str:
        """The endpoint's address without a name or password in it."""
        parts = urlsplit(self._base_url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import httpx2
        import openai

        try:
            yield
        except openai.APIError as error:
            raise self._in_words(error) from error
        except httpx2.HTTPError as error:
            raise _BrokenOffError(
                f"{self._where} broke off its answer ({type(error).__name__}): try again later", retryable=True
            ) from error

    def _in_words(self, error: Any) -> EndpointError:
        import openai

        model = self.fingerprint.model
        if isinstance(error, openai.APITimeoutError):
            return EndpointError(f"{self._where} did not answer within {self._timeout_s:g} s: try again later", retryable=True)
        if isinstance(error, openai.APIConnectionError):
            return EndpointError(f"{self._where} cannot be reached: start the server or check embedder.base_url", retryable=True)
        status = getattr(error, "status_code", 0)
        said = self._without_key(one_line(error))
        if status in (401, 403):
            return EndpointError(f"{self._where} refuses the key ({status}): check the variable that embedder.api_key_env names")
        if status == 404:
            return EndpointError(f"{self._where} has no model {model!r} or no embeddings (404): check embedder.model and embedder.base_url")
        if status == 429 and error.code == "insufficient_quota":
            return EndpointError(f"{self._where} has no quota left for this key (429): raise it with the provider")
        if status == 429 or status >= 500:
            return EndpointError(f"{self._where} is overloaded or failing ({status}): try again later", retryable=True)
        return _RefusedError(f"{self._where} refuses the request ({said}): check embedder.model and embedder.max_tokens")

    def _without_key(self, text: str) -> str:
        return text.replace(self._api_key, "***") if self._api_key else text


class _BrokenOffError(EndpointError):
    """The answer began and did not end."""


class _RefusedError(EndpointError):
    """The server does not take the request as it is."""


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    for match in _PIECE.finditer(text):
        start, end = match.span()
        if match["word"] is None:
            yield from [(start, end)] * len(match[0].encode())
        else:
            yield from ((at, min(at + 2, end)) for at in range(start, end, 2))
