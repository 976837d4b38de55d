"""A folder as people keep it: versions under one title, tables of other things than their page, guidance that moved, places in rows."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from pptx import Presentation

from rag import Library
from rag.numbers import find_numbers
from rag.report.asserted import is_taken_back
from rag.report.labels import is_of_its_own
from rag.report.quality import fault
from rag.report.reading import references, row_references
from rag.report.when import of_title
from rag.types import Report
from tests.libraries import NOW, library_of, report_on

TRACKER = """# Heat pump tracker

Old House, {day}

Heat pump sales in Varland came to {sold} units in 2025, after 193,000 in 2024.

{more}
"""
TEXTS = {
    "market/tracker v1.md": TRACKER.format(day="9 February 2026", sold="310,000", more="We forecast 340,000 units in Varland in 2026."),
    "market/tracker v2.md": TRACKER.format(day="23 February 2026", sold="299,000", more="We forecast 345,000 units in Varland in 2026."),
    "market/tracker FINAL.md": TRACKER.format(day="11 March 2026", sold="296,500", more="We forecast 352,000 units in Varland in 2026."),
    "market/note 2024.md": "# Heat pumps, December 2024\n\nHeat pump sales in Varland are expected to come to 200,000 units in 2024.\n",
    "market/rival.md": (
        "# Heat pumps in five countries\n\nNew House, 2 June 2026\n\nVarland sold 305,000 heat pumps in 2025, which includes small "
        "ones for kitchens.\n\nHeat pump sales in Brenland fell to 168,000 units in 2025 from 181,000 in 2024.\n"
    ),
    "policy/VG grant page.md": (
        "# Warm homes grant: statistics to March 2026\n\nLast updated 28 April 2026. Ministry of Warmth.\n\n"
        "The grant for a heat pump is EUR 7,500 in every county.\n\n| Quarter | Applications | Average cost (EUR) |\n|---|---|---|\n"
        "| Q3 2025 | 9,655 | 13,105 |\n| Q4 2025 | 10,412 | 13,400 |\n| Q1 2026 | 11,870 | 12,760 |\n"
    ),
    "firms/Ambrel Packaging first quarter.md": (
        "# Ambrel Packaging: first quarter 2026\n\n6 May 2026\n\nAmbrel Packaging reported revenue of EUR 418 million in the first quarter "
        "of 2026.\n\nManagement guides for revenue of EUR 1.75 billion in 2026, says Ambrel Packaging.\n"
    ),
    "firms/Ambrel Packaging half year.md": (
        "# Ambrel Packaging: half year 2026\n\n30 July 2026\n\nThe management of Ambrel Packaging raises its guidance for 2026 and now "
        "expects revenue of EUR 1.85 billion, up from EUR 1.75 billion before.\n\n"
        "Cartons for food are most of what the company sells to supermarkets.\n"
    ),
    "firms/rivals.md": (
        "# Makers of packaging\n\nNew House, 3 June 2026\n\nAmbrel Packaging leads the market with a share of 16% in 2025.\n\n"
        "The industry employed 175,000 people in 2025.\n\nPaper prices rose by 4% in the first quarter of 2026.\n"
    ),
    "fund/letter one.md": (
        "# Calder Fund: letter, fourth quarter 2025\n\nCalder Fund, 20 February 2026\n\nAuthor: Calder Fund\n\n"
        "Calder Fund had a net asset value of EUR 631.8 million at the end of the quarter.\n\nNet leverage of Calder Fund was 5.1x. "
        "The facility matures in June 2031.\n\n"
        "Payment-in-kind income of Calder Fund was 7% of its total income.\n"
    ),
    "fund/letter two.md": (
        "# Calder Fund: letter, first quarter 2026\n\nCalder Fund, 15 May 2026\n\nAuthor: Calder Fund\n\n"
        "The net asset value of Calder Fund at the end of December 2025 has been restated to EUR 627.3 million.\n\n"
        "Payment-in-kind income of Calder Fund rose to 11% of its total income.\n"
    ),
}


TEXTS["board/annual report.md"] = (
    "# Procurement: annual report 2025\n\n31 January 2026\n\nTotal spend was EUR 146 million in 2025, up 4% from EUR 140 million in 2024.\n"
)
TEXTS["fund/letter three.md"] = (
    "# Calder Fund: letter, second quarter 2026\n\nCalder Fund, 3 August 2026\n\nAuthor: Calder Fund\n\n"
    "Calder Fund called EUR 12 million from its investors in the quarter.\n\nNew loans of Calder Fund price at 525 basis points.\n\n"
    "Payment-in-kind income of Calder Fund was 12% of its total income.\n"
)


def _sheet(path: Path) -> None:
    book = Workbook()
    book.properties.created = book.properties.modified = datetime(2026, 3, 12)  # noqa: DTZ001 - as the file has it
    sheet = book.worksheets[0]
    for row in (
        ["Heat pump sales, units", None, None, None, None],
        [None, "Units sold", None, None, "Change on year"],
        ["Country", 2023, 2024, 2025, 2025],
        ["Varland", 256000, 193000, 296500, 0.536],
        ["Brenland", 306000, 181000, 168000, -0.072],
        ["Orrin Isles", 99400, 89100, 78400, -0.12],
    ):
        sheet.append(row)
    sheet.merge_cells("B2:D2")
    book.save(path)


def _deck(path: Path) -> None:
    deck = Presentation()
    deck.core_properties.created = deck.core_properties.modified = datetime(2026, 6, 10)  # noqa: DTZ001 - as the file has it
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Where we stand"
    points = ["Total spend EUR 148 m in 2025", "Suppliers 1,240", "Growth came from 3 sites and 2 firms", "Medical devices EUR 61 m"]
    slide.placeholders[1].text_frame.text = "\n".join(points)
    deck.save(str(path))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """All of it, ingested once."""
    folder = tmp_path_factory.mktemp("messy")
    for part in ("market", "board"):
        (folder / "documents" / part).mkdir(parents=True)
    _sheet(folder / "documents" / "market" / "data.xlsx")
    _deck(folder / "documents" / "board" / "update.pptx")
    with library_of(folder, TEXTS) as opened:
        yield opened


def texts(made: Report, *, section: str = "") -> str:
    """All claims but those that stand as a side of a disagreement."""
    sides = {side.claim for conflict in made.conflicts for side in conflict.sides}
    return "\n".join(claim.text for claim in made.claims if claim.id not in sides or section)


def replaced(made: Report) -> dict[str, set[str]]:
    """What holds -> what it replaced, as printed."""
    superseded = [conflict for conflict in made.conflicts if conflict.kind == "superseded"]
    return {conflict.sides[0].value: {side.value for side in conflict.sides[1:]} for conflict in superseded}


def test_versions_under_one_title_replace_one_another(library: Library) -> None:
    """By their files' names; what the last one says is not set against what the first one said, nor is that told as current."""
    made = report_on(library, "Heat pumps in Varland, 2024-26")
    assert replaced(made) == {"296,500 units": {"299,000 units", "310,000 units"}}
    assert "352,000" in texts(made)
    assert "340,000" not in texts(made)
    assert "345,000" not in texts(made)


