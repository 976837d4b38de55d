"""What this machine's processors are good at."""


def device_of(device: str | None) -> str:
    """The device asked for; else a GPU where torch sees one, else the CPU. Imports torch."""
    import torch

    return device or ("cuda" if torch.cuda.is_available() else "cpu")


def multiplies_bfloat16(device: str) -> bool:
    """Whether products in bfloat16 are an instruction there; without it torch computes them slower than float32. Imports torch."""
    import torch

    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported())
    able = torch.cpu.get_capabilities() if device == "cpu" else {}
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
