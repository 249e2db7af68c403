"""Files of PyTorch as PyTorch itself writes them, and what it reads from them, for the tests of the reader in nn.

Run once; the build does not need Python:

    pip install --no-deps -r requirements.txt
    python tests/reference/checkpoints.py nn/src/test/resources/io/llm2clip/nn/checkpoint/torch \
        llm2clip/src/test/resources/io/llm2clip/model

Of each NAME.pt there is a NAME.safetensors with the tensors that torch.load sees, contiguous, under the names that they have in the
end. Files that are to be refused have none.
"""

import argparse
import collections
import json
import pathlib
import struct
import sys

import numpy as np
import torch

TYPES = {
    torch.bool: "BOOL",
    torch.uint8: "U8",
    torch.int8: "I8",
    torch.int16: "I16",
    torch.int32: "I32",
    torch.int64: "I64",
    torch.uint16: "U16",
    torch.uint32: "U32",
    torch.uint64: "U64",
    torch.float8_e5m2: "F8_E5M2",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float32: "F32",
    torch.float64: "F64",
}


def expect(path, tensors):
    """Safetensors, written here so that PyTorch is all that this needs."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        dense = tensor.detach().contiguous().flatten()
        raw = dense.view(torch.uint8).numpy().tobytes() if dense.numel() else b""
        header[name] = {
            "dtype": TYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def every_type():
    floats = torch.tensor([1.5, -2.0, 0.1, 65504.0, float("inf"), float("nan")])
    tensors = {
        str(dtype).removeprefix("torch."): (floats if dtype.is_floating_point else torch.tensor([0, 1, 100])).to(dtype)
        for dtype in TYPES
    }
    tensors["int64"] = torch.tensor([[-(2**63)], [2**63 - 1]])
    tensors["scalar"] = torch.tensor(2.6592)
    tensors["empty"] = torch.zeros(0, 4)
    tensors["parameter"] = torch.nn.Parameter(torch.arange(3.0))
    return tensors


def views():
    base = torch.arange(60.0)
    halves = torch.arange(24).to(torch.bfloat16).reshape(2, 3, 4)
    return {
        "base": base,
        "offset": base[7:19],
        "matrix": base.reshape(6, 10),
        "transposed": base.reshape(6, 10).t(),
        "columns": base.reshape(6, 10)[:, 2:5],
        "steps": base[3::7],
        "permuted": base.reshape(3, 4, 5).permute(2, 0, 1),
        "expanded": torch.tensor([1.0, 2.0]).reshape(2, 1).expand(2, 3),
        "broadcast": torch.tensor(3.0).expand(2, 2),
        "one-wide": base.reshape(60, 1).t(),
        "halves": halves.permute(2, 1, 0),
        "halves-cut": halves[:, 1:, ::2],
        "bytes": torch.arange(12, dtype=torch.uint8).reshape(3, 4).t(),
        "longs": torch.arange(12).reshape(3, 4).t(),
        "channels-last": torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last),
        "none-of-many": torch.zeros(3, 0, 2).permute(2, 1, 0),
    }


class Tower(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 4, 2, bias=False)
        self.blocks = torch.nn.ModuleList([torch.nn.Linear(4, 4), torch.nn.LayerNorm(4)])
        self.register_buffer("position_ids", torch.arange(5).expand(1, -1))
        self.proj = torch.nn.Parameter(torch.randn(4, 2))

    def forward(self, x):
        x = self.conv1(x).flatten(2).mean(2)
        for block in self.blocks:
            x = block(x)
        return x @ self.proj


class Clip(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.visual = Tower()
        self.logit_scale = torch.nn.Parameter(torch.tensor(2.6592))
        self.context_length = 77

    def forward(self, x):
        return self.visual(x) * self.logit_scale.exp()


def training(model):
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(2, 3, 4, 4)).sum().backward()
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    np.random.seed(0)
    return {
        "epoch": 3,
        "best_acc1": torch.tensor(76.1),
        "args": argparse.Namespace(lr=1e-3, path=pathlib.PurePosixPath("a/b"), sizes=(1, 2)),
        "state_dict": torch.nn.DataParallel(model).state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "score": np.float64(0.5),
        "rng_states": {"numpy": np.random.get_state(), "torch": torch.get_rng_state()[:16]},
        "seen": {1, 2, 3},
        "counts": collections.Counter("hello"),
        "other": collections.defaultdict(list, {("a", 1): [None, True, 2.5, b"bytes", 1 << 100, 1j]}),
        "size": torch.Size([1, 2]),
        "device": torch.device("cpu"),
        "dtype": torch.bfloat16,
    }


def big_endian(path, tensors):
    """What a machine of the other byte order would have written: the same, but for the bytes of its numbers."""
    swapped = {}
    for name, tensor in tensors.items():
        storage = tensor.untyped_storage().clone()
        torch.UntypedStorage.byteswap(storage, tensor.dtype)
        swapped[name] = torch.empty(0, dtype=tensor.dtype).set_(storage, tensor.storage_offset(), tensor.shape, tensor.stride())
    own, sys.byteorder = sys.byteorder, "big"
    try:
        torch.save(swapped, path)
    finally:
        sys.byteorder = own


def clip_vision():
    """A vision tower of CLIP under Hugging Face's names: 2x2 patches of 4x4 pixels, width 8, one block."""
    layer = "vision_model.encoder.layers.0."
    shapes = {
        "vision_model.embeddings.class_embedding": (8,),
        "vision_model.embeddings.patch_embedding.weight": (8, 3, 4, 4),
        "vision_model.embeddings.position_embedding.weight": (5, 8),
        "visual_projection.weight": (4, 8),
        layer + "mlp.fc1.weight": (12, 8),
        layer + "mlp.fc1.bias": (12,),
        layer + "mlp.fc2.weight": (8, 12),
        layer + "mlp.fc2.bias": (8,),
    }
    for norm in ("vision_model.pre_layrnorm", "vision_model.post_layernorm", layer + "layer_norm1", layer + "layer_norm2"):
        shapes |= {norm + ".weight": (8,), norm + ".bias": (8,)}
    for projection in ("q", "k", "v", "out"):
        shapes |= {f"{layer}self_attn.{projection}_proj.weight": (8, 8), f"{layer}self_attn.{projection}_proj.bias": (8,)}
    tensors = {name: torch.randn(shape).half() for name, shape in shapes.items()}
    # As a transposed projection is kept that was assigned to a linear layer.
    tensors["visual_projection.weight"] = torch.randn(8, 4).half().t()
    return tensors


