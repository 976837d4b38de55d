"""What a topic asks for in particular, and reports that hold nothing else."""

from collections.abc import Collection
from datetime import date

import pytest

from rag.errors import UsageError
from rag.prompts import facet_pack, metric_vocabulary
from rag.report import make_plan, outline_of
from rag.report.asked import Asked, asked_of, carded, is_at_home, lines_with, lying_in, narrowed, parted, reached
from rag.report.outline import arranged
from rag.report.report_gates import OFF_TOPIC
from rag.report.wording import Vocabulary
from rag.spelling import american
from rag.text import content_stems, stem, stem_set
from rag.types import Report
from tests.report_fixture import corpus_of, small_report

VOCABULARY = Vocabulary(metric_vocabulary())
CALLED = ("Fenwick Annual Report 2025 filings/fenwick-annual-report-2025.txt", "Heat storage monitor", "Decision on network charges")


def _asked(topic: str, *, pack: str = "macro", called: Collection[str] = ()) -> Asked | None:
    return asked_of(outline_of(topic, pack=facet_pack(pack)), vocabulary=VOCABULARY, called=tuple(called))


def _report(topic: str, *, pack: str = "market") -> Report:
    return small_report(outline=outline_of(topic, pack=facet_pack(pack)))


@pytest.mark.parametrize(
    ("topic", "metrics", "narrowed"),
    [
        ("Wages", {"wages"}, set()),
        ("Auto sales", {"sales"}, {"auto"}),
        ("Home prices", {"home_prices"}, set()),
        ("Cement prices", {"price", "input_prices"}, {"cement"}),
        ("Hiring in manufacturing", {"employment"}, {"manufactur"}),
        ("Inventories at wholesalers", {"inventories"}, {"wholesal"}),
        ("Wholesale inventories", {"inventories"}, {"wholesal"}),
        ("Employees", {"employment"}, set()),
        ("Wage trends, 2025", {"wages"}, set()),
        ("U.S. wages", {"wages"}, set()),
    ],
)
def test_the_end_of_a_phrase_is_what_is_measured(topic: str, metrics: set[str], narrowed: set[str]) -> None:
    """The words before it, and a section's word behind it, say of what."""
    asked = _asked(topic)
    assert asked is not None
    (aspect,) = asked.aspects
    assert metrics <= aspect.metrics
    assert aspect.narrowed == narrowed


@pytest.mark.parametrize(
    ("topic", "cards"),
    [
        ("Net debt", {"net_debt"}),
        ("Cash flow and net debt", {"operating_cash_flow", "free_cash_flow", "net_debt"}),
    ],
)
def test_what_names_no_measure_has_cards_of_those_whose_names_hold_it(topic: str, cards: set[str]) -> None:
    """There is no cash flow as such in the vocabulary; of what it names, that alone."""
    asked = _asked(topic, pack="filings")
    assert asked is not None
    assert carded(asked, vocabulary=VOCABULARY) == cards


def test_and_parts_a_topic_and_what_ends_it_holds_for_all() -> None:
    """ "Revenue and employees of Halvex" asks for both, of one company."""
    asked = _asked("Revenue and employees at halvex")
    assert asked is not None
    assert [aspect.text for aspect in asked.aspects] == ["Revenue", "employees at halvex"]
    assert {aspect.tied for aspect in asked.aspects} == {frozenset({"halvex"})}


@pytest.mark.parametrize(
    "topic",
    ["Heat storage, Varland", "Green steel production", "Technology companies, 2023", "EV batteries, Europe, 2024-26"],
)
def test_a_market_is_no_measure(topic: str) -> None:
    """All that is said of it belongs to the report."""
    assert _asked(topic, called=CALLED) is None


@pytest.mark.parametrize("topic", ["Prices and the", "Prices / of", "Prices and ", "and prices"])
def test_words_that_say_nothing_are_no_aspect(topic: str) -> None:
    """Else every sentence would speak of them."""
    asked = _asked(topic)
    assert asked is None or all(aspect.stems for aspect in asked.aspects)


