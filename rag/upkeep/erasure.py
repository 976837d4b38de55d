"""Erasing documents for good: text, vectors, lexical rows, index, saved reports and report files that quote them.

The caller holds the writer's lock. What was erased is remembered, so that the next ingest does not bring it back; a run that was
killed is finished by running it again.
"""

import os
import shutil
import unicodedata
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from pathlib import Path

from rag.errors import UsageError, WorkspaceError
from rag.ingest import UNPACKED, publish
from rag.kin import alike, sketch
from rag.patterns import regex
from rag.ports import Index
from rag.record import FileRow, Record
from rag.text import file_stem

_SHINGLE = 8
"""Words in a row that a text must share with a document to count as quoting it."""
_INDEX = "index"
_READABLE = frozenset((".html", ".htm", ".md", ".json", ".jsonl", ".txt", ".csv", ".bib", ".svg", ".xml"))
_WHOLE = frozenset((".html", ".htm", ".md", ".json"))
"""Files that say all that the report says; a list of its sources (.bib, .csl.json) or of its claims clears no other."""
_SOURCES = ".csl.json"
_WORD = regex(r"[^\W_]+")
_MARKUP = regex(r"<[^<>]{0,2000}>|\\[nrt\"/]")
_ESCAPE = regex(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What went."""

    paths: tuple[str, ...]
    """Of files whose text is gone; the files themselves are where they were."""
    reports: tuple[str, ...]
    """Ids of saved reports."""
    turns: tuple[str, ...]
    """Turns of chats that quoted it: "chat 3, question 2"."""
    letters: tuple[str, ...]
    """Messages of schedules that quoted it: "weekly, 2026-11-30T07:00"; what was sent is out of reach."""
    files: tuple[str, ...]
    """Report files."""
    unchecked: tuple[str, ...]
    """Report files that cannot be searched for quotes, such as PDF without a sister file: look yourself."""
    elsewhere: tuple[str, ...]
    """Other files in the workspace that quote it, such as an exported chat: they are the person's, who has to look."""
    held: int
    """Generations of the index that another process still reads; they go with the next ingest."""
    alike: tuple[str, ...]
    """Paths of documents with nearly the same text, which stay: another format of it, or a draft."""
    quoted_in: tuple[str, ...]
    """Other tables of the record that hold words of it."""


def erase(record: Record, store: Index, what: Sequence[str], *, reports: Path, now: datetime) -> Erased:
    """Erases the documents named by path, folder or id, with their copies elsewhere in the folders; a folder stays out as a whole, with
    what comes into it later. A path as in a citation or on disk.

    Raises UsageError for what is not known, BusyError while another process reads the record: run it again then.
    """
    known = [row.path for row in (*record.files(), *record.past_files())]
    names = [_spelt(as_recorded(one, record.folders()), known) for one in what]
    rows = _named(record, names)
    folders = [name for name in names if name in record.folders() or any(row.path.startswith(f"{name}/") for row in rows)]
    documents = sorted({row.document for row in rows if row.document})
    texts = {document: record.ever(document).text for document in documents}
    quotes = _quoting(list(texts.values()), documents)
    twins = _nearly_the_same(record, texts)
    clear: set[Hashable] = set()
    before = _take_quotes(record, reports, quotes=quotes, clear=clear)
    record.forget(rows, at=now, folders=[name for name in folders if name not in record.forgotten()])
    meanwhile = _take_quotes(record, reports, quotes=quotes, clear=clear)  # from now on the record keeps nothing that quotes them
    quoted_in = record.tables_with(quotes) if documents else []
    held = _purge(record, store)
    return Erased(
        paths=tuple(dict.fromkeys(row.path for row in rows)),
        reports=before.reports + meanwhile.reports,
        turns=before.turns + meanwhile.turns,
        letters=before.letters + meanwhile.letters,
        files=before.files + meanwhile.files,
        unchecked=meanwhile.unchecked,
        elsewhere=tuple(str(file) for file in _files_elsewhere(record, reports) if quotes(file.read_text("utf-8", errors="replace"))),
        held=held,
        alike=twins,
        quoted_in=tuple(quoted_in),
    )


def let_in_again(record: Record, what: Sequence[str]) -> tuple[str, ...]:
    """Ingest takes them again: a path with all below it, or a document. Raises UsageError for what was not forgotten."""
    found: list[str] = []
    for one in what:
        forgotten = record.forgotten()
        name = _spelt(as_recorded(one, record.folders()), forgotten)
        if above := next((folder for folder in forgotten if name.startswith(f"{folder}/")), ""):
            raise UsageError(f"{one} lies in {above}, which was forgotten as a whole; let that in again: rag forget --undo {above}")
        names = record.remember(name)
        if not names:
            raise UsageError(f"{one} was not forgotten; forgotten are: {', '.join(forgotten) or 'none'}")
        found += names
    return tuple(found)


def _spelt(name: str, known: Iterable[str]) -> str:
    """The name, or the beginning of a known path, that differs only in how its characters are put together: é is one or two, and a
    shared drive gives one where a keyboard gives the other. Bytes that are no character stand as in a citation."""
    parts, known = name.count("/") + 1, list(known)
    if any(path == name or path.startswith(f"{name}/") for path in known):
        return name
    wanted = _composed(name.encode(errors="backslashreplace").decode())
    beginnings = ("/".join(path.split("/")[:parts]) for path in known)
    return next((beginning for beginning in beginnings if _composed(beginning) == wanted), name)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def as_recorded(what: str, folders: Mapping[str, Path]) -> str:
    """A path of a citation or an id as it is; a path on disk below a known folder as citations name it."""
    bare = what.rstrip("/")
    if bare.partition("/")[0] in folders and not bare.startswith((".", "/")):
        return bare
    place = Path(what).expanduser().absolute()
    for name, folder in folders.items():
        for way in (place, place.resolve()):
            if way.is_relative_to(folder):
                return "/".join((name, *way.relative_to(folder).parts))
    return bare


def _named(record: Record, what: Sequence[str]) -> list[FileRow]:
    """The rows of all files that hold what is named, or held it before; none for what a killed run has erased already.

    A path is named with all it ever held, a document's id with its own content only.
    """
    now, known = record.files(), {*record.forgotten(), *record.folders()}
    rows = list({(row.path, row.document): row for row in (*record.past_files(), *now)}.values())
    found: dict[tuple[str, str | None], FileRow] = {}
    for one in what:
        named = {(row.path, row.document): row for row in rows if one in (row.document, row.path) or row.path.startswith(f"{one}/")}
        if not named and one not in known:
            raise UsageError(
                f"no known file, folder or document {one!r}; name a path as in a citation or in `rag status --json`, or a document's id"
            )
        found |= named
    contents = {row.content for row in found.values() if row.content}
    return sorted(
        (row for row in rows if (row.path, row.document) in found or row.content in contents),
        key=lambda row: (row.path, row.document or ""),
    )


def _nearly_the_same(record: Record, texts: Mapping[str, str]) -> tuple[str, ...]:
    """Paths of the other documents that share nearly all of their words with one of these."""
    sketches = record.sketches() | {document: sketch(text) for document, text in texts.items()}
    found = {document for group in alike(sketches) if texts.keys() & set(group) for document in group} if texts else set()
    return tuple(sorted(source.path for source in record.sources_of(found - texts.keys()).values()))


def _purge(record: Record, store: Index) -> int:
    """Rewrites everything that is made of the record; how many generations are still read elsewhere."""
    record.prune_cache()
    shutil.rmtree(record.path.parent / UNPACKED, ignore_errors=True)
    held = store.clear()
    space = record.active_space()
    if space and record.chunk_count():
        publish(record, store, space=space)
    record.compact()
    record.end_erasing()
    return held


# ── quotes ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class _Taken:
    """What quoted a document and is gone; the names are those of Erased."""

    reports: tuple[str, ...]
    turns: tuple[str, ...]
    letters: tuple[str, ...]
    files: tuple[str, ...]
    unchecked: tuple[str, ...]


def _take_quotes(record: Record, folder: Path, *, quotes: Callable[[str], bool], clear: set[Hashable]) -> _Taken:
    """Takes away what was written of the documents. A report's files go with the saved report, whose data names all that they print:
    a value of a table is quoted in fewer words than would tell it in a file. Reports and files in ``clear`` quote nothing; those that
    were found to be so are added.
    """
    saved = {report for report, _ in record.reports() if report not in clear and quotes(record.report(report))}
    clear |= {report for report, _ in record.reports()} - saved
    stems = {file_stem(head.title, as_of=head.as_of.isoformat()) for head in record.report_heads() if head.id in saved}
    files, unchecked = _report_files(folder, quotes=quotes, stems=stems, clear=clear)
    _unlink(files)
    turns = [turn for turn in record.chats.turns() if quotes(f"{turn.question}\n{turn.answer}")]
    record.chats.erase(turns)
    reported = {(slot.schedule, slot.slot) for slot in record.schedules.slots() if slot.report in saved}
    letters = [
        letter
        for letter in record.schedules.letters()
        if letter.body and ((letter.schedule, letter.slot) in reported or quotes(f"{letter.subject}\n{letter.body}"))
    ]
    record.schedules.erase_letters(letters, why="what it quoted was erased by `rag forget`")
    record.erase_reports(sorted(saved))  # last: a run that is killed before finds the rest by them
    return _Taken(
        reports=tuple(sorted(saved)),
        turns=tuple(f"chat {turn.chat}, question {turn.number}" for turn in turns),
        letters=tuple(f"{letter.schedule}, {letter.slot}" for letter in letters),
        files=tuple(str(file) for file in files),
        unchecked=tuple(str(file) for file in unchecked),
    )


def _quoting(texts: Sequence[str], documents: Sequence[str]) -> Callable[[str], bool]:
    """A test whether a text (HTML, Markdown, JSON) names one of the documents or shares eight words in a row with one."""
    shingles = {shingle for text in texts for shingle in _shingles(_words(text))}

    def quotes(text: str) -> bool:
        return any(document in text for document in documents) or any(shingle in shingles for shingle in _shingles(_words(text)))

    return quotes


def _words(text: str) -> list[str]:
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return _WORD.findall(unescape(_MARKUP.sub(" ", plain)).lower())


def _shingles(words: Sequence[str]) -> Iterator[int]:
    size = min(_SHINGLE, len(words))
    return (hash(tuple(words[start : start + size])) for start in range(len(words) - size + 1)) if size else iter(())


def _report_files(
    folder: Path, *, quotes: Callable[[str], bool], stems: Collection[str], clear: set[Hashable]
) -> tuple[list[Path], list[Path]]:
    """(files to remove: those that quote, those with one of these stems, and their sisters of the same stem; files that could not be
    searched)."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    readable = [path for path in files if _is_readable(path)]
    as_read = {path: (path, path.stat().st_mtime_ns) for path in readable}
    quoting = {path for path in readable if as_read[path] not in clear and quotes(path.read_text("utf-8", errors="replace"))}
    clear |= {as_read[path] for path in readable if path not in quoting}
    guilty = {_stem(path) for path in quoting} | {_stem(path) for path in files if _stem(path).name in stems}
    cleared = {_stem(path) for path in readable if _says_all(path)} - guilty
    gone = [path for path in files if _stem(path) in guilty]
    return gone, [path for path in files if path not in gone and path not in readable and _stem(path) not in cleared]


def _files_elsewhere(record: Record, reports: Path) -> Iterator[Path]:
    """Readable files of the workspace that are neither documents nor reports nor the program's own."""
    workspace = record.path.parent.resolve()
    left_out = {reports.resolve(), workspace / _INDEX, *record.folders().values()}
    for here, folders, files in os.walk(workspace):
        if Path(here) in left_out:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(here, name) for name in sorted(files) if _is_readable(Path(here, name)))


def _is_readable(path: Path) -> bool:
    return path.suffix.lower() in _READABLE and os.access(path, os.R_OK)


def _says_all(path: Path) -> bool:
    return path.suffix.lower() in _WHOLE and not path.name.endswith(_SOURCES)


def _stem(path: Path) -> Path:
    """What the files of one report have in common; its sources end in two suffixes."""
    return path.with_name(path.name.removesuffix(_SOURCES)) if path.name.endswith(_SOURCES) else path.with_suffix("")


def _unlink(files: Sequence[Path]) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise WorkspaceError(f"cannot remove {file}: {error.strerror}; remove it yourself and run the same command again") from error
