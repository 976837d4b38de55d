"""A desk's folder on a second Monday: drafts, outlooks that follow one another, statements with notes, follow-ups in chats."""

import io
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from pptx import Presentation
from typst import compile as typeset

from rag import Library
from rag.app import create
from rag.chat.condense import condense
from rag.chat.question import take_apart
from rag.cli.talk import Talk
from rag.kin import family, period, replaces
from rag.prompts import metric_vocabulary
from rag.report.names import whose
from rag.report.quality import lead_in
from rag.report.wording import Vocabulary
from rag.types import Answer, Scope
from tests.libraries import NOW, library_of, report_on
from tests.test_chat import asked_before
from tests.test_cli import assert_refused, rag
from tests.test_kin import source

VOCABULARY = Vocabulary(metric_vocabulary())
TEXTS = {
    "outlook/harbour outlook 2026.md": (
        "# Harbour outlook 2026\n\nQuay House, 18 May 2026\n\nWe expect traffic in Orlund of 14.6 million boxes in 2026.\n"
    ),
    "outlook/draft harbour outlook.md": (
        "# DRAFT: harbour outlook 2026\n\nFor comments\n\nWe expect traffic in Orlund of 15.5 million boxes in 2026.\n"
    ),
    "traffic/Veltby 2025 v1.md": (
        "# Veltby traffic 2025\n\nQuay House, 20 January 2026\n\nVeltby handled 8.1 million boxes in 2025, according to early figures.\n"
    ),
    "traffic/Veltby 2025 v2.md": (
        "# Veltby traffic 2025\n\nQuay House, 16 February 2026\n\nVeltby handled 8.3 million boxes in 2025.\n\n"
        "Fees rose because the pilots of Veltby were paid more.\n"
    ),
    "rates/rates March.md": (
        "# Rate outlook, March 2026\n\n9 March 2026\n\n"
        "Spot rates between Norrland and Sorland averaged USD 2,450 a box in February 2026.\n\n"
        "We expect spot rates between Norrland and Sorland of USD 1,900 a box in December 2026.\n"
    ),
    "rates/rates June.md": (
        "# Rate outlook, June 2026\n\n8 June 2026\n\n"
        "We now expect spot rates between Norrland and Sorland of USD 1,600 a box in December 2026, "
        "instead of USD 1,900.\n\nThe surcharge for fuel between Norrland and Sorland is EUR 78 a box in 2026.\n"
    ),
    "prices/spring.md": (
        "# Food outlook, spring 2026\n\nQuay House, 21 April 2026\n\nWe expect inflation in Orlund of 3.0% in December 2026.\n"
    ),
    "prices/autumn.md": (
        "# Food outlook, autumn 2026\n\nQuay House, 6 October 2026\n\n"
        "We now expect inflation in Orlund of 2.4% in December 2026, down from 3.0% in our spring outlook.\n"
    ),
    "prices/bank.md": (
        "# Prices stay high\n\nTarn Bank, 13 October 2026\n\nTarn Bank expects inflation in Orlund of 3.5% in December 2026.\n"
    ),
    "prices/changes.md": (
        "# Price changes\n\n2 July 2026\n\n"
        "| Category | Change, Apr 2026 (%) | Change, May 2026 (%) |\n|---|---|---|\n| Meat | 6.4 | 6.0 |\n"
    ),
    "traffic/cranes.md": "# Cranes\n\n3 March 2026\n\n| Quay | Cranes in 2025 |\n|---|---|\n| Westerhook | 731 |\n| Easterhook | 210 |\n",
    "traffic/correction.md": (
        "# Cranes: a correction\n\n2 June 2026\n\nThe quay of Westerhook had 713 cranes in 2025 and not 731, as our table says.\n"
    ),
    "firms/Quillby quays.md": (
        "# Quays in Veltby\n\n4 May 2026\n\nChief executive Mara Lund said that the quays of Quillby Terminals are full.\n"
    ),
    "firms/Quillby.md": (
        "# Quillby Terminals: results 2025\n\n26 March 2026\n\nQuillby Terminals operates quays in Veltby and Orlund.\n\n"
        "| EUR million | Note | 2025 | 2024 |\n|---|---|---|---|\n| Revenue | 4 | 801 | 764 |\n| Operating profit | 12(a) | 133 | 118 |\n"
    ),
}
STATEMENT = """#set document(title: "Fenmark Group: annual report 2025")
= Fenmark Group: annual report 2025
5 March 2026

#table(columns: 4, [£ million], [Note], [2025], [2024], [Sales], [2], [14,820], [14,215], [Cost of sales], [3], [11,360], [10,990],
  [Operating profit], [4], [592], [547])
== Segments
#table(columns: 3, [Sales, £ million], [2025], [2024], [Large shops], [9,940], [9,720], [Corner shops], [3,410], [3,085])
"""
POINTS = ["Machines pick 38% of the orders of Quillby in 2026", "Third depot opens in Veltby"]


