"""Writes what onnxruntime_peer.py and openvino_peer.py run: python onnx_export.py FILE KIND key=value ..."""
import os
import sys
from pathlib import Path

import onnx
import torch
import torch_tasks
from inputs import inputs, padded
from protocol import Request

file, kind, *settings = sys.argv[1:]
request = Request(kind, dict(setting.split("=", 1) for setting in settings))
module = torch_tasks.module(request).eval()
dynamic = None
if kind == "ragged":
    ids, mask = padded(request)[0][0]
    arrays, names = [torch.from_numpy(ids), torch.from_numpy(mask)], ["ids", "mask"]
    batch, tokens = torch.export.Dim("batch"), torch.export.Dim("tokens")
    dynamic = ({0: batch, 1: tokens},) * 2
else:
    arrays = [torch.from_numpy(a) for a in inputs(request)]
    names = [f"input{i}" for i in range(len(arrays))]
target = Path(file)
# Weights are in a file of their own, which is found by its name: made in a folder, which is the sign that all is there.
folder = target.with_suffix(".part")
folder.mkdir(parents=True, exist_ok=True)
with torch.no_grad():
    program = torch.onnx.export(module, tuple(arrays), input_names=names, output_names=["output"], dynamo=True, dynamic_shapes=dynamic,
                                external_data=True, optimize=True)
program.save(folder / "model.onnx", external_data=True)
onnx.checker.check_model(folder / "model.onnx")
os.replace(folder, target)
