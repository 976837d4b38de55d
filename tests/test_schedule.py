"""Schedules: slots and clocks, whose turn it is, what becomes of a run, the outbox, health."""

import email
import email.policy
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.app import create
from rag.cli import cli
from rag.errors import DeletedError, EndpointError, SettingsError, UsageError
from rag.record import Record
from rag.record.schedules import Letter, Schedules, SlotRow
from rag.schedule import Definition, consider, definitions, healths, name_of, note_past, read_definition
from rag.schedule import desk as desks
from rag.schedule.deliver import MOST_TRIES, deliver, signature
from rag.schedule.slots import rhythm
from tests import post_office
from tests.post_office import HookServer, Letterbox, free_port, hook_server

WEEKLY = 'topic = "Heat storage, Varland"\ncron = "0 7 * * MON"\nzone = "Europe/Berlin"\n'
START = datetime(2026, 1, 5, 5, 0, tzinfo=UTC)


def _labels(cron: str, zone: str, after: datetime, count: int) -> list[tuple[str, str]]:
    slots = islice(rhythm(cron=cron, first_working_day="", zone=zone).after(after), count)
    return [(slot.label, slot.due.strftime("%d %H:%M")) for slot in slots]


# ── slots ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_time_that_is_skipped_is_due_at_the_first_minute_that_exists() -> None:
    """Berlin, 29 March 2026: 02:00 to 03:00 do not exist."""
    assert _labels("30 2 * * *", "Europe/Berlin", datetime(2026, 3, 27, 12, tzinfo=UTC), 3) == [
        ("2026-03-28T02:30", "28 01:30"),
        ("2026-03-29T02:30", "29 01:00"),
        ("2026-03-30T02:30", "30 00:30"),
    ]


def test_a_time_that_comes_twice_is_due_the_first_time() -> None:
    """Berlin, 25 October 2026: 02:30 is 00:30 and 01:30 UTC."""
    assert _labels("30 2 * * *", "Europe/Berlin", datetime(2026, 10, 24, 12, tzinfo=UTC), 2) == [
        ("2026-10-25T02:30", "25 00:30"),
        ("2026-10-26T02:30", "26 01:30"),
    ]


def test_the_first_working_day_is_no_weekend() -> None:
    """February, March and August 2026 begin on a weekend."""
    slots = rhythm(cron="", first_working_day="07:00", zone="UTC").after(datetime(2026, 1, 31, tzinfo=UTC))
    assert [slot.label for slot in islice(slots, 7)] == [
        "2026-02-02T07:00", "2026-03-02T07:00", "2026-04-01T07:00", "2026-05-01T07:00", "2026-06-01T07:00", "2026-07-01T07:00",
        "2026-08-03T07:00",
    ]  # fmt: skip


@given(
    quarters=st.integers(0, 4 * 365 * 24 * 4),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]),
    cron=st.sampled_from(["0 7 * * MON", "30 2 * * *", "*/20 1-3 * * *", "0 0 1 * *", "15 23 L * *", "0 12 * * 1#1"]),
)
@settings(max_examples=80, deadline=None)
def test_slots_come_in_order_each_once(quarters: int, zone: str, cron: str) -> None:
    """Whatever the clocks do: labels rise, and the moments never fall."""
    moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarters)
    slots = list(islice(rhythm(cron=cron, first_working_day="", zone=zone).after(moment), 12))
    labels, moments = [slot.label for slot in slots], [slot.due for slot in slots]
    assert labels == sorted(set(labels))
    assert moments == sorted(moments)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"cron": "61 * * * *"}, "cron '61"),
        ({"cron": "0 0 30 2 *"}, "cron '0 0 30 2"),
        ({"cron": "0 7 * * MON", "zone": "Europe/Berlinn"}, "the time zone 'Europe/Berlinn' is unknown"),
        ({"cron": "0 7 * * MON", "first_working_day": "07:00"}, "give either cron"),
        ({"first_working_day": "25:00"}, "no time of day"),
        ({}, "give either cron"),
    ],
)
def test_a_rhythm_that_cannot_be_is_refused(given_: dict[str, str], message: str) -> None:
    """Today, and not on the day it would have run."""
    with pytest.raises(UsageError, match=message):
        rhythm(cron=given_.get("cron", ""), first_working_day=given_.get("first_working_day", ""), zone=given_.get("zone", "UTC"))


