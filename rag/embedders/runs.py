"""Token spans found word by word: a text repeats its words, and each different one is tokenised once.

True to the tokenizer only where white space always parts tokens and nothing looks across it, as in BERT's.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, islice
from typing import Any, overload

from rag.patterns import regex

Spans = Sequence[tuple[int, int]]

MOST_KNOWN = 200_000
"""Different runs of characters kept, some 60 MB; then the memory begins anew."""
_RUN = regex(r"([^ \n]+)")
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

    def spans(self, text: str) -> Spans:
        """Character spans of the text's tokens in order, special tokens left out."""
        pieces = _RUN.split(text)  # what stands between runs, and runs, in turn
        runs = pieces[1::2]
        known = self._known
        if new := set(runs).difference(known):
            known = self._learned(new) if len(known) < MOST_KNOWN else self._learned(set(runs), anew=True)
        return _Placed(list(islice(accumulate(map(len, pieces)), 0, None, 2)), list(map(known.__getitem__, runs)))

    def _learned(self, runs: set[str], *, anew: bool = False) -> dict[str, Spans]:
        """What is known, these runs included; very long ones are not kept."""
        listed = list(runs)
        found = dict(zip(listed, self._spans_of_each(listed), strict=True))
        self._known = {} if anew else self._known
        self._known.update((run, spans) for run, spans in found.items() if len(run) <= _LONGEST_KEPT)
        return {**self._known, **found} if any(len(run) > _LONGEST_KEPT for run in listed) else self._known

    def _spans_of_each(self, runs: Sequence[str]) -> Iterator[Spans]:
        """All in one text, which takes a third of the time of as many texts."""
        offsets: list[tuple[int, int]] = self._tokenizer.encode(" ".join(runs), add_special_tokens=False).offsets
        ends = [end for _, end in offsets]
        at = first = 0
        for run in runs:
            after = bisect_right(ends, at + len(run), lo=first)
            yield [(start - at, end - at) for start, end in offsets[first:after]]
            at, first = at + len(run) + 1, after


class _Placed(Sequence[tuple[int, int]]):
    """The spans of a text, put together when one is asked for: nearly everyone only counts them."""

    def __init__(self, starts: list[int], spans: list[Spans]) -> None:
        """Where each run begins, and the spans within it."""
        self._starts, self._spans = starts, spans

    @cached_property
    def _all(self) -> list[tuple[int, int]]:
        return [(at + start, at + end) for at, spans in zip(self._starts, self._spans, strict=False) for start, end in spans]

    def __len__(self) -> int:
        return sum(map(len, self._spans))

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._all)

    @overload
    def __getitem__(self, at: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[int, int]]: ...
    def __getitem__(self, at: int | slice) -> tuple[int, int] | list[tuple[int, int]]:
        return self._all[at]
