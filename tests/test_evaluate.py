"""`rag eval`: gold is found where it stands, measures are the field's, arms differ in one thing, a fall is noticed."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rag.app import Library, create
from rag.errors import UsageError
from rag.evaluate import (
    Evaluation,
    Gold,
    Place,
    Question,
    Within,
    arms_of,
    chosen,
    evaluate,
    falls,
    generate,
    read_baseline,
    read_questions,
    to_json_line,
    winning,
)
from rag.evaluate.measures import estimate, measured
from rag.ingest import drain
from rag.numbers import find_numbers
from rag.prompts import query_prompt
from rag.text import content_stems
from rag.types import Chunk
from tests.fakes import HashingEmbedder
from tests.libraries import add, opened
from tests.test_cli import assert_refused, rag

pytest.importorskip("ir_measures")

CELLS = "Cell prices\n\nCell prices fell by 12.5 percent in 2025 after a year of shortage in nickel.\n\n" + (
    "Sodium cells are not sold yet, but two makers have shown samples to buyers in three countries and promise deliveries of sodium "
    "cells for the spring, at prices below those of iron."
)
EVERYWHERE = Within()
WIND = "Wind turbines\n\nBlades grew to 115 metres on average, and tower heights followed them to new records."
COPPER = "Copper notes\n\nSmelters ran short of concentrate, and treatment charges went below zero for the first time."


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three documents of a few chunks."""
    workspace = tmp_path_factory.mktemp("library")
    texts = {"cells.txt": CELLS, "wind.txt": WIND, "copper.txt": COPPER}
    add(workspace, texts, embedder=HashingEmbedder(dimensions=512), budget=32)
    return workspace


def asked(question: str, *gold: Gold, scope: Within = EVERYWHERE) -> Question:
    """A question with its gold."""
    return Question(question=question, gold=gold, scope=scope)


def run(library: Path, *questions: Question, by: str = "passage", k: int = 10, arms: tuple[str, ...] = ("lexical alone",)) -> Evaluation:
    """Measured in a library of its own opening."""
    with opened(library, embedder=HashingEmbedder(dimensions=512)) as retrieval:
        every = arms_of(retrieval, query_prompt="query: ")
        return evaluate(questions, arms=chosen(every, arms), record=retrieval.record, k=k, by=by)  # type: ignore[arg-type]


PRICES = asked("How far did cell prices fall?", Gold(document="docs/cells.txt", quote="fell by 12.5 percent"))
LENGTH = asked("blades metres average", Gold(document="docs/wind.txt"))
NOTHING = asked("turbines blades towers", Gold(document="docs/copper.txt"))


def test_measures_are_those_of_the_field() -> None:
    """A ranking with the gold at 2 and 4, checked by hand: hits, recall, reciprocal rank, R-precision; one found twice counts once."""
    rankings = {"q": [["x"], ["a"], ["y"], ["b"], ["z"]]}
    found = measured(rankings, {"q": ["a", "b", "c"]}, k=2)
    values = {measure: each["q"] for measure, each in found.items()}
    assert values == pytest.approx(
        {"hit@1": 0, "hit@2": 1, "recall@2": 1 / 3, "MRR@10": 1 / 2, "nDCG@10": (0.63093 + 0.43068) / 2.13093, "R-precision": 1 / 3},
        abs=1e-4,
    )


def test_a_question_that_finds_nothing_counts_as_nought() -> None:
    """It is not left out of the mean."""
    found = measured({"q": [["a"]], "none": []}, {"q": ["a"], "none": ["b"]}, k=10)
    assert all(each == {"q": 1.0, "none": 0.0} for each in found.values())


def test_an_entry_that_answers_two_things_takes_one_place() -> None:
    """Both are found within the first place."""
    assert measured({"q": [["a", "b"], ["x"]]}, {"q": ["a", "b"]}, k=1)["recall@1"] == {"q": 1.0}


def test_an_interval_holds_the_mean_and_is_the_same_every_time() -> None:
    """All equal: no width. A coin's: about what the binomial gives. Twice: the same."""
    assert (estimate([1.0] * 9).low, estimate([1.0] * 9).high) == (1.0, 1.0)
    coin = estimate([0.0, 1.0] * 50)
    assert coin.value == 0.5
    assert (coin.low, coin.high) == pytest.approx((0.4, 0.6), abs=0.02)
    assert coin == estimate([0.0, 1.0] * 50)


