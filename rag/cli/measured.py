"""How ``rag eval`` prints: a table of arms, differences from the full one, misses, documents never found."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.cli.show import plain

if TYPE_CHECKING:
    from rag.evaluate import ArmResult, Estimate, Evaluation, Fall, Miss

_LISTED = 20
_WIDTH = 18


def print_evaluation(result: "Evaluation", *, misses: bool, as_json: bool) -> None:
    """The arms side by side; as JSON with every question's value, which is what a later run compares with."""
    if as_json:
        click.echo(json.dumps(plain(result), indent=1, ensure_ascii=False))
        return
    full, *others = result.arms
    click.echo(f"{len(result.asked)} questions, ranked by {result.by}; 95 % intervals, bootstrapped over questions\n")
    names = list(full.measures)
    _line("search", names, "ms")
    for arm in result.arms:
        _line(arm.name, [f"{estimate.value:.3f}" for estimate in arm.measures.values()], f"{arm.ms:.0f}")
        if arm is full:
            _line("", [f"{estimate.low:.2f}-{estimate.high:.2f}" for estimate in arm.measures.values()], "")
    if others:
        click.echo("\nDifference from the full search, question by question; * where chance alone is unlikely to explain it\n")
        _line("search", names, "")
        for arm in others:
            _line(arm.name, [_difference(estimate) for estimate in arm.differences.values()], "")
    _print_misses(result, listed=misses)
    for note in result.notes:
        click.echo(f"note: {note}", err=True)


def _line(name: str, cells: Sequence[str], last: str) -> None:
    click.echo(f"{name:{_WIDTH + 2}}{''.join(f'{cell:>13}' for cell in cells)}{last:>7}".rstrip())


def _difference(estimate: "Estimate") -> str:
    mark = "*" if estimate.low > 0 or estimate.high < 0 else " "
    return f"{estimate.value:+.3f}{mark}"


def _print_misses(result: "Evaluation", *, listed: bool) -> None:
    hint = "" if listed or not result.misses else "; list them with --misses"
    click.echo(f"\nNot all found in the first {result.k}: {len(result.misses)} of {len(result.asked)} questions{hint}")
    for miss in result.misses if listed else ():
        _print_miss(miss)
    if result.never_found:
        click.echo(f"Never found by the questions they answer: {len(result.never_found)} documents")
        for path in result.never_found[:_LISTED]:
            click.echo(f"  {path}")
        if len(result.never_found) > _LISTED:
            click.echo(f"  and {len(result.never_found) - _LISTED} more; all of them: --json")


def _print_miss(miss: "Miss") -> None:
    click.echo(click.style(f"  {miss.question}", bold=True))
    for gold, rank in zip(miss.gold, miss.ranks, strict=True):
        click.echo(f"    {f'at {rank}' if rank else 'not found':10} {gold}")
    click.echo(f"    {'first was':10} {miss.first or 'nothing'}")


def print_winner(winner: "ArmResult | None") -> None:
    """Which query prompt to set, on stderr."""
    if winner is None:
        click.echo("No query prompt of prompts/query finds more than the search as it is set", err=True)
        return
    from rag.evaluate import DECIDES, DOMAIN

    more = winner.differences[DECIDES]
    click.echo(
        f"The {winner.name} finds more ({DECIDES} {more.value:+.3f}, {more.low:+.3f} to {more.high:+.3f}): under [search] in rag.toml, "
        f'set query_prompt = "{winner.name.removeprefix(DOMAIN)}"; nothing is embedded anew',
        err=True,
    )


def print_falls(fallen: "Sequence[Fall]", result: "Evaluation", *, baseline: Path | None) -> None:
    """On stderr: results on stdout may be JSON."""
    if baseline is None:
        return
    if not fallen:
        click.echo(f"No measure of the full search fell further than allowed since {baseline}", err=True)
    told: dict[str, None] = {}
    for fall in fallen:
        click.echo(f"FELL {fall.measure}: {fall.before:.3f} before, {fall.now:.3f} now; {len(fall.questions)} questions", err=True)
        told |= dict.fromkeys(fall.questions[:_LISTED])
    for name in told:
        click.echo(f"  {name}  {result.asked[name]}", err=True)
