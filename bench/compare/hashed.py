"""Random values that every peer makes for itself: element i of the tensor of a name is a hash of both, as in HashWeights.java."""
import math
import zlib

import numpy as np

PIECE = 1 << 18
LENGTH_STEP = 7919


def uniform(name, elements, first=0):
    """f32 in [-1, 1), multiples of 2^-23: the finalizer of MurmurHash3 over a counter."""
    seed = np.uint32(zlib.crc32(name.encode()))
    result = np.empty(elements, np.float32)
    # Pieces that stay in cache: a billion of them are drawn.
    for start in range(0, elements, PIECE):
        count = min(PIECE, elements - start)
        h = np.arange(first + start, first + start + count, dtype=np.uint32)
        h *= np.uint32(0x9E3779B9)
        h += seed
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
        result[start : start + count] = (h >> np.uint32(8)) * np.float32(2.0**-23)
    result -= 1
    return result


def values(name, *shape):
    return uniform(name, math.prod(shape)).reshape(shape)


def weight(name, *shape):
    """A parameter: matrices of variance 1/fan-in, weights of norms about 1, other vectors about 0, second factors of updates 0."""
    result = uniform(name, math.prod(shape))
    if len(shape) > 1:
        result *= np.float32(0 if ".lora_B." in name else math.sqrt(3 / math.prod(shape[1:])))
    else:
        result *= np.float32(0.02)
        result += np.float32(name.endswith(".weight"))
    return result.reshape(shape)


def token_ids(tokens, vocabulary):
    return ((uniform("ids", tokens) + np.float32(1)) / 2 * vocabulary).astype(np.int64)


def lengths(count, shortest, longest):
    return [shortest + i * LENGTH_STEP % (longest - shortest + 1) for i in range(count)]


def ragged_ids(request):
    """Captions of all lengths from the shortest to the longest, mixed."""
    sizes = lengths(request.int("captions"), request.int("shortest"), request.int("longest"))
    ids = token_ids(sum(sizes), request.ints("model")[0])
    return np.split(ids, np.cumsum(sizes)[:-1])
