"""Are losses, gradients and pictures of the device those of the processor?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

import impasto
from impasto.losses import sums

from .common import TINY, Scene, shapes, weights
from .parts import Setup, exact

FLOAT32 = 1e-4  # of a loss, and of the norm of its gradient
BEYOND = 1.5  # times what a short format is off on the processor, which sums in another order
OBJECTIVES: dict[str, dict[str, Any]] = {
    "default": {},
    "gram": {"objective": "gram"},
    "wasserstein": {"objective": "wasserstein"},
    "meanstd": {"objective": "meanstd", "tv_weight": 1e-4},
    "layers": {"objective": "neighbours", "neighbour_match": "layers"},
    "wrapped": {"wrap": "xy"},
}


def losses(setup: Setup) -> None:
    """Loss and gradient at one canvas: whole and in tiles, in every number format, beside the processor's float32."""
    exact()
    given, size = weights(setup.tiny), 64 if setup.tiny else 256  # three quarters of it are multiples of 16 as well
    for name, options in OBJECTIVES.items():
        if setup.left > 0:
            setup.attempt(name, lambda options=options: _compared(Scene(given, size, options), setup.device))


def _compared(scene: Scene, device: str) -> dict[str, Any]:
    report, gradient = scene.reference.value_and_grad(scene.canvas)

    def off(where: str, dtype: torch.dtype, tile_size: int = 0) -> dict[str, float]:
        there = scene.at(where, dtype).in_tiles(tile_size)
        total, slope = there.value_and_grad(scene.canvas.to(where))
        return {
            "loss": abs(total.total / report.total - 1),
            "gradient": ((slope.cpu() - gradient).norm() / gradient.norm()).item(),
        }

    rows = {"float32": off(device, torch.float32)}
    if scene.reference.tileable:
        rows["float32 in tiles"] = off(device, torch.float32, scene.canvas.shape[3] // 2)
    fine = [max(row.values()) <= FLOAT32 for row in rows.values()]
    for name, dtype in {"bfloat16": torch.bfloat16, "float16": torch.float16}.items():
        row, usual = off(device, dtype), off("cpu", dtype)
        rows |= {name: row, f"{name} of the processor": usual}
        fine.append(all(row[key] <= BEYOND * usual[key] + FLOAT32 for key in row))
    return {**rows, "within": all(fine)}


def products(setup: Setup) -> None:
    """How exact a Gram matrix of many positions is in bfloat16, with PyTorch's short sums and without."""
    side, generator = 64 if setup.tiny else 1024, torch.Generator().manual_seed(0)
    features = torch.rand(1, 64, side, side, generator=generator).bfloat16()
    true = sums(features.double()).second
    for short in (True, False):
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = short
        found = sums(features.to(setup.device)).second.cpu().double()
        error = ((found - true).norm() / true.norm()).item()
        setup.tell(f"short sums {'allowed' if short else 'forbidden'}", {"error of a Gram matrix": error})


def pictures(setup: Setup) -> None:
    """Short runs on both, in units of 1/255, beside what the processor's own picture moves by: in float32 when the
    content changes by 1e-6, in bfloat16 when the format does."""
    exact()
    size = 40 if setup.tiny else 192
    for name, options in {"gram": {"objective": "gram"}, "default": {}}.items():
        if setup.left > 0:
            setup.attempt(name, lambda options=options: _painted(setup, size, options))


def _painted(setup: Setup, size: int, options: dict[str, Any]) -> dict[str, Any]:
    short = {"iterations": (10,), "scale_count": 2, "size": size, **(TINY if setup.tiny else {}), **options}
    content, style = shapes(size * 3 // 4, size, 1), shapes(size * 3 // 4, size, 2)

    def paint(device: str, precision: str, shift: float = 0.0) -> Tensor:
        given = (content + shift).clamp(0, 1)
        return impasto.stylize(given, style, device=device, precision=precision, **short).pixels

    plain = paint("cpu", "float32")
    apart = {
        "float32": _apart(plain, paint(setup.device, "float32")),
        "processor, content 1e-6 off": _apart(plain, paint("cpu", "float32", 1e-6)),
        "bfloat16": _apart(plain, paint(setup.device, "bfloat16")),
        "processor, bfloat16": _apart(plain, paint("cpu", "bfloat16")),
    }
    float32 = apart["float32"] <= max(255 * FLOAT32, BEYOND * apart["processor, content 1e-6 off"])
    return {**apart, "within": float32 and apart["bfloat16"] <= BEYOND * apart["processor, bfloat16"] + 0.5}


def _apart(one: Tensor, two: Tensor) -> float:
    """Root of the mean square, in 1/255."""
    return 255 * (one - two).square().mean().sqrt().item()
