"""A GGUF file of every type that the reader in nn reads, and its elements as gguf's own Python reference computes them.

Run once; the build does not need Python:

    pip install --no-deps -r requirements.txt
    python tests/reference/gguf_files.py nn/src/test/resources/io/llm2clip/nn/checkpoint/gguf
"""

import json
import pathlib
import struct
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

QUANTIZED = [Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.Q4_K, Type.Q5_K, Type.Q6_K]
# Where in a block scales are, which are f16 and must be numbers.
SCALES = {Type.Q4_1: [0, 2], Type.Q5_1: [0, 2], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208]}


def blocks(kind, rows, generator):
    """Random bits but for the scales, so that every bit matters."""
    size, count = gguf.GGML_QUANT_SIZES[kind][1], 2
    raw = generator.integers(0, 256, (rows, count, size), dtype=np.uint8)
    for at in SCALES.get(kind, [0]):
        scales = generator.normal(0, 0.1, (rows, count, 1)).astype(np.float16)
        raw[:, :, at : at + 2] = scales.view(np.uint8)
    return raw.reshape(rows, count * size)


def expect(path, tensors):
    header, data = {}, b""
    for name, values in tensors.items():
        raw = values.astype("<f4").tobytes()
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": offsets}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    writer = gguf.GGUFWriter(folder / "every-type.gguf", "llama")
    writer.add_name("every type")
    writer.add_uint8("test.u8", 200)
    writer.add_int8("test.i8", -100)
    writer.add_uint16("test.u16", 60000)
    writer.add_int16("test.i16", -30000)
    writer.add_uint32("test.u32", 4000000000)
    writer.add_int32("test.i32", -2000000000)
    writer.add_uint64("test.u64", 2**64 - 1)
    writer.add_int64("test.i64", -(2**63))
    writer.add_float32("test.f32", 0.1)
    writer.add_float64("test.f64", 0.1)
    writer.add_bool("test.bool", True)
    writer.add_array("test.tokens", ["<s>", "ünï", "▁the"])
    writer.add_array("test.scores", [1.5, -2.0])
    writer.add_array("test.lists", [[1, 2], [3]])
    expected = {}
    floats = generator.normal(0, 1, (3, 4)).astype(np.float32)
    writer.add_tensor("f32", floats)
    expected["f32"] = floats
    writer.add_tensor("f16", floats.astype(np.float16))
    expected["f16"] = floats.astype(np.float16).astype(np.float32)
    halves = gguf.quantize(floats, Type.BF16)
    writer.add_tensor("bf16", halves, raw_dtype=Type.BF16)
    expected["bf16"] = gguf.dequantize(halves, Type.BF16)
    writer.add_tensor("i32", np.arange(5, dtype=np.int32))
    for kind in QUANTIZED:
        raw = blocks(kind, 3, generator)
        writer.add_tensor(kind.name.lower(), raw, raw_dtype=kind)
        expected[kind.name.lower()] = gguf.dequantize(raw, kind)
    writer.add_tensor("q2_k", blocks(Type.Q2_K, 1, generator), raw_dtype=Type.Q2_K)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    expect(folder / "every-type.safetensors", expected)


main(pathlib.Path(sys.argv[1]))
