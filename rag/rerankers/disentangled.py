"""DeBERTa's layers, quicker than the library's and with its numbers: put in the place of a loaded model's own.

The library looks each pair's relative positions up with an index for each two tokens. Here each distance has its row in a table, so that
the product with the table holds them in order, and a shifted view of it is what was to be looked up. What positions give keys and queries
is the same for all texts and computed once. Measured: docs/evaluation-embedding.md.
"""

from typing import Any

from rag.products import packs, product


def quicken(model: Any) -> bool:
    """Whether the model's layers were replaced: those of a DeBERTa-v2 that knows positions both ways, where `rag.products` is quicker."""
    import torch

    encoder = getattr(getattr(model, "deberta", None), "encoder", None)
    if encoder is None or not all(_is_known(layer) for layer in encoder.layer) or not packs(encoder.rel_embeddings.weight):
        return False
    with torch.inference_mode():
        positions = encoder.get_rel_embedding()
        for layer in encoder.layer:
            layer.forward = Layer(layer, positions)
    return True


def _is_known(layer: Any) -> bool:
    attention = layer.attention.self
    both = attention.relative_attention and {"c2p", "p2c"} <= set(attention.pos_att_type)
    return both and type(layer.intermediate.intermediate_act_fn).__name__ == "GELUActivation"


class Layer:
    """One layer's forward, with the weights of the library's module, whose own are let go."""

    def __init__(self, layer: Any, positions: Any) -> None:
        """``positions``: the model's embeddings of relative positions, normed; shape (buckets, hidden size)."""
        import torch

        attention = layer.attention.self
        self._heads = attention.num_attention_heads
        self._span = attention.pos_ebd_size
        self._scale = (3 * attention.attention_head_size) ** -0.5
        projections = [attention.query_proj, attention.key_proj, attention.value_proj]
        shared = attention.share_att_key
        to_keys, to_queries = (attention.key_proj, attention.query_proj) if shared else (attention.pos_key_proj, attention.pos_query_proj)
        self._keys = self._table(to_keys(positions[: 2 * self._span]))
        self._queries = self._table(to_queries(positions[: 2 * self._span])) * self._scale
        self._projected = product(torch.cat([part.weight for part in projections]), torch.cat([part.bias for part in projections]))
        self._joined, self._norm = _taken(layer.attention.output.dense), layer.attention.output.LayerNorm
        self._wide, self._narrow = _taken(layer.intermediate.dense), _taken(layer.output.dense)
        self._last_norm = layer.output.LayerNorm
        for part in (*projections, to_keys, to_queries):
            _let_go(part)

    def __call__(self, states: Any, mask: Any, *, relative_pos: Any, **_: Any) -> tuple[Any, None]:
        """(texts, tokens, hidden size) to the same; ``mask`` (texts, 1, tokens, tokens), ``relative_pos`` (1, tokens, tokens)."""
        states = self._norm(self._joined.added(self._attended(states, mask, relative_pos[0]), to=states))
        return self._last_norm(self._narrow.added(self._wide.gelu(states), to=states)), None

    def _attended(self, states: Any, mask: Any, relative: Any) -> Any:
        import torch

        texts, tokens, width = states.shape
        split = self._projected.of(states).view(texts, tokens, 3, self._heads, -1).permute(2, 3, 0, 1, 4)
        query, key, value = (part.reshape(self._heads * texts, tokens, -1) for part in split)
        query = query * self._scale
        rows = torch.cat([relative[:, 0].flip(0), relative[0, 1:]]).add_(self._span).clamp_(0, 2 * self._span - 1)
        scores = torch.bmm(query, key.transpose(1, 2)).view(self._heads, texts, tokens, tokens)
        scores += self._shifted(query, self._keys[:, rows], texts=texts)
        scores += self._shifted(key, self._queries[:, rows.flip(0)], texts=texts).transpose(2, 3)
        scores.masked_fill_(~mask[:, 0].bool(), torch.finfo(scores.dtype).min)
        seen = torch.bmm(torch.softmax(scores, dim=-1).view(self._heads * texts, tokens, tokens), value)
        return seen.view(self._heads, texts, tokens, -1).permute(1, 2, 0, 3).reshape(texts, tokens, width)

    def _shifted(self, states: Any, table: Any, *, texts: int) -> Any:
        """states x table, of which row i begins i columns further left: shape (heads, texts, tokens, tokens).

        ``table`` (heads, 2 x tokens - 1, size) holds the distances in order, so that column j of row i is the distance j - i.
        """
        import torch

        tokens, distances = states.shape[1], table.shape[1]
        products = torch.bmm(states.view(self._heads, texts * tokens, -1), table.transpose(1, 2))
        strides = (texts * tokens * distances, tokens * distances, distances - 1, 1)
        return products.as_strided((self._heads, texts, tokens, tokens), strides, tokens - 1)

    def _table(self, rows: Any) -> Any:
        """(rows, hidden size) to (heads, rows, size)."""
        return rows.view(len(rows), self._heads, -1).transpose(0, 1).contiguous()


def _taken(dense: Any) -> Any:
    taken = product(dense.weight.detach(), dense.bias.detach())
    _let_go(dense)
    return taken


def _let_go(dense: Any) -> None:
    """What is kept elsewhere need not lie in memory twice."""
    dense.weight = dense.bias = None
