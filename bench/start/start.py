"""Times fresh processes from their start to their end, in alternation: help, a similarity with a small model, and the first image of a
vision tower against PyTorch's. Says the medians of wall and processor time (user and system), the load, and whether the vectors agree.
"""

import argparse
import array
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
JAR = ROOT / "cli/target/llm2clip.jar"
LEAST_COSINE = 0.9999


def timed(command):
    """Seconds of wall time and of processor time, children included."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status != 0:
        sys.exit(f"error: {' '.join(map(str, command))} failed: {errors.strip()}")
    return wall, usage.ru_utime + usage.ru_stime


def cosine(files):
    vectors = [array.array("f", file.read_bytes()) for file in files]
    product, *squares = (
        sum(x * y for x, y in zip(a, b)) for a, b in (vectors, (vectors[0],) * 2, (vectors[1],) * 2))
    return product / math.sqrt(math.prod(squares))


def commands(options, folder):
    java = [f"{options.java_home}/bin/java", "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"]
    launcher = str(ROOT / "bin/llm2clip")
    result = {"help": [launcher, "--help"]}
    if options.model:
        result["similarity"] = [launcher, "similarity", options.image, "a kite", "a tent", "--model", options.model]
    if options.tower:
        path = f"{JAR}{os.pathsep}{ROOT / 'bench/target/classes'}"
        result["first image"] = java + [
            f"-Dllm2clip.threads={options.threads}", "-cp", path, "io.llm2clip.bench.start.FirstImage", options.tower,
            str(folder / "ours")]
        result["first image, PyTorch"] = [
            options.python, str(ROOT / "bench/start/peer.py"), options.tower, str(folder / "peer"),
            str(options.threads)]
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--java-home", default=os.environ.get("JAVA_HOME"), required="JAVA_HOME" not in os.environ)
    parser.add_argument("--model", help="a small model that training has saved, such as a demo's")
    parser.add_argument("--image", help="an image file, for --model")
    parser.add_argument("--tower", help="a CLIP vision tower, such as ModelMemory writes")
    parser.add_argument("--python", default=sys.executable, help="a Python with torch and safetensors")
    parser.add_argument("--json", type=pathlib.Path, help="a file for the figures")
    options = parser.parse_args()
    if options.model and not options.image:
        parser.error("--model takes --image, too")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        work = commands(options, folder)
        times = {what: [] for what in work}
        # The first round fills the caches of files and of the launcher.
        for round in range(options.rounds + 1):
            for what, command in work.items():
                seconds = timed(command)
                if round > 0:
                    times[what].append(seconds)
        agreement = cosine([folder / "ours", folder / "peer"]) if options.tower else None
    report(options, times, agreement)


def report(options, times, agreement):
    figures = {"threads": options.threads, "load": os.getloadavg()[0], "rounds": options.rounds}
    print(f"{options.rounds} rounds, {options.threads} threads, load {figures['load']:.1f}")
    for what, pairs in times.items():
        walls, processors = zip(*pairs)
        figures[what] = {"wall": walls, "processor": processors}
        print(f"{what:22s} wall {statistics.median(walls):7.3f} s  processor {statistics.median(processors):7.3f} s")
    if options.tower:
        ours, peer = times["first image"], times["first image, PyTorch"]
        for i, kind in enumerate(("wall", "processor")):
            ratio = statistics.median(a[i] / b[i] for a, b in zip(ours, peer))
            figures[f"{kind} ratio"] = ratio
            print(f"first image: ours / PyTorch, {kind}, median of pairs {ratio:.2f}")
        figures["cosine"] = agreement
        print(f"cosine of the vectors {agreement:.6f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))
    if agreement is not None and agreement < LEAST_COSINE:
        sys.exit(f"error: the vectors agree by {agreement:.6f}, expected {LEAST_COSINE} at least.")


if __name__ == "__main__":
    main()
