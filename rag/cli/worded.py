"""What a report worded by a model tells on the command line: what it will take, how far it is, what it took."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from rag.cli.door import utc_now
from rag.errors import ModelError
from rag.types import Progress

if TYPE_CHECKING:
    from rag.app import Wording, WrittenReport
    from rag.llms.calls import Estimate


@contextmanager
def going_on() -> Iterator[None]:
    """Tells, before an error of the model, how to go on after it."""
    try:
        yield
    except ModelError:
        click.echo("rag: what the model has answered is recorded; go on with: rag report --resume", err=True)
        raise


def followed(*, fresh: bool) -> "Wording":
    """The estimate and the progress on stderr."""
    from rag.app import Wording
    from rag.cli.progress import ProgressLine

    line = ProgressLine()

    def tell(step: Progress) -> None:
        line.draw(step) if step.done < step.total else line.clear()

    return Wording(clock=utc_now, announce=_announce, tell=tell, afresh=fresh)


def _announce(estimate: "Estimate") -> None:
    if not estimate.prompts:
        return
    likely, most = estimate.likely, estimate.most
    cost = f"; cost about {estimate.likely_cost:.2f}, at most {estimate.most_cost:.2f}" if estimate.most_cost else ""
    click.echo(
        f"Wording: {estimate.prompts} prompts, about {likely.tokens_in + likely.tokens_out:,} tokens, "
        f"at most {most.tokens_in + most.tokens_out:,}{cost}",
        err=True,
    )


def outcome(result: "WrittenReport") -> str:
    """Who worded the report, how many of its sentences held, and what that took; empty for one without a model."""
    from rag.report import EXTRACTIVE
    from rag.report.write import in_words

    manifest, spent = result.report.manifest, result.spent
    if manifest.writer == EXTRACTIVE:
        return ""
    took = f"; {spent.calls} calls, {spent.reused} answers from the record, {spent.tokens_in + spent.tokens_out:,} tokens" if spent else ""
    return f"Writer: model {manifest.writer}; {in_words(manifest.counts)}{took}"
