"""The same work as the parts of the kit, in PyTorch: python3 peer.py matmul|towers|training ROWS DEVICE [small]

Weights and inputs are those of HashWeights and Models, so outputs and losses can be compared. Without PyTorch, or without a GPU
where one is asked for, it says so and exits with 77.
"""
import json
import math
import sys
import time
import zlib

SKIPPED = 77

try:
    import torch
    import torch.nn.functional as F
    from towers import Llama, Vit, cosines, eager, fill, sdpa
except ImportError:
    print("PyTorch is not installed")
    sys.exit(SKIPPED)
except (OSError, ValueError) as e:
    print("PyTorch lacks libraries: " + str(e).partition("\n")[0][:200])
    sys.exit(SKIPPED)

WORK, ROWS, DEVICE = sys.argv[1:4]
SMALL = "small" in sys.argv[4:]
CUDA = DEVICE != "cpu"
if CUDA and not torch.cuda.is_available():
    print("PyTorch finds no NVIDIA GPU")
    sys.exit(SKIPPED)
GPU = torch.device("cuda", int(DEVICE)) if CUDA else torch.device("cpu")
if CUDA and GPU.index >= torch.cuda.device_count():
    print(f"PyTorch finds no NVIDIA GPU with number {GPU.index}")
    sys.exit(SKIPPED)
if CUDA:
    torch.cuda.set_device(GPU)
TYPES = ["f32", "tf32", "bf16"] if CUDA else ["f32"]
MASK = 0xFFFFFFFF


def uniform(name, elements, first=0):
    """In [-1, 1): the finalizer of MurmurHash3 over a counter."""
    seed = zlib.crc32(name.encode())
    h = (torch.arange(first, first + elements, dtype=torch.int64, device=GPU) * 0x9E3779B9 + seed) & MASK
    h = h ^ (h >> 16)
    h = (h * 0x85EBCA6B) & MASK
    h = h ^ (h >> 13)
    h = (h * 0xC2B2AE35) & MASK
    h = h ^ (h >> 16)
    return (h >> 8).to(torch.float32) * 2.0**-23 - 1


def values(name, shape, offset=0.0, scale=1.0):
    elements = math.prod(shape)
    flat = torch.empty(elements, device=GPU)
    for first in range(0, elements, 1 << 26):
        count = min(1 << 26, elements - first)
        flat[first : first + count] = uniform(name, count, first) * scale + offset
    return flat.reshape(shape)


def weight(name, *shape):
    if len(shape) > 1:
        scale = 0.0 if ".lora_B." in name else float(torch.tensor(math.sqrt(3 / math.prod(shape[1:])), dtype=torch.float32))
        return values(name, shape, 0.0, scale)
    return values(name, shape, 1.0 if name.endswith(".weight") else 0.0, 0.02)


def token_ids(batch, tokens, vocabulary):
    u = uniform("ids", batch * tokens)
    return ((u + 1) / 2 * vocabulary).to(torch.int64).reshape(batch, tokens)


def add(row):
    if not all(math.isfinite(value) for value in [row.get("value", 0), *row.get("output", []), *row.get("losses", [])]):
        row = {"work": f"{row['work']}, {row['engine']}, {row['type']}", "error": "it is not finite"}
    with open(ROWS, "a") as file:
        file.write(json.dumps(row) + "\n")


def synchronize():
    if CUDA:
        torch.cuda.synchronize()


