"""A BERT encoder out of torch's own layers: MiniLM without the 5 to 8 s that importing transformers takes.

Measured (two cores, docs/log.md): ready in 2.5 s against 10 to 12 s with sentence-transformers; vectors equal to 1e-6.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_PARTS = {
    "self_attn.out_proj": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "linear1": "intermediate.dense",
    "linear2": "output.dense",
    "norm2": "output.LayerNorm",
}


class Bert:
    """Token ids in, the mean of each text's last hidden states out. Raises KeyError and RuntimeError on weights of another shape."""

    def __init__(self, folder: Path) -> None:
        from safetensors.torch import load_file

        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = load_file(folder / "model.safetensors")
        self._words = weights["embeddings.word_embeddings.weight"]
        self._places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        self._norm = (weights["embeddings.LayerNorm.weight"], weights["embeddings.LayerNorm.bias"])
        self._epsilon = float(config["layer_norm_eps"])
        self._encoder = _encoder(config, weights)

    def means(self, ids: Sequence[Sequence[int]]) -> Any:
        """Array of shape (texts, hidden size); padding has no part in it."""
        import torch
        from torch.nn.functional import layer_norm
        from torch.nn.utils.rnn import pad_sequence

        padded = pad_sequence([torch.tensor(row) for row in ids], batch_first=True)
        lengths = torch.tensor([len(row) for row in ids])
        real = torch.arange(padded.shape[1]) < lengths[:, None]
        with torch.inference_mode():
            embedded = self._words[padded] + self._places[: padded.shape[1]]
            states = layer_norm(embedded, embedded.shape[-1:], *self._norm, eps=self._epsilon)
            states = self._encoder(states, src_key_padding_mask=None if real.all() else ~real)
            return ((states * real[..., None]).sum(1) / lengths[:, None]).numpy()


def _encoder(config: Mapping[str, Any], weights: Mapping[str, Any]) -> Any:
    from torch import nn

    layer = nn.TransformerEncoderLayer(
        config["hidden_size"],
        config["num_attention_heads"],
        dim_feedforward=config["intermediate_size"],
        activation=config["hidden_act"],
        layer_norm_eps=config["layer_norm_eps"],
        batch_first=True,
    )
    encoder = nn.TransformerEncoder(layer, config["num_hidden_layers"], enable_nested_tensor=False)
    for number, empty in enumerate(encoder.layers):
        empty.load_state_dict(_layer(weights, prefix=f"encoder.layer.{number}."))
    return encoder.eval().requires_grad_(False)


def _layer(weights: Mapping[str, Any], *, prefix: str) -> dict[str, Any]:
    """One layer's weights under torch's names; torch keeps query, key and value in one matrix."""
    import torch

    named: dict[str, Any] = {}
    for kind in ("weight", "bias"):
        heads = [weights[f"{prefix}attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
        named[f"self_attn.in_proj_{kind}"] = torch.cat(heads)
        named |= {f"{ours}.{kind}": weights[f"{prefix}{theirs}.{kind}"] for ours, theirs in _PARTS.items()}
    return named