def test_reports_by_district_are_not_narrowed() -> None:
    """ "Wages by district" asks each district's document."""
    assert _asked("Wages by district") is None


def test_a_name_is_what_some_documents_are_called_by() -> None:
    """Never a word that they write small too, nor one that most are called by."""
    asked = _asked("Fenwick", called=CALLED)
    assert asked is not None
    assert asked.is_name
    assert _asked("Storage", called=CALLED) is None
    assert _asked("Fenwick", called=CALLED[:1]) is None


@pytest.mark.parametrize(
    ("topic", "named", "stems"),
    [
        ("Fenwick Storage", "Fenwick Storage", []),
        ("Fenwick Storage results", "Fenwick Storage", []),
        ("Fenwick Storage's lender dispute", "Fenwick Storage", [{"lender"}, {"disput"}]),
    ],
)
def test_a_name_may_hold_an_ordinary_word_and_be_asked_something_of(topic: str, named: str, stems: list[set[str]]) -> None:
    """General words ask for all of it; each of the others is looked for by itself."""
    asked = _asked(topic, called=("Fenwick Storage: first quarter", "Storage outlook", "Heat storage census", "Prices of copper"))
    assert asked is not None
    assert asked.named == (named,)
    assert [set(aspect.stems) for aspect in asked.aspects] == stems


@pytest.mark.parametrize(
    ("topic", "named"),
    [
        ("Best Drums sales and operating profit", ("Best Drums",)),
        ("3D litigation and debt", ("3D",)),
        ("Drums litigation and debt", ()),
        ("best drums sales and debt", ()),
    ],
)
def test_a_topic_may_begin_with_a_name_that_files_names_begin_with(topic: str, named: tuple[str, ...]) -> None:
    """Joined into one word, as filings are called; each thing asked for is of it."""
    asked = _asked(topic, called=("BESTDRUMS_2019_10K files/BESTDRUMS_2019_10K.pdf", "3D_2018_10K", "OTHER_2020_10K", "Report on drums"))
    assert asked is not None
    assert asked.named == named


def test_a_document_is_reached_by_what_it_is_called_or_says() -> None:
    """What an aspect is tied to may stand in a title or in one line, not in two."""
    asked = _asked("Margins in heat storage")
    assert asked is not None
    assert reached(asked, text="Heat storage grows.", called=frozenset())
    assert reached(asked, text="Margins fell.", called=stem_set("Heat storage monitor"))
    assert not reached(asked, text="Heat was on. Storage is full.", called=frozenset())


def test_a_document_full_of_a_place_need_not_name_it_each_time() -> None:
    """One in ten of its lines is enough, or its name; of a short one three lines, or the first."""
    asked = _asked("Home prices in Florida")
    assert asked is not None
    other = "Prices of homes rose a little in most of the places that our contacts told us of in the month before the last one.\n"
    assert is_at_home(asked, text="Florida grew. " + other * 5, called=frozenset())
    assert not is_at_home(asked, text="Florida grew. " + other * 20, called=frozenset())
    assert is_at_home(asked, text=other, called=stem_set("Florida outlook"))
    assert not is_at_home(asked, text=other + "Florida grew. " + other * 5, called=frozenset())
    assert is_at_home(asked, text=other + "Florida grew.\nFlorida hired.\nFlorida built.\n", called=frozenset())


@pytest.mark.parametrize("text", ["Carbon fibre is dear.", "Dear is carbon fiber."])
def test_a_line_holds_a_word_in_either_spelling(text: str) -> None:
    """Its first letters may differ from its stem's."""
    before = "Tyres are black.\n"
    assert list(lines_with(frozenset(content_stems("carbon fibres")), before + text)) == [len(before)]


def test_a_topics_first_part_that_says_something_is_its_market() -> None:
    """Not a mark before a semicolon."""
    assert outline_of("'; Steel prices", pack=facet_pack("market")).market == "Steel prices"


