"""Tiny random models, their inputs, outputs and some gradients. The build never runs it.

    pip install --no-deps -r requirements.txt
    python small_models.py

writes llm2clip/src/test/resources/io/llm2clip/model/*.safetensors: weights under the model's own names, everything else under
"golden.". llama.json beside them is as transformers 5 writes it, whose names for rotary positions are other ones.
"""

import re
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    LlamaConfig,
    LlamaForCausalLM,
)
from vision_towers import eva_tower

OUT = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/model"


def randomize(model, std=0.2):
    """Larger than any initialization, so that no part of a model is close to the identity. What was drawn before does not matter."""
    torch.manual_seed(0)
    for name, p in model.named_parameters():
        with torch.no_grad():
            p.normal_(0, std)
            if p.ndim == 1 and re.search("norm|_ln", name.replace("layrnorm", "norm")) and name.endswith("weight"):
                p.add_(1)


def save(name, state, **golden):
    tensors = {k: v.detach().clone().contiguous() for k, v in state.items()}
    for key, value in golden.items():
        value = value.detach()
        tensors["golden." + key] = (value.int() if not value.is_floating_point() else value.float()).clone().contiguous()
    save_file(tensors, OUT / f"{name}.safetensors")


def gradients(model, scalar, names):
    parameters = dict(model.named_parameters())
    grads = torch.autograd.grad(scalar, [parameters[n] for n in names])
    return {"gradient." + n: g for n, g in zip(names, grads)}


def llama():
    """Grouped heads, llama3 scaling with one frequency in each of its three ranges, a head size that is not width / heads."""
    config = LlamaConfig(
        vocab_size=48, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, rms_norm_eps=1e-5, max_position_embeddings=128, tie_word_embeddings=False,
        rope_theta=100.0, rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                                            original_max_position_embeddings=64),
        attn_implementation="eager")
    model = LlamaForCausalLM(config).eval()
    randomize(model)
    ids = torch.randint(0, 48, (3, 7))
    lengths = torch.tensor([7, 4, 6])
    keys = torch.arange(7)[None, :] < lengths[:, None]
    see_all = torch.zeros(3, 1, 7, 7).masked_fill(~keys[:, None, None, :], torch.finfo(torch.float32).min)
    causal = model(ids, attention_mask=keys.long(), output_hidden_states=True)
    seen = model.model(ids, attention_mask=see_all, output_hidden_states=True)
    both = seen.last_hidden_state
    # As if the model ended with each block.
    blocks = {f"block.{i}": model.model.norm(state) for i, state in enumerate(seen.hidden_states[1:-1])}
    weights = torch.zeros(3, 7)
    for b, (start, end) in enumerate([(2, 7), (1, 4), (2, 6)]):
        weights[b, start:end] = 1 / (end - start)
    pooled = torch.einsum("bt,btd->bd", weights, both)
    direction = torch.randn(3, 24)
    loss = (pooled * direction).sum()
    names = ["model.embed_tokens.weight", "model.layers.0.self_attn.k_proj.weight", "model.layers.1.mlp.gate_proj.weight",
             "model.layers.0.input_layernorm.weight", "model.norm.weight"]
    save("llama", model.state_dict(), ids=ids, lengths=lengths, causal=causal.hidden_states[-1], logits=causal.logits,
         bidirectional=both, pooling=weights, pooled=pooled, direction=direction, **blocks, **gradients(model, loss, names))


def clip_vision():
    config = CLIPVisionConfig(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, image_size=24,
                              patch_size=8, projection_dim=12, hidden_act="quick_gelu", layer_norm_eps=1e-5)
    model = CLIPVisionModelWithProjection(config).eval()
    randomize(model)
    pixels = torch.randn(2, 3, 24, 24)
    out = model(pixel_values=pixels)
    direction = torch.randn(2, 12)
    hidden = model.vision_model.post_layernorm(out.last_hidden_state)
    mean = model.visual_projection(hidden.mean(1))
    names = ["vision_model.embeddings.patch_embedding.weight", "vision_model.embeddings.class_embedding",
             "vision_model.encoder.layers.0.self_attn.v_proj.bias", "vision_model.encoder.layers.1.mlp.fc1.weight"]
    save("clip-vision", model.state_dict(), pixels=pixels, embedding=out.image_embeds, mean=mean, direction=direction,
         **gradients(model, (out.image_embeds * direction).sum(), names))


