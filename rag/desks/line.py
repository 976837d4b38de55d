"""A line of jobs: the oldest of each person in turn, so that nobody waits for all that another asked."""

from collections import OrderedDict, deque
from threading import Condition
from typing import Generic, TypeVar

Job = TypeVar("Job")


class Line(Generic[Job]):
    """Shared by threads."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[int, deque[Job]] = OrderedDict()
        self._changed = Condition()
        self._closed = False

    def put(self, job: Job, *, of: int) -> None:
        """At the end of that person's."""
        with self._changed:
            self._waiting.setdefault(of, deque()).append(job)
            self._changed.notify()

    def take(self) -> Job | None:
        """The next; waits for one. None when the line is closed and empty."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            person, jobs = self._waiting.popitem(last=False)
            job = jobs.popleft()
            if jobs:
                self._waiting[person] = jobs  # behind everybody else
            return job

    def close(self) -> None:
        """What waits is still taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def of(self, person: int) -> int:
        """How many of that person's wait."""
        with self._changed:
            return len(self._waiting.get(person, ()))

    def __len__(self) -> int:
        with self._changed:
            return sum(map(len, self._waiting.values()))
