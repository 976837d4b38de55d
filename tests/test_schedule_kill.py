"""`kill -9` again and again on one scheduled run; `make faults-schedule` kills at each of some sixty steps, one a run."""

import shutil
import signal
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks.schedule_faults import MONDAY, Step, faults, stage

CALLS = "rag.record.calls:CallLog"
PUT = "rag.record.schedules:Schedules.put"
STEPS = [
    Step(name="the slot is claimed", at=PUT),
    Step(name="the evidence is gathered", at="rag.app:Library.write"),
    Step(name="the first model call is at the server", at="server:model"),
    Step(name="the second is answered and not recorded", at=f"{CALLS}.end", when="before", nth=2),
    Step(name="the second, asked again, is recorded", at=f"{CALLS}.end"),
    Step(name="one of two files is put down", at="pathlib:Path.replace"),
    Step(name="the report is recorded", at="rag.record.record:Record.save_report"),
    Step(name="the messages are written, not committed", at="rag.record.schedules:Schedules._write_down"),
]


def _of_the_outbox(order: Sequence[str]) -> list[Step]:
    """The first message is sent and not noted; then the mail, or the webhook, is taken and its yes is not said."""
    later = "webhook" if order[0] == "mail" else "mail"
    return [
        Step(name="the first message is sent, not noted", at="rag.schedule.deliver:send", twice=order[0]),
        Step(name="a message is taken, its yes is not said", at=f"server:{later}", twice=later),
        Step(name="the round is over", at="rag.schedule.run:deliver"),
    ]


def test_a_run_killed_at_eleven_steps_publishes_once_and_pays_for_no_answer_twice(tmp_path: Path) -> None:
    """Each life is a real `rag run-due` with a child, killed a step further; the report is the bytes of a run that nobody killed.

    A request that was under way when its asker died is made again, no other. A channel that had said yes to a dead man hears once more,
    under the same Message-ID or Idempotency-Key.
    """
    with stage(tmp_path) as made:
        workspace = tmp_path / "life"
        shutil.copytree(made.read, workspace)
        made.clear()
        steps = [*STEPS, *_of_the_outbox(made.order)]
        for number, step in enumerate(steps):
            status, said = made.run_due(workspace, at=MONDAY + timedelta(minutes=10 * number), step=step)
            assert status == -signal.SIGKILL, (step.name, said)
        assert made.run_due(workspace, at=MONDAY + timedelta(hours=4)) == (0, "")
        assert faults(made, workspace, steps=steps) == []
        assert sum(count - 1 for count in made.requests.values()) == 2
        assert max(len(made.mail.messages), len(made.hook.posts)) == 2
