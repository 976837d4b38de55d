"""Who may see what, without a door: the rule, what a person's view of the record shows, and what becomes of moved documents."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rag import ingest
from rag.app import Library, create
from rag.errors import RecordError, SettingsError, UsageError
from rag.ingest import drain
from rag.record import AccessList, slabs
from rag.record.schedules import SlotRow
from rag.record.seen import _FREE, _GUARDED
from rag.schedule.definition import Definition
from rag.schedule.run import publish
from rag.types import Reader, Scope
from tests.fakes import HashingEmbedder
from tests.teams import (
    EVERYTHING,
    NOW,
    leaked,
    library,
    may_see,
    opened,
    papers,
    people,
    random_lists,
    set_lists,
    write,
)

MADE = papers(24)
TEAM = {"ann": ("board",), "bob": (), "cat": ("board", "desk")}
NAMES = ["ann", "bob", "cat", "board", "desk"]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The team's library, ready for searches as a large one is; each test sets its own lists."""
    with pytest.MonkeyPatch.context() as patch, library(tmp_path_factory.mktemp("team") / "ws") as made:
        people(made, TEAM)
        patch.setattr(ingest, "READY_FROM", 1)
        patch.setattr(ingest, "TOGETHER_FROM", 1)
        patch.setattr(slabs, "LEAST", 1)
        ingest.get_ready(made.record)
        yield made


def reader(made: Library, name: str) -> Reader:
    return made.record.people.user(name).reader


def paths(made: Library, name: str) -> set[str]:
    """What a person sees in a list of documents."""
    with made.seen_by(reader(made, name)) as seen:
        return {source.path for source in seen.record.sources()}


# ── the rule ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_lists_everyone_sees_everything(team: Library) -> None:
    """No list is no restriction, and costs nothing: the library is the whole one."""
    set_lists(team, {})
    with team.seen_by(reader(team, "bob")) as seen:
        assert seen.record.sees_all
    assert paths(team, "bob") == {paper.path for paper in MADE}


def test_the_longest_path_decides_alone(team: Library) -> None:
    """A folder closed in an open one, a document open in a closed folder; what stands above does not add to it."""
    closed, open_again = f"{EVERYTHING}/board", f"{EVERYTHING}/board/minutes"
    set_lists(team, {closed: ["board"], open_again: ["bob"], MADE[3].path: ["everyone"]})
    for paper in MADE:
        for name, groups in TEAM.items():
            lists = {closed: ["board"], open_again: ["bob"], MADE[3].path: ["everyone"]}
            assert (paper.path in paths(team, name)) == may_see(name, groups, paper.path, lists), (name, paper.path)
    assert MADE[4].path not in paths(team, "ann"), "the list below does not name the board"


def test_a_folder_whose_name_begins_alike_is_another(team: Library) -> None:
    """A list at research/open says nothing about research/openings."""
    set_lists(team, {f"{EVERYTHING}/o": ["nobody"], f"{EVERYTHING}/open/pri": ["nobody"]})
    assert paths(team, "bob") == {paper.path for paper in MADE}


def test_check_names_the_list_that_decided(team: Library) -> None:
    """So that an admin can see why."""
    set_lists(team, {"": ["nobody"], f"{EVERYTHING}/board": ["board"]})
    access = team.record.access
    told = access.judge(reader(team, "ann"), MADE[3].path)
    assert (told.seen, told.why) == (True, f"the list at {EVERYTHING}/board names board")
    assert access.judge(reader(team, "bob"), MADE[3].path).why == f"the list at {EVERYTHING}/board is for board"
    assert access.judge(reader(team, "bob"), MADE[0].path).why == "the list at / is for nobody"
    set_lists(team, {})
    assert access.judge(reader(team, "bob"), MADE[0].path).why.startswith("no list is at this path")


