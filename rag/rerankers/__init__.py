"""Rerankers: a second, slower look at the best passages, behind ``rag.ports.Reranker``."""
