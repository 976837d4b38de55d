"""Eight processes on one workspace: one writes, seven are told so; readers see what is committed."""

import subprocess
import sys
from pathlib import Path

from rag.record import Record
from tests.conftest import REPOSITORY
from tests.fakes import HashingEmbedder
from tests.libraries import add

WRITER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from rag.errors import BusyError
from rag.record import writer_lock
from tests.fakes import HashingEmbedder
from tests.libraries import add

workspace = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    with writer_lock(workspace, now=datetime.now(UTC)):
        time.sleep(1.5)
        add(workspace, {"new.txt": "a zebra97 note"}, embedder=HashingEmbedder(), publish=False)
        print(f"wrote {time.time()}", flush=True)
except BusyError as error:
    print(f"busy {error}", flush=True)
"""
READER = """
import sys, time
from pathlib import Path
from tests.fakes import HashingEmbedder
from tests.libraries import opened

with opened(Path(sys.argv[1]), embedder=HashingEmbedder()) as retrieval:
    print("ready", flush=True)
    sys.stdin.readline()
    while not any("zebra97" in passage.chunk.text for passage in retrieval.find("zebra97", k=1).passages):
        time.sleep(0.02)
    print(f"saw {time.time()}", flush=True)
"""


def start(code: str, workspace: Path) -> "subprocess.Popen[str]":
    """A process that waits for a line."""
    command = [sys.executable, "-c", code, str(workspace)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)


def say(process: "subprocess.Popen[str]", line: str = "") -> None:
    """Lets it go on."""
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def hear(process: "subprocess.Popen[str]") -> str:
    """Its next line."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_of_eight_writers_one_writes_and_seven_are_told_who_and_a_reader_sees_it_at_once(tmp_path: Path) -> None:
    """The reader was open before; it finds the new note less than two seconds after the commit."""
    add(tmp_path, {"old.txt": "an old note about copper"}, embedder=HashingEmbedder(), publish=False)
    reader = start(READER, tmp_path)
    writers = [start(WRITER, tmp_path) for _ in range(8)]
    assert {hear(process) for process in (*writers, reader)} == {"ready"}
    for process in (reader, *writers):
        say(process)
    answers = [hear(process) for process in writers]
    wrote = [float(answer.split()[1]) for answer in answers if answer.startswith("wrote")]
    busy = [answer for answer in answers if answer.startswith("busy")]
    assert (len(wrote), len(busy)) == (1, 7)
    assert all("is being written by pid" in answer for answer in busy)
    saw = float(hear(reader).split()[1])
    assert saw - wrote[0] < 2.0
    assert [process.wait(timeout=20) for process in (reader, *writers)] == [0] * 9
    for process in (reader, *writers):
        process.communicate()
    with Record.open(tmp_path / "library.db") as record:
        assert len(record.sources()) == 2
