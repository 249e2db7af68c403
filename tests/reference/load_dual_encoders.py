"""Opens with transformers the dual encoders that llm2clip wrote, and compares with what they were made from. The build never runs it.

    mvn test -pl llm2clip -am -Dtest=DualConversionTest -Dsurefire.failIfNoSpecifiedTests=false -Dllm2clip.python=/tmp/written
    python load_dual_encoders.py /tmp/written/dual
"""

import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

GOLDENS = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/model/dual"
TOLERANCE = 1e-5


def unit(x):
    return torch.nn.functional.normalize(x, dim=-1)


def compare(what, found, expected):
    expected = torch.tensor(expected).view(found.shape)
    error = ((found - expected).abs().max() / expected.abs().max()).item()
    print(f"{what:32} largest difference {error:.1e} of the largest value")
    return error <= TOLERANCE


def main(folder):
    good = True
    for directory in sorted(folder.iterdir()):
        golden = json.loads((GOLDENS / directory.name / "golden.json").read_text())
        kind = json.loads((directory / "config.json").read_text())["model_type"]
        if kind == "llm2clip_dual_encoder":
            print(f"{directory.name:32} has a tower that transformers has not")
            continue
        if kind == "fgclip2":
            print(f"{directory.name:32} needs its authors' code")
            continue
        model, report = AutoModel.from_pretrained(directory, dtype=torch.float32, output_loading_info=True)
        model = model.eval()
        good &= not any(report.values())
        captions = golden["captions"]
        if kind in ("siglip", "siglip2"):
            # SigLIP2 was trained with captions in lower case, which its tokenizer in transformers leaves to the caller.
            captions = [caption.lower() for caption in captions]
        tokenizer = AutoTokenizer.from_pretrained(directory)
        text = tokenizer(
            captions,
            padding="max_length",
            truncation=True,
            max_length=model.config.text_config.max_position_embeddings,
            return_tensors="pt")
        image = AutoImageProcessor.from_pretrained(directory)(Image.open(GOLDENS / "picture.png"), return_tensors="pt")
        mask = {} if kind in ("siglip", "siglip2") else {"attention_mask": text["attention_mask"]}
        with torch.no_grad():
            texts = model.get_text_features(text["input_ids"], **mask)
            images = model.get_image_features(**image)
            logits = model(input_ids=text["input_ids"], **image, **mask).logits_per_image
        good &= compare(directory.name + ", texts", unit(texts), golden["texts"])
        good &= compare(directory.name + ", image", unit(images), golden["image"])
        good &= compare(directory.name + ", logits", logits, golden["logits"])
    print("all the same" if good else "NOT the same")
    return 0 if good else 1


sys.exit(main(Path(sys.argv[1])))
