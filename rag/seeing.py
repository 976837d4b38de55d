"""The library as several people may see it, for a door that serves them all from one thread."""

from collections import OrderedDict

from rag.app import Library
from rag.record import Grants
from rag.types import Reader

VIEWS = 6
"""Different sets of documents that one thread keeps ready; of a small library each takes some MB."""


class Views:
    """The library as some people may see it, kept as long as they ask: those to whom the lists say the same share one."""

    def __init__(self) -> None:
        self._held: OrderedDict[Grants, Library] = OrderedDict()

    def of(self, library: Library, reader: Reader) -> Library:
        """The library itself for whoever sees everything; brought up to date."""
        grants = library.record.access.grants(reader)
        if not grants:
            library.record.turn_to(reader)
            return library
        seen = self._held.pop(grants, None) or library.seen_by(reader)
        self._held[grants] = seen
        seen.record.turn_to(reader)
        seen.record.look()
        while len(self._held) > VIEWS:
            self._held.popitem(last=False)[1].close()
        return seen

    def close(self) -> None:
        """All of them."""
        while self._held:
            self._held.popitem()[1].close()
