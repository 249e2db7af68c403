"""Dual encoders of published shapes, with text towers of their own, under published file and tensor names, of random weights.

To compare another one, add it to DUAL: what makes and calls it, its files, and how it takes captions and pictures.
"""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import naflex as naflex_goldens
import numpy as np
import open_clip
import torch
import torch.nn.functional as F
import vocabularies
from consisid_eva_clip import model as eva_model
from consisid_eva_clip import utils as eva_utils
from dual_encoders import openai_vocabulary, script
from images import CAPTIONS, Patches, Preparation
from open_clip.tokenizer import default_bpe
from PIL import Image
from transformers import (
    CLIPConfig, CLIPModel, CLIPTokenizerFast, Siglip2Config, Siglip2ImageProcessor, Siglip2Model, SiglipConfig, SiglipModel)
from weights import draw, empty, pieces, stream, write_safetensors, write_torch

FG_CLIP = "fg_clip"
# Paths of what is not in packages.
GIVEN = {FG_CLIP: None}
LOGITS = {"logit_scale": 4.5, "logit_bias": -16.5}
WINDOW = 77
# Each of 64 blocks that add a branch of the size of what there is makes errors of rounding larger, also the reference's own.
GAIN = 0.125
POST_NORMS = re.compile(r"visual\.blocks\.\d+\.norm[12]\.(weight|bias)")


@dataclass(frozen=True)
class Dual:
    """
    build makes the module; parameters: as many as published, which is asserted. tokenize writes the tokenizer into a folder and gives
    the ids of captions; texts and images embed ids and pixels with the module. write(path, shapes, dtype, more) writes the file with
    drawn tensors and those of more.
    """

    build: Callable
    parameters: int
    file: str
    dtype: torch.dtype
    tokenize: Callable
    texts: Callable
    images: Callable
    write: Callable
    preparation: Preparation | Patches
    side: int | None
    more: Callable = lambda: {}
    # Gains of blocks that add normalized branches.
    gains: re.Pattern | None = None
    # What has to be given for it: a key of GIVEN.
    needs: str | None = None

    # What models with a language model may have otherwise.
    encoder = folder = gigabytes = None
    weights = "stored"
    given = False

    @torch.no_grad()
    def make(self, folder, _, files):
        """Writes the model; returns embeddings of length 1 of captions and pictures, and numbers of parameters."""
        folder.mkdir(parents=True, exist_ok=True)
        model = empty(self.build)
        sizes = {name: tuple(p.shape) for name, p in model.named_parameters()}
        given = {name: torch.full(size, LOGITS[name]) for name, size in sizes.items() if name in LOGITS}
        if self.gains:
            given |= {name: GAIN * draw(name, size, self.dtype) for name, size in sizes.items() if self.gains.fullmatch(name)}
        shapes = {name: size for name, size in sizes.items() if name not in given}
        count = sum(p.numel() for p in model.parameters())
        assert count == self.parameters, f"The model has {count} parameters, as published it has {self.parameters}."
        buffers = {name: b.to(self.dtype) for name, b in model.state_dict().items() if b.device.type != "meta" and "mask" not in name}
        self.write(folder / self.file, shapes, self.dtype, given | buffers | self.more())
        if hasattr(model, "config"):
            model.config.save_pretrained(folder)

        stream(model, lambda name: given[name] if name in given else draw(name, shapes[name], self.dtype))
        pixels = self.preparation.prepared(self.side, [Image.open(file) for file in files])
        images = F.normalize(self.images(model, pixels))
        return F.normalize(self.texts(model, self.tokenize(folder))), images, {"model": count}


def write_tower(path, shapes, dtype, more):
    write_torch(path, shapes | more, dtype)


def write_script(path, shapes, dtype, more):
    """As a program of TorchScript, which OpenAI's files are."""
    script({name: draw(name, shape, dtype).to(dtype) for name, shape in shapes.items()} | more, path)


