"""The reports' room: a report read with its evidence, asked about claim by claim, reviewed, and remembered by the next edition."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.app import Library, create
from rag.ingest import drain
from rag.report import read_outline
from rag.reviewing import review
from rag.types import Claim, Report
from rag.web import Key, app

KEY = Key(port=8377)
HOST = "http://127.0.0.1:8377"
BEARER = {"authorization": f"Bearer {KEY.token}"}
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOPIC = "Heat storage, Varland, 2024-26"
NOTES = {
    "census.md": """---
title: Heat storage census 2025
date: 2026-03-02
publisher: Varstat
---

Installed capacity of heat storage in Varland rose to 2,610 MWh at the end of 2025, from 1,840 MWh at the end of 2024.
The system price of heat storage averaged EUR 214 per kWh in 2025, down from EUR 240 per kWh in 2024.
""",
    "orders.md": """---
title: Heat storage orders
date: 2026-05-04
publisher: Halm Research
---

Orders for heat storage in Varland fell by 12% in the first quarter of 2026, because the grant ended in December.
Suppliers of heat storage quote lead times of 16 weeks, against 14 weeks in 2025.
""",
    "later.md": """---
title: Heat storage census, revision
date: 2026-09-20
publisher: Varstat
---

Installed capacity of heat storage in Varland rose to 2,980 MWh in June 2026. Imports of heat storage fell to 185 MWh in 2025.
""",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """Two editions of a report behind the application."""

    client: TestClient
    workspace: Path
    first: Report
    second: Report


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A small library with two editions."""
    workspace = tmp_path_factory.mktemp("reports") / "ws"
    create(workspace, embedder="small")
    for name, text in NOTES.items():
        (workspace / "docs" / name).write_text(text, encoding="utf-8")
    with Library.open(workspace) as library:
        drain(library.ingest(now=NOW))
        moments = {date(2026, 6, 30): NOW, date(2026, 11, 1): NOW + timedelta(seconds=1)}  # of one moment their ids would decide
        first, second = (library.report(TOPIC, as_of=day, now=now, formats=["json"]).report for day, now in moments.items())
    assert second.manifest.predecessor == first.id
    with TestClient(app(workspace, key=KEY, desks=1), base_url=HOST, headers=BEARER, follow_redirects=False) as client:
        yield Room(client=client, workspace=workspace, first=first, second=second)


def in_both(room: Room) -> Claim:
    """A statement that both editions print, as the first one has it."""
    later = {claim.text for claim in room.second.claims}
    return next(claim for claim in room.first.claims if claim.text in later)


def item(page: str, claim: Claim) -> str:
    """What the page says of a claim."""
    return unescape(page.split(f'id="{claim.id}"', 1)[1].split('<details class="act">', 1)[0])


def test_every_claim_is_printed_once_with_citations_that_mark_its_quotes(room: Room) -> None:
    """Each [n] of the reading page leads to the passage of its evidence, marked; each claim can be asked about and reviewed once."""
    page = room.client.get(f"/reports/{room.first.id}").text
    quotes = {item.id: item.quote for item in room.first.evidence}
    for claim in room.first.claims:
        assert page.count(f'id="{claim.id}"') == 1
        assert page.count(f'action="/reports/{room.first.id}/claims/{claim.id}/review"') == 1
        found = [unescape(link) for link in re.findall(r'class="cite" href="([^"]+)"', item(page, claim))]
        shown = {unescape("".join(re.findall(r"<mark[^>]*>(.*?)</mark>", room.client.get(link).text, re.DOTALL))) for link in found}
        assert {quotes[name] for name in claim.evidence} <= shown


def test_a_report_without_a_claim_says_so_and_praises_nothing(room: Room) -> None:
    """No passed checks and no reviews are counted where there is nothing to check; the gaps say why."""
    with Library.open(room.workspace) as library:
        empty = library.report("Chess, Patagonia, 1911", as_of=date(2026, 6, 30), now=NOW, formats=["json"]).report
    page = room.client.get(f"/reports/{empty.id}").text
    assert "The documents answer none of the questions." in page
    assert "passed" not in page
    assert "reviewed" not in page


