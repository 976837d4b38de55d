"""Questions made from the library's own documents: from their headings and their numbers.

They are easier than what people ask, since their words come from the passage they ask for; so that they are no copy of it, numbers are
left out and so are half of the sentence's words. A table's questions name its document: others may have the same line.
Same library, count and seed: same questions.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import takewhile, zip_longest

from rag.evaluate.questions import Gold, Question
from rag.numbers import find_numbers, find_periods
from rag.patterns import regex
from rag.record import Record
from rag.text import STOPWORDS, sentences, words
from rag.types import Block, Cell, Document, Source

LEAST_WORDS, MOST_WORDS = 6, 60
"""Of a sentence that is asked for: shorter ones say too little, longer ones are tables run together."""
FROM_HEADING = 2
"""Words of the section that go with its heading: "Outlook" alone stands in every document."""
_NAMES_A_THING = regex(r"[^\W\d_]{3,}")


def generate(record: Record, *, count: int, seed: int) -> list[Question]:
    """At most ``count``, in turns over the documents by path, so that each has some; fewer where the documents hold too little."""
    sources = record.sources()
    by_document = [_of_document(source, record.document(source.document), seed=seed) for source in sources]
    in_turns = (question for turn in zip_longest(*by_document) for question in turn if question is not None)
    chosen: dict[str, Question] = {}
    for question in in_turns:
        if len(chosen) == count:
            break
        chosen.setdefault(question.question, question)
    return list(chosen.values())


def _of_document(source: Source, document: Document, *, seed: int) -> list[Question]:
    draw = random.Random(f"{seed} {source.document}")
    numbers = [*_from_sentences(source, document, draw=draw), *_from_tables(source, document)]
    headings = list(_from_headings(source, document, draw=draw))
    draw.shuffle(numbers)
    draw.shuffle(headings)
    return [question for pair in zip_longest(numbers, headings) for question in pair if question is not None]


def _from_sentences(source: Source, document: Document, *, draw: random.Random) -> Iterator[Question]:
    """Which figure goes with half of the words of a sentence that holds one."""
    for block in _prose(document):
        for start, end in sentences(document.text[block.start : block.end]):
            sentence = document.text[block.start + start : block.start + end]
            telling = _telling(sentence)
            if LEAST_WORDS <= len(telling) <= MOST_WORDS and _holds_a_figure(sentence):
                asked = _some(telling, count=(len(telling) + 1) // 2, draw=draw)
                yield _question(f"What is the figure for {_listed(asked)}?", source, document, block.start + start, block.start + end)


def _from_headings(source: Source, document: Document, *, draw: random.Random) -> Iterator[Question]:
    """What a heading's section says of some of its first sentence's words that are not in the heading."""
    for heading, block in zip(document.blocks, document.blocks[1:], strict=False):
        if heading.kind != "heading" or block.kind not in ("paragraph", "list"):
            continue
        title = " ".join(document.text[heading.start : heading.end].split())
        first = sentences(document.text[block.start : block.end])[:1]
        for start, end in first:
            sentence = document.text[block.start + start : block.start + end]
            telling = [word for word in _telling(sentence) if word.lower() not in title.lower()]
            if _telling(title) and len(telling) >= LEAST_WORDS:
                asked = _some(telling, count=FROM_HEADING, draw=draw)
                yield _question(f"{title}: what about {_listed(asked)}?", source, document, block.start + start, block.start + end)


def _from_tables(source: Source, document: Document) -> Iterator[Question]:
    """The cell where a labelled row meets a labelled column."""
    for block in document.blocks:
        heads = {cell.column: _text(document, cell) for cell in block.cells if cell.header}
        rows: dict[int, list[Cell]] = {}
        for cell in block.cells:
            if not cell.header:
                rows.setdefault(cell.row, []).append(cell)
        for cells in rows.values():
            labels = list(takewhile(lambda cell: _is_label(_text(document, cell)), cells))
            label = ", ".join(_text(document, cell) for cell in labels)
            for cell in cells[len(labels) :] if labels else ():
                if heads.get(cell.column) and find_numbers(_text(document, cell)):
                    yield _question(f"{source.title}: {label}: {heads[cell.column]}?", source, document, cells[0].start, cells[-1].end)


def _holds_a_figure(text: str) -> bool:
    """A year is none."""
    return any(number.kind != "year" for number in find_numbers(text))


def _is_label(text: str) -> bool:
    """It has letters and is no amount: "2024 H1" is a label, "12.5 GWh" is not."""
    amount = text[:1].isdigit() and find_numbers(text) and not find_periods(text)
    return any(character.isalpha() for character in text) and not amount


def _prose(document: Document) -> list[Block]:
    return [block for block in document.blocks if block.kind in ("paragraph", "list")]


def _question(text: str, source: Source, document: Document, start: int, end: int) -> Question:
    page = next(page.number for page in reversed(document.pages) if page.start <= start)
    return Question(question=text, gold=(Gold(document=source.path, page=page, quote=document.text[start:end]),))


def _telling(text: str) -> list[str]:
    """Different words that name things, as printed, in order: no figures, no stop words."""
    found = [word for word in words(text) if word.lower() not in STOPWORDS and _NAMES_A_THING.fullmatch(word)]
    return list({word.lower(): word for word in reversed(found)}.values())[::-1]


def _some(telling: Sequence[str], *, count: int, draw: random.Random) -> list[str]:
    """So many of them, in their order."""
    return [telling[at] for at in sorted(draw.sample(range(len(telling)), count))]


def _listed(asked: Sequence[str]) -> str:
    return f"{', '.join(asked[:-1])} and {asked[-1]}" if len(asked) > 1 else asked[0]


def _text(document: Document, cell: Cell) -> str:
    return " ".join(document.text[cell.start : cell.end].split())
