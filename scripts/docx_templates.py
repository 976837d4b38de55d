"""Writes the Word templates that ship: templates/*/report.docx, with real styles, footnotes, a table of contents, header and footer.

    python scripts/docx_templates.py            write them
    python scripts/docx_templates.py FOLDER     write them below FOLDER instead

They are plain .docx files with Jinja tags; a house takes one, changes fonts, colours and logo in Word, and saves it into its workspace.
Equal bytes at every run.
"""

# ruff: noqa: E501 -- a paragraph of a template is read as one line

import io
import sys
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

INK, MUTED, ACCENT, WARN, GOOD, RULE = "1B2025", "565E66", "8F1F2D", "7D4A00", "23603F", "D8D3C7"
SERIF, SANS = "Cambria", "Calibri"
WIDTH = Mm(170)

Runs = Sequence[tuple[str, str] | str]
"""Texts, each with a character style or in the paragraph's own."""

SECTION = "{{ section.anchor | replace('-', '_') }}"
CITED = "{{r %s | footnotes }}"
"""Real footnotes."""

NAMED = (
    "{%% for source, marks in %s | groupby('source') %%} [{{ source }}{%% for page in marks | map(attribute='page') | unique if page %%}, "
    "{{ page }}{%% endfor %%}]{%% endfor %%}",
    "Cited",
)
"""In a short form the number of each source, once, and its pages."""

SURE = ("{% if claim.card %}  confidence {{ claim.card.confidence }}{% endif %}", "Muted")
"""How sure the card of a finding is."""

NUMBERED: Runs = [("{{ claim.number }}\t", "Muted")]
BULLET: Runs = [("•\t", "Muted")]


def main(to: Path) -> None:
    for name, build in {"market_trends": full, "company_note": note, "weekly_brief": brief}.items():
        (to / name).mkdir(parents=True, exist_ok=True)
        (to / name / "report.docx").write_bytes(packed(build()))


# ── the three reports ─────────────────────────────────────────────────────────────────────────────────────────────


def full() -> Any:
    doc = opened("Market trends report")
    contents(doc)
    warned(doc)
    chapter(doc, "Bottom line")
    bottom_line(doc)
    changed(doc)
    chapter(doc, "At a glance")
    glance(doc)
    line(doc, "{%p for section in sections if section.name != 'conflicts' %}")
    chapter(doc, "{{ section.title }}", anchor=SECTION)
    line(doc, "{%p if section.question %}")
    line(doc, "{{ section.question }}", style="Question")
    line(doc, "{%p endif %}")
    line(doc, "{%p for card in section.cards %}")
    card(doc)
    line(doc, "{%p endfor %}")
    claims(doc, "section.claims")
    line(doc, "{%p if not section.cards and not section.claims %}")
    line(doc, "n/a – no source", style="None Found")
    line(doc, "{%p endif %}")
    line(doc, "{%p for gap in section.gaps %}")
    line(doc, [("Gap  ", "Label Text"), "{{ gap.question }} ", ("{{ gap.reason }}", "Muted")], style="Gap")
    line(doc, "{%p endfor %}")
    line(doc, "{%p endfor %}")
    conflicts(doc)
    gaps(doc)
    method(doc)
    coverage(doc)
    sources(doc)
    annex(doc)
    return doc


def note() -> Any:
    doc = opened("Company note", compact=True)
    warned(doc)
    chapter(doc, "Bottom line")
    bottom_line(doc, cited=NAMED)
    changed(doc, short=True)
    chapter(doc, "Facts")
    glance(doc, rows_of="glance", marks=False)
    chapter(doc, "What moves them")
    line(doc, "{%p if not sections | map(attribute='cards') | sum(start=[]) %}")
    line(doc, "No trend was found: no measure has figures of two times, or a direction that two sources tell.", style="None Found")
    line(doc, "{%p endif %}")
    line(doc, "{%p for section in sections %}")
    line(doc, "{%p for card in section.cards %}")
    stated = spoken(NAMED)
    line(doc, [*BULLET, ("{{ card.title }}. ", "Strong"), "{% for claim in card.claims[:2] %}", *stated, " {% endfor %}"], style="Finding")
    line(doc, "{%p endfor %}")
    line(doc, "{%p endfor %}")
    chapter(doc, "Risks: what points the other way")
    line(doc, "{%p for claim in sections | map(attribute='cards') | sum(start=[]) | map(attribute='counter') | sum(start=[]) %}")
    sentence(doc, style="Finding", lead=BULLET, cited=NAMED)
    line(doc, "{%p else %}")
    line(doc, "No source was found that speaks against these trends.", style="None Found")
    line(doc, "{%p endfor %}")
    chapter(doc, "Where sources disagree")
    line(doc, "{%p for conflict in conflicts[:6] %}")
    line(
        doc,
        [
            *BULLET,
            ("{{ conflict.topic }}{% if conflict.period %}, {{ conflict.period }}{% endif %}: ", "Strong"),
            "{% for side in conflict.sides %}{{ side.value }} ({{ side.published }}){{ '' if loop.last else (' replaces ' if conflict.replaced else ' against ') }}{% endfor %}. ",
            ("{{ conflict.kind }}. {{ conflict.reason }}", "Muted"),
        ],
        style="Finding",
    )
    line(doc, "{%p else %}")
    line(doc, "No two sources were found to differ on one metric, place and period.", style="None Found")
    line(doc, "{%p endfor %}")
    line(doc, "{%p if conflicts | length > 6 %}")
    line(doc, [("{{ conflicts | length - 6 }} more are in the full report.", "Muted")], style="Small")
    line(doc, "{%p endif %}")
    gaps(doc)
    sources(doc, short=True)
    return doc


