"""Sound files with something wrong in them, by chance and a seed: each is read as far as it goes or refused in a sentence."""

from pathlib import Path

from benchmarks.hostile import FILES
from benchmarks.mutated import CHANGES, run
from tests.test_readers import make_deck, make_word, make_workbook
from tests.test_readers_kinds import make_binary_workbook

SOUND = ("five-hundred-deep.html", "as-large-as-a-town.pdf", "forwards-of-forwards.eml", "wide-letters.csv", "owner-locked.pdf")


def sound_files(folder: Path) -> list[Path]:
    """Made here; nothing of anybody else's."""
    for name in SOUND:
        (folder / name).write_bytes(FILES[name][0]())
    for name, make in (("a.docx", make_word), ("a.pptx", make_deck), ("a.xlsx", make_workbook), ("a.xlsb", make_binary_workbook)):
        make(folder / name)
    (folder / "a.xml").write_text("<a><title>Zinc</title><p>It rose.</p></a>")
    (folder / "a.rtf").write_text(r"{\rtf1\ansi The fleet grew in 2025.\par}")
    (folder / "a.ipynb").write_text('{"cells": [{"cell_type": "markdown", "source": "# Zinc"}]}')
    return sorted(folder.iterdir())


def test_every_changed_file_is_read_or_refused_in_words(tmp_path: Path) -> None:
    """Ten changes of each, in limited children."""
    files = sound_files(tmp_path)
    ended = list(run(files, each=10, seed=7))
    assert [f"{one.name}: {one.outcome} {one.message}" for one in ended if not one.is_right] == []
    assert len(ended) == 10 * len(files)
    assert {"ok", "CorruptFileError"} <= {one.outcome for one in ended}


def test_the_same_seed_makes_the_same_changes(tmp_path: Path) -> None:
    """So that a fault can be found again by its name."""
    files = sound_files(tmp_path)[:3]
    first, second = ([(one.name, one.outcome) for one in run(files, each=3, seed=1)] for _ in range(2))
    assert first == second
    assert {name.split()[1] for name, _ in first} <= set(CHANGES)
