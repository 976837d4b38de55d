"""Broken, hostile and ordinary files through the readers: what became of each, how long it took, how like the expected text it is.

    python -m benchmarks.torture FOLDER           # FOLDER holds manifest.jsonl, files/ and expected/

Similarity: both texts lose their Markdown and become lower-case words; 2 x matching words in order / all words of both
(difflib's ratio, no junk heuristic).
"""

import json
import re
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import unescape
from pathlib import Path
from typing import Any

import click

from rag.errors import NoTextError, ReadError
from rag.readers import ReaderPool

LIMIT_S = 60.0

_BY_CATEGORY: Mapping[str, frozenset[str]] = {
    "bomb": frozenset({"ReadLimitError", "CorruptFileError"}),
    "corrupt_or_fuzzed": frozenset({"ok", "NoTextError", "CorruptFileError", "EncryptedError", "ReadLimitError"}),
}
"""A damaged file may be read as far as it goes, or refused; it may not end or hold up the run."""
_BY_SUFFIX = {".xml": "NoTextError", ".ooxml": "UnsupportedFormatError"}
_BY_FILE: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("poi__60320-protected.xlsx", "poi__Password_Protected-hello.ppt", "poi__Password_Protected-np-hello.ppt"),
            *("poi__bug53475-password-is-solrcell.docx", "poi__extenxls_pwd123.xlsx", "poi__password.xls"),
            *("poi__password_tika_binaryrc4.doc", "poi__protected_passtika.xlsx"),
        ),
        "EncryptedError",
    ),
    "docling__pages_password_protected.pages": "UnsupportedFormatError",
    **dict.fromkeys(  # pictures of text, and two tables without a filled cell
        (
            *("docling__nemotron_multipage.pdf", "docling__ocr_test_rotated_270.pdf", "markitdown__pdf_scanned_sales_report.pdf"),
            *("markitdown__MEDRPT-2024-PAT-3847_medical_report_scan.pdf", "markitdown__pptx_multiple_images.pptx"),
            *("poi__57893-many-merges.xlsx", "poi__TestTableColumns.docx"),
        ),
        "NoTextError",
    ),
}
"""What the manifest's categories leave open. Protected against changes is not encrypted: those files are "ok"."""
_OF_ANOTHER_FILE = frozenset({"markitdown__test.rtf", "markitdown__test.xls"})
"""Their expected text is that of a PDF of the same stem upstream."""

_MARKDOWN = (
    (re.compile(r"<!--.*?-->", re.DOTALL), " "),
    (re.compile(r"!\[[^\]]*\]\([^)]*\)"), " "),
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"</?[a-zA-Z][^>]*>"), " "),
    (re.compile(r"^\s*\|?[\s|:-]*-{3,}[\s|:-]*$", re.MULTILINE), " "),
    (re.compile(r"\\(?=[^\w\s])"), ""),
)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one file."""

    file: str
    category: str
    outcome: str
    """ "ok" or the error's class."""
    message: str
    seconds: float
    characters: int
    similarity: float | None
    """Against the expected text, 0 to 1; None without one."""

    @property
    def is_right(self) -> bool:
        """Whether that is a right thing to happen to this kind of file."""
        expected = _BY_FILE.get(self.file) or _BY_SUFFIX.get(Path(self.file).suffix) or "ok"
        return self.outcome in _BY_CATEGORY.get(self.category, {expected}) and self.seconds <= LIMIT_S


def run(folder: Path) -> Iterator[Outcome]:
    """One outcome a file of the manifest, in its order."""
    lines = (folder / "manifest.jsonl").read_text("utf-8").splitlines()
    with ReaderPool(timeout_s=LIMIT_S) as pool:
        for entry in map(json.loads, lines):
            yield _outcome(folder, entry, pool=pool)


def _outcome(folder: Path, entry: Mapping[str, Any], *, pool: ReaderPool) -> Outcome:
    start = time.perf_counter()
    text, outcome, message = "", "ok", ""
    try:
        text = text_of(folder / "files" / entry["file"], pool=pool)
    except ReadError as error:
        outcome, message = type(error).__name__, str(error)
    seconds = time.perf_counter() - start
    expected = (folder / entry["expected_md"]).read_text("utf-8") if "expected_md" in entry else None
    return Outcome(
        file=entry["file"],
        category=entry["category"],
        outcome=outcome,
        message=message,
        seconds=seconds,
        characters=len(text),
        similarity=None if expected is None else similarity(text, expected),
    )


def text_of(path: Path, *, pool: ReaderPool) -> str:
    """The text of the file, or of the files it encloses where it has none of its own."""
    try:
        return pool.read(path).text
    except NoTextError:
        with tempfile.TemporaryDirectory() as desk:
            enclosed = [Path(one.file) for one in pool.unpack(path, Path(desk)) if one.file]
            if not enclosed:
                raise
            return "\n".join(_text_or_nothing(file, pool=pool) for file in enclosed)


def _text_or_nothing(file: Path, *, pool: ReaderPool) -> str:
    try:
        return pool.read(file).text
    except ReadError:
        return ""


def similarity(text: str, expected: str) -> float:
    """0 to 1; 1 for two texts without words."""
    ours, theirs = _words(text), _words(expected)
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio()


def _words(text: str) -> list[str]:
    for pattern, instead in _MARKDOWN:
        text = pattern.sub(instead, text)
    return _WORD.findall(unescape(text).lower())


def main() -> None:
    """Prints a line a file and the sums. Exit status 1 when a file ended in a wrong way."""
    outcomes = list(run(Path(sys.argv[1])))
    for one in sorted(outcomes, key=lambda one: (one.category, one.file)):
        like = "" if one.similarity is None else f"{one.similarity:.3f}"
        mark = "" if one.is_right else "WRONG"
        click.echo(f"{one.category:24}{one.file[:52]:54}{one.outcome:24}{one.seconds:6.2f} s{one.characters:9,}{like:>7} {mark}")
    known = [one.similarity for one in outcomes if one.similarity is not None]
    wrong = [one.file for one in outcomes if not one.is_right]
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    click.echo(f"files {len(outcomes)}: {dict(Counter(one.outcome for one in outcomes))}; wrong kind of outcome {len(wrong)} {wrong or ''}")
    click.echo(f"slowest {max(one.seconds for one in outcomes):.2f} s, largest child {memory:.2f} GB resident")
    click.echo(
        f"similarity of {len(known)}: mean {statistics.mean(known):.3f}, median {statistics.median(known):.3f}, worst {min(known):.3f}"
    )
    own = [one.similarity for one in outcomes if one.similarity is not None and one.file not in _OF_ANOTHER_FILE]
    click.echo(
        f"without the {len(known) - len(own)} whose expected text is another file's: mean {statistics.mean(own):.3f}, worst {min(own):.3f}"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