def write_hf(preparation, side):
    def write(path, shapes, dtype, more):
        values = {name: [tensor] for name, tensor in more.items()}
        sizes = shapes | {name: tuple(tensor.shape) for name, tensor in more.items()}
        write_safetensors(path, sizes, dtype, lambda name, shape: values.get(name) or pieces(name, shape))
        preparation.processor(side).save_pretrained(path.parent)

    return write


def write_hf_torch(path, shapes, dtype, more):
    write_torch(path, shapes | more, dtype)
    Preparation.CLIP.processor(336).save_pretrained(path.parent)


def clip_tokens(folder):
    openai_vocabulary(folder)
    tokenizer = CLIPTokenizerFast(folder / "vocab.json", folder / "merges.txt", model_max_length=WINDOW)
    tokenizer.save_pretrained(folder)
    return tokenizer(CAPTIONS, truncation=True, max_length=WINDOW, padding="max_length", return_tensors="pt")["input_ids"]


def openai_tokens(folder):
    """By OpenCLIP's copy of OpenAI's code, with OpenAI's file beside the model."""
    shutil.copy(default_bpe(), folder / "bpe_simple_vocab_16e6.txt.gz")
    return open_clip.SimpleTokenizer()(CAPTIONS, context_length=WINDOW)


def siglip_tokens(folder):
    return padded(vocabularies.siglip2(folder), CAPTIONS, 64)


def padded(tokenizer, captions, length):
    return tokenizer(captions, truncation=True, max_length=length, padding="max_length", return_tensors="pt")["input_ids"]


def fg_clip_tokens(folder):
    """Of each caption, and whether it goes the way of long ones."""
    tokenizer = vocabularies.siglip2(folder)
    result = []
    for caption in CAPTIONS:
        long = len(tokenizer(caption)["input_ids"]) > 64
        result.append((padded(tokenizer, [caption], 196 if long else 64), "long" if long else "short"))
    return result


def clip_hf():
    return CLIPModel(CLIPConfig(
        text_config=dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_hidden_layers=12, projection_dim=768,
                         bos_token_id=0, eos_token_id=2),
        vision_config=dict(hidden_size=1024, intermediate_size=4096, num_attention_heads=16, num_hidden_layers=24, image_size=336,
                           patch_size=14, projection_dim=768),
        projection_dim=768))


def positions():
    """Buffers that files of earlier versions of transformers have."""
    return {"text_model.embeddings.position_ids": torch.arange(WINDOW)[None],
            "vision_model.embeddings.position_ids": torch.arange(577)[None]}


def original(name):
    config = open_clip.get_model_config(name)
    return open_clip.CLIP(config["embed_dim"], config["vision_cfg"], config["text_cfg"], quick_gelu=True)


def facts():
    """Numbers that OpenAI's programs carry."""
    return {"input_resolution": torch.tensor(336), "context_length": torch.tensor(WINDOW), "vocab_size": torch.tensor(49408)}


def eva(name):
    """By EVA-CLIP's own configuration of that name; what only makes it faster is left out, since it needs other packages."""
    config = json.loads((Path(eva_utils.__file__).parent / f"model_configs/{name}.json").read_text())
    parts = [{key: value for key, value in config[part].items() if key not in ("xattn", "fusedLN")} for part in ("vision_cfg", "text_cfg")]
    return eva_model.CustomCLIP(config["embed_dim"], *parts)


def sizes(width, layers, heads, mlp):
    return dict(hidden_size=width, intermediate_size=mlp, num_hidden_layers=layers, num_attention_heads=heads)


def siglip2(width, layers, heads, mlp, patch, side):
    common = sizes(width, layers, heads, mlp)
    return SiglipModel(SiglipConfig(
        text_config=common | dict(vocab_size=256_000, max_position_embeddings=64, projection_size=width),
        vision_config=common | dict(image_size=side, patch_size=patch)))


