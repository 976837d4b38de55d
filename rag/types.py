"""The nouns: what flows from a file to a sentence in a report.

All are frozen, keyword-only and compare by content. Spans are half-open ``[start, end)`` offsets in characters of the document's
text, so that ``document.text[start:end]`` is what the span names. Each noun holds or names the one before it:

    Document -> Chunk -> Passage -> Evidence -> Fact -> Claim -> Report
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

TextKind = Literal["query", "document"]
"""What a text is to the embedder: only a query gets the query prompt."""

BlockKind = Literal["heading", "paragraph", "list", "table"]
DateSource = Literal["content", "metadata", "mtime"]

# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page, slide, sheet or mail part of a document."""

    number: int
    """1-based, in reading order."""
    label: str
    """What a citation prints: "p. 3", "slide 3", "sheet Prices"; empty for a document without pages."""
    start: int
    """First character in the document's text."""
    end: int
    """One past the last character."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One table cell; its text is ``document.text[start:end]``."""

    row: int
    """0-based within its table; header rows included."""
    column: int
    """0-based within its table."""
    start: int
    end: int
    header: bool = False
    """True for the cells of header rows."""
    address: str = ""
    """Spreadsheet address such as "B12"; empty elsewhere."""
    span: int = 1
    """How many columns it stands over, its own and those to the right."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A structural piece of a document; blocks are in text order and do not overlap."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    """Heading level, 1 is the highest; 0 for anything that is not a heading."""
    cells: tuple[Cell, ...] = ()
    """The cells of a table in reading order; empty otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """What a file says about itself."""

    title: str
    """Never empty: content title, else metadata title, else the file's stem."""
    author: str = ""
    publisher: str = ""
    published: date | None = None
    """The day it was published; None when nothing but the file's own clock could tell."""
    published_from: DateSource = "mtime"
    """Where ``published`` was found."""
    language: str = ""
    tags: tuple[str, ...] = ()
    """The file's own keywords, lower case, sorted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """The text of one file with its structure. ``pages`` tile the text; every block lies within one page."""

    text: str
    pages: tuple[Page, ...]
    blocks: tuple[Block, ...]
    metadata: Metadata
    format: str
    """The reader's name: pdf, docx, doc, pptx, ppt, xlsx, xls, odt, ods, odp, rtf, epub, csv, html, md, txt, eml, msg."""
    notices: tuple[str, ...] = ()
    """What the reader left out and why, in words: "page 3 has no text layer", "hidden text dropped (120 characters)"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Enclosed:
    """A file that another file holds: an attachment of a mail, a file of an archive."""

    name: str
    """Its path inside, "/" as separator; the document's path is the container's, "/" and this."""
    file: str = ""
    """Where its bytes were put down to be read; empty when they were not."""
    reason: str = ""
    """Why not."""
    seconds: float | None = None
    """Since 1970, when it was made or sent; None when nobody said."""


# ── the record ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A document as the record knows it and a citation names it."""

    document: str
    """Content id: the first 16 hex digits of the SHA-256 of the file's bytes."""
    path: str
    """Relative to the workspace's folder it was found in, with the folder's name first, "/" as separator."""
    title: str
    author: str = ""
    publisher: str = ""
    published: date
    """Undated files count as published on the day the file was last modified; ``published_from`` says so."""
    published_from: DateSource
    format: str
    pages: int
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A piece of a document that is embedded and found as one: ``document.text[start:end] == text``, always."""

    id: str
    """Content hash of document, span and header."""
    document: str
    ordinal: int
    """0-based position among the document's chunks."""
    start: int
    end: int
    text: str
    first_page: int
    last_page: int
    heading_path: tuple[str, ...] = ()
    header: str = ""
    """Context line embedded before the text but not part of the span: "title > section"."""
    tokens: int
    """Of header and text together, by the embedder's own tokenizer, special tokens included."""

    @property
    def embedded_text(self) -> str:
        """What the embedder sees for this chunk."""
        return f"{self.header}\n{self.text}" if self.header else self.text


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """What makes two vectors comparable. Stored with the index; a different one is refused."""

    model: str
    revision: str
    dimensions: int
    query_prompt: str
    document_prompt: str = ""
    normalised: bool = True
    precision: str = "float32"
    """Of the model's products where it makes a space of its own: "int8"; float32 and bfloat16 are one."""

    def beside(self, other: "Fingerprint") -> str:
        """For people, the model and what else differs: "bge-m3 (dimensions=1024)"."""
        names = [name for name in Fingerprint.__slots__ if name != "model" and getattr(self, name) != getattr(other, name)]
        different = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.model} ({different})" if different else self.model


