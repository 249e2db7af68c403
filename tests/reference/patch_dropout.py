"""What vision towers of other people's code compute of a part of each picture's patches, for the tests of ours.

    pip install --no-deps -r requirements.txt
    python patch_dropout.py

writes llm2clip/src/test/resources/io/llm2clip/model/vision/seen-*.json, in the form of vision_towers.py, but that "seen" has the patches of
each picture. The build never runs it. timm's towers drop patches themselves, of Hugging Face's the tokens are chosen behind the embeddings.
"""

import json
from pathlib import Path

import torch
from seeded import described, numbers, spread, values
from timm.models.eva import Eva
from torch import nn
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    SiglipVisionConfig,
    SiglipVisionModel,
)

OUT = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/model/vision"
SIDE = 24
SEEN = [[0, 2, 3, 7], [1, 4, 5, 8]]
E = 24


def fill(model):
    with torch.no_grad():
        for name, tensor in model.state_dict(keep_vars=True).items():
            if tensor.is_floating_point() and "rope" not in name:
                tensor.copy_(values(name, tuple(tensor.shape), *spread(name, tensor.shape)))
    return model.state_dict(keep_vars=True)


def write(name, model, tower, state, parameters, **how):
    model.train()
    output = tower(values(f"pixels{SIDE}", (len(SEEN), 3, SIDE, SIDE), 0.0, 2.0))
    loss = (output * values("direction", tuple(output.shape), 0.0, 1.0)).sum()
    gradients = torch.autograd.grad(loss, [state[p] for p in parameters])
    expected = {"side": SIDE, "seen": SEEN, **how, "embedding": numbers(output.detach()),
                "gradients": {p: numbers(g.reshape(1, -1))[0] for p, g in zip(parameters, gradients)}}
    text = json.dumps({"tensors": described(state), "expected": [expected]}, separators=(",", ":"))
    (OUT / f"seen-{name}.json").write_text(text.replace('},"', '},\n"') + "\n")


def choose(embeddings, first):
    """Has embeddings give the tokens of the patches that are seen, and those before them."""
    index = torch.tensor([list(range(first)) + [first + p for p in row] for row in SEEN])
    whole = embeddings.forward

    def forward(*args, **kwargs):
        tokens = whole(*args, **kwargs)
        return tokens.gather(1, index[:, :, None].expand(-1, -1, tokens.shape[2]))

    embeddings.forward = forward


class Keep(nn.Module):
    """timm's PatchDropoutWithIndices for given patches; the class token is the first."""

    def forward(self, x):
        index = torch.tensor(SEEN)
        patches = x[:, 1:].gather(1, index[:, :, None].expand(-1, -1, x.shape[2]))
        return torch.cat([x[:, :1], patches], 1), index


sizes = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, image_size=SIDE, patch_size=8)
clip = CLIPVisionModelWithProjection(CLIPVisionConfig(**sizes, projection_dim=E))
state = fill(clip)
choose(clip.vision_model.embeddings, 1)
write("clip", clip, lambda x: clip(x).image_embeds, state,
      ["vision_model.embeddings.position_embedding.weight", "vision_model.embeddings.patch_embedding.weight",
       "vision_model.embeddings.class_embedding", "vision_model.encoder.layers.0.self_attn.q_proj.bias"],
      config={"architectures": ["LLM2CLIPModel"], "model_type": "clip", "projection_dim": E, "vision_config": sizes})

siglip = SiglipVisionModel(SiglipVisionConfig(**sizes))
state = fill(siglip)
choose(siglip.vision_model.embeddings, 0)
write("siglip", siglip, lambda x: siglip(x).pooler_output, state,
      ["vision_model.embeddings.position_embedding.weight", "vision_model.embeddings.patch_embedding.weight",
       "vision_model.head.probe"], config={"model_type": "siglip_vision_model"} | sizes)

eva = Eva(img_size=SIDE, patch_size=8, embed_dim=128, depth=2, num_heads=2, mlp_ratio=8 / 3, qkv_fused=False, swiglu_mlp=True,
          scale_mlp=True, scale_attn_inner=True, use_rot_pos_emb=True, ref_feat_shape=(16, 16), global_pool="token", num_classes=E)
state = fill(eva)
eva.patch_drop = Keep()
write("eva02", eva, eva, state, ["pos_embed", "cls_token", "patch_embed.proj.bias", "blocks.0.attn.q_proj.bias"])
