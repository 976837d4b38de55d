"""Web pages: what a person reads of them. Hidden elements go first, then navigation and other furniture; tables keep their cells."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rag.errors import CorruptFileError
from rag.patterns import regex
from rag.readers.clean import mark_raised, one_line
from rag.readers.dates import choose_date, parse_date
from rag.readers.draft import Draft, Entry, choose_title, tags_from, with_headers
from rag.readers.encoding import decode, read_bytes
from rag.types import Document, Metadata

if TYPE_CHECKING:
    from lxml.html import HtmlElement

suffixes: frozenset[str] = frozenset({".html", ".htm", ".xhtml"})

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_XML_DECLARATION = regex(r"^\s*<\?xml[^>]*\?>")
_TAG = regex(r"<[a-zA-Z!/?]")
_NOTHING = r"0(?:\.0+)?(?:px|pt|em|rem|%)?(?:;|!|$)"
_FAR_AWAY = r"-\d{3,}(?:\.\d+)?(?:px|pt|em|rem|%|vw|vh)"
_HIDING = regex(
    rf"display:none|visibility:(?:hidden|collapse)|font-size:{_NOTHING}|opacity:{_NOTHING}|text-indent:{_FAR_AWAY}"
    rf"|(?:^|;)(?:left|right|top|bottom|margin(?:-left|-top)?):{_FAR_AWAY}|clip:rect\(|clip-path:(?:inset\((?:50|100)%|circle\(0)"
    r"|font-size:(?:0?\.\d+|1)(?:px|pt)(?:;|!|$)|transform:scale\(0\)|zoom:0(?:;|!|$)|filter:opacity\(0%?\)|content-visibility:hidden|mso-hide:all"
)
_WITHOUT_INK = regex(r"(?:^|;)color:(?:transparent|rgba\([\d.%]+,[\d.%]+,[\d.%]+,0(?:\.0+)?%?\))(?:;|!|$)")
_CUT_OUT = "background-clip:text"
"""Letters without ink through which a background is seen."""
_SHRUNK = regex(rf"(?:^|;)(?:max-)?(?:height|width):{_NOTHING}")
_CUT_OFF = regex(r"(?:^|;)overflow(?:-[xy])?:(?:hidden|clip)")
_WHITE_TEXT = regex(r"(?:^|;)color:(?:white|#fff|#(?:f[a-f]){3}|rgb\((?:25[0-5],?){3}\)|hsl\([\d.]+(?:deg)?,[\d.]+%,100%\))(?:;|!|$)")
_COLOUR = regex(r"(?:^|;)color:([^;!]+)")
_CROSSED_OUT = regex(r"(?:^|;)text-decoration(?:-line)?:[^;]*line-through")
_BACKGROUND = regex(r"(?:^|;)background(?:-color)?:([^;!]+)")
_WHITE = regex(r"white|#fff(?:fff)?$|rgb\(255,255,255\)|transparent|none")
_STYLE_RULE = regex(r"([^{}]+)\{([^{}]*)\}")
_AT_RULE = regex(r"@[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_SELECTOR = regex(r"([a-z][a-z0-9]*)?((?:[.#][\w-]+)*)", re.IGNORECASE)
"""Of one element by itself: its tag, its id and classes."""
_MARK = regex(r"[.#][\w-]+")
_BETWEEN = regex(r"(\s*>\s*|\s+)")
_CSS_COMMENT = regex(r"/\*.*?\*/", re.DOTALL)
_DISPLAY = regex(r"(?:display|visibility):[^;]*")
_SHOWING = regex(r"(?:^|;)(?:display:(?!none)|visibility:visible)")

_UNREAD = frozenset(
    (
        "script style noscript noframes template svg math iframe object embed canvas audio video map select textarea button input head link"
        " meta title"
    ).split()
)
_FURNITURE = frozenset("nav aside footer dialog menu".split())
_FURNITURE_ROLES = frozenset("navigation banner contentinfo complementary search dialog menu menubar toolbar".split())
_BLOCKS = frozenset(
    "address article blockquote body caption center dd details div dl dt fieldset figcaption figure footer form header hgroup hr html"
    " legend li main ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_EMPHASIS = frozenset("b em i strong u".split())
_LONGEST_RUN_IN = 100
"""Characters of a heading that stands in the first line of its paragraph."""
_NOTE_MARK = regex(r"[\[(]?(?:\d{1,3}|[*†‡§]{1,3})[\])]?")
_NOTE_TARGET = regex(r"#.*(?:note|fn|ftn|cite|ref)", re.IGNORECASE)
_MAIN_SHARE = 0.25
"""A main element with less of the page's text than this is not what the page is about."""
_WORTH_A_NOTICE = 200
"""Characters of furniture; less is a button or a link."""
_DATE_NAMES = tuple(
    (
        "article:published_time datepublished date.issued dc.date.issued dcterms.issued dc.date dcterms.date citation_publication_date"
        " citation_date publication_date pubdate publishdate sailthru.date parsely-pub-date date dcterms.created"
    ).split()
)
_AUTHOR_NAMES = ("author", "article:author", "dc.creator", "dcterms.creator", "citation_author", "parsely-author")
_PUBLISHER_NAMES = ("publisher", "og:site_name", "dc.publisher", "dcterms.publisher", "article:publisher", "application-name")
_TITLE_NAMES = ("og:title", "dc.title", "citation_title", "twitter:title")


