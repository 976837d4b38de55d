"""Files in files: archives, attachments, their limits, and what ingest makes of them."""

import io
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import NoReturn

import pytest

from rag.errors import CorruptFileError, EncryptedError, NoTextError, ReadLimitError
from rag.globs import chooser
from rag.ingest import UNPACKED, drain, ingest
from rag.readers import READER_VERSION, SUFFIXES, ReaderPool, read_file
from rag.readers.msg import unpacked
from rag.record import Record
from rag.types import Progress
from tests.fakes import HashingEmbedder, chunk_words
from tests.libraries import NOW, UpToDate


def zipped(files: dict[str, bytes]) -> bytes:
    """An archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, date_time=(2026, 3, 1, 12, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def mail(**attachments: bytes) -> bytes:
    """A mail of 2026-03-17; names are given with "_" for "."."""
    message = EmailMessage()
    message["Subject"], message["From"], message["Date"] = "Offer", "Ann Lee <ann@example.org>", "Tue, 17 Mar 2026 10:00:00 +0100"
    message.set_content("See the attached offer about zinc.")
    for name, data in attachments.items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return message.as_bytes()


class Library:
    """A folder and its record, with the real readers."""

    def __init__(self, root: Path, pool: ReaderPool) -> None:
        self.docs = root / "docs"
        self.docs.mkdir()
        self.folders = [self.docs]
        self.record = Record.create(root / "library.db")
        self.pool = pool
        self.leave_out = chooser()
        self.allow_deletes = True

    def ingest(self) -> dict[str, str]:
        """Runs it; path -> status of every outcome."""
        shown: list[Progress] = []
        steps = ingest(
            self.folders,
            record=self.record,
            store=UpToDate(self.record),
            read=self.pool.read,
            unpack=self.pool.unpack,
            suffixes=SUFFIXES,
            reader_version=READER_VERSION,
            embedder=HashingEmbedder(),
            chunk=lambda document, *, document_id: chunk_words(document, document_id=document_id, counter=HashingEmbedder(), budget=64),
            now=NOW,
            leave_out=self.leave_out,
            allow_deletes=self.allow_deletes,
        )
        drain(steps, show=shown.append)
        return {step.outcome.path: step.outcome.status for step in shown if step.outcome}

    def paths(self) -> list[str]:
        """Of all documents in search."""
        return [source.path for source in self.record.sources()]


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    """One for all tests."""
    with ReaderPool() as pool:
        yield pool


@pytest.fixture
def library(tmp_path: Path, pool: ReaderPool) -> Iterator[Library]:
    """An empty one."""
    library = Library(tmp_path, pool)
    yield library
    library.record.close()


def test_files_of_an_archive_and_attachments_are_documents_under_its_path(library: Library) -> None:
    """Two levels deep; the date of an undated attachment is that of its mail, of an archived file its own."""
    inner = zipped({"prices/q1.txt": b"copper prices", "logo.png": b"x"})
    (library.docs / "offer.eml").write_bytes(mail(offer_txt=b"zinc at 2,100", all_zip=inner))
    assert library.ingest() == {
        "docs/offer.eml/offer.txt": "added",
        "docs/offer.eml/all.zip/prices/q1.txt": "added",
        "docs/offer.eml/all.zip/logo.png": "skipped",
        "docs/offer.eml/all.zip": "added",
        "docs/offer.eml": "added",
    }
    days = {source.path: source.published.isoformat() for source in library.record.sources()}
    assert days == {
        "docs/offer.eml": "2026-03-17",
        "docs/offer.eml/offer.txt": "2026-03-17",
        "docs/offer.eml/all.zip/prices/q1.txt": "2026-03-01",
    }
    assert not list((library.record.path.parent / UNPACKED).iterdir())


def test_an_unchanged_container_is_not_opened_again(library: Library) -> None:
    """Its files are reported unchanged, those left out with their reason."""
    (library.docs / "a.zip").write_bytes(zipped({"x.txt": b"alpha", "y.png": b""}))
    library.ingest()
    library.pool = _Closed()
    assert library.ingest() == {"docs/a.zip": "unchanged", "docs/a.zip/x.txt": "unchanged", "docs/a.zip/y.png": "skipped"}


class _Closed(ReaderPool):
    """Readers that nobody may ask."""

    def _answer(self, path: Path, *, into: Path | None = None, ocr: bool = False) -> NoReturn:
        raise AssertionError(path)


def test_a_changed_archive_adds_changes_and_deletes_its_files(library: Library) -> None:
    """A file whose name and size and date are the same but not its content is seen as changed."""
    (library.docs / "a.zip").write_bytes(zipped({"same.txt": b"one", "edit.txt": b"two", "gone.txt": b"three"}))
    library.ingest()
    (library.docs / "a.zip").write_bytes(zipped({"same.txt": b"one", "edit.txt": b"owt", "new.txt": b"four"}))
    assert library.ingest() == {
        "docs/a.zip/same.txt": "unchanged",
        "docs/a.zip/edit.txt": "changed",
        "docs/a.zip/new.txt": "added",
        "docs/a.zip": "changed",
        "docs/a.zip/gone.txt": "deleted",
    }
    assert library.paths() == ["docs/a.zip/edit.txt", "docs/a.zip/new.txt", "docs/a.zip/same.txt"]


def test_a_moved_archive_moves_its_files_and_a_deleted_one_takes_them_along(library: Library) -> None:
    """Nothing is embedded again; afterwards nothing is left."""
    (library.docs / "a.zip").write_bytes(zipped({"x.txt": b"alpha"}))
    library.ingest()
    (library.docs / "a.zip").rename(library.docs / "b.zip")
    assert library.ingest() == {"docs/b.zip/x.txt": "moved", "docs/b.zip": "added"}
    assert library.paths() == ["docs/b.zip/x.txt"]
    (library.docs / "b.zip").unlink()
    assert library.ingest() == {"docs/b.zip/x.txt": "deleted"}
    assert library.record.files() == []


def test_files_lie_too_deep_below_three_others(library: Library) -> None:
    """The fourth archive is named, not opened."""
    data = b"deep"
    for name in ("d.txt", "c.zip", "b.zip", "a.zip"):
        data = zipped({name: data})
    (library.docs / "top.zip").write_bytes(data)
    found = library.ingest()
    assert found["docs/top.zip/a.zip/b.zip/c.zip/d.txt"] == "skipped"
    assert library.paths() == []


def test_names_that_climb_out_of_an_archive_stay_inside(pool: ReaderPool, tmp_path: Path) -> None:
    """Parts that lead upwards or to the root are dropped; two files never share a name."""
    path, desk = tmp_path / "a.zip", tmp_path / "desk"
    desk.mkdir()
    path.write_bytes(
        zipped({"../../etc/x.txt": b"a", "/etc/x.txt": b"b", "C:\\etc\\x.txt": b"c", "__MACOSX/x.txt": b"d", ".hidden/x.txt": b"e"})
    )
    found = pool.unpack(path, desk)
    assert [one.name for one in found] == ["etc/x.txt", "etc/x (2).txt", "C:/etc/x.txt"]
    assert all(Path(one.file).is_relative_to(desk) for one in found)
    assert [Path(one.file).read_bytes() for one in found] == [b"a", b"b", b"c"]


def test_archives_that_are_bombs_broken_or_locked_are_refused(pool: ReaderPool, tmp_path: Path) -> None:
    """Each with its own error, from reading and from unpacking alike."""
    bomb, broken, locked, empty = (tmp_path / f"{name}.zip" for name in ("bomb", "broken", "locked", "empty"))
    bomb.write_bytes(zipped({"a.txt": b"0" * 50_000_000}))
    broken.write_bytes(zipped({"a.txt": b"x" * 100})[:-30])
    data = bytearray(zipped({"a.txt": b"x"}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + offset] |= 1
    locked.write_bytes(data)
    empty.write_bytes(zipped({}))
    for path, error in ((bomb, ReadLimitError), (broken, CorruptFileError), (locked, EncryptedError)):
        with pytest.raises(error, match=path.name):
            pool.read(path)
        with pytest.raises(error, match=path.name):
            pool.unpack(path, tmp_path)
    assert pool.unpack(empty, tmp_path) == []
    with pytest.raises(NoTextError):
        pool.read(empty)


def test_other_files_enclose_nothing(pool: ReaderPool, tmp_path: Path) -> None:
    """They are not even opened."""
    assert pool.unpack(tmp_path / "not-there.txt", tmp_path) == []


def test_a_mail_without_text_whose_attachment_is_read_has_not_failed(library: Library) -> None:
    """It holds files, that is all."""
    message = EmailMessage()
    message["From"] = "a@example.org"
    message.add_attachment(b"zinc", maintype="text", subtype="plain", filename="z.txt")
    (library.docs / "empty.eml").write_bytes(message.as_bytes())
    assert library.ingest() == {"docs/empty.eml/z.txt": "added", "docs/empty.eml": "added"}


def test_the_readers_take_each_format_once() -> None:
    """Suffixes are lower case; formats that are only read whole enclose nothing."""
    assert {".zip", ".msg", ".eml", ".epub", ".docm", ".doc", ".xls", ".ppt", ".odt", ".rtf"} <= SUFFIXES


def test_an_epub_is_read_in_the_order_of_its_spine(tmp_path: Path) -> None:
    """Chapters are pages; title, author, publisher and date come from the package."""
    chapter = "<html><body><h1>{}</h1><p>Text of {}.</p></body></html>"
    package = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>
        <dc:title>Zinc</dc:title><dc:creator>Ann Lee</dc:creator><dc:publisher>Press</dc:publisher><dc:date>2026-02-03</dc:date>
        </metadata><manifest><item id="b" href="two.xhtml" media-type="application/xhtml+xml"/>
        <item id="a" href="one%20a.xhtml" media-type="application/xhtml+xml"/></manifest>
        <spine><itemref idref="a"/><itemref idref="b"/></spine></package>"""
    container = '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfile full-path="x/p.opf"/></container>'
    path = tmp_path / "zinc.epub"
    path.write_bytes(
        zipped(
            {
                "META-INF/container.xml": container.encode(),
                "x/p.opf": package.encode(),
                "x/two.xhtml": chapter.format("Two", "two").encode(),
                "x/one a.xhtml": chapter.format("One", "one").encode(),
            }
        )
    )
    document = read_file(path)
    assert [document.text[page.start : page.end].split() for page in document.pages] == [
        ["One", "Text", "of", "one."],
        ["Two", "Text", "of", "two."],
    ]
    about = document.metadata
    assert (about.title, about.author, about.publisher, str(about.published)) == ("Zinc", "Ann Lee", "Press", "2026-02-03")


