"""Seconds until Impasto reaches the losses of the plain loop: L-BFGS, 500 iterations, one scale.

    python benchmarks/time_to_loss.py [--networks compact vgg19] [--size 256] [--output
    benchmarks/results/time_to_loss.json]

Both start from the same photograph and minimise the same loss of the same two pictures. Every loss here is the plain
loop's own, in float32, of the picture as it would be saved but for the rounding; the seconds that this judge takes do
not count. All are seconds of the processor, on one thread. What Impasto does is in `OWN`: coarse to fine, in bfloat16.
Goals are the lowest loss that the plain loop has reached in so many iterations; its loss jumps now and then, and
whoever runs it would keep the best.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil
import torch
from iteration import POOLING, SAME_LOSS, network_weights
from machine import machine, write_report
from plain_loop import PlainLoop
from torch import Tensor

import impasto
from impasto.demo import PAINTINGS, read_photograph
from impasto.images.resample import resize
from impasto.weights.formats import write_weights

OWN: dict[str, Any] = {
    "optimizer": "lbfgs",
    "variable": "pixels",
    "clamp": True,
    "recolor": False,
    "precision": "bfloat16",
    "scale_count": 3,
    "iterations": (100, 100, 400),
}
GOALS = (50, 100, 200, 300, 500)  # iterations of the plain loop
EVERY = 5  # iterations between two judgements, at the last scale

Trace = list[tuple[float, float]]  # seconds, and the loss that is reached then


def pictures(size: int) -> tuple[Tensor, Tensor]:
    """A photograph and a painting of one size, ``(1, 3, size * 3 / 4, size)``."""
    found = []
    for image in (read_photograph("coffee"), PAINTINGS["flow"].paint()):
        pixels = torch.from_numpy(np.asarray(image.convert("RGB"), dtype=np.float32) / 255).permute(2, 0, 1)[None]
        found.append(resize(pixels, (size * 3 // 4, size), "lanczos").clamp(0, 1))
    return found[0], found[1]


def plain(loop: PlainLoop, content: Tensor, iterations: int) -> Trace:
    """After each iteration."""
    began = time.process_time()
    losses = itertools.islice(loop.iterate(content), iterations)
    return [(time.process_time() - began, loss) for loss, _ in losses]


def own(loop: PlainLoop, content: Tensor, style: Tensor, config: impasto.StylizeConfig) -> Trace:
    """The same where it is judged, at the last scale; the network is loaded before."""
    run = impasto.iterate(content, style, config=config)
    began, judged, trace = time.process_time(), 0.0, []
    for progress in run:
        pause = time.process_time()
        if progress.scale == progress.scales and progress.iteration % EVERY == 0:
            with torch.no_grad():
                trace.append((pause - began - judged, loop.loss(progress.preview()).item()))
        judged += time.process_time() - pause
    return trace


def reached(trace: Trace, goal: float) -> float | None:
    """Seconds until the goal; None where it is not reached."""
    return next((seconds for seconds, loss in trace if loss <= goal), None)


def compare(network: str, size: int, iterations: int) -> dict[str, Any]:
    weights = network_weights(network)
    content, style = pictures(size)
    loop = PlainLoop(weights, content, style, POOLING)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "weights.safetensors"
        write_weights(weights, file)
        given = {"backbone": network, "weights": str(file), "size": size, "device": "cpu"}
        ours = own(loop, content, style, impasto.StylizeConfig(**SAME_LOSS, **OWN, **given))
    theirs = plain(loop, content, iterations)
    return {
        "goals": [row(theirs, ours, k) for k in GOALS if k <= iterations],
        "last": {"seconds": ours[-1][0], "loss": ours[-1][1]},
    }


def row(theirs: Trace, ours: Trace, iterations: int) -> dict[str, float | None]:
    seconds, goal = theirs[iterations - 1][0], min(loss for _, loss in theirs[:iterations])
    found = reached(ours, goal)
    share = None if found is None else found / seconds
    return {"iterations": iterations, "loss": goal, "plain_seconds": seconds, "seconds": found, "share": share}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=["compact", "vgg19"])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--iterations", type=int, default=500)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = {}
    for network in args.networks:
        rows[network] = compare(network, args.size, args.iterations)
        print(network, rows[network], flush=True)
    head = {"size": args.size, "iterations": args.iterations, "own": OWN}
    report = {**head, "threads": torch.get_num_threads(), "load": psutil.getloadavg()[0], "machine": machine()}
    write_report({**report, "results": rows}, args.output)


if __name__ == "__main__":
    main()
