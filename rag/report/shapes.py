"""Figures that no metric's name stands beside, told by the shape of their sentence alone.

share    "we hold 17% of the German market", "Velox leads with a share of 14% of the market for pumps", "Velox's share of the German market
         came to 16%"
price    "EUR 1.9 million for one scanner", "sells pumps at EUR 900 a pump", "a scanner costs EUR 1.9 million"
stock    "there were 14 days of stock", "the pharmacy held 11 days of stock of sodium chloride"

A shape takes in its whole clause: whose figure it is, the verb, the figure, of what it is, and behind it times and places only. With a word
more it is none: "maintenance at EUR 90,000 a scanner" is not what a scanner costs, "should hold 14 days of stock" not what there is.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from rag.numbers import PeriodMention, unit_in
from rag.patterns import regex
from rag.report.clause import Scope
from rag.report.demonyms import place_of
from rag.report.names import Names
from rag.report.wording import Mention, Vocabulary, tokens
from rag.text import STOPWORDS, content_stems
from rag.types import Number

SHARE, PRICE, STOCK = "market_share", "unit_price", "inventories"
"""Ids of the metrics that shapes are of."""
_VALUE = "\N{PLACE OF INTEREST SIGN}"
"""Stands for the figure in its sentence."""
_NAME = r"[A-Z][\w.&’'-]*(?:\s[A-Z][\w.&’'-]*){0,3}"
_NOW = r"(?:\s(?:now|still|currently|already|then))?"
_ROUGHLY = r"(?:about\s|around\s|roughly\s|approximately\s|some\s)?"
_NOUN = r"(?!(?:in|at|on|for|by|and|or|but|of|from|to|with|than|which|that|as|after|before|while)\b)[A-Za-z][\w-]*"
_THING = rf"(?P<thing>(?:{_NOUN}\s){{0,3}}{_NOUN})"
_MARKET = rf"(?:the|its|our)\s(?P<whole>(?:[\w-]+\s){{0,4}}?market)(?P<things>\sfor(?:\s{_NOUN}){{1,4}})?"
_CAME_TO = (
    rf"\s(?:was|is|came\sto|comes\sto|reached|reaches|stood\sat|stands\sat|rose\sto|fell\sto|grew\sto|amounted\sto){_NOW}\s"
    rf"{_ROUGHLY}{_VALUE}"
)
_SHARES = (
    rf"(?P<owner>[Ww]e|{_NAME}){_NOW}\s(?:holds?|held|has|have|had|commands?|commanded|controls?|controlled|accounts for|account for|"
    rf"accounted for|takes|took|(?:leads?|led)(?:\sthe\smarket)?\swith){_NOW}\s(?:an?\s(?:market\s)?share\sof\s)?{_ROUGHLY}{_VALUE}\sof\s"
    rf"{_MARKET}",
    rf"(?P<owner>[Oo]ur|{_NAME}['’]s?)\sshare\sof\s{_MARKET}{_CAME_TO}",
    rf"(?P<owner>{_NAME})\s(?P<before>(?:[^;,]|,(?=\d))*)[;,]\s(?:and\s)?its\smarket\sshare{_CAME_TO}",
)
_EACH = rf"\s(?:(?P<object>(?:[\w-]+\s){{1,4}}?)(?:at|for)\s)?{_ROUGHLY}{_VALUE}\s(?P<each>an?|per|for\sone)\s{_THING}"
_PRICES = (
    rf"(?P<seller>[Ww]e|{_NAME}){_NOW}\s(?:offers?|offered|sells?|sold|quotes?|quoted|lists?|listed){_EACH}",
    rf"\b(?:buys?|bought|purchased?|(?P<paid>pays?|paid)|budgets?|budgeted|provides?|allows?|sets\saside){_EACH}",
    rf"{_VALUE}\s(?:is|are|was|were|has\sbeen|have\sbeen)\s(?:budgeted|planned|set\saside|provided|reserved|earmarked)\sfor\sone\s{_THING}",
    rf"(?:[Oo]ne|[Aa]n?)\s{_THING}\scosts?\s{_ROUGHLY}{_VALUE}",
)
_STOCKS = (
    rf"(?P<holder>[Tt]here|[Ww]e|[Tt]he\s[a-z][\w-]*|{_NAME}){_NOW}\s(?:is|are|was|were|holds?|held|keeps?|kept|has|have|had){_NOW}\s"
    rf"{_ROUGHLY}{_VALUE}\sof\s(?:stocks?|supply|inventory|inventories)(?:\sof\s{_THING})?",
)
_PATTERNS = ((SHARE, _SHARES), (PRICE, _PRICES), (STOCK, _STOCKS))
_SHAPES = {metric: tuple(regex(pattern) for pattern in patterns) for metric, patterns in _PATTERNS}
_OF_STOCK = regex(r"\bof\s(?:stock|supply|inventor)")
_MAY_BE = {SHARE: regex(r"\bmarket\b"), PRICE: regex(r"\b(?:[Aa]n?|per|[Oo]ne)\b"), STOCK: _OF_STOCK}
"""What a sentence with the shape holds somewhere."""
_OF_TIME = frozenset("second minute hour day week month quarter year night shift".split())
_NO_THING = frozenset("share person head household employee worker time piece lot number total few it".split())
"""What is paid for one of these is pay, a dividend, or of something that is not said."""
_ANY = frozenset("a an the its our new such one two three four five six seven eight nine ten twelve some several more another".split())
"""Before a thing: which or how many, not what."""
_STOCK_OF = regex(r"\bof\s(?:stocks?|supply|inventory|inventories)\sof\b")
_NEUTRAL = frozenset("total overall whole entire".split())
_LITTLE = frozenset("in at on by for during of as the end year early late mid throughout across and to".split())
_OPENS = regex(r"(?:^|[;:]\s)(?:(?:In|At|By|On|For|During|As of|Across)\s[^,;:]*,?\s)?$")
"""Before a clause: nothing, or a time or a place."""
_ENDS = regex(r"[.,;:]|$|\s(?:and|but|while|whereas|ahead of|followed by|up from|down from|after|from|against|compared with)\b")
_MODAL = regex(r"(?i)\b(?:should|must|shall|require[sd]?|targets?|goals?|aims?|policy|minimum|if|would|could|may|might)\b")
_UNITS_OF = {SHARE: ("percent",), PRICE: ("money",), STOCK: ("quantity",)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A figure told by its sentence's shape."""

    mention: Mention
    """The clause, as what names the metric."""
    scope: Scope