def test_a_removed_group_or_user_leaves_a_list_that_is_narrower(team: Library) -> None:
    """A list whose last name goes lets nobody in; a namesake who comes later does not inherit it."""
    store = team.record.people
    store.add("dan", role="member", password="", now=NOW)
    set_lists(team, {f"{EVERYTHING}/deals": ["dan"]})
    store.remove("dan")
    assert team.record.access.lists() == [
        AccessList(path=f"{EVERYTHING}/deals", everyone=False, names=(), kept_from="", files=3),
    ]
    store.add("dan", role="member", password="", now=NOW)
    assert MADE[7].path not in paths(team, "dan")
    store.remove("dan")
    set_lists(team, {})


def test_names_are_known_ones_and_stand_alone(team: Library) -> None:
    """A typing error must not make a list that lets nobody in, or everybody."""
    with pytest.raises(UsageError, match="no user and no group"):
        team.record.access.put("x", ["bbo"])
    with pytest.raises(UsageError, match="stand alone"):
        team.record.access.put("x", ["everyone", "bob"])
    with pytest.raises(UsageError, match="there is no list at /"):
        team.record.access.clear("")
    with pytest.raises(UsageError, match="share their names"):
        team.record.people.put_into("bob", [])
    with pytest.raises(UsageError, match="cannot be a name"):
        team.record.people.add("everyone", role="member", password="", now=NOW)


# ── the view ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_query_reads_past_the_view(team: Library) -> None:
    """SQLite itself refuses every table of documents that is not read by its view, whoever writes the query."""
    set_lists(team, {"": ["nobody"], MADE[0].path: ["bob"]})
    with team.seen_by(reader(team, "bob")) as seen:
        for table in _GUARDED:
            assert seen.record.rows(f"SELECT count(*) FROM {table}") != [], table
            with pytest.raises(RecordError, match=r"prohibited|not authorized"):
                seen.record.rows(f"SELECT * FROM main.{table}")
        assert seen.record.rows("SELECT count(*) FROM documents") == [(1,)]
        for path in {paper.path for paper in MADE[1:]}:
            assert path not in str(seen.record.rows("SELECT * FROM files"))


def test_every_table_of_the_record_is_a_reader_s_or_guarded(team: Library) -> None:
    """A new table is refused to readers until it is put on one side or the other."""
    found = {name for (name,) in team.record.rows("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")}
    found = {name for name in found if not name.startswith(("sqlite_", "lexical"))}
    assert found == _GUARDED | _FREE
    assert not _GUARDED & _FREE


def test_what_is_made_of_all_documents_is_not_a_reader_s(team: Library) -> None:
    """Codes in larger pieces and packed names hold hidden documents: a reader's searches begin without them."""
    assert team.record.called()
    assert team.record.rows("SELECT count(*) FROM slabs") == [(1,)]
    with team.seen_by(reader(team, "bob")) as seen:
        assert seen.record.called() == b""
        assert seen.record.rows("SELECT count(*) FROM slabs") == [(0,)]


def test_what_is_hidden_changes_nothing(team: Library, tmp_path: Path) -> None:
    """Search, answer, refusal, report, counts: to a person it is as if the library held nothing but what they see."""
    few = [MADE[at] for at in (0, 1, 2, 9, 10, 17)]
    set_lists(team, {"": ["nobody"]} | {paper.path: ["bob"] for paper in few})
    write(tmp_path, MADE)
    for paper in MADE:
        if paper not in few:
            (tmp_path / paper.path).unlink()
    create(tmp_path / "ws", folders=[tmp_path / EVERYTHING], embedder="small")
    questions = [
        "How much zinc-air storage was sold in 2024?",
        f"What did {MADE[1].name} sell in 2024?",
        f"What did {MADE[3].name} sell in 2026?",
        "zinc-air capacity in Marenland",
        "third-quarter prices",
        f"{MADE[5].name.lower()} {MADE[6].name}",
    ]
    with opened(tmp_path / "ws") as alone, team.seen_by(reader(team, "bob")) as seen:
        drain(alone.ingest(now=NOW))
        for question in questions:
            assert _found(seen, question) == _found(alone, question), question
            mine, theirs = (one.ask(question, now=NOW, keep=False).answer for one in (seen, alone))
            assert json.dumps(_comparable(mine)) == json.dumps(_comparable(theirs)), question
        topic = "Zinc-air storage, Marenland, 2023-26"
        ours, others = (one.write(topic, as_of=NOW.date()) for one in (seen, alone))
        assert replace(ours, id="", manifest=others.manifest) == replace(others, id="")
        assert (seen.status().documents, seen.status().chunks) == (alone.status().documents, alone.status().chunks)
        assert seen.status().alike == alone.status().alike


