"""Whose words and which time an answer is of: speeches, reports of several years, fiscal years, a division beside its company."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from rag import Library
from rag.app import create
from rag.chat.choose import overlapping
from rag.chat.question import take_apart
from rag.chat.sums import Wish, wish_of
from rag.ingest import drain
from rag.report.claims import CHANGE
from rag.types import Answer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

DOCUMENTS = {
    "reports/Survey 2013-04 Calder District.md": (
        "# Survey 2013-04: Calder District\n\nPublished 2013-04-17\n\nDrilling activity improved, and energy firms were more confident "
        "about the number of rigs.\n\nRetail sales were up since the previous survey, contacts in the Calder District said.\n"
    ),
    "reports/Survey 2018-10 Calder District.md": (
        "# Survey 2018-10: Calder District\n\nPublished 2018-10-24\n\nDrilling activity in the Calder District was flat as pipelines were "
        "full and prices for oil and gas fell.\n\nRetail sales were mixed because a hurricane kept shoppers of the Calder District at "
        "home.\n"
    ),
    "speeches/brenner.md": (
        "# Speech by Governor Brenner on the financial system\n\nDecember 18, 2020\n\nClimate change has important implications for the "
        "financial system and for small banks.\n\nBanks should model the losses that storms and floods bring to their borrowers.\n"
    ),
    "speeches/bowen.md": (
        "# Speech by Governor Bowen on small banks\n\nNovember 19, 2020\n\nMy colleague Governor Brenner has said that climate change "
        "matters, and I say that climate change is not a matter for small banks.\n\nSmall banks know their customers.\n"
    ),
    "speeches/press conference.md": (
        "# Transcript of Chair Yelland's Press Conference\n\nMarch 19, 2014\n\nCHAIR YELLAND. Inflation is below our objective, and the "
        "committee will wait.\n\n"
        "STEVE LIESEN. Madam Chair, inflation in energy prices has risen and households fear that inflation comes back.\n\n"
        "CHAIR YELLAND. We watch inflation in energy prices as we watch all others.\n\nYLAN MOY. Madam Chair, inflation is high for "
        "the poor.\n\nCHAIR YELLAND. The poor have gained least.\n"
    ),
    "speeches/notes.md": (
        "# Speech by Governor Holm on housing\n\nMay 4, 2020\n\nRents rose in all large towns, and builders wait for permits.\n\n"
        'For additional information on rents in all large towns, see Board of Governors (2020), "Rents in large towns".\n\n'
        'Also see, Anna Holm, "Rents in large towns and what builders wait for" (speech at a conference on rents, May 2, 2020).\n'
    ),
    "speeches/early.md": (
        "# Speech by Governor Jonas P. Powers on small banks\n\nOctober 3, 2013\n\nUnemployment in small towns hurts small banks.\n"
    ),
    "speeches/late.md": (
        "# Speech by Chair Powers on current issues\n\nMay 13, 2020\n\nUnemployment rose faster than ever before, and most of those who "
        "lost their work had earned little.\n"
    ),
    "filings/Orvane 2023 annual report.md": (
        "# Orvane annual report 2023\n\nPublished 2024-02-08\n\nRVD revenues in 2023 increased by $210 million because of new programs.\n\n"
        "Orvane revenues in 2023 were $4,310 million.\n\n| | Fiscal 2023 | Fiscal 2022 |\n|---|---|---|\n"
        "| Net sales | $4,310 million | $4,025 million |\n\n"
        "| Debt due in the year | Amount |\n|---|---|\n| 2027 | $250 million |\n| 2028 | $400 million |\n"
    ),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """All of them in one library."""
    home = tmp_path_factory.mktemp("whose") / "x"
    create(home, embedder="small")
    for name, text in DOCUMENTS.items():
        path = home / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with Library.open(home) as opened:
        drain(opened.ingest(now=NOW))
        yield opened


def ask(library: Library, question: str) -> Answer:
    """An answer that leaves no trace."""
    return library.ask(question, now=NOW, keep=False).answer


def cited(answer: Answer) -> list[str]:
    """The files it cites, in order."""
    return [source.path.rsplit("/", 1)[-1] for source in answer.sources]


@pytest.mark.parametrize(
    ("one", "other", "is_so"),
    [
        ("FY2022", "FY2021", False),
        ("FY2022", "FY2022", True),
        ("FY2021/2022", "FY2022", True),
        ("FY2022", "2022", True),
        ("FY2022", "2021-Q3", False),
        ("2025", "2025-Q3", True),
    ],
)
def test_a_fiscal_year_is_no_other_fiscal_year(one: str, other: str, *, is_so: bool) -> None:
    """Nor is it another year of the calendar."""
    assert overlapping(one, other) is is_so
    assert overlapping(other, one) is is_so


def test_how_much_changed_in_a_fiscal_year_is_set_against_the_one_before(library: Library) -> None:
    """As it is for a year of the calendar."""
    assert wish_of(take_apart("How much did net sales change in fiscal 2023?")) == Wish(formula=CHANGE, times=("FY2022", "FY2023"))
    answer = ask(library, "How much did Orvane's net sales change in fiscal 2023?")
    assert "$285 million" in answer.claims[0].text


@pytest.mark.parametrize(
    ("question", "file"),
    [
        ("How was drilling in the Calder District in 2013?", "Survey 2013-04 Calder District.md"),
        ("How were retail sales in the Calder District in April 2013?", "Survey 2013-04 Calder District.md"),
        ("How were retail sales in the Calder District in October 2018?", "Survey 2018-10 Calder District.md"),
    ],
)
def test_a_document_of_another_time_does_not_answer(library: Library, question: str, file: str) -> None:
    """A sentence that says no time is of its document's."""
    assert cited(ask(library, question)) == [file]


