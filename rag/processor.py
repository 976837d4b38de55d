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


def multiplies_bytes() -> bool:
    """Whether the processor has instructions for sums of products of bytes; older ones cut such sums off at 16 bits. Imports torch."""
    import torch

    able = torch.cpu.get_capabilities()
    return any(able.get(name) for name in ("avx512_vnni", "avx_vnni", "amx_int8"))


def attends_in_tiles() -> bool:
    """Whether the processor multiplies bfloat16 in tiles (AMX), where torch's flash attention takes 5.5 us a token of 200 and two products
    with a softmax between them 7.6; without tiles it is the other way round (docs/log.md). Imports torch."""
    import torch

    return bool(torch.cpu.get_capabilities().get("amx_bf16"))
