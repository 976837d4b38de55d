"""A library for many who ask at once, of the server and of MCP alike: a few threads hold it open, and none waits for a model.

``Desks`` answers from the library, ``Writers`` asks models meanwhile and writes down at a desk what came of it.
"""

from rag.desks.desks import DESKS, Desks
from rag.desks.own import Asked, OwnDesks, OwnWriters, begun
from rag.desks.writing import Writers, Writing

__all__ = ["DESKS", "Asked", "Desks", "OwnDesks", "OwnWriters", "Writers", "Writing", "begun"]
