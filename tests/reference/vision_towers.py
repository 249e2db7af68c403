"""What vision towers of other people's code compute, for the tests of ours.

    pip install --no-deps -r requirements.txt
    python vision_towers.py

writes llm2clip/src/test/resources/io/llm2clip/model/vision/*.json. The build never runs it.

Weights are not stored: every value is a function of its tensor's name and its index (see values), which the tests compute, too. They
are exact in f16, so that a test may store them in any type. A file has the names and shapes of all tensors of the reference's
checkpoint, and what it gives for pixels that are such values themselves.

published.json has the names and shapes of published models instead; those of layers are given once, with *.
"""

import json
import math
import os
import re
from functools import partial
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import open_clip
import timm
import torch
import torch.nn.functional as F
from consisid_eva_clip import utils as eva_utils
from consisid_eva_clip.eva_vit_model import EVAVisionTransformer
from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer
from seeded import described, numbers, spread, values
from torch import nn
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    SiglipConfig,
    SiglipModel,
    SiglipVisionConfig,
    SiglipVisionModel,
)

OUT = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/model/vision"
BATCH = 2
LAYERS = 2
E = 24


def fill(model, names=lambda name: name):
    """Gives parameters the values of the names that a checkpoint stores them under; returns what it stores."""
    state = {}
    with torch.no_grad():
        for name, tensor in model.state_dict(keep_vars=True).items():
            stored = names(name)
            state[stored] = tensor
            if tensor.is_floating_point() and ".rope." not in name and not name.startswith("rope."):
                tensor.copy_(values(stored, tuple(tensor.shape), *spread(stored, tensor.shape)))
    return state


def pixels(side):
    return values(f"pixels{side}", (BATCH, 3, side, side), 0.0, 2.0)


def expected(model, side, **how):
    """An embedding, and how it is got: config (of config.json), imageSize and activation (of options); perhaps its gradients."""
    model.eval()
    with torch.no_grad():
        output = model(pixels(side))
    return {"side": side, **how, "embedding": numbers(output)}


def gradients(model, side, state, names):
    """Of sum(embedding * direction), for parameters by the names that they are stored under."""
    model.eval()
    output = model(pixels(side))
    loss = (output * values("direction", tuple(output.shape), 0.0, 1.0)).sum()
    grads = torch.autograd.grad(loss, [state[name] for name in names])
    return {"gradients": {name: numbers(grad.reshape(1, -1))[0] for name, grad in zip(names, grads)}}


def states(model, side, blocks):
    """Of the first picture: what enters the first block, and what each block gives."""
    seen = []

    def first(output):
        return (output[0] if isinstance(output, tuple) else output)[:1]

    hooks = [blocks[0].register_forward_pre_hook(lambda _, args: seen.append(first(args)))]
    hooks += [block.register_forward_hook(lambda _, args, output: seen.append(first(output))) for block in blocks]
    model.eval()
    with torch.no_grad():
        model(pixels(side))
    for hook in hooks:
        hook.remove()
    assert len(seen) == len(blocks) + 1
    return {"states": [numbers(state.reshape(1, -1))[0] for state in seen]}


def write(name, tensors, expectations):
    OUT.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"tensors": tensors, "expected": expectations}, indent=None, separators=(",", ":"))
    text = text.replace('},"', '},\n"').replace('],"expected"', '],\n"expected"')
    (OUT / f"{name}.json").write_text(text + "\n")


class Apply(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def hf_clip():
    """LLM2CLIP-Openai-*: towers of Hugging Face's CLIP with an adapter, a position buffer and no text tower."""
    sizes = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=LAYERS, num_attention_heads=4, image_size=24,
                 patch_size=8, projection_dim=E)
    extra = {"logit_scale": torch.zeros([]), "text_adapter.adaptor.5.weight": torch.zeros(E, 20),
             "text_adapter.adaptor.0.fn.0.weight": torch.zeros(40, 20), "vision_model.embeddings.position_ids": torch.zeros(1, 10)}
    expectations = []
    names = ["vision_model.embeddings.class_embedding", "vision_model.encoder.layers.0.self_attn.q_proj.bias",
             "vision_model.encoder.layers.0.layer_norm1.weight", "vision_model.pre_layrnorm.weight"]
    for act in (None, "gelu"):
        model = CLIPVisionModelWithProjection(CLIPVisionConfig(**sizes, **({"hidden_act": act} if act else {})))
        state = fill(model)
        vision = {k: v for k, v in sizes.items() if k != "projection_dim"} | ({"hidden_act": act} if act else {})
        config = {"architectures": ["LLM2CLIPModel"], "model_type": "clip", "projection_dim": E, "vision_config": vision}
        tower = Apply(lambda x, m=model: m(x).image_embeds)
        blocks = model.vision_model.encoder.layers
        expectations.append(expected(
            tower, 24, config=config, **gradients(tower, 24, state, names), **(states(tower, 24, blocks) if act is None else {})))
    write("clip-hf", described(state | extra), expectations)