def brief() -> Any:
    doc = opened("Weekly brief", compact=True)
    warned(doc)
    chapter(doc, "Bottom line")
    bottom_line(doc, cited=NAMED)
    changed(doc, short=True)
    chapter(doc, "At a glance")
    glance(doc, rows_of="glance[:8]", marks=False)
    line(
        doc,
        [
            (
                "{% if glance | length > 8 %}{{ glance | length - 8 }} more figures, {% endif %}{{ conflicts | length }} disagreements between "
                "sources and {{ gaps | length }} open questions are in the full report.",
                "Muted",
            )
        ],
        style="Small",
    )
    sources(doc, short=True)
    return doc


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def opened(kind: str, *, compact: bool = False) -> Any:
    """An empty document with styles, page, header, footer, properties and the title block."""
    doc = Document()
    for element in list(doc.element.body)[:-1]:
        doc.element.body.remove(element)
    styles(doc, COMPACT if compact else {})
    add_footnotes(doc)
    section = doc.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin, section.bottom_margin = (Mm(18), Mm(15)) if compact else (Mm(24), Mm(20))
    section.header_distance = section.footer_distance = Mm(8)
    sides(section.header.paragraphs[0], "{{ title }}", ["As of {{ as_of }}"], style="Header")
    sides(section.footer.paragraphs[0], "{{ report_id }}", [], style="Footer")
    foot = section.footer.paragraphs[0]
    foot.add_run("\t")
    field(foot, "PAGE", "1")
    foot.add_run(" / ")
    field(foot, "NUMPAGES", "1")
    properties(doc, kind)
    line(doc, kind, style="Kind")
    line(doc, "{{ title }}", style="Title")
    table(
        doc,
        ["As of", "Newest source", "Writer", "Run"],
        [["{{ as_of }}", "{{ cut_off or 'n/a – no source' }}", "{{ method.writer }}", "{{ method.run }}"]],
        widths=(40, 40, 45, 45),
    )
    line(
        doc,
        "{% for group in coverage %}{{ group.count }} {{ group.status | lower }}{{ '' if loop.last else ' · ' }}{% endfor %}",
        style="Small",
    )
    line(doc, "{{ banner }}", style="Banner")
    line(doc, "How to cite: {{ how_to_cite }}", style="Small")
    return doc


def properties(doc: Any, kind: str) -> None:
    known = doc.core_properties
    known.title, known.subject, known.author = "", kind, "rag-reports"
    known.comments = known.keywords = known.last_modified_by = ""
    known.created = known.modified = datetime(2026, 1, 1, tzinfo=UTC)


def contents(doc: Any) -> None:
    """A TOC field, filled with links to the chapters; Word adds page numbers when the field is updated."""
    line(doc, "Contents", style="Contents Heading")
    first = line(doc, "", style="TOC 1")
    first._p.append(run_xml('<w:fldChar w:fldCharType="begin"/>'))
    first._p.append(run_xml(r'<w:instrText xml:space="preserve"> TOC \o "1-1" \h \z \u </w:instrText>'))
    first._p.append(run_xml('<w:fldChar w:fldCharType="separate"/>'))
    link(first, "Bottom line", anchor=_anchor("Bottom line"))
    link(line(doc, "", style="TOC 1"), "At a glance", anchor=_anchor("At a glance"))
    line(doc, "{%p for section in sections if section.name != 'conflicts' %}")
    link(line(doc, "", style="TOC 1"), "{{ section.title }}", anchor="_Toc_" + SECTION)
    line(doc, "{%p endfor %}")
    for name in ("Where sources disagree", "Gaps", "Method and limits", "Coverage", "Sources", "Evidence"):
        link(line(doc, "", style="TOC 1"), name, anchor=_anchor(name))
    line(doc, "").paragraph_format.space_after = Pt(0)
    doc.paragraphs[-1]._p.append(run_xml('<w:fldChar w:fldCharType="end"/>'))


def warned(doc: Any) -> None:
    line(doc, "{%p if warnings %}")
    line(doc, [("Seen and not followed", "Warning Text")], style="Notice")
    line(doc, "{%p for warning in warnings %}")
    line(doc, "{{ warning }}", style="Notice")
    line(doc, "{%p endfor %}")
    line(doc, "{%p endif %}")


