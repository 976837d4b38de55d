"""A follow-up made a question that stands alone, by rule: what it leaves out is carried over from the chat.

Rules, in order; the first that fits is used, and the answer says what question was understood:

1. "Why?", "How so?" and their kin ask about the last question itself.
2. A bare "and 2024?", "what about Sorvia?", "and revenue?" is the last question with its period, its name or its metric exchanged.
3. "it", "its", "they", "there", "the company" stand for the subject of the last question: its first name, else its answer's.
4. A question after a company's metric that names nobody is about the last subject.
5. A figure asked for by 3 or 4 without a period is asked for the last question's period.
"""

import re
from collections.abc import Sequence

from rag.chat.question import Asked, take_apart, take_names
from rag.numbers import period_when
from rag.report.wording import Vocabulary
from rag.text import STOPWORDS, content_stems, words
from rag.types import Answer, Understanding

_WHY = re.compile(r"(?i)^(?:and |but )?(?:why(?: (?:is|was) (?:that|this|it))?|how so|how come|what for)\s*\??$")
_BARE = re.compile(
    r"(?i)^(?:(?:and|but|or|so|then)\b,?\s*)?(?:(?:what|how) about|what of|and|or)?\s*(?:(?:in|for|during|by|at|of|on|to)\s)?(?:the\s)?"
    r"(?P<rest>.*?)\s*\?*$"
)
_HANGING = re.compile(r"(?i)\s*\b(?:in|for|during|by|at|of|on|to)$")
"""What is left before a period that was taken out."""
_IS_VERB = re.compile(r"(?i)^\w+ed\b|\b(?:in|of|to|by)$")
"""A metric's words that no noun can take the place of: "installed in"."""
_OPENED = re.compile(r"(?i)^(?:and|but|or|what about|how about|what of|same for|the same for)\b")
_THING = (
    r"(?:the|that|this) (?:company|firm|group|maker|bank|plant|regulator|project|market|product|supplier|operator|country|region|district)"
)
_SUBJECT = re.compile(
    rf"(?i)\b(?:(?P<own>its|their|his|her(?=\s\w)|{_THING}['’]s)|"
    rf"(?P<self>it(?!\s(?:take|cost to)\b)|they|them|he|she|him|her|there(?=\s*\??$)|{_THING}))(?![\w’'])"
)
_ASKING = frozenset(
    "what which when where who whom whose why how is are was were do does did has have had can could will would should".split()
)


def condense(question: str, *, history: Sequence[Answer], vocabulary: Vocabulary) -> tuple[str, Understanding]:
    """(the question that stands alone, who completed it)."""
    bare = " ".join(question.split())
    if not history:
        return bare, "as_asked"
    last = history[-1]
    before = take_apart(last.understood_as)
    made = _why(bare, before) or _exchanged(bare, before, vocabulary) or _carried(bare, before, subject_of(last), vocabulary)
    return (made, "rule") if made and made != bare else (bare, "as_asked")


def subject_of(answer: Answer) -> str:
    """What an answer is about: the first name of its question, else of its first sentence; empty for none."""
    names = take_apart(answer.understood_as).names or (take_names(answer.claims[0].text) if answer.claims else ())
    return names[0] if names else ""


def _why(bare: str, before: Asked) -> str:
    """Rule 1: the last question's words, asked for the reason."""
    return f"Why: {before.text}" if _WHY.match(bare) else ""


def _exchanged(bare: str, before: Asked, vocabulary: Vocabulary) -> str:
    """Rule 2: the last question with one thing exchanged."""
    match = _BARE.match(bare)
    rest = match["rest"] if match else ""
    own = [word for word in words(rest) if word.lower() not in STOPWORDS]
    if not own or len(own) > 4 or _asks(bare) or not (_OPENED.match(bare) or len(words(bare)) <= 3):
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
        name = _like(before, rest)
        return before.text.replace(name, rest, 1)
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


def _like(before: Asked, rest: str) -> str:
    """The name of the last question that a new one takes the place of: a place for one "in" which, else the first."""
    places = [name for name in before.names if re.search(rf"\b(?:in|on|at|across)\s(?:the\s)?{re.escape(name)}", before.text)]
    placed = re.search(r"(?i)\b(?:in|on|at|across)\s", rest) is not None
    return places[0] if places and (placed or len(before.names) == 1) else before.names[0]


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
