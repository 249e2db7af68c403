"""Models of published shapes under published file and tensor names, of random weights, by the implementations that others use.

A model is a vision tower by transformers, EVA-CLIP's own code, timm or open_clip; LLM2CLIP's adapter; and a logit scale. To compare
another one, add it to PAIRS; an encoder of another kind to ENCODERS in encoders.py.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import open_clip
import timm
import torch
import torch.nn.functional as F
from consisid_eva_clip import utils as eva_utils
from consisid_eva_clip.eva_vit_model import EVAVisionTransformer
from images import Preparation
from PIL import Image
from published_models import adapter
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
from weights import draw, write_safetensors

LOGIT_SCALE = 4.5


def clip_hf(width, layers, patch, side):
    return CLIPVisionModelWithProjection(CLIPVisionConfig(
        hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers, num_attention_heads=width // 64, image_size=side,
        patch_size=patch, projection_dim=1280))


def eva(name, size):
    """By EVA-CLIP's own configuration of that name, but for the size of the embedding."""
    v = {"mlp_ratio": 4.0} | json.loads((Path(eva_utils.__file__).parent / f"model_configs/{name}.json").read_text())["vision_cfg"]
    return EVAVisionTransformer(
        img_size=v["image_size"], patch_size=v["patch_size"], num_classes=size, embed_dim=v["width"], depth=v["layers"],
        num_heads=v["width"] // v["head_width"], mlp_ratio=v["mlp_ratio"], qkv_bias=True, rope=v.get("rope", False),
        pt_hw_seq_len=v.get("pt_hw_seq_len", 16), intp_freq=v.get("intp_freq", False), naiveswiglu=v.get("naiveswiglu", False),
        subln=v.get("subln", False), use_mean_pooling=False, norm_layer=partial(nn.LayerNorm, eps=1e-6))


def openai(name):
    vision = open_clip.get_model_config(name)["vision_cfg"]
    return open_clip.CLIP(1280, vision, dict(context_length=7, vocab_size=8, width=8, heads=1, layers=1), quick_gelu=True).visual


def llm2clip_eva02(name):
    return "visual." + re.sub(r"attn\.([qv])_bias", r"attn.\1_proj.bias", name)


def adapter_shapes(root, d, size):
    shapes = {}
    for i in range(4):
        b = f"{root}{i}."
        shapes |= {b + "fn.0.weight": (2 * d, d), b + "fn.0.bias": (2 * d,), b + "fn.3.weight": (d, 2 * d), b + "fn.3.bias": (d,),
                   b + "ln.weight": (d,), b + "ln.bias": (d,)}
    return shapes | {root + "4.weight": (d,), root + "4.bias": (d,), root + "5.weight": (size, d), root + "5.bias": (size,)}


def write(file, state, dtype):
    if not file.name.endswith(".pt"):
        shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
        write_safetensors(file, shapes, dtype, lambda name, _: [state[name]])
        return
    # Tables of rotary positions have one storage in all blocks, and so they have in the file.
    halves, stored = {}, {}
    for name, tensor in state.items():
        halves.setdefault(tensor.data_ptr(), tensor.detach().to(dtype))
        stored[name] = halves[tensor.data_ptr()]
    torch.save(stored, file)


@dataclass(frozen=True)
class Model:
    """
    tower: makes the module; names: what its tensors are called in the file; parameters: of the tower as published, which is
    asserted; encoder: key of ENCODERS; given: whether it must be told where that is; folder: below that of models, if not its name.
    """

    tower: Callable
    names: Callable
    parameters: int
    file: str
    dtype: torch.dtype
    adapter: str
    captions: int
    size: int
    side: int
    encoder: str
    config: dict | None = None
    embed: Callable = lambda tower, pixels: tower(pixels)
    siglip: bool = False
    weights: str = "stored"
    folder: str | None = None
    given: bool = False
    gigabytes: float | None = None

    @torch.no_grad()
    def make(self, folder, vectors, files):
        """Writes the model; returns embeddings of length 1 of captions (of their vectors) and pictures, and numbers of parameters."""
        tower = self.tower().eval()
        state, drawn = {}, dict(tower.named_parameters())
        for name, tensor in tower.state_dict(keep_vars=True).items():
            if name in drawn:
                tensor.copy_(draw(self.names(name), tuple(tensor.shape), self.dtype))
            state[self.names(name)] = tensor
        count = sum(p.numel() for p in tower.parameters())
        assert count == self.parameters, f"The tower has {count} parameters, as published it has {self.parameters}."

        shapes = adapter_shapes(self.adapter, self.captions, self.size)
        weights = {name: draw(name, shape, self.dtype) for name, shape in shapes.items()}
        texts = F.normalize(adapter(weights, self.adapter, vectors, not self.siglip))
        state |= weights | {"logit_scale": torch.tensor(LOGIT_SCALE)}
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / self.file, state, self.dtype)
        if self.config:
            (folder / "config.json").write_text(json.dumps(self.config, indent=2) + "\n")

        kind = Preparation.SIGLIP if self.siglip else Preparation.CLIP
        pixels = kind.prepared(self.side, [Image.open(file) for file in files])
        images = torch.cat([F.normalize(self.embed(tower, x[None])) for x in pixels])
        return texts, images, {"tower": count, "adapter": sum(w.numel() for w in weights.values())}


