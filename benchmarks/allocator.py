"""What keeping freed memory is worth: seconds of one evaluation with and without it, in processes that take turns.

python benchmarks/allocator.py [--size 512] [--runs 3] [--output benchmarks/results/allocator.json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from machine import machine, write_report

from impasto.api import create_backbone
from impasto.config.options import StylizeConfig
from impasto.devices import keep_freed_memory
from impasto.objective.build import build_objective
from impasto.styles import learn


def evaluate(size: int, keep: bool) -> float:
    """Median seconds of the default objective's loss and gradient, after a warm-up."""
    if keep:
        keep_freed_memory()
    generator = torch.Generator().manual_seed(0)
    content, style = (torch.rand((1, 3, size * 3 // 4, size), generator=generator) for _ in range(2))
    config = StylizeConfig(backbone="compact", neighbour_bank=1024)
    backbone = create_backbone("compact", device="cpu", precision="auto")
    objective = build_objective(content, [learn(style, config, backbone)], config, backbone)
    seconds = []
    for _ in range(9):
        began = time.perf_counter()
        objective.value_and_grad(content)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--measure", choices=("kept", "returned"), help="one measurement, in this process")
    args = parser.parse_args()
    if args.measure:
        print(evaluate(args.size, args.measure == "kept"))
        return
    seconds: dict[str, list[float]] = {"kept": [], "returned": []}
    for _ in range(args.runs):
        for name, values in seconds.items():
            command = [sys.executable, __file__, "--size", str(args.size), "--measure", name]
            values.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    ratio = statistics.median(k / r for k, r in zip(seconds["kept"], seconds["returned"], strict=True))
    report = {"size": args.size, "seconds": seconds, "kept_over_returned": round(ratio, 3), "machine": machine()}
    print(json.dumps({k: v for k, v in report.items() if k != "machine"}))
    write_report(report, args.output)


if __name__ == "__main__":
    main()