def test_gold_is_found_by_document_and_by_quote(library: Path) -> None:
    """A quote counts for the passage it stands in and for no other of its document."""
    other = asked("sodium cells sold", Gold(document="docs/cells.txt", quote="Cell prices fell by 12.5 percent in 2025"))
    result = run(library, PRICES, LENGTH, other)
    values = result.arms[0].values["hit@1"]
    assert [values[question.name] for question in (PRICES, LENGTH, other)] == [1.0, 1.0, 0.0]


def test_one_of_several_places_that_say_the_same_is_enough(library: Path) -> None:
    """The first does not come first, the other does."""
    either = asked("blades metres", Gold(document="docs/copper.txt", also=(Place(document="docs/wind.txt"),)))
    assert run(library, either).arms[0].values["hit@1"] == {either.name: 1.0}


def test_ranked_by_document_a_documents_passages_take_one_place(library: Path) -> None:
    """Two passages of the cells stand before the wind: third as a passage, second as a document."""
    question = asked("cell cells prices sodium percent year metres", Gold(document="docs/wind.txt"))
    by_passage, by_document = (run(library, question, by=by).arms[0].values["MRR@10"][question.name] for by in ("passage", "document"))
    assert by_passage < by_document
    assert by_document == 1 / 2


def test_a_scope_is_kept(library: Path) -> None:
    """The question sees only the documents it names."""
    scoped = asked("blades metres", Gold(document="docs/copper.txt"), scope=Within(documents=("docs/copper.txt",)))
    assert run(library, scoped).arms[0].values["hit@1"] == {scoped.name: 1.0}


def test_arms_stand_side_by_side_with_their_difference(library: Path) -> None:
    """Full first; each other arm's difference is the mean of the questions' own differences."""
    result = run(library, PRICES, LENGTH, NOTHING, arms=())
    assert [arm.name for arm in result.arms] == ["full", "without lexical", "lexical alone", "with query prompt"]
    full, *others = result.arms
    assert full.differences == {}
    for arm in others:
        for measure, difference in arm.differences.items():
            assert difference.value == pytest.approx(arm.measures[measure].value - full.measures[measure].value)
    with pytest.raises(UsageError, match="'by guess' is no way to search"):
        run(library, PRICES, arms=("by guess",))


def test_an_arm_with_a_prompt_embeds_what_the_embedder_with_that_prompt_embeds(library: Path) -> None:
    """And one without leaves it out; the index's own vectors stay as they are."""
    with opened(library, embedder=HashingEmbedder(dimensions=512)) as retrieval:
        prompted = arms_of(retrieval, query_prompt="query: ")[-1].retrieval.embedder
        own = HashingEmbedder(dimensions=512, query_prompt="query: ")
        assert (prompted.embed(["blades"], kind="query") == own.embed(["blades"], kind="query")).all()
        bare = arms_of(replace(retrieval, embedder=own), query_prompt="query: ")[-1]
        assert bare.name == "without query prompt"
        assert (bare.retrieval.embedder.embed(["x"], kind="query") == retrieval.embedder.embed(["x"], kind="query")).all()


def test_a_domains_prompt_wins_only_where_it_finds_more(library: Path) -> None:
    """Of two, the one that leads the vectors to the gold; one that leads away is no winner, and one that is set already is not tried."""
    questions = [asked(words, Gold(document="docs/copper.txt")) for words in ("ore?", "metal?", "mine?")]
    domains = {"smelting": "smelters concentrate treatment charges ", "sailing": "blades tower turbines ", "same": "query: "}
    with opened(library, embedder=HashingEmbedder(dimensions=512)) as retrieval:
        arms = arms_of(retrieval, query_prompt="query: ", domains=domains)
        assert [arm.name for arm in arms][3:] == ["with query prompt", "query prompt smelting", "query prompt sailing"]
        result = evaluate(questions, arms=arms, record=retrieval.record)
        lost = evaluate(questions, arms=chosen(arms, ["query prompt sailing"]), record=retrieval.record)
    winner = winning(result)
    assert winner is not None
    assert winner.name == "query prompt smelting"
    assert winning(lost) is None


