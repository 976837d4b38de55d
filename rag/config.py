"""Settings: defaults, then rag.toml, then RAG_* in the environment. The only reader of the environment."""

import json
import os
import re
import textwrap
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rag.embedders.engine import EngineSetting
from rag.embedders.sentence_transformers import MXBAI
from rag.errors import SettingsError, WorkspaceError
from rag.types import Precision

FILE_NAME = "rag.toml"

_PREFIX, _NESTED = "RAG_", "__"

EmbedderKind = Literal["sentence-transformers", "small", "openai"]
RerankerKind = Literal["cross-encoder", "cohere", "mixedbread"]
Format = Literal["html", "md", "json", "pdf", "docx", "csl", "bib", "csv"]
OcrKind = Literal["off", "tesseract"]
WriterKind = Literal["extractive", "openai"]
CheckerKind = Literal["none", "nli", "llm"]


class EmbedderSettings(BaseModel):
    """Which model turns text into vectors. Changing it asks for `rag ingest --re-embed`."""

    model_config = ConfigDict(extra="forbid")

    kind: EmbedderKind = Field(
        default="sentence-transformers",
        description='"sentence-transformers": a model on this machine. "small": the 384-dimension MiniLM that comes with this program, no '
        'download. "openai": any OpenAI-compatible endpoint (text-embeddings-inference, vLLM, Ollama, Mixedbread, OpenAI).',
    )
    model: str = Field(
        default=MXBAI,
        description='A Hugging Face name, a folder, or the endpoint\'s name for it. Not used with kind = "small".',
    )
    revision: str = Field(default="main", description="The model's commit or tag on Hugging Face. Sentence-transformers only.")
    engine: EngineSetting = Field(
        default="auto",
        description='What computes the vectors here. "auto": our own layers where the model is a BERT such as mxbai or MiniLM, in bfloat16 '
        'where the processor multiplies it natively, else in float32; any other model by sentence-transformers. "float32", "bfloat16" and '
        '"sentence-transformers" fix it; changing it between these asks for no new embedding. "int8" is the fastest on a processor '
        "with VNNI, and takes some seconds longer to load; its vectors are a little off the model's (cosine .9996), so changing to it "
        'or from it asks for `rag ingest --re-embed`. `rag doctor` says what was chosen. Not used with kind = "openai".',
    )
    query_prompt: bool = Field(
        default=True,
        description="Whether the line in prompts/query.txt is put before every query (never before a document); mxbai needs it, "
        'false is for models that want none. Not used with kind = "small", which has none.',
    )
    base_url: str = Field(default="", description='The endpoint, such as "http://localhost:8080/v1". kind = "openai" only.')
    api_key_env: str = Field(
        default="OPENAI_API_KEY",
        description="The environment variable that holds the endpoint's key; the key itself never goes into this file. "
        'kind = "openai" only.',
    )
    dimensions: int = Field(default=1024, ge=1, description='Length of the endpoint\'s vectors. kind = "openai" only.')
    first_dimensions: int = Field(
        default=0,
        ge=0,
        description="Keep only so many of a vector's first dimensions, for models trained for it (Matryoshka): mxbai keeps 95 % "
        'of its quality with 512 and needs half the room; 0 keeps all. Not used with kind = "small".',
    )
    max_tokens: int = Field(default=512, ge=32, description='The endpoint\'s limit for one text, in tokens. kind = "openai" only.')

    @model_validator(mode="after")
    def _they_go_together(self) -> Self:
        if self.kind == "openai" and not self.base_url:
            raise ValueError('kind = "openai" needs base_url, such as "http://localhost:8080/v1"')
        if self.kind == "openai" and self.first_dimensions > self.dimensions:
            raise ValueError("first_dimensions cannot be more than dimensions, the length of the endpoint's vectors")
        if self.kind == "small" and self.engine in ("sentence-transformers", "int8"):
            raise ValueError('kind = "small" runs by our own layers in floats; set engine to "auto", "float32" or "bfloat16"')
        return self


