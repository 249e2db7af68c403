"""Dual encoders as they are published, but tiny, and what the reference implementations compute with them.

    pip install --no-deps -r requirements.txt
    python dual_encoders.py

writes llm2clip/src/test/resources/io/llm2clip/model/dual/: a directory for each model, with golden.json, and a picture; naflex.py adds
two. The build never runs it.
"""

import gzip
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from consisid_eva_clip import model as eva_model
from open_clip.model import CLIP, CustomTextCLIP
from PIL import Image
from safetensors.torch import save_file
from seeded import spread, values
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPTokenizerFast,
    GemmaTokenizerFast,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
)

OUT = Path(__file__).parents[2] / "llm2clip/src/test/resources/io/llm2clip/model/dual"
SIDE, PATCH, WINDOW = 24, 8, 12
TEXTS = [
    "a red kite over a calm lake",
    "",
    "The  CAT's 42 hats,\tit's 7:30\n",
    "Größe ☂ 😀 東京 e\u0301 \u00e9 ﬁ Ⅷ ½ ΟΔΟΣ İstanbul",
    "a kite with a very long tail hangs high above the calm lake while the sun sets behind the hills and nobody looks up at it",
    "don't we'll they've I'm he'd you're",
    "\u200b zero\u00a0width !!! ... a-b_c/d <b>&amp;</b>",
    "x" * 300,
]
SPECIAL = ["a red <|endoftext|> kite", "<|startoftext|> a kite", "a <|extra|> kite", "a red <eos> kite", "a <pad> kite"]
MADE = ["clip", "clip-openai", "clip-open-clip", "clip-eva02", "siglip2", "siglip2-timm"]
GEMMA_SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>"]
CORPUS = TEXTS[:3] + TEXTS[4:6] + ["the red hat of the cat", "kites and hats over the lake at sunset", "they're behind the hills"]


def fill(model):
    """Weights by name, which half precision holds exactly."""
    state = model.state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point() and not name.startswith("logit") and "freqs" not in name:
            state[name] = values(name, tensor.shape, *spread(name, tensor.shape))
    model.load_state_dict(state)
    return model.eval()


def unit(x):
    return torch.nn.functional.normalize(x, dim=-1)


def write(name, golden):
    (OUT / name / "golden.json").write_text(json.dumps(golden) + "\n")


def picture():
    y, x = np.mgrid[0:30, 0:40]
    image = np.stack([x * 6, y * 8, (x * y) % 256], -1).astype(np.uint8)
    Image.fromarray(image).save(OUT / "picture.png")
    return Image.open(OUT / "picture.png")


