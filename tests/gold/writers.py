"""One writer per text format: a document's blocks in, the file's bytes out. The same document gives the same bytes."""

from __future__ import annotations

import datetime
import email.message
import email.policy
import io
import textwrap
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import yaml

from tests.gold.blocks import Block, Heading, Paragraph, Table
from tests.gold.truth import HERE, Source

Page = int | str


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file, and where its text went."""

    data: bytes
    pages: Mapping[str, Page] = field(default_factory=dict)
    """Sentence, or row_key of a table row, to its 1-based page, slide number or sheet name. Empty for formats without pages."""
    labels: tuple[str, ...] = ()
    """The labels printed on the pages, where they differ from 1, 2, 3."""


def row_key(cells: Iterable[str]) -> str:
    """A table row as one string."""
    return " | ".join(cells)


def moment(source: Source) -> datetime.datetime:
    """Nine in the morning, or the document's own time, without a zone: Office formats know none."""
    clock = datetime.time.fromisoformat(str(source.options.get("time", "09:00")))
    return datetime.datetime.combine(source.date, clock)


def sentences(paragraph: Paragraph) -> str:
    """The paragraph's sentences in one line."""
    return " ".join(line.text for line in paragraph.lines)


def write_markdown(source: Source, blocks: Sequence[Block]) -> Written:
    """Front matter with title, author, publisher, date and tags; then headings, paragraphs and pipe tables."""
    front = {name: getattr(source, name) for name in ("title", "author", "publisher", "date")} | {"tags": list(source.tags)}
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=200)
    body = "\n\n".join(_markdown(block) for block in blocks)
    return Written(data=f"---\n{head}---\n\n# {source.title}\n\n{body}\n".encode())


