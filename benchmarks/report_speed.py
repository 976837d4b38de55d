"""What an extractive report costs: CPU and wall seconds, memory, and its PDF, against bounds.

    python -m benchmarks.report_speed [--workspace FOLDER] [--topic TEXT] [--pack filings]

The sample documents first, then the workspace, such as one with FinanceBench's 31 filings (some 4,500 pages) ingested by
`rag init filings --embedder small --folder ...; rag ingest`. Each in a process of its own, the model loaded by a search before the clock
starts. Wall seconds on a machine that does other things say little: CPU seconds are printed beside them, and are what the bound is held to.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from subprocess import run
from typing import Any

from benchmarks.evaluate import REPOSITORY, machine
from benchmarks.formats import TOPIC
from rag.app import Library, create
from rag.ingest import drain
from rag.render import printed

SAMPLE_S, FILINGS_S, PDF_S, MEMORY_MB = 2.0, 10.0, 1.0, 1_024.0


def measured(workspace: Path, *, topic: str, pack: str) -> dict[str, Any]:
    """One report in this process."""
    with Library.open(workspace) as library:
        library.search("what is reported", k=1)
        asked = library.outline(topic, pack=pack)
        wall, cpu = time.perf_counter(), time.process_time()
        report = library.write(asked, as_of=date.today(), since="none")  # noqa: DTZ011 - after the ingest, whenever that is
        took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        memory = most_memory_mb()
        cpu = time.process_time()
        printed(report, format="pdf", workspace=workspace)
        pages = sum(source.pages for source in library.record.sources())
    return {**took, "pdf": time.process_time() - cpu, "memory": memory, "pages": pages, "claims": len(report.claims)}


def most_memory_mb() -> float:
    """The most this process has held. Linux's ru_maxrss begins with what the process held that began this one, so it is not asked there."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def apart(workspace: Path, *, topic: str, pack: str) -> dict[str, Any]:
    """``measured`` in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.report_speed", "--one", str(workspace), "--topic", topic, "--pack", pack]
    found: dict[str, Any] = json.loads(run(command, check=True, capture_output=True, text=True).stdout)
    return found


def row(name: str, found: dict[str, Any], *, bound_s: float) -> str:
    """A line of the table."""
    cells = [
        f"{name}, {found['pages']:,} pages",
        f"{found['cpu']:.2f} ({found['wall']:.1f}); {bound_s:.0f}",
        f"{found['pdf']:.2f}; {PDF_S:.0f}",
        f"{found['memory']:,.0f}; {MEMORY_MB:,.0f}",
    ]
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, help="of many documents")
    parser.add_argument("--topic", default="Annual results, 2015-23")
    parser.add_argument("--pack", default="filings")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        sys.stdout.write(json.dumps(measured(given.one, topic=given.topic, pack=given.pack)))
        return
    sys.stdout.write(f"Measured {datetime.now(UTC).date()} ({machine()}).\n\n")
    sys.stdout.write(
        "| documents | write: CPU (wall) s | bound | PDF: CPU s | bound | memory, MB | bound |\n|---|---|---|---|---|---|---|\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "workspace"
        create(sample, folders=[REPOSITORY / "sample_docs"], embedder="small")
        with Library.open(sample) as library:
            drain(library.ingest(now=datetime.now(UTC)))
        sys.stdout.write(row("sample_docs", apart(sample, topic=TOPIC, pack="market"), bound_s=SAMPLE_S))
    if given.workspace is not None:
        sys.stdout.write(row(given.workspace.name, apart(given.workspace, topic=given.topic, pack=given.pack), bound_s=FILINGS_S))


if __name__ == "__main__":
    main()