# ── definitions ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("topic = ", "is not valid TOML"),
        (WEEKLY + 'colour = "red"', "unknown key 'colour'"),
        ('cron = "0 7 * * MON"\nzone = "UTC"', "give either a topic or a plan"),
        (WEEKLY + 'plan = "p.yaml"', "give either a topic or a plan"),
        (WEEKLY + 'catch_up = "some"', "catch_up: "),
        (WEEKLY + 'formats = ["xls"]', "formats"),
        (WEEKLY + "[limits]\nminutes = 0", "limits.minutes: "),
        (WEEKLY + '[[deliver]]\nkind = "pigeon"', "deliver.0"),
        (WEEKLY + '[[deliver]]\nkind = "mail"\nto = ["nobody"]\nsender = "a@b.c"\nserver = "x"', "'nobody' is no mail address"),
        (WEEKLY + '[[deliver]]\nkind = "webhook"\nurl = "ftp://x"', "deliver.0.webhook.url"),
        (WEEKLY.replace("MON", "MOON"), "cron"),
        (WEEKLY.replace("Berlin", "Atlantis"), "time zone"),
    ],
)
def test_a_wrong_definition_is_refused_naming_file_and_key(text: str, message: str) -> None:
    """One clear line."""
    with pytest.raises(SettingsError, match=message) as caught:
        read_definition(text, at="weekly.toml")
    assert str(caught.value).startswith("weekly.toml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["Weekly.toml", "weekly.txt", "a b.toml", "-x.toml", ".toml"])
def test_a_file_whose_name_is_no_name_is_refused(name: str) -> None:
    """The name becomes a folder and a key."""
    with pytest.raises(UsageError, match="gives the schedule no name"):
        name_of(Path(name))


# ── the desk ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Office:
    """A workspace with one schedule, a clock and a publisher that notes what it published."""

    def __init__(self, workspace: Path, definition: Definition, *, book: Schedules) -> None:
        self.workspace, self.definition, self.book = workspace, definition, book
        self.now = START
        self.published: list[str] = []
        self.fails: Callable[[SlotRow], BaseException | None] = lambda row: None

    def publish(self, row: SlotRow) -> tuple[SlotRow, Sequence[Letter]]:
        if (error := self.fails(row)) is not None:
            raise error
        self.published.append(row.slot)
        return replace(row, state="published"), desks.letters_for(row, self.definition, subject="s", body="b", now=self.now)

    def round(self, at: datetime) -> list[SlotRow]:
        """What one call of run-due does for the schedule."""
        self.now = at
        consider(self.book, "weekly", self.definition, now=at)
        return desks.perform(self.book, "weekly", self.definition, workspace=self.workspace, now=lambda: self.now, publish=self.publish)

    def states(self) -> dict[str, str]:
        return {row.slot: row.state for row in self.book.slots("weekly")}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Opens one with more lines in its definition."""
    Record.create(tmp_path / "library.db").close()
    with Record.open(tmp_path / "library.db") as record:

        def opened(more: str = "", *, cron: str = "0 7 * * MON") -> Office:
            definition = read_definition(WEEKLY.replace("0 7 * * MON", cron) + more, at="weekly.toml")
            record.schedules.begin("weekly", since=START)
            return Office(tmp_path, definition, book=record.schedules)

        yield opened


def test_a_slot_is_run_once_however_often_someone_comes(office: Callable[..., Office]) -> None:
    """Every few minutes is fine."""
    desk = office()
    for minutes in (0, 61, 62, 62, 90, 600):
        desk.round(START + timedelta(minutes=minutes))
    assert desk.published == ["2026-01-05T07:00"]


@pytest.mark.parametrize(("catch_up", "published", "skipped"), [("latest", 1, 4), ("all", 5, 0), ("none", 0, 5)])
def test_slots_of_five_lost_weeks_are_caught_up_as_asked(
    office: Callable[..., Office], catch_up: str, published: int, skipped: int
) -> None:
    """Every slot is run or recorded as skipped with the reason."""
    desk = office(f'catch_up = "{catch_up}"\n')
    desk.round(START + timedelta(weeks=4, days=3))
    assert Counter(desk.states().values()) == Counter({"published": published, "skipped": skipped}) - Counter({"published": 0})
    assert all(row.reason.startswith("missed") for row in desk.book.slots("weekly", states=["skipped"]))


def test_slots_of_a_pause_are_skipped(office: Callable[..., Office]) -> None:
    """With the reason; after it the schedule goes on."""
    desk = office()
    desk.book.pause("weekly", paused=True)
    desk.round(START + timedelta(weeks=1, hours=3))
    desk.book.pause("weekly", paused=False)
    desk.round(START + timedelta(weeks=2, hours=3))
    assert desk.published == ["2026-01-19T07:00"]
    assert {row.reason for row in desk.book.slots("weekly", states=["skipped"])} == {"the schedule was paused"}


def test_slots_that_fall_together_when_clocks_go_forward_are_one_run(office: Callable[..., Office]) -> None:
    """02:00, 02:20 and 02:40 do not exist and are one with 03:00."""
    desk = office('catch_up = "all"\n', cron="*/20 2-3 29 3 *")
    desk.round(datetime(2026, 3, 30, tzinfo=UTC))
    assert desk.published == ["2026-03-29T03:00", "2026-03-29T03:20", "2026-03-29T03:40"]
    assert {row.reason for row in desk.book.slots("weekly", states=["skipped"])} == {
        f"the clocks went forward; it is one with 2026-03-29T0{later}" for later in ("2:20", "2:40", "3:00")
    }


def test_a_failed_try_is_made_again_later_and_then_given_up_and_told(office: Callable[..., Office]) -> None:
    """Three tries; the schedule's people hear of it by its own channels."""
    desk = office('[[deliver]]\nkind = "folder"\npath = "out"\n')
    desk.fails = lambda row: EndpointError("the model does not answer", retryable=True)
    at = START + timedelta(hours=2)
    for _ in range(60):
        desk.round(at)
        at += timedelta(minutes=1)
    (row,) = desk.book.slots("weekly")
    assert (row.state, row.tries, row.reason) == ("failed", 3, "the model does not answer")
    assert [letter.subject for letter in desk.book.letters()] == ["weekly: the run of 2026-01-05T07:00 failed"]


def test_a_report_of_which_a_document_was_forgotten_meanwhile_is_written_again(office: Callable[..., Office]) -> None:
    """The next try is of what is left."""
    desk = office("")
    desk.fails = lambda row: DeletedError("a document that it quotes was forgotten") if row.tries == 1 else None
    for minutes in range(60):
        desk.round(START + timedelta(hours=2, minutes=minutes))
    assert desk.published == ["2026-01-05T07:00"]


def test_what_no_second_try_can_mend_fails_at_once(office: Callable[..., Office]) -> None:
    """A template that is gone stays gone."""
    desk = office()
    desk.fails = lambda row: UsageError("no 'x' in templates")
    (row,) = desk.round(START + timedelta(hours=2))
    assert (row.state, row.tries) == ("failed", 1)


def test_a_run_whose_process_died_is_taken_up_at_once(office: Callable[..., Office]) -> None:
    """The lease ended with it; no clock is waited for."""
    desk = office()
    desk.fails = lambda row: KeyboardInterrupt() if row.tries == 1 else None
    with pytest.raises(KeyboardInterrupt):
        desk.round(START + timedelta(hours=2))
    assert desk.states() == {"2026-01-05T07:00": "running"}
    desk.round(START + timedelta(hours=2, minutes=1))
    assert desk.published == ["2026-01-05T07:00"]


@pytest.mark.parametrize(("overlap", "second"), [("skip", "skipped"), ("queue", "due"), ("cancel", "due")])
def test_a_slot_due_while_a_run_goes_on_is_treated_as_asked(office: Callable[..., Office], overlap: str, second: str) -> None:
    """Skipped with the reason, queued, or the run is asked to stop."""
    desk = office(f'overlap = "{overlap}"\n')
    first = START + timedelta(hours=2)
    consider(desk.book, "weekly", desk.definition, now=first)
    with desks.lease(desk.workspace, "weekly") as held:
        assert held
        desk.book.put(replace(desk.book.slots("weekly")[0], state="running", tries=1, started=first))
        desk.round(first + timedelta(weeks=1))
        assert desk.states() == {"2026-01-05T07:00": "running", "2026-01-12T07:00": second}
        assert desk.book.slots("weekly", states=["running"])[0].cancel == (overlap == "cancel")
    desk.round(first + timedelta(weeks=1, minutes=1))
    expected = {"skip": ["2026-01-05T07:00"], "queue": ["2026-01-05T07:00", "2026-01-12T07:00"], "cancel": ["2026-01-12T07:00"]}
    assert desk.published == expected[overlap]


def test_a_backfill_runs_what_was_never_run_and_nothing_twice(office: Callable[..., Office]) -> None:
    """Each as of its own day."""
    desk = office()
    desk.round(START + timedelta(weeks=2, hours=3))
    noted = note_past(desk.book, "weekly", desk.definition, first=date(2025, 12, 22), last=date(2026, 1, 19), now=desk.now)
    assert [row.slot for row in noted] == ["2025-12-22T07:00", "2025-12-29T07:00", "2026-01-05T07:00", "2026-01-12T07:00"]
    desk.round(desk.now)
    assert sorted(desk.published) == sorted([*(row.slot for row in noted), "2026-01-19T07:00"])


@pytest.mark.parametrize("seed", range(2))
def test_each_slot_is_run_once_or_recorded_through_sleeps_kills_and_clock_changes(office: Callable[..., Office], seed: int) -> None:
    """Half a year of a busy schedule; `make eval-schedules` takes three years, two zones and six rhythms."""
    chance = random.Random(seed)
    desk = office('catch_up = "all"\ntries = 20\n', cron="30 1,2,3,12 * * *")
    desk.fails = lambda row: KeyboardInterrupt() if chance.random() < 0.1 else None
    at, end = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 4, 5, tzinfo=UTC)
    while at < end:
        at += timedelta(minutes=chance.choice([5, 40, 300, 3_000]))
        try:
            desk.round(at)
        except KeyboardInterrupt:
            continue
    desk.fails = lambda row: None
    desk.round(end + timedelta(days=3))
    assert sorted(desk.states()) == _all_until(desk)
    assert max(Counter(desk.published).values()) == 1
    assert all(state in ("published", "skipped") for state in desk.states().values())


