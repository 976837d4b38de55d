"""What importing and asking for help cost: nothing heavy is loaded before it is used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "torch",
    "chromadb",
    "openai",
    "langchain",
    "langchain_core",
    "sentence_transformers",
    "transformers",
    "numpy",
    "pydantic",
    "jinja2",
    "fastapi",
)

MEASURED_HELP = """
import json, pathlib, re, resource, sys
from rag.cli import cli

def peak_bytes():
    status = pathlib.Path("/proc/self/status")  # ru_maxrss of a fresh process counts its parent on Linux
    if status.exists():
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

try:
    cli(["--help"], prog_name="rag")
except SystemExit as done:
    print(json.dumps({"status": done.code, "bytes": peak_bytes(), "modules": list(sys.modules)}))
"""


def run(code: str) -> str:
    """What a fresh Python prints for this code."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("module", ["rag", "rag.types", "rag.cli", "rag.ports", "rag.runs.child"])
def test_importing_loads_no_heavy_library(module: str) -> None:
    """A program that imports the package pays only for what it uses."""
    loaded = json.loads(run(f"import json, sys, {module}; print(json.dumps(list(sys.modules)))"))
    assert not set(HEAVY) & set(loaded)


def test_help_is_light() -> None:
    """`rag --help` loads no heavy library and stays below 40 MB."""
    *_, last = run(MEASURED_HELP).splitlines()
    measured = json.loads(last)
    assert measured["status"] == 0
    assert not set(HEAVY) & set(measured["modules"])
    assert measured["bytes"] < 40_000_000


MEASURED_SEARCH = """
import json, sys
from rag.cli import cli
try:
    cli(["search", "zinc-air storage", "--workspace", sys.argv[1]], prog_name="rag")
except SystemExit as done:
    print(json.dumps({"status": done.code, "modules": list(sys.modules)}))
"""


def test_a_search_loads_neither_torch_nor_chroma(sample_workspace: Path) -> None:
    """From the process's start to ranked passages, with a question that was never asked: numpy, onnxruntime, the
    tokenizer and the settings are all."""
    done = subprocess.run([sys.executable, "-c", MEASURED_SEARCH, str(sample_workspace)], capture_output=True, text=True, check=True)
    *passages, last = done.stdout.splitlines()
    measured = json.loads(last)
    assert measured["status"] == 0
    assert passages
    heavy = {*HEAVY, "langchain_text_splitters", "pypdfium2", "rag.report", "rag.render", "rag.readers", "rag.ingest", "yaml"}
    assert not (heavy - {"numpy", "pydantic"}) & set(measured["modules"])


MEASURED_PATTERNS = """
import json, re, sys
import rag.app
from rag.patterns import _Pattern

found = [value for name, module in sys.modules.items() if name.startswith("rag.") for value in vars(module).values()]
lazy = {id(value): value for value in found if isinstance(value, _Pattern)}.values()
used = sum("search" in vars(value) for value in lazy)
print(json.dumps([len(lazy), used + len({id(value) for value in found if isinstance(value, re.Pattern)})]))
"""


def test_the_program_compiles_few_patterns_before_it_uses_them() -> None:
    """All of them took a third of what `import rag.app` did."""
    waiting, compiled = json.loads(run(MEASURED_PATTERNS))
    assert waiting > 300
    assert compiled < 40  # of bytes, and what spelling and its like ask as they are imported