def openai_clip():
    """OpenAI's layout with its text tower, and no config.json: 2 heads of 64 by the width, QuickGELU."""
    vision = dict(image_size=24, patch_size=8, width=128, layers=LAYERS, head_width=64, mlp_ratio=1.5)
    text = dict(context_length=7, vocab_size=30, width=16, heads=2, layers=1)
    model = open_clip.CLIP(E, vision, text, quick_gelu=True)
    state = fill(model)
    extra = {"input_resolution": torch.zeros([]), "context_length": torch.zeros([]), "vocab_size": torch.zeros([])}

    def resized(side):
        other = open_clip.CLIP(E, vision | {"image_size": side}, text, quick_gelu=True)
        weights = {k: v.clone() for k, v in model.state_dict().items()}
        eva_utils.resize_clip_pos_embed(weights, other)
        other.load_state_dict(weights)
        return other.visual

    erf = open_clip.CLIP(E, vision, text, quick_gelu=False)
    erf.load_state_dict(model.state_dict())
    names = ["visual.class_embedding", "visual.transformer.resblocks.0.ln_1.weight", "visual.ln_post.bias"]
    write("clip-openai", described(state | extra), [
        expected(model.visual, 24, **gradients(model.visual, 24, state, names)),
        expected(erf.visual, 24, activation="gelu"),
        expected(resized(40), 40, imageSize=40),
        expected(resized(16), 16, imageSize=16),
    ])


def hf_siglip():
    """The whole of Hugging Face's SigLIP, with two pixels that no patch covers; tanh GELU unless the configuration says otherwise."""
    sizes = dict(hidden_size=32, intermediate_size=40, num_hidden_layers=LAYERS, num_attention_heads=4, image_size=26, patch_size=8)
    text = dict(hidden_size=32, intermediate_size=40, num_hidden_layers=1, num_attention_heads=4, vocab_size=30,
                max_position_embeddings=7, projection_size=32)
    expectations = []
    names = ["vision_model.embeddings.patch_embedding.bias", "vision_model.encoder.layers.0.layer_norm2.weight",
             "vision_model.post_layernorm.weight", "vision_model.head.probe", "vision_model.head.layernorm.bias",
             "vision_model.head.mlp.fc1.bias"]
    for act in (None, "gelu"):
        vision = sizes | ({"hidden_act": act} if act else {})
        model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision))
        state = fill(model)
        tower = Apply(lambda x, m=model: m.vision_model(x).pooler_output)
        config = {"model_type": "siglip", "vision_config": vision}
        blocks = model.vision_model.encoder.layers
        expectations.append(expected(
            tower, 26, config=config, **gradients(tower, 26, state, names), **(states(tower, 26, blocks) if act is None else {})))
        expectations.append(expected(tower, 26, config={"model_type": "siglip_vision_model"} | vision))
    plain = {"model_type": "siglip", "vision_config": sizes}
    model = SiglipModel(SiglipConfig(text_config=text, vision_config=sizes))
    fill(model)
    for side in (40, 16):
        other = Apply(lambda x, m=model: m.vision_model(x, interpolate_pos_encoding=True).pooler_output)
        expectations.append(expected(other, side, config=plain, imageSize=side))
    write("siglip-hf", described(state), expectations)


def timm_siglip():
    """LLM2CLIP's SigLIP2: timm's names below visual.trunk., no config.json: 2 heads of 64, exact GELU."""
    def tower(act):
        return VisionTransformer(img_size=24, patch_size=8, embed_dim=128, depth=LAYERS, num_heads=2, mlp_ratio=1.5,
                                 class_token=False, global_pool="map", num_classes=0, act_layer=act)
    model = tower("gelu")
    state = fill(model, lambda name: "visual.trunk." + name)
    tanh = tower("gelu_tanh")
    tanh.load_state_dict(model.state_dict())
    extra = {"logit_scale": torch.zeros([]), "logit_bias": torch.zeros([]), "text.text_adaptor.5.weight": torch.zeros(128, 20)}
    write("siglip-timm", described(state | extra), [
        expected(model, 24, **gradients(model, 24, state, ["visual.trunk.attn_pool.latent", "visual.trunk.attn_pool.q.bias"])),
        expected(tanh, 24, activation="gelu_tanh"),
    ])


def eva_tower(side=24, width=128, heads=2, patch=8, size=E, **flags):
    return EVAVisionTransformer(img_size=side, patch_size=patch, num_classes=size, embed_dim=width, depth=LAYERS, num_heads=heads,
                                qkv_bias=True, use_mean_pooling=False, norm_layer=partial(nn.LayerNorm, eps=1e-6), **flags)


