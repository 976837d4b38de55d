"""Names of companies, places and things in a corpus, told by capitals and by the company they keep; no gazetteer."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from rag.patterns import regex
from rag.remembered import Shelf
from rag.report.demonyms import place_of
from rag.report.legal import FORMS
from rag.text import STOPWORDS, squeeze
from rag.types import Source

_RUN = regex(r"(?<![\w.])[A-Z][\w’'-]*[a-zA-Z](?:(?:(?<=St)\.)?\s[A-Z][\w’'-]*[a-z])*(?![\w])")
_ADJECTIVE = regex(r"-(?:based|area|wide|led|owned|style|related|made|born)$")
"""Of a name that only says where from: "a Minneapolis-based retailer"."""
_ASIDE = regex(
    r"\b(?:excluding|including|from|than|with|by|into|such as|like|(?:[Cc]ontributions|revenue|sales) (?:from|of))\s(?:[\w,]+\s){0,3}?$",
    re.IGNORECASE,
)
"""Before a name that a company's own sentence mentions without giving it the figure."""
_DOMAIN = regex(r"[\w-]+(?:\.[\w-]+)+")
_OFTEN = 3
_ABOUT_ELSE = regex(r"\s(?:of|on|about)\s")
_ITS_PAPER_ON = regex(r"(?:['’]s)?\s(?:\w+\s){1,2}(?:of|on|about)\s")
"""Behind the name a title leads with: who writes, not whom it is about: "Tidewatch monitor of heat pumps"."""
_AT_ONCE = regex(r"\S+(?:\s(?:percent|per cent|%|million|billion|thousand))?\s(?:in|at|on)\s(?:the\s)?(?=[A-Z])")
"""A value with the place it holds for straight behind it."""
_INSIDE = frozenset("abcdefghijklmnopqrstuvwxyz,;:–")
"""What stands before the blank before a name inside a sentence."""
_PLACE_BEFORE = regex(r"\b(?:in|on|across|at|near|throughout|around)\s(?:the\s)?$")
_PLACED = regex(r"\b(?:in|on|across|at|near|throughout|around|of|for|from)\s(?:the\s)?$", re.IGNORECASE)
_SEATED = regex(r"\b(?:based|headquartered|located|registered|seated)\s(?:in|at|on)\s(?:the\s)?$", re.IGNORECASE)
"""A seat says nothing of where a figure holds."""
_COMMON = frozenset(
    (
        "january february march april may june july august september october november december monday tuesday wednesday thursday friday "
        "saturday sunday table figure hall halls series page note notes section appendix annex chapter phase stage level mr mrs ms dr we "
        "our i it its this these that "
        "gaap eps ebit ebitda sg capex opex gdp cpi wti aoci oem usd us mcf inc corp ltd llc plc fed federal reserve "
        "q1 q2 q3 q4 h1 h2 eur usd gbp mwh gwh kwh mw gw co2 ceo cfo"
    ).split()
)
_SPEAKS = regex(
    r"\s(?:(?:now|also|still)\s)?(?:expects?|forecasts?|says?|said|estimates?|estimated|believes?|reports?|reported|projects?|sees?|thinks?|told|"
    r"publish\w*|looks?|finds?|found|lists?|counts?|counted|noted|gives?|puts?|models?|predicts?)\b"
)
_SURVEYS = regex(r"(?i)['’]?s?\s(?:[\w-]+\s){0,3}(?:surveys?|polls?|index|indicators?|monitors?|data)\b")
_BODIES = frozenset("district districts region state states nation country company group bank board government".split())
"""Nouns that stand for a name and are written with a capital."""
_REPORTS = regex(
    r"\s(?:(?:now|also|still|currently|already)\s)?"
    r"(?:reported|posted|recorded|achieved|generated|earned|booked|made|lost|had|has|saw|raised|lifted|cut|ended|closed|holds|held|"
    r"expects?|expected|forecasts?|guides|guided|announced|said|says|turned over|increased|grew|doubled)\b"
)
_SELLS = regex(r"\s(?:(?:has|have|had)\s)?(?:sold|built|shipped|delivered|produced|installed)\b")
"""Behind a name: what only one that makes or sells things does."""
_NEW_CLAUSE = regex(r"[;:]|,\s(?:and|but|while|whereas|although|which|as)\b|\bwhile\b")
_LOWER = regex(r"(?<![\w’'-])[a-z][a-z’-]+")
_WE = regex(r"\b(?:we|our|us)\b", re.IGNORECASE)
_OWN_VOICE = regex(r"\b(?:we|our|us|the (?:group|company|board|firm))\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The names a corpus uses, places and others apart."""

    places: frozenset[str]
    others: frozenset[str]
    homes: frozenset[str]
    """Places that are the report's own home: naming one says nothing more than naming none."""
    asked: frozenset[str]
    """All regions the topic names."""
    ordinary: frozenset[str]
    """Words the corpus also writes in lower case."""
    about: Mapping[str, str]
    """Document id -> the name it is about: the company whose filing it is, or the subject of its family."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """Document id -> the company whose paper it is, by its cover, its file's name, or its title and who published it."""
    strangers: frozenset[str] = frozenset()
    """Publishers and authors that no title and no text names: makers of the file, not of what it says."""

    def place(self, text: str, *, at: int) -> str:
        """The place named nearest to an offset; empty for none or for the report's home."""
        found = [
            (abs(match.start() - at), name)
            for match in _RUN.finditer(text)
            if (name := self._known(match[0], self.places))
            and ";" not in text[min(at, match.start()) : max(at, match.start())]
            and (match.start() == 0 or _PLACED.search(text[: match.start()]))
            and not _SEATED.search(text[: match.start()])
        ]
        joined = _AT_ONCE.match(text, at)
        if joined and (run := _RUN.match(text, joined.end())):
            name = self._known(run[0], self.places) or self._new_place(run[0])
            return "" if name in self.homes else name
        if not found:
            found = [
                (abs(match.start() - at), name)
                for match in _RUN.finditer(text)
                if _PLACE_BEFORE.search(text[max(0, match.start() - 16) : match.start()])
                and not _SEATED.search(text[: match.start()])
                and ";" not in text[min(at, match.start()) : max(at, match.start())]
                and (name := self._new_place(match[0]))
            ]
        nearest = min(found)[1] if found else ""
        return "" if nearest in self.homes else nearest

    def _new_place(self, run: str) -> str:
        """A name of which all that is known is that a value holds in it; empty for a month, a known company or an ordinary word."""
        words = {part.lower() for part in _bare(run).split()}
        return "" if words & _COMMON or words <= self.ordinary or self._known(run, self.others) else _bare(run)

    def entity(self, text: str, *, at: int, document: str, voice: str = "") -> str:
        """The company or thing a value at an offset belongs to: the nearest named before it, else after it, else whose voice it is.

        A name that only speaks ("Ambrel forecasts ...") is not whose value it is. ``voice`` is whom "we" means in a document that is
        about nobody.
        """
        runs = [match for match in _RUN.finditer(text) if self._is_name(match, text)]
        found = [match for match in runs if not _SPEAKS.match(text, match.end()) or re.search(r"\bits\b", text[match.end() : at])]
        before = [match for match in found if match.start() <= at]
        own = self.about.get(document, "") or (voice if _WE.search(text) else "")
        if self.about.get(document):
            found = [match for match in found if not _ASIDE.search(text[: match.start()]) and match.start() <= at]
            before = [match for match in before if match in found]
            runs = [match for match in runs if match in found]
        elsewhere = any(self._known(match[0], self.asked) for match in _RUN.finditer(text))
        if not before and own and (_OWN_VOICE.search(text) or not (runs or elsewhere)):
            return own
        if before or found:
            chosen = before[-1] if before else found[0]
            return self._known(chosen[0], self.others) or _bare(chosen[0])
        return ""

    def opening(self, text: str) -> str:
        """The company a sentence begins with, known or not: "Kaldor Systems reported ...", "Thermyx's margin ..."; empty for none."""
        match = _RUN.match(text)
        if match is None or not (_REPORTS.match(text, match.end()) or re.search(r"['’]s?$", match[0])):
            return ""
        return self._opening_name(match[0])

    def seller(self, text: str, *, at: int) -> str:
        """The company, known or not, that a sentence begins with and that sold or made what the value at an offset counts: "Norden sold
        30,000 heat pumps, fewer than Velox"; empty for none."""
        match = _RUN.match(text)
        sold = _SELLS.match(text, match.end()) if match else None
        if match is None or sold is None or not sold.end() <= at or _NEW_CLAUSE.search(text, sold.end(), at):
            return ""
        return self._known(match[0], self.others) or self._opening_name(match[0])

    def _opening_name(self, run: str) -> str:
        words = {part.lower() for part in _bare(run).split()}
        is_none = words & (_COMMON | STOPWORDS) or words <= self.ordinary or self._known(run, self.places)
        return "" if is_none else _bare(run)

    def _is_name(self, match: re.Match[str], text: str) -> bool:
        """True for a known name, and for any capitalised run inside the sentence that is no place and no common word."""
        if _ADJECTIVE.search(match[0]) or place_of(match[0], self.places):
            return False
        if self._known(match[0], self.others):
            return True
        before = text[max(0, match.start() - 16) : match.start()]
        inside = _is_inside(text, match.start()) and not _PLACE_BEFORE.search(before)
        plain = all(part.lower() in _COMMON | self.ordinary for part in _bare(match[0]).split())
        return (
            inside and not plain and not self._known(match[0], self.places) and not re.match(r"\s\d", text[match.end() : match.end() + 2])
        )

    def runs(self, text: str) -> Iterable[tuple[int, int]]:
        """(start, end) of the capitalised runs that can be names: less the ordinary words that open a sentence or a run."""
        for match in _RUN.finditer(text):
            parts = list(re.finditer(r"\S+", match[0]))
            if _bare(match[0]) not in self.others | self.places:
                opens = match.start() == 0
                while parts and self._is_opener(parts[0][0], opens=opens):
                    parts, opens = parts[1:], False
            words = {part.lower() for part in _bare(" ".join(part[0] for part in parts)).split()}
            is_plain = len(words) == 1 and (
                words <= self.ordinary or (match.start() == 0 and not self._known(match[0], self.others | self.places))
            )
            if parts and not words <= _COMMON | _BODIES and not is_plain:
                yield match.start() + parts[0].start(), match.start() + parts[-1].end()

    def _is_opener(self, word: str, *, opens: bool) -> bool:
        return word.lower() in STOPWORDS or (opens and word.lower() in self.ordinary)

    @staticmethod
    def speaks(text: str, end: int) -> bool:
        """True where the name that ends there only says what follows: "Orrin reports that", "the Atlanta Fed's survey showed"."""
        return _SPEAKS.match(text, end) is not None or _SURVEYS.match(text, end) is not None

    def as_place(self, name: str, *, is_placed: bool) -> str:
        """The place a capitalised run is: a known one in it, or the run itself where the text says that something is in it; else empty."""
        return self._known(name, self.places) or (_bare(name) if is_placed else "")

    def within(self, text: str) -> set[str]:
        """The known names in a text, homes left out."""
        found = {self._known(match[0], self.others | self.places) for match in _RUN.finditer(text)}
        return found - self.homes - {""}

    def marks(self, text: str) -> frozenset[str]:
        """What tells a text's subject: its known names, and capitalised words that the corpus never writes in lower case."""
        words = {_bare(part) for match in _RUN.finditer(text) for part in match[0].split()}
        new = {word for word in words if len(word) >= 4 and word.lower() not in _COMMON and word.lower() not in self.ordinary}
        known = self.within(text)
        return frozenset(known | (new - {part for name in known | self.homes | self.asked for part in name.split()}))

    def voice(self, source: Source) -> str:
        """Whose document it is: its publisher, else the known name its author's begins with, else the author. A mail's domain comes after
        a known name, so that a house's mail and its papers are one voice."""
        if source.publisher and not _DOMAIN.fullmatch(source.publisher):
            return source.publisher
        known = next((name for name in sorted(self.others, key=len, reverse=True) if source.author.startswith(name)), "")
        return known or source.publisher or source.author

    @staticmethod
    def _known(run: str, names: frozenset[str]) -> str:
        """The longest known name inside a run of capitalised words."""
        parts = _bare(run).split()
        for length in range(len(parts), 0, -1):
            for first in range(len(parts) - length + 1):
                name = " ".join(parts[first : first + length])
                if name in names:
                    return name
        return ""


def find_names(
    texts: Mapping[str, str],
    *,
    sources: Sequence[Source],
    regions: Sequence[str] = (),
    subjects: Mapping[str, str] | None = None,
    registrants: Mapping[str, str] | None = None,
) -> Names:
    """Names seen inside sentences of two documents, or three times, and all publishers; a name is a place when most often after "in".

    ``subjects``: document -> the name it alone is about; ``registrants``: document -> the company whose filing its cover says it is.
    """
    documents: dict[str, set[str]] = defaultdict(set)
    count: Counter[str] = Counter()
    placed: Counter[str] = Counter()
    for key in sorted(texts):
        for name, is_place in _INSIDE_OF.of(id(texts[key]), same=texts[key], make=partial(_all_inside, texts[key])):
            documents[name].add(key)
            count[name] += 1
            placed[name] += is_place
    publishers = {source.publisher for source in sources if source.publisher}
    ordinary = ordinary_words(texts.values())
    known = {name for name in count if (len(documents[name]) >= 2 or count[name] >= 3) and not ordinary.issuperset(name.lower().split())}
    known |= publishers
    places = {name for name in known if name not in publishers and placed[name] * 5 >= count[name] * 2} | set(regions)
    known = {name for name in known if name in places or not place_of(name, places)}
    filed = {document: _as_written(name, texts.get(document, "")) for document, name in (registrants or {}).items()}
    by_file = _by_file_name(sources, known - places, texts=texts)
    about, owners = (_with_covers(by_file | found, filed, registrants or {}) for found in (whose(sources, known - places), whose(sources)))
    said = "\n".join([*texts.values(), *(source.title for source in sources)])
    strangers = {name for source in sources for name in (source.publisher, source.author) if name and name not in said}
    about, owners = ({document: name for document, name in found.items() if name not in strangers} for found in (about, owners))
    about |= {document: name for document, name in (subjects or {}).items() if not _is_topic(name, texts.values(), ordinary=ordinary)}
    known |= set(about.values())
    return Names(
        places=frozenset(places),
        others=frozenset(known - places),
        homes=frozenset(regions[:1]),
        asked=frozenset(regions),
        ordinary=ordinary,
        about=about,
        owners=owners,
        strangers=frozenset(strangers),
    )


def _by_file_name(sources: Iterable[Source], names: Iterable[str], *, texts: Mapping[str, str]) -> dict[str, str]:
    """Document id -> the known name that its title or file's name begins with in one word: "BESTBUY_2019_10K" is Best Buy's."""
    joined = {name.replace(" ", "").lower(): name for name in sorted(names)}
    found: dict[str, str] = {}
    for source in sources:
        for label in (source.title, source.path.rpartition("/")[2]):
            first, *rest = label.split("_")
            text = texts.get(source.document, "")
            if re.search(rf"(?i)\b{re.escape(first)}\s?&", text[:_COVER]):
                continue  # "PG_E_2018" is PG&E's, "JOHNSON_JOHNSON" Johnson & Johnson's
            if rest and first.lower() in joined:
                found.setdefault(source.document, joined[first.lower()])
            elif rest and first.isalpha() and (spelt := _spelt(first, text)):
                found.setdefault(source.document, spelt)
            elif rest and first.isupper() and len(re.findall(rf"\b{re.escape(first)}\b", text)) >= _OFTEN:
                found.setdefault(source.document, first)
    return found


def _with_covers(told: Mapping[str, str], filed: Mapping[str, str], registrants: Mapping[str, str]) -> dict[str, str]:
    """Whose each document is: by its cover, for which what its title or file's name tells may be a shorter name; else as they tell."""
    short = {document: name for document, name in told.items() if document not in filed or _is_short_for(name, registrants[document])}
    return {**filed, **short}


def _is_short_for(name: str, registrant: str) -> bool:
    """True for a part of a company's full name or its initials: "Best Buy", "AMD"; not the mark it is traded under."""
    return squeeze(name)[0] in squeeze(registrant)[0] or name.upper() == "".join(word[0] for word in registrant.upper().split())


def _spelt(joined: str, text: str) -> str:
    """How a text writes a name that a file's name joins into one word: "Best Buy" of "BESTBUY"; empty where it does so less than thrice."""
    forms = Counter(" ".join(form.split()) for form in _written(list(joined), text, apart=r"[\s-]?") if form[0].isupper())
    proper = [(count, form) for form, count in forms.items() if count >= _OFTEN and not (form.isupper() and len(form) > 4)]
    return max(proper)[1] if proper else ""


def _written(parts: Sequence[str], text: str, *, apart: str) -> Iterable[str]:
    """Each place where a text writes these parts in any case, as it does; ``apart`` is the expression between two. Letters in pairs and
    nothing before them: an expression that begins with a condition or ignores case is looked for five times as long."""
    letters = ("".join(map(_in_either_case, part)) for part in parts)
    for match in re.finditer(apart.join(letters) + r"(?!\w)", text):
        before = text[match.start() - 1 : match.start()]
        if not (before.isalnum() or before == "_"):
            yield match[0]


def _in_either_case(letter: str) -> str:
    return f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else re.escape(letter)


_COVER = 4_000
"""Characters of a text that name whose it is."""
_SHORT_FORM = 0.5
"""Least share of the mentions of a name's first word that a longer form of it makes up: "Best Buy", but "Uber" of "Uber Technologies"."""


def _as_written(registrant: str, text: str) -> str:
    """The form of a company's full name that a text uses: the longest that is not much rarer than its first word."""
    parts = registrant.split()
    counted: list[tuple[int, str]] = []
    for length in range(1, len(parts) + 1):
        if "&" in parts[length - 1 : length + 1]:
            continue
        forms = Counter(_written(parts[:length], text, apart=r"\s"))
        proper = Counter({form: count for form, count in forms.items() if not form.islower()})
        mixed = Counter({form: count for form, count in proper.items() if not form.isupper()})
        best = (mixed or proper).most_common(1)
        if not best:
            break
        counted.append((best[0][1], best[0][0]))
    used = [form for count, form in counted if count >= _SHORT_FORM * counted[0][0]]
    return used[-1] if used else registrant


def named_in(title: str, *, texts: Sequence[str], ordinary: Collection[str]) -> set[str]:
    """The capitalised words of a title that sentences of two of the texts hold and that are no ordinary words: whom it is about."""
    words = {_bare(part) for match in _RUN.finditer(title) for part in match[0].split()}
    proper = {word for word in words if len(word) >= 4 and word.lower() not in _COMMON and word.lower() not in ordinary}
    return {word for word in proper if len(list(islice((text for text in texts if _stands_inside(word, text)), 2))) == 2}


def _is_topic(subject: str, texts: Iterable[str], *, ordinary: Collection[str]) -> bool:
    """True for what only the title of a paper begins with and no sentence names: "Steel prices, Q4" among papers on other prices."""
    plain = all(word in ordinary or word in _COMMON for word in subject.lower().split())
    return plain and not any(_stands_inside(subject, text) for text in texts)


def _stands_inside(word: str, text: str) -> bool:
    """True for a name that stands inside a sentence somewhere; "Annual" and "Revision" stand in titles only."""
    at = text.find(word)
    while at >= 0:
        after = text[at + len(word) : at + len(word) + 1]
        if not (after.isalnum() or after == "_") and _WITHIN.search(text[max(0, at - _LONGEST_BEFORE) : at]):
            return True
        at = text.find(word, at + 1)
    return False


_WITHIN = regex(r"\b[a-z]+,?\s(?:[A-Z]\w*\s)?$")
"""Before a name inside a sentence: a small word, and perhaps another name."""
_LONGEST_BEFORE = 100


def ordinary_words(texts: Iterable[str]) -> frozenset[str]:
    """The words that the texts write in lower case."""
    return frozenset[str]().union(*(_ORDINARY.of(id(text), same=text, make=partial(_lower, text)) for text in texts))


_ORDINARY: Shelf[frozenset[str]] = Shelf(most=12_000_000)
"""By the very text; sizes in its characters."""
_INSIDE_OF: Shelf[tuple[tuple[str, bool], ...]] = Shelf(most=12_000_000)
"""The same."""


def _lower(text: str) -> tuple[frozenset[str], int]:
    return frozenset(_LOWER.findall("\n".join(set(text.split())))), len(text)


def _all_inside(text: str) -> tuple[tuple[tuple[str, bool], ...], int]:
    return tuple(_inside(text)), len(text)


def _bare(run: str) -> str:
    return re.sub(r"['’]s?$", "", run.replace("St. ", "St "))


def _inside(text: str) -> Iterable[tuple[str, bool]]:
    named: dict[str, str] = {}
    for match in _RUN.finditer(text):
        first, following = match.start(), text[match.end() : match.end() + 2]
        if not _is_inside(text, first) or (following[:1].isspace() and following[1:].isdecimal()):
            continue
        run = match[0]
        if run not in named:
            named[run] = _name_of(run)
        if named[run]:
            yield named[run], _PLACE_BEFORE.search(text[max(0, first - 16) : first]) is not None


def _name_of(run: str) -> str:
    """A capitalised run without its common words; empty where none is left, or where it begins with a small word's."""
    parts = [part for part in _bare(run).split() if part.lower() not in _COMMON]
    return " ".join(parts) if parts and parts[0].lower() not in STOPWORDS else ""


def _is_inside(text: str, at: int) -> bool:
    """True for a place inside a sentence: a small letter or a comma stands before the blank before it."""
    return at >= 2 and text[at - 1].isspace() and text[at - 2] in _INSIDE


_FORM = rf"(?:{'|'.join(FORMS)})\.?"
_OF_WHEN = (
    r"annual|interim|quarterly|half|full|year|yearly|preliminary|trading|financial|fiscal|first|second|third|fourth|quarter|q[1-4]|h[12]"
)
_MONTH = "january|february|march|april|may|june|july|august|september|october|november|december"
_OWN_PAPER = regex(
    rf"(?P<name>[A-Z][\w&.’'-]*(?:\s(?:(?:of|and|the)\s|&\s)?[A-Z][\w&.’'-]*){{0,4}}?)(?:\s{_FORM})+(?::|,|\s[-–—])\s"
    rf"(?i:(?:(?:{_OF_WHEN})[\s-])*(?:reports?|results|statements?|accounts|update)"
    rf"(?:\s(?:and|for|of|the|to|accounts|ended|ending|{_OF_WHEN}|\d{{1,2}}|(?:19|20)\d\d|{_MONTH})|\s?[,/–-]\s?\d{{2,4}})*"
    r"(?:\s\([\w\s]+\))?)"
)
"""The title of a paper that nobody but a company writes: "Seawall Ports plc: results for 2025". A note on them has more to say, and without
a company's form the name may be a ministry's, whose report is on everybody."""


def whose(sources: Iterable[Source], names: Iterable[str] = ()) -> dict[str, str]:
    """Document id -> the name a title leads with, or the publisher or author that the title names: whose filing it is."""
    ordered = sorted(names, key=lambda name: (-len(name), name))
    found: dict[str, str] = {}
    for source in sources:
        lead = next((name for name in ordered if _leads(name, source.title)), "")
        named = source.publisher if source.publisher and source.publisher in source.title else _shared_start(source.title, source.author)
        own = "" if named and _ABOUT_ELSE.search(source.title.rpartition(named)[2]) else named
        if not own and not source.publisher and (paper := _OWN_PAPER.fullmatch(source.title)):
            own = paper["name"]
        if own or (lead and source.publisher != lead and not _ITS_PAPER_ON.match(source.title, len(lead))):
            found[source.document] = own or lead
    return found


def _leads(name: str, title: str) -> bool:
    """True for a title that begins with the name as a whole word, and with no longer one: "Halvex & Sons"."""
    following = title[len(name) :]
    return title.startswith(name) and not (following[:1].isalnum() or following.lstrip().startswith(("_", "&")))


def _shared_start(title: str, author: str) -> str:
    """The words that title and author both begin with: "Halvex" of "Halvex Annual Report" and "Halvex Investor Relations"."""
    shared: list[str] = []
    for one, other in zip(title.split(), author.split(), strict=False):
        if one != other or not one[0].isupper() or one.lower() in STOPWORDS:
            break
        shared.append(one)
    return " ".join(shared)
