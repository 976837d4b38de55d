"""The outbox, emptied: each message goes to its channel, and one that cannot go now is tried again later.

A message is written down before it is sent and marked after. A crash between the two sends it again, under the same identity: the mail's
Message-ID, the webhook's Idempotency-Key, the folder's file names; receivers that look at it see it once.
"""

import fcntl
import hashlib
import hmac
import json
import mimetypes
import smtplib
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from pydantic import TypeAdapter

from rag.errors import DeliveryError, RagError
from rag.record.schedules import Letter, Schedules
from rag.schedule.definition import Definition, Delivery, ToFolder, ToMail, ToSlack, ToWebhook

TIMEOUT_S = 30.0
MOST_TRIES = 8
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=6)
_CHANNEL: TypeAdapter[Delivery] = TypeAdapter(Delivery)

Secret = Callable[[str], str]
"""The value of an environment variable; empty when it is not set."""


def deliver(book: Schedules, *, workspace: Path, now: datetime, secret: Secret) -> list[Letter]:
    """Sends what waits, one process at a time; gives those that were sent or given up, as they are now."""
    ended = []
    with _alone(workspace):
        for letter in book.waiting(now=now):
            sent = _tried(letter, workspace=workspace, now=now, secret=secret)
            book.put_letter(sent)
            if sent.state != "waiting":
                ended.append(sent)
    return ended