class StoreSettings(BaseModel):
    """Where the vector index lies. The record stays in library.db; the index can be thrown away and made again from it."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["chroma", "langchain"] = Field(
        default="chroma",
        description='"chroma": in the workspace\'s folder index/. "langchain": any LangChain vector store (Qdrant, Milvus, pgvector, '
        "OpenSearch, a Chroma server), for libraries that outgrow one machine.",
    )
    open: str = Field(
        default="",
        description='kind = "langchain" only: your function that opens it, as "module:function". It is called with the collection\'s name '
        "and a LangChain Embeddings and gives the LangChain VectorStore; docs/interop.md has examples.",
    )
    precision: Precision = Field(
        default="full",
        description='How library.db keeps vectors. "full": three bytes a dimension, no cosine off by more than float32 itself. "int8": one '
        'byte. "binary": likewise, and searched by a bit a dimension in memory, the best of which are scored by their bytes. A change '
        'holds from the next ingest on and embeds nothing; back to "full" go only documents that are read from then on.',
    )

    @model_validator(mode="after")
    def _a_langchain_store_has_an_opener(self) -> Self:
        if self.kind == "langchain" and not re.fullmatch(r"[\w.]+:\w+", self.open):
            raise ValueError('kind = "langchain" needs open, such as "my_stores:qdrant"')
        return self


class SearchSettings(BaseModel):
    """How questions are put."""

    model_config = ConfigDict(extra="forbid")

    query_prompt: str = Field(
        default="",
        description='A file in prompts/query/, such as "filings", "economy", "news" or "title": the line that goes before every question '
        "instead of the embedder's own. `rag eval QUESTIONS --prompts` says whether one of them finds more; nothing is embedded anew.",
    )


class RerankerSettings(BaseModel):
    """A second, slower look at the best passages."""

    model_config = ConfigDict(extra="forbid")

    kind: RerankerKind = Field(
        default="cross-encoder",
        description='"cross-encoder": a model on this machine. "cohere": an endpoint with /rerank (Cohere, vLLM, Jina). "mixedbread": '
        "Mixedbread's own, with /reranking.",
    )
    model: str = Field(
        default="",
        description='A cross-encoder such as "mixedbread-ai/mxbai-rerank-base-v1", or the endpoint\'s name for its model; empty keeps the '
        "fused order, and every search says so.",
    )
    revision: str = Field(default="main", description="The model's commit or tag on Hugging Face. Cross-encoders only.")
    top: int = Field(default=20, ge=1, le=200, description="How many of the best passages are looked at again.")
    budget_s: float = Field(
        default=0.0,
        ge=0,
        description="Seconds after which no further passage is looked at, 0 for no limit; the search says how many were. For an endpoint: "
        "how long to wait for it, 0 for 30.",
    )
    base_url: str = Field(default="", description='The endpoint, such as "https://api.mixedbread.com/v1". Endpoints only.')
    api_key_env: str = Field(
        default="RERANKER_API_KEY", description="The environment variable that holds the endpoint's key. Endpoints only."
    )

    @model_validator(mode="after")
    def _an_endpoint_has_an_address(self) -> Self:
        if self.model and self.kind != "cross-encoder" and not self.base_url:
            raise ValueError(f'kind = "{self.kind}" needs base_url, such as "https://api.mixedbread.com/v1"')
        return self


AS_ASKED = "auto"
"""In place of a facet pack: the one that suits the topic."""


class ReportSettings(BaseModel):
    """How reports are written out."""

    model_config = ConfigDict(extra="forbid")

    template: str = Field(default="market_trends", description="A folder in templates/; the workspace's own comes first.")
    pack: str = Field(
        default=AS_ASKED,
        description='The questions a report asks: a file in prompts/facets/. "market", "macro" (an economy and its regions) and "filings" '
        f'(companies\' reports) ship; the workspace\'s own comes first. "{AS_ASKED}": "filings" where the topic is a company whose filings '
        'are in the library, else "market".',
    )
    formats: list[Format] = Field(
        default=["html", "md", "json"],
        min_length=1,
        description="Files written for each report: html, md, json, pdf, docx; csl and bib are its sources for reference managers, "
        "csv its figures.",
    )


class WriterSettings(BaseModel):
    """Who words the sentences of reports and answers."""

    model_config = ConfigDict(extra="forbid")

    kind: WriterKind = Field(
        default="extractive",
        description='"extractive": sentences are quoted word for word, no model is asked. "openai": the model of any OpenAI-compatible '
        "endpoint words them, and every sentence is checked against its quotations.",
    )
    base_url: str = Field(default="https://api.openai.com/v1", description='The endpoint. kind = "openai" only, as all that follows.')
    model: str = Field(default="", description="The endpoint's name for the model.")
    api_key_env: str = Field(
        default="OPENAI_API_KEY", description="The environment variable that holds the endpoint's key; the key itself never goes here."
    )
    json_schema: bool = Field(default=True, description="False for an endpoint that refuses a response format; answers are checked alike.")
    timeout_s: float = Field(default=120.0, gt=0, description="Seconds for one answer, by the clock on the wall.")
    run_timeout_s: float = Field(default=1800.0, gt=0, description="Seconds for all that one report or answer asks, pauses included.")
    context_tokens: int = Field(default=16_000, ge=2_000, description="What the model can read and write in one call.")
    answer_tokens: int = Field(default=4_000, ge=500, description="The longest answer; a model that thinks first needs room for it.")
    price_in: float = Field(default=0.0, ge=0, description="The price of a million tokens read; 0 where unknown.")
    price_out: float = Field(default=0.0, ge=0, description="The price of a million tokens written; 0 where unknown.")
    max_cost: float = Field(
        default=0.0, ge=0, description="The most that one report or answer may cost, in the prices' currency; 0: no limit."
    )
    max_tokens: int = Field(default=0, ge=0, description="The most tokens, read and written, of one report or answer; 0: no limit.")

    @model_validator(mode="after")
    def _a_model_has_a_name_and_a_cap_a_price(self) -> Self:
        if self.kind == "openai" and not (self.model and self.base_url):
            raise ValueError('kind = "openai" needs model and base_url, such as "http://localhost:8080/v1"')
        if self.max_cost and not (self.price_in or self.price_out):
            raise ValueError("max_cost needs price_in and price_out")
        return self


class CheckerSettings(BaseModel):
    """A second opinion on sentences in a model's words, after the gates."""

    model_config = ConfigDict(extra="forbid")

    kind: CheckerKind = Field(
        default="none",
        description='"nli": a cross-encoder for natural language inference on this machine. "llm": a model of any OpenAI-compatible '
        "endpoint. Sentences that it doubts are quoted instead, and counted; what a gate refuses it cannot pass.",
    )
    model: str = Field(default="", description='Such as "cross-encoder/nli-deberta-v3-base", or the endpoint\'s name for its model.')
    revision: str = Field(default="main", description='Branch, tag or commit on the Hugging Face Hub. kind = "nli" only.')
    base_url: str = Field(default="https://api.openai.com/v1", description='The endpoint. kind = "llm" only, as what follows.')
    api_key_env: str = Field(
        default="OPENAI_API_KEY", description="The environment variable that holds the endpoint's key; the key itself never goes here."
    )

    @model_validator(mode="after")
    def _a_checker_has_a_model(self) -> Self:
        if self.kind != "none" and not self.model:
            raise ValueError(f'kind = "{self.kind}" needs model')
        return self


