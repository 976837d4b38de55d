"""The page in a real browser: what people come for, done with the mouse, by keyboard alone, and without scripts."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest

from rag.app import Library, create
from rag.ingest import drain
from rag.passwords import hashed
from rag.record.schedules import SlotRow
from tests.test_web_real import CHROMIUM, Served, serving
from tests.test_web_reports import NOTES, NOW, TOPIC

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

AXE = os.environ.get("RAG_AXE", "")
"""Path of axe-core's axe.min.js; it is not part of this repository."""
QUESTION = "How much heat storage is installed in Varland?"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"], env=dict(os.environ))
        yield opened
        opened.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Served]:
    """An empty workspace, served; three notes lie beside it."""
    create(tmp_path / "ws", embedder="small")
    for name, text in NOTES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with serving(tmp_path / "ws", tmp_path / "stderr") as started:
        yield started


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A workspace with three notes, two editions of a report, two chats and a run, served."""
    folder = tmp_path_factory.mktemp("browser")
    create(folder / "ws", embedder="small")
    for name, text in NOTES.items():
        (folder / "ws" / "docs" / name).write_text(text, encoding="utf-8")
    with Library.open(folder / "ws") as library:
        drain(library.ingest(now=NOW))
        for day in (date(2026, 6, 30), date(2026, 11, 1)):
            library.report(TOPIC, as_of=day, now=NOW)
        for question in (QUESTION, "Who won the chess championship of Patagonia in 1911?"):
            library.ask(question, now=NOW)
    with serving(folder / "ws", folder / "stderr") as started:
        headers = {"authorization": f"Bearer {started.token}"}
        httpx2.post(f"{started.base}/api/ingest", headers=headers).raise_for_status()
        yield started


@contextmanager
def opened(browser: Any, served: Served, *, width: int, dark: bool = False, scripts: bool = True) -> Iterator[Any]:
    """A page that is let in, whose console stays silent, which fetches nothing foreign and is never wider than the screen."""
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        accept_downloads=True,
    )
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda message: None if "status of 422" in message.text else told.append(message.text))  # a form to be put right
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith((served.base, "data:")) else told.append(request.url))
    page.set_default_timeout(120_000)
    page.goto(f"{served.base}/?token={served.token}")
    if page.locator("[autofocus]").count():
        page.locator("[autofocus]:focus").wait_for()  # whoever is faster than the page is told so on the console
    yield page
    assert told == []
    context.close()


def tab_to(page: Any, what: str) -> None:
    """Presses Tab until the element is in focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("what => document.activeElement.matches(what)", what):
            return
    pytest.fail(f"{what} cannot be reached by keyboard")


def write(page: Any, served: Served, *, until: str) -> None:
    """A report on the topic, by the form; ends on its page."""
    page.goto(f"{served.base}/reports")
    page.fill("#topic", TOPIC)
    page.fill("#as_of", until)
    page.get_by_role("button", name="Write the report").click()
    page.get_by_role("link", name="Open the report").click()
    page.wait_for_url("**/reports/r-*")


def look_at(page: Any, citation: str) -> None:
    """Clicks the first such citation when its page's own script is there, so that the passage opens beside it."""
    page.locator(citation).first.wait_for()
    page.wait_for_load_state("load")
    page.locator(citation).first.click()


