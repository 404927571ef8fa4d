"""What a style file saves: seconds to know a style at every scale of a run, from the painting and from its file.

    python benchmarks/style_files.py [--size 512] [--runs 3] [--output benchmarks/results/style_files.json]

Seconds are of the processor, on one thread, so that they do not depend on what else the machine does. Reading, decoding
and hashing are part of both; painting is not. The difference of the pictures is over all values, in 1/255.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from speed import machine

import impasto
from impasto.demo import PAINTINGS, read_photograph
from impasto.styles import KeptStyle, read_style

OBJECTIVES = ("gram", "blend")


class Timed(KeptStyle):
    """Counts the seconds that are spent on knowing the style."""

    def __init__(self, source: Path) -> None:
        began = time.process_time()
        super().__init__(read_style(source))
        self.seconds = time.process_time() - began

    def at(self, *asked: Any) -> Any:
        began = time.process_time()
        known = super().at(*asked)
        self.seconds += time.process_time() - began
        return known


def paint(source: Path, content: Any, stylizer: impasto.Stylizer) -> tuple[float, torch.Tensor]:
    style = Timed(source)
    result = stylizer.stylize(content, style)
    return style.seconds, result.pixels


def compare(folder: Path, objective: str, size: int, runs: int) -> dict[str, float]:
    stylizer = impasto.Stylizer(backbone="compact", objective=objective, size=size, iterations=1, device="cpu")
    file, content = folder / f"{objective}.style", read_photograph("coffee")
    sizes = tuple(sorted({64, 128, 256, size}))
    impasto.learn_style(
        folder / "painting.png", objective=objective, sizes=sizes, backbone="compact", device="cpu"
    ).save(file)
    pairs = [[paint(source, content, stylizer) for source in (folder / "painting.png", file)] for _ in range(runs + 1)][
        1:
    ]
    picture, learnt = (statistics.median(run[k][0] for run in pairs) for k in (0, 1))
    return {
        "painting_s": round(picture, 3),
        "file_s": round(learnt, 3),
        "times_faster": round(picture / learnt, 1),
        "file_mib": round(file.stat().st_size / 2**20, 1),
        "difference": round(255 * (pairs[0][0][1] - pairs[0][1][1]).abs().mean().item(), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        PAINTINGS["flow"].paint().save(Path(name) / "painting.png")
        results = {objective: compare(Path(name), objective, args.size, args.runs) for objective in OBJECTIVES}
    print(json.dumps(results, indent=1))
    report = {"size": args.size, "runs": args.runs, "machine": machine(), "results": results}
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
