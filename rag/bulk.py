"""Embedding elsewhere: the texts go out in shards, vectors come back, one loader takes them in.

A shard is ``texts-00000.jsonl`` with a ``{"key", "text"}`` a line; the other machine puts ``texts-00000.npy`` beside it, one row a line.
What was taken in is the embedding cache, so that the next ingest (or ``--re-embed``) finds every vector there and embeds nothing.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import FingerprintError, ModelError, UsageError, WorkspaceError
from rag.ports import Embedder
from rag.record import Record, vector_key
from rag.types import Fingerprint, TextKind

if TYPE_CHECKING:
    from rag.ports import Vectors

SHARD = 4_096
"""Texts a shard: some 3 MB of text, 16 MB of vectors at 1,024 dimensions; minutes of work for one process."""
MANIFEST = "shards.json"
_FORMAT = 1
_ALIKE = 0.99
"""Least cosine of a vector that came back to one made here: bf16 gives .9999, another model or a prompt under .95."""
_CHECKED = 4
"""Shards of which the first text is embedded here as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shards:
    """What went out or came in."""

    folder: str
    shards: int
    texts: int


class ShardWriter:
    """Stands in for an embedder: what it is given to embed goes into shards, and the vectors it gives are of no use."""

    def __init__(self, embedder: Embedder, folder: Path, *, known: Callable[[Sequence[str]], Iterable[str]]) -> None:
        """``known``: which of some texts have their vector already."""
        self.fingerprint = embedder.fingerprint
        self.max_tokens = embedder.max_tokens
        self.special_tokens = embedder.special_tokens
        self.token_spans = embedder.token_spans
        self._folder = folder
        self._known = known
        self._waiting: dict[str, None] = {}
        self._shards = self._texts = 0

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> "Vectors":
        """Unit vectors without meaning; the texts are written out."""
        import numpy as np

        self._waiting |= dict.fromkeys(texts)
        while len(self._waiting) >= SHARD:
            self._write(SHARD)
        rows = np.zeros((len(texts), self.fingerprint.dimensions), dtype=np.float32)
        rows[:, 0] = 1.0
        return rows

    def finish(self) -> Shards:
        """The last shard, and the manifest that says whose vectors these are to be."""
        while self._waiting:
            self._write(SHARD)
        about = {"format": _FORMAT, "fingerprint": asdict(self.fingerprint), "shards": self._shards, "texts": self._texts}
        (self._folder / MANIFEST).write_text(json.dumps(about, indent=1), encoding="utf-8")
        return Shards(folder=str(self._folder), shards=self._shards, texts=self._texts)

    def _write(self, count: int) -> None:
        texts = list(self._waiting)[:count]
        for text in texts:
            del self._waiting[text]
        known = set(self._known(texts))
        lines = [json.dumps({"key": _key(text), "text": text}, ensure_ascii=False) for text in texts if text not in known]
        if lines:
            (self._folder / f"texts-{self._shards:05d}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
            self._shards += 1
            self._texts += len(lines)


class NoIndex:
    """An index that is always up to date, for a record that nobody will search."""

    def __init__(self, record: Record) -> None:
        self._record = record

    @property
    def applied(self) -> int:
        """The newest commit."""
        return self._record.sequence()

    def publish(self, rows: "Iterable[tuple[str, Vectors]]", *, sequence: int, space: str) -> None:
        """Nothing to do."""

    def nearest(self, vector: "Vectors", *, k: int) -> Sequence[tuple[str, float]]:
        """Nothing is in it."""
        return []


def make_room(folder: Path) -> None:
    """An empty folder for shards. Raises UsageError for one that holds something, WorkspaceError where none can be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty; name a new folder for the shards")
    except OSError as error:
        raise WorkspaceError(f"cannot write shards to {folder}: {error.strerror}; choose another folder") from error


def take_in(folder: Path, *, record: Record, embedder: Embedder) -> Shards:
    """Checks every shard, then keeps its vectors in the record's embedding cache. The caller holds the writer's lock.

    Raises FingerprintError for shards of another embedder, UsageError for a shard without its vectors, ModelError for vectors that cannot
    be this model's. Nothing is kept then.
    """
    about = _manifest(folder)
    theirs = Fingerprint(**about["fingerprint"])
    if theirs != embedder.fingerprint:
        raise FingerprintError(
            f"the shards in {folder} are for {_described(theirs)}, and rag.toml sets {_described(embedder.fingerprint)}: set the embedder "
            "back, or export again"
        )
    names = [f"texts-{number:05d}" for number in range(about["shards"])]
    if missing := [name for name in names if not (folder / f"{name}.npy").is_file()]:
        raise UsageError(f"{len(missing)} of {len(names)} shards have no vectors yet, the first is {missing[0]}.npy; embed them first")
    for number, name in enumerate(names):
        texts, vectors = _shard(folder / name, dimensions=theirs.dimensions)
        if number % max(1, len(names) // _CHECKED) == 0:
            _compare(texts[0], vectors[0], name=name, embedder=embedder)
    count = 0
    for name in names:
        texts, vectors = _shard(folder / name, dimensions=theirs.dimensions)
        record.cache_vectors(texts, vectors, fingerprint=theirs, kind="document")
        count += len(texts)
    return Shards(folder=str(folder), shards=len(names), texts=count)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder} holds no shards of ours ({error}); make some with: rag export-texts {folder}") from error
    if about.get("format") != _FORMAT:
        raise UsageError(f"{folder} was written by another version of rag; export the texts again")
    return about


def _shard(path: Path, *, dimensions: int) -> tuple[list[str], "Vectors"]:
    """Its texts and their unit vectors."""
    import numpy as np

    try:
        lines = [json.loads(line) for line in path.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()]
        vectors = np.load(path.with_suffix(".npy"), allow_pickle=False).astype(np.float32)
    except (OSError, ValueError) as error:
        raise UsageError(f"the shard {path} cannot be read ({error}); embed it again") from error
    if changed := [line for line in lines if line.get("key") != _key(line.get("text", ""))]:
        raise UsageError(f"{path}.jsonl was changed: {changed[0].get('key')} is not the key of its text; export the texts again")
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if vectors.shape != (len(lines), dimensions) or not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise ModelError(f"{path}.npy has shape {vectors.shape} for {len(lines)} texts of {dimensions} dimensions, or a row that is none")
    return [line["text"] for line in lines], vectors / lengths


def _compare(text: str, vector: "Vectors", *, name: str, embedder: Embedder) -> None:
    """The same text embedded here has to be the same vector, nearly."""
    cosine = float(embedder.embed([text], kind="document")[0] @ vector)
    if cosine < _ALIKE:
        raise ModelError(
            f"the first vector of {name} is another than this machine's {embedder.fingerprint.model} makes (cosine {cosine:.3f}): embed "
            "the shards with that model, without a prompt"
        )


def _described(fingerprint: Fingerprint) -> str:
    about = f"revision {fingerprint.revision}, {fingerprint.dimensions} dimensions, query prompt {fingerprint.query_prompt!r}"
    return f"{fingerprint.model} ({about})"


def _key(text: str) -> str:
    return vector_key(text, kind="document").hex()
