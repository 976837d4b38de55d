"""The pool's children: limited, replaceable, quiet, and gone when they should be."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from rag.errors import CorruptFileError, ReadError, ReadLimitError, UnreadableError
from rag.readers import ReaderPool

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A file that reads at once."""
    path = tmp_path / "note.txt"
    path.write_text("A short note.", encoding="utf-8")
    return path


@pytest.fixture
def pool() -> Iterator[ReaderPool]:
    """A pool of one with a short clock."""
    with ReaderPool(timeout_s=2.0) as pool:
        yield pool


def child(pool: ReaderPool) -> int:
    """The process id of the pool's only child."""
    process = pool._children[0]._process
    assert process is not None
    return process.pid


def is_running(pid: int) -> bool:
    """False for a process that is gone or only waits to be collected."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_killed_child_costs_one_file(pool: ReaderPool, note: Path) -> None:
    """The file in hand fails with the signal's name; the next is read by a new child."""
    pool.read(note)
    first = child(pool)
    os.kill(first, signal.SIGSTOP)
    threading.Timer(0.2, os.kill, (first, signal.SIGKILL)).start()
    with pytest.raises(CorruptFileError, match=r"cannot read note.txt: its reader ended with SIGKILL"):
        pool.read(note)
    assert pool.read(note).text == "A short note."
    assert child(pool) != first


def test_a_child_that_dies_between_files_is_replaced(pool: ReaderPool, note: Path) -> None:
    """Nobody notices."""
    pool.read(note)
    os.kill(child(pool), signal.SIGKILL)
    time.sleep(0.1)
    assert pool.read(note).text == "A short note."


