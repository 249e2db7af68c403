"""What the modules of torch_tasks.py read, as arrays: peers without PyTorch do not load it."""
import numpy as np
from hashed import ragged_ids, token_ids, values

PADDED_ROWS = 32
NOISE = np.float32(6)


def inputs(request):
    """Arrays of the only run."""
    if request.kind == "product":
        m, n, k = (request.int(name) for name in "mnk")
        form = request["form"]
        a = values("a", *((k, m) if form == "TN" else (m, k)))
        return [a] if form == "NT" else [a, values("b", k, n)]
    if request.kind == "attention":
        batch, tokens, heads, size = (request.int(name) for name in ("batch", "tokens", "heads", "size"))
        return [values(name, batch, tokens, heads * size) for name in "qkv"]
    if request.kind == "ranking":
        images = values("images", request.int("pairs"), request.int("width"))
        return [images, images + NOISE * values("noise", *images.shape)]
    model = request.ints("model")
    if request.kind == "images":
        return [values("pixels", request.int("batch"), 3, model[0], model[0])]
    if request.kind == "captions":
        batch, tokens = request.int("batch"), request.int("tokens")
        return [token_ids(batch * tokens, model[0]).reshape(batch, tokens)]
    raise ValueError(f"no inputs of {request.kind}")


def padded(request):
    """Batches of captions sorted by length, padded to their longest: ids and masks; and the places of the captions."""
    captions = ragged_ids(request)
    order = sorted(range(len(captions)), key=lambda i: len(captions[i]))
    batches = []
    for start in range(0, len(order), PADDED_ROWS):
        items = order[start : start + PADDED_ROWS]
        ids = np.zeros((len(items), len(captions[items[-1]])), np.int64)
        mask = np.zeros(ids.shape, bool)
        for row, item in enumerate(items):
            ids[row, : len(captions[item])] = captions[item]
            mask[row, : len(captions[item])] = True
        batches.append((ids, mask))
    return batches, np.argsort(order)
