"""Embedding elsewhere: the texts go out in shards, vectors come back, one loader takes them in.

A shard is ``texts-00000.jsonl`` with a ``{"key", "text"}`` a line; the other machine puts ``texts-00000.npy`` beside it, one row a line,
and, where the embedder tells what single words stand for, ``texts-00000.npz`` with what `rag.late` keeps of them: ``embed_shard`` does.
What was taken in is the embedding cache, so that the next ingest (or ``--re-embed``) finds every vector there and embeds nothing.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from rag.errors import FingerprintError, ModelError, UsageError, WorkspaceError
from rag.ports import Embedder, embedded
from rag.record import Record, space_of, vector_key
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
_SIGNS_ALIKE = 0.9
"""Least share of a text's signs that came back which are those made here: in bfloat16 .994 and more are float32's, of another model .64."""


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


def embed_shard(shard: Path, *, embedder: Embedder) -> None:
    """Puts the vectors of an exported shard beside it, and what the embedder tells of single words. Raises UsageError, ModelError."""
    import numpy as np

    vectors, codes = embedded(embedder, _texts(shard))
    if codes:
        lengths = np.array([len(code) for code in codes], dtype=np.int64)
        np.savez(shard.with_suffix(".npz"), codes=np.frombuffer(b"".join(codes), dtype=np.uint8), lengths=lengths)
    np.save(shard.with_suffix(".npy"), vectors)  # last: a shard that has them is done


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
    theirs, ours = Fingerprint(**about["fingerprint"]), embedder.fingerprint
    if theirs != ours:
        raise FingerprintError(
            f"the shards in {folder} are for {theirs.beside(ours)}, and rag.toml sets {ours.beside(theirs)}: set the embedder back, "
            "or export again"
        )
    names = [f"texts-{number:05d}" for number in range(about["shards"])]
    if missing := [name for name in names if not (folder / f"{name}.npy").is_file()]:
        raise UsageError(f"{len(missing)} of {len(names)} shards have no vectors yet, the first is {missing[0]}.npy; embed them first")
    for number, name in enumerate(names):
        texts, vectors, codes = _shard(folder / name, dimensions=theirs.dimensions)
        if number % max(1, len(names) // _CHECKED) == 0:
            _compare(texts[0], vectors[0], codes[:1], name=name, embedder=embedder)
    count, space = 0, space_of(theirs)
    for name in names:
        texts, vectors, codes = _shard(folder / name, dimensions=theirs.dimensions)
        record.cache_vectors(texts, vectors, fingerprint=theirs, kind="document")
        if codes:
            record.put_token_codes(texts, codes, space=space)
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


def _texts(shard: Path) -> list[str]:
    """Of the shard's file, unchanged since it was exported."""
    try:
        lines = [json.loads(line) for line in shard.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise UsageError(f"the shard {shard} cannot be read ({error}); export the texts again") from error
    if changed := [line for line in lines if line.get("key") != _key(line.get("text", ""))]:
        raise UsageError(f"{shard} was changed: {changed[0].get('key')} is not the key of its text; export the texts again")
    return [line["text"] for line in lines]


def _shard(path: Path, *, dimensions: int) -> tuple[list[str], "Vectors", list[bytes]]:
    """Its texts, their unit vectors, and what came back of their words; nothing where nothing did."""
    import numpy as np

    texts, codes = _texts(path.with_suffix(".jsonl")), list[bytes]()
    try:
        vectors = np.load(path.with_suffix(".npy"), allow_pickle=False).astype(np.float32)
        if path.with_suffix(".npz").is_file():
            with np.load(path.with_suffix(".npz"), allow_pickle=False) as kept:
                whole, lengths = kept["codes"].astype(np.uint8).tobytes(), kept["lengths"].astype(np.int64).tolist()
            ends = list(accumulate(lengths))
            codes = [whole[end - length : end] for end, length in zip(ends, lengths, strict=True)]
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise UsageError(f"the shard {path} cannot be read ({error}); embed it again") from error
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if vectors.shape != (len(texts), dimensions) or not np.isfinite(norms).all() or not (norms > 0).all():
        raise ModelError(f"{path}.npy has shape {vectors.shape} for {len(texts)} texts of {dimensions} dimensions, or a row that is none")
    if codes and (len(codes) != len(texts) or sum(map(len, codes)) != len(whole)):
        raise ModelError(f"{path}.npz tells of the words of {len(codes)} texts, and the shard has {len(texts)}; embed it again")
    return texts, vectors / norms, codes


def _compare(text: str, vector: "Vectors", codes: Sequence[bytes], *, name: str, embedder: Embedder) -> None:
    """The same text embedded here has to be the same vector, nearly, and its words to have nearly the same signs."""
    import numpy as np

    rows, own = embedded(embedder, [text])
    cosine = float(rows[0] @ vector)
    if cosine < _ALIKE:
        raise ModelError(
            f"the first vector of {name} is another than this machine's {embedder.fingerprint.model} makes (cosine {cosine:.3f}): embed "
            "the shards with that model, without a prompt"
        )
    if not codes:
        return
    theirs, ours = (np.unpackbits(np.frombuffer(b"".join(each), dtype=np.uint8)) for each in (codes, own))
    if len(theirs) != len(ours) or (len(ours) and (theirs == ours).mean() < _SIGNS_ALIKE):
        raise ModelError(
            f"the words of the first text of {name} are told otherwise than this machine's embedder tells them: embed it again"
        )


def _key(text: str) -> str:
    return vector_key(text, kind="document").hex()
