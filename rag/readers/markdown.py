"""Markdown (CommonMark with pipe tables) with YAML front matter: the text as a person reads it, links as their words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.patterns import regex
from rag.readers import html
from rag.readers.byline import find_byline
from rag.readers.clean import one_line
from rag.readers.dates import choose_date
from rag.readers.draft import Draft, Entry, choose_title, tags_from
from rag.readers.encoding import decode, read_bytes
from rag.types import Document, Metadata

if TYPE_CHECKING:
    from markdown_it.token import Token

suffixes: frozenset[str] = frozenset({".md", ".markdown"})

_FRONT_MATTER = regex(r"\A---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TAGS = {"html_inline": "", "s_open": "<s>", "s_close": "</s>"}
"""Inline tokens that are tags, and which; nothing where they say it themselves."""
_COMMENT = regex(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def read(path: Path) -> Document:
    """One page. Raises ReadError and its children."""
    source = decode(read_bytes(path), path=path).replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    draft = Draft()
    front = _FRONT_MATTER.match(source)
    fields = _front_matter(front[1], draft=draft) if front else {}
    write(draft, source[front.end() :] if front else source)
    return draft.finish(metadata=_metadata(fields, draft=draft, path=path), format="md", path=path)


def _front_matter(source: str, *, draft: Draft) -> dict[str, Any]:
    """Lower-case keys of the front matter; a notice and nothing when it is not a YAML mapping."""
    import yaml

    try:
        fields = yaml.safe_load(source)
    except (yaml.YAMLError, ValueError) as error:
        draft.notice(f"front matter not read: it is not valid YAML ({type(error).__name__})")
        return {}
    if not isinstance(fields, dict):
        draft.notice("front matter not read: it is not a list of keys and values")
        return {}
    return {str(key).lower(): value for key, value in fields.items() if isinstance(key, str | int)}


def _metadata(fields: dict[str, Any], *, draft: Draft, path: Path) -> Metadata:
    stated = next((fields[key] for key in ("date", "published", "publication_date", "pubdate") if fields.get(key)), None)
    found = choose_date(stated=stated, opening=draft.opening_lines())
    byline = find_byline(draft.opening_lines(), title=draft.first_heading())
    publisher = next(
        (text for key in ("publisher", "organisation", "organization") if (text := _scalar(fields.get(key)))), byline.publisher
    )
    return Metadata(
        title=choose_title(_scalar(fields.get("title")) or draft.first_heading(), "", path=path),
        author=", ".join(_scalars(fields.get("author", fields.get("authors")))) or byline.author,
        publisher=publisher,
        published=found.day if found else None,
        published_from=found.source if found else "mtime",
        language=_scalar(fields.get("lang", fields.get("language"))).lower(),
        tags=tags_from(*_scalars(fields.get("tags")), *_scalars(fields.get("keywords"))) or byline.tags,
    )


def _scalar(value: object) -> str:
    return one_line(str(value)) if isinstance(value, str | int | float | date) else ""


def _scalars(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in (_scalar(item) for item in values) if text]


def write(draft: Draft, source: str) -> None:
    """Adds what a person reads of the Markdown."""
    from markdown_it import MarkdownIt

    visible = _COMMENT.sub("", source)
    draft.hidden(sum(len(comment) for comment in _COMMENT.findall(source)))
    writer = _Writer(draft)
    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(visible):
        writer.token(token)


@dataclass(slots=True)
class _Writer:
    """Turns markdown-it's flat tokens into blocks; items of nested lists gather into one list block."""

    draft: Draft
    level: int = 0
    items: list[str] = field(default_factory=list)
    numbers: list[int | None] = field(default_factory=list)
    """The next number of each open list, None for bullets."""
    marker: str = ""
    rows: list[list[Entry]] = field(default_factory=list)
    in_head: bool = False

    def token(self, token: "Token") -> None:
        kind = token.type
        if kind == "heading_open":
            self.level = int(token.tag[1:])
        elif kind in ("bullet_list_open", "ordered_list_open"):
            self.numbers.append(int(token.attrGet("start") or 1) if kind == "ordered_list_open" else None)
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self._close_list()
        elif kind == "list_item_open":
            self._open_item()
        elif kind == "table_close":
            self.draft.table(self.rows)
            self.rows = []
        elif kind in ("thead_open", "thead_close"):
            self.in_head = kind == "thead_open"
        elif kind == "tr_open":
            self.rows.append([])
        elif kind == "inline":
            self._inline(self._words(token.children or []))
            self.level = 0
        elif kind in ("fence", "code_block"):
            self._inline(token.content)
        elif kind == "html_block":
            self._flush_items()
            html.add_page(self.draft, html.parse(token.content))

    def _words(self, tokens: Sequence["Token"]) -> str:
        """The words of inline tokens; where tags stand among them, those that a browser would show."""
        if not any(token.type in _TAGS for token in tokens):
            return _plain(tokens)
        tree = html.parse("".join(_markup(token) for token in tokens))
        html.drop_unsaid(self.draft, tree)
        return str(tree.text_content())

    def _inline(self, text: str) -> None:
        if self.rows:
            row = self.rows[-1]
            row.append(Entry(text=text, column=len(row), header=self.in_head))
        elif self.numbers:
            self.items.append("  " * (len(self.numbers) - 1) + (self.marker or "  ") + one_line(text))
            self.marker = ""
        elif self.level:
            self.draft.heading(text, level=self.level)
        else:
            self.draft.paragraph(text)

    def _open_item(self) -> None:
        number = self.numbers[-1]
        self.marker = "- " if number is None else f"{number}. "
        if number is not None:
            self.numbers[-1] = number + 1

    def _close_list(self) -> None:
        self.numbers.pop()
        if not self.numbers:
            self._flush_items()

    def _flush_items(self) -> None:
        self.draft.list_items(self.items)
        self.items = []


def _plain(tokens: Sequence["Token"]) -> str:
    """The words of inline tokens: a link's text, a picture's description."""
    return "".join(_word(token) for token in tokens)


def _markup(token: "Token") -> str:
    if token.type in _TAGS:
        tag = _TAGS[token.type] or token.content
        return "\n" if tag.lower().startswith("<br") else tag
    return escape(_word(token), quote=False)


def _word(token: "Token") -> str:
    if token.type == "softbreak":
        return " "
    if token.type == "hardbreak":
        return "\n"
    return token.content if token.type in ("text", "code_inline", "text_special", "image") else ""
