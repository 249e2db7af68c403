"""Text encoders of published shapes as Hugging Face has them, and the caption vectors that transformers gives with a bidirectional mask."""

import itertools
import json
import string
from dataclasses import dataclass

import torch
from safetensors import safe_open
from tokenizers import Tokenizer
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaRMSNorm, LlamaRotaryEmbedding
from weights import write_safetensors, write_sharded

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
MERGED = 128_000
SPECIAL = {0: "<|begin_of_text|>", 1: "<|end_of_text|>", 6: "<|start_header_id|>", 7: "<|end_header_id|>", 8: "<|eom_id|>",
           9: "<|eot_id|>"}
SHARD = 5_000_000_000


@dataclass(frozen=True)
class Encoder:
    """layers of the published number of them are there; f32 is how the 1B encoder is stored, bf16 how the others are."""

    name: str
    hidden: int
    mlp: int
    head: int
    layers: int
    published: int
    dtype: torch.dtype
    scaling: float | None
    sharded: bool = False
    folder: str | None = None

    @property
    def directory(self):
        return self.folder or self.name

    def config(self):
        scaling = self.scaling and dict(rope_type="llama3", factor=self.scaling, low_freq_factor=1.0, high_freq_factor=4.0,
                                        original_max_position_embeddings=8192)
        return LlamaConfig(
            vocab_size=128_256, hidden_size=self.hidden, intermediate_size=self.mlp, num_hidden_layers=self.layers,
            num_attention_heads=32, num_key_value_heads=8, head_dim=self.head, rms_norm_eps=1e-5, rope_theta=500_000.0,
            rope_scaling=scaling or None, max_position_embeddings=131_072 if scaling else 8192, tie_word_embeddings=self.hidden == 2048,
            bos_token_id=128_000, eos_token_id=128_009, torch_dtype="bfloat16", architectures=["LlamaEncoderModel"],
            attn_implementation="eager")

    def shapes(self):
        d, kv = self.hidden, 8 * self.head
        shapes = {"embed_tokens.weight": (128_256, d)}
        for i in range(self.layers):
            b = f"layers.{i}."
            shapes |= {b + "self_attn.q_proj.weight": (32 * self.head, d), b + "self_attn.k_proj.weight": (kv, d),
                       b + "self_attn.v_proj.weight": (kv, d), b + "self_attn.o_proj.weight": (d, 32 * self.head),
                       b + "mlp.gate_proj.weight": (self.mlp, d), b + "mlp.up_proj.weight": (self.mlp, d),
                       b + "mlp.down_proj.weight": (d, self.mlp), b + "input_layernorm.weight": (d,),
                       b + "post_attention_layernorm.weight": (d,)}
        return shapes | {"norm.weight": (d,)}


LLAMA_3_8B = "LLM2CLIP-Llama-3-8B-Instruct-CC-Finetuned"
LLAMA_31_8B = "Llama-3.1-8B-Instruct"
LLAMA_32_1B = "LLM2CLIP-Llama-3.2-1B-Instruct-CC-Finetuned"
ENCODERS = {
    # Two of 32 blocks: models of which the image side is compared need vectors of the true size, not of the true depth.
    "8b-two-blocks": Encoder(LLAMA_3_8B, 4096, 14336, 128, 2, 32, torch.bfloat16, None),
    "3.1-8b-two-blocks": Encoder(LLAMA_31_8B, 4096, 14336, 128, 2, 32, torch.bfloat16, 8.0),
    "1b": Encoder(LLAMA_32_1B, 2048, 8192, 64, 16, 16, torch.float32, 32.0),
    "8b": Encoder(LLAMA_3_8B, 4096, 14336, 128, 32, 32, torch.bfloat16, None, sharded=True, folder=f"full/{LLAMA_3_8B}"),
}


