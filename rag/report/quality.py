"""Which sentences may stand in a report: complete, of readable length, and not furniture, questions or orders to a machine."""

import re

from rag.patterns import regex
from rag.remembered import remembered
from rag.report.brief import is_brief_statement
from rag.text import STOPWORDS, words

FEWEST_CONTENT_WORDS = 5
MOST_WORDS = 60

_INSTRUCTION = regex(
    r"(?i)\b(?:"
    r"(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|preceding|all|any|other|your|system|foregoing)\b.{0,30}"
    r"\b(?:instruction|instructions|prompt|prompts|direction|directions|rules|guidelines|commands|text|content|context)"
    r"|(?:system|developer|hidden|secret)[\s_](?:prompt|note|message|instruction|override)s?\b"
    r"|you\sare\s(?:now\s)?(?:an?\s)?(?:ai|llm|chatbot|language\smodel|assistant|dan)\b"
    r"|(?:ai|llm|language)[\s-](?:model|assistant|agent|system)s?\s(?:reading|processing|summari[sz]ing|must|should|are\sinstructed|is\sinstructed)"
    r"|(?:as|when)\san?\s(?:ai|llm|language\smodel|assistant)(?:\s(?:language\smodel|model|assistant|agent|system))?(?:,|\s(?:you|your|i|we|must|should)\b)"
    r"|(?:if|when)\syou\sare\s(?:an?\s)?(?:ai|llm|language\smodel|automated|machine)s?\b"
    r"|(?:attention|note\sto|message\sto|instructions?\s(?:to|for))\s(?:the\s)?(?:ai|llm|llms|model|assistant|chatbot|summari[sz]er|language\smodel)s?\b"
    r"|do\snot\s(?:mention|reveal|disclose|tell)\b.{0,30}\b(?:user|instruction|prompt|reader|this\snote)"
    r"|(?:respond|reply|answer)\s(?:only\s)?(?:with|by)\b.{0,40}[\"'“:]"
    r"|(?:print|output|say|repeat|write|append|insert|state)\s(?:only\s)?(?:exactly\s|the\s(?:exact\s)?(?:following|phrase|words?|sentence|text|string)\b)"
    r"|include\s(?:only\s)?(?:exactly\s|the\s(?:exact\s|following\s)?(?:phrase|words?|sentence|text|string)\b)"
    r"|(?:^|[.!?;:,]\s|\b(?:please|must|should|always|also|and|then)\s)include\sthe\s(?:exact\s)?following\b"
    r"|(?:stop|instead)\b.{0,30}\band\s(?:print|output|say|write|respond)\b"
    r"|new\s(?:instructions?|task)\s*:"
    r"|(?:if|when)\s(?:the\s|a\s)?users?\sasks?\b|(?:i\swant|you\sare\sto|you\smust)\b.{0,12}\bignore\b|disregard\sall\b"
    r"|(?:reply|respond|answer)\swith\s(?:only|nothing)\b"
    r"|(?:say|print|output|write|reply|respond|answer|return|repeat)\b.{0,80}\b(?:absolutely\s)?nothing\selse\b"
    r"|(?:from\snow\son|henceforth)\b.{0,20}\byou\b"
    r")|<\|?/?(?:im_start|im_end|system|endoftext|information)\|?>|\[/?INST\]|^\s*(?:system|assistant|user|human)\s*:"
)
_TRIGGERS = frozenset(
    (
        b"ignore disregard forget override bypass system developer hidden secret ai ais llm llms chatbot chatbots language assistant "
        b"assistants dan automated machine machines model models summarizer summarizers summariser summarisers mention reveal disclose "
        b"tell respond reply answer print output say repeat write append insert state include instruction instructions task user users "
        b"human nothing now henceforth inst"
    ).split()
)
"""Each way to match _INSTRUCTION has one of these words, or "<": looking for them costs an eighth of the expression, which nineteen of
twenty sentences are spared."""
_WORDS_ONLY = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)) + b" " * 128
"""Every ASCII letter as a small one, every other character as blanks."""
_UNSEEN = regex("[\u00ad\u034f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f]")
"""Characters that take no room: soft hyphens, joiners, marks of direction."""
_ORDER = regex(
    r"(?i)^(?:please|click|see|visit|contact|subscribe|download|read|refer|note that you|say|state|write|include|print|output|return|reply|"
    r"respond|answer|call|email|e-mail|send|follow|remember|consider|imagine|add|ensure|make sure|do not|don[’']t|never|always|tell|ask|"
    r"point out|mention|describe|summari[sz]e|translate|beware|expect|take|treat|use|let)\b"
)
_FURNITURE = regex(
    r"(?i)(?:©|\bcopyright\b|all rights reserved|not (?:constitute )?(?:investment|financial|legal) advice|forward[- ]looking statements?|"
    r"\bdisclaimers?\b|terms (?:of use|and conditions)|privacy policy|\bcookies?\b|table of contents|this page (?:is )?intentionally|"
    r"\bpage \d+ of \d+|https?://|www\.|\S+@\S+\.\w|for (?:further|more) information|confidential(?:ity)? notice|unsubscribe|"
    r"past performance|\b(?:will be|is due to be) (?:released|published|issued)\b|"
    r"was prepared (?:at|by) the federal reserve|^(?:figure|table|chart|exhibit|source|note|notes)\b\s*[\d:.])"
)
_DANGLING = regex(
    r"^(?:This|These|That|Those|They|It|Its|Their|He|She|His|Her|Such|Both|Neither|Either|Others?|Another|Two of them|One of them|"
    r"All of them|None of them|So|Then|There (?:it|they)|Here|Thus|Hence|The (?:former|latter|same|rest|remainder|other|others|balance)|"
    r"Nor|Or|And|But|Yet|Also|Too|Instead|Similarly|Likewise|Conversely|Elsewhere|Otherwise|Nevertheless|Nonetheless|Meanwhile)\b"
)
_FIRST_PERSON = regex(r"\b(?:I|I’m|I'm|I’d|I’ve|I've|my|My|me|you|You|your|Your)\b")
_SELF = regex(
    r"^(?:This|The) (?:note|release|report|edition|document|survey|page|section|chapter|letter|presentation|memo|table|figures? below)\b|"
    r"^(?:Note|Edition|Reference|Document|Release|Survey|Transcript|Presentation)\b [A-Z\d]|\b[A-Z]{2,}[-/][A-Z\d/-]*\d[A-Z\d/-]*\b"
)
_DEFINITION = regex(r"[A-Z][\w’' -]{1,40}:\s|By [\w ]+ we mean\b")
_UNNAMED = regex(
    r"^(?:The|Its|Their) (?:company|firm|group|board|maker|manufacturer|utility|bank|works|plant|operator|retailer|supplier|agency)\b|"
    r"^(?:During|In|At|On|For|By|After|Before|Since|Last|This|Over)\b[^,.;]{0,40},?\s(?:it|they|he|she)\s"
)
"""A subject that only the document around it makes clear."""
_LEANS_INSIDE = regex(
    r"(?i)\b(?:that point|(?:above|below|beyond|with|without|by|of) (?:it|them)\b|about the same|here\b|the two definitions|"
    r"this (?:gap|figure|number))"
)
_METHOD = regex(
    r"(?i)^(?:our|the) (?:target|forecast|valuation|model|method|sample|census|survey|definition|assumption)s?\b[^.;]{0,25}?"
    r"\b(?:is|are|assumes?|rests?|uses?|covers?|includes?|excludes?)\b|^we (?:assume|define|measure|count|include|exclude|use|place)\b|"
    r"\b(?:imputed|methodology|for the purposes of|is defined as|are defined as|by definition)\b|"
    r"^(?:an?|the) [\w -]{3,40} (?:is|are|means|refers to|stands for) (?:an?|the|one) [\w -]{3,60} (?:that|which|in which|between|used)\b"
)
_HYPOTHETICAL = regex(r"(?i)\b(?:would|could have|might)\b")
_SUPPOSES = regex(r"\b(?:would|could|might|if|unless|were to)\b|\b(?:a|any) return (?:of [\w\s'’-]{1,40} )?to\b", re.IGNORECASE)
_NEW_CLAUSE = regex(r"[;:–—]|,\s(?:and|but|while|whereas|although|though|which|who|as|since|because|so)\b")
_REFUTED = regex(
    r"(?i)\b(?:den(?:y|ies|ied|ying) (?:that|having|any|it)|wrongly|falsely|incorrectly|mistakenly|erroneously|untrue|(?:not|never) true|"
    r"no truth in|unfounded|rumou?r(?:s|ed)?|alleged(?:ly)?|alleges?|purported(?:ly)?|supposedly|refut(?:e|es|ed|ing)|debunk\w*|disproved|"
    r"(?:critics|detractors|sceptics|skeptics|opponents) (?:\w+ )?(?:claim|say|argue|allege|maintain)(?:s|ed)?|"
    r"(?:dismiss|reject|contradict|den)(?:s|y|ed|es|ies|ied|ying|ing)? (?:(?:the|these|such) )?"
    r"(?:claims?|reports?|rumou?rs?|allegations?|suggestions?|idea))\b"
)
"""What a source denies, doubts or puts into another's mouth to refute is no finding."""
_VERB = regex(
    r"(?i)\b(?:is|are|was|were|be|been|has|have|had|will|would|can|could|may|might|must|should|shall|do|does|did|\w{3,}ed|rose|fell|grew|"
    r"came|went|made|saw|took|gave|held|kept|led|lost|met|paid|put|ran|said|sold|spent|stood|won|built|bought|cut|set|hit|cost|costs|"
    r"remains?|continues?|expects?|reports?|shows?|says?|makes?|takes?|gives?|holds?|leads?|needs?|wants?|plans?|sets?|lies|pays?|uses?|"
    r"rises?|falls?|grows?|means|rests?|depends?|covers?|counts?|becomes?|became|began|brought|drew|drove|left|lent|shrank|sank|slid|"
    r"anticipates?|calls?|indicates?|cites?|notes?|sees?|finds?|feels?|believes?|describes?|suggests?|mentions?|attribute|point|"
    r"lengthens?|adds?|helps?|hurts?|comes?|stands?|works?|runs?|returns?|accounts?|employs?|lists?|retains?|loses?|wins?|[a-z]{3,}(?:es|s))\b"
)
_HEADLESS = regex(
    r"(?:For|In|During) the (?:(?:fiscal|full|calendar|first|second|third|fourth|\w+ months?) )?(?:year|quarter|half|period|month)s?"
    r"(?: (?:ended|ending|of) (?:[A-Z]\w+ )?\d{1,4}(?:, \d{4})?| \d{4})? (?:was|were|is|are) "
)
"""A sentence whose subject a table or a page break has taken: "For the fiscal year 2023 was a decrease of $91 million"."""
_ONLY_A_TIME = regex(r"(?:For|In|During) the [\w -]{2,40} (?:ended|ending) (?:on )?(?:\d{1,2} )?[A-Z]\w+ (?:\d{1,2}, )?\d{4}[.:]$")
"""What stands above figures: "For the quarter ended 31 March 2026."."""
_NO_VERB = regex(r"\([^()]*\)|\b[A-Z][\w’'-]*")
"""Where no verb of a sentence stands: in brackets, and in names ("United States", "Accounts Receivable")."""
_CITED_WORK = regex(
    r"\(PDF\)|\b(?:vol|pp)\.\s?\d|\(\s?[A-Z][\w .]+:\s[^()]{3,80}\b\d{4}\)|\b(?:Working|Discussion|Staff) Papers?\b[^.]*\b(?:no\.|\d{4})"
)
"""An entry of a list of references."""
_LEAD_IN = regex(
    r"(?:(?:However|Moreover|Furthermore|In addition|Additionally|Indeed|Accordingly|Therefore|Consequently|As a result|Overall|In fact|"
    r"Meanwhile|Nevertheless|Nonetheless|Conversely|Likewise|Similarly|By contrast|In contrast|Still|Also),\s+"
    r"|[A-Z][A-Z .’'-]{2,30}(?:, \d{1,2} \w+)?(?: \([\w ]+\))? [-–—] (?=[A-Z])"
    r"|(?:[A-Z][\w&.’'-]*(?:\s(?:of|for|the|and|&|[A-Z][\w&.’'-]*)){0,6},\s)?\d{1,2}\s(?:January|February|March|April|May|June|July|August|"
    r"September|October|November|December)\s(?:19|20)\d\d\s(?=[A-Z])"
    r"|(?:[-–—*•·]|\(\w\)|\d{1,2}[.)]|\[\d{1,3}\])\s+|[¹²³⁴⁵⁶⁷⁸⁹⁰†‡]+\s*|>\s*"
    r"|\d{1,2}\s+(?=(?:The|A|An|This|These|That|Those|There|It|Its|They|We|Our|In|On|At|By|As|For|From|To|Of|With|When|While|Although|Though|"
    r"Since|Because|If|And|But|Or|So|Also|More|Most|Many|Some|Such|Recent|Overall|However|Moreover|And)\b))+"
)


