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


class Vit:
    """OpenAI's CLIP ViT with Hugging Face's names, image size S, patch P."""

    def __init__(self, size, patch, width, layers, projection):
        self.size, self.patch, self.width, self.heads = size, patch, width, width // 64
        self.tokens = (size // patch) ** 2 + 1
        v = "vision_model."
        self.p = {}
        self.make(v + "embeddings.class_embedding", width)
        self.make(v + "embeddings.patch_embedding.weight", width, 3, patch, patch)
        self.make(v + "embeddings.position_embedding.weight", self.tokens, width)
        self.norm(v + "pre_layrnorm")
        self.blocks = [f"{v}encoder.layers.{i}." for i in range(layers)]
        for b in self.blocks:
            self.norm(b + "layer_norm1")
            self.norm(b + "layer_norm2")
            for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
                self.linear(b + "self_attn." + part, width, width)
            self.linear(b + "mlp.fc1", 4 * width, width)
            self.linear(b + "mlp.fc2", width, 4 * width)
        self.norm(v + "post_layernorm")
        self.make("visual_projection.weight", projection, width)

    def make(self, name, *shape):
        self.p[name] = weight(name, *shape)

    def norm(self, name):
        self.make(name + ".weight", self.width)
        self.make(name + ".bias", self.width)

    def linear(self, name, out, inner):
        self.make(name + ".weight", out, inner)
        self.make(name + ".bias", out)

    def apply_norm(self, name, x):
        return F.layer_norm(x, (self.width,), self.p[name + ".weight"], self.p[name + ".bias"], 1e-5)

    def apply_linear(self, name, x):
        return F.linear(x, self.p[name + ".weight"], self.p[name + ".bias"])

    def __call__(self, pixels, attention):
        v = "vision_model."
        patches = F.conv2d(pixels, self.p[v + "embeddings.patch_embedding.weight"], stride=self.patch)
        x = patches.flatten(2).transpose(1, 2)
        first = self.p[v + "embeddings.class_embedding"].expand(x.shape[0], 1, -1)
        x = torch.cat([first, x], 1) + self.p[v + "embeddings.position_embedding.weight"]
        x = self.apply_norm(v + "pre_layrnorm", x)
        for b in self.blocks:
            h = self.apply_norm(b + "layer_norm1", x)
            q, k, w = (split(self.apply_linear(b + "self_attn." + n, h), self.heads) for n in ("q_proj", "k_proj", "v_proj"))
            x = x + self.apply_linear(b + "self_attn.out_proj", join(attention(q, k, w)))
            h = self.apply_linear(b + "mlp.fc1", self.apply_norm(b + "layer_norm2", x))
            x = x + self.apply_linear(b + "mlp.fc2", h * torch.sigmoid(1.702 * h))
        return F.linear(self.apply_norm(v + "post_layernorm", x[:, 0]), self.p["visual_projection.weight"])


class Llama:
    """Bidirectional, with Hugging Face's names of the bare model; mean over all tokens."""

    def __init__(self, vocabulary, width, inner, layers, heads, kv_heads, theta, scaling):
        self.vocabulary, self.width, self.heads, self.kv_heads = vocabulary, width, heads, kv_heads
        head = width // heads
        self.p = {"embed_tokens.weight": weight("embed_tokens.weight", vocabulary, width)}
        self.lora = {}
        self.blocks = [f"layers.{i}." for i in range(layers)]
        kv = kv_heads * head
        self.shapes = {"self_attn.q_proj": (width, width), "self_attn.k_proj": (kv, width), "self_attn.v_proj": (kv, width),
                       "self_attn.o_proj": (width, width), "mlp.gate_proj": (inner, width), "mlp.up_proj": (inner, width),
                       "mlp.down_proj": (width, inner)}
        for b in self.blocks:
            for norm in ("input_layernorm.weight", "post_attention_layernorm.weight"):
                self.p[b + norm] = weight(b + norm, width)
            for n, shape in self.shapes.items():
                self.p[b + n + ".weight"] = weight(b + n + ".weight", *shape)
        self.p["norm.weight"] = weight("norm.weight", width)
        inverse = theta ** (-torch.arange(0, head, 2, dtype=torch.float64) / head)
        if scaling:
            factor, low, high, original = scaling
            length = 2 * math.pi / inverse
            smooth = ((original / length - low) / (high - low)).clamp(0, 1)
            inverse = (1 - smooth) * inverse / factor + smooth * inverse
        self.inverse = inverse.to(GPU)

    def attach_lora(self, rank, alpha):
        self.scale = alpha / rank
        for b in self.blocks:
            for n, (out, inner) in self.shapes.items():
                name = f"base_model.model.{b}{n}."
                self.lora[b + n] = (weight(name + "lora_A.weight", rank, inner), weight(name + "lora_B.weight", out, rank))

    def linear(self, name, x):
        y = F.linear(x, self.p[name + ".weight"])
        if name in self.lora:
            a, b = self.lora[name]
            y = y + F.linear(F.linear(x, a), b) * self.scale
        return y

    def __call__(self, ids, attention):
        tokens = ids.shape[1]
        angles = torch.arange(tokens, device=GPU, dtype=torch.float64)[:, None] * self.inverse
        x = F.embedding(ids, self.p["embed_tokens.weight"])
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)

        def turn(t):
            a, b = t.chunk(2, -1)
            return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

        for b in self.blocks:
            h = F.rms_norm(x, (self.width,), self.p[b + "input_layernorm.weight"], 1e-5)
            q = turn(split(self.linear(b + "self_attn.q_proj", h), self.heads))
            k = turn(split(self.linear(b + "self_attn.k_proj", h), self.kv_heads))
            v = split(self.linear(b + "self_attn.v_proj", h), self.kv_heads)
            x = x + self.linear(b + "self_attn.o_proj", join(attention(q, k, v)))
            h = F.rms_norm(x, (self.width,), self.p[b + "post_attention_layernorm.weight"], 1e-5)
            x = x + self.linear(b + "mlp.down_proj", F.silu(self.linear(b + "mlp.gate_proj", h)) * self.linear(b + "mlp.up_proj", h))
        return F.rms_norm(x, (self.width,), self.p["norm.weight"], 1e-5).mean(1)