def clip_vocabulary(directory):
    """vocab.json and merges.txt in the order of OpenAI's: bytes, bytes that end words, merges, special tokens."""
    from transformers.models.clip.tokenization_clip import bytes_to_unicode

    symbols = list(bytes_to_unicode().values())
    words = [w for text in CORPUS for w in pre_tokenizers.BertPreTokenizer().pre_tokenize_str(text.lower())]
    rows = [list(word[:-1]) + [word[-1] + "</w>"] for word, _ in words if word.isascii()]
    merges = []
    while len(merges) < 120:
        counts = {}
        for row in rows:
            for pair in zip(row, row[1:]):
                counts[pair] = counts.get(pair, 0) + 1
        if not counts:
            break
        best = max(counts, key=lambda p: (counts[p], p))
        merges.append(best)
        for i, row in enumerate(rows):
            j, new = 0, []
            while j < len(row):
                if j + 1 < len(row) and (row[j], row[j + 1]) == best:
                    new.append(row[j] + row[j + 1])
                    j += 2
                else:
                    new.append(row[j])
                    j += 1
            rows[i] = new
    tokens = symbols + [s + "</w>" for s in symbols] + [a + b for a, b in merges] + ["<|startoftext|>", "<|endoftext|>"]
    (directory / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}))
    (directory / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    return len(tokens)


def clip_tokenizer(directory):
    directory.mkdir(parents=True)
    clip_vocabulary(directory)
    tokenizer = CLIPTokenizerFast(directory / "vocab.json", directory / "merges.txt", model_max_length=WINDOW)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|extra|>"]})
    tokenizer.save_pretrained(directory)
    return tokenizer


def encode(tokenizer, texts, full):
    return [tokenizer(t, truncation=True, max_length=WINDOW, padding="max_length" if full else False)["input_ids"] for t in texts]


def results(tokenizer, texts, images, scale, bias=0.0):
    cosines = unit(images) @ unit(texts).T
    return {
        "ids": encode(tokenizer, TEXTS, False),
        "cut": sum(len(tokenizer(t)["input_ids"]) > WINDOW for t in TEXTS),
        "texts": unit(texts).tolist(),
        "image": unit(images)[0].tolist(),
        "cosines": cosines[0].tolist(),
        "logits": (cosines[0] * scale + bias).tolist(),
    }


def hf_clip(image):
    directory = OUT / "clip"
    tokenizer = clip_tokenizer(directory)
    config = CLIPConfig(
        text_config=dict(
            vocab_size=len(tokenizer) + 3, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=WINDOW, eos_token_id=2, bos_token_id=0,
        ),
        vision_config=dict(
            hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, image_size=SIDE, patch_size=PATCH
        ),
        projection_dim=16,
    )
    model = fill(CLIPModel(config))
    model.logit_scale.data.fill_(4.625)
    processor = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    processor.save_pretrained(directory)
    with torch.no_grad():
        images = model.get_image_features(processor(image, return_tensors="pt")["pixel_values"])
        scale = model.logit_scale.exp()

        def embed(texts):
            ids = torch.tensor(encode(tokenizer, texts, True))
            return model.get_text_features(input_ids=ids, attention_mask=torch.ones_like(ids))

        golden = {"captions": TEXTS, "logitScale": float(scale)} | results(
            tokenizer, embed(TEXTS), images, scale
        )
        golden["special"] = {"captions": SPECIAL[:3], "legacy": unit(embed(SPECIAL[:3])).tolist()}
        model.text_model.eos_token_id = tokenizer.eos_token_id
        golden["special"]["first"] = unit(embed(SPECIAL[:3])).tolist()
        golden["special"]["eosTokenId"] = tokenizer.eos_token_id
        golden["special"]["ids"] = encode(tokenizer, SPECIAL[:3], False)
    model.half().save_pretrained(directory)
    write("clip", golden)
    return tokenizer


class Node(torch.nn.Module):
    """A container of parameters, as a program of TorchScript has them."""

    def forward(self, x: torch.Tensor):
        return x


def script(state, file):
    root = Node()
    for name, tensor in state.items():
        *path, last = name.split(".")
        node = root
        for part in path:
            if not hasattr(node, part):
                node.add_module(part, Node())
            node = getattr(node, part)
        if tensor.is_floating_point():
            node.register_parameter(last, torch.nn.Parameter(tensor, requires_grad=False))
        else:
            node.register_buffer(last, tensor)
    torch.jit.save(torch.jit.script(root), file)


def open_clip_sizes(vocabulary):
    # OpenAI's heads have 64 channels, so these towers have one.
    vision = dict(layers=2, width=64, head_width=64, image_size=SIDE, patch_size=PATCH, mlp_ratio=2.0)
    text = dict(context_length=WINDOW, vocab_size=vocabulary, width=64, heads=1, layers=2, mlp_ratio=2.0)
    return vision, text


def original(name, image, tokenizer, quick_gelu, custom):
    """OpenAI's names at the top, or OpenCLIP's with text within text., computed by OpenCLIP."""
    directory = OUT / name
    directory.mkdir()
    vision, text = open_clip_sizes(len(tokenizer))
    model = (CustomTextCLIP if custom else CLIP)(16, vision, text, quick_gelu=quick_gelu)
    model = fill(model)
    pixels = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})(
        image, return_tensors="pt"
    )["pixel_values"]
    ids = encode(tokenizer, TEXTS, False)
    padded = torch.tensor([row + [0] * (WINDOW - len(row)) for row in ids])
    with torch.no_grad():
        scale = model.logit_scale.exp()
        golden = {"captions": TEXTS, "logitScale": float(scale)} | results(
            tokenizer, model.encode_text(padded), model.encode_image(pixels), scale
        )
    state = {k: v.half() if v.ndim else v for k, v in model.state_dict().items() if "attn_mask" not in k}
    if quick_gelu:
        facts = {"input_resolution": SIDE, "context_length": WINDOW, "vocab_size": len(tokenizer)}
        script(state | {k: torch.tensor(v) for k, v in facts.items()}, directory / "ViT-B-32.pt")
    else:
        save_file({k: v.contiguous() for k, v in state.items()}, directory / "open_clip_model.safetensors")
        config = {"model_cfg": {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}, "preprocess_cfg": {}}
        (directory / "open_clip_config.json").write_text(json.dumps(config))
    write(name, golden)


