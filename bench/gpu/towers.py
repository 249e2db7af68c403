"""A CLIP ViT and a bidirectional Llama in PyTorch, for peers that do the same work as this project's towers.

Parameters have Hugging Face's names, by which `fill` gives them their values.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn


def fill(module, weight, device="cpu"):
    """Parameters made on the meta device become weight(name, *shape), and are not trained."""
    module.to_empty(device=device)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.requires_grad_(False).copy_(weight(name, *parameter.shape))
    return module


def split(x, heads):
    return x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def join(x):
    return x.transpose(1, 2).flatten(2)


def sdpa(q, k, v, mask=None):
    return F.scaled_dot_product_attention(q, k, v, mask, enable_gqa=q.shape[1] != k.shape[1])


def repeated(q, k, v, mask=None):
    """With as many key and value heads as query heads, which fused kernels for CPUs need."""
    groups = q.shape[1] // k.shape[1]
    if groups > 1:
        k, v = (x.unsqueeze(2).expand(-1, -1, groups, -1, -1).flatten(1, 2) for x in (k, v))
    return F.scaled_dot_product_attention(q, k, v, mask)


def eager(q, k, v):
    groups = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    return torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, -1) @ v


class VitAttention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.heads = width // 64
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, attention):
        q, k, v = (split(linear(x), self.heads) for linear in (self.q_proj, self.k_proj, self.v_proj))
        return self.out_proj(join(attention(q, k, v)))


class VitMlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        h = self.fc1(x)
        return self.fc2(h * torch.sigmoid(1.702 * h))


class VitBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_attn, self.mlp = VitAttention(width), VitMlp(width)

    def forward(self, x, attention):
        x = x + self.self_attn(self.layer_norm1(x), attention)
        return x + self.mlp(self.layer_norm2(x))


class VitEmbeddings(nn.Module):
    def __init__(self, width, patch, tokens):
        super().__init__()
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.patch_embedding = nn.Conv2d(3, width, patch, patch, bias=False)
        self.position_embedding = nn.Embedding(tokens, width)

    def forward(self, pixels):
        patches = self.patch_embedding(pixels).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(pixels.shape[0], 1, -1)
        return torch.cat([first, patches], 1) + self.position_embedding.weight


class VitModel(nn.Module):
    def __init__(self, width, patch, layers, tokens):
        super().__init__()
        self.embeddings = VitEmbeddings(width, patch, tokens)
        self.pre_layrnorm = nn.LayerNorm(width)
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(VitBlock(width) for _ in range(layers))
        self.post_layernorm = nn.LayerNorm(width)

    def forward(self, pixels, attention):
        x = self.pre_layrnorm(self.embeddings(pixels))
        for block in self.encoder.layers:
            x = block(x, attention)
        return self.post_layernorm(x[:, 0])


class Vit(nn.Module):
    """OpenAI's, of heads of 64: pixels [B, 3, size, size] to vectors [B, projection]."""

    def __init__(self, size, patch, width, layers, projection):
        super().__init__()
        self.size = size
        with torch.device("meta"):
            self.vision_model = VitModel(width, patch, layers, (size // patch) ** 2 + 1)
            self.visual_projection = nn.Linear(width, projection, bias=False)

    def forward(self, pixels, attention=sdpa):
        return self.visual_projection(self.vision_model(pixels, attention))


class LowRank(nn.Module):
    """A linear layer that is not trained, with a low-rank update that is."""

    def __init__(self, base, first, second, scale):
        super().__init__()
        self.base, self.scale = base, scale
        self.lora_A, self.lora_B = nn.Parameter(first), nn.Parameter(second)

    def forward(self, x):
        return self.base(x) + F.linear(F.linear(x, self.lora_A), self.lora_B) * self.scale


class LlamaAttention(nn.Module):
    def __init__(self, width, heads, kv_heads):
        super().__init__()
        self.heads, self.kv_heads = heads, kv_heads
        self.q_proj, self.o_proj = (nn.Linear(width, width, bias=False) for _ in range(2))
        self.k_proj, self.v_proj = (nn.Linear(width, width // heads * kv_heads, bias=False) for _ in range(2))

    def forward(self, x, turn, attention):
        q, k = turn(split(self.q_proj(x), self.heads)), turn(split(self.k_proj(x), self.kv_heads))
        return self.o_proj(join(attention(q, k, split(self.v_proj(x), self.kv_heads))))


class LlamaMlp(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(width, inner, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class LlamaBlock(nn.Module):
    def __init__(self, width, inner, heads, kv_heads):
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = (nn.RMSNorm(width, 1e-5) for _ in range(2))
        self.self_attn, self.mlp = LlamaAttention(width, heads, kv_heads), LlamaMlp(width, inner)

    def forward(self, x, turn, attention):
        x = x + self.self_attn(self.input_layernorm(x), turn, attention)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """Ids [B, T] to vectors [B, width], the mean over the tokens; attention sees everything. scaling is that of Llama 3, or None."""

    def __init__(self, vocabulary, width, inner, layers, heads, kv_heads, theta, scaling, device="cpu"):
        super().__init__()
        self.vocabulary = vocabulary
        with torch.device("meta"):
            self.embed_tokens = nn.Embedding(vocabulary, width)
            self.layers = nn.ModuleList(LlamaBlock(width, inner, heads, kv_heads) for _ in range(layers))
            self.norm = nn.RMSNorm(width, 1e-5)
        head = width // heads
        inverse = theta ** (-torch.arange(0, head, 2, dtype=torch.float64) / head)
        if scaling:
            factor, low, high, original = scaling
            length = 2 * math.pi / inverse
            smooth = ((original / length - low) / (high - low)).clamp(0, 1)
            inverse = (1 - smooth) * inverse / factor + smooth * inverse
        # No buffer: it stays f64 whatever the weights become.
        self.inverse = inverse.to(device)

    def attach_lora(self, rank, alpha, weight):
        """Low-rank updates of all linear layers of the blocks; returns what is trained."""
        trained = []
        for i, block in enumerate(self.layers):
            for part in ("self_attn", "mlp"):
                owner = getattr(block, part)
                for name, base in list(owner.named_children()):
                    prefix = f"base_model.model.layers.{i}.{part}.{name}."
                    update = LowRank(base, weight(prefix + "lora_A.weight", rank, base.in_features),
                                     weight(prefix + "lora_B.weight", base.out_features, rank), alpha / rank)
                    setattr(owner, name, update)
                    trained += [update.lora_A, update.lora_B]
        return trained

    def forward(self, ids, attention=sdpa, mask=None):
        """mask: bool [B, T], which tokens are no padding."""
        angles = torch.arange(ids.shape[1], device=ids.device, dtype=torch.float64)[:, None] * self.inverse
        x = self.embed_tokens(ids)
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)

        def turn(t):
            a, b = t.chunk(2, -1)
            return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

        attend = attention if mask is None else lambda q, k, v: attention(q, k, v, mask[:, None, None, :])
        for block in self.layers:
            x = block(x, turn, attend)
        x = self.norm(x)
        if mask is None:
            return x.mean(1)
        counted = mask.unsqueeze(-1).to(x.dtype)
        return (x * counted).sum(1) / counted.sum(1)


def cosines(a, b):
    # In f32: autocast would round logits of about 50 to steps of 0.25.
    with torch.autocast(a.device.type, enabled=False):
        return F.normalize(a.float(), dim=-1) @ F.normalize(b.float(), dim=-1).t()
