"""What a check found, for other programs: JUnit XML and SARIF 2.1.0.

JUnit has a suite for each gate and a case for each thing it looked at. SARIF has a result for everything that is not a pass.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from rag import __version__
from rag.patterns import regex
from rag.report.check import CheckResult
from rag.report.rules import RULES
from rag.types import GateOutcome, Report

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_NOT_XML = regex("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEVELS = {"fail": ("fail", "error"), "warn": ("fail", "warning"), "unchecked": ("open", "none")}
"""Outcome -> SARIF's kind and level; a kind other than "fail" has no level."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one gate found on one thing."""

    rule: str
    outcome: GateOutcome
    about: str
    """Id of a claim or card, "report", or a sentence's place."""
    text: str = ""
    """The sentence, where it is one."""
    reason: str = ""
    line: int = 1
    """1-based line of the checked file where the thing stands."""


def findings_of(report: Report, result: CheckResult, *, source: str = "") -> list[Finding]:
    """All that was looked at. ``source`` is the report's JSON, for the lines."""
    texts = {claim.id: claim.text for claim in report.claims}
    lines = _lines(source)
    found = [
        Finding(rule=check.gate, outcome=check.outcome, about=name, text=texts.get(name, ""), reason=check.reason, line=lines.get(name, 1))
        for name, checks in result.claims.items()
        for check in checks
    ]
    return found + [
        Finding(rule=one.gate, outcome=one.outcome, about=one.about, reason=one.reason, line=lines.get(one.about, 1))
        for one in result.report
    ]


def _lines(source: str) -> dict[str, int]:
    """Id -> the line of the JSON where the thing with that id stands."""
    named = ((number, re.search(r'"id": "([^"]+)"', line)) for number, line in enumerate(source.splitlines(), start=1))
    return {match[1]: number for number, match in named if match}


def junit(findings: Sequence[Finding], *, name: str) -> str:
    """JUnit XML. A warning passes and is told in the case's output; what could not be checked is skipped."""
    suites = [_suite(rule, [one for one in findings if one.rule == rule]) for rule in RULES]
    root = ElementTree.Element("testsuites", {"name": _xml(f"rag check {name}"), **_totals(findings)})
    root.extend(suites)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(rule: str, findings: Sequence[Finding]) -> ElementTree.Element:
    title = f"{rule} {RULES[rule].name}"
    suite = ElementTree.Element("testsuite", {"name": title, **_totals(findings)})
    for one in findings:
        case = ElementTree.SubElement(suite, "testcase", {"classname": title, "name": _xml(f"{one.about} {one.text}".strip()[:200])})
        told = _xml(f"{one.reason}\n{RULES[rule].help}")
        if one.outcome == "fail":
            ElementTree.SubElement(case, "failure", {"message": _xml(one.reason), "type": rule}).text = told
        elif one.outcome == "unchecked":
            ElementTree.SubElement(case, "skipped", {"message": _xml(one.reason)})
        elif one.outcome == "warn":
            ElementTree.SubElement(case, "system-out").text = _xml(f"warning: {one.reason}")
    return suite


def _totals(findings: Sequence[Finding]) -> dict[str, str]:
    failures, skipped = (sum(one.outcome == outcome for one in findings) for outcome in ("fail", "unchecked"))
    return {"tests": str(len(findings)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}


def _xml(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def sarif(findings: Iterable[Finding], *, uri: str) -> str:
    """SARIF 2.1.0 with all rules and a result for each finding that is not a pass; ``uri`` is the checked file's."""
    rules = [
        {
            "id": rule.id,
            "name": "".join(word.capitalize() for word in rule.name.split()),
            "shortDescription": {"text": rule.name},
            "fullDescription": {"text": rule.holds},
            "help": {"text": rule.help},
            "defaultConfiguration": {"level": "error"},
        }
        for rule in RULES.values()
    ]
    driver = {"name": "rag check", "semanticVersion": __version__, "rules": rules}
    results = [_result(one, uri=uri) for one in findings if one.outcome != "pass"]
    made = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


def _result(one: Finding, *, uri: str) -> dict[str, object]:
    kind, level = _LEVELS[one.outcome]
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": one.line}}
    return {
        "ruleId": one.rule,
        "ruleIndex": list(RULES).index(one.rule),
        "kind": kind,
        "level": level,
        "message": {"text": f"{one.about}: {one.reason or RULES[one.rule].help}"},
        "locations": [{"physicalLocation": place, "logicalLocations": [{"name": one.about, "kind": "element"}]}],
    }