def bottom_line(doc: Any, *, cited: tuple[str, str] | str = CITED) -> None:
    line(doc, "{%p for claim in bottom_line %}")
    line(doc, "{%p if loop.first %}")
    line(doc, [*spoken(cited), SURE], style="Headline")
    line(doc, "{%p else %}")
    line(doc, [*BULLET, *spoken(cited), SURE], style="Finding")
    line(doc, "{%p endif %}")
    line(doc, "{%p else %}")
    line(doc, "n/a – no source", style="None Found")
    line(doc, "{%p endfor %}")


def changed(doc: Any, *, short: bool = False) -> None:
    """What an edition that knows its predecessor adds."""
    line(doc, "{%p if changes.first %}")
    line(doc, "This is the first edition of this report.", style="Small")
    line(doc, "{%p else %}")
    chapter(doc, "What changed since the last edition")
    told = (
        "{{ changes.cards | length }} trends, {{ changes.figures | length }} figures and {{ changes.claims | length }} statements are new or "
        "changed; the full report names each."
    )
    stands = "{{ changes.unchanged }} {{ 'statement stands' if changes.unchanged == 1 else 'statements stand' }} as before."
    line(
        doc,
        "Compared with the edition as of {{ changes.as_of }}: {% if changes.nothing %}nothing changed: no document came, changed or went."
        "{% else %}" + (told if short else stands) + "{% endif %}",
    )
    line(doc, "{%p for one in changes.cards[:5] %}" if short else "{%p for one in changes.cards %}")
    news = "{% if one.was and one.now %} – was {{ one.was }}, now {{ one.now }}{% elif one.now or one.was %} – {{ one.now or one.was }}{% endif %} "
    because = ("{% if one.causes %}{{ one.causes | join('; ') }}{% else %}No document: the newest source has aged.{% endif %}", "Muted")
    line(doc, [*BULLET, ("{{ one.kind }} ", "Strong"), "{{ one.title }}" + news, because], style="Finding")
    line(doc, "{%p endfor %}")
    revised = "{%p for one in (changes.figures | selectattr('was') | list)[:5] %}"
    line(doc, revised if short else "{%p for one in changes.figures %}")
    line(
        doc,
        [
            *BULLET,
            ("{{ one.kind }} ", "Strong"),
            "{{ one.topic }}, {{ one.period }}: {{ one.was or '–' }} → {{ one.now or '–' }} ",
            because,
        ],
        style="Finding",
    )
    line(doc, "{%p endfor %}")
    line(doc, "{%p for one in changes.claims[:0] %}" if short else "{%p for one in changes.claims %}")
    line(
        doc,
        [*BULLET, ("{{ one.kind }} ", "Strong"), "“{{ one.text }}”{% if one.was %} Before: “{{ one.was }}”{% endif %} ", because],
        style="Finding",
    )
    line(doc, "{%p endfor %}")
    line(doc, "{%p for one in changes.documents[:8] %}" if short else "{%p for one in changes.documents %}")
    line(
        doc,
        [
            *BULLET,
            ("{{ one.event }} ", "Strong"),
            "{{ one.title }}{% if one.by %}, {{ one.by }}{% endif %}, {{ one.date }}{% if one.other %}, by {{ one.other }}{% endif %}{% if one.reason %}: {{ one.reason }}{% endif %}",
        ],
        style="Finding",
    )
    line(doc, "{%p endfor %}")
    line(doc, "{%p endif %}")


def glance(doc: Any, *, rows_of: str = "glance", marks: bool = True) -> None:
    """The table of all figures; in a short form with the numbers of the sources."""
    label = "label" if marks else "source"
    once = "" if marks else " | unique(attribute='source')"
    line(doc, "{%p if glance %}")
    rows(
        doc,
        ["Metric", "Latest", "Period", "Change", "Direction", "Confidence", "Quotes" if marks else "Sources"],
        loop=f"row in {rows_of}",
        cells=[
            ["{{ row.metric }}"],
            [("{{ row.latest or 'n/a' }}", "Strong")],
            ["{{ row.period or 'n/a' }}"],
            ["{{ row.change or 'n/a' }}"],
            ["{{ row.direction.arrow }} {{ row.direction.word or 'n/a' }}"],
            ["{{ row.confidence }}"],
            [(f"{{% for mark in row.marks{once} %}}{{{{ mark.{label} }}}}{{{{ '' if loop.last else ' ' }}}}{{% endfor %}}", "Muted")],
        ],
        widths=(37, 31, 21, 21, 20, 22, 18),
    )
    line(doc, "{%p else %}")
    line(doc, "n/a – no source", style="None Found")
    line(doc, "{%p endif %}")


