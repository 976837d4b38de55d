"""What computes the vectors on this machine: chosen from the model's files and the processor, and said aloud.

The engine is no part of the fingerprint: bfloat16's vectors have a cosine of .9999 to float32's and agree on .990 of the ten nearest
(docs/evaluation-embedding.md), so that both belong to one space and a library may be filled on one machine and asked on another. But int8's
have a cosine of .9996 on a model of mxbai's kind: a space of its own, and only where somebody says so.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from rag.embedders.bert import Pooling, Precision
from rag.errors import ModelError
from rag.processor import device_of, multiplies_bfloat16, multiplies_bytes

EngineSetting: TypeAlias = Literal["auto", "float32", "bfloat16", "int8", "sentence-transformers"]

_STATED = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """What was chosen, and why."""

    pooling: Pooling | None
    """Of our own BERT layers; None where sentence-transformers runs the model."""
    precision: Precision
    device: str
    """As torch names it: "cpu", "cuda"."""
    why: str

    @property
    def described(self) -> str:
        """One phrase for people."""
        layers = "own BERT layers" if self.pooling else "sentence-transformers"
        return f"{layers} in {self.precision} on {self.device} ({self.why})"


def choose(setting: EngineSetting, folder: Path, *, device: str | None) -> Engine:
    """``device`` None takes a GPU where torch sees one, but for int8. Imports torch. Raises ModelError where int8 cannot be."""
    where = device_of(device or ("cpu" if setting == "int8" else None))
    pooling = pooling_of(folder)
    if setting == "int8" and (hindrance := _hindrance(pooling, where)):
        raise ModelError(f'embedder.engine = int8, but {hindrance}: set it to "auto" and run `rag ingest --re-embed`')
    if setting == "sentence-transformers":
        return Engine(pooling=None, precision="float32", device=where, why="embedder.engine says so")
    if pooling is None:
        return Engine(pooling=None, precision="float32", device=where, why="the model is not a plain BERT, which is all our own layers are")
    if setting != "auto":
        return Engine(pooling=pooling, precision=setting, device=where, why="embedder.engine says so")
    if multiplies_bfloat16(where):
        return Engine(pooling=pooling, precision="bfloat16", device=where, why="it multiplies bfloat16 natively")
    return Engine(pooling=pooling, precision="float32", device=where, why="it has no instruction for bfloat16")


def _hindrance(pooling: Pooling | None, device: str) -> str:
    """Why int8 cannot be; empty where it can."""
    if not pooling:
        return "the model is no plain BERT, which is all that int8 is there for"
    if device != "cpu":
        return f"the model would run on {device}"
    return "" if multiplies_bytes() else "this processor has no instruction for products of bytes (VNNI)"


def pooling_of(folder: Path) -> Pooling | None:
    """How the model makes one vector of a text's, where its files describe a plain BERT in one weight file; else None."""
    config, modules = _json(folder / "config.json"), _json(folder / "modules.json")
    plain = config.get("model_type") == "bert" and config.get("hidden_act") == "gelu" and not config.get("is_decoder")
    places = config.get("position_embedding_type", "absolute") == "absolute"
    kinds = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
    shaped = kinds in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
    lowered = _json(folder / "sentence_bert_config.json").get("do_lower_case")
    if not (plain and places and shaped) or lowered or not (folder / "model.safetensors").is_file():
        return None
    return _pooling(_json(folder / modules[1]["path"] / "config.json"))


def _pooling(stated: dict[str, Any]) -> Pooling | None:
    modes = (
        [stated.get("pooling_mode")] if "pooling_mode" in stated else [_STATED.get(key, key) for key, on in stated.items() if on is True]
    )
    found = [mode for mode in modes if mode != "include_prompt"]
    if found == ["cls"]:
        return "cls"
    return "mean" if found == ["mean"] else None


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