Precision = Literal["full", "int8", "binary"]
"""How the record keeps vectors, see ``StoreSettings.precision``; no part of the fingerprint."""
PRECISIONS: tuple[Precision, ...] = ("full", "int8", "binary")
"""By the number that the record has for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Which documents a search may see; empty fields do not restrict. Both dates are inclusive."""

    published_from: date | None = None
    published_to: date | None = None
    folders: tuple[str, ...] = ()
    """Path prefixes by whole components, as in ``Source.path``."""
    tags: tuple[str, ...] = ()
    """A document matches when it has one of them."""
    documents: tuple[str, ...] = ()


Role = Literal["reader", "member", "admin"]
"""A reader asks and reads; a member adds documents and writes reports too; an admin sees everything and how the server does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Who asks. Everything that a door gives out is what this person may see."""

    user: int
    """Their number in the record; 0 for whoever has the workspace itself, whom no list binds."""
    name: str
    role: Role

    @property
    def sees_all(self) -> bool:
        """Bound by no list."""
        return self.role == "admin"


OWNER = Reader(user=0, name="owner", role="admin")
"""The one who has the workspace's files: the command line, and `rag serve` while there are no users."""
STRANGER = Reader(user=-1, name="", role="reader")
"""Nobody known: sees nothing, whatever the lists say."""


# ── retrieval ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """Why a passage was found: one list it stood in."""

    by: Literal["dense", "lexical", "name", "date", "document", "statement", "words", "rerank"]
    """"name": the question names the passage's document. "date": it names the day the document was published. "document": it is worded as a
    title, and the document is about it. "statement": it asks for a financial statement, and the passage's page prints it.
    "words": its words come nearest to the question's, each compared as the embedder understands it where it stands."""
    rank: int
    """1-based in that list."""
    score: float
    """Dense: cosine, -1 to 1. Lexical: bm25, 0 and up. Name: 0 to 1. Document: how far it is what the title asks for.
    Statement: the share of its lines that the page prints. Words: about -1 to 1. Rerank: the model's own scale. Higher is nearer in
    all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """A chunk found for a question, with its source and the reasons."""

    chunk: Chunk
    source: Source
    score: float
    """The fused score the list is ordered by, higher first; comparable within one list only."""
    hits: tuple[Hit, ...]
    context: str = ""
    """The document's text around the chunk, the chunk's own included, where it was asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchResult:
    """An ordered list of passages and what the search did."""

    question: str
    passages: tuple[Passage, ...]
    reranked_by: str = ""
    """The reranker's model; empty when the fused order was passed through."""
    notes: tuple[str, ...] = ()
    """What a person should know about this search, such as a pass-through reranker."""


# ── facts ─────────────────────────────────────────────────────────────────────────────────────────────────────────

