"""Bytes of text files as text."""

import codecs
import re
from pathlib import Path

from rag.errors import CorruptFileError, NoTextError
from rag.patterns import regex

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = ((b"%PDF-", "a PDF"), (b"PK\x03\x04", "a zip archive"), (b"\xd0\xcf\x11\xe0", "an old Office file"), (b"\x89PNG", "a picture"))
_WESTERN_ENOUGH = 0.02
_UNASSIGNED_IN_CP1252 = re.compile(b"[\x81\x8d\x8f\x90\x9d]")
_BYTE_A_LETTER = regex(r"(?i)(?:x-)?(?:iso-?8859|windows-?125|cp-?(?:125|437|85)|latin|us-ascii|ascii|koi8|mac)")
_SAMPLE = 200_000
_WRONG = "\N{REPLACEMENT CHARACTER}"
_RIGHT_BEFORE_CUT = 2
_RIGHT_A_WRONG = 10


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that should hold text. Raises NoTextError when it is empty, CorruptFileError when it is binary."""
    data = path.read_bytes()
    if not data.strip():
        raise NoTextError(f"cannot read {path.name}: the file is empty; check that it was saved or copied completely")
    for magic, what in _BINARY:
        if data.startswith(magic):
            raise CorruptFileError(f"cannot read {path.name}: it is {what}, not text; give it the suffix it should have")
    return data


def decode(data: bytes, *, path: Path, declared: str = "") -> str:
    """The text, by byte order mark, else as ``declared``, UTF-8, UTF-16 without a mark, or the likeliest older encoding. What is said to
    have a byte a letter and is UTF-8 throughout is UTF-8: chance does not make that.

    Raises CorruptFileError for bytes that are not text.
    """
    if marked := marked_as(data):
        return data.decode(marked, errors="replace")
    if b"\0" in data:
        return _decode_wide(data, path=path)
    for encoding in ("utf-8", declared) if _BYTE_A_LETTER.match(declared) else (declared, "utf-8"):
        if (text := _try(data, encoding=encoding)) is not None:
            return text
    if not _BYTE_A_LETTER.match(declared) and (text := _nearly_utf_8(data)) is not None:
        return text
    return data.decode(_older_encoding(data), errors="replace")


def marked_as(data: bytes) -> str:
    """The encoding that a byte order mark at the beginning names; empty without one."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")


def _decode_wide(data: bytes, *, path: Path) -> str:
    """UTF-16 without a mark has its zero bytes nearly all at even or nearly all at odd places."""
    even, odd = data[0::2].count(0), data[1::2].count(0)
    half = len(data) // 2 or 1
    if max(even, odd) / half > 0.3 and min(even, odd) / half < 0.05:
        return data.decode("utf-16-be" if even > odd else "utf-16-le", errors="replace")
    raise CorruptFileError(f"cannot read {path.name}: it holds binary data, not text; give it the suffix it should have")


def _try(data: bytes, *, encoding: str) -> str | None:
    try:
        return data.decode(encoding) if encoding else None
    except (UnicodeDecodeError, LookupError):
        return None


def _nearly_utf_8(data: bytes) -> str | None:
    """What is UTF-8 but for a character that was cut off at the end, or for one in eleven of its characters outside ASCII. What is wrong
    stays as a mark. Of 18,791 short texts in 24 other encodings none was taken for such (docs/log.md)."""
    text = data.decode("utf-8", errors="replace")
    wrong = text.count(_WRONG) - data.count(_WRONG.encode())
    right = len(text) - len(text.encode("ascii", errors="ignore")) - wrong
    is_cut = wrong == 1 and text.endswith(_WRONG)
    return text if right >= (_RIGHT_BEFORE_CUT if is_cut else _RIGHT_A_WRONG * wrong) else None


def _older_encoding(data: bytes) -> str:
    """cp1252 while few bytes are outside ASCII, as in English and most western text; else what charset-normalizer finds."""
    outside = sum(byte > 127 for byte in data[:_SAMPLE]) / len(data[:_SAMPLE])
    if outside < _WESTERN_ENOUGH and not _UNASSIGNED_IN_CP1252.search(data):
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE]).best()
    return best.encoding if best is not None else "cp1252"
