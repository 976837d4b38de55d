"""Where a model's files are: a folder, the Hugging Face cache, else a download when the hub answers within a second."""

import hashlib
import threading
from pathlib import Path

from rag.errors import ModelError, ModelMissingError

PROBE_S = 1.0
"""How long the hub may take to answer before the machine counts as offline (the library's own retries take 47 s)."""

_WANTED = ["*.json", "*.txt", "*.model", "*.safetensors"]
_UNWANTED = ["onnx/*", "openvino/*", "gguf/*", "coreml/*"]
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


def model_folder(model: str, *, revision: str, otherwise: str) -> Path:
    """The folder with the model's files; ``model`` is a folder, or a name on the hub.

    The cache is asked first and decides at once. ``otherwise`` ends the message of the ModelMissingError: what to do without this model.
    Raises ModelError for a folder without safetensors weights: no other format is loaded, because others can run code.
    """
    own = Path(model).expanduser()
    if own.is_dir():
        return _with_weights(own, model=model)
    if own.is_absolute() or model.startswith((".", "~")):
        raise ModelMissingError(f"no folder {model}: check the model's path, or {otherwise}")
    cached = _cached(model, revision=revision)
    return cached if cached is not None else _downloaded(model, revision=revision, otherwise=otherwise)


def is_here(model: str, *, revision: str) -> bool:
    """True when it can be loaded without a download. Asks nobody."""
    own = Path(model).expanduser()
    return any((own / name).is_file() for name in _WEIGHTS) if own.is_dir() else _cached(model, revision=revision) is not None


def identity(folder: Path) -> str:
    """16 hex digits of the hash of the weights and of everything else that decides a vector: the same for every copy of the model.

    In the Hugging Face cache a weight file is a link named after its SHA-256, so nothing large is read; elsewhere 1 GB takes about 1 s.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.safetensors"))
    configured = ("config.json", "modules.json", "tokenizer.json", "1_Pooling/config.json")
    parts = [f"{name} {_stored_sha256(folder / name)}" for name in (*names, *configured) if (folder / name).is_file()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def sha256(path: Path) -> str:
    """64 hex digits of the file's content; 90 MB take about 0.1 s."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stored_sha256(path: Path) -> str:
    name = path.resolve().name
    return name if path.is_symlink() and len(name) == 64 else sha256(path)


def _with_weights(folder: Path, *, model: str) -> Path:
    if not any((folder / name).is_file() for name in _WEIGHTS):
        raise ModelError(f"{model} holds no model.safetensors, the only weight format that is loaded: convert it or choose another model")
    return folder


def _cached(model: str, *, revision: str) -> Path | None:
    """The snapshot in the cache; None when it is absent or a download into it was cut off."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(model, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise ModelError(
            f"{model!r} is neither a folder nor a model's name on the hub, such as mixedbread-ai/mxbai-embed-large-v1"
        ) from error
    complete = (folder / "config.json").is_file() and any((folder / name).is_file() for name in _WEIGHTS)
    return folder if complete else None


def _downloaded(model: str, *, revision: str, otherwise: str) -> Path:
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    if constants.HF_HUB_OFFLINE:
        raise ModelMissingError(_missing(model, revision=revision, why="HF_HUB_OFFLINE is set", otherwise=otherwise))
    if not _answers(constants.ENDPOINT):
        raise ModelMissingError(_missing(model, revision=revision, why=f"{constants.ENDPOINT} does not answer", otherwise=otherwise))
    try:
        folder = Path(snapshot_download(model, revision=revision, allow_patterns=_WANTED, ignore_patterns=_UNWANTED))
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise ModelMissingError(
            f"{constants.ENDPOINT} has no model {model} at revision {revision}: check the name, or {otherwise}"
        ) from error
    except (HfHubHTTPError, OSError) as error:
        why = f"the download failed ({type(error).__name__})"
        raise ModelMissingError(_missing(model, revision=revision, why=why, otherwise=otherwise)) from error
    return _with_weights(folder, model=model)


def _missing(model: str, *, revision: str, why: str, otherwise: str) -> str:
    from huggingface_hub import constants

    command = f"hf download {model}" + ("" if revision == "main" else f" --revision {revision}")
    return (
        f"{model} is not on this machine and {why}: run `{command}` on a connected machine and copy its cache to "
        f"{constants.HF_HUB_CACHE}, or {otherwise}"
    )


def _answers(endpoint: str) -> bool:
    """Whether anything answers there within PROBE_S; in a thread because looking up a name knows no time limit."""
    answered = threading.Event()

    def ask() -> None:
        if _says_anything(endpoint):
            answered.set()

    probe = threading.Thread(target=ask, daemon=True)
    probe.start()
    probe.join(PROBE_S)
    return answered.is_set()


def _says_anything(endpoint: str) -> bool:
    """True for any HTTP status, and for a certificate Python's own list does not know: the hub's library has another list."""
    import ssl
    import urllib.error
    import urllib.request
    from http.client import HTTPException

    try:
        urllib.request.urlopen(urllib.request.Request(endpoint, method="HEAD"), timeout=PROBE_S).close()
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError as error:
        return isinstance(error.reason, ssl.SSLCertVerificationError)
    except (OSError, HTTPException):
        return False
    return True


def one_line(error: BaseException, *, most: int = 200) -> str:
    """The first line of an error's text, for a message; its class when it says nothing."""
    said = str(error).strip().splitlines()
    return said[0][:most] if said else type(error).__name__
