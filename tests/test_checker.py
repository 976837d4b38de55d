"""A second opinion on written sentences: a checker may doubt what the gates passed, and pass nothing that they refuse."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rag.checkers.cross_encoder import NliChecker
from rag.config import CheckerSettings
from rag.errors import AnswerError, ModelError, ModelMissingError, UnreachableError
from rag.llms.calls import Calls, Limits, Nowhere, Pace
from rag.llms.openai import OpenAILlm
from rag.model_prompts import Prompts
from rag.ports import Checker
from rag.prompts import metric_vocabulary
from rag.render import render
from rag.report import check_report
from rag.report.judge import LlmJudge, is_written, judged, parse_verdicts
from rag.report.wording import Vocabulary
from rag.report.write import write
from rag.types import Report, Verdict
from tests.report_fixture import corpus, small_report
from tests.scripted_models import good, serving
from tests.tiny_models import save_cross_encoder, save_nli

CORPUS = corpus()
METRICS = metric_vocabulary()
LIMITS = Limits(timeout_s=10, run_timeout_s=60, answer_tokens=1_000, context_tokens=16_000)
PAIRS = [("prices fell", "“the cells and prices”"), ("cells", "“represent the cells”"), ("the query", "“prices”")]


# ── a cross-encoder ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cross_encoders_verdict_is_its_likeliest_label(tmp_path: Path) -> None:
    """supported from an even chance of entailment on, else the likelier of contradiction and the rest; as its own logits say."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = str(save_nli(tmp_path / "nli", labels=("contradiction", "entailment", "neutral")))
    tokens = AutoTokenizer.from_pretrained(folder)(
        [quotes for _, quotes in PAIRS], [text for text, _ in PAIRS], padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        rows = torch.softmax(AutoModelForSequenceClassification.from_pretrained(folder)(**tokens).logits, dim=-1).tolist()
    wanted = ["supported" if row[1] >= 0.5 else "contradicted" if row[0] >= row[2] else "unsupported" for row in rows]
    assert list(NliChecker(folder, device="cpu").supports(PAIRS)) == wanted


@pytest.mark.parametrize(
    ("bias", "verdict"), [((99.0, 0.0, 0.0), "contradicted"), ((0.0, 99.0, 0.0), "supported"), ((0.0, 0.0, 99.0), "unsupported")]
)
def test_a_label_is_known_by_its_name(tmp_path: Path, bias: tuple[float, ...], verdict: Verdict) -> None:
    """Whatever place it has among the model's outputs."""
    labels = ("CONTRADICTION", "ENTAILMENT", "NEUTRAL")
    assert set(NliChecker(str(save_nli(tmp_path / "a", labels=labels, bias=bias)), device="cpu").supports(PAIRS)) == {verdict}
    turned = save_nli(tmp_path / "b", labels=labels[::-1], bias=bias[::-1])
    assert set(NliChecker(str(turned), device="cpu").supports(PAIRS)) == {verdict}


def test_a_model_that_knows_no_entailment_is_refused(tmp_path: Path) -> None:
    """A reranker is no checker; a folder that is not there is named. Nothing is loaded for no sentence."""
    with pytest.raises(ModelError, match="no label for entailment"):
        NliChecker(str(save_cross_encoder(tmp_path / "reranker")), device="cpu").supports(PAIRS)
    missing = NliChecker(str(tmp_path / "missing"))
    assert missing.supports([]) == []
    with pytest.raises(ModelMissingError, match=r'checker\.kind = "none"'):
        missing.supports(PAIRS)


# ── a language model ──────────────────────────────────────────────────────────────────────────────────────────────


def statements_of(request: dict[str, Any]) -> list[str]:
    """The sentences that a judge is asked about."""
    return [line.split(": ", 1)[1] for line in request["messages"][-1]["content"].splitlines() if line.startswith("Sentence ")]


def opinions(*given: str) -> str:
    """A judge's answer."""
    return json.dumps({"verdicts": [{"sentence": at, "verdict": verdict} for at, verdict in enumerate(given, 1)]})


def asked(answer: Callable[[dict[str, Any]], str], claims: Sequence[tuple[str, str]] = PAIRS) -> tuple[list[Verdict], list[dict[str, Any]]]:
    """(verdicts, requests) of a judge behind a real server."""
    with serving(answer) as endpoint:
        llm = OpenAILlm("judge-1", base_url=endpoint.base_url, api_key="k")
        calls = Calls(
            llm=llm, limits=LIMITS, now=lambda: datetime(2026, 11, 23, tzinfo=UTC), ledger=Nowhere(), pace=Pace(sleep=lambda _: None)
        )
        try:
            return list(LlmJudge(calls, model=llm.model, prompts=Prompts()).supports(claims)), endpoint.requests
        finally:
            llm.close()


def test_a_judge_sees_sentences_and_quotations_and_answers_in_order() -> None:
    """One request for all of them; each verdict is the one for its number."""
    found, requests = asked(
        lambda _: json.dumps(
            {"verdicts": [{"sentence": at, "verdict": ("partial", "supported", "contradicted")[at - 1]} for at in (3, 1, 2)]}
        )
    )
    assert found == ["partial", "supported", "contradicted"]
    assert len(requests) == 1
    assert statements_of(requests[0]) == [text for text, _ in PAIRS]
    assert all(quotes in requests[0]["messages"][-1]["content"] for _, quotes in PAIRS)
    assert asked(lambda _: "{}", []) == ([], [])


@pytest.mark.parametrize(
    "answer",
    ["", "yes", "[]", "{}", '{"verdicts": []}', '{"verdicts": 3}', opinions("supported"), opinions("supported", "good", "partial"),
     opinions(*["supported"] * 4), opinions("supported", "supported", "supported").replace('"sentence": 2', '"sentence": 1')],
)  # fmt: skip
def test_an_answer_of_no_use_is_no_opinion(answer: str) -> None:
    """Neither a yes nor a no: the sentences keep the gates' verdict and are counted as not judged."""
    with pytest.raises(AnswerError):
        parse_verdicts(answer, count=3)
    assert asked(lambda _: answer)[0] == ["unchecked"] * 3


def test_a_judge_that_cannot_be_had_is_an_error() -> None:
    """Nothing is claimed for it."""
    llm = OpenAILlm("judge-1", base_url="http://127.0.0.1:9/v1", api_key="k")
    calls = Calls(llm=llm, limits=LIMITS, now=lambda: datetime(2026, 11, 23, tzinfo=UTC), pace=Pace(sleep=lambda _: None))
    with pytest.raises(UnreachableError):
        LlmJudge(calls, model="judge-1", prompts=Prompts()).supports(PAIRS)


# ── in a report ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Stern:
    """A checker that doubts what it is told to doubt, and remembers what it was asked."""

    doubts: Callable[[str], Verdict]
    model: str = "stern-1"
    asked: list[str] = field(default_factory=list)

    def supports(self, claims: Sequence[tuple[str, str]]) -> Sequence[Verdict]:
        self.asked += [text for text, _ in claims]
        return [self.doubts(text) for text, _ in claims]


@pytest.fixture(scope="module")
def base() -> Report:
    """The extractive report on the small corpus."""
    return small_report(given=CORPUS)


def worded(base: Report, checker: Checker | None) -> Report:
    """The report in the careful writer's words, with a second opinion."""
    with serving(good) as endpoint:
        llm = OpenAILlm("scripted-1", base_url=endpoint.base_url, api_key="k")
        calls = Calls(llm=llm, limits=LIMITS, now=lambda: datetime(2026, 11, 23, tzinfo=UTC), pace=Pace(sleep=lambda _: None))
        try:
            return write(
                base,
                calls=calls,
                model=llm.model,
                prompts=Prompts(),
                document=CORPUS.document,
                vocabulary=Vocabulary(METRICS),
                checker=checker,
            )
        finally:
            llm.close()


@pytest.fixture(scope="module")
def careful(base: Report) -> Report:
    """Without a checker."""
    return worded(base, None)


def written(report: Report) -> set[str]:
    """The model's sentences."""
    return {claim.text for claim in report.claims if is_written(claim)}


@pytest.mark.parametrize("verdict", ["partial", "unsupported", "contradicted"])
def test_a_doubted_sentence_is_quoted_and_counted(base: Report, careful: Report, verdict: Verdict) -> None:
    """Every third sentence is doubted: none of them is printed, their evidence is, and the report passes every gate."""
    sentences = sorted(written(careful))
    doubted = set(sentences[::3])
    made = worded(base, stern := Stern(lambda text: verdict if text in doubted else "supported"))
    counts, before = made.manifest.counts, careful.manifest.counts
    assert set(stern.asked) == set(sentences)
    assert written(made) <= set(sentences) - doubted
    assert {item.id for item in careful.evidence} == {item.id for item in made.evidence}
    assert check_report(made, document=CORPUS.document, metrics=METRICS).failures() == []
    assert (counts["judged"], counts["doubted"]) == (len(stern.asked), sum(text in doubted for text in stern.asked))
    assert counts["replaced"] >= before["replaced"] + counts["doubted"]
    assert counts["written"] == len([claim for claim in made.claims if is_written(claim)]) < before["written"]
    assert f"stern-1 compared each of {counts['judged']} written sentences" in made.banner
    assert f"{counts['doubted']} were doubted" in made.banner
    assert {(card.key, card.direction, card.confidence) for card in made.cards} == {
        (card.key, card.direction, card.confidence) for card in base.cards
    }
    assert "of those, doubted and replaced by quotation" in render(made, format="md")


def test_a_checker_that_doubts_everything_leaves_the_extractive_report(base: Report) -> None:
    """All is quoted, and the banner says why."""
    made = worded(base, Stern(lambda _: "unsupported"))
    assert written(made) == set()
    assert check_report(made, document=CORPUS.document, metrics=METRICS).failures() == []


def test_a_checker_that_agrees_changes_no_sentence(base: Report, careful: Report) -> None:
    """But the run is another one, and says who judged it; one without an opinion is told apart from one that agrees."""
    made, silent = worded(base, Stern(lambda _: "supported")), worded(base, Stern(lambda _: "unchecked"))
    assert made.claims == silent.claims == careful.claims
    assert made.manifest.run != careful.manifest.run
    assert "unjudged" not in made.manifest.counts
    assert silent.manifest.counts["unjudged"] == silent.manifest.counts["judged"] > 0
    assert "it could not judge" in silent.banner
    assert "judged" not in careful.manifest.counts


def test_a_checker_passes_nothing_that_a_gate_refuses(careful: Report) -> None:
    """Its findings stand beside the gates' and change none of theirs."""
    spoilt = replace(careful, claims=tuple(replace(claim, text=f"{claim.text} Not so.") for claim in careful.claims))
    before = check_report(spoilt, document=CORPUS.document, metrics=METRICS)
    found = judged(spoilt, Stern(lambda _: "supported"))
    assert {one.outcome for one in found} == {"pass"}
    assert check_report(spoilt, document=CORPUS.document, metrics=METRICS) == before
    assert not before.ok
    against = judged(careful, Stern(lambda _: "contradicted"))
    assert [(one.about, one.outcome) for one in against] == [(claim.id, "fail") for claim in careful.claims if is_written(claim)]


# ── at the doors ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_checker_without_a_model_is_refused() -> None:
    """As every setting that cannot work."""
    with pytest.raises(ValueError, match='kind = "nli" needs model'):
        CheckerSettings(kind="nli")
