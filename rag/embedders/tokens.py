"""A model's tokenizer.json, and texts made ready for the model by it."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.embedders.runs import Runs, Spans, is_run_by_run
from rag.errors import ModelError
from rag.patterns import regex
from rag.text import STOPWORDS
from rag.types import TextKind
from rag.weights import one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.ports import Vectors


_CONTINUED = "##"
"""Before a token that goes on with a word."""
_STATES_KEPT = 128
"""5 MB of MiniLM's, 8 of mxbai's: a report embeds its questions, of which there are some 70, before it searches."""
_SPECIAL = regex(r"\[\w+\]")


class LastStates(dict[str, "Vectors"]):
    """States of the tokens of the last questions, which mostly are asked for next."""

    def keep(self, question: str, states: "Vectors") -> None:
        """In the place of the oldest, where there are many."""
        self[question] = states
        while len(self) > _STATES_KEPT:
            del self[next(iter(self))]


class Tokens:
    """Counts and ids by the model's own tokenizer, nothing cut and nothing padded."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def special_tokens(self) -> int:
        """How many tokens the model adds to each text."""
        return int(self._tokenizer.num_special_tokens_to_add(False))

    def spans(self, text: str) -> Spans:
        """Character spans of the text's tokens in order, special tokens left out."""
        if self._runs:
            return self._runs.spans(text)
        spans: Spans = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return spans

    def telling_spans(self, text: str) -> list[tuple[int, int]]:
        """Character spans of those tokens that are ``telling``, in order."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return [span for span, tells in zip(encoding.offsets, self.telling[encoding.ids], strict=True) if tells]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, special tokens included."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    @cached_property
    def telling(self) -> "NDArray[np.bool_]":
        """By id, whether a token belongs to a word that carries meaning: no mark, no special token, no stop word; shape (vocabulary,)."""
        import numpy as np

        found = np.zeros(self._tokenizer.get_vocab_size(), dtype=bool)
        for token, at in self._tokenizer.get_vocab().items():
            piece = token.removeprefix(_CONTINUED)
            found[at] = any(map(str.isalnum, piece)) and not (token in STOPWORDS or _SPECIAL.fullmatch(token))
        return found

    @cached_property
    def _runs(self) -> Runs | None:
        """For tokenizers that allow it."""
        return Runs(self._tokenizer) if is_run_by_run(self._tokenizer) else None

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        if not self._path.is_file():
            raise ModelError(f"the model has no tokenizer.json in {self._path.parent}: download it again, or choose another model")
        try:
            tokenizer = Tokenizer.from_file(str(self._path))
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelError(f"{self._path} cannot be read ({one_line(error)}): download the model again") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer


def prepare(texts: Sequence[str], *, kind: TextKind, query_prompt: str, tokens: Tokens, limit: int) -> tuple[list[str], list[list[int]]]:
    """What reaches the model, and its token ids: the prompt goes before queries only, documents stay as they are.

    A query that is longer than ``limit`` tokens is cut after the last token that fits. A document that is longer raises ModelError: a
    chunk that loses its end without a word could never be found by what stood there.
    """
    ready = [query_prompt + text for text in texts] if kind == "query" else list(texts)
    ids = tokens.ids(ready)
    for at, found in enumerate(ids):
        if len(found) <= limit:
            continue
        if kind == "document":
            raise ModelError(f"a passage of {len(found)} tokens is over the model's {limit} ({ready[at][:60]!r}...): chunk it smaller")
        ready[at] = _cut(ready[at], tokens=tokens, limit=limit)
        ids[at] = tokens.ids([ready[at]])[0]
    return ready, ids


def _cut(text: str, *, tokens: Tokens, limit: int) -> str:
    """The longest beginning that fits; a cut inside a word can cost tokens, hence the loop."""
    spans = tokens.spans(text)
    keep = limit - tokens.special_tokens
    while len(tokens.spans(text[: spans[keep - 1][1]])) > limit - tokens.special_tokens:
        keep -= 1
    return text[: spans[keep - 1][1]]


def batches(lengths: Sequence[int], *, token_budget: int, most: int = 1024) -> list[list[int]]:
    """Positions in ``lengths``, at most ``most`` a group and at most ``token_budget`` tokens when padded to its longest; longest first.

    Texts of like length share a batch, so little of the work is padding, and what needs most memory fails first.
    """
    groups: list[list[int]] = []
    for at in sorted(range(len(lengths)), key=lambda at: (-lengths[at], at)):
        if groups and len(groups[-1]) < most and (len(groups[-1]) + 1) * lengths[groups[-1][0]] <= token_budget:
            groups[-1].append(at)
        else:
            groups.append([at])
    return groups


def unit(vectors: Any) -> "Vectors":
    """The rows at length 1, as float32 in C order. Raises ModelError for a row that is zero or not finite."""
    import numpy as np

    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise ModelError("the model answered with a vector that is zero or not a number: try the text again, or another model")
    return np.ascontiguousarray(vectors / lengths, dtype=np.float32)