def test_rich_text_is_read_without_its_fonts_and_hidden_words(tmp_path: Path) -> None:
    """Other code pages, Unicode escapes with their fallback, tables, and text that nobody sees."""
    path = tmp_path / "note.rtf"
    path.write_bytes(
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}{\f1\fcharset204 Arial;}}{\info{\title No}}\uc1 Caf\'e9 \u8364?5\par"
        rb"{\f1 \'cc\'e8\'f0}\par {\v secret words}shown\par \trowd\intbl A\cell B\cell\row\intbl 1\cell 2\cell\row\pard end\par}"
    )
    document = read_file(path)
    assert document.text == "Café €5\n\nМир\n\nshown\n\nA | B\n1 | 2\n\nend"
    assert document.notices == ("hidden text dropped (12 characters)",)


def test_a_character_of_rich_text_takes_no_letter_behind_another_word(tmp_path: Path) -> None:
    """What stands for it in older readers stands right behind it, or is not there."""
    path = tmp_path / "note.rtf"
    path.write_bytes(rb"{\rtf1\ansi\uc1 {\listtext\tab \u8226 \tab}First item at \u8364\b0 5\par}")
    assert " ".join(read_file(path).text.split()) == "• First item at €5"


def opendocument(body: str) -> bytes:
    """A package with this body."""
    names = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "table"))
    content = f"<office:document-content {names}><office:body>{body}</office:body></office:document-content>"
    return zipped({"content.xml": content.encode(), "META-INF/manifest.xml": b"<m/>"})


