"""What other people's code makes of captions, for the tests of ours. The build never runs it.

    pip install --no-deps -r requirements.txt
    python text_encoders.py LLM2CLIP [tokenizer.model]

with a checkout of microsoft/LLM2CLIP writes llm2clip/src/test/resources/io/llm2clip/text/tokenizers/: tokenizers of the structure of
Llama 3's, Qwen2's, Gemma's, Llama 2's and Phi-3's, and token ids of a corpus of odd texts; a vocabulary in the format of tiktoken with
ids of it; and llm2clip/src/test/resources/io/llm2clip/model/encoders/: tiny text encoders, and the vectors that LLM2CLIP's copy of
llm2vec makes of captions with them. Given Llama 3's tokenizer.model, which the Python package llama-models 0.3.0 holds, it writes ids of
that, too.
"""

import base64
import json
import os
import sys
import types
import zlib
from array import array
from collections import Counter
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import tiktoken
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    GemmaConfig, GemmaModel, LlamaConfig, LlamaModel, MistralConfig, MistralModel, Phi3Config, Phi3Model, PreTrainedTokenizerFast,
    Qwen2Config, Qwen2Model)

RESOURCES = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip"
TOKENIZERS = RESOURCES / "text/tokenizers"
ENCODERS = RESOURCES / "model/encoders"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CAPTIONS = [
    "a red kite above a calm lake",
    "A photo of 12345 dogs & 3.14 cats!\n\nThey don't bark.",
    "  an old bridge in the fog ",
    "雪山の上の月 — naïve café 😀",
    "",
    "a long caption of many words that is longer than the longest row and longer than the longest document, so that it loses words",
]
INSTRUCTION = " Find the picture of: "
TEXTS = [
    *CAPTIONS,
    " ", "\n", "\t\t\r\n", "   leading and trailing   ", "Don't WON'T they'Ll 'S 's ’s",
    "naïve café — Ünïcödé ﬁ Å e\u0301 A\u030a \u1100\u1161\u11a8 ｆｕｌｌ",
    "東京タワーの写真 中文 한국어 ไทย हिन्दी العربية עברית བོད",
    "😀👩‍👩‍👧‍👦🏳️‍🌈 \U0001f9d1\U0001f3fd🇯🇵 ☺️",
    "x\u0000y\u200b\ufeff z\u00ad\u2028q\u2029 \u202eabc\u202c \x1b[0m \x7f",
    "q̷̨̛͔̱̰̂̏a̴͎̅l̸̙̍g̷̖̈́o̶̢͝ \u0301\u0301\u0301",
    "1 12 123 1234 12345 ½ ٣٤٥ ①② Ⅷ 1,000,000.00",
    "HTMLParser camelCase snake_case ((a+b)*c)==42; // $5 <3 ~^|\\ `x`",
    "▁ ▁▁a <0x41> <0xFF> Ġ Ċ Ã©",
    # Half an emoji is no character, and no text of the reference's; it is replaced there.
    "half \ud83d an emoji \ude00 and \ud83d\ude00 a whole",
    "\udc00\ud800", "a\ud83d",
    "<|begin_of_text|><|eot_id|> <|start_header_id|>user<|end_header_id|>\n\n", "<|im_start|>user\n<|im_end|><|endoftext|>",
    "<bos>a <eos><start_of_turn> user<end_of_turn>", "<s>[INST] a [/INST] </s><unk>", "<|user|> a <|end|>\n<|assistant|>",
    "<|eot_id", "eot_id|>", "< |eot_id|>", "<|EOT_ID|>", "<|eot_id|>|>", "<<|eot_id|>", "!@#$%^&*()",
    "\ud7ff\ue000\uffff\U0010ffff",
]
# Whose ids are stored as a checksum.
LONG = ["The quick brown fox; " * 477, "a" * 10000, " " * 10000, "東京😀é" * 2000, "1234567890" * 1000, "\n \t" * 3334, "-=" * 5000]


