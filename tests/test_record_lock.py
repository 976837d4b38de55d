"""The writer's lock: one holder, named, and free again however it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rag.errors import BusyError, WorkspaceError
from rag.record import writer_lock
from tests.conftest import REPOSITORY

NOW = datetime(2026, 9, 30, 12, 4, tzinfo=UTC)
HOLD = """
import sys, time
from datetime import datetime
from pathlib import Path
from rag.record import writer_lock

with writer_lock(Path(sys.argv[1]), now=datetime.fromisoformat("2026-09-30 12:04")):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    """Process id, host and start are in the message, and the lock is free afterwards."""
    holder = rf"pid {os.getpid()} on .* since 2026-09-30 12:04; wait or stop it"
    with writer_lock(tmp_path, now=NOW), pytest.raises(BusyError, match=holder), writer_lock(tmp_path, now=NOW):
        pass
    with writer_lock(tmp_path, now=NOW):
        pass


def test_a_killed_holder_leaves_the_lock_free(tmp_path: Path) -> None:
    """The kernel lets go of it; nothing has to be cleaned up."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=f"pid {holder.pid} on"), writer_lock(tmp_path, now=NOW):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with writer_lock(tmp_path, now=NOW):
        pass


def test_a_writer_may_wait(tmp_path: Path) -> None:
    """It gets the lock as soon as it is free."""
    free = threading.Event()

    def hold() -> None:
        with writer_lock(tmp_path, now=NOW):
            free.set()
            time.sleep(0.3)

    holder = threading.Thread(target=hold)
    holder.start()
    free.wait()
    with writer_lock(tmp_path, now=NOW, wait_s=10):
        pass
    holder.join()


def test_a_workspace_that_is_not_there_cannot_be_locked(tmp_path: Path) -> None:
    """One clear error."""
    with pytest.raises(WorkspaceError, match="cannot write in the workspace"), writer_lock(tmp_path / "none", now=NOW):
        pass