EVA02 = dict(mlp_ratio=8 / 3, rope=True, pt_hw_seq_len=16, intp_freq=True, naiveswiglu=True, subln=True)


def eva02_resized(model, side):
    """EVA's own interpolation, which wants the module within a model."""
    larger = eva_tower(side, **EVA02)
    state = {"visual." + k: v.clone() for k, v in model.state_dict().items() if "rope" not in k}
    eva_utils.resize_evaclip_pos_embed(state, holder(larger))
    larger.load_state_dict({k.removeprefix("visual."): v for k, v in state.items()}, strict=False)
    return larger


def holder(visual):
    model = nn.Module()
    model.visual = visual
    return model


def eva02():
    """EVA02 under EVA-CLIP's names and those of LLM2CLIP's files, without a config.json."""
    text = {"text.positional_embedding": torch.zeros(7, 16), "logit_scale": torch.zeros([])}
    model = eva_tower(**EVA02)
    state = fill(model, lambda name: "module.visual." + name)
    names = ["module.visual.cls_token", "module.visual.blocks.0.attn.q_bias", "module.visual.blocks.0.attn.inner_attn_ln.weight",
             "module.visual.blocks.1.mlp.ffn_ln.bias"]
    write("eva02-original", described(state | {"module." + k: v for k, v in text.items()}), [
        expected(model, 24, **gradients(model, 24, state, names), **states(model, 24, model.blocks)),
        expected(eva02_resized(model, 40), 40, imageSize=40),
        expected(eva02_resized(model, 16), 16, imageSize=16),
    ])
    adaptor = {"text.text_adaptor.5.weight": torch.zeros(E, 20), "logit_scale": torch.zeros([])}
    state = fill(model, lambda name: "visual." + re.sub(r"attn\.([qv])_bias", r"attn.\1_proj.bias", name))
    write("eva02-llm2clip", described(state | adaptor), [expected(model, 24)])


def eva02_timm():
    model = Eva(img_size=24, patch_size=8, embed_dim=128, depth=LAYERS, num_heads=2, mlp_ratio=8 / 3, qkv_fused=False,
                swiglu_mlp=True, scale_mlp=True, scale_attn_inner=True, use_rot_pos_emb=True, ref_feat_shape=(16, 16),
                global_pool="token", num_classes=E)
    state = fill(model)
    write("eva02-timm", described(state), [expected(model, 24)])


def eva_fused():
    """EVA01-CLIP-g, EVA01-CLIP-B and EVA02-CLIP-E: small ones need a config.json of ours, since their shapes tell too little."""
    kinds = {
        "eva01": ("eva01_clip_vision_model", {}),
        "eva01-b": ("eva01_b_clip_vision_model", {"init_values": 0.1}),
        "eva02-e": ("eva02_e_clip_vision_model", {"postnorm": True}),
    }
    for name, (kind, flags) in kinds.items():
        model = eva_tower(width=40, heads=5, mlp_ratio=1.5, **flags)
        state = fill(model, lambda n: "visual." + n)
        config = {"model_type": kind, "image_size": 24, "patch_size": 8, "hidden_size": 40, "intermediate_size": 60,
                  "num_hidden_layers": LAYERS, "num_attention_heads": 5, "projection_dim": E, "layer_norm_eps": 1e-6}
        names = [n for n in state if re.search(r"blocks\.0\.(norm\d\.weight|attn\.[qv]_bias|gamma_\d)$", n)]
        write(name, described(state), [
            expected(model, 24, config=config, **gradients(model, 24, state, names), **states(model, 24, model.blocks))])


def templates(state):
    """Names and shapes, those of layers once."""
    shapes = {}
    for name, tensor in state.items():
        template = re.sub(r"(blocks|layers)\.\d+\.", r"\1.*.", name)
        assert shapes.setdefault(template, list(tensor.shape)) == list(tensor.shape)
    return shapes