def eva(image, tokenizer):
    """EVA-CLIP's names, computed by its own code."""
    directory = OUT / "clip-eva02"
    directory.mkdir()
    vision = dict(
        image_size=SIDE, layers=2, width=64, head_width=64, patch_size=PATCH, mlp_ratio=2.6667, eva_model_name="eva-clip-tiny",
        rope=True, pt_hw_seq_len=16, intp_freq=True, naiveswiglu=True, subln=True, drop_path_rate=0.0,
    )
    text = dict(context_length=WINDOW, vocab_size=len(tokenizer), width=64, heads=1, layers=2)
    model = fill(eva_model.CustomCLIP(16, vision, text))
    pixels = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})(
        image, return_tensors="pt"
    )["pixel_values"]
    ids = [row + [0] * (WINDOW - len(row)) for row in encode(tokenizer, TEXTS, False)]
    with torch.no_grad():
        scale = model.logit_scale.exp()
        golden = {"captions": TEXTS, "logitScale": float(scale)} | results(
            tokenizer, model.encode_text(torch.tensor(ids)), model.encode_image(pixels), scale
        )
    state = {k: v.half() if v.ndim and "freqs" not in k else v for k, v in model.state_dict().items()}
    torch.save(state, directory / "EVA02_CLIP_B_psz16_s8B.pt")
    write("clip-eva02", golden)


def openai_vocabulary(directory):
    """vocab.json and merges.txt of CLIP's own vocabulary, which is not part of this repository: of OpenCLIP's copy of OpenAI's file."""
    from open_clip.tokenizer import default_bpe
    from transformers.models.clip.tokenization_clip import bytes_to_unicode

    with gzip.open(default_bpe(), "rt", encoding="utf-8") as file:
        merges = file.read().split("\n")[1 : 49152 - 256 - 2 + 1]
    symbols = list(bytes_to_unicode().values())
    tokens = symbols + [s + "</w>" for s in symbols] + [m.replace(" ", "") for m in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    (directory / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}))
    (directory / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")


def vocabulary():
    """Token ids of CLIP's own vocabulary."""
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory)
        openai_vocabulary(directory)
        tokenizer = CLIPTokenizerFast(directory / "vocab.json", directory / "merges.txt")
    ids = [tokenizer(t)["input_ids"] for t in TEXTS]
    (OUT / "vocabulary.json").write_text(json.dumps({"size": len(tokenizer), "captions": TEXTS, "ids": ids}) + "\n")


def gemma_tokenizer(directory):
    """A small vocabulary of Gemma's kind."""
    special = GEMMA_SPECIAL
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    trained.train_from_iterator(
        [t.lower() for t in CORPUS], trainers.BpeTrainer(vocab_size=150, special_tokens=special, show_progress=False)
    )
    model = json.loads(trained.to_str())["model"]
    tokens = special + [f"<0x{b:02X}>" for b in range(256)]
    tokens += [t for t in sorted(model["vocab"], key=model["vocab"].get) if t not in special]
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in model["merges"]]
    return save_gemma_tokenizer(directory, tokens, merges)


def save_gemma_tokenizer(directory, tokens, merges):
    """Pieces with ▁ for spaces, bytes where there is no piece."""
    tokenizer = Tokenizer(
        models.BPE({t: i for i, t in enumerate(tokens)}, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in GEMMA_SPECIAL])
    directory.mkdir(exist_ok=True)
    tokenizer.save(str(directory / "tokenizer.json"))
    fast = GemmaTokenizerFast(
        tokenizer_file=str(directory / "tokenizer.json"), add_bos_token=False, add_eos_token=True, padding_side="right"
    )
    fast.save_pretrained(directory)
    return fast


