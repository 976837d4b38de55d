"""Search over a real record and a real Chroma index: everything committed is found, nothing deleted is, and failures degrade aloud."""

import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rag.closeness import closeness
from rag.config import SearchSettings, Settings
from rag.errors import FingerprintError, ModelError, UsageError
from rag.named import Named
from rag.parts import retrieval_of
from rag.prompts import query_prompt
from rag.record import Record
from rag.retrieval import CLAUSE, CLOSENESS, NAME, NOT_RERANKED, SURROUNDINGS, Retrieval
from rag.types import Scope, SearchResult
from tests.fakes import HashingEmbedder
from tests.libraries import add, opened

if TYPE_CHECKING:
    from rag.ports import Vectors

METALS = ["lithium", "nickel", "cobalt", "copper", "graphite", "manganese", "silver", "zinc"]
PLACES = ["Norway", "Chile", "Ghana", "Japan", "Peru", "Korea", "Spain", "India", "Kenya", "Mali"]


def note(metal: str, place: str, *, day: int = 1) -> str:
    """A dated text that only one question fits best."""
    return f"date: 2025-01-{day:02d}\n\nThe {metal} mines of {place} shipped more ore than the year before."


def hashing(*, model: str = "hashing", query_prompt: str = "") -> HashingEmbedder:
    """With so many dimensions that no two words of these texts share one."""
    return HashingEmbedder(dimensions=1024, model=model, query_prompt=query_prompt)


TEXTS = {f"{metal}-{place}.txt": note(metal, place, day=number % 28 + 1) for number, metal in enumerate(METALS) for place in PLACES}
EVERYTHING = Scope()
QUESTION = "Which cobalt mines of Peru shipped more?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 documents, all in a published generation. Tests that change something take a copy."""
    workspace = tmp_path_factory.mktemp("library")
    add(workspace, TEXTS, embedder=hashing())
    return workspace


@pytest.fixture
def copy(library: Path, tmp_path: Path) -> Path:
    """A copy of the library to change."""
    return shutil.copytree(library, tmp_path / "copy")


def paths(result: SearchResult) -> list[str]:
    """The files found, best first."""
    return [passage.source.path for passage in result.passages]


def find(
    workspace: Path, question: str = QUESTION, *, k: int = 10, scope: Scope = EVERYTHING, dense: bool = True, lexical: bool = True
) -> SearchResult:
    """One search in a library of its own opening."""
    with opened(workspace, embedder=hashing()) as retrieval:
        return retrieval.find(question, k=k, scope=scope, dense=dense, lexical=lexical)


@pytest.mark.parametrize(("dense", "lexical"), [(True, True), (True, False), (False, True)])
def test_the_document_that_fits_is_first(library: Path, dense: bool, lexical: bool) -> None:
    """By either search and by both; each passage says where it stood."""
    result = find(library, k=5, dense=dense, lexical=lexical)
    assert paths(result)[0] == "docs/cobalt-Peru.txt"
    assert len(result.passages) == 5
    assert {hit.by for hit in result.passages[0].hits} == {name for name, on in [("dense", dense), ("lexical", lexical)] if on}
    assert [passage.score for passage in result.passages] == sorted((passage.score for passage in result.passages), reverse=True)


def test_a_score_is_cosines_and_words_and_name_and_equal_ones_go_by_id(library: Path) -> None:
    """Own cosine and the page's, closeness of the words, and the document's name, each times its weight; the order is total."""
    result = find(library, k=80)
    with opened(library, embedder=hashing(), read_only=True) as retrieval:
        close = closeness(
            QUESTION, [passage.chunk for passage in result.passages], holders=retrieval.record.holders(QUESTION), among=len(TEXTS)
        )
        names = Named(retrieval.record.sources()).scores(QUESTION)
        ids, matrix = retrieval.record.vectors()
    cosines = dict(zip(ids, matrix @ hashing().embed([QUESTION], kind="query")[0], strict=True))
    for passage, words in zip(result.passages, close, strict=True):
        alone_on_its_page = (1 + SURROUNDINGS) * cosines[passage.chunk.id]
        named = NAME * names.get(passage.source.document, 0)
        assert passage.score == pytest.approx(alone_on_its_page + (CLOSENESS + CLAUSE) * words + named, abs=1e-5)
    keys = [(-passage.score, passage.chunk.id) for passage in result.passages]
    assert keys == sorted(keys)
    assert find(library, k=80) == result


