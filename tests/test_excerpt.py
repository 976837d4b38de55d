"""Parts of sentences that may be quoted alone (rag/report/excerpt.py), and the gate that computes them again."""

from dataclasses import replace

import pytest

from rag.report import check_report
from rag.report.claims import claim_id
from rag.report.excerpt import excerpts
from tests.report_fixture import corpus, small_report


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        (
            "High-tech firms reported continued strong growth, while transportation activity was flat.",
            ("High-tech firms reported continued strong growth …", "… transportation activity was flat."),
        ),
        (
            "Wage pressures are contained, and rising health insurance premiums remain a challenge.",
            ("Wage pressures are contained …", "… rising health insurance premiums remain a challenge."),
        ),
        (
            "Loan volumes at banks grew at a modest pace; credit quality continued to improve.",
            ("Loan volumes at banks grew at a modest pace …", "… credit quality continued to improve."),
        ),
        ("Mortgage lending also rose, with new loans beginning to outpace the old ones.", ("Mortgage lending also rose …",)),
        (
            "The restaurant industry saw sales tick down, as foot traffic remained at low levels.",
            ("The restaurant industry saw sales tick down …",),
        ),
    ],
)
def test_a_sentence_is_parted_where_two_clauses_meet_or_a_phrase_only_adds(sentence: str, parts: tuple[str, ...]) -> None:
    """Each part word for word, its ellipsis where the sentence goes on or has begun before."""
    assert excerpts(sentence) == parts


@pytest.mark.parametrize(
    "sentence",
    [
        "Retail sales rose in December, but they remained below the level of last year.",
        "Home sales rose across the region, although builders saw no gain at all.",
        "Prices were stable in most trades, and no contact expected them to rise soon.",
        "Sales of autos, furniture, and apparel increased in most of the district.",
        "Retailers said that sales of autos, furniture, and apparel increased in most districts.",
        "Single-family construction picked up slightly, while multi-family construction fell in most cities.",
        "Dealers reported that purchases of small cars, including hybrids and compacts, are doing well.",
        "Construction remained slow across the region, except in the multifamily sector where it rose.",
        "Most firms added workers in the spring, with gains limited to the largest of them.",
        "For example, an agent said that, while demand had tapered off, clients were looking for skilled workers.",
    ],
)
def test_nothing_is_left_out_that_turns_or_bounds_what_is_kept(sentence: str) -> None:
    """Contrasts, exceptions, denials and lists stay whole."""
    assert not [part for part in excerpts(sentence) if part.endswith("…")]


@pytest.mark.parametrize(
    "sentence",
    [
        "In southern Minnesota, a maker of tanks expanded, and a large glass plant began operations.",
        "Some contacts expected higher sales in spring, and input prices increased at most plants.",
        "Four out of five contacts were cautious in hiring, and plan to remain close to their headcounts.",
        "Vacancy rates continued to decrease; however, the pace of leasing deals remained slow.",
    ],
)
def test_what_a_beginning_says_for_all_clauses_is_not_cut_from_the_others(sentence: str) -> None:
    """A place, an expectation or a subject that the second clause lives on."""
    assert not [part for part in excerpts(sentence) if part.startswith("…")]


def test_a_part_that_the_rules_do_not_give_fails_its_gate() -> None:
    """Ellipses are no licence: B6 takes only the parts that it computes from the quote."""
    given = corpus()
    report = small_report(given=given)
    claim = next(
        one
        for one in report.claims
        if one.text == "Demand for heat storage rose again in the first half of 2026, and the order book is full."
    )
    for text, passes in (
        ("Demand for heat storage rose again in the first half of 2026 …", True),
        ("Demand for heat storage rose again …", False),
    ):
        forged = replace(claim, text=text, id=claim_id(claim.section, text, claim.evidence))
        told = replace(report, claims=tuple(forged if one.id == claim.id else one for one in report.claims))
        faults = [fault for fault in check_report(told, document=given.document).failures() if fault.startswith(f"B6 {forged.id}")]
        assert passes is (not faults)
