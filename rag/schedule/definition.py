"""A schedule's definition: a small TOML file, checked whole before it is taken in and again before each run."""

import re
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rag.config import Format
from rag.errors import DefinitionError, SettingsError, UsageError
from rag.patterns import regex
from rag.record.people import name_of as called
from rag.schedule.slots import Rhythm, rhythm, zone_of

FOLDER = "schedules"
"""In the workspace; one TOML file a schedule, named by it."""

_NAME = regex(r"[a-z0-9][a-z0-9-]{0,59}")
CatchUp = Literal["latest", "all", "none"]
Overlap = Literal["skip", "queue", "cancel"]
NoNews = Literal["silent", "note", "report"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ToFolder(_Strict):
    """Copies the report's files into a folder."""

    kind: Literal["folder"]
    path: str = Field(min_length=1, description="Relative to the workspace, or absolute; made when it is not there.")


class ToMail(_Strict):
    """Sends a mail with the report's files."""

    kind: Literal["mail"]
    to: list[str] = Field(min_length=1)
    sender: str = Field(min_length=3)
    server: str = Field(min_length=1, description='"host" or "host:port".')
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_env: str = Field(default="", description="The environment variable that holds the password.")
    inline: bool = Field(default=False, description="The HTML as the mail's body; otherwise all files are attached.")

    @field_validator("to", "sender")
    @classmethod
    def _addresses(cls, value: list[str] | str) -> list[str] | str:
        for address in [value] if isinstance(value, str) else value:
            if not re.fullmatch(r"[^@\s,;<>]+@[^@\s,;<>]+", address):
                raise ValueError(f"{address!r} is no mail address")
        return value


class ToWebhook(_Strict):
    """Posts what became of the run, and the report's JSON, as JSON signed with HMAC-SHA-256."""

    kind: Literal["webhook"]
    url: str = Field(pattern=r"^https?://\S+$")
    secret_env: str = Field(default="", description="The environment variable that holds the key of the signature.")


class ToSlack(_Strict):
    """Posts a short message to an incoming webhook of Slack, or of any chat that speaks its form."""

    kind: Literal["slack"]
    url_env: str = Field(min_length=1, description="The environment variable that holds the webhook's address, which is a secret.")


Delivery = Annotated[ToFolder | ToMail | ToWebhook | ToSlack, Field(discriminator="kind")]


class Scoped(_Strict):
    """Which documents the report may use."""

    folders: list[str] = []
    tags: list[str] = []


class Gate(_Strict):
    """Golden questions that are asked before a report is published: too few answered holds it back."""

    questions: str = Field(min_length=1, description="A questions file as `rag eval` reads it, relative to the workspace.")
    least: float = Field(ge=0, le=1, description="The share of them whose passage must be among the first ten.")


class Limits(_Strict):
    """What one run may take; one that needs more fails, and its people are told."""

    minutes: int = Field(default=60, ge=1, le=1_440, description="A run that takes longer is stopped and tried again.")
    max_cost: float = Field(
        default=0.0, ge=0, description="Of the model's answers, in the currency of writer.price_in; 0: as rag.toml says."
    )
    max_tokens: int = Field(default=0, ge=0, description="Read and written by the model; 0: as rag.toml says.")


class Definition(_Strict):
    """All that a schedule says."""

    title: str = Field(default="", description="What people call it, in mails and lists; the topic when it is not given.")
    topic: str = ""
    plan: str = Field(default="", description="A file as `rag plan` writes it, relative to the workspace; instead of a topic.")
    pack: str = ""
    template: str = ""
    formats: list[Format] = []
    cron: str = ""
    first_working_day: str = ""
    zone: str
    scope: Scoped = Scoped()
    catch_up: CatchUp = Field(default="latest", description="Of slots that were missed: only the latest, all, or none.")
    overlap: Overlap = Field(default="skip", description="When a run still goes on at the next slot: skip it, queue it, or cancel the run.")
    no_news: NoNews = Field(default="note", description="When the evidence is as it was: be silent, send one line, or report all the same.")
    owner: str = ""
    limits: Limits = Limits()
    tries: int = Field(default=3, ge=1, le=20, description="How often a run that failed is made again before it is given up.")
    gate: Gate | None = None
    deliver: list[Delivery] = []

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if bool(self.topic.strip()) == bool(self.plan):
            raise ValueError("give either a topic or a plan")
        return self

    def called(self, name: str) -> str:
        """For people; ``name`` is the schedule's."""
        return self.title or self.topic or name

    @property
    def rhythm(self) -> Rhythm:
        """When it is due."""
        return rhythm(cron=self.cron, first_working_day=self.first_working_day, zone=self.zone)


def read_definition(text: str, *, at: str) -> Definition:
    """``at`` is the file's name for messages. Raises DefinitionError naming each key that cannot be used."""
    try:
        made = Definition(**tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"{at} is not valid TOML: {error}", problems={"": str(error)}) from error
    except ValidationError as error:
        problems = {".".join(map(str, item["loc"])): _problem(item["msg"]) for item in error.errors()}
        raise DefinitionError(f"{at}: {_in_words(error)}", problems=problems) from error
    when = "first_working_day" if made.first_working_day and not made.cron else "cron"
    checks: dict[str, Callable[[], object]] = {"zone": lambda: zone_of(made.zone), when: lambda: made.rhythm}
    for key, check in checks.items():
        try:
            check()
        except UsageError as error:
            raise DefinitionError(f"{at}: {error}", problems={key: str(error)}) from error
    return made


def _in_words(error: ValidationError) -> str:
    """Every problem as "key: what is wrong"."""
    return "; ".join(_told(".".join(map(str, item["loc"])), kind=item["type"], message=item["msg"]) for item in error.errors())


def _told(key: str, *, kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return f"unknown key {key!r}; known at the top: {', '.join(Definition.model_fields)}"
    return f"{key}: {_problem(message)}" if key else _problem(message)


def _problem(message: str) -> str:
    return message.removeprefix("Value error, ")


def name_of(path: Path) -> str:
    """The schedule's name: the file's, less its suffix. Raises UsageError for one that cannot be a name."""
    if path.suffix != ".toml" or not _NAME.fullmatch(path.stem):
        raise UsageError(f"{path.name} gives the schedule no name; call the file such as weekly-prices.toml (small letters, digits, -)")
    return path.stem


def owners_of(workspace: Path) -> dict[str, str]:
    """Name -> owner of every schedule whose file can be used."""
    owners = {}
    for name, text in definitions(workspace).items():
        with suppress(SettingsError):
            owners[name] = called(read_definition(text, at=name).owner)
    return owners


def definitions(workspace: Path) -> dict[str, str]:
    """Name -> text of every schedule of the workspace, by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((workspace / FOLDER).glob("*.toml"))}
