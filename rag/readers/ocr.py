"""Pictures of text to lines, by Tesseract through its command line: an installed program, no Python package.

It runs inside the limited child process of a reader and inherits its limits; pages go in and words with places come out through pipes.
"""

import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, TypeAlias

from rag.errors import SettingsError
from rag.readers.lines import Line, Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture: TypeAlias = NDArray[np.uint8]

PROGRAM = "tesseract"
DPI = 200
_MOST_PIXELS = 20_000_000
"""A page larger than A2 at 200 dots an inch is drawn smaller."""
_PAGE_S = 60.0
_ANSWER_S = 20.0
_LEAST_CONFIDENCE = 30.0
"""Of 100. What Tesseract is less sure of is a speck or a frame."""
_SURE = 60.0
"""Below that for the middle word, the page may stand on its head."""
_POINTS = 72.0
_COLUMNS = 12
_WORD_LEVEL = "5"
_LONG = 4
"""Letters: shorter words may be as high as wide."""
_HEADING = 1.35
_LETTERS = 1.2
"""A font's size as a multiple of the height of its usual word."""
_ENVIRONMENT = {"OMP_THREAD_LIMIT": "1", "LC_ALL": "C"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ocr:
    """A program that reads pictures of text."""

    program: str
    """Its path."""
    languages: str
    """As it takes them: "eng+deu"."""


class OcrStoppedError(Exception):
    """The program did not finish a page: it failed or took too long. The page stays without text, and its notice says so."""


def tesseract(languages: Sequence[str]) -> Ocr:
    """The installed program with these languages, by their three letters. Raises SettingsError when either is not there."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise SettingsError(
            'ocr = "tesseract" is set and the program tesseract is not on this machine; install it (apt-get install tesseract-ocr, '
            'or brew install tesseract), or set ocr = "off"'
        )
    listed = subprocess.run([program, "--list-langs"], capture_output=True, text=True, timeout=_ANSWER_S, check=False)
    known = listed.stdout.split("\n")[1:]
    if missing := [language for language in languages if language not in known]:
        raise SettingsError(
            f"tesseract does not know the language {missing[0]} of ocr_languages; install it (apt-get install tesseract-ocr-{missing[0]}, "
            f"or brew install tesseract-lang), or choose of: {', '.join(sorted(name for name in known if name and name != 'osd'))}"
        )
    return Ocr(program=program, languages="+".join(languages))


def lines_of(page: Any, *, ocr: Ocr, deadline: float) -> list[Line]:
    """The lines of a page as PDFium draws it, places in points. ``deadline``: by ``time.monotonic``. Raises OcrStoppedError."""
    _left(deadline)  # a page of which nothing can be read is not drawn
    picture, dots_a_point = _drawn(page)
    words = _read(picture, ocr=ocr, deadline=deadline)
    if _sureness(words) < _SURE:
        turned = _read(picture[::-1, ::-1], ocr=ocr, deadline=deadline)
        words = max(words, turned, key=_sureness)
    words = [word for word in words if word.confidence >= _LEAST_CONFIDENCE]
    height, width = picture.shape
    places = _level(words, width=width, height=height)
    rows = groupby(zip(words, places, strict=True), key=lambda pair: pair[0].line)
    usual = median(bottom - top for _, top, _, bottom in places) if places else 0.0
    foot = max((bottom for *_, bottom in places), default=0.0)
    scale = 1 / dots_a_point
    return [_line([(word.text, place) for word, place in row], usual=usual, foot=foot, scale=scale) for _, row in rows]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """A word where Tesseract saw it, in dots from the upper left corner of the picture."""

    text: str
    line: tuple[int, int, int]
    """Block, paragraph and line."""
    confidence: float
    """0 to 100."""
    left: int
    top: int
    width: int
    height: int


_Place: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom of a word on a page that is the right way round."""


def _drawn(page: Any) -> "tuple[Picture, float]":
    """(the page in grey, a byte a dot; dots a point)."""
    width, height = page.get_size()
    dots = min(DPI / _POINTS, (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
    bitmap = page.render(scale=dots, grayscale=True)
    try:
        return bitmap.to_numpy().reshape(bitmap.height, bitmap.width).copy(), dots
    finally:
        bitmap.close()


def _read(picture: "Picture", *, ocr: Ocr, deadline: float) -> list[_Seen]:
    """The words in reading order."""
    height, width = picture.shape
    seconds = _left(deadline)
    command = [ocr.program, "stdin", "stdout", "--psm", "3", "--dpi", str(DPI), "-l", ocr.languages, "tsv"]
    try:
        done = subprocess.run(
            command,
            input=b"P5 %d %d 255\n" % (width, height) + picture.tobytes(),
            capture_output=True,
            timeout=seconds,
            env=_ENVIRONMENT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OcrStoppedError(f"it took longer than {seconds:.0f} s") from error
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[-120:]
        raise OcrStoppedError(f"{PROGRAM} ended with status {done.returncode}: {said}")
    rows = [line.split("\t") for line in done.stdout.decode("utf-8", "replace").splitlines()]
    return [_seen(row) for row in rows if len(row) == _COLUMNS and row[0] == _WORD_LEVEL and row[-1].strip()]


def _left(deadline: float) -> float:
    """Seconds that the program may take for one picture. Raises OcrStoppedError when there are none."""
    seconds = min(_PAGE_S, deadline - time.monotonic())
    if seconds <= 0:
        raise OcrStoppedError("the time for this file is up")
    return seconds


def _seen(row: Sequence[str]) -> _Seen:
    block, paragraph, line = (int(number) for number in row[2:5])
    left, top, width, height = (int(number) for number in row[6:10])
    return _Seen(
        text="".join(row[11].split()),
        line=(block, paragraph, line),
        confidence=float(row[10]),
        left=left,
        top=top,
        width=width,
        height=height,
    )


def _sureness(words: Sequence[_Seen]) -> float:
    """How sure Tesseract is of the middle word, 0 without any."""
    return median(word.confidence for word in words) if words else 0.0


def _level(words: Sequence[_Seen], *, width: int, height: int) -> list[_Place]:
    """The words' places when a page that lies on its side is put upright: its long words are higher than wide there."""
    long = [word for word in words if len(word.text) >= _LONG]
    boxes = [(word.left, word.top, word.left + word.width, word.top + word.height) for word in words]
    if 2 * sum(word.height > word.width for word in long) <= len(long):
        return [(float(left), float(top), float(right), float(bottom)) for left, top, right, bottom in boxes]
    steps = [other.top - one.top for one, other in pairwise(words) if one.line == other.line]
    if sum(step > 0 for step in steps) * 2 >= len(steps):  # a line runs down
        return [(float(top), float(width - right), float(bottom), float(width - left)) for left, top, right, bottom in boxes]
    return [(float(height - bottom), float(left), float(height - top), float(right)) for left, top, right, bottom in boxes]


def _line(row: Sequence[tuple[str, _Place]], *, usual: float, foot: float, scale: float) -> Line:
    """A line's size is that of the page's letters unless it is clearly larger: a box is as high as the letters in it happen to be."""
    tallest = median(bottom - top for _, (_, top, _, bottom) in row)
    size = tallest if tallest > _HEADING * usual else usual
    words = [
        Word(text=text, left=left * scale, right=right * scale, bottom=(foot - bottom) * scale, top=(foot - top) * scale)
        for text, (left, top, right, bottom) in row
    ]
    return Line(words=words, size=round(size * scale * _LETTERS, 1), bold=False)
