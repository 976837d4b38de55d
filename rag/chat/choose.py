"""Which sentences and table cells answer a question: each option is scored, the best few are taken."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from rag.chat.question import OF_FIGURES, YEAR, Asked, Wanted, figures_in, gives, take_names, units
from rag.chat.spoken import share_spoken, talk_of
from rag.closeness import closeness, rarity
from rag.late import without_abroad
from rag.numbers import find_numbers, find_periods, period_order, period_shape
from rag.patterns import regex
from rag.remembered import remembered
from rag.report.asserted import is_taken_back
from rag.report.conflicts import retired, same_moment
from rag.report.facts import cell_text
from rag.report.gather import Candidate, CellEvidence
from rag.report.harvest import Harvest
from rag.report.measures import Sought
from rag.report.wording import Vocabulary
from rag.retrieval import Stretch
from rag.text import STOPWORDS, content_stems, words
from rag.types import Chunk, Document, Evidence, Number, Passage, Source

MOST_SENTENCES = 5
CLOSENESS = 0.5
"""What its words' closeness to the question counts."""
NEAR = 0.75
"""What counts how near its words come to the question's one by one, where the embedder tells what single words stand for."""
METRIC = 0.2
"""What naming the metric asked for counts, in whatever words."""
VALUE = 0.2
"""What a value of the kind asked for counts; half where the question does not tell the kind and there is any figure."""
UNIT = 0.15
"""What a figure in the unit asked for counts: money for a cost, a share for a margin."""
PERIOD = 0.25
"""What the period asked for counts; another period alone counts as much against."""
NAME = 0.15
"""What holding every name asked for counts."""
APART = -0.15
"""What counts against the figure of something else by name."""
PASSAGE = 0.35
"""What the score of the passage around it counts."""
BESIDE_LINES = 0.15
"""Closeness that a sentence needs to stand beside the lines of a measure."""
MOST_CELLS = 2
"""Values of the tables of one page."""
MOST_ON_PAGE = 3
"""Sentences of one page."""
PART, BROADER = 0.4, 0.25
"""Worth of a part of the period asked for, and of one that holds it: a quarter's figure is no year's, and a year's no month's."""
MONTHS_AFTER = 3
"""How long after a month one still tells of it without saying so."""
UNTOLD = -0.5
"""Worth of no period at all, in a document that is not of the one asked for."""
CLOSE_BEHIND = 0.8
"""A further sentence is taken when it scores so much of the best one's."""
_OF_ALL = frozenset("total consolidated group company overall net gross".split())
"""What a name before a figure may be besides, and it is still the whole's."""
_POINTS_ELSEWHERE = regex(r"(?i)[\W\d]*(?:for [^,.]{0,120}, )?(?:also )?see(?:,| also\b| [A-Z(“\"])")
"""A note that only says where to read more."""
_BESIDE_A_VALUE = regex(r"(?i)\b(?:units?|currency|scale|codes?|notes?|footnotes?|sources?)$")
"""A column's header whose cells say something about the row's values."""
_SOUGHT = 100
"""More words than a question shares with a label."""
_NOTHING = Sought()
FIRST_PAGES = 3
"""Pages of the first passages of which one sentence each is taken."""
FIRST_BEHIND = 0.65
"""When it scores so much of the best one's."""
_SPANS = ("year", "half", "quarter", "month")
_HYPHEN = regex(r"[-‐‑–]")
_PARTS = {"early": (1, 4), "late": (9, 12)}
_CELLS = 80
"""Table cells looked at closely: those whose labels share most words with the question."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """A sentence or a table's value that may answer."""

    text: str
    evidence: Evidence
    source: Source
    candidate: Candidate | None
    """None for a table's value."""
    closeness: float
    """Of its words to the question's, 0 and up."""
    metric: float
    """1: it speaks of a metric that the question asks for, in whatever words; 0.5: only its table's caption does; else 0."""
    names: float
    """Share of the names asked for that it, its headings or its document's title hold; 1 where none is asked for."""
    spoken: float
    """Share of a name of those whose words are asked for that whoever speaks has; 0 where nobody's are asked for."""
    near: float
    """How near its words come to the question's one by one, 0 and up; 0 where nobody tells."""
    unit: float
    """1 for a figure in the unit asked for, else 0."""
    value: float
    """1 for a value of the kind asked for, 0.5 for any figure where the question tells no kind, else 0."""
    period: float
    """1: it says the period asked for, 0.4: a part of it, 0.25: more than it, 0.5: its headings say it, -1: it says another one only, 0:
    none or none asked for."""
    apart: float
    """1 for a sentence with a figure of something by a name that the question does not give, else 0: a division's, where the company's is
    asked for."""
    passage: float
    """Score of the best passage it stands in."""
    rank: int = 0
    """0-based rank of that passage."""
    line: str = ""
    """The line of a financial statement that it gives, of those sought; empty for none."""
    on_statement: bool = False
    """Whether it stands on the page of that statement."""

    @property
    def score(self) -> float:
        """Higher is nearer."""
        parts = (
            (CLOSENESS, self.closeness),
            (NEAR, self.near),
            (METRIC, self.metric),
            (VALUE, self.value),
            (UNIT, self.unit),
            (PERIOD, self.period),
            (NAME, self.names),
            (APART, self.apart),
            (PASSAGE, self.passage),
        )
        return sum(weight * part for weight, part in parts)


