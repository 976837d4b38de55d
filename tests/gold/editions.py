"""Five states of a small corpus on an invented market, one a week, and what a report must say changed from each to the next.

Documents appear, change in place, are superseded by a revised edition, are confirmed by another house, are renamed, and vanish. The truth
is noted as the events are drawn, from the figures and not from any report. The same seed gives the same corpus.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

TOPIC = "Tide turbines, Corvane, 2025-26"
WEEKS = 5
FIRST = date(2026, 8, 3)
WEEKLY = tuple(FIRST + timedelta(weeks=week) for week in range(WEEKS))
QUARTERS = ("Q3 2025", "Q4 2025", "Q1 2026", "Q2 2026")
WORDS = {
    "Q3 2025": "the third quarter of 2025",
    "Q4 2025": "the fourth quarter of 2025",
    "Q1 2026": "the first quarter of 2026",
    "Q2 2026": "the second quarter of 2026",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A metric of the vocabulary and how the invented houses print it."""

    name: str
    """As a report prints it."""
    phrase: str
    form: str
    """Around the digits: "EUR {} per kW"."""
    low: int
    high: int
    places: int = 0


METRICS = (
    Metric(name="Installed capacity", phrase="installed capacity", form="{} MW", low=600, high=2400),
    Metric(name="Capacity additions", phrase="capacity additions", form="{} MW", low=40, high=290),
    Metric(name="System price", phrase="system price", form="EUR {} per kW", low=900, high=2600),
    Metric(name="Lead time", phrase="lead time", form="{} weeks", low=14, high=70),
    Metric(name="Orders", phrase="order intake", form="EUR {} million", low=20, high=190),
    Metric(name="Shipments", phrase="shipments", form="{} units", low=30, high=400),
    Metric(name="Utilisation", phrase="capacity utilisation", form="{}%", low=55, high=94, places=1),
    Metric(name="Steel price", phrase="steel price", form="EUR {} per tonne", low=480, high=990),
    Metric(name="Vacancies", phrase="number of job vacancies", form="{}", low=210, high=990),
    Metric(name="Electricity price", phrase="power price", form="EUR {} per MWh", low=40, high=140, places=1),
)
HOUSES = ("Corvane Statistics", "Brandt Research", "Orrin Institute", "Tidewatch", "Harbour Review", "Selden Analytics")


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """One document of a state."""

    title: str
    publisher: str
    day: date
    figures: tuple[tuple[Metric, str, Decimal], ...]
    """(metric, quarter, value)."""
    style: int
    revises: tuple[tuple[Metric, str, Decimal, Decimal], ...] = ()
    """(metric, quarter, value before, value now)."""
    text: str = ""
    """For a document without figures."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """One change that a report must tell."""

    kind: str
    """document new, document changed ... figure new, figure revised ... claim confirmed, claim withdrawn."""
    about: str
    """A path, "metric, quarter", or a sentence: the later edition's, or the one withdrawn."""
    was: str = ""
    now: str = ""
    cause: str = ""
    """Path."""


@dataclass(frozen=True, kw_only=True)
class State:
    """The corpus in one week, and what is new against the week before."""

    day: date
    papers: Mapping[str, Paper]
    truth: frozenset[Expected]


def shown(metric: Metric, value: Decimal) -> str:
    """As every house prints it."""
    return metric.form.format(f"{value:,.{metric.places}f}")


def body(paper: Paper) -> str:
    """A title and one sentence a figure."""
    lines = [_sentence(metric, quarter, value, style=paper.style) for metric, quarter, value in paper.figures]
    lines += [_revision(*one) for one in paper.revises]
    return f"# {paper.title}\n\n{paper.text or ' '.join(lines)}\n"


def _sentence(metric: Metric, quarter: str, value: Decimal, *, style: int) -> str:
    figure, when = shown(metric, value), WORDS[quarter]
    return (
        f"The {metric.phrase} of tide turbines in Corvane was {figure} in {when}.",
        f"In {when}, the {metric.phrase} of tide turbines in Corvane came to {figure}.",
        f"The {metric.phrase} of tide turbines in Corvane stood at {figure} in {quarter}.",
    )[style]


