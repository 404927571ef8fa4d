"""How near painting is to what the processor can do: to its matrix product, to its convolutions, and on two threads.

    python benchmarks/limits.py [--sizes 512 1024] [--threads 1 2] [--runs 3] [--output benchmarks/results/limits.json]

Two tables. One forward and backward pass of VGG-19 up to relu5_1, in each number format, beside the time that its
multiplications would take at the speed of the best of twenty products of two 2048 x 2048 matrices. And a picture of the
default at standard effort, 512 px, contents of 4 : 3 and of 3 : 2, beside the time of its own convolutions by PyTorch's
profiler; a picture is painted once before the clock starts. Medians; everything in one process, in turn.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import torch
from machine import machine, write_report
from torch.profiler import ProfilerActivity, profile

import impasto
from impasto.api import create_backbone
from impasto.demo import PAINTINGS, read_photograph
from impasto.devices import keep_freed_memory

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONVOLUTIONS = ("aten::mkldnn_convolution", "aten::convolution_backward", "aten::slow_conv2d_forward")
SIZE, SHAPES = 512, {"4 : 3": (512, 384), "3 : 2": (512, 341)}


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def product_flops(dtype: torch.dtype, side: int = 2048) -> float:
    """Operations a second of the best of twenty products."""
    one, two = torch.randn(2, side, side).to(dtype)
    return 2 * side**3 / min(seconds(lambda: one @ two) for _ in range(20))


def evaluation(size: int, precision: str, runs: int) -> dict[str, float]:
    """Forward and backward through the network, to the picture."""
    network = create_backbone("vgg19", device="cpu", precision=precision)
    height, width = size * 3 // 4, size
    work = 0.0
    for name, convolution in network.convolutions.items():  # type: ignore[attr-defined]
        stride = 2 ** (int(name[4]) - 1)
        channels = 3 if name == "conv1_1" else convolution.in_channels
        work += 2 * 2 * 9 * (height // stride) * (width // stride) * channels * convolution.out_channels
        if name == "conv5_1":
            break
    picture = torch.rand(1, 3, height, width)

    def once() -> None:
        leaf = picture.clone().requires_grad_()
        found = list(network(leaf, LAYERS).values())
        torch.autograd.grad(found, leaf, [torch.ones_like(features) for features in found])

    once()
    speed = product_flops(getattr(torch, precision))
    spent = statistics.median(seconds(once) for _ in range(runs))
    return {
        "seconds": round(spent, 3),
        "limit_s": round(work / speed, 3),
        "ratio": round(spent * speed / work, 2),
        "product_gflops": round(speed / 1e9),
    }


def painting(shape: tuple[int, int], runs: int) -> dict[str, float]:
    """A whole picture, and the convolutions in it."""
    content = read_photograph("coffee").convert("RGB").resize(shape)
    style, stylizer = PAINTINGS["flow"].paint(), impasto.Stylizer(backbone="vgg19", size=SIZE)

    def once() -> None:
        stylizer.stylize(content, style)

    once()
    spent = statistics.median(seconds(once) for _ in range(runs))
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        once()
    convolving = sum(row.self_cpu_time_total for row in seen.key_averages() if row.key in CONVOLUTIONS) / 1e6
    return {
        "seconds": round(spent, 2),
        "convolutions_s": round(convolving, 2),
        "ratio": round(spent / convolving, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 1024])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    keep_freed_memory()
    rows: dict[str, dict[str, Any]] = {}
    for threads in args.threads:
        torch.set_num_threads(threads)
        for precision in ("bfloat16", "float32"):
            for size in args.sizes:
                rows[f"evaluation, {precision}, {size} px, {threads} threads"] = evaluation(size, precision, args.runs)
        for shape, sides in SHAPES.items():
            rows[f"picture, {shape}, {threads} threads"] = painting(sides, args.runs)
        for name, row in rows.items():
            if "load" not in row:
                row["load"] = round(psutil.getloadavg()[0], 1)
                print(f"{name:42s} {row}", flush=True)
        write_report({"machine": machine(), "runs": args.runs, "results": rows}, args.output)


if __name__ == "__main__":
    main()