def _all_until(desk: Office) -> list[str]:
    labels: list[str] = []
    for slot in desk.definition.rhythm.after(START):
        if slot.due > desk.now:
            return labels
        labels.append(slot.label)
    raise AssertionError("a rhythm has no end")


# ── the outbox ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def mail_server() -> Iterator[Callable[..., tuple[Letterbox, str]]]:
    """Starts one; (what it got, its address)."""
    with ExitStack() as running:

        def start(refuses: str = "") -> tuple[Letterbox, str]:
            box = Letterbox(refuses)
            return box, running.enter_context(post_office.mail_server(box))

        yield start


@pytest.fixture
def hook() -> Iterator[HookServer]:
    """A running one."""
    with hook_server() as server:
        yield server


def _deliveries(office: Callable[..., Office], *channels: str) -> Office:
    """An office whose first report waits in the outbox, with files."""
    desk = office("".join(f"[[deliver]]\n{channel}\n" for channel in channels))
    folder = desk.workspace / "reports"
    folder.mkdir()
    (folder / "r.html").write_text("<p>Preise: 5 €</p>", encoding="utf-8")
    (folder / "r.json").write_text('{"id": "r-1"}', encoding="utf-8")
    files = {"r.html": "reports/r.html", "r.json": "reports/r.json"}
    row = SlotRow(schedule="weekly", slot="2026-01-05T07:00", due=START, not_before=START, state="published")
    desk.book.put(row, letters=desks.letters_for(row, desk.definition, subject="Heat, 5 €", body="- up\n", now=START, files=files))
    return desk


