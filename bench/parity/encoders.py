"""Text encoders of published shapes as Hugging Face has them, and the caption vectors that transformers gives with a bidirectional mask."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import gguf_text
import torch
import vocabularies
from images import CAPTIONS
from safetensors import safe_open
from tokenizers import Tokenizer
from transformers import AutoModel, GemmaConfig, LlamaConfig, MistralConfig, Phi3Config, PretrainedConfig, Qwen2Config
from weights import empty, stream, write_safetensors, write_sharded

SHARD = 5_000_000_000


@dataclass(frozen=True)
class Encoder:
    """
    Of config's blocks; published is how many the published model has. dtype is how it is stored; prefix and suffix are the template
    that surrounds captions.
    """

    name: str
    config: PretrainedConfig
    published: int
    dtype: torch.dtype
    vocabulary: Callable
    prefix: str
    suffix: str
    sharded: bool = False
    folder: str | None = None
    settings: dict | None = None
    captions = CAPTIONS

    @property
    def place(self):
        """Below the folder of models."""
        return self.folder or self.name

    @property
    def shown(self):
        name = self.name.replace("LLM2CLIP-", "").replace("-Instruct", "").replace("-CC-Finetuned", "")
        layers = self.config.num_hidden_layers
        return f"{name}, whole" if layers == self.published else f"{name}, {layers} of {self.published} blocks"

    def empty(self):
        return empty(lambda: AutoModel.from_config(self.config, torch_dtype=torch.float32))

    @cached_property
    def shapes(self):
        model = self.empty()
        return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}

    def is_in(self, folder):
        return (folder / "config.json").exists()

    def make(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.vocabulary(folder)
        if self.settings:
            (folder / "tokenizer_config.json").write_text(json.dumps(self.settings))
        if self.sharded:
            write_sharded(folder, self.shapes, self.dtype, SHARD)
        else:
            write_safetensors(folder / "model.safetensors", self.shapes, self.dtype)
        # Last, as the sign that all is there.
        self.config.save_pretrained(folder)

    def rows(self, folder):
        """Token ids of each caption within the template, and how many of them at the end are pooled."""
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        result = []
        for caption in self.captions:
            row = tokenizer.encode(self.prefix + caption + self.suffix).ids
            result.append((row, len(tokenizer.encode(caption + self.suffix, add_special_tokens=False).ids)))
        return result

    @torch.no_grad()
    def caption_vectors(self, folder):
        """[captions, D], block after block, so that no more than one is in memory."""
        weights = Weights(folder)
        model = self.empty()
        model.embed_tokens = None
        table = weights.get("embed_tokens.weight")
        stream(model, lambda name: weights.get(name).float())
        return pooled(model, lambda ids: table[ids].float(), self.rows(folder))


@dataclass(frozen=True)
class GgufEncoder:
    """The real SmolLM2-135M, if its file is at hand."""

    file: str | None = None
    shown = "SmolLM2-135M, Q4_1 GGUF, whole"
    # Without a template, and with a tokenizer that adds nothing, an empty caption has no tokens, which is refused.
    captions = [caption for caption in CAPTIONS if caption]

    @property
    def place(self):
        """Absolute, so that it is not below the folder of models."""
        return self.file

    @cached_property
    def opened(self):
        return gguf_text.opened(self.file)

    @property
    def shapes(self):
        return {name: tuple(tensor.shape) for name, tensor in self.opened[1].model.state_dict().items()}

    def is_in(self, folder):
        """Never, so that its vectors are always those of the file that is given."""
        return False

    def make(self, folder):
        if not folder.is_file():
            raise FileNotFoundError(f"expected the real SmolLM2-135M-Instruct.Q4_1.gguf at {folder}, found no file")

    @torch.no_grad()
    def caption_vectors(self, folder):
        tokenizer, model = self.opened
        rows = [tokenizer.encode(caption).ids for caption in self.captions]
        return pooled(model.model, model.model.embed_tokens, [(row, len(row)) for row in rows])


def pooled(model, embed, rows):
    """Means of states at the ends of rows of a batch filled up at its end, where every token sees all of its row."""
    length = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [0] * (length - len(ids)) for ids, _ in rows])
    hidden = torch.tensor([[i >= len(ids) for i in range(length)] for ids, _ in rows])
    mask = torch.zeros(len(rows), 1, length, length).masked_fill(hidden[:, None, None, :], torch.finfo(torch.float32).min)
    states = model(inputs_embeds=embed(ids), attention_mask=mask, use_cache=False).last_hidden_state
    return torch.stack([states[i, len(ids) - count:len(ids)].mean(0) for i, (ids, count) in enumerate(rows)])


class Weights:
    """Tensors of a directory, each read when it is asked for."""

    def __init__(self, folder):
        index = folder / "model.safetensors.index.json"
        self.folder = folder
        self.files = json.loads(index.read_text())["weight_map"] if index.exists() else {}

    def get(self, name):
        with safe_open(self.folder / self.files.get(name, "model.safetensors"), "pt") as file:
            return file.get_tensor(name)


def llama(hidden, mlp, head, layers, factor):
    scaling = factor and dict(rope_type="llama3", factor=factor, low_freq_factor=1.0, high_freq_factor=4.0,
                              original_max_position_embeddings=8192)
    return LlamaConfig(
        vocab_size=128_256, hidden_size=hidden, intermediate_size=mlp, num_hidden_layers=layers, num_attention_heads=32,
        num_key_value_heads=8, head_dim=head, rms_norm_eps=1e-5, rope_theta=500_000.0, rope_scaling=scaling,
        max_position_embeddings=131_072 if factor else 8192, tie_word_embeddings=hidden == 2048, bos_token_id=128_000,
        eos_token_id=128_009, torch_dtype="bfloat16", architectures=["LlamaEncoderModel"], attn_implementation="eager")


def llama_8b(layers, factor=None):
    return llama(4096, 14336, 128, layers, factor)


def common(**more):
    return dict(torch_dtype="bfloat16", attn_implementation="eager", num_hidden_layers=2, **more)


def long_factors(largest):
    """As many as half a head of Phi-3.5 has channels; the published ones also grow with the channel."""
    return [round(1 + (largest - 1) * (i / 47) ** 2, 2) for i in range(48)]


QWEN = Qwen2Config(**common(
    vocab_size=152_064, hidden_size=3584, intermediate_size=18_944, num_attention_heads=28, num_key_value_heads=4, rope_theta=1e6,
    rms_norm_eps=1e-6, max_position_embeddings=32_768, tie_word_embeddings=False, use_sliding_window=False, sliding_window=131_072,
    max_window_layers=28, bos_token_id=151_643, eos_token_id=151_645))
MISTRAL = MistralConfig(**common(
    vocab_size=32_000, hidden_size=4096, intermediate_size=14_336, num_attention_heads=32, num_key_value_heads=8, rope_theta=1e6,
    rms_norm_eps=1e-5, max_position_embeddings=32_768, tie_word_embeddings=False, sliding_window=None))
GEMMA = GemmaConfig(**common(
    vocab_size=256_000, hidden_size=3072, intermediate_size=24_576, num_attention_heads=16, num_key_value_heads=16, head_dim=256,
    rms_norm_eps=1e-6, max_position_embeddings=8192, tie_word_embeddings=True))
PHI = Phi3Config(**common(
    vocab_size=32_064, hidden_size=3072, intermediate_size=8192, num_attention_heads=32, num_key_value_heads=32, rope_theta=1e4,
    rms_norm_eps=1e-5, max_position_embeddings=131_072, original_max_position_embeddings=4096, tie_word_embeddings=False,
    sliding_window=262_144, rope_scaling=dict(type="longrope", short_factor=long_factors(3), long_factor=long_factors(64))))
INSTRUCTED = {"chat_template": "{% for m in messages %}{{ '[INST] ' + m['content'] + ' [/INST]' }}{% endfor %}"}

LLAMA3 = dict(vocabulary=vocabularies.llama3, prefix="<|start_header_id|>user<|end_header_id|>\n\n", suffix="<|eot_id|>")
BF16 = torch.bfloat16
GGUF = "smollm2"
LLAMA_3_8B = "LLM2CLIP-Llama-3-8B-Instruct-CC-Finetuned"
LLAMA_31_8B = "Llama-3.1-8B-Instruct"
LLAMA_32_1B = "LLM2CLIP-Llama-3.2-1B-Instruct-CC-Finetuned"
ENCODERS = {
    # Two of 32 blocks: models of which the image side is compared need vectors of the true size, not of the true depth.
    "8b-two-blocks": Encoder(LLAMA_3_8B, llama_8b(2), 32, BF16, **LLAMA3),
    "3.1-8b-two-blocks": Encoder(LLAMA_31_8B, llama_8b(2, 8.0), 32, BF16, **LLAMA3),
    "1b": Encoder(LLAMA_32_1B, llama(2048, 8192, 64, 16, 32.0), 16, torch.float32, **LLAMA3),
    "8b": Encoder(LLAMA_3_8B, llama_8b(32), 32, BF16, **LLAMA3, sharded=True, folder=f"full/{LLAMA_3_8B}"),
    "qwen2.5": Encoder("Qwen2.5-7B-Instruct", QWEN, 28, BF16, vocabularies.qwen2, "<|im_start|>user\n", "<|im_end|>"),
    "mistral": Encoder("Mistral-7B-Instruct-v0.2", MISTRAL, 32, BF16, vocabularies.mistral, "[INST] ", " [/INST]", settings=INSTRUCTED),
    "gemma": Encoder("gemma-7b-it", GEMMA, 28, BF16, vocabularies.gemma, "<bos><start_of_turn>user\n", "<end_of_turn>"),
    "phi3": Encoder("Phi-3.5-mini-instruct", PHI, 32, BF16, vocabularies.phi3, "<|user|>\n", "<|end|>\n"),
    GGUF: GgufEncoder(),
}
