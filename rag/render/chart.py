"""A small chart of a series: points and paths in a fixed box, for a template to draw."""

from collections.abc import Sequence
from typing import Any

from rag.numbers import period_when, period_words
from rag.patterns import regex
from rag.types import SeriesPoint

WIDTH, HEIGHT = 320, 112
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 26, 26
_LARGE = 100_000
"""From here on a label is as the document prints it ("EUR 23.0 million"); smaller values stand without their unit."""
_FEWEST = 3
"""A line through two points shows nothing that the two numbers do not say."""

_PERIOD = regex(r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-H(?P<half>[12])|-(?P<month>0[1-9]|1[0-2])|/(?P<season>\d{4}))?")
_BOLD, _PLAIN, _APART = 7.0, 6.0, 13.0
"""Width of a letter of a value and of a period, and the height that parts two values, as the style sheet sets them."""
_PARTS = {"quarter": 4, "half": 2, "month": 12, "season": 1}
"""Kind of period -> how many make a year."""


def comparable(series: Sequence[SeriesPoint], *, title: str = "") -> tuple[SeriesPoint, ...]:
    """The most points of one unit and one length of period, in order of time, the first of each period; none when fewer than three. Of
    several such groups the one whose figures the title tells."""
    groups: dict[tuple[str, str], dict[float, SeriesPoint]] = {}
    for point in series:
        length, time = _placed(point.period)
        if length:
            groups.setdefault((point.unit, length), {}).setdefault(time, point)
    drawn = (group for group in groups.values() if len(group) >= _FEWEST)
    told: dict[float, SeriesPoint] = max(
        drawn, key=lambda group: (any(_is_told(point, title) for point in group.values()), len(group)), default={}
    )
    return tuple(told[time] for time in sorted(told))


def _is_told(point: SeriesPoint, title: str) -> bool:
    """True for a figure that a card's title prints with its period."""
    return f"{point.printed} {period_when(point.period)}" in title


def _placed(label: str) -> tuple[str, float]:
    """(length of the period, years since the year 0); an empty length for a label that names no period."""
    match = _PERIOD.fullmatch(label)
    if match is None:
        return "", 0.0
    length = match.lastgroup or "year"
    part = int(match[length]) - 1 if length in ("quarter", "half", "month") else 0
    return length, int(match["year"]) + part / _PARTS.get(length, 1)


def chart(series: Sequence[SeriesPoint], *, title: str = "") -> dict[str, Any]:
    """What a template needs to draw the comparable points; empty when there are too few.

    {"width", "height", "unit", "base", "known", "ahead", "text", "points": [{"x", "y", "above", "kind", "period", "value", "end",
    "told"}]}.
    ``known`` and ``ahead`` are SVG paths, ``ahead`` the one to forecasts; ``end`` is "start", "end" or empty for points between; ``told``
    is true for a point between that the title starts from and that has room for its words: without them the ends would tell another
    story than the title. All coordinates are in a box of width x height units.
    """
    points = comparable(series, title=title)
    if not points:
        return {}
    told = next((at for at, point in enumerate(points[1:-1], 1) if _is_told(point, title)), 0)
    corners = _corners(points)
    marks = [_mark(point, corner, end) for point, corner, end in zip(points, corners, _ends(len(points)), strict=True)]
    marks[told]["told"] = told > 0 and _has_room(marks[told], between=(marks[0], marks[-1]))
    known = next((at for at, point in enumerate(points) if point.kind == "forecast"), len(points))
    return {
        "width": str(WIDTH),
        "height": str(HEIGHT),
        "unit": points[0].unit,
        "base": str(HEIGHT - _BOTTOM + 8),
        "known": _path(corners[:known]),
        "ahead": _path(corners[max(known - 1, 0) :]) if known < len(points) else "",
        "points": marks,
        "text": "; ".join(
            f"{period_words(point.period)}: {point.printed}{'' if point.kind == 'actual' else f' ({point.kind})'}" for point in points
        ),
    }


def _ends(count: int) -> list[str]:
    return ["start", *[""] * (count - 2), "end"]


def _corners(points: Sequence[SeriesPoint]) -> list[tuple[float, float]]:
    """(x, y) of each point; time runs right, values run up, a flat line stands in the middle."""
    times = [_placed(point.period)[1] for point in points]
    values = [float(point.value) for point in points]
    low, span = min(values), max(values) - min(values)
    width, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    return [
        (_LEFT + width * (time - times[0]) / (times[-1] - times[0]), _TOP + height * (1 - (value - low) / span if span else 0.5))
        for time, value in zip(times, values, strict=True)
    ]


def _path(corners: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in corners) if len(corners) > 1 else ""


def _mark(point: SeriesPoint, corner: tuple[float, float], end: str) -> dict[str, Any]:
    x, y = corner
    return {
        "x": f"{x:.1f}",
        "y": f"{y:.1f}",
        "above": f"{y - 9:.1f}",
        "kind": point.kind,
        "period": point.period,
        "value": point.printed if abs(point.value) >= _LARGE else f"{point.value:,f}",
        "end": end,
        "told": False,
    }


def _has_room(mark: dict[str, Any], *, between: tuple[dict[str, Any], dict[str, Any]]) -> bool:
    """Whether a mark's value and period, set around its middle, keep clear of those of the first and the last."""
    first, last = between
    x, wide, long = float(mark["x"]), _BOLD * len(mark["value"]) / 2, _PLAIN * len(period_words(mark["period"])) / 2
    beside = [
        (x - wide, _BOLD * len(first["value"]), abs(float(mark["y"]) - float(first["y"]))),
        (WIDTH - x - wide, _BOLD * len(last["value"]), abs(float(mark["y"]) - float(last["y"]))),
    ]
    values = all(left > width or apart >= _APART for left, width, apart in beside)
    ends = _PLAIN * len(period_words(first["period"])), _PLAIN * len(period_words(last["period"]))
    return values and x - long > ends[0] and x + long < WIDTH - ends[1]