def _found(made: Library, question: str) -> list[tuple[str, str, float]]:
    result = made.search(question)
    return [(passage.source.path, passage.chunk.text, round(passage.score, 9)) for passage in result.passages]


def _comparable(answer: object) -> list[str]:
    return [
        str(getattr(answer, part)) for part in ("abstained", "reason", "claims", "beside", "evidence", "sources", "conflicts", "nearest")
    ]


def test_a_hidden_document_is_unknown(team: Library) -> None:
    """Reading it by its id says what is said of an id that nobody ever had."""
    set_lists(team, {MADE[3].path: ["nobody"]})
    hidden = next(source.document for source in team.record.sources() if source.path == MADE[3].path)
    with team.seen_by(reader(team, "bob")) as seen:
        for ask in (seen.record.document, seen.record.source, seen.record.ever):
            with pytest.raises(UsageError) as told:
                ask(hidden)
            with pytest.raises(UsageError) as of_none:
                ask("0" * len(hidden))
            assert str(told.value).replace(hidden, "") == str(of_none.value).replace("0" * len(hidden), "")
        assert seen.search("zinc", scope=Scope(documents=(hidden,))).passages == ()


def test_a_change_is_seen_at_the_next_look(team: Library) -> None:
    """A list that is set while a person works counts at once, without a new connection."""
    set_lists(team, {})
    set_lists(team, {MADE[1].path: ["nobody"]})
    with team.seen_by(reader(team, "bob")) as seen:
        assert leaked(str(seen.record.sources()), hidden=MADE[:2]) == [MADE[0].name]
        set_lists(team, {MADE[0].path: ["nobody"]})
        seen.record.look()
        assert leaked(str(seen.record.sources()), hidden=MADE[:2]) == [MADE[1].name]
    set_lists(team, {MADE[0].path: ["nobody"]})
    with team.seen_by(reader(team, "bob")) as seen:
        question = f"What did {MADE[0].name} sell?"
        assert seen.record.holders(MADE[0].name) == {MADE[0].name.lower(): 0}
        assert not leaked(str(seen.search(question).passages), hidden=MADE[:1])


def test_random_lists_leak_nothing(team: Library) -> None:
    """60 pairs of lists and questions (make eval-access asks 10,000): nothing of a hidden document in passages or answers."""
    chance = random.Random(20261123)
    for _ in range(12):
        lists = random_lists(chance, names=NAMES, made=MADE)
        set_lists(team, lists)
        name = chance.choice(list(TEAM))
        hidden = [paper for paper in MADE if not may_see(name, TEAM[name], paper.path, lists)]
        with team.seen_by(reader(team, name)) as seen:
            assert {source.path for source in seen.record.sources()} == {paper.path for paper in MADE if paper not in hidden}
            for _ in range(5):
                about = chance.choice(MADE).name
                question = chance.choice(
                    [f"What did {about} sell in 2024?", "zinc-air capacity in Marenland", f"price of cells at {about}"]
                )
                if len(hidden) < len(MADE):
                    given = f"{seen.search(question).passages} {_comparable(seen.ask(question, now=NOW, keep=False).answer)}"
                    theirs = [paper for paper in hidden if paper.name != about]  # the question itself is told back
                    assert not leaked(given, hidden=theirs), (lists, name, question)


# ── what was made of documents ────────────────────────────────────────────────────────────────────────────────────


