"""Which precision pays on this machine's processor: found by timing one layer, once."""

from __future__ import annotations

import time
from functools import lru_cache

import torch
from torch import Tensor, nn

WORTH = 1.2
"""How many times faster bfloat16 must be."""
REPEATS = 5


def has_bf16() -> bool:
    """Whether the processor multiplies bfloat16 in hardware: AMX or AVX-512 BF16."""
    supported = (getattr(torch.cpu, f"_is_{name}_supported", lambda: False) for name in ("amx_tile", "avx512_bf16"))
    return any(check() for check in supported) and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


@lru_cache(maxsize=1)
def bf16_gain() -> float:
    """Return how many times faster a convolution is in bfloat16 than in float32 here; 0 without hardware for it."""
    if not has_bf16():
        return 0.0
    layer = nn.Conv2d(64, 64, 3, padding=1)
    layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
    x = torch.randn(40, 64, 16, 16).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        usual = _seconds(layer, x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            lower = _seconds(layer, x)
    return usual / lower


def prefers_bf16() -> bool:
    """Whether bfloat16 autocast pays on this processor."""
    return bf16_gain() >= WORTH


def _seconds(layer: nn.Module, x: Tensor) -> float:
    layer(x)
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        layer(x)
        times.append(time.perf_counter() - began)
    return min(times)