def options(
    asked: Asked,
    read: Harvest,
    *,
    cells: Sequence[CellEvidence],
    passages: Sequence[Passage],
    holders: Mapping[str, int],
    among: int,
    vocabulary: Vocabulary,
    sought: Sought = _NOTHING,
    document: Callable[[str], Document],
    near: Callable[[Sequence[Stretch], Mapping[str, float]], Sequence[float]],
) -> list[Option]:
    """Every sentence and the likeliest table cells of the passages but for superseded figures, best first; equal ones by place.

    ``cells``: those of ``current_cells``. ``sought``: lines of financial statements that are looked for. ``document``: a document by id.
    ``near``: how near the words of stretches of passages come to the question's, given how rare its stems are; zeros where nobody tells.
    """
    found: list[tuple[str, Evidence, Source, Candidate | None, Passage]] = []
    for candidate in read.current:
        if _POINTS_ELSEWHERE.match(candidate.text):
            continue
        if passage := _around(candidate.evidence, passages):
            found.append((candidate.text, candidate.evidence, candidate.source, candidate, passage))
    for cell in _likely_cells(asked, cells, sought=sought):
        if passage := _around(cell.evidence, passages):
            found.append((cell_text(cell.evidence), cell.evidence, cell.source, None, passage))
    chunks = [replace(passage.chunk, text=text, header=_header(evidence)) for text, evidence, source, _, passage in found]
    close = closeness(asked.content, chunks, holders=holders, among=among)
    stretches = [_stretch(evidence, passage.chunk) for _, evidence, _, _, passage in found]
    is_abroad = [candidate is not None and bool(candidate.language) for _, _, _, candidate, _ in found]
    nearnesses = without_abroad(near(stretches, rarity(asked.text, holders=holders, among=among)), is_abroad)
    metrics = {mention.metric.id for mention in vocabulary.named(asked.text)}
    talk = cache(lambda identity: talk_of(document(identity).text))
    made = [
        Option(
            text=text,
            evidence=evidence,
            source=source,
            candidate=candidate,
            closeness=value,
            metric=_metric(metrics, candidate, evidence, vocabulary),
            names=names_held(asked, f"{text} {source.title} {source.path} {chunk.header} {source.author} {source.publisher}"),
            spoken=share_spoken(
                asked.speakers,
                said_of_document=f"{source.title} {source.path.rsplit('/', 1)[-1]} {source.author} {source.publisher}",
                turn=talk(evidence.document).at(evidence.start) if asked.speakers else "",
            ),
            near=max(0.0, nearness),
            unit=float(asked.unit in units(text)),
            value=0.0 if candidate is None and asked.is_of_things else _value(asked, text),
            period=_period(asked, evidence, passage, candidate),
            apart=0.0 if candidate is None else _apart(asked, text, source),
            passage=passage.score,
            rank=passages.index(passage),
            line=(line := sought.line_of(evidence.table.row) if evidence.table else ""),
            on_statement=bool(line) and sought.prints(line, evidence.page, document(evidence.document)),
        )
        for (text, evidence, source, candidate, passage), chunk, value, nearness in zip(found, chunks, close, nearnesses, strict=True)
    ]
    ordered = sorted(made, key=_best_first)
    return ordered if asked.labels else _newest_first(ordered)


def current_cells(read: Harvest) -> list[CellEvidence]:
    """The cells of the passages' tables but for superseded figures."""
    stale = retired(read.found, read.facts)
    return [cell for cell in (*read.gathered.cells, *read.gathered.rows) if cell.evidence.id not in stale]