def test_a_report_is_read_by_those_who_see_all_that_it_names(team: Library) -> None:
    """Cited or not: its coverage lists every document. Editions before it count only where they may be read."""
    set_lists(team, {})
    made = team.report("Zinc-air storage, Marenland, 2023-26", as_of=NOW.date(), now=NOW, formats=["json"]).report
    with team.seen_by(reader(team, "bob")) as seen:
        assert seen.saved("last").id == made.id
    set_lists(team, {MADE[5].path: ["nobody"]})
    with team.seen_by(reader(team, "bob")) as seen:
        assert seen.record.reports() == []
        for name in ("last", made.id, made.id[:6]):
            with pytest.raises(UsageError, match="there is: none yet"):
                seen.saved(name)
        assert seen.record.edition_before("x", NOW.date()) == ""
        assert seen.record.reports_of_run(made.manifest.run) == []
        own = seen.report("Zinc-air storage, Marenland, 2023-26", as_of=NOW.date(), now=NOW, formats=["json"])
        assert own.check.ok
        assert not leaked(str(own.report), hidden=[MADE[5]])
        assert [identity for identity, _ in seen.record.reports()] == [own.report.id]


def test_chats_are_their_owner_s(team: Library) -> None:
    """Another's chat is as unknown as one that never was; a turn that quotes what is hidden now is gone with it."""
    set_lists(team, {})
    question = f"What did {MADE[1].name} sell in 2024?"
    with team.seen_by(reader(team, "ann")) as ann, team.seen_by(reader(team, "bob")) as bob:
        turn = ann.ask(question, now=NOW)
        assert [one.chat for one in ann.turns()] == [turn.chat]
        assert bob.turns() == []
        for call in (lambda: bob.turns(turn.chat), lambda: bob.ask("zinc", now=NOW, chat=turn.chat)):
            with pytest.raises(UsageError, match="there is: none yet"):
                call()
    assert turn.chat in {one.chat for one in team.turns()}, "the command line sees all"
    set_lists(team, {MADE[1].path: ["bob"]})
    with team.seen_by(reader(team, "ann")) as ann:
        assert ann.turns(turn.chat) == []


def test_the_past_is_hidden_as_the_present(team: Library) -> None:
    """A report as of an earlier day holds what may be seen today, of documents that have gone too."""
    set_lists(team, {f"{EVERYTHING}/board": ["board"]})
    with team.seen_by(reader(team, "bob")) as seen, seen.record.as_known(NOW + timedelta(days=1)) as past:
        assert {source.path for source in past.sources()} == paths(team, "bob")
        with pytest.raises(RecordError, match=r"prohibited|not authorized"):
            past.rows("SELECT * FROM main.chunks")


# ── documents that move ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Library]:
    """A small library with a closed folder."""
    with library(tmp_path / "ws", count=8) as made:
        people(made, TEAM)
        made.record.access.put(f"{EVERYTHING}/board", ["board"])
        yield made


def _move(made: Library, source: str, target: str, *, copy: bool = False, days: int = 1) -> list[str]:
    """Moves a file and reads the folder again; what was said of it."""
    root = made.workspace.parent
    (root / target).parent.mkdir(parents=True, exist_ok=True)
    text = (root / source).read_bytes()
    if not copy:
        (root / source).unlink()
    (root / target).write_bytes(text)
    steps = made.ingest(now=NOW + timedelta(days=days), allow_deletes=True)
    return [step.outcome.reason for step in steps if step.outcome and step.outcome.path == target]


def test_a_document_that_is_moved_takes_its_list_along(moving: Library) -> None:
    """Out of a closed folder into an open one it is seen by those who saw it before; ingest and the lists say so."""
    source, target = MADE[3].path, f"{EVERYTHING}/open/moved.md"
    told = _move(moving, source, target)
    assert told == [f"{source}; it keeps its access list, which is narrower than the one here"]
    assert target in paths(moving, "ann")
    assert target not in paths(moving, "bob")
    kept = [one for one in moving.record.access.lists() if one.path == target]
    assert [(one.names, one.kept_from) for one in kept] == [(("board",), source)]
    moving.record.access.clear(target)
    assert target in paths(moving, "bob"), "an admin may let the folder decide"