def test_the_tasks_people_come_for(browser: Any, empty: Served) -> None:
    """Upload, reload in the middle, ask, look at the passage, go on, find, plan, write, review, ask about a claim, compare, download."""
    folder = empty.log.parent
    with opened(browser, empty, width=1280) as page:
        page.set_input_files("#files", [folder / name for name in NOTES])
        page.get_by_role("button", name="Add and read").click()
        page.wait_for_url("**/runs/*")
        page.reload()  # while it reads
        page.get_by_label("Now ask").fill(QUESTION)
        page.get_by_role("button", name="Ask").click()
        look_at(page, ".answer a.cite")
        assert "MWh" in page.locator("#panel mark").first.inner_text()
        page.get_by_role("button", name="Close").click()
        page.locator(".scope summary").click()
        page.get_by_label("to", exact=True).fill("2026-04-01")
        page.get_by_label("Go on").fill("And at the end of 2024?")
        page.keyboard.press("Enter")
        page.get_by_text("Looked only in: published up to 2026-04-01").wait_for()
        assert "1,840 MWh" in page.locator(".turn").last.inner_text()

        page.goto(f"{empty.base}/library?q=orders")
        page.get_by_role("link", name="Heat storage orders").click()
        page.get_by_label("Find passages in this document").fill("lead times")
        page.keyboard.press("Enter")
        look_at(page, ".nearest a.cite")
        page.locator("#panel mark").first.wait_for()

        write(page, empty, until="2026-06-30")
        claim = page.locator(".claims > li[id]").first
        claim.locator("summary").click()
        claim.get_by_label("Your verdict").fill("Ask Varstat")
        claim.get_by_role("button", name="Reject").click()
        page.get_by_text("1 of ").first.wait_for()
        assert "Ask Varstat" in page.locator(".claim.rejected").inner_text()
        page.locator(".claims > li[id]").nth(1).locator("summary").click()
        page.locator(".claims > li[id]").nth(1).get_by_role("button", name="Ask", exact=True).click()
        page.wait_for_url("**/chats/*")
        page.get_by_role("link", name="Back to the claim").click()

        page.get_by_role("link", name="Next edition").click()
        page.get_by_role("button", name="Move Prices up").click()
        page.fill("#period", "soon")
        page.get_by_role("button", name="Write the report").click()
        assert "not a period" in page.locator("#period-problem").inner_text()
        page.fill("#period", "2024-26")
        page.fill("#as_of", "2026-11-01")
        page.get_by_role("button", name="Write the report").click()
        page.get_by_role("link", name="Open the report").click()
        page.get_by_text("rejected in an earlier edition").first.wait_for()
        page.locator("summary", has_text="Compare").click()
        page.get_by_role("button", name="Compare").click()
        page.get_by_text("2,980 MWh").first.wait_for()
        page.get_by_role("link", name="Where it stands in its report").first.click()
        page.wait_for_url("**/reports/r-*#c-*")
        page.locator("summary", has_text="Download").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Markdown").click()
        assert TOPIC in Path(download.value.path()).read_text(encoding="utf-8")


def test_a_report_is_read_and_reviewed_by_keyboard_alone(browser: Any, served: Served) -> None:
    """The passage opens with Enter and shows its mark, Escape leads back to the citation; a verdict is three keys further."""
    with opened(browser, served, width=390, dark=True) as page:
        page.goto(f"{served.base}/reports")
        tab_to(page, ".list a")
        page.keyboard.press("Enter")
        page.wait_for_url("**/reports/r-*")
        tab_to(page, ".claims a.cite")
        page.keyboard.press("Enter")
        page.locator("#panel mark").first.wait_for()
        assert page.locator("#panel mark").first.is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.classList.contains('cite')")
        assert page.locator("#panel").count() == 0
        tab_to(page, ".act summary")
        page.keyboard.press("Enter")
        tab_to(page, "textarea[name=note]")
        page.keyboard.type("Seen")
        tab_to(page, "button.accept")
        page.keyboard.press("Enter")
        page.locator(".claim.accepted").wait_for()
        assert "“Seen”" in page.locator(".claim.accepted").inner_text()


def test_all_of_it_works_without_scripts(browser: Any, served: Served) -> None:
    """Questions, citations, verdicts, the plan and a report's progress are plain pages and forms."""
    with opened(browser, served, width=390, scripts=False) as page:
        page.get_by_label("Your question").fill(QUESTION)
        page.get_by_role("button", name="Ask").click()
        page.locator(".answer a.cite").first.click()
        assert "MWh" in page.locator("mark").first.inner_text()
        page.goto(f"{served.base}/reports")
        page.locator(".list a").first.click()
        claim = page.locator(".claims > li[id]").nth(2)
        claim.locator("summary").click()
        claim.get_by_role("button", name="Accept").click()
        assert page.url.rsplit("#", 1)[1] == claim.get_attribute("id")
        assert "Accepted by owner" in claim.inner_text()
        page.goto(f"{served.base}/reports")
        page.fill("#topic", TOPIC)
        page.get_by_role("button", name="Look at the plan first").click()
        page.get_by_role("button", name="Add a section").click()
        page.locator("[name=section_title][value='']:focus").wait_for()
        page.locator("[name=section_title]").last.fill("Installed base")
        page.get_by_role("button", name="Write the report").click()
        page.get_by_role("link", name="Open the report").click()  # the page loads itself again until it is written
        page.wait_for_url("**/reports/r-*", wait_until="load")
        assert page.get_by_role("heading", name="Installed base").count() == 1


PASSWORD = "correct horse battery"


def logged_in(page: Any, served: Served, name: str) -> None:
    """By the form, with keys alone."""
    page.goto(f"{served.base}/login")
    page.locator("#name:focus").wait_for()
    page.keyboard.type(name)
    tab_to(page, "#password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.base}/")


