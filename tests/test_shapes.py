"""Figures that their sentence's shape alone tells: shares of a market, what one of a thing costs, for how many days a stock lasts."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rag import Library
from rag.numbers import find_numbers, find_periods
from rag.prompts import metric_vocabulary
from rag.report.demonyms import place_of
from rag.report.names import Names
from rag.report.shapes import shapes
from rag.report.wording import Vocabulary
from rag.types import Report
from rag.web.views import turn_view
from tests.libraries import NOW, library_of, report_on

VOCABULARY = Vocabulary(metric_vocabulary())
NAMES = Names(
    places=frozenset({"Germany", "Ohio"}),
    others=frozenset(),
    homes=frozenset(),
    asked=frozenset(),
    ordinary=frozenset({"imports", "pumps"}),
    about={},
)


def told(sentence: str) -> list[tuple[str, str, str, str]]:
    """(metric, segment, place, owner) of each figure with a shape."""
    found = shapes(
        sentence,
        find_numbers(sentence),
        find_periods(sentence),
        vocabulary=VOCABULARY,
        names=NAMES,
        topic=frozenset({"boiler"}),
        called="Hospital pharmacy: stocks",
    )
    scopes = [(shape.mention.metric.id, shape.scope) for _, shape in sorted(found.items())]
    return [(metric, scope.segment, " ".join(scope.places), "we" if scope.is_own else " ".join(scope.owners)) for metric, scope in scopes]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("We hold 17% of the German market.", ("market_share", "", "Germany", "we")),
        ("Velox leads with a share of 14 % of the German market in 2025, ahead of Norden.", ("market_share", "", "Germany", "Velox")),
        ("Velox sold 41,000 pumps in Germany in 2025; its market share is 16 %.", ("market_share", "", "Germany", "Velox")),
        ("In 2025, Velox's share of the market for heat pumps came to 12%.", ("market_share", "heat pumps", "", "Velox")),
        ("Velox holds about 17% of the German boiler market in 2025.", ("market_share", "", "Germany", "Velox")),
        ("The budget provides EUR 1.9 million for one scanner.", ("unit_price", "scanner", "", "")),
        ("We buy two CT scanners at EUR 1.7 million a scanner in 2026.", ("unit_price", "CT scanner", "", "")),
        ("Tessart offers scanners at EUR 1.7 million a scanner.", ("unit_price", "scanner", "", "Tessart")),
        ("A heat pump costs EUR 9,000.", ("unit_price", "heat pump", "", "")),
        ("At the end of March 2026 there were 14 days of stock.", ("inventories", "", "", "")),
        ("The pharmacy held 11 days of stock of sodium chloride.", ("inventories", "sodium chloride", "", "")),
    ],
)
def test_a_shape_tells_a_figure(sentence: str, expected: tuple[str, str, str, str]) -> None:
    """Of what, where and whose it is."""
    assert told(sentence) == [expected]


@pytest.mark.parametrize(
    "sentence",
    [
        "Imports hold 17% of the German market.",  # no company
        "It holds 17% of the German market.",
        "In our boiler division for hotels, we hold 17% of the German market.",  # of a part that is not understood
        "Velox holds 17% of the German market in pumps for pools.",
        "We want to hold 17% of the German market.",
        "Tessart offers maintenance at EUR 90,000 a scanner.",  # another thing is sold
        "We paid EUR 200 a child.",
        "Norden sold zinc at EUR 2,900 a tonne.",
        "We paid EUR 15 an hour.",
        "We paid EUR 2.5 million for a scanner in Ohio.",  # some scanner
        "The pharmacy should hold 14 days of stock.",
        "The ward holds 14 days of stock.",  # whose stock is not the document's own
        "The pharmacy held 11 days of stock of sodium chloride for surgery.",
    ],
)
def test_a_word_more_makes_it_none(sentence: str) -> None:
    """What is not understood in the clause may be what the figure is of."""
    assert told(sentence) == []


def test_an_adjective_is_of_the_place_that_is_known() -> None:
    """By a common beginning, or as irregular ones are; a name is none."""
    places = {"Germany", "Sweden", "Poland", "Varland", "France"}
    adjectives = {"German": "Germany", "Swedish": "Sweden", "Polish": "Poland", "Varlandish": "Varland", "French": "France"}
    assert {word: place_of(word, places) for word in adjectives} == adjectives
    assert [place_of(word, places) for word in ("Norden", "Dutch", "Chilean", "Germ")] == [""] * 4


TEXTS = {
    "broker.md": (
        "# Heat pump makers in Europe\n\nOld House, 12 March 2026\n\nHeat pumps sold well in Germany in 2025. Velox leads with a share of "
        "14 % of the German market in 2025, ahead of Norden. Brauns has a market share of 7 % in Germany.\n\nDealers sell what Velox, "
        "Norden and Brauns make; those of Brauns are in the south.\n\nVelox holds 31% of the German market for boilers in 2025.\n\n"
        "Norden holds 11% of the German market in 2024.\n"
    ),
    "Velox annual report 2025.md": (
        "# Velox annual report 2025\n\nVelox, 20 February 2026\n\nVelox makes heat pumps for homes. We hold 17% of the German market for "
        "heat pumps.\n"
    ),
    "agency.md": (
        "# German heat pump market 2025: agency report\n\nEnergy Agency, 3 April 2026\n\nVelox sold 41,000 heat pumps in Germany in 2025; "
        "its market share is 16 %.\n\nBrauns now has a market share of 9 % in Germany.\n\nNorden's share of the German market came to "
        "12 % in 2025. Norden sold 30,000 heat pumps in Germany in 2025, fewer than Velox.\n"
    ),
    "plan.md": (
        "# Radiology investment plan 2026\n\nProcurement office, 5 February 2026\n\nThe budget provides EUR 1.9 million for one scanner. "
        "The hospital plans to buy two MRI scanners in 2026.\n"
    ),
    "board.md": (
        "# Board paper: new MRI scanners\n\nBoard office, 2 March 2026\n\nWe buy two MRI scanners at EUR 1.7 million a scanner in 2026. "
        "Tessart offers MRI scanners at EUR 1.6 million a scanner in 2026.\n"
    ),
    "saline.md": (
        "# Sodium chloride: stock report of the pharmacy\n\nPharmacy, 2 April 2026\n\nAt the end of March 2026 there were 14 days of "
        "stock.\n"
    ),
    "gloves.md": (
        "# Gloves: stock report of the pharmacy\n\nPharmacy, 2 April 2026\n\nAt the end of March 2026 there were 30 days of stock.\n"
    ),
    "risks.md": (
        "# Supply risks of the pharmacy, stock by stock\n\nProcurement office, 30 March 2026\n\nAt the end of March 2026 the pharmacy held "
        "11 days of stock of sodium chloride.\n"
    ),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """All of it, ingested once."""
    with library_of(tmp_path_factory.mktemp("shapes"), TEXTS) as opened:
        yield opened


def disputed(made: Report) -> dict[tuple[str, str, str], set[str]]:
    """(metric, whose, of what) -> the values set against each other."""
    return {(item.key.metric, item.key.entity, item.key.segment): {side.value for side in item.sides} for item in made.conflicts}


def test_market_shares_of_three_sources_are_set_against_each_other(library: Library) -> None:
    """In three wordings, of one company, market and year; not with its share of another market, nor with another year's."""
    made = report_on(library, "Heat pumps in Germany, 2024-26")
    assert disputed(made) == {("Market share", "Velox", ""): {"14 %", "16 %", "17%"}, ("Market share", "Brauns", ""): {"7 %", "9 %"}}
    assert "One figure is Velox's own" in next(item.reason for item in made.conflicts if item.key.entity == "Velox")


