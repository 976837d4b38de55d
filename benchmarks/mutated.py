"""Files with something wrong in them, made from sound ones by chance and a seed, through the readers in their limited children.

    python -m benchmarks.mutated FOLDER [--each 10] [--seed 1] [--only SUFFIX]

Whatever is wrong, a file is read as far as it goes or refused in a sentence, in 60 s; nothing else may happen to the process that asked.
"""

import argparse
import io
import random
import re
import sys
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from rag.errors import ReadError
from rag.readers import SUFFIXES, ReaderPool

LIMIT_S = 60.0
_GRACE_S = 5.0
"""For ending a child that has reached the limit, and starting another."""
_RIGHT = frozenset({"ok", "NoTextError", "CorruptFileError", "EncryptedError", "ReadLimitError", "UnsupportedFormatError"})
_NUMBER = re.compile(rb"\d+")
_TAG = re.compile(rb"</?[\w:]+")
_NUMBERS = (b"0", b"1", b"-1", b"65536", b"2147483647", b"4294967296", b"99999999999999999999", b"1e308")
_LARGEST_PART = 2_000_000

Change = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutated:
    """What became of a changed file."""

    name: str
    """Of the sound file, how it was changed, and the number of the change: enough to make it again."""
    outcome: str
    """ "ok" or the error's class."""
    message: str
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether it ended in one of the ways a damaged file may, in time, and told in a sentence with a next step."""
        return self.outcome in _RIGHT and self.seconds <= LIMIT_S + _GRACE_S and (self.outcome == "ok" or ";" in self.message)


def run(files: Iterable[Path], *, each: int, seed: int) -> Iterator[Mutated]:
    """``each`` changes of each file; the same for the same seed."""
    with ReaderPool(timeout_s=LIMIT_S) as pool, tempfile.TemporaryDirectory() as folder:
        for file in files:
            data = file.read_bytes()
            for number in range(each if data else 0):
                yield _read(file, data, chance=random.Random(f"{seed} {file.name} {number}"), number=number, folder=Path(folder), pool=pool)


def _read(file: Path, data: bytes, *, chance: random.Random, number: int, folder: Path, pool: ReaderPool) -> Mutated:
    kind = chance.choice(sorted(CHANGES))
    suffix = chance.choice(sorted(SUFFIXES)) if kind == "suffix" else file.suffix
    path = folder / f"{file.stem[:60]}-{number}{suffix}"
    path.write_bytes(CHANGES[kind](data, chance))
    start, outcome, message = time.perf_counter(), "ok", ""
    try:
        pool.read(path)
        with tempfile.TemporaryDirectory() as desk:
            pool.unpack(path, Path(desk))
    except ReadError as error:
        outcome, message = type(error).__name__, str(error)
    seconds = time.perf_counter() - start
    path.unlink()
    return Mutated(
        name=f"{file.name} {kind}{suffix if kind == 'suffix' else ''} {number}", outcome=outcome, message=message, seconds=seconds
    )


# ── changes ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _span(data: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(data))
    return start, min(len(data), start + chance.choice((1, 4, 16, 64, 512, 4_096)))


def _flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 10, 100)) if data else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))] if data else data


def _overwritten(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    start, end = _span(data, chance)
    fill = chance.choice((b"\0", b"\xff", b" ", chance.randbytes(1)))
    return data[:start] + fill * (end - start) + data[end:]


def _without_a_piece(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def _repeated(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    start, end = _span(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 10, 1_000)) + data[end:]


def _exchanged(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    first, second = sorted((_span(data, chance), _span(data, chance)))
    if first[1] > second[0]:
        return data[::-1]
    return data[: first[0]] + data[slice(*second)] + data[first[1] : second[0]] + data[slice(*first)] + data[second[1] :]


def _other_numbers(data: bytes, chance: random.Random) -> bytes:
    """Up to three of the numbers written in digits become odd ones."""
    return _replaced(_NUMBER, data, chance, by=lambda _: chance.choice(_NUMBERS))


def _other_tags(data: bytes, chance: random.Random) -> bytes:
    """Up to three tags take the name of another, or begin where another ends."""
    names = list({match[0] for match in _TAG.finditer(data[:_LARGEST_PART])})
    return _replaced(_TAG, data, chance, by=lambda _: chance.choice(sorted(names)))


def _replaced(pattern: re.Pattern[bytes], data: bytes, chance: random.Random, *, by: Callable[[bytes], bytes]) -> bytes:
    found = [match.span() for match in pattern.finditer(data)]
    for start, end in sorted(chance.sample(found, min(len(found), chance.randint(1, 3))), reverse=True):
        data = data[:start] + by(data[start:end]) + data[end:]
    return data


_INSIDE: tuple[Change, ...] = (
    *(_flipped, _cut, _overwritten, _without_a_piece, _repeated, _exchanged, _other_numbers, _other_tags),
    lambda data, chance: b"",
)


def _in_a_part(data: bytes, chance: random.Random) -> bytes:
    """One part of an archive is changed and everything packed anew; files of other kinds are cut."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [info.filename for info in archive.infolist() if not info.flag_bits & 1]
            parts = {name: archive.read(name) for name in names if archive.getinfo(name).file_size < _LARGEST_PART}
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return _cut(data, chance)
    if not parts:
        return _cut(data, chance)
    chosen = chance.choice(sorted(parts))
    fate = chance.randrange(8)
    if fate == 0:
        del parts[chosen]
    elif fate == 1:
        parts[chosen] = parts[chance.choice(sorted(parts))]
    else:
        parts[chosen] = chance.choice(_INSIDE)(parts[chosen], chance)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return made.getvalue()


CHANGES: dict[str, Change] = {
    "flipped": _flipped,
    "cut": _cut,
    "overwritten": _overwritten,
    "without-a-piece": _without_a_piece,
    "repeated": _repeated,
    "exchanged": _exchanged,
    "numbers": _other_numbers,
    "tags": _other_tags,
    "suffix": lambda data, chance: data,
    **{f"part-{number}": _in_a_part for number in range(5)},
}
"""Name -> how the bytes are changed; "suffix" changes the name instead. Changes within an archive's parts come as often as five others."""


def main() -> None:
    """Prints what is wrong or slow, and the sums. Exit status 1 when a file ended in a wrong way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=10, help="changes of each file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a suffix, with the dot")
    parser.add_argument("--largest", type=int, default=1_000_000, help="bytes; larger files are left out")
    options = parser.parse_args()
    files = sorted(path for path in options.folder.rglob("*") if path.is_file() and path.suffix.lower() in SUFFIXES)
    files = [path for path in files if path.suffix == (options.only or path.suffix) and path.stat().st_size <= options.largest]
    outcomes: Counter[str] = Counter()
    slowest, wrong = 0.0, 0
    for one in run(files, each=options.each, seed=options.seed):
        outcomes[one.outcome] += 1
        slowest, wrong = max(slowest, one.seconds), wrong + (not one.is_right)
        if not one.is_right or one.seconds > LIMIT_S / 4 or one.outcome == "ReadLimitError" or "its reader ended" in one.message:
            click.echo(f"{'' if one.is_right else 'WRONG '}{one.name} {one.outcome} {one.seconds:.1f} s {one.message[:200]}")
    click.echo(f"{sum(outcomes.values())} changed files of {len(files)}: {dict(outcomes)}; wrong {wrong}; slowest {slowest:.1f} s")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