def test_opendocument_texts_and_sheets_are_read_with_their_structure(tmp_path: Path) -> None:
    """Headings, lists, notes, tables; sheets with addresses, repeated cells once each, hidden rows left out."""
    text, sheet = tmp_path / "a.odt", tmp_path / "b.ods"
    text.write_bytes(
        opendocument(
            '<office:text><text:h text:outline-level="1">Zinc</text:h><text:p>Demand<text:s/>rose.<text:note><text:note-body>'
            "<text:p>A note.</text:p></text:note-body></text:note></text:p><text:list><text:list-item><text:p>One</text:p></text:list-item>"
            "</text:list></office:text>"
        )
    )
    document = read_file(text)
    assert document.text == "Zinc\n\nDemand rose.\n\nA note.\n\n- One"
    assert (document.metadata.title, document.format) == ("Zinc", "odt")

    def cell(words: str, repeated: int = 1) -> str:
        return f'<table:table-cell table:number-columns-repeated="{repeated}"><text:p>{words}</text:p></table:table-cell>'

    sheet.write_bytes(
        opendocument(
            '<office:spreadsheet><table:table table:name="Prices">'
            f"<table:table-row>{cell('Year')}{cell('Price')}</table:table-row>"
            f'<table:table-row table:visibility="collapse">{cell("secret", 2)}</table:table-row>'
            f"<table:table-row>{cell('7', 2)}</table:table-row></table:table></office:spreadsheet>"
        )
    )
    document = read_file(sheet)
    assert document.text == "Prices\n\nYear | Price\n7 | 7"
    assert [one.address for one in document.blocks[-1].cells] == ["A1", "B1", "A3", "B3"]


