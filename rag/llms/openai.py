"""Any OpenAI-compatible /v1/chat/completions endpoint: OpenAI, vLLM, Ollama, llama.cpp, TGI, Mistral, Together ..."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

from rag.errors import (
    AnswerError,
    CutOffError,
    EndpointError,
    FilteredError,
    KeyRefusedError,
    OverloadedError,
    QuotaError,
    RequestError,
    TooLongError,
    UnknownModelError,
    UnreachableError,
)
from rag.llms.deadline import pieces_within, within
from rag.patterns import regex
from rag.types import Message, Reply, Usage
from rag.weights import one_line

_BYTES_A_TOKEN = 64
"""Of an answer at most: a token of 16 characters, each escaped."""
_ENVELOPE = 200_000
"""Bytes of an answer besides its text: reasoning, log probabilities, white space."""

_TOO_LONG = regex(
    r"context.{0,3}length|context.{0,3}(?:window|size)|maximum (?:context|prompt|input)|too many (?:input )?tokens|reduce the length|"
    r"(?:prompt|input|request|message)s? (?:is|are|was|were|length)? ?(?:too (?:long|large)|exceed)|string_above_max_length|"
    r"token limit|exceeds the (?:model|limit|available context)",
    re.IGNORECASE,
)
_NO_QUOTA = regex(
    r"insufficient_quota|exceeded your current quota|billing|credit balance|insufficient (?:credit|balance|funds)", re.IGNORECASE
)
_NO_MODEL = regex(
    r"model_not_found|model .{0,80}(?:not found|does not exist|not exist|is not available|unknown)|unknown model", re.IGNORECASE
)
_FILTERED = regex(r"content_filter|content_policy|content management policy|ResponsibleAIPolicyViolation", re.IGNORECASE)
_NO_SCHEMA = regex(r"response_format|json_schema|structured output", re.IGNORECASE)
_ENDED = ("stop", "eos_token", "end_turn")
"""What endpoints say of an answer that ended by itself: the standard word, text-generation-inference's, and that of gateways to Claude."""
_OVERLOADED = frozenset({408, 409, 425, 429, 498, 529})


@cache
def _certificates() -> Any:
    """Those that are trusted, read once: that takes 18 ms, and a server has a client for each answer that is being worded."""
    import httpx2

    return httpx2.create_ssl_context()