def is_instruction(text: str) -> bool:
    """True for text that gives orders to a machine: "ignore previous instructions" and its kin, however its lines end."""
    seen = text if text.isascii() else _UNSEEN.sub("", text).casefold()
    if _TRIGGERS.isdisjoint(seen.encode(errors="replace").translate(_WORDS_ONLY).split()) and "<" not in seen:
        return False
    return _INSTRUCTION.search(" ".join(seen.split())) is not None


def lead_in(text: str) -> int:
    """Characters at the start that only join the sentence to what stood before: "However, ", "- ", a footnote's mark, a byline."""
    match = _LEAD_IN.match(text)
    return match.end() if match else 0


@remembered(16_384)
def fault(text: str) -> str:
    """Why a sentence cannot be evidence, in one word; empty when it can."""
    if not (text[:1].isupper() or text[:1].isdigit() or text[:1] in "€$£“\"'‘("):
        return "start"
    stripped = text.rstrip("\"'”’)] ")
    if not stripped.endswith((".", "!", "…", "。")) or stripped.endswith("?"):
        return "end"
    if not is_of_length(text):
        return "length"
    if _HEADLESS.match(text) or _ONLY_A_TIME.match(text):
        return "subject"
    if not _VERB.search(_NO_VERB.sub(" ", text)):
        return "verb"
    if "?" in text or _ORDER.match(text) or is_instruction(text):
        return "order"
    if _REFUTED.search(text):
        return "refuted"
    if is_furniture(text):
        return "furniture"
    letters = [c for c in text if c.isalpha()]
    return "capitals" if sum(c.isupper() for c in letters) > 0.4 * len(letters) else ""