def published():
    models = []

    def add(name, state, layers, heads, activation, epsilon, image):
        shapes = templates(state)
        buffers = r"(position_ids|rope\.freqs_(cos|sin))$"
        count = sum(math.prod(shape) * (layers if "*" in n else 1) for n, shape in shapes.items() if not re.search(buffers, n))
        models.append(dict(name=name, tensors=shapes, layers=layers, heads=heads, activation=activation, epsilon=epsilon,
                           imageSize=image, parameters=count))

    root = Path(eva_utils.__file__).parent / "model_configs"
    for file in sorted(root.glob("EVA*.json")):
        config = json.loads(file.read_text())
        v = {"head_width": 64, "mlp_ratio": 4.0} | config["vision_cfg"]
        # Of one layer: this code computes with what it creates, which the meta device cannot.
        model = EVAVisionTransformer(
            img_size=v["image_size"], patch_size=v["patch_size"], num_classes=config["embed_dim"], embed_dim=v["width"], depth=1,
            num_heads=v["width"] // v["head_width"], mlp_ratio=v["mlp_ratio"], qkv_bias=v.get("qkv_bias", True),
            init_values=v.get("ls_init_value"), rope=v.get("rope", False), postnorm=v.get("postnorm", False),
            pt_hw_seq_len=v.get("pt_hw_seq_len", 16), intp_freq=v.get("intp_freq", False),
            naiveswiglu=v.get("naiveswiglu", False), subln=v.get("subln", False), use_mean_pooling=False,
            norm_layer=partial(nn.LayerNorm, eps=1e-6))
        state = {"visual." + k: t for k, t in model.state_dict().items()}
        add(file.stem, state, v["layers"], v["width"] // v["head_width"], "SILU" if v.get("naiveswiglu") else "GELU", model.norm.eps,
            v["image_size"])

    for name in ("ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336"):
        config = open_clip.get_model_config(name)
        v = config["vision_cfg"]
        with torch.device("meta"):
            model = open_clip.CLIP(config["embed_dim"], v, dict(context_length=7, vocab_size=8, width=8, heads=1, layers=1), quick_gelu=True)
        state = {k: t for k, t in model.state_dict().items() if k.startswith("visual.")}
        add("openai/" + name, state, v["layers"], v["width"] // 64, "QUICK_GELU", model.visual.ln_post.eps, v["image_size"])
        with torch.device("meta"):
            model = CLIPVisionModelWithProjection(CLIPVisionConfig(
                hidden_size=v["width"], intermediate_size=4 * v["width"], num_hidden_layers=v["layers"],
                num_attention_heads=v["width"] // 64, image_size=v["image_size"], patch_size=v["patch_size"], projection_dim=1280))
        add("LLM2CLIP-" + name, model.state_dict(), v["layers"], v["width"] // 64, "QUICK_GELU", model.config.layer_norm_eps,
            v["image_size"])

    for name in ("vit_base_patch16_siglip_224", "vit_base_patch32_siglip_256", "vit_large_patch16_siglip_256",
                 "vit_large_patch16_siglip_512", "vit_so400m_patch14_siglip_224", "vit_so400m_patch14_siglip_384",
                 "vit_so400m_patch16_siglip_256", "vit_giantopt_patch16_siglip_256"):
        with torch.device("meta"):
            model = timm.create_model(name, num_classes=0)
        block = model.blocks[0]
        hidden, width = block.mlp.fc1.weight.shape
        patch = model.patch_embed.patch_size[0]
        side = model.patch_embed.img_size[0]
        add("timm/" + name, {"visual.trunk." + k: t for k, t in model.state_dict().items()}, len(model.blocks),
            block.attn.num_heads, "GELU" if isinstance(block.mlp.act, nn.GELU) else "GELU_TANH", model.norm.eps, side)
        with torch.device("meta"):
            model = SiglipVisionModel(SiglipVisionConfig(
                hidden_size=width, intermediate_size=hidden, num_hidden_layers=len(model.blocks),
                num_attention_heads=block.attn.num_heads, image_size=side, patch_size=patch))
        add("google/" + name, model.state_dict(), model.config.num_hidden_layers, block.attn.num_heads, "GELU_TANH", model.config.layer_norm_eps,
            side)

    text = json.dumps(models, separators=(",", ":")).replace('},{"name"', '},\n{"name"')
    (OUT / "published.json").write_text(text + "\n")


def published_file():
    """LLM2CLIP-EVA02-L-14-336.pt: a bare dictionary of half tensors of the published names and shapes, all of one value."""
    value = torch.tensor([0.5], dtype=torch.float16)
    models = json.loads((OUT / "published.json").read_text())
    tower = next(m for m in models if m["name"] == "EVA02-CLIP-L-14-336")
    state = {}
    for template, shape in tower["tensors"].items():
        for layer in range(tower["layers"]) if "*" in template else [0]:
            name = re.sub(r"attn\.([qv])_bias", r"attn.\1_proj.bias", template.replace("*", str(layer)))
            shape = [1280 if template.startswith("visual.head") and d == 768 else d for d in shape]
            state[name] = value.expand(shape)
    for i in range(4):
        for part, shape in {"fn.0.weight": [4096], "fn.0.bias": [4096], "fn.1.weight": [4096, 4096]}.items():
            state[f"text.text_adaptor.{i}.{part}"] = value.expand(shape)
    state["text.text_adaptor.5.weight"] = value.expand(1280, 4096)
    state["logit_scale"] = value[0]
    torch.save(state, OUT / "LLM2CLIP-EVA02-L-14-336.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for case in (hf_clip, openai_clip, hf_siglip, timm_siglip, eva02, eva02_timm, eva_fused, published, published_file):
        case()
        print(case.__name__)