def measure(seconds, work):
    """Median seconds of a run, and those of the first."""
    def once():
        start = time.perf_counter()
        work()
        synchronize()
        return time.perf_counter() - start

    synchronize()
    first = once()
    times = []
    while len(times) < 50 and (len(times) < 4 or sum(times) < seconds):
        times.append(once())
    return sorted(times)[len(times) // 2], first


def precision(kind):
    torch.backends.cuda.matmul.allow_tf32 = kind == "tf32"
    torch.backends.cudnn.allow_tf32 = kind == "tf32"


def matmul():
    sizes = [(64, 96, 80)] if SMALL else [
        (1024, 1024, 1024), (2048, 2048, 2048), (4096, 4096, 4096), (8192, 8192, 8192),
        (577, 4096, 1024), (18464, 4096, 1024), (18464, 1024, 4096), (1024, 8192, 2048)]
    for kind in TYPES:
        precision(kind)
        dtype = torch.bfloat16 if kind == "bf16" else torch.float32
        for m, n, k in sizes:
            copies = max(1, min(16, (2 << 30) // ((m * k + m * n) * 4)))
            w = values("w", (n, k)).to(dtype)
            xs = [values(f"x{i}", (m, k)).to(dtype) for i in range(copies)]
            outs = [torch.empty(m, n, device=GPU, dtype=dtype) for _ in xs]
            wt = w.t()

            def run():
                for x, out in zip(xs, outs):
                    torch.mm(x, wt, out=out)

            median, first = measure(0.3, run)
            add({"work": f"matmul {m} x {n} x {k}", "engine": "torch", "type": kind, "unit": "TFLOP/s",
                 "value": 2 * m * n * k * copies / median / 1e12, "first_seconds": first})
            del xs, outs, w, wt
            if CUDA:
                torch.cuda.empty_cache()


def vit(*sizes):
    return fill(Vit(*sizes), weight, GPU)


def llama_of(*sizes):
    return fill(Llama(*sizes, device=GPU), weight, GPU)


def models():
    if SMALL:
        return ("tiny ViT", vit(32, 16, 64, 2, 32), [1, 2],
                "tiny Llama", llama_of(128, 64, 96, 2, 4, 2, 500000.0, (32, 1, 4, 8192)), [(2, 8)])
    return ("ViT-L/14-336", vit(336, 14, 1024, 24, 768), [1, 32, 256],
            "Llama-3.2-1B", llama_of(128256, 2048, 8192, 16, 32, 8, 500000.0, (32, 1, 4, 8192)), [(1, 32), (8, 128), (64, 128)])


@torch.no_grad()
def towers():
    vision_name, vision, image_batches, llama_name, llama, caption_batches = models()
    for kind in TYPES:
        precision(kind)
        dtype = torch.bfloat16 if kind == "bf16" else torch.float32
        for model in (vision, llama):
            model.to(dtype)
        for attention in (sdpa, eager) if kind == "bf16" or not CUDA else (sdpa,):
            for batch in image_batches:
                pixels = values("pixels", (batch, 3, vision.size, vision.size)).to(dtype)
                tower(f"{vision_name} batch {batch}", lambda: vision(pixels, attention), batch, "images/s", kind, attention)
            for batch, tokens in caption_batches:
                ids = token_ids(batch, tokens, llama.vocabulary)
                tower(f"{llama_name} {batch} x {tokens}", lambda: llama(ids, attention), batch * tokens, "tokens/s", kind, attention)


def tower(work, run, units, unit, kind, attention):
    engine = "torch " + attention.__name__
    try:
        median, first = measure(1, run)
        add({"work": work, "engine": engine, "type": kind, "value": units / median, "unit": unit, "first_seconds": first,
             "output": run()[0].float().tolist()})
    except torch.cuda.OutOfMemoryError:
        add({"work": f"{work}, {engine}, {kind}", "left_out": "the GPU's memory does not hold it"})


def training():
    for kind in TYPES:
        precision(kind)
        if SMALL:
            vision_name, vision, images = "tiny ViT", vit(32, 16, 64, 2, 32), 16
        else:
            vision_name, vision, images = "ViT-B/16", vit(224, 16, 768, 12, 512), 32
        pixels = values("pixels", (images, 3, vision.size, vision.size))
        texts = values("texts", (images, vision.visual_projection.out_features))
        targets = torch.arange(images, device=GPU)

        def vision_loss():
            logits = cosines(vision(pixels, sdpa), texts) * (1 / 0.07)
            return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.t(), targets)) / 2

        step(f"stage-2 step, {vision_name}, batch {images}", list(vision.parameters()), vision_loss, 1e-4, kind)
        if SMALL:
            llama_name, llama, captions, tokens = "tiny Llama", llama_of(128, 64, 96, 2, 4, 2, 10000.0, None), 32, 8
        else:
            llama_name, captions, tokens = "Llama of SmolLM2-135M's shape", 32, 48
            llama = llama_of(49152, 576, 1536, 30, 9, 3, 100000.0, None)
        trained = llama.attach_lora(16, 32, weight)
        ids = token_ids(captions, tokens, llama.vocabulary)
        pairs = torch.arange(captions // 2, device=GPU)

        def caption_loss():
            vectors = llama(ids, sdpa)
            return F.cross_entropy(cosines(vectors[: captions // 2], vectors[captions // 2 :]) * 50, pairs)

        step(f"stage-1 LoRA step, {llama_name}, {captions} x {tokens}", trained, caption_loss, 1e-3, kind)


def step(work, trained, loss, rate, kind):
    for parameter in trained:
        parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(trained, lr=rate, weight_decay=0, fused=CUDA)
    losses = []

    def run():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(GPU.type, torch.bfloat16, enabled=kind == "bf16"):
            value = loss()
        value.backward()
        optimizer.step()
        losses.append(value.detach())

    median, first = measure(2, run)
    add({"work": work, "engine": "torch sdpa", "type": kind, "value": median * 1e3, "unit": "ms", "first_seconds": first,
         "losses": [float(value) for value in losses[:5]]})


{"matmul": matmul, "towers": towers, "training": training}[WORK]()
