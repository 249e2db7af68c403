"""What SigLIP2 NaFlex and FG-CLIP 2 compute, for the tests of ours. The build never runs it.

    pip install --no-deps -r requirements.txt
    pip install --no-deps --target pillow12 pillow==12.0.0
    PYTHONPATH=pillow12 python naflex.py FG-CLIP

with a checkout of 360CVGroup/FG-CLIP (made with b1af1cd) writes, below llm2clip/src/test/resources/io/llm2clip/model/: naflex/, the
sizes, pixels and embeddings of images in their own proportions, and dual/siglip2-naflex and dual/fg-clip2, whole models as published,
but tiny. dual_encoders.py makes the tokenizer of both. Pixels are Pillow 12's: version 13 resizes some pictures in another order.
"""

import hashlib
import json
import math
import os
import re
import sys
import types
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import PIL
import torch
from PIL import Image
from seeded import described, numbers, spread, values
from tokenizers import normalizers
from transformers import GemmaTokenizerFast, Siglip2Config, Siglip2ImageProcessor, Siglip2Model, Siglip2VisionConfig, Siglip2VisionModel
from transformers.models.siglip2.image_processing_siglip2 import get_image_size_for_max_num_patches

MODEL = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/model"
OUT = MODEL / "naflex"
PATCH, GRID, WINDOW, LONG, KEPT = 4, 5, 12, 30, 5
GRIDS = [(3, 5), (1, 9), (7, 2), (5, 5), (1, 1)]
SIDES = [1, 2, 3, 15, 16, 17, 31, 100, 224, 333, 480, 640, 1000, 1920, 4032, 50000]
LIMITS = [1, 4, 49, 128, 256, 300, 576, 784, 1024, 4096]
PICTURES = [(1, 1), (1000, 1), (1, 1000), (3, 2), (37, 111), (64, 48), (250, 120), (511, 512), (700, 400), (16, 16), (17, 5)]
CAPTIONS = [
    "a red kite over a calm lake",
    "",
    "Größe ☂ 東京 ΟΔΟΣ",
    "a kite with a very long tail hangs high above the calm lake while the sun sets behind the hills and nobody looks up at it",
    "A Red KITE",
    "a kite" + " and a kite" * 12,
]


def fg_clip(checkout):
    """The modules of FG-CLIP 2 without those of its training, which need more packages."""
    import transformers.utils.generic as generic

    made = generic.check_model_inputs
    # Written for a version in which this is no factory.
    generic.check_model_inputs = lambda f: made(tie_last_hidden_states=False)(f)
    package = types.ModuleType("fgclip2")
    package.__path__ = [str(Path(checkout) / "fgclip2/model/strcs")]
    sys.modules["fgclip2"] = package
    from fgclip2 import configuration_fgclip2, image_processing_fgclip2, modeling_fgclip2

    generic.check_model_inputs = made
    return configuration_fgclip2, modeling_fgclip2, image_processing_fgclip2


def fill(model):
    with torch.no_grad():
        for name, tensor in model.state_dict(keep_vars=True).items():
            if not name.startswith("logit"):
                tensor.copy_(values(name, tuple(tensor.shape), *spread(name, tuple(tensor.shape))))
    return model.eval()


def unit(x):
    return torch.nn.functional.normalize(x, dim=-1)


def picture(width, height):
    """Of few formulas, which the tests compute, too."""
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([x * 7 + y, y * 5 + (x & y), (x * y) >> 2], -1).astype(np.uint8))


def prepared(processor, image):
    """The patches of an image alone."""
    # Told, because a height of 1 or 3 is taken for channels.
    inputs = processor(image, input_data_format="channels_last", return_tensors="pt")
    rows, columns = inputs["spatial_shapes"][0].tolist()
    return rows, columns, inputs["pixel_values"][0, : rows * columns].contiguous()


def digest(patches):
    return hashlib.sha256(patches.numpy().astype("<f4").tobytes()).hexdigest()


