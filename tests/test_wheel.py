"""The wheel works where nothing of the checkout is: prompts and templates travel inside it."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

NOTE = """# Velox cells

Published 2026-03-02

Shipments of zinc cells by Velox came to 420 MWh in 2025, up from 310 MWh in 2024. The price of a zinc cell fell by 12 per cent in 2025.
"""


def run(*command: str | Path, cwd: Path, environment: dict[str, str] | None = None) -> str:
    """What a command prints; its stderr in the assertion when it fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, REPOSITORY, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


def test_prompts_and_templates_are_in_the_wheel(wheel: Path) -> None:
    """Every file of prompts/ and templates/ ships."""
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {name.removeprefix("rag/_shipped/") for name in names if name.startswith("rag/_shipped/")}
    files = [path for room in ("prompts", "templates") for path in (REPOSITORY / room).rglob("*") if path.is_file()]
    wanted = {str(path.relative_to(REPOSITORY)) for path in files}
    assert shipped == wanted
    assert wanted


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `rag` command of an empty environment into which only the wheel was installed."""
    folder = tmp_path_factory.mktemp("empty")
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    options = (REPOSITORY / ".venv" / ".torch-options").read_text(encoding="utf-8").split()
    run(uv, "venv", "--quiet", "--python", sys.executable, "venv", cwd=folder)
    environment = os.environ | {"VIRTUAL_ENV": str(folder / "venv")}
    constraints = ("--constraint", REPOSITORY / "requirements.txt")
    run(uv, "pip", "install", "--quiet", *options, *constraints, wheel, cwd=folder, environment=environment)
    return folder / "venv" / "bin" / "rag"


def test_an_installed_wheel_makes_a_report(installed: Path, tmp_path: Path) -> None:
    """init, ingest and report work from the wheel alone, one command after the other, without naming the workspace again."""
    run(installed, "init", "x", "--embedder", "small", cwd=tmp_path)
    (tmp_path / "x" / "docs" / "velox.md").write_text(NOTE, encoding="utf-8")
    run(installed, "ingest", cwd=tmp_path)
    written = json.loads(run(installed, "report", "Zinc cells", "--as-of", "2026-06-30", "--json", cwd=tmp_path))
    assert written["passed"]
    assert {Path(path).suffix for path in written["paths"]} == {".html", ".md", ".json"}
    assert "420 MWh" in Path(written["paths"][0]).read_text(encoding="utf-8")
