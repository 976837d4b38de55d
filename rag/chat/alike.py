"""How near sentences are to a question in meaning: cosines of vectors, which are kept, since a chat reads the same sentences again."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from rag.ports import Embedder
from rag.types import Fingerprint

if TYPE_CHECKING:
    from rag.ports import Vectors

MOST_KEPT = 8_192
"""Sentences' vectors that are kept: 12 MB of 384 dimensions."""

_KEPT: "OrderedDict[tuple[Fingerprint, str], Vectors]" = OrderedDict()
_LOCK = Lock()


def cosines(texts: Sequence[str], *, question: "Vectors", embedder: Embedder) -> list[float]:
    """Of each text to the question's vector, -1 to 1, in their order. A text is embedded as far as the model reads."""
    space = embedder.fingerprint
    with _LOCK:
        held = {text: _KEPT[space, text] for text in texts if (space, text) in _KEPT}
    new = sorted(set(texts) - set(held))
    if new:
        held |= dict(zip(new, embedder.embed(new, kind="query"), strict=True))  # a document's way loads torch, and refuses what is too long
    with _LOCK:
        for text in texts:
            _KEPT[space, text] = held[text]
            _KEPT.move_to_end((space, text))
        while len(_KEPT) > MOST_KEPT:
            _KEPT.popitem(last=False)
    return [float(held[text] @ question) for text in texts]