@pytest.mark.parametrize(
    ("question", "file"),
    [
        ("What did Governor Brenner say about climate change?", "brenner.md"),
        ("What does Bowen say about climate change?", "bowen.md"),
        ("What did Brenner say about small banks in December 2020?", "brenner.md"),
        ("What did Jonas Powers say about unemployment in May 2020?", "late.md"),
    ],
)
def test_what_somebody_said_is_told_in_their_own_words(library: Library, question: str, file: str) -> None:
    """Not in those of others who name them; and it need hold no figure."""
    answer = ask(library, question)
    assert not answer.abstained
    assert cited(answer) == [file]


def test_in_the_record_of_a_talk_it_is_who_has_the_word(library: Library) -> None:
    """Those who ask are not the one who answers."""
    texts = " ".join(claim.text for claim in ask(library, "What did Yelland say about inflation?").claims)
    assert "We watch inflation in energy prices" in texts
    assert "Madam Chair" not in texts
    (claim,) = ask(library, "What did Steve Liesen say about inflation?").claims
    assert "Madam Chair, inflation in energy prices has risen" in claim.text


def test_a_note_that_says_where_to_read_more_is_no_answer(library: Library) -> None:
    """Its words are those of the question, since it gives a title."""
    texts = [claim.text for claim in ask(library, "What did Holm say about rents in large towns?").claims]
    assert texts == ["Rents rose in all large towns, and builders wait for permits."]


def test_who_spoke_of_something_is_told(library: Library) -> None:
    """Though no document says "spoke"."""
    assert "brenner.md" in cited(ask(library, "Who spoke about climate change?"))


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("What was Orvane's revenue in 2027?", "what comes nearest was published before “2027”"),
        ("What did Governor Bowen say about LIBOR?", "“LIBOR”"),
    ],
)
def test_what_cannot_be_known_is_not_told(library: Library, question: str, reason: str) -> None:
    """How something was in a year that no document has seen; what is no matter of whoever is asked for."""
    answer = ask(library, question)
    assert answer.abstained
    assert reason in answer.reason


def test_what_is_planned_for_a_later_year_is_told(library: Library) -> None:
    """It is not asked how it was."""
    assert "$250 million" in ask(library, "How much of Orvane's debt is due in 2027?").claims[0].text


def test_the_companys_figure_comes_before_a_divisions(library: Library) -> None:
    """Where the question names no division."""
    assert ask(library, "What was Orvane's revenue in 2023?").claims[0].text.startswith("Orvane revenues in 2023 were $4,310 million")
