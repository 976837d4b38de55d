"""Doctor, backup and restore, forgetting: over a real record and a real index."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rag import config, ingest
from rag.app import examine as examine_workspace
from rag.config import EmbedderSettings
from rag.errors import BusyError, UsageError
from rag.globs import chooser, matches
from rag.ports import Embedder
from rag.record import Record, slabs, space_of
from rag.record.codes import decoded
from rag.record.schedules import Letter, SlotRow
from rag.stores import chroma
from rag.stores.chroma import ChromaStore
from rag.upkeep import Erased, Finding, back_up, erase, let_in_again, restore
from rag.upkeep import examine as examined_with
from tests.conftest import REPOSITORY
from tests.fakes import HashingEmbedder, TellingEmbedder
from tests.libraries import add, opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = "the secret tender of Quendolyne GmbH was priced at exactly ninety-one million"
EMBEDDER = HashingEmbedder()


@pytest.fixture(scope="module", autouse=True)
def _ready_for_searches() -> Iterator[None]:
    """As a large library is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest, "READY_FROM", 1)
        patch.setattr(ingest, "TOGETHER_FROM", 1)
        patch.setattr(slabs, "LEAST", 1)
        yield


@pytest.fixture
def workspace(made_once: Path, tmp_path: Path) -> Path:
    """A copy of one's own."""
    return Path(shutil.copytree(made_once, tmp_path / "research"))


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three documents, one of them secret and also there as a copy; a saved report and its files quote it."""
    workspace = tmp_path_factory.mktemp("made") / "research"
    (workspace / "prompts").mkdir(parents=True)
    (workspace / "prompts" / "query.txt").write_text("mine: {{ text }}")
    (workspace / "rag.toml").write_text('folders = ["docs"]\n[embedder]\nkind = "small"\n')
    texts = {"a.txt": "copper prices fell in March", "b.txt": "zinc demand rose in April", "secret.txt": SECRET, "copy.txt": SECRET}
    add(workspace, texts, embedder=EMBEDDER)
    reports = workspace / "reports"
    reports.mkdir()
    (reports / "one.html").write_text("<p>We read: <q>the secret tender of <b>Quendolyne</b> GmbH was priced</q>")
    (reports / "one.pdf").write_bytes(b"%PDF quendolyne")
    (reports / "two.md").write_text("copper prices fell in March")
    (reports / "alone.pdf").write_bytes(b"%PDF")
    with Record.open(workspace / "library.db") as record:
        record.save_report("one", NOW, saved("One", quote=SECRET))
        record.save_report("two", NOW, saved("Two", quote="copper prices fell in March"))
    return workspace


def saved(title: str, *, quote: str) -> str:
    """A saved report, as far as it matters here."""
    return json.dumps({"title": title, "as_of": "2026-11-23", "manifest": {"writer": "extractive"}, "quote": quote})


def forget(workspace: Path, *what: str) -> Erased:
    """As the command does."""
    with Record.open(workspace / "library.db") as record, store(workspace) as index:
        return erase(record, index, what, reports=workspace / "reports", now=NOW)


def store(workspace: Path) -> ChromaStore:
    """The index."""
    return ChromaStore(workspace / "index", space=space_of(EMBEDDER.fingerprint).id)


def bytes_of(folder: Path) -> bytes:
    """Everything below it, but not the documents themselves."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and "docs" not in path.parts).lower()


def indexes(workspace: Path) -> list[bytes]:
    """All bytes of each generation."""
    folders = sorted((workspace / "index").iterdir())
    return [b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()) for folder in folders]


