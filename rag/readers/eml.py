"""Mail: subject, sender, receivers and date, then the best text part. Quoted earlier mails stay; attachments are documents of their own."""

import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import date
from email.errors import InvalidBase64LengthDefect, MessageError
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.policy import EmailPolicy
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import cast

from rag.errors import CorruptFileError, EncryptedError, NoTextError
from rag.readers import html, smime, txt
from rag.readers.clean import clean, one_line
from rag.readers.desk import Desk
from rag.readers.draft import Draft, choose_title, tags_from
from rag.readers.encoding import decode, marked_as, read_bytes
from rag.types import Document, Metadata

suffixes: frozenset[str] = frozenset({".eml"})

_LONGEST_HEADER = 20_000
"""Characters; some 500 receivers."""
_SHOWN_HEADERS = ("From", "To", "Cc", "Date")
_WRAPPED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def read(path: Path) -> Document:
    """One page. Raises ReadError and its children."""
    return document(_parsed(path), path=path, format="eml")


def enclosed(path: Path, desk: Desk) -> None:
    """Puts the attachments down. Raises ReadError and its children."""
    put_attachments(_parsed(path), desk)


class _Bounded(EmailPolicy):
    """Parsing a header takes the square of its length: what is longer than any real one is cut."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Name and value."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_HEADER]


def _parsed(path: Path) -> EmailMessage:
    data = read_bytes(path)
    if marked := marked_as(data):  # headers begin behind the mark, in single bytes
        data = data.decode(marked, "replace").encode()
    message = cast(EmailMessage, BytesParser(policy=_Bounded()).parsebytes(data))
    if not (message["From"] or message["Subject"] or message["Date"]):
        raise CorruptFileError(f"cannot read {path.name}: it has no mail headers; give it the suffix it should have")
    return _unwrapped(message, path=path)


def _unwrapped(message: EmailMessage, *, path: Path) -> EmailMessage:
    """The mail, or what was signed where a signature is wrapped around all of it. Raises EncryptedError or CorruptFileError."""
    kind = message.get_content_type()
    data = (_payload(message) if kind in _WRAPPED else None) or b""
    if kind == "multipart/encrypted" or smime.is_sealed(data) or (data and message.get_param("smime-type") == "enveloped-data"):
        raise EncryptedError(f"cannot read {path.name}: the mail is encrypted; save it from the mail program of its receiver without that")
    if not data:
        return message
    inner = cast(EmailMessage, BytesParser(policy=_Bounded()).parsebytes(smime.signed_content(data)))
    if not inner.get_payload():
        raise CorruptFileError(
            f"cannot read {path.name}: it is wrapped in a signature that cannot be followed; save the mail's text instead"
        )
    for name in ("Subject", *_SHOWN_HEADERS):
        if message[name] and not inner[name]:
            set_header(inner, name, str(message[name]))
    return inner


def document(message: EmailMessage, *, path: Path, format: str) -> Document:
    """The mail without its attachments. Raises NoTextError for one without subject and text."""
    draft = Draft()
    subject = one_line(str(message["Subject"] or ""))
    draft.heading(subject, level=1)
    draft.paragraph("\n".join(f"{name}: {one_line(str(message[name]))}" for name in _SHOWN_HEADERS if message[name]))
    body = _write_body(draft, message, path=path)
    for name in _attachment_names(message):
        draft.notice(f"attachment: {name}")
    if not body and not subject:
        raise NoTextError(f"cannot read {path.name}: the mail has no subject and no text; save its attachments beside it to have them read")
    return draft.finish(metadata=_metadata(message, subject=subject, path=path), format=format, path=path)


def set_header(message: EmailMessage, name: str, value: str) -> None:
    """Sets what the mail library takes; an address it cannot parse is kept as it stands."""
    try:
        message[name] = value
    except (ValueError, IndexError, AttributeError, TypeError, MessageError):
        del message[name]
        message[name] = one_line(value.replace("<", " ").replace(">", " ").replace('"', " ").replace("@", " at "))


def put_attachments(message: EmailMessage, desk: Desk) -> None:
    """Each under its own name; an enclosed mail under its subject."""
    sent = _moment(message)
    for attachment in _attachments(message):
        name = _name(attachment)
        data = _attached_bytes(attachment)
        if data is None:
            desk.refuse(name, "its bytes cannot be decoded; save it beside the mail")
        else:
            desk.put(name, data, seconds=sent)


def _attached_bytes(attachment: MIMEPart) -> bytes | None:
    if attachment.get_content_type() == "message/rfc822":
        inner = attachment.get_payload()
        return inner[0].as_bytes() if isinstance(inner, list) and inner and isinstance(inner[0], EmailMessage) else None
    return _payload(attachment)


def _breaks_off(part: MIMEPart) -> bool:
    return any(isinstance(defect, InvalidBase64LengthDefect) for defect in part.defects)


def _payload(part: MIMEPart) -> bytes | None:
    """The part's bytes; of base 64 that breaks off, as far as it goes."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return None
    if _breaks_off(part):
        letters = _NOT_BASE64.sub(b"", data)
        return b64decode(letters[: len(letters) // 4 * 4])
    return data


def _attachment_names(message: EmailMessage) -> list[str]:
    return [_name(attachment) for attachment in _attachments(message)]


def _attachments(message: EmailMessage) -> Iterator[MIMEPart]:
    return (part for part in _parts(message) if not _goes_on(part))


def _parts(message: EmailMessage) -> Iterator[MIMEPart]:
    """What stands beside the mail's text; of a signed mail, of what was signed."""
    if message.get_content_type() != "multipart/signed":
        return cast("Iterator[MIMEPart]", message.iter_attachments())
    signed = next(iter(message.iter_parts()), None)
    return _parts(signed) if isinstance(signed, EmailMessage) and signed.is_multipart() else iter(())


def _goes_on(part: MIMEPart) -> bool:
    """True for more of the mail's own text, as lists and some programs put it behind the first part or a picture."""
    is_text = part.get_content_type() in ("text/plain", "text/html")
    return is_text and not part.get_filename() and part.get_content_disposition() != "attachment"


def _name(attachment: MIMEPart) -> str:
    """The attachment's own name, an enclosed mail's subject, else its type."""
    name = one_line(attachment.get_filename() or "")
    inner = attachment.get_payload()
    if attachment.get_content_type() == "message/rfc822" and isinstance(inner, list) and inner and isinstance(inner[0], EmailMessage):
        subject = one_line(str(inner[0]["Subject"] or "")) or "mail"
        return name if name.lower().endswith(".eml") else f"{(name or subject).replace('/', ' ')}.eml"
    return name or attachment.get_content_type().replace("/", ".")


def _write_body(draft: Draft, message: EmailMessage, *, path: Path) -> bool:
    """Adds the plain part, else the HTML part, and the text that follows it; False when nothing says anything."""
    parts = [part for kind in ("plain", "html") if (part := message.get_body(preferencelist=(kind,))) is not None]
    if not parts and message.get_content_maintype() == "multipart" and not message.is_multipart():
        draft.notice("the mail's parts are not told apart: it names a boundary that does not come")
        parts.append(message)
    if not parts:
        draft.notice("the mail has no text part")
    found = any(_write_text(draft, part, path=path) for part in parts)  # some programs leave the plain part empty
    more = [_write_text(draft, part, path=path) for part in _parts(message) if _goes_on(part)]
    return found or any(more)


def _write_text(draft: Draft, part: MIMEPart, *, path: Path) -> bool:
    """False for a part that says nothing."""
    text = _part_text(part, path=path)
    if _breaks_off(part):
        draft.notice("the mail's text breaks off: its base 64 is not complete")
    if not text.strip():
        return False
    if part.get_content_subtype() == "html":
        html.add_page(draft, html.parse(text))
    else:
        txt.add_paragraphs(draft, txt.paragraphs(clean(text)))
    return True


def _part_text(part: MIMEPart, *, path: Path) -> str:
    data = _payload(part)
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


def _moment(message: EmailMessage) -> float | None:
    """Seconds since 1970, when the mail was sent."""
    try:
        return parsedate_to_datetime(str(message["Date"])).timestamp() if message["Date"] else None
    except (TypeError, ValueError, OverflowError):
        return None
