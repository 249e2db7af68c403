"""Weights that are not stored: every value is a function of its tensor's name and its index, which the tests compute, too."""

import math
import re
import zlib

import numpy as np
import torch


def values(name, shape, center, amplitude):
    """center + amplitude * m / 128, where m of [-128, 128) is the top byte of a mixed (crc32 of the name, index)."""
    count = math.prod(shape)
    with np.errstate(over="ignore"):
        z = (np.uint64(zlib.crc32(name.encode())) << np.uint64(32)) + np.arange(count, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    m = (z >> np.uint64(56)).astype(np.int64) - 128
    return torch.from_numpy((center + amplitude * m / 128).astype(np.float32).reshape(shape))


def spread(name, shape):
    """Center and amplitude, larger than of any initialization, so that no part of a model is close to the identity."""
    if re.search(r"(norm\d?|ln_\w+|layernorm|layrnorm|layer_norm\d|ffn_ln|attn_ln)\.weight$", name):
        return 1.0, 0.5
    if len(shape) < 2 or "embed" in name and "patch" not in name or "token" in name or "latent" in name or "probe" in name:
        return 0.0, 0.5
    return 0.0, 2.0 ** math.ceil(math.log2(2 / math.sqrt(math.prod(shape[1:]))))


def described(state):
    tensors = {}
    for name, tensor in state.items():
        center, amplitude = spread(name, tensor.shape)
        tensors[name] = {"shape": list(tensor.shape), "center": center, "amplitude": amplitude}
    return tensors


def numbers(tensor):
    return [[float(np.format_float_scientific(v, unique=True)) for v in row] for row in tensor.detach().numpy().astype(np.float32)]
