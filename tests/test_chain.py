"""The LangChain face: a retriever that any chain can use, over a real record and a real Chroma index."""

from functools import partial
from operator import itemgetter
from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompt_values import PromptValue
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore

from rag.chain import PassageRetriever, WorkspaceEmbeddings
from rag.errors import UsageError
from rag.record import Record
from rag.types import Scope
from tests.fakes import HashingEmbedder
from tests.libraries import add, opened

TEXTS = {
    "cells.txt": "date: 2025-03-01\n\n# Cell prices\n\nCell prices fell by 12.5 percent.",
    "wind.txt": "date: 2024-06-30\n\n# Wind\n\nTurbine orders doubled.\f\n\nBlades of turbines grew longer.",
}


def joined(documents: list[Document]) -> str:
    """What goes into the prompt."""
    return "\n".join(document.page_content for document in documents)


def test_a_chain_answers_from_cited_passages(tmp_path: Path) -> None:
    """Retriever, prompt, chat model and parser piped together; every document carries what a citation needs."""
    add(tmp_path, TEXTS, embedder=HashingEmbedder())
    prompts: list[str] = []

    def seen(prompt: PromptValue) -> PromptValue:
        prompts.append(prompt.to_string())
        return prompt

    prompt = ChatPromptTemplate.from_template("Answer from these passages:\n{passages}\n\nQuestion: {question}")
    with PassageRetriever(open=partial(opened, tmp_path, embedder=HashingEmbedder()), k=1) as retriever:
        inputs = {"passages": itemgetter("question") | retriever | joined, "question": itemgetter("question")}
        chain = inputs | prompt | RunnableLambda(seen) | FakeListChatModel(responses=["By 12.5 percent."]) | StrOutputParser()
        assert chain.invoke({"question": "How far did cell prices fall?"}) == "By 12.5 percent."
        (document,) = retriever.invoke("How far did cell prices fall?")
    with opened(tmp_path, embedder=HashingEmbedder()) as retrieval:
        source = retrieval.record.document(document.metadata["document"])
    assert "Cell prices fell by 12.5 percent." in prompts[0]
    start, end = document.metadata["span"]
    assert source.text[start:end] == document.page_content
    assert {name: document.metadata[name] for name in ("title", "path", "page", "page_label", "published")} == {
        "title": "Cell prices",
        "path": "docs/cells.txt",
        "page": 1,
        "page_label": "",
        "published": "2025-03-01",
    }
    assert document.metadata["score"] > 0
    assert document.id


def test_a_retriever_names_pages_and_keeps_its_scope(tmp_path: Path) -> None:
    """The page label as a citation prints it; documents outside the scope never come."""
    add(tmp_path, TEXTS, embedder=HashingEmbedder(), budget=32)
    with opened(tmp_path, embedder=HashingEmbedder()) as retrieval:
        wind = retrieval.record.sources(Scope())[1].document
    with PassageRetriever(open=partial(opened, tmp_path, embedder=HashingEmbedder()), scope=Scope(documents=(wind,))) as retriever:
        documents = retriever.batch(["cell prices", "blades"])[0]
    assert {document.metadata["path"] for document in documents} == {"docs/wind.txt"}
    assert {document.metadata["page_label"] for document in documents} <= {"p. 1", "p. 2"}


def test_a_failure_reaches_the_chain_as_it_is(tmp_path: Path) -> None:
    """Not as an empty list of documents."""
    Record.create(tmp_path / "library.db").close()
    retriever = PassageRetriever(open=partial(opened, tmp_path, embedder=HashingEmbedder()))
    with retriever, pytest.raises(UsageError, match="nothing ingested yet"):
        retriever.invoke("cell prices")


def test_an_embeddings_of_ours_puts_the_prompt_before_questions_only(tmp_path: Path) -> None:
    """In a LangChain vector store, too: what it finds is what the vectors say, and an empty list of texts costs nothing."""
    embeddings = WorkspaceEmbeddings(HashingEmbedder(query_prompt="query: "))
    plain, prompted = HashingEmbedder(), HashingEmbedder(query_prompt="query: ")
    assert embeddings.embed_documents(["blades"]) == plain.embed(["blades"], kind="document").tolist()
    assert embeddings.embed_query("blades") == prompted.embed(["blades"], kind="query")[0].tolist()
    assert embeddings.embed_documents([]) == []
    store = InMemoryVectorStore(embeddings)
    store.add_texts(["cell prices fell", "blades grew"])
    assert store.similarity_search("blades", k=1)[0].page_content == "blades grew"
