"""What published LLM2CLIP models give for captions and a picture, as small as they can be, under their published file and tensor names.

    pip install --no-deps -r requirements.txt
    python published_models.py

writes llm2clip/src/test/resources/io/llm2clip/model/published/. The build never runs it.

The networks are written here in plain torch. Before they are used they must give what transformers, EVA-CLIP's own code and timm
gave, which vision_towers.py and small_models.py have recorded.
"""

import json
import math
import re
from pathlib import Path

import torch
import torch.nn.functional as F
from seeded import described, numbers, spread, values

MODEL = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/model"
OUT = MODEL / "published"
CAPTIONS = ["a dog", "", "Größe ☂", "two  words <|eot_id|> "]
SIDE = 24
D, E = 16, 24
LOGIT_SCALE = 4.5


def weights(shapes):
    return {name: values(name, shape, *spread(name, shape)) for name, shape in shapes.items()}


def linear(p, name, x):
    return F.linear(x, p[name + ".weight"], p.get(name + ".bias"))


def norm(p, name, x, eps):
    return F.layer_norm(x, x.shape[-1:], p[name + ".weight"], p[name + ".bias"], eps)


def heads(x, size):
    return x.view(*x.shape[:-1], -1, size).transpose(-3, -2)


def attend(q, k, v):
    return F.scaled_dot_product_attention(q, k, v).transpose(-3, -2).flatten(-2)


def llama(p, config, ids):
    """Hidden states [T, D] of one row, without a causal mask."""
    head = config["head_dim"]
    rope = config["rope_parameters"]
    frequencies = rope["rope_theta"] ** (-torch.arange(0, head, 2).float() / head)
    if rope["rope_type"] == "llama3":
        turns = rope["original_max_position_embeddings"] * frequencies / (2 * math.pi)
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        smooth = ((turns - low) / (high - low)).clamp(0, 1)
        frequencies = frequencies * (smooth + (1 - smooth) / rope["factor"])
    angles = torch.arange(len(ids)).float()[:, None] * torch.cat([frequencies, frequencies])

    def rms(name, x):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + config["rms_norm_eps"]) * p[name + ".weight"]

    def rotate(x):
        first, second = x.chunk(2, -1)
        return x * angles.cos() + torch.cat([-second, first], -1) * angles.sin()

    x = p["embed_tokens.weight"][ids]
    for i in range(config["num_hidden_layers"]):
        b = f"layers.{i}."
        h = rms(b + "input_layernorm", x)
        q, k, v = (heads(linear(p, b + f"self_attn.{n}_proj", h), head) for n in "qkv")
        group = config["num_attention_heads"] // config["num_key_value_heads"]
        k, v = rotate(k).repeat_interleave(group, 0), v.repeat_interleave(group, 0)
        x = x + linear(p, b + "self_attn.o_proj", attend(rotate(q), k, v))
        h = rms(b + "post_attention_layernorm", x)
        x = x + linear(p, b + "mlp.down_proj", F.silu(linear(p, b + "mlp.gate_proj", h)) * linear(p, b + "mlp.up_proj", h))
    return rms("norm", x)


def adapter(p, root, x, normalize):
    if normalize:
        x = F.normalize(x, eps=1e-12)
    for i in range(4):
        h = F.gelu(linear(p, f"{root}{i}.fn.0", norm(p, f"{root}{i}.ln", x, 1e-5)))
        x = x + linear(p, f"{root}{i}.fn.3", h)
    return linear(p, root + "5", norm(p, root + "4", x, 1e-5))


