"""The child process of a reader pool: ``python -m rag.readers.worker MEMORY_BYTES [PROGRAM]``.

Requests come as JSON lines on stdin: ``{"path": ..., "seconds": ...}``, with ``"into"`` to unpack, with ``"ocr"`` (``"languages"``, and
``"until"`` by ``time.monotonic``) to read pictures of text by PROGRAM. Each answer is a JSON line
``{"bytes": N, "retire": bool}`` and then N bytes of JSON: ``{"document": ...}``, ``{"enclosed": [...]}`` or
``{"error": class, "message": ...}``. The child ends when stdin does. It can open
no socket, start no program but PROGRAM, and has limits on memory, processor time and the size of files it writes.
"""

import errno
import json
import math
import os
import resource
import signal
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from rag.codec import document_to_json
from rag.errors import CorruptFileError, ReadError, ReadLimitError, UnreadableError
from rag.readers.desk import LARGEST_FILE
from rag.readers.formats import read_file, unpack_file
from rag.readers.ocr import Ocr

_LARGEST_WRITTEN_FILE = LARGEST_FILE + 1
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "pty.")
_GRACE_S = 5
_DEEPEST = 10_000
"""Calls in calls: web pages are nested up to 2,048 deep."""
_OUT_OF_REACH = frozenset((errno.ENOENT, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE))


def main() -> None:
    requests, answers = _own_pipes()
    base = _address_space()
    _limit(memory_bytes=int(sys.argv[1]), base=base)
    program = sys.argv[2] if len(sys.argv) > 2 else ""
    sys.setrecursionlimit(_DEEPEST)
    sys.addaudithook(partial(_refuse, program))
    for line in requests:
        request = json.loads(line)
        _raise_time_limit(seconds=request["seconds"])
        pictures = request.get("ocr")
        ocr, deadline = (Ocr(program=program, languages=pictures["languages"]), pictures["until"]) if pictures else (None, math.inf)
        answer = _answer(Path(request["path"]), into=request.get("into"), ocr=ocr, deadline=deadline)
        signal.setitimer(signal.ITIMER_REAL, 0)
        retire = _address_space() > base + int(sys.argv[1]) // 2
        answers.write(json.dumps({"bytes": len(answer), "retire": retire}).encode() + b"\n" + answer)
        answers.flush()


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Private copies of stdin and stdout. What a parser prints goes to stderr; what it reads from stdin is empty."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, answers


def _limit(*, memory_bytes: int, base: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_FSIZE, _LARGEST_WRITTEN_FILE)
    if sys.platform != "darwin":  # macOS does not enforce it
        _lower(resource.RLIMIT_AS, base + memory_bytes)


def _lower(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (value, value))


def _raise_time_limit(*, seconds: float) -> None:
    """Processor time for this file from now on, and an alarm that ends a child whose parent is gone."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime + seconds) + _GRACE_S
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
    signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE_S)


def _refuse(program: str, event: str, arguments: tuple[Any, ...]) -> None:
    if program and event == "subprocess.Popen" and arguments[0] == program:
        return
    if event.startswith(_FORBIDDEN):
        raise RuntimeError(f"a reader may not do this: {event}")


def _address_space() -> int:
    """Bytes of address space in use; 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0


def _answer(path: Path, *, into: str | None, ocr: Ocr | None = None, deadline: float = math.inf) -> bytes:
    try:
        if into is not None:
            return b'{"enclosed":' + json.dumps([asdict(one) for one in unpack_file(path, into=Path(into))]).encode() + b"}"
        return b'{"document":' + document_to_json(read_file(path, ocr=ocr, deadline=deadline)).encode() + b"}"
    except ReadError as error:
        return _failure(error)
    except OSError as error:
        return _failure(_of_system(error, path))
    except MemoryError:
        return _failure(ReadLimitError(f"cannot read {path.name}: it wants more memory than allowed; split it or raise the limit"))
    except RecursionError:
        return _failure(CorruptFileError(f"cannot read {path.name}: its parts are nested too deeply (RecursionError); save it again"))
    except Exception as error:  # noqa: BLE001 -- this process is the door for parsers, which raise anything on broken files
        return _failure(CorruptFileError(f"cannot read {path.name}: the parser gave up ({_name(error)}); open and save it again"))


def _of_system(error: OSError, path: Path) -> ReadError:
    """Parsers raise OSError for damaged files too; only what the disk or the permissions say is about reaching the bytes."""
    if error.errno in _OUT_OF_REACH:
        return UnreadableError(f"cannot read {path.name}: {error.strerror or error}; check that the file is there and may be read")
    return CorruptFileError(f"cannot read {path.name}: the parser gave up ({_name(error)}); open and save it again")


def _name(error: Exception) -> str:
    words = " ".join(str(error).split())[:120]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _failure(error: ReadError) -> bytes:
    return json.dumps({"error": type(error).__name__, "message": str(error)}).encode()


if __name__ == "__main__":
    main()
