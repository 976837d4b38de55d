"""A report worded by a model is as true as the extractive one, whoever the model is: a careful writer, a sloppy one, a puppet."""

import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from rag.errors import AnswerError, EndpointError, UnreachableError
from rag.llms.calls import Calls, Limits, Pace
from rag.llms.openai import OpenAILlm
from rag.model_prompts import Prompts
from rag.prompts import metric_vocabulary
from rag.render import printed, render
from rag.report import CheckResult, check_report, to_json
from rag.report.book import BOTTOM_LINE
from rag.report.delta import delta
from rag.report.wording import Vocabulary
from rag.report.write import in_words, parse_sentences, sentences_so_far, units, write
from rag.types import Claim, Report
from tests.report_fixture import corpus, small_report
from tests.scripted_models import ATTACKS, Endpoint, Model, Sloppy, evidence_of, faulty_of, good, is_summary, puppet, sentences, serving

CORPUS = corpus()
METRICS = metric_vocabulary()
LIMITS = Limits(timeout_s=10, run_timeout_s=60, answer_tokens=1_000, context_tokens=16_000)


@pytest.fixture(scope="module")
def base() -> Report:
    """The extractive report on the small corpus."""
    return small_report(given=CORPUS)


@dataclass
class Worded:
    """A report in a model's words, and what was asked for it."""

    report: Report
    asked: Endpoint

    @property
    def check(self) -> CheckResult:
        """Every gate."""
        return check_report(self.report, document=CORPUS.document, metrics=METRICS)

    @property
    def prose(self) -> list[Claim]:
        """The model's sentences."""
        return [claim for claim in self.report.claims if claim.mode == "prose" and claim.calculation is None]


def worded(base: Report, model: Model) -> Worded:
    """The report worded by the model behind a real server."""
    with serving(model) as endpoint:
        llm = OpenAILlm("scripted-1", base_url=endpoint.base_url, api_key="k")
        calls = Calls(llm=llm, limits=LIMITS, now=lambda: datetime(2026, 11, 23, tzinfo=UTC), pace=Pace(sleep=lambda _: None))
        try:
            made = write(base, calls=calls, model=llm.model, prompts=Prompts(), document=CORPUS.document, vocabulary=Vocabulary(METRICS))
        finally:
            llm.close()
    return Worded(report=made, asked=endpoint)


@pytest.fixture(scope="module")
def careful(base: Report) -> Worded:
    """The careful writer's report, made once."""
    return worded(base, good)


def _sure(report: Report) -> dict[object, object]:
    """What each card says and how sure it is."""
    return {card.key: (card.title, card.direction, card.series, card.confidence) for card in report.cards}


# ── three models ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_careful_writers_sentences_stand(base: Report, careful: Worded) -> None:
    """All of them, without a repair, each supported."""
    made = careful
    counts = made.report.manifest.counts
    assert made.check.failures() == []
    assert (counts["repaired"], counts["replaced"], counts["left_out"]) == (0, 0, 0)
    assert counts["written"] == len(made.prose) >= 12
    assert {claim.verdict for claim in made.prose} == {"supported"}
    assert not any(faulty_of(request) for request in made.asked.requests)


@pytest.mark.parametrize("seed", [0, 9])
def test_no_slip_of_a_sloppy_writer_is_printed(base: Report, seed: int) -> None:
    """Wrong citations, invented figures, padding, dropped negations and two dozen more; each failing card is repaired once."""
    sloppy = Sloppy(seed=seed)
    made = worded(base, sloppy)
    printed = {claim.text for claim in made.prose}
    counts = made.report.manifest.counts
    assert made.check.failures() == []
    assert len(sloppy.bad) >= 15
    assert not [kind for (text, _), (kind, _) in sloppy.bad.items() if text in printed]
    assert counts["replaced"] >= 5
    assert counts["written"] == len(made.prose) >= 1
    assert _sure(made.report) == _sure(base)
    assert sum(bool(faulty_of(request)) for request in made.asked.requests) <= len(units(base, vocabulary=Vocabulary(METRICS))) + 1


def test_a_puppets_master_reaches_no_format(base: Report) -> None:
    """Neither addresses nor images, scripts or trigger words; all of the report is quoted, and says so."""
    made = worded(base, puppet)
    assert made.check.failures() == []
    assert made.prose == []
    texts = [to_json(made.report), *(render(made.report, format=kind) for kind in ("html", "md"))]
    for attack in (*ATTACKS, "evil.example", "onerror", "PWNED", "javascript:alert"):
        assert not [text for text in texts if attack in text]
    assert "0 sentences written, 0 repaired" in made.report.banner
    assert any("orders to a machine" in warning for warning in made.report.warnings)


