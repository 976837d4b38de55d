"""A report opened for checking: everything by id, documents read once."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from rag.errors import UsageError
from rag.kin import sketch
from rag.report.wording import Vocabulary
from rag.text import content_stems, shingles
from rag.types import Claim, Document, Evidence, Report, SeriesPoint, Source

EXTRACTIVE = "extractive"
"""The writer that quotes word for word and computes, and adds nothing of its own."""

BOTTOM_LINE = "bottom_line"
"""The section of claims that only the bottom line prints, in words of its own; the evidence of each carries claims below too."""


@dataclass(frozen=True, kw_only=True)
class Book:
    """A report opened for checking."""

    report: Report
    document: Callable[[str], Document] | None
    vocabulary: Vocabulary | None
    claims: Mapping[str, Claim]
    evidence: Mapping[str, Evidence]
    sources: Mapping[str, Source]
    shingles: Mapping[str, frozenset[tuple[str, ...]]]
    uses: Mapping[str, int]
    """Evidence id -> claims below the bottom line that cite it."""
    sketches: Mapping[str, bytes]
    """Document id -> what ``rag.kin.sketch`` gives of its text, as far as it is known already."""
    _texts: dict[str, Document | None] = field(default_factory=dict)

    def text_of(self, document: str) -> Document | None:
        """The document, read once; None without a way to read it, and for one that is not there (gate B3 says so)."""
        if self.document is None:
            return None
        if document not in self._texts:
            try:
                self._texts[document] = self.document(document)
            except UsageError:  # unknown to the workspace: that is a finding on the report, not a failure of the check
                self._texts[document] = None
        return self._texts[document]

    def sketch_of(self, document: str) -> bytes | None:
        """The document's sketch; None where its text is not there."""
        read = self.text_of(document)
        return None if read is None else self.sketches.get(document) or sketch(read.text)

    def quotes(self, claim: Claim) -> list[Evidence]:
        """The claim's evidence that exists."""
        return [self.evidence[item] for item in claim.evidence if item in self.evidence]

    def points(self, evidence: Iterable[str]) -> list[SeriesPoint]:
        """Series points that stand on any of this evidence."""
        ids = set(evidence)
        return [point for card in self.report.cards for point in card.series if point.evidence in ids]


def open_book(
    report: Report,
    *,
    document: Callable[[str], Document] | None,
    vocabulary: Vocabulary | None = None,
    sketches: Mapping[str, bytes] | None = None,
) -> Book:
    """The report indexed for the gates."""
    return Book(
        report=report,
        document=document,
        vocabulary=vocabulary,
        claims={claim.id: claim for claim in report.claims},
        evidence={item.id: item for item in report.evidence},
        sources={source.document: source for source in report.sources},
        shingles={claim.id: shingles(content_stems(claim.text)) for claim in report.claims},
        uses=Counter(item for claim in report.claims if claim.section != BOTTOM_LINE for item in set(claim.evidence)),
        sketches=sketches or {},
    )