def card(doc: Any) -> None:
    line(doc, "{{ card.topic }}", style="Topic")
    line(doc, "{{ card.title }}", style="Heading 2")
    line(doc, "{%p if card.figure %}")
    line(
        doc,
        [
            ("{{ card.figure.latest }}", "Figure Text"),
            ("  {{ card.figure.period }}", "Muted"),
            CITED % "card.figure.marks",
            ("  {{ card.direction.arrow }} {{ card.direction.word }}", "Strong"),
            ("  {{ card.figure.change }}", "Muted"),
        ],
        style="Latest",
    )
    line(doc, "{%p endif %}")
    line(
        doc,
        [("Confidence ", "Label Text"), ("{{ card.confidence.word }} ", "Strong"), ("{{ card.confidence.reason }}", "Muted")],
        style="Small",
    )
    line(doc, "{%p if card.chart %}")
    line(doc, ["{{r card.chart | drawing }}"], style="Chart")
    line(doc, [("Source: ", "Muted"), CITED % "card.chart.marks"], style="Caption")
    line(doc, "{%p endif %}")
    line(doc, "{%p if card.series %}")
    columns(
        doc,
        loop="point in card.series",
        head="{{ point.period }}",
        body=["{{ point.printed }}{% if point.kind != 'actual' %} ({{ point.kind }}){% endif %}", CITED % "[point.mark]"],
    )
    line(doc, "{%p endif %}")
    finding(doc)
    claims(doc, "card.statements")
    line(doc, "{%p if card.counter %}")
    line(doc, "Pointing the other way", style="Heading 3")
    line(doc, "{%p endif %}")
    claims(doc, "card.counter")
    line(doc, "{%p if card.conflicts %}")
    line(doc, [("A figure here is disputed or was replaced; see below.", "Warning Text")], style="Small")
    line(doc, "{%p endif %}")


def claims(doc: Any, rows_of: str) -> None:
    line(doc, f"{{%p for claim in {rows_of} %}}")
    sentence(doc, style="Claim")
    line(doc, "{%p if claim.calculation %}")
    line(doc, working("claim"), style="Working")
    line(doc, "{%p endif %}")
    faults(doc, "claim")
    line(doc, "{%p endfor %}")


def working(claim: str) -> Runs:
    """How a figure was computed."""
    return [
        f"= {{{{ {claim}.calculation.formula }}}} = {{{{ {claim}.calculation.result }}}}, where "
        f"{{% for operand in {claim}.calculation.operands %}}{{{{ operand.name }}}} is {{{{ operand.value }}}}",
        CITED % "[operand.mark]",
        "{{ '' if loop.last else ', ' }}{% endfor %}",
    ]


def faults(doc: Any, claim: str) -> None:
    line(doc, f"{{%p for fault in {claim}.faults %}}")
    line(doc, [("{{ fault.reason or fault.outcome }} ({{ fault.gate }})", "Warning Text")], style="Working")
    line(doc, "{%p endfor %}")


def finding(doc: Any) -> None:
    """The claim that a card's title makes: its number, the sum and what the checks found."""
    line(doc, "{%p if card.finding %}")
    sign = (
        "\u00a0{{ card.finding.verdict.sign }} {% if card.finding.verdict.name != 'supported' %}{{ card.finding.verdict.word }}{% endif %}",
        "Supported",
    )
    line(doc, [("{{ card.finding.number }}\t({{ card.finding.kind }}) ", "Muted"), *working("card.finding"), sign], style="Claim")
    faults(doc, "card.finding")
    line(doc, "{%p endif %}")


def sentence(doc: Any, *, style: str, lead: Runs = NUMBERED, cited: tuple[str, str] | str = CITED) -> None:
    line(doc, [*lead, *spoken(cited)], style=style)


def spoken(cited: tuple[str, str] | str) -> Runs:
    """Who says it, what, the citations and the verdict."""
    by = ("{% if claim.said %}{{ claim.said }}{% if claim.in %}, {{ claim.in }}{% endif %}: {% endif %}", "Label Text")
    return [by, *said("claim", cited)]


def said(claim: str, cited: tuple[str, str] | str) -> Runs:
    """What is said, the citations and the verdict."""
    return [
        (f"{{% if {claim}.kind %}}({{{{ {claim}.kind }}}}) {{% endif %}}", "Label Text"),
        f"{{% if {claim}.mode == 'verbatim' %}}“{{{{ {claim}.text }}}}”{{% else %}}{{{{ {claim}.text }}}}{{% endif %}}",
        cite(cited, f"{claim}.marks"),
        (f"{{% if {claim}.verdict.name == 'supported' %}}\u00a0{{{{ {claim}.verdict.sign }}}}{{% endif %}}", "Supported"),
        (
            f"{{% if {claim}.verdict.name != 'supported' %}} {{{{ {claim}.verdict.sign }}}} {{{{ {claim}.verdict.word }}}}{{% endif %}}",
            "Warning Text",
        ),
    ]


def cite(form: tuple[str, str] | str, marks: str) -> tuple[str, str] | str:
    return form % marks if isinstance(form, str) else (form[0] % marks, form[1])


def conflicts(doc: Any) -> None:
    chapter(doc, "Where sources disagree")
    line(doc, "{%p for conflict in conflicts if not conflict.replaced %}")
    disagreement(doc)
    line(doc, "{%p else %}")
    line(doc, "No two sources were found to differ on one metric, place and period.", style="None Found")
    line(doc, "{%p endfor %}")
    line(doc, "{%p for conflict in conflicts if conflict.replaced %}")
    line(doc, "{%p if loop.first %}")
    chapter(doc, "Replaced figures")
    line(doc, "Each figure that a later document gives anew; the earlier one is printed nowhere else as current.")
    line(doc, "{%p endif %}")
    disagreement(doc)
    line(doc, "{%p endfor %}")


