"""An answer in a model's words: its quotations are the evidence, and each sentence is checked on them as a report's is.

The extractive answer comes first and stays what it is: the model words its sentences. It chooses nothing, a refusal stays one, and the
rows of tables and the sides of a disagreement are quoted as before.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial

from rag.chat.gated import ANSWER, answered_report, checked
from rag.chat.schema import sealed
from rag.errors import AnswerError, ModelError
from rag.model_prompts import AnswerPrompt, Prompts
from rag.report.book import EXTRACTIVE
from rag.report.restate import fixed_claims
from rag.report.wording import Vocabulary
from rag.report.write import MOST_WORDS_OF_A_CARD, Asks, Desk, Sentence, Unit, in_words, reasons_of, sentences_so_far, word_unit
from rag.types import Answer, Claim, Document

UNFINISHED = "these are the documents' own sentences: the model that was asked to word them has not done so"
"""Noted on an answer that is kept before it is worded, for whoever finds it when nothing followed."""


def worded(
    made: Answer,
    *,
    calls: Asks,
    model: str,
    prompts: Prompts,
    document: Callable[[str], Document],
    vocabulary: Vocabulary,
    heard: Callable[[str], object] | None = None,
) -> Answer:
    """The answer in the model's words; as it was, with a note that says so, where the model cannot be had or is of no use.

    ``heard`` is told each sentence of the model's first draft when it is whole and holds against its own quotations. It is not checked
    beside the others then, so it may still be left out.
    """
    loose = loose_claims(made)
    if not loose:
        return made
    report = answered_report(made, writer=model)
    desk = Desk(report=report, calls=calls, prompts=prompts, document=lru_cache(maxsize=None)(document), vocabulary=vocabulary)
    unit = Unit(
        home=ANSWER, section=ANSWER, heading=made.understood_as, question=made.understood_as, claims=loose, names=made.understood_as
    )
    prompt = AnswerPrompt(question=made.understood_as, evidence=desk.lines(unit), most_words=MOST_WORDS_OF_A_CARD)
    try:
        written = word_unit(desk, unit, prompt=prompt, hear=partial(_tell_new, desk, unit, heard, set()) if heard else None)
    except AnswerError:
        return _noted(made, f"not worded: {model} answered with nothing of use, so the documents' own sentences stand here")
    except ModelError:
        return _noted(made, f"not worded: {model} could not be had, so the documents' own sentences stand here; `rag report` says why")
    said = _with(made, written.claims, model=model, document=document, vocabulary=vocabulary) if written.written else None
    if said is None:
        return _noted(made, f"not worded: the sentences of {model} did not hold against their quotations, so the documents' own stand here")
    counts = {name: getattr(written, name) for name in ("written", "repaired", "replaced", "left_out")}
    return _noted(said, f"worded by {model} from the quotations behind its citations, each sentence checked on them: {in_words(counts)}")


def _tell_new(desk: Desk, unit: Unit, heard: Callable[[str], object], told: set[Sentence], text: str) -> None:
    """The sentences that have come since and hold by themselves."""
    for sentence in sentences_so_far(text):
        if sentence not in told:
            told.add(sentence)
            if not reasons_of(desk, unit, sentence):
                heard(sentence.text)


def loose_claims(made: Answer) -> tuple[Claim, ...]:
    """The sentences that may be worded: what a report would let stand in for, but for rows of tables."""
    rows = {item.id for item in made.evidence if item.table}
    fixed = fixed_claims(replace(answered_report(made, writer=EXTRACTIVE), conflicts=made.conflicts))
    return tuple(claim for claim in made.claims if claim.id not in fixed and claim.evidence[0] not in rows)


def crowded(made: Answer) -> Answer:
    """The answer of somebody who asked when too many others' were being worded."""
    return _noted(made, "not worded: many answers are being worded at the moment, so the documents' own sentences stand here")


def unfinished(made: Answer) -> Answer:
    """The answer as it is kept while a model words it."""
    return _noted(made, UNFINISHED)


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