def test_shares_of_unsaid_times_say_so(library: Library) -> None:
    """A source that does not say of when its share is holds for the month of its document."""
    reasons = [item.reason for item in report_on(library, "Heat pumps in Germany, 2024-26").conflicts if item.key.entity == "Brauns"]
    assert reasons == ["Not every source says of when its share is; they are taken to be of 2025 and March 2026."]


def test_what_one_costs_is_set_against_each_other(library: Library) -> None:
    """A budget against a purchase; what a seller asks is the seller's price."""
    assert disputed(report_on(library, "MRI scanners")) == {("Price of one", "", "scanner"): {"EUR 1.7 million", "EUR 1.9 million"}}


def test_a_stock_is_of_what_its_heading_says(library: Library) -> None:
    """Of the same thing, not of another report's."""
    found = disputed(report_on(library, "Stocks of the pharmacy"))
    assert found == {("Inventories", "", "sodium chloride"): {"11 days", "14 days"}}


def test_a_maker_that_only_begins_sentences_is_told(library: Library) -> None:
    """Its sales are no market's: "Norden sold 30,000 heat pumps"."""
    facts = [item for item in report_on(library, "Heat pumps in Germany, 2024-26").facts if item.number.printed == "30,000"]
    assert [(item.metric, item.entity) for item in facts] == [("Sales", "Norden")]


def test_a_side_that_lost_its_evidence_is_shown_without_who_says_it(library: Library) -> None:
    """An answer from elsewhere may be damaged; the page shows the rest."""
    turn = library.ask("What does one MRI scanner cost?", now=NOW, keep=False)
    claims, beside = (tuple(replace(claim, evidence=()) for claim in own) for own in (turn.answer.claims, turn.answer.beside))
    (conflict,) = turn_view(replace(turn, answer=replace(turn.answer, claims=claims, beside=beside)))["conflicts"]
    assert [side["by"] for side in conflict["sides"]] == ["", ""]
