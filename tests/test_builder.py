"""A child that builds is kept for the next order, and none of its ends costs more than the order it was at."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.stores import builder
from tests.conftest import REPOSITORY

PROGRAM = "tests.builder_programs:obey"


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """No child waits before or after."""
    builder.end_waiting()
    yield
    builder.end_waiting()


def built_by(folder: Path, what: str = "build") -> int:
    """The process that built the order."""
    order = folder / "order.json"
    order.write_text(what)
    assert builder.build(order, program=PROGRAM, limit_s=60) == ""
    return int(order.with_suffix(".pid").read_text())


def is_there(pid: int) -> bool:
    """A child that nobody waited for is there as well."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_child_builds_order_after_order(tmp_path: Path) -> None:
    """What it prints meanwhile is no answer."""
    assert len({built_by(tmp_path) for _ in range(3)}) == 1


@pytest.mark.parametrize(
    ("what", "limit_s", "reason"),
    [
        ("exit", 60, "there is no room"),
        ("raise", 60, "ValueError: an odd row"),
        ("die", 60, "exit status -9"),
        ("hang", 2, "it took more than 2 seconds"),
    ],
)
def test_what_went_wrong_is_told_and_the_next_order_has_another_child(tmp_path: Path, what: str, limit_s: float, reason: str) -> None:
    """Of a child that had built before."""
    first, order = built_by(tmp_path), tmp_path / "bad.json"
    order.write_text(what)
    assert builder.build(order, program=PROGRAM, limit_s=limit_s) == reason
    assert not is_there(first)
    assert built_by(tmp_path) != first


def test_a_child_that_went_while_it_waited_is_replaced(tmp_path: Path) -> None:
    """The order is not lost."""
    first = built_by(tmp_path)
    os.kill(first, signal.SIGKILL)
    assert built_by(tmp_path) != first


def test_a_child_that_says_so_builds_no_more(tmp_path: Path) -> None:
    """As one does that holds much memory."""
    assert built_by(tmp_path, "last") != built_by(tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
from rag.stores import builder

order = Path(sys.argv[1])
order.write_text("build")
assert builder.build(order, program="tests.builder_programs:obey", limit_s=60) == ""
if (fork := os.fork()) == 0:
    os._exit(len(builder._waiting))
assert os.waitpid(fork, 0)[1] == 0
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_child_ends_with_its_parent_and_is_not_its_forks(tmp_path: Path) -> None:
    """However the parent ends."""
    order = tmp_path / "order.json"
    done = subprocess.run([sys.executable, "-c", KILLED, str(order)], cwd=REPOSITORY, check=False)
    assert done.returncode == -signal.SIGKILL
    pid, until = int(order.with_suffix(".pid").read_text()), time.monotonic() + 30
    while is_there(pid):
        assert time.monotonic() < until
        time.sleep(0.05)
