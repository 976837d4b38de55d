"""A follow-up made a question that stands alone, by rule: what it leaves out is carried over from the chat.

Rules, in order; the first that fits is used, and the answer says what question was understood:

1. "Why?", "By how much?", "Since when?" ask that of the last question's matter; "Who says so?", "Does anyone disagree?" ask about its
   answer, so it is answered again with its sources and disagreements.
2. "Compare it with Sorvia" is the last question with another name or time beside its own.
3. "And the year before?" is the last question of that time; "and its margin?" asks of the last subject what it names.
4. A bare "and 2024?", "what about Sorvia?", "and revenue?" is the last question with its period, its name or its metric exchanged.
5. "it", "its", "they", "there", "the company" stand for the subject of the last question that had one: its first name, else its answer's.
6. A question after a company's metric that names nobody is about the last subject.
7. A figure asked for by 5 or 6 without a period is asked for the last question's period.
"""

import re
from collections.abc import Sequence

from rag.chat.question import ABOUT_THE_ANSWER, MORE, YEAR, Asked, take_apart, take_names, telling
from rag.numbers import find_periods, period_shape, period_when
from rag.patterns import regex
from rag.report.wording import Vocabulary
from rag.text import STOPWORDS, content_stems, words
from rag.types import Answer, Understanding

_LEAD = r"(?:(?:and|but|so|ok|okay)\b,?\s*)?"
_MORE = regex(rf"(?i)^{_LEAD}(?P<more>{MORE})(?: (?:is|was|are|were) (?:that|this|it|they))?(?: so)?\s*\??$")
_WHY = regex(r"(?i)how so|how come|what for")
_OF_THE_ANSWER = regex(rf"(?i)^{_LEAD}(?P<about>{ABOUT_THE_ANSWER})\s*\??$")
_ASKED_AFTER = regex(
    r"(?i)^(?:why|when|where|how|(?:by )?how (?:much|far|fast|strongly|many per cent)) "
    r"(?=(?:did|has|have|had|will|does|do|is|was|are|were)\b)"
)
_COMPARED = regex(
    rf"(?i)^{_LEAD}(?:please\s)?(?:compare\s(?:(?:it|that|this|them|those|these)\s)?(?:with|to|against)|"
    r"how (?:does|do|did) (?:it|that|this|they|those) compare\s(?:with|to|against)|(?:(?:as )?compared|in comparison)\s(?:with|to)|"
    r"versus|vs\.?|against)\s(?P<other>.+?)\s*\??$"
)
_BESIDE = regex(
    rf"(?i)^{_LEAD}(?:(?:what|how) about\s|what (?:was|is) it\s)?(?:(?:in|for|during)\s)?(?:"
    r"(?:the|a|one) (?P<unit>year|quarter) (?P<way>before|after|earlier|later|ago)(?: that)?|"
    r"(?:the|in) (?P<which>previous|prior|preceding|following) (?P<other>year|quarter))\s*\??$"
)
_OWN = regex(rf"(?i)^{_LEAD}(?:(?:what|how) about\s|what (?:is|was|are|were)\s)?(?:its|their|his|her)\s(?P<what>[^?,;:]+?)\s*\??$")
_BARE = regex(
    r"(?i)^(?:(?:and|but|or|so|then)\b,?\s*)?(?:(?:what|how) about|what of|and|or)?\s*(?:(?:in|for|during|by|at|of|on|to)\s)?(?:the\s)?"
    r"(?P<rest>.*?)\s*\?*$"
)
_HANGING = regex(r"(?i)\s*\b(?:in|for|during|by|at|of|on|to)$")
"""What is left before a period that was taken out."""
_MOST_OWN = 4
"""Words that carry meaning in a follow-up that exchanges or adds one thing."""
_IS_VERB = regex(r"(?i)^\w+ed\b|\b(?:in|of|to|by)$")
"""A metric's words that no noun can take the place of: "installed in"."""
_OPENED = regex(r"(?i)^(?:and|but|or|what about|how about|what of|same for|the same for)\b")
_THING = (
    r"(?:the|that|this) (?:company|firm|group|maker|bank|plant|regulator|project|market|product|supplier|operator|country|region|district)"
)
_SUBJECT = regex(
    rf"(?i)\b(?:(?P<own>its|their|his|her(?=\s\w)|{_THING}['’]s)|"
    rf"(?P<self>it(?!\s(?:take|cost to)\b)|they|them|he|she|him|her|there(?=\s*\??$)|{_THING}))(?![\w’'])"
)
_ASKING = frozenset(
    "what which when where who whom whose why how is are was were do does did has have had can could will would should".split()
)