def _deck(path: Path) -> None:
    deck = Presentation()
    deck.core_properties.created = deck.core_properties.modified = datetime(2026, 6, 10)  # noqa: DTZ001 - as the file has it
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Machines"
    slide.placeholders[1].text_frame.text = "\n".join(POINTS)
    deck.save(str(path))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """All of it, ingested once."""
    folder = tmp_path_factory.mktemp("second")
    firms = folder / "the desk" / "firms"
    firms.mkdir(parents=True)
    (folder / "report.typ").write_text(STATEMENT, encoding="utf-8")
    typeset(str(folder / "report.typ"), output=str(firms / "Fenmark.pdf"))
    _deck(firms / "machines.pptx")
    with library_of(folder, TEXTS, documents="the desk") as opened:
        yield opened


def ask(library: Library, question: str, *, scope: Scope = Scope()) -> Answer:  # noqa: B008 - a frozen value
    """An answer that leaves no trace."""
    return library.ask(question, now=NOW, scope=scope, keep=False).answer


def said(answer: Answer) -> str:
    """All its sentences."""
    return "\n".join(claim.text for claim in answer.claims)


# ── what holds ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_draft_takes_nobodys_place(library: Library) -> None:
    """Its file is newer, since it says no day; the outlook that was published holds."""
    assert library.status().superseded == {
        "the desk/outlook/draft harbour outlook.md": "the desk/outlook/harbour outlook 2026.md",
        "the desk/traffic/Veltby 2025 v1.md": "the desk/traffic/Veltby 2025 v2.md",
    }
    answer = ask(library, "What traffic is expected in Orlund in 2026?")
    assert "14.6 million" in answer.claims[0].text
    assert "15.5 million" not in said(answer)


@pytest.mark.parametrize(
    ("newer", "older", "is_later"),
    [
        (("Outlook", "2026-05-04"), ("Outlook (draft)", "2026-05-18"), True),
        (("Outlook (draft)", "2026-05-18"), ("Outlook", "2026-05-04"), False),
        (("Outlook (draft) v2", "2026-05-18"), ("Outlook (draft) v1", "2026-05-04"), True),
        (("Outlook v2", "2026-05-18"), ("Outlook v1", "2026-05-04"), True),
        (("Hotel outlook, autumn 2026", "2026-10-13"), ("Hotel outlook, spring 2026", "2026-04-14"), False),
    ],
)
def test_what_replaces_what(newer: tuple[str, str], older: tuple[str, str], *, is_later: bool) -> None:
    """A draft no final, whenever it was written; a season's paper no other season's, though both are of one series."""
    one, other = source(*newer), source(*older)
    assert replaces(one, other) is is_later
    assert family("Hotel outlook, autumn 2026") == family("Hotel outlook, spring 2026")
    assert period("Hotel outlook, autumn 2026") == "autumn 2026"


def test_a_files_clock_makes_nothing_newer() -> None:
    """Where it dates one of two versions, their numbers decide."""
    first = source("Memo v1", "2026-01-20")
    second = replace(source("Memo v2", "2026-01-10"), published_from="mtime")
    assert replaces(second, first)
    assert not replaces(first, second)


