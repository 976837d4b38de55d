"""The default embedder, proven on a tiny model of mxbai's architecture that is loaded the way the real one is."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from rag.embedders.bert import Bert
from rag.embedders.sentence_transformers import MXBAI, MXBAI_QUERY_PROMPT, SentenceTransformersEmbedder, telling_layer
from rag.errors import ModelError, ModelMissingError
from rag.late import packed
from rag.ports import Embedder, telling
from rag.types import TextKind
from tests.tiny_models import MAX_TOKENS, save_embedder

PROMPT = "represent query: "
TEXTS = ["cells", "the prices of cells", "a", "prices " * 30]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers folder with random weights."""
    return save_embedder(tmp_path_factory.mktemp("embedder"))


@pytest.fixture(scope="module")
def embedder(folder: Path) -> SentenceTransformersEmbedder:
    """Loaded once, run by the library itself."""
    return SentenceTransformersEmbedder(str(folder), query_prompt=PROMPT, device="cpu", engine="sentence-transformers")


def decoded(embedder: SentenceTransformersEmbedder, texts: Sequence[str], *, kind: TextKind) -> list[str]:
    """What reaches the model: its real token ids, recorded at its input and turned back into text."""
    from tokenizers import Tokenizer

    seen: list[str] = []
    tokenizer = Tokenizer.from_file(str(embedder._folder / "tokenizer.json"))

    def record(_: Any, inputs: tuple[dict[str, Any], ...]) -> None:
        for ids, mask in zip(inputs[0]["input_ids"].tolist(), inputs[0]["attention_mask"].tolist(), strict=True):
            words = [str(tokenizer.id_to_token(identity)) for identity, real in zip(ids, mask, strict=True) if real]
            seen.append("".join(word[2:] if word.startswith("##") else f" {word}" for word in words).strip())

    hook = embedder._model[0].register_forward_pre_hook(record)
    embedder.embed(texts, kind=kind)
    hook.remove()
    return seen


def test_only_a_query_gets_the_query_prompt(embedder: SentenceTransformersEmbedder) -> None:
    """Checked at the model's input: prompt and text for a query, the bare text for a document."""
    assert decoded(embedder, ["the cells"], kind="query") == ["[CLS] represent query : the cells [SEP]"]
    assert decoded(embedder, ["the cells"], kind="document") == ["[CLS] the cells [SEP]"]


def test_a_default_prompt_in_the_models_folder_reaches_no_text(tmp_path: Path) -> None:
    """Some models would put one before documents too."""
    own = SentenceTransformersEmbedder(
        str(save_embedder(tmp_path, default_prompt="prices prices ")), query_prompt=PROMPT, device="cpu", engine="sentence-transformers"
    )
    assert decoded(own, ["the cells"], kind="document") == ["[CLS] the cells [SEP]"]
    assert decoded(own, ["the cells"], kind="query") == ["[CLS] represent query : the cells [SEP]"]


def test_a_vector_is_the_normalised_state_of_the_first_token(embedder: SentenceTransformersEmbedder, folder: Path) -> None:
    """CLS pooling, as mxbai has it, recomputed with transformers alone."""
    import torch
    from tokenizers import Tokenizer
    from transformers import BertModel

    model = BertModel.from_pretrained(folder, local_files_only=True).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    for text, vector in zip(TEXTS, embedder.embed(TEXTS, kind="document"), strict=True):
        with torch.inference_mode():
            first = model(input_ids=torch.tensor([tokenizer.encode(text).ids])).last_hidden_state[0, 0].numpy()
        assert np.abs(first / np.linalg.norm(first) - vector).max() < 1e-5


def test_rows_are_unit_float32_in_the_order_of_the_texts(embedder: SentenceTransformersEmbedder) -> None:
    """Batches by length do not show."""
    vectors = embedder.embed(TEXTS, kind="document")
    assert vectors.shape == (4, 32)
    assert vectors.dtype.name == "float32"
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.allclose(np.vstack([embedder.embed([text], kind="document") for text in TEXTS]), vectors, atol=1e-5)
    assert embedder.embed([], kind="document").shape == (0, 32)


def test_fewer_dimensions_are_the_first_ones_at_unit_length(embedder: SentenceTransformersEmbedder, folder: Path) -> None:
    """Matryoshka models allow it; the fingerprint differs."""
    short = SentenceTransformersEmbedder(str(folder), query_prompt=PROMPT, dimensions=8, device="cpu", engine="float32")
    whole = embedder.embed(TEXTS, kind="document")[:, :8]
    assert np.allclose(short.embed(TEXTS, kind="document"), whole / np.linalg.norm(whole, axis=1, keepdims=True), atol=1e-6)
    assert short.fingerprint.dimensions == 8
    with pytest.raises(ModelError, match="32 or less"):
        _ = SentenceTransformersEmbedder(str(folder), dimensions=33).fingerprint