class Settings(BaseModel):
    """All there is to set."""

    model_config = ConfigDict(extra="forbid")

    folders: list[str] = Field(default=["docs"], min_length=1, description="Folders with documents, relative to this file or absolute.")
    include: list[str] = Field(
        default=[],
        description='Patterns such as "reports/**" or "*.pdf": only files that match one are read; empty reads all. Paths are relative to '
        "their folder.",
    )
    exclude: list[str] = Field(
        default=[], description='Patterns such as "drafts/**" or "*.tmp.docx": files that match one are not read, and leave the search.'
    )
    ocr: OcrKind = Field(
        default="off",
        description='"tesseract": pages of a PDF without text are read from their pictures by the installed program tesseract, a few '
        "seconds each. Changing it has every file read again; nothing is embedded twice.",
    )
    ocr_languages: list[str] = Field(
        default=["eng"], min_length=1, description='What tesseract looks for, by its own names: "eng", "deu", "fra", "chi_sim" ...'
    )
    embedder: EmbedderSettings = EmbedderSettings()
    store: StoreSettings = StoreSettings()
    search: SearchSettings = SearchSettings()
    reranker: RerankerSettings = RerankerSettings()
    report: ReportSettings = ReportSettings()
    writer: WriterSettings = WriterSettings()
    checker: CheckerSettings = CheckerSettings()

    @field_validator("folders")
    @classmethod
    def _names_differ(cls, folders: list[str]) -> list[str]:
        """Paths in citations begin with the folder's name, so that two folders of one name could not be told apart."""
        names = [Path(folder).name for folder in folders]
        if len(set(names)) < len(names):
            raise ValueError("two folders have the same last name; rename one")
        return folders


