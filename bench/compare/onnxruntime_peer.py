"""ONNX Runtime on the CPU, of modules that onnx_export.py wrote."""
import numpy as np
import onnxruntime
from inputs import inputs, padded
from protocol import Absent, requested_precision, serve, threads


def prepare(request):
    if requested_precision(request) != "f32":
        raise Absent("ONNX Runtime has no bf16 on CPUs")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(request["onnx"] + "/model.onnx", options, providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_inputs()]
    if request.kind == "ragged":
        batches, places = padded(request)

        def ragged():
            return np.concatenate([session.run(None, dict(zip(names, batch)))[0] for batch in batches])[places]

        return ragged
    feeds = dict(zip(names, inputs(request)))
    return lambda: session.run(None, feeds)[0]


serve(prepare)
