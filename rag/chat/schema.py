"""An answer as JSON and back: sorted keys, decimals as texts, ISO dates."""

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from typing import Any

from rag.errors import RecordError
from rag.types import Answer


@lru_cache(maxsize=1)
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Answer)


def to_json(answer: Answer) -> str:
    """Compact JSON with sorted keys; equal answers give equal bytes."""
    return json.dumps(_adapter().dump_python(answer, mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> Answer:
    """The answer that was written. Raises RecordError for anything else."""
    from pydantic import ValidationError

    try:
        answer: Answer = _adapter().validate_json(text)
    except ValidationError as error:
        raise RecordError(f"an answer cannot be read ({error.error_count()} faults); put a backup of library.db in its place") from error
    return answer


def sealed(answer: Answer) -> Answer:
    """The answer under its own id: the hash of everything else in it."""
    return replace(answer, id="a-" + hashlib.sha256(to_json(replace(answer, id="")).encode()).hexdigest()[:12])
