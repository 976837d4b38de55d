"""Models with random weights and the architectures of the real ones, built on the spot: real loading, no download."""

import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LETTERS = string.ascii_lowercase + string.digits
MAX_TOKENS = 64


def tokenizer() -> Any:
    """A BERT tokenizer whose vocabulary is single characters and a few words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "prices", "cells", "the", "represent", "query"]
    pieces = [*words, *LETTERS, *(f"##{letter}" for letter in LETTERS), *string.punctuation]
    made = Tokenizer(models.WordPiece({piece: number for number, piece in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return made


def save_tokenizer(folder: Path) -> Path:
    """The path of its tokenizer.json."""
    path = folder / "tokenizer.json"
    tokenizer().save(str(path))
    return path


def save_embedder(folder: Path, *, default_prompt: str = "") -> Path:
    """A sentence-transformers folder like mxbai-embed-large-v1's: BERT, CLS pooling, no normalisation; 32 dimensions, 64 tokens."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel

    torch.manual_seed(7)
    bare = folder / "bare"
    BertModel(_config(BertConfig)).save_pretrained(bare)
    _fast_tokenizer().save_pretrained(bare)
    model = SentenceTransformer(modules=[Transformer(str(bare)), Pooling(32, "cls")], device="cpu")
    if default_prompt:
        model.prompts = {"default": default_prompt}
        model.default_prompt_name = "default"
    model.save(str(folder / "model"))
    return folder / "model"


def cross_encoder(**more: Any) -> Any:
    """A sequence classifier with one output, as mxbai-rerank-base-v1 is: DeBERTa-v2, 64 tokens; ``more`` goes to its configuration."""
    import torch
    from transformers import DebertaV2Config, DebertaV2ForSequenceClassification

    torch.manual_seed(7)
    ways = {"relative_attention": True, "position_buckets": 16, "pos_att_type": ["p2c", "c2p"]} | more
    return DebertaV2ForSequenceClassification(_config(DebertaV2Config, num_labels=1, **ways)).eval()


def save_cross_encoder(folder: Path) -> Path:
    """The same with its tokenizer, in a folder."""
    cross_encoder().save_pretrained(folder)
    _fast_tokenizer().save_pretrained(folder)
    return folder


def save_nli(folder: Path, *, labels: Sequence[str], bias: Sequence[float] = ()) -> Path:
    """A sequence classifier with one output a label, as nli-deberta-v3-base is: DeBERTa-v2, 64 tokens; ``bias`` moves its answers."""
    import torch
    from transformers import DebertaV2Config, DebertaV2ForSequenceClassification

    torch.manual_seed(7)
    named = {"id2label": dict(enumerate(labels)), "label2id": {label: at for at, label in enumerate(labels)}}
    config = _config(DebertaV2Config, relative_attention=True, position_buckets=16, pos_att_type=["p2c", "c2p"], **named)
    model = DebertaV2ForSequenceClassification(config)
    if bias:
        with torch.no_grad():
            model.classifier.bias.copy_(torch.tensor(bias))
    model.save_pretrained(folder)
    _fast_tokenizer().save_pretrained(folder)
    return folder


def save_causal_reranker(folder: Path) -> Path:
    """A causal model that answers "1" or "0", as mxbai-rerank-base-v2 does: Qwen2, 64 tokens, with CrossEncoder's own files."""
    import torch
    from sentence_transformers import CrossEncoder
    from sentence_transformers.cross_encoder.modules import LogitScore
    from sentence_transformers.sentence_transformer.modules import Transformer
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(7)
    bare = folder / "bare"
    Qwen2ForCausalLM(_config(Qwen2Config, num_key_value_heads=2)).save_pretrained(bare)
    made = _fast_tokenizer()
    made.padding_side = "left"
    made.save_pretrained(bare)
    transformer = Transformer(str(bare), transformer_task="text-generation")
    CrossEncoder(
        modules=[transformer, LogitScore(true_token_id=made.convert_tokens_to_ids("1"), false_token_id=made.convert_tokens_to_ids("0"))],
        device="cpu",
    ).save(str(folder / "model"))
    return folder / "model"


def _config(kind: Any, **more: Any) -> Any:
    return kind(
        vocab_size=tokenizer().get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=MAX_TOKENS,
        pad_token_id=0,
        initializer_range=0.5,
        **more,
    )


def _fast_tokenizer() -> Any:
    from transformers import PreTrainedTokenizerFast

    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer(), model_max_length=MAX_TOKENS, **names)
