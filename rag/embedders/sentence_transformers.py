"""Any sentence-transformers model, mixedbread-ai/mxbai-embed-large-v1 first of all, on this machine."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.embedders.bert import Bert, Pooling
from rag.embedders.engine import Engine, EngineSetting, choose, pooling_of
from rag.embedders.tokens import LastStates, Tokens, batches, prepare, unit
from rag.errors import ModelError
from rag.late import packed
from rag.types import Fingerprint, TextKind
from rag.weights import identity, model_folder, one_line

if TYPE_CHECKING:
    from rag.ports import Vectors

MXBAI = "mixedbread-ai/mxbai-embed-large-v1"
MXBAI_QUERY_PROMPT = "Represent this sentence for searching relevant passages: "

_BATCH_TOKENS_CPU = 2_048
_BATCH_TOKENS_ELSEWHERE = 32_768
_PLAIN = {"prompt": "", "show_progress_bar": False, "convert_to_numpy": True}
"""The empty prompt keeps a default prompt of the model's own off the texts."""
_TOLD = 512
"""Values kept of a token, 64 bytes of signs: half of 384 find nearly what all do (docs/log.md)."""
_SENTENCES = Path(__file__).with_name("calibration.txt")
"""A text a line."""
_UNLIMITED = 1_000_000
"""Tokenizers without a limit of their own say 10^30."""


