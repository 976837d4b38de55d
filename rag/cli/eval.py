"""``rag eval``."""

import sys
from pathlib import Path
from typing import Literal

import click

from rag.cli.door import Command, in_workspace, json_option, open_library
from rag.errors import UsageError

_EVAL = """\
\b
  rag eval --generate 100 --output questions.jsonl      # from your documents' headings and numbers
  rag eval questions.jsonl --misses                     # the table, and what was not found
  rag eval questions.jsonl --json > baseline.json
  rag eval questions.jsonl --baseline baseline.json     # exit status 1 when search has become worse
\b
A question is one JSON object a line; page, quote, also and scope may be left out:
  {"question": "How far did cell prices fall?",
   "gold": [{"document": "docs/cells.pdf", "page": 3, "quote": "fell by 12.5 percent"}]}
"""


@click.command(cls=Command, name="eval", short_help="How well search answers questions you know the answers of.", examples=_EVAL)
@click.argument("questions", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("-k", "--top", type=click.IntRange(1, 100), default=10, show_default=True, help="Found means: among so many.")
@click.option(
    "--by",
    type=click.Choice(["passage", "page", "document"]),
    default="passage",
    show_default=True,
    help="What is ranked; a page or document stands where its best passage does.",
)
@click.option("--arm", "arms", multiple=True, help="Only the full search and this way of searching. Repeatable; default: all that apply.")
@click.option("--prompts", is_flag=True, help="Try the query prompts in prompts/query/ too, and say whether one finds more.")
@click.option("--misses", is_flag=True, help="List what was not found: where it stood, and what was first.")
@click.option("--baseline", type=click.Path(path_type=Path, dir_okay=False), help="What --json printed before; worse is exit status 1.")
@click.option("--max-drop", type=click.FloatRange(0, 1), default=0.02, show_default=True, help="How far a measure may fall.")
@click.option("--generate", "count", type=click.IntRange(min=1), metavar="N", help="Make N questions instead of asking any.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, other questions.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where the questions made go; default: stdout.")
@in_workspace
@json_option
def evaluation(
    questions: Path | None,
    top: int,
    by: Literal["passage", "page", "document"],
    arms: tuple[str, ...],
    prompts: bool,
    misses: bool,
    baseline: Path | None,
    max_drop: float,
    count: int | None,
    seed: int,
    output: Path | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Search for the answers of QUESTIONS and measure: the full search beside itself without words, without vectors, with another prompt.

    Figures come with 95 % intervals, bootstrapped over the questions. Questions made by --generate take their words from the documents:
    they are easier than people's, and searches by words do too well on them. Use them to compare one index, prompt, model or version
    with another, and questions of your own to tell how good search is or what its parts are worth.
    """
    if (questions is None) == (count is None):
        raise UsageError("give a file of questions, or --generate N to make one; see rag eval --help")
    if count is not None:
        _generate(count, seed=seed, output=output, workspace=workspace)
        return
    assert questions is not None
    from rag.cli.measured import print_evaluation, print_falls, print_winner
    from rag.evaluate import arms_of, chosen, evaluate, falls, read_baseline, read_questions, winning
    from rag.prompts import query_prompt, query_prompts

    asked = read_questions(questions)
    before = read_baseline(baseline) if baseline else {}
    with open_library(workspace) as library:
        here = library.workspace
        domains = {name: query_prompt(name, workspace=here).text for name in query_prompts(workspace=here)} if prompts else {}
        every = arms_of(library.retrieval, query_prompt=query_prompt(workspace=here).text, domains=domains)
        result = evaluate(asked, arms=chosen(every, arms), record=library.record, k=top, by=by)
    fallen = falls(result, before, max_drop=max_drop)
    print_evaluation(result, misses=misses, as_json=as_json)
    if prompts:
        print_winner(winning(result))
    print_falls(fallen, result, baseline=baseline)
    sys.exit(1 if fallen else 0)


def _generate(count: int, *, seed: int, output: Path | None, workspace: Path | None) -> None:
    from rag.evaluate import generate, to_json_line

    with open_library(workspace) as library:
        made = generate(library.record, count=count, seed=seed)
    if not made:
        raise UsageError(
            "the library holds nothing to ask about: no headings, sentences with figures or tables; see rag status, or rag ingest"
        )
    text = "".join(f"{to_json_line(question)}\n" for question in made)
    short = f" ({count} asked for: the documents hold no more)" if len(made) < count else ""
    if output is None:
        click.echo(text, nl=False)
        if short:
            click.echo(f"Questions: {len(made)}{short}", err=True)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}; choose another file with --output") from error
    documents = len({question.gold[0].document for question in made})
    click.echo(f"Questions: {len(made)} on {documents} documents in {output}{short}; next: rag eval {output}")