def shapes(
    text: str,
    numbers: Sequence[Number],
    periods: Sequence[PeriodMention],
    *,
    vocabulary: Vocabulary,
    names: Names,
    topic: Collection[str],
    called: str,
) -> dict[int, Shape]:
    """Start of a figure -> its shape. ``topic``: stems that single out no part of what the report is about; ``called``: what the document
    is called and whose it is, by which "the pharmacy" is its own."""
    found: dict[int, Shape] = {}
    for metric, patterns in _SHAPES.items():
        if metric not in vocabulary.metrics or not _MAY_BE[metric].search(text) or _MODAL.search(text):
            continue
        for number in numbers:
            if number.kind not in _UNITS_OF[metric] or "/" in number.unit or (metric == STOCK and number.unit not in _OF_TIME):
                continue
            marked = text[: number.start] + _VALUE + text[number.end :]
            moved = number.end - number.start - 1
            times = [(period.start, period.end) for period in periods if period.end <= number.start]
            times += [(period.start - moved, period.end - moved) for period in periods if period.start >= number.end]
            clause = _Clause(marked, times, names=names, topic=topic, called=called)
            for match in (match for pattern in patterns for match in pattern.finditer(marked)):
                scope = clause.scope(match, metric)
                if scope is not None:
                    last = match.end() + moved if match.end() > number.start else match.end()
                    mention = Mention(metric=vocabulary.metrics[metric], first=0, last=0, start=match.start(), end=last, figures_only=True)
                    found[number.start] = Shape(mention=mention, scope=scope)
                    break
    return found