def holds(data: bytes, vector: NDArray[np.float32]) -> bool:
    """Whether the vector stands in it, as it is or made a unit vector by hnswlib, which rounds otherwise."""
    for shift in range(4):
        values = np.frombuffer(data, dtype="<f4", offset=shift, count=(len(data) - shift) // 4)
        near = np.abs(np.lib.stride_tricks.sliding_window_view(values, len(vector)) - vector).max(axis=1)
        if (near < 1e-5).any():
            return True
    return False


def vectors(workspace: Path) -> int:
    """Vectors in the record, of chunks and aside."""
    with sqlite3.connect(workspace / "library.db") as connection:
        return int(connection.execute("SELECT (SELECT count(*) FROM vectors) + (SELECT sum(count) FROM blocks)").fetchone()[0])


# ── forgetting ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_byte_of_a_forgotten_document_is_left_in_the_workspace(workspace: Path) -> None:
    """Text, lexical rows, vectors, index, saved reports and report files, its copy's too; what quotes something else stays."""
    with sqlite3.connect(workspace / "library.db") as connection:
        sql = "SELECT b.bits, b.rest FROM blocks AS b JOIN chunks AS c ON c.block = b.number WHERE c.text LIKE '%Quendolyne%'"
        bits, rest = connection.execute(sql).fetchone()
        assert connection.execute("SELECT (SELECT count(*) FROM slabs), (SELECT count(*) FROM called)").fetchone() == (1, 1)
    (vector,) = decoded(bits, rest, dimensions=EMBEDDER.dimensions)
    before = bytes_of(workspace)
    assert b"quendolyne" in before
    assert bits.lower() in before, "in the record"
    assert rest.lower() in before
    assert [holds(data, vector) for data in indexes(workspace)] == [True]
    gone = forget(workspace, "docs/secret.txt")
    after = bytes_of(workspace)
    assert b"quendolyne" not in after
    assert b"quendolyn" not in after
    assert b"ninety" not in after
    assert bits.lower() not in after
    assert rest.lower() not in after
    assert [holds(data, vector) for data in indexes(workspace)] == [False]
    assert gone.paths == ("docs/copy.txt", "docs/secret.txt")
    assert gone.reports == ("one",)
    assert sorted(Path(file).name for file in gone.files) == ["one.html", "one.pdf"]
    assert [Path(file).name for file in gone.unchecked] == ["alone.pdf"]
    assert (gone.held, gone.quoted_in) == (0, ())
    assert vectors(workspace) == 2
    assert (workspace / "docs" / "secret.txt").read_text() == SECRET
    assert (workspace / "reports" / "two.md").exists()


def test_what_is_left_is_found_as_before(workspace: Path) -> None:
    """By both searches, through a new index."""
    forget(workspace, "docs/secret.txt")
    with opened(workspace, embedder=EMBEDDER) as retrieval:
        assert retrieval.find("zinc demand", k=5).passages[0].source.path == "docs/b.txt"
        assert retrieval.find("Quendolyne", k=5).passages[0].source.path != "docs/secret.txt"
    with Record.open(workspace / "library.db") as record, store(workspace) as index:
        assert index.applied == record.sequence()
        assert record.faults() == []


def test_the_next_ingest_does_not_bring_it_back_until_it_is_let_in_again(workspace: Path) -> None:
    """Not under its path, not as a copy under another one; undone by the path."""
    forget(workspace, "docs/secret.txt")
    add(workspace, {"other.txt": SECRET}, embedder=EMBEDDER)
    with Record.open(workspace / "library.db") as record:
        states = {row.path: (row.status, row.reason) for row in record.files() if row.status != "ok"}
        assert set(states) == {"docs/secret.txt", "docs/copy.txt", "docs/other.txt"}
        assert all(status == "skipped" and "forgotten on 2026-11-23" in reason for status, reason in states.values())
        assert let_in_again(record, ["docs/secret.txt"]) == ("docs/secret.txt",)
    add(workspace, {}, embedder=EMBEDDER)
    with Record.open(workspace / "library.db") as record:
        assert {row.path for row in record.files() if row.document} >= {"docs/secret.txt", "docs/other.txt"}


def test_a_folder_is_forgotten_with_all_below_it(workspace: Path) -> None:
    """Nothing is left, the index neither."""
    assert len(forget(workspace, "docs").paths) == 4
    with Record.open(workspace / "library.db") as record, store(workspace) as index:
        assert (record.sources(), record.chunk_count(), index.count) == ([], 0, 0)


def test_a_forgotten_folder_stays_out_with_what_comes_into_it_later(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named as citations do or by its place on disk, and let in again as a whole only; what it was called stays known."""
    monkeypatch.chdir(workspace)
    assert len(forget(workspace, "./docs").paths) == 4
    add(workspace, {"later.txt": "nickel prices fell in May"}, embedder=EMBEDDER)
    with Record.open(workspace / "library.db") as record:
        later = {row.path: row for row in record.files()}["docs/later.txt"]
        assert (later.status, later.reason) == ("skipped", "forgotten on 2026-11-23; `rag forget --undo docs` lets it in again")
        assert list(record.folders()) == ["docs"]
        with pytest.raises(UsageError, match="lies in docs, which was forgotten as a whole"):
            let_in_again(record, ["docs/later.txt"])
        assert "docs" in let_in_again(record, [str(workspace / "docs")])
    add(workspace, {}, embedder=EMBEDDER)
    with Record.open(workspace / "library.db") as record:
        assert {"docs/a.txt", "docs/later.txt"} <= {row.path for row in record.files() if row.document}


def test_a_folder_that_is_let_in_again_keeps_out_what_was_forgotten_before_by_itself(workspace: Path) -> None:
    """Whoever undoes a mistake of today does not mean what was erased last year."""
    forget(workspace, "docs/secret.txt")
    with Record.open(workspace / "library.db") as record, store(workspace) as index:
        erase(record, index, ["docs"], reports=workspace / "reports", now=NOW + timedelta(days=1))
        assert let_in_again(record, ["docs"]) == ("docs", "docs/a.txt", "docs/b.txt")
    add(workspace, {}, embedder=EMBEDDER)
    with Record.open(workspace / "library.db") as record:
        assert [source.path for source in record.sources()] == ["docs/a.txt", "docs/b.txt"]


@pytest.mark.parametrize(
    ("on_disk", "typed"),
    [
        ("re\u0301sume\u0301.txt", "docs/r\u00e9sum\u00e9.txt"),
        ("r\u00e9sum\u00e9.txt", "docs/re\u0301sume\u0301.txt"),
        ("caf\udce9.txt", "docs/caf\udce9.txt"),
        ("caf\udce9.txt", "docs/caf\\udce9.txt"),
    ],
)
def test_a_name_is_known_however_its_letters_are_put_together(workspace: Path, on_disk: str, typed: str) -> None:
    """As a shared drive of another system spells them, or with bytes that are no letter."""
    add(workspace, {on_disk: "nickel at 17,000 in Brisomar"}, embedder=EMBEDDER)
    (path,) = forget(workspace, typed).paths
    assert path.startswith("docs/")
    with Record.open(workspace / "library.db") as record:
        assert path in let_in_again(record, [typed])


def test_forgetting_what_is_not_known_changes_nothing(workspace: Path) -> None:
    """One line that says how to name it; forgetting twice is not an error, it finishes what a kill cut off."""
    with pytest.raises(UsageError, match="no known file, folder or document"):
        forget(workspace, "docs/secret.txt", "docs/nothing.txt")
    assert b"quendolyne" in bytes_of(workspace)
    forget(workspace, "docs/secret.txt")
    assert forget(workspace, "docs/secret.txt").paths == ()
    with Record.open(workspace / "library.db") as record, pytest.raises(UsageError, match="was not forgotten"):
        let_in_again(record, ["docs/a.txt"])


def test_a_reader_in_the_middle_of_a_search_is_named_as_the_reason_why_bytes_are_left(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same command finishes it afterwards."""
    monkeypatch.setattr("rag.record.record.BUSY_S", 0.2)
    with Record.open(workspace / "library.db") as reader, reader.snapshot():
        reader.sequence()
        with pytest.raises(BusyError, match="run the same command again"):
            forget(workspace, "docs/secret.txt")
    assert [one.next for one in examined(workspace)["record"]] == ["run the same `rag forget` again: it finishes"]
    forget(workspace, "docs/secret.txt")
    assert examined(workspace) == {}
    assert b"quendolyne" not in bytes_of(workspace)


def test_a_reader_of_the_index_keeps_the_vector_only_as_long_as_it_reads(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new generation is made of nothing also where a large library's is made of the one before, and the next ingest takes that away."""
    monkeypatch.setattr(chroma, "DELTA_FROM", 1)
    with Record.open(workspace / "library.db") as record:
        (secret,) = [chunk for chunk, _ in record.lexical("Quendolyne", k=1)]
        vector = record.vectors_of([secret])[secret]
    with store(workspace) as reading:
        assert reading.count == 3
        assert forget(workspace, "docs/secret.txt", "docs/a.txt").held == 1
        assert [holds(data, vector) for data in indexes(workspace)] == [True, False]
    with store(workspace) as index:
        index.sweep()
        assert [holds(data, vector) for data in indexes(workspace)] == [False]
        assert index.count == 1


def test_the_files_of_a_report_go_with_its_data(workspace: Path) -> None:
    """A value of a table is quoted in a few words, and a list of sources says nothing of what the report beside it quotes."""
    reports = workspace / "reports"
    (reports / "weekly").mkdir()
    for name in ("one-2026-11-23.md", "weekly/one-2026-11-23.docx", "two-2026-11-23.md", "other.docx", "other.csl.json"):
        (reports / name).write_text("Quendolyne: 91 million")
    gone = forget(workspace, "docs/secret.txt")
    assert {Path(file).name for file in gone.files} >= {"one-2026-11-23.md", "one-2026-11-23.docx"}
    assert [Path(file).name for file in gone.unchecked] == ["alone.pdf", "other.docx"]
    assert sorted(path.name for path in reports.rglob("*") if path.is_file()) == [
        *("alone.pdf", "other.csl.json", "other.docx", "two-2026-11-23.md", "two.md"),
    ]


def test_what_says_nearly_the_same_is_named(workspace: Path) -> None:
    """A draft, or the same as another format, is a document of its own; whoever erases one has to know of it."""
    words = [f"word{number}" for number in range(200)]
    add(workspace, {"offer.txt": " ".join(words), "offer draft.txt": " ".join([*words, "draft"])}, embedder=EMBEDDER)
    assert forget(workspace, "docs/offer.txt").alike == ("docs/offer draft.txt",)
    assert forget(workspace, "docs/offer.txt").alike == ()


def test_other_files_of_the_workspace_that_quote_it_are_named_and_left(workspace: Path) -> None:
    """Whoever exported a chat or printed a comparison into the workspace has to look; documents are not among them."""
    (workspace / "exports").mkdir()
    for name in ("chat.md", "exports/grid.json", "exports/picture.png"):
        (workspace / name).write_text(f"As we read: {SECRET}!")
    (workspace / "other.md").write_text("copper prices fell in March")
    gone = forget(workspace, "docs/secret.txt")
    assert [Path(file).relative_to(workspace).as_posix() for file in gone.elsewhere] == ["chat.md", "exports/grid.json"]
    assert (workspace / "chat.md").exists()


def test_messages_of_schedules_that_quote_it_are_emptied_and_go_nowhere(workspace: Path) -> None:
    """Those that were sent, those that wait, and those of a report that is erased, which may quote a value of a table only."""
    due = SlotRow(schedule="weekly", slot="23", due=NOW, state="published", not_before=NOW, report="one")
    letter = partial(Letter, schedule="weekly", channel="{}", subject="s", files={}, not_before=NOW)
    letters = {
        "waits": letter(id="waits", slot="16", body=SECRET),
        "sent": letter(id="sent", slot="23", body="91", state="sent"),
        "other": letter(id="other", slot="9", body="zinc"),
    }
    with Record.open(workspace / "library.db") as record:
        record.schedules.put(due, letters=list(letters.values()))
    gone = forget(workspace, "docs/secret.txt")
    assert sorted(gone.letters) == ["weekly, 16", "weekly, 23"]
    assert gone.quoted_in == ()
    with Record.open(workspace / "library.db") as record:
        record.schedules.put_letter(letters["waits"])  # as who was about to send it says what became of it
        left = {letter.id: (letter.state, letter.body) for letter in record.schedules.letters()}
    assert left == {"waits": ("given_up", ""), "sent": ("sent", ""), "other": ("waiting", "zinc")}
    assert b"quendolyne" not in bytes_of(workspace)


# ── backup ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_restored_backup_searches_as_the_workspace_did(workspace: Path, tmp_path: Path) -> None:
    """Record, settings and own prompts are there; nothing is embedded again; the index is made by the next ingest."""
    with Record.open(workspace / "library.db") as record:
        made = back_up(record, to=tmp_path / "b.tar", now=NOW)
    assert (made.documents, made.chunks, made.made) == (3, 3, NOW)
    again = restore(tmp_path / "b.tar", tmp_path / "again")
    assert again.made == NOW
    assert (tmp_path / "again" / "prompts" / "query.txt").read_text() == "mine: {{ text }}"
    assert config.load(tmp_path / "again").embedder.kind == "small"
    with opened(tmp_path / "again", embedder=EMBEDDER) as retrieval:
        assert retrieval.find("zinc demand", k=1).passages[0].source.path == "docs/b.txt"


def test_a_backup_never_overwrites_and_a_restore_neither(workspace: Path, tmp_path: Path) -> None:
    """Both say so before anything is touched."""
    (tmp_path / "b.tar").write_text("mine")
    with Record.open(workspace / "library.db") as record:
        with pytest.raises(UsageError, match="never overwrites"):
            back_up(record, to=tmp_path / "b.tar", now=NOW)
        back_up(record, to=tmp_path / "c.tar", now=NOW)
    assert (tmp_path / "b.tar").read_text() == "mine"
    with pytest.raises(UsageError, match="nothing is overwritten"):
        restore(tmp_path / "c.tar", workspace)
    with pytest.raises(UsageError, match="not a complete backup"):
        restore(tmp_path / "b.tar", tmp_path / "new")
    assert not (tmp_path / "new").exists()


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from rag.record import Record
from rag.upkeep import back_up

with Record.open(Path(sys.argv[1]) / "library.db") as record:
    copied = record.copy_to
    def then_killed(path):
        copied(path)
        print("copied", flush=True)
        input()
    record.copy_to = then_killed
    back_up(record, to=Path(sys.argv[2]), now=datetime(2026, 11, 23, tzinfo=UTC))
"""


def test_what_a_killed_backup_left_goes_with_the_next_one_but_nothing_that_another_is_at(workspace: Path, tmp_path: Path) -> None:
    """It is a copy of the whole library in a hidden folder, where nobody would look for it."""
    with Record.open(workspace / "library.db") as record:
        command = [sys.executable, "-c", KILLED, str(workspace), str(tmp_path / "a.tar")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"copied\n"
            back_up(record, to=tmp_path / "b.tar", now=NOW)
            assert [path.name for path in tmp_path.glob(".backup-*/*")] == ["library.db"]
            other.kill()
        assert b"quendolyne" in bytes_of(next(tmp_path.glob(".backup-*")))
        back_up(record, to=tmp_path / "c.tar", now=NOW)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "c.tar", "research"]


def test_any_changed_byte_of_a_backup_is_noticed(workspace: Path, tmp_path: Path) -> None:
    """At 20 places over the file, and when it was cut off; nothing is left of the attempt."""
    with Record.open(workspace / "library.db") as record:
        back_up(record, to=tmp_path / "b.tar", now=NOW)
    data = (tmp_path / "b.tar").read_bytes()
    with tarfile.open(tmp_path / "b.tar") as tar:
        ends = [(member.offset_data, member.offset_data + member.size) for member in tar.getmembers()]
    places = [first + (past - first) * step // 6 for first, past in ends for step in range(1, 6) if past > first]
    for place in places:
        (tmp_path / "bad.tar").write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        with pytest.raises(UsageError):
            restore(tmp_path / "bad.tar", tmp_path / "new")
    (tmp_path / "bad.tar").write_bytes(data[: len(data) // 2])
    with pytest.raises(UsageError):
        restore(tmp_path / "bad.tar", tmp_path / "new")
    assert len(places) >= 20 - 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "bad.tar", "research"]


# ── doctor ────────────────────────────────────────────────────────────────────────────────────────────────────────


def examine(workspace: Path, *, embedder: Callable[[EmbedderSettings], Embedder]) -> list[Finding]:
    """With the index in the workspace's own folder."""
    return examined_with(
        workspace, embedder=embedder, index=lambda setting, record, space: ChromaStore(workspace / "index", space=space.id)
    )


def examined(workspace: Path) -> dict[str, list[Finding]]:
    """Findings that are not fine, by what they are about."""
    found: dict[str, list[Finding]] = {}
    for finding in examine(workspace, embedder=lambda setting: EMBEDDER):
        if finding.state != "ok":
            found.setdefault(finding.about, []).append(finding)
    return found


def test_a_healthy_workspace_has_nothing_broken(workspace: Path) -> None:
    """Every part was looked at."""
    assert examined(workspace) == {}
    assert {one.about for one in examine(workspace, embedder=lambda setting: EMBEDDER)} == {
        *("settings", "record", "index", "model", "folder", "disk")
    }


def test_each_illness_is_found_and_comes_with_a_cure(workspace: Path) -> None:
    """Settings, folder, model, index and record, one after the other."""
    good = (workspace / "rag.toml").read_text()
    (workspace / "rag.toml").write_text(good + "nonsense = 1\n")
    assert "settings" in examined(workspace)
    (workspace / "rag.toml").write_text('folders = ["docs", "gone"]\n[embedder]\nkind = "sentence-transformers"\nmodel = "./none"\n')
    found = examined(workspace)
    assert found["folder"][0].message.endswith("gone is not there")
    assert found["model"][0].state == "broken"
    (workspace / "rag.toml").write_text(good)
    other = examine(workspace, embedder=lambda setting: HashingEmbedder(model="another"))
    assert [one.next for one in other if one.about == "model"] == ["run `rag ingest --re-embed`, or set the former model again"]
    data = next((workspace / "index").rglob("chroma.sqlite3"))
    os.truncate(data, 100)
    assert "rebuilds it without embedding" in examined(workspace)["index"][0].next
    with sqlite3.connect(workspace / "library.db") as connection:
        connection.execute("DELETE FROM lexical_idx")
        connection.execute("DELETE FROM lexical_data WHERE id > 10")
    assert "lexical index" in examined(workspace)["record"][0].message
    (workspace / "library.db").write_bytes(b"nonsense" * 1000)
    assert examined(workspace)["record"][0].state == "broken"


def test_a_record_whose_rows_lost_their_parents_is_broken(workspace: Path) -> None:
    """Foreign keys are checked too."""
    with sqlite3.connect(workspace / "library.db") as connection:
        connection.execute("DELETE FROM documents WHERE id = (SELECT min(id) FROM documents)")
    assert "names a row of documents that is not there" in examined(workspace)["record"][0].message


def test_passages_that_are_not_told_of_word_by_word_are_counted(workspace: Path) -> None:
    """Searches do without, so their owner should know; an embedder that tells nothing has none that wait."""
    told = TellingEmbedder(model=EMBEDDER.model, dimensions=EMBEDDER.dimensions)
    assert told.fingerprint == EMBEDDER.fingerprint
    found = [one for one in examine(workspace, embedder=lambda setting: told) if one.about == "model"]
    assert [one.state for one in found] == ["ok", "warning"]
    assert re.match(r"\d+ passages wait to be told of word by word", found[1].message)


def test_examining_downloads_nothing_and_names_the_command(workspace: Path) -> None:
    """A model that is not on this machine."""
    (workspace / "rag.toml").write_text('[embedder]\nmodel = "nobody/nothing-at-all"\n')
    found = examine(workspace, embedder=lambda setting: pytest.fail(setting.model) if isinstance(setting, EmbedderSettings) else EMBEDDER)
    assert [one.next for one in found if one.about == "model"] == ["run `hf download nobody/nothing-at-all`, or set another embedder"]


@pytest.mark.parametrize(
    ("setting", "about", "message", "cure"),
    [
        (
            '[reranker]\nmodel = "nobody/nothing-at-all"\n',
            "reranker",
            "nobody/nothing-at-all is not on this machine",
            "leave reranker.model empty",
        ),
        (
            '[search]\nquery_prompt = "weather"\n',
            "settings",
            "no query prompt 'weather' in prompts/query",
            "there is: economy, filings, news, title",
        ),
        ('[store]\nkind = "langchain"\nopen = "nowhere:at_all"\n', "index", "nowhere:at_all cannot be imported", "PYTHONPATH"),
    ],
)
def test_a_setting_with_which_no_search_works_is_found(workspace: Path, setting: str, about: str, message: str, cure: str) -> None:
    """Before a search does, and what else there is to find is found besides."""
    (workspace / "rag.toml").write_text(f'[embedder]\nkind = "small"\n{setting}')
    found = examine_workspace(workspace)
    broken = [one for one in found if one.state == "broken" and one.about == about]
    assert len(broken) == 1
    assert message in broken[0].message
    assert cure in broken[0].next
    assert {"record", "index", "model", "disk"} <= {one.about for one in found}


# ── patterns ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("pattern", "path", "matched"),
    [
        ("*.tmp", "a.tmp", True),
        ("*.tmp", "x/y/a.TMP", True),
        ("*.tmp", "a.tmp.txt", False),
        ("drafts/**", "drafts/x/a.txt", True),
        ("drafts/**", "old/drafts/a.txt", False),
        ("**/drafts/**", "old/drafts/a.txt", True),
        ("drafts", "old/drafts/a.txt", True),
        ("/drafts/", "drafts/a.txt", True),
        ("a/*/c.txt", "a/b/c.txt", True),
        ("a/*/c.txt", "a/b/b/c.txt", False),
        ("q?.txt", "q1.txt", True),
        ("q[12].txt", "q3.txt", False),
        ("q[!12].txt", "q3.txt", True),
        ("a+b(1).txt", "a+b(1).txt", True),
        ("mail/*.eml/*.png", "mail/x.eml/logo.png", True),
    ],
)
def test_patterns_match_whole_names_and_folders(pattern: str, path: str, matched: bool) -> None:
    """Without regard to case; a star stays within a name."""
    assert matches(path, pattern) is matched


def test_exclude_wins_over_include_and_says_which_pattern() -> None:
    """No include means everything."""
    why = chooser(include=["*.pdf"], exclude=["drafts"])
    assert why("a.pdf") == ""
    assert why("drafts/a.pdf") == 'left out by exclude = "drafts" in rag.toml'
    assert "no pattern of include" in why("a.txt")
    assert chooser()("anything") == ""
