"""A cross-encoder for natural language inference, such as cross-encoder/nli-deberta-v3-base, on this machine."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from rag.errors import ModelError
from rag.processor import device_of
from rag.types import Verdict
from rag.weights import model_folder, one_line

_PAIRS_A_BATCH = 8
_ENOUGH = 0.5
"""Probability of entailment from which a sentence counts as carried."""


class NliChecker:
    """Reads quotations and sentence together and says whether the one follows from the other.

    A folder, a model in the Hugging Face cache, or one that can be downloaded; safetensors only. Its labels must name entailment.
    """

    def __init__(self, model: str, *, revision: str = "main", device: str | None = None) -> None:
        self.model = model
        self._revision = revision
        self._device = device

    def supports(self, claims: Sequence[tuple[str, str]]) -> Sequence[Verdict]:
        """supported, contradicted or unsupported for each (sentence, quotations). Raises ModelMissingError, ModelError.

        A pair over the model's limit loses the end of its longer text; a sentence may then be doubted that its last quotation carries.
        """
        if not claims:
            return []
        labels = self._labels
        try:
            rows = self._encoder.predict(
                [(quotes, sentence) for sentence, quotes in claims], batch_size=_PAIRS_A_BATCH, apply_softmax=True, show_progress_bar=False
            )
            found = [[float(value) for value in row] for row in rows]
        except Exception as error:
            raise ModelError(f"{self.model} cannot judge sentences ({one_line(error)}): choose another checker.model") from error
        if any(value != value for row in found for value in row):
            raise ModelError(f"{self.model} answered with a score that is not a number: choose another checker.model")
        return [_verdict(row, labels) for row in found]

    @cached_property
    def _labels(self) -> Mapping[str, int]:
        """Label in lower case -> its place in an answer."""
        named = getattr(self._encoder.config, "id2label", {})
        labels = {str(label).lower(): int(at) for at, label in named.items()}
        if not any(label.startswith("entail") for label in labels):
            raise ModelError(
                f"{self.model} has no label for entailment (it has {', '.join(labels) or 'none'}): choose a cross-encoder for natural "
                "language inference, such as cross-encoder/nli-deberta-v3-base"
            )
        return labels

    @cached_property
    def _encoder(self) -> Any:
        folder = model_folder(self.model, revision=self._revision, otherwise='set checker.kind = "none" to go without')
        try:
            from sentence_transformers import CrossEncoder
            from transformers.utils import logging

            logging.disable_progress_bar()
            return CrossEncoder(
                str(folder),
                device=device_of(self._device),
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
        except Exception as error:
            raise ModelError(f"{self.model} cannot be loaded ({one_line(error)}): download it again, or choose another") from error


def _verdict(row: Sequence[float], labels: Mapping[str, int]) -> Verdict:
    """supported from an even chance of entailment on; contradicted where that is the likeliest of the others."""
    if max(row[at] for label, at in labels.items() if label.startswith("entail")) >= _ENOUGH:
        return "supported"
    against = [row[at] for label, at in labels.items() if label.startswith("contra")]
    others = [row[at] for label, at in labels.items() if not label.startswith(("entail", "contra"))]
    return "contradicted" if against and max(against) >= max(others, default=0.0) else "unsupported"