def replaced(text):
    """Lone surrogates as the replacement character, pairs of them as the character that they are."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


CORPUS = [replaced(text) for text in TEXTS + CAPTIONS * 3]


def byte_level(splits=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=splits)


def begin(token, identifier, *before):
    template = processors.TemplateProcessing(single=f"{token} $A", pair=f"{token} $A {token}:1 $B:1", special_tokens=[(token, identifier)])
    return processors.Sequence([*before, template]) if before else template


def trained(tokenizer, size, **alphabet):
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=size, show_progress=False, min_frequency=2, **alphabet))
    model = json.loads(tokenizer.to_str())["model"]
    return sorted(model["vocab"], key=model["vocab"].get), [tuple(m) for m in model["merges"]]


def learned_bytes(tokenizer):
    return trained(tokenizer, 400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


def learned_bytes_and_a_piece(tokenizer):
    """A piece that no merge makes is a token all the same, where merges are ignored."""
    tokens, merges = learned_bytes(tokenizer)
    assert "Ġdocument" not in tokens
    return [*tokens, "Ġdocument"], merges


def learned_pieces(tokenizer):
    """The trainer itself would choose differently each time among characters that are equally frequent."""
    counts = Counter(tokenizer.normalizer.normalize_str("".join(CORPUS)))
    alphabet = sorted(counts, key=lambda c: (-counts[c], c))[:100]
    return trained(tokenizer, 300, limit_alphabet=100, initial_alphabet=alphabet)


def gpt_like(pattern, ignore_merges, normalizer, special, begins, learn=learned_bytes):
    """learn gives tokens and merges for a tokenizer that splits texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), byte_level()])
    tokens, merges = learn(tokenizer)
    tokenizer.model = models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges, ignore_merges=ignore_merges)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in special])
    own = processors.ByteLevel(trim_offsets=True)
    tokenizer.post_processor = begin(special[0], tokenizer.token_to_id(special[0]), own) if begins else own
    return tokenizer


def sentencepiece_like(gemma, special, begins, rstrip=False, learn=learned_pieces):
    first = ["<pad>", "<eos>", "<bos>", "<unk>"] if gemma else ["<unk>", "<s>", "</s>"]
    replace = normalizers.Replace(" ", "▁")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = replace if gemma else normalizers.Sequence([normalizers.Prepend("▁"), replace])
    # While it learns, words are words.
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    pieces, merges = learn(tokenizer)
    tokens = first + [f"<0x{byte:02X}>" for byte in range(256)] + [piece for piece in pieces if piece not in first]
    tokenizer.model = models.BPE(
        vocab={t: i for i, t in enumerate(tokens)}, merges=merges, byte_fallback=True, fuse_unk=True, unk_token="<unk>")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous") if gemma else None
    parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(parts if gemma else [*parts, decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in first if t != "<unk>"])
    tokenizer.add_special_tokens([AddedToken("<unk>", normalized=False, special=True)])
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True, rstrip=rstrip) for t in special])
    if begins:
        token = "<bos>" if gemma else "<s>"
        tokenizer.post_processor = begin(token, tokenizer.token_to_id(token))
    return tokenizer


MADE = {
    "llama": lambda: gpt_like(LLAMA3, True, None, [
        "<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], True, learned_bytes_and_a_piece),
    "qwen2": lambda: gpt_like(LLAMA3.replace("{1,3}", ""), False, normalizers.NFC(), ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], False),
    "gemma": lambda: sentencepiece_like(True, ["<start_of_turn>", "<end_of_turn>"], True),
    "mistral": lambda: sentencepiece_like(False, [], True),
    "phi3": lambda: sentencepiece_like(False, ["<|endoftext|>", "<|user|>", "<|end|>", "<|assistant|>"], False, True),
}


def checksum(ids):
    return [len(ids), zlib.crc32(array("i", ids).tobytes())]


def all_ids(encode):
    return {"ids": [encode(replaced(text)) for text in TEXTS], "long": [checksum(encode(text)) for text in LONG]}


def tokenizers():
    expected = {}
    for name, make in MADE.items():
        tokenizer = make()
        tokenizer.save(str(TOKENIZERS / f"{name}.json"), pretty=False)
        if name == "llama":
            # Merges as strings, as files had them before they were pairs.
            state = json.loads(tokenizer.to_str())
            state["model"]["merges"] = [" ".join(pair) for pair in state["model"]["merges"]]
            (TOKENIZERS / "llama-strings.json").write_text(json.dumps(state, ensure_ascii=False))
        parsed = all_ids(lambda text: tokenizer.encode(text).ids)
        tokenizer.encode_special_tokens = True
        expected[name] = {"as_text": all_ids(lambda text: tokenizer.encode(text).ids), "parsed": parsed}
    return expected


def tiktoken_ids(file):
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in file.read_bytes().splitlines() if line)}
    encoding = tiktoken.Encoding("llama3", pat_str=LLAMA3, mergeable_ranks=ranks, special_tokens={})
    return all_ids(lambda text: encoding.encode(text, disallowed_special=()))


