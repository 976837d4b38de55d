"""German and French documents in a folder whose topics are English."""

from collections.abc import Iterator

import pytest

from rag import Library
from rag.language import in_english_figures, language_of
from rag.numbers import find_numbers, find_periods
from rag.render import render
from rag.text import sentences
from rag.types import Report
from tests.libraries import NOW, library_of, report_on

TEXTS = {
    "market/tracker.md": (
        "# Heat pumps in Germany: tracker 2025\n\nOld House, 12 March 2026\n\nHeat pump sales in Germany rose in 2025, above all at Velox. "
        "The larger makers, Velox and Norden, both added lines for heat pumps in 2025.\n\n"
        "Heat pump sales of Velox in Germany came to 41,000 units in 2025.\n"
    ),
    "market/Marktbericht.md": (
        "# Wärmepumpen in Deutschland: Marktbericht 2025\n\nVerband Wärme, 14. März 2026\n\n"
        "Der Absatz von Wärmepumpen in Deutschland stieg 2025 um 8 % auf 305.000 Stück. Er lag damit über dem von 2023.\n\n"
        "Velox erzielte 2025 einen Umsatz von 1,2 Mrd. EUR, und Norden kam auf 0,8 Mrd. EUR.\n\n"
        "Im vierten Quartal 2025 hatte Velox 3.100 Mitarbeiter.\n\n"
        "Die Preise für Wärmepumpen fielen 2025 um 3,5 Prozent. Wie geht es weiter?\n\n"
        "Alle Angaben stammen von den Herstellern und wurden vom Verband nicht geprüft.\n\n"
        "| Hersteller | Absatz 2024 | Absatz 2025 |\n|---|---|---|\n| Velox | 38.000 | 41.000 |\n| Norden | 29.000 | 30.000 |\n"
    ),
    "market/note.md": (
        "# Pompes à chaleur en Allemagne : note de marché 2025\n\nBureau Thermique, 20 mars 2026\n\n"
        "Les ventes de pompes à chaleur en Allemagne ont augmenté de 9 % en 2025 pour atteindre 307 000 unités.\n\n"
        "La part de marché de Velox s'élève à 15,5 % en 2025. Le chiffre d'affaires de Norden a atteint 0,8 milliard d'euros en 2025.\n"
    ),
    "garden/Gartenbericht.md": (
        "# Gartencenter: Bericht 2025\n\nVerband Garten, 2. Februar 2026\n\nDer Umsatz der Gartencenter ist 2025 um 4 % auf 9,1 Mrd. EUR "
        "gestiegen, und die Preise für Rasenmäher sind um 2 % gesunken.\n"
    ),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """All of it, ingested once."""
    with library_of(tmp_path_factory.mktemp("languages"), TEXTS) as opened:
        yield opened


@pytest.fixture(scope="module")
def report(library: Library) -> Report:
    """On the English topic, checked."""
    return report_on(library, "Heat pumps in Germany, 2025")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Umsatz von Velox betrug 2025 1,2 Mrd. EUR.", "de"),
        ("Die Preise fielen 2025 um 3,5 Prozent.", "de"),
        ("Im vierten Quartal 2025 hatte Velox 3.100 Mitarbeiter.", "de"),
        ("Köln, Düsseldorf: 3,125 units.", ""),
        ("Sales in Zürich and Köln rose at the café.", ""),
        ("La part de marché de Velox s'élève à 15 % en 2025.", "fr"),
        ("Sales rose by 4,500 units in 2025, 3.5% more than in 2024.", ""),
        ("The die was cast in Den Haag, said the maker.", ""),
        ("Sales of Le Monde de Paris were 3,500.", ""),
        ("41,000", ""),
        ("Mexico, Federal District Stores, S. de R.L. de C.V.", ""),
        ("Common stock par value, $.01 par value", ""),
        ("La participación en el Plan es el resultado de una decisión de la empresa.", ""),  # Spanish, which is not read
        ("De omzet van het bedrijf is in 2025 met 3,5 gestegen, en de prijs ook.", ""),
    ],
)
def test_a_language_is_told_by_its_small_words(text: str, language: str) -> None:
    """A name of another language in an English sentence tells nothing."""
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("sentence", "figures"),
    [
        ("Der Absatz von Velox stieg auf 305.000 Stück.", [("305.000 Stück", "305000", "units")]),
        ("Der Umsatz von Velox betrug 1,25 Mrd. EUR.", [("1,25 Mrd. EUR", "1250000000", "EUR")]),
        ("Die Preise fielen um 3,5 Prozent.", [("3,5 Prozent", "3.5", "%")]),
        ("Les ventes ont augmenté pour atteindre 307 000 unités.", [("307 000 unités", "307000", "units")]),
        ("Le chiffre d'affaires est de 12 millions d'euros.", [("12 millions d'euros", "12000000", "EUR")]),
        ("Sales of the maker rose to 305,000 units, or 3.125 a day.", [("305,000 units", "305000", "units"), ("3.125", "3.125", "")]),
    ],
)
def test_figures_are_read_as_the_sentence_writes_them(sentence: str, figures: list[tuple[str, str, str]]) -> None:
    """Points between thousands and commas before decimals in German, blanks in French; each is printed as it stands."""
    assert [(number.printed, str(number.value), number.unit) for number in find_numbers(sentence)] == figures
    assert all(sentence[number.start : number.end] == number.printed for number in find_numbers(sentence))
    assert len(in_english_figures(sentence)) == len(sentence)