def clip(p, pixels, layers, count):
    v = "vision_model."
    kernel = p[v + "embeddings.patch_embedding.weight"]
    x = F.conv2d(pixels, kernel, stride=kernel.shape[-1]).flatten(2).transpose(1, 2)
    x = torch.cat([p[v + "embeddings.class_embedding"].expand(len(x), 1, -1), x], 1)
    x = norm(p, v + "pre_layrnorm", x + p[v + "embeddings.position_embedding.weight"], 1e-5)
    for i in range(layers):
        b = f"{v}encoder.layers.{i}."
        h = norm(p, b + "layer_norm1", x, 1e-5)
        q, k, w = (heads(linear(p, b + f"self_attn.{n}_proj", h), x.shape[-1] // count) for n in "qkv")
        x = x + linear(p, b + "self_attn.out_proj", attend(q, k, w))
        h = linear(p, b + "mlp.fc1", norm(p, b + "layer_norm2", x, 1e-5))
        x = x + linear(p, b + "mlp.fc2", h * torch.sigmoid(1.702 * h))
    return linear(p, "visual_projection", norm(p, v + "post_layernorm", x[:, 0], 1e-5))


def rotary(grid, size):
    """Angles of EVA02's patches, [grid * grid, size]."""
    frequencies = 10000 ** (-torch.arange(0, size // 2, 2).float() / (size // 2))
    angle = ((torch.arange(grid) / grid * 16)[:, None] * frequencies).repeat_interleave(2, -1)
    return torch.cat([angle[:, None].expand(grid, grid, -1), angle[None].expand(grid, grid, -1)], -1).reshape(-1, size)


def eva02(p, pixels, layers):
    v = "visual."
    kernel = p[v + "patch_embed.proj.weight"]
    x = F.conv2d(pixels, kernel, p[v + "patch_embed.proj.bias"], stride=kernel.shape[-1])
    grid, size = x.shape[-1], 64
    x = torch.cat([p[v + "cls_token"].expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)], 1) + p[v + "pos_embed"]
    table = rotary(grid, size)

    def rotate(x):
        rest = x[:, :, 1:]
        turned = torch.stack([-rest[..., 1::2], rest[..., ::2]], -1).flatten(-2)
        return torch.cat([x[:, :, :1], rest * table.cos() + turned * table.sin()], 2)

    for i in range(layers):
        b = f"{v}blocks.{i}."
        h = norm(p, b + "norm1", x, 1e-6)
        q, k, w = (heads(linear(p, b + f"attn.{n}_proj", h), size) for n in "qkv")
        x = x + linear(p, b + "attn.proj", norm(p, b + "attn.inner_attn_ln", attend(rotate(q), rotate(k), w), 1e-6))
        h = norm(p, b + "norm2", x, 1e-6)
        h = norm(p, b + "mlp.ffn_ln", F.silu(linear(p, b + "mlp.w1", h)) * linear(p, b + "mlp.w2", h), 1e-6)
        x = x + linear(p, b + "mlp.w3", h)
    return linear(p, v + "head", norm(p, v + "norm", x, 1e-6)[:, 0])


def siglip(p, pixels, layers):
    v = "visual.trunk."
    kernel = p[v + "patch_embed.proj.weight"]
    x = F.conv2d(pixels, kernel, p[v + "patch_embed.proj.bias"], stride=kernel.shape[-1]).flatten(2).transpose(1, 2)
    x = x + p[v + "pos_embed"]
    for i in range(layers):
        b = f"{v}blocks.{i}."
        q, k, w = (heads(t, 64) for t in linear(p, b + "attn.qkv", norm(p, b + "norm1", x, 1e-6)).chunk(3, -1))
        x = x + linear(p, b + "attn.proj", attend(q, k, w))
        x = x + linear(p, b + "mlp.fc2", F.gelu(linear(p, b + "mlp.fc1", norm(p, b + "norm2", x, 1e-6))))
    x = norm(p, v + "norm", x, 1e-6)
    a = v + "attn_pool."
    q = heads(linear(p, a + "q", p[a + "latent"]).expand(len(x), -1, -1), 64)
    k, w = (heads(t, 64) for t in linear(p, a + "kv", x).chunk(2, -1))
    y = linear(p, a + "proj", attend(q, k, w))
    return (y + linear(p, a + "mlp.fc2", F.gelu(linear(p, a + "mlp.fc1", norm(p, a + "norm", y, 1e-6)))))[:, 0]


def require(actual, expected):
    scale = expected.abs().max()
    assert (actual - expected).abs().max() <= 1e-5 * scale, (actual, expected)


def golden(name):
    """The tensors of a file of vision_towers.py, its pixels and what was computed of them."""
    file = json.loads((MODEL / f"vision/{name}.json").read_text())
    p = {n: values(n, t["shape"], t["center"], t["amplitude"]) for n, t in file["tensors"].items()}
    first = file["expected"][0]
    side = first["side"]
    return p, values(f"pixels{side}", (len(first["embedding"]), 3, side, side), 0.0, 2.0), torch.tensor(first["embedding"])


def safetensors(path):
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    types = {"F32": torch.float32, "I32": torch.int32}
    tensors = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            raw = bytearray(data[8 + length + start:8 + length + end])
            tensors[name] = torch.frombuffer(raw, dtype=types[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def prove():
    """That the networks are those of the reference implementations."""
    p, pixels, embedding = golden("clip-hf")
    require(clip(p, pixels, 2, 4), embedding)
    p, pixels, embedding = golden("eva02-llm2clip")
    require(eva02(p, pixels, 2), embedding)
    p, pixels, embedding = golden("siglip-timm")
    require(siglip(p, pixels, 2), embedding)
    p = safetensors(MODEL / "llama.safetensors")
    config = json.loads((MODEL / "llama.json").read_text())
    own = {name.removeprefix("model."): t for name, t in p.items()}
    for ids, length, states in zip(p["golden.ids"], p["golden.lengths"], p["golden.bidirectional"]):
        require(llama(own, config, ids[:length].long()), states[:length])
    p = safetensors(MODEL / "text-adapter.safetensors")
    for normalize, name in ((True, "embedding"), (False, "unnormalized")):
        require(adapter(p, "text_adapter.adaptor.", p["golden.captions"], normalize), p["golden." + name])


SPECIAL = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
BEGIN, START, END, EOT = range(256, 260)


def tokenizer():
    """Every byte a token, under the characters that stand for bytes in such files, and the special tokens of Llama 3."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    characters = [chr(b) if b in printable else chr(next(others)) for b in range(256)]
    piece = {"SpecialToken": {"id": SPECIAL[0], "type_id": 0}}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    root = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": 256 + i, "content": t, "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True} for i, t in enumerate(SPECIAL)],
        "normalizer": None, "pre_tokenizer": byte_level,
        "post_processor": {"type": "TemplateProcessing", "single": [piece, {"Sequence": {"id": "A", "type_id": 0}}],
                           "pair": [piece, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                           "special_tokens": {SPECIAL[0]: {"id": SPECIAL[0], "ids": [BEGIN], "tokens": [SPECIAL[0]]}}},
        "decoder": byte_level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
                  "vocab": {c: b for b, c in enumerate(characters)}, "merges": []},
    }
    (OUT / "tokenizer.json").write_text(json.dumps(root, ensure_ascii=False, separators=(",", ":")) + "\n")


TEXT = {"architectures": ["LlamaEncoderModel"], "model_type": "llama", "hidden_size": D, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "rms_norm_eps": 1e-5, "vocab_size": 260,
        "max_position_embeddings": 512, "tie_word_embeddings": False, "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}}


def text_shapes():
    shapes = {"embed_tokens.weight": (260, D), "norm.weight": (D,)}
    for i in range(2):
        b = f"layers.{i}."
        shapes |= {b + "input_layernorm.weight": (D,), b + "post_attention_layernorm.weight": (D,),
                   b + "self_attn.q_proj.weight": (16, D), b + "self_attn.k_proj.weight": (8, D),
                   b + "self_attn.v_proj.weight": (8, D), b + "self_attn.o_proj.weight": (D, 16),
                   b + "mlp.gate_proj.weight": (24, D), b + "mlp.up_proj.weight": (24, D), b + "mlp.down_proj.weight": (D, 24)}
    return shapes


def caption_vectors():
    """[captions, D]: Llama 3's template, the mean over caption and end token; special tokens in captions are text."""
    p = weights(text_shapes())
    vectors = []
    for caption in CAPTIONS:
        inner = list(caption.rstrip().encode())
        ids = [BEGIN, START, *b"user", END, *b"\n\n", *inner, EOT]
        vectors.append(llama(p, TEXT, torch.tensor(ids))[-len(inner) - 1:].mean(0))
    return torch.stack(vectors)


def adapter_shapes(root, size):
    shapes = {}
    for i in range(4):
        b = f"{root}{i}."
        shapes |= {b + "fn.0.weight": (2 * D, D), b + "fn.0.bias": (2 * D,), b + "fn.3.weight": (D, 2 * D), b + "fn.3.bias": (D,),
                   b + "ln.weight": (D,), b + "ln.bias": (D,)}
    return shapes | {root + "4.weight": (D,), root + "4.bias": (D,), root + "5.weight": (size, D), root + "5.bias": (size,)}


def clip_shapes(width=32, hidden=48):
    v = "vision_model."
    shapes = {v + "embeddings.class_embedding": (width,), v + "embeddings.patch_embedding.weight": (width, 3, 8, 8),
              v + "embeddings.position_embedding.weight": (10, width), "visual_projection.weight": (E, width)}
    layer = f"{v}encoder.layers.0."
    for name in (v + "pre_layrnorm", v + "post_layernorm", layer + "layer_norm1", layer + "layer_norm2"):
        shapes |= {name + ".weight": (width,), name + ".bias": (width,)}
    for name, o, i in [*((f"self_attn.{n}_proj", width, width) for n in ("q", "k", "v", "out")), ("mlp.fc1", hidden, width),
                       ("mlp.fc2", width, hidden)]:
        shapes |= {f"{layer}{name}.weight": (o, i), f"{layer}{name}.bias": (o,)}
    return shapes


def eva_shapes(width=64, hidden=170):
    v, b = "visual.", "visual.blocks.0."
    shapes = {v + "cls_token": (1, 1, width), v + "pos_embed": (1, 10, width), v + "patch_embed.proj.weight": (width, 3, 8, 8),
              v + "patch_embed.proj.bias": (width,), v + "head.weight": (E, width), v + "head.bias": (E,),
              b + "attn.k_proj.weight": (width, width)}
    for name, size in [(v + "norm", width), (b + "norm1", width), (b + "norm2", width), (b + "attn.inner_attn_ln", width),
                       (b + "mlp.ffn_ln", hidden)]:
        shapes |= {name + ".weight": (size,), name + ".bias": (size,)}
    for name, o, i in [("attn.q_proj", width, width), ("attn.v_proj", width, width), ("attn.proj", width, width),
                       ("mlp.w1", hidden, width), ("mlp.w2", hidden, width), ("mlp.w3", width, hidden)]:
        shapes |= {f"{b}{name}.weight": (o, i), f"{b}{name}.bias": (o,)}
    return shapes


def siglip_shapes(width=64, hidden=72):
    v = "visual.trunk."
    b, a = v + "blocks.0.", v + "attn_pool."
    shapes = {v + "pos_embed": (1, 9, width), v + "patch_embed.proj.weight": (width, 3, 8, 8), v + "patch_embed.proj.bias": (width,),
              a + "latent": (1, 1, width)}
    for name in (v + "norm", b + "norm1", b + "norm2", a + "norm"):
        shapes |= {name + ".weight": (width,), name + ".bias": (width,)}
    for name, o, i in [(b + "attn.qkv", 3 * width, width), (b + "attn.proj", width, width), (b + "mlp.fc1", hidden, width),
                       (b + "mlp.fc2", width, hidden), (a + "q", width, width), (a + "kv", 2 * width, width), (a + "proj", width, width),
                       (a + "mlp.fc1", hidden, width), (a + "mlp.fc2", width, hidden)]:
        shapes |= {name + ".weight": (o, i), name + ".bias": (o,)}
    return shapes


def picture(mean, std):
    """[1, 3, S, S], normalized: a picture of the very size that the tower takes."""
    rgb = values("picture", (SIDE, SIDE, 3), 128, 128)
    return ((rgb / 255 - torch.tensor(mean)) / torch.tensor(std)).permute(2, 0, 1)[None]


CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
SIGLIP = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def model(name, file, config, shapes, root, size, tower, statistics, normalize=True):
    """One directory: its file of weights, its config.json if it has one, and the embeddings of length 1."""
    p = weights(shapes | adapter_shapes(root, size)) | {"logit_scale": torch.tensor(LOGIT_SCALE)}
    # A published file holds these tables.
    p |= {"visual.rope.freqs_cos": rotary(3, 64).cos()} if "visual.cls_token" in p else {}
    texts = {flag: numbers(F.normalize(adapter(p, root, caption_vectors(), flag))) for flag in (True, False)}
    tensors = described(p)
    tensors["logit_scale"] |= {"center": LOGIT_SCALE, "amplitude": 0.0}
    result = {"file": file, "config": config, "picture": numbers(F.normalize(tower(p, picture(*statistics)))),
              "captions": texts[normalize], "otherwise": texts[not normalize]}
    if file.endswith(".pt"):
        torch.save({k: v.half() for k, v in p.items()}, OUT / file)
    else:
        result["tensors"] = tensors
    (OUT / f"{name}.json").write_text(json.dumps(result, separators=(",", ":")).replace('},"', '},\n"') + "\n")


def main():
    torch.set_num_threads(1)
    prove()
    OUT.mkdir(exist_ok=True)
    tokenizer()
    (OUT / "text.json").write_text(json.dumps({
        "config": TEXT, "captions": CAPTIONS, "vectors": numbers(caption_vectors()),
        "tensors": described(weights(text_shapes()))}, separators=(",", ":")).replace('},"', '},\n"') + "\n")
    vision = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=4, image_size=24, patch_size=8)
    config = {"architectures": ["LLM2CLIPModel"], "model_type": "clip", "projection_dim": E, "vision_config": vision, "text_config": {}}
    model("LLM2CLIP-Openai-L-14-336", "model.safetensors", config, clip_shapes(), "text_adapter.adaptor.", E,
          lambda p, x: clip(p, x, 1, 4), CLIP)
    # Its config.json is of a model_type of its own.
    model("LLM2CLIP-EVA02-B-16", "LLM2CLIP-EVA02-B-16.pt", {"model_type": "evaclip"}, eva_shapes(), "text.text_adaptor.", E,
          lambda p, x: eva02(p, x, 1), CLIP)
    model("LLM2CLIP-Llama3.1-8B-siglip2-so400m-patch14-224", "model.safetensors", None, siglip_shapes(), "text.text_proj.text_adaptor.",
          64, lambda p, x: siglip(p, x, 1), SIGLIP, normalize=False)


if __name__ == "__main__":
    main()