def test_an_admin_makes_a_team_by_keyboard_alone(browser: Any, empty: Served) -> None:
    """From the first admin to a member with a key that is shown once and revoked, and out again; on a phone's screen."""
    with opened(browser, empty, width=390, dark=True) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, "the first page that anybody sees"
        page.goto(f"{empty.base}/you")
        tab_to(page, "a[href='/people']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/people")
        for field, text in (("#name", "root"), ("#password", PASSWORD), ("#again", PASSWORD)):
            tab_to(page, field)
            page.keyboard.type(text)
        page.keyboard.press("Enter")
        page.wait_for_url("**/login")
        logged_in(page, empty, "root")
        page.goto(f"{empty.base}/people")
        tab_to(page, "#name")
        page.keyboard.type("bob")
        page.keyboard.press("Enter")
        page.get_by_text("no password, comes by keys alone").wait_for()
        tab_to(page, "#label")
        page.keyboard.type("notebook")
        page.keyboard.press("Enter")
        page.wait_for_url("**/keys")
        key = page.locator("code.key").inner_text()
        program = {"authorization": f"Bearer {key}"}
        assert httpx2.get(f"{empty.base}/api/status", headers=program).status_code == 200
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        tab_to(page, ".moves button")
        page.keyboard.press("Enter")
        page.get_by_text("No keys: no program comes in as bob.").wait_for()
        assert key not in page.content()
        assert httpx2.get(f"{empty.base}/api/status", headers=program).status_code == 401
        tab_to(page, "[name=sure]")
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url("**/people#users")
        assert page.get_by_role("link", name="bob").count() == 0


def test_a_chat_is_deleted_by_keyboard_alone(browser: Any, served: Served) -> None:
    """Escape takes the question back and leads to where it was asked; Enter means it, and the next question can be typed at once."""
    with opened(browser, served, width=390, dark=True) as page:
        page.keyboard.type("How long are lead times of heat storage?")
        page.keyboard.press("Enter")
        page.wait_for_url("**/chats/*")
        address = page.url.partition("#")[0]
        tab_to(page, "details.confirm summary")
        page.keyboard.press("Enter")
        page.get_by_text("Nobody can bring them back.").wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Delete it for good"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.matches('details.confirm:not([open]) summary')")
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_text("The chat is deleted.").wait_for()
        page.locator("#question:focus").wait_for()
        assert page.get_by_role("link", name="How long are lead times").count() == 0
        assert httpx2.get(address, headers={"authorization": f"Bearer {served.token}"}).status_code == 400


