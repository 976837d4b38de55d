"""An embedding space: chunks and vectors made by one embedder."""

import hashlib
import json
from dataclasses import asdict, dataclass

from rag.types import Fingerprint, TextKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    """Chunks and vectors made by one embedder."""

    id: str
    """12 hex digits of the hash of the fingerprint."""
    fingerprint: Fingerprint


def space_of(fingerprint: Fingerprint) -> Space:
    """The space an embedder fills."""
    return Space(id=hashlib.sha256(fingerprint_to_json(fingerprint).encode()).hexdigest()[:12], fingerprint=fingerprint)


def fingerprint_to_json(fingerprint: Fingerprint) -> str:
    """Compact, keys sorted."""
    return json.dumps(asdict(fingerprint), sort_keys=True, separators=(",", ":"))


def fingerprint_from_json(text: str) -> Fingerprint:
    """The fingerprint that was written."""
    return Fingerprint(**json.loads(text))


def vector_key(text: str, *, kind: TextKind) -> bytes:
    """16 bytes that stand for a text and its kind in the embedding cache."""
    return hashlib.sha256(f"{kind}\n{text}".encode()).digest()[:16]