def test_two_editions_of_one_topic_are_ready_to_be_compared(room: Room) -> None:
    """Not the two newest reports, the latter of which is on something else; each tells when it was written."""
    with Library.open(room.workspace) as library:
        library.report("Ferries, Patagonia, 1911", as_of=date(2026, 6, 30), now=NOW + timedelta(minutes=1), formats=["json"])
    page = room.client.get("/reports").text
    assert re.findall(r'value="([^"]+)" selected', page) == [room.first.id, room.second.id]
    assert NOW.strftime("written %-d %b %Y, %H:%M") in page


def test_a_claim_is_asked_about_in_its_documents_or_in_all(room: Room) -> None:
    """The question begins a chat; what it was asked of is said there, and the chat goes on in the same documents."""
    claim = next(claim for claim in room.first.claims if "2,610 MWh" in claim.text)
    cited = {item.document for item in room.first.evidence if item.id in claim.evidence}
    address = f"/reports/{room.first.id}/claims/{claim.id}/ask"
    asked = room.client.post(address, data={"question": "And the system price in 2025?", "where": "cited"})
    chat = int(re.findall(r"/chats/(\d+)", asked.headers["location"])[0])
    answer = room.client.get(f"/api/chats/{chat}").json()[0]["answer"]
    assert set(answer["scope"]["documents"]) == cited
    assert {source["document"] for source in answer["sources"]} <= cited
    everywhere = room.client.post(address, data={"question": "What are the lead times?", "where": "all"}).headers["location"]
    assert room.client.get(f"/api{everywhere.split('?')[0].split('#')[0]}").json()[0]["answer"]["scope"]["documents"] == []
    assert room.client.post(address, data={"question": "", "where": "cited"}).status_code == 400
    assert room.client.post(address, data={"question": "x", "where": "elsewhere"}).status_code == 422
    assert room.client.post(address.replace(claim.id, "c-none"), data={"question": "x"}).status_code == 400


def test_a_verdict_stands_beside_the_claim_and_changes_nothing_else(room: Room) -> None:
    """Kept with who, when and why; counted; taken back; the report's data stay what they were to the byte."""
    claim = room.second.claims[0]
    before = room.client.get(f"/api/reports/{room.second.id}/files/json").content
    address = f"/reports/{room.second.id}/claims/{claim.id}/review"
    evil = "Not by <b>this</b> source"
    told = room.client.post(address, data={"verdict": "rejected", "note": evil})
    assert (told.status_code, told.headers["location"]) == (303, f"/reports/{room.second.id}#{claim.id}")
    page = room.client.get(f"/reports/{room.second.id}").text
    assert f"1 of {len(room.second.claims)} claims reviewed" in page
    assert f"Rejected by owner, {datetime.now(UTC):%-d %b %Y}" in item(page, claim)
    assert evil in item(page, claim)
    assert evil not in page
    kept = room.client.get(f"/api/reports/{room.second.id}/reviews").json()
    assert [(one["claim"], one["verdict"], one["note"], one["reviewer"]) for one in kept["reviews"]] == [
        (claim.id, "rejected", evil, "owner")
    ]
    assert room.client.post(address, data={"verdict": "accepted"}).status_code == 303
    assert room.client.get(f"/api/reports/{room.second.id}/reviews").json()["accepted"] == 1
    assert room.client.post(address, data={"verdict": "open"}).status_code == 303
    assert room.client.get(f"/api/reports/{room.second.id}/reviews").json()["reviews"] == []
    with Library.open(room.workspace) as library:
        assert [one.verdict for one in library.record.reviews.all(room.second.id)] == ["rejected", "accepted", "open"]
    assert room.client.get(f"/api/reports/{room.second.id}/files/json").content == before