def test_what_was_missed_says_where_it_stood_and_what_was_first(library: Path) -> None:
    """And names the documents that none of their questions found."""
    result = run(library, PRICES, NOTHING, k=1)
    assert [(miss.question, miss.gold, miss.first) for miss in result.misses] == [
        (NOTHING.question, ("docs/copper.txt",), "docs/wind.txt"),
    ]
    assert result.misses[0].ranks[0] is None or result.misses[0].ranks[0] > 1
    assert result.never_found == ("docs/copper.txt",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: Invalid JSON"),
        ('{"question": "x"}', "line 2: gold: Field required"),
        ('{"question": "x", "gold": []}', "line 2: gold: Tuple should have at least 1 item"),
        ('{"question": "x", "gold": [{"document": "a", "pages": 3}]}', "line 2: gold.0.pages: Extra inputs"),
        ('{"question": "x", "gold": [{"document": "a", "page": 0}]}', "line 2: gold.0.page: Input should be greater"),
        ('{"question": "q", "gold": [{"document": "a"}]}', "stands in the file twice"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, line: str, said: str) -> None:
    """With what is wrong about it."""
    path = tmp_path / "questions.jsonl"
    path.write_text('{"question": "q", "gold": [{"document": "a"}]}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        read_questions(path)


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        (Gold(document="docs/cell.txt"), "docs/cell.txt is not in the library; is it docs/cells.txt"),
        (Gold(document="docs/cells.txt", quote="rose by 12.5"), "docs/cells.txt does not say 'rose by 12.5'"),
    ],
)
def test_gold_that_is_not_in_the_library_is_named(library: Path, gold: Gold, said: str) -> None:
    """A misspelt path would otherwise count as a miss for ever."""
    with pytest.raises(UsageError, match=said):
        run(library, asked("x", gold))


def test_made_questions_are_the_same_every_time_and_no_copies(sample_workspace: Path, tmp_path: Path) -> None:
    """Each document has some; no figure of the quote is in the question and at most half of its words; another seed, other questions."""
    with Library.open(sample_workspace) as library:
        made, again, others = (generate(library.record, count=80, seed=seed) for seed in (1, 1, 2))
        documents = {source.path for source in library.record.sources()}
    assert made == again
    assert made != others
    assert len(made) == 80
    assert {question.gold[0].document for question in made} == documents
    for question in made:
        quote = question.gold[0].quote
        if question.question.startswith("What is the figure"):
            assert any(number.kind != "year" for number in find_numbers(quote))
            assert not find_numbers(question.question)
            kept = set(content_stems(question.question)) & set(content_stems(quote))
            assert len(kept) <= 0.6 * len(set(content_stems(quote)))
    path = tmp_path / "made.jsonl"
    path.write_text("".join(f"{to_json_line(question)}\n" for question in made), encoding="utf-8")
    assert read_questions(path) == made


