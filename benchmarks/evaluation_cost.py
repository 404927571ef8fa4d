"""Milliseconds and peak memory of one forward and backward through the network, in this process alone: prints JSON.

python benchmarks/evaluation_cost.py [--weights FILE] [--size 512] [--precision float32] [--runs 9]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import psutil
import torch

from impasto.api import create_backbone
from impasto.backbones import Backbone
from impasto.config.options import StylizeConfig
from impasto.devices import keep_freed_memory

WARM_UP = 3


def style_layers(network: Backbone) -> list[str]:
    """The layers whose statistics the default objective compares, without the picture itself."""
    return [
        name for name in StylizeConfig().resolve().style_layers or () if name in network.layers and name != "pixels"
    ]


def peak_bytes() -> int:
    """Memory of this process at its highest. Linux keeps in `getrusage` what the process that started this one had."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    memory = psutil.Process().memory_info()
    if hasattr(memory, "peak_wset"):
        return int(memory.peak_wset)
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def evaluate(network: Backbone, picture: torch.Tensor, layers: list[str]) -> tuple[float, float]:
    """Milliseconds from a picture to the gradient of its features' mean squares: passed, and spent by all cores
    together."""
    began, spent = time.perf_counter(), time.process_time()
    image = picture.clone().requires_grad_()
    torch.stack([features.float().square().mean() for features in network(image, layers).values()]).sum().backward()
    return 1e3 * (time.perf_counter() - began), 1e3 * (time.process_time() - spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--runs", type=int, default=9)
    args = parser.parse_args()
    keep_freed_memory()
    network = create_backbone("compact", weights=args.weights, device="cpu", precision=args.precision)
    picture = torch.rand((1, 3, args.size, args.size), generator=torch.Generator().manual_seed(0))
    layers, before = style_layers(network), psutil.Process().memory_info().rss
    passed, spent = zip(
        *[evaluate(network, picture, layers) for _ in range(WARM_UP + args.runs)][WARM_UP:], strict=True
    )
    print(
        json.dumps(
            {
                "median_ms": statistics.median(passed),
                "min_ms": min(passed),
                "max_ms": max(passed),
                "processor_ms": statistics.median(spent),
                "before_mib": round(before / 2**20),
                "peak_mib": round(peak_bytes() / 2**20),
                "threads": torch.get_num_threads(),
            }
        )
    )


if __name__ == "__main__":
    main()