def test_what_is_counted_without_a_unit_is_set_against_units(library: Library) -> None:
    """ "305,000 heat pumps" beside "296,500 units"."""
    made = report_on(library, "Heat pumps in Varland, 2024-26")
    assert {frozenset(side.value for side in one.sides) for one in made.conflicts if one.kind != "superseded"} == {
        frozenset(("305,000", "296,500 units"))
    }


def test_a_forecast_that_what_came_has_overtaken_is_not_told(library: Library) -> None:
    """Sales of 2024 are known."""
    assert "200,000" not in texts(report_on(library, "Heat pumps in Varland, 2024-26"))


def test_a_place_in_the_next_row_is_not_the_place_asked_for(library: Library) -> None:
    """Its sentences and its cells are left out; without a place in the topic they are told."""
    assert "Brenland" not in texts(report_on(library, "Heat pumps in Varland, 2024-26"))
    assert "Brenland" in texts(report_on(library, "Heat pumps, 2024-26"))


def test_a_column_that_says_what_it_is_is_not_its_pages_title(library: Library) -> None:
    """Average costs under a page on grants are no grants."""
    made = report_on(library, "Heat pumps, 2024-26")
    assert not any(card.key.metric == "Grants and subsidies" for card in made.cards)
    assert is_of_its_own("Average cost (EUR)")
    assert not any(is_of_its_own(label) for label in ("2025", "2025, EUR m", "Total (EUR)", "EUR per kWh", "Q1 2026"))


def test_a_change_takes_no_unit_from_its_tables_title(library: Library) -> None:
    """Its column is of another kind; units that open a label are written small."""
    answer = library.ask("How did units sold in Brenland change on the year in 2025?", now=NOW, keep=False).answer
    said = " ".join(claim.text for claim in answer.claims)
    assert "-0.072 units" not in said
    assert "168000 units" in said


def test_a_report_on_a_name_with_an_ordinary_word_is_on_it_alone(library: Library) -> None:
    """ "Packaging" is written small as well; a paper that names the firm once is quoted where it does."""
    for topic in ("Ambrel Packaging", "Ambrel Packaging results"):
        said = texts(report_on(library, topic))
        assert "share of 16%" in said
        assert "175,000 people" not in said
        assert "Paper prices" not in said


