"""Opens with transformers and PEFT what llm2clip wrote of each architecture, and compares vectors. The build never runs it.

    pip install --no-deps -r requirements.txt
    mvn test -pl llm2clip -am -Dtest=PythonModelTest -Dsurefire.failIfNoSpecifiedTests=false -Dllm2clip.python=/tmp/written
    python load_in_python.py /tmp/written
"""

import json
import os
import sys
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from peft import PeftModel
from transformers import AutoModel, AutoTokenizer, CLIPVisionModelWithProjection

TOLERANCE = 1e-5


def vectors(model, directory, captions):
    """As docs/python.md has it."""
    tokenizer = AutoTokenizer.from_pretrained(directory)
    reading = json.loads((directory / "caption.json").read_text())
    template = reading["template"]
    assert reading["pooling"] == "mean"
    out = []
    for caption in captions:
        document = (caption.strip() if template["strip"] else caption) + template["suffix"]
        ids = tokenizer(template["prefix"] + document, return_tensors="pt")
        pooled = len(tokenizer(document, add_special_tokens=False)["input_ids"])
        with torch.no_grad():
            out.append(model(**ids).last_hidden_state[0, -pooled:].mean(0))
    return torch.stack(out)


def padded(model, directory, captions):
    """The same of a batch that is padded on the left."""
    tokenizer = AutoTokenizer.from_pretrained(directory, padding_side="left")
    template = json.loads((directory / "caption.json").read_text())["template"]
    documents = [caption.strip() + template["suffix"] for caption in captions]
    batch = tokenizer([template["prefix"] + document for document in documents], return_tensors="pt", padding=True)
    # Positions begin behind the padding.
    positions = (batch["attention_mask"].cumsum(-1) - 1).clamp(min=0)
    with torch.no_grad():
        states = model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], position_ids=positions).last_hidden_state
    pooled = [len(tokenizer(document, add_special_tokens=False)["input_ids"]) for document in documents]
    return torch.stack([states[i, -n:].mean(0) for i, n in enumerate(pooled)])


def compare(what, found, expected):
    expected = torch.tensor(expected).view(found.shape)
    error = ((found - expected).abs().max() / expected.abs().max()).item()
    print(f"    {what:30} largest difference {error:.1e} of the largest value")
    return error <= TOLERANCE


def check(folder):
    """A model of one architecture, and an adapter for its text encoder."""
    print(folder.name)
    expected = json.loads((folder / "expected.json").read_text())
    captions = expected["captions"]
    text = folder / "model" / "text"
    good = True
    for implementation in ("sdpa", "eager"):
        model = AutoModel.from_pretrained(text, trust_remote_code=True, attn_implementation=implementation).eval()
        good &= compare(f"text encoder, {implementation}", vectors(model, text, captions), expected["text"])
        good &= compare(f"text encoder, {implementation}, padded", padded(model, text, captions), expected["text"])

    adapted = PeftModel.from_pretrained(model, folder / "adapter").eval()
    good &= compare("with the adapter", vectors(adapted, folder / "adapter", captions), expected["adapted"])
    merged = adapted.merge_and_unload()
    good &= compare("with the adapter merged", vectors(merged, folder / "adapter", captions), expected["adapted"])

    vision = CLIPVisionModelWithProjection.from_pretrained(folder / "model" / "vision").eval()
    side = vision.config.image_size
    pixels = ((torch.arange(3 * side * side) * 7 % 31 - 15) / 8).view(1, 3, side, side)
    with torch.no_grad():
        good &= compare("vision tower", vision(pixels).image_embeds, expected["image"])

    # Without trust there is an error or a warning, and never a causal encoder that looks like ours.
    try:
        AutoModel.from_pretrained(text, trust_remote_code=False)
        good = False
    except ValueError as e:
        print("    without trust_remote_code:", str(e).splitlines()[0][:120])
    # Nor has one who opens it as a model of its family the vectors of ours.
    causal_type = getattr(transformers, model.config.architectures[0].removeprefix("Bidirectional"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        causal = causal_type.from_pretrained(text).eval()
    error = (vectors(causal, text, captions) - torch.tensor(expected["text"]).view(len(captions), -1)).abs().max()
    print(f"    a causal {causal_type.__name__} would differ by {error:.2f}")
    return good and error > 0.01


def main(folder):
    results = [check(each.parent) for each in sorted(folder.glob("*/expected.json"))]
    good = bool(results) and all(results)
    print("all the same" if good else "NOT the same")
    return 0 if good else 1


sys.exit(main(Path(sys.argv[1])))
