"""How a peer is told what to do: commands on standard input, an answer of one JSON line to each. OwnPeer.java speaks the same.

    prepare ID KIND key=value ...   makes a task
    output ID                       runs it: how many elements came out, their root mean square, and samples of them
    round ID COUNT                  runs it so often; nanoseconds of all runs
    memory                          the most bytes that were resident at a time

An answer may be {"absent": why} for what this machine or peer does not have, or {"error": what failed}.
"""
import json
import os
import sys
import time
import traceback

import numpy as np

SAMPLES = 4093


class Absent(Exception):
    """This peer cannot do the work here; says why as half a sentence."""


class Request:
    def __init__(self, kind, settings):
        self.kind, self.settings = kind, settings

    def __getitem__(self, name):
        return self.settings[name]

    def get(self, name, default=None):
        return self.settings.get(name, default)

    def int(self, name):
        return int(self.settings[name])

    def ints(self, name):
        return [int(value) for value in self.settings[name].split(",")]


def sampled(values):
    """Samples at steps that no width of a matrix divides."""
    flat = np.asarray(values, np.float32).reshape(-1)
    picked = flat if flat.size <= SAMPLES else flat[np.arange(SAMPLES, dtype=np.int64) * flat.size // SAMPLES]
    return {"count": flat.size, "rms": float(np.sqrt(np.mean(np.square(flat, dtype=np.float64)))), "samples": picked.tolist()}


def peak_bytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def serve(prepare):
    """prepare(request) gives a function whose result is an array of f32; its attribute output, if any, gives what is compared."""
    # Libraries print what they like; answers go where standard output was.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    tasks = {}

    def answer(words):
        command, *words = words
        if command == "prepare":
            name, kind, *settings = words
            tasks[name] = prepare(Request(kind, dict(setting.split("=", 1) for setting in settings)))
            return {}
        if command == "output":
            task = tasks[words[0]]
            return sampled(getattr(task, "output", task)())
        if command == "round":
            task = tasks[words[0]]
            start = time.perf_counter_ns()
            for _ in range(int(words[1])):
                task()
            return {"nanos": time.perf_counter_ns() - start}
        if command == "memory":
            return {"bytes": peak_bytes()}
        raise ValueError(f"unknown command {command}")

    for line in sys.stdin:
        try:
            result = answer(line.split())
        except Absent as e:
            result = {"absent": str(e)}
        except Exception as e:
            traceback.print_exc()
            result = {"error": f"{type(e).__name__}: {str(e).strip()[:300]}"}
        answers.write(json.dumps(result) + "\n")
        answers.flush()


def requested_precision(request):
    """f32 or bf16, where this CPU multiplies by it."""
    name = request.get("precision", "f32")
    if name not in ("f32", "bf16"):
        raise Absent(f"it does not multiply in {name}")
    if name == "bf16":
        with open("/proc/cpuinfo") as info:
            flags = next((line.split() for line in info if line.startswith("flags")), [])
        if "avx512_bf16" not in flags and "amx_bf16" not in flags:
            raise Absent("this CPU has no instructions for bf16")
    return name


def threads():
    return int(os.environ["COMPARE_THREADS"])