def test_under_a_heading_that_says_of_what_the_measure_is_enough() -> None:
    """Of rates that are no other metric's: "container rates" under "Freight", not interest rates there, nor rates under another heading."""
    asked = _asked("Freight rates", pack="market")
    assert asked is not None
    (aspect,) = asked.aspects

    def told(sentence: str, *, headed: str) -> bool:
        metrics = {mention.metric.id for mention in VOCABULARY.named(sentence)}
        return aspect.is_told(metrics=metrics, stems=stem_set(sentence), around=(), headed=stem_set(headed))

    assert told("Container rates fell to USD 1,900 in June.", headed="Freight")
    assert told("Freight rates fell.", headed="Costs")
    assert not told("Higher interest rates weighed on carriers.", headed="Freight")
    assert not told("Container rates fell to USD 1,900 in June.", headed="Ports")
    assert not told("Three ships were lost.", headed="Freight")


@pytest.mark.parametrize("topic", ["Outlook", "Outlook for 2026", "Forecasts and expectations", "Guidance of Halvex"])
def test_an_outlook_is_what_is_to_come(topic: str) -> None:
    """In whatever words, and not what stands under a heading of that name."""
    asked = _asked(topic)
    assert asked is not None
    assert all(aspect.is_ahead for aspect in asked.aspects)
    assert asked.aspects[0].is_told(metrics=(), stems=stem_set("We expect 352 units in 2026."), around=(), is_ahead=True)
    assert not asked.aspects[0].is_told(metrics=(), stems=stem_set("The outlook was sold."), around={"outlook"})


@pytest.mark.parametrize(
    ("topic", "texts", "reports"),
    [
        ("Home prices in Florida", {"a": "Florida and South Florida grew.", "b": "Ohio grew."}, {"a"}),
        ("Home prices in Florida", {"a": "Florida and South Florida grew.", "b": "Florida too."}, set()),
        ("Home prices in Florida", {"a": "Florida grew.", "b": "Ohio grew."}, set()),
        ("Home prices of Florida", {"a": "Florida and South Florida grew."}, set()),
    ],
)
def test_a_place_lies_in_the_region_whose_report_alone_names_it(topic: str, texts: dict[str, str], reports: set[str]) -> None:
    """Twice or more, and only where the topic calls it a place: "of Halvex" is no region's."""
    asked = _asked(topic)
    assert asked is not None
    assert lying_in(asked, texts=texts) == reports


def test_sentences_on_a_whole_region_stand_for_a_place_in_it_and_say_so() -> None:
    """Where hardly one names the place with what was asked."""
    filler = "Shops in the towns were busy on most days of the month, as our contacts told us in the weeks before. " * 30
    texts = {
        f"survey-{name}.txt": (
            f"Survey 2026-03: {name} District",
            "Survey office",
            date(2026, 3, 2),
            f"{place} was calm. Visitors came to {place}.\n\nHome prices in the district rose a little.\n\n{filler}",
        )
        for name, place in (("Arlen", "Morvia"), ("Belmar", "Tarnmark"), ("Corvin", "Osterland"))
    }
    report = small_report(outline=outline_of("Home prices in Morvia", pack=facet_pack("macro")), given=corpus_of(texts))
    assert [source.title for source in report.sources] == ["Survey 2026-03: Arlen District"]
    assert any("sentences on the whole of the region" in warning for warning in report.warnings)
    assert {claim.verdict for claim in report.claims} == {"supported"}


def test_parts_of_a_market_are_looked_for_by_themselves() -> None:
    """Where its words never stand together."""
    asked = parted(
        outline_of("Artificial intelligence and copyright", pack=facet_pack("market")), known={"artifici", "intellig", "copyright"}
    )
    assert [aspect.stems for aspect in asked.aspects] == [{"artifici", "intellig"}, {"copyright"}]
    told = [aspect.is_told(metrics=(), stems=stem_set("A ruling on copyright."), around=()) for aspect in asked.aspects]
    assert told == [False, True]


