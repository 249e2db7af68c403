"""Adapters as PEFT trains and saves them, and what transformers computes with them, for the tests of ours. The build never runs it.

    pip install --no-deps -r requirements.txt
    python peft_adapters.py

writes llm2clip/src/test/resources/io/llm2clip/model/peft/: a tiny random Llama in bf16, an adapter for it (`first`), one upon that
one (`second`, trained within a language model, of several ranks), the same for a Phi-3, which has queries, keys and values in one
layer (`phi3-base`, `phi3`), and the hidden states without a causal mask of each in expected.json.
"""

import json
import os
import shutil
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, LlamaModel, Phi3Config, Phi3Model

OUT = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/model/peft"
IDS = [1, 17, 256, 3, 99, 42, 2]
PHI3_IDS = [1, 17, 56, 3, 99, 42, 2]


def hidden(model, ids=IDS):
    """In f32, every token sees every other one."""
    mask = torch.zeros(1, 1, len(ids), len(ids))
    with torch.no_grad():
        out = model(input_ids=torch.tensor([ids]), attention_mask=mask)
    return [[float(f"{v:.8g}") for v in row] for row in out.last_hidden_state[0].tolist()]


def randomize(model, generator):
    """B is zero at first, so that an adapter that is not trained changes nothing."""
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)


def save(model, directory):
    model.save_pretrained(OUT / directory)
    (OUT / directory / "README.md").unlink(missing_ok=True)
    # PEFT writes names as a set has them, in another order each time.
    file = OUT / directory / "adapter_config.json"
    config = json.loads(file.read_text())
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    file.write_text(json.dumps(config, indent=2))


def phi3(generator):
    """Of layers that are several: by their own names, of several ranks and scales."""
    config = Phi3Config(
        vocab_size=100, hidden_size=24, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=128, initializer_range=0.2, sliding_window=None, bos_token_id=1, eos_token_id=2, pad_token_id=None)
    Phi3Model(config).save_pretrained(OUT / "phi3-base")
    model = Phi3Model.from_pretrained(OUT / "phi3-base")
    expected = {"phi3-base": hidden(model, PHI3_IDS)}
    model = get_peft_model(model, LoraConfig(
        r=3, lora_alpha=6, target_modules=["qkv_proj", "o_proj", "gate_up_proj", "down_proj"],
        rank_pattern={r"layers\.1\.self_attn\.qkv_proj": 5}, alpha_pattern={"gate_up_proj": 1.5}))
    model.peft_config["default"].base_model_name_or_path = "example/phi3-base"
    randomize(model, generator)
    save(model, "phi3")
    return expected | {"phi3": hidden(model.eval(), PHI3_IDS)}


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    generator = torch.Generator().manual_seed(7)
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=300, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, max_position_embeddings=512, rope_theta=10000.0, initializer_range=0.15)
    model = LlamaModel(config).to(torch.bfloat16)
    model.save_pretrained(OUT / "base")
    expected = {"ids": IDS}

    model = LlamaModel.from_pretrained(OUT / "base", torch_dtype=torch.float32)
    expected["base"] = hidden(model)

    model = get_peft_model(model, LoraConfig(
        r=4, lora_alpha=10, lora_dropout=0.05, bias="none", base_model_name_or_path="example/base",
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]))
    model.peft_config["default"].base_model_name_or_path = "example/base"
    randomize(model, generator)
    save(model, "first")
    expected["first"] = hidden(model.eval())
    merged = model.merge_and_unload()
    expected["first_merged"] = hidden(merged)

    language = LlamaForCausalLM(config)
    language.model.load_state_dict(merged.state_dict())
    language = get_peft_model(language, LoraConfig(
        r=3, lora_alpha=6, use_rslora=True, target_modules=r".*\.(q_proj|v_proj|down_proj)",
        rank_pattern={r"layers\.1\.self_attn\.q_proj": 5}, alpha_pattern={"down_proj": 1.5}, task_type="CAUSAL_LM"))
    language.peft_config["default"].base_model_name_or_path = "example/first"
    randomize(language, generator)
    save(language, "second")
    expected["second"] = hidden(language.base_model.model.model.eval())

    # What was written is what PEFT reads.
    again = LlamaModel.from_pretrained(OUT / "base", torch_dtype=torch.float32)
    again = PeftModel.from_pretrained(again, OUT / "first")
    assert hidden(again.eval()) == expected["first"]
    expected["phi3Ids"] = PHI3_IDS
    expected |= phi3(generator)
    (OUT / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main()
