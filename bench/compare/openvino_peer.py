"""OpenVINO on the CPU, of modules that onnx_export.py wrote."""
import numpy as np
import openvino
from inputs import inputs, padded
from protocol import requested_precision, serve, threads


def prepare(request):
    # By default it takes bf16 where the CPU has it.
    settings = {"INFERENCE_PRECISION_HINT": requested_precision(request), "INFERENCE_NUM_THREADS": threads(), "NUM_STREAMS": 1,
                "PERFORMANCE_HINT": "LATENCY"}
    core = openvino.Core()
    infer = core.compile_model(request["onnx"] + "/model.onnx", "CPU", settings).create_infer_request()
    if request.kind == "ragged":
        batches, places = padded(request)

        def ragged():
            return np.concatenate([infer.infer(list(batch))[0].copy() for batch in batches])[places]

        return ragged
    arrays = inputs(request)
    return lambda: infer.infer(arrays, share_inputs=True)[0]


serve(prepare)
