"""Compares this project with reference implementations on models of published shapes; see run, which starts this."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from dataclasses import replace
from datetime import date
from importlib import metadata
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests/reference"))

import numpy as np
import torch
from dual import FG_CLIP, GIVEN
from encoders import ENCODERS, GGUF
from images import CAPTIONS, pictures
from report import write
from rows import MODELS

TOLERANCE = 1e-5
# The JVM fills what heap it may with garbage before it collects any; what is to be seen is what models need.
HEAP = "-Xmx1g"


class Failure(Exception):
    pass


def encoder_child(key, work):
    encoder = ENCODERS[key]
    folder = work / "models" / encoder.place
    if not encoder.is_in(folder):
        encoder.make(folder)
    parameters = sum(np.prod(shape) for shape in encoder.shapes.values()).item()
    np.savez(work / f"{key}.npz", vectors=encoder.caption_vectors(folder).numpy(), parameters=parameters)


def model_child(name, work):
    model = MODELS[name]
    vectors = model.encoder and torch.from_numpy(np.load(work / f"{model.encoder}.npz")["vectors"])
    texts, images, parameters = model.make(work / "models" / (model.folder or name), vectors, pictures(work / "pictures"))
    np.savez(work / "reference.npz", texts=texts.numpy(), images=images.numpy(), parameters=json.dumps(parameters))


def child(kind, name, work):
    """A process of its own, so that its memory is free when our turn comes."""
    given = {"--gguf": ENCODERS[GGUF].file, "--fg-clip": GIVEN[FG_CLIP]}
    options = [text for option, path in given.items() if path for text in (option, path)]
    process = subprocess.run(
        [sys.executable, __file__, "--work", str(work), "--child", kind, name, *options], stderr=subprocess.PIPE, text=True)
    if process.returncode:
        raise Failure(f"reference: {said(process.stderr)}")


def said(text):
    """What a process said of its failure: the first line of Java's exception, the last of Python's."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no message"]
    return next((line for line in lines if line.startswith("Exception in thread")), lines[-1])


def ours(name, model, work, java, class_path):
    folder = work / "models" / (model.folder or name)
    # Published models find their encoder beside them, by its name; others are told.
    captions = ENCODERS[model.encoder].captions if model.encoder else CAPTIONS
    images = [str(file) for file in sorted((work / "pictures").iterdir())]
    request = {"model": str(folder), "captions": captions, "images": images, "weights": model.weights}
    if model.given:
        request["textEncoder"] = str(work / "models" / ENCODERS[model.encoder].place)
    (work / "request.json").write_text(json.dumps(request))
    process = subprocess.run(
        [java, HEAP, "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp", class_path,
         "io.llm2clip.bench.parity.Embed", str(work / "request.json"), str(work / "answer.json")], stderr=subprocess.PIPE, text=True)
    if process.returncode:
        raise Failure(f"this project: {said(process.stderr)}")
    return json.loads((work / "answer.json").read_text())


def difference(actual, expected):
    """The largest difference over the largest magnitude, and the least cosine of two rows."""
    a, e = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    if a.shape != e.shape or not np.isfinite(a).all():
        raise Failure(f"expected finite values of shape {e.shape}, found shape {a.shape}")
    cosines = (a * e).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(e, axis=-1)
    return {"error": float(np.abs(a - e).max() / np.abs(e).max()), "cosine": float(cosines.min())}


def row(name, work, java, class_path):
    model = MODELS[name]
    parts = ["images", "texts"]
    if model.encoder:
        encoder = ENCODERS[model.encoder]
        if not (work / f"{model.encoder}.npz").exists() or not encoder.is_in(work / "models" / encoder.place):
            child("encoder", model.encoder, work)
    child("model", name, work)
    reference = dict(np.load(work / "reference.npz"))
    parameters = json.loads(str(reference["parameters"]))
    if model.encoder:
        encoded = np.load(work / f"{model.encoder}.npz")
        parts.append("vectors")
        reference["vectors"] = encoded["vectors"]
        parameters["encoder"] = int(encoded["parameters"])
    answer = ours(name, model, work, java, class_path)
    result = {part: difference(answer[part], reference[part]) for part in parts} | {
        "parameters": parameters,
        "seconds": {"open": answer["openSeconds"], "image": answer["imageSeconds"] / len(reference["images"]),
                    "caption": answer["captionSeconds"] / len(reference["texts"])},
        "peak": answer["peakBytes"], "java": answer["java"],
    }
    if model.weights == "stored":
        for part in parts:
            if result[part]["error"] > TOLERANCE:
                raise Failure(f"{part}: expected a relative error of at most {TOLERANCE}, found {result[part]['error']:.2e}", result)
    if model.gigabytes and result["peak"] > model.gigabytes * 1e9:
        raise Failure(f"expected at most {model.gigabytes} GB of resident memory, found {result['peak'] / 1e9:.1f} GB", result)
    return result