def test_a_question_made_of_a_table_names_its_document(tmp_path: Path) -> None:
    """The next document has the same line, so nobody could tell whose is meant."""
    create(tmp_path / "x", embedder="small")
    for name in ("Orvane", "Kelling"):
        table = "| | 2024 |\n|---|---|\n| Net sales | $ 4,310 |"
        text = f"# {name} annual report\n\n{table}\n\nThe plan of the group was renewed by its board in 2024.\n"
        (tmp_path / "x" / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    with Library.open(tmp_path / "x") as library:
        drain(library.ingest(now=datetime(2026, 11, 23, tzinfo=UTC)))
        made = generate(library.record, count=10, seed=1)
    assert sorted(question.question for question in made) == [
        "Kelling annual report: Net sales: 2024?",
        "Orvane annual report: Net sales: 2024?",
    ]


def saved(result: Evaluation, path: Path) -> dict[str, dict[str, float]]:
    """As a baseline, through its JSON."""
    from rag.cli.show import plain

    path.write_text(json.dumps(plain(result)), encoding="utf-8")
    return read_baseline(path)


def test_a_measure_that_fell_is_named_with_its_questions(library: Path, tmp_path: Path) -> None:
    """By more than allowed; the same result is no fall, and other questions cannot be compared."""
    now = run(library, PRICES, LENGTH, NOTHING)
    before = saved(now, tmp_path / "before.json")
    assert falls(now, before, max_drop=0) == []
    better = {measure: each | {NOTHING.name: 1.0} for measure, each in before.items()}
    fallen = falls(now, better, max_drop=0.02)
    assert "hit@1" in [fall.measure for fall in fallen]
    assert {fall.questions for fall in fallen} == {(NOTHING.name,)}
    assert falls(now, better, max_drop=1) == []
    with pytest.raises(UsageError, match="of other questions"):
        falls(run(library, PRICES), before, max_drop=0)
    with pytest.raises(UsageError, match="is no baseline"):
        read_baseline(library / "library.db")


def test_a_quote_that_spans_two_chunks_is_found_by_the_one_that_has_half() -> None:
    """Less than half of it is not enough, nor is another page."""
    from rag.evaluate.targets import Spot

    spot = Spot(document="d", page=2, spans=((100, 200),))
    piece = Chunk(id="c", document="d", ordinal=0, start=0, end=150, text="", first_page=1, last_page=2, tokens=1)
    assert spot.holds(piece)
    assert not spot.holds(replace(piece, end=149))
    assert not spot.holds(replace(piece, last_page=1))
    assert spot.holds(replace(piece, start=120, end=130))


# ── the command ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_command_makes_asks_lists_and_guards(sample_workspace: Path, tmp_path: Path) -> None:
    """Questions made, table printed, baseline saved, no fall since; a baseline that was better fails with the questions."""
    questions, baseline = tmp_path / "questions.jsonl", tmp_path / "baseline.json"
    made = rag("eval", "-w", sample_workspace, "--generate", "12", "--seed", "3", "--output", questions)
    assert made.stdout.startswith("Questions: 12 on ")
    arm = ("--arm", "lexical alone")
    shown = rag("eval", questions, "-w", sample_workspace, "--misses", "--top", "1", *arm)
    assert shown.exit_code == 0
    assert [line.split()[0] for line in shown.stdout.splitlines() if line.startswith(("full", "lexical"))] == ["full", "lexical", "lexical"]
    assert "Not all found in the first 1:" in shown.stdout
    baseline.write_text(rag("eval", questions, "-w", sample_workspace, "--json", *arm).stdout, encoding="utf-8")
    same = rag("eval", questions, "-w", sample_workspace, "--baseline", baseline, *arm)
    assert (same.exit_code, "No measure of the full search fell" in same.stderr) == (0, True)
    plain = json.loads(baseline.read_text(encoding="utf-8"))
    lowest = min(plain["arms"][0]["values"]["MRR@10"].items(), key=lambda item: item[1])[0]
    for each in plain["arms"][0]["values"].values():
        each[lowest] = 2.0
    baseline.write_text(json.dumps(plain), encoding="utf-8")
    fell = rag("eval", questions, "-w", sample_workspace, "--baseline", baseline, *arm)
    assert fell.exit_code == 1
    assert "FELL MRR@10" in fell.stderr
    assert plain["asked"][lowest] in fell.stderr


def test_the_command_says_whether_a_query_prompt_finds_more(sample_workspace: Path, tmp_path: Path) -> None:
    """Four ship; MiniLM, which knows none of them, finds no more with one (docs/log.md)."""
    questions = tmp_path / "questions.jsonl"
    assert rag("eval", "--generate", "6", "-w", sample_workspace, "-o", questions).exit_code == 0
    told = rag("eval", questions, "-w", sample_workspace, "--prompts")
    assert told.exit_code == 0
    assert [f"query prompt {domain}" in told.stdout for domain in ("economy", "filings", "news", "title")] == [True] * 4
    assert told.stderr.strip().endswith("No query prompt of prompts/query finds more than the search as it is set")


def test_the_command_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    """In one line."""
    assert_refused(rag("eval"), status=2, saying="give a file of questions, or --generate N")
    assert_refused(rag("eval", tmp_path / "none.jsonl"), status=2, saying="cannot read questions")


def test_a_library_without_anything_to_ask_about_says_so(tmp_path: Path) -> None:
    """No empty file, which the next command would send back here."""
    assert rag("init", tmp_path / "empty", "--embedder", "small").exit_code == 0
    asked = rag("eval", "--generate", "5", "-w", tmp_path / "empty", "-o", tmp_path / "questions.jsonl")
    assert_refused(asked, status=2, saying="the library holds nothing to ask about")
    assert not (tmp_path / "questions.jsonl").exists()


def test_fewer_questions_than_asked_for_are_told_beside_the_questions(sample_workspace: Path) -> None:
    """On stderr: what is on stdout goes into a file."""
    made = rag("eval", "--generate", "99999", "-w", sample_workspace)
    assert made.stderr.splitlines()[-1].endswith("(99999 asked for: the documents hold no more)")
    assert len(made.stdout.splitlines()) < 99999


def test_the_shipped_prompt_is_the_arm_s(tmp_path: Path) -> None:
    """What `rag eval` tries on an embedder without a prompt is prompts/query.txt."""
    assert query_prompt(workspace=tmp_path).text.endswith(": ")