def _stretch(evidence: Evidence, chunk: Chunk) -> Stretch:
    """A sentence as it stands, a table's value with its row."""
    if evidence.table is None:
        return chunk, evidence.start, evidence.end
    begins = chunk.text.rfind("\n", 0, evidence.start - chunk.start) + 1
    ends = chunk.text.find("\n", evidence.end - chunk.start)
    return chunk, chunk.start + begins, chunk.start + ends if ends >= 0 else chunk.end


def _newest_first(found: Sequence[Option]) -> list[Option]:
    """The same, but in the places of a table line's values these from the newest on, where the question says no time."""
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, option in enumerate(found):
        if line := _table_line(option):
            places[line].append(at)
    ordered = list(found)
    for places_of in places.values():
        newest = sorted((found[at] for at in places_of), key=_latest, reverse=True)
        for at, option in zip(places_of, newest, strict=True):
            ordered[at] = option
    return ordered


def _table_line(option: Option) -> tuple[str, ...]:
    """What the values of one row of a table have in common; empty for a sentence."""
    reference = option.evidence.table
    return (option.evidence.document, f"{option.evidence.page}", *option.evidence.heading_path, reference.row) if reference else ()


def _latest(option: Option) -> tuple[int, int, int]:
    labels = _in_label(option.evidence.table.column) if option.evidence.table else frozenset()
    return max((period_order(label) for label in labels), default=(0, 0, 0))


def _best_first(option: Option) -> tuple[float, str, int]:
    return -option.score, option.evidence.document, option.evidence.start


def best(found: Sequence[Option], *, wants: Wanted = "") -> list[Option]:
    """The answer's sentences in the order of their worth: the best, and those close behind it that say something else, as a table line's
    values at other times do where the question is when. Where the best one gives the figure or date asked for, none without one stands
    behind it."""
    stated = _lines(found)
    timely = [option for option in found if option.period > BROADER] or found
    whose = max((option.spoken for option in timely), default=0.0)
    found = [option for option in found if option.spoken >= whose]  # nor are another's words where the one asked for has some
    named = [option for option in found if option.names or option.spoken]  # another's figure is no answer where the one asked about speaks
    found = named or list(found)
    if any(option.period > BROADER and (option.value or wants not in OF_FIGURES) for option in found):
        found = [option for option in found if option.period >= 0]  # nor is another time's where the time asked for is spoken of
    if not found:
        return stated
    least = CLOSE_BEHIND * found[0].score
    taken = list(stated)
    for option in found:
        if option.score < least or len(taken) >= MOST_SENTENCES:
            break
        if stated and option.closeness < BESIDE_LINES:
            continue
        stems = set(content_stems(option.text))
        if _on_page(option, taken) < (MOST_CELLS if option.candidate is None else MOST_ON_PAGE) and all(
            len(stems & set(content_stems(other.text))) < 0.8 * len(stems)
            or (wants == "date" and _table_line(option) == _table_line(other) != () and option.text != other.text)
            for other in taken
        ):
            taken.append(option)
    chosen = _corrections_first(_with_first(taken, found))
    gives_it = wants in OF_FIGURES and bool(chosen[0].value)
    return [option for option in chosen if option.value] if gives_it else chosen


def _corrections_first(taken: Sequence[Option]) -> list[Option]:
    """The same, but a sentence that takes a figure back ("2,095, not 2,075") before whatever still gives that figure."""
    ordered = list(taken)
    for option in taken:
        numbers = option.candidate.numbers if option.candidate else ()
        old = {_digits(number) for number in numbers if is_taken_back(option.text, number)}
        giving = [at for at, other in enumerate(ordered) if other is not option and old & set(map(_digits, find_numbers(other.text)))]
        if giving and giving[0] < ordered.index(option):
            ordered.remove(option)
            ordered.insert(giving[0], option)
    return ordered


def _digits(number: Number) -> str:
    return re.sub(r"\D", "", number.printed)


def _with_first(taken: Sequence[Option], found: Sequence[Option]) -> list[Option]:
    """With the best of each of the first passages' pages, where it is not far behind: what search puts first is seldom beside the point."""
    least = FIRST_BEHIND * max(option.score for option in found)
    best_of: dict[tuple[str, int], Option] = {}
    for option in sorted(found, key=lambda option: (option.rank, -option.score)):
        best_of.setdefault((option.evidence.document, option.evidence.page), option)
    pages = {(option.evidence.document, option.evidence.page) for option in taken}
    first = list(best_of.items())[:FIRST_PAGES]
    return [*taken, *(option for page, option in first if page not in pages and option.score >= least)]