def disagreement(doc: Any) -> None:
    """Each side's figure, document and sentence."""
    line(doc, "{{ conflict.topic }}{% if conflict.period %}, {{ conflict.period }}{% endif %}", style="Heading 2")
    line(doc, [("{{ conflict.kind }}  ", "Warning Text"), "{{ conflict.reason }}"], style="Small")
    line(doc, "{%p for side in conflict.sides %}")
    when = (
        "{% if conflict.replaced %}{{ 'now' if loop.first else 'before' }}, {% endif %}{% if side.period != conflict.period %}{{ side.period }}, {% endif %}"
        "{% if side.by %}{{ side.by }}, {% endif %}{{ side.title }}, {{ side.published }}"
    )
    line(doc, [*BULLET, ("{{ side.value }}  ", "Strong"), (when, "Muted")], style="Finding")
    line(doc, [("{{ side.claim.number }}\t", "Muted"), *said("side.claim", CITED)], style="Claim")
    line(doc, "{%p if side.claim.home %}")
    faults(doc, "side.claim")
    line(doc, "{%p endif %}")
    line(doc, "{%p endfor %}")


def gaps(doc: Any) -> None:
    chapter(doc, "Gaps")
    line(doc, "{%p for gap in gaps %}")
    line(doc, [*BULLET, "{{ gap.question }} ", ("{{ gap.reason }}", "Muted")], style="Finding")
    line(doc, "{%p else %}")
    line(doc, "None: every question that was asked is answered from two documents or more.", style="None Found")
    line(doc, "{%p endfor %}")


def method(doc: Any) -> None:
    chapter(doc, "Method and limits")
    line(
        doc,
        "The market was turned into fixed questions. Passages were found for each, sentences with facts were taken from them, and every "
        "printed sentence was checked against its quotes: that the quote stands on its page, that each number is in it, that the words are. "
        "Confidence is computed from the number of independent sources, their agreement and their age; it is no one’s opinion.",
    )
    line(
        doc,
        "Nothing published after {{ as_of }} was used. What the documents do not say is not in this report. A check mark means that a sentence is carried by its quotes, not that the quotes are true.",
    )
    table(
        doc,
        ["Made with", ""],
        [
            ["Writer", "{{ method.writer }}"],
            ["Embedding model", "{{ method.embedder }}, revision {{ method.revision }}, {{ method.dimensions }} dimensions"],
            ["Query prompt", "{{ method.prompt or 'none' }}"],
            ["Reranker", "{{ method.reranker or 'none: passages keep the order of the search' }}"],
            ["Template", "{{ method.template }}"],
            ["Record", "sequence {{ method.sequence }}"],
        ],
        widths=(45, 125),
    )
    line(doc, "")
    rows(doc, ["Count", ""], loop="count in counts", cells=[["{{ count.label }}"], ["{{ count.value }}"]], widths=(125, 45))


def coverage(doc: Any) -> None:
    chapter(doc, "Coverage")
    line(doc, "Every document in the library, and what became of it.")
    line(doc, "{%p for group in coverage if group.documents %}")
    line(doc, [("{{ group.status }} ", "Strong"), ("{{ group.count }}", "Muted")], style="Group")
    rows(
        doc,
        ["Document", "Date", "Claims or reason"],
        loop="document in group.documents",
        cells=[
            ["{{ document.title }} ", ("{{ document.path }}", "Muted")],
            ["{{ document.date }}"],
            [
                "{% if document.reason %}{{ document.reason }}{% elif document.claims %}{{ document.claims }} {{ 'claim' if document.claims == 1 else 'claims' }}{% else %}–{% endif %}"
            ],
        ],
        widths=(95, 30, 45),
    )
    line(doc, "{%p endfor %}")


def sources(doc: Any, *, short: bool = False) -> None:
    chapter(doc, "Sources")
    by = "{% if source.publisher %}. {{ source.publisher }}{% endif %}, {{ source.date }}{% if source.undated %} (undated; the file’s own date){% endif %}"
    if short:
        line(
            doc,
            "{% for source in sources %}[{{ source.number }}] {{ source.title }}" + by + "{{ '' if loop.last else '; ' }}"
            "{% else %}n/a – no source{% endfor %}",
            style="Reference",
        )
    else:
        line(doc, "{%p for source in sources %}")
        pages = "{% if source.pages %}, {{ source.pages }} {{ 'page' if source.pages == 1 else 'pages' }}{% endif %}"
        author = "{% if source.author %}. {{ source.author }}{% endif %}"
        file = ("{{ source.format }}" + pages + " · {{ source.path }}", "Muted")
        line(doc, [("[{{ source.number }}]\t", "Muted"), ("{{ source.title }}", "Emphasis"), author + by + ". ", file], style="Claim")
        line(doc, "{%p else %}")
        line(doc, "n/a – no source", style="None Found")
        line(doc, "{%p endfor %}")


