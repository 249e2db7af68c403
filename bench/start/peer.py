"""Opens the vision tower of a CLIP with PyTorch alone, embeds one image of given pixels and ends: what FirstImage.java does.

Arguments: the tower's directory, a file, which receives the vector as f32, and the number of threads.
"""

import json
import pathlib
import sys

import torch
from safetensors.torch import load_file
from torch.nn import functional as F


def embed(weights, config, pixels):
    width, heads = config["hidden_size"], config["num_attention_heads"]
    epsilon = config["layer_norm_eps"]

    def linear(x, name):
        return F.linear(x, weights[name + ".weight"], weights.get(name + ".bias"))

    def norm(x, name):
        return F.layer_norm(x, (width,), weights[name + ".weight"], weights[name + ".bias"], epsilon)

    patches = F.conv2d(
        pixels, weights["vision_model.embeddings.patch_embedding.weight"], stride=config["patch_size"])
    x = patches.flatten(2).transpose(1, 2)
    token = weights["vision_model.embeddings.class_embedding"].reshape(1, 1, width)
    x = torch.cat([token, x], 1) + weights["vision_model.embeddings.position_embedding.weight"]
    x = norm(x, "vision_model.pre_layrnorm")
    for layer in range(config["num_hidden_layers"]):
        block = f"vision_model.encoder.layers.{layer}."
        y = norm(x, block + "layer_norm1")
        q, k, v = (
            linear(y, block + f"self_attn.{part}_proj").unflatten(-1, (heads, -1)).transpose(1, 2) for part in "qkv")
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + linear(y, block + "self_attn.out_proj")
        y = linear(norm(x, block + "layer_norm2"), block + "mlp.fc1")
        x = x + linear(y * torch.sigmoid(1.702 * y), block + "mlp.fc2")
    return linear(norm(x[:, 0], "vision_model.post_layernorm"), "visual_projection")


def main():
    directory, file, threads = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(threads)
    config = json.loads((directory / "config.json").read_text())
    weights = {name: tensor.float() for name, tensor in load_file(directory / "model.safetensors").items()}
    side = config["image_size"]
    index = torch.arange(3 * side * side)
    pixels = ((index * 7919 % 2001 - 1000).float() / 1000).reshape(1, 3, side, side)
    with torch.inference_mode():
        vector = embed(weights, config, pixels)
    pathlib.Path(file).write_bytes(vector.numpy().tobytes())


if __name__ == "__main__":
    main()
