"""What one person may do with the runs of a server: every route gets these and no others, so that none can forget to ask."""

from dataclasses import dataclass, replace
from datetime import datetime

from rag.errors import UsageError
from rag.types import Reader
from rag.web.runs import Job, Run, Runs


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnRuns:
    """The runs that a person began; an admin's are all. Another's is as unknown as one that never was."""

    runs: Runs
    reader: Reader

    def begin(self, job: Job, *, now: datetime) -> Run:
        """In this person's name."""
        return self.runs.begin(replace(job, by=self.reader.user), now=now)

    def get(self, number: int) -> Run:
        """Raises UsageError for an unknown one."""
        run = self.runs.get(number)
        if not self._own(run):
            raise UsageError(unknown(number))
        return run

    def all(self) -> list[Run]:
        """Newest first."""
        return [run for run in self.runs.all() if self._own(run)]

    def again(self, number: int, *, now: datetime) -> Run:
        """Begins it anew, in the name of whoever began it first. Raises UsageError for an unknown one and one that goes on."""
        return self.runs.again(self.get(number).id, now=now)

    def stop(self, number: int) -> Run:
        """Ends it; what was finished is kept."""
        return self.runs.stop(self.get(number).id)

    def _own(self, run: Run) -> bool:
        return self.reader.sees_all or run.job.by == self.reader.user


def unknown(number: int) -> str:
    """What is said of a run that is not there."""
    return f"no run {number}; /api/runs lists those there are"