def test_no_wording_changes_what_a_card_says_or_how_sure_it_is(base: Report, careful: Worded) -> None:
    """Direction, series, title and confidence are the quotations'."""
    assert _sure(careful.report) == _sure(base)


# ── what a model may not do ───────────────────────────────────────────────────────────────────────────────────────


def _joined(request: dict[str, Any]) -> str:
    """All evidence in one sentence, to look surer than it is."""
    lines = evidence_of(request)
    if mending := faulty_of(request):
        return json.dumps({"repairs": [{"sentence": at, "text": lines[0].text, "evidence": [1]} for at, _ in mending]})
    return sentences((lines[0].text.replace("rose", "increased"), [line.number for line in lines][:3]))


def test_a_model_that_joins_what_does_not_belong_together_makes_nothing_surer(base: Report) -> None:
    """Evidence that does not carry a sentence is no further source for it."""
    made = worded(base, _joined)
    assert made.check.failures() == []
    assert _sure(made.report) == _sure(base)


def _first_only(request: dict[str, Any]) -> str:
    lines = evidence_of(request)
    return sentences((lines[0].text.replace("rose", "increased"), [1]))


def test_what_a_model_leaves_out_is_quoted(base: Report) -> None:
    """Every piece of evidence is still there, and the omissions are counted."""
    made = worded(base, _first_only)
    assert {item.id for item in made.report.evidence} == {item.id for item in base.evidence}
    cited = {item for claim in made.report.claims for item in claim.evidence}
    assert cited >= {item for claim in base.claims for item in claim.evidence}
    assert made.report.manifest.counts["left_out"] > 0
    assert made.check.failures() == []


@pytest.mark.parametrize(
    "answer",
    [
        "I cannot do that.",
        "{}",
        "[]",
        '{"sentences": []}',
        '{"sentences": [{"text": "Prices fell.", "evidence": "1"}]}',
        '{"sentences": [{"text": "Prices fell.", "evidence": [true]}]}',
        '{"sentences": [{"text": "Prices fell.", "evidence": [1], "quote": "x"}]}',
        '{"sentences": [{"text": "Prices fell.", "text": "Prices rose.", "evidence": [1]}]}',
        '{"sentences": [{"text": "", "evidence": [1]}]}',
        'Sure! {"sentences": [{"text": "Prices fell.", "evidence": [1]}]}',
    ],
)
def test_answers_that_do_not_fit_the_schema_are_asked_for_twice_and_then_an_error(base: Report, answer: str) -> None:
    """Three cards in a row without any use are the endpoint's fault, not a card's."""
    asked: list[object] = []

    def useless(request: dict[str, Any]) -> str:
        asked.append(request)
        return answer

    with pytest.raises(AnswerError):
        worded(base, useless)
    assert len(asked) == 6


def test_one_card_without_a_usable_answer_is_quoted(base: Report) -> None:
    """The rest is worded, and the report says how many sentences are quotations instead."""

    def moody(request: dict[str, Any]) -> str:
        return "no" if "Labour" in request["messages"][-1]["content"] else good(request)

    made = worded(base, moody)
    assert made.check.failures() == []
    assert made.report.manifest.counts["replaced"] == 3
    assert all(claim.mode != "prose" for claim in made.report.claims if claim.section == "labour")
    assert made.prose


def test_an_answer_in_a_code_fence_is_read(base: Report) -> None:
    """As models without a response format like to give it."""
    made = worded(base, lambda request: f"```json\n{good(request)}\n```")
    assert made.report.manifest.counts["written"] >= 12


def test_a_model_that_cannot_be_reached_is_an_error(base: Report) -> None:
    """Never a report that passes for worded."""
    llm = OpenAILlm("gone", base_url="http://127.0.0.1:9/v1", api_key="k")
    calls = Calls(llm=llm, limits=LIMITS, now=lambda: datetime(2026, 11, 23, tzinfo=UTC), pace=Pace(sleep=lambda _: None))
    with pytest.raises(UnreachableError):
        write(base, calls=calls, model=llm.model, prompts=Prompts(), document=CORPUS.document, vocabulary=Vocabulary(METRICS))
    llm.close()


@dataclass
class Nobody:
    """Calls that must not be made."""

    asked: list[object] = field(default_factory=list)

    def ask(self, messages: object, **_: object) -> Any:
        """Noted."""
        self.asked.append(messages)
        raise EndpointError("asked without evidence")


