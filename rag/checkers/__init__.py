"""Checkers: a second opinion on sentences in a model's words, behind ``rag.ports.Checker``."""
