"""A reranker behind HTTP: Cohere's API, which vLLM, Jina and others speak too, or Mixedbread's."""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from rag.errors import EndpointError

Api: TypeAlias = Literal["cohere", "mixedbread"]

_MOST_BYTES = 4_000_000
_PAUSE_S = 0.5
"""Before the second try; doubled for each further one, unless the server says how long."""
_TRIES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """What the API's fields are called."""

    path: str
    passages: str
    results: str
    score: str


_FORMS: dict[Api, _Form] = {
    "cohere": _Form(path="rerank", passages="documents", results="results", score="relevance_score"),
    "mixedbread": _Form(path="reranking", passages="input", results="data", score="score"),
}


class EndpointReranker:
    """Asks ``base_url``/rerank (Cohere's way) or ``base_url``/reranking (Mixedbread's) for all passages at once."""

    def __init__(self, model: str, *, base_url: str, api_key: str, api: Api = "cohere", timeout_s: float = 30.0) -> None:
        """``timeout_s`` is for everything, repeated tries and the pauses between them included. An empty ``api_key`` sends none."""
        self.model = model
        self._url = f"{base_url.rstrip('/')}/{_FORMS[api].path}"
        self._key = api_key
        self._form = _FORMS[api]
        self._timeout_s = timeout_s

    def score(self, query: str, passages: Sequence[str]) -> Sequence[float] | None:
        """One number a passage on the endpoint's own scale, higher is better. Raises EndpointError.

        What may pass (no connection, 408, 429, 5xx) is tried again with growing pauses, or after the time that Retry-After names.
        """
        if not passages:
            return []
        body = {
            "model": self.model,
            "query": query,
            self._form.passages: list(passages),
            "top_k" if self._mixedbread else "top_n": len(passages),
        }
        deadline = time.monotonic() + self._timeout_s
        for tries in range(1, _TRIES + 1):
            try:
                return self._checked(self._asked(body, deadline=deadline), count=len(passages))
            except _WaitError as error:
                pause = _PAUSE_S * 2 ** (tries - 1) if error.pause_s is None else error.pause_s
                if tries == _TRIES or time.monotonic() + pause >= deadline:
                    raise EndpointError(str(error), retryable=True) from error
                time.sleep(pause)
        raise AssertionError

    @property
    def _mixedbread(self) -> bool:
        return self._form is _FORMS["mixedbread"]

    def _asked(self, body: dict[str, Any], *, deadline: float) -> bytes:
        import httpx2

        try:
            with self._client.stream("POST", self._url, json=body, timeout=max(0.01, deadline - time.monotonic())) as response:
                text = bytearray()
                for part in response.iter_bytes():
                    text += part
                    if time.monotonic() > deadline:
                        raise EndpointError(f"{self._where} did not finish within {self._timeout_s:g} s: try again later", retryable=True)
                    if len(text) > _MOST_BYTES:
                        raise EndpointError(f"{self._where} answered with more than {_MOST_BYTES:,} bytes: check reranker.base_url")
                self._refuse(response.status_code, pause=response.headers.get("retry-after"))
                return bytes(text)
        except httpx2.TimeoutException as error:
            raise EndpointError(f"{self._where} did not answer within {self._timeout_s:g} s: try again later", retryable=True) from error
        except httpx2.HTTPError as error:
            raise _WaitError(f"{self._where} cannot be reached or broke off ({type(error).__name__}): check reranker.base_url") from error

    def _refuse(self, status: int, *, pause: str | None) -> None:
        if status < 300:
            return
        if status in (408, 429) or status >= 500:
            raise _WaitError(f"{self._where} is overloaded or failing ({status}): try again later", pause_s=_seconds(pause))
        if status in (401, 403):
            raise EndpointError(f"{self._where} refuses the key ({status}): check the variable that reranker.api_key_env names")
        raise EndpointError(f"{self._where} refuses the request ({status}): check reranker.model, reranker.kind and reranker.base_url")

    def _checked(self, body: bytes, *, count: int) -> list[float]:
        """The scores in the order of the passages."""
        try:
            found = {int(row["index"]): float(row[self._form.score]) for row in json.loads(body)[self._form.results]}
        except (ValueError, KeyError, TypeError) as error:
            start = body[:60].decode(errors="replace").replace("\n", " ").strip()
            raise EndpointError(
                f"{self._where} did not answer with scores ({start!r}...): check reranker.kind and reranker.base_url"
            ) from error
        if sorted(found) != list(range(count)) or not all(map(math.isfinite, found.values())):
            raise EndpointError(f"{self._where} was sent {count} passages and answered with {len(found)} usable scores: use another server")
        return [found[at] for at in range(count)]

    @cached_property
    def _client(self) -> Any:
        import httpx2

        return httpx2.Client(headers={"Authorization": f"Bearer {self._key}"} if self._key else {})

    @cached_property
    def _where(self) -> str:
        """The address without a name or password in it."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


class _WaitError(Exception):
    """May work in a moment."""

    def __init__(self, message: str, *, pause_s: float | None = None) -> None:
        super().__init__(message)
        self.pause_s = pause_s


def _seconds(pause: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is not worth waiting for."""
    try:
        return max(0.0, float(pause)) if pause else None
    except ValueError:
        return None
