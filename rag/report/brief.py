"""Short sentences that are whole statements: "The facility matures in June 2031." Headings, labels and lines without a verb are none.

A sentence of fewer than five content words is one when it has a subject, a verb that cannot be read as a noun or a participle, something
said behind that verb, and a figure, a date or a name that is not its first word.
"""

from rag.numbers import find_numbers, find_periods
from rag.patterns import regex
from rag.text import STOPWORDS, words

FEWEST_CONTENT_WORDS = 3
_FINITE = regex(
    r"\b(?:is|are|was|were|has|have|had|will|"
    r"rose|fell|grew|came|went|began|became|shrank|sank|slid|won|ran|stood|lay|chose|saw|gave|took|hired|"
    r"(?:declined|increased|decreased|dropped|climbed|improved|expired|matured|opened|closed|ended|started|remained|averaged|totall?ed|reached|"
    r"exceeded|lasted|arrived|resigned|retired|merged|doubled|halved|slipped|jumped|surged|"
    r"slowed|weakened|strengthened|softened|eased|tightened|recovered|rebounded|worsened|expanded|contracted|advanced|accelerated|moderated)"
    r"(?=\s(?:by|to|in|at|from|on|of|with|about|nearly|"
    r"almost|over|slightly|sharply|modestly|again|[\d€$£]|EUR|USD|GBP))|"
    r"matures?|expires?|employs?|begins?|sells?|pays?|owns?|operates?|serves?|bears?|accrues?|remains?|continues?|grows?|expects?|includes?|exceeds?|"
    r"equals?|lasts?|takes?|leads?|buys?|produces?|makes?|gives?|comes?|becomes?|requires?|provides?|contains?|consists?|belongs?|"
    r"wins?|loses?|says?|believes?|sees?|hires?)\b"
)
"""Verbs in forms that stand for nothing else, as far as they go: not "reports", which may be some, nor "held", which may be by somebody."""
_NO_SUBJECT = regex(
    r"^(?:It|Its|They|Their|He|She|His|Her|This|That|These|Those|There|Such|Both|Neither|Either|Others?|Another|Some|Most|Many|Few|Several|"
    r"All|None|Each|One|Two|Three|Here|So|Then|And|But|Or|Yet|Also|Who|Which|What|Where|When|If|As|Since|Because|While|Although|Though|Not|"
    r"I|You|My|Your|Yes|No|Exhibit|Note|Notes|Item|Section|Page|Table|Figure|Part|Schedule|Chart|Appendix|Annex|Article|Chapter)\b"
)
"""What points elsewhere, or is no subject, at the start."""
_TO_A_SUBJECT = regex(r"\b(?:that|which|who|whose|when|where|if|whether)\b|\b(?:to|as)\s$|[:;–—()]")
"""Before the verb: it is another clause's, or no one clause goes on."""
_LEANS = regex(r"(?i)\b(?:above|below|herein|hereof|hereby|thereof|respectively|following|aforementioned|exhibits?|notes? \d+|page|see)\b")
_POINTS = regex(r"\b(?:it|they|he|she|this|these|those|code|telephone|phone|fax|password)\b")
"""In a subject: somebody that stands elsewhere, or a thing whose number tells nothing."""
_RUN_IN = regex(r"^(?P<first>[A-Z][\w-]+)\s(?:The|An?|Our|We|In|At|On|For|Most|Some|All|Total|(?P=first))\s")
"""A heading that has run into its first sentence."""
_FIRST = regex(r"(?:[A-Z][\w&’'.-]*\s?)+")
_NAME = regex(r"\b[A-Z][\w&’'-]*[a-z]")
_TIME_WORDS = frozenset(
    "in on at by for of the during since until january february march april may june july august september october november december year "
    "years quarter quarters month months ended ending fiscal first second third fourth".split()
)


def is_brief_statement(text: str) -> bool:
    """Whether a short sentence says something whole: see the module."""
    content = [word for word in words(text) if word.lower() not in STOPWORDS]
    verb, opens = _FINITE.search(text), _FIRST.match(text)
    if len(content) < FEWEST_CONTENT_WORDS or verb is None or opens is None:
        return False
    subject, behind = text[: verb.start()], text[verb.end() :]
    if _NO_SUBJECT.match(text) or _RUN_IN.match(text) or _LEANS.search(text) or _TO_A_SUBJECT.search(subject) or _POINTS.search(subject):
        return False
    named = {word.lower() for word in words(subject)} - STOPWORDS - _TIME_WORDS
    if all(word[0].isdigit() for word in named) or all(word.lower() in STOPWORDS for word in words(behind)):
        return False
    figures = any(number.kind != "year" for number in find_numbers(text))
    return figures or bool(find_periods(text)) or _NAME.search(text, opens.end()) is not None
