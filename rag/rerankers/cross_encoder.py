"""A cross-encoder of sentence-transformers, such as mixedbread-ai/mxbai-rerank-base-v1, on this machine."""

import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from rag.errors import ModelError
from rag.processor import device_of, multiplies_bfloat16
from rag.rerankers.disentangled import quicken
from rag.weights import model_folder, one_line

_PAIRS_A_BATCH = 4
"""20 pairs of 252 tokens, base shape, bfloat16: 3.0 times as fast as the library's default, 2.5 with 2 or 20 a batch (docs/log.md)."""


class CrossEncoderReranker:
    """Reads question and passage together. A folder, a model in the Hugging Face cache, or one that can be downloaded; safetensors only.

    In bfloat16 where the device multiplies it natively, with the last layer in float32, so that scores do not fall together.
    """

    def __init__(self, model: str, *, revision: str = "main", device: str | None = None, budget_s: float = 0.0) -> None:
        """``budget_s``: wall time after which no further batch is begun; 0 for no limit. Loading the model is not counted."""
        self.model = model
        self._revision = revision
        self._device = device
        self._budget_s = budget_s

    def score(self, query: str, passages: Sequence[str]) -> Sequence[float | None] | None:
        """One number a passage on the model's own scale, higher is better. Raises ModelMissingError, ModelError.

        A pair over the model's limit loses the end of its longer text, which is the passage's; the ranking still sees its beginning. With
        a time budget the passages are read in their order, and those that were not reached have None: one batch is read at least.
        """
        if not passages:
            return []
        pairs = [(query, passage) for passage in passages]
        if not self._budget_s:
            return self._scores(pairs)
        _ = self._encoder  # loaded before the clock starts
        started, found = time.monotonic(), list[float | None]()
        for start in range(0, len(pairs), _PAIRS_A_BATCH):
            found += self._scores(pairs[start : start + _PAIRS_A_BATCH])
            if time.monotonic() - started >= self._budget_s:
                break
        return [*found, *[None] * (len(pairs) - len(found))]

    def _scores(self, pairs: list[tuple[str, str]]) -> list[float]:
        """The library sorts them by length, so that little of a batch is padding."""
        try:
            scores = self._encoder.predict(pairs, batch_size=_PAIRS_A_BATCH, show_progress_bar=False)
            found = [float(score) for score in scores]
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(f"{self.model} cannot score passages ({one_line(error)}): choose a cross-encoder with one output") from error
        if any(score != score for score in found):
            raise ModelError(f"{self.model} answered with a score that is not a number: choose another reranker")
        return found

    @cached_property
    def _folder(self) -> Path:
        return model_folder(self.model, revision=self._revision, otherwise='leave reranker.model empty ("") to keep the fused order')

    @cached_property
    def _encoder(self) -> Any:
        folder = self._folder
        try:
            from sentence_transformers import CrossEncoder
            from transformers.utils import logging

            logging.disable_progress_bar()
            device = device_of(self._device)
            fast = multiplies_bfloat16(device)
            encoder = CrossEncoder(
                str(folder),
                device=device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True, "dtype": "bfloat16" if fast else "float32"},
            )
            if fast:
                _finish_in_float32(encoder[0].model)
                quicken(encoder[0].model)
        except Exception as error:
            raise ModelError(f"{self.model} cannot be loaded ({one_line(error)}): download it again, or choose another reranker") from error
        return encoder


def _finish_in_float32(model: Any) -> None:
    """The head of a sequence classifier: eight bits cannot tell twenty like passages apart. Other models keep their own head."""
    head = [module for name in ("pooler", "classifier") if (module := getattr(model, name, None)) is not None]
    if len(head) == 2:
        for module in head:
            module.float()
        head[0].register_forward_pre_hook(lambda _, inputs: (inputs[0].float(),))