class _Clause:
    """A sentence with a mark for one of its figures."""

    def __init__(self, text: str, times: Iterable[tuple[int, int]], *, names: Names, topic: Collection[str], called: str) -> None:
        self._text = text
        self._times = tuple(times)
        self._names = names
        self._topic = topic
        self._called = called

    def scope(self, match: re.Match[str], metric: str) -> Scope | None:
        """What the matched figure holds for; None where something in its clause is not understood."""
        return {SHARE: self._of_share, PRICE: self._of_price, STOCK: self._of_stock}[metric](match)

    def _of_share(self, match: re.Match[str]) -> Scope | None:
        places = self._around(match)
        if places is None or not _OPENS.search(self._text[: match.start()]):
            return None
        parts: list[str] = []
        said = match.groupdict()
        places += [
            place for name in re.finditer(_NAME, said.get("before") or "") if (place := self._names.as_place(name[0], is_placed=False))
        ]
        for word in (said.get("whole") or "").split()[:-1]:
            place = self._place(word)
            if place:
                places.append(place)
            elif word[0].isupper():
                return None
            elif word not in _NEUTRAL and not self._is_topic(word):
                parts.append(word)
        parts += [word for word in (said.get("things") or "").split()[1:] if not self._is_topic(word)]
        owner = re.sub(r"['’]s?$", "", match["owner"])
        is_own = owner.lower() in ("we", "our")
        if not (is_own or self._is_owner(owner)):
            return None
        return Scope(segment=" ".join(parts), places=_once(places), owners=() if is_own else (owner,), is_own=is_own)

    def _of_price(self, match: re.Match[str]) -> Scope | None:
        places, thing = self._around(match), match["thing"].split()
        if places is None or thing[-1].lower() in _OF_TIME | _NO_THING or unit_in(match["thing"])[0]:
            return None
        said = match.groupdict()
        sold = (said.get("object") or "").split()
        if sold and _singular(sold[-1]) != _singular(thing[-1]):
            return None
        if said.get("paid") and not sold and said["each"] != "for one":
            return None  # "paid EUR 200 a child"
        words = [*sold[:-1], *thing] if len(thing) == 1 else thing
        words = [word for word in words[:-1] if not self._is_topic(word) and not word[0].isdigit() and word not in _ANY]
        seller = said.get("seller") or ""
        is_own = seller.lower() == "we"
        if seller and not (is_own or self._is_owner(seller)):
            return None
        owners = (seller,) if seller and not is_own else ()
        return Scope(segment=" ".join([*words, _singular(thing[-1])]), places=_once(places), owners=owners, is_own=is_own)

    def _of_stock(self, match: re.Match[str]) -> Scope | None:
        places, holder = self._around(match), match["holder"]
        if places is None or not _OPENS.search(self._text[: match.start()]):
            return None
        own = holder.split()[-1].lower()
        named = holder if self._is_owner(holder) else ""
        if not named and own not in ("there", "we") and not set(content_stems(own)) <= set(content_stems(self._called)):
            return None
        parts = [word for word in (match["thing"] or "").split() if not self._is_topic(word)]
        return Scope(segment=" ".join(parts).lower(), places=_once(places), owners=(named,) if named else (), is_own=own == "we")

    def _around(self, match: re.Match[str]) -> list[str] | None:
        """The places named in front of the clause and behind the shape; None where anything else stands behind it."""
        end = _ENDS.search(self._text, match.end())
        behind = range(match.end(), end.start() if end else len(self._text))
        opening = _OPENS.search(self._text[: match.start()])
        spans = [behind, *([range(opening.start(), match.start())] if opening else [])]
        places: list[str] = []
        for span in spans:
            rest = "".join(" " if any(first <= at < last for first, last in self._times) else self._text[at] for at in span)
            for name in re.finditer(_NAME, rest):
                if place := self._names.as_place(
                    name[0], is_placed=re.search(r"\b(?:in|across)\s(?:the\s)?$", rest[: name.start()]) is not None
                ):
                    places.append(place)
                    rest = rest.replace(name[0], " " * len(name[0]))
            if {word.lower() for word in re.findall(r"\w+", rest)} - _LITTLE:
                return None
        return places

    def _is_owner(self, name: str) -> bool:
        """True for a name that is no place's and no ordinary word: "It", "Imports" and "China" are none."""
        parts = {part.lower() for part in name.split()}
        return name[0].isupper() and name not in self._names.places and not (parts & STOPWORDS or parts <= self._names.ordinary)

    def _place(self, word: str) -> str:
        return word if word in self._names.places else place_of(word, self._names.places)

    def _is_topic(self, word: str) -> bool:
        return set(content_stems(word)) <= set(self._topic)


def is_of_its_heading(text: str) -> bool:
    """True for a stock of so many days whose sentence does not say of what: "there were 14 days of stock"."""
    return _OF_STOCK.search(text) is not None and _STOCK_OF.search(text) is None


def _once(places: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(places))


def _singular(word: str) -> str:
    return next(token.form for token in tokens(word))
