"""Measures that are computed from the lines of financial statements: which lines, and in which statement they stand.

"What is the quick ratio?" is answered by no sentence of an annual report but by three lines of its balance sheet. The measures and their
lines are those of any textbook of accounting; a question that names none of them is searched and answered as it is.
"""

# ruff: noqa: E501 - labels and measures are read as a table, a line each

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.patterns import regex
from rag.statements import Statement, named, printed_on
from rag.types import Document


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a statement."""

    name: str
    statement: str
    """The statement's id in prompts/statements.toml."""
    label: re.Pattern[str]
    """How its label begins or what it holds."""
    paid: bool = False
    """What is paid, printed with or without a minus."""


def letters_of(formula: str) -> tuple[str, ...]:
    """The names of its operands: a, b, ... in alphabetical order."""
    return tuple(sorted(set(re.findall(r"\b[a-f]\b", formula))))


@dataclass(frozen=True, slots=True)
class Measure:
    """What is computed from lines, or is one that companies name otherwise."""

    said: re.Pattern[str]
    """How a question names it."""
    lines: tuple[str, ...]
    name: str = ""
    """How a sentence names it; empty for what is looked for and not computed."""
    formulas: tuple[str, ...] = ()
    """Over a, b, ...: the lines in order; the first whose lines are all there is used."""

    def names_cells(self, labels: Sequence[str], formula: str) -> bool:
        """Whether rows with these labels are the lines of a formula, in the order of its letters."""
        lines = self.lines_of(formula)
        return (
            formula in self.formulas
            and len(labels) == len(lines)
            and all(LINES[line].label.search(label) for line, label in zip(lines, labels, strict=True))
        )

    def lines_of(self, formula: str) -> tuple[str, ...]:
        """The lines that a formula needs, in the order of its letters."""
        by_letter = dict(zip("abcdef", self.lines, strict=False))
        return tuple(by_letter[letter] for letter in letters_of(formula))


_PAID = ("cost of sales", "interest expense", "dividends", "capital expenditures", "depreciation")


def _line(name: str, statement: str, label: str) -> Line:
    return Line(name, statement, regex(rf"(?i)^\W*(?:{label})"), paid=name.startswith(_PAID))


LINES: dict[str, Line] = {
    line.name: line
    for line in (
        _line("net sales, total revenue", "income_statement", r"(?:total\s)?(?:net\s)?(?:operating\s)?(?:sales|revenues?)(?:,?\snet)?\W*$|total\s(?:net\s)?(?:sales|revenues?)\b"),
        _line("cost of sales, cost of goods sold", "income_statement", r"(?:total\s)?costs?\sof\s(?:net\s|products?\s|goods\s)?(?:sales|goods|revenues?|products|sold|services)|total\scosts"),
        _line("gross profit", "income_statement", r"gross\s(?:profit|margin)"),
        _line("operating income", "income_statement", r"(?:income|profit|earnings|\(?loss\)?)\W*(?:\(loss\)\s)?from\soperations|operating\s(?:income|profit|earnings|loss)|(?:income|earnings)\sbefore\s(?:interest|tax)"),
        _line("net income, net earnings", "income_statement", r"(?:consolidated\s)?net\s(?:income|earnings|loss|profit|\()"),
        _line("income before income taxes", "income_statement", r"(?:income|earnings|profit|\(?loss\)?).{0,60}before\s(?:provision|income\stax|tax)"),
        _line("provision for income taxes", "income_statement", r"(?:provision|benefit|\(?income\stax|income\staxes|taxes\son\sincome)"),
        _line("interest expense", "income_statement", r"interest\s(?:expense|and\sdebt)"),
        _line("selling, general and administrative expenses", "income_statement", r"selling|general\sand\sadministrative"),
        _line("research and development", "income_statement", r"research"),
        _line("earnings per share", "income_statement", r"(?:basic|diluted|earnings\sper|net\s(?:income|earnings)\sper|income\sper)"),
        _line("dividends", "cash_flow_statement", r"(?:cash\s)?dividends|payments?\sof\s(?:cash\s)?dividends"),
        _line("cash and cash equivalents", "balance_sheet", r"cash\sand\s(?:cash\s)?equivalents|cash\b"),
        _line("marketable securities, short-term investments", "balance_sheet", r"(?:marketable|short-term)\s(?:securities|investments)"),
        _line("accounts receivable", "balance_sheet", r"(?:trade\s|accounts\s|net\s)?(?:accounts\s)?receivables?"),
        _line("inventories", "balance_sheet", r"(?:total\s|merchandise\s)?inventor"),
        _line("total current assets", "balance_sheet", r"total\scurrent\sassets"),
        _line("property, plant and equipment", "balance_sheet", r"(?:net\s)?(?:property|land|plant)\b|(?:total\s)?property,?\s(?:plant|and)"),
        _line("total assets", "balance_sheet", r"total\sassets"),
        _line("accounts payable", "balance_sheet", r"(?:trade\s|accounts\s)payables?"),
        _line("total current liabilities", "balance_sheet", r"total\scurrent\sliabilities"),
        _line("long-term debt", "balance_sheet", r"(?:long-term\s(?:debt|borrowings)|total\sdebt)"),
        _line("short-term debt", "balance_sheet", r"(?:short-term\s(?:debt|borrowings)|current\s(?:portion|maturities)|notes\spayable|loans)"),
        _line("total liabilities", "balance_sheet", r"total\sliabilities"),
        _line("total equity", "balance_sheet", r"total\s.{0,40}(?:equity|deficit)"),
        _line("net cash from operating activities", "cash_flow_statement", r"(?:total\s|net\s)?cash\s.{0,30}operati"),
        _line("net cash from investing activities", "cash_flow_statement", r"(?:total\s|net\s)?cash\s.{0,30}investing"),
        _line("net cash from financing activities", "cash_flow_statement", r"(?:total\s|net\s)?cash\s.{0,30}financing"),
        _line(
            "capital expenditures, purchases of property, plant and equipment",
            "cash_flow_statement",
            r"(?:purchases?\sof|additions?\sto|payments?\sfor|acquisitions?\sof|investments?\sin|expenditures\sfor)\s(?:property|land|plant|fixed)|capital\s(?:expenditures?|spending)",
        ),
        _line("depreciation and amortization", "cash_flow_statement", r"(?:total\s)?(?:depreciation|amortization)"),
    )
}  # fmt: skip