def split(x, heads):
    return x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def join(x):
    return x.transpose(1, 2).flatten(2)


def sdpa(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, enable_gqa=q.shape[1] != k.shape[1])


def eager(q, k, v):
    groups = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    return torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, -1) @ v


def models():
    if SMALL:
        return ("tiny ViT", Vit(32, 16, 64, 2, 32), [1, 2],
                "tiny Llama", Llama(128, 64, 96, 2, 4, 2, 500000.0, (32, 1, 4, 8192)), [(2, 8)])
    return ("ViT-L/14-336", Vit(336, 14, 1024, 24, 768), [1, 32, 256],
            "Llama-3.2-1B", Llama(128256, 2048, 8192, 16, 32, 8, 500000.0, (32, 1, 4, 8192)), [(1, 32), (8, 128), (64, 128)])


@torch.no_grad()
def towers():
    vision_name, vision, image_batches, llama_name, llama, caption_batches = models()
    for kind in TYPES:
        precision(kind)
        dtype = torch.bfloat16 if kind == "bf16" else torch.float32
        for model in (vision, llama):
            model.p = {name: value.to(dtype) for name, value in model.p.items()}
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


def cosines(a, b):
    # In f32: autocast would round logits of about 50 to steps of 0.25.
    with torch.autocast(GPU.type, enabled=False):
        return F.normalize(a.float(), dim=-1) @ F.normalize(b.float(), dim=-1).t()


def training():
    for kind in TYPES:
        precision(kind)
        if SMALL:
            vision_name, vision, images = "tiny ViT", Vit(32, 16, 64, 2, 32), 16
        else:
            vision_name, vision, images = "ViT-B/16", Vit(224, 16, 768, 12, 512), 32
        pixels = values("pixels", (images, 3, vision.size, vision.size))
        texts = values("texts", (images, vision.p["visual_projection.weight"].shape[0]))
        targets = torch.arange(images, device=GPU)

        def vision_loss():
            logits = cosines(vision(pixels, sdpa), texts) * (1 / 0.07)
            return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.t(), targets)) / 2

        step(f"stage-2 step, {vision_name}, batch {images}", list(vision.p.values()), vision_loss, 1e-4, kind)
        if SMALL:
            llama_name, llama, captions, tokens = "tiny Llama", Llama(128, 64, 96, 2, 4, 2, 10000.0, None), 32, 8
        else:
            llama_name, captions, tokens = "Llama of SmolLM2-135M's shape", 32, 48
            llama = Llama(49152, 576, 1536, 30, 9, 3, 100000.0, None)
        llama.attach_lora(16, 32)
        ids = token_ids(captions, tokens, llama.vocabulary)
        pairs = torch.arange(captions // 2, device=GPU)

        def caption_loss():
            vectors = llama(ids, sdpa)
            return F.cross_entropy(cosines(vectors[: captions // 2], vectors[captions // 2 :]) * 50, pairs)

        trained = [factor for pair in llama.lora.values() for factor in pair]
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
