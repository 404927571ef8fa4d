"""Seconds, GFLOP/s and memory of one iteration beside the plain loop's, each measured in a process of its own, in turn.

    python benchmarks/iteration.py [--sizes 256 512 1024] [--runs 3] [--threads 1] [--output
    benchmarks/results/iteration.json]

Both minimise the same loss by L-BFGS from the same canvas: five Gram matrices and one content layer, on the embedded
network and on a VGG-19 of seeded random numbers, in pictures of SIZE x SIZE * 3 / 4 px. GFLOP are those of the
convolutions, forward and back to the picture, and of two products for each Gram matrix; peaks are the best of twenty
products of two 2048 x 2048 matrices before each measurement, and of all processes of a row. On one thread, seconds are
those of the processor, which other work on the machine disturbs less. The plain loop is not tried above LARGEST px.
Rows that are in the output already are kept.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import torch
from evaluation_cost import peak_bytes
from machine import machine, write_report
from plain_loop import CONTENT_LAYER, CONTENT_WEIGHT, STYLE_LAYERS, STYLE_WEIGHT, PlainLoop
from precision import picture
from random_network import random_vgg

from impasto.backbones import VGG
from impasto.config.options import StylizeConfig
from impasto.devices import NUMBER_FORMATS, choose_precision, keep_freed_memory
from impasto.objective.build import build_objective
from impasto.optim import create_solver
from impasto.styles import learn
from impasto.weights.formats import read_weights
from impasto.weights.manifest import find_record
from impasto.weights.network import NetworkWeights

POOLING, PADDING = "avg", "zeros"
SAME_LOSS: dict[str, Any] = {
    "objective": "gram",
    "style_layers": [name.replace("conv", "relu") for name in STYLE_LAYERS],
    "style_weight": STYLE_WEIGHT * len(STYLE_LAYERS),  # of the mean over layers, where the plain loop has the sum
    "gram_normalization": "elements",
    "style_distance": "mean",
    "meanstd_weight": 0.0,
    "content_layers": [CONTENT_LAYER.replace("conv", "relu")],
    "content_weight": CONTENT_WEIGHT,
    "content_loss": "mean",
    "pooling": POOLING,
    "padding": PADDING,
}
CPU = torch.device("cpu")
FORMATS = ("bfloat16", "float32")


def network_weights(name: str) -> NetworkWeights:
    return random_vgg() if name == "vgg19" else read_weights(find_record("compact").packaged or "")


def plain_step(weights: NetworkWeights, size: int) -> Callable[[], object]:
    content, style = (picture(size * 3 // 4, size, seed) for seed in (1, 2))
    iterator = PlainLoop(weights, content, style, POOLING).iterate(content)
    return lambda: next(iterator)


def own_step(weights: NetworkWeights, size: int) -> Callable[[], object]:
    keep_freed_memory()
    canvas, style = (picture(size * 3 // 4, size, seed) for seed in (1, 2))
    config = StylizeConfig(optimizer="lbfgs", variable="pixels", clamp=True, **SAME_LOSS)
    network = VGG(weights, pooling=POOLING, padding=PADDING, dtype=NUMBER_FORMATS[choose_precision("auto", CPU)])
    objective, solver = build_objective(canvas, [learn(style, config, network)], config, network), create_solver(config)
    state = solver.init(canvas)

    def step() -> None:
        nonlocal canvas, state
        canvas, state, _ = solver.step(objective.value_and_grad, canvas, state)

    return step


STEPS = {"impasto": own_step, "plain": plain_step}


def gflop(weights: NetworkWeights, size: int) -> float:
    """Of one evaluation and its gradient."""
    total = 0.0
    for name, (kernels, _) in weights.convolutions.items():
        stride = 2 ** (int(name[4]) - 1)
        cells = (size * 3 // 4 // stride) * (size // stride)
        total += 2 * 2 * cells * kernels.numel()
        total += 2 * 2 * cells * kernels.shape[0] ** 2 if name in STYLE_LAYERS else 0
        if name == STYLE_LAYERS[-1]:
            break
    return total / 1e9


def clocked(step: Callable[[], object]) -> float:
    """Seconds that a step takes."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    began = clock()
    step()
    return clock() - began


def peak_gflops(dtype: torch.dtype, side: int = 2048) -> float:
    """The best of several products."""
    matrix = torch.randn(side, side).to(dtype)
    return 2 * side**3 / min(clocked(lambda: matrix @ matrix) for _ in range(20)) / 1e9


def measure(kind: str, network: str, size: int, seconds: float, threads: int) -> dict[str, float]:
    """In this process: the median over as many iterations as fit into ``seconds``, two at least, after a warm-up."""
    torch.set_num_threads(threads)
    weights = network_weights(network)
    peaks = {f"{name}_peak_gflops": peak_gflops(getattr(torch, name)) for name in FORMATS}
    before = psutil.Process().memory_info().rss
    step, times = STEPS[kind](weights, size), []
    step()
    while len(times) < 2 or (sum(times) < seconds and len(times) < 20):
        times.append(clocked(step))
    found, work = statistics.median(times), gflop(weights, size)
    pixels = size * (size * 3 // 4)
    return {"seconds": found, "gflops": work / found, "bytes_per_pixel": (peak_bytes() - before) / pixels, **peaks}


def in_its_own_process(*arguments: object) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", *map(str, arguments)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def compare(network: str, size: int, kinds: Sequence[str], args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Medians over the runs of both, which take turns, and what they say of each other."""
    turns = [
        {kind: in_its_own_process(kind, network, size, args.seconds, args.threads) for kind in kinds}
        for _ in range(args.runs)
    ]
    row = {
        kind: {key: statistics.median(turn[kind][key] for turn in turns) for key in turns[0][kind]} for kind in kinds
    }
    for name in FORMATS:
        key = f"{name}_peak_gflops"
        peak = max(turn[kind][key] for turn in turns for kind in kinds)
        for found in row.values():
            found |= {key: peak, f"of_{name}_peak": found["gflops"] / peak}
    if len(kinds) == 1:
        return row
    faster = [turn["plain"]["seconds"] / turn["impasto"]["seconds"] for turn in turns]
    row["times_faster"] = {"median": statistics.median(faster), "min": min(faster), "max": max(faster)}
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--networks", nargs="+", default=["compact", "vgg19"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--largest", type=int, default=1024, help="for the plain loop")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement, about")
    parser.add_argument("--output", type=Path)
    parser.add_argument(
        "--measure", nargs=5, metavar=("KIND", "NETWORK", "SIZE", "SECONDS", "THREADS"), help="one, in this process"
    )
    args = parser.parse_args()
    if args.measure:
        kind, network, size, seconds, threads = args.measure
        print(json.dumps(measure(kind, network, int(size), float(seconds), int(threads))))
        return
    rows: dict[str, dict[str, Any]] = {}
    if args.output and args.output.exists():
        rows = json.loads(args.output.read_text())["results"]
    for network in args.networks:
        for size in args.sizes:
            kinds = tuple(STEPS) if size <= args.largest else ("impasto",)
            head = {"network": network, "size": size, "threads": args.threads, "runs": args.runs}
            row = {**head, **compare(network, size, kinds, args), "load": psutil.getloadavg()[0]}
            print(row, flush=True)
            rows[f"{network}, {size} px, {args.threads} threads"] = row
            write_report({"machine": machine(), "results": rows}, args.output)


if __name__ == "__main__":
    main()