def test_a_schedule_is_made_paused_and_removed_by_keyboard_alone(browser: Any, served: Served) -> None:
    """What is wrong is in focus with its reason; the clocks are the browser's; on a phone's screen."""
    with opened(browser, served, width=390) as page:
        page.goto(f"{served.base}/schedules")
        assert page.locator("#zone").input_value() == page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
        tab_to(page, "#topic")
        page.keyboard.type(TOPIC)
        tab_to(page, "#cron")
        page.keyboard.type("0 7 * * MOON")
        assert page.locator("[name=rhythm][value=cron]").is_checked()
        page.keyboard.press("Enter")
        page.locator("#cron[aria-invalid]:focus").wait_for()
        assert "no cron expression" in page.locator("#cron-problem").inner_text()
        assert page.locator("#topic").input_value() == TOPIC
        page.keyboard.press("Control+A")
        page.keyboard.type("0 7 * * MON")
        page.keyboard.press("Enter")
        page.get_by_text("The schedule is added.").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for action, then in (("pause", "Its slots are skipped until it goes on."), ("resume", "never run yet")):
            tab_to(page, f"form[action$='/{action}'] button")
            page.keyboard.press("Enter")
            page.get_by_text(then).wait_for()
        tab_to(page, "details.confirm summary")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_text("The schedule is removed.").wait_for()
        assert page.get_by_role("link", name="heat-storage").count() == 0


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A workspace with two users, a group, a key, lists and a schedule, served."""
    folder = tmp_path_factory.mktemp("team")
    create(folder / "ws", embedder="small")
    (folder / "ws" / "schedules").mkdir()
    weekly = 'topic = "Heat storage, Varland, 2024-26"\ncron = "0 7 * * MON"\nzone = "Europe/Berlin"\n'
    (folder / "ws" / "schedules" / "weekly.toml").write_text(weekly, encoding="utf-8")
    with Library.open(folder / "ws") as library:
        people = library.record.people
        people.add("root", role="admin", password=hashed(PASSWORD), now=NOW)
        people.add("a.long.name.of.somebody@research.example.org", role="reader", password="", now=NOW)
        people.put_into("board", ["root"])
        people.add_key("root", label="the notebook of the desk", secret="x" * 43, now=NOW)
        library.record.schedules.put(
            SlotRow(schedule="weekly", slot="2026-11-16T07:00", due=NOW, not_before=NOW, state="failed", reason="x")
        )
        library.record.access.put("docs/a/folder/with/quite/a/long/path/agenda.pdf", ["board", "root"])
    with serving(folder / "ws", folder / "stderr") as started:
        yield started


def test_an_access_list_is_changed_by_keyboard_alone(browser: Any, team: Served) -> None:
    """From the list of lists to who sees it now; whoever ticks a name has chosen "those who are ticked"."""
    with opened(browser, team, width=390) as page:
        logged_in(page, team, "root")
        page.goto(f"{team.base}/people")
        tab_to(page, "#place")
        page.keyboard.type("docs/deals")
        page.keyboard.press("Enter")
        page.get_by_text("No list is here or above").wait_for()
        tab_to(page, "[name=name][value=board]")
        page.keyboard.press("Space")
        assert page.locator("[name=who][value=named]").is_checked()
        page.keyboard.press("Enter")
        page.get_by_text("Its own list decides: board.").wait_for()
        assert "Now seen by root." in page.locator("main").inner_text()
        tab_to(page, "details.confirm summary")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_text("The list is taken away").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.skipif(not AXE, reason="set RAG_AXE to axe-core's axe.min.js (npm pack axe-core)")
@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False), (390, False), (1280, True)])
def test_no_page_of_a_team_has_a_serious_barrier(browser: Any, team: Served, width: int, dark: bool) -> None:
    """The entrance, one's own page, and the pages for people, with what is wrong and a key that is shown."""
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light", bypass_csp=True)
    page = context.new_page()
    page.goto(f"{team.base}/login?next=/you")
    found = barriers(page, width=width)
    logged_in(page, team, "root")
    checked = "/people?user=a.long.name.of.somebody@research.example.org&path=docs/a/folder/with/quite/a/long/path/agenda.pdf"
    for path in (
        "/schedules",
        "/schedules/weekly",
        "/you",
        "/people",
        checked,
        "/people/list?path=docs/a/folder/with/quite/a/long/path/agenda.pdf&said=set",
        "/people/list?path=nowhere",
        "/people/users/root",
        "/people/users/a.long.name.of.somebody@research.example.org?said=added",
    ):
        page.goto(team.base + path)
        found += barriers(page, width=width)
    page.fill("#label", "for a program with a long name")
    page.get_by_role("button", name="Make a key").click()
    page.locator("code.key").wait_for()
    found += barriers(page, width=width)
    page.fill("#password", PASSWORD)
    page.fill("#again", f"{PASSWORD}s")
    page.get_by_role("button", name="Set the password").click()
    page.get_by_role("alert").wait_for()
    found += barriers(page, width=width)
    page.goto(f"{team.base}/schedules")
    page.locator("summary", has_text="New schedule").click()
    page.fill("#topic", "")
    page.get_by_role("button", name="Check and add").click()
    page.locator("#topic-problem").wait_for()
    found += barriers(page, width=width)
    page.goto(f"{team.base}/people/list?path=docs")
    page.get_by_label("those who are ticked").check()
    page.get_by_role("button", name="Keep this list").click()
    page.locator("#who-problem").wait_for()
    found += barriers(page, width=width)
    assert found == []
    context.close()


def barriers(page: Any, *, width: int) -> list[tuple[str, str, str]]:
    """(page, impact, rule) of what axe-core calls serious or critical; the page is no wider than its screen."""
    page.evaluate("for (const one of [...document.querySelectorAll('details')].slice(0, 8)) one.open = true")
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    return [(page.url, one["impact"], one["id"]) for one in told["violations"] if one["impact"] in ("serious", "critical")]


@pytest.mark.skipif(not AXE, reason="set RAG_AXE to axe-core's axe.min.js (npm pack axe-core)")
@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False), (390, False), (1280, True)])
def test_no_page_has_a_serious_barrier(browser: Any, served: Served, width: int, dark: bool) -> None:
    """axe-core finds nothing serious or critical on any page, and no page is wider than its screen."""
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light", bypass_csp=True)
    page = context.new_page()
    found: list[tuple[str, str, str]] = []
    page.goto(f"{served.base}/?token={served.token}")
    data = page.request
    reports = [one["id"] for one in data.get(f"{served.base}/api/reports").json()]
    document = data.get(f"{served.base}/api/documents").json()["documents"][0]["document"]
    paths = [
        f"/{room}"
        for room in (
            "",
            "library",
            "reports",
            "schedules",
            "health",
            "search?q=heat",
            "you",
            "people",
            "chats/1",
            "chats/2",
            "runs/1",
            "nothing",
        )
    ]
    paths += [f"/reports/{reports[0]}", f"/reports/plan?report={reports[0]}", f"/compare?before={reports[-1]}&after={reports[0]}"]
    paths += [f"/documents/{document}?start=0&end=40"]
    for path in paths:
        page.goto(served.base + path)
        found += barriers(page, width=width)
    assert found == []
    context.close()