@contextmanager
def _alone(workspace: Path) -> Iterator[None]:
    """Waits for its turn at the outbox: what another process has sent meanwhile is marked by then. The lock ends with its holder."""
    with (workspace / ".outbox.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _tried(letter: Letter, *, workspace: Path, now: datetime, secret: Secret) -> Letter:
    tried = replace(letter, tries=letter.tries + 1)
    try:
        send(letter, workspace=workspace, now=now, secret=secret)
    except RagError as error:
        if tried.tries >= MOST_TRIES or not error.retryable:
            return replace(tried, state="given_up", error=str(error))
        return replace(tried, error=str(error), not_before=now + min(_FIRST_PAUSE * 3**letter.tries, _LONGEST_PAUSE))
    return replace(tried, state="sent", error="")


def send(letter: Letter, *, workspace: Path, now: datetime, secret: Secret) -> None:
    """To its channel. Raises DeliveryError."""
    files = _files(letter, workspace=workspace)
    match _CHANNEL.validate_json(letter.channel):
        case ToFolder() as channel:
            _to_folder(files, folder=workspace / Path(channel.path).expanduser())
        case ToMail() as channel:
            _to_mail(mail(letter, channel, files=files, now=now), channel, password=_needed(channel.password_env, secret))
        case ToWebhook() as channel:
            _post(channel.url, webhook_body(letter, files), key=_needed(channel.secret_env, secret), identity=letter.id)
        case ToSlack() as channel:
            _post(_needed(channel.url_env, secret), json.dumps({"text": f"*{letter.subject}*\n{letter.body}"}).encode(), identity=letter.id)


def try_channels(name: str, definition: Definition, *, workspace: Path, now: datetime, secret: Secret) -> list[tuple[str, str]]:
    """Sends one line to each channel; (channel's kind, why it failed or empty)."""
    tried: list[tuple[str, str]] = []
    for at, delivery in enumerate(definition.deliver):
        letter = Letter(
            id=f"test-{name}-{at}-{now:%Y%m%d%H%M%S}",
            schedule=name,
            slot="",
            channel=delivery.model_dump_json(),
            subject=f"{name}: test",
            body="This is a test; a scheduled report will come this way.",
            files={},
            not_before=now,
        )
        try:
            send(letter, workspace=workspace, now=now, secret=secret)
        except RagError as error:
            tried.append((delivery.kind, str(error)))
        else:
            tried.append((delivery.kind, ""))
    return tried


def _files(letter: Letter, *, workspace: Path) -> dict[str, bytes]:
    """All of a report's files or none of it."""
    try:
        return {name: (workspace / path).read_bytes() for name, path in letter.files.items()}
    except OSError as error:
        raise DeliveryError(f"the report's file {error.filename} cannot be read: {error.strerror}; make the report again") from error


def _needed(name: str, secret: Secret) -> str:
    """The secret's value; empty where none is asked for."""
    if name and not (value := secret(name)):
        raise DeliveryError(f"the environment variable {name} is not set; set it where `rag run-due` runs", retryable=True)
    return value if name else ""


# ── channels ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _to_folder(files: Mapping[str, bytes], *, folder: Path) -> None:
    """Each file appears whole; the same file again changes nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".report-", dir=folder) as waiting:
            for name, content in files.items():
                part = Path(waiting) / name
                part.write_bytes(content)
                part.replace(folder / name)
    except OSError as error:
        raise DeliveryError(f"cannot write to the folder {folder}: {error.strerror}; make it writable", retryable=True) from error


def mail(letter: Letter, channel: ToMail, *, files: Mapping[str, bytes], now: datetime) -> EmailMessage:
    """The message; its Message-ID is the letter's, so that a second copy is known as one."""
    message = EmailMessage()
    message["Subject"] = letter.subject
    message["From"] = channel.sender
    message["To"] = ", ".join(channel.to)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{letter.id}@{channel.sender.rpartition('@')[2]}>"
    message.set_content(letter.body)
    html = next((name for name in files if name.endswith(".html")), "") if channel.inline else ""
    if html:
        message.add_alternative(files[html].decode("utf-8"), subtype="html")
    for name, content in files.items():
        if name != html:
            kind, _, sub = (mimetypes.guess_type(name)[0] or "application/octet-stream").partition("/")
            message.add_attachment(content, maintype=kind, subtype=sub, filename=name)
    return message


def _to_mail(message: EmailMessage, channel: ToMail, *, password: str) -> None:
    host, _, port = channel.server.partition(":")
    with _as_ours(f"mail server {channel.server}"):
        context = ssl.create_default_context()
        if channel.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, int(port or 465), timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(host, int(port or (587 if channel.security == "starttls" else 25)), timeout=TIMEOUT_S)
        with server:
            if channel.security == "starttls":
                server.starttls(context=context)
            if channel.user:
                server.login(channel.user, password)
            server.send_message(message)


def webhook_body(letter: Letter, files: Mapping[str, bytes]) -> bytes:
    """What is posted: the message and the report's data."""
    report = next((json.loads(content) for name, content in files.items() if name.endswith(".json")), None)
    said = {"id": letter.id, "schedule": letter.schedule, "slot": letter.slot, "subject": letter.subject, "body": letter.body}
    return json.dumps({**said, "report": report}, ensure_ascii=False).encode()


def signature(body: bytes, key: str) -> str:
    """HMAC-SHA-256, as the header X-Rag-Signature carries it."""
    return "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def _post(url: str, body: bytes, *, identity: str, key: str = "") -> None:
    import httpx2 as httpx

    headers = {"Content-Type": "application/json", "Idempotency-Key": identity}
    if key:
        headers["X-Rag-Signature"] = signature(body, key)
    host = httpx.URL(url).host
    try:
        answer = httpx.post(url, content=body, headers=headers, timeout=TIMEOUT_S, follow_redirects=False)
    except httpx.HTTPError as error:
        raise DeliveryError(f"{host} cannot be reached: {error}", retryable=True) from error
    if not answer.is_success:
        retryable = answer.status_code >= 500 or answer.status_code in (408, 425, 429)
        raise DeliveryError(f"{host} answered {answer.status_code}; look at its address and what it accepts", retryable=retryable)


@contextmanager
def _as_ours(what: str) -> Iterator[None]:
    """A mail server's refusal for good is final, all else may pass."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryError(f"the {what} refuses the user or password; correct them") from error
    except smtplib.SMTPRecipientsRefused as error:
        raise DeliveryError(f"the {what} refuses the recipients: {', '.join(error.recipients)}") from error
    except smtplib.SMTPResponseException as error:
        detail = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        raise DeliveryError(f"the {what} answered {error.smtp_code} {detail}", retryable=error.smtp_code < 500) from error
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryError(f"the {what} cannot be reached: {error}; it is tried again", retryable=True) from error