@pytest.mark.parametrize(
    ("sentence", "period"),
    [
        ("Im ersten Quartal 2026 stieg der Umsatz um 3 %.", "2026-Q1"),
        ("Der Umsatz stieg im 2. Halbjahr 2025 um 3 %.", "2025-H2"),
        ("Der Umsatz stieg im März 2026 um 3 %.", "2026-03"),
        ("Le chiffre d'affaires a augmenté de 3 % au troisième trimestre 2026.", "2026-Q3"),
        ("Le chiffre d'affaires a augmenté de 3 % en février 2026.", "2026-02"),
        ("Der Umsatz stieg 2026 um 3 %.", "2026"),
    ],
)
def test_times_of_german_and_french_sentences(sentence: str, period: str) -> None:
    """What is of a quarter or a month of 2026 is not said to be of 2026."""
    assert [mention.label for mention in find_periods(sentence)] == [period]


def test_a_scale_shortened_in_german_ends_no_sentence() -> None:
    """ "1,2 Mrd. EUR" stays whole."""
    text = "Der Umsatz betrug 1,2 Mrd. EUR. Der Absatz stieg."
    assert [text[start:end] for start, end in sentences(text)] == ["Der Umsatz betrug 1,2 Mrd. EUR.", "Der Absatz stieg."]


def test_german_and_french_figures_are_quoted_under_an_english_topic(report: Report) -> None:
    """In their language and section, each sentence that says what its figure is; none that leans on another, asks, or has no figure."""
    said = {claim.text: claim.section for claim in report.claims if language_of(claim.text)}
    assert said == {
        "Der Absatz von Wärmepumpen in Deutschland stieg 2025 um 8 % auf 305.000 Stück.": "demand",
        "Velox erzielte 2025 einen Umsatz von 1,2 Mrd. EUR, und Norden kam auf 0,8 Mrd. EUR.": "demand",
        "Im vierten Quartal 2025 hatte Velox 3.100 Mitarbeiter.": "labour",
        "Die Preise für Wärmepumpen fielen 2025 um 3,5 Prozent.": "price",
        "Les ventes de pompes à chaleur en Allemagne ont augmenté de 9 % en 2025 pour atteindre 307 000 unités.": "demand",
        "La part de marché de Velox s'élève à 15,5 % en 2025.": "competition",
        "Le chiffre d'affaires de Norden a atteint 0,8 milliard d'euros en 2025.": "demand",
    }


def test_a_german_document_on_other_things_stays_out(report: Report) -> None:
    """It shares no names with those on the topic, and the report says why nothing of it is cited."""
    reasons = {item.source.path.rpartition("/")[2]: item.reason for item in report.coverage if item.status != "cited"}
    assert "it is in German" in reasons["Gartenbericht.md"]


def test_their_figures_are_compared_with_nothing(report: Report) -> None:
    """307,000 and 305,000 are no disagreement, and no fact: which of them is read rightly, nobody checked."""
    evidence = {item.id: item.quote for item in report.evidence}
    assert report.conflicts == ()
    assert not any(language_of(evidence[fact.evidence]) for fact in report.facts)


def test_the_report_says_which_documents_are_in_another_language(report: Report) -> None:
    """In a warning, and beside each sentence."""
    assert [warning.partition(":")[0] for warning in report.warnings] == ["in German", "in French"]
    assert "none of their figures is compared" in report.warnings[0]
    assert "Marktbericht 2025, Mar 2026, in German" in render(report, format="md")
    assert "note de marché 2025, Mar 2026, in French" in render(report, format="md")


def test_an_english_question_finds_german_and_french_passages(library: Library) -> None:
    """Beside an English one that is no farther from it in meaning: its model knows no German word, so that none counts against them."""
    passages = library.search("What was the revenue of Velox in 2025?", k=4).passages
    best, *others = [passage.score for passage in passages]
    assert {passage.source.path.rpartition("/")[2] for passage in passages} >= {"tracker.md", "Marktbericht.md", "note.md"}
    assert min(others) > best - 0.3


def test_an_english_question_is_answered_by_a_german_sentence(library: Library) -> None:
    """By the metric, the name and the year that both have."""
    answer = library.ask("What was the revenue of Velox in 2025?", now=NOW, keep=False).answer
    assert answer.claims[0].text == "Velox erzielte 2025 einen Umsatz von 1,2 Mrd. EUR, und Norden kam auf 0,8 Mrd. EUR."
