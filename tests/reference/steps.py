"""What one and two steps of the reference's optimizer make of small models, for masked next-token prediction and both stages of training. The
build never runs it.

    pip install --no-deps -r requirements.txt
    python steps.py

writes llm2clip/src/test/resources/io/llm2clip/training/steps/*.json. Weights are functions of their names (see seeded.py); of each
trained parameter a file has some elements, evenly spread, after each step.

Stage 1 is PEFT's low-rank updates of a Llama of transformers with a mask that hides nothing, LLM2Vec's loss over positives and hard
negatives, gradients clipped to norm 1, AdamW without weight decay. Its dropout is off, since it is random; its learning rate is
constant, since a warm-up's first step would be none. Masked next-token prediction is the same model below a language head that is not
trained, with the loss that transformers has for causal models: what is hidden at a position is told at the one before. Stage 2 is a tower of transformers or of EVA-CLIP's own code with LLM2CLIP's adapter
and logit scale, CLIP's loss, gradients clipped to norm 5, and AdamW with LLM2CLIP's groups: weight decay 0.05 for matrices alone, learning
rates that fall by 0.85 from block to block.
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from published_models import adapter
from seeded import described, spread, values
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM, LlamaModel
from vision_towers import CLIPVisionConfig, CLIPVisionModelWithProjection, eva_tower, fill

OUT = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/training/steps"
STEPS = 2
SAMPLES = 61


def sample(tensor):
    flat = tensor.detach().flatten()
    step = max(1, math.ceil(len(flat) / SAMPLES))
    return [float(f"{v:.9g}") for v in flat[::step].tolist()]


def train(named, groups, rate, clip, loss, after=lambda: None, **adamw):
    """Losses, norms of gradients, and of each parameter its elements, after each step."""
    optimizer = torch.optim.AdamW(groups, lr=rate, **adamw)
    losses, norms, parameters = [], [], {name: [] for name in named}
    for step in range(STEPS):
        optimizer.zero_grad()
        value = loss(step)
        value.backward()
        norms.append(float(nn.utils.clip_grad_norm_(named.values(), clip)))
        optimizer.step()
        after()
        losses.append(value.item())
        for name, parameter in named.items():
            parameters[name].append(sample(parameter))
    return {"losses": losses, "norms": norms, "parameters": parameters}


def write(name, root):
    OUT.mkdir(parents=True, exist_ok=True)
    text = json.dumps(root, separators=(",", ":")).replace('},"', '},\n"').replace(']],"', ']],\n"')
    (OUT / f"{name}.json").write_text(text + "\n")


TEXT = dict(vocab_size=300, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            head_dim=8, rms_norm_eps=1e-5, max_position_embeddings=512, tie_word_embeddings=False, rope_theta=10000.0)
RANK, ALPHA, SCALE, STAGE_1_RATE, PAIRS = 4, 8, 50.0, 1e-3, 4


def stage_1():
    torch.manual_seed(0)
    base = LlamaModel(LlamaConfig(**TEXT, attn_implementation="eager"))
    state = fill(base)
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, bias="none", target_modules=[
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])
    model = get_peft_model(base, config)
    named = {n.replace(".default", ""): p for n, p in model.named_parameters() if p.requires_grad}
    with torch.no_grad():
        for name, parameter in named.items():
            if "lora_A" in name:
                parameter.copy_(values(name, tuple(parameter.shape), *spread(name, parameter.shape)))
            assert "lora_A" in name or not parameter.any()
    generator = torch.Generator().manual_seed(0)
    batches = []
    for _ in range(STEPS):
        lengths = torch.randint(5, 14, (3 * PAIRS,), generator=generator).tolist()
        batches.append([{"ids": torch.randint(3, 300, (n,), generator=generator).tolist(), "pooled": n - 2} for n in lengths])

    def vector(row):
        ids = torch.tensor([row["ids"]])
        mask = torch.zeros(1, 1, ids.shape[1], ids.shape[1])
        return model(input_ids=ids, attention_mask=mask).last_hidden_state[0, -row["pooled"]:].mean(0)

    def loss(step):
        vectors = F.normalize(torch.stack([vector(row) for row in batches[step]]))
        queries, documents = vectors[:PAIRS], vectors[PAIRS:]
        return F.cross_entropy(SCALE * queries @ documents.T, torch.arange(PAIRS))

    trained = train(named, [{"params": list(named.values()), "weight_decay": 0.0}], STAGE_1_RATE, 1.0, loss)
    lora_a = {name: p for name, p in named.items() if "lora_A" in name}
    write("stage-1", {
        "config": {"model_type": "llama"} | TEXT, "rank": RANK, "alpha": ALPHA, "scale": SCALE, "learningRate": STAGE_1_RATE, "clipNorm": 1.0,
        "tensors": described(state), "start": described(lora_a), "batches": batches} | trained)


ROWS, LENGTH, IGNORED = 3, 16, -100


def mntp():
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**TEXT, attn_implementation="eager"))
    state = fill(model.model) | fill(model.lm_head, lambda n: "lm_head." + n)
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, bias="none", target_modules=[
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])
    model.lm_head.requires_grad_(False)
    model.model = get_peft_model(model.model, config)
    named = {n.removeprefix("model.").replace(".default", ""): p for n, p in model.named_parameters() if p.requires_grad}
    with torch.no_grad():
        for name, parameter in named.items():
            if "lora_A" in name:
                parameter.copy_(values(name, tuple(parameter.shape), *spread(name, parameter.shape)))
    generator = torch.Generator().manual_seed(0)
    batches = []
    for _ in range(STEPS):
        ids = torch.randint(3, 300, (ROWS, LENGTH), generator=generator)
        chosen = torch.rand(ROWS, LENGTH, generator=generator) < 0.3
        hidden = torch.where(chosen, 2, ids)
        batches.append({"ids": hidden.flatten().tolist(), "labels": torch.where(chosen, ids, IGNORED).flatten().tolist()})

    def loss(step):
        ids, labels = (torch.tensor(batches[step][key]).reshape(ROWS, LENGTH) for key in ("ids", "labels"))
        return model(input_ids=ids, attention_mask=torch.zeros(ROWS, 1, LENGTH, LENGTH), labels=labels).loss

    trained = train(named, [{"params": list(named.values()), "weight_decay": 0.0}], STAGE_1_RATE, 1.0, loss)
    lora_a = {name: p for name, p in named.items() if "lora_A" in name}
    write("mntp", {
        "config": {"model_type": "llama"} | TEXT, "rank": RANK, "alpha": ALPHA, "learningRate": STAGE_1_RATE, "clipNorm": 1.0,
        "rows": ROWS, "length": LENGTH, "tensors": described(state), "start": described(lora_a), "batches": batches} | trained)


IMAGES, D, E, SIDE = 4, 20, 24, 24
STAGE_2_RATE, WEIGHT_DECAY, LAYER_DECAY = 3e-3, 0.05, 0.85
UNDECAYED = ("pos_embed", "cls_token", "positional_embedding", "class_embedding", "position_embedding", "logit_scale")


def adapter_parameters():
    root = "text_adapter.adaptor."
    shapes = {}
    for i in range(4):
        b = f"{root}{i}."
        shapes |= {b + "fn.0.weight": (2 * D, D), b + "fn.0.bias": (2 * D,), b + "fn.3.weight": (D, 2 * D), b + "fn.3.bias": (D,),
                   b + "ln.weight": (D,), b + "ln.bias": (D,)}
    shapes |= {root + "4.weight": (D,), root + "4.bias": (D,), root + "5.weight": (E, D), root + "5.bias": (E,)}
    return {name: nn.Parameter(values(name, shape, *spread(name, shape))) for name, shape in shapes.items()}


def layer(name, layers):
    """EVA-CLIP's numbering: 0 for patches and positions, then the blocks, then everything else."""
    parts = name.split(".")
    for word in ("blocks", "layers"):
        if word in parts:
            return int(parts[parts.index(word) + 1]) + 1
    return 0 if any(word in name for word in ("patch_embed", "pos_embed", "position_embedding", "cls_token")) else layers + 1


