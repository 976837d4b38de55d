"""Mailboxes: no text of their own; the mails in them are documents (RFC 4155)."""

import re
from email.errors import MessageError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path

from rag.errors import CorruptFileError, NoTextError
from rag.readers.clean import one_line
from rag.readers.desk import Desk
from rag.readers.encoding import read_bytes
from rag.types import Document

suffixes: frozenset[str] = frozenset({".mbox"})

_FROM = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]*\r?\n")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_LONGEST_SUBJECT = 80
"""Characters of it in the name of a mail."""


def read(path: Path) -> Document:
    """Always raises: NoTextError for a mailbox, else CorruptFileError."""
    _mails(path)
    raise NoTextError(f"cannot read {path.name}: the mailbox holds no mail that can be read; export its mails as .eml")


def enclosed(path: Path, desk: Desk) -> None:
    """Puts the mails down, named by number and subject. Raises CorruptFileError or NoTextError."""
    for number, mail in enumerate(_mails(path), start=1):
        headers = BytesHeaderParser().parsebytes(mail)
        subject = _decoded(str(headers["Subject"] or ""))[:_LONGEST_SUBJECT].replace("/", " ").strip()
        desk.put(f"{number:04d} {subject or 'mail'}.eml", mail, seconds=_seconds(str(headers["Date"] or "")))


def _mails(path: Path) -> list[bytes]:
    data = read_bytes(path).lstrip()
    if not data.startswith(b"From "):
        raise CorruptFileError(f"cannot read {path.name}: it is not a mailbox; give it the suffix it should have, such as .eml")
    return [_QUOTED_FROM.sub(rb"\1", mail) for mail in _FROM.split(data)[1:]]


def _decoded(header: str) -> str:
    try:
        return one_line(str(make_header(decode_header(header))))
    except (MessageError, LookupError, ValueError):
        return one_line(header)


def _seconds(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
