"""Regular expressions are compiled when they are first used, and then are what re.compile gives."""

import importlib
import pkgutil
import re

import pytest

import rag
from rag.patterns import _Pattern, regex


def test_a_pattern_does_what_the_compiled_one_does() -> None:
    """Its methods, groups and flags."""
    ours, theirs = regex(r"(?P<year>\d{4})-(\d\d)", re.IGNORECASE), re.compile(r"(?P<year>\d{4})-(\d\d)", re.IGNORECASE)
    text = "2024-10, 2025-11"
    assert [match.groupdict() for match in ours.finditer(text)] == [match.groupdict() for match in theirs.finditer(text)]
    assert ours.sub("x", text) == theirs.sub("x", text)
    assert (ours.pattern, ours.flags, ours.groups, ours.groupindex) == (theirs.pattern, theirs.flags, theirs.groups, theirs.groupindex)
    match = ours.search(text)
    assert match is not None
    assert match.re == theirs


def test_nothing_is_compiled_before_it_is_used() -> None:
    """So that a wrong one costs nothing either."""
    wrong = regex("(")
    assert wrong.pattern == "("
    with pytest.raises(re.error):
        wrong.search("x")


def test_every_pattern_of_the_program_can_be_compiled() -> None:
    """What no test uses is compiled here."""
    modules = [importlib.import_module(one.name) for one in pkgutil.walk_packages(rag.__path__, "rag.") if one.name != "rag.__main__"]
    found = {id(value): value for module in modules for value in vars(module).values() if isinstance(value, _Pattern)}
    assert len(found) > 300
    assert all(pattern.flags & re.UNICODE for pattern in found.values())
