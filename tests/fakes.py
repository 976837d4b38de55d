"""Small real implementations of the ports, for tests only: deterministic, in process, no model and no download."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import CorruptFileError, NoTextError
from rag.late import packed
from rag.types import Block, Chunk, Document, Fingerprint, Metadata, Page, TextKind

if TYPE_CHECKING:
    from rag.ports import TokenCounter, Vectors

_WORD = re.compile(r"\w+|[^\w\s]")
_DATE_LINE = re.compile(r"^(?:date|published):\s*(\d{4}-\d{2}-\d{2})\s*$", re.IGNORECASE | re.MULTILINE)
_TAGS_LINE = re.compile(r"^tags:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
_PARAGRAPH = re.compile(r"\S(?:.|\n(?!\s*\n))*")


@dataclass(kw_only=True)
class HashingEmbedder:
    """Bag of hashed words: texts that share words are near. Counts its calls, so that a test can state what was embedded."""

    dimensions: int = 64
    model: str = "hashing"
    query_prompt: str = ""
    max_tokens: int = 256
    special_tokens: int = 2
    calls: int = 0
    """How often ``embed`` was called."""
    texts: list[str] = field(default_factory=list)
    """Every text embedded, in order."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Changes with model, dimensions and query prompt."""
        return Fingerprint(model=self.model, revision="1", dimensions=self.dimensions, query_prompt=self.query_prompt)

    def token_spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Words and punctuation marks."""
        return [match.span() for match in _WORD.finditer(text)]

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> "Vectors":
        """One unit row a text, shape (texts, dimensions)."""
        self.calls += 1
        self.texts.extend(texts)
        prompt = self.query_prompt if kind == "query" else ""
        rows = [self._row(prompt + text) for text in texts]
        return np.vstack(rows) if rows else np.zeros((0, self.dimensions), dtype=np.float32)

    def _row(self, text: str) -> "Vectors":
        row = np.zeros(self.dimensions, dtype=np.float32)
        for word in _WORD.findall(text.lower()):
            digest = hashlib.blake2b(f"{self.model} {word}".encode(), digest_size=8).digest()
            row[int.from_bytes(digest[:4], "little") % self.dimensions] += 1.0 if digest[4] & 1 else -1.0
        row[0] += 1e-3  # a text without words still has a direction
        unit: Vectors = row / np.linalg.norm(row)
        return unit


@dataclass(kw_only=True)
class TellingEmbedder(HashingEmbedder):
    """One that also tells what single words stand for: a word's direction at random, the same for words of one meaning."""

    meanings: dict[str, str] = field(default_factory=dict)
    """Word -> the word whose direction it has too."""

    def tells_tokens(self) -> bool:
        """It does."""
        return True

    def embed_with_tokens(self, texts: Sequence[str]) -> "tuple[Vectors, list[bytes]]":
        """Every word of each text."""
        return self.embed(texts, kind="document"), [packed(self._states(text) > 0) for text in texts]

    def question_tokens(self, question: str) -> "tuple[Vectors, list[tuple[int, int]]]":
        """Every word and mark."""
        return self._states(question), list(self.token_spans(question))

    def telling_spans(self, text: str) -> list[tuple[int, int]]:
        """Every word and mark."""
        return list(self.token_spans(text))

    def _states(self, text: str) -> "Vectors":
        rows = []
        for word in _WORD.findall(text.lower()):
            digest = hashlib.blake2b(self.meanings.get(word, word).encode(), digest_size=8).digest()
            row = np.random.default_rng(int.from_bytes(digest)).standard_normal(self.dimensions).astype(np.float32)
            rows.append(row / np.linalg.norm(row))
        return np.vstack(rows) if rows else np.zeros((0, self.dimensions), dtype=np.float32)


def read_plain(path: Path) -> Document:
    """Plain text or Markdown as a document of one page a form feed; "# x" lines are headings, the rest paragraphs.

    A line "date: 2025-03-01" or "tags: a, b" sets the metadata. Raises CorruptFileError for bytes that are not UTF-8 and
    NoTextError for white space only.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorruptFileError(f"{path.name} is not UTF-8 text") from error
    if not text.strip():
        raise NoTextError(f"{path.name} holds no text")
    return plain_document(text, name=path.stem, form=path.suffix.lstrip("."))


def plain_document(text: str, *, name: str = "note", form: str = "txt") -> Document:
    """The same from a string."""
    return Document(text=text, pages=_pages(text), blocks=_blocks(text), metadata=_metadata(text, name=name), format=form)


def _pages(text: str) -> tuple[Page, ...]:
    ends = [match.end() for match in re.finditer("\f", text)] + [len(text)]
    starts = [0, *ends[:-1]]
    return tuple(
        Page(number=number, label=f"p. {number}" if len(ends) > 1 else "", start=start, end=end)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
    )


def _blocks(text: str) -> tuple[Block, ...]:
    blocks = []
    for page in _pages(text):
        for match in _PARAGRAPH.finditer(text, page.start, page.end):
            level = len(match[0]) - len(match[0].lstrip("#"))
            end = match.start() + len(match[0].rstrip())
            blocks.append(Block(kind="heading" if level else "paragraph", start=match.start(), end=end, level=level))
    return tuple(blocks)


def _metadata(text: str, *, name: str) -> Metadata:
    heading = re.search(r"^#\s+(.+)$", text, re.MULTILINE)
    dated = _DATE_LINE.search(text)
    tags = _TAGS_LINE.search(text)
    return Metadata(
        title=heading[1].strip() if heading else name,
        published=date.fromisoformat(dated[1]) if dated else None,
        published_from="content" if dated else "mtime",
        tags=tuple(sorted(tag.strip().lower() for tag in tags[1].split(","))) if tags else (),
    )


def chunk_words(document: Document, *, document_id: str, counter: "TokenCounter", budget: int) -> list[Chunk]:
    """Runs of tokens within the budget, cut anywhere, each within one page: the chunking contract in its plainest form."""
    room = budget - counter.special_tokens - 8
    chunks: list[Chunk] = []
    for page in document.pages:
        spans = counter.token_spans(document.text[page.start : page.end])
        for first in range(0, len(spans), room):
            run = spans[first : first + room]
            start, end = page.start + run[0][0], page.start + run[-1][1]
            chunks.append(
                _chunk(document, document_id=document_id, ordinal=len(chunks), start=start, end=end, page=page.number, words=len(run))
            )
    return chunks


def _chunk(document: Document, *, document_id: str, ordinal: int, start: int, end: int, page: int, words: int) -> Chunk:
    header = document.metadata.title[:24]
    identity = f"{document_id} {start} {end} {header}"
    return Chunk(
        id=hashlib.sha256(identity.encode()).hexdigest()[:16],
        document=document_id,
        ordinal=ordinal,
        start=start,
        end=end,
        text=document.text[start:end],
        first_page=page,
        last_page=page,
        header=header,
        tokens=words + 2 + len(header.split()),
    )
