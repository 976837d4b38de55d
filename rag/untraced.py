"""LangChain sends what it runs to LangSmith where the environment says so: prompts and passages, which are of internal documents.

A variable that somebody set for another program is no permission, so nothing of ours is sent unless the program that uses it says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def untraced(*, traced: bool) -> Iterator[None]:
    """In this thread, LANGSMITH_* and LANGCHAIN_* count only with ``traced``."""
    if traced:
        yield
        return
    from langsmith.run_helpers import tracing_context

    with tracing_context(enabled=False):
        yield
