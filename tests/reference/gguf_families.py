"""What transformers and sentencepiece make of text encoders in GGUF files other than Llama 3's, for the tests of ours. The build never
runs it.

    pip install --no-deps -r requirements.txt
    python gguf_families.py

writes llm2clip/src/test/resources/io/llm2clip/model/gguf/families/: tiny random models of each architecture with a trained vocabulary of
SentencePiece, in the names, order and values of llama.cpp's converter, and what other code computes of them and of the texts of text_encoders.py.
"""

import io
import json
from pathlib import Path

import gguf
import numpy as np
import sentencepiece
import torch
from gguf import GGMLQuantizationType as Type
from gguf import TokenType
from transformers import (
    GemmaConfig, GemmaModel, LlamaConfig, LlamaModel, Phi3Config, Phi3Model, Qwen2Config, Qwen2Model)

from text_encoders import CAPTIONS, LONG, TEXTS, checksum, replaced

OUT = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/model/gguf/families"
SIZES = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
             max_position_embeddings=256, attn_implementation="eager", bos_token_id=None, eos_token_id=None, pad_token_id=None)
MODELS = {
    # As Mistral's files are.
    "llama": (LlamaModel, LlamaConfig, dict(rms_norm_eps=1e-5)),
    "qwen2": (Qwen2Model, Qwen2Config, dict(rope_theta=1e6)),
    "gemma": (GemmaModel, GemmaConfig, dict(head_dim=32)),
    "phi3": (Phi3Model, Phi3Config, dict(original_max_position_embeddings=64, sliding_window=48, rope_scaling=dict(
        type="longrope", short_factor=[1.0, 1.05, 1.1, 1.2, 1.5, 1.7, 2.0, 2.5], long_factor=[1.0, 2, 3, 4, 5, 6, 7, 8]))),
}
NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.qkv_proj": "attn_qkv", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.gate_up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}
QUANTIZED = {"q_proj": Type.Q8_0, "qkv_proj": Type.Q8_0, "gate_up_proj": Type.Q4_0, "o_proj": Type.F16, "down_proj": Type.Q4_1}
# Of the length that every run of spaces in the texts is of, at most.
DEFINED = ["\u2581\u2581", "\u2581\u2581\u2581", "\u2581\u2581\u2581\u2581", "\n\n", "<table>"]


def vocabulary(name):
    model = io.BytesIO()
    special = {"gemma": ["<start_of_turn>", "<end_of_turn>"], "phi3": ["<|endoftext|>", "<|user|>", "<|end|>"]}.get(name, [])
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([replaced(text) for text in TEXTS + CAPTIONS * 3]), model_writer=model, vocab_size=520, model_type="bpe",
        byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=name != "gemma",
        character_coverage=0.98, split_digits=True, user_defined_symbols=DEFINED if name == "gemma" else [], control_symbols=special,
        hard_vocab_limit=False, minloglevel=2)
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def write_vocabulary(writer, pieces, name):
    tokens, scores, types = [], [], []
    for i in range(pieces.vocab_size()):
        token, score = pieces.id_to_piece(i), pieces.get_score(i)
        if pieces.is_unknown(i):
            kind = TokenType.UNKNOWN
        elif pieces.is_control(i):
            kind = TokenType.CONTROL
        elif pieces.is_byte(i):
            kind = TokenType.BYTE
        elif name == "gemma" and token in DEFINED:
            # As the converter has them.
            kind, token, score = TokenType.USER_DEFINED, token.replace("\u2581", " "), -1000.0
        else:
            kind = TokenType.NORMAL
        tokens.append(token)
        scores.append(score)
        types.append(kind)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(pieces.bos_id())
    writer.add_eos_token_id(pieces.eos_id())
    writer.add_unk_token_id(pieces.unk_id())
    writer.add_add_bos_token(name != "phi3")
    if name == "gemma":
        writer.add_add_space_prefix(False)


def interleaved(weight, heads):
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def stored_name(name):
    stem, suffix = name.rsplit(".", 1)
    if stem.startswith("layers."):
        _, layer, rest = stem.split(".", 2)
        return f"blk.{layer}.{NAMES[rest]}.{suffix}"
    return {"embed_tokens": "token_embd", "norm": "output_norm"}[stem] + "." + suffix


def write(name, model, pieces):
    config = model.config
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer = gguf.GGUFWriter(OUT / f"{name}.gguf", name)
    writer.add_name(name)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_theta)
    if name == "gemma":
        writer.add_key_length(head)
        writer.add_value_length(head)
    if name in ("llama", "phi3"):
        writer.add_rope_dimension_count(head)
    if name == "phi3":
        writer.add_sliding_window(config.sliding_window)
        writer.add_rope_scaling_orig_ctx_len(config.original_max_position_embeddings)
        writer.add_rope_scaling_attn_factors(float(model.rotary_emb.attention_scaling))
        for kind in ("long", "short"):
            writer.add_tensor(f"rope_factors_{kind}.weight", np.array(config.rope_scaling[f"{kind}_factor"], dtype=np.float32))
    write_vocabulary(writer, pieces, name)
    for parameter, value in model.named_parameters():
        values = value.detach().numpy()
        if name == "llama" and "q_proj" in parameter:
            values = interleaved(values, config.num_attention_heads)
        elif name == "llama" and "k_proj" in parameter:
            values = interleaved(values, config.num_key_value_heads)
        elif name == "gemma" and values.ndim == 1:
            values = values + 1
        kind = next((t for part, t in QUANTIZED.items() if part in parameter and values.ndim == 2), Type.F32)
        stored = gguf.quantize(np.ascontiguousarray(values), kind)
        writer.add_tensor(stored_name(parameter), stored, raw_dtype=kind)
        if kind != Type.F32:
            read = gguf.dequantize(stored, kind).astype(np.float32)
            if name == "llama" and ("q_proj" in parameter or "k_proj" in parameter):
                heads = config.num_attention_heads if "q_proj" in parameter else config.num_key_value_heads
                rows, columns = read.shape
                read = read.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)
            with torch.no_grad():
                value.copy_(torch.from_numpy(read.copy()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def rounded(tensor):
    return [float(f"{value:.8g}") for value in tensor.double().flatten().tolist()]


def golden(name):
    torch.manual_seed(sum(map(ord, name)))
    kind, config, settings = MODELS[name]
    pieces = vocabulary(name)
    model = kind(config(vocab_size=pieces.vocab_size(), **{**SIZES, **settings})).eval()
    for parameter in model.parameters():
        with torch.no_grad():
            parameter.normal_(0, 0.3)
            if parameter.ndim == 1 and kind is not GemmaModel:
                parameter.add_(1)
    write(name, model, pieces)
    ids = torch.randint(0, pieces.vocab_size(), (1, 24))
    with torch.no_grad():
        causal = model(ids).last_hidden_state
        both = model(ids, attention_mask=torch.zeros(1, 1, 24, 24)).last_hidden_state
    texts = [replaced(text) for text in TEXTS]
    # Beyond the longest run of spaces that is a token, there is no telling which of them are joined.
    long = [i for i, text in enumerate(LONG) if name != "gemma" or " " * 5 not in text]
    return {"ids": ids[0].tolist(), "causal": rounded(causal), "bidirectional": rounded(both),
            "encoded": [pieces.encode(text) for text in texts], "long": {i: checksum(pieces.encode(LONG[i])) for i in long}}


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for each in MODELS:
        (OUT / f"{each}.json").write_text(json.dumps(golden(each)))