class SentenceTransformersEmbedder:
    """A model folder, a model in the Hugging Face cache, or one that can be downloaded; safetensors only, no code from the model's folder.

    ``revision`` is a branch, tag or commit on the hub. It does not enter the fingerprint: the hash of the model's own files does, so a
    folder, a cache and another commit with the same weights agree, and different weights never pass for the same.
    ``dimensions`` keeps the first that many (Matryoshka models only); None keeps all. ``engine``: see `rag.embedders.engine`.
    """

    def __init__(
        self,
        model: str = MXBAI,
        *,
        revision: str = "main",
        query_prompt: str = MXBAI_QUERY_PROMPT,
        dimensions: int | None = None,
        device: str | None = None,
        engine: EngineSetting = "auto",
    ) -> None:
        self._name = model
        self._revision = revision
        self._query_prompt = query_prompt
        self._dimensions = dimensions
        self._device = device
        self._setting = engine
        self._states = LastStates()

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """Read from the model's configuration files; torch stays unloaded. Raises ModelMissingError, ModelError."""
        full = _full_dimensions(self._folder)
        if self._dimensions is not None and not 0 < self._dimensions <= full:
            raise ModelError(
                f"{self._name} has {full} dimensions, so {self._dimensions} cannot be kept: set embedder.first_dimensions to {full} or less"
            )
        return Fingerprint(
            model=Path(self._name).name if Path(self._name).expanduser().is_dir() else self._name,
            revision=identity(self._folder),
            dimensions=self._dimensions or full,
            query_prompt=self._query_prompt,
            precision="int8" if self._setting == "int8" else "float32",
        )

    @cached_property
    def max_tokens(self) -> int:
        """The smallest of the limits that the model's files state."""
        stated = [
            _json(self._folder / "sentence_bert_config.json").get("max_seq_length"),
            _json(self._folder / "tokenizer_config.json").get("model_max_length"),
            _json(self._folder / "config.json").get("max_position_embeddings"),
        ]
        limits = [int(limit) for limit in stated if limit and limit < _UNLIMITED]
        if not limits:
            raise ModelError(f"{self._name} states no limit of tokens in its configuration: choose another model")
        return min(limits)

    @cached_property
    def special_tokens(self) -> int:
        """How many tokens the model adds to each text."""
        return self._tokens.special_tokens

    def token_spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Character spans of the text's tokens, special tokens left out."""
        return self._tokens.spans(text)

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> "Vectors":
        """One unit row a text. Raises ModelMissingError, and ModelError when a document is over ``max_tokens``."""
        import numpy as np

        if self.tells_tokens():
            return self.embed_with_tokens(texts)[0] if kind == "document" else self._questions(texts)
        vectors = np.empty((len(texts), self.fingerprint.dimensions), dtype=np.float32)
        ready, ids = prepare(texts, kind=kind, query_prompt=self._query_prompt, tokens=self._tokens, limit=self.max_tokens)
        for batch in batches([len(row) for row in ids], token_budget=self._batch_tokens if ready else 0):
            with _translated(self._name):
                found = self._model.encode([ready[at] for at in batch], **_PLAIN, batch_size=len(batch))
            vectors[batch] = unit(found[:, : self.fingerprint.dimensions])
        return vectors

    def tells_tokens(self) -> bool:
        """Whether our own layers run the model, which know the states of its tokens. Torch stays unloaded. Raises ModelMissingError."""
        return self._setting != "sentence-transformers" and self._pooling is not None

    def embed_with_tokens(self, texts: Sequence[str]) -> tuple["Vectors", list[bytes]]:
        """What ``embed`` gives for documents, and the signs of each text's tokens but for marks and stop words. Raises as it does."""
        import numpy as np

        vectors = np.empty((len(texts), self.fingerprint.dimensions), dtype=np.float32)
        codes = [b""] * len(texts)
        ids = prepare(texts, kind="document", query_prompt="", tokens=self._tokens, limit=self.max_tokens)[1]
        for batch, rows, states in self._told(ids):
            vectors[batch] = rows
            for at, told in zip(batch, states, strict=True):
                codes[at] = packed(told[self._tokens.telling[ids[at]]] > 0)
        return vectors, codes

    def question_tokens(self, question: str) -> tuple["Vectors", list[tuple[int, int]]]:
        """Unit vectors of the question's tokens, shape (tokens, at most 512), and where each stands in it; of a long one those that fit.

        They are the model's behind its query prompt. Raises ModelMissingError, ModelError.
        """
        if question not in self._states:
            self._questions([question])
        states = self._states[question][1:-1]
        prompt = len(self._query_prompt)
        spans = [(start - prompt, end - prompt) for start, end in self._tokens.spans(self._query_prompt + question)][: len(states)]
        own = [at for at, (start, _) in enumerate(spans) if start >= 0]
        return unit(states[own]) if own else states[:0], [spans[at] for at in own]

    def telling_spans(self, text: str) -> list[tuple[int, int]]:
        """Of the tokens whose signs ``embed_with_tokens`` gives, in their order."""
        return self._tokens.telling_spans(text)

    def _questions(self, questions: Sequence[str]) -> "Vectors":
        """One unit row each; the states of their tokens are kept for ``question_tokens``, which mostly comes next."""
        import numpy as np

        vectors = np.empty((len(questions), self.fingerprint.dimensions), dtype=np.float32)
        ids = prepare(questions, kind="query", query_prompt=self._query_prompt, tokens=self._tokens, limit=self.max_tokens)[1]
        for batch, rows, states in self._told(ids):
            vectors[batch] = rows
            for at, told in zip(batch, states, strict=True):
                self._states.keep(questions[at], told)
        return vectors

    @cached_property
    def engine(self) -> Engine:
        """What computes the vectors here. Imports torch. Raises ModelMissingError, ModelError."""
        with _translated(self._name):
            return choose(self._setting, self._folder, device=self._device)

    def _told(self, ids: Sequence[Sequence[int]]) -> "Iterator[tuple[list[int], Vectors, list[Vectors]]]":
        """(places in ``ids``, a unit row for each, the states of its tokens, so many values of each as are kept) of each batch."""
        for batch in batches([len(row) for row in ids], token_budget=self._batch_tokens if ids else 0):
            with _translated(self._name):
                bert = self._bert
                layer, dimensions = telling_layer(bert.layers), min(_TOLD, bert.width // 8 * 8)
                found, states = bert.with_states([ids[at] for at in batch], layer=layer, dimensions=dimensions)
            yield batch, unit(found[:, : self.fingerprint.dimensions]), states

    @cached_property
    def _pooling(self) -> Pooling | None:
        return pooling_of(self._folder)

    @property
    def _batch_tokens(self) -> int:
        return _BATCH_TOKENS_CPU if self.engine.device == "cpu" else _BATCH_TOKENS_ELSEWHERE

    @cached_property
    def _folder(self) -> Path:
        return model_folder(self._name, revision=self._revision, otherwise='set embedder.kind = "small"')

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self._folder / "tokenizer.json")

    @cached_property
    def _bert(self) -> Bert:
        engine = self.engine
        assert engine.pooling is not None
        sentences = self._tokens.ids(_SENTENCES.read_text(encoding="utf-8").splitlines()) if engine.precision == "int8" else []
        return Bert(
            self._folder,
            pooling=engine.pooling,
            precision=engine.precision,
            device=engine.device,
            sentences=[row[: self.max_tokens] for row in sentences],
        )

    @cached_property
    def _model(self) -> Any:
        with _translated(self._name):
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            logging.disable_progress_bar()
            return SentenceTransformer(
                str(self._folder),
                device=self.engine.device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True, "dtype": "float32"},
            )


def telling_layer(layers: int) -> int:
    """The layer whose states stand for single tokens: the fifth of six, as in MiniLM; of the twelve of bge-small, which is trained as mxbai
    is, the eighth, tenth and twelfth find alike (docs/log.md)."""
    return round(layers * 5 / 6)


@contextmanager
def _translated(model: str) -> Iterator[None]:
    """Whatever the libraries raise becomes one line."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{model} cannot be loaded or run ({one_line(error)}): download it again, or choose another model") from error


def _full_dimensions(folder: Path) -> int:
    """The length of the model's vectors: what its last shaping module puts out."""
    modules = json.loads(_required(folder / "modules.json"))
    for module in reversed(modules):
        stated = _json(folder / module["path"] / "config.json")
        for key in ("out_features", "embedding_dimension", "word_embedding_dimension", "hidden_size"):
            if key in stated:
                return int(stated[key])
    raise ModelError(f"{folder} does not say how long its vectors are: choose another model")


def _required(path: Path) -> str:
    if not path.is_file():
        raise ModelError(f"{path.parent} is no sentence-transformers model: it has no {path.name}")
    return path.read_text(encoding="utf-8")


def _json(path: Path) -> dict[str, Any]:
    """The object in the file; empty where there is no such file."""
    stated: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return stated
