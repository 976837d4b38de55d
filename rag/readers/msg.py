"""Outlook messages: their properties as a mail like any other, attachments and enclosed messages included ([MS-OXMSG])."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from pathlib import Path
from struct import unpack_from
from typing import Any

from rag.errors import CorruptFileError
from rag.readers import eml, ole, rtf
from rag.readers.clean import one_line
from rag.readers.desk import Desk
from rag.types import Document

suffixes: frozenset[str] = frozenset({".msg"})

_WHAT = "an Outlook message"
_SUBJECT, _BODY, _HTML, _RTF = 0x0037, 0x1000, 0x1013, 0x1009
_SENDER, _ADDRESS, _SMTP, _TO, _CC = 0x0C1A, 0x0C1F, 0x5D01, 0x0E04, 0x0E03
_SENT, _RECEIVED, _INTERNET_CODEPAGE, _CODEPAGE = 0x0039, 0x0E06, 0x3FDE, 0x3FFD
_LONG_NAME, _NAME, _DATA = 0x3707, 0x3704, 0x3701
_WIDE, _NARROW, _BINARY, _OBJECT = 0x001F, 0x001E, 0x0102, 0x000D
_MOST_DEPTH = 5
_PREFIX = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial"
    b"Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_LARGEST_BODY = 20_000_000


def read(path: Path) -> Document:
    """One page. Raises ReadError and its children."""
    with ole.opened(path, what=_WHAT) as container:
        return eml.document(_message(container, (), path=path), path=path, format="msg")


def enclosed(path: Path, desk: Desk) -> None:
    """Puts the attachments down. Raises CorruptFileError."""
    with ole.opened(path, what=_WHAT) as container:
        eml.put_attachments(_message(container, (), path=path), desk)


class _Properties:
    """The properties of a message or an attachment."""

    def __init__(self, container: Any, folder: tuple[str, ...], *, codepage: int = 0) -> None:
        self._container, self._folder = container, folder
        fixed = self._stream("__properties_version1.0")
        start = 32 if not folder else 8 if "__attach" in folder[-1] else 24  # a header, by what the properties are of
        self._fixed = {unpack_from("<H", fixed, at + 2)[0]: fixed[at + 8 : at + 16] for at in range(start, len(fixed) - 15, 16)}
        self.codepage = self.whole(_CODEPAGE) or codepage

    def _stream(self, name: str) -> bytes:
        where = [*self._folder, name]
        return bytes(self._container.openstream(where).read()) if self._container.exists(where) else b""

    def _of(self, number: int, kind: int) -> bytes:
        return self._stream(f"__substg1.0_{number:04X}{kind:04X}")

    def text(self, *numbers: int) -> str:
        """The first of these properties that says something."""
        for number in numbers:
            if wide := self._of(number, _WIDE):
                return wide.decode("utf-16-le", errors="replace").rstrip("\0")
            if narrow := self._of(number, _NARROW):
                return _decoded(narrow.rstrip(b"\0"), codepage=self.codepage)
        return ""

    def binary(self, number: int) -> bytes:
        return self._of(number, _BINARY)

    def whole(self, number: int) -> int:
        return int(unpack_from("<i", self._fixed[number])[0]) if number in self._fixed else 0

    def moment(self, number: int) -> datetime | None:
        """FILETIME: tenths of a microsecond since 1601, UTC."""
        ticks = unpack_from("<Q", self._fixed[number])[0] if number in self._fixed else 0
        try:
            return datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10) if ticks else None
        except OverflowError:
            return None


def _message(container: Any, folder: tuple[str, ...], *, path: Path, codepage: int = 0) -> EmailMessage:
    """The message in a folder of the container, as a mail."""
    about = _Properties(container, folder, codepage=codepage)
    message = EmailMessage()
    _head(message, about)
    html, text = _html(about), about.text(_BODY) or _from_rtf(about)
    if not (message["Subject"] or message["From"] or html or text):
        raise CorruptFileError(f"cannot read {path.name}: it holds no message; save it from Outlook again")
    if text.strip() or not html:
        message.set_content(_sound(text))
    if html:
        (message.add_alternative if text.strip() else message.set_content)(_sound(html), subtype="html")
    for name in sorted(_folders(container, folder)):
        if name.startswith("__attach_version1.0_"):
            _attach(message, container, (*folder, name), path=path, codepage=about.codepage)
    return message


def _head(message: EmailMessage, about: _Properties) -> None:
    address = about.text(_SMTP, _ADDRESS)
    sender = one_line(_sound(about.text(_SENDER)))
    moment = about.moment(_SENT) or about.moment(_RECEIVED)
    fields = {
        "Subject": one_line(_sound(about.text(_SUBJECT))),
        "From": formataddr((sender, address)) if "@" in address and address.isascii() else sender,
        "To": one_line(_sound(about.text(_TO))),
        "Cc": one_line(_sound(about.text(_CC))),
        "Date": format_datetime(moment) if moment and 1970 < moment.year < 2100 else "",
    }
    for name, value in fields.items():
        if value:
            eml.set_header(message, name, value)


def _html(about: _Properties) -> str:
    if data := about.binary(_HTML):
        return _decoded(data, codepage=about.whole(_INTERNET_CODEPAGE) or about.codepage)
    return about.text(_HTML)


def _from_rtf(about: _Properties) -> str:
    data = unpacked(about.binary(_RTF))
    return rtf.plain(data) if data.startswith(b"{\\rtf") and b"\\fromhtml" not in data[:400] else ""


def _attach(message: EmailMessage, container: Any, folder: tuple[str, ...], *, path: Path, codepage: int) -> None:
    about = _Properties(container, folder, codepage=codepage)
    name = one_line(_sound(about.text(_LONG_NAME, _NAME)))
    inner = (*folder, f"__substg1.0_{_DATA:04X}{_OBJECT:04X}")
    if container.exists([*inner, "__properties_version1.0"]) and len(folder) <= 2 * _MOST_DEPTH:
        enclosed_message = _message(container, inner, path=path, codepage=codepage)
        message.add_attachment(enclosed_message)
    elif data := about.binary(_DATA):
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name or "unnamed")


def _folders(container: Any, folder: tuple[str, ...]) -> set[str]:
    depth = len(folder)
    return {
        entry[depth]
        for entry in container.listdir(streams=False, storages=True)
        if len(entry) == depth + 1 and tuple(entry[:depth]) == folder
    }


def _decoded(data: bytes, *, codepage: int) -> str:
    encoding = "utf-8" if codepage == 65_001 else f"cp{codepage}" if codepage else ""
    for candidate in (encoding, "utf-8", "cp1252"):
        try:
            return data.decode(candidate) if candidate else data.decode()
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("cp1252", errors="replace")


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def unpacked(data: bytes) -> bytes:
    """Compressed RTF ([MS-OXRTFCP]): LZ77 over a ring of 4,096 bytes that begins with a dictionary."""
    if len(data) < 16:
        return b""
    raw_size, kind = unpack_from("<I", data, 4)[0], data[8:12]
    if kind == b"MELA":
        return data[16 : 16 + raw_size]
    if kind != b"LZFu" or raw_size > _LARGEST_BODY:
        return b""
    ring, out, at, place = bytearray(_PREFIX.ljust(4096, b"\0")), bytearray(), 16, len(_PREFIX)
    while at < len(data) and len(out) < raw_size:
        control = data[at]
        at += 1
        for bit in range(8):
            is_pair = control >> bit & 1
            if at + is_pair >= len(data):
                return bytes(out)
            if not is_pair:
                copied, at = data[at : at + 1], at + 1
                ring[place] = copied[0]
                out += copied
                place = (place + 1) % 4096
                continue
            offset, length = data[at] << 4 | data[at + 1] >> 4, (data[at + 1] & 15) + 2
            at += 2
            if offset == place:
                return bytes(out)
            for step in range(length):
                byte = ring[(offset + step) % 4096]
                ring[place] = byte
                out.append(byte)
                place = (place + 1) % 4096
    return bytes(out)
