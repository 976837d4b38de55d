"""A cross-encoder of sentence-transformers, such as mixedbread-ai/mxbai-rerank-base-v1, on this machine."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from rag.errors import ModelError
from rag.weights import model_folder, one_line

_PAIRS_A_BATCH = 8


class CrossEncoderReranker:
    """Reads question and passage together. A folder, a model in the Hugging Face cache, or one that can be downloaded; safetensors only."""

    def __init__(self, model: str, *, revision: str = "main", device: str | None = None) -> None:
        self.model = model
        self._revision = revision
        self._device = device

    def score(self, query: str, passages: Sequence[str]) -> Sequence[float] | None:
        """One number a passage on the model's own scale, higher is better. Raises ModelMissingError, ModelError.

        A pair over the model's limit loses the end of its longer text, which is the passage's; the ranking still sees its beginning.
        """
        if not passages:
            return []
        pairs = [(query, passage) for passage in passages]
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
            return CrossEncoder(
                str(folder),
                device=self._device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True, "dtype": "float32"},
            )
        except Exception as error:
            raise ModelError(f"{self.model} cannot be loaded ({one_line(error)}): download it again, or choose another reranker") from error