def annex(doc: Any) -> None:
    chapter(doc, "Evidence")
    line(doc, "Every quote with the words around it, where it stands, the claims that rest on it and what their checks found.")
    line(doc, "{%p for item in evidence %}")
    line(doc, "{%p if loop.first or loop.previtem.source != item.source %}")
    line(doc, "[{{ item.source }}] {{ item.title }}", style="Heading 2")
    line(doc, "{%p endif %}")
    line(
        doc,
        [
            ("[{{ item.label }}] ", "Strong"),
            (
                "{% if item.page %}{{ item.page }} · {% endif %}{% if item.cell %}{{ item.cell }} · {% endif %}{% if item.section %}{{ item.section }} · {% endif %}{{ item.date }}",
                "Muted",
            ),
        ],
        style="Where",
    )
    line(
        doc,
        [
            ("{% if item.before and not item.cell %}… {{ item.before }} {% endif %}", "Muted"),
            ("{{ item.quote }}", "Quoted"),
            ("{% if item.after and not item.cell %} {{ item.after }} …{% endif %}", "Muted"),
        ],
        style="Evidence",
    )
    line(
        doc,
        [
            (
                "{% for claim in item.claims %}Claim {{ claim.number }} {{ claim.verdict.sign }} {{ claim.verdict.word }}{% for fault in claim.faults %}; {{ fault.outcome }} {{ fault.gate }}{% endfor %}{{ '' if loop.last else ' · ' }}{% endfor %}{% if not item.used %}No claim rests on this quote.{% endif %}",
                "Muted",
            )
        ],
        style="Small",
    )
    line(doc, "{%p else %}")
    line(doc, "n/a – no source", style="None Found")
    line(doc, "{%p endfor %}")


# ── words, tables, fields ─────────────────────────────────────────────────────────────────────────────────────────


def line(doc: Any, text: Runs | str, *, style: str = "Body Text") -> Any:
    """A paragraph of one text, or of several runs with a style each."""
    paragraph = doc.add_paragraph(style=style)
    put(paragraph, [text] if isinstance(text, str) else text)
    return paragraph


def put(paragraph: Any, runs: Runs) -> None:
    for run in runs:
        text, style = (run, None) if isinstance(run, str) else run
        if text:
            paragraph.add_run(text, style=style)


def chapter(doc: Any, title: str, *, anchor: str = "") -> None:
    """A heading of the first level with a bookmark that the contents link to."""
    paragraph = line(doc, title, style="Heading 1")
    name = f"_Toc_{anchor}" if anchor else _anchor(title)
    number = "{{ loop.index + 500 }}" if anchor else str(100 + len(doc.paragraphs))
    paragraph._p.insert(1, parse_xml(f'<w:bookmarkStart {nsdecls("w")} w:id="{number}" w:name="{name}"/>'))
    paragraph._p.append(parse_xml(f'<w:bookmarkEnd {nsdecls("w")} w:id="{number}"/>'))


def _anchor(title: str) -> str:
    return "_Toc_" + title.lower().replace(" ", "_")


def link(paragraph: Any, text: str, *, anchor: str) -> None:
    paragraph._p.append(
        parse_xml(f'<w:hyperlink {nsdecls("w")} w:anchor="{anchor}" w:history="1"><w:r><w:t>{text}</w:t></w:r></w:hyperlink>')
    )


def field(paragraph: Any, code: str, shown: str) -> None:
    """A simple field such as PAGE with the text shown before Word computes it."""
    paragraph._p.append(parse_xml(f'<w:fldSimple {nsdecls("w")} w:instr=" {code} "><w:r><w:t>{shown}</w:t></w:r></w:fldSimple>'))


def sides(paragraph: Any, left: str, right: Runs, *, style: str) -> None:
    paragraph.style = style
    paragraph.paragraph_format.tab_stops.add_tab_stop(WIDTH, WD_TAB_ALIGNMENT.RIGHT)
    put(paragraph, [left, *(["\t", *right] if right else [])])


def run_xml(inner: str) -> Any:
    return parse_xml(f"<w:r {nsdecls('w')}>{inner}</w:r>")


def table(doc: Any, head: Sequence[str], body: Sequence[Sequence[str]], *, widths: Sequence[int]) -> Any:
    """A table with a header row that is repeated on each page."""
    made = doc.add_table(rows=1 + len(body), cols=len(head), style="Report Table")
    wide(made, widths)
    for row, texts in zip(made.rows, [head, *body], strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            fill(cell, [text])
    repeat(made.rows[0])
    return made


def rows(doc: Any, head: Sequence[str], *, loop: str, cells: Sequence[Runs], widths: Sequence[int]) -> None:
    """A table with one row for each turn of a loop."""
    made = doc.add_table(rows=4, cols=len(head), style="Report Table")
    wide(made, widths)
    for cell, text in zip(made.rows[0].cells, head, strict=True):
        fill(cell, [text])
    repeat(made.rows[0])
    fill(made.rows[1].cells[0], [f"{{%tr for {loop} %}}"])
    for cell, runs in zip(made.rows[2].cells, cells, strict=True):
        fill(cell, runs)
    whole(made.rows[2])
    fill(made.rows[3].cells[0], ["{%tr endfor %}"])


def columns(doc: Any, *, loop: str, head: str, body: Runs) -> None:
    """A table of two rows with one column for each turn of a loop."""
    made = doc.add_table(rows=2, cols=3, style="Report Table")
    for row, runs in zip(made.rows, [[head], body], strict=True):
        fill(row.cells[0], [f"{{%tc for {loop} %}}"])
        fill(row.cells[1], runs)
        fill(row.cells[2], ["{%tc endfor %}"])
        whole(row)
    repeat(made.rows[0])


def fill(cell: Any, runs: Runs) -> None:
    cell.paragraphs[0].style = "Cell"
    put(cell.paragraphs[0], runs)


def wide(made: Any, widths: Sequence[int]) -> None:
    """Widths for the columns and each of their cells: Word looks at the cells, others at the columns."""
    made.autofit = False
    for column, width in zip(made.columns, widths, strict=True):
        column.width = Mm(width)
    for row in made.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)