def load(workspace: Path) -> Settings:
    """The workspace's settings. Raises WorkspaceError without a rag.toml, SettingsError naming each setting that cannot be used."""
    path = workspace / FILE_NAME
    if not path.is_file():
        raise WorkspaceError(f"{workspace} is not a workspace: it has no {FILE_NAME}; make one with: rag init {workspace}")
    try:
        return Settings(**_with_environment(tomllib.loads(path.read_text(encoding="utf-8"))))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; make it readable for this user") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise SettingsError(f"{path}: {_in_words(error)}") from error


def new(*, folders: list[str], embedder: EmbedderKind) -> Settings:
    """Settings for a new workspace. Raises SettingsError naming what cannot be used."""
    try:
        return Settings(**_with_environment({"folders": folders, "embedder": {"kind": embedder}}))
    except ValidationError as error:
        raise SettingsError(_in_words(error)) from error


def _with_environment(values: Mapping[str, Any], *, section: type[BaseModel] = Settings, prefix: str = _PREFIX) -> dict[str, Any]:
    """The values with what RAG_KEY and RAG_SECTION__KEY say instead; lists are JSON there. Unknown keys of a section are left for pydantic
    to refuse. (pydantic-settings does this too, and its import costs half as much as a search.)
    """
    merged = dict(values)
    for name, field in section.model_fields.items():
        kind, key = field.annotation, f"{prefix}{name.upper()}"
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            inner = merged.get(name, {})
            merged[name] = _with_environment(inner, section=kind, prefix=key + _NESTED) if isinstance(inner, Mapping) else inner
        elif (said := os.environ.get(key)) is not None:
            merged[name] = _list(said, key=key) if get_origin(kind) is list else said
    if prefix != _PREFIX:
        known = {f"{prefix}{name.upper()}" for name in section.model_fields}
        merged |= {
            key.removeprefix(prefix).lower(): said for key, said in os.environ.items() if key.startswith(prefix) and key not in known
        }
    return merged


def _list(said: str, *, key: str) -> Any:
    try:
        return json.loads(said)
    except ValueError as error:
        raise SettingsError(f'{key} is not a list in JSON, such as ["docs"]: {said!r}') from error


def _in_words(error: ValidationError) -> str:
    """Every problem as "section.key: what is wrong", with the known keys where one is unknown."""
    return "; ".join(_problem(tuple(map(str, item["loc"])), kind=item["type"], message=item["msg"]) for item in error.errors())


def _problem(location: tuple[str, ...], *, kind: str, message: str) -> str:
    name = ".".join(location)
    if kind != "extra_forbidden":
        return f"{name}: {message.removeprefix('Value error, ')}"
    section: type[BaseModel] = Settings
    for key in location[:-1]:
        annotation = section.model_fields[key].annotation
        assert isinstance(annotation, type)
        section = annotation
    return f"unknown setting {name!r}; known here: {', '.join(section.model_fields)}"


def secret(name: str) -> str:
    """The value of an environment variable that holds a key; empty when it is not set."""
    return os.environ.get(name, "")


def to_toml(settings: Settings) -> str:
    """A rag.toml with every setting and what it means."""
    lines = ["# Settings of this workspace. Each can be overridden in the environment: RAG_REPORT__TEMPLATE=... for report.template.", ""]
    lines += _fields(settings)
    for name in Settings.model_fields:
        section = getattr(settings, name)
        if isinstance(section, BaseModel):
            lines += ["", f"[{name}]  # {type(section).__doc__}", *_fields(section)]
    return "\n".join(lines) + "\n"


def _fields(section: BaseModel) -> list[str]:
    lines: list[str] = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if not isinstance(value, BaseModel):
            comment = [f"# {line}" for line in textwrap.wrap(field.description or "", 110)]
            lines += [*comment, f"{name} = {json.dumps(value, ensure_ascii=False)}", ""]  # text, whole numbers and lists: JSON is TOML here
    return lines[:-1]