def write_tokenizer(path):
    """Of Llama 3's size, kinds and special tokens; its merges are of letters: all pairs and triples, and fours as there is room."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    alphabet = [chr(b) if b in printable else chr(next(others)) for b in range(256)]
    letters = string.ascii_lowercase
    space, newline = alphabet[32], alphabet[10]
    words = ["".join(w) for n in (2, 3) for w in itertools.product(letters, repeat=n)]
    merges = [(w[:-1], w[-1]) for w in words] + [(newline, newline)]
    merges += [(space, w) for w in [*letters, *words]]
    fours = ((a + b + c, d) for a, b, c, d in itertools.product(letters, repeat=4))
    merges += itertools.islice(fours, MERGED - 256 - len(merges))
    tokens = alphabet + [a + b for a, b in merges]
    assert len(tokens) == len(set(tokens)) == MERGED
    names = [SPECIAL.get(i, f"<|reserved_special_token_{i}|>") for i in range(256)]
    begin = names[0]
    piece = {"SpecialToken": {"id": begin, "type_id": 0}}
    text, other = ({"Sequence": {"id": s, "type_id": t}} for s, t in (("A", 0), ("B", 1)))
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    root = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": MERGED + i, "content": t, "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True} for i, t in enumerate(names)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": LLAMA3}, "behavior": "Isolated", "invert": False}, byte_level]},
        "post_processor": {"type": "TemplateProcessing", "single": [piece, text], "pair": [piece, text, other],
                           "special_tokens": {begin: {"id": begin, "ids": [MERGED], "tokens": [begin]}}},
        "decoder": byte_level | {"use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
                  "vocab": {t: i for i, t in enumerate(tokens)}, "merges": [list(m) for m in merges]},
    }
    path.write_text(json.dumps(root, ensure_ascii=False))


def make(encoder, folder):
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder / "tokenizer.json")
    if encoder.sharded:
        write_sharded(folder, encoder.shapes(), encoder.dtype, SHARD)
    else:
        write_safetensors(folder / "model.safetensors", encoder.shapes(), encoder.dtype)
    # Last, as the sign that all is there.
    encoder.config().save_pretrained(folder)


def rows(folder, captions):
    """Token ids of each caption within Llama 3's template, and how many of them at the end are pooled."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    result = []
    for caption in captions:
        row = tokenizer.encode(f"<|start_header_id|>user<|end_header_id|>\n\n{caption}<|eot_id|>").ids
        result.append((row, len(tokenizer.encode(caption + "<|eot_id|>", add_special_tokens=False).ids)))
    return result


class Weights:
    """Tensors of a directory, in f32, each read when it is asked for."""

    def __init__(self, folder):
        index = folder / "model.safetensors.index.json"
        self.folder = folder
        self.files = json.loads(index.read_text())["weight_map"] if index.exists() else {}

    def get(self, name):
        with safe_open(self.folder / self.files.get(name, "model.safetensors"), "pt") as file:
            return file.get_tensor(name)

    def fill(self, module, prefix):
        state = {name: self.get(prefix + name).float() for name in module.state_dict()}
        module.load_state_dict(state, assign=True)


@torch.no_grad()
def caption_vectors(encoder, folder, captions):
    """[captions, D], block after block, so that no more than one is in memory. The attention sees everything."""
    config, weights = encoder.config(), Weights(folder)
    taken = rows(folder, captions)
    table = weights.get("embed_tokens.weight")
    states = [table[torch.tensor(ids)].float()[None] for ids, _ in taken]
    del table
    rotary = LlamaRotaryEmbedding(config)
    angles = [rotary(x, torch.arange(x.shape[1])[None]) for x in states]
    for i in range(encoder.layers):
        with torch.device("meta"):
            block = LlamaDecoderLayer(config, i)
        weights.fill(block, f"layers.{i}.")
        for r, x in enumerate(states):
            mask = torch.zeros(1, 1, x.shape[1], x.shape[1])
            out = block(x, attention_mask=mask, position_embeddings=angles[r])
            states[r] = out[0] if isinstance(out, tuple) else out
    norm = LlamaRMSNorm(config.hidden_size, config.rms_norm_eps)
    weights.fill(norm, "norm.")
    return torch.stack([norm(x)[0, -pooled:].mean(0) for x, (_, pooled) in zip(states, taken)])