def characters():
    """The bytes that the characters of byte-level vocabularies stand for."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    shifted = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + i): byte for i, byte in enumerate(shifted)}


def small_ranks(file):
    """Tokens of the small Llama 3 tokenizer: bytes, and what merges make in their order."""
    vocabulary = json.loads((TOKENIZERS / "llama.json").read_text())["model"]["vocab"]
    alphabet = characters()
    tokens = [bytes(alphabet[c] for c in token) for token in sorted(vocabulary, key=vocabulary.get)]
    file.write_text("".join(f"{base64.b64encode(token).decode()} {rank}\n" for rank, token in enumerate(tokens)))


SIZES = dict(hidden_size=16, intermediate_size=20, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, head_dim=8,
             max_position_embeddings=128, attn_implementation="eager", bos_token_id=None, eos_token_id=None, pad_token_id=None)
# Model, configuration, the name that LLM2CLIP's copy knows it by, special tokens, settings, and whether with the instruction.
MODELS = {
    "llama": (LlamaModel, LlamaConfig, "meta-llama/Meta-Llama-3-8B-Instruct", "<|begin_of_text|>", "<|eot_id|>",
              dict(pooling_mode="bos_token", max_length=20, doc_max_length=12)),
    "mistral": (MistralModel, MistralConfig, "mistralai/Mistral-7B-Instruct-v0.2", "<s>", "</s>", dict(pooling_mode="last_token")),
    "qwen2": (Qwen2Model, Qwen2Config, "Qwen/Qwen2-7B-Instruct", None, "<|endoftext|>", dict(pooling_mode="weighted_mean")),
    "gemma": (GemmaModel, GemmaConfig, "google/gemma-2-9b-it", "<bos>", "<eos>", dict(skip_instruction=False)),
    "phi3": (Phi3Model, Phi3Config, "microsoft/Phi-3.5-mini-instruct", None, "<|endoftext|>", dict(pooling_mode="eos_token")),
}


class Bidirectional(torch.nn.Module):
    """A model that hides pads alone."""

    def __init__(self, model):
        super().__init__()
        self.model, self.config = model, model.config

    def forward(self, input_ids, attention_mask, **unused):
        hidden = torch.zeros(attention_mask.shape).masked_fill(attention_mask == 0, torch.finfo(torch.float32).min)
        length = input_ids.shape[1]
        return self.model(input_ids, attention_mask=hidden[:, None, None, :].expand(-1, 1, length, -1))


def reference(checkout):
    """LLM2CLIP's copy of llm2vec, but for its models, whose code is for another version of transformers."""
    package = types.ModuleType("llm2vec")
    package.__path__ = [str(checkout / "llm2clip/llm2vec")]
    stand_ins = types.ModuleType("llm2vec.models")
    for name in ["Mistral", "Llama", "Gemma", "Qwen2", "Phi3"]:
        setattr(stand_ins, f"{name}BiModel", None)
    sys.modules |= {"llm2vec": package, "llm2vec.models": stand_ins}
    from llm2vec.llm2vec import LLM2Vec
    return LLM2Vec


def encoders(checkout):
    LLM2Vec = reference(checkout)
    expected = {}
    for name, (kind, config, known, bos, eos, settings) in MODELS.items():
        torch.manual_seed(sum(map(ord, name)))
        directory = ENCODERS / name
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=str(TOKENIZERS / f"{name}.json"), bos_token=bos, eos_token=eos, pad_token=eos, padding_side="left",
            truncation_side="right")
        if name == "mistral":
            tokenizer.chat_template = "{% for m in messages %}{{ '[INST] ' + m['content'] + ' [/INST]' }}{% endfor %}"
        model = kind(config(vocab_size=len(tokenizer), **SIZES)).eval()
        for parameter in model.parameters():
            with torch.no_grad():
                parameter.normal_(0, 0.3)
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        (directory / "llm2vec_config.json").write_text(json.dumps(settings))
        for unneeded in ["generation_config.json", "special_tokens_map.json"]:
            (directory / unneeded).unlink(missing_ok=True)
        model.config._name_or_path = known
        encoder = LLM2Vec(Bidirectional(model), tokenizer, **settings)
        # LLM2CLIP's copy has 512 whatever it is told, llm2vec what it is told.
        encoder.doc_max_length = settings.get("doc_max_length", 512)
        bare = encoder.encode(CAPTIONS, batch_size=4)
        instructed = encoder.encode([[INSTRUCTION, caption] for caption in CAPTIONS], batch_size=4)
        expected[name] = {"bare": rounded(bare), "instructed": rounded(instructed)}
    return expected


def rounded(vectors):
    return [[float(f"{value:.8g}") for value in vector] for vector in vectors.double().tolist()]


if __name__ == "__main__":
    for folder in (TOKENIZERS, ENCODERS):
        folder.mkdir(parents=True, exist_ok=True)
    golden = {"texts": TEXTS, "longTexts": LONG, **tokenizers()}
    small_ranks(TOKENIZERS / "tiktoken.model")
    golden["tiktoken"] = tiktoken_ids(TOKENIZERS / "tiktoken.model")
    if len(sys.argv) > 2:
        golden["llama3"] = tiktoken_ids(Path(sys.argv[2]))
    (TOKENIZERS / "golden.json").write_text(json.dumps(golden))
    vectors = {"captions": CAPTIONS, "instruction": INSTRUCTION, **encoders(Path(sys.argv[1]))}
    (ENCODERS / "golden.json").write_text(json.dumps(vectors))
