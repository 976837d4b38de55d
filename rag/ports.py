"""The sockets: all that stations ask of the world outside. One vendor, one file, behind one of these."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias, runtime_checkable

from rag.types import Document, Fingerprint, Message, Recorded, Reply, TextKind, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]
    """Shape (texts, dimensions), C order, unit length."""


class Reader(Protocol):
    """Turns one kind of file into a document."""

    suffixes: frozenset[str]
    """Lower case, with the dot: {".md", ".markdown"}."""

    def read(self, path: Path) -> Document:
        """The file's text and structure. Raises ReadError and its children, nothing else."""
        ...


class TokenCounter(Protocol):
    """The embedder's own idea of length."""

    @property
    def max_tokens(self) -> int:
        """The model's limit for one text, special tokens included."""
        ...

    @property
    def special_tokens(self) -> int:
        """How many of them the model adds to each text."""
        ...

    def token_spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Character spans of the text's tokens in order, special tokens left out. No truncation."""
        ...


class Embedder(TokenCounter, Protocol):
    """Turns texts into unit vectors."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Known without loading the model."""
        ...

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> "Vectors":
        """One row a text. ``kind="query"`` puts the query prompt before each text; ``"document"`` leaves them as they are.

        Raises ModelError and its children.
        """
        ...


@runtime_checkable
class TokenEmbedder(Embedder, Protocol):
    """An embedder that also tells what single tokens stand for, so that late interaction can compare them (rag.late): see `telling`."""

    def tells_tokens(self) -> bool:
        """Whether it does with the model that it has. Raises ModelMissingError where that is not there."""
        ...

    def embed_with_tokens(self, texts: Sequence[str]) -> "tuple[Vectors, list[bytes]]":
        """What ``embed`` gives for documents, and each text's tokens as `rag.late.packed` keeps them."""
        ...

    def question_tokens(self, question: str) -> "tuple[Vectors, list[tuple[int, int]]]":
        """Unit vectors of the question's tokens, shape (tokens, dimensions), and where each stands in it."""
        ...

    def telling_spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Where each of the tokens that ``embed_with_tokens`` gives stands in the text, in their order."""
        ...


def telling(embedder: Embedder) -> TokenEmbedder | None:
    """The embedder, where it tells what single tokens stand for. Raises ModelMissingError."""
    return embedder if isinstance(embedder, TokenEmbedder) and embedder.tells_tokens() else None


def embedded(embedder: Embedder, texts: Sequence[str]) -> "tuple[Vectors, list[bytes]]":
    """Documents' vectors, and each text's tokens as `rag.late.packed` keeps them; none where it does not tell. Raises ModelError."""
    told = telling(embedder)
    return told.embed_with_tokens(texts) if told else (embedder.embed(texts, kind="document"), [])


class Reranker(Protocol):
    """Scores how well a passage answers a query."""

    model: str
    """Empty for the pass-through."""

    def score(self, query: str, passages: Sequence[str]) -> Sequence[float | None] | None:
        """One score a passage, higher is better; None means "no opinion: keep the order". Raises ModelError.

        A None among the scores is a passage that was not reached in the time the reranker has.
        """
        ...


class VectorStore(Protocol):
    """An index of one embedding space that can be thrown away and built again from the record."""

    @property
    def applied(self) -> int:
        """The record's sequence number up to which everything is in the published generation; 0 with none."""
        ...

    def publish(self, rows: Iterable[tuple[str, "Vectors"]], *, sequence: int, space: str) -> None:
        """Make, verify and switch to a generation that holds exactly these (chunk id, vector) rows. Atomic: all or nothing."""
        ...

    def nearest(self, vector: "Vectors", *, k: int) -> Sequence[tuple[str, float]]:
        """(chunk id, cosine), nearest first, from the published generation. Raises IndexDamagedError."""
        ...


class Index(VectorStore, Protocol):
    """A vector store as a workspace owns it: it can be looked at, emptied and closed."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is damaged and what to do about it, one sentence each; empty when all is well."""
        ...

    @property
    def count(self) -> int:
        """Rows published."""
        ...

    def read_through(self) -> None:
        """Reads every byte that is ours to read; what is damaged then stands in ``notes``."""
        ...

    def clear(self) -> int:
        """Removes everything, so that the next publication holds nothing of it; how many readers still hold an older state."""
        ...

    def sweep(self) -> None:
        """Removes older states that a reader still held when the newest was published, and holds no more."""
        ...

    def close(self) -> None:
        """Idempotent; the next question opens it again."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Llm(Protocol):
    """A language model. One call is one request: waiting, trying again and paying are rag.llms.calls'."""

    model: str

    def reply(self, messages: Sequence[Message], *, most_tokens: int, timeout_s: float, schema: Mapping[str, Any] | None = None) -> Reply:
        """The whole answer, at most ``most_tokens`` long, within ``timeout_s`` seconds by the clock on the wall.

        ``schema`` is the JSON schema that the answer should fit; whoever reads it checks that it does. Raises EndpointError's children
        for everything that is not a whole answer.
        """
        ...

    def stream(
        self, messages: Sequence[Message], *, most_tokens: int, timeout_s: float, schema: Mapping[str, Any] | None = None
    ) -> Iterator[str]:
        """The answer piece by piece. Raises as ``reply`` does, also after pieces were given: what came until then is not the answer."""
        ...

    def close(self) -> None:
        """Lets go of connections; the next call opens new ones."""
        ...


class Checker(Protocol):
    """A second opinion on sentences in a model's words, after the gates: it can make a verdict worse, never better."""

    model: str

    def supports(self, claims: Sequence[tuple[str, str]]) -> Sequence[Verdict]:
        """One verdict for each (sentence, its quotations): "unchecked" where it has none. Raises ModelError and its children."""
        ...


class Ledger(Protocol):
    """Where calls to a language model are recorded; each method is durable when it returns."""

    def answers(self, prompt: str) -> Sequence[Recorded]:
        """All whole answers to the prompt of that hash, oldest first, of use or not."""
        ...

    def begin(self, prompt: str, *, model: str, parameters: str, at: datetime) -> int:
        """A call is about to be made; its number."""
        ...

    def end(self, number: int, *, at: datetime, answer: Recorded | None, error: str) -> None:
        """It ended: with an answer, with an error's class, or with both for an answer that is of no use."""
        ...