def test_the_next_edition_remembers_a_rejected_claim(room: Room) -> None:
    """The same statement in the next edition says who rejected it and why, and still waits for a verdict of its own."""
    claim = in_both(room)
    later = next(one for one in room.second.claims if one.text == claim.text)
    for verdict, word in (("rejected", "Rejected"), ("accepted", "Accepted")):
        address = f"/api/reports/{room.first.id}/claims/{claim.id}/review"
        assert room.client.post(address, json={"verdict": verdict, "note": "ask Halm"}).json()["before"] == {}
        page = room.client.get(f"/reports/{room.second.id}").text
        assert f'{word} in <a href="/reports/{room.first.id}">an earlier edition</a> by owner' in item(page, later)
        assert ("1 was rejected in an earlier edition" in page) == (verdict == "rejected")
        assert f"0 of {len(room.second.claims)} claims reviewed" in page
        told = room.client.get(f"/api/reports/{room.second.id}/reviews").json()["before"][later.id]
        assert (told["verdict"], told["note"], told["reworded"]) == (verdict, "ask Halm", False)
    room.client.post(address, json={"verdict": "open"})
    assert room.client.get(f"/api/reports/{room.second.id}/reviews").json()["before"] == {}


def test_what_cannot_be_reviewed_is_refused(room: Room) -> None:
    """An unknown report, claim or verdict, and a note without end."""
    claim = room.first.claims[0].id
    for address, body, status in (
        (f"/api/reports/r-none/claims/{claim}/review", {"verdict": "accepted"}, 400),
        (f"/api/reports/{room.first.id}/claims/c-none/review", {"verdict": "accepted"}, 400),
        (f"/api/reports/{room.first.id}/claims/{claim}/review", {"verdict": "perhaps"}, 422),
        (f"/api/reports/{room.first.id}/claims/{claim}/review", {"verdict": "accepted", "note": "x" * 2_001}, 422),
    ):
        assert room.client.post(address, json=body).status_code == status


def test_a_report_written_again_keeps_its_reviews_and_a_forgotten_one_takes_them_along(room: Room, tmp_path: Path) -> None:
    """Saving the same report once more leaves the verdicts; erasing a document that it quotes erases them."""
    made, folder = room.second, Path(shutil.copytree(room.workspace, tmp_path / "ws"))
    with Library.open(folder) as library:
        review(library.record, made, made.claims[0].id, verdict="accepted", reviewer="ana", now=NOW)
        assert library.report(TOPIC, as_of=made.as_of, now=NOW, formats=["json"]).report.id == made.id
        assert library.record.reviews.count(made.id) == 1
        library.forget(["docs/census.md"], now=NOW)
        assert library.record.reviews.all(made.id) == []


# ── where to look, and the plan ───────────────────────────────────────────────────────────────────────────────────


