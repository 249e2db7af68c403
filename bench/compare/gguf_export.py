"""Writes a Llama as llama.cpp's converter does, its matrices in blocks of integers: python gguf_export.py FILE KIND key=value ..."""
import os
import sys

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from gguf.quants import quantize
from hashed import weight
from protocol import Request

NAMES = {"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
         "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}

file, kind, *settings = sys.argv[1:]
request = Request(kind, dict(setting.split("=", 1) for setting in settings))
vocabulary, width, inner, layers, heads, kv_heads, theta, scaled = request.ints("model")
if scaled:
    raise ValueError("rotary frequencies as of Llama 3.1 are not written")
kv = width // heads * kv_heads
blocks = GGMLQuantizationType[request["quantized"]]
shapes = {"self_attn.q_proj": (width, width), "self_attn.k_proj": (kv, width), "self_attn.v_proj": (kv, width),
          "self_attn.o_proj": (width, width), "mlp.gate_proj": (inner, width), "mlp.up_proj": (inner, width), "mlp.down_proj": (width, inner)}
part = file + ".part"
writer = GGUFWriter(part, "llama")
writer.add_context_length(8192)
writer.add_embedding_length(width)
writer.add_block_count(layers)
writer.add_feed_forward_length(inner)
writer.add_head_count(heads)
writer.add_head_count_kv(kv_heads)
writer.add_rope_freq_base(float(theta))
writer.add_rope_dimension_count(width // heads)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_vocab_size(vocabulary)
# Bytes and names: ids are given, not texts.
printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
others = iter(range(256, 512))
tokens = ["<bos>", "<eos>", *(chr(b) if b in printable else chr(next(others)) for b in range(256)), "ab"]
tokens += [f"token{i}" for i in range(len(tokens), vocabulary)]
writer.add_tokenizer_model("gpt2")
writer.add_tokenizer_pre("default")
writer.add_token_list(tokens)
writer.add_token_types([TokenType.CONTROL] * 2 + [TokenType.NORMAL] * (vocabulary - 2))
writer.add_token_merges(["a b"])
writer.add_bos_token_id(0)
writer.add_eos_token_id(1)


def add(name, values, quantized):
    writer.add_tensor(name, quantize(values, blocks) if quantized else values, raw_dtype=blocks if quantized else None)


def interleaved(values, count):
    """Rows of a head in the order in which llama.cpp turns them."""
    return np.ascontiguousarray(values.reshape(count, 2, -1, width).swapaxes(1, 2).reshape(-1, width))


add("token_embd.weight", weight("embed_tokens.weight", vocabulary, width), True)
for i in range(layers):
    for name, short in NAMES.items():
        values = weight(f"layers.{i}.{name}.weight", *shapes.get(name, (width,)))
        if name in ("self_attn.q_proj", "self_attn.k_proj"):
            values = interleaved(values, heads if name == "self_attn.q_proj" else kv_heads)
        add(f"blk.{i}.{short}.weight", values, values.ndim == 2)
add("output_norm.weight", weight("norm.weight", width), False)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
os.replace(part, file)
