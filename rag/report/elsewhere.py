"""Markdown reports that were written elsewhere: sentences with ``[n]`` citations, checked against the files that a reference list names.

A citation is ``[1]``, ``[^1]``, ``[1, p. 3]``, ``[2][3]``, ``[1-3]``, before or behind the full stop; a reference is a line of a list under
a heading such as "Sources", or a definition ``[1]: ...`` or ``[^1]: ...``. What ends a paragraph may carry the sentences before it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.patterns import regex
from rag.text import sentences, squeeze

if TYPE_CHECKING:
    from markdown_it.token import Token

_HEADING = regex(
    r"(?i)^\W*(?:\d+[.)]?\s*)?(?:references?|sources?|bibliography|works cited|literature|citations?|footnotes|endnotes|notes)\W*$"
)
_DEFINITION = regex(r"^ {0,3}\[\^?(?P<key>[\w-]+)\]:[ \t]*(?P<text>.*(?:\n(?:[ \t]{2,}\S.*))*)", re.MULTILINE)
_ENTRY = regex(r"^\s*(?:[-*+]\s+)?(?:\[\^?(?P<key>[\w-]+)\]|(?P<number>\d+)[.):])\s*(?P<text>.+)$")
_PAGE = r"(?:pp?\.?|pages?|slides?|sheet)\s?(?P<page>\d+)(?:\s?[-–]\s?\d+)?"
_CITED = regex(r"\[(?P<body>\^[\w-]+|\d+(?:\s*[,;–-]\s*(?:\d+|" + _PAGE.replace("?P<page>", "") + r"))*)\](?!\()")
_LEFT_OVER = regex(r"\s*\((?:\s|see|cf\.?|e\.g\.|also|and|,|;)*\)", re.IGNORECASE)
_ORDINAL = regex(r"^\(?\d{1,3}[.)]?\s+(?=[“\"(A-Z])")
"""A number that a report gives its statements."""
_PLACE = regex(r"(?i)\b" + _PAGE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """One reference that a sentence names."""

    key: str
    page: int | None = None
    """1-based; None where none is named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A sentence, an item or a table's row of a report."""

    line: int
    """1-based, where its block begins."""
    block: int
    """Which block it is of."""
    text: str
    """Without its citations."""
    citations: tuple[Citation, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Manuscript:
    """A Markdown report, read."""

    sentences: tuple[Written, ...]
    references: Mapping[str, str]
    """Key -> what the reference says."""
    lines: Mapping[str, int]
    """Key -> the line of its reference."""


def read_manuscript(text: str) -> Manuscript:
    """The sentences of a Markdown text with their citations, and its references."""
    text = text.replace("\r\n", "\n")
    references, lines = _definitions(text)
    body = _DEFINITION.sub(lambda found: "\n" * found[0].count("\n"), text)
    kept, listed = _without_list(body)
    for number, line in listed:
        if entry := _ENTRY.match(line):
            key = entry["key"] or entry["number"]
            references.setdefault(key, entry["text"].strip())
            lines.setdefault(key, number)
    return Manuscript(sentences=tuple(_sentences(kept)), references=references, lines=lines)


def _definitions(text: str) -> tuple[dict[str, str], dict[str, int]]:
    found = list(_DEFINITION.finditer(text))
    return (
        {match["key"]: " ".join(match["text"].split()) for match in found},
        {match["key"]: text.count("\n", 0, match.start()) + 1 for match in found},
    )


def _without_list(text: str) -> tuple[str, list[tuple[int, str]]]:
    """(the text with its reference sections blanked, their lines with numbers from 1). A section ends at the next heading as high."""
    kept, listed = [], []
    level = 0
    for number, line in enumerate(text.split("\n"), start=1):
        mark = re.match(r"(#{1,6})\s+(.*)", line)
        bold = re.fullmatch(r"\*\*(.+?)\*\*:?\s*", line)
        title = mark[2] if mark else bold[1] if bold else ""
        if title and _HEADING.match(title):
            level = len(mark[1]) if mark else 7
        elif mark and level and len(mark[1]) <= level:
            level = 0
        if level:
            listed.append((number, line))
        kept.append("" if level else line)
    return "\n".join(kept), listed


def _sentences(text: str) -> Iterator[Written]:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(text)
    for block, (line, words) in enumerate(_blocks(tokens)):
        moved = _behind_the_stop(words)
        for start, end in sentences(moved):
            said = moved[start:end]
            citations = tuple(citation for found in _CITED.finditer(said) for citation in _named(found["body"]))
            bare = _LEFT_OVER.sub("", _CITED.sub("", said))
            bare = _ORDINAL.sub("", bare) if start == 0 else bare
            bare = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(bare.split())).rstrip("; ")
            if re.search(r"\w", bare):
                yield Written(line=line, block=block, text=bare, citations=citations)