def condense(question: str, *, history: Sequence[Answer], vocabulary: Vocabulary) -> tuple[str, Understanding]:
    """(the question that stands alone, who completed it). ``history``: oldest first."""
    bare = " ".join(question.split())
    if not history:
        return bare, "as_asked"
    before = take_apart(history[-1].understood_as)
    subject = next((name for answer in reversed(history) if (name := subject_of(answer, vocabulary=vocabulary))), "")
    made = (
        _more(bare, before)
        or _compared(bare, before)
        or _at_the_time_beside(bare, before)
        or _own(bare, before, subject)
        or _exchanged(bare, before, vocabulary)
        or _carried(bare, before, subject, vocabulary)
    )
    return (made, "rule") if made and made != bare else (bare, "as_asked")


def subject_of(answer: Answer, *, vocabulary: Vocabulary) -> str:
    """What an answer is about: the first name of its question, else of its first sentence; empty for none."""
    names = telling(take_apart(answer.understood_as).names, vocabulary=vocabulary)
    return next(iter(names), "") or _named_in(answer, vocabulary=vocabulary)


def _named_in(answer: Answer, *, vocabulary: Vocabulary) -> str:
    """The first name of its first sentence; a word that only opens it is one where a cited document is called by it."""
    text = answer.claims[0].text if answer.claims else ""
    called = " ".join(f"{source.title} {source.author} {source.publisher}" for source in answer.sources)
    names = telling(take_names(text), vocabulary=vocabulary)
    return next((name for name in names if " " in name or not text.startswith(name) or name in called), "")


def _more(bare: str, before: Asked) -> str:
    """Rule 1."""
    if match := _MORE.match(bare):
        more = "Why" if _WHY.fullmatch(match["more"]) else f"{match['more'][:1].upper()}{match['more'][1:]}"
        opener = _ASKED_AFTER.match(before.text)
        return f"{more} {before.text[opener.end() :]}" if opener else f"{more}: {before.asked}"
    match = _OF_THE_ANSWER.match(bare)
    return f"{match['about'][:1].upper()}{match['about'][1:]}: {before.text}" if match else ""


def _compared(bare: str, before: Asked) -> str:
    """Rule 2."""
    match = _COMPARED.match(bare)
    if not match:
        return ""
    other = take_apart(match["other"])
    is_other = other.periods or other.names or len(words(match["other"])) <= _MOST_OWN
    return f"{before.asked.rstrip(' ?')}, compared with {match['other']}?" if is_other else ""


def _at_the_time_beside(bare: str, before: Asked) -> str:
    """Rule 3, of a time."""
    match = _BESIDE.match(bare)
    explicit = [period for period in before.periods if not period.relative]
    if not match or not explicit:
        return ""
    label, is_back = explicit[-1].label, (match["way"] or match["which"]).lower() not in ("after", "later", "following")
    step = -1 if is_back else 1
    if (match["unit"] or match["other"]).lower() == "year":
        said = before.text[explicit[-1].start : explicit[-1].end]
        moved = YEAR.sub(lambda year: str(int(year[0]) + step), said)
        return _with_period(before, moved) if moved != said else ""
    if period_shape(label) != "quarter":
        return ""
    years, quarter = divmod(int(label[:4]) * 4 + int(label[-1]) - 1 + step, 4)
    return _with_period(before, f"Q{quarter + 1} {years}")


def _own(bare: str, before: Asked, subject: str) -> str:
    """Rule 3, of what the last subject has."""
    match = _OWN.match(bare)
    if not match or not subject or len([word for word in words(match["what"]) if word.lower() not in STOPWORDS]) > _MOST_OWN:
        return ""
    explicit = [] if find_periods(match["what"]) else [period for period in before.periods if not period.relative]
    when = f" {period_when(explicit[-1].label)}" if explicit else ""
    return f"What is {subject}’s {match['what']}{when}?"


