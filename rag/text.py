"""Pure functions on text: sentences, squeezed matching of quotes, stems, shingles."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rag.patterns import regex
from rag.remembered import remembered
from rag.spelling import american

_ABBREVIATIONS = frozenset(
    (
        "approx avg bn ca cf co corp dec dept dr e.g eg est etc feb fig figs fri gen gov hon i.e ie inc jan jr jul jun ltd mar messrs "
        "mon mr mrs ms no nos nov oct p para pp prof rep rev sat sec sen sep sept sr st sun thu tue u.k u.s us v vol vs wed apr aug "
        "bzw ggf inkl mio mrd nr tsd"
    ).split()
)
_STOP = r"""[.!?…]["'”’)\]]*"""
_OPENING = r"""["'“‘(\[]*[\dA-Z\u00C0-\u00DE\u0370-\u04FF]"""
WIDE_STOPS = "。！？"
"""End a sentence wherever they stand."""
BULLETS = "-*•"
_BREAK = regex(
    rf"(?P<stop>{_STOP})(?P<gap>\s+)(?={_OPENING})"
    rf"|(?P<cjk>[{WIDE_STOPS}])"
    rf"|(?P<line>\n\s*\n|\n(?=\s*[{re.escape(BULLETS)}]\s))"
)
_STOP_AT_END = regex(rf"{_STOP}\Z")
_OPENING_AT_START = regex(_OPENING)
_MAY_BREAK = regex(r"[.!?…。！？\n]")
"""What every break begins with."""
_LAST_WORD = regex(r"([\w.]+)[.!?…][\"'”’)\]]*$")
_WORD = regex(r"[^\W_]+(?:[.'’-][^\W_]+)*")
_NO_WORD = regex(r"[^\w]+")

STOPWORDS = frozenset(
    (
        "a about above after again all also am an and any are as at be because been before being below between both but by can could "
        "did do does doing down during each few for from further had has have having he her here hers him his how i if in into is it "
        "its itself just me more most my no nor not of off on once only or other our out over own same she should so some such than "
        "that the their them then there these they this those through to too under until up very was we were what when where which "
        "while who whom why will with would you your"
    ).split()
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the text's sentences, trimmed of white space, in order. Blank lines and list markers end a sentence too."""
    spans: list[tuple[int, int]] = []
    start = 0
    for end, following in _breaks(text):
        _append_trimmed(spans, text, start=start, end=end)
        start = following
    _append_trimmed(spans, text, start=start, end=len(text))
    return spans


def _breaks(text: str) -> Iterator[tuple[int, int]]:
    """(end of the sentence, start of the next) for each real break."""
    after = 0
    for place in _MAY_BREAK.finditer(text):  # the pattern itself, tried at every character, takes four times as long
        match = _BREAK.match(text, place.start()) if place.start() >= after else None
        if match is None:
            continue
        after = match.end()
        if match["stop"] is None:
            yield (match.end(), match.end()) if match["cjk"] else (match.start(), match.end())
        elif not _is_abbreviation(text[max(0, match.start() - 20) : match.end("stop")]):
            yield match.end("stop"), match.end()


def stops(run: str) -> bool:
    """Whether a run of characters without white space ends as a sentence does, if one that ``opens`` follows."""
    return _STOP_AT_END.search(run) is not None


def opens(run: str) -> bool:
    """Whether it begins as a sentence does."""
    return _OPENING_AT_START.match(run) is not None


def is_shortened(run: str) -> bool:
    """Whether the full stop at its end belongs to an abbreviation."""
    return _is_abbreviation(run[-21:])


def _is_abbreviation(tail: str) -> bool:
    """True when the full stop at the end of ``tail`` belongs to an abbreviation or an initial."""
    match = _LAST_WORD.search(tail)
    if match is None or not tail.endswith("."):
        return False
    word = match[1].lower()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())


def _append_trimmed(spans: list[tuple[int, int]], text: str, *, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))


def squeeze(text: str) -> tuple[str, list[int]]:
    """The text as matching sees it and, for each of its characters, the offset in ``text``.

    NFKC and lower case; only letters, digits, % and $ are kept.
    """
    characters: list[str] = []
    origins: list[int] = []
    for offset, character in enumerate(text):
        for folded in unicodedata.normalize("NFKC", character).casefold():
            if folded.isalnum() or folded in "%$":
                characters.append(folded)
                origins.append(offset)
    return "".join(characters), origins


def find_squeezed(quote: str, text: str) -> Iterator[tuple[int, int]]:
    """Spans of ``text`` that equal the quote once both are squeezed, left to right. Nothing for a quote that squeezes to nothing."""
    needle, _ = squeeze(quote)
    haystack, origins = squeeze(text)
    at = haystack.find(needle) if needle else -1
    while at >= 0:
        yield origins[at], origins[at + len(needle) - 1] + 1
        at = haystack.find(needle, at + 1)


def words(text: str) -> list[str]:
    """The words and numbers of a text as written, without punctuation."""
    return _WORD.findall(text)


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where each of ``words`` stands."""
    return [match.span() for match in _WORD.finditer(text)]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The English Snowball stem of a lower-cased word, the same for its British and its American spelling."""
    return str(_stemmer().stemWord(american(word)))


@lru_cache(maxsize=1)
def _stemmer():  # type: ignore[no-untyped-def]
    from Stemmer import Stemmer

    stemmer = Stemmer("english")
    stemmer.maxCacheSize = 0  # its own cache costs four times what a stem does
    return stemmer


@remembered(16_384)
def content_stems(text: str) -> tuple[str, ...]:
    """Stems of the words that carry meaning, in order, stop words left out."""
    lowered = (word.lower().removesuffix("'s").removesuffix("’s") for word in words(text))
    return tuple(stem(word) for word in lowered if word not in STOPWORDS)


def stem_set(text: str) -> frozenset[str]:
    """The different stems of ``content_stems``: each word of a long text is stemmed once, however often it stands there."""
    lowered = {word.lower().removesuffix("'s").removesuffix("’s") for word in set(words("\n".join(set(text.split()))))}
    return frozenset(stem(word) for word in lowered - STOPWORDS)


def shingles(stems: Sequence[str], *, size: int = 3) -> frozenset[tuple[str, ...]]:
    """All runs of ``size`` stems; the whole sequence when it is shorter."""
    if len(stems) <= size:
        return frozenset({tuple(stems)} if stems else ())
    return frozenset(tuple(stems[i : i + size]) for i in range(len(stems) - size + 1))


def overlap(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Shared shingles as a share of the smaller set, 0 to 1."""
    return 0.0 if one.isdisjoint(other) else len(one & other) / min(len(one), len(other))


def file_stem(title: str, *, as_of: str) -> str:
    """What a report's files are called, without suffix."""
    slug = _NO_WORD.sub("-", title.lower()).strip("-")[:80] or "report"
    return f"{slug}-{as_of}"
