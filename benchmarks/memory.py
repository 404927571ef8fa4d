"""Resident memory of whole processes that paint large pictures, beside the bars they have to stay under.

    python benchmarks/memory.py [--only NAME ...] [--output benchmarks/results/memory.json]

VGG-19 has seeded random weights, which take as much memory as trained ones. One iteration at each scale reaches the
peak of all of them: memory that is freed is used again. Tiles are chosen by --memory, or by what a run takes by
default.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine, write_report
from PIL import Image
from random_network import random_vgg

from impasto.demo import PAINTINGS, read_photograph
from impasto.images.files.io import read_record
from impasto.weights.formats import write_weights

VGG = ("--backbone", "vgg19", "--objective", "gram", "--scale-count", "1")
CASES = {  # flags, and the GB that are allowed
    "default 2048": (("--size", "2048"), 4.0),
    "vgg19 2048": ((*VGG, "--size", "2048", "--memory", "3GB"), 3.0),
    "vgg19 4096": ((*VGG, "--size", "4096", "--memory", "5GB"), 5.0),
    "100 megapixels": (
        ("--backbone", "compact", "--objective", "gram", "--scale-count", "1", "--size", "10000", "--memory", "20GB"),
        20.0,
    ),
}


def paint(folder: Path, flags: tuple[str, ...]) -> dict[str, object]:
    """One process from its start to the finished file: its peak by the system's count."""
    out = folder / "out.png"
    command = [
        sys.executable,
        "-m",
        "impasto",
        "stylize",
        str(folder / "content.png"),
        str(folder / "style.png"),
        "-o",
        str(out),
    ]
    weights = ["--weights", str(folder / "vgg.safetensors")] if "vgg19" in flags else []
    began = time.perf_counter()
    process = subprocess.Popen([*command, *flags, *weights, "--iterations", "1", "--quiet"])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(flags)} ended with {os.waitstatus_to_exitcode(status)}")
    record = json.loads(read_record(out) or "{}")
    scale = 1 if sys.platform == "darwin" else 1024
    return {
        "size": record["size"],
        "tile_size": record["config"]["tile_size"],
        "peak_gb": round(usage.ru_maxrss * scale / 1e9, 2),
        "processor_s": round(usage.ru_utime + usage.ru_stime),
        "seconds": round(time.perf_counter() - began),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        read_photograph("coffee").convert("RGB").resize((512, 512), Image.Resampling.LANCZOS).save(
            folder / "content.png"
        )
        PAINTINGS["flow"].paint().save(folder / "style.png")
        write_weights(random_vgg(), folder / "vgg.safetensors")
        for case in args.only:
            flags, allowed = CASES[case]
            results[case] = {**paint(folder, flags), "allowed_gb": allowed}
            print(f"{case:13s} {results[case]}", flush=True)
            write_report({"machine": machine(), "results": results}, args.output)
    sys.exit(any(result["peak_gb"] >= result["allowed_gb"] for result in results.values()))


if __name__ == "__main__":
    main()