def _revision(metric: Metric, quarter: str, was: Decimal, now: Decimal) -> str:
    return (
        f"The {metric.phrase} of tide turbines in Corvane in {WORDS[quarter]} has been revised to {shown(metric, now)}, "
        f"from {shown(metric, was)}."
    )


@dataclass(kw_only=True)
class _Corpus:
    """The corpus while events are drawn."""

    dice: random.Random
    papers: dict[str, Paper] = field(default_factory=dict)
    truth: set[Expected] = field(default_factory=set)
    done: dict[str, int] = field(default_factory=dict)
    """Metric -> quarters published."""
    homes: dict[str, str] = field(default_factory=dict)
    """Metric -> its house."""


def states(seed: int, *, days: Sequence[date] = WEEKLY) -> Iterator[State]:
    """A state on each of the days; the first has no truth, since nothing came before it. What comes is dated after the day before."""
    corpus = _Corpus(dice=random.Random(f"editions {seed}"))
    corpus.homes = {metric.name: corpus.dice.choice(HOUSES[:4]) for metric in METRICS}
    for metric in METRICS:
        for quarter in QUARTERS[:2]:
            _publish(corpus, [metric], quarter, day=days[0] - timedelta(days=corpus.dice.randint(60, 200)))
    corpus.truth.clear()
    yield State(day=days[0], papers=dict(corpus.papers), truth=frozenset())
    for before, day in pairwise(days):
        corpus.truth = set()
        touched: set[str] = set()
        for event in (_appears, _changes, _is_superseded, _vanishes, _is_confirmed, _is_beside_the_point, _is_renamed):
            event(corpus, touched, day - timedelta(days=min(corpus.dice.randint(1, 5), (day - before).days - 1)))
        yield State(day=day, papers=dict(corpus.papers), truth=frozenset(corpus.truth))


def _value(corpus: _Corpus, metric: Metric) -> Decimal:
    return Decimal(corpus.dice.randint(metric.low * 10**metric.places, metric.high * 10**metric.places)).scaleb(-metric.places)


def _path(title: str) -> str:
    return "papers/" + "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split()) + ".txt"


def _publish(corpus: _Corpus, metrics: Sequence[Metric], quarter: str, *, day: date) -> str:
    """A paper of the metrics' house on one quarter."""
    house = corpus.homes[metrics[0].name]
    title = f"{metrics[0].name} of tide turbines, {quarter}"
    figures = tuple((metric, quarter, _value(corpus, metric)) for metric in metrics)
    path = _path(title)
    corpus.papers[path] = Paper(title=title, publisher=house, day=day, figures=figures, style=corpus.dice.randint(0, 2))
    corpus.truth.add(Expected(kind="document new", about=path))
    corpus.truth |= {
        Expected(kind="claim new", about=_sentence(*figures[0], style=corpus.papers[path].style), cause=path),
        *(
            Expected(kind="figure new", about=f"{metric.name}, {quarter}", now=shown(metric, value), cause=path)
            for metric, _, value in figures
        ),
    }
    for metric in metrics:
        corpus.done[metric.name] = QUARTERS.index(quarter) + 1
    return path


def _appears(corpus: _Corpus, touched: set[str], day: date) -> None:
    """Three metrics get their next quarter."""
    waiting = [metric for metric in METRICS if corpus.done[metric.name] < len(QUARTERS)]
    for metric in corpus.dice.sample(waiting, min(3, len(waiting))):
        touched.add(_publish(corpus, [metric], QUARTERS[corpus.done[metric.name]], day=day))


def _open_papers(corpus: _Corpus, touched: set[str]) -> list[str]:
    """Papers with figures that no event of this week has touched and no other paper repeats or revises."""
    stated = [(metric.name, quarter) for paper in corpus.papers.values() for metric, quarter, _ in paper.figures]
    stated += [(metric.name, quarter) for paper in corpus.papers.values() for metric, quarter, _, _ in paper.revises]
    return [
        path
        for path, paper in sorted(corpus.papers.items())
        if path not in touched
        and paper.figures
        and not paper.revises
        and all(stated.count((metric.name, quarter)) == 1 for metric, quarter, _ in paper.figures)
    ]


