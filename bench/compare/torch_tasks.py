"""The work of each kind as a module and its inputs: what PyTorch runs, and what is exported for ONNX Runtime and OpenVINO."""
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from hashed import token_ids, values, weight
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "gpu"))
from towers import Llama, Vit, cosines, fill, join, repeated, split  # noqa: E402

LLAMA3 = (32, 1, 4, 8192)
LOGIT_SCALE = 1 / 0.07
CAPTION_SCALE = 50


def tensor(array):
    return torch.from_numpy(array)


def hashed(name, *shape):
    return tensor(weight(name, *shape))


def rounded(name, *shape):
    """As a file of bf16 has it."""
    return hashed(name, *shape).bfloat16().float()


class Product(nn.Module):
    """NT: by a weight that never changes; NN and TN: of two inputs, as in gradients of inputs and of weights."""

    def __init__(self, form, n, k):
        super().__init__()
        self.form = form
        if form == "NT":
            self.weight = nn.Parameter(hashed("b", n, k), requires_grad=False)

    def forward(self, a, b=None):
        if self.form == "NT":
            return F.linear(a, self.weight)
        return a @ b if self.form == "NN" else a.t() @ b


class Attention(nn.Module):
    def __init__(self, heads):
        super().__init__()
        self.heads = heads

    def forward(self, q, k, v):
        return join(repeated(*(split(x, self.heads) for x in (q, k, v))))


class Images(nn.Module):
    def __init__(self, vit):
        super().__init__()
        self.vit = vit

    def forward(self, pixels):
        return self.vit(pixels, repeated)


class Captions(nn.Module):
    def __init__(self, llama):
        super().__init__()
        self.llama = llama

    def forward(self, ids, mask=None):
        return self.llama(ids, repeated, mask)


class Ranking(nn.Module):
    """Exact retrieval both ways, a caption for each image: recall of captions that search images, then of images that search captions."""

    QUERIES = 1024

    def forward(self, images, captions):
        images, captions = F.normalize(images, dim=1), F.normalize(captions, dim=1)
        own = (images * captions).sum(1)
        by_image, by_caption = [], torch.zeros(len(images), dtype=torch.int64)
        for first in range(0, len(images), self.QUERIES):
            scores = images[first : first + self.QUERIES] @ captions.t()
            # What is compared with itself may be another sum.
            scores.diagonal(first).fill_(-1)
            by_image.append((scores > own[first : first + self.QUERIES, None]).sum(1))
            by_caption = by_caption + (scores > own).sum(0)
        return torch.stack([(ranks < k).float().mean() for ranks in (by_caption, torch.cat(by_image)) for k in (1, 5, 10)])


def vit(request):
    model = Vit(*request.ints("model"))
    if "file" not in request.settings:
        return fill(model, hashed)
    from safetensors.torch import load_file

    model.load_state_dict(load_file(request["file"]), assign=True)
    return model.requires_grad_(False)


def llama(request):
    *sizes, theta, scaled = request.ints("model")
    return fill(Llama(*sizes, float(theta), LLAMA3 if scaled else None), rounded if request.get("stored") == "bf16" else hashed)


def module(request):
    if request.kind == "product":
        return Product(request["form"], request.int("n"), request.int("k"))
    if request.kind == "attention":
        return Attention(request.int("heads"))
    if request.kind == "ranking":
        return Ranking()
    if request.kind == "images":
        return Images(vit(request))
    if request.kind in ("captions", "ragged"):
        return Captions(llama(request))
    raise ValueError(f"no module of {request.kind}")


def image_parts(request):
    """Stage 2 without its adapter: the tower, its input, and a loss of its vectors against fixed text vectors."""
    model, batch = vit(request), request.int("batch")
    pixels = tensor(values("pixels", batch, 3, model.size, model.size))
    texts = tensor(values("texts", batch, model.visual_projection.out_features))
    targets = torch.arange(batch)

    def loss(vectors):
        logits = cosines(vectors, texts) * LOGIT_SCALE
        return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.t(), targets)) / 2

    return model, pixels, loss


def image_loss(request):
    """Returns what is trained and the loss."""
    model, pixels, loss = image_parts(request)
    return list(model.parameters()), lambda: loss(model(pixels, repeated))


def caption_loss(request):
    """Stage 1: low-rank updates of all linear layers, and a loss of pairs of captions."""
    model, captions, tokens = llama(request), request.int("captions"), request.int("tokens")
    trained = model.attach_lora(16, 32, hashed)
    ids = tensor(token_ids(captions * tokens, model.vocabulary).reshape(captions, tokens))
    pairs = torch.arange(captions // 2)

    def loss():
        vectors = model(ids, repeated)
        return F.cross_entropy(cosines(vectors[: captions // 2], vectors[captions // 2 :]) * CAPTION_SCALE, pairs)

    return trained, loss