@pytest.mark.parametrize("prompt", [PROMPT, ""])
def test_a_plain_bert_tells_what_its_tokens_stand_for(folder: Path, prompt: str) -> None:
    """The states of the layer that tells, recomputed with transformers alone: a passage's by their signs but for marks and stop words, a
    question's whole, behind its prompt."""
    import torch
    from transformers import BertModel

    ours = SentenceTransformersEmbedder(str(folder), query_prompt=prompt, device="cpu", engine="float32")
    assert telling(ours) is ours
    assert [telling_layer(layers) for layers in (6, 12, 24)] == [5, 10, 20]
    model = BertModel.from_pretrained(folder, local_files_only=True).eval()

    def states(text: str) -> np.ndarray[Any, Any]:
        with torch.inference_mode():
            found = model(input_ids=torch.tensor([ours._tokens.ids([text])[0]]), output_hidden_states=True)
        rows: np.ndarray[Any, Any] = found.hidden_states[telling_layer(len(found.hidden_states) - 1)][0, 1:-1].numpy()
        return rows

    vectors, codes = ours.embed_with_tokens([*TEXTS, "the cells, of 9"])
    assert np.array_equal(vectors[:-1], ours.embed(TEXTS, kind="document"))
    text = "the cells, of 9"
    assert [text[start:end] for start, end in ours.telling_spans(text)] == ["cells", "o", "f", "9"]
    kept = [at for at, span in enumerate(ours.token_spans(text)) if span in ours.telling_spans(text)]
    assert codes[-1] == packed(states(text)[kept] > 0)

    question = "the cells?"
    tokens, spans = ours.question_tokens(question)
    assert [question[start:end] for start, end in spans] == ["the", "cells", "?"]
    own = states(prompt + question)[-3:]
    assert np.abs(tokens - own / np.linalg.norm(own, axis=1, keepdims=True)).max() < 1e-5


