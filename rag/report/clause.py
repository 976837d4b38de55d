"""Whether a sentence says its figure plainly: what, whose, where and of what part, with nothing left that is not understood.

A figure is plain when every word of its clause is accounted for: what stands before the metric ("organic", "the value of") and behind it
("of new vehicles"), between metric and value, and behind the value ("in Memphis", "from a year earlier", "of certain receivables"). Words
before or behind a metric that say which part of it is meant are the segment. Function words are known, nouns are not; so a wording that
nobody foresaw makes a figure unsure, never another figure.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.numbers import PeriodMention
from rag.patterns import regex
from rag.report.names import Names
from rag.report.wording import Mention
from rag.text import content_stems
from rag.types import Number

Kind = Literal["metric", "other", "value", "number", "period", "basis", "name", "topic", "word", "mark"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A word, a mark or a run of words of one kind."""

    kind: Kind
    text: str
    """Lower case, but for names."""
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What a plain figure holds for."""

    segment: str
    """Words that say which part of the metric is meant; empty for the whole."""
    places: tuple[str, ...]
    """Named in the figure's own clause or at the sentence's start; the one that is joined to the value alone, where one is."""
    owners: tuple[str, ...]
    """Other names in the figure's own clause."""
    is_own: bool
    """True where the clause says "our", "the company's" or "consolidated"."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TOKEN = regex(r"[^\W_]+(?:[.'’/&-][^\W_]+)*['’]?|[^\w\s]")
_BASIS = regex(
    r"(?i)\b(?:(?:up|down|higher|lower)\s)?"
    r"(?:(?:from|than|over|on|compared (?:with|to)|versus|vs\.?|against|relative to|in comparison (?:with|to)|ahead of|above|below|"
    r"behind)\s(?:that of\s|those of\s|levels? (?:of|from|in)\s)?)?(?:in\s)?"
    r"(?:(?:a|one|the) years? (?:ago|earlier|before)(?:['’]?s?\s(?:levels?|pace|period|month|quarter))?|"
    r"(?:the |its |their )?(?:year-ago|year-earlier|prior[- ]year|previous[- ]year)(?:\s(?:levels?|period|month|quarter|total))?|"
    r"(?:the )?(?:same|comparable|corresponding) (?:time|period|month|quarter)\s"
    r"(?:of|in|from|during|a|the|last|one|previous|prior|preceding)"
    r"(?:\s(?:of|the|last|previous|prior|preceding|year|ago|earlier|before))*|"
    r"(?:the )?(?:prior|previous|preceding) (?:month|quarter|year)|"
    r"(?:the )?last (?:year|month|quarter)(?:['’]?s?\s(?:levels?|pace))?|"
    r"(?:over |in )?the (?:past|last) (?:year|twelve months|12 months))\b|"
    r"\byear[- ](?:over|on)[- ]year(?:\sbasis)?\b|\b(?:a|per) (?:year|month|week|day)\b(?! (?:ago|earlier|before|later))|"
    r"\bon an? (?:annual|yearly|year-over-year|year-on-year) basis\b|\bfrom the (?:prior|previous) \w+\b"
)
"""What a change is measured against."""
_OWN = regex(r"(?i)\b(?:we|our|consolidated|company['’]?s?|group['’]?s?|company-wide)\b")
_PLACE_AT = regex(
    r"(?i)\b(?:in|across|throughout|around|on|near)\s(?:the\s)?(?:(?:greater|metropolitan|northern|southern|eastern|western)\s)?$"
)
_SEATED = regex(r"(?i)\b(?:based|headquartered|located|registered|seated)\s(?:in|at|on)\s(?:the\s)?$")
_FROM_THERE = regex(r"-(?:area|based|region)\b")
"""In the name of those who speak: they speak of that place."""
_AREA = regex(r"(?i)[- ](?:area|region|metropolitan area|metro area)\b")

_NEUTRAL = _set(
    "people total overall average averaged median mean aggregate combined consolidated net current its our their his your company's "
    "group's firm's own district's region's area's state's nation's country's market's company’s group’s firm’s district’s"
)
"""Before a metric: of the whole of it."""
_ARTICLES = _set("the a an")
_POSSESSIVES = _set("our its their his your")
_RESTATES = _set("restated revised corrected amended updated")
_SETS = _set("raises raised lowers lowered cuts cut increases increased reduces reduced lifts lifted widens widened narrows narrowed")
"""Verbs whose object is set to the value: "raises its guidance to"."""
_ODD = _set(
    "last past months "
    "gross organic adjusted core underlying comparable normalized real nominal deferred unearned other certain some most many both "
    "each additional incremental remaining further lost potential such these this those same any no all several various similar "
    "annual annualized quarterly monthly weekly daily constant-currency excess initial higher lower increased decreased reduced "
    "stronger weaker rising falling lagging expected estimated planned projected record first second third fourth previous prior "
    "earlier former more less fewer much strong weak solid pro forma non-gaap gaap segment base starting minimum maximum peak "
    "target targeted recent significant substantial considerable sizable large small healthy robust brisk sluggish sharp modest "
    "optimal ideal latter capita moderate year-to-date cumulative recurring restated unadjusted implied effective tax foreign domestic"
)
"""Before a metric: another thing by nearly its name, or a part that is not said."""
_PARTICIPLES = _set(
    "existing used pre-owned advertising manufacturing mining licensing streaming gaming catering engineering clothing housing "
    "building banking trucking shipping packaging computing staffing nursing consulting publishing lodging farming drilling "
    "refining printing closed pending dining wholesaling retailing processing operating spring"
)
_VERBS = _set(
    "we they he she i you who paid held made sold spent bought lost kept won sent led cut grew rose fell saw left met built drew "
    "owed owned used provided"
)
"""Pronouns and verbs that no ending tells: the noun phrase begins behind them."""
_ROUGHLY = _set("about around roughly nearly almost some approximately a total of")
_OBJECT_ENDS = _set("built sold with in warrants")
"""Last words of metrics that are verbs, besides those in -ed."""
_BE = _set("be is are was were been being")
_ONE_SPEAKER = regex(
    r"(?i)\b(?:an?|one|another|this|that|the)\s(?!(?:[\w’'-]+\s){0,4}(?:surveys?|polls?|index|data|board|company|group|office)\b)(?:[\w’'-]+\s){0,5}"
    r"(?:said|says|noted|notes|reported|reports|stated|states|indicated|indicates|plans|planned|continues|told|mentioned|cited|"
    r"anticipates|experienced|saw|sees|estimated|estimates|claims|claimed|attributed|predicts)\b|"
    r"\b(?:another|others|the rest|(?<!that )they|he|she|half|most|many|several|some|few|two|three|four|majority|third|quarter|two-thirds)"
    r"\s(?:of\s(?:the\s)?)?"
    r"(?:[\w’'-]+\s){0,2}"
    r"(?:saw|see|said|reports?|reported|noted|expects?|expected|plan|plans|planned|experienced|indicated|anticipates?|anticipated)\b"
)
"""Of one party or of some of those asked: what they say of themselves holds for nobody else."""
_AGAINST_USUAL = regex(
    r"(?i)\s(?:averages?|highs?|lows?)\b|"
    r"\s(?:[\w-]+\s)?(?:below|above|than|over|of|from|under)\s(?:the\s|its\s|their\s)?(?:[\w-]+\s){0,2}"
    r"(?:averages?|normal|plan|trend|usual)\b"
)
"""Behind a value: it is measured against no time."""
_SAME_WINDOW = regex(
    r"(?i)\b(?:over|during|in|for) (?:the same|this|that) (?:time|period|time frame)\b(?!\s(?:a|last|of|in|the|one|from)\b)"
)
"""A time that the sentence before says."""
_BEFORE_VERBS = _set("have has had we they it who")
_BOUNDS = _set("less more higher lower so better fewer")
_CHANGES = _set("increase decrease decline drop gain growth rise reduction jump fall change uptick improvement contraction expansion")
_HOLDS = _set(
    "say had have has having reported report reports recorded record records posted post posts expects expect expected forecast "
    "forecasts gives give gave puts put saw see sees brought generated generates achieved said says indicated indicate indicates "
    "show shows showed shown noted estimates estimate estimated predicts predict predicted projects project projected anticipate "
    "anticipates anticipated with that while whereas although though but where as since because left proposes proposed declared "
    "declares when and delivered earned made experienced believes believe found seen"
)
_VALUE_FOR = _set("look figure figures projection forecast estimate looks guidance count total")
_HEADS = _set("level levels rate total amount number average estimate projection forecast count figure")
_LINKS = _set(
    "is are was were be been being has have had will would should may could to at by of in on for as from with during over the a "
    "an and or it its their our than that not also again still now just approximately about around roughly nearly almost some only "
    "slightly sharply modestly moderately significantly substantially strongly further back up down another even well somewhat "
    "steadily marginally generally against after close lengthened shortened widened narrowed reaches reached reach reaching "
    "averaged average averaging totaled totalled totaling numbered amounted amounting came come stood stand stands put reported "
    "recorded estimated expected projected forecast anticipated seen continued continue continues remained remain remains held "
    "hold equal equalled equaled fixed set gives given giving due likely on-year increased increase increases increasing "
    "rose rise rises risen rising grew grow grows grown growing climbed climb climbs gained gain gains advanced jumped jump surged "
    "improved improve strengthened expanded accelerated fell fall falls fallen falling declined decline declines declining "
    "decreased decrease decreases decreasing dropped drop drops slipped shrank contracted weakened moved went go goes ran run "
    "running higher lower ahead above below more less unchanged flat growth reduction revised restated corrected here there today "
    "currently percent each respectively end year-end period"
)
"""Words that may stand between a metric and its value, and behind the value, and say nothing of what is meant."""
_AREAS = _set(
    "full fiscal year years works company group nation area areas region district county counties metropolitan metro market state city "
    "province town"
)
_STOPS = _set(
    "and but while whereas although though which who because since due primarily mainly mostly largely reflecting driven partly "
    "partially instead helped aided amid thanks if unless when where after before so that offset despite following owing led "
    "including as excluding with versus compared"
)
"""Behind a value: its own clause has ended."""
_VETO_AFTER = _set("including excluding before")
_PREPOSITIONS = _set("of for in at by from among across to on with under within between")
_SPEAKS = _set("according")
_LONGEST_SEGMENT = 4


def joins_on(word: str) -> bool:
    """True for a word that may follow a metric's name without making it another thing's: "sales rose", "prices of", not "drilling rigs"."""
    known = _LINKS | _PREPOSITIONS | _HOLDS | _STOPS | _ARTICLES | _BE | _HEADS | _CHANGES | _BOUNDS
    return word in known or word.endswith(("ly", "ed"))


def scope_of(
    text: str,
    number: Number,
    mention: Mention,
    *,
    end: int,
    numbers: Sequence[Number],
    periods: Sequence[PeriodMention],
    others: Sequence[Mention],
    names: Names,
    topic: frozenset[str],
) -> Scope | None:
    """What a figure holds for; None where its clause does not tell.

    ``end``: where the value ends, its range's high end included. ``others``: all the sentence's metrics. ``topic``: stems of the words
    that say what the report is about, which single out no part of it.
    """
    items = list(_items(text, number, mention, end=end, numbers=numbers, periods=periods, others=others, names=names, topic=topic))
    at = next((i for i, item in enumerate(items) if item.kind == "metric"), None)
    value = next((i for i, item in enumerate(items) if item.kind == "value"), None)
    if at is None or value is None:
        at = value = value if at is None else at
    if at is None or value is None:
        return None
    own = frozenset(word for synonym in mention.metric.synonyms for word in synonym.split()) - _LINKS - _PREPOSITIONS - _HOLDS
    is_share = number.kind == "percent" and not mention.metric.change
    return _Reading(text, items, at=at, value=value, names=names, own=own, is_share=is_share).scope()


def _items(
    text: str,
    number: Number,
    mention: Mention,
    *,
    end: int,
    numbers: Sequence[Number],
    periods: Sequence[PeriodMention],
    others: Sequence[Mention],
    names: Names,
    topic: frozenset[str],
) -> Iterator[Item]:
    spans: list[tuple[int, int, Kind]] = [(mention.start, mention.end, "metric"), (number.start, max(end, number.end), "value")]
    spans += [(period.start, period.end, "period") for period in periods]
    spans += [(match.start(), match.end(), "basis") for match in _BASIS.finditer(text)]
    spans += [(other.start, other.end, "number") for other in numbers]
    spans += [
        (other.start, other.end, "other")
        for other in others
        if not other.figures_only
        and other.metric is not mention.metric
        and not topic.issuperset(content_stems(text[other.start : other.end]))
    ]
    spans += [(start, stop, "name") for start, stop in names.runs(text)]
    taken: list[tuple[int, int, Kind]] = []
    for span in spans:
        if all(span[1] <= start or stop <= span[0] for start, stop, _ in taken):
            taken.append(span)
    for match in _TOKEN.finditer(text):
        if all(match.end() <= start or stop <= match.start() for start, stop, _ in taken):
            taken.append((match.start(), match.end(), _kind_of(match[0], topic)))
    for start, stop, kind in sorted(taken):
        words = text[start:stop]
        yield Item(kind=kind, text=words if kind == "name" else words.lower(), start=start, end=stop)


def _kind_of(word: str, topic: frozenset[str]) -> Kind:
    if not word[0].isalnum():
        return "mark"
    stems = content_stems(word)
    return "topic" if stems and stems[0] in topic else "word"


class _Reading:
    """One figure's clause."""

    def __init__(self, text: str, items: Sequence[Item], *, at: int, value: int, names: Names, own: frozenset[str], is_share: bool) -> None:
        self._text = text
        self._items = items
        self._at = at
        self._value = value
        self._names = names
        self._is_share = is_share
        self._own = own
        """Words of the metric's own names, which single out no part of it."""
        self._segment: list[str] = []
        self._places: list[tuple[int, str]] = []
        self._owners: list[tuple[int, str]] = []
        self._parts: set[int] = set()
        """Indices of names that are parts of the metric's name."""

    def scope(self) -> Scope | None:
        value = self._items[self._value]
        if (
            _ONE_SPEAKER.search(self._text, 0, value.start)
            or _AGAINST_USUAL.match(self._text, value.end)
            or _SAME_WINDOW.search(self._text)
        ):
            return None
        first = self._at if self._is_predicate() else self._before_metric()
        if first is None or not (self._is_predicate() or self._is_governed(first)):
            return None
        phrases = self._after_metric()
        if not self._is_described(phrases):
            return None
        inner = range(phrases.stop, self._value) if self._at < self._value else range(self._value + 1, first)
        if not self._is_told(inner):
            return None
        tail, owners = self._tail(), len(self._owners)
        if tail is None or not self._is_told(tail) or len(self._owners) > owners:
            return None
        if not self._places and not self._opened():
            return None
        if not self._names_told(first):
            return None
        joined = [place for at, place in self._places if at in tail]
        places = list(dict.fromkeys(joined[:1] or [place for _, place in self._places]))
        start, stop = self._items[first].start if first < len(self._items) else 0, self._items[self._value].end
        clause = self._text[: max(stop, self._items[self._at].end)] if start == 0 else self._text[min(start, stop) : max(start, stop)]
        return Scope(
            segment=" ".join(self._segment),
            places=tuple(places),
            owners=tuple(dict.fromkeys(owner for _, owner in self._owners)),
            is_own=_OWN.search(clause) is not None,
        )

    def _is_predicate(self) -> bool:
        """True where the metric's own words are the verb that the value is the object of ("we recovered 48,600 tonnes"), or end in one
        ("8.6 GWh to be operating")."""
        metric = self._items[self._at]
        if self._at == self._value:
            return True
        if metric.text.split()[0] in _HOLDS:
            return True
        if self._at < self._value:
            is_next = all(item.text in _ROUGHLY for item in self._items[self._at + 1 : self._value])
            return (is_next and metric.text.split()[-1] in _OBJECT_ENDS) or (is_next and metric.text.endswith("ed"))
        return self._items[self._at - 1].text in _BE and metric.text.endswith(("ing", "ed"))

    def _opened(self) -> bool:
        """Notes the place that opens the sentence ("In the Sioux Falls area, ..."); False where what opens it is not understood."""
        first = self._items[0]
        comma = next((at for at, item in enumerate(self._items) if item.kind == "mark"), 0)
        if (
            first.text not in ("in", "across", "throughout", "around")
            or self._items[comma].text != ","
            or comma > min(self._at, self._value)
        ):
            return True
        return any(item.text in ";:" for item in self._items[comma : self._value]) or self._is_told(range(comma))

    def _names_told(self, first: int) -> bool:
        """Whether every name before the figure is noted, is the document's own or only speaks: another one may be what it holds for."""
        noted = {at for at, _ in self._places} | {at for at, _ in self._owners}
        for at, item in enumerate(self._items[: max(self._at, self._value)]):
            if (
                item.kind != "name"
                or at in noted
                or at in self._parts
                or self._only_speaks(item)
                or _SEATED.search(self._text[: item.start])
            ):
                continue
            if not self._is_subject(at, first=first):
                return False
            self._noted(item, at=at, is_part=False)
        return True

    def _is_subject(self, at: int, *, first: int) -> bool:
        """True for a name with nothing but verbs and times between it and the metric: "Ondara closed 2025 with ..."."""
        between = self._items[at + 1 : first]
        return (bool(between) or first == self._at) and all(
            item.kind == "period" or (item.kind == "word" and (item.text in _HOLDS | _LINKS | _NEUTRAL or item.text in ("closed", "ended")))
            for item in between
        )

    def _only_speaks(self, item: Item) -> bool:
        if _FROM_THERE.search(item.text) or not self._names.speaks(self._text, item.end):
            return False
        return not any(other.text == "its" for other in self._items if item.end < other.start < self._items[self._value].start)

    # ── before the metric ─────────────────────────────────────────────────────────────────────────────────────────

    def _before_metric(self) -> int | None:
        """Index of the metric's noun phrase's first word, its own words noted; None for one of another thing."""
        parts: list[Item] = []
        at = self._at - 1
        while at >= 0:
            step = self._step_back(at, parts)
            if step is None:
                return None
            at -= step
            if not step or self._items[at + 1].text in _ARTICLES | _POSSESSIVES:
                break
        for item in parts:
            index = self._items.index(item)
            if item.kind != "name" or not self._noted(item, at=index, is_part=True):
                self._segment.append(item.text)
                self._parts.add(index)
        return self._from_head(at + 1)

    def _step_back(self, at: int, parts: list[Item]) -> int | None:
        """How many words before the metric's the noun phrase takes in, those of its parts put into ``parts``; 0 where it begins."""
        item = self._items[at]
        if item.kind == "word":
            return self._word_back(at, parts)
        if item.kind == "name" or (item.kind == "other" and at == self._at - 1):
            parts.insert(0, item)
            return 1
        return 1 if item.kind in ("topic", "period", "basis") else 0

    def _word_back(self, at: int, parts: list[Item]) -> int | None:
        item = self._items[at]
        is_verb = self._is_verb(at)
        if not is_verb and (item.text in _ODD or len(parts) > _LONGEST_SEGMENT):
            return None
        if item.text in _ARTICLES | _POSSESSIVES | _NEUTRAL | _AREAS | self._own:
            return 1
        if item.text == "and" and self._joins_parts(at, parts):
            parts[:0] = [self._items[at - 1], item]
            return 2
        if is_verb or self._ends_phrase(item.text):
            return 0
        return 1 if self._noted_as_part(item, parts, is_adjective=self._is_adjective(at)) else None

    def _from_head(self, first: int) -> int:
        """The index less "the number of", "the level of", where they stand before it."""
        if first < 2 or self._items[first - 1].text != "of" or self._items[first - 2].text not in _HEADS:
            return first
        first -= 2
        while first and self._items[first - 1].kind == "word" and not self._is_verb(first - 1):
            word = self._items[first - 1].text
            if self._ends_phrase(word) and word not in _NEUTRAL | _ARTICLES:
                break
            first -= 1
        return first

    def _joins_parts(self, at: int, parts: Sequence[Item]) -> bool:
        """True for the "and" of "food and beverage revenue": a plain noun on either side, the right one straight behind it."""
        if not parts or parts[0].kind != "word" or at < 1 or parts[0] is not self._items[at + 1]:
            return False
        left = self._items[at - 1]
        return (
            left.kind == "word"
            and not self._ends_phrase(left.text)
            and left.text not in _ODD | _ARTICLES | _NEUTRAL
            and (not left.text.endswith(("ed", "ing", "ly")) or left.text in _PARTICIPLES)
        )

    def _is_adjective(self, at: int) -> bool:
        """True for a participle behind an article: "the fully loaded cost", "a signed agreement"."""
        before = self._items[at - 1].text if at else ""
        return before in _ARTICLES or (before.endswith("ly") and at > 1 and self._items[at - 2].text in _ARTICLES)

    def _is_verb(self, at: int) -> bool:
        """True for the "restated" of "we have restated": an auxiliary or a pronoun stands before it."""
        return self._items[at].text.endswith("ed") and at > 0 and self._items[at - 1].text in _BEFORE_VERBS

    @staticmethod
    def _ends_phrase(word: str) -> bool:
        return word in _HOLDS | _LINKS | _PREPOSITIONS | _STOPS | _CHANGES | _VERBS

    @staticmethod
    def _noted_as_part(item: Item, parts: list[Item], *, is_adjective: bool) -> bool:
        """False for a verb's form that may be a verb here."""
        if item.text.endswith(("ed", "ing")) and item.text not in _PARTICIPLES and not is_adjective:
            return False
        parts.insert(0, item)
        return True

    def _is_governed(self, first: int) -> bool:
        """Whether what stands before the noun phrase leaves it a figure's own subject or object."""
        if first == 0:
            return True
        before = self._items[first - 1]
        earlier = self._items[first - 2] if first > 1 else None
        if before.kind == "mark":
            return before.text in ";:" or (before.text == "," and self._is_adjunct(first - 1))
        if before.kind == "period":
            return True
        if before.text in ("and", "or"):
            opens = self._opening(first - 1)
            return earlier is not None and (earlier.kind == "mark" or any(self._items[i].kind in ("value", "number") for i in opens))
        if before.text in ("in", "for"):
            heads = _CHANGES if before.text == "in" else _VALUE_FOR
            return earlier is not None and (earlier.kind in ("value", "number") or earlier.text in heads)
        if (self._is_verb(first - 1) and before.text in _HOLDS | _RESTATES) or (
            before.text in _SETS and self._items[first].text in _POSSESSIVES
        ):
            return True
        if before.text == "with":
            return earlier is None or earlier.text != ","
        return before.text in _HOLDS and not any(self._items[i].kind in ("value", "number") for i in self._opening(first - 1))

    def _opening(self, at: int) -> range:
        """From the last mark before an index up to it."""
        first = at
        while first > 0 and self._items[first - 1].kind != "mark":
            first -= 1
        return range(first, at)

    def _is_adjunct(self, comma: int) -> bool:
        """Whether what stands before a comma is a time, a place or a comparison, all of it understood, or a clause that gives a figure."""
        opens = self._opening(comma)
        if not opens:
            return False
        words = self._items[opens[0]]
        if words.text == "with" and not any(self._items[i].kind in ("metric", "other") or self._items[i].text in _ODD for i in opens):
            return True
        if words.text in _SPEAKS or any(self._items[i].kind in ("value", "number") for i in opens):
            return True
        if any(self._items[i].text in ("that", "indicated", "reported", "said") for i in opens):
            return True
        return self._is_told(opens)

    # ── around the value ──────────────────────────────────────────────────────────────────────────────────────────

    def _after_metric(self) -> range:
        """The phrases that follow a metric ("of new vehicles", "paid by makers of heat pumps"), down to a verb, a mark or the value."""
        last = self._at + 1
        while last < len(self._items):
            item = self._items[last]
            is_verb = item.kind == "word" and item.text in _LINKS | _STOPS and item.text not in _PREPOSITIONS | _ARTICLES
            if item.kind in ("mark", "value", "number", "basis", "metric") or is_verb:
                break
            last += 1
        return range(self._at + 1, last)

    def _is_described(self, span: range) -> bool:
        """Whether the phrases behind a metric are understood: a place, a time, an owner, the report's topic, or a part of it."""
        words = [self._items[at] for at in span]
        if any(item.kind == "topic" for item in words):
            for at in span:
                if self._items[at].kind == "name":
                    self._noted(self._items[at], at=at, is_part=False)
            return all(item.kind != "other" for item in words)
        if words and words[0].text in ("of", "for"):
            part = [item for item in words[1:] if item.text not in _ARTICLES | _AREAS]
            ends = (i for i, item in enumerate(part) if item.kind != "word" or item.text in _PREPOSITIONS or self._is_adverb(item.text))
            till = next(ends, len(part))
            if 0 < till <= _LONGEST_SEGMENT and not self._is_odd(part[:till]):
                self._segment += [item.text for item in part[:till]]
                if till + 1 < len(part) and part[till].kind == "name" and part[till + 1].text not in _LINKS | _PREPOSITIONS:
                    return False  # "prime Manhattan apartments": the thing stands behind the name
                rest = part[till].start if till < len(part) else self._items[span.stop - 1].end
                return self._is_told(range(next((at for at in span if self._items[at].start >= rest), span.stop), span.stop))
        return self._is_told(span)

    def _tail(self) -> range | None:
        """The rest of the value's clause; None where it goes on to take something off or to add it."""
        last = self._value + 1
        while last < len(self._items):
            item = self._items[last]
            if last == self._at:
                break
            if item.kind == "mark" and item.text not in "-%()'\"":
                break
            if item.kind == "word" and (
                item.text in _STOPS or (item.text == "or" and self._items[last + 1 :][:1] and self._items[last + 1].text in _BOUNDS)
            ):
                break
            if item.kind in ("metric", "other") and not self._is_share_of(last):
                return None
            last += 1
        following = [item.text for item in self._items[last : last + 2]]
        if following[:1] and (following[0] in _VETO_AFTER or (following[0] == "or" and following[-1] in _BOUNDS)):
            return None
        return range(self._value + 1, last) if self._at < self._value or last < self._at else range(self._value + 1, self._value + 1)

    def _is_share_of(self, at: int) -> bool:
        """True for the whole of which a share is: "34% of additions"."""
        return self._is_share and self._items[self._value + 1].text == "of" and at <= self._value + _LONGEST_SEGMENT + 2

    def _is_told(self, span: range) -> bool:
        """Whether every word of a span is known, its names noted: a phrase with a word of the report's topic is known as a whole."""
        topical = self._topical(span)
        for at in span:
            item = self._items[at]
            if item.kind == "name":
                self._noted(item, at=at, is_part=False)
            elif not (at in topical or self._is_known(item, at=at)):
                return False
        return True

    def _is_known(self, item: Item, *, at: int) -> bool:
        if item.kind == "mark":
            return item.text in ",-'\"%" or self._takes_up(at)
        if item.kind != "word":
            return item.kind != "other" or self._is_share_of(at)
        if item.text in _LINKS | _PREPOSITIONS | _ARTICLES | _NEUTRAL | _AREAS:
            return True
        if self._is_adverb(item.text):
            return True
        return (
            item.text in self._own
            or item.text.removesuffix("s") in self._own
            or (at > 0 and any(noted == at - 1 for noted, _ in (*self._places, *self._owners)))
        )

    @staticmethod
    def _is_adverb(word: str) -> bool:
        return word.endswith("ly") and word not in _ODD

    def _topical(self, span: range) -> set[int]:
        """Indices of the words of phrases that hold a word of the topic: from a preposition to the next mark, value or time."""
        known: set[int] = set()
        phrase: list[int] = []
        for at in (*span, -1):
            item = self._items[at]
            if at == -1 or item.kind in ("mark", "value", "number", "period", "basis"):
                if any(self._items[i].kind == "topic" for i in phrase):
                    known.update(phrase)
                phrase = []
            elif phrase or item.text in _PREPOSITIONS:
                phrase.append(at)
        return known

    def _takes_up(self, at: int) -> bool:
        """True for the colon of "We have restated order intake for 2025: it was ..."."""
        return self._items[at].text == ":" and at + 1 < len(self._items) and self._items[at + 1].text == "it"

    @staticmethod
    def _is_odd(items: Sequence[Item]) -> bool:
        return any(item.text in _ODD or (item.text.endswith("ing") and item.text not in _PARTICIPLES) for item in items)

    def _noted(self, item: Item, *, at: int, is_part: bool) -> bool:
        """Notes a name as a place or an owner; False for one that only makes part of the metric's name."""
        before = self._text[: item.start]
        name = re.sub(r"['’]s?$", "", item.text)
        owned = name != item.text
        if place := self._names.as_place(
            name, is_placed=_PLACE_AT.search(before) is not None or _AREA.match(self._text, item.end) is not None
        ):
            self._places.append((at, place))
            return True
        if is_part and not owned:
            return False
        self._owners.append((at, name))
        return True
