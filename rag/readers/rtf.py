"""Rich text: paragraphs and table rows, without fonts, pictures and field instructions."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from rag.errors import CorruptFileError
from rag.readers.byline import opening_metadata
from rag.readers.clean import LEVEL, RAISED
from rag.readers.draft import Draft, Entry, entries, with_headers
from rag.types import Document

suffixes: frozenset[str] = frozenset({".rtf"})

_TOKEN = re.compile(rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)")
_SKIPPED = frozenset(
    (
        "fonttbl colortbl stylesheet info pict object themedata colorschememapping latentstyles listtable listoverridetable rsidtbl"
        " generator datastore xmlnstbl fldinst header headerl headerr headerf footer footerl footerr footerf bkmkstart bkmkend"
        " mmathPr wgrffmtfilter revtbl pgptbl objdata nonshppict template filetbl sp private"
    ).split()
)
_SAID = {
    "line": "\n",
    "tab": " ",
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "emspace": " ",
    "enspace": " ",
}
_CHARSETS = {0: 1252, 128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254, 177: 1255, 178: 1256, 186: 1257, 204: 1251, 238: 1250}
_LOOKS = {"v": "hidden", "deleted": "deleted", "strike": "struck", "striked": "struck", "super": "raised"}
"""What turns a look of letters on, and off with a 0."""
_MOST_DEPTH = 500


def read(path: Path) -> Document:
    """One page. Raises ReadError and its children."""
    data = path.read_bytes()
    if not data.startswith(b"{\\rt"):
        raise CorruptFileError(f"cannot read {path.name}: it is not rich text; give it the suffix it should have")
    draft = Draft()
    writer = _Writer(draft=draft)
    writer.write(data)
    return draft.finish(metadata=opening_metadata(draft, title="", path=path), format="rtf", path=path)


def plain(data: bytes) -> str:
    """The text of an RTF body, blocks between blank lines."""
    draft = Draft()
    _Writer(draft=draft).write(data)
    return draft.so_far()


@dataclass(slots=True)
class _Group:
    skipped: bool = False
    hidden: bool = False
    deleted: bool = False
    """A tracked deletion."""
    struck: bool = False
    raised: bool = False
    fallback: int = 1
    """Characters after \\uN that stand for it in older readers."""
    codepage: int = 1252
    has_begun: bool = False
    """True after its first word or text: a later "\\*" says nothing."""


@dataclass(kw_only=True, slots=True)
class _Writer:
    draft: Draft
    group: _Group = field(default_factory=_Group)
    stack: list[_Group] = field(default_factory=list)
    fonts: dict[int, int] = field(default_factory=dict)
    font: int = 0
    text: str = ""
    waiting: bytearray = field(default_factory=bytearray)
    cells: list[str] = field(default_factory=list)
    rows: list[list[Entry]] = field(default_factory=list)
    in_table: bool = False
    to_skip: int = 0
    hidden: int = 0
    deleted: int = 0

    def write(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            token = _TOKEN.match(data, at)
            if token is None:
                at += 1
                continue
            at = token.end()
            if token[1] == b"bin":
                at += int(token[2] or 0)
            self._token(token)
        self._decode()
        self._paragraph()
        self._flush_table()
        self.draft.hidden(self.hidden)
        self.draft.deleted(self.deleted)

    def _token(self, token: "re.Match[bytes]") -> None:
        word, number, code, symbol, brace, run = token.groups()
        is_mark, began = symbol == b"*", self.group.has_begun
        self.group.has_begun |= any((word, code, symbol, brace, run))
        if is_mark:
            self.group.skipped |= not began
            return
        if code or (run and not self.group.skipped):
            self._bytes(bytes([int(code, 16)]) if code else run)
            return
        if word or symbol or brace:
            self._decode()
            self.to_skip = 0  # what stands for a character in older readers is text
        if brace:
            self._brace(opens=brace == b"{")
        elif word:
            self._word(word.decode(), int(number) if number else None)
        elif symbol:
            self._symbol(symbol)

    def _brace(self, *, opens: bool) -> None:
        if opens:
            if len(self.stack) >= _MOST_DEPTH:
                raise RecursionError("groups")
            self.stack.append(self.group)
            self.group = replace(self.group, has_begun=False)
        elif self.stack:
            self.group = self.stack.pop()

    def _symbol(self, symbol: bytes) -> None:
        if symbol in (b"\r", b"\n"):
            self._paragraph()
        else:
            self._say({b"~": " ", b"_": "-", b"-": ""}.get(symbol, symbol.decode("latin-1") if symbol in b"\\{}" else ""))

    def _word(self, word: str, number: int | None) -> None:
        if word in _SKIPPED:
            self.group.skipped = True
        elif word == "f" and number is not None:
            self.font = number
            self.group.codepage = self.fonts.get(number, self.group.codepage)
        elif word == "fcharset" and number is not None:
            self.fonts[self.font] = _CHARSETS.get(number, 1252)
        elif word == "ansicpg" and number:
            self.group.codepage = number
        elif word == "uc" and number is not None:
            self.group.fallback = number
        elif word == "u" and number is not None:
            self._say(chr(number & 0xFFFF))
            self.to_skip = self.group.fallback
        elif word in _LOOKS:
            setattr(self.group, _LOOKS[word], number != 0)
        elif word in ("sub", "nosupersub"):
            self.group.raised = False
        elif word == "plain":
            self.group.hidden = self.group.deleted = self.group.struck = self.group.raised = False
        elif not self.group.skipped:
            self._layout(word)

    def _layout(self, word: str) -> None:
        if word in ("par", "sect", "page"):
            self._paragraph()
        elif word == "pard":
            self.in_table = False
        elif word == "intbl":
            self.in_table = True
        elif word in ("cell", "nestcell"):
            self.cells.append(self.text)
            self.text = ""
        elif word in ("row", "nestrow"):
            self.rows.append(entries(self.cells))
            self.cells, self.text = [], ""
        elif word in _SAID:
            self._say(_SAID[word])

    def _bytes(self, data: bytes) -> None:
        skipped = min(self.to_skip, len(data))
        self.to_skip -= skipped
        if not self.group.skipped:
            self.waiting += data[skipped:]

    def _decode(self) -> None:
        if self.waiting:
            try:
                text = self.waiting.decode(f"cp{self.group.codepage}", errors="replace")
            except LookupError:
                text = self.waiting.decode("cp1252", errors="replace")
            self.waiting.clear()
            self._say(text)

    def _say(self, text: str) -> None:
        if self.group.skipped:
            return
        if self.group.deleted:
            self.deleted += len(text.strip())
        elif self.group.hidden:
            self.hidden += len(text.strip())
        elif self.group.struck:
            self.draft.struck(len(text.strip()))
        else:
            self.text += f"{RAISED}{text}{LEVEL}" if self.group.raised else text

    def _paragraph(self) -> None:
        if self.in_table:
            self.text += " "
            return
        text = self.text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        self.text = ""
        if text.strip():
            self._flush_table()
            self.draft.paragraph(text)

    def _flush_table(self) -> None:
        if self.cells:  # of a row that nothing ends
            self.rows.append(entries(self.cells))
            self.cells = []
        self.draft.table(with_headers(self.rows))
        self.rows = []