class OpenAILlm:
    """The endpoint's model. One request a call; the SDK's own retries are off, since it repeats what is in vain and pays twice."""

    def __init__(self, model: str, *, base_url: str, api_key: str, json_schema: bool = True) -> None:
        """An empty ``api_key`` is for endpoints that want none. ``json_schema=False`` is for endpoints that refuse a response format."""
        self.model = model
        self._base_url = base_url
        self._api_key = api_key
        self._json_schema = json_schema

    def reply(self, messages: Sequence[Message], *, most_tokens: int, timeout_s: float, schema: Mapping[str, Any] | None = None) -> Reply:
        """See rag.ports.Llm."""
        self._open()
        request = self._request(messages, most_tokens=most_tokens, schema=schema)
        body = within(
            timeout_s,
            lambda: self._body(request, timeout_s=timeout_s, most=most_tokens * _BYTES_A_TOKEN + _ENVELOPE),
            late=self._late(timeout_s),
            abandon=self.close,
        )
        return self._read(body)

    def stream(
        self, messages: Sequence[Message], *, most_tokens: int, timeout_s: float, schema: Mapping[str, Any] | None = None
    ) -> Iterator[str]:
        """See rag.ports.Llm."""
        self._open()
        request = self._request(messages, most_tokens=most_tokens, schema=schema)
        left = most_tokens * _BYTES_A_TOKEN
        for piece in pieces_within(
            timeout_s, lambda: self._pieces(request, timeout_s=timeout_s), late=self._late(timeout_s), abandon=self.close
        ):
            left -= len(piece.encode())
            if left < 0:
                raise AnswerError(f"{self._where} streams more than {most_tokens:,} tokens: check writer.base_url", retryable=False)
            yield piece

    def _late(self, timeout_s: float) -> str:
        return f"{self._where} gave no whole answer within {timeout_s:g} s: try again later, or raise writer.timeout_s"

    def _request(self, messages: Sequence[Message], *, most_tokens: int, schema: Mapping[str, Any] | None) -> dict[str, Any]:
        limit = "max_completion_tokens" if urlsplit(self._base_url).hostname == "api.openai.com" else "max_tokens"
        request: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            limit: most_tokens,
        }
        if schema is not None and self._json_schema:
            request["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}
        return request

    # ── the wire ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _client(self) -> Any:
        if "_opened" not in self.__dict__:
            from openai import DefaultHttpxClient, OpenAI

            self._opened = OpenAI(
                base_url=self._base_url,
                api_key=self._api_key or "none",
                max_retries=0,
                # the evidence goes nowhere but to the address that was set
                http_client=DefaultHttpxClient(follow_redirects=False, verify=_certificates()),
            )
        return self._opened

    def _open(self) -> None:
        """Loads the SDK, which takes seconds that are nobody's answer."""
        with self._translated():
            _ = self._client.chat.completions

    def close(self) -> None:
        """Ends what still hangs on a connection; the next call opens another."""
        client = self.__dict__.pop("_opened", None)
        if client is not None:
            client.close()

    def _body(self, request: Mapping[str, Any], *, timeout_s: float, most: int) -> bytes:
        with self._translated():
            asked = self._client.with_options(timeout=timeout_s).chat.completions.with_streaming_response.create(**request)
            with asked as response:
                return self._up_to(response.iter_bytes(), most=most)

    def _up_to(self, parts: Iterable[bytes], *, most: int) -> bytes:
        body = bytearray()
        for part in parts:
            body += part
            if len(body) > most:
                raise AnswerError(f"{self._where} answered with more than {most:,} bytes: check writer.base_url", retryable=False)
        return bytes(body)

    def _pieces(self, request: Mapping[str, Any], *, timeout_s: float) -> Iterator[str]:
        finish: str | None = None
        with self._translated():
            for part in self._client.with_options(timeout=timeout_s).chat.completions.create(**request, stream=True):
                for choice in getattr(part, "choices", None) or ():
                    finish = choice.finish_reason or finish
                    if choice.delta is not None and choice.delta.content:
                        yield choice.delta.content
        self._ended(finish)

    # ── what came back ────────────────────────────────────────────────────────────────────────────────────────────

    def _read(self, body: bytes) -> Reply:
        """The answer in a response's body. Raises AnswerError and its children when there is none, or not all of it."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            start = body[:60].decode(errors="replace").replace("\n", " ").strip()
            raise AnswerError(f"{self._where} did not answer with a completion ({start!r}...): check writer.base_url") from error
        if isinstance(data, dict) and data.get("error"):  # some proxies send their errors with status 200
            raise self._by_words(self._without_key(one_line_of(data["error"])), status=200)
        try:
            choice = data["choices"][0]
            message, finish = choice["message"], choice.get("finish_reason")
            text, refusal = message.get("content"), message.get("refusal")
            calls = message.get("tool_calls") or message.get("function_call")
        except (LookupError, TypeError, AttributeError) as error:
            raise AnswerError(f"{self._where} answered without a choice or message: try again, or use another server") from error
        if refusal:
            raise FilteredError(f"{self._where}: the model refuses to answer ({self._without_key(str(refusal))[:80]!r})")
        if calls and not text:
            raise AnswerError(f"{self._where} answered with a call of a tool, though it was given none: use another model")
        self._ended(finish)
        if not isinstance(text, str) or not text.strip():
            raise AnswerError(f"{self._where} answered with no text: try again, or use another model")
        return Reply(text=text, usage=_usage(data.get("usage")))

    def _ended(self, finish: object) -> None:
        """Raises unless the model says that it came to its own end."""
        if finish == "length":
            raise CutOffError(f"{self._where} cut its answer off at the length allowed: raise writer.answer_tokens", retryable=False)
        if finish == "content_filter":
            raise FilteredError(f"{self._where}: its content filter kept the answer back")
        if finish in ("tool_calls", "function_call"):
            raise AnswerError(f"{self._where} answered with a call of a tool, though it was given none: use another model")
        if finish not in _ENDED:
            raise CutOffError(f"{self._where} broke off its answer (finish reason {finish!r}): try again")

    @cached_property
    def _where(self) -> str:
        """The endpoint's address without a name or password in it."""
        parts = urlsplit(self._base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The SDK's errors, and those of what it stands on, as ours."""
        import httpx2
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            raise self._of_status(error) from error
        except openai.APIConnectionError as error:
            raise self._unreached(error) from error
        except openai.APIError as error:  # an error event within a stream
            raise self._by_words(self._without_key(one_line(error)), status=200) from error
        except httpx2.DecodingError as error:
            raise AnswerError(f"{self._where} answered with what cannot be unpacked: try again, or use another server") from error
        except httpx2.HTTPError as error:
            raise CutOffError(f"{self._where} broke off its answer ({type(error).__name__}): try again later") from error
        except (openai.OpenAIError, httpx2.InvalidURL, ValueError, RuntimeError) as error:
            raise AnswerError(f"{self._where} cannot be used ({self._without_key(one_line(error))}): check writer.base_url") from error

    def _unreached(self, error: BaseException) -> UnreachableError:
        said = f"{error} {error.__cause__ or ''}"
        if "CERTIFICATE" in said.upper():
            return UnreachableError(f"{self._where} shows a certificate that cannot be trusted: check writer.base_url", retryable=False)
        return UnreachableError(f"{self._where} cannot be reached: start the server or check writer.base_url")

    def _of_status(self, error: Any) -> EndpointError:
        status = error.status_code
        said = self._without_key(f"{getattr(error, 'code', None) or ''} {one_line(error)} {one_line_of(error.body)}".strip())
        if 300 <= status < 400:
            return RequestError(f"{self._where} sends on to another address ({status}), which is not followed: set writer.base_url to it")
        if status in (401, 403) and not _NO_QUOTA.search(said):
            return KeyRefusedError(f"{self._where} refuses the key ({status}): check the variable that writer.api_key_env names")
        return self._by_words(said, status=status, retry_after_s=retry_after(error.response.headers, now=datetime.now(UTC)))

    def _by_words(self, said: str, *, status: int, retry_after_s: float | None = None) -> EndpointError:
        """The class of an error by what it says, since servers agree on the words more than on the numbers."""
        if status == 402 or _NO_QUOTA.search(said):
            return QuotaError(f"{self._where} has no quota left for this key ({status}): raise it with the provider")
        if _TOO_LONG.search(said):
            return TooLongError(f"{self._where} finds the request too long for {self.model!r} ({status}): use a model that reads more")
        if _FILTERED.search(said):
            return FilteredError(f"{self._where}: its content filter refuses the request ({status})")
        if status == 404 or _NO_MODEL.search(said):
            return UnknownModelError(f"{self._where} has no model {self.model!r} ({status}): check writer.model and writer.base_url")
        if status in _OVERLOADED or status >= 500:
            return OverloadedError(f"{self._where} is overloaded or failing ({status}): try again later", retry_after_s=retry_after_s)
        if _NO_SCHEMA.search(said):
            return RequestError(f"{self._where} refuses a response format ({status}): set writer.json_schema to false")
        return RequestError(f"{self._where} refuses the request ({said[:160]}): check writer.model and writer.answer_tokens")

    def _without_key(self, text: str) -> str:
        return text.replace(self._api_key, "***") if self._api_key else text


def one_line_of(value: object) -> str:
    """An error's body on one line."""
    return " ".join((json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value or "")).split())[:400]


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds that a response asks to wait, by Retry-After in seconds or as a date; None for what makes no sense."""
    said = headers.get("retry-after-ms")
    try:
        seconds = float(said) / 1000 if said else float(headers["retry-after"])
    except KeyError:
        return None
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(headers.get("retry-after", "")) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _usage(said: Any) -> Usage | None:
    try:
        tokens_in, tokens_out = int(said["prompt_tokens"]), int(said["completion_tokens"])
    except (LookupError, TypeError, ValueError):
        return None
    return Usage(tokens_in=tokens_in, tokens_out=tokens_out) if tokens_in >= 0 and tokens_out >= 0 else None
