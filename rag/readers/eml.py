"""Mail: subject, sender, receivers and date, then the best text part. Quoted earlier mails stay; attachments are named, not read."""

from datetime import date
from email import policy
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path

from rag.errors import CorruptFileError, NoTextError
from rag.readers import html, txt
from rag.readers.clean import clean, one_line
from rag.readers.draft import Draft, choose_title, tags_from
from rag.readers.encoding import decode, read_bytes
from rag.types import Document, Metadata

suffixes: frozenset[str] = frozenset({".eml"})

_SHOWN_HEADERS = ("From", "To", "Cc", "Date")


def read(path: Path) -> Document:
    """One page. Raises ReadError and its children."""
    message = BytesParser(policy=policy.default).parsebytes(read_bytes(path))
    if not (message["From"] or message["Subject"] or message["Date"]):
        raise CorruptFileError(f"cannot read {path.name}: it has no mail headers; give it the suffix it should have")
    draft = Draft()
    subject = one_line(str(message["Subject"] or ""))
    draft.heading(subject, level=1)
    draft.paragraph("\n".join(f"{name}: {one_line(str(message[name]))}" for name in _SHOWN_HEADERS if message[name]))
    body = _write_body(draft, message, path=path)
    for attachment in message.iter_attachments():
        draft.notice(f"attachment not read: {one_line(attachment.get_filename() or attachment.get_content_type())}")
    if not body and not subject:
        raise NoTextError(f"cannot read {path.name}: the mail has no subject and no text; save its attachments beside it to have them read")
    return draft.finish(metadata=_metadata(message, subject=subject, path=path), format="eml", path=path)


def _write_body(draft: Draft, message: EmailMessage, *, path: Path) -> bool:
    """Adds the plain part, else the HTML part; False when there is neither."""
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        draft.notice("the mail has no text part")
        return False
    text = _part_text(part, path=path)
    if part.get_content_subtype() == "html":
        html.add_page(draft, html.parse(text))
    else:
        txt.add_paragraphs(draft, txt.paragraphs(clean(text)))
    return bool(text.strip())


def _part_text(part: MIMEPart, *, path: Path) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    return decode(data, path=path, declared=part.get_content_charset() or "") if data else ""


def _metadata(message: EmailMessage, *, subject: str, path: Path) -> Metadata:
    published = _sent(message)
    return Metadata(
        title=choose_title(subject, "", path=path),
        author=_sender(message)[0],
        publisher=_sender(message)[1],
        published=published,
        published_from="metadata" if published else "mtime",
        language=one_line(str(message["Content-Language"] or "")).lower(),
        tags=tags_from(str(message["Keywords"] or "")),
    )


def _sender(message: EmailMessage) -> tuple[str, str]:
    """(display name, else the address; domain) of the first sender."""
    try:
        addresses = message["From"].addresses if message["From"] else ()
    except (AttributeError, MessageError):
        return one_line(str(message["From"])), ""
    first = addresses[0] if addresses else None
    return (one_line(first.display_name or first.addr_spec), one_line(first.domain).lower()) if first else ("", "")


def _sent(message: EmailMessage) -> date | None:
    """The day in the sender's own time zone."""
    try:
        return parsedate_to_datetime(str(message["Date"])).date() if message["Date"] else None
    except (TypeError, ValueError):
        return None
