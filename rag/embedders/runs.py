"""Token spans found word by word: a text repeats its words, and each different one is tokenised once.

True to the tokenizer only where white space always parts tokens and nothing looks across it, as in BERT's.
"""

import re
from collections.abc import Sequence
from typing import Any

Spans = Sequence[tuple[int, int]]

MOST_KNOWN = 200_000
"""Different runs of characters kept, some 60 MB; then the memory begins anew."""
_RUN = re.compile(r"[^ \n]+")
_LONGEST_KEPT = 40


def is_run_by_run(tokenizer: Any) -> bool:
    """Whether a text's tokens are those of its runs without white space: BERT's rules, and no added token that takes white space in."""
    rules = (type(tokenizer.normalizer).__name__, type(tokenizer.pre_tokenizer).__name__)
    takes_space = any(token.lstrip or token.rstrip for token in tokenizer.get_added_tokens_decoder().values())
    return rules == ("BertNormalizer", "BertPreTokenizer") and not takes_space


class Runs:
    """The runs of characters seen so far, with the spans of their tokens."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, Spans] = {}

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Character spans of the text's tokens in order, special tokens left out."""
        runs = [(match.start(), match[0]) for match in _RUN.finditer(text)]
        known = self._known
        if new := {run for _, run in runs if run not in known}:
            known = self._learned(new) if len(known) < MOST_KNOWN else self._learned({run for _, run in runs}, anew=True)
        return [(at + start, at + end) for at, run in runs for start, end in known[run]]

    def _learned(self, runs: set[str], *, anew: bool = False) -> dict[str, Spans]:
        """What is known, these runs included; very long ones are not kept."""
        listed = sorted(runs)
        encoded = self._tokenizer.encode_batch(listed, add_special_tokens=False)
        found = {run: encoding.offsets for run, encoding in zip(listed, encoded, strict=True)}
        self._known = {} if anew else self._known
        self._known.update((run, spans) for run, spans in found.items() if len(run) <= _LONGEST_KEPT)
        return {**self._known, **found} if any(len(run) > _LONGEST_KEPT for run in listed) else self._known
