"""Text that a typst template prints as it is, and the PDF that typst makes of the filled template.

Every character that is neither a letter, a digit nor a space goes in as an escape that means the same in typst's markup and in its
strings, so that no document text can begin a command, end a string, or become a list, a heading or a link.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from rag.errors import TemplateError
from rag.patterns import regex

if TYPE_CHECKING:
    from typst import Fonts

_LONGEST_WORD = 40
"""Characters; a longer one may be broken after as many, so that no path or hash runs out of its column."""

_DOTS_AN_INCH = 240.0
_RIGHT_TO_LEFT = ("R", "AL")
_FOREIGN = regex(r'"@[\w-]+/')
_MISSING = regex(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
_ESCAPED = regex(r"\\u\{([0-9a-fA-F]+)\}")
_SPECIAL = regex(r"[^\w ]|_")
_LONG_RUN = regex(rf"[^\s\u2e80-\ud7ff\u3000-\u9fff]{{{_LONGEST_WORD + 1},}}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pdf:
    """A PDF and what a reader of it should be told."""

    data: bytes
    missing: tuple[str, ...]
    """Characters that no font here can draw, in order of their number; the PDF prints their numbers and says so at its end."""


def escape(text: str) -> str:
    """The text in typst's escapes; the same in markup and between double quotes."""
    return _SPECIAL.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", _breakable(text))


def _breakable(text: str) -> str:
    """A zero-width space within words that are too long for a line."""
    return _LONG_RUN.sub(lambda run: "\u200b".join(run[0][at : at + _LONGEST_WORD] for at in range(0, len(run[0]), _LONGEST_WORD)), text)


def number(value: Any) -> Markup:
    """A number for typst to compute with. Raises TemplateError for anything else."""
    try:
        known = Decimal(str(value))
    except InvalidOperation as error:
        raise TemplateError(f"{value!r} is not a number; print it without the filter number") from error
    if not known.is_finite():
        raise TemplateError(f"{value!r} is not a number to compute with; print it without the filter number")
    return Markup(f"{known:f}")


def runs_right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction runs from right to left."""
    ways = (unicodedata.bidirectional(character) for character in text)
    return next((way in _RIGHT_TO_LEFT for way in ways if way in ("L", *_RIGHT_TO_LEFT)), False)


def has_right_to_left(text: str) -> bool:
    """Whether any letter of the text runs from right to left."""
    return any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)


def typeset(source: str, *, root: Path, made: datetime, fonts: Sequence[Path] = ()) -> Pdf:
    """The PDF (tagged, PDF/UA-1) of a typst source; the same source, fonts and time give the same bytes.

    ``root`` is the only folder it may read; ``fonts`` are folders searched beside the fonts that come with the program; fonts of the
    machine are left out, so that a report looks the same everywhere. Raises TemplateError for a source that typst refuses.
    """
    if _FOREIGN.search(source):
        raise TemplateError("a typst template asks for a package; it may use only the files of its own folder")
    found = _fonts(tuple(sorted(map(str, fonts))))
    data, missing = _compiled(source, root=root, made=made, fonts=found)
    if not missing:
        return Pdf(data=data, missing=())
    data, left = _compiled(_told(source, missing), root=root, made=made, fonts=found)
    if left:
        raise TemplateError(f"no font draws {_numbers(left)}; put a font that has them into the workspace's fonts folder")
    return Pdf(data=data, missing=missing)


def pictured(source: str, *, root: Path, fonts: Sequence[Path] = ()) -> bytes:
    """The first page of a typst source as a PNG for print. Raises TemplateError for a source that typst refuses."""
    from typst import Compiler, TypstError

    compiler = Compiler(source.encode(), root=root, font_paths=_fonts(tuple(sorted(map(str, fonts)))), ignore_system_fonts=True)
    try:
        data = compiler.compile(format="png", ppi=_DOTS_AN_INCH)
    except TypstError as error:
        raise TemplateError(f"typst refuses the filled template: {_first(error)}") from error
    assert isinstance(data, bytes)
    return data


def in_words(missing: Sequence[str]) -> str:
    """One sentence for a person; empty when nothing is missing."""
    if not missing:
        return ""
    return (
        f"{_numbers(missing)} cannot be drawn with the fonts at hand and {'is' if len(missing) == 1 else 'are'} printed by number in the "
        "PDF; put a font with them, such as one of Google's Noto fonts, into the workspace's fonts folder and write the report again"
    )


def _numbers(characters: Sequence[str]) -> str:
    named = ", ".join(f"U+{ord(character):04X}" for character in characters[:12])
    more = f" and {len(characters) - 12} more" if len(characters) > 12 else ""
    return f"{'The character' if len(characters) == 1 else 'The characters'} {named}{more}"


@lru_cache(maxsize=4)
def _fonts(folders: tuple[str, ...]) -> "Fonts":
    """Typst's own fonts, the Noto fonts of two packages, and those of the folders."""
    import manimgx_fonts
    import manimgx_fonts_cjk
    from typst import Fonts

    shipped = [Path(str(package.__file__)).parent for package in (manimgx_fonts, manimgx_fonts_cjk)]
    return Fonts(include_system_fonts=False, font_paths=[*folders, *map(str, shipped)])


def _compiled(source: str, *, root: Path, made: datetime, fonts: "Fonts") -> tuple[bytes, tuple[str, ...]]:
    """(the PDF, nothing), or (nothing, the characters no font has)."""
    from typst import Compiler, TypstError

    compiler = Compiler(source.encode(), root=root, font_paths=fonts, ignore_system_fonts=True)
    try:
        data, _ = compiler.compile_with_warnings(format="pdf", pdf_standards=["ua-1"], timestamp=made)
    except TypstError as error:
        if missing := _absent(error.diagnostic):
            return b"", missing
        raise TemplateError(f"typst refuses the filled template: {_first(error)}") from error
    assert isinstance(data, bytes)
    return data, ()


def _absent(diagnostic: str) -> tuple[str, ...]:
    texts = (_ESCAPED.sub(lambda code: chr(int(code[1], 16)), text) for text in _MISSING.findall(diagnostic))
    return tuple(sorted({character for text in texts for character in text if not character.isascii()}))


def _first(error: Any) -> str:
    """The message with the line it is about."""
    quoted = next((line.split("│", 1)[1].strip() for line in error.diagnostic.splitlines() if re.match(r"\s*\d+\s*│", line)), "")
    return f"{error.message}{f', in: {quoted[:120]}' if quoted else ''}"


def _told(source: str, missing: Sequence[str]) -> str:
    """The source with numbers in place of what cannot be drawn, and a last line that says so."""
    for character in missing:
        shown = escape(f"[U+{ord(character):04X}]")
        source = source.replace(f"\\u{{{ord(character):x}}}", shown).replace(character, shown)
    return f"{source}\n#block(above: 12pt)[#text(size: 8pt)[{escape(in_words(missing))}.]]\n"