def test_an_encrypted_opendocument_wants_a_password(tmp_path: Path) -> None:
    """As its manifest says."""
    path = tmp_path / "a.odt"
    path.write_bytes(zipped({"content.xml": b"noise", "META-INF/manifest.xml": b"<m><manifest:encryption-data/></m>"}))
    with pytest.raises(EncryptedError, match="password"):
        read_file(path)


def test_compressed_rich_text_of_a_message_is_unpacked() -> None:
    """The example of Microsoft's specification (MS-OXRTFCP 3.1.1); a body cut short gives what there is."""
    data = bytes.fromhex("2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0")
    assert unpacked(data) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}".startswith(unpacked(data[:30]))
    assert unpacked(b"nonsense") == b""


def test_what_is_chosen_of_a_container_follows_the_settings_though_it_did_not_change(library: Library) -> None:
    """Left out and taken in again; the rest is neither read nor embedded again, and a container that stands as it did is not opened."""
    (library.docs / "offer.eml").write_bytes(mail(first_txt=b"zinc at 2,100", second_txt=b"copper at 9,000"))
    library.ingest()
    library.leave_out = chooser(exclude=["*.eml/second.txt"])
    after = {"docs/offer.eml": "unchanged", "docs/offer.eml/first.txt": "unchanged"}
    for _ in range(2):
        assert library.ingest() == {**after, "docs/offer.eml/second.txt": "skipped"}
        assert library.paths() == ["docs/offer.eml", "docs/offer.eml/first.txt"]
    library.leave_out = chooser()
    assert library.ingest() == {**after, "docs/offer.eml/second.txt": "added"}
    assert library.ingest() == {**after, "docs/offer.eml/second.txt": "unchanged"}
    library.pool.close()
    assert library.ingest() == {**after, "docs/offer.eml/second.txt": "unchanged"}
    assert library.pool._children[0]._process is None, "nothing had to be opened"


@pytest.mark.parametrize("container", ["offer.eml", "all.zip"])
def test_a_forgotten_attachment_comes_back_when_it_is_let_in_again(library: Library, container: str) -> None:
    """By its own path, though its container is what it was."""
    files = {"first.txt": b"zinc at 2,100", "second.txt": b"copper at 9,000"}
    data = zipped(files) if container == "all.zip" else mail(first_txt=files["first.txt"], second_txt=files["second.txt"])
    (library.docs / container).write_bytes(data)
    library.ingest()
    path = f"docs/{container}/second.txt"
    library.record.forget([row for row in library.record.files() if row.path == path], at=NOW)
    assert library.ingest()[path] == "skipped", "which the status tells"
    assert library.ingest()[path] == "skipped"
    assert path not in library.paths()
    assert library.record.remember(path) == [path]
    assert library.ingest()[path] == "added"
    assert path in library.paths()
    assert library.ingest()[path] == "unchanged"


def test_an_archive_with_other_files_than_before_is_no_folder_that_lost_all(library: Library) -> None:
    """It is there and says so; what it held is gone."""
    for number in range(40):
        (library.docs / f"{number}.txt").write_text(f"note {number}")
    share = library.docs.parent / "share"
    share.mkdir()
    library.folders.append(share)
    library.allow_deletes = False
    (share / "all.zip").write_bytes(zipped({f"old-{number}.txt": f"zinc {number}".encode() for number in range(7)}))
    library.ingest()
    (share / "all.zip").write_bytes(zipped({f"new-{number}.txt": f"iron {number}".encode() for number in range(7)}))
    done = library.ingest()
    assert {done[f"share/all.zip/old-{number}.txt"] for number in range(7)} == {"deleted"}
    assert sorted(path for path in library.paths() if path.startswith("share")) == [
        f"share/all.zip/new-{number}.txt" for number in range(7)
    ]