def measure(name, work, java, class_path):
    """The result of a row, whatever happens in it."""
    try:
        result = row(name, work, java, class_path) | {"failure": None}
    except Failure as failure:
        message, *rest = failure.args
        result = (rest[0] if rest else {}) | {"failure": message}
    except Exception as error:
        traceback.print_exc()
        result = {"failure": f"{type(error).__name__}: {error}"}
    names = ["torch", "transformers", "timm", "open_clip_torch", "consisid_eva_clip", "tokenizers", "numpy", "pillow"]
    return result | {"date": date.today().isoformat(), "versions": {n: metadata.version(n) for n in names}}


def lacking(model):
    """What was not given that a model needs; nothing for most."""
    if model.encoder == GGUF and ENCODERS[GGUF].file is None:
        return "its real file was not given with --gguf"
    if model.encoder is None and model.needs and GIVEN[model.needs] is None:
        return "its code was not given with --fg-clip"
    return None


def run(arguments):
    work = arguments.work
    results = work / "results"
    results.mkdir(parents=True, exist_ok=True)
    names = arguments.only or list(MODELS)
    failed = False
    for number, name in enumerate(names):
        file = results / f"{name}.json"
        if file.exists() and not arguments.again and json.loads(file.read_text())["failure"] is None:
            print(f"{name}: passed before", flush=True)
            continue
        missing = lacking(MODELS[name])
        if missing:
            print(f"{name}: left out, since {missing}", flush=True)
            continue
        result = measure(name, work, arguments.java, arguments.class_path)
        file.write_text(json.dumps(result, indent=1) + "\n")
        failed |= result["failure"] is not None
        print(f"{name}: {result['failure'] or 'passed'}", flush=True)
        if not arguments.keep:
            shutil.rmtree(work / "models" / (MODELS[name].folder or name), ignore_errors=True)
            encoder = MODELS[name].encoder
            if encoder not in (None, GGUF) and all(MODELS[later].encoder != encoder for later in names[number + 1:]):
                shutil.rmtree(work / "models" / ENCODERS[encoder].place, ignore_errors=True)
        write(ROOT / "docs/parity.md", results)
    write(ROOT / "docs/parity.md", results)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(prog="bench/parity/run", description="Compares with reference implementations at published shapes.")
    parser.add_argument("--only", action="append", choices=MODELS, metavar="NAME", help="a model of this name; may be repeated")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="folder of models, which are deleted, and results")
    parser.add_argument("--gguf", metavar="FILE", help="the real SmolLM2-135M-Instruct.Q4_1.gguf")
    parser.add_argument("--fg-clip", metavar="DIR", help="a checkout of 360CVGroup/FG-CLIP")
    parser.add_argument("--again", action="store_true", help="also what has passed before")
    parser.add_argument("--keep", action="store_true", help="leave the models in the folder")
    parser.add_argument("--java", help=argparse.SUPPRESS)
    parser.add_argument("--class-path", help=argparse.SUPPRESS)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    if arguments.gguf:
        ENCODERS[GGUF] = replace(ENCODERS[GGUF], file=str(Path(arguments.gguf).absolute()))
    if arguments.fg_clip:
        GIVEN[FG_CLIP] = str(Path(arguments.fg_clip).absolute())
    if arguments.child:
        kind, name = arguments.child
        {"encoder": encoder_child, "model": model_child}[kind](name, arguments.work)
        return 0
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
