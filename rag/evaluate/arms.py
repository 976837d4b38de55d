"""Ways to search, to be compared: the search as it is set, and with one part of it taken away or put in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.errors import UsageError
from rag.ports import Embedder
from rag.rerankers.passthrough import PassThrough
from rag.retrieval import Retrieval
from rag.types import Fingerprint, TextKind

if TYPE_CHECKING:
    from rag.ports import Vectors

FULL = "full"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to search."""

    name: str
    retrieval: Retrieval
    dense: bool = True
    lexical: bool = True


def arms_of(retrieval: Retrieval, *, query_prompt: str) -> list[Arm]:
    """The search as it is set first. ``query_prompt`` is tried where the embedder has none; where it has one, it is left out instead.

    Without a reranker there is no arm for it.
    """
    full = Arm(name=FULL, retrieval=retrieval)
    arms = [full, replace(full, name="without lexical", lexical=False), replace(full, name="lexical alone", dense=False)]
    if retrieval.embedder.fingerprint.query_prompt:
        arms.append(replace(full, name="without query prompt", retrieval=_prompted(retrieval, "")))
    elif query_prompt:
        arms.append(replace(full, name="with query prompt", retrieval=_prompted(retrieval, query_prompt)))
    if retrieval.reranker.model:
        arms.append(replace(full, name="without rerank", retrieval=replace(retrieval, reranker=PassThrough())))
    return arms


def chosen(arms: Sequence[Arm], names: Sequence[str]) -> list[Arm]:
    """The full arm and those named; all where none is. Raises UsageError for a name that is none of theirs."""
    known = [arm.name for arm in arms]
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"{unknown[0]!r} is no way to search in this workspace; there is {', '.join(known)}")
    return [arm for arm in arms if not names or arm.name in names or arm.name == FULL]


def _prompted(retrieval: Retrieval, prompt: str) -> Retrieval:
    return replace(retrieval, embedder=Prompted(retrieval.embedder, prompt), any_query_prompt=True)


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