def _lines(found: Sequence[Option]) -> list[Option]:
    """For each line sought that its statement gives: the value of the period asked for, the plainest label first."""
    best_of: dict[str, Option] = {}
    for option in found:
        held = best_of.get(option.line)
        if option.on_statement and (held is None or _plain_first(option) < _plain_first(held)):
            best_of[option.line] = option
    return list(best_of.values())[:MOST_SENTENCES]


def _plain_first(option: Option) -> tuple[float, int, int]:
    row = option.evidence.table.row if option.evidence.table else ""
    return -option.period, len(row), option.evidence.start


def _on_page(option: Option, taken: Sequence[Option]) -> int:
    """How many of those taken are of its page and its kind."""
    own = option.evidence.document, option.evidence.page, option.candidate is None
    return sum((other.evidence.document, other.evidence.page, other.candidate is None) == own for other in taken)


def _around(evidence: Evidence, passages: Sequence[Passage]) -> Passage | None:
    return next((p for p in passages if p.chunk.document == evidence.document and p.chunk.start <= evidence.start < p.chunk.end), None)


def _header(evidence: Evidence) -> str:
    return " > ".join(evidence.heading_path[-2:])


def _apart(asked: Asked, text: str, source: Source) -> float:
    """Whether a name stands before the first figure that neither the question nor what the document says of itself has."""
    if asked.wants not in ("number", "share") or not asked.names:
        return 0.0
    start = next((number.start for number in figures_in(text)), len(text))
    known = _OF_ALL | _spelt(f"{asked.text} {source.title} {source.path} {source.author} {source.publisher}")
    return float(
        any(not known.issuperset(_parts(name)) and not asked.stems.issuperset(content_stems(name)) for name in _named(text[:start]))
    )


@remembered(8_192)
def _named(text: str) -> tuple[str, ...]:
    """The names in a text; a word that only begins it is none."""
    return tuple(name for name in take_names(text) if not text.startswith(name) or not name.istitle() or " " in name)


def _value(asked: Asked, text: str) -> float:
    if asked.wants:
        return float(gives(text, asked.wants, asked=asked))
    return 0.5 * gives(text, "number", asked=asked)


def _metric(asked: Collection[str], candidate: Candidate | None, evidence: Evidence, vocabulary: Vocabulary) -> float:
    if candidate is not None:
        return float(any(mention.metric.id in asked for mention in candidate.mentions))
    reference = evidence.table
    own = f"{reference.row}; {reference.column}" if reference else ""
    if any(mention.metric.id in asked for mention in vocabulary.named(own)):
        return 1.0
    return 0.5 * any(mention.metric.id in asked for mention in vocabulary.named(_labels(evidence)))


def _likely_cells(asked: Asked, cells: Sequence[CellEvidence], *, sought: Sought) -> list[CellEvidence]:
    """Cells whose labels share words with the question, the most first; those of the lines sought before all. A unit, code or note beside a
    value counts only where it is asked for."""
    scored = [
        (len(asked.stems & set(content_stems(_labels(cell.evidence)))) + _SOUGHT * bool(_sought_line(cell, sought)), at, cell)
        for at, cell in enumerate(cells)
        if not _is_beside_a_value(asked, cell.evidence)
    ]
    return [cell for shared, _, cell in sorted(scored, key=lambda item: (-item[0], item[1]))[:_CELLS] if shared]


def _sought_line(cell: CellEvidence, sought: Sought) -> str:
    return sought.line_of(cell.evidence.table.row) if cell.evidence.table else ""


def _is_beside_a_value(asked: Asked, evidence: Evidence) -> bool:
    found = _BESIDE_A_VALUE.search(evidence.table.column) if evidence.table else None
    return found is not None and not asked.stems & set(content_stems(found[0]))


def _labels(evidence: Evidence) -> str:
    reference = evidence.table
    return " ".join((reference.row, reference.column, *evidence.heading_path[-1:])) if reference else ""


def names_held(asked: Asked, text: str) -> float:
    """Share of the names asked for that a text holds; 1 where none is asked for."""
    if not asked.names:
        return 1.0
    held = _spelt(text)
    parts = [_parts(name) for name in asked.names]
    return sum(held.issuperset(one) or "".join(one) in held for one in parts) / len(parts)  # files are called BESTBUY_2019