def read(path: Path) -> Document:
    """One page. Raises ReadError and its children."""
    data = read_bytes(path)
    declared = _CHARSET.search(data[:4096])
    source = decode(data, path=path, declared=declared[1].decode("ascii", "replace") if declared else "")
    if not _TAG.search(source):
        raise CorruptFileError(f"cannot read {path.name}: it holds no HTML; give it the suffix it should have, such as .txt")
    tree = parse(source)
    meta = _meta(tree)
    draft = Draft()
    add_page(draft, tree)
    return draft.finish(metadata=_metadata(tree, meta=meta, draft=draft, path=path), format="html", path=path)


def parse(source: str) -> "HtmlElement":
    """The element tree of a page or a fragment; nothing is fetched and no entity of the page's own is expanded.

    Raises RecursionError for one that is nested too deeply for the parser, which would lose the rest without a word.
    """
    from lxml import etree
    from lxml.html import HTMLParser, document_fromstring

    parser = HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)  # else what lies deeper than 256 is lost
    try:
        tree = document_fromstring(_XML_DECLARATION.sub("", source).replace("\0", ""), parser=parser)
    except etree.ParserError:
        return document_fromstring("<html><body></body></html>", parser=parser)
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        raise RecursionError("elements")
    return tree


def add_sheets(tree: "HtmlElement", sheets: Sequence[str]) -> None:
    """Puts style sheets that lie beside a page into it."""
    from lxml.etree import SubElement

    for sheet in sheets:
        SubElement(tree, "style").text = sheet


def add_page(draft: Draft, tree: "HtmlElement") -> None:
    """Adds what a person reads of the page to the draft, and notices for what was left out."""
    drop_unsaid(draft, tree)
    main = _main(tree)
    furniture = _drop_furniture(main)
    if furniture >= _WORTH_A_NOTICE:
        draft.notice(f"navigation and page furniture left out ({furniture} characters)")
    _Writer(draft).write(main)


def _metadata(tree: "HtmlElement", *, meta: dict[str, str], draft: Draft, path: Path) -> Metadata:
    found = choose_date(
        stated=next((meta[name] for name in _DATE_NAMES if parse_date(meta.get(name, ""))), None),
        signed=draft.so_far(),
        opening=draft.opening_lines(),
        declared=next(iter(tree.xpath("//time/@datetime")), None),
    )
    return Metadata(
        title=choose_title(draft.first_heading() or _first(meta, _TITLE_NAMES), tree.findtext(".//title") or "", path=path),
        author=_person(_first(meta, _AUTHOR_NAMES)),
        publisher=_first(meta, _PUBLISHER_NAMES),
        published=found.day if found else None,
        published_from=found.source if found else "mtime",
        language=one_line(tree.get("lang") or tree.get("xml:lang") or meta.get("content-language", "")).lower()[:35],
        tags=tags_from(meta.get("keywords", ""), meta.get("article:tag", ""), meta.get("news_keywords", "")),
    )


