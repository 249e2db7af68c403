"""Files of random weights: every tensor is drawn from a generator that is seeded by its name, in pieces, and written as it is drawn."""

import json
import math
import re
import struct
import tempfile
import zlib

import torch
from accelerate import init_empty_weights
from accelerate.utils import set_module_tensor_to_device
from torch import nn

TYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
NORM = re.compile(r"(norm\d?|ln_\w+|\.ln|layernorm|layrnorm|layer_norm\d|ffn_ln|attn_ln|adaptor\.4)\.weight$")
SMALL = re.compile(r"(bias|class_embedding|cls_token|pos_embed|position\w*(\.weight)?|latent|probe|gamma_\d)$")
TOKENS = re.compile(r"(embed_tokens|token_embedding)\.weight$")
TRANSPOSED = re.compile(r"(visual\.proj|text_projection)$")
PIECE = 1 << 24


def spread(name, shape):
    """Center and half width of a uniform distribution: activations neither vanish nor overflow, and no part is close to the identity."""
    if NORM.search(name):
        return 1.0, 0.5
    if SMALL.search(name):
        return 0.0, 0.25
    if TOKENS.search(name):
        return 0.0, 1.0
    fan_in = shape[0] if TRANSPOSED.search(name) else math.prod(shape[1:])
    return 0.0, math.sqrt(3 / fan_in)


def pieces(name, shape):
    """The f32 values of a tensor, one piece after another."""
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    center, width = spread(name, shape)
    count = math.prod(shape)
    for start in range(0, count, PIECE):
        yield torch.empty(min(PIECE, count - start)).uniform_(center - width, center + width, generator=generator)


def draw(name, shape, dtype):
    """The f32 tensor whose values are those of dtype."""
    return torch.cat([piece.to(dtype).float() for piece in pieces(name, shape)]).reshape(shape)


def bytes_of(tensor):
    return memoryview(tensor.contiguous().view(torch.uint8).numpy()).cast("B") if tensor.numel() else b""


def write_safetensors(path, shapes, dtype, values=pieces):
    """Tensors of these shapes, none of which is ever whole in memory."""
    header, position = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in shapes.items():
        end = position + math.prod(shape) * dtype.itemsize
        header[name] = {"dtype": TYPES[dtype], "shape": list(shape), "data_offsets": [position, end]}
        position = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in shapes.items():
            for piece in values(name, shape):
                file.write(bytes_of(piece.flatten().to(dtype)))
    return position


def write_sharded(folder, shapes, dtype, limit):
    """model-00001-of-0000N.safetensors with an index, as transformers writes them."""
    shards, size = [{}], 0
    for name, shape in shapes.items():
        length = math.prod(shape) * dtype.itemsize
        if shards[-1] and size + length > limit:
            shards.append({})
            size = 0
        shards[-1][name] = shape
        size += length
    weight_map, total = {}, 0
    for number, shard in enumerate(shards, 1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        total += write_safetensors(folder / file, shard, dtype)
        weight_map |= dict.fromkeys(shard, file)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def write_torch(path, tensors, dtype):
    """
    As torch.save writes them, of (name, shape) or (name, tensor). While torch.save needs all of them at once, they are mapped files.

    A tensor that is given is written as it is.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        state = {}
        for number, (name, what) in enumerate(tensors.items()):
            if isinstance(what, torch.Tensor):
                state[name] = what
                continue
            mapped = torch.from_file(f"{scratch}/{number}", shared=True, size=math.prod(what), dtype=dtype)
            position = 0
            for piece in pieces(name, what):
                mapped[position:position + piece.numel()] = piece
                position += piece.numel()
            state[name] = mapped.reshape(what)
        torch.save(state, path)


def empty(build):
    """The module without memory for its parameters; buffers have theirs."""
    with init_empty_weights(include_buffers=False):
        return build().eval()


def stream(module, weight):
    """Has a module of :func:`empty` take its parameters from weight(name) at once, but blocks theirs when they are called."""
    lists = {name: part for name, part in module.named_modules() if isinstance(part, nn.ModuleList)}
    blocks = {f"{name}.{i}.": block for name, part in lists.items() for i, block in enumerate(part)}
    for prefix, block in blocks.items():
        names = [name for name, _ in block.named_parameters()]

        def fill(block, _, prefix=prefix, names=names):
            for name in names:
                set_module_tensor_to_device(block, name, "cpu", weight(prefix + name))

        def drop(block, _, __, names=names):
            for name in names:
                set_module_tensor_to_device(block, name, "meta")

        block.register_forward_pre_hook(fill)
        block.register_forward_hook(drop)
    for name, _ in list(module.named_parameters()):
        if not name.startswith(tuple(blocks)):
            set_module_tensor_to_device(module, name, "cpu", weight(name))
    return module