Direction = Literal["up", "down", "flat", "mixed", "reversing", "none"]
FactKind = Literal["actual", "estimate", "forecast"]
NumberKind = Literal["plain", "percent", "percentage_points", "basis_points", "money", "quantity", "year"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A number as printed and as meant."""

    start: int
    """Span in the text it was found in."""
    end: int
    printed: str
    """The characters of the span: "EUR 4.2 billion", "(12.5)%"."""
    value: Decimal
    """Sign and scale applied: 4200000000, -12.5."""
    unit: str
    """Normalised: "%", "pp", "bp", "EUR", "MWh", "EUR/kWh", "x" for times as much; empty for a bare number."""
    kind: NumberKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A stretch of time a value belongs to."""

    label: str
    """Normalised: "2025", "2025-Q3", "2025-H1", "2025-09", "2024/2025"."""
    found_in: Literal["sentence", "table", "section", "document"]
    """What it was copied from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """(entity, metric, segment, region, period, value, unit) as one piece of evidence states it."""

    id: str
    evidence: str
    """The id of the evidence that states it."""
    entity: str
    metric: str
    """A name from the controlled vocabulary (prompts/metrics.yaml)."""
    segment: str = ""
    region: str = ""
    period: Period | None
    number: Number
    direction: Direction = "none"
    kind: FactKind = "actual"


# ── the report: data before prose ─────────────────────────────────────────────────────────────────────────────────

Verdict = Literal["supported", "partial", "unsupported", "contradicted", "unchecked"]
ClaimKind = Literal["fact", "source_opinion", "forecast", "inference", "calc"]
ClaimMode = Literal["verbatim", "near_quote", "prose"]
Confidence = Literal["low", "medium", "high"]
GateOutcome = Literal["pass", "fail", "warn", "unchecked"]
CoverageStatus = Literal["cited", "retrieved", "never_retrieved", "failed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TableReference:
    """Where in a table the evidence stands."""

    row: str
    """The row's label, verbatim."""
    column: str
    """The column's header, verbatim."""
    address: str = ""
    """Spreadsheet address such as "B12"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrievedBy:
    """The sub-query that brought a piece of evidence in."""

    query: str
    rank: int
    score: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A verbatim quote and exactly where it stands."""

    id: str
    """"e-" and 12 hex digits of the hash of document and span."""
    document: str
    page: int
    """1-based number of the page where the span starts."""
    page_label: str
    start: int
    """Span in the document's text; ``document.text[start:end] == quote``."""
    end: int
    quote: str
    context_before: str = ""
    """Up to 200 characters of the same page before the quote, verbatim."""
    context_after: str = ""
    heading_path: tuple[str, ...] = ()
    table: TableReference | None = None
    retrieved_by: RetrievedBy


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What one gate found on one claim."""

    gate: str
    """"B1" to "B20"."""
    outcome: GateOutcome
    reason: str = ""
    """Empty on a pass."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calculation:
    """A derived number and what it was computed from."""

    formula: str
    """Over operand names a, b, ...: "(b - a) / a * 100"."""
    operands: tuple[str, ...]
    """Evidence ids, in the formula's order."""
    values: tuple[Decimal, ...]
    """The operands' values, in the same order."""
    result: Decimal
    rounding: int
    """Decimal places of the printed result."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One sentence of the report."""

    id: str
    """"c-" and 12 hex digits of the hash of section, text and evidence."""
    section: str
    """The id of the section it is printed in."""
    kind: ClaimKind
    mode: ClaimMode
    text: str
    evidence: tuple[str, ...]
    """Evidence ids, at least one (gate B1)."""
    numbers: tuple[Number, ...] = ()
    """The numbers of ``text``, spans within ``text``."""
    period: Period | None = None
    direction: Direction = "none"
    calculation: Calculation | None = None
    checks: tuple[Check, ...] = ()
    verdict: Verdict = "unchecked"


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesPoint:
    """One point of a metric over time."""

    period: str
    value: Decimal
    unit: str
    printed: str
    """As the source prints it."""
    evidence: str
    kind: FactKind


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfidenceReason:
    """A word by rule, with its inputs."""

    word: Confidence
    sources: int
    """Voices: documents of one publisher count once."""
    agreeing: int
    newest: date | None
    reason: str
    """"3 sources, 3 agree, newest 2026-06"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CardKey:
    """What a trend is about; empty parts mean "all"."""

    market: str
    metric: str
    segment: str = ""
    region: str = ""
    entity: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrendCard:
    """One trend: its direction, its numbers over time, its claims and how sure we are."""

    id: str
    key: CardKey
    section: str
    title: str
    direction: Direction
    series: tuple[SeriesPoint, ...]
    claims: tuple[str, ...]
    """Claim ids, most important first."""
    counter_claims: tuple[str, ...] = ()
    """Claims that point the other way."""
    confidence: ConfidenceReason


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of the report: a facet with its cards and loose claims, in print order."""

    id: str
    title: str
    question: str
    """What the section set out to answer."""
    cards: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    """Claim ids that belong to no card."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConflictSide:
    """One of the values that disagree."""

    claim: str
    """The claim that prints it."""
    value: str
    """As printed."""
    period: str
    published: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """Sources that disagree on the same (entity, metric, segment, region, period)."""

    id: str
    key: CardKey
    period: str
    sides: tuple[ConflictSide, ...]
    """At least two, newest first."""
    kind: Literal["value", "unit", "scope", "definition", "superseded"]
    reason: str
    """The likely reason, in words, by rule."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GlanceRow:
    """A line of the table "at a glance"."""

    card: str
    metric: str
    latest: str
    period: str
    change: str
    """Printed change against the previous point; empty without one."""
    direction: Direction
    claims: tuple[str, ...]
    confidence: Confidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A question the documents do not answer, or answer thinly."""

    question: str
    reason: str
    section: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """What became of one document."""

    source: Source
    status: CoverageStatus
    claims: int = 0
    """Claims that cite it."""
    reason: str = ""
    """Why it failed, or why nothing of it is cited: not found, off topic, against the rules, a copy, replaced, outranked."""
    cut: tuple[str, ...] = ()
    """What its reader left out, such as a page without text; told of documents that were retrieved."""
    copy_of: str = ""
    """The id of the oldest document with nearly the same text, such as the same wire story in another file: the two are one source. Empty
    for that oldest one, and for a document that has no copy."""
    owner: str = ""
    """The company whose paper it is, by its cover, its title or its file's name: it speaks there, whoever made the file. Empty, and not
    written, for a document that is no one company's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What made this report: enough to make it again."""

    run: str
    """Content hash of the inputs: same inputs, same run id."""
    writer: str
    """"extractive", or the model's name."""
    embedder: Fingerprint
    reranker: str
    """Model, or empty when the fused order was passed through."""
    template: str
    prompts: Mapping[str, str]
    """Prompt file name -> SHA-256 of its content."""
    sequence: int
    """The record's sequence number the report was written at."""
    counts: Mapping[str, int]
    """documents, failed, chunks, queries, passages, sentences, facts, claims, evidence, conflicts, gaps."""
    outline: str = ""
    """What was asked, as the YAML that ``rag report --plan`` reads."""
    program: str = ""
    """Version of this program."""
    scope: Scope = Scope()
    """The documents that could be seen; ``published_to`` is the as-of date or earlier."""
    known_at: datetime | None = None
    """The start of the last ingest whose results could be seen; None where nobody said. Later than the as-of date where the library was
    begun after it: then what counts is the date of publication alone."""
    predecessor: str = ""
    """Id of the edition before this one; empty for a first edition."""


# ── editions ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentChange:
    """What became of a document between two editions."""

    event: Literal["new", "changed", "superseded", "withdrawn"]
    """"changed": other content under the same path. "superseded": still there, and a new one is a later version of it."""
    source: Source
    """The document as the later edition knows it; as the earlier did, when it was withdrawn."""
    other: str = ""
    """Id of the content before (changed) or of the document that supersedes it (superseded)."""
    reason: str = ""
    """Why it is gone, where more is known than that it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FigureChange:
    """A value of one metric, place and period."""

    kind: Literal["new", "revised", "withdrawn"]
    key: CardKey
    period: str
    was: str
    """As printed; empty when new."""
    now: str
    """As printed; empty when withdrawn."""
    causes: tuple[str, ...]
    """Ids of the documents that made the difference, at least one; each stands in ``Delta.documents``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CardChange:
    """A trend that came, went, turned, or stands on more or less than before."""

    kind: Literal["new", "strengthened", "weakened", "reversed", "retired"]
    card: str
    """Id in the edition that holds it, the later one where both do."""
    title: str
    was: str
    """Direction and confidence in words with its inputs; empty when new."""
    now: str
    """The same; empty when retired."""
    causes: tuple[str, ...]
    """Empty only where time alone did it: the newest source has aged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimChange:
    """A statement that came, went, says another figure, or is now borne out by a further document."""

    kind: Literal["new", "confirmed", "changed", "withdrawn"]
    claim: str
    """Id in the later edition; empty when withdrawn."""
    before: str
    """Id in the earlier edition; empty when new."""
    text: str
    """As the later edition prints it; as the earlier did, when withdrawn."""
    was: str = ""
    """As the earlier edition printed it, when changed."""
    causes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Delta:
    """What a later edition has that an earlier one had not, and the other way about. Nothing is a change that no document caused."""

    before: str
    """Id of the earlier report."""
    before_as_of: date
    documents: tuple[DocumentChange, ...] = ()
    cards: tuple[CardChange, ...] = ()
    figures: tuple[FigureChange, ...] = ()
    claims: tuple[ClaimChange, ...] = ()
    unchanged: int = 0
    """Statements that both editions print."""
    reshuffled: int = 0
    """Statements that only one edition prints though their documents did not change: room went to others."""

    @property
    def is_empty(self) -> bool:
        """True when no document made a difference."""
        return not (self.documents or self.cards or self.figures or self.claims)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A report as data; every format is rendered from it and every gate runs on it."""

    schema: Literal["rag-report/1"] = "rag-report/1"
    id: str
    title: str
    """The topic as asked."""
    market: str
    as_of: date
    """Nothing published later was used."""
    cut_off: date | None
    """The newest source's date; a file's own date only where no source says one."""
    banner: str
    """Says how the text was written and what that means."""
    bottom_line: tuple[str, ...]
    """Claim ids of the summary: the first is the headline, 3 to 5 findings follow; each is printed below too."""
    sections: tuple[Section, ...]
    cards: tuple[TrendCard, ...]
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]
    sources: tuple[Source, ...]
    """The cited documents in order of first citation; a citation prints the 1-based position."""
    glance: tuple[GlanceRow, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    gaps: tuple[Gap, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    warnings: tuple[str, ...] = ()
    """What was seen and not followed, such as instructions hidden in a document."""
    facts: tuple[Fact, ...] = ()
    """What the quotes state as tuples, their metrics by printed name; figures that their own sentence takes back are left out."""
    changes: Delta | None = None
    """Against the edition before; None for a first edition."""
    manifest: Manifest


# ── language models ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One turn of what a language model is sent."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What a call took, as the endpoint counts it, else by the upper bound of rag.llms.calls."""

    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A whole answer: the endpoint said that it ended by itself. Anything less is an error, never a reply."""

    text: str
    usage: Usage | None
    """None where the endpoint does not say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A whole answer in the record, of use or not."""

    text: str
    usage: Usage


# ── answers ───────────────────────────────────────────────────────────────────────────────────────────────────────

Understanding = Literal["as_asked", "rule", "model"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer as data: verbatim or checked sentences with their evidence, or why there is none."""

    schema: Literal["rag-answer/1"] = "rag-answer/1"
    id: str
    """"a-" and 12 hex digits of the hash of everything else."""
    question: str
    """As asked."""
    understood_as: str
    """The question that stands alone; the same as ``question`` but for a follow-up."""
    understood_by: Understanding
    """Who completed a follow-up."""
    writer: str
    """"extractive", or the model's name."""
    abstained: bool
    """True when the documents do not say; then there are no claims, a reason and the nearest passages."""
    reason: str = ""
    claims: tuple[Claim, ...] = ()
    """The answer's sentences, the most telling first."""
    beside: tuple[Claim, ...] = ()
    """Sentences of other sources that are printed only where they disagree or were superseded."""
    evidence: tuple[Evidence, ...] = ()
    sources: tuple[Source, ...] = ()
    """The cited documents in order of first citation; a citation prints the 1-based position."""
    conflicts: tuple[Conflict, ...] = ()
    """Disagreements of the answer's figures; of kind "superseded" where a newer figure replaced an older one."""
    nearest: tuple[Passage, ...] = ()
    """When abstained: what came nearest, best first."""
    scope: Scope = Scope()
    notes: tuple[str, ...] = ()
    """What a person should know about the search or the model."""
    warnings: tuple[str, ...] = ()
    """What was seen in the passages and not followed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """A question and its answer in a chat."""

    chat: int
    """The chat's id; 0 for an answer that was not kept."""
    number: int
    """1-based."""
    asked: datetime
    answer: Answer


# ── progress ──────────────────────────────────────────────────────────────────────────────────────────────────────

FileStatus = Literal["added", "changed", "moved", "copied", "unchanged", "deleted", "missing", "skipped", "failed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FileOutcome:
    """What became of one file in a run of ingest."""

    path: str
    status: FileStatus
    reason: str = ""
    """Why it was skipped or failed, or is missing (gone from disk, kept in search); for "moved" and "copied", from where."""
    chunks: int = 0
    embedded: int = 0
    """Chunks whose vector was computed now rather than taken from the cache."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """A step of a long run, for a door to draw."""

    stage: str
    done: int
    total: int
    outcome: FileOutcome | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    chunks: int = 0
    """Of the files in hand, embedded already."""
    of_chunks: int = 0
    """Of the files in hand, to be embedded; 0 when none is."""
    share: float | None = None
    """Of all work that is done, 0 to 1, by the bytes of the files; the time left follows from it. None where one step is like the other."""
