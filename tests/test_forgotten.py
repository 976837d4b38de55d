"""Documents that are forgotten while something else goes on: nobody keeps what quotes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rag.app import Library
from rag.errors import DeletedError
from rag.ingest import drain
from rag.llms.openai import OpenAILlm
from rag.record import CallLog
from tests.libraries import library_of
from tests.scripted_models import good, serving

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NOTES = {
    "cells.md": "date: 2026-06-01\n\nCell prices in Europe fell by 12 percent in 2025, said Quendolyne in its annual report.\n",
    "blades.md": "date: 2026-06-01\n\nBlades of turbines in Europe grew to 110 metres in 2025, said Ormskirkia in a note.\n",
}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Two notes."""
    with library_of(tmp_path, NOTES) as made:
        yield made


@contextmanager
def forgetting(library: Library, *, what: str) -> Iterator[None]:
    """The library's writer is a model in whose first call somebody else forgets the document."""
    asked: list[str] = []

    def model(request: dict[str, Any]) -> str:
        if not asked:
            asked.append(what)
            with Library.open(library.workspace) as other:
                assert other.forget([what], now=NOW).paths == (what,)
        return good(request)

    with serving(model) as endpoint:
        library.llm = OpenAILlm("scripted-1", base_url=endpoint.base_url, api_key="k")
        yield
        library.llm.close()
    assert asked


def left(library: Library) -> bytes:
    """Every byte of the workspace."""
    files = sorted(path for path in library.workspace.rglob("*") if path.is_file())
    return b"".join(file.read_bytes() for file in files)


def test_a_report_is_not_kept(library: Library) -> None:
    """Neither its data nor its files, and nothing that the model said."""
    with forgetting(library, what="documents/cells.md"), pytest.raises(DeletedError, match="forgotten"):
        library.report("Cell prices, Europe, 2025", as_of=NOW.date(), now=NOW, writer="openai", formats=["md", "json"])
    assert library.record.reports() == []
    assert [path for path in (library.workspace / "reports").rglob("*") if path.is_file()] == []
    assert b"Quendolyne" not in left(library)
    assert not any(CallLog(library.record).answers(prompt) for (prompt,) in library.record.rows("SELECT prompt FROM model_calls"))


def test_an_answer_is_not_kept(library: Library) -> None:
    """A question that is asked without a chat begins none."""
    with forgetting(library, what="documents/cells.md"), pytest.raises(DeletedError, match="forgotten"):
        library.ask("How far did cell prices fall in 2025?", now=NOW, writer="openai")
    assert library.turns() == []
    assert not any(CallLog(library.record).answers(prompt) for (prompt,) in library.record.rows("SELECT prompt FROM model_calls"))


def test_what_is_forgotten_is_not_exported_to_be_embedded_elsewhere(library: Library, tmp_path: Path) -> None:
    """By its path, by its content under another name, and with all of its folder."""
    documents = tmp_path / "documents"
    (documents / "later.md").write_text(NOTES["cells.md"], encoding="utf-8")
    (documents / "new.md").write_text("# Smelters\n\nSmelters ran short of ore in 2025, said a note of the ministry.\n", encoding="utf-8")
    library.forget(["documents/cells.md"], now=NOW)
    assert library.export_texts(tmp_path / "shards", now=NOW).texts == 1
    assert "Quendolyne" not in (tmp_path / "shards" / "texts-00000.jsonl").read_text(encoding="utf-8")
    library.forget(["documents"], now=NOW)
    assert library.export_texts(tmp_path / "none", now=NOW).texts == 0


def test_an_ingest_holds_no_index_when_it_is_done(library: Library) -> None:
    """A process that goes on, as `rag ingest --watch` does, does not keep what another one forgets."""
    drain(library.ingest(now=NOW))
    with Library.open(library.workspace) as other:
        assert other.forget(["documents/cells.md"], now=NOW).held == 0


def test_the_next_ingest_takes_away_what_a_reader_still_held(library: Library) -> None:
    """Though nothing has changed, so that nothing is published."""
    with Library.open(library.workspace) as reading:
        assert reading.store.count == 2
        assert library.forget(["documents/cells.md"], now=NOW).held == 1
    drain(library.ingest(now=NOW))
    assert len(list((library.workspace / "index").iterdir())) == 1
