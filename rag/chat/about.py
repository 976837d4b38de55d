"""Questions about a claim of a report: what stands for the chat's last answer, and where to look."""

from dataclasses import dataclass
from typing import BinaryIO

from rag.errors import UsageError
from rag.report.schema import from_json
from rag.types import Answer, Claim, Evidence, Report, Source


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """A claim with what it stands on."""

    claim: Claim
    evidence: tuple[Evidence, ...]
    sources: tuple[Source, ...]

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents that the claim cites."""
        return tuple(source.document for source in self.sources)

    @property
    def answer(self) -> Answer:
        """The claim as if it had just been the answer, so that a follow-up is understood from it."""
        text = self.claim.text
        return Answer(
            id="",
            question=text,
            understood_as=text,
            understood_by="as_asked",
            writer="",
            abstained=False,
            claims=(self.claim,),
            evidence=self.evidence,
            sources=self.sources,
        )


def claim_of(file: BinaryIO, claim: str) -> About:
    """The claim of that id in a report's JSON. Raises UsageError for an unknown one, ReportError for what is no report."""
    return about(from_json(file.read(), name=file.name), claim)


def about(report: Report, claim: str) -> About:
    """The claim of that id. Raises UsageError for an unknown one."""
    found = next((item for item in report.claims if item.id == claim), None)
    if found is None:
        first = ", ".join(item.id for item in report.claims[:5]) or "none"
        raise UsageError(f"the report has no claim {claim!r}; its claims are {first} ...; `rag check FILE --json` lists them")
    evidence = tuple(item for item in report.evidence if item.id in found.evidence)
    documents = {item.document for item in evidence}
    return About(claim=found, evidence=evidence, sources=tuple(source for source in report.sources if source.document in documents))
