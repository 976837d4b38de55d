"""How far a long run is, on stderr: one moving line on a terminal, elsewhere a plain line every two seconds."""

import sys
import time
from dataclasses import dataclass

import click

from rag.cli.show import unarmed
from rag.types import Progress

_SECONDS_BETWEEN_LINES = 2.0
_LEAST_DONE = 3
"""Of files; a rate of fewer is chance."""
_LEAST_S = 1.0
"""Of seconds; nor does less tell how fast the work goes."""
_MINUTE, _HOUR = 60, 3_600


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where something stood that is counted, and when."""

    at: float
    count: float

    def rate(self, count: float, *, now: float) -> float:
        """So many a second since."""
        return (count - self.count) / max(now - self.at, 1e-3)


class ProgressLine:
    """Draws steps with their rates and the time left."""

    def __init__(self) -> None:
        self._moving = sys.stderr.isatty()
        self._drawn = time.monotonic()
        self._run = ""
        self._files = self._work = self._chunks = _Mark(self._drawn, 0)
        self._warm = False
        """Whether a call of the embedder has ended. The first also loads the model, so what is counted begins after it."""

    def draw(self, step: Progress) -> None:
        """Show a step; a failed file is told at once and stays on the screen."""
        if step.outcome is not None and step.outcome.status == "failed":
            self.clear()
            click.echo(unarmed(f"failed: {step.outcome.path}: {step.outcome.reason}"), err=True)
        now = time.monotonic()
        self._mark(step, now=now)
        if self._moving:
            click.echo(f"\r\033[K{self._text(step, now=now)}", err=True, nl=False)
        elif now - self._drawn >= _SECONDS_BETWEEN_LINES:
            click.echo(self._text(step, now=now), err=True)
            self._drawn = now

    def clear(self) -> None:
        """Take the moving line away."""
        if self._moving:
            click.echo("\r\033[K", err=True, nl=False)

    def _mark(self, step: Progress, *, now: float) -> None:
        """Files and work are counted from the beginning of a run, chunks from the beginning of those in hand."""
        run = step.stage if step.share is None else "files"
        if run != self._run:
            self._run, self._files, self._work = run, _Mark(now, step.done), _Mark(now, _share(step))
        if step.of_chunks and (step.chunks == 0 or not self._warm):
            self._chunks = _Mark(now, step.chunks)
            if step.chunks:
                self._warm, self._work = True, _Mark(now, _share(step))

    def _text(self, step: Progress, *, now: float) -> str:
        """ "ingest: 12 of 40, 3.1 a second, 9 s left"; "embed: 12 of 40, 3.1 a second; 96 of 1,240 chunks, 21.3 a second; 6 min left"."""
        parts = [f"{step.stage}: {step.done:,} of {step.total:,}"]
        if step.done - self._files.count >= _LEAST_DONE:
            parts[0] += f", {self._files.rate(step.done, now=now):.1f} a second"
        if step.of_chunks:
            rate = self._chunks.rate(step.chunks, now=now)
            parts.append(f"{step.chunks:,} of {step.of_chunks:,} chunks" + (f", {rate:.1f} a second" if rate > 0 else ""))
        speed = self._work.rate(_share(step), now=now)
        enough = now - self._work.at >= _LEAST_S and (step.share is not None or step.done - self._files.count >= _LEAST_DONE)
        if speed > 0 and enough:
            parts.append(f"{_lasting((1 - _share(step)) / speed)} left")
        return "; ".join(parts)


def _share(step: Progress) -> float:
    """Of the work that is done, 0 to 1."""
    return step.done / max(step.total, 1) if step.share is None else step.share


def _lasting(seconds: float) -> str:
    """ "9 s", "6 min", "2 h 10 min"."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / _MINUTE), _HOUR // _MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