def test_a_question_is_embedded_and_told_of_by_one_computation(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked again, the model rests; a long question's tokens are those that fit, and those of a prompt that fills the model are none."""
    ours = SentenceTransformersEmbedder(str(folder), query_prompt=PROMPT, device="cpu", engine="float32")
    ours.embed(["the cells?", "cells " * 90], kind="query")
    with monkeypatch.context() as patch:
        patch.setattr(Bert, "with_states", None)
        assert len(ours.question_tokens("the cells?")[1]) == 3
        tokens, spans = ours.question_tokens("cells " * 90)
    assert len(tokens) == len(spans) == MAX_TOKENS - 2 - 3
    assert spans[-1] == (6 * 58, 6 * 58 + 5)
    full = SentenceTransformersEmbedder(str(folder), query_prompt="cells " * 90, device="cpu", engine="float32")
    tokens, spans = full.question_tokens("prices")
    assert (tokens.shape, spans) == ((0, 32), [])


def test_what_sentence_transformers_runs_tells_nothing(folder: Path, tmp_path: Path) -> None:
    """By the setting, or because it is no plain BERT: the states are not ours to read."""
    assert telling(SentenceTransformersEmbedder(str(folder), engine="sentence-transformers")) is None
    other = shutil.copytree(folder, tmp_path / "other")
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    (other / "config.json").write_text(json.dumps(config | {"hidden_act": "relu"}), encoding="utf-8")
    assert telling(SentenceTransformersEmbedder(str(other))) is None


def test_a_document_over_the_limit_is_an_error_and_a_query_is_cut(embedder: SentenceTransformersEmbedder) -> None:
    """The prompt counts too."""
    with pytest.raises(ModelError, match=f"72 tokens is over the model's {MAX_TOKENS}"):
        embedder.embed(["cells " * 70], kind="document")
    seen = decoded(embedder, ["cells " * 70], kind="query")
    assert seen == ["[CLS] represent query : " + "cells " * (MAX_TOKENS - 5) + "[SEP]"]


def test_the_fingerprint_says_what_the_files_hold(embedder: SentenceTransformersEmbedder, folder: Path, tmp_path: Path) -> None:
    """A copy elsewhere agrees; other weights do not."""
    port: Embedder = embedder
    assert (port.max_tokens, port.special_tokens) == (MAX_TOKENS, 2)
    assert (port.fingerprint.model, port.fingerprint.dimensions, port.fingerprint.query_prompt) == ("model", 32, PROMPT)
    copy = shutil.copytree(folder, tmp_path / "model")
    assert SentenceTransformersEmbedder(str(copy), query_prompt=PROMPT).fingerprint == port.fingerprint
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    assert SentenceTransformersEmbedder(str(copy), query_prompt=PROMPT).fingerprint != port.fingerprint


def test_the_fingerprint_and_counting_load_no_torch(folder: Path) -> None:
    """An unchanged ingest or a cached query costs no model."""
    code = f"""
import json, sys
from rag.embedders.sentence_transformers import SentenceTransformersEmbedder
embedder = SentenceTransformersEmbedder({str(folder)!r})
embedder.fingerprint, embedder.max_tokens, embedder.token_spans("x")
print(json.dumps(list(sys.modules)))
"""
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert not {"torch", "transformers", "sentence_transformers"} & set(loaded)


def test_the_default_is_mxbai_with_its_prompt() -> None:
    """As its makers publish it; nothing is loaded or looked up by building it."""
    assert MXBAI == "mixedbread-ai/mxbai-embed-large-v1"
    assert MXBAI_QUERY_PROMPT == "Represent this sentence for searching relevant passages: "
    SentenceTransformersEmbedder()


# ── where the weights come from ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The hub's library with an empty cache in a temporary folder and nothing listening at its address."""
    from huggingface_hub import constants

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return constants


@pytest.fixture
def silent_hub(hub: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hub that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(hub, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield


def cache(hub: Any, folder: Path, *, model: str = MXBAI, commit: str = "0" * 40) -> Path:
    """The model's files in the cache as a download leaves them: links to files named by their hashes."""
    from rag.weights import sha256

    home = Path(hub.HF_HUB_CACHE) / f"models--{model.replace('/', '--')}"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text(commit)
    for path in (path for path in folder.rglob("*") if path.is_file()):
        link = home / "snapshots" / commit / path.relative_to(folder)
        blob = home / "blobs" / sha256(path)
        for parent in (link.parent, blob.parent):
            parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, blob)
        link.symlink_to(blob)
    return home


def test_a_cached_model_is_used_without_asking_the_hub(hub: Any, folder: Path, embedder: SentenceTransformersEmbedder) -> None:
    """The cache decides at once, and its fingerprint is the folder's but for the name."""
    cache(hub, folder)
    cached = SentenceTransformersEmbedder(query_prompt=PROMPT, device="cpu", engine="sentence-transformers")
    assert cached.fingerprint.model == MXBAI
    assert cached.fingerprint.revision == embedder.fingerprint.revision
    assert np.array_equal(cached.embed(TEXTS, kind="query"), embedder.embed(TEXTS, kind="query"))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_half_downloaded_model_counts_as_missing(hub: Any, folder: Path, name: str) -> None:
    """A download that was cut off is no model."""
    next(cache(hub, folder).glob(f"snapshots/*/{name}")).unlink()
    with pytest.raises(ModelMissingError):
        _ = SentenceTransformersEmbedder().fingerprint


@pytest.mark.usefixtures("hub")
def test_without_a_hub_the_error_says_what_to_do_at_once() -> None:
    """One line with the download command and the way out, in under 1.5 s."""
    begin = time.monotonic()
    with pytest.raises(ModelMissingError) as caught:
        SentenceTransformersEmbedder().embed(["x"], kind="query")
    assert time.monotonic() - begin < 1.5
    said = str(caught.value)
    assert "`hf download mixedbread-ai/mxbai-embed-large-v1` on a connected machine" in said
    assert 'set embedder.kind = "small"' in said
    assert "\n" not in said


@pytest.mark.usefixtures("silent_hub")
def test_a_hub_that_does_not_answer_costs_a_second() -> None:
    """Not the 47 s of the library's retries."""
    begin = time.monotonic()
    with pytest.raises(ModelMissingError, match="does not answer"):
        _ = SentenceTransformersEmbedder().fingerprint
    assert 0.9 < time.monotonic() - begin < 1.6


def test_offline_by_setting_asks_nobody(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """HF_HUB_OFFLINE is the library's own switch."""
    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelMissingError, match="HF_HUB_OFFLINE is set"):
        _ = SentenceTransformersEmbedder(revision="v2").fingerprint


def test_a_hub_without_the_model_is_named(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any answer makes the hub reachable; this one has nothing."""

    class Nothing(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Nothing)
    monkeypatch.setattr(hub, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        with pytest.raises(ModelMissingError, match="has no model mixedbread-ai/mxbai-embed-large-v1 at revision main"):
            _ = SentenceTransformersEmbedder().fingerprint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("model", "error", "said"),
    [
        ("/no/such/folder", ModelMissingError, "no folder /no/such/folder"),
        ("a/b/c", ModelError, "neither a folder nor a model's name"),
    ],
)
def test_a_name_that_cannot_be_is_said(model: str, error: type[ModelError], said: str) -> None:
    """Before anything is asked."""
    with pytest.raises(error, match=said):
        _ = SentenceTransformersEmbedder(model).fingerprint


def test_only_safetensors_are_loaded(folder: Path, tmp_path: Path) -> None:
    """Pickled weights can run code."""
    copy = shutil.copytree(folder, tmp_path / "model")
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"no model\.safetensors"):
        _ = SentenceTransformersEmbedder(str(copy)).fingerprint


def test_damaged_files_are_one_line(folder: Path, tmp_path: Path) -> None:
    """Whatever the libraries say becomes a ModelError."""
    copy = shutil.copytree(folder, tmp_path / "model")
    (copy / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="cannot be loaded or run"):
        SentenceTransformersEmbedder(str(copy), device="cpu").embed(["x"], kind="query")
    (copy / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json cannot be read"):
        SentenceTransformersEmbedder(str(copy)).token_spans("x")
