"""`kill -9` at every call to a model: what was answered is never asked for again, and the report comes out the same."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rag.codec import document_to_json
from rag.record import CallLog, Record
from rag.report import to_json
from rag.types import Report
from tests.conftest import REPOSITORY
from tests.report_fixture import corpus, small_report
from tests.scripted_models import good, serving

_WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from rag.codec import document_from_json
from rag.llms.calls import Calls, Limits
from rag.llms.openai import OpenAILlm
from rag.model_prompts import Prompts
from rag.prompts import metric_vocabulary
from rag.record import CallLog, Record
from rag.report import from_json, to_json
from rag.report.wording import Vocabulary
from rag.report.write import write

folder = Path(sys.argv[1])
llm = OpenAILlm("scripted-1", base_url=sys.argv[2], api_key="k")
with Record.open(folder / "library.db") as record:
    calls = Calls(
        llm=llm,
        limits=Limits(timeout_s=60, run_timeout_s=600, answer_tokens=1_000, context_tokens=16_000),
        now=lambda: datetime.now(UTC),
        ledger=CallLog(record),
    )
    made = write(
        from_json((folder / "base.json").read_bytes()),
        calls=calls,
        model=llm.model,
        prompts=Prompts(),
        document=lambda identity: document_from_json((folder / identity).read_text("utf-8")),
        vocabulary=Vocabulary(metric_vocabulary()),
    )
(folder / "made.json").write_text(to_json(made), encoding="utf-8")
"""


@dataclass
class Killer:
    """A model whose asker dies at the second request of each of its lives, before the answer reaches him."""

    victim: subprocess.Popen[bytes] | None = None
    asked: Counter[str] = field(default_factory=Counter)
    answered: set[str] = field(default_factory=set)
    of_this_life: int = 0

    def __call__(self, request: dict[str, Any]) -> str:
        """The careful writer's answer, to a dead man every second time."""
        prompt = json.dumps(request["messages"])
        self.asked[prompt] += 1
        self.of_this_life += 1
        if self.of_this_life == 2 and self.victim is not None:
            os.kill(self.victim.pid, signal.SIGKILL)
            self.victim.wait()
        else:
            self.answered.add(prompt)
        return good(request)


def _few(report: Report) -> Report:
    """The report with its first two sections only, to have few calls."""
    kept = report.sections[:3]
    cards = {item for section in kept for item in section.cards}
    by_id = {card.id: card for card in report.cards}
    claims = {item for section in kept for item in section.claims}
    claims |= {item for name in cards for item in (*by_id[name].claims, *by_id[name].counter_claims)}
    return replace(
        report,
        sections=kept,
        cards=tuple(card for card in report.cards if card.id in cards),
        glance=tuple(row for row in report.glance if row.card in cards),
        claims=tuple(claim for claim in report.claims if claim.id in claims),
        bottom_line=tuple(item for item in report.bottom_line if item in claims),
        conflicts=(),
    )


def test_a_writer_killed_at_every_call_pays_for_one_more_each_time_and_writes_the_same(tmp_path: Path) -> None:
    """Each life makes one call and is killed at its second; the last one finds all but that in the record."""
    given = corpus()
    (tmp_path / "base.json").write_text(to_json(_few(small_report(given=given))), encoding="utf-8")
    for identity, document in given.documents.items():
        (tmp_path / identity).write_text(document_to_json(document), encoding="utf-8")
    Record.create(tmp_path / "library.db").close()
    killer = Killer()
    lives = 0
    with serving(killer) as endpoint:
        command = [sys.executable, "-c", _WRITER, str(tmp_path), endpoint.base_url]
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
        while True:
            lives += 1
            assert lives < 20
            killer.of_this_life = 0
            killer.victim = subprocess.Popen(command, env=environment)
            if killer.victim.wait() == 0:
                break
    made = (tmp_path / "made.json").read_text("utf-8")
    with Record.open(tmp_path / "library.db") as record:
        rows = CallLog(record).all()
    assert lives == len(killer.answered) >= 5
    assert max(killer.asked.values()) == 2
    assert sum(killer.asked.values()) == len(killer.answered) + lives - 1
    assert sum(row.finished is None for row in rows) == lives - 1
    with serving(good) as endpoint:
        Record.create(tmp_path / "fresh.db").close()
        (tmp_path / "library.db").unlink()
        (tmp_path / "fresh.db").rename(tmp_path / "library.db")
        subprocess.run([sys.executable, "-c", _WRITER, str(tmp_path), endpoint.base_url], env=environment, check=True)
    assert (tmp_path / "made.json").read_text("utf-8") == made
