"""What a builder's child does in tests: what the order says."""

import os
import signal
import sys
import time
from pathlib import Path

from rag.stores.builder import serve


def obey(alive: int) -> None:
    """The child's whole program."""
    serve(alive, _obeyed)


def _obeyed(order: Path) -> bool:
    what = order.read_text()
    if what == "exit":
        sys.exit("there is no room")
    if what == "raise":
        raise ValueError("an odd row")
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "hang":
        time.sleep(600)
    sys.stdout.write("this is no answer\n")
    sys.stdout.flush()
    order.with_suffix(".pid").write_text(str(os.getpid()))
    return what != "last"