def is_furniture(text: str) -> bool:
    """True for notices, entries of lists of references and halves of brackets."""
    return _FURNITURE.search(text) is not None or _CITED_WORK.search(text) is not None or _unbalanced(text)


def is_of_length(text: str) -> bool:
    """Whether a sentence is long enough to carry a statement, or carries one though it is short, and short enough to be one."""
    found = words(text)
    content = sum(word.lower() not in STOPWORDS for word in found)
    return len(found) <= MOST_WORDS and (content >= FEWEST_CONTENT_WORDS or is_brief_statement(text))


def supposes(text: str, *, at: int) -> bool:
    """True when the clause that holds the offset says what would be and not what is: "a return to EUR 20 would lengthen payback"."""
    breaks = [match.start() for match in _NEW_CLAUSE.finditer(text)]
    first = max((place for place in breaks if place <= at), default=0)
    last = min((place for place in breaks if place > at), default=len(text))
    return _SUPPOSES.search(text[first:last]) is not None


def _unbalanced(text: str) -> bool:
    return text.count("(") != text.count(")") or text.count("“") != text.count("”")


@remembered(16_384)
def standing(text: str, *, owned: bool = False) -> float:
    """How well a sentence stands alone, 0 to 1: less when it leans on the one before, speaks of itself, in the first person, of what
    would be, or of method. ``owned``: the document is its subject's own, so that "the company" is clear."""
    score = 1.0
    if _UNNAMED.search(text):
        score -= 0.1 if owned else 0.5
    if _LEANS_INSIDE.search(text) or _HYPOTHETICAL.search(text):
        score -= 0.4
    if _METHOD.search(text):
        score -= 0.5
    if _DANGLING.match(text):
        score -= 0.5
    if _SELF.search(text) or _DEFINITION.match(text):
        score -= 0.5
    if _FIRST_PERSON.search(text) or text[:1] in "“\"‘'":
        score -= 0.4
    if re.match(r"(?:We|Our)\b", text):
        score -= 0.1
    count = len(words(text))
    return max(0.0, score - (0.15 if count < 8 or count > 40 else 0.0))
