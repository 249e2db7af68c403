"""Layers, losses and optimizer steps of PyTorch, in double precision where gradients matter. The build never runs it.

    pip install --no-deps -r requirements.txt
    python layers.py

writes nn/src/test/resources/io/llm2clip/nn/goldens.safetensors.

Every case NAME has NAME/in.<input>, NAME/p.<parameter>, NAME/out, NAME/seed and the gradients NAME/grad.<input or parameter>
of sum(out * seed).
"""

import math
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(0)
tensors = {}


def case(name, function, inputs, parameters):
    inputs = {k: v.float().double().requires_grad_() for k, v in inputs.items()}
    parameters = {k: v.float().double().requires_grad_() for k, v in parameters.items()}
    out = function(**inputs, p=parameters)
    seed = torch.randn(out.shape).double() if out.ndim else torch.ones([]).double()
    (out * seed).sum().backward()
    tensors[f"{name}/out"], tensors[f"{name}/seed"] = out, seed
    for k, v in inputs.items():
        tensors[f"{name}/in.{k}"], tensors[f"{name}/grad.{k}"] = v, v.grad
    for k, v in parameters.items():
        tensors[f"{name}/p.{k}"], tensors[f"{name}/grad.{k}"] = v, v.grad


def randn(*shape):
    return torch.randn(*shape)