def _meta(tree: "HtmlElement") -> dict[str, str]:
    """Lower-case name -> content of the meta elements, the first of each name, article:tag joined."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = (element.get("name") or element.get("property") or element.get("itemprop") or element.get("http-equiv") or "").lower()
        content = one_line(element.get("content") or "")
        if name == "article:tag" and name in found:
            found[name] += f",{content}"
        elif name and content:
            found.setdefault(name, content)
    return found


def _first(meta: dict[str, str], names: tuple[str, ...]) -> str:
    return next((meta[name] for name in names if meta.get(name)), "")


def _person(author: str) -> str:
    return "" if author.startswith(("http://", "https://")) else author


# ── hidden text and furniture ─────────────────────────────────────────────────────────────────────────────────────


def drop_unsaid(draft: Draft, tree: "HtmlElement") -> None:
    """Takes out what nobody sees, what was deleted and what is crossed out, each counted, and marks what is raised."""
    draft.hidden(_drop_hidden(tree))
    draft.deleted(sum(_drop(element) for element in list(tree.iter("del"))))
    draft.struck(sum(_drop(element) for element in [element for element in tree.iter() if _is_struck(element)]))
    for raised in tree.iter("sup"):
        mark_raised(raised)


def _drop_hidden(tree: "HtmlElement") -> int:
    """Removes elements nobody sees; how many characters of text went with them."""
    rules = _sheet_rules(tree)
    hidden = [element for element in tree.iter() if isinstance(element.tag, str) and _is_hidden(element, rules=rules)]
    return sum(_drop(element) for element in hidden)


def _is_hidden(element: "HtmlElement", *, rules: "_Rules") -> bool:
    if element.tag in ("html", "body", "head") or element.tag in _UNREAD:
        return False
    if element.get("hidden") is not None or element.get("aria-hidden", "").strip().lower() == "true":
        return True
    if rules and _is_ruled_out(element, rules):
        return True
    style = _style(element)
    if not style:
        return False
    colour, background = _COLOUR.search(style), _BACKGROUND.search(style)
    is_drowned = colour is not None and background is not None and colour[1] == background[1]
    return is_drowned or _hides(style) or (bool(_WHITE_TEXT.search(style)) and _on_white(element))


def _hides(style: str) -> bool:
    """True for a style without white space that takes text out of sight: not shown, without size, or moved off the page."""
    is_inkless = bool(_WITHOUT_INK.search(style)) and _CUT_OUT not in style
    return bool(_HIDING.search(style)) or is_inkless or (bool(_SHRUNK.search(style)) and bool(_CUT_OFF.search(style)))


def _is_struck(element: "HtmlElement") -> bool:
    return element.tag in ("s", "strike") or bool(_CROSSED_OUT.search(_style(element)))


def _on_white(element: "HtmlElement") -> bool:
    """True when the nearest background that the page's own markup sets is white, or none is set and no class could set one."""
    styled = False
    for ancestor in (element, *element.iterancestors()):
        background = _BACKGROUND.search(_style(ancestor))
        colour = background[1] if background else (ancestor.get("bgcolor") or "").lower()
        if colour:
            return bool(_WHITE.match(colour))
        styled = styled or bool(ancestor.get("class"))
    return not styled


def _style(element: "HtmlElement") -> str:
    return re.sub(r"\s+", "", element.get("style") or "").lower()


