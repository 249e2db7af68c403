"""Adapters of vision towers as PEFT trains and saves them, and what transformers computes with them. The build never runs it.

    pip install --no-deps -r requirements.txt
    python vision_adapters.py

writes llm2clip/src/test/resources/io/llm2clip/model/peft-vision/: for a small CLIP and a small SigLIP the tower, an adapter of queries,
keys and values (of CLIP with its projection, which was trained as a whole), and embeddings with and without it in expected.json.

    python vision_adapters.py DIR

opens what the test AdaptedVisionTest wrote with -Dllm2clip.python=DIR, and compares embeddings.
"""

import json
import os
import shutil
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, SiglipVisionConfig, SiglipVisionModel

from seeded import spread, values

OUT = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/model/peft-vision"
SIDE = 16
SIZES = dict(image_size=SIDE, patch_size=8, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2)
TOLERANCE = 1e-5


def embed(model):
    pixels = ((torch.arange(3 * SIDE * SIDE) * 7 % 31 - 15) / 8).view(1, 3, SIDE, SIDE)
    with torch.no_grad():
        out = model(pixel_values=pixels)
    embedding = out.image_embeds if hasattr(out, "image_embeds") else out.pooler_output
    return [float(f"{v:.8g}") for v in embedding[0].tolist()]


def make(kind, model, whole):
    """With weights that are functions of their names, and an adapter that changes much."""
    model = model.eval()
    state = {name: values(name, t.shape, *spread(name, t.shape)) for name, t in model.state_dict().items() if t.is_floating_point()}
    model.load_state_dict(state, strict=False)
    model.save_pretrained(OUT / kind / "base")
    expected = {"base": embed(model)}
    model = get_peft_model(
        model,
        LoraConfig(r=3, lora_alpha=6, lora_dropout=0.1, target_modules=["q_proj", "k_proj", "v_proj"], modules_to_save=whole))
    model.peft_config["default"].base_model_name_or_path = "example/base"
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            parameter.data.copy_(values(name, parameter.shape, 0, 0.5))
    directory = OUT / kind / "adapter"
    model.save_pretrained(directory)
    (directory / "README.md").unlink(missing_ok=True)
    file = directory / "adapter_config.json"
    config = json.loads(file.read_text())
    config["target_modules"].sort()
    file.write_text(json.dumps(config, indent=2))
    return expected | {"adapted": embed(model.eval())}


def check(folder):
    good = True
    for kind, type in (("clip", CLIPVisionModelWithProjection), ("siglip", SiglipVisionModel)):
        expected = json.loads((folder / kind / "expected.json").read_text())
        base = type.from_pretrained(folder / kind / "base").eval()
        found = torch.tensor(embed(PeftModel.from_pretrained(base, folder / kind / "adapter").eval()))
        error = (found - torch.tensor(expected["adapted"])).abs().max() / found.abs().max()
        changed = (found - torch.tensor(expected["base"])).abs().max() / found.abs().max()
        print(f"{kind}: largest difference {error:.1e} of the largest value; the adapter changes {changed:.2f}")
        good &= bool(error <= TOLERANCE < changed)
    print("all the same" if good else "NOT the same")
    return 0 if good else 1


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    expected = {
        "clip": make(
            "clip", CLIPVisionModelWithProjection(CLIPVisionConfig(projection_dim=6, hidden_act="quick_gelu", **SIZES)),
            ["visual_projection"]),
        "siglip": make("siglip", SiglipVisionModel(SiglipVisionConfig(hidden_act="gelu_pytorch_tanh", **SIZES)), None),
    }
    (OUT / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    sys.exit(check(Path(sys.argv[1])) if len(sys.argv) > 1 else main())
