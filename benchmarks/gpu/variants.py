"""What an evaluation of the default objective takes with settings that are not on: seconds, and how far the gradient
moves. Nothing is turned on that has not been measured here."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from impasto.backbones import VGG
from impasto.matching import regrid
from impasto.objective.objective import Objective

from .common import Scene, weights
from .parts import Setup, exact, synchronized

FORMATS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
TIMES = 10


def variants(setup: Setup) -> None:
    """Number formats, and of the ones that multiply on special units each setting alone."""
    given = weights(setup.tiny)
    for size in (32,) if setup.tiny else (512, 1024):
        scene = Scene(given, size, {})
        for name, make in _variants(scene, setup.device).items():
            if setup.left > 0:
                _usual()
                setup.attempt(f"{name}, {size} px", lambda make=make, at=scene: _measured(make, at, setup.device))
    _usual()


def _usual() -> None:
    exact()
    torch.backends.cudnn.benchmark = False


Evaluate = Callable[[], Tensor]


def _variants(scene: Scene, device: str) -> dict[str, Callable[[], Evaluate]]:
    def plain(dtype: torch.dtype, prepare: Callable[[Objective], None] = lambda objective: None) -> Evaluate:
        objective, canvas = scene.at(device, dtype), scene.canvas.to(device)
        prepare(objective)
        return lambda: objective.value_and_grad(canvas)[1]

    found = {name: lambda dtype=dtype: plain(dtype) for name, dtype in FORMATS.items()}
    found["TF32"] = lambda: plain(torch.float32, _tf32)
    found["bfloat16, channels last"] = lambda: plain(torch.bfloat16, _channels_last)
    found["bfloat16, the fastest of cuDNN"] = lambda: plain(torch.bfloat16, _benchmark)
    if device == "cuda":
        found["bfloat16, one graph"] = lambda: _graph(scene.at(device, torch.bfloat16), scene.canvas.to(device))
    return found


def _tf32(objective: Objective) -> None:
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True


def _benchmark(objective: Objective) -> None:
    torch.backends.cudnn.benchmark = True


def _channels_last(objective: Objective) -> None:
    """As the network is laid out on a processor."""
    network = objective.backbone
    assert isinstance(network, VGG)
    for layer in network.convolutions.values():
        assert isinstance(layer, nn.Conv2d)
        layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
    enter = network._enter
    network.__dict__["_enter"] = lambda image: enter(image).contiguous(memory_format=torch.channels_last)


def _graph(objective: Objective, canvas: Tensor) -> Evaluate:
    """Loss and gradient as one graph that is replayed, without the wait for the loss.

    A graph takes nothing from the processor, so what interpolates between grids lies on the device before.
    """
    leaf = canvas.clone().requires_grad_()
    made = regrid._interpolation
    placed = functools.lru_cache(lambda *sizes, **wraps: made(*sizes, **wraps).to(canvas.device))
    regrid._interpolation = placed  # type: ignore[assignment]  # in this process, which ends with its part

    def evaluate() -> Tensor:
        return torch.autograd.grad(objective.value(leaf)[0], leaf)[0]

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            evaluate()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        gradient = evaluate()

    def replay() -> Tensor:
        graph.replay()
        return gradient

    return replay


def _measured(make: Callable[[], Evaluate], scene: Scene, device: str) -> dict[str, Any]:
    evaluate = make()
    for _ in range(3):
        evaluate()
    spent, gradient = [], torch.zeros(())
    for _ in range(TIMES):
        began = synchronized(device)
        gradient = evaluate()
        spent.append(synchronized(device) - began)
    true = scene.reference.value_and_grad(scene.canvas)[1]
    off = ((gradient.cpu() - true).norm() / true.norm()).item()
    return {"median_ms": 1e3 * statistics.median(spent), "least_ms": 1e3 * min(spent), "gradient off": off}