def test_of_two_equal_sentences_the_one_on_the_fitting_page_is_first(tmp_path: Path) -> None:
    """A passage's surroundings count: the same words stand between copper in one document and between wool in the other."""
    said = "Sales rose sharply in the second quarter of the year."
    around = {"copper.txt": "Copper mines and copper smelters. " * 30, "wool.txt": "Wool weavers and wool merchants. " * 30}
    add(tmp_path, {name: f"{text}\n\n{said}\n\n{text}" for name, text in around.items()}, embedder=hashing(), budget=48)
    with opened(tmp_path, embedder=hashing()) as retrieval:
        for metal in ("copper", "wool"):
            passages = retrieval.find(f"second quarter sales, as {metal} goes", k=20).passages
            first = next(passage for passage in passages if said in passage.chunk.text)
            assert first.source.path == f"docs/{metal}.txt"


def test_a_page_does_not_fill_the_list(tmp_path: Path) -> None:
    """Each further passage of a page loses something, so that a less fitting page comes before the page's tenth passage."""
    long = "\n\n".join(f"Copper mines of Peru shipped copper ore in week {number} of the year." for number in range(40))
    other = "Copper mines shipped ore to many places, and to some of them for the first time since the harbour was built."
    add(tmp_path, {"long.txt": long, "other.txt": other}, embedder=hashing(), budget=32)
    with opened(tmp_path, embedder=hashing()) as retrieval:
        passages = retrieval.find("To which places did copper mines ship?", k=100).passages
    assert [passage.source.path for passage in passages[:10]].count("docs/other.txt") >= 1
    assert [passage.score for passage in passages] == sorted((passage.score for passage in passages), reverse=True)


def test_a_document_the_question_names_is_searched_whole(tmp_path: Path) -> None:
    """Its passages come though more others are nearer than a list holds, and say that the name was why."""
    texts = {f"other-{number}.txt": f"Profit and loss of the year, note {number}." for number in range(150)}
    add(tmp_path, {**texts, "BESTBUY_2019_10K.txt": "Stores were closed for good."}, embedder=hashing(), publish=False)
    with opened(tmp_path, embedder=hashing()) as retrieval:
        found = retrieval.find("Profit and loss of Best Buy in FY2019?", k=400).passages
        unnamed = retrieval.find("Profit and loss of the year?", k=400).passages
    named = [passage for passage in found if passage.source.path == "docs/BESTBUY_2019_10K.txt"]
    assert [hit.by for hit in named[0].hits] == ["name"]
    assert not any(passage.source.path == "docs/BESTBUY_2019_10K.txt" for passage in unnamed)


def test_a_search_without_a_reranker_says_so(library: Path) -> None:
    """In a note and by an empty name."""
    result = find(library)
    assert (result.reranked_by, result.notes) == ("", (NOT_RERANKED,))


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is asked from the first search on, however small the library."""
    monkeypatch.setattr("rag.retrieval.SCANS_FIRST", 0)
    monkeypatch.setattr("rag.record.tables.SCANNED", 0)
    monkeypatch.setattr("rag.retrieval.LISTED", 0)


def test_without_an_index_there_is_a_note(library: Path, copy: Path) -> None:
    """And the same passages."""
    shutil.rmtree(copy / "index")
    expected, scanned = find(library, lexical=False, k=50), find(copy, lexical=False, k=50)
    assert scanned.passages == expected.passages
    assert scanned.notes[0] == "no index is published yet; every vector was scanned instead, which is exact but slower"


def test_nothing_jumps_when_a_process_goes_over_to_the_index(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The searches before and after give the same passages with the same scores, also of what came and went since the index was made."""
    monkeypatch.setattr("rag.retrieval.SCANS_FIRST", 2)
    monkeypatch.setattr("rag.record.tables.SCANNED", 0)
    monkeypatch.setattr("rag.retrieval.LISTED", 0)
    add(
        copy,
        {"new.txt": note("uranium", "Niger"), "cobalt-Peru.txt": "", "zinc-Mali.txt": note("zinc", "Chile")},
        embedder=hashing(),
        publish=False,
    )
    asked: list[int] = []
    with opened(copy, embedder=hashing()) as retrieval:
        nearest = retrieval.store.nearest

        def counted(vector: "Vectors", *, k: int) -> Sequence[tuple[str, float]]:
            asked.append(k)
            return nearest(vector, k=k)

        monkeypatch.setattr(retrieval.store, "nearest", counted)
        for question in (QUESTION, "uranium of Niger", "zinc mines"):
            first, second, third = (retrieval.find(question, k=60, lexical=False) for _ in range(3))
            assert first.passages == second.passages == third.passages
    assert len(asked) == 7


