"""A report as a page: typed front door of templates/.

``render(report, format="html")`` and ``format="md"``; JSON is the report itself (rag/report/schema.py).
"""

from pathlib import Path

from rag.errors import UsageError
from rag.render.context import MarketTrends, context
from rag.render.environment import fill
from rag.render.markdown import tidy
from rag.types import Report

__all__ = ["MarketTrends", "context", "formats", "render"]

_FILES = {"html": "report.html.j2", "md": "report.md.j2"}


def formats() -> tuple[str, ...]:
    """The formats there are, in alphabetical order."""
    return tuple(sorted(_FILES))


def render(report: Report, *, format: str, template: str = "market_trends", workspace: Path | None = None) -> str:
    """The report as text in that format; the same report gives the same text.

    Files in ``<workspace>/templates/<template>/`` come before the ones that ship. Raises UsageError for an unknown format or
    template, TemplateError when template and data do not fit, ReportError when the report names what it does not hold.
    """
    if format not in _FILES:
        raise UsageError(f"no format {format!r} to render; there is: {', '.join(formats())}")
    text = fill(context(report), template=template, file=_FILES[format], markup=format, workspace=workspace)
    return tidy(text) if format == "md" else text