def repeat(row: Any) -> None:
    row._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))


def whole(row: Any) -> None:
    row._tr.get_or_add_trPr().append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))


# ── styles ────────────────────────────────────────────────────────────────────────────────────────────────────────

PARAGRAPHS: dict[str, dict[str, Any]] = {
    "Normal": {"font": SERIF, "size": 10.5, "colour": INK, "after": 4},
    "Body Text": {"after": 5, "line": 1.15},
    "Title": {"font": SERIF, "size": 24, "bold": True, "colour": INK, "after": 8, "plain": True},
    "Heading 1": {"font": SERIF, "size": 16, "bold": True, "colour": INK, "before": 20, "after": 6, "rule": True},
    "Heading 2": {"font": SERIF, "size": 12.5, "bold": True, "colour": INK, "before": 6, "after": 3},
    "Heading 3": {"font": SANS, "size": 9, "bold": True, "colour": MUTED, "before": 6, "after": 2},
    "Kind": {"font": SANS, "size": 8.5, "bold": True, "colour": ACCENT, "after": 2},
    "Topic": {"font": SANS, "size": 8, "bold": True, "colour": ACCENT, "before": 14, "after": 0, "next": True},
    "Contents Heading": {"font": SANS, "size": 9, "bold": True, "colour": MUTED, "before": 8, "after": 2, "next": True},
    "TOC 1": {"font": SANS, "size": 9, "after": 1, "tabs": True},
    "Question": {"italic": True, "colour": MUTED, "after": 6, "next": True},
    "Banner": {"italic": True, "colour": MUTED, "before": 4, "after": 4},
    "Small": {"font": SANS, "size": 8.5, "after": 4},
    "Notice": {"font": SANS, "size": 8.5, "after": 2, "shade": "F3F0E8"},
    "Gap": {"font": SANS, "size": 9, "before": 4, "after": 4, "shade": "F3F0E8"},
    "None Found": {"italic": True, "colour": MUTED},
    "Headline": {"size": 13.5, "after": 8, "line": 1.2},
    "Finding": {"after": 5, "hang": 4, "bullet": True},
    "Claim": {"after": 4, "hang": 9, "line": 1.12},
    "Working": {"font": SANS, "size": 8.5, "colour": MUTED, "after": 4, "indent": 9},
    "Latest": {"after": 2, "next": True},
    "Chart": {"before": 4, "after": 0, "next": True},
    "Caption": {"font": SANS, "size": 8, "colour": MUTED, "after": 4, "bold": False},
    "Group": {"font": SANS, "size": 9, "before": 8, "after": 2, "next": True},
    "Reference": {"font": SANS, "size": 8, "after": 0},
    "Where": {"font": SANS, "size": 8.5, "before": 6, "after": 0, "next": True},
    "Evidence": {"size": 9.5, "after": 1},
    "Cell": {"font": SANS, "size": 8.5, "after": 0},
    "Header": {"font": SANS, "size": 8, "colour": MUTED},
    "Footer": {"font": SANS, "size": 8, "colour": MUTED},
    "footnote text": {"font": SANS, "size": 8, "after": 1},
}
CHARACTERS: dict[str, dict[str, Any]] = {
    "Muted": {"font": SANS, "size": 8.5, "colour": MUTED},
    "Label Text": {"font": SANS, "size": 8, "colour": MUTED, "bold": True},
    "Warning Text": {"font": SANS, "size": 8.5, "colour": WARN, "bold": True},
    "Supported": {"font": SANS, "size": 8.5, "colour": GOOD},
    "Figure Text": {"font": SERIF, "size": 17, "colour": INK},
    "Quoted": {"shade": "FFEFB0"},
    "Cited": {"font": SANS, "size": 7, "colour": "0B4A78"},
    "footnote reference": {"colour": "0B4A78", "superscript": True},
}


COMPACT: dict[str, dict[str, Any]] = {
    "Normal": {"size": 8.5},
    "Title": {"size": 15, "after": 3},
    "Heading 1": {"size": 12, "before": 8, "after": 3},
    "Headline": {"size": 10, "after": 2, "line": 1.0},
    "Finding": {"after": 1},
    "Group": {"before": 2, "after": 0},
    "Cell": {"size": 7.5},
    "Small": {"size": 7.5, "after": 1},
    "Banner": {"before": 1, "after": 1},
    "Notice": {"size": 7, "after": 0},
    "Reference": {"size": 7},
}
"""What differs in a short form."""


