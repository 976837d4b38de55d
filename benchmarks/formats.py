"""What each format costs on the sample documents: seconds, CPU, bytes, pages, and whether the bytes repeat.

python -m benchmarks.formats [REPORT.json]
"""

import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

from rag.app import Library, create
from rag.ingest import drain
from rag.render import formats, printed
from rag.report import from_json
from rag.types import Report

TOPIC = "Zinc-air storage, Marenland and the Calder Coast, 2024-26"
ROUNDS = 3


def sample_report() -> Report:
    """The report that `make report` writes, in a workspace of its own."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "workspace"
        create(workspace, folders=[Path(__file__).resolve().parent.parent / "sample_docs"], embedder="small")
        with Library.open(workspace) as library:
            drain(library.ingest(now=datetime(2026, 11, 1, tzinfo=UTC)))
            return library.write(TOPIC, as_of=date(2026, 10, 31))


def pages(data: bytes) -> int:
    import pypdfium2

    with pypdfium2.PdfDocument(data) as document:
        return len(document)


def measure(report: Report, *, template: str) -> None:
    for kind in formats():
        walls, cpus, made = [], [], set()
        for _ in range(ROUNDS):
            wall, cpu = time.perf_counter(), time.process_time()
            data = printed(report, format=kind, template=template).data
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
            made.add(data)
        counted = f", {pages(data)} pages" if kind == "pdf" else ""
        same = "the same bytes" if len(made) == 1 else "DIFFERENT BYTES"
        print(f"{template:14} {kind:5} {min(walls):6.2f} s {min(cpus):6.2f} s CPU {len(data) / 1024:8.0f} kB  {same}{counted}")  # noqa: T201


def main() -> None:
    report = from_json(Path(sys.argv[1]).read_bytes()) if len(sys.argv) > 1 else sample_report()
    for template in ("market_trends", "company_note", "weekly_brief"):
        measure(report, template=template)


if __name__ == "__main__":
    main()