def naflex():
    common = sizes(768, 12, 12, 3072)
    return Siglip2Model(Siglip2Config(
        text_config=common | dict(vocab_size=256_000, max_position_embeddings=64, projection_size=768),
        vision_config=common | dict(num_patches=256, patch_size=16)))


@cache
def fg_clip():
    """FG-CLIP 2's own code: configuration, models and image processing."""
    return naflex_goldens.fg_clip(GIVEN[FG_CLIP])


def fg_clip_base():
    configuration, modeling, _ = fg_clip()
    common = sizes(768, 12, 12, 3072)
    return modeling.Fgclip2Model(configuration.Fgclip2Config(text_config=common | dict(vocab_size=256_000), vision_config=common))


def fg_clip_limit(image):
    _, _, processing = fg_clip()
    return processing._determine_max_value(np.asarray(image), 16)


def of_patches(build, parameters, tokenize, texts, preparation, **more):
    return Dual(build, parameters, "model.safetensors", torch.float32, tokenize, texts,
                lambda m, inputs: torch.cat([m.get_image_features(**each) for each in inputs]), write_hf(preparation, None), preparation,
                None, **more)


def of_hf(build, parameters, file, dtype, tokenize, write, preparation, side, **more):
    return Dual(build, parameters, file, dtype, tokenize, lambda m, ids: m.get_text_features(input_ids=ids),
                lambda m, pixels: m.get_image_features(pixel_values=pixels), write, preparation, side, **more)


def of_open_clip(build, parameters, file, write, side, **more):
    return Dual(build, parameters, file, torch.float16, openai_tokens, lambda m, ids: m.encode_text(ids),
                lambda m, pixels: m.encode_image(pixels), write, Preparation.CLIP, side, **more)


def of_siglip2(width, layers, heads, mlp, patch, side, parameters):
    return of_hf(partial(siglip2, width, layers, heads, mlp, patch, side), parameters, "model.safetensors", torch.float32, siglip_tokens,
                 write_hf(Preparation.SIGLIP2, side), Preparation.SIGLIP2, side)


DUAL = {
    "clip-vit-large-patch14-336": of_hf(
        clip_hf, 427_944_193, "pytorch_model.bin", torch.float32, clip_tokens, write_hf_torch, Preparation.CLIP, 336, more=positions),
    "ViT-L-14-336px": of_open_clip(partial(original, "ViT-L-14-336"), 427_944_193, "ViT-L-14-336px.pt", write_script, 336, more=facts),
    "EVA02_CLIP_L_336_psz14_s6B": of_open_clip(
        partial(eva, "EVA02-CLIP-L-14-336"), 428_083_137, "EVA02_CLIP_L_336_psz14_s6B.pt", write_tower, 336),
    "EVA02_CLIP_E_psz14_plus_s9B": of_open_clip(
        partial(eva, "EVA02-CLIP-bigE-14-plus"), 5_044_889_089, "EVA02_CLIP_E_psz14_plus_s9B.pt", write_tower, 224,
        gains=POST_NORMS),
    "siglip2-base-patch16-256": of_siglip2(768, 12, 12, 3072, 16, 256, 375_234_050),
    "siglip2-large-patch16-256": of_siglip2(1024, 24, 16, 4096, 16, 256, 881_526_786),
    "siglip2-so400m-patch14-384": of_siglip2(1152, 27, 16, 4304, 14, 384, 1_136_008_498),
    "siglip2-base-patch16-naflex": of_patches(
        naflex, 375_234_050, siglip_tokens, lambda m, ids: m.get_text_features(input_ids=ids),
        Patches(Siglip2ImageProcessor, lambda _: 256)),
    "fg-clip2-base": of_patches(
        fg_clip_base, 383_803_394, fg_clip_tokens,
        lambda m, rows: torch.cat([m.get_text_features(input_ids=ids, walk_type=way) for ids, way in rows]),
        Patches(lambda: fg_clip()[2].Fgclip2ImageProcessor(), fg_clip_limit), needs=FG_CLIP),
}