def sizes(fg):
    """Rows and columns of patches of images of all pairs of sides, for each limit; FG-CLIP 2's limits."""
    grids = {}
    for patch in (14, 16):
        for limit in LIMITS:
            grids[f"{patch}/{limit}"] = [
                [side // patch for side in get_image_size_for_max_num_patches(height, width, patch, limit)]
                for height in SIDES
                for width in SIDES
            ]
    chosen = [
        fg.image_processing._determine_max_value(np.broadcast_to(np.uint8(0), (height, width, 3)), 16) for height in SIDES for width in SIDES
    ]
    return {"sides": SIDES, "grids": grids, "fgClip2": chosen}


def pixels(fg):
    assert PIL.__version__.startswith("12."), PIL.__version__
    pictures = []
    for width, height in PICTURES:
        image = picture(width, height)
        for limit in (16, 256):
            rows, columns, patches = prepared(Siglip2ImageProcessor(max_num_patches=limit), image)
            pictures.append(dict(width=width, height=height, limit=limit, rows=rows, columns=columns, sha256=digest(patches)))
        rows, columns, patches = prepared(fg.image_processing.Fgclip2ImageProcessor(), image)
        pictures.append(dict(width=width, height=height, limit=0, rows=rows, columns=columns, sha256=digest(patches)))
    return pictures


def batch(grids):
    """Patches of images of several sizes, padded as the processor does, with mask and sizes."""
    most = max(rows * columns for rows, columns in grids)
    patches = torch.zeros(len(grids), most, 3 * PATCH * PATCH)
    mask = torch.zeros(len(grids), most, dtype=torch.int32)
    for i, (rows, columns) in enumerate(grids):
        patches[i, : rows * columns] = values(f"patches{rows}x{columns}", (rows * columns, 3 * PATCH * PATCH), 0.0, 2.0)
        mask[i, : rows * columns] = 1
    return dict(pixel_values=patches, pixel_attention_mask=mask, spatial_shapes=torch.tensor(grids))


def tower():
    vision = dict(hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_patches=GRID * GRID, patch_size=PATCH)
    config = Siglip2VisionConfig(**vision)
    config._attn_implementation = "eager"
    model = fill(Siglip2VisionModel(config))
    inputs = batch(GRIDS)
    seen = []
    blocks = model.vision_model.encoder.layers
    hooks = [blocks[0].register_forward_pre_hook(lambda _, args: seen.append(args[0]))]
    hooks += [block.register_forward_hook(lambda _, args, out: seen.append(out)) for block in blocks]
    output = model(**inputs).pooler_output
    for hook in hooks:
        hook.remove()
    state = dict(model.named_parameters())
    names = [
        "vision_model.embeddings.patch_embedding.bias",
        "vision_model.embeddings.position_embedding.weight",
        "vision_model.encoder.layers.0.self_attn.k_proj.weight",
        "vision_model.encoder.layers.0.layer_norm2.weight",
        "vision_model.post_layernorm.weight",
        "vision_model.head.probe",
        "vision_model.head.attention.in_proj_bias",
        "vision_model.head.mlp.fc1.bias",
    ]
    loss = (output * values("direction", tuple(output.shape), 0.0, 1.0)).sum()
    grads = torch.autograd.grad(loss, [state[name] for name in names])
    states = [
        [numbers(s[i, : rows * columns].reshape(1, -1))[0] for i, (rows, columns) in enumerate(GRIDS)] for s in seen
    ]
    expected = {
        "config": {"model_type": "siglip2_vision_model"} | vision,
        "grids": GRIDS,
        "embedding": numbers(output),
        "gradients": {name: numbers(g.reshape(1, -1))[0] for name, g in zip(names, grads)},
        # Of the first picture: all of them are in the embeddings.
        "states": [s[0] for s in states],
    }
    return {"tensors": described(model.state_dict()), "expected": [expected]}


def tokenizer():
    made = GemmaTokenizerFast.from_pretrained(MODEL / "dual/siglip2")
    backend = made.backend_tokenizer
    backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), backend.normalizer])
    return made


def encode(made, caption, window, full=True):
    return made(caption, truncation=True, max_length=window, padding="max_length" if full else False)["input_ids"]


def whole(name, model, processor, embed, ids, longest, made):
    """The model's files, and what it gives."""
    directory = MODEL / "dual" / name
    directory.mkdir(exist_ok=True)
    model.logit_scale.data.fill_(4.625)
    model.logit_bias.data.fill_(-16.5)
    with torch.no_grad():
        images = []
        for image in (Image.open(MODEL / "dual/picture.png"), picture(250, 120), picture(17, 5)):
            images.append(model.get_image_features(**processor(image, return_tensors="pt")))
        images = unit(torch.cat(images))
        texts = unit(torch.cat([embed(caption) for caption in CAPTIONS]))
        scale, bias = model.logit_scale.exp(), model.logit_bias
        cosines = images @ texts.T
        golden = {
            "captions": CAPTIONS,
            "ids": [ids(caption) for caption in CAPTIONS],
            "cut": sum(len(made(caption)["input_ids"]) > longest for caption in CAPTIONS),
            "texts": texts.tolist(),
            "image": images[0].tolist(),
            "images": images.tolist(),
            "cosines": cosines[0].tolist(),
            "logitScale": float(scale),
            "logitBias": float(bias),
            "logits": (cosines[0] * scale + bias).tolist(),
            "window": longest,
        }
    processor.save_pretrained(directory)
    model.half().save_pretrained(directory)
    (directory / "golden.json").write_text(json.dumps(golden) + "\n")


