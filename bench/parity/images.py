"""Captions and pictures that all models embed, and pictures as the models take them."""

import enum
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from transformers import CLIPImageProcessor, SiglipImageProcessor
from transformers.models.siglip2.image_processing_siglip2 import get_image_size_for_max_num_patches

CAPTIONS = [
    "a red kite over the beach",
    "A small green tent on a meadow under clouds; 3 people, 12345 stars & one dog's shadow!",
    "größe ☂ 東京タワー 😀",
    "",
    " ".join("the picture shows a very long wooden table with many plates, cups and old books near a window".split() * 6),
]
SIZES = [(640, 427), (300, 500), (1000, 333)]


def pictures(folder):
    """Files of pictures that have edges, gradients and noise, and no two of the same proportions."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, (width, height) in enumerate(SIZES):
        y, x = np.mgrid[:height, :width]
        noise = np.random.default_rng(number).integers(0, 64, (height, width, 3))
        waves = np.stack([x * 255 // width, y * 255 // height, (x * y // 97 + 80 * number) % 256], -1)
        disc = ((x - width // 3) ** 2 + (y - height // 2) ** 2 < (height // 4) ** 2)[..., None]
        pixels = np.clip(np.where(disc, 255 - waves, waves) * 3 // 4 + noise, 0, 255).astype(np.uint8)
        files.append(folder / f"{number}.png")
        Image.fromarray(pixels).save(files[-1])
    return files


class Preparation(enum.Enum):
    """How published models have pictures resized and scaled: type of image processor, and filter."""

    CLIP = (CLIPImageProcessor, Image.Resampling.BICUBIC)
    SIGLIP = (SiglipImageProcessor, Image.Resampling.BICUBIC)
    SIGLIP2 = (SiglipImageProcessor, Image.Resampling.BILINEAR)

    def processor(self, side):
        """As its preprocessor_config.json has it."""
        square = dict(height=side, width=side)
        kind, resample = self.value
        if kind is CLIPImageProcessor:
            return kind(size=dict(shortest_edge=side), crop_size=square, resample=resample)
        return kind(size=square, resample=resample)

    def prepared(self, side, images):
        """[images, 3, side, side]"""
        kind, resample = self.value
        processor = self.processor(side)
        processor.do_resize = False
        clip = kind is CLIPImageProcessor
        sizes = [(side * i.width // min(i.size), side * i.height // min(i.size)) if clip else (side, side) for i in images]
        return processor([resized(i, *size, resample) for i, size in zip(images, sizes)], return_tensors="pt").pixel_values


@dataclass(frozen=True)
class Patches:
    """
    As models take pictures of any proportions: kind() is their image processor, limit(picture) in how many patches at most it has one.
    """

    kind: Callable
    limit: Callable

    def processor(self, _):
        return self.kind()

    def prepared(self, _, images):
        """What the vision tower is called with, for each picture."""
        processor = self.kind()
        processor.do_resize = False
        result = []
        for image in images:
            height, width = get_image_size_for_max_num_patches(image.height, image.width, processor.patch_size, self.limit(image))
            result.append(processor(resized(image, width, height, processor.resample), return_tensors="pt"))
        return result


def resized(image, width, height, resample):
    """Across, then down, as Pillow up to version 12 does in one call; later ones choose which comes first, and round otherwise."""
    return image.resize((width, image.height), resample).resize((width, height), resample)