def test_a_copy_in_an_open_folder_keeps_the_list_too(moving: Library) -> None:
    """The document is not seen more widely than it was."""
    target = f"{EVERYTHING}/open/copy.md"
    _move(moving, MADE[3].path, target, copy=True)
    assert target not in paths(moving, "bob")
    assert moving.record.access.judge(reader(moving, "ann"), target).seen


def test_a_document_that_comes_back_elsewhere_keeps_its_list(moving: Library) -> None:
    """Gone at one ingest and back at another, in an open folder."""
    root, target = moving.workspace.parent, f"{EVERYTHING}/open/back.md"
    text = (root / MADE[3].path).read_bytes()
    (root / MADE[3].path).unlink()
    drain(moving.ingest(now=NOW + timedelta(days=1), allow_deletes=True))
    (root / target).write_bytes(text)
    drain(moving.ingest(now=NOW + timedelta(days=2), allow_deletes=True))
    assert target not in paths(moving, "bob")


def test_a_document_that_moves_to_a_narrower_place_follows_it(moving: Library) -> None:
    """From an open folder into a closed one: the closed one's list, and nothing is kept."""
    _move(moving, MADE[1].path, f"{EVERYTHING}/board/taken.md")
    assert paths(moving, "bob").isdisjoint({MADE[1].path, f"{EVERYTHING}/board/taken.md"})
    assert [one.path for one in moving.record.access.lists()] == [f"{EVERYTHING}/board"]


def test_a_hidden_document_copied_by_a_stranger_is_no_way_in(moving: Library) -> None:
    """A person who has the very same bytes learns nothing by bringing them: the copy takes the list along."""
    with moving.seen_by(reader(moving, "bob")) as bob:
        before = len(bob.record.sources())
        _move(moving, MADE[3].path, f"{EVERYTHING}/open/mine.md", copy=True)
        bob.record.look()
        assert len(bob.record.sources()) == before


def test_the_embedder_of_a_view_is_the_library_s(team: Library) -> None:
    """Nothing is loaded twice."""
    with team.seen_by(reader(team, "bob")) as seen:
        assert seen.embedder is team.embedder
        assert isinstance(seen.embedder, HashingEmbedder)


def test_a_large_library_counts_words_as_a_small_one(moving: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where postings answer in place of the full-text index, hidden documents count as little, in phrases too."""
    questions = ["zinc-air capacity Marenland", "storage review", f"{MADE[3].name} sold", "zinc-air", "prices of cells"]

    def counted() -> list[object]:
        with moving.seen_by(reader(moving, "bob")) as seen:
            found = [
                [(one, round(score, 6)) for one, score in seen.record.lexical(question, k=20, scope=Scope())] for question in questions
            ]
            return [found, [seen.record.holders(question) for question in questions]]

    before = counted()
    monkeypatch.setattr("rag.record.scan.WORDS_FROM", 5)
    moving.record.index_words()
    assert moving.record.rows("SELECT count(*) FROM segments WHERE length(chunks) > 0") == [(1,)]
    assert counted() == before


def test_a_scheduled_report_stands_on_what_its_owner_sees(moving: Library) -> None:
    """Bob's holds nothing of the board's; one whose owner nobody knows does not run; without an owner it sees all."""
    made = Definition(topic="Zinc-air storage, Marenland, 2023-26", cron="0 7 * * MON", zone="UTC", formats=["json"], owner="Bob")
    at = datetime(2026, 11, 30, 7, tzinfo=UTC)
    hidden = [paper for paper in MADE[:8] if "/board" in paper.path]

    def published(definition: Definition, slot: str) -> str:
        row = SlotRow(schedule="weekly", slot=slot, due=at, not_before=at, state="running")
        done, _ = publish(moving, row, definition, now=lambda: at)
        return moving.record.report(done.report)

    assert not leaked(published(made, "2026-11-30T07:00"), hidden=hidden)
    assert leaked(published(made.model_copy(update={"owner": ""}), "2026-11-30T08:00"), hidden=hidden)
    with pytest.raises(SettingsError, match="is no user of this workspace"):
        published(made.model_copy(update={"owner": "zoe"}), "2026-11-30T09:00")