def siglip2():
    made = tokenizer()
    common = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
    config = Siglip2Config(
        text_config=common | dict(vocab_size=len(made) + 5, max_position_embeddings=WINDOW, projection_size=32),
        vision_config=common | dict(num_patches=GRID * GRID, patch_size=PATCH),
    )
    model = fill(Siglip2Model(config))
    whole(
        "siglip2-naflex",
        model,
        Siglip2ImageProcessor(max_num_patches=60, patch_size=PATCH),
        lambda caption: model.get_text_features(input_ids=torch.tensor([encode(made, caption, WINDOW)])),
        lambda caption: encode(made, caption, WINDOW, False),
        WINDOW,
        made,
    )


def fg_clip2(fg):
    plain = GemmaTokenizerFast.from_pretrained(MODEL / "dual/siglip2")
    # As its model card does.
    made = lambda caption, **how: plain(caption.lower(), **how)
    common = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
    config = fg.configuration.Fgclip2Config(
        text_config=common
        | dict(vocab_size=len(plain) + 5, max_position_embeddings=WINDOW, projection_size=32, longtext_len=LONG, keep_len=KEPT),
        vision_config=common | dict(num_patches=GRID * GRID, patch_size=PATCH),
    )
    model = fill(fg.modeling.Fgclip2Model(config))

    def embed(caption):
        long = len(made(caption)["input_ids"]) > WINDOW
        ids = torch.tensor([encode(made, caption, LONG if long else WINDOW)])
        return model.get_text_features(input_ids=ids, walk_type="long" if long else "short")

    whole(
        "fg-clip2",
        model,
        fg.image_processing.Fgclip2ImageProcessor(patch_size=PATCH),
        embed,
        lambda caption: encode(made, caption, LONG, False),
        LONG,
        made,
    )


def templates(state):
    """Names and shapes, those of layers once."""
    return {re.sub(r"layers\.\d+\.", "layers.*.", name): list(tensor.shape) for name, tensor in state.items()}


def published(fg):
    """Names and shapes of the published models: SigLIP2 NaFlex's two, and FG-CLIP 2's three."""
    base = dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
    large = dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16)
    so400m = dict(hidden_size=1152, intermediate_size=4304, num_hidden_layers=27, num_attention_heads=16)
    kinds = [
        ("google/siglip2-base-patch16-naflex", Siglip2Config, Siglip2Model, base),
        ("google/siglip2-so400m-patch16-naflex", Siglip2Config, Siglip2Model, so400m),
        ("qihoo360/fg-clip2-base", fg.configuration.Fgclip2Config, fg.modeling.Fgclip2Model, base),
        ("qihoo360/fg-clip2-large", fg.configuration.Fgclip2Config, fg.modeling.Fgclip2Model, large),
        ("qihoo360/fg-clip2-so400m", fg.configuration.Fgclip2Config, fg.modeling.Fgclip2Model, so400m),
    ]
    models = []
    for name, configuration, model, sizes in kinds:
        text = sizes | dict(vocab_size=256000)
        with torch.device("meta"):
            made = model(configuration(text_config=text, vision_config=dict(sizes)))
        tower = {k: t for k, t in made.state_dict().items() if k.startswith("vision_model.")}
        models.append(
            dict(
                name=name,
                layers=sizes["num_hidden_layers"],
                heads=sizes["num_attention_heads"],
                tensors=templates(made.state_dict()),
                visionParameters=sum(math.prod(t.shape) for t in tower.values()),
                textParameters=sum(
                    math.prod(t.shape) for k, t in made.state_dict().items() if k.startswith(("text_model.", "longtext_head."))
                ),
            )
        )
    return models


def main():
    torch.set_num_threads(1)
    configuration, modeling, image_processing = fg_clip(sys.argv[1])
    fg = types.SimpleNamespace(configuration=configuration, modeling=modeling, image_processing=image_processing)
    OUT.mkdir(exist_ok=True)
    for name, content in {"sizes": sizes(fg), "pixels": pixels(fg), "tower": tower(), "published": published(fg)}.items():
        (OUT / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")
    siglip2()
    fg_clip2(fg)


if __name__ == "__main__":
    main()