def test_a_version_that_adds_words_takes_the_place_of_the_one_before(library: Library) -> None:
    """ "According to early figures" makes no other statement of it."""
    made = report_on(library, "Traffic in Veltby, 2025-26")
    assert [claim.text for claim in made.claims if "boxes in 2025" in claim.text] == ["Veltby handled 8.3 million boxes in 2025."]


def test_the_next_of_a_series_takes_its_figure_back(library: Library) -> None:
    """Of a measure that nobody defined, too: the June outlook says what it now expects instead."""
    answer = ask(library, "What spot rates between Norrland and Sorland are expected in December 2026?")
    assert "USD 1,600" in answer.claims[0].text
    assert not [claim.text for claim in answer.claims if claim.text.startswith("We expect spot rates")]


def test_nobody_replaces_the_figure_of_another_house(library: Library) -> None:
    """The house that takes 3.0 % back gives 2.4 %; a bank's 3.5 % is another view."""
    made = report_on(library, "Inflation in Orlund, 2026")
    replaced = [tuple(side.value for side in conflict.sides) for conflict in made.conflicts if conflict.kind == "superseded"]
    assert replaced == [("2.4%", "3.0%")]
    assert [{side.value for side in conflict.sides} for conflict in made.conflicts if conflict.kind == "value"] == [{"3.5%", "2.4%"}]


def test_a_correction_comes_before_what_it_corrects(library: Library) -> None:
    """Though the table is nearer to the question."""
    answer = ask(library, "How many cranes did Westerhook have in 2025?")
    assert answer.claims[0].text.startswith("The quay of Westerhook had 713 cranes")


def test_a_byline_is_no_part_of_the_sentence_behind_it() -> None:
    """Where a page sets both in one paragraph; a day that the sentence is about stays."""
    run_on = "Stanmore Leisure Research, 14 April 2026 We expect room rates of EUR 148 in 2026."
    assert run_on[lead_in(run_on) :] == "We expect room rates of EUR 148 in 2026."
    about = "On 14 April 2026 Stanmore Leisure Research expected room rates of EUR 148."
    assert lead_in(about) == 0


@pytest.mark.parametrize(
    ("title", "owner"),
    [
        ("Seawall Ports plc: results for 2025", "Seawall Ports"),
        ("Fenmark Group plc: annual report 2025 (extract)", "Fenmark"),
        ("Velox AG, Q1 results", "Velox"),
        ("Fenmark Group: trading update for the quarter ended 31 March 2026", "Fenmark"),
        ("Velox AG: results beat forecasts", ""),
        ("Ministry of Trade: annual report 2025", ""),
        ("Grocery market: half-year report 2026", ""),
    ],
)
def test_a_companys_own_paper_is_told_by_its_title(title: str, owner: str) -> None:
    """Its figures are its own and no trend of a market; a note on it says more, and a ministry's report is on everybody."""
    one = source(title, "2026-03-05")
    assert whose([one]) == ({one.document: owner} if owner else {})
    assert whose([source(title, "2026-03-05", publisher="Some Bank")]) == {}


# ── tables ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "question", ["What was the revenue of Quillby Terminals?", "What was Fenmark's operating profit?", "Sales of Fenmark"]
)
def test_the_number_of_a_note_is_no_figure(library: Library, question: str) -> None:
    """A statement's column of notes says where a line is explained."""
    answer = ask(library, question)
    assert answer.claims
    assert "Note" not in said(answer)


def test_tables_below_one_another_keep_their_own_years(library: Library) -> None:
    """The second one's header is no line of the first, and its columns are not those above."""
    answer = ask(library, "What were the sales of corner shops at Fenmark in 2024?")
    assert answer.claims[0].text.startswith("Corner shops, 2024: £3,085 million")
    assert "£2024 million" not in said(ask(library, "What were Fenmark's sales in 2025?"))


def test_a_slides_point_needs_no_full_stop(library: Library) -> None:
    """Where it gives a figure and says something of it."""
    assert ask(library, "What share of the orders of Quillby do machines pick?").claims[0].text == POINTS[0]