def test_a_report_on_a_measure_holds_nothing_else() -> None:
    """Wages of installers, out of documents on heat storage; the sections that were not asked for are no gaps."""
    report = _report("Wages")
    assert report.claims
    assert all("age" in claim.text for claim in report.claims)
    assert {claim.verdict for claim in report.claims} == {"supported"}
    assert {gap.section for gap in report.gaps} <= {"labour"}


def test_a_report_on_a_company_holds_nothing_else() -> None:
    """Its own documents, and what others say of it by name."""
    report = _report("Fenwick")
    titles = {source.title for source in report.sources}
    assert report.claims
    assert all("Fenwick" in title for title in titles)
    assert {claim.verdict for claim in report.claims} == {"supported"}


def test_a_measure_that_nobody_speaks_of_is_told() -> None:
    """By its name, and nothing else is printed for it."""
    report = _report("Exports and bank lending")
    assert report.claims == ()
    assert any('"bank lending"' in warning for warning in report.warnings)
    assert any('"Exports"' in warning for warning in report.warnings)


@pytest.mark.parametrize("topic", ["Fenwick", "Revenue and margins of Fenwick"])
def test_searches_on_a_company_name_it(topic: str) -> None:
    """Else a large library's other documents come first."""
    outline = outline_of(topic, pack=facet_pack("market"))
    asked = asked_of(outline, vocabulary=VOCABULARY, called=CALLED)
    queries = [query.text for query in make_plan(outline, asked=asked).queries if query.facet]
    assert queries
    assert all("Fenwick" in query for query in queries)


def test_a_place_that_nobody_speaks_of_is_told() -> None:
    """With what was asked of it."""
    report = _report("Wages in Tarnmark")
    assert report.claims == ()
    assert any('"Wages" together with Tarnmark' in warning for warning in report.warnings)


@pytest.mark.parametrize("topic", ["", " , ", "of and the", "IT", "😀", "--", "x" * 401, "{{market}}", "{% topic %}"])
def test_a_topic_that_says_nothing_or_too_much_is_refused(topic: str) -> None:
    """In one sentence with the next step."""
    with pytest.raises(UsageError, match=r"such as|rag plan"):
        outline_of(topic, pack=facet_pack("market"))


@pytest.mark.parametrize(
    ("british", "same"),
    [
        ("labour", "labor"),
        ("neighbouring", "neighboring"),
        ("organisations", "organizations"),
        ("centres", "centers"),
        ("labelled", "labeled"),
        ("analysed", "analyzed"),
        ("programme", "program"),
    ],
)
def test_two_spellings_are_one_stem(british: str, same: str) -> None:
    """What is asked in one is found in the other."""
    assert stem(british) == stem(same)


@pytest.mark.parametrize("word", ["hour", "four", "rise", "promise", "enterprise", "advertising", "analysis", "travel", "basis"])
def test_other_words_keep_their_spelling(word: str) -> None:
    """Only what has two is changed."""
    assert american(word) == word


@pytest.mark.parametrize(
    ("topic", "sections"),
    [
        ("Wages and labour shortages", ["labour"]),
        ("Home prices and bank lending", ["property", "finance"]),
        ("Heat storage, Varland", None),
        ("Inflation and monetary policy", None),
    ],
)
def test_a_plan_has_the_sections_that_its_topic_asks_for(topic: str, sections: list[str] | None) -> None:
    """All of them for a market, and for a part that no section knows."""
    outline = outline_of(topic, pack=facet_pack("macro"))
    ids = [facet.id for facet in narrowed(outline, vocabulary=Vocabulary(arranged(metric_vocabulary(), outline))).sections]
    assert ids == (sections or [facet.id for facet in outline.sections])


def test_documents_off_the_topic_do_not_hold_a_report_on_a_company_short() -> None:
    """Its own two documents carry it: the other five say nothing of it."""
    report = _report("Fenwick")
    off = [item for item in report.coverage if item.status == "retrieved" and item.reason.startswith(OFF_TOPIC)]
    carried = max(item.claims for item in report.coverage)
    assert len(off) >= 3
    assert carried > 0.4 * len(report.claims)
