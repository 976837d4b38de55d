"""What Office documents draw: charts as the table behind them and diagrams as lists. One XML in Word, Excel and PowerPoint."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.readers.clean import one_line
from rag.readers.draft import Draft, Entry, entries

if TYPE_CHECKING:
    from lxml.etree import _Element

CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
MOST_POINTS = 2_000
"""Of a series; more are a data dump."""
_DAYS = frozenset("dy")


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A chart in words."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    """The first names the series; the others are a category and its values. Empty where the file keeps no values."""


def parsed(xml: bytes) -> "_Element":
    """The root, with no entity resolved and nothing fetched."""
    from lxml import etree

    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))


def chart_in(root: "_Element") -> Chart:
    """From a chart part, with the values that the file keeps of it."""
    title = root.find(f"{CHART}chart/{CHART}title")
    series = list(root.iter(f"{CHART}ser"))
    columns = [_points(_first(one, "val", "yVal")) for one in series]
    categories: dict[int, str] = {}
    for one in series:
        categories = _points(_first(one, "cat", "xVal")) | categories
    names = [_words(one.find(f"{CHART}tx")) for one in series]
    places = sorted({place for column in columns for place in column})[:MOST_POINTS]
    rows = [(categories.get(place, ""), *(column.get(place, "") for column in columns)) for place in places]
    return Chart(title=_words(title), rows=(("", *names), *rows) if rows else ())


def write_chart(draft: Draft, chart: Chart, *, where: str = "", address: str = "") -> None:
    """Title and table. ``where`` comes before the title: "Chart at D4"; ``address`` is given to the cells."""
    draft.paragraph(": ".join(part for part in (where, chart.title) if part))
    rows = [entries(row, header=not place) for place, row in enumerate(chart.rows)]
    draft.table([[Entry(text=one.text, column=one.column, header=one.header, address=address) for one in row] for row in rows])


def write_diagram(draft: Draft, root: "_Element") -> None:
    """The texts of a diagram ("SmartArt"), each once in its order."""
    points = (one_line(_text(point.find(f"{DIAGRAM}t"))) for point in root.iter(f"{DIAGRAM}pt"))
    draft.list_items([f"- {text}" for text in dict.fromkeys(points) if text])


def _first(series: "_Element", *names: str) -> "_Element | None":
    return next((found for name in names if (found := series.find(f"{CHART}{name}")) is not None), None)


def _points(values: "_Element | None") -> dict[int, str]:
    """Place -> value as printed; of several levels of categories the innermost."""
    if values is None:
        return {}
    level = values.find(f".//{CHART}lvl")
    within = values if level is None else level
    form = values.findtext(f".//{CHART}formatCode") or ""
    found: dict[int, str] = {}
    for point in within.iter(f"{CHART}pt"):
        place = point.get("idx") or ""
        if place.isdecimal() and len(place) < 9:
            found[int(place)] = _printed(point.findtext(f"{CHART}v") or "", form=form)
    return found


def _printed(value: str, *, form: str) -> str:
    """A number without the noise of binary fractions, a day where its format is one."""
    try:
        number = float(value)
    except ValueError:
        return one_line(value)
    if set(form.lower()) >= _DAYS and 1 <= number < 2_958_466:
        from openpyxl.utils.datetime import from_excel

        return str(from_excel(number))[:10]
    return f"{number:.10g}"


def _words(element: "_Element | None") -> str:
    """Its own text, else the cell values that it refers to."""
    if element is None:
        return ""
    return one_line(_text(element)) or one_line(" ".join(value.text or "" for value in element.iter(f"{CHART}v")))


def _text(element: "_Element | None") -> str:
    if element is None:
        return ""
    return " ".join("".join(text.text or "" for text in paragraph.iter(f"{_A}t")) for paragraph in element.iter(f"{_A}p"))
