"""What a check found, as other programs read it."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from rag.cli import cli
from rag.prompts import metric_vocabulary
from rag.render.words import GATES as PRINTED
from rag.report import GATES, REPORT_GATES, check_report, to_json
from rag.report.findings import Finding, findings_of, junit, sarif
from rag.report.rules import RULES
from rag.types import Report
from tests.conftest import REPOSITORY
from tests.report_fixture import corpus, small_report

CORPUS = corpus()


@pytest.fixture(scope="module")
def spoiled() -> tuple[Report, list[Finding], str]:
    """A report with one figure changed in a claim and characters that XML cannot hold, its findings, and its JSON."""
    report = small_report(given=CORPUS)
    claim = next(claim for claim in report.claims if "2,610 MWh" in claim.text and claim.mode == "verbatim")
    forged = replace(claim, text=claim.text.replace("2,610", "2,910") + " \x07<&>")
    spoiled = replace(report, claims=tuple(forged if one is claim else one for one in report.claims))
    source = to_json(spoiled)
    result = check_report(spoiled, document=CORPUS.document, metrics=metric_vocabulary())
    return spoiled, findings_of(spoiled, result, source=source), source


def test_every_gate_has_a_rule_with_a_help_text() -> None:
    """B1 to B20, none missing, none twice; the README's table says the same of each."""
    used = {gate.id for gate in GATES} | {gate.id for gate in REPORT_GATES}
    assert list(RULES) == [f"B{number}" for number in range(1, 21)]
    assert used == set(RULES) == set(PRINTED)
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    told = dict(re.findall(r"^\| (B\d+) \| (.+?) \|$", readme, re.MULTILINE))
    assert {rule.id: rule.holds for rule in RULES.values()} == told
    assert all(rule.help.endswith(".") for rule in RULES.values())


def test_junit_has_a_case_for_everything_looked_at(spoiled: tuple[Report, list[Finding], str]) -> None:
    """Counts in every suite are those of its cases; a failure names what differs; XML that any reader takes."""
    _, findings, _ = spoiled
    root = ElementTree.fromstring(junit(findings, name="report.json"))
    assert root.tag == "testsuites"
    for suite in root:
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
    failures = [case.find("failure") for case in root.iter("testcase") if case.find("failure") is not None]
    assert len(failures) == int(root.attrib["failures"]) == sum(one.outcome == "fail" for one in findings)
    assert any(failure is not None and "2,910" in failure.attrib["message"] for failure in failures)


def test_sarif_names_rule_level_and_line_of_each_finding(spoiled: tuple[Report, list[Finding], str]) -> None:
    """Version 2.1.0: rules by index, levels by outcome, the line of the claim in the JSON."""
    _, findings, source = spoiled
    read = json.loads(sarif(findings, uri="report.json"))
    (run,) = read["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert (read["version"], [rule["id"] for rule in rules]) == ("2.1.0", list(RULES))
    assert len(run["results"]) == sum(one.outcome != "pass" for one in findings)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["kind"], result["level"]) in (("fail", "error"), ("fail", "warning"), ("open", "none"))
    wrong = next(result for result in run["results"] if result["ruleId"] == "B4")
    place = wrong["locations"][0]
    line = place["physicalLocation"]["region"]["startLine"]
    assert place["logicalLocations"][0]["name"] in source.splitlines()[line - 1]


def test_the_command_writes_each_format_and_exits_with_1(
    spoiled: tuple[Report, list[Finding], str], sample_workspace: Path, tmp_path: Path
) -> None:
    """A report of documents that this workspace does not have fails in all of them."""
    file = tmp_path / "report.json"
    file.write_text(spoiled[2], encoding="utf-8")
    outputs = {}
    for kind in ("text", "json", "junit", "sarif"):
        shown = CliRunner().invoke(cli, ["check", str(file), "--format", kind, "-w", str(sample_workspace)], catch_exceptions=False)
        assert shown.exit_code == 1
        outputs[kind] = shown.stdout
    assert "FAIL" in outputs["text"]
    assert json.loads(outputs["json"])["passed"] is False
    assert ElementTree.fromstring(outputs["junit"]).attrib["failures"] != "0"
    assert json.loads(outputs["sarif"])["runs"][0]["results"]


def test_a_garbage_period_is_one_line_and_no_defect(sample_workspace: Path, tmp_path: Path) -> None:
    """Exit status 7, the report's own."""
    data = json.loads(to_json(small_report(given=CORPUS)))
    next(card for card in data["cards"] if card["series"])["series"][0]["period"] = "abcd"
    file = tmp_path / "report.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    shown = CliRunner().invoke(cli, ["check", str(file), "-w", str(sample_workspace)], catch_exceptions=False)
    assert (shown.exit_code, shown.stderr.count("\n")) == (7, 1)
    assert "'abcd'" in shown.stderr
