"""Questions that ask for a financial statement without naming it, and the pages that print one."""

from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.statements import FILE, LEAST, asked_for, plain, share, statements
from rag.types import Scope
from tests.fakes import HashingEmbedder
from tests.libraries import add, opened

BALANCE = """Consolidated Balance Sheets

Cash and cash equivalents 12 11
Trade receivables, net 30 28
Inventories 14 15
Total current assets 60 58
Goodwill 9 9
Property, plant, and equipment, net 80 78
Total assets 160 155

Trade payables 21 20
Accrued employee costs 4 4
Total current liabilities 33 30
Long-term debt 50 52
Total liabilities 90 89

Ordinary shares 1 1
Additional paid-in capital 20 20
Retained earnings 49 45
Accumulated other comprehensive loss (3) (3)
Total liabilities and shareholders' equity 160 155
"""
TALK = "Halvex keeps a quick eye on the ratio of orders to deliveries, and analysts improved their view of the ratio."


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("Has the quick ratio of Halvex improved?", ["balance_sheet"]),
        ("What was FY2024 capex?", ["cash_flow_statement"]),
        ("What is the P&L's gross margin for 2024?", ["income_statement"]),
        ("What are the days payable outstanding?", ["income_statement", "balance_sheet"]),
        ("Who runs Halvex?", []),
        ("Is the capexia plant open?", []),
    ],
)
def test_a_figure_or_ratio_asks_for_the_statements_that_print_it(question: str, ids: list[str]) -> None:
    """By whole words, whatever their case and plurals."""
    assert [statement.id for statement in asked_for(question, statements())] == ids


def test_a_page_prints_a_statement_whose_lines_it_has() -> None:
    """A balance sheet is one, and not the others; a page of prose about ratios is none."""
    income, balance, cash = statements()
    assert share(balance, plain(BALANCE)) > 0.9
    assert max(share(income, plain(BALANCE)), share(cash, plain(BALANCE))) < LEAST
    assert max(share(statement, plain(TALK)) for statement in statements()) < LEAST


def test_search_finds_the_statement_that_a_ratio_is_worked_out_from(tmp_path: Path) -> None:
    """Though it has none of the question's words; each passage of its page says why. Out of scope it is not found."""
    embedder = HashingEmbedder(dimensions=256)
    texts = {"accounts.txt": BALANCE} | {f"talk-{at}.txt": f"{TALK} Note {at}." for at in range(12)}
    add(tmp_path, texts, embedder=embedder, budget=64)
    with opened(tmp_path, embedder=embedder) as retrieval:
        question = "Has the quick ratio improved?"
        without = retrieval.find(question, k=30).passages
        retrieval = replace(retrieval, statements=statements())
        found = retrieval.find(question, k=30).passages
        others = tuple(source.document for source in retrieval.record.sources() if "talk" in source.path)
        elsewhere = retrieval.find(question, k=30, scope=Scope(documents=others)).passages
    printed = [passage for passage in found if passage.source.path == "docs/accounts.txt"]
    scores = {passage.chunk.id: passage.score for passage in without}
    assert printed
    for passage in printed:
        assert [hit.score > 0.9 for hit in passage.hits if hit.by == "statement"] == [True]
        assert passage.score > scores.get(passage.chunk.id, 0) + 0.3
    assert all("talk" in passage.source.path for passage in elsewhere)


def test_a_named_document_s_statement_is_found_among_many(tmp_path: Path) -> None:
    """Where the question names documents, only their pages are looked at."""
    embedder = HashingEmbedder(dimensions=256)
    add(
        tmp_path,
        {f"{name}_2024.txt": BALANCE.replace("12 11", f"{at} 11") for at, name in enumerate(("HALVEX", "KORDWELL"))},
        embedder=embedder,
    )
    with opened(tmp_path, embedder=embedder) as retrieval:
        passages = replace(retrieval, statements=statements()).find("What is the quick ratio of Kordwell?", k=20).passages
    assert {passage.source.path for passage in passages if any(hit.by == "statement" for hit in passage.hits)} == {"docs/KORDWELL_2024.txt"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("statements = 3", "statements"),
        ("[[statements]]\nid = 'x'", "'title' is missing"),
        ("[[statements]]\nid = 'x'\ntitle = 'X'\nasked = ['x']\nlines = []", "lines is empty"),
        ("[[", "cannot be read as TOML"),
    ],
)
def test_a_workspace_s_own_file_wins_and_is_read_strictly(tmp_path: Path, text: str, says: str) -> None:
    """The error names the file and what is wrong."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=says) as error:
        statements(workspace=tmp_path)
    assert f"prompts/{FILE}" in str(error.value)
