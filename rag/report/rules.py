"""The gates as rules: a stable id, a name, and what to do about a failure. What `rag check` prints, and what JUnit and SARIF carry."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One gate, for a reader who does not know the program."""

    id: str
    """"B1" to "B20"; never given to another rule."""
    name: str
    holds: str
    """When it holds, as the README's table says."""
    help: str
    """What a failure means and what to do."""


_TABLE = (
    ("B1", "cited", "each sentence has evidence", "A sentence cites nothing. Cite the passage that says it, or take it out."),
    (
        "B2",
        "resolves",
        "each id, document, page and anchor exists",
        "Something is named that is not there, or is described otherwise than it describes itself. Name a source that exists.",
    ),
    (
        "B3",
        "quote on page",
        "each quote stands on its page, word for word, digit for digit",
        "The quote is not on the page that is named. Copy it again from the document, with its page.",
    ),
    (
        "B4",
        "numbers",
        "each number is in the quote it cites, or is recomputed from numbers that are",
        "A number is not in the passage cited for it. Compare with the source; a digit, a sign or a unit differs.",
    ),
    (
        "B5",
        "support",
        "the words of a sentence are the words of its quotes",
        "Most of what the sentence says is not in its quotes. Cite the passage that says it, or say less.",
    ),
    (
        "B6",
        "verbatim",
        "a quoted sentence, or part of one, is inside the quote",
        "Words in quotation marks are not the source's. Quote exactly.",
    ),
    ("B7", "polarity", 'no "not" is lost or gained', "One of sentence and source denies what the other says. Read both again."),
    (
        "B8",
        "quote size",
        "a quote has 5 content words to 60 words, or is a short statement with a figure, date or name",
        "The quote is too short to carry a statement, or too long to be one.",
    ),
    ("B9", "no repeats", "nothing is said twice", "An earlier sentence says nearly the same with the same figures. Keep one."),
    ("B10", "anchor reuse", "one quote carries at most three sentences", "One passage is made to carry too much. Cite further passages."),
    (
        "B11",
        "diversity",
        "no document carries more than 40 % of the report, where five or more could; a paper of the company that it is on may",
        "The report leans on one document. Use others, or say so.",
    ),
    (
        "B12",
        "counts",
        "every printed count, verdict, id and comparison is computed again",
        "The report is not as it was written, or its counts are wrong. Write it again.",
    ),
    ("B13", "direction", "arrows and direction words follow from the figures", "The figures go another way than the report says."),
    ("B14", "confidence", "confidence is computed again from its inputs", "The word does not follow from sources, agreement and age."),
    (
        "B15",
        "contradictions",
        "every disagreement among figures is shown; replaced figures are not printed as current",
        "Sources disagree and the report hides it, or prints a figure that was replaced.",
    ),
    ("B16", "direction words", "direction words of a paraphrase are its quotes' own", "The paraphrase rises where its source does not."),
    ("B17", "novel run", "a paraphrase has no run of words that no quote has", "The paraphrase adds something. Cite it or take it out."),
    ("B18", "period", "a sentence's period is its evidence's period", "The source speaks of another time."),
    (
        "B19",
        "no machine chatter",
        "no machine chatter, placeholder or template syntax",
        "A machine or a template left something behind. Take it out.",
    ),
    (
        "B20",
        "uncertainty",
        "likelihood in the published scale's words only, and never with confidence in one sentence",
        "Use the scale's words: almost no chance, very unlikely, unlikely, roughly even chance, likely, very likely, almost certain.",
    ),
)
RULES: dict[str, Rule] = {row[0]: Rule(id=row[0], name=row[1], holds=row[2], help=row[3]) for row in _TABLE}
"""By id, in order."""