def test_what_is_asked_of_a_name_is_looked_for_in_its_papers(library: Library) -> None:
    """Any of the words will do, and what is on another of its matters is left out."""
    said = texts(report_on(library, "Ambrel Packaging food business"))
    assert "Cartons for food" in said
    assert "EUR 418 million" not in said


def test_guidance_that_moved_is_replaced(library: Library) -> None:
    """ "Now expects 1.85, up from 1.75"."""
    made = report_on(library, "Ambrel Packaging")
    assert replaced(made) == {"EUR 1.85 billion": {"EUR 1.75 billion"}}


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ("The maker now expects revenue of EUR 1.85 billion, up from EUR 1.75 billion before.", "EUR 1.75 billion"),
        ("It raised its full-year guidance to EUR 5 million from EUR 4 million.", "EUR 4 million"),
        ("Revenue rose to EUR 5 million from EUR 4 million.", ""),
    ],
)
def test_a_figure_that_guidance_leaves_is_taken_back(text: str, old: str) -> None:
    """A figure of the year before is not."""
    assert [number.printed for number in find_numbers(text) if is_taken_back(text, number)] == ([old] if old else [])


def test_the_quarter_is_the_one_that_the_title_names(library: Library) -> None:
    """So that a value restated for its last day replaces it."""
    made = report_on(library, "Net asset value")
    assert replaced(made) == {"EUR 627.3 million": {"EUR 631.8 million"}}


def test_a_short_paper_that_speaks_of_something_once_is_not_about_it(library: Library) -> None:
    """One line of six is no topic: the sentence itself is quoted."""
    said = texts(report_on(library, "Payment-in-kind income"))
    assert {share for share in ("7%", "11%", "12%") if f"{share} of its total income" in said} == {"7%", "11%", "12%"}
    assert "525 basis points" not in said
    assert "net asset value" not in said


def test_a_slides_point_is_a_figure(library: Library) -> None:
    """With its label and its time, so that it stands against what another paper says."""
    made = report_on(library, "Total spend")
    assert {frozenset(side.value for side in one.sides) for one in made.conflicts} == {frozenset(("EUR 148 m", "EUR 146 million"))}
    assert "Total spend, 2025: EUR 148 m (table: Where we stand)." in {claim.text for claim in made.claims}


def test_a_slides_points_are_read_by_label_figure_and_time(library: Library) -> None:
    """Not those with two figures, nor sentences; one without a time is a row without a header."""
    source = next(source for source in library.record.sources() if source.format == "pptx")
    document = library.record.document(source.document)
    points = next(block for block in document.blocks if block.kind == "list")
    found = [(document.text[cell.start : cell.end], reference.row, reference.column) for cell, reference in references(document, points)]
    assert found == [("EUR 148 m", "Total spend", "2025")]
    rows = [(document.text[start:end], reference.row) for start, end, reference in row_references(document, points)]
    assert rows == [("1,240", "Suppliers"), ("EUR 61 m", "Medical devices")]


@pytest.mark.parametrize(
    ("text", "title", "labels"),
    [
        ("It was EUR 5 million at the end of the quarter.", "Letter, fourth quarter 2025", ["2025-12"]),
        ("We called EUR 5 million in the quarter.", "Letter, Q1 2026", ["2026-Q1"]),
        ("It was EUR 5 million at the end of the year.", "Annual report 2025", ["2025-end"]),
        ("It was EUR 5 million at the end of the quarter.", "Annual report 2025", []),
        ("It was EUR 5 million at the end of the quarter.", "Letters of Q1 2025 and Q2 2025", []),
        ("Sales rose in the quarter ended in June.", "Letter, Q1 2026", []),
    ],
)
def test_a_title_says_which_quarter(text: str, title: str, labels: list[str]) -> None:
    """One time of that shape, or none."""
    assert [mention.label for mention in of_title(text, title)] == labels


def test_what_stands_above_figures_is_no_sentence() -> None:
    """ "Ended" is no verb of it."""
    assert fault("For the quarter ended 31 March 2026.") == "subject"
    assert fault("For the quarter ended 31 March 2026, revenue rose to EUR 5 million.") == ""


def test_a_question_may_name_a_file_as_its_folder_does(library: Library) -> None:
    """ "VG" stands in the file's name alone."""
    answer = library.ask("How high is the VG grant?", now=NOW, keep=False).answer
    assert "EUR 7,500" in answer.claims[0].text


def test_a_short_sentence_that_is_a_statement_answers(library: Library) -> None:
    """Of four words that say something; gate B8 passes it."""
    answer = library.ask("When does the facility of Calder Fund mature?", now=NOW, keep=False).answer
    assert [claim.text for claim in answer.claims][:1] == ["The facility matures in June 2031."]