def siglip(image):
    directory = OUT / "siglip2"
    tokenizer = gemma_tokenizer(directory)
    common = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
    config = SiglipConfig(
        text_config=common | dict(vocab_size=len(tokenizer) + 5, max_position_embeddings=WINDOW, projection_size=32),
        vision_config=common | dict(image_size=SIDE, patch_size=PATCH),
    )
    model = fill(SiglipModel(config))
    model.logit_scale.data.fill_(4.625)
    model.logit_bias.data.fill_(-16.5)
    processor = SiglipImageProcessor(size={"height": SIDE, "width": SIDE}, resample=2)
    processor.save_pretrained(directory)
    # What SigLIP2 was trained with, and later versions of transformers do.
    backend = tokenizer.backend_tokenizer
    backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), backend.normalizer])
    with torch.no_grad():
        scale, bias = model.logit_scale.exp(), model.logit_bias
        images = model.get_image_features(processor(image, return_tensors="pt")["pixel_values"])
        embed = lambda texts: model.get_text_features(input_ids=torch.tensor(encode(tokenizer, texts, True)))
        golden = {"captions": TEXTS, "logitScale": float(scale), "logitBias": float(bias)} | results(
            tokenizer, embed(TEXTS), images, scale, bias
        )
        special = SPECIAL[3:]
        golden["special"] = {
            "captions": special, "ids": encode(tokenizer, special, False), "texts": unit(embed(special)).tolist()
        }
    model.half().save_pretrained(directory)
    write("siglip2", golden)
    return tokenizer


def siglip_open_clip(image, tokenizer):
    """timm's names, computed by OpenCLIP."""
    name = "siglip2-timm"
    directory = OUT / name
    directory.mkdir()
    vision = dict(
        image_size=SIDE, timm_model_name="vit_base_patch16_siglip_224", timm_model_pretrained=False, timm_pool="map", timm_proj="none"
    )
    text = dict(
        context_length=WINDOW, vocab_size=len(tokenizer), width=64, heads=1, layers=2, mlp_ratio=2.0, no_causal_mask=True,
        proj_bias=True, pool_type="last", norm_kwargs={"eps": 1e-6}, act_kwargs={"approximate": "tanh"},
    )
    import timm

    create = timm.create_model
    timm.create_model = lambda _, **kw: create(
        "vit_base_patch16_siglip_224",
        **(kw | dict(img_size=SIDE, patch_size=PATCH, embed_dim=64, depth=2, num_heads=1, mlp_ratio=2)),
    )
    try:
        model = CustomTextCLIP(64, vision, text, init_logit_bias=-10)
    finally:
        timm.create_model = create
    model = fill(model)
    pixels = SiglipImageProcessor(size={"height": SIDE, "width": SIDE}, resample=3)(image, return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        scale, bias = model.logit_scale.exp(), model.logit_bias
        golden = {"captions": TEXTS, "logitScale": float(scale), "logitBias": float(bias)} | results(
            tokenizer, model.encode_text(torch.tensor(encode(tokenizer, TEXTS, True))), model.encode_image(pixels), scale, bias
        )
    save_file(
        {k: (v.half() if v.ndim else v).contiguous() for k, v in model.state_dict().items() if "attn_mask" not in k},
        directory / "open_clip_model.safetensors",
    )
    config = {"model_cfg": {"embed_dim": 64, "vision_cfg": vision, "text_cfg": text}, "preprocess_cfg": {}}
    (directory / "open_clip_config.json").write_text(json.dumps(config))
    write(name, golden)


def main():
    OUT.mkdir(exist_ok=True)
    for name in MADE:
        shutil.rmtree(OUT / name, ignore_errors=True)
    image = picture()
    tokenizer = hf_clip(image)
    original("clip-openai", image, tokenizer, True, False)
    original("clip-open-clip", image, tokenizer, False, True)
    eva(image, tokenizer)
    siglip_open_clip(image, siglip(image))
    vocabulary()


if __name__ == "__main__":
    main()
