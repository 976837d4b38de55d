"""Search and embedder for any LangChain program: ``PassageRetriever`` is a Runnable that gives LangChain documents,
``WorkspaceEmbeddings`` the vectors of the workspace's own model, each with the prompt that belongs to it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Self

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from pydantic import PrivateAttr

from rag.ports import Embedder
from rag.retrieval import Retrieval
from rag.types import Passage, Scope
from rag.untraced import untraced


def _one_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="rag-search")


class WorkspaceEmbeddings(Embeddings):
    """An Embedder behind LangChain's interface: what is asked gets the query prompt, what is stored does not.

    Raises ModelError and its children as they are, so that a failure is never an empty vector.
    """

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One unit vector a text."""
        rows: list[list[float]] = self.embedder.embed(texts, kind="document").tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        """The question's unit vector, its prompt before it."""
        row: list[float] = self.embedder.embed([text], kind="query")[0].tolist()
        return row


class PassageRetriever(BaseRetriever):
    """A Retrieval behind LangChain's interface: ``with PassageRetriever(open=...) as retriever: retriever | prompt | model``.

    LangChain runs the branches of a chain in threads of its own, and a record belongs to the thread that opened it. So the Retrieval is
    opened by the first question, in one thread that answers them all, and closed by ``close`` or the end of the ``with``.
    """

    open: Callable[[], AbstractContextManager[Retrieval]]
    """Opens what is searched."""
    k: int = 10
    """At most so many documents."""
    scope: Scope = Scope()
    traced: bool = False
    """True lets LangSmith have the questions and passages where the environment asks for it. A chain that is traced sends its own steps."""

    _thread: ThreadPoolExecutor = PrivateAttr(default_factory=_one_thread)
    _opened: ExitStack = PrivateAttr(default_factory=ExitStack)
    _retrieval: Retrieval | None = PrivateAttr(default=None)

    def close(self) -> None:
        """Closes what was opened; the retriever answers no more."""
        self._thread.submit(self._opened.close).result()
        self._thread.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:
        """The documents for a question."""
        with untraced(traced=self.traced):
            return super().invoke(input, config, **kwargs)

    async def ainvoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:
        """The same, awaited."""
        with untraced(traced=self.traced):
            return await super().ainvoke(input, config, **kwargs)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return self._thread.submit(self._documents, query).result()

    def _documents(self, query: str) -> list[Document]:
        if self._retrieval is None:
            self._retrieval = self._opened.enter_context(self.open())
        result = self._retrieval.find(query, k=self.k, scope=self.scope)
        return [_document(passage, label=_page_label(self._retrieval, passage)) for passage in result.passages]


def _page_label(retrieval: Retrieval, passage: Passage) -> str:
    pages = retrieval.record.document(passage.source.document).pages
    return next((page.label for page in pages if page.number == passage.chunk.first_page), "")


def _document(passage: Passage, *, label: str) -> Document:
    """The passage's text with everything a citation needs."""
    chunk, source = passage.chunk, passage.source
    metadata: dict[str, Any] = {
        "document": source.document,
        "title": source.title,
        "path": source.path,
        "page": chunk.first_page,
        "page_label": label,
        "score": passage.score,
        "span": (chunk.start, chunk.end),
        "heading_path": list(chunk.heading_path),
        "published": source.published.isoformat(),
    }
    return Document(page_content=chunk.text, metadata=metadata, id=chunk.id)
