"""An embedder with a line of its own before each question; passages are embedded as ever, so the index stays as it is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.ports import Embedder, TokenEmbedder
from rag.types import Fingerprint, TextKind

if TYPE_CHECKING:
    from rag.ports import Vectors


class Prompted:
    """An embedder with another query prompt: to a model, a query is a document with the prompt before it."""

    def __init__(self, embedder: Embedder, prompt: str) -> None:
        self._embedder = embedder
        self._prompt = prompt
        self.fingerprint: Fingerprint = replace(embedder.fingerprint, query_prompt=prompt)
        self.max_tokens = embedder.max_tokens
        self.special_tokens = embedder.special_tokens

    def token_spans(self, text: str) -> Sequence[tuple[int, int]]:
        """As the embedder counts."""
        return self._embedder.token_spans(text)

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> "Vectors":
        """The given prompt before each query, whatever the embedder's own is."""
        prompted = [self._prompt + text for text in texts] if kind == "query" else texts
        return self._embedder.embed(prompted, kind="document")


class PromptedTokens(Prompted):
    """One that tells what single tokens stand for: of the question itself, without its prompt."""

    def __init__(self, embedder: TokenEmbedder, prompt: str) -> None:
        super().__init__(embedder, prompt)
        self._telling = embedder

    def tells_tokens(self) -> bool:
        """As the embedder."""
        return self._telling.tells_tokens()

    def embed_with_tokens(self, texts: Sequence[str]) -> "tuple[Vectors, list[bytes]]":
        """As the embedder does."""
        return self._telling.embed_with_tokens(texts)

    def question_tokens(self, question: str) -> "tuple[Vectors, list[tuple[int, int]]]":
        """As the embedder does."""
        return self._telling.question_tokens(question)

    def telling_spans(self, text: str) -> Sequence[tuple[int, int]]:
        """As the embedder does."""
        return self._telling.telling_spans(text)


def prompted(embedder: Embedder, prompt: str) -> Prompted:
    """With another query prompt, and with all that the embedder tells."""
    return PromptedTokens(embedder, prompt) if isinstance(embedder, TokenEmbedder) else Prompted(embedder, prompt)