class _Rule(NamedTuple):
    """What a style sheet says of the elements that a selector names: it hides them, or it shows them."""

    weight: tuple[bool, int, int, int]
    """Important; how many ids, classes and tags the selector has: the heavier wins, of two equal ones the later."""
    hides: bool
    is_final: bool
    """True for what hides by other means than by not being displayed, which no rule takes back."""
    names: tuple[tuple[str, frozenset[str]], ...]
    """Of the element and those around it, the innermost first: (tag or nothing, the classes and the id it must have)."""
    is_child: tuple[bool, ...]
    """Whether each must be right inside the next."""


_Rules = dict[str, list[_Rule]]
"""By one of the marks that an element must have, or by its tag."""


def _is_ruled_out(element: "HtmlElement", rules: _Rules) -> bool:
    near = (rule for key in (*_marks(element), element.tag) for rule in rules.get(key, ()))
    found = [rule for rule in near if _is_named(element, rule)]
    if not found or any(rule.is_final for rule in found):
        return bool(found)
    winner = max(reversed(found), key=lambda rule: rule.weight)
    return winner.hides and (winner.weight[0] or not _SHOWING.search(_style(element)))


def _marks(element: "HtmlElement") -> set[str]:
    return {f".{name}" for name in (element.get("class") or "").split()} | {f"#{element.get('id')}"}


def _is_named(element: "HtmlElement", rule: _Rule) -> bool:
    """True for an element that has the first name, inside of elements that have the others."""
    if not _has_name(element, rule.names[0]):
        return False
    around = list(element.iterancestors()) if len(rule.names) > 1 else []
    places = {-1}  # of those around it that may stand for the name last looked at
    for name, is_child in zip(rule.names[1:], rule.is_child, strict=True):
        next_ones = {place + 1 for place in places} if is_child else range(min(places) + 1, len(around))
        places = {place for place in next_ones if place < len(around) and _has_name(around[place], name)}
        if not places:
            return False
    return True


def _has_name(element: "HtmlElement", name: tuple[str, frozenset[str]]) -> bool:
    tag, marks = name
    return tag in ("", element.tag) and (not marks or marks <= _marks(element))


def _sheet_rules(tree: "HtmlElement") -> _Rules:
    """What the page's own style sheets hide and show on every medium, as far as it is said by tags, classes and ids."""
    found: _Rules = {}
    for sheet in tree.iter("style"):
        for selectors, said in _STYLE_RULE.findall(_AT_RULE.sub("", _CSS_COMMENT.sub("", sheet.text or ""))):
            style = re.sub(r"\s+", "", said).lower()
            if _hides(style) or _SHOWING.search(style):
                for rule in filter(None, (_rule(selector, style=style) for selector in selectors.split(","))):
                    tag, marks = rule.names[0]
                    if rule not in (known := found.setdefault(min(marks, default=tag), [])):
                        known.append(rule)
    return found if any(rule.hides for rules in found.values() for rule in rules) else {}


def _rule(selector: str, *, style: str) -> _Rule | None:
    """None for a selector that says more than tags, classes and ids."""
    *outer, last = _BETWEEN.split(selector.strip())
    parts = [last, *reversed(outer)]  # names, and what stands between them
    matches = [_SELECTOR.fullmatch(part) for part in parts[::2]]
    if not all(match is not None and match[0] for match in matches):
        return None
    names = tuple(((match[1] or "").lower(), frozenset(_MARK.findall(match[2]))) for match in matches if match is not None)
    marks = [mark for _, group in names for mark in group]
    ids = sum(mark.startswith("#") for mark in marks)
    weight = ("!important" in style, ids, len(marks) - ids, sum(bool(tag) for tag, _ in names))
    return _Rule(weight, _hides(style), _hides(_DISPLAY.sub("", style)), names, tuple(">" in between for between in parts[1::2]))


def _drop(element: "HtmlElement") -> int:
    """Removes an element, keeps what follows it; the characters of text it held, 0 when it was gone already."""
    if element.getparent() is None:
        return 0
    characters = _read_length(element)
    element.drop_tree()
    return characters


def _read_length(element: "HtmlElement") -> int:
    return sum(len(one_line(text)) for text in _texts(element))


