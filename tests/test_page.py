"""The HTML report in a real browser: a phone's width, the network, the panel, sorting, both colour schemes. Skipped without Chromium."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.render import render
from tests.example_report import example_report
from tests.test_formats import TEMPLATES

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each template's page as a file."""
    folder = tmp_path_factory.mktemp("pages")
    for name in TEMPLATES:
        (folder / f"{name}.html").write_text(render(example_report(), format="html", template=name), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in TEMPLATES}


def opened(browser: Any, file: Path, *, size: dict[str, int], scheme: str = "light", script: bool = True) -> Any:
    """The page, with every request it makes and every message it logs kept in ``page.asked`` and ``page.told``."""
    page = browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=script).new_page()
    page.asked, page.told = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.told.append(message.text))
    page.on("pageerror", lambda error: page.told.append(str(error)))
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_nothing_is_wider_than_the_screen_and_nothing_is_fetched(
    browser: Any, files: dict[str, Path], template: str, size: dict[str, int]
) -> None:
    """At 390 and 1,280 pixels the page does not scroll sideways; it asks for itself alone and logs nothing."""
    page = opened(browser, files[template], size=size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.asked == [files[template].as_uri()]
    assert page.told == []


def test_a_source_opens_beside_its_sentence_by_keyboard(browser: Any, files: dict[str, Path]) -> None:
    """Enter on a citation opens the panel with the quote marked in its context; Escape closes it and gives the focus back."""
    page = opened(browser, files["market_trends"], size=DESK)
    link = page.locator("#claim-1 .cite > a").first
    link.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#panel")
    assert panel.is_visible()
    entry = page.locator(link.get_attribute("href"))
    assert panel.locator("mark").inner_text() == entry.locator("mark").inner_text()
    assert panel.locator("blockquote").inner_text() == entry.locator("blockquote").inner_text()
    assert page.evaluate("document.activeElement.id") == "panel-title"
    assert page.evaluate("document.documentElement.scrollWidth") <= DESK["width"]
    page.keyboard.press("Escape")
    assert not panel.is_visible()
    assert page.evaluate("document.activeElement === document.querySelector('#claim-1 .cite > a')")
    assert page.told == []


def test_the_sentence_stays_in_sight_above_the_panel_of_a_phone(browser: Any, files: dict[str, Path]) -> None:
    """On a small screen the panel takes the lower part, and the citation that opened it stands above."""
    page = opened(browser, files["market_trends"], size=PHONE)
    link = page.locator("#claim-6 .cite > a").first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert link.bounding_box()["y"] < page.locator("#panel").bounding_box()["y"]


def test_a_table_is_sorted_by_a_click_and_back(browser: Any, files: dict[str, Path]) -> None:
    """The head of a column sorts by it, says so to readers by ear, and turns around at the second click."""
    page = opened(browser, files["market_trends"], size=DESK)
    head = page.locator("table.glance th", has_text="Confidence").first

    def words() -> list[str]:
        return [text.strip() for text in page.locator("table.glance td .sure").all_inner_texts()]

    ranks = {"low": 0, "medium": 1, "high": 2}
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert words() == sorted(words(), key=ranks.__getitem__)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert words() == sorted(words(), key=ranks.__getitem__, reverse=True)


def test_without_the_script_a_citation_leads_to_the_evidence(browser: Any, files: dict[str, Path]) -> None:
    """The page is whole without it: no panel, no buttons, and the link goes to the quote."""
    page = opened(browser, files["market_trends"], size=DESK, script=False)
    assert page.locator("button").count() == 0
    page.locator("#claim-1 .cite > a").first.click()
    assert "#evidence-" in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_all_words_can_be_read(browser: Any, files: dict[str, Path], scheme: str, size: dict[str, int]) -> None:
    """Every visible text has a contrast of 4.5 and more on the ground it really stands on, the open panel included."""
    page = opened(browser, files["market_trends"], size=size, scheme=scheme)
    page.locator("#claim-1 .cite > a").first.click()
    faint = page.evaluate(_CONTRAST)
    assert faint == []


def test_an_inserted_script_does_not_run(browser: Any, files: dict[str, Path], tmp_path: Path) -> None:
    """The policy names the one script by its hash: another in the same file is refused."""
    page = files["market_trends"].read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    broken.write_text(page.replace("</footer>", "</footer><script>document.title = 'taken'</script>"), encoding="utf-8")
    shown = opened(browser, broken, size=DESK)
    assert shown.title() != "taken"
    assert re.search("Content Security Policy", " ".join(shown.told))


_CONTRAST = """() => {
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const light = ([r, g, b]) => [r, g, b].map((x) => x / 255).map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
    .reduce((sum, x, at) => sum + x * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const faint = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    const style = getComputedStyle(node);
    if (!walk.currentNode.data.trim() || node.closest("script, svg") || !node.checkVisibility({ visibilityProperty: true })) continue;
    const [one, other] = [light(parse(style.color)), light(ground(node))].sort((a, b) => b - a);
    if ((one + 0.05) / (other + 0.05) < 4.5) faint.add(`${node.tagName}.${node.className}: ${style.color}`);
  }
  return [...faint];
}"""