def test_a_hanging_child_is_ended_by_the_clock(note: Path) -> None:
    """The file fails with a limit error, and the pool goes on."""
    with ReaderPool(timeout_s=1.0) as pool:
        pool.read(note)
        first = child(pool)
        os.kill(first, signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(ReadLimitError, match="took longer than 1 s"):
            pool.read(note)
        assert time.monotonic() - started < 3
        assert not is_running(first)
        assert pool.read(note).text == "A short note."


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not enforce RLIMIT_AS")
def test_memory_is_limited(tmp_path: Path) -> None:
    """A file that wants more than allowed fails by name."""
    path = tmp_path / "large.txt"
    path.write_bytes(b"word " * 30_000_000)
    with ReaderPool(timeout_s=20, memory_bytes=200_000_000) as pool, pytest.raises(ReadLimitError, match="wants more memory than allowed"):
        pool.read(path)


def test_what_is_not_a_regular_file_is_refused(pool: ReaderPool, tmp_path: Path) -> None:
    """A pipe would keep a reader waiting."""
    path = tmp_path / "pipe.txt"
    os.mkfifo(path)
    with pytest.raises(ReadError, match="not a regular file"):
        pool.read(path)


def test_a_file_too_large_is_refused_unread(pool: ReaderPool, tmp_path: Path) -> None:
    """By its size alone."""
    path = tmp_path / "huge.pdf"
    with path.open("wb") as file:
        file.truncate(600_000_000)
    with pytest.raises(ReadLimitError, match="600 MB"):
        pool.read(path)


def test_closing_ends_the_children(note: Path) -> None:
    """And collects them."""
    pool = ReaderPool()
    pool.read(note)
    pid = child(pool)
    pool.close()
    assert not Path(f"/proc/{pid}").exists()


def test_a_pool_may_be_shared_between_threads(tmp_path: Path) -> None:
    """Each read gets its own answer."""
    paths = [tmp_path / f"note-{number}.txt" for number in range(12)]
    for number, path in enumerate(paths):
        path.write_text(f"Note {number}.", encoding="utf-8")
    found: dict[str, str] = {}
    with ReaderPool(workers=2) as pool:
        threads = [threading.Thread(target=lambda path=path: found.update({path.stem: pool.read(path).text})) for path in paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {f"note-{number}": f"Note {number}." for number in range(12)}


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
def test_children_end_when_their_parent_is_killed(note: Path) -> None:
    """They read the end of their input."""
    code = (
        "import os, signal, sys; from pathlib import Path; from rag.readers import ReaderPool\n"
        "pool = ReaderPool(); pool.read(Path(sys.argv[1])); print(pool._children[0]._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    pid = int(python(code, str(note)).stdout)
    deadline = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(pid)


def test_a_child_can_open_no_socket_and_start_no_program() -> None:
    """Whatever a parser tries; the one program that reads pictures of text is told by its path."""
    code = (
        "import functools, socket, subprocess, sys; from rag.readers import worker\n"
        "sys.addaudithook(functools.partial(worker._refuse, '/bin/echo'))\n"
        "subprocess.run(['/bin/echo', 'may'])\n"
        "for attempt in (socket.socket, lambda: subprocess.run(['true'])):\n"
        "    try: attempt()\n"
        "    except RuntimeError as error: print(error)"
    )
    refused = ["a reader may not do this: socket.__new__", "a reader may not do this: subprocess.Popen"]
    assert sorted(python(code).stdout.splitlines()) == [*refused, "may"]


def test_a_parser_that_prints_does_not_break_the_answers(note: Path) -> None:
    """Its output goes where its errors go."""
    code = (
        "import os, sys; from rag.readers import worker, txt\n"
        "read = txt.read\n"
        "def loud(path):\n    print('noise', flush=True); os.write(1, b'more'); return read(path)\n"
        "txt.read = loud; sys.argv = ['worker', '1000000000']; worker.main()"
    )
    request = f'{{"path": "{note}", "seconds": 5}}\n'
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, input=request, capture_output=True, text=True, timeout=20, check=True)
    header, _, body = done.stdout.partition("\n")
    assert header == f'{{"bytes": {len(body)}, "retire": false}}'
    assert body.startswith('{"document":')
    assert done.stderr == "noise\nmore"


def test_a_child_starts_light() -> None:
    """No parser and no model library is loaded before it is needed."""
    code = "import sys; import rag.readers.worker; print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in python(code).stdout.split()}
    heavy = "torch numpy chromadb langchain langchain_core lxml docx pptx openpyxl pypdfium2 pydantic trafilatura yaml markdown_it"
    assert loaded.isdisjoint(heavy.split())


def test_what_a_child_wrote_down_of_a_file_goes_with_it(tmp_path: Path) -> None:
    """A child that is killed cannot take its copies away, and one of an encrypted workbook is not encrypted."""
    pages, room = tmp_path / "talk.pages", tmp_path / "room"
    with zipfile.ZipFile(pages, "w") as archive:
        archive.writestr("QuickLook/Preview.pdf", pdf_of(["The tender was priced at ninety-one million."] * 2_000))

    with ReaderPool(room=room) as reading:

        def strike() -> None:
            while not list(room.glob("*/*/talk.pdf")):
                time.sleep(0.005)
            os.kill(child(reading), signal.SIGKILL)

        striker = threading.Thread(target=strike)
        striker.start()
        with pytest.raises(CorruptFileError, match="its reader ended with SIGKILL"):
            reading.read(pages)
        striker.join()
        assert list(room.iterdir()) == []


def pdf_of(pages: list[str]) -> bytes:
    """A page for each text."""
    made = io.BytesIO()
    canvas = Canvas(made)
    for text in pages:
        canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def test_a_full_disk_is_named_where_no_child_can_begin(tmp_path: Path, note: Path) -> None:
    """The file is out of reach for now, which costs nothing that was read before."""
    (tmp_path / "room").write_text("not a folder")
    with ReaderPool(room=tmp_path / "room") as pool, pytest.raises(UnreadableError, match=r"cannot read note.txt: .* in .*room; make it"):
        pool.read(note)