def _texts(element: "HtmlElement") -> Iterator[str]:
    for node in element.iter():
        if node.tag not in _UNREAD and node.text:
            yield node.text
        if node is not element and node.tail:
            yield node.tail


def _main(tree: "HtmlElement") -> "HtmlElement":
    """The element that holds the page's content: the only main or article of some weight, else the body."""
    body = tree.find("body")
    body = tree if body is None else body
    everything = _read_length(body) or 1
    for query in ("//main|//*[@role='main']", "//article", "//*[@id='content' or @id='main-content' or @id='main']"):
        found = body.xpath(query)
        if len(found) == 1 and _read_length(found[0]) / everything > _MAIN_SHARE:
            return found[0]
    return body


def _drop_furniture(main: "HtmlElement") -> int:
    """How many characters went; none where nothing else would be left."""
    furniture = [element for element in main.iterdescendants() if isinstance(element.tag, str) and _is_furniture(element)]
    all_of_it = frozenset(furniture)
    outermost = [element for element in furniture if all_of_it.isdisjoint(element.iterancestors())]
    if sum(map(_read_length, outermost)) >= _read_length(main):
        return 0
    return sum(_drop(element) for element in furniture)


def _is_furniture(element: "HtmlElement") -> bool:
    if element.tag in _FURNITURE or (element.get("role") or "").lower() in _FURNITURE_ROLES:
        return True
    if element.tag == "header":
        return not any(element.iter("h1", "time")) and not any(parent.tag in ("article", "main") for parent in element.iterancestors())
    return element.tag in ("ul", "ol") and _is_link_list(element)


def _is_link_list(element: "HtmlElement") -> bool:
    """True for a list of four or more short links and nothing else: a menu."""
    links = [one_line(link.text_content()) for link in element.iter("a")]
    return len(links) >= 4 and sum(map(len, links)) >= 0.9 * _read_length(element) and sum(map(len, links)) / len(links) < 40


# ── writing blocks ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _List:
    ordered: bool
    number: int = 1