def stage_2(name, model, embed, names, layers, config):
    tower = {names(n): p for n, p in model.named_parameters()}
    text = adapter_parameters()
    logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
    named = tower | text | {"logit_scale": logit_scale}
    groups = []
    for n, p in named.items():
        decays = p.ndim > 1 and not n.endswith(".bias") and not any(word in n for word in UNDECAYED)
        factor = LAYER_DECAY ** (layers + 1 - layer(n, layers)) if n in tower else 1.0
        groups.append({"params": [p], "lr": STAGE_2_RATE * factor, "weight_decay": WEIGHT_DECAY if decays else 0.0})

    def loss(step):
        pixels = values(f"pixels of step {step}", (IMAGES, 3, SIDE, SIDE), 0.0, 2.0)
        vectors = values(f"vectors of step {step}", (IMAGES, D), 0.0, 3.0)
        images, texts = F.normalize(embed(pixels)), F.normalize(adapter(text, "text_adapter.adaptor.", vectors, True))
        logits = logit_scale.exp() * images @ texts.T
        target = torch.arange(IMAGES)
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2

    def clamp():
        with torch.no_grad():
            logit_scale.clamp_(0, math.log(100))

    model.train()
    tensors = described(tower)
    trained = train(named, groups, STAGE_2_RATE, 5.0, loss, clamp)
    write(name, {
        "config": config, "images": IMAGES, "captionSize": D, "embeddingSize": E, "side": SIDE, "learningRate": STAGE_2_RATE,
        "weightDecay": WEIGHT_DECAY, "layerDecay": LAYER_DECAY, "clipNorm": 5.0, "tensors": tensors, "adapter": described(text)} | trained)


def stage_2_clip():
    sizes = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, image_size=SIDE, patch_size=8)
    model = CLIPVisionModelWithProjection(CLIPVisionConfig(**sizes, projection_dim=E))
    fill(model)
    config = {"architectures": ["LLM2CLIPModel"], "model_type": "clip", "projection_dim": E, "vision_config": sizes}
    stage_2("stage-2-clip", model, lambda x: model(x).image_embeds, lambda n: n, 2, config)


def stage_2_eva02():
    model = eva_tower(width=64, heads=1, mlp_ratio=8 / 3, rope=True, pt_hw_seq_len=16, intp_freq=True, naiveswiglu=True, subln=True)

    def names(name):
        return "visual." + name.replace("attn.q_bias", "attn.q_proj.bias").replace("attn.v_bias", "attn.v_proj.bias")

    fill(model, names)
    stage_2("stage-2-eva02", model, model, names, 2, None)


if __name__ == "__main__":
    torch.set_num_threads(1)
    stage_1()
    mntp()
    stage_2_clip()
    stage_2_eva02()
