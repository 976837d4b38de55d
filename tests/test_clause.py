"""Which figures a sentence says plainly, and what they hold for (rag/report/clause.py, rag/report/labels.py)."""

import pytest

from rag.numbers import find_numbers, find_periods, period_words
from rag.prompts import metric_vocabulary
from rag.report.clause import Scope, scope_of
from rag.report.labels import are_plain, is_time
from rag.report.names import Names
from rag.report.wording import Vocabulary
from rag.types import TableReference

VOCABULARY = Vocabulary(metric_vocabulary())
NAMES = Names(
    places=frozenset({"Memphis", "Louisville", "Sioux Falls"}),
    others=frozenset({"Halvex", "Veltrane"}),
    homes=frozenset(),
    asked=frozenset(),
    ordinary=frozenset("sales prices retail compared contacts revenue regional operations".split()),
    about={},
)


def scope(text: str, printed: str, metric: str) -> Scope | None:
    """The scope of the figure printed so, of the metric named so."""
    numbers = [number for number in find_numbers(text) if number.kind != "year"]
    mentions = VOCABULARY.named(text)
    return scope_of(
        text,
        next(number for number in numbers if number.printed == printed),
        next(mention for mention in mentions if mention.metric.id == metric),
        end=0,
        numbers=numbers,
        periods=find_periods(text),
        others=mentions,
        names=NAMES,
        topic=frozenset({"pump"}),
    )


@pytest.mark.parametrize(
    ("text", "printed", "metric", "segment", "places", "owners"),
    [
        ("Home sales were down 6 percent in Memphis.", "6 percent", "home_sales", "", ("Memphis",), ()),
        ("Home sales were down 6 percent in Memphis, 9 percent in Louisville.", "9 percent", "home_sales", "", ("Louisville",), ()),
        ("In the Sioux Falls area, home sales were up 16 percent.", "16 percent", "home_sales", "", ("Sioux Falls",), ()),
        ("Sales of new vehicles rose 7 percent in 2025.", "7 percent", "sales", "new vehicles", (), ()),
        ("Halvex's casino revenue was $3 million in 2025.", "$3 million", "revenue", "casino", (), ("Halvex",)),
        ("Food and beverage revenue increased 5% in 2018.", "5%", "revenue", "food and beverage", (), ()),
        ("The number of job vacancies at fitters of heat pumps was 402 in 2025.", "402", "vacancies", "", (), ()),
        ("Veltrane closed 2025 with revenue of $3 million.", "$3 million", "revenue", "", (), ("Veltrane",)),
        ("The company’s revenue was $3 million in 2025.", "$3 million", "revenue", "", (), ()),
    ],
)
def test_a_plain_figure_holds_for_what_its_clause_names(
    text: str, printed: str, metric: str, segment: str, places: tuple[str, ...], owners: tuple[str, ...]
) -> None:
    found = scope(text, printed, metric)
    assert found is not None
    assert (found.segment, found.places, found.owners) == (segment, places, owners)


@pytest.mark.parametrize(
    ("text", "printed", "metric"),
    [
        ("The value of building permits rose 7 percent in 2025.", "7 percent", "housing_starts"),
        ("Organic revenue rose 4 percent in 2025.", "4 percent", "revenue"),
        ("Operating profit was $8 million before a small gain on land.", "$8 million", "operating_profit"),
        ("A furniture maker said that sales were up 25 percent in 2025.", "25 percent", "sales"),
        ("Home sales were up 5 percent in Memphis over the same period.", "5 percent", "home_sales"),
        ("About half saw sales increase 8 percent in 2025.", "8 percent", "sales"),
        ("Sales in the $700 thousand price range increased in 2025.", "$700 thousand", "sales"),
        ("In Memphis trade was slow; at the Sioux Falls branch of Veltrane sales rose 3 percent.", "3 percent", "sales"),
    ],
)
def test_a_figure_with_a_word_that_is_not_understood_has_no_scope(text: str, printed: str, metric: str) -> None:
    assert scope(text, printed, metric) is None


@pytest.mark.parametrize(
    ("row", "column", "metric", "plain"),
    [
        ("Total net revenue (a)", "Fiscal 2018", "revenue", True),
        ("Net income attributable to Halvex", "2018", "net_income", True),
        ("Core operating margins (non-GAAP)", "2018", "margin", False),
        ("Operating cash flows from operating leases", "2018", "operating_cash_flow", False),
        ("Net income", "Ended December", "net_income", False),
        ("Effective tax rate", "16,865.2", "tax_rate", False),
        ("Net income", "2018 (Amounts in millions, except per share data)", "net_income", True),
        ("Operating profit: Europe & Australia", "2018", "operating_profit", True),
        ("Operating profit: Adjusted total", "2018", "operating_profit", False),
        ('EBIT"): Europe', "2018", "operating_profit", False),
        ("Unbilled revenue", "2018", "revenue", False),
    ],
)
def test_a_cell_is_plain_when_its_row_is_the_metric_and_its_column_a_time(row: str, column: str, metric: str, *, plain: bool) -> None:
    reference = TableReference(row=row, column=column)
    assert are_plain(reference, caption="Results", metric=metric, vocabulary=VOCABULARY, topic=frozenset()) is plain


def test_a_header_is_a_time_with_its_unit_and_nothing_else() -> None:
    assert is_time("Years ended December 31, 2018 (in millions)")
    assert not is_time("2021 Effective Interest Rate")


@pytest.mark.parametrize(
    ("text", "label", "words"),
    [
        ("May 2011 year-to-date home sales", "2011-05/5m", "5 months to May 2011"),
        ("the six months ended December 31, 2022", "2022-H2", "second half 2022"),
        ("Three Months Ended July 30, 2022", "2022-07/3m", "3 months to July 2022"),
        ("the quarter ended June 30, 2023", "2023-Q2", "Q2 2023"),
    ],
)
def test_months_to_the_end_of_one_are_a_period(text: str, label: str, words: str) -> None:
    assert [(mention.label, period_words(mention.label)) for mention in find_periods(text)] == [(label, words)]