@dataclass(slots=True)
class _Writer:
    """Walks the tree in reading order; text gathers until a block element begins or ends."""

    draft: Draft
    inline: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    marker: str = ""

    def write(self, element: "HtmlElement") -> None:
        self._element(element)
        self._flush()
        self._flush_items()

    def _element(self, element: "HtmlElement") -> None:
        tag = element.tag
        if not isinstance(tag, str) or tag in _UNREAD:
            return
        if tag in _HEADINGS:
            self._heading(element)
        elif tag == "table" and _is_data_table(element):
            self._table(element)
        elif tag in ("ul", "ol"):
            self._list(element)
        elif tag == "br":
            self.inline.append("\n")
        elif tag == "a" and _is_note_mark(element):
            return
        elif tag in _BLOCKS:
            self._block(element)
        else:
            self._children(element)

    def _children(self, element: "HtmlElement") -> None:
        if element.text:
            self.inline.append(_squash(element.text, keep_lines=element.tag == "pre"))
        for child in element:
            self._element(child)
            if child.tail:
                self.inline.append(_squash(child.tail, keep_lines=element.tag == "pre"))

    def _block(self, element: "HtmlElement") -> None:
        self._flush()
        if element.tag == "li" and self.lists:
            self.marker = _marker(self.lists)
        if element.tag == "p" and not self.lists and (title := _run_in(element)):
            self.draft.heading(title, level=len(_HEADINGS))
        self._children(element)
        self._flush()
        self.marker = ""

    def _heading(self, element: "HtmlElement") -> None:
        self._flush()
        self._flush_items()
        self.draft.heading(element.text_content(), level=_HEADINGS[element.tag])

    def _list(self, element: "HtmlElement") -> None:
        self._flush()
        self.lists.append(_List(ordered=element.tag == "ol"))
        self._children(element)
        self._flush()
        self.lists.pop()
        if not self.lists:
            self._flush_items()

    def _table(self, element: "HtmlElement") -> None:
        self._flush()
        self._flush_items()
        for caption in element.iterchildren("caption"):
            self.draft.paragraph(one_line(caption.text_content()))
        self.draft.table(_rows(element))

    def _flush(self) -> None:
        text = "".join(self.inline)
        self.inline.clear()
        if not text.strip():
            return
        if self.lists:
            indent = "  " * (len(self.lists) - 1)
            self.items.append(indent + (self.marker or "  ") + one_line(text))
            self.marker = ""
        else:
            self.draft.paragraph(re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", text)))

    def _flush_items(self) -> None:
        self.draft.list_items(self.items)
        self.items.clear()


def _run_in(paragraph: "HtmlElement") -> str:
    """The heading that stands emphasised in a line of its own at the paragraph's start, which is taken out of it; empty without one."""
    first = next(iter(paragraph), None)
    if first is None or first.tag not in _EMPHASIS or (paragraph.text or "").strip() or (first.tail or "").strip():
        return ""
    line_end, title = first.getnext(), one_line(first.text_content())
    if line_end is None or line_end.tag != "br" or not (line_end.tail or "").strip():
        return ""
    if not title or len(title) > _LONGEST_RUN_IN or title.endswith((".", ",", ";")):
        return ""
    first.drop_tree()
    line_end.drop_tag()
    return title


def _is_note_mark(link: "HtmlElement") -> bool:
    """True for the small number in a sentence that leads to a note of the same page; read, it would be a digit of the sentence."""
    target = link.get("href") or ""
    raised = any(True for _ in link.iter("sup")) or any(True for _ in link.iterancestors("sup"))
    if not target.startswith("#") or not (raised or _NOTE_TARGET.match(target)):
        return False
    return _NOTE_MARK.fullmatch(one_line(link.text_content())) is not None


def _squash(text: str, *, keep_lines: bool) -> str:
    return text if keep_lines else re.sub(r"\s+", " ", text)


def _marker(lists: list[_List]) -> str:
    current = lists[-1]
    if not current.ordered:
        return "- "
    current.number += 1
    return f"{current.number - 1}. "


def _is_data_table(table: "HtmlElement") -> bool:
    """False for tables that only lay the page out: one cell, or headings, lists or further tables inside."""
    if (table.get("role") or "").lower() in ("presentation", "none"):
        return False
    cells = list(table.iter("td", "th"))
    return len(cells) > 1 and not any(True for _ in table.iterdescendants("table", "h1", "h2", "h3", "article", "section"))


def _rows(table: "HtmlElement") -> list[list[Entry]]:
    """Rows of entries with spans resolved: a cell that spans columns or rows stands in the first of them."""
    rows: list[list[Entry]] = []
    taken: dict[int, int] = {}
    has_headers = False
    for row in table.iter("tr"):
        found: list[Entry] = []
        column = 0
        in_head = row.getparent().tag == "thead"
        cells = list(row.iterchildren("td", "th"))
        all_headers = bool(cells) and all(cell.tag == "th" for cell in cells)
        for cell in cells:
            while taken.get(column, 0) > 0:
                column += 1
            width, height = _span(cell, "colspan"), _span(cell, "rowspan")
            found.append(Entry(text=_cell_text(cell), column=column, header=in_head or all_headers, span=width))
            for covered in range(column, column + width):
                taken[covered] = height
            column += width
        taken = {place: left - 1 for place, left in taken.items() if left > 1}
        has_headers = has_headers or in_head or all_headers
        rows.append(found)
    return rows if has_headers else with_headers(rows)


def _cell_text(cell: "HtmlElement") -> str:
    parts = []
    for node in cell.iter():
        if node is not cell and (node.tag == "br" or node.tag in _BLOCKS):
            parts.append(" ")
        if node.tag not in _UNREAD:
            parts.append(node.text or "")
        if node is not cell:
            parts.append((" " if node.tag in _BLOCKS else "") + (node.tail or ""))
    return "".join(parts)


def _span(cell: "HtmlElement", name: str) -> int:
    value = (cell.get(name) or "1").strip()
    return min(max(int(value[:5]), 1), 1000) if value.isdecimal() else 1