def main(folder, models):
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)

    def save(name, value, tensors, **options):
        torch.save(value, folder / f"{name}.pt", **options)
        expect(folder / f"{name}.safetensors", tensors)

    types = every_type()
    save("every-type", types, types)
    save("views", views(), views())
    model = Clip()
    save("training", training(model), model.state_dict())
    weights = model.half().state_dict()
    save("state-dict", weights, weights)
    for protocol in (3, 4, 5):
        save(f"protocol-{protocol}", weights, weights, pickle_protocol=protocol)
    nested = {"vision": {"w": torch.arange(2.0)}, "text": [torch.arange(3), {"b": torch.ones(1)}], "steps": 5}
    flat = {"vision.w": torch.arange(2.0), "text.0": torch.arange(3), "text.1.b": torch.ones(1)}
    save("nested", nested, flat)
    save("one-tensor", torch.arange(4.0), {"tensor": torch.arange(4.0)})
    compiled = {"module._orig_mod." + name: tensor for name, tensor in flat.items()}
    save("compiled", compiled, flat)

    torch.serialization.set_crc32_options(False)
    save("no-checksums", flat, flat)
    torch.serialization.set_crc32_options(True)

    unreadable = {
        "w": torch.arange(2.0),
        "complex": torch.tensor([1j]),
        "sparse": torch.eye(2).to_sparse(),
        "quantized": torch.quantize_per_tensor(torch.arange(3.0), 0.1, 0, torch.qint8),
        "meta": torch.zeros(2, device="meta"),
    }
    save("unreadable", unreadable, {"w": unreadable["w"]})

    ordered = {"halves": torch.arange(6).half().reshape(2, 3).t(), "longs": torch.arange(3), "bools": torch.tensor([True])}
    ordered |= {"floats": torch.arange(4.0), "doubles": torch.arange(2.0, dtype=torch.float64), "row": torch.arange(5).bfloat16()[1:]}
    big_endian(folder / "big-endian.pt", ordered)
    loaded = torch.load(folder / "big-endian.pt", weights_only=True)
    assert all(torch.equal(loaded[name], tensor) for name, tensor in ordered.items())
    expect(folder / "big-endian.safetensors", ordered)

    script = torch.jit.script(model)
    script.save(folder / "script.pt")
    expect(folder / "script.safetensors", weights)
    traced = torch.jit.trace(model.float(), torch.randn(1, 3, 4, 4))
    traced.save(folder / "traced.pt")
    expect(folder / "traced.safetensors", model.state_dict())

    shards = folder / "sharded"
    shards.mkdir(exist_ok=True)
    names = list(flat)
    torch.save({name: flat[name] for name in names[:2]}, shards / "pytorch_model-00001-of-00002.bin")
    torch.save({name: flat[name] for name in names[2:]}, shards / "pytorch_model-00002-of-00002.bin")
    weight_map = {name: f"pytorch_model-0000{1 if name in names[:2] else 2}-of-00002.bin" for name in names}
    index = {"metadata": {"total_size": 36}, "weight_map": weight_map}
    (shards / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=2) + "\n")
    expect(folder / "sharded.safetensors", flat)

    linear = {"fc.weight": torch.randn(3, 2).t(), "fc.bias": torch.randn(2).half(), "table.weight": torch.randn(4, 3).bfloat16()}
    save("net", linear, linear)
    tower = clip_vision()
    torch.save({"epoch": 1, "state_dict": {"module." + name: tensor for name, tensor in tower.items()}}, models / "clip-vision-wrapped.pt")
    expect(models / "clip-vision-wrapped.safetensors", tower)

    torch.save(flat, folder / "refused-legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(1, 1), folder / "refused-module.pt")
    torch.save({"epoch": 1, "optimizer": {"state": {0: torch.ones(1)}}}, folder / "refused-no-weights.pt")


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
