"""The part of a sentence that carries a point, quoted with an ellipsis where the sentence goes on: "Home sales rose …".

A sentence is parted only where two clauses meet that each have a subject and a verb of their own, or where a phrase follows that only adds
to what was said. Nothing is left out that turns, bounds or doubts what is kept: no "but", no "while" about the same thing, no exception,
no condition, no denial. What is kept is word for word; gate B6 computes the parts again from the quote.
"""

from collections.abc import Iterator
from dataclasses import replace

from rag.numbers import find_numbers, find_periods
from rag.patterns import regex
from rag.remembered import remembered
from rag.report.gather import Candidate
from rag.report.quality import standing
from rag.report.wording import Vocabulary
from rag.text import content_stems, shingles, words

CUT = "…"
"""Stands where the sentence goes on or has begun before."""
_FEWEST_WORDS = 4
_LEAST_LEFT_OUT = 4
"""Words; for fewer a sentence is not parted."""
_CLAUSES = regex(r";\s|,\s(?:and|while)\s|\swhile\s")
"""Between two clauses, where both are ones."""
_ADDED = regex(
    r",\s(?=(?:with|as|due|largely|mostly|primarily|partly|mainly|in\spart|reflecting|citing|because|led\sby|driven\sby|owing\sto|"
    r"boosted\sby|supported\sby|spurred\sby|which|where|particularly|especially|including|such\sas)\s)"
)
"""Before what only adds to the clause."""
_TURNS = regex(
    r"(?i)\b(?:but|although|though|however|despite|yet|except(?:ions?|ing)?|exclud\w+|unless|until|if|only|not|no|nor|none|never|neither|"
    r"without|cannot|unlike|instead|rather|otherwise|limited|offset\w*|mixed|confined|temporar\w+|seasonal\w*|compared|relative|"
    r"elsewhere|now|as well as)\b|n['’]t\b"
)
"""In what is left out: the part that is kept would say more than the sentence does."""
_FINITE = regex(
    r"\b(?:is|are|was|were|has|have|had|will|did|does|do|remains?|continues?|rose|fell|grew|shrank|held|kept|saw|came|went|stood|led|began|"
    r"became|rises?|falls?|grows?|reports?|notes?|says?|said|expects?|indicates?|[a-z]{3,}ed)\b"
)
_NO_SUBJECT = regex(
    r"(?i)(?:it|its|they|their|them|this|these|that|those|which|who|he|she|we|i|you|there|some|others?|another|most|many|several|few|both|none|"
    r"one|two|three|half|all|each|such|the\s(?:latter|former|same|rest|remainder|others?)|so|thus|then|also|as|when|if|to|by|for|in|at|on|of|"
    r"from|with|were|was|is|are|has|have|had|will|would|did|more|less|even|only|not|no|and|or|but|while|however|moreover|because|although|though|since|still|plan|expect|remain|continue)\b"
)
"""Before a verb: what the clause is about stands in another one."""
_SETTING = regex(
    r"(?i)(?:in|at|on|for|during|among|outside|compared|since|over|within|across|as|with|by|after|before|from|throughout|excluding|"
    r"although|though|while|despite|unlike|because|if|when|according|looking|through|to|aside|apart|besides|given|overall)\b"
)
"""Opens a sentence whose every clause it may hold for."""
_OPENS_PART = regex(r"(?i)(?:although|though|while|if|when|because|since|as|despite|unlike)\b")
_SAYS_FOR_ALL = regex(
    r"(?i)\b(?:expect\w*|anticipat\w*|forecast\w*|project\w*|plan\w*|hope\w*|fear\w*|predict\w*|if|would|could|may|might|should|believe\w*|"
    r"worr\w+|concern\w*|likely|some|several|few|one|another|not|no|never)\b"
)
"""In the clause before: it may hold for the one behind."""


def excerpted(candidate: Candidate, *, vocabulary: Vocabulary) -> Iterator[Candidate]:
    """The parts of a sentence that may be quoted alone and name a metric, each citing the whole sentence."""
    for text in excerpts(candidate.text):
        mentions = tuple(vocabulary.named(text))
        if mentions:
            yield replace(
                candidate,
                text=text,
                numbers=find_numbers(text),
                periods=find_periods(text, published=candidate.source.published),
                mentions=mentions,
                standing=min(candidate.standing, standing(text.removeprefix(f"{CUT} "), owned=True)),
                shingles=shingles(content_stems(text)),
            )


@remembered(16_384)
def excerpts(text: str) -> tuple[str, ...]:
    """The parts of a sentence that may be quoted alone, with their ellipses; empty for a sentence that has none."""
    return tuple(dict.fromkeys(_excerpts(text)))


def _excerpts(text: str) -> Iterator[str]:
    for joint in _CLAUSES.finditer(text):
        head, tail = text[: joint.start()], text[joint.end() :]
        if not (_is_clause(_last(head)) and _is_own(tail)) or _is_short(head) or _is_short(tail):
            continue
        if "while" in joint[0] and set(content_stems(head)) & set(content_stems(tail)):
            continue
        if _TURNS.search(tail) is None and _opens_whole(head):
            yield f"{head} {CUT}"
        if not (_TURNS.search(head) or _SETTING.match(text) or _SAYS_FOR_ALL.search(head)):
            yield f"{CUT} {tail}"
    for joint in _ADDED.finditer(text):
        head, tail = text[: joint.start()], text[joint.end() :]
        is_whole = _is_clause(head) and _opens_whole(head) and not _is_short(head)
        if is_whole and len(words(tail)) >= _LEAST_LEFT_OUT and not (_TURNS.search(tail) or _goes_on(tail)):
            yield f"{head} {CUT}"


def _opens_whole(head: str) -> bool:
    """False for a part that opens with "although" or the like and ends before the sentence's own clause."""
    return _OPENS_PART.match(head) is None and not head.endswith((" and", " or", " that")) and head.count("(") == head.count(")")


def _goes_on(tail: str) -> bool:
    """True where the clause goes on behind what was only put into it: "cars, including hybrids, are doing well"."""
    _, comma, behind = tail.partition(", ")
    return bool(comma) and (_FINITE.search(behind) is not None or behind.startswith("to "))


def _last(head: str) -> str:
    """What stands behind the last comma; the last item of a list has no verb."""
    return head.rpartition(", ")[2]


def _is_clause(text: str) -> bool:
    """Whether a text begins with a subject of its own and has a verb behind it."""
    verb = _FINITE.search(text)
    return verb is not None and verb.start() > 0 and _NO_SUBJECT.match(text) is None


def _is_own(text: str) -> bool:
    """Whether a text that stood behind another clause is one, nothing put in between its subject and verb."""
    verb = _FINITE.search(text)
    return verb is not None and _is_clause(text) and ", " not in text[: verb.start()]


def _is_short(text: str) -> bool:
    return len(words(text)) < _FEWEST_WORDS
