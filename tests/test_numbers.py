"""Numbers and periods as printed and as meant."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.numbers import comparable, find_numbers, find_periods, is_period, period_order, period_shape, same, unit_in
from rag.types import Number

PRINTED = [
    ("EUR 4.2 billion", "4200000000", "EUR"),
    ("4,200 million euro", "4200000000", "EUR"),
    ("EUR 1.5bn", "1500000000", "EUR"),
    ("€4.2m", "4200000", "EUR"),
    ("$4.2m", "4200000", "USD"),
    ("US$ 4 million", "4000000", "USD"),
    ("£12k", "12000", "GBP"),
    ("¥300 billion", "300000000000", "JPY"),
    ("650 EUR", "650", "EUR"),
    ("RMB 5.2 million", "5200000", "CNY"),
    ("RMB5.2 million", "5200000", "CNY"),
    ("5.2 million RMB", "5200000", "CNY"),
    ("NT$31 billion", "31000000000", "TWD"),
    ("Rs. 200 crores", "2000000000", "INR"),
    ("₹3,400 crore", "34000000000", "INR"),
    ("Rs 20 lakh", "2000000", "INR"),
    ("EUR 5.2 Mio.", "5200000", "EUR"),
    ("CHF 3 Mrd.", "3000000000", "CHF"),
    ("1.842,6 Mio. EUR", "1842600000", "EUR"),
    ("EUR 1.842,65", "1842.65", "EUR"),
    ("5,3 Mrd. EUR", "5300000000", "EUR"),
    ("2,5 million euros", "2500000", "EUR"),
    ("41,2 MWh", "41.2", "MWh"),
    ("-$3.2m", "-3200000", "USD"),
    ("$-4", "-4", "USD"),
    ("EUR −3.2 million", "-3200000", "EUR"),
    ("$(3.2) million", "-3200000", "USD"),
    ("EUR (3.2)", "-3.2", "EUR"),
    ("CHF 1'200", "1200", "CHF"),
    ("EUR 1,842.6 million", "1842600000", "EUR"),
    ("EUR 12k", "12000", "EUR"),
    ("92 EUR/kWh", "92", "EUR/kWh"),
    ("EUR 92 per kWh", "92", "EUR/kWh"),
    ("€0.12/kWh", "0.12", "EUR/kWh"),
    ("EUR 2,380 per tonne", "2380", "EUR/t"),
    ("EUR 6.40 per MWh", "6.40", "EUR/MWh"),
    ("41.2 cents per kWh", "41.2", "cent/kWh"),
    ("12%", "12", "%"),
    ("12.5 %", "12.5", "%"),
    ("3,5 %", "3.5", "%"),
    ("12 per cent", "12", "%"),
    ("12 percent", "12", "%"),
    ("-3.4%", "-3.4", "%"),
    ("−3.4 %", "-3.4", "%"),
    ("–3 %", "-3", "%"),
    ("+7%", "7", "%"),
    ("(12.5)%", "-12.5", "%"),
    ("(0.8%)", "-0.8", "%"),
    ("twenty-five per cent", "25", "%"),
    ("7 percentage points", "7", "pp"),
    ("two percentage points", "2", "pp"),
    ("two percentage\npoints", "2", "pp"),
    ("1.4 working\ndays", "1.4", "working day"),
    ("0.3 pp", "0.3", "pp"),
    ("90 basis points", "90", "bp"),
    ("50-basis-point", "50", "bp"),
    ("25 bps", "25", "bp"),
    ("2,610 MWh", "2610", "MWh"),
    ("2.61 GWh", "2.61", "GWh"),
    ("1 200 MWh", "1200", "MWh"),
    ("1 200 MWh", "1200", "MWh"),
    ("100-MWh", "100", "MWh"),
    ("5 MW", "5", "MW"),
    ("3.7 kW", "3.7", "kW"),
    ("12 kilowatt-hours", "12", "kWh"),
    ("4.2 GWh/year", "4.2", "GWh/year"),
    ("48,600 tonnes", "48600", "t"),
    ("3.5m tonnes", "3500000", "t"),
    ("19 thousand tonnes", "19000", "t"),
    ("60 litres", "60", "l"),
    ("two million barrels", "2000000", "barrel"),
    ("300 m", "300", "m"),
    ("10.2 hours", "10.2", "hour"),
    ("ten-hour", "10", "hour"),
    ("14 weeks", "14", "week"),
    ("18 months", "18", "month"),
    ("1.4 working days", "1.4", "working day"),
    ("4,500 cycles", "4500", "cycle"),
    ("5,240 employees", "5240", "employees"),
    ("36,900 homes", "36900", "homes"),
    ("7,450 units", "7450", "units"),
    ("5.1x", "5.1", "x"),
    ("7.25×", "7.25", "x"),
    ("1,842.6", "1842.6", ""),
    ("(12.5)", "-12.5", ""),
    ("(18,400)", "-18400", ""),
    ("12k", "12000", ""),
    ("140", "140", ""),
    ("2025", "2025", ""),
    ("3rd", "3", "ordinal"),
    (".5", "0.5", ""),
]


@pytest.mark.parametrize(("text", "value", "unit"), PRINTED)
def test_a_printed_number_is_read_whole(text: str, value: str, unit: str) -> None:
    """Sign, scale and unit are applied and the span is the whole text."""
    numbers = find_numbers(text)
    assert [(number.printed, number.value, number.unit) for number in numbers] == [(text, Decimal(value), unit)]
    assert "E" not in str(numbers[0].value)


@pytest.mark.parametrize(
    "text",
    [
        "4x4",
        "KX-4471",
        "Q2",
        "B12",
        "CO2",
        "3D",
        "10-K",
        "MESO/D/2026/077",
        "QMM-2026-1A",
        "FY2025",
        "version 1.2.3",
        "one of two",
        "H1",
        "KIR-26H1",
    ],
)
def test_digits_in_names_are_not_numbers(text: str) -> None:
    """Product names, codes and quarters hold digits but no numbers."""
    assert find_numbers(text) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3-5 %", [("3", "%"), ("5", "%")]),
        ("between 3 and 5 per cent", [("3", "%"), ("5", "%")]),
        ("EUR 3-5 million", [("3000000", "EUR"), ("5000000", "EUR")]),
        ("EUR 2.1–2.2 billion", [("2100000000", "EUR"), ("2200000000", "EUR")]),
        ("between EUR 2.1 and 2.4 billion", [("2100000000", "EUR"), ("2400000000", "EUR")]),
        ("USD 95–100 per kWh", [("95", "USD/kWh"), ("100", "USD/kWh")]),
        ("60,000-80,000 units", [("60000", "units"), ("80000", "units")]),
        ("8% and 9%", [("8", "%"), ("9", "%")]),
        ("400 MW/1,600 MWh", [("400", "MW"), ("1600", "MWh")]),
        ("Halls 1 and 2", [("1", ""), ("2", "")]),
        ("rose by a lot (12.5%)", [("12.5", "%")]),
        ("in 2025, 185 MWh", [("2025", ""), ("185", "MWh")]),
        ("2024-26", [("2024", ""), ("2026", "")]),
    ],
)
def test_numbers_in_company_keep_their_units(text: str, expected: list[tuple[str, str]]) -> None:
    """Ranges share a unit and a scale; brackets in prose are no minus; years stand apart from values."""
    assert [(number.value, number.unit) for number in find_numbers(text)] == [(Decimal(value), unit) for value, unit in expected]


def _one(text: str) -> Number:
    (number,) = find_numbers(text)
    return number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("EUR 4.2 billion", "4,200 million euro"),
        ("2.61 GWh", "2,610 MWh"),
        ("0.520 GWh", "520 MWh"),
        ("90 basis points", "0.9 percentage points"),
        ("EUR 92 per kWh", "EUR 92,000 per MWh"),
        ("48,600 tonnes", "48.6 thousand tonnes"),
        ("12%", "12 per cent"),
        ("(12.5)%", "-12.5 %"),
    ],
)
def test_numbers_that_mean_the_same_are_the_same(one: str, other: str) -> None:
    """Scale, unit prefix and spelling do not matter."""
    assert same(_one(one), _one(other))


@pytest.mark.parametrize(
    ("one", "other"), [("5 %", "5"), ("5 %", "5 pp"), ("12%", "-12%"), ("EUR 5", "USD 5"), ("4.2 MWh", "4.2 MW"), ("4.20", "4.21")]
)
def test_numbers_that_mean_other_things_are_not_the_same(one: str, other: str) -> None:
    """Unit, sign and last digit matter."""
    assert not same(_one(one), _one(other))


_DECIMALS = st.decimals(min_value=0, max_value=10**9, places=2, allow_nan=False, allow_infinity=False)


@given(_DECIMALS, st.sampled_from(["EUR {}", "{} %", "{} MWh", "{} EUR/kWh", "-{} %", "({})", "EUR {} per tonne", "{} percentage points"]))
def test_a_formatted_number_is_found_again(value: Decimal, form: str) -> None:
    """Format with thousands separators, find: one number, the whole text, the same value."""
    text = form.format(f"{value:,}")
    (number,) = find_numbers(text)
    assert number.printed == text
    assert abs(number.value) == value
    assert text[number.start : number.end] == number.printed


@given(_DECIMALS, st.sampled_from([("thousand", 3), ("million", 6), ("billion", 9), ("trillion", 12)]))
def test_a_scaled_number_equals_the_number_written_out(value: Decimal, scale: tuple[str, int]) -> None:
    """EUR 4.2 billion is EUR 4,200,000,000."""
    word, power = scale
    assert same(_one(f"EUR {value} {word}"), _one(f"EUR {value.scaleb(power):,f}"))


@given(st.text(alphabet="0123456789 .,-–%()€$EURMWhmkbn/Q", max_size=40))
def test_reading_any_text_gives_exact_spans_in_order(text: str) -> None:
    """Whatever stands there, spans ascend, never overlap and print what they span."""
    at = 0
    for number in find_numbers(text):
        assert at <= number.start < number.end <= len(text)
        assert text[number.start : number.end] == number.printed
        comparable(number)
        at = number.end


@pytest.mark.parametrize(
    ("words", "unit", "factor", "printed"),
    [
        ("Five-line summary, EUR thousand", "EUR", 1000, "EUR thousand"),
        ("Capacity, MWh", "MWh", 1, "MWh"),
        ("Price (EUR/kWh)", "EUR/kWh", 1, "EUR/kWh"),
        ("Feed by source, thousand tonnes", "t", 1000, "thousand tonnes"),
        ("Bill before, EUR a year", "EUR", 1, "EUR"),
        ("Share, %", "%", 1, "%"),
        ("EUR Million", "EUR", 10**6, "EUR Million"),
        ("2019 RMB’Million", "CNY", 10**6, "RMB’Million"),
        ("Revenue (RMB million)", "CNY", 10**6, "RMB million"),
        ("NT$ thousand", "TWD", 1000, "NT$ thousand"),
        ("(dollars in millions)", "USD", 10**6, "dollars in millions"),
        ("(in millions of US$)", "USD", 10**6, "millions of US$"),
        ("in millions of euros", "EUR", 10**6, "millions of euros"),
        ("2019 US$’000", "USD", 1000, "US$’000"),
        ("₹ crore", "INR", 10**7, "₹ crore"),
        ("in TEUR", "EUR", 1000, "TEUR"),
        ("Sales, MSEK", "SEK", 10**6, "MSEK"),
        ("Mio. EUR", "EUR", 10**6, "Mio. EUR"),
        ("$MM", "USD", 10**6, "$MM"),
        ("Price, 2018 (€)", "EUR", 1, "€"),
        ("TT$ million", "", 1, ""),
        ("Purchases of property, plant and equipment (PP&E)", "", 1, ""),
        ("Second-quarter indicators", "", 1, ""),
        ("2025", "", 1, ""),
    ],
)
def test_a_tables_label_says_its_unit(words: str, unit: str, factor: int, printed: str) -> None:
    """Unit, scale and the words that say so."""
    assert unit_in(words) == (unit, Decimal(factor), printed)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("in 2025", "2025"),
        ("FY2025", "FY2025"),
        ("fiscal year 2025", "FY2025"),
        ("Q3 2025", "2025-Q3"),
        ("2025 Q3", "2025-Q3"),
        ("3Q25", "2025-Q3"),
        ("the third quarter of 2025", "2025-Q3"),
        ("H1 2026", "2026-H1"),
        ("first half of 2026", "2026-H1"),
        ("September 2025", "2025-09"),
        ("Sept. 2025", "2025-09"),
        ("2025-09", "2025-09"),
        ("30 June 2026", "2026-06-30"),
        ("June 30, 2026", "2026-06-30"),
        ("2026-07-02", "2026-07-02"),
        ("2024/25", "2024/2025"),
        ("2024-26", "2024-2026"),
        ("in the year to June 2026", "2026-06/12m"),
        ("the twelve months ended 30 June 2026", "2026-06/12m"),
        ("mid-2025", "2025-mid"),
        ("at the end of 2030", "2030-end"),
        ("spring of 2028", "2028-spring"),
        ("2026E", "2026"),
    ],
)
def test_a_period_is_read_to_one_label(text: str, label: str) -> None:
    """Every way to print a period gives its normalised label."""
    assert [mention.label for mention in find_periods(text)] == [label]
    assert is_period(label)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("this year", "2026"),
        ("last year", "2025"),
        ("in October", "2025-10"),
        ("the second quarter", "2026-Q2"),
        ("first-half sales", "2026-H1"),
        ("over the next six months", "2027-02/6m"),
    ],
)
def test_a_period_without_a_year_takes_it_from_the_documents_date(text: str, label: str) -> None:
    """The latest one that had begun by then; without a date there is none."""
    assert [mention.label for mention in find_periods(text, published=date(2026, 8, 20))] == [label]
    assert is_period(label)
    assert find_periods(text) == ()


def test_a_value_with_a_unit_is_no_period() -> None:
    """2,025 and 2025 MWh are not years."""
    assert find_periods("2,025 of them and 2025 MWh") == ()


def test_periods_sort_by_their_end_and_know_their_shape() -> None:
    """Only like shapes are compared."""
    labels = ["2025", "2025-Q1", "2025-09", "2024/2025", "2025-H1", "2025-mid"]
    assert sorted(labels, key=period_order)[0] == "2025-Q1"
    assert [period_shape(label) for label in labels] == ["year", "quarter", "month", "span", "half", "mid"]
