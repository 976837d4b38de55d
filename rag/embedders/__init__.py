"""Embedders: one vendor a file, all behind ``rag.ports.Embedder``. Building one loads nothing; the first ``embed`` does."""
