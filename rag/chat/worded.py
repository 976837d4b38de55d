"""An answer in a model's words: its quotations are the evidence, and each sentence is checked on them as a report's is.

The extractive answer comes first and stays what it is: the model words its sentences. It chooses nothing, a refusal stays one, and the
rows of tables and the sides of a disagreement are quoted as before.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from rag.chat.gated import ANSWER, answered_report, checked
from rag.chat.schema import sealed
from rag.errors import AnswerError, ModelError
from rag.model_prompts import AnswerPrompt, Prompts
from rag.report.wording import Vocabulary
from rag.report.write import MOST_WORDS_OF_A_CARD, Asks, Desk, Unit, in_words, word_unit
from rag.types import Answer, Claim, Document


def worded(
    made: Answer, *, calls: Asks, model: str, prompts: Prompts, document: Callable[[str], Document], vocabulary: Vocabulary
) -> Answer:
    """The answer in the model's words; as it was, with a note that says so, where the model cannot be had or is of no use."""
    loose = _loose(made)
    if not loose:
        return made
    report = answered_report(made, writer=model)
    desk = Desk(report=report, calls=calls, prompts=prompts, document=lru_cache(maxsize=None)(document), vocabulary=vocabulary)
    unit = Unit(
        home=ANSWER, section=ANSWER, heading=made.understood_as, question=made.understood_as, claims=loose, names=made.understood_as
    )
    prompt = AnswerPrompt(question=made.understood_as, evidence=desk.lines(unit), most_words=MOST_WORDS_OF_A_CARD)
    try:
        written = word_unit(desk, unit, prompt=prompt)
    except AnswerError:
        return _noted(made, f"not worded: {model} answered with nothing of use, so the documents' own sentences stand here")
    except ModelError:
        return _noted(made, f"not worded: {model} could not be had, so the documents' own sentences stand here; `rag report` says why")
    said = _with(made, written.claims, model=model, document=document, vocabulary=vocabulary) if written.written else None
    if said is None:
        return _noted(made, f"not worded: the sentences of {model} did not hold against their quotations, so the documents' own stand here")
    counts = {name: getattr(written, name) for name in ("written", "repaired", "replaced", "left_out")}
    return _noted(said, f"worded by {model} from the quotations behind its citations, each sentence checked on them: {in_words(counts)}")


def _loose(made: Answer) -> tuple[Claim, ...]:
    """The sentences that may be worded: not rows of tables, and no side of a disagreement."""
    rows = {item.id for item in made.evidence if item.table}
    sides = {side.claim for conflict in made.conflicts for side in conflict.sides}
    return tuple(claim for claim in made.claims if claim.id not in sides and len(claim.evidence) == 1 and claim.evidence[0] not in rows)


def _with(
    made: Answer, claims: tuple[Claim, ...], *, model: str, document: Callable[[str], Document], vocabulary: Vocabulary
) -> Answer | None:
    """The answer with these sentences where their quotations stood; None where one of them fails a gate beside the others."""
    rank = {claim.evidence[0]: at for at, claim in enumerate(made.claims)}
    worded_now = {item for claim in claims for item in claim.evidence}
    stay = [claim for claim in made.claims if not worded_now & set(claim.evidence)]
    printed = sorted([*claims, *stay], key=lambda claim: min(rank[item] for item in claim.evidence))
    judged = checked(
        [*printed, *made.beside], evidence=made.evidence, sources=made.sources, document=document, vocabulary=vocabulary, writer=model
    )
    sound = [claim for claim in judged if claim.verdict in ("supported", "partial")]
    if len(sound) < len(judged):
        return None
    return replace(made, writer=model, claims=tuple(sound[: len(printed)]), beside=tuple(sound[len(printed) :]))


def _noted(made: Answer, note: str) -> Answer:
    return sealed(replace(made, id="", notes=(*made.notes, note)))
