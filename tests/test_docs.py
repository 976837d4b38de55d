"""The documentation is run: commands exist, options exist, Python blocks work, generated parts are up to date."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from rag.cli import cli
from rag.report import GATES, REPORT_GATES
from tests.conftest import REPOSITORY

README = REPOSITORY / "README.md"
PAGES = [README, *sorted((REPOSITORY / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    """Every `rag ...` and `make ...` of a page's fenced blocks and code spans."""
    text = page.read_text(encoding="utf-8")
    lines = [line.removeprefix("$ ") for kind, body in BLOCK.findall(text) if kind in ("", "console") for line in body.splitlines()]
    spans = re.findall(r"`((?:rag|make) [^`]+)`", BLOCK.sub("", text))
    return [line.split("#")[0].strip() for line in (*lines, *spans) if re.match(r"(rag|make) [a-z]", line)]


@pytest.mark.parametrize(("page", "command"), [(page.name, command) for page in PAGES for command in commands(page)])
def test_a_documented_command_exists(page: str, command: str) -> None:
    """Subcommands, options and make targets named in the documentation are there."""
    program, name, *rest = shlex.split(command)
    if program == "make":
        assert re.search(rf"^{name}:", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), f"{page}: no target {name}"
        return
    found = cli.commands[name]
    while isinstance(found, click.Group) and rest and rest[0] in found.commands:
        found = found.commands[rest.pop(0)]
    options = {option for parameter in found.params for option in parameter.opts if isinstance(parameter, click.Option)}
    assert {part.split("=")[0] for part in rest if part.startswith("-") and part != "-"} <= options, f"{page}: {command}"


def test_every_command_and_gate_stands_in_the_readme() -> None:
    """A command or gate without documentation fails the build."""
    text = README.read_text(encoding="utf-8")
    assert [name for name in cli.commands if f"`rag {name}" not in text] == []
    assert [name for name in {*(gate.id for gate in GATES), *(gate.id for gate in REPORT_GATES)} if f"| {name} |" not in text] == []


@pytest.mark.parametrize("block", [body for kind, body in BLOCK.findall(README.read_text(encoding="utf-8")) if kind == "python"])
def test_a_python_block_of_the_readme_runs(block: str, sample_workspace: Path, tmp_path: Path) -> None:
    """As printed, beside a copy of the sample workspace, which it may write to."""
    shutil.copytree(sample_workspace, tmp_path / "workspace")
    done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_workspaces_embedder_in_a_langchain_store_runs_as_printed(sample_workspace: Path, tmp_path: Path) -> None:
    """docs/interop.md's first block; the nearest text is the one that is about it."""
    block = next(body for kind, body in BLOCK.findall((REPOSITORY / "docs" / "interop.md").read_text(encoding="utf-8")) if kind == "python")
    shutil.copytree(sample_workspace, tmp_path / "workspace")
    done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "The wait for a grid connection is 31 months."), done.stderr


def test_links_of_the_readme_lead_somewhere() -> None:
    """Every relative link and picture is a file of the repository."""
    targets = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))
    assert [target for target in targets if not (REPOSITORY / target).exists()] == []