def rotary_half(length, size):
    angle = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(0, size, 2) / size)
    cos, sin = angle.cos().double(), angle.sin().double()

    def rotate(x):  # [B, H, T, D]
        a, b = x.chunk(2, -1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    return rotate


def rotary_eva(side, size):
    frequency = 10000.0 ** (-torch.arange(0, size // 2, 2) / (size // 2))
    t = torch.arange(side) / side * 16
    row = (t[:, None] * frequency).repeat_interleave(side, 0)
    column = (t[:, None] * frequency).repeat(side, 1)
    angle = torch.cat([row, column], -1).repeat_interleave(2, -1).double()

    def rotate(x):
        patches = x[:, :, 1:]
        turned = torch.stack([-patches[..., 1::2], patches[..., ::2]], -1).flatten(-2)
        return torch.cat([x[:, :, :1], patches * angle.cos() + turned * angle.sin()], 2)

    return rotate


def attention(x, p, heads, kv, size, lengths, causal, rotate, output, norm=None):
    batch, length, _ = x.shape

    def project(name, n):
        y = F.linear(x, p[f"{name}.weight"], p.get(f"{name}.bias"))
        return y.view(batch, length, n, size).transpose(1, 2)

    q, k, v = project("q_proj", heads), project("k_proj", kv), project("v_proj", kv)
    if rotate:
        q, k = rotate(q), rotate(k)
    k, v = (t.repeat_interleave(heads // kv, 1) for t in (k, v))
    allowed = (torch.arange(length)[None, :] < torch.tensor(lengths)[:, None])[:, None, None, :]
    if causal:
        allowed = allowed & torch.ones(length, length).tril().bool()
    scores = (q @ k.transpose(-1, -2) / math.sqrt(size)).masked_fill(~allowed, -math.inf)
    y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, heads * size)
    if norm:
        y = F.layer_norm(y, y.shape[-1:], p[f"{norm}.weight"], p[f"{norm}.bias"], 1e-6)
    return F.linear(y, p[f"{output}.weight"], p.get(f"{output}.bias"))


def linear(name, out, size, bias):
    return {f"{name}.weight": randn(out, size) / 2} | ({f"{name}.bias": randn(out)} if bias else {})


def norm(name, size):
    return {f"{name}.weight": 1 + 0.3 * randn(size), f"{name}.bias": randn(size)}


case("layer_norm", lambda x, p: F.layer_norm(x, [6], p["weight"], p["bias"], 1e-5),
     {"x": 2 * randn(3, 4, 6) + 1}, {"weight": randn(6), "bias": randn(6)})
case("rms_norm", lambda x, p: x * (x.square().mean(-1, keepdim=True) + 1e-5).rsqrt() * p["weight"],
     {"x": 2 * randn(3, 4, 6)}, {"weight": randn(6)})
case("mlp_quick_gelu", lambda x, p: F.linear((h := F.linear(x, p["fc1.weight"], p["fc1.bias"])) * torch.sigmoid(1.702 * h),
                                             p["fc2.weight"], p["fc2.bias"]),
     {"x": randn(2, 3, 4)}, linear("fc1", 7, 4, True) | linear("fc2", 4, 7, True))
case("swiglu_llama", lambda x, p: F.linear(F.silu(F.linear(x, p["gate_proj.weight"])) * F.linear(x, p["up_proj.weight"]),
                                           p["down_proj.weight"]),
     {"x": randn(2, 3, 4)}, linear("gate_proj", 7, 4, False) | linear("up_proj", 7, 4, False) | linear("down_proj", 4, 7, False))
case("swiglu_eva02", lambda x, p: F.linear(F.layer_norm(
         F.silu(F.linear(x, p["w1.weight"], p["w1.bias"])) * F.linear(x, p["w2.weight"], p["w2.bias"]),
         [7], p["ffn_ln.weight"], p["ffn_ln.bias"], 1e-6), p["w3.weight"], p["w3.bias"]),
     {"x": randn(2, 3, 4)}, linear("w1", 7, 4, True) | linear("w2", 7, 4, True) | linear("w3", 4, 7, True) | norm("ffn_ln", 7))
case("lora", lambda x, p: F.linear(x, p["weight"], p["bias"]) + 4.0 * F.linear(F.linear(x, p["lora_A.weight"]), p["lora_B.weight"]),
     {"x": randn(3, 5)}, {"weight": randn(4, 5), "bias": randn(4), "lora_A.weight": randn(2, 5), "lora_B.weight": randn(4, 2)})
case("attention_clip", lambda x, p: attention(x, p, 2, 2, 4, [5, 5], False, None, "out_proj"), {"x": randn(2, 5, 8)},
     linear("q_proj", 8, 8, True) | linear("k_proj", 8, 8, True) | linear("v_proj", 8, 8, True) | linear("out_proj", 8, 8, True))
for causal in (False, True):
    case(f"attention_llama_{'causal' if causal else 'bidirectional'}",
         lambda x, p: attention(x, p, 4, 2, 4, [5, 3], causal, rotary_half(5, 4), "o_proj"), {"x": randn(2, 5, 6)},
         linear("q_proj", 16, 6, False) | linear("k_proj", 8, 6, False) | linear("v_proj", 8, 6, False)
         | linear("o_proj", 6, 16, False))
case("attention_eva02", lambda x, p: attention(x, p, 2, 2, 8, [10, 10], False, rotary_eva(3, 8), "proj", "inner_attn_ln"),
     {"x": randn(2, 10, 16)}, linear("q_proj", 16, 16, True) | linear("k_proj", 16, 16, False)
     | linear("v_proj", 16, 16, True) | linear("proj", 16, 16, True) | norm("inner_attn_ln", 16))

diagonal = torch.arange(4)


def cosines(a, b):
    return F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T


def symmetric(images, texts, scale, p):
    logits = cosines(images, texts) * scale.exp()
    return (F.cross_entropy(logits, diagonal) + F.cross_entropy(logits.T, diagonal)) / 2


def sigmoid(images, texts, scale, bias, p):
    logits = cosines(images, texts) * scale.exp() + bias
    return -F.logsigmoid(logits * (2 * torch.eye(4) - 1)).sum() / 4


case("loss_symmetric", symmetric, {"images": randn(4, 6), "texts": randn(4, 6), "scale": torch.tensor(2.659260)}, {})
case("loss_sigmoid", sigmoid, {"images": randn(4, 6), "texts": randn(4, 6), "scale": torch.tensor(10.0).log(),
                               "bias": torch.tensor(-3.0)}, {})
case("loss_one_direction", lambda queries, positives, negatives, p:
     F.cross_entropy(20 * cosines(queries, torch.cat([positives, negatives])), diagonal),
     {"queries": randn(4, 6), "positives": randn(4, 6), "negatives": randn(4, 6)}, {})
case("loss_cross_entropy", lambda logits, p: F.cross_entropy(logits, torch.tensor([2, -1, 0, -1, 4]), ignore_index=-1),
     {"logits": 3 * randn(5, 6)}, {})

# AdamW with two groups; the third step's gradients are long enough to be clipped to norm 3.
weight, bias = randn(3, 4).requires_grad_(), randn(4).requires_grad_()
tensors["adamw/weight.0"], tensors["adamw/bias.0"] = weight.clone(), bias.clone()
optimizer = torch.optim.AdamW([{"params": [weight], "lr": 0.1, "weight_decay": 0.2},
                               {"params": [bias], "lr": 0.05, "weight_decay": 0.0}], betas=(0.9, 0.98), eps=1e-6)
for step in range(1, 6):
    for name, parameter in (("weight", weight), ("bias", bias)):
        parameter.grad = randn(*parameter.shape) * (10 if step == 3 else 0.3)
        tensors[f"adamw/grad.{name}.{step}"] = parameter.grad.clone()
    tensors[f"adamw/norm.{step}"] = torch.nn.utils.clip_grad_norm_([weight, bias], 3.0)
    optimizer.step()
    tensors[f"adamw/weight.{step}"], tensors[f"adamw/bias.{step}"] = weight.clone(), bias.clone()

def sigmoid_masked(images, texts, scale, bias, p):
    logits = cosines(images, texts) * scale.exp() + bias
    counted = torch.ones(4, 4)
    counted[0, 2] = counted[2, 0] = 0
    return -(F.logsigmoid(logits * (2 * torch.eye(4) - 1)) * counted).sum() / 4


case("loss_sigmoid_masked", sigmoid_masked, {"images": randn(4, 6), "texts": randn(4, 6),
                                             "scale": torch.tensor(10.0).log(), "bias": torch.tensor(-3.0)}, {})


def uniform(seed, step, stream, count):
    """The numbers of RandomTensors: Threefry-2x32 of 20 rounds, whose key SplitMix64 makes of seed and stream."""
    def mix(z):
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return z ^ z >> 31

    golden, name = 0x9E3779B97F4A7C15, 0xCBF29CE484222325
    for byte in stream.encode():
        name = (name ^ byte) * 0x100000001B3 % 2**64
    key = mix((mix(mix((seed + golden) % 2**64) ^ name) + golden) % 2**64)
    keys = [key >> 32, key % 2**32]
    keys.append(0x1BD11BDA ^ keys[0] ^ keys[1])
    numbers = []
    for i in range(count):
        a, b = (i + keys[0]) % 2**32, (step + keys[1]) % 2**32
        for j in range(20):
            shift = ((13, 15, 26, 6), (17, 29, 16, 24))[j // 4 % 2][j % 4]
            a = (a + b) % 2**32
            b = ((b << shift | b >> 32 - shift) % 2**32) ^ a
            if j % 4 == 3:
                k = j // 4 + 1
                a, b = (a + keys[k % 3]) % 2**32, (b + keys[(k + 1) % 3] + k) % 2**32
        numbers.append((a >> 8) / 2**24)
    return numbers


def lora_dropout(x, p):
    """PEFT's forward of a LoRA layer in training, for a given mask of its dropout of 0.25: y = W x + b + scale B A dropout(x)."""
    dropped = x * mask / (1 - 0.25)
    return F.linear(x, p["weight"], p["bias"]) + F.linear(F.linear(dropped, p["lora_A.weight"]), p["lora_B.weight"]) * 2.0


mask = torch.tensor([u >= 0.25 for u in uniform(5, 7, "lora_A.weight", 24)]).double().reshape(4, 6)
case("lora_dropout", lora_dropout, {"x": randn(4, 6)}, {"weight": randn(5, 6), "bias": randn(5),
                                                         "lora_A.weight": randn(3, 6), "lora_B.weight": randn(5, 3)})

save_file({k: v.detach().float().contiguous().clone() for k, v in tensors.items()},
          pathlib.Path(__file__).parents[2] / "nn/src/test/resources/io/llm2clip/nn/goldens.safetensors")