def _sent(desk: Office, *, minutes: int = 0, secrets: dict[str, str] | None = None) -> list[Letter]:
    return deliver(desk.book, workspace=desk.workspace, now=START + timedelta(minutes=minutes), secret=(secrets or {}).get)  # type: ignore[arg-type]


def test_a_report_reaches_a_folder_whole(office: Callable[..., Office]) -> None:
    """And once."""
    desk = _deliveries(office, 'kind = "folder"\npath = "out/weekly"')
    assert [letter.state for letter in _sent(desk)] == ["sent"]
    assert sorted(path.name for path in (desk.workspace / "out" / "weekly").iterdir()) == ["r.html", "r.json"]
    assert _sent(desk, minutes=60) == []


def test_a_report_reaches_people_by_mail(office: Callable[..., Office], mail_server: Callable[..., tuple[Letterbox, str]]) -> None:
    """The HTML as the body, the rest attached, one identity however often it is sent."""
    box, address = mail_server()
    desk = _deliveries(
        office, f'kind = "mail"\nto = ["a@example.org"]\nsender = "r@example.org"\nserver = "{address}"\nsecurity = "none"\ninline = true'
    )
    (letter,) = _sent(desk)
    message = email.message_from_bytes(box.messages[0], policy=email.policy.default)
    assert (message["Subject"], message["To"], message["Message-ID"]) == ("Heat, 5 €", "a@example.org", f"<{letter.id}@example.org>")
    body = message.get_body(("html",))
    assert body is not None
    assert "5 €" in body.get_content()
    assert [part.get_filename() for part in message.iter_attachments()] == ["r.json"]