def _parts(name: str) -> list[str]:
    """Its words in lower case, those on either side of a hyphen for themselves: "Asia-North Europe" speaks of Asia and North Europe."""
    return [part for word in words(name) for part in _HYPHEN.split(word.lower()) if part and part not in STOPWORDS]


@remembered(8_192)
def _spelt(text: str) -> frozenset[str]:
    """The words in lower case, with and without a possessive s, those on either side of a hyphen for themselves."""
    found = [part for word in words(text) for part in _HYPHEN.split(word.lower())]
    return frozenset((*found, *(word.removesuffix("'s").removesuffix("’s") for word in found)))


def _period(asked: Asked, evidence: Evidence, passage: Passage, candidate: Candidate | None) -> float:
    if not asked.labels:
        return 0.0
    source = passage.source
    is_dated, day = source.published_from != "mtime", source.published.isoformat()
    own, around = _periods(evidence, source, candidate)
    alike = [(one, other) for one in asked.labels for other in own if overlapping(one, other)]
    if asked.matter and is_dated and any(overlapping(one, day) for one in asked.labels):
        return 0.5 if own and not alike else 1.0
    if alike:
        return max(_likeness(one, other) for one, other in alike)
    if day in asked.labels:
        return 0.5  # a day asked for is the day of the article
    if own:
        return -1.0
    if any(overlapping(one, other) for one in asked.labels for other in around):
        return 0.5
    return UNTOLD if is_dated and not any(_may_tell(one, passage) for one in asked.labels) else 0.0


def _may_tell(label: str, passage: Passage) -> bool:
    """Whether what says no time may be of a period: its passage names the year, or was published when one tells of it."""
    published, shape = passage.source.published, period_shape(label)
    years = [int(year) for year in YEAR.findall(label)]
    if not years or any(str(year) in passage.chunk.text for year in years):
        return True
    if shape in ("month", "day"):
        ends, month, _ = period_order(label)
        return 0 <= 12 * (published.year - ends) + published.month - month <= MONTHS_AFTER
    return any(published.year - year in ((-1, 0, 1) if shape == "fiscal" else (0, 1)) for year in years)


def _likeness(wanted: str, said: str) -> float:
    """Of two periods that overlap: the same, a part of the one asked for, or more than that."""
    if same_moment(wanted) == same_moment(said) or wanted[:4] != said[:4]:
        return 1.0
    (first, last), (begin, end) = _months(wanted), _months(said)
    if begin < first or last < end:
        return BROADER
    return PART if period_shape(wanted) in _SPANS and period_shape(said) in _SPANS else 1.0  # a day is no part, "early" no whole


def _periods(evidence: Evidence, source: Source, candidate: Candidate | None) -> tuple[frozenset[str], frozenset[str]]:
    """(periods of the sentence, or of the cell's column or row; periods of headings and title)."""
    reference = evidence.table
    if candidate is not None:
        own = frozenset(mention.label for mention in candidate.periods)
    else:
        own = (_in_label(reference.column) or _in_label(reference.row)) if reference else frozenset()
    return own, frozenset[str]().union(*(_in_label(heading) for heading in (*evidence.heading_path, source.title)))


@lru_cache(maxsize=10_000)
def _in_label(text: str) -> frozenset[str]:
    """The periods that a title or a table's label names."""
    return frozenset(mention.label for mention in find_periods(text))


def overlapping(one: str, other: str) -> bool:
    """True for periods of one year that share a month: 2025 and 2025-Q3, the middle of 2026 and 30 June 2026. A fiscal year is as good as
    the calendar's year of its number."""
    if is_fiscal(one) and is_fiscal(other):
        return not set(YEAR.findall(one)).isdisjoint(YEAR.findall(other))
    if one[:4] != other[:4]:
        return one[:4] in other or other[:4] in one
    (first, last), (begin, end) = _months(one), _months(other)
    return first <= end and begin <= last


def is_fiscal(label: str) -> bool:
    """True for "FY2024"."""
    return period_shape(label) == "fiscal"


def _months(label: str) -> tuple[int, int]:
    """First and last month of a period within its year."""
    shape, last = period_shape(label), period_order(label)[1]
    back = {"quarter": 2, "half": 5, "month": 0, "day": 0, "mid": 1, "end": 1}.get(shape)
    return (last - back, last + (shape == "mid")) if back is not None else _PARTS.get(label[5:], (1, 12))
