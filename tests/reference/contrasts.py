"""Losses of stage 2 over images and two embeddings of their captions, and their gradients, for the paper's training strategies. The build
never runs it.

    python contrasts.py

writes llm2clip/src/test/resources/io/llm2clip/training/contrasts.json. Embeddings and logit scales are functions of their names (see
seeded.py). Each contrast is CLIP's symmetric loss, and their mean is the loss; joined embeddings are each of length 1 and side by side.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from seeded import values
from torch import nn

OUT = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/training/contrasts.json"
B, E = 5, 3
STRATEGIES = {
    "replace": [("image", "language", "logit_scale")],
    "both": [("image", "language", "logit_scale"), ("image", "tower", "text_tower.logit_scale")],
    "both-aligned": [
        ("image", "language", "logit_scale"),
        ("image", "tower", "text_tower.logit_scale"),
        ("language", "tower", "aligned.logit_scale"),
    ],
    "concatenated": [
        ("image", "language", "logit_scale"),
        ("image", "tower", "text_tower.logit_scale"),
        ("image image", "language tower", "concatenated.logit_scale"),
    ],
}


def symmetric(left, right, logit_scale):
    logits = logit_scale.exp() * F.normalize(left) @ F.normalize(right).T
    target = torch.arange(B)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def case(contrasts):
    embedded = {name: nn.Parameter(values(name, (B, E), 0.0, 2.0)) for name in ("image", "language", "tower")}
    scales = {name: nn.Parameter(values(name, (1,), 1.5, 1.0)) for _, _, name in contrasts}

    def side(names):
        parts = [embedded[name] for name in names.split()]
        return parts[0] if len(parts) == 1 else torch.cat([F.normalize(part) for part in parts], dim=1)

    loss = sum(symmetric(side(left), side(right), scales[name]) for left, right, name in contrasts) / len(contrasts)
    loss.backward()
    gradients = {
        name: [float(f"{v:.9g}") for v in parameter.grad.flatten().tolist()]
        for name, parameter in (embedded | scales).items()
        if parameter.grad is not None
    }
    return {"loss": float(f"{loss.item():.9g}"), "gradients": gradients}


if __name__ == "__main__":
    torch.set_num_threads(1)
    OUT.write_text(
        json.dumps({"batch": B, "size": E} | {name: case(contrasts) for name, contrasts in STRATEGIES.items()}, indent=1) + "\n"
    )