def test_a_mail_that_is_not_inline_has_all_files_attached(
    office: Callable[..., Office], mail_server: Callable[..., tuple[Letterbox, str]]
) -> None:
    """And the summary as its text."""
    box, address = mail_server()
    desk = _deliveries(office, f'kind = "mail"\nto = ["a@example.org"]\nsender = "r@example.org"\nserver = "{address}"\nsecurity = "none"')
    _sent(desk)
    message = email.message_from_bytes(box.messages[0], policy=email.policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "- up"
    assert message.get_body(("html",)) is None
    assert [part.get_filename() for part in message.iter_attachments()] == ["r.html", "r.json"]


def test_a_webhook_gets_a_signed_body_with_the_report(office: Callable[..., Office], hook: HookServer) -> None:
    """The key comes from the environment, the signature covers the bytes."""
    desk = _deliveries(office, f'kind = "webhook"\nurl = "{hook.url}"\nsecret_env = "HOOK_KEY"')
    (letter,) = _sent(desk, secrets={"HOOK_KEY": "k"})
    ((headers, body),) = hook.posts
    assert (headers["X-Rag-Signature"], headers["Idempotency-Key"]) == (signature(body, "k"), letter.id)
    assert json.loads(body)["report"] == {"id": "r-1"}


def test_a_chat_gets_a_line_and_the_bottom_line(office: Callable[..., Office], hook: HookServer) -> None:
    """Slack's form."""
    desk = _deliveries(office, 'kind = "slack"\nurl_env = "CHAT_URL"')
    assert [letter.state for letter in _sent(desk, secrets={"CHAT_URL": hook.url})] == ["sent"]
    assert json.loads(hook.posts[0][1]) == {"text": "*Heat, 5 €*\n- up\n"}


def test_a_message_that_cannot_go_now_goes_later_under_the_same_identity(office: Callable[..., Office], hook: HookServer) -> None:
    """And is sent once."""
    hook.answers = [503, 429, 200]
    desk = _deliveries(office, f'kind = "webhook"\nurl = "{hook.url}"')
    ended = [letter.state for minute in range(30) for letter in _sent(desk, minutes=minute)]
    assert ended == ["sent"]
    assert len({headers["Idempotency-Key"] for headers, _ in hook.posts}) == 1
    assert len(hook.posts) == 3


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ('kind = "webhook"\nurl = "{hook}"', "answered 403"),
        ('kind = "mail"\nto = ["a@b.c"]\nsender = "r@b.c"\nserver = "{mail}"\nsecurity = "none"', "554"),
    ],
)
def test_a_refusal_for_good_is_given_up_and_shown(
    office: Callable[..., Office], hook: HookServer, mail_server: Callable[..., tuple[Letterbox, str]], channel: str, said: str
) -> None:
    """The schedule is failing until somebody looks."""
    hook.answers = [403]
    _, address = mail_server("554 no spam here")
    desk = _deliveries(office, channel.format(hook=hook.url, mail=address))
    (letter,) = _sent(desk)
    assert letter.state == "given_up"
    assert said in letter.error
    (desk.workspace / "schedules").mkdir()
    (desk.workspace / "schedules" / "weekly.toml").write_text(WEEKLY, encoding="utf-8")
    (health,) = healths(desk.workspace, desk.book, now=START + timedelta(minutes=5))
    assert (health.state, said in health.said) == ("failing", True)


