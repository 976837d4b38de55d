"""What a workspace's settings name, built: embedder, reranker, and search over a workspace.

Apart from the library, because a search would pay for every room the library's verbs enter (tests/test_imports.py).
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rag import config
from rag.config import EmbedderSettings, RerankerSettings, Settings, StoreSettings, WriterSettings
from rag.embedders.openai import OpenAIEmbedder
from rag.embedders.prompted import prompted
from rag.embedders.sentence_transformers import SentenceTransformersEmbedder
from rag.embedders.small import SmallEmbedder
from rag.errors import SettingsError
from rag.ports import Embedder, Index, Llm, Reranker, VectorStore
from rag.record import Record, Space, space_of
from rag.rerankers.cross_encoder import CrossEncoderReranker
from rag.rerankers.endpoint import EndpointReranker
from rag.rerankers.passthrough import PassThrough
from rag.retrieval import Retrieval
from rag.statements import statements
from rag.stores.chroma import ChromaStore

RECORD = "library.db"
INDEX = "index"

_ENDPOINT_S = 30.0


def embedder_of(setting: EmbedderSettings, *, workspace: Path) -> Embedder:
    """Not loaded yet."""
    if setting.kind == "small":
        return SmallEmbedder(engine=setting.engine)
    from rag.prompts import query_prompt

    prompt = query_prompt(workspace=workspace).text if setting.query_prompt else ""
    if setting.kind == "sentence-transformers":
        return SentenceTransformersEmbedder(
            setting.model,
            revision=setting.revision,
            query_prompt=prompt,
            dimensions=setting.first_dimensions or None,
            engine=setting.engine,
        )
    return OpenAIEmbedder(
        setting.model,
        base_url=setting.base_url,
        api_key=config.secret(setting.api_key_env),
        query_prompt=prompt,
        dimensions=setting.dimensions,
        first_dimensions=setting.first_dimensions or None,
        max_tokens=setting.max_tokens,
    )


def reranker_of(setting: RerankerSettings) -> Reranker:
    """The pass-through where no model is named; not loaded yet."""
    if not setting.model:
        return PassThrough()
    if setting.kind == "cross-encoder":
        return CrossEncoderReranker(setting.model, revision=setting.revision, budget_s=setting.budget_s)
    return EndpointReranker(
        setting.model,
        base_url=setting.base_url,
        api_key=config.secret(setting.api_key_env),
        api=setting.kind,
        timeout_s=setting.budget_s or _ENDPOINT_S,
    )


def llm_of(setting: WriterSettings) -> Llm:
    """Raises SettingsError where no model is named."""
    from rag.llms.openai import OpenAILlm

    if not setting.model:
        raise SettingsError("no model is set: give writer.model and writer.base_url in rag.toml, or --writer extractive")
    key = config.secret(setting.api_key_env)
    return OpenAILlm(setting.model, base_url=setting.base_url, api_key=key, json_schema=setting.json_schema)


def index_of(setting: StoreSettings, *, workspace: Path, record: Record, space: Space) -> Index:
    """The vector index of a space; not opened yet. Raises SettingsError for a store that cannot be opened."""
    if setting.kind == "chroma":
        return ChromaStore(workspace / INDEX, space=space.id)
    from rag.stores.langchain import LangChainStore
    from rag.stores.opening import opener

    return LangChainStore(
        workspace / INDEX,
        space=space.id,
        dimensions=space.fingerprint.dimensions,
        open_store=opener(setting.open),
        vectors_of=record.vectors_of,
    )


def retrieval_of(settings: Settings, *, record: Record, store: VectorStore, embedder: Embedder, reranker: Reranker) -> Retrieval:
    """Search as rag.toml and the workspace's prompts say. Raises UsageError for a query prompt that is not there."""
    domain = settings.search.query_prompt
    return Retrieval(
        record=record,
        store=store,
        embedder=_prompted(embedder, domain, workspace=record.path.parent) if domain else embedder,
        any_query_prompt=bool(domain),
        reranker=reranker,
        reranked=settings.reranker.top,
        statements=statements(workspace=record.path.parent),
    )


def _prompted(embedder: Embedder, domain: str, *, workspace: Path) -> Embedder:
    """With the line of prompts/query/ before each question."""
    from rag.prompts import query_prompt

    return prompted(embedder, query_prompt(domain, workspace=workspace).text)


@contextmanager
def searching(workspace: Path) -> Iterator[Retrieval]:
    """Search over a workspace, closed at the end: `rag search`, and what `rag.chain.PassageRetriever` opens in the thread it answers in.

    Raises WorkspaceError where there is none, SettingsError for a rag.toml that cannot be used.
    """
    settings = config.load(workspace)
    with Record.open(workspace / RECORD) as record:
        embedder = embedder_of(settings.embedder, workspace=workspace)
        space = record.active_space() or space_of(embedder.fingerprint)
        with closing(index_of(settings.store, workspace=workspace, record=record, space=space)) as store:
            yield retrieval_of(settings, record=record, store=store, embedder=embedder, reranker=reranker_of(settings.reranker))