# ── answers ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("question", ["What was the change?", "How did it change in 2026?", "Why?", "And in 2024?", "Who says so?"])
def test_what_asks_of_nothing_is_asked_of_what(library: Library, question: str) -> None:
    """A table with a column called "Change" is no answer to it."""
    answer = ask(library, question)
    assert answer.abstained
    assert "say of what" in answer.reason


def test_another_months_figure_is_no_answer(library: Library) -> None:
    """February's and December's are no April's, nor is what holds for the whole year."""
    answer = ask(library, "What were spot rates between Norrland and Sorland in April 2026?")
    assert answer.abstained
    assert "not for “April 2026”" in answer.reason


def test_joined_names_are_the_names(library: Library) -> None:
    """ "Norrland-Sorland" is said of both."""
    assert "USD 1,600" in said(ask(library, "What Norrland-Sorland spot rates are expected in December 2026?"))


def test_who_is_answered_by_whoever_is_called_so(library: Library) -> None:
    """Not by what else is said of the company."""
    answer = ask(library, "Who is the mayor of Veltby?")
    assert answer.abstained
    assert "“mayor”" in answer.reason
    assert "Mara Lund" in ask(library, "Who runs Quillby Terminals?").claims[0].text


def test_a_note_is_on_what_is_shown(library: Library) -> None:
    """That Veltby's first version is superseded is nothing to who asks for a bank's view."""
    notes = ask(library, "What inflation does Tarn Bank expect in December 2026?").notes
    assert [note for note in notes if "Veltby" in note] == []
    assert "v1.md is superseded by" in " ".join(ask(library, "How many boxes did Veltby handle in 2025?").notes)


# ── follow-ups ────────────────────────────────────────────────────────────────────────────────────────────────────

REVENUE = "How much revenue did Quillby Terminals make in 2025?"


@pytest.mark.parametrize(
    ("before", "followup", "understood"),
    [
        (REVENUE, "and its EBIT?", "What is Quillby Terminals’s EBIT in 2025?"),
        (REVENUE, "and their margin in 2024?", "What is Quillby Terminals’s margin in 2024?"),
        (REVENUE, "and the year before?", "How much revenue did Quillby Terminals make in 2024?"),
        (REVENUE, "in the following year?", "How much revenue did Quillby Terminals make in 2026?"),
        ("What was traffic in Orlund in Q1 2026?", "And the quarter before?", "What was traffic in Orlund in Q4 2025?"),
        ("What was traffic in Orlund in Q1 2026?", "a year earlier?", "What was traffic in Orlund in Q1 2025?"),
        (REVENUE, "compare it with Fenmark", f"{REVENUE.rstrip('?')}, compared with Fenmark?"),
        (
            "Why did traffic fall in Orlund in 2025?",
            "how does that compare with Veltby?",
            "Why did traffic fall in Orlund in 2025, compared with Veltby?",
        ),
        ("What is the hourly pay at Fenmark?", "and in Veltby?", "What is the hourly pay at Fenmark in Veltby?"),
        ("What is the hourly pay at Fenmark in 2026?", "and in Veltby?", "What is the hourly pay at Fenmark in Veltby in 2026?"),
        ("What is the hourly pay at Fenmark in Veltby?", "and at Quillby?", "What is the hourly pay at Quillby in Veltby?"),
        ("How many TEU did Orlund handle in 2025?", "what about Veltby?", "How many TEU did Veltby handle in 2025?"),
        ("Why did traffic in Orlund rise in 2025?", "by how much?", "By how much did traffic in Orlund rise in 2025?"),
        ("How much did traffic in Orlund rise in 2025?", "and why?", "Why did traffic in Orlund rise in 2025?"),
        ("Who runs Quillby?", "since when?", "Since when: Who runs Quillby?"),
        (REVENUE, "who says so?", f"Who says so: {REVENUE}"),
        (REVENUE, "Does anyone disagree?", f"Does anyone disagree: {REVENUE}"),
        (f"Who says so: {REVENUE}", "and in 2024?", "How much revenue did Quillby Terminals make in 2024?"),
    ],
)
def test_a_follow_up_is_completed(before: str, followup: str, understood: str) -> None:
    """What a subject has, the time beside, a comparison, a place that adds, what is asked of the answer."""
    assert condense(followup, history=[asked_before(before)], vocabulary=VOCABULARY) == (understood, "rule")