def fields(page: str) -> list[tuple[str, str]]:
    """Names and values of a form's inputs and text areas, as a browser would send them but for buttons and boxes."""
    found = re.findall(r'<input (?:type="hidden" |id="[^"]*" )name="([^"]+)" value="([^"]*)"', page)
    found += re.findall(r'<textarea id="[^"]*" name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    return [(name, unescape(value)) for name, value in found]


def posted(room: Room, form: list[tuple[str, str]], **changed: str | list[str]) -> Any:
    """The form with some fields changed, the last value of each name being the one that is meant."""
    data: dict[str, Any] = {}
    for name, value in form:
        data.setdefault(name, []).append(value)
    return room.client.post("/reports/plan", data=data | changed)


def test_a_question_looks_where_it_is_told_and_the_chat_goes_on_there(room: Room) -> None:
    """Folders, keywords and days narrow an answer; the chat says so, and its next question begins with the same boxes."""
    asked = room.client.post(
        "/ask", data={"question": "How much heat storage is installed in Varland?", "last": "2026-04-01", "folder": "docs"}
    )
    page = room.client.get(asked.headers["location"]).text
    assert "Looked only in: below docs; published up to 2026-04-01" in page
    assert 'name="folder" value="docs" checked' in page
    assert 'name="last" value="2026-04-01"' in page
    assert "2,980 MWh" not in page
    assert room.client.post("/ask", data={"question": "x", "last": "2026-02-30"}).status_code == 400
    assert room.client.post("/ask", data={"question": "x", "first": "2026-02-02", "last": "2026-02-01"}).status_code == 400
    found = room.client.get("/search", params={"q": "heat storage", "first": "2026-09-01"}).text
    assert found.count("<blockquote>") == 1


def test_a_plan_is_changed_in_its_form_and_obeyed(room: Room) -> None:
    """Sections move, go and come; what is written has the analyst's sections in their order, and only documents of the scope."""
    page = room.client.post("/reports/plan", data={"do": "open", "topic": TOPIC}).text
    titles = [value for name, value in fields(page) if name == "section_title"]
    assert len(titles) > 8
    page = posted(room, fields(page), do="up-1").text
    assert [value for name, value in fields(page) if name == "section_title"][:3] == [titles[1], titles[0], titles[2]]
    for _ in titles[2:]:
        page = posted(room, fields(page), do="remove-2").text
    page = posted(room, fields(page), do="add").text
    form = [(name, value) for name, value in fields(page) if name not in ("section_title", "section_metrics")]
    form += [("section_title", title) for title in (titles[1], titles[0], "Installed base")]
    form += [("section_metrics", names) for names in ("", "", "installed capacity")]
    begun = posted(room, form, do="write", last="2026-07-01", as_of="2026-11-02")
    assert begun.status_code == 303, begun.text
    told = room.client.get(f"/api{begun.headers['location']}/events").text
    assert '"state": "done"' in told, told
    made = room.client.get("/api/reports/last").json()
    assert [section["title"] for section in made["sections"]][:3] == [titles[1], titles[0], "Installed base"]
    assert made["manifest"]["scope"]["published_to"] == "2026-07-01"
    assert {source["path"] for source in made["sources"]} <= {"docs/census.md", "docs/orders.md"}
    again = room.client.get("/reports/plan", params={"report": made["id"]}).text
    assert "Installed base" in [value for name, value in fields(again) if name == "section_title"]


def test_what_is_wrong_with_a_plan_is_told_at_its_field(room: Room) -> None:
    """All of it at once, each beside its own field and in a list that leads there; nothing is begun."""
    before = len(room.client.get("/api/runs").json())
    form = [
        ("topic", ""),
        ("period", "20x"),
        ("section_title", ""),
        ("section_title", "Base"),
        ("section_metrics", ""),
        ("section_metrics", "capacity"),
    ]
    answer = posted(room, form, do="write")
    assert answer.status_code == 422
    for field, told in (
        ("topic", "Say what the report is about"),
        ("title-0", "Give the section a title."),
        ("metrics-1", "Installed capacity"),
    ):
        assert f'href="#{field}"' in answer.text
        assert f'id="{field}"' in answer.text
        assert told in answer.text.split(f'id="{field}-problem">')[1].split("</p>")[0]
    answer = posted(room, [("topic", "Heat"), ("period", "20x"), ("section_title", "Base")], do="save")
    assert "write one such as 2026" in answer.text.split('id="period-problem">')[1]
    answer = posted(room, [("topic", "Heat"), ("words", "few"), ("section_title", "Base")], do="save")
    assert "a whole number from 100" in answer.text.split('id="words-problem">')[1]
    assert "Add" not in posted(room, [("topic", "Heat")], do="write").text.split("problems")[0]
    assert "A report needs a section" in posted(room, [("topic", "Heat")], do="write").text
    assert len(room.client.get("/api/runs").json()) == before
    assert room.client.post("/reports", data={"topic": " "}).status_code == 422


def test_a_plan_saved_as_a_file_is_opened_again(room: Room) -> None:
    """What `rag report --plan` reads is what the form opens; a file that is no plan is told at its field."""
    page = room.client.post("/reports/plan", data={"do": "open", "topic": TOPIC, "pack": "macro"}).text
    saved = posted(room, fields(page), do="save")
    assert saved.headers["content-disposition"] == 'attachment; filename="plan.yaml"'
    outline = read_outline(saved.text, at="it")
    assert (outline.topic, outline.binding, outline.sections[0].title) == (TOPIC, True, "Activity")
    opened = room.client.post("/reports/plan", data={"do": "open", "plan": saved.text}).text
    assert fields(opened) == fields(page)
    short = posted(room, [*((name, value) for name, value in fields(page) if name != "words"), ("words", "400")], do="save")
    assert read_outline(short.text, at="it").words == 400
    for text, told in (("topic: [", "not valid YAML"), ("topic: x", "key 'sections' is missing"), ("a" * 100, "must be a mapping")):
        refused = room.client.post("/reports/plan", data={"do": "open", "plan": text})
        assert refused.status_code == 422
        assert told in unescape(refused.text.split('id="plan-problem">')[1])
