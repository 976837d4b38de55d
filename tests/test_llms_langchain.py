"""Any LangChain chat model as a language model of ours, with the same promises."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from rag.errors import AnswerError, CutOffError, EndpointError, FilteredError, OverloadedError, TimeLimitError
from rag.llms.langchain import LangChainLlm
from rag.ports import Llm
from rag.types import Message, Usage

ASKED = (Message(role="system", content="Be brief."), Message(role="user", content="What fell?"))


class OverloadedVendorError(Exception):
    """A vendor's own error."""

    status_code = 529


class Chat(BaseChatModel):
    """A chat model that gives one answer, ends as told, and notes what it was sent."""

    text: str = "Prices fell."
    metadata: dict[str, Any] = {"finish_reason": "stop"}  # noqa: RUF012 - a field of pydantic
    usage: dict[str, int] | None = None
    pause_s: float = 0.0
    fails: bool = False
    seen: list[Any] = []  # noqa: RUF012

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        if self.fails:
            raise OverloadedVendorError("busy")
        time.sleep(self.pause_s)
        self.seen.append(([(message.type, message.content) for message in messages], kwargs))
        message = AIMessage(content=self.text, response_metadata=self.metadata, usage_metadata=self.usage)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for word in self.text.split(" "):
            time.sleep(self.pause_s)
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=self.metadata))


def llm(chat: Chat, **given: Any) -> Llm:
    """Behind our socket."""
    return LangChainLlm(chat, model="scripted", **given)


def test_a_whole_answer_comes_with_its_usage() -> None:
    """Roles and limit arrive as they are."""
    chat = Chat(usage={"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}, seen=[])
    reply = llm(chat).reply(ASKED, most_tokens=50, timeout_s=5)
    assert (reply.text, reply.usage) == ("Prices fell.", Usage(tokens_in=9, tokens_out=3))
    assert chat.seen == [([("system", "Be brief."), ("human", "What fell?")], {"max_tokens": 50})]
    assert llm(Chat()).reply(ASKED, most_tokens=50, timeout_s=5).usage is None


@pytest.mark.parametrize(
    ("chat", "error"),
    [
        (Chat(metadata={"finish_reason": "length"}), CutOffError),
        (Chat(metadata={"stop_reason": "max_tokens"}), CutOffError),
        (Chat(metadata={}), CutOffError),
        (Chat(metadata={"finish_reason": "SAFETY"}), FilteredError),
        (Chat(text=" "), AnswerError),
        (Chat(pause_s=2), TimeLimitError),
        (Chat(fails=True), OverloadedError),
    ],
)
def test_anything_less_is_an_error(chat: Chat, error: type[EndpointError]) -> None:
    """Cut, filtered, empty, late, and the vendor's own."""
    with pytest.raises(error, match="scripted"):
        llm(chat).reply(ASKED, most_tokens=50, timeout_s=0.3)


def test_a_chat_model_that_never_says_how_it_ended_can_be_allowed_to() -> None:
    """By whoever takes the risk."""
    assert llm(Chat(metadata={}), says_how_it_ended=False).reply(ASKED, most_tokens=50, timeout_s=5).text == "Prices fell."


def test_a_stream_has_an_end_too() -> None:
    """Or raises behind its pieces."""
    assert list(llm(Chat()).stream(ASKED, most_tokens=50, timeout_s=5)) == ["Prices", "fell."]
    pieces = llm(Chat(metadata={"finish_reason": "length"})).stream(ASKED, most_tokens=50, timeout_s=5)
    assert [next(pieces), next(pieces)] == ["Prices", "fell."]
    with pytest.raises(CutOffError):
        next(pieces)
    with pytest.raises(TimeLimitError):
        list(llm(Chat(text="a b c d e f g h", pause_s=0.1)).stream(ASKED, most_tokens=50, timeout_s=0.3))
