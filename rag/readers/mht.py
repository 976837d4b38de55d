"""Web archives (MHTML): the pages of a mail-like file, as browsers, Word, Excel and wikis save them, often under another suffix."""

from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from rag.errors import CorruptFileError
from rag.readers import html
from rag.readers.byline import opening_metadata
from rag.readers.draft import Draft
from rag.readers.encoding import decode, read_bytes
from rag.types import Document

suffixes: frozenset[str] = frozenset({".mht", ".mhtml"})


def read(path: Path) -> Document:
    """One page for each web page in it. Raises ReadError and its children."""
    draft = Draft()
    write(draft, read_bytes(path), path=path)
    return draft.finish(metadata=opening_metadata(draft, title=draft.first_heading(), path=path), format="mht", path=path)


def write(draft: Draft, data: bytes, *, path: Path) -> None:
    """Adds its pages. Raises CorruptFileError for a file without one."""
    message = BytesParser(policy=default).parsebytes(data.lstrip())
    pages = [part for part in message.walk() if part.get_content_type() in ("text/html", "application/xhtml+xml")]
    if not pages:
        raise CorruptFileError(f"cannot read {path.name}: it is a web archive without a page; save it again")
    for page in pages:
        payload = page.get_payload(decode=True)
        source = decode(payload, path=path, declared=page.get_content_charset() or "") if isinstance(payload, bytes) else ""
        draft.open_page("")
        html.add_page(draft, html.parse(source))