def _markdown(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {block.text}"
        case Table():
            rows = [list(block.header), ["---"] * len(block.header), *([cell.text for cell in row] for row in block.rows)]
            return "\n".join(f"| {' | '.join(row)} |" for row in rows)
        case Paragraph():
            return sentences(block)


def write_text(source: Source, blocks: Sequence[Block]) -> Written:
    """A heading block of five lines, then paragraphs wrapped at 88 columns, in the encoding that the source names."""
    head = [source.title, source.author, source.publisher, source.date.isoformat(), f"Keywords: {', '.join(source.tags)}"]
    body = "\n\n".join(_wrapped(block, width=88) for block in blocks)
    return Written(data=("\n".join(head) + f"\n\n{body}\n").encode(source.options["encoding"]))


def _wrapped(block: Block, *, width: int) -> str:
    if not isinstance(block, Paragraph):
        raise TypeError(f"plain text holds paragraphs only, not {block}; rewrite the source as prose")
    mark = "> " if block.style == "quote" else ""
    lines = textwrap.wrap(sentences(block), width - len(mark), break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"{mark}{line}" for line in lines)


def write_html(source: Source, blocks: Sequence[Block]) -> Written:
    """The article inside a site's usual furniture; `hidden` is put where no reader sees it."""
    loader = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    page = loader.from_string((HERE / "page.html.j2").read_text(encoding="utf-8"))
    shown = {name: getattr(source, name) for name in ("title", "author", "publisher", "tags")}
    text = page.render(**shown, date=source.date.isoformat(), hidden=source.options.get("hidden", ""), blocks=blocks)
    return Written(data=text.encode())


def write_mail(source: Source, blocks: Sequence[Block]) -> Written:
    """A message with fixed id, date and boundary; with an HTML alternative where the source asks for one."""
    options = source.options
    message = email.message.EmailMessage(policy=email.policy.default)
    message["From"] = f"{source.author} <{options['from']}>"
    message["To"] = options["to"]
    message["Subject"] = source.title
    message["Date"] = moment(source).replace(tzinfo=datetime.UTC)
    message["Message-ID"] = f"<{options['id']}>"
    if "reply_to_id" in options:
        message["In-Reply-To"] = f"<{options['reply_to_id']}>"
    message["Organization"] = source.publisher
    message["Keywords"] = ", ".join(source.tags)
    message.set_content("\n\n".join(_wrapped(block, width=76) for block in blocks) + "\n", cte="quoted-printable")
    if options.get("alternative"):
        html = "\n".join(f"<p>{_escape(sentences(block))}</p>" for block in blocks if isinstance(block, Paragraph))
        message.add_alternative(f"<html><body>\n{html}\n</body></html>\n", subtype="html", cte="quoted-printable")
        message.set_boundary(f"part-of-{options['id'].partition('@')[0]}")
    return Written(data=message.as_bytes())


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def write_docx(source: Source, blocks: Sequence[Block]) -> Written:
    """A Word document with real styles, core properties and a running header."""
    import docx

    document = docx.Document()
    _core_properties(document.core_properties, source)
    document.sections[0].header.paragraphs[0].text = f"{source.publisher} | {source.title}"
    document.add_heading(source.title, level=0)
    document.add_paragraph(f"{source.author}, {source.publisher}, {source.date:%d %B %Y}", style="Subtitle")
    for block in blocks:
        _add_to_docx(document, block)
    return Written(data=_saved(document))


def _add_to_docx(document: Any, block: Block) -> None:
    match block:
        case Heading():
            document.add_heading(block.text, level=block.level - 1)
        case Paragraph():
            document.add_paragraph(sentences(block))
        case Table():
            document.add_paragraph(block.caption, style="Caption")
            table = document.add_table(rows=0, cols=len(block.header), style="Light Grid Accent 1")
            for row in [block.header, *([cell.text for cell in row] for row in block.rows)]:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
            document.add_paragraph()


def write_pptx(source: Source, blocks: Sequence[Block]) -> Written:
    """A slide for each section: its heading, its bullets or table, and the speaker's notes."""
    import pptx

    deck = pptx.Presentation()
    _core_properties(deck.core_properties, source)
    pages: dict[str, Page] = {}
    slide: Any = None
    for block in blocks:
        match block:
            case Heading():
                slide = deck.slides.add_slide(deck.slide_layouts[1])
                slide.shapes.title.text = block.text
            case Paragraph(style="note"):
                slide.notes_slide.notes_text_frame.text = "\n".join(line.text for line in block.lines)
            case Paragraph():
                slide.placeholders[1].text_frame.text = "\n".join(line.text for line in block.lines)
            case Table():
                _add_table(slide, block)
        number = len(deck.slides)
        if isinstance(block, Paragraph):
            pages |= {line.text: number for line in block.lines}
        elif isinstance(block, Table):
            pages |= {row_key(cell.text for cell in row): number for row in block.rows}
    return Written(data=_saved(deck), pages=pages)


def _add_table(slide: Any, block: Table) -> None:
    """Put the caption into the slide's body and the table below it."""
    from pptx.util import Inches

    body = slide.placeholders[1]
    body.text_frame.text = block.caption
    body.left, body.top, body.width, body.height = Inches(0.5), Inches(1.5), Inches(9), Inches(0.8)
    shape = slide.shapes.add_table(len(block.rows) + 1, len(block.header), Inches(0.5), Inches(2.6), Inches(9), Inches(2.5))
    for index, row in enumerate([block.header, *([cell.text for cell in row] for row in block.rows)]):
        for column, text in enumerate(row):
            shape.table.cell(index, column).text = text


def _core_properties(properties: Any, source: Source) -> None:
    properties.title = source.title
    properties.author = source.author
    properties.last_modified_by = source.author
    properties.subject = source.publisher
    properties.keywords = ", ".join(source.tags)
    properties.comments = ""
    properties.created = properties.modified = moment(source)
    properties.revision = 1


def _saved(document: Any) -> bytes:
    """An Office document's bytes, its zip entries dated 1980 so that a rerun gives the same file."""
    raw, clean = io.BytesIO(), io.BytesIO()
    document.save(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(clean, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED, compresslevel=9)
    return clean.getvalue()


def suffix(path: str) -> str:
    """The format of a path: `pdf`, `docx`, ..."""
    return Path(path).suffix.removeprefix(".")
