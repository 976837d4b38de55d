"""Who may see what, attacked by chance: random access lists and random questions, and whatever comes back searched for what is hidden.

    python -m benchmarks.access [--pairs 10000] [--seed 1]

A library of 42 documents in eight folders; each document has a name that stands in each of its sentences and nowhere else. For every random
set of lists a person with random groups looks at the list of documents, asks questions about hidden and seen documents (search and answer),
and, for some sets, has a report written (extractively, and in the words of a scripted model whose prompts are read) and asks over HTTP with
the log at the level of debugging. A leak is the name of a hidden document anywhere in it, but where the person's own question is told back.
Also counted: documents that a person should see and does not. The rule is worked out by hand (tests/teams.py). Prints a table.
"""

import argparse
import io
import json
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from rag.app import Library, Wording
from rag.llms.openai import OpenAILlm
from rag.passwords import secret
from rag.render import printed
from rag.report import to_json
from rag.types import Reader
from rag.web import Key, app
from rag.web.watch import Lines
from tests.scripted_models import puppet, serving
from tests.teams import NOW, Paper, leaked, library, may_see, papers, people, random_lists, set_lists

DOCUMENTS = 42
QUESTIONS_A_LIST = 40
ANSWERED = 8
"""Of so many questions one is answered as well as searched for, which takes ten times as long."""
REPORTS_EVERY = 25
"""Of so many sets of lists one gets a report, and one is asked over HTTP."""
TOPIC = "Zinc-air storage, Marenland, 2023-26"
TEAM = {"ann": ("board",), "bob": (), "cat": ("board", "desk"), "dan": ("desk",)}
NAMES = [*TEAM, "board", "desk"]


class Count:
    """What was looked at, and what leaked."""

    def __init__(self) -> None:
        self.looked: Counter[str] = Counter()
        self.leaks: Counter[str] = Counter()
        self.missing = 0

    def see(self, where: str, given: str, *, hidden: Sequence[Paper]) -> None:
        """Looks through what a person was given."""
        self.looked[where] += 1
        found = leaked(given, hidden=hidden)
        if found:
            self.leaks[where] += 1
            sys.stderr.write(f"LEAK in {where}: {found[:3]}\n")


def question(chance: random.Random, made: Sequence[Paper]) -> tuple[str, Paper]:
    """A question, and the document it is about."""
    about = chance.choice(made)
    kinds = (
        f"What did {about.name} sell in {chance.randint(2023, 2026)}?",
        f"How high is the price of zinc-air cells at {about.name}?",
        "How much zinc-air capacity was there in Marenland?",
        f"zinc-air capacity in Marenland {about.name}",
        f"Is there a document called {about.path}?",
    )
    return chance.choice(kinds), about


def look(seen: Library, *, hidden: Sequence[Paper], made: Sequence[Paper], chance: random.Random, count: Count) -> None:
    """One set of lists: the list of documents, then questions."""
    sources = seen.record.sources()
    count.see("list of documents", f"{sources} {seen.status()} {seen.record.files()}", hidden=hidden)
    count.missing += len(made) - len(hidden) - len(sources)
    for number in range(QUESTIONS_A_LIST):
        asked, about = question(chance, made)
        others = [paper for paper in hidden if paper != about]
        if not sources:
            count.looked["pairs with nothing to ask"] += 1
            continue
        result = seen.search(asked)
        count.see("retrieval", str([(one.source, one.chunk) for one in result.passages]), hidden=hidden)
        count.looked["pairs"] += 1
        if number % ANSWERED:
            continue
        answer = seen.ask(asked, now=NOW, keep=False).answer
        told = replace(answer, question="", understood_as="", reason="")
        count.see("answer", f"{told.claims} {told.beside} {told.conflicts} {told.nearest} {told.notes}", hidden=hidden)
        count.see("citation", f"{told.evidence} {told.sources}".replace(asked, ""), hidden=hidden)  # each quote says what it was found for
        count.see("reason", answer.reason, hidden=others)


