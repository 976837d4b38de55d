"""The outline: a topic's own, and the analyst's."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from rag.app import create
from rag.cli import cli
from rag.errors import SettingsError
from rag.prompts import facet_pack, facet_packs, metric_vocabulary
from rag.report import Outline, outline_of, read_outline, to_yaml
from rag.report.outline import arranged
from tests.report_fixture import TOPIC, small_report

OWN = """
topic: Heat for the board
market: Heat storage
regions: [Varland]
period: 2025
sections:
  - title: What it earns
    metrics: [operating_profit, revenue]
  - title: Moon landings
    question: How many rockets flew?
  - title: Size
    question: How much heat storage is installed?
    metrics: [installed_capacity]
"""


@pytest.mark.parametrize("pack", facet_packs())
def test_a_topics_plan_reads_back_as_it_was(pack: str) -> None:
    """What `rag plan` prints is what `rag report --plan` obeys."""
    outline = outline_of(TOPIC, pack=facet_pack(pack))
    assert read_outline(to_yaml(outline), at="plan.yaml") == outline


@pytest.mark.parametrize("words", [150, 300])
def test_a_report_keeps_to_its_words(words: int) -> None:
    """The most important first, all checks passed, every printed dispute with both sides, the full report's gaps, and the reader told."""
    outline = replace(outline_of(TOPIC, pack=facet_pack("market")), words=words)
    whole, kept = small_report(), small_report(outline=outline)
    assert 0.6 * words <= sum(len(claim.text.split()) for claim in kept.claims) <= words
    assert {claim.verdict for claim in kept.claims} == {"supported"}
    assert kept.bottom_line[0] == whole.bottom_line[0]
    assert kept.gaps == whole.gaps
    assert f"at most {words} words" in kept.banner
    printed = {claim.id for claim in kept.claims}
    cards = {card.key for card in kept.cards}
    assert all(conflict.key in cards and {side.claim for side in conflict.sides} <= printed for conflict in kept.conflicts)
    evidence = {item for claim in kept.claims for item in claim.evidence}
    hidden = [one for one in whole.conflicts if one.kind != "superseded" and one.key not in cards]
    sides = {claim.id: set(claim.evidence) for claim in whole.claims}
    assert not any(sides[side.claim] & evidence for one in hidden for side in one.sides)


def test_a_report_with_room_enough_is_the_same() -> None:
    """Words that all fit change nothing but the plan."""
    outline = replace(outline_of(TOPIC, pack=facet_pack("market")), words=100_000)
    whole, kept = small_report(), small_report(outline=outline)
    assert (kept.claims, kept.banner, kept.gaps) == (whole.claims, whole.banner, whole.gaps)


@pytest.mark.parametrize("words", ["50", "-3", "yes", "1.5"])
def test_a_number_of_words_that_is_none_is_refused(words: str) -> None:
    """Naming the key and what would do."""
    with pytest.raises(SettingsError, match=r"plan\.yaml: words must be 0 for no limit, or a whole number from 100"):
        read_outline(f"{OWN}\nwords: {words}\n", at="plan.yaml")


def test_an_own_plan_reads_back_as_it_was() -> None:
    """With what was left out made by rule once."""
    outline = read_outline(OWN, at="plan.yaml")
    assert read_outline(to_yaml(outline), at="plan.yaml") == outline
    assert [section.id for section in outline.sections] == ["what_it_earns", "moon_landings", "size"]
    assert outline.sections[1].queries == ("{market} Moon landings", "How many rockets flew?")


def test_the_report_obeys_the_plan_section_by_section() -> None:
    """Its sections, in its order, and none besides but the disagreements; figures where the plan wants them."""
    report = small_report(outline=read_outline(OWN, at="plan.yaml"))
    assert [section.title for section in report.sections if section.id != "conflicts"] == ["What it earns", "Moon landings", "Size"]
    metrics = {card.key.metric: card.section for card in report.cards}
    assert metrics.get("Installed capacity") == "size"
    assert set(metrics) <= {"Installed capacity", "Operating profit", "Revenue"}


def test_a_section_without_evidence_says_so_and_the_rest_is_printed() -> None:
    """Never prose in its place."""
    report = small_report(outline=read_outline(OWN, at="plan.yaml"))
    (thin,) = [section for section in report.sections if section.id == "moon_landings"]
    assert not thin.claims
    assert not thin.cards
    assert [gap.question for gap in report.gaps if gap.section == "moon_landings"] == ["How many rockets flew?"]
    assert any(section.claims or section.cards for section in report.sections if section.id == "size")


