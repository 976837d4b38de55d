"""No reranker: the fused order stays, and the search says so."""

from collections.abc import Sequence


class PassThrough:
    """Has no opinion."""

    model: str = ""

    def score(self, query: str, passages: Sequence[str]) -> Sequence[float] | None:
        """None: keep the order."""
        return None