def write(seen: Library, *, hidden: Sequence[Paper], count: Count) -> None:
    """A report in every textual form, and one in a model's words."""
    report = seen.write(TOPIC, as_of=NOW.date())
    count.see("report", to_json(report), hidden=hidden)
    for kind in ("html", "md"):
        data = printed(report, format=kind, template="market_trends", workspace=seen.workspace).data
        count.see("report", data.decode(), hidden=hidden)
    with serving(puppet) as endpoint:
        seen.llm = OpenAILlm("scripted", base_url=endpoint.base_url, api_key="x", json_schema=False)
        worded = seen._worded(report, seen.llm, Wording(clock=lambda: NOW), checker=None)[0]
        seen.llm.close()
        del seen.__dict__["llm"]
    count.looked["prompt"] += len(endpoint.requests) - 1
    count.see("prompt", json.dumps(endpoint.requests, ensure_ascii=False), hidden=hidden)
    count.see("report", to_json(worded), hidden=hidden)


def over_http(client: Any, key: str, *, hidden: Sequence[Paper], made: Sequence[Paper], chance: random.Random, count: Count) -> None:
    """The same person through the server; what it logs holds no name at all."""
    kept = io.StringIO()
    handler = logging.StreamHandler(kept)
    handler.setFormatter(Lines())
    handler.addFilter(lambda record: not record.name.startswith("httpx"))
    log = logging.getLogger()
    log.addHandler(handler)
    headers = {"authorization": f"Bearer {key}"}
    try:
        asked, about = question(chance, made)
        others = [paper for paper in hidden if paper != about]
        body = {"messages": [{"role": "user", "content": asked}]}
        count.see("HTTP", client.post("/v1/chat/completions", json=body, headers=headers).text, hidden=others)
        for path in ("/api/documents?limit=1000", "/api/status", "/library", "/api/reports", "/api/chats"):
            count.see("HTTP", client.get(path, headers=headers).text, hidden=hidden)
        count.see("HTTP", client.get("/api/search", params={"q": asked}, headers=headers).text, hidden=others)
    finally:
        log.removeHandler(handler)
    count.see("log", kept.getvalue(), hidden=made)


def attack(workspace: Path, *, pairs: int, seed: int) -> Count:
    """As many pairs of lists and questions."""
    chance, count, made = random.Random(seed), Count(), papers(DOCUMENTS)
    with library(workspace, count=DOCUMENTS, small=True) as whole:
        readers: dict[str, Reader] = people(whole, TEAM)
        keys = {name: whole.record.people.add_key(name, label="", secret=secret(), now=NOW)[1] for name in TEAM}
        logging.getLogger().setLevel(logging.DEBUG)
        logging.getLogger("rag.web").propagate = True
        with TestClient(app(workspace, key=Key(port=1), desks=1), base_url="http://127.0.0.1") as client:
            for number in range(-(-pairs // QUESTIONS_A_LIST)):
                lists = random_lists(chance, names=NAMES, made=made)
                set_lists(whole, lists)
                name = chance.choice(list(TEAM))
                hidden = [paper for paper in made if not may_see(name, TEAM[name], paper.path, lists)]
                with whole.seen_by(readers[name]) as seen:
                    look(seen, hidden=hidden, made=made, chance=chance, count=count)
                    if number % REPORTS_EVERY == 0 and len(hidden) < len(made):
                        write(seen, hidden=hidden, count=count)
                        over_http(client, keys[name], hidden=hidden, made=made, chance=chance, count=count)
                        sys.stderr.write(f"{(number + 1) * QUESTIONS_A_LIST} pairs, {sum(count.leaks.values())} leaks\n")
    return count


def main() -> int:
    """Prints the table; 1 when something leaked or was missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    begun = time.process_time()
    with tempfile.TemporaryDirectory(prefix="rag-access-") as folder:
        count = attack(Path(folder) / "ws", pairs=asked.pairs, seed=asked.seed)
    lines = ["| where | looked at | leaks |", "|---|---|---|"]
    lines += [f"| {where} | {looked:,} | {count.leaks[where]} |" for where, looked in sorted(count.looked.items())]
    total, took = sum(count.leaks.values()), time.process_time() - begun
    lines += [
        "",
        f"{asked.pairs:,} pairs, seed {asked.seed}: {total} leaks; {count.missing} documents seen too few; {took:.0f} CPU seconds",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return bool(sum(count.leaks.values()) or count.missing)


if __name__ == "__main__":
    sys.exit(main())
