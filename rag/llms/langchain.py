"""Any LangChain chat model as a language model of ours."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rag.errors import AnswerError, CutOffError, EndpointError, FilteredError, OverloadedError, TimeLimitError
from rag.llms.deadline import pieces_within, within
from rag.types import Message, Reply, Usage
from rag.untraced import untraced
from rag.weights import one_line

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

_ENDED = ("stop", "end_turn", "stop_sequence", "completed")
_CUT = ("length", "max_tokens", "max_output_tokens", "incomplete")
_FILTERED = ("content_filter", "safety", "refusal", "recitation")


class LangChainLlm:
    """A chat model that was set up elsewhere: address, key and limits are its own.

    One call is one request only where the chat model is made with ``max_retries=0``.
    """

    def __init__(
        self, chat: "BaseChatModel", *, model: str, limit: str = "max_tokens", says_how_it_ended: bool = True, traced: bool = False
    ) -> None:
        """``model`` is the name that reports print. ``limit`` is what the chat model calls its most tokens of an answer.
        ``says_how_it_ended=False`` is for chat models that give no reason for the end of an answer: then a cut one cannot be told.
        ``traced=True`` lets LangSmith have prompts and answers where the environment asks for it."""
        self.model = model
        self._chat = chat
        self._limited: Callable[[int], dict[str, Any]] = lambda most: {limit: most}
        self._says_how_it_ended = says_how_it_ended
        self._traced = traced

    def reply(self, messages: Sequence[Message], *, most_tokens: int, timeout_s: float, schema: Mapping[str, Any] | None = None) -> Reply:
        """See rag.ports.Llm. The schema is in the prompt already; a chat model's own way to hold to it is set up with the model."""
        with self._translated():
            answer = within(
                timeout_s,
                lambda: self._asked(messages, most_tokens=most_tokens),
                late=self._late(timeout_s),
                abandon=self.close,
            )
        self._ended(_finish(answer))
        text = answer.text
        if not text.strip():
            raise AnswerError(f"{self.model} answered with no text: try again, or use another model")
        used = getattr(answer, "usage_metadata", None)
        return Reply(text=text, usage=Usage(tokens_in=used["input_tokens"], tokens_out=used["output_tokens"]) if used else None)

    def stream(
        self, messages: Sequence[Message], *, most_tokens: int, timeout_s: float, schema: Mapping[str, Any] | None = None
    ) -> Iterator[str]:
        """See rag.ports.Llm, and ``reply`` for the schema."""
        finish = ""
        with self._translated():
            for part in pieces_within(
                timeout_s,
                lambda: self._streamed(messages, most_tokens=most_tokens),
                late=self._late(timeout_s),
                abandon=self.close,
            ):
                finish = _finish(part) or finish
                if part.text:
                    yield part.text
        self._ended(finish)

    def close(self) -> None:
        """Nothing: a chat model's connections are its own."""

    def _asked(self, messages: Sequence[Message], *, most_tokens: int) -> "AIMessage":
        with untraced(traced=self._traced):  # in the thread that asks
            return self._chat.invoke(_turns(messages), **self._limited(most_tokens))

    def _streamed(self, messages: Sequence[Message], *, most_tokens: int) -> "Iterator[AIMessageChunk]":
        with untraced(traced=self._traced):
            yield from self._chat.stream(_turns(messages), **self._limited(most_tokens))

    def _late(self, timeout_s: float) -> str:
        return f"{self.model} gave no whole answer within {timeout_s:g} s: try again later"

    def _ended(self, finish: str) -> None:
        if finish in _CUT:
            raise CutOffError(f"{self.model} cut its answer off at the length allowed: raise writer.answer_tokens", retryable=False)
        if finish in _FILTERED:
            raise FilteredError(f"{self.model}: its content filter kept the answer back")
        if finish not in _ENDED and (finish or self._says_how_it_ended):
            raise CutOffError(f"{self.model} does not say that its answer is whole (finish reason {finish!r}): try again")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Chat models raise what their vendors raise, which has no common tree; a status tells what is worth trying again."""
        try:
            yield
        except (EndpointError, TimeLimitError):
            raise
        except Exception as error:
            status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
            if isinstance(status, int) and (status in (408, 429) or status >= 500):
                raise OverloadedError(f"{self.model} is overloaded or failing ({status}): try again later") from error
            raise EndpointError(f"{self.model} cannot be used ({type(error).__name__}: {one_line(error)}): check the chat model") from error


def _turns(messages: Sequence[Message]) -> "list[BaseMessage]":
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    kinds = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    return [kinds[message.role](content=message.content) for message in messages]


def _finish(answer: Any) -> str:
    """The reason an answer ended, by the names vendors give it; empty when there is none."""
    said = getattr(answer, "response_metadata", None) or {}
    found = next((said[name] for name in ("finish_reason", "stop_reason", "done_reason", "status") if said.get(name)), "")
    return str(found).lower()