def test_without_evidence_no_model_is_asked() -> None:
    """A report of gaps stays one."""
    empty = small_report(given=CORPUS, topic="Submarine cables, Tasmania")
    assert empty.claims == ()
    calls = Nobody()
    made = write(empty, calls=calls, model="m", prompts=Prompts(), document=CORPUS.document, vocabulary=Vocabulary(METRICS))
    assert calls.asked == []
    assert made.gaps == empty.gaps


# ── what the report tells ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_report_tells_who_worded_it_and_what_became_of_it(base: Report, careful: Worded) -> None:
    """In the title block of both formats, in the banner, in the manifest, with the prompts' versions and a run of its own."""
    made = careful.report
    told = f"model scripted-1; {in_words(made.manifest.counts)}"
    assert f"**Writer:** {told}" in render(made, format="md").replace("\\", "")
    assert told in render(made, format="html")
    assert made.banner.startswith("Worded by the language model scripted-1 from numbered quotations")
    assert set(made.manifest.prompts) >= {f"prompts/write/{name}.j2" for name in ("rules", "card", "repair", "summary")}
    assert made.manifest.run != base.manifest.run
    assert made.id != base.id


def test_the_same_answers_give_the_same_bytes(base: Report, careful: Worded) -> None:
    """Twice."""
    assert to_json(worded(base, good).report) == to_json(careful.report)


def test_a_bottom_line_of_its_own_stands_on_evidence_from_below(careful: Worded) -> None:
    """It is printed at the top only, and a check finds one that nothing below says."""
    made = careful
    own = [claim for claim in made.report.claims if claim.section == BOTTOM_LINE]
    assert own
    assert len(own[0].text.split()) <= 35
    assert {claim.id for claim in own} <= set(made.report.bottom_line)
    page = render(made.report, format="html")
    assert re.search(r'<p class="headline" id="claim-1">', page)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))
    below = {claim.id for claim in made.report.claims if claim.section != BOTTOM_LINE and claim.evidence == own[0].evidence}
    forged = replace(
        made.report,
        claims=tuple(claim for claim in made.report.claims if claim.id not in below),
        sections=tuple(replace(one, claims=tuple(item for item in one.claims if item not in below)) for one in made.report.sections),
        cards=tuple(replace(card, claims=tuple(item for item in card.claims if item not in below)) for card in made.report.cards),
    )
    found = check_report(forged, document=CORPUS.document, metrics=METRICS).failures()
    assert any("nothing below says what the bottom line says" in line for line in found)


def test_every_format_prints_a_worded_report(careful: Worded) -> None:
    """PDF, Word, and the lists too."""
    assert all(printed(careful.report, format=kind).data for kind in ("pdf", "docx", "csl", "bib", "csv"))


def test_two_editions_worded_alike_differ_in_nothing(base: Report, careful: Worded) -> None:
    """A wording is no news: neither beside the same wording nor beside quotations."""
    later = small_report(given=CORPUS, as_of=date(2026, 10, 31))
    assert delta(careful.report, worded(later, good).report).is_empty
    assert delta(careful.report, later).is_empty
    assert delta(base, worded(later, good).report).is_empty


def test_every_prompt_holds_its_own_evidence_only(base: Report, careful: Worded) -> None:
    """Numbered from one; neither ids nor pages nor paths."""
    made = careful
    for request in made.asked.requests:
        prompt = request["messages"][-1]["content"]
        lines = evidence_of(request)
        assert [line.number for line in lines] == list(range(1, len(lines) + 1))
        assert not [item.id for item in base.evidence if item.id in prompt]
        assert not [source.path for source in base.sources if source.path in prompt]
        assert is_summary(request) or len(lines) <= 6


SO_FAR = (
    sentences(('Prices {fell}, by "3%".', [1, 2]), ("Wages rose.", [3])),
    '```json\n{ "sentences" : [ {"text": "Wages rose.", "evidence": [1]} ,\n {"evidence": [2], "text": "Orders fell."}\n]}\n```',
    '{"repairs": [{"sentence": 1, "text": "x", "evidence": [1]}]}',
    "Prices fell.",
)


@pytest.mark.parametrize("text", SO_FAR)
def test_what_has_come_of_an_answer_is_its_first_whole_sentences(text: str) -> None:
    """However much has come: those that the whole answer begins with, and nothing of what is no answer."""
    whole = list(parse_sentences(text, most=9)) if '"sentences"' in text else []
    told = [list(sentences_so_far(text[:at])) for at in range(len(text) + 1)]
    assert told[-1] == whole
    assert all(part == whole[: len(part)] for part in told)
    assert [len(part) for part in told] == sorted(len(part) for part in told)
