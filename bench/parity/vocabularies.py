"""Tokenizers of published sizes, kinds and special tokens.

Their merges are of letters: all pairs and triples, and fours as there is room.
"""

import itertools
import string

from dual_encoders import GEMMA_SPECIAL, save_gemma_tokenizer
from text_encoders import LLAMA3, gpt_like, sentencepiece_like
from tokenizers import normalizers
from tokenizers.pre_tokenizers import ByteLevel

LETTERS = string.ascii_lowercase
LLAMA3_SPECIAL = {0: "<|begin_of_text|>", 1: "<|end_of_text|>", 6: "<|start_header_id|>", 7: "<|end_header_id|>", 8: "<|eom_id|>",
                  9: "<|eot_id|>"}
QWEN2_SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
    "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
    "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>",
    "<|file_sep|>"]
PHI3_SPECIAL = ["<|endoftext|>", "<|assistant|>", "<|placeholder1|>", "<|placeholder2|>", "<|placeholder3|>", "<|placeholder4|>",
                "<|system|>", "<|end|>", "<|placeholder5|>", "<|placeholder6|>", "<|user|>"]


def merges(space, first, room):
    """Pairs to be merged, of which one result is the next one's part."""
    words = ["".join(w) for n in (2, 3) for w in itertools.product(LETTERS, repeat=n)]
    result = [(w[:-1], w[-1]) for w in words] + first
    result += [(space, w) for w in [*LETTERS, *words]]
    fours = ((a + b + c, d) for a, b, c, d in itertools.product(LETTERS, repeat=4))
    result = [*result, *itertools.islice(fours, max(0, room - len(result)))][:room]
    assert len(result) == room
    return result


def of_bytes(size):
    """Tokens and merges of a vocabulary of bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    alphabet = [chr(b) if b in printable else chr(next(others)) for b in range(256)]
    assert set(alphabet) == set(ByteLevel.alphabet())
    space, newline = alphabet[32], alphabet[10]
    return lambda _: joined(alphabet, merges(space, [(newline, newline)], size - 256))


def of_pieces(size):
    """Tokens and merges of a vocabulary of characters, beside special tokens and bytes."""
    characters = ["▁", *map(chr, range(33, 127)), *"äöüßéèàçñøå東京タワーの☂—’"]
    return lambda _: joined(characters, merges("▁", [], size - len(characters)))


def joined(alphabet, pairs):
    tokens = alphabet + [a + b for a, b in pairs]
    assert len(tokens) == len(set(tokens))
    return tokens, pairs


def llama3(folder):
    names = [LLAMA3_SPECIAL.get(i, f"<|reserved_special_token_{i}|>") for i in range(256)]
    save(gpt_like(LLAMA3, True, None, names, True, of_bytes(128_000)), folder, 128_256)


def qwen2(folder):
    pattern = LLAMA3.replace("{1,3}", "")
    save(gpt_like(pattern, False, normalizers.NFC(), QWEN2_SPECIAL, False, of_bytes(151_643)), folder, 151_665)


def mistral(folder):
    save(sentencepiece_like(False, [], True, learn=of_pieces(32_000 - 3 - 256)), folder, 32_000)


def phi3(folder):
    save(sentencepiece_like(False, PHI3_SPECIAL, False, True, of_pieces(32_000 - 3 - 256)), folder, 32_011)


def gemma(folder):
    special = ["<start_of_turn>", "<end_of_turn>"]
    save(sentencepiece_like(True, special, True, learn=of_pieces(256_000 - 4 - 256 - len(special))), folder, 256_000)


def save(tokenizer, folder, size):
    assert tokenizer.get_vocab_size() == size
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)


def siglip2(folder):
    """Gemma's vocabulary for text towers, as a tokenizer of transformers that lower-cases what it reads, as they were trained."""
    size = 256_000
    pieces, pairs = of_pieces(size - 4 - 256)(None)
    tokens = GEMMA_SPECIAL + [f"<0x{b:02X}>" for b in range(256)] + pieces
    tokenizer = save_gemma_tokenizer(folder, tokens, pairs)
    assert len(tokenizer) == size
    backend = tokenizer.backend_tokenizer
    backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), backend.normalizer])
    return tokenizer
