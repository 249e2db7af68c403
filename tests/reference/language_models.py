"""What transformers compute of the language models that text encoders are made of, for the tests of ours. The build never runs it.

    pip install --no-deps -r requirements.txt
    python language_models.py [DIRECTORY ...]

writes llm2clip/src/test/resources/io/llm2clip/model/language/: for each architecture a directory as save_pretrained writes it, of a
tiny model with random weights, and a file of what comes out of it: hidden states with causal and with bidirectional attention (as
llm2vec has it: the same model under a mask of zeros), logits, gradients, and states with a LoRA of PEFT.

Directories that are given are opened, as those that the tests have written, and named with their model's class and a hash of states.
"""

import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import (
    AutoModel, GemmaConfig, GemmaForCausalLM, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Phi3Config,
    Phi3ForCausalLM, Qwen2Config, Qwen2ForCausalLM)

OUT = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/model/language"
SIZES = dict(vocab_size=40, hidden_size=24, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=128, attn_implementation="eager", bos_token_id=1, eos_token_id=2, pad_token_id=None)
LENGTH = 12
MODELS = {
    "llama": (LlamaForCausalLM, LlamaConfig(**SIZES, tie_word_embeddings=True, rope_theta=100.0, rms_norm_eps=1e-5, rope_scaling=dict(
        rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64))),
    "mistral": (MistralForCausalLM, MistralConfig(**SIZES, head_dim=8, sliding_window=LENGTH, rms_norm_eps=1e-5)),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=False, rope_theta=1e6)),
    "qwen2-tied": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=True, rope_theta=1e6)),
    "gemma": (GemmaForCausalLM, GemmaConfig(**SIZES, head_dim=10)),
    "phi3": (Phi3ForCausalLM, Phi3Config(**SIZES, sliding_window=LENGTH)),
    "phi3-longrope": (Phi3ForCausalLM, Phi3Config(**SIZES, original_max_position_embeddings=32, rope_scaling=dict(
        type="longrope", short_factor=[1.0, 1.5, 2.5], long_factor=[1.0, 4.0, 8.0]))),
}
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
FUSED_TARGETS = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]


def split(config, name, value):
    """Rows under the names of the layers that Phi-3 has as one."""
    if "qkv_proj" in name:
        head = config.hidden_size // config.num_attention_heads
        parts = ["q_proj", "k_proj", "v_proj"], [config.num_attention_heads * head, *[config.num_key_value_heads * head] * 2]
        fused = "qkv_proj"
    elif "gate_up_proj" in name:
        parts, fused = (["gate_proj", "up_proj"], [config.intermediate_size] * 2), "gate_up_proj"
    else:
        return {name: value}
    return {name.replace(fused, part): rows.clone() for part, rows in zip(parts[0], value.split(parts[1]))}


def golden(name):
    torch.manual_seed(sum(map(ord, name)))
    kind, config = MODELS[name]
    model = kind(config).eval()
    for parameter in model.parameters():
        with torch.no_grad():
            parameter.normal_(0, 0.3)
            if parameter.ndim == 1 and kind is not GemmaForCausalLM:
                parameter.add_(1)
    model.save_pretrained(OUT / name)
    (OUT / name / "generation_config.json").unlink()
    ids = torch.randint(0, config.vocab_size, (2, LENGTH))
    both = dict(attention_mask=torch.zeros(2, 1, LENGTH, LENGTH))
    direction = torch.randn(2, LENGTH, config.hidden_size)
    hidden = model.model(ids, **both).last_hidden_state
    (hidden * direction).sum().backward()
    tensors = {"ids": ids.int(), "direction": direction, "bidirectional": hidden}
    for parameter, value in model.model.named_parameters():
        for own, gradient in split(config, parameter, value.grad).items():
            tensors[f"gradient.{own}"] = gradient
    with torch.no_grad():
        tensors["causal"] = model.model(ids).last_hidden_state
        tensors["logits"] = model(ids).logits
        targets = FUSED_TARGETS if kind is Phi3ForCausalLM else TARGETS
        tuned = get_peft_model(model.model, LoraConfig(r=2, lora_alpha=6, target_modules=targets))
        for part, value in tuned.named_parameters():
            if "lora_" in part:
                value.normal_(0, 0.3)
        tensors["lora"] = tuned(ids, **both).last_hidden_state
        tensors |= get_peft_model_state_dict(tuned)
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, OUT / f"{name}.safetensors")


def check(directory):
    model = AutoModel.from_pretrained(directory, attn_implementation="eager")
    golden = Path(directory).name
    ids = json.loads((Path(directory) / "ids.json").read_text()) if (Path(directory) / "ids.json").exists() else [[1, 2, 3]]
    ids = torch.tensor(ids)
    with torch.no_grad():
        states = model(ids, attention_mask=torch.zeros(1, 1, ids.shape[1], ids.shape[1])).last_hidden_state
    print(golden, type(model).__name__, states.flatten()[:4].tolist())


if len(sys.argv) > 1:
    for given in sys.argv[1:]:
        check(given)
else:
    OUT.mkdir(parents=True, exist_ok=True)
    for each in MODELS:
        golden(each)
