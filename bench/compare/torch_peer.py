"""PyTorch, eager and compiled."""
import os

from protocol import requested_precision, serve, threads

os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch_tasks  # noqa: E402
from hashed import values  # noqa: E402
from inputs import inputs, padded  # noqa: E402

torch.set_num_threads(threads())
# Modules by what they are made of, so that eager and compiled share their weights.
modules = {}


def compiled(function, inference):
    if not inference:
        return torch.compile(function)
    import torch._inductor.config as config

    # Weights become constants in the layout that the matmuls like best.
    config.freezing = True
    return torch.compile(function)


def precision(request):
    return {"f32": torch.float32, "bf16": torch.bfloat16}[requested_precision(request)]


def shared(request, dtype):
    key = (request.kind, str(dtype), *sorted((k, v) for k, v in request.settings.items() if k not in ("mode", "precision")))
    if key not in modules:
        modules[key] = torch_tasks.module(request).to(dtype)
    return modules[key]


def inference(request):
    dtype = precision(request)
    module = shared(request, dtype)
    if request["mode"] == "compiled":
        module = compiled(module, True)
    if request.kind == "ragged":
        batches, places = padded(request)
        batches = [(torch.from_numpy(ids), torch.from_numpy(mask)) for ids, mask in batches]

        @torch.no_grad()
        def run():
            return torch.cat([module(ids, mask) for ids, mask in batches]).float().numpy()[places]

        return run
    arrays = [torch.from_numpy(a) for a in inputs(request)]
    arrays = [a.to(dtype) if a.is_floating_point() else a for a in arrays]

    @torch.no_grad()
    def run():
        return module(*arrays).float().numpy()

    return run


def attention_gradient(request):
    module = torch_tasks.module(request)
    if request["mode"] == "compiled":
        module = compiled(module, False)
    q, k, v = (torch.from_numpy(a).requires_grad_() for a in inputs(request))
    seed = torch.from_numpy(values("g", *q.shape))

    def run():
        return np.stack([g.numpy() for g in torch.autograd.grad(module(q, k, v), (q, k, v), seed)])

    return run


class Step:
    """A step of training; what is compared are losses, of which later ones depend on the updates."""

    COMPARED = 2

    def __init__(self, request):
        self.bf16 = precision(request) is torch.bfloat16
        trained = self.work(request, request["mode"] == "compiled")
        for parameter in trained:
            parameter.requires_grad_(True)
        self.optimizer = torch.optim.AdamW(trained, lr=float(request["rate"]), weight_decay=0, fused=True)

    def work(self, request, compile):
        make = torch_tasks.image_loss if request.kind == "image-step" else torch_tasks.caption_loss
        trained, loss = make(request)
        self.loss = compiled(loss, False) if compile else loss
        return trained

    def autocast(self):
        return torch.autocast("cpu", torch.bfloat16, enabled=self.bf16)

    def backward(self):
        with self.autocast():
            value = self.loss()
        value.backward()
        return value

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=True)
        value = self.backward()
        self.optimizer.step()
        return value.item()

    def output(self):
        return np.array([self() for _ in range(self.COMPARED)], np.float32)


class CachedStep(Step):
    """By gradient caching: a chunk of images at a time, embedded once for the loss of all, and again to go back from its gradients."""

    def work(self, request, compile):
        model, pixels, self.loss = torch_tasks.image_parts(request)
        self.chunk = request.int("chunk")
        self.chunks = pixels.split(self.chunk)
        embed = lambda some: model(some, torch_tasks.repeated)  # noqa: E731
        self.embed = compiled(embed, False) if compile else embed
        return list(model.parameters())

    def backward(self):
        with torch.no_grad(), self.autocast():
            vectors = torch.cat([self.embed(some) for some in self.chunks]).float()
        vectors.requires_grad_(True)
        value = self.loss(vectors)
        value.backward()
        for some, gradients in zip(self.chunks, vectors.grad.split(self.chunk)):
            with self.autocast():
                embedded = self.embed(some)
            embedded.backward(gradients.to(embedded.dtype))
        return value


def prepare(request):
    if request.kind in ("image-step", "caption-step"):
        return CachedStep(request) if "chunk" in request.settings else Step(request)
    if request.kind == "attention" and request["gradient"] == "1":
        return attention_gradient(request)
    return inference(request)


serve(prepare)