def _blocks(tokens: "Sequence[Token]") -> Iterator[tuple[int, str]]:
    """(line, text) of paragraphs and table rows; headings and code are no statements."""
    row: list[str] = []
    inside = ""
    line = 1
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        if token.type in ("heading_open", "thead_open", "tr_open"):
            inside, row = token.type if token.type != "tr_open" or inside != "thead_open" else inside, []
        elif token.type == "tr_close" and inside == "tr_open":
            yield line, "; ".join(cell for cell in row if cell)
        elif token.type in ("heading_close", "thead_close", "tbody_close"):
            inside = ""
        elif token.type == "inline" and inside == "tr_open":
            row.append(_inline(token))
        elif token.type == "inline" and not inside:
            yield line, _inline(token)


def _inline(token: "Token") -> str:
    """The words of a paragraph; a link whose text is a number is a citation."""
    words, links = "", []
    for child in token.children or ():
        if child.type == "link_open":
            links.append(len(words))
        elif child.type == "link_close" and links:
            start = links.pop()
            inner = words[start:].strip("[]")
            words = words[:start] + (f"[{inner}]" if re.fullmatch(r"\^?\d+", inner) else words[start:])
        elif child.type in ("text", "code_inline"):
            words += child.content
        elif child.type in ("softbreak", "hardbreak"):
            words += " "
    return words


def _behind_the_stop(text: str) -> str:
    """Citations that follow a full stop, put before it, where the next word does not go on with them as its subject."""
    cited = _CITED.pattern.replace("?P<body>", "?:")
    return re.sub(rf"([.!?][\"”’')]*)(\s*(?:{cited}\s*)+)(?=$|[\"“'(*]*[A-Z0-9])", lambda found: f"{found[2].rstrip()}{found[1]} ", text)


def _named(body: str) -> Iterator[Citation]:
    """ "1, p. 3" is reference 1, page 3; "1, 2" and "1-3" are several."""
    if body.startswith("^"):
        yield Citation(key=body[1:])
        return
    place = _PLACE.search(body)
    page = int(place["page"]) if place else None
    for part in re.split(r"[,;]", _PLACE.sub("", body)):
        ends = [int(number) for number in re.findall(r"\d+", part)]
        if len(ends) == 2 and ends[0] < ends[1] <= ends[0] + 50:
            ends = list(range(ends[0], ends[1] + 1))
        yield from (Citation(key=str(number), page=page) for number in ends)


# ── which file a reference names ──────────────────────────────────────────────────────────────────────────────────


def file_of(reference: str, *, paths: Sequence[str], titles: Callable[[], Mapping[str, str]]) -> tuple[str, str]:
    """(path, "") of the file that a reference names by path, file name or title; ("", why not) for none or several.

    ``titles`` gives path -> title and is asked only where no path fits: it may have to read the files.
    """
    text = reference.casefold()
    by_path = [path for path in paths if path.casefold() in text]
    by_name = [path for path in paths if re.search(rf"(?<![\w.-]){re.escape(path.rsplit('/', 1)[-1].casefold())}(?![\w-])", text)]
    for found in (by_path, by_name):
        if found:
            return _only(found, longest=max(map(len, found)))
    bare = squeeze(reference)[0]
    named = {path: squeeze(title)[0] for path, title in titles().items()}
    by_title = {path: title for path, title in named.items() if len(title) >= 8 and title in bare}
    if by_title:
        return _only(list(by_title), longest=max(map(len, by_title.values())), size=lambda path: len(by_title[path]))
    stems = [path for path in paths if len(stem := squeeze(path.rsplit("/", 1)[-1].rpartition(".")[0])[0]) >= 8 and stem in bare]
    return _only(stems, longest=max(map(len, stems))) if stems else ("", "no file of the sources has this path or title")


def _only(paths: Sequence[str], *, longest: int, size: Callable[[str], int] = len) -> tuple[str, str]:
    best = sorted(path for path in paths if size(path) == longest)
    return (best[0], "") if len(best) == 1 else ("", f"it may be any of {', '.join(best[:3])}; name the path")


def reference_page(reference: str) -> int | None:
    """The page that a reference names itself: "Census 2025, p. 4"."""
    found = _PLACE.search(reference)
    return int(found["page"]) if found else None