def hf(width, layers, patch, side, parameters):
    vision = dict(hidden_size=width, intermediate_size=4 * width, num_attention_heads=width // 64, num_hidden_layers=layers,
                  patch_size=patch, projection_dim=1280) | ({} if side == 224 else {"image_size": side})
    config = dict(architectures=["LLM2CLIPModel"], model_type="clip", projection_dim=1280, logit_scale_init_value=2.6592,
                  text_config={}, vision_config=vision)
    return Model(partial(clip_hf, width, layers, patch, side), lambda n: n, parameters, "model.safetensors", torch.float32,
                 "text_adapter.adaptor.", 4096, 1280, side, "8b-two-blocks", config, lambda t, x: t(x).image_embeds)


def eva02(name, file, side, parameters, captions=4096, encoder="8b-two-blocks", **more):
    return Model(partial(eva, name, 1280), llm2clip_eva02, parameters, file, torch.float16, "text.text_adaptor.", captions, 1280,
                 side, encoder, **more)


def original(name, side, parameters):
    """As LLM2CLIP's training code saves what it has made of OpenAI's towers."""
    return Model(partial(openai, name), lambda n: "visual." + n, parameters, f"Openai{name.replace('ViT', 'CLIP')}.pt", torch.float16,
                 "text.text_adaptor.", 4096, 1280, side, "8b-two-blocks", given=True)


PAIRS = {
    "LLM2CLIP-Openai-B-16": hf(768, 12, 16, 224, 85_799_424 + 983_040),
    "LLM2CLIP-EVA02-B-16": eva02("EVA02-CLIP-B-16", "LLM2CLIP-EVA02-B-16.pt", 224, 86_853_632),
    "LLM2CLIP-Openai-L-14-224": hf(1024, 24, 14, 224, 303_179_776 + 1_310_720),
    "LLM2CLIP-Openai-L-14-336": hf(1024, 24, 14, 336, 303_507_456 + 1_310_720),
    "LLM2CLIP-EVA02-L-14-336": eva02("EVA02-CLIP-L-14-336", "LLM2CLIP-EVA02-L-14-336.pt", 336, 304_957_632),
    "OpenaiCLIP-L-14-336": original("ViT-L-14-336", 336, 303_507_456 + 1_310_720),
    "LLM2CLIP-Llama3.1-8B-siglip2-so400m-patch14-224": Model(
        partial(timm.create_model, "vit_so400m_patch14_siglip_224", num_classes=0), lambda n: "visual.trunk." + n, 427_680_704,
        "model.safetensors", torch.float32, "text.text_proj.text_adaptor.", 4096, 1152, 224, "3.1-8b-two-blocks", siglip=True),
    "EVA01-CLIP-g-14": Model(
        partial(eva, "EVA01-CLIP-g-14", 1024), lambda n: "visual." + n, 1_012_588_928, "EVA01-CLIP-g-14.pt", torch.float16,
        "text.text_adaptor.", 4096, 1024, 224, "8b-two-blocks", given=True),
    "LLM2CLIP-Llama3.2-1B-EVA02-L-14-336": eva02(
        "EVA02-CLIP-L-14-336", "LLM2CLIP-Llama3.2-1B-EVA02-L-14-336.pt", 336, 304_957_632, 2048, "1b", gigabytes=8),
    "LLM2CLIP-EVA02-B-16, whole Llama-3-8B in int4": eva02(
        "EVA02-CLIP-B-16", "LLM2CLIP-EVA02-B-16.pt", 224, 86_853_632, encoder="8b", weights="int4",
        folder="full/LLM2CLIP-EVA02-B-16", gigabytes=12),
    # Other language models than published ones have, of two blocks.
    **{f"LLM2CLIP-EVA02-B-16 for {name}": eva02(
        "EVA02-CLIP-B-16", "model.pt", 224, 86_853_632, size, encoder, given=True)
       for name, encoder, size in [("Qwen2.5", "qwen2.5", 3584), ("Mistral", "mistral", 4096), ("Gemma", "gemma", 3072),
                                   ("Phi-3.5", "phi3", 3072), ("SmolLM2", "smollm2", 576)]},
}
