"""The command line as a newcomer and a script meet it: output, errors in one line, exit statuses."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rag.cli import cli
from rag.cli.door import day_of
from rag.record import Record
from rag.record.codes import CodesOf, PagesOf, RestsOf
from rag.record.schema import migrations

NOTE = """# Velox zinc cells

Published 2026-03-02

Velox shipped 420 MWh of zinc cells in 2025, up from 310 MWh in 2024. The price of a zinc cell fell by 12 per cent in 2025.
Token ZX-QUILL-7.
"""


def rag(*arguments: str | Path, stdin: str | None = None) -> Result:
    """One call of the command; an exception that is no RagError fails the test."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], input=stdin, catch_exceptions=False, prog_name="rag")


def assert_refused(result: Result, *, status: int, saying: str) -> None:
    """One line on stderr, nothing on stdout, the right exit status."""
    assert result.exit_code == status, result.output
    assert saying in result.stderr
    lines = [line for line in result.stderr.splitlines() if not line.startswith("rag: using the workspace")]
    assert len(lines) == 1
    assert result.stdout == ""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test stands in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def one_note(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one ingested note, made once."""
    workspace = tmp_path_factory.mktemp("note") / "x"
    assert rag("init", workspace, "--embedder", "small").exit_code == 0
    (workspace / "docs" / "velox.md").write_text(NOTE, encoding="utf-8")
    assert rag("ingest", "-w", workspace).exit_code == 0
    return workspace


@pytest.fixture
def workspace(here: Path, one_note: Path) -> Path:
    """The test's own copy of it, just below where the test stands."""
    return Path(shutil.copytree(one_note, here / "x"))


def test_init_explains_itself_and_makes_what_it_says(here: Path) -> None:
    """The next step is printed; settings, record and folders are there."""
    result = rag("init", "x", "--embedder", "small")
    assert result.exit_code == 0
    assert "then: rag ingest" in result.stdout
    assert {path.name for path in (here / "x").iterdir()} == {"docs", "library.db", "prompts", "rag.toml", "templates"}


def test_init_refuses_what_it_would_spoil(here: Path) -> None:
    """A workspace is not made twice, nor on top of documents, nor for a folder that is not there."""
    rag("init", "x")
    assert_refused(rag("init", "x"), status=2, saying="is a workspace already")
    (here / "papers").mkdir()
    (here / "papers" / "a.md").write_text("text", encoding="utf-8")
    assert_refused(rag("init", "papers"), status=2, saying="rag init NAME --folder papers")
    assert_refused(rag("init", "y", "--folder", "nowhere"), status=2, saying="nowhere is not a folder")
    assert not (here / "y").exists()


def test_a_place_that_cannot_hold_a_workspace_is_named(here: Path) -> None:
    """A file stands where the folder should be; it is left as it was."""
    (here / "file").write_text("mine", encoding="utf-8")
    assert_refused(rag("init", "file/x"), status=3, saying="choose a folder you may write to")
    assert (here / "file").read_text(encoding="utf-8") == "mine"


def test_a_workspace_whose_record_cannot_be_opened_says_so(workspace: Path) -> None:
    """A folder stands where the record was."""
    (workspace / "library.db").unlink()
    (workspace / "library.db").mkdir()
    for command in (["ingest"], ["status"], ["search", "zinc"]):
        assert_refused(rag(*command), status=3, saying="library")


@pytest.mark.parametrize("command", [("status",), ("search", "zinc"), ("ingest",), ("forget", "docs/a.txt"), ("chats",)])
def test_a_damaged_record_is_one_line_in_every_command(command: tuple[str, ...], tmp_path: Path) -> None:
    """Before a command opens the record it looks at its version."""
    assert rag("init", tmp_path / "w", "--embedder", "small").exit_code == 0
    (tmp_path / "w" / "library.db").write_bytes(b"noise, not a database " * 500)
    assert_refused(rag(*command, "-w", tmp_path / "w"), status=3, saying="library.db is damaged (file is not a database); put a backup")


def test_a_workspace_that_lost_its_record_gets_a_new_one(workspace: Path) -> None:
    """The error names the command, the command works, and the settings stay."""
    settings = (workspace / "rag.toml").read_text(encoding="utf-8")
    for name in ("library.db", "library.db-wal", "library.db-shm"):
        (workspace / name).unlink(missing_ok=True)
    assert_refused(rag("ingest"), status=3, saying="rag init")
    assert rag("init", workspace).exit_code == 0
    assert (workspace / "rag.toml").read_text(encoding="utf-8") == settings
    assert rag("ingest").exit_code == 0
    assert json.loads(rag("status", "--json").stdout)["documents"] == 1


def test_two_folders_of_one_name_are_refused_by_init(here: Path) -> None:
    """Citations could not tell them apart; nothing is made."""
    for folder in ("a/docs", "b/docs"):
        (here / folder).mkdir(parents=True)
    assert_refused(rag("init", "y", "--folder", "a/docs", "--folder", "b/docs"), status=2, saying="two folders have the same last name")
    assert not (here / "y").exists()


def test_words_that_are_no_text_are_refused(workspace: Path) -> None:
    """Bytes outside the terminal's encoding end in a usage error, not in a traceback."""
    for command in ("search", "report"):
        result = rag(command, "heat \udcff")
        assert result.exit_code == 2
        assert "not text in this terminal's encoding" in result.stderr


def test_vanished_files_are_kept_and_the_exit_status_says_so(workspace: Path) -> None:
    """A mass deletion is held back; a scheduled run notices."""
    for number in range(12):
        (workspace / "docs" / f"note-{number}.md").write_text(f"# Note {number}\n\nOf zinc number {number}.\n", encoding="utf-8")
    assert rag("ingest").exit_code == 0
    for number in range(12):
        (workspace / "docs" / f"note-{number}.md").unlink()
    result = rag("ingest")
    assert result.exit_code == 5
    assert "--allow-deletes" in result.stdout
    assert rag("ingest", "--allow-deletes").exit_code == 0


def test_a_command_outside_a_workspace_says_how_to_make_one() -> None:
    """No rag.toml at, above or just below."""
    assert_refused(rag("ingest"), status=2, saying="make one with: rag init NAME")


def test_ingest_finds_its_workspace_and_a_second_run_embeds_nothing(workspace: Path) -> None:
    """The workspace just below is used; unchanged files are not embedded again."""
    result = rag("ingest", "--json")
    assert result.exit_code == 0
    summary = json.loads(result.stdout)["summary"]
    assert summary["files"] == {"unchanged": 1}
    assert summary["embedded"] == 0


def test_a_changed_precision_holds_from_the_next_ingest_and_embeds_nothing(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vectors that are there lose what is no longer kept; searches find the note as before."""
    found = rag("search", "zinc", "--json").stdout
    monkeypatch.setenv("RAG_STORE__PRECISION", "int8")
    assert json.loads(rag("ingest", "--json").stdout)["summary"]["embedded"] == 0
    with Record.open(workspace / "library.db") as record:
        assert record.precision == "int8"
        assert record.rows("SELECT count(*) FROM blocks WHERE length(rest) > 0") == [(0,)]
    passages = [json.loads(output)["passages"][0]["chunk"]["id"] for output in (found, rag("search", "zinc", "--json").stdout)]
    assert passages[0] == passages[1]


def test_an_unknown_and_an_empty_folder_are_refused(workspace: Path) -> None:
    """One clear line each; what was in stays in."""
    assert_refused(rag("ingest", "nowhere", "-w", workspace), status=2, saying="nowhere is not a folder")
    (workspace / "empty").mkdir()
    assert_refused(rag("ingest", workspace / "empty", "-w", workspace), status=2, saying="empty")
    assert json.loads(rag("status", "--json").stdout)["documents"] == 1


def test_a_corrupt_file_is_reported_and_the_others_are_in(workspace: Path) -> None:
    """Exit status 5, the file and the reason; the rest is found."""
    (workspace / "docs" / "broken.pdf").write_bytes(b"%PDF-1.7 not really")
    (workspace / "docs" / "other.md").write_text("# Other\n\nAnother note, token ZX-HERON-9.\n", encoding="utf-8")
    result = rag("ingest")
    assert result.exit_code == 5
    assert "broken.pdf" in result.stdout
    assert "failed" in result.stdout
    found = json.loads(rag("search", "ZX-HERON-9", "--json").stdout)
    assert "ZX-HERON-9" in found["passages"][0]["chunk"]["text"]
    listed = rag("status", "--failed")
    assert listed.exit_code == 0
    assert "broken.pdf" in listed.stdout


def test_search_prints_source_page_and_reason(workspace: Path) -> None:
    """A person sees where a passage stands and why it was found."""
    result = rag("search", "shipments of zinc cells")
    assert result.exit_code == 0
    assert "docs/velox.md" in result.stdout
    assert "found by" in result.stdout
    assert "not reranked" in result.stderr


def test_search_keeps_to_its_scope(workspace: Path) -> None:
    """Dates, folders and tags restrict; a wrong date is one line."""
    assert json.loads(rag("search", "zinc", "--from", "2026-04-01", "--json").stdout)["passages"] == []
    assert json.loads(rag("search", "zinc", "--to", "2026-04-01", "--json").stdout)["passages"]
    assert json.loads(rag("search", "zinc", "--folder", "elsewhere", "--json").stdout)["passages"] == []
    wrong = rag("search", "zinc", "--from", "March")
    assert wrong.exit_code == 2
    assert "'March' is not a day such as 2026-09-30, nor a month or a year" in wrong.stderr
    assert_refused(rag("search", "zinc", "--from", "2026-04-01", "--to", "2026-03-01"), status=2, saying="is after the last")


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [("2026-03-09", "2026-03-09", "2026-03-09"), ("2028-02", "2028-02-01", "2028-02-29"), ("2026", "2026-01-01", "2026-12-31")],
)
def test_a_month_and_a_year_are_days_too(said: str, first: str, last: str) -> None:
    """The first where something begins, the last where it ends."""
    assert (day_of(said, last=False).isoformat(), day_of(said, last=True).isoformat()) == (first, last)


def test_a_search_to_a_year_holds_all_of_it(workspace: Path) -> None:
    """The same documents as by its last day."""
    whole, by_day, before = (
        json.loads(rag("search", "zinc", "--to", day, "--json").stdout)["passages"] for day in ("2026", "2026-12-31", "2025")
    )
    assert whole == by_day != []
    assert before == []


def test_a_files_name_does_not_steer_the_terminal(here: Path) -> None:
    """Nor turns its line round; its own name stays in the JSON."""
    name = "\x1b[2Jred\u202efdp.txt"
    folder = here / "odd"
    folder.mkdir()
    (folder / name).write_bytes(b"")
    assert rag("init", "ws", "--folder", folder, "--embedder", "small").exit_code == 0
    result = rag("ingest", "--workspace", "ws")
    told = rag("status", "--failed", "--workspace", "ws").output + result.output
    assert " [2Jred fdp.txt: cannot read" in told
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert json.loads(rag("status", "--json", "--workspace", "ws").output)["failed"][0]["path"] == f"odd/{name}"


def test_searching_before_anything_is_ingested_says_so() -> None:
    """The next step is named."""
    rag("init", "x", "--embedder", "small")
    assert_refused(rag("search", "zinc"), status=2, saying="rag ingest")


def test_a_wrong_setting_stops_every_command(workspace: Path) -> None:
    """The file and the key are named."""
    with (workspace / "rag.toml").open("a", encoding="utf-8") as file:
        file.write("colour = 1\n")
    for command in (["ingest"], ["status"], ["search", "zinc"]):
        assert_refused(rag(*command), status=2, saying="unknown setting")


def test_another_embedder_is_refused_with_the_command_to_re_embed(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors of two models are never mixed."""
    monkeypatch.setenv("RAG_EMBEDDER__KIND", "openai")
    monkeypatch.setenv("RAG_EMBEDDER__BASE_URL", "http://127.0.0.1:9/v1")
    (workspace / "docs" / "new.md").write_text("# New\n\nSomething new.\n", encoding="utf-8")
    assert_refused(rag("ingest"), status=6, saying="rag ingest --re-embed")
    assert_refused(rag("search", "zinc"), status=6, saying="rag ingest --re-embed")


def test_doctor_backup_restore_and_forget_work_together(workspace: Path, here: Path) -> None:
    """A healthy workspace exits 0, a broken one 3; a forgotten note is neither found nor read again; its backup still has it."""
    assert rag("doctor").exit_code == 0
    assert "checked" in rag("backup", "b.tar").stdout
    forgotten = json.loads(rag("forget", "docs/velox.md", "--json").stdout)
    assert forgotten["paths"] == ["docs/velox.md"]
    assert "skipped" in rag("ingest").stdout
    assert json.loads(rag("status", "--json").stdout)["documents"] == 0
    assert_refused(rag("restore", "b.tar", workspace), status=2, saying="nothing is overwritten")
    assert rag("restore", "b.tar", here / "y").exit_code == 0
    assert "ZX-QUILL-7" in rag("search", "Token ZX-QUILL-7", "-w", here / "y").stdout
    assert rag("forget", "--undo", "docs/velox.md", "-w", workspace).exit_code == 0
    assert "1 added" in rag("ingest", "-w", workspace).stdout
    (workspace / "library.db").write_bytes(b"x" * 5000)
    broken = rag("doctor", "-w", workspace)
    assert broken.exit_code == 3
    assert "-> put a backup in its place" in broken.stdout


def test_what_opening_does_to_an_earlier_record_is_said_first(workspace: Path) -> None:
    """On stderr; opening it again has nothing to say."""
    path, (*earlier, (newest, _)) = workspace / "library.db", migrations()
    for file in workspace.glob("library.db*"):
        file.unlink()
    with closing(sqlite3.connect(path)) as connection:
        for name, made in (("codes_of", CodesOf), ("pages_of", PagesOf), ("rests_of", RestsOf)):
            connection.create_aggregate(name, 2, made)  # type: ignore[arg-type]
        for number, script in earlier:
            connection.executescript(script)
            connection.execute(f"PRAGMA user_version = {number}")
    said = rag("status", "-w", workspace).stderr
    assert f"from record version {newest - 1} to {newest}; an earlier rag cannot open it afterwards" in said
    assert "version" not in rag("status", "-w", workspace).stderr