def _measure(said: str, *lines: str, name: str = "", by: str = "") -> Measure:
    known = [next(name for name in LINES if name.startswith(line)) for line in lines]
    return Measure(regex(rf"(?i)\b(?:{said})(?![\w])"), tuple(known), name, tuple(by.split("; ")) if by else ())


MEASURES: tuple[Measure, ...] = (
    _measure(r"gross (?:profit )?margins?|gross profit (?:rate|percentage)", "gross profit", "net sales", "cost of sales", name="Gross margin", by="a / b * 100; (b - c) / b * 100"),
    _measure(r"operating (?:profit |income )?margins?|EBIT margins?", "operating income", "net sales", name="Operating margin", by="a / b * 100"),
    _measure(r"(?:net )?(?:profit|income) margins?", "net income", "net sales", name="Net profit margin", by="a / b * 100"),
    _measure(r"EBITDA margins?", "operating income", "depreciation and", "net sales", name="EBITDA margin", by="(a + b) / c * 100"),
    _measure(r"EBITDA(?! margins?)", "operating income", "depreciation and", "net sales", name="EBITDA", by="a + b"),
    _measure(r"effective tax rate", "provision for", "income before income", name="Effective tax rate", by="a / b * 100"),
    _measure(r"quick ratio|acid[- ]test(?: ratio)?", "total current assets", "inventories", "total current liabilities", "cash and", "accounts receivable", name="Quick ratio", by="(a - b) / c"),
    _measure(r"current ratio|working capital ratio", "total current assets", "total current liabilities", name="Current ratio", by="a / b"),
    _measure(r"working capital(?! ratio)", "total current assets", "total current liabilities", name="Working capital", by="a - b"),
    _measure(r"liquidity(?: profile| position| ratio)?", "total current assets", "total current liabilities"),
    _measure(r"cash ratio", "cash and", "total current liabilities", name="Cash ratio", by="a / b"),
    _measure(r"return on (?:total )?assets|ROA", "net income", "total assets", name="Return on assets at the year's end", by="a / b * 100"),
    _measure(r"return on (?:shareholders['’]? )?equity|ROE", "net income", "total equity", name="Return on equity at the year's end", by="a / b * 100"),
    _measure(r"return on (?:invested )?capital|ROIC|ROCE", "operating income", "total equity", "long-term debt"),
    _measure(r"asset turnover", "net sales", "total assets", name="Asset turnover", by="a / b"),
    _measure(r"fixed[- ]asset turnover", "net sales", "property,", name="Fixed asset turnover", by="a / b"),
    _measure(r"inventory turnover|inventory turns|days inventory(?: outstanding)?|DIO", "cost of sales", "inventories"),
    _measure(r"receivables? turnover|days sales outstanding|DSO", "net sales", "accounts receivable"),
    _measure(r"payables? turnover|days payables?(?: outstanding)?|DPO", "cost of sales", "accounts payable", "inventories"),
    _measure(r"cash conversion cycle|CCC", "inventories", "accounts receivable", "accounts payable", "cost of sales", "net sales"),
    _measure(r"debt[- ]to[- ]equity(?: ratio)?|leverage(?: ratio)?|gearing", "long-term debt", "short-term debt", "total equity"),
    _measure(r"interest coverage(?: ratio)?|times interest earned", "operating income", "interest expense", name="Interest coverage", by="a / b"),
    _measure(r"capital[- ]intensi(?:ve|ty)", "capital expenditures", "net sales", "property,", "total assets"),
    _measure(r"cap\s?ex|capital (?:expenditures?|spending)", "capital expenditures"),
    _measure(r"free cash flow|FCF", "net cash from operating", "capital expenditures", name="Free cash flow", by="a - b"),
    _measure(r"operating cash flow(?: ratio)?|cash (?:flow )?from operations", "net cash from operating", "total current liabilities"),
    _measure(r"operati(?:ng|ons),? (?:activities,? )?investing,? (?:activities,? )?(?:and|or) financing", "net cash from operating", "net cash from investing", "net cash from financing"),
    _measure(r"dividend payout(?: ratio)?|payout ratio", "dividends", "net income", name="Payout ratio", by="a / b * 100"),
    _measure(r"retention ratio", "dividends", "net income", name="Retention ratio", by="(b - a) / b"),
    _measure(r"D\s?&\s?A|depreciation and amorti[sz]ation", "depreciation and"),
    _measure(r"(?:net )?PP\s?&?\s?(?:N\s?)?E|PPNE|property,? plant,? (?:and|&) equipment|fixed assets", "property,"),
    _measure(r"COGS|costs? of goods sold|costs? of sales", "cost of sales"),
    _measure(r"SG\s?&\s?A", "selling,"),
    _measure(r"R\s?&\s?D(?: expenses?| spending)?", "research"),
    _measure(r"EPS", "earnings per"),
    _measure(r"(?:net )?AR|accounts receivable", "accounts receivable"),
    _measure(r"AP|accounts payable", "accounts payable"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """What a question asks of financial statements; empty for most questions."""

    lines: tuple[Line, ...] = ()
    statements: tuple[Statement, ...] = ()
    """Of the lines, and those that the question names."""
    words: tuple[str, ...] = ()
    """How the question names measures: no names of companies."""
    measures: tuple[Measure, ...] = ()
    """Those that can be computed."""

    def pages(self, document: Document) -> list[int]:
        """The document's pages that print one of the statements."""
        return [page for pages in printed_on(self.statements, document).values() for page in pages]

    def prints(self, line: str, page: int, document: Document) -> bool:
        """Whether a page is the statement in which a line stands."""
        return page in printed_on(self.statements, document).get(LINES[line].statement, ())

    def line_of(self, label: str) -> str:
        """The name of the line that a row's label names; empty for none."""
        return next((line.name for line in self.lines if line.label.search(label)), "")


def sought(question: str, *, statements: Sequence[Statement]) -> Sought:
    """The lines of all measures named, and the statements, of those that the workspace knows."""
    found = [(measure, match) for measure in MEASURES if (match := measure.said.search(question))]
    lines = tuple(LINES[name] for name in dict.fromkeys(name for measure, _ in found for name in measure.lines))
    wanted = {line.statement for line in lines} | {statement.id for statement in named(question, statements)}
    known = tuple(statement for statement in statements if statement.id in wanted)
    return Sought(
        lines=lines,
        statements=known,
        words=tuple(match[0] for _, match in found),
        measures=tuple(measure for measure, _ in found if measure.formulas),
    )