def _changes(corpus: _Corpus, touched: set[str], day: date) -> None:
    """Two papers are corrected in place: one figure each."""
    for path in corpus.dice.sample(_open_papers(corpus, touched), 2):
        paper = corpus.papers[path]
        (metric, quarter, was), *rest = paper.figures
        now = _other(corpus, metric, was)
        corpus.papers[path] = replace(paper, figures=((metric, quarter, now), *rest))
        touched.add(path)
        corpus.truth |= {
            Expected(kind="document changed", about=path),
            Expected(kind="claim changed", about=_sentence(metric, quarter, now, style=paper.style), cause=path),
            Expected(kind="figure revised", about=f"{metric.name}, {quarter}", was=shown(metric, was), now=shown(metric, now), cause=path),
        }


def _other(corpus: _Corpus, metric: Metric, was: Decimal) -> Decimal:
    """Three to thirty per cent away."""
    share = Decimal(corpus.dice.choice([-1, 1]) * corpus.dice.randint(3, 30)) / 100
    return round(was * (1 + share), metric.places)


def _is_superseded(corpus: _Corpus, touched: set[str], day: date) -> None:
    """A revised edition of one paper, beside it."""
    path = corpus.dice.choice(_open_papers(corpus, touched))
    paper = corpus.papers[path]
    metric, quarter, was = paper.figures[0]
    now = _other(corpus, metric, was)
    title = f"{paper.title} (revised)"
    made = _path(title)
    corpus.papers[made] = Paper(
        title=title, publisher=paper.publisher, day=day, figures=(), revises=((metric, quarter, was, now),), style=paper.style
    )
    touched |= {path, made}
    corpus.truth |= {
        Expected(kind="document new", about=made),
        Expected(kind="document superseded", about=path),
        Expected(kind="claim changed", about=_revision(metric, quarter, was, now), cause=made),
        Expected(kind="figure revised", about=f"{metric.name}, {quarter}", was=shown(metric, was), now=shown(metric, now), cause=made),
    }


def _vanishes(corpus: _Corpus, touched: set[str], day: date) -> None:
    """One paper that alone states its figures goes."""
    path = corpus.dice.choice(_open_papers(corpus, touched))
    paper = corpus.papers.pop(path)
    touched.add(path)
    corpus.truth |= {
        Expected(kind="document withdrawn", about=path),
        *(Expected(kind="claim withdrawn", about=_sentence(*figure, style=paper.style), cause=path) for figure in paper.figures),
    }
    corpus.truth |= {
        Expected(kind="figure withdrawn", about=f"{metric.name}, {quarter}", was=shown(metric, value), cause=path)
        for metric, quarter, value in paper.figures
    }


def _is_confirmed(corpus: _Corpus, touched: set[str], day: date) -> None:
    """Another house repeats a figure: a new document, no new figure."""
    path = corpus.dice.choice(_open_papers(corpus, touched))
    paper = corpus.papers[path]
    title = f"Notes on {paper.figures[0][0].phrase} of tide turbines, {day:%d %B %Y}"
    made = _path(title)
    corpus.papers[made] = Paper(title=title, publisher=HOUSES[4], day=day, figures=paper.figures, style=(paper.style + 1) % 3)
    touched |= {path, made}
    corpus.truth |= {
        Expected(kind="document new", about=made),
        Expected(kind="claim confirmed", about=_sentence(*paper.figures[0], style=(paper.style + 1) % 3), cause=made),
    }


def _is_beside_the_point(corpus: _Corpus, touched: set[str], day: date) -> None:
    """A document on something else."""
    title = f"Canteen notes, {day:%d %B %Y}"
    path = _path(title)
    corpus.papers[path] = Paper(
        title=title, publisher=HOUSES[5], day=day, figures=(), style=0, text="The canteen serves fish soup on Fridays from now on."
    )
    touched.add(path)
    corpus.truth.add(Expected(kind="document new", about=path))


def _is_renamed(corpus: _Corpus, touched: set[str], day: date) -> None:
    """The same content under another path: no change."""
    path = corpus.dice.choice(_open_papers(corpus, touched))
    moved = path.replace("papers/", f"papers/archive-{day.isoformat()}/")
    corpus.papers[moved] = corpus.papers.pop(path)
    touched.add(moved)