def _exchanged(bare: str, before: Asked, vocabulary: Vocabulary) -> str:
    """Rule 2: the last question with one thing exchanged."""
    match = _BARE.match(bare)
    rest = match["rest"] if match else ""
    own = [word for word in words(rest) if word.lower() not in STOPWORDS]
    if not own or len(own) > _MOST_OWN or _asks(bare) or not (_OPENED.match(bare) or len(words(bare)) <= 3):
        return ""
    new = take_apart(rest)
    if new.periods:
        period = new.periods[-1]
        what = _HANGING.sub("", f"{rest[: period.start]}{rest[period.end :]}".strip())
        if not [word for word in words(what) if word.lower() not in STOPWORDS]:
            return _with_period(before, rest)
        made = _exchanged(f"And {what}?", before, vocabulary)
        return _with_period(take_apart(made), rest[period.start : period.end]) if made else ""
    metric = _metric(rest, vocabulary)
    if metric and (old := _metric(before.text, vocabulary)):
        if _IS_VERB.search(old):
            return f"What is the {rest.removesuffix('?')}{f' in {before.names[0]}' if before.names else ''}?"
        return before.text.replace(old, rest.removesuffix("?"), 1)
    if before.names and (new.names or own[0][0].isupper() or own[0][0].isdigit()):
        name = _like(before, bare, vocabulary)
        return before.text.replace(name, rest, 1) if name else _with_place(before, bare, rest)
    return f"{before.text.rstrip(' ?')}: {rest}?"


def _asks(bare: str) -> bool:
    """True for a question with a verb of its own, which is no bare exchange."""
    first = [word.lower() for word in words(bare)][:3]
    return any(word in _ASKING for word in first) and not re.match(r"(?i)(?:and |but |so )?(?:what|how) about\b|what of\b", bare)


def _with_period(before: Asked, rest: str) -> str:
    explicit = [period for period in before.periods if not period.relative]
    if explicit:
        return before.text[: explicit[-1].start] + rest + before.text[explicit[-1].end :]
    return f"{before.text.rstrip(' ?')} in {rest}?"


def _metric(text: str, vocabulary: Vocabulary) -> str:
    """The words of a text that name a metric; empty for none."""
    mentions = vocabulary.named(text)
    return text[mentions[0].start : mentions[0].end] if mentions else ""


def _like(before: Asked, bare: str, vocabulary: Vocabulary) -> str:
    """The name of the last question that a new one takes the place of: one behind the same preposition, else a place for one "in" which,
    else the first. Empty where each stands behind another preposition: "in London" adds to "at Fennick"."""
    names = telling(before.names, vocabulary=vocabulary)
    found = {name: re.search(rf"(?i)\b({_BEHIND})\s(?:the\s)?{re.escape(name)}", before.text) for name in names}
    behind = {name: match[1].lower() for name, match in found.items() if match}
    own = re.search(rf"(?i)^{_LEAD}(?:(?:what|how) about\s)?({_BEHIND})\s", bare)
    if own and len(behind) == len(names) and own[1].lower() in _PLACED:
        return next((name for name in names if behind[name] == own[1].lower()), "")
    places = [name for name in names if behind.get(name) in ("in", "on", "at", "across")]
    return places[0] if places and (own or len(names) == 1) else names[0]


_PLACED = ("in", "at")
"""Prepositions that tell a place from whoever is there."""
_BEHIND = "in|on|at|across|for|of|by|to|with"


def _with_place(before: Asked, bare: str, rest: str) -> str:
    """The last question with a place added, before its period."""
    said = bare[: bare.rfind(rest)].split()[-1].lower()
    explicit = [period for period in before.periods if not period.relative]
    text = before.text.rstrip(" ?")
    if not explicit:
        return f"{text} {said} {rest}?"
    head = _HANGING.sub("", before.text[: explicit[-1].start].rstrip())
    return f"{head} {said} {rest}{before.text[len(head) :]}"


def _carried(bare: str, before: Asked, subject: str, vocabulary: Vocabulary) -> str:
    """Rules 3 to 5: pronouns replaced, a missing company added, its period with it."""
    if not subject:
        return ""
    own = take_apart(bare)
    if _SUBJECT.search(bare) and not own.names:
        made = _SUBJECT.sub(lambda match: f"{subject}’s" if match["own"] else subject, bare, count=1)
        made = _SUBJECT.sub(lambda match: f"{subject}’s" if match["own"] else subject, made)
    elif not own.names and (mentions := vocabulary.named(bare)) and mentions[0].metric.company:
        made = f"{bare.rstrip(' ?')} of {subject}?"
    else:
        return ""
    explicit = [period for period in before.periods if not period.relative]
    if explicit and not own.periods and own.wants in ("number", "share") and content_stems(bare):
        made = f"{made.rstrip(' ?')} {period_when(explicit[-1].label)}?"
    return made