def test_the_manifest_holds_the_plan() -> None:
    """The same report can be asked for again."""
    outline = read_outline(OWN, at="plan.yaml")
    report = small_report(outline=outline)
    assert read_outline(report.manifest.outline, at="manifest") == outline


def test_a_metric_goes_to_the_section_that_lists_it_else_to_its_facets() -> None:
    """And to none where the plan has neither."""
    outline = read_outline("topic: x\nsections:\n  - {title: Price}\n  - {title: Mine, metrics: [revenue]}\n", at="p")
    homes = {metric.id: metric.facet for metric in arranged(metric_vocabulary(), outline).metrics}
    assert (homes["revenue"], homes["system_price"], homes["wages"]) == ("mine", "price", "")


def test_the_plans_segments_join_the_vocabularys() -> None:
    """A market's own parts are known to the analyst only."""
    outline = Outline(topic="x", market="x", segments=("balcony",), sections=facet_pack().facets)
    assert "balcony" in arranged(metric_vocabulary(), outline).segments


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("topic: [", "p.yaml, line 1 is not valid YAML"),
        ("- a", "p.yaml must be a mapping with the keys topic, sections"),
        ("sections: []", "key 'topic' is missing"),
        ("topic: x\nsections: []", "sections must be a list with at least one item"),
        ("topic: x\nsections:\n  - {question: y}", r"sections\[0\]: key 'title' is missing"),
        ("topic: x\nsections:\n  - {title: y, colour: red}", r"sections\[0\]: unknown key 'colour'"),
        ("topic: x\nsections:\n  - {title: y}\n  - {title: Y}", "the id 'y' is there twice"),
        ("topic: x\nsections:\n  - {title: 能源}", r"the title '能源' gives no id; add one"),
        ("topic: x\nperiod: someday\nsections:\n  - {title: y}", "period is not a period: 'someday'"),
        ("topic: x\nregions: Varland\nsections:\n  - {title: y}", "regions must be a list of texts"),
        ("topic: x\nmarkets: y\nsections:\n  - {title: y}", "unknown key 'markets'"),
    ],
)
def test_a_wrong_plan_is_refused_naming_file_and_key(text: str, message: str) -> None:
    """One clear line, before anything is searched."""
    with pytest.raises(SettingsError, match=message):
        read_outline(text, at="p.yaml")


def test_a_section_that_lists_an_unknown_metric_is_refused() -> None:
    """With the file to add it to."""
    outline = read_outline("topic: x\nsections:\n  - {title: y, metrics: [happiness]}", at="p")
    with pytest.raises(SettingsError, match=r"'happiness', which prompts/metrics.yaml does not have"):
        arranged(metric_vocabulary(), outline)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty one."""
    create(tmp_path / "ws", embedder="small")
    return tmp_path / "ws"


def test_rag_plan_prints_a_plan_that_can_be_read(workspace: Path) -> None:
    """On stdout, nothing else."""
    done = CliRunner().invoke(cli, ["plan", "Regional economy, by district", "--pack", "macro", "-w", str(workspace)])
    outline = read_outline(done.stdout, at="p")
    assert (outline.dimension, outline.sections[0].id) == ("district", "activity")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a topic"),
        (["--plan", "missing.yaml"], "the plan missing.yaml cannot be read"),
        (["A topic", "--plan", "missing.yaml"], "leave out TOPIC"),
        (["--plan", "missing.yaml", "--pack", "macro"], "leave out --pack"),
        (["A topic", "--pack", "oil"], "no facet pack 'oil'"),
    ],
)
def test_a_report_is_asked_for_in_one_way(workspace: Path, arguments: list[str], message: str) -> None:
    """A topic or a plan; one line says what is wrong."""
    done = CliRunner().invoke(cli, ["report", *arguments, "-w", str(workspace)])
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_plan_is_edited_before_the_report(workspace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The editor's text is what is read: a key that it breaks is named."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "colour: red" >> "$1"\n', encoding="utf-8")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    done = CliRunner().invoke(cli, ["report", "A topic", "--plan", "edit", "-w", str(workspace)])
    assert "the edited plan: unknown key 'colour'" in done.stderr


def test_an_editor_closed_without_saving_writes_nothing(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Giving up is an answer."""
    monkeypatch.setenv("VISUAL", "true")
    done = CliRunner().invoke(cli, ["report", "A topic", "--plan", "edit", "-w", str(workspace)])
    assert "closed without saving" in done.stderr
    assert done.exit_code == 2