def styles(doc: Any, other: dict[str, dict[str, Any]]) -> None:
    for kind, table_of in ((WD_STYLE_TYPE.PARAGRAPH, PARAGRAPHS), (WD_STYLE_TYPE.CHARACTER, CHARACTERS)):
        for name, common in table_of.items():
            looks = common | other.get(name, {})
            known = {style.name for style in doc.styles}
            style = doc.styles[name] if name in known else doc.styles.add_style(name, kind)
            if kind == WD_STYLE_TYPE.PARAGRAPH and name not in known:
                style.base_style = doc.styles["Normal"]
            look(style, looks, paragraph=kind == WD_STYLE_TYPE.PARAGRAPH)
    doc.styles.element.append(parse_xml(TABLE_STYLE))


def look(style: Any, looks: dict[str, Any], *, paragraph: bool) -> None:
    font = style.font
    if "font" in looks:
        face(style, looks["font"])
    font.size = Pt(looks["size"]) if "size" in looks else font.size
    font.color.rgb = RGBColor.from_string(looks["colour"]) if "colour" in looks else font.color.rgb
    font.bold, font.italic = looks.get("bold", font.bold), looks.get("italic", font.italic)
    font.superscript = looks.get("superscript", font.superscript)
    if "shade" in looks:
        holder = style.element.get_or_add_pPr() if paragraph else style.element.get_or_add_rPr()
        holder.append(parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{looks["shade"]}"/>'))
    if paragraph:
        spaced(style, looks)


def spaced(style: Any, looks: dict[str, Any]) -> None:
    form = style.paragraph_format
    form.space_before, form.space_after = Pt(looks.get("before", 0)), Pt(looks.get("after", 4))
    form.line_spacing = looks.get("line", form.line_spacing)
    form.keep_with_next = looks.get("next", form.keep_with_next)
    if "indent" in looks:
        form.left_indent = Mm(looks["indent"])
    if "hang" in looks:
        form.left_indent, form.first_line_indent = Mm(looks["hang"]), Mm(-looks["hang"])
        form.tab_stops.add_tab_stop(Mm(looks["hang"]))
    if style.name in ("Header", "Footer"):
        form.tab_stops.clear_all()
    if "tabs" in looks:
        form.tab_stops.add_tab_stop(WIDTH, WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
    borders = style.element.get_or_add_pPr().find(qn("w:pBdr"))
    if borders is not None:
        style.element.pPr.remove(borders)
    if "rule" in looks:
        edge = parse_xml(f'<w:pBdr {nsdecls("w")}><w:top w:val="single" w:sz="10" w:space="5" w:color="{INK}"/></w:pBdr>')
        style.element.pPr.insert_element_before(
            edge, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:outlineLvl"
        )


def face(style: Any, name: str) -> None:
    """One font for Latin letters, and none forced on others, so that Word finds one for Chinese or Arabic itself."""
    style.font.name = name
    fonts = style.element.get_or_add_rPr().find(qn("w:rFonts"))
    for key in list(fonts.keys()):
        del fonts.attrib[key]
    fonts.set(qn("w:ascii"), name)
    fonts.set(qn("w:hAnsi"), name)


TABLE_STYLE = f"""<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="ReportTable"><w:name w:val="Report Table"/>
<w:basedOn w:val="TableNormal"/><w:uiPriority w:val="99"/><w:pPr><w:spacing w:after="0"/></w:pPr>
<w:tblPr><w:tblBorders><w:bottom w:val="single" w:sz="4" w:color="{RULE}"/><w:insideH w:val="single" w:sz="4" w:color="{RULE}"/></w:tblBorders>
<w:tblCellMar><w:top w:w="40" w:type="dxa"/><w:left w:w="0" w:type="dxa"/><w:bottom w:w="40" w:type="dxa"/><w:right w:w="110" w:type="dxa"/></w:tblCellMar></w:tblPr>
<w:tblStylePr w:type="firstRow"><w:rPr><w:b/><w:color w:val="{MUTED}"/></w:rPr><w:tcPr><w:tcBorders><w:bottom w:val="single" w:sz="8" w:color="{INK}"/></w:tcBorders></w:tcPr></w:tblStylePr></w:style>"""


# ── the package ───────────────────────────────────────────────────────────────────────────────────────────────────

FOOTNOTES = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:footnotes {nsdecls("w")}><w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>
<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r></w:p></w:footnote></w:footnotes>"""


def add_footnotes(doc: Any) -> None:
    """The part that python-docx cannot make: footnotes, with the two separators that Word wants."""
    from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    part = Part(PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, FOOTNOTES.encode(), doc.part.package)
    doc.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)


def packed(doc: Any) -> bytes:
    """The document as a zip with one date, in one order."""
    saved, out = io.BytesIO(), io.BytesIO()
    for key in [key for key, rel in doc.part.package.rels.items() if rel.reltype.endswith("/thumbnail")]:
        del doc.part.package.rels[key]
    doc.save(saved)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), old.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "templates")
