"""Sentences of fewer than five content words: statements are quoted, headings and lines without a verb are not."""

import pytest

from rag.report.quality import fault


@pytest.mark.parametrize(
    "sentence",
    [
        "The facility matures in June 2031.",
        "The lease expires in December 2018.",
        "Mortgage rates rose in June.",
        "Retail sales slowed in July.",
        "Sales to Asia have slowed.",
        "Gasoline inventories were up 6 percent.",
        "The final amount is $868.4 million.",
        "The company employs 300 people.",
        "Halvex owns Tindral Cells.",
        "The unemployment rate is at a 50-year low.",
    ],
)
def test_a_short_statement_may_be_quoted(sentence: str) -> None:
    """With its subject, its verb, and a figure, a date or a name."""
    assert fault(sentence) == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "Conditions were mixed.",  # no figure, date or name
        "Agriculture Agriculture was mixed.",
        "Tourism Tourism weakened in December.",
        "Prices Price reports were mixed.",  # a heading that ran into its sentence
        "Retail The outlook was mixed in May.",
        "Quarterly results in June 2031.",  # no verb
        "Options granted in 2019.",
        "Dividends paid in March 2020.",
        "Shares held in May 2020.",
        "Annual reports for 2031.",
        "Total costs 2020.",
        "Leases where the Company is a lessee.",
        "It matures in June 2031.",  # of what stands elsewhere
        "Therefore, it is exempt in Taiwan.",
        "These matters are discussed in Note 16.",
        "Exhibit 10 was filed in 2019.",
        "The access code is 7300752.",
        "In June 2031 was 5 million.",
        "Sales were 5.",
    ],
)
def test_what_is_no_statement_may_not(sentence: str) -> None:
    """A fragment, a heading, or a sentence that leans on another."""
    assert fault(sentence) in ("length", "subject", "verb")