def test_the_record_lists_what_may_be_near_in_a_large_library(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is not asked, searches before and after the record is ready give the same, and only signs are no list: then it is asked."""
    monkeypatch.setattr("rag.retrieval.SCANS_FIRST", 2)
    monkeypatch.setattr("rag.record.tables.SCANNED", 0)
    asked: list[int] = []
    with opened(copy, embedder=hashing()) as retrieval:

        def counted(vector: "Vectors", *, k: int) -> Sequence[tuple[str, float]]:
            asked.append(k)
            return []

        monkeypatch.setattr(retrieval.store, "nearest", counted)
        first, second, third = (retrieval.find(QUESTION, k=60, lexical=False) for _ in range(3))
        assert first.passages == second.passages == third.passages
        assert not asked
        retrieval.record.keep_vectors("binary")
        retrieval.find(QUESTION, k=60, lexical=False)
        assert asked


def test_a_damaged_index_is_scanned_around_with_a_note(copy: Path) -> None:
    """Nothing is lost but speed, and the note names the remedy."""
    for path in (copy / "index").rglob("*"):
        if path.is_file() and path.stat().st_size:
            path.write_bytes(b"\0" * path.stat().st_size)
    result = find(copy, lexical=False)
    assert paths(result)[0] == "docs/cobalt-Peru.txt"
    assert "rag ingest" in result.notes[0]
    assert result.notes[0].endswith("every vector was scanned instead, which is exact but slower")


def test_an_index_of_a_later_state_is_scanned_around(copy: Path) -> None:
    """As after putting an old library.db back."""
    with sqlite3.connect(copy / "library.db") as connection:
        connection.execute("UPDATE meta SET value = 1 WHERE name = 'sequence'")
    connection.close()
    result = find(copy, lexical=False)
    assert paths(result)[0] == "docs/cobalt-Peru.txt"
    assert result.notes[0].startswith("the index belongs to a later state of the record")


@pytest.mark.usefixtures("indexed")
def test_a_document_committed_after_the_index_is_found(copy: Path) -> None:
    """The delta is scanned beside the generation."""
    add(copy, {"new.txt": note("uranium", "Niger")}, embedder=hashing(), publish=False)
    result = find(copy, "uranium mines of Niger", lexical=False)
    assert paths(result)[0] == "docs/new.txt"
    assert result.notes == (NOT_RERANKED,)


@pytest.mark.usefixtures("indexed")
def test_deleted_documents_are_not_found_and_take_no_places(copy: Path) -> None:
    """60 of 80 go after the index was made: the other 20 all come, though none stands among the index's 50 nearest."""
    with opened(copy, embedder=hashing()) as retrieval:
        order = paths(retrieval.find(QUESTION, k=50, lexical=False))
    gone = [*order, *sorted({f"docs/{name}" for name in TEXTS} - set(order))][:60]
    add(copy, {path.removeprefix("docs/"): "" for path in gone}, embedder=hashing(), publish=False)
    found = paths(find(copy, k=50, lexical=False))
    assert set(found) == {f"docs/{name}" for name in TEXTS} - set(gone)


@pytest.mark.usefixtures("indexed")
def test_a_changed_document_is_found_as_it_is_now(copy: Path) -> None:
    """Its old chunks are out, its new ones in."""
    add(copy, {"cobalt-Peru.txt": note("uranium", "Niger")}, embedder=hashing(), publish=False)
    assert paths(find(copy, "uranium mines of Niger", lexical=False))[0] == "docs/cobalt-Peru.txt"
    assert not any("cobalt mines of Peru" in passage.chunk.text for passage in find(copy, k=80).passages)


def test_a_scope_restricts_both_searches(library: Path) -> None:
    """Documents outside are not found, however well they fit, and inside the best is first."""
    scope = Scope(published_from=date(2025, 1, 4), published_to=date(2025, 1, 4))
    result = find(library, k=50, scope=scope)
    assert set(paths(result)) == {f"docs/copper-{place}.txt" for place in PLACES}
    assert paths(result)[0] == "docs/copper-Peru.txt"
    assert len(find(library, k=50, scope=Scope(folders=("elsewhere",))).passages) == 0


def test_an_empty_time_costs_no_look_at_all_documents(library: Path) -> None:
    """Only of folders in which nothing lies there is something to say."""
    said: list[str] = []
    with opened(library, embedder=hashing(), read_only=True) as retrieval:
        retrieval.record._connection.set_trace_callback(said.append)
        future = date(2031, 1, 1)
        for folders, looks in (((), 0), (("docs",), 0), (("elsewhere",), 1), (("docs", "elsewhere"), 1)):
            said.clear()
            result = retrieval.find(QUESTION, scope=Scope(folders=folders, published_from=future))
            assert not result.passages
            assert ("no document lies below 'elsewhere'" in result.notes) is ("elsewhere" in folders)
            assert "no document lies below 'docs'" not in result.notes
            assert sum(sql.endswith("FROM sources AS s WHERE 1 ORDER BY s.path") for sql in said) == looks, said


def test_many_questions_are_embedded_in_one_call(library: Path) -> None:
    """And each gets what it would get alone."""
    questions = [f"{metal} of Chile" for metal in METALS] + ["lithium of Chile"]
    embedder = hashing()
    with opened(library, embedder=embedder, read_only=True) as retrieval:
        results = retrieval.find_all(questions, k=3)
        assert embedder.calls == 1
        assert sorted(embedder.texts) == sorted(set(questions))
        assert results == [retrieval.find(question, k=3) for question in questions]
        assert retrieval.find_all([]) == []


def test_a_question_asked_before_needs_no_model(copy: Path) -> None:
    """Its vector is in the record's cache."""
    first, second = hashing(), hashing()
    with opened(copy, embedder=first) as retrieval:
        found = retrieval.find("Which zinc mines?")
    with opened(copy, embedder=second) as retrieval:
        assert retrieval.find("Which zinc mines?") == found
    assert (first.calls, second.calls) == (1, 0)


def test_a_read_only_record_is_searched_all_the_same(copy: Path) -> None:
    """It keeps no vectors, and says nothing about it: nobody asked it to."""
    with opened(copy, embedder=hashing(), read_only=True) as retrieval:
        assert retrieval.find("zinc of Mali").notes == (NOT_RERANKED,)


def test_a_record_that_is_being_written_costs_a_note_and_not_the_search(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program holds SQLite's lock for longer than we wait."""
    monkeypatch.setattr("rag.record.record.BUSY_S", 0.05)
    writer = sqlite3.connect(copy / "library.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    result = find(copy, "Which cobalt mines of Peru?")
    writer.close()
    assert paths(result)[0] == "docs/cobalt-Peru.txt"
    assert result.notes[0].startswith("the questions' vectors were not kept for next time: ")


@dataclass
class Backwards:
    """A reranker that prefers what was last."""

    model: str = "backwards"
    seen: list[str] = field(default_factory=list)
    count: int | None = None
    reached: int = 100

    def score(self, query: str, passages: Sequence[str]) -> Sequence[float | None] | None:
        """0, 1, 2, ... as far as it reached."""
        self.seen = list(passages)
        return [float(at) if at < self.reached else None for at in range(self.count or len(passages))]


def test_a_reranker_reorders_the_best_twenty(library: Path) -> None:
    """It sees header and text; what it did not see follows; the list stays ordered by score."""
    judge = Backwards()
    with opened(library, embedder=hashing()) as retrieval:
        fused = retrieval.find(QUESTION, k=30)
        result = replace(retrieval, reranker=judge).find(QUESTION, k=30)
    assert paths(result) == [*paths(fused)[19::-1], *paths(fused)[20:]]
    assert judge.seen == [passage.chunk.embedded_text for passage in fused.passages[:20]]
    assert result.reranked_by == "backwards"
    assert result.notes == ()
    assert [(hit.rank, hit.score) for hit in result.passages[0].hits if hit.by == "rerank"] == [(1, 19.0)]
    assert [passage.score for passage in result.passages] == [1 / (60 + rank) for rank in range(1, 31)]


def test_past_the_rerankers_time_the_fused_order_follows_and_the_search_says_so(library: Path) -> None:
    """Those it scored come first in its order; how many it sees is a setting."""
    with opened(library, embedder=hashing()) as retrieval:
        fused = retrieval.find(QUESTION, k=30)
        result = replace(retrieval, reranker=Backwards(reached=4), reranked=10).find(QUESTION, k=30)
    assert paths(result) == [*paths(fused)[3::-1], *paths(fused)[4:]]
    assert result.notes == ("the reranker's time ran out: 4 of 10 passages are in its order, the others follow in the fused one",)


def test_a_reranker_that_miscounts_is_an_error(library: Path) -> None:
    """Not a guess."""
    with opened(library, embedder=hashing()) as retrieval, pytest.raises(ModelError, match="3 scores for 20 passages"):
        replace(retrieval, reranker=Backwards(count=3)).find(QUESTION)


@pytest.mark.parametrize(
    ("question", "k", "dense", "said"),
    [("  ", 5, True, "the question is empty"), ("zinc", 0, True, "at least one passage"), ("zinc", 5, False, "dense or lexical")],
)
def test_a_question_that_cannot_be_asked_is_refused(library: Path, question: str, k: int, dense: bool, said: str) -> None:
    """Before anything is embedded."""
    with pytest.raises(UsageError, match=said):
        find(library, question, k=k, dense=dense, lexical=False)


def test_an_empty_library_says_what_to_run(tmp_path: Path) -> None:
    """Before the model is even looked at."""
    Record.create(tmp_path / "library.db").close()
    with pytest.raises(UsageError, match="nothing ingested yet; run `rag ingest`"):
        find(tmp_path)


def test_another_embedder_is_refused_by_name(library: Path) -> None:
    """Both are named, with the command to embed again; lexical search needs no embedder."""
    other = hashing(model="other")
    with opened(library, embedder=other) as retrieval:
        with pytest.raises(FingerprintError, match=r"by hashing, .*now is other: .*`rag ingest --re-embed`"):
            retrieval.find(QUESTION)
        assert paths(retrieval.find(QUESTION, dense=False))[0] == "docs/cobalt-Peru.txt"


def test_another_query_prompt_is_refused_except_for_evaluation(library: Path) -> None:
    """The prompt is part of the index's fingerprint; an evaluation may compare prompts over the same documents."""
    prompted = hashing(query_prompt="find: ")
    with opened(library, embedder=hashing(), read_only=True) as retrieval:
        with pytest.raises(FingerprintError, match=r"by hashing \(query_prompt=''\), .*now is hashing \(query_prompt='find: '\)"):
            replace(retrieval, embedder=prompted).find(QUESTION)
        result = replace(retrieval, embedder=prompted, any_query_prompt=True).find(QUESTION)
    assert paths(result)[0] == "docs/cobalt-Peru.txt"
    assert prompted.texts == [QUESTION]


def test_a_query_prompt_of_the_settings_goes_before_questions_over_the_same_index(library: Path) -> None:
    """Nothing is embedded anew, and the fingerprint a report prints holds the prompt; one that is not there is refused by name."""
    embedder = hashing()
    with opened(library, embedder=embedder, read_only=True) as retrieval:

        def put(domain: str) -> Retrieval:
            settings = Settings(search=SearchSettings(query_prompt=domain))
            return retrieval_of(settings, record=retrieval.record, store=retrieval.store, embedder=embedder, reranker=retrieval.reranker)

        title = put("title")
        assert paths(title.find(QUESTION))[0] == "docs/cobalt-Peru.txt"
        assert title.embedder.fingerprint.query_prompt == query_prompt("title").text
        with pytest.raises(UsageError, match="no query prompt 'tittle' in prompts/query; there is: economy, filings, news, title"):
            put("tittle")
    assert embedder.texts[-1] == query_prompt("title").text + QUESTION


def test_a_question_the_embedder_cannot_hold_is_noted(library: Path) -> None:
    """Its end counts in lexical search only."""
    result = find(library, "cobalt " * 300)
    assert result.notes[0] == "the question is 46 tokens too long for the embedder: only lexical search used its end"


def test_a_document_of_the_day_that_is_named_comes_first(tmp_path: Path) -> None:
    """Of many that say the same; the passage says that the day was why."""
    texts = {f"{at}.txt": f"date: 2026-05-{at:02}\n\nHarbour cranes, as reported." for at in range(1, 20)}
    add(tmp_path, texts, embedder=hashing())
    with opened(tmp_path, embedder=hashing()) as retrieval:
        first = retrieval.find("What was reported on harbour cranes on 17 May 2026?", k=1).passages[0]
    assert first.source.path == "docs/17.txt"
    assert "date" in {hit.by for hit in first.hits}
