"""``rag ingest --watch``: ingests, waits for files to change, ingests again."""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.cli.progress import ProgressLine
from rag.errors import FingerprintError, RagError
from rag.ingest import OWN_NAMES, drain

if TYPE_CHECKING:
    from rag.app import Library

QUIET_MS = 1_500
"""Changes are gathered until none came for this long: a file that is being copied is read once."""
LOOK_AGAIN_MS = 600_000
"""Network drives tell nobody of changes, so everything is looked at this often; an unchanged file costs a stat."""
WAIT_S = 3_600.0
"""For another writer to finish."""


def keep_up(library: "Library", folders: Sequence[Path], *, now: Callable[[], datetime]) -> None:
    """Until Ctrl-C. An error of one run is told and the next change tries again; a model that does not fit ends it."""
    watched = [Path(folder) for folder in folders] or library.folders
    try:
        for _ in _changes(watched, workspace=library.workspace):
            _once(library, folders, now=now())
    except KeyboardInterrupt:
        click.echo("rag: stopped watching; what was finished is kept", err=True)


def _once(library: "Library", folders: Sequence[Path], *, now: datetime) -> None:
    line = ProgressLine()
    try:
        summary = drain(library.ingest(folders, now=now, wait_s=WAIT_S), show=line.draw)
    except FingerprintError:
        raise
    except RagError as error:
        click.echo(f"rag: {error}", err=True)
        return
    finally:
        line.clear()
    changed = {status: count for status, count in summary.files.items() if status not in ("unchanged", "skipped")}
    if changed:
        told = ", ".join(f"{count} {status}" for status, count in sorted(changed.items()))
        click.echo(f"{now:%Y-%m-%d %H:%M} {told}; {summary.chunks:,} chunks in search")
        sys.stdout.flush()


def _changes(folders: Sequence[Path], *, workspace: Path) -> Iterator[None]:
    """Once at the start, then after each burst of changes and from time to time. A folder that is away is looked for again."""
    from watchfiles import watch

    own = workspace.resolve()

    def concerns(_change: object, path: str) -> bool:
        file = Path(path)
        is_own = file.is_relative_to(own) and file.relative_to(own).parts[:1] and file.relative_to(own).parts[0] in OWN_NAMES
        return not is_own and not any(part.startswith((".", "~$")) for part in file.relative_to(file.anchor).parts[-2:])

    look = True
    while True:
        there = [folder for folder in folders if folder.is_dir()]
        stop = threading.Event()
        changes = watch(
            *(there or [workspace]),
            watch_filter=concerns,
            debounce=QUIET_MS,
            step=200,
            rust_timeout=LOOK_AGAIN_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
            stop_event=stop,
            raise_interrupt=False,
        )
        with ThreadPoolExecutor(max_workers=1) as waiting:
            coming = waiting.submit(next, changes, None)  # what changes while everything is looked at is not missed
            try:
                while there == [folder for folder in folders if folder.is_dir()]:  # until one comes or goes
                    if not look:
                        coming.result()
                        coming = waiting.submit(next, changes, None)
                    look = False
                    yield
            finally:
                stop.set()
        look = bool(coming.result())