def clip_text():
    config = CLIPTextConfig(vocab_size=50, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                            max_position_embeddings=9, projection_dim=12, hidden_act="gelu", eos_token_id=49, bos_token_id=48,
                            pad_token_id=0)
    model = CLIPTextModelWithProjection(config).eval()
    randomize(model)
    ids = torch.randint(1, 48, (3, 8))
    lengths = torch.tensor([8, 3, 5])
    for b, n in enumerate(lengths.tolist()):
        ids[b, 0], ids[b, n - 1], ids[b, n:] = 48, 49, 0
    out = model(input_ids=ids, attention_mask=(torch.arange(8)[None, :] < lengths[:, None]).long(), output_hidden_states=True)
    # As if the model ended with its first block.
    first = model.text_model.final_layer_norm(out.hidden_states[1])[torch.arange(3), lengths - 1]
    direction = torch.randn(3, 12)
    names = ["text_model.embeddings.token_embedding.weight", "text_model.encoder.layers.0.self_attn.q_proj.weight",
             "text_projection.weight"]
    save("clip-text", model.state_dict(), ids=ids, lengths=lengths, embedding=out.text_embeds, direction=direction,
         **{"block.0": model.text_projection(first)}, **gradients(model, (out.text_embeds * direction).sum(), names))


def parameters(shapes, std=0.2):
    torch.manual_seed(0)
    made = {}
    for name, shape in shapes.items():
        value = torch.randn(shape) * std
        if name.endswith(("norm.weight", "norm1.weight", "norm2.weight", "ln.weight", "adaptor.4.weight")):
            value += 1
        made[name] = value.requires_grad_()
    return made


def eva02():
    """EVA-CLIP's own code; grid 3 x 3, stretched to the pretrained 16 x 16."""
    model = eva_tower(side=12, patch=4, width=32, heads=4, size=12, mlp_ratio=1.25, rope=True, pt_hw_seq_len=16, intp_freq=True,
                      naiveswiglu=True, subln=True).eval()
    randomize(model)
    stored = {n: "visual." + re.sub(r"attn\.([qv])_bias", r"attn.\1_proj.bias", n) for n, _ in model.named_parameters()}
    p = {stored[n]: parameter for n, parameter in model.named_parameters()}
    pixels = torch.randn(2, 3, 12, 12)
    embedding = model(pixels)
    direction = torch.randn(2, 12)
    names = ["visual.cls_token", "visual.patch_embed.proj.weight", "visual.blocks.0.attn.q_proj.weight",
             "visual.blocks.1.mlp.w2.weight", "visual.blocks.0.attn.inner_attn_ln.weight"]
    grads = torch.autograd.grad((embedding * direction).sum(), [p[n] for n in names])
    save("eva02", p, pixels=pixels, embedding=embedding, direction=direction,
         **{"gradient." + n: g for n, g in zip(names, grads)})


def text_adapter():
    size, out = 20, 12
    shapes = {}
    for i in range(4):
        b = f"text_adapter.adaptor.{i}."
        shapes |= {b + "fn.0.weight": (2 * size, size), b + "fn.0.bias": (2 * size,), b + "fn.3.weight": (size, 2 * size),
                   b + "fn.3.bias": (size,), b + "ln.weight": (size,), b + "ln.bias": (size,)}
    b = "text_adapter.adaptor."
    shapes |= {b + "4.weight": (size,), b + "4.bias": (size,), b + "5.weight": (out, size), b + "5.bias": (out,)}
    p = parameters(shapes)

    def forward(x):
        for i in range(4):
            h = F.layer_norm(x, (size,), p[b + f"{i}.ln.weight"], p[b + f"{i}.ln.bias"], 1e-5)
            h = F.gelu(F.linear(h, p[b + f"{i}.fn.0.weight"], p[b + f"{i}.fn.0.bias"]))
            x = x + F.linear(h, p[b + f"{i}.fn.3.weight"], p[b + f"{i}.fn.3.bias"])
        return F.linear(F.layer_norm(x, (size,), p[b + "4.weight"], p[b + "4.bias"], 1e-5), p[b + "5.weight"], p[b + "5.bias"])

    captions = torch.randn(3, size) * 5
    embedding = forward(F.normalize(captions, eps=1e-12))
    direction = torch.randn(3, out)
    names = [b + "0.fn.0.weight", b + "2.ln.weight", b + "5.weight"]
    grads = torch.autograd.grad((embedding * direction).sum(), [p[n] for n in names])
    save("text-adapter", p, captions=captions, embedding=embedding, unnormalized=forward(captions), direction=direction,
         **{"gradient." + n: g for n, g in zip(names, grads)})


for make in (llama, clip_vision, clip_text, eva02, text_adapter):
    make()