def test_an_unreachable_server_is_tried_for_hours_and_then_given_up(office: Callable[..., Office]) -> None:
    """Nothing else waits for it."""
    desk = _deliveries(
        office,
        f'kind = "mail"\nto = ["a@b.c"]\nsender = "r@b.c"\nserver = "127.0.0.1:{free_port()}"\nsecurity = "none"',
        'kind = "folder"\npath = "out"',
    )
    ended = [letter for hour in range(72) for letter in _sent(desk, minutes=60 * hour)]
    assert [(letter.state, letter.tries) for letter in ended] == [("sent", 1), ("given_up", MOST_TRIES)]
    assert "cannot be reached" in ended[1].error


def test_a_secret_that_is_not_set_is_named(office: Callable[..., Office]) -> None:
    """It may be set tomorrow, so the message waits."""
    desk = _deliveries(office, 'kind = "slack"\nurl_env = "CHAT_URL"')
    assert _sent(desk) == []
    assert "CHAT_URL is not set" in desk.book.letters()[0].error


def test_a_crowd_of_callers_sends_each_message_once(office: Callable[..., Office], hook: HookServer) -> None:
    """Five at the outbox at once: one sends, the others find it sent."""
    desk = _deliveries(office, *(f'kind = "webhook"\nurl = "{hook.url}?{number}"' for number in range(3)))
    hook.taken = lambda: time.sleep(0.05)

    def call() -> None:
        with Record.open(desk.workspace / "library.db") as record:
            deliver(record.schedules, workspace=desk.workspace, now=START, secret=lambda name: "")

    callers = [threading.Thread(target=call) for _ in range(5)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert Counter(headers["Idempotency-Key"] for headers, _ in hook.posts) == {letter.id: 1 for letter in desk.book.letters()}


def test_a_message_sent_twice_is_known_as_one(
    office: Callable[..., Office], mail_server: Callable[..., tuple[Letterbox, str]], hook: HookServer
) -> None:
    """The process dies between the server's yes and its own mark: the rule is at least once, under one identity."""
    box, address = mail_server()
    desk = _deliveries(
        office,
        f'kind = "mail"\nto = ["a@b.c"]\nsender = "r@b.c"\nserver = "{address}"\nsecurity = "none"',
        f'kind = "webhook"\nurl = "{hook.url}"',
    )
    before = desk.book.letters()
    _sent(desk)
    for letter in before:
        desk.book.put_letter(letter)  # as the dead process left it
    _sent(desk, minutes=10)
    assert len({email.message_from_bytes(message)["Message-ID"] for message in box.messages}) == 1
    assert len({headers["Idempotency-Key"] for headers, _ in hook.posts}) == 1
    assert (len(box.messages), len(hook.posts)) == (2, 2)


def test_people_are_told_of_a_run_that_nobody_came_for(office: Callable[..., Office]) -> None:
    """A schedule that does not catch up says what it left out, in its health and by its channels."""
    desk = office('catch_up = "none"\nowner = "a.analyst"\n[[deliver]]\nkind = "folder"\npath = "out"\n')
    desk.round(START + timedelta(weeks=2))
    (letter,) = desk.book.letters()
    assert letter.subject == "weekly: the run of 2026-01-12T07:00 was missed"
    assert letter.body.splitlines()[-1] == "Owner: a.analyst"
    assert _health(desk, at=START + timedelta(weeks=2))[0] == "missing"


def test_slots_caught_up_together_are_not_skipped_by_a_second_caller(office: Callable[..., Office]) -> None:
    """They came due before the run began; only one that comes due during it overlaps."""
    desk = office('catch_up = "all"\n')
    at = START + timedelta(weeks=2, hours=3)
    consider(desk.book, "weekly", desk.definition, now=at)
    with desks.lease(desk.workspace, "weekly"):
        oldest = desk.book.slots("weekly")[-1]
        desk.book.put(replace(oldest, state="running", tries=1, started=at))
        desk.round(at)
    assert Counter(desk.states().values()) == {"running": 1, "due": 2}


# ── health and the commands ───────────────────────────────────────────────────────────────────────────────────────


def _health(desk: Office, *, at: datetime, text: str = WEEKLY) -> tuple[str, str]:
    folder = desk.workspace / "schedules"
    folder.mkdir(exist_ok=True)
    (folder / "weekly.toml").write_text(text, encoding="utf-8")
    (found,) = healths(desk.workspace, desk.book, now=at)
    return found.state, found.said


def test_silence_is_an_alarm(office: Callable[..., Office]) -> None:
    """Nobody called run-due on Monday: late, before anything noted it."""
    desk = office()
    assert _health(desk, at=START)[0] == "ok"
    state, said = _health(desk, at=START + timedelta(hours=3))
    assert state == "late"
    assert "2026-01-05T07:00" in said
    desk.round(START + timedelta(hours=3))
    assert _health(desk, at=START + timedelta(hours=3))[0] == "ok"


def test_a_definition_spoilt_later_is_broken_and_said(office: Callable[..., Office]) -> None:
    """So is one whose file is gone."""
    desk = office()
    assert _health(desk, at=START, text="topic = ")[0] == "broken"
    (desk.workspace / "schedules" / "weekly.toml").unlink()
    assert [one.state for one in healths(desk.workspace, desk.book, now=START)] == ["broken"]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty one."""
    create(tmp_path / "ws", embedder="small")
    return tmp_path / "ws"


def _rag(*arguments: str, workspace: Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, [*arguments, "-w", str(workspace)])
    return done.exit_code, done.stdout, done.stderr


def test_a_schedule_is_added_listed_paused_and_removed(workspace: Path, tmp_path: Path) -> None:
    """Each command says what it did."""
    file = tmp_path / "weekly.toml"
    file.write_text(WEEKLY, encoding="utf-8")
    status, out, _ = _rag("schedule", "add", str(file), workspace=workspace)
    assert status == 0
    assert "At 07:00 on Monday (Europe/Berlin)" in out
    assert out.count("Mon 20") == 5
    assert definitions(workspace) == {"weekly": WEEKLY}
    assert "ok" in _rag("schedule", "list", workspace=workspace)[1]
    assert _rag("run-due", workspace=workspace) == (0, "Nothing is due.\n", "")
    assert "paused" in _rag("schedule", "pause", "weekly", workspace=workspace)[1]
    assert "paused" in _rag("schedule", "list", workspace=workspace)[1]
    assert "on again" in _rag("schedule", "resume", "weekly", workspace=workspace)[1]
    assert "Next: Mon" in _rag("schedule", "show", "weekly", workspace=workspace)[1]
    assert "removed" in _rag("schedule", "remove", "weekly", workspace=workspace)[1]
    assert "No schedules" in _rag("schedule", "list", workspace=workspace)[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WEEKLY + 'template = "glossy"', "no 'glossy' in templates"),
        (WEEKLY + 'pack = "oil"', "no facet pack 'oil'"),
        ('plan = "missing.yaml"\ncron = "0 7 * * MON"\nzone = "UTC"', "missing.yaml cannot be read"),
        ("topic = ", "is not valid TOML"),
    ],
)
def test_what_would_fail_on_monday_is_refused_today(workspace: Path, tmp_path: Path, text: str, message: str) -> None:
    """And nothing is taken in."""
    file = tmp_path / "weekly.toml"
    file.write_text(text, encoding="utf-8")
    status, _, err = _rag("schedule", "add", str(file), workspace=workspace)
    assert status == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert definitions(workspace) == {}


def test_one_broken_schedule_does_not_stop_the_others(workspace: Path, tmp_path: Path) -> None:
    """Exit status 1 names it."""
    file = tmp_path / "weekly.toml"
    file.write_text(WEEKLY, encoding="utf-8")
    _rag("schedule", "add", str(file), workspace=workspace)
    (workspace / "schedules" / "broken.toml").write_text("topic = ", encoding="utf-8")
    status, _, err = _rag("run-due", workspace=workspace)
    assert status == 1
    assert err.startswith("rag: broken: schedules/broken.toml is not valid TOML")
    status, out, _ = _rag("schedule", "list", workspace=workspace)
    assert status == 1
    assert "weekly" in out


def test_a_test_message_shows_a_wrong_address_today(workspace: Path, tmp_path: Path) -> None:
    """Each channel on its line."""
    file = tmp_path / "weekly.toml"
    file.write_text(WEEKLY + f'[[deliver]]\nkind = "webhook"\nurl = "http://127.0.0.1:{free_port()}/x"\n', encoding="utf-8")
    _rag("schedule", "add", str(file), workspace=workspace)
    status, _, err = _rag("schedule", "test", "weekly", workspace=workspace)
    assert status == 9
    assert "webhook: 127.0.0.1 cannot be reached" in err