def test_a_subject_lasts_beyond_a_question_without_one() -> None:
    """ "Is it much?" names nobody; the one before did."""
    history = [asked_before(REVENUE), asked_before("Is there more to say?")]
    assert condense("Who supplies it?", history=history, vocabulary=VOCABULARY) == ("Who supplies Quillby Terminals?", "rule")


@pytest.mark.parametrize(
    ("question", "wants", "asked"),
    [
        (f"Why: {REVENUE}", "reason", REVENUE),
        ("Since when: Who runs Quillby?", "date", "Who runs Quillby?"),
        (f"Who says so: {REVENUE}", "number", REVENUE),
        ("Answer in a sentence: what did Quillby earn?", "", "what did Quillby earn?"),
    ],
)
def test_what_stands_before_the_colon_says_what_is_wanted(question: str, wants: str, asked: str) -> None:
    """A reason for a figure is no figure; who says it is shown with it."""
    taken = take_apart(question)
    assert (taken.wants, taken.asked) == (wants, asked)


def test_a_comparison_gives_both(library: Library) -> None:
    """Each for itself, in one answer."""
    first = library.ask("What was the operating profit of Quillby Terminals in 2025?", now=NOW)
    both = library.ask("compare it with Fenmark", now=NOW, chat=first.chat).answer
    assert both.understood_as == "What was the operating profit of Quillby Terminals in 2025, compared with Fenmark?"
    assert "EUR 133 million" in said(both)
    assert "£592 million" in said(both)


# ── scopes ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_scope_takes_folders_with_blanks_and_says_where_nothing_lies(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "/scope folder=the desk/rates from=..." is one folder and one day; "rates" alone lies elsewhere."""
    monkeypatch.setattr("sys.stdin", io.StringIO("/scope folder=the desk/rates from=2026-06-01\n/scope all\n/scope folder=rates\n"))
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        Talk(library, chat=None, scope=Scope()).run()
    assert out.getvalue().splitlines() == [
        "searching 1 documents: from 2026-06-01, in the desk/rates",
        f"searching {len(TEXTS) + 2} documents",
        "searching 0 documents: in rates",
    ]
    assert "no document lies below 'rates'; is it 'the desk/rates'?" in err.getvalue()
    assert "no document lies below 'rates'; is it 'the desk/rates'?" in library.search("spot rates", scope=Scope(folders=("rates",))).notes


# ── editions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_says_how_to_compare_it_and_a_list_says_what_is_what(tmp_path: Path) -> None:
    """The same day's file is written anew, so the one before is known by its id; two topics are told apart."""
    documents, workspace = tmp_path / "desk", tmp_path / "workspace"
    documents.mkdir()
    (documents / "spring.md").write_text(TEXTS["prices/spring.md"], encoding="utf-8")
    create(workspace, folders=[documents], embedder="small")
    assert rag("ingest", "-w", workspace).exit_code == 0
    assert "rag diff" not in rag("report", "Inflation in Orlund, 2026", "-w", workspace).stdout
    (documents / "autumn.md").write_text(TEXTS["prices/autumn.md"], encoding="utf-8")
    assert rag("ingest", "-w", workspace).exit_code == 0
    last = rag("report", "Inflation in Orlund, 2026", "-w", workspace).stdout.splitlines()[-1]
    before, after = last.removeprefix("What changed since the last one: rag diff ").split()
    told = rag("diff", before, after, "-w", workspace)
    assert "We now expect inflation in Orlund of 2.4%" in told.stdout
    assert told.stderr == ""
    rag("report", "Prices in Orlund, 2026", "-w", workspace)
    topics = "these are reports on two topics: Inflation in Orlund, 2026; Prices in Orlund, 2026"
    assert topics in rag("diff", after, "last", "-w", workspace).stderr
    refused = rag("diff", "monday", "last", "-w", workspace)
    assert_refused(refused, status=2, saying=f"{after} (Inflation in Orlund, 2026, as of ")
