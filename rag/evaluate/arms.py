"""Ways to search, to be compared: the search as it is set, and with one part of it taken away or put in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rag.embedders.prompted import prompted
from rag.errors import UsageError
from rag.ports import telling
from rag.rerankers.passthrough import PassThrough
from rag.retrieval import Retrieval

FULL = "full"
DOMAIN = "query prompt "
"""Arms of query prompts for a domain are called so, with the domain's name."""

_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to search."""

    name: str
    retrieval: Retrieval
    dense: bool = True
    lexical: bool = True


def arms_of(retrieval: Retrieval, *, query_prompt: str, domains: Mapping[str, str] = _NONE) -> list[Arm]:
    """The search as it is set first. ``query_prompt`` is tried where the embedder has none; where it has one, it is left out instead.

    ``domains``: name -> query prompt; each that is not set already is tried too. Without a reranker there is no arm for it.
    """
    full = Arm(name=FULL, retrieval=retrieval)
    arms = [full, replace(full, name="without lexical", lexical=False), replace(full, name="lexical alone", dense=False)]
    if telling(retrieval.embedder):
        arms.append(replace(full, name="without tokens", retrieval=replace(retrieval, tokens=False)))
    if retrieval.embedder.fingerprint.query_prompt:
        arms.append(replace(full, name="without query prompt", retrieval=_prompted(retrieval, "")))
    elif query_prompt:
        arms.append(replace(full, name="with query prompt", retrieval=_prompted(retrieval, query_prompt)))
    for name, prompt in domains.items():
        if prompt not in (retrieval.embedder.fingerprint.query_prompt, query_prompt):
            arms.append(replace(full, name=DOMAIN + name, retrieval=_prompted(retrieval, prompt)))
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
    return replace(retrieval, embedder=prompted(retrieval.embedder, prompt), any_query_prompt=True)
