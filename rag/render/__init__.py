"""A report as a page: typed front door of templates/.

``render(report, format="html")`` gives text: html, md, and without a template csl, bib and csv. ``printed(report, format="pdf")`` gives a
file's bytes in any format. JSON is the report itself (rag/report/schema.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Literal

from rag.errors import UsageError
from rag.render.changes import comparison
from rag.render.context import MarketTrends, context
from rag.render.docx import FILE as DOCX
from rag.render.docx import filled
from rag.render.environment import FULL, fill, fill_part, home
from rag.render.markdown import tidy
from rag.render.references import bibtex, csl, figures
from rag.render.typst import in_words, pictured, typeset
from rag.types import Delta, Report

__all__ = ["MarketTrends", "Printed", "compared", "context", "formats", "printed", "render"]

_FILES = {"html": "report.html.j2", "md": "report.md.j2"}
"""Text formats made by a template -> the file it begins with."""

_LISTS: dict[str, Callable[[Report], str]] = {"bib": bibtex, "csl": csl, "csv": figures}
"""Text formats that no template makes."""

_TYPST = "report.typ.j2"

FONTS = "fonts"
"""A folder of a workspace with fonts for its PDFs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """A report as the bytes of a file."""

    data: bytes
    notes: tuple[str, ...] = ()
    """What a person should know about this file, in sentences, such as characters that no font draws."""


def formats() -> tuple[str, ...]:
    """The formats there are, in alphabetical order."""
    return tuple(sorted((*_FILES, *_LISTS, *_BINARY)))


def render(report: Report, *, format: str, template: str = "market_trends", workspace: Path | None = None) -> str:
    """The report as text in that format; the same report gives the same text.

    Files in ``<workspace>/templates/<template>/`` come before the ones that ship. Raises UsageError for an unknown format or
    template, TemplateError when template and data do not fit, ReportError when the report names what it does not hold.
    """
    if format in _LISTS:
        return _LISTS[format](report)
    if format not in _FILES:
        raise UsageError(f"no format {format!r} to render; there is: {', '.join(formats())}")
    text = fill(context(report), template=template, file=_FILES[format], markup=format, workspace=workspace)
    return tidy(text) if format == "md" else text


def compared(made: Delta, *, before: Report, after: Report, format: Literal["html", "md"], workspace: Path | None = None) -> str:
    """What changed between two reports as a page or as Markdown, by compare.html.j2 and compare.md.j2 of the full report's template,
    the workspace's own first. Raises TemplateError when template and data do not fit."""
    values = comparison(made, before=before, after=after)
    text = fill_part(f"compare.{format}.j2", values, template=FULL, markup=format, workspace=workspace)
    return tidy(text) if format == "md" else text


def printed(report: Report, *, format: str, template: str = "market_trends", workspace: Path | None = None) -> Printed:
    """The report as a file in any format; the same report and template give the same bytes. Raises as ``render`` does."""
    if format in _BINARY:
        return _BINARY[format](report, template, workspace)
    return Printed(data=render(report, format=format, template=template, workspace=workspace).encode())


def _pdf(report: Report, template: str, workspace: Path | None) -> Printed:
    root = home(template, _TYPST, workspace=workspace).parent
    source = fill(context(report), template=template, file=_TYPST, markup="typ", workspace=workspace)
    pdf = typeset(source, root=root, made=_moment(report), fonts=_own_fonts(workspace))
    return Printed(data=pdf.data, notes=(in_words(pdf.missing),) if pdf.missing else ())


def _docx(report: Report, template: str, workspace: Path | None) -> Printed:
    file = home(template, DOCX, workspace=workspace)

    def draw(chart: dict[str, Any]) -> bytes:
        source = fill_part("chart.typ.j2", {"chart": chart}, template=template, markup="typ", workspace=workspace)
        return pictured(source, root=file.parent, fonts=_own_fonts(workspace))

    return Printed(data=filled(file, context(report), template=template, made=_moment(report), draw=draw))


def _moment(report: Report) -> datetime:
    """The time a file says it was made: the report's day, so that equal reports are equal bytes."""
    return datetime.combine(report.as_of, time(), tzinfo=UTC)


def _own_fonts(workspace: Path | None) -> list[Path]:
    return [workspace / FONTS] if workspace and (workspace / FONTS).is_dir() else []


_BINARY: dict[str, Callable[[Report, str, Path | None], Printed]] = {"docx": _docx, "pdf": _pdf}
