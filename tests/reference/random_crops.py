"""Boxes and pixels of torchvision's RandomResizedCrop(scale=(0.9, 1)) for given random numbers, for RandomCropTest."""

import json
import random
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode, RandomResizedCrop
from torchvision.transforms import functional

OUT = Path(sys.argv[1] if len(sys.argv) > 1 else "llm2clip/src/test/resources/io/llm2clip/image/random-crops.json")
SIZES = [(640, 480), (48, 64), (90, 3), (3, 90), (31, 33), (1, 1), (500, 375), (384, 512), (7, 5), (1000, 749)]

source = random.Random(4)
used = []


def number():
    used.append(source.random())
    return used[-1]


torch.Tensor.uniform_ = lambda self, low, high: self.fill_(low + (high - low) * number())
torch.randint = lambda low, high, size: torch.tensor([low + int(number() * (high - low))])

boxes = []
for i in range(300):
    width, height = SIZES[i % len(SIZES)]
    scale = (0.9, 1.0) if i % 3 else (0.08, 1.0)
    used.clear()
    image = Image.new("RGB", (width, height))
    top, left, h, w = RandomResizedCrop.get_params(image, scale=scale, ratio=(3 / 4, 4 / 3))
    boxes.append({"size": [width, height], "scale": scale, "uniform": list(used), "box": [left, top, w, h]})

rng = np.random.default_rng(5)
pixels = rng.integers(0, 256, (20, 27, 3), dtype=np.uint8)
crop = functional.resized_crop(Image.fromarray(pixels), 2, 3, 17, 22, [8, 8], InterpolationMode.BICUBIC)
OUT.write_text(
    json.dumps(
        {
            "boxes": boxes,
            "pixels": pixels.flatten().tolist(),
            "crop": np.asarray(crop).flatten().tolist(),
        }
    )
)
