"""Peak memory of whole processes beside what was estimated and what was allowed.

    python benchmarks/memory.py [--sizes 512 1024 2048 4096] [--backbones compact vgg19] [--precisions bfloat16 float32]
                                [--memory auto 3GB] [--large] [--output benchmarks/results/memory.json]

Each row is one process from its start to the finished file, with one iteration at each scale: that reaches the peak of
all of them, because memory that is freed is used again. The peak is that of resident memory, counted by the system. The
estimate is the one that `impasto estimate` gives. ``--large`` adds the cases of LARGE. Rows that are in the output
already are kept.
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
from typing import Any

import psutil
from machine import machine, write_report
from PIL import Image

import impasto
from impasto.api import make_config
from impasto.demo import PAINTINGS, read_photograph
from impasto.images.files.io import read_record
from impasto.runs.memory import COMFORT, peak_bytes
from impasto.runs.record import config_of, parse_record

GRAM = ("--objective", "gram", "--scale-count", "1")
LARGE = {
    "vgg19, gram, 4096 px": ("--backbone", "vgg19", *GRAM, "--size", "4096", "--memory", "5GB"),
    "compact, gram, 100 megapixels": ("--backbone", "compact", *GRAM, "--size", "10000", "--memory", "20GB"),
}

Row = dict[str, Any]


def cases(args: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """Flags of `impasto stylize`, by what a row is called."""
    named = {
        f"{backbone}, {precision}, {size} px, {memory}": (
            *("--backbone", backbone, "--precision", precision, "--size", str(size)),
            *(() if memory == "auto" else ("--memory", memory)),
        )
        for size in args.sizes
        for backbone in args.backbones
        for precision in args.precisions
        for memory in args.memory
    }
    return named | (LARGE if args.large else {})


def paint(content: Path, style: Path, out: Path, flags: tuple[str, ...]) -> Row:
    """One process, its peak, and the estimate for what it chose."""
    command = [sys.executable, "-m", "impasto", "stylize", str(content), str(style), "-o", str(out)]
    began = time.perf_counter()
    process = subprocess.Popen([*command, *flags, "--iterations", "1", "--quiet"], stderr=subprocess.PIPE, text=True)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        told = process.stderr.read().strip().splitlines() if process.stderr else []
        return {"exit_code": os.waitstatus_to_exitcode(status), "told": told[-1:]}
    record = parse_record(read_record(out) or "")
    config = make_config(config_of(record), None, {})
    backbone = impasto.create_backbone(config.backbone, weights=config.weights, device="cpu")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    estimate = peak_bytes(config, backbone, (record["size"][0], record["size"][1]))
    return {
        "size": record["size"],
        "tile_size": config.tile_size,
        "peak_gb": round(peak / 1e9, 2),
        "estimate_gb": round(estimate / 1e9, 2),
        "estimate_to_peak": round(estimate / peak, 2),
        "allowed_gb": round((config.memory_bytes or max(COMFORT, estimate)) / 1e9, 2),
        "processor_s": round(usage.ru_utime + usage.ru_stime),
        "seconds": round(time.perf_counter() - began),
        "load": round(psutil.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[512, 1024, 2048, 4096])
    parser.add_argument("--backbones", nargs="+", default=["compact", "vgg19"])
    parser.add_argument("--precisions", nargs="+", default=["bfloat16", "float32"])
    parser.add_argument("--memory", nargs="+", default=["auto"], help="as --memory of stylize takes it")
    parser.add_argument("--large", action="store_true", help="add the cases of LARGE")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    rows: dict[str, Row] = {}
    if args.output and args.output.exists():
        rows = json.loads(args.output.read_text())["results"]
    with tempfile.TemporaryDirectory() as name:
        content, style, out = (Path(name) / f"{role}.png" for role in ("content", "style", "out"))
        read_photograph("coffee").convert("RGB").resize((1200, 900), Image.Resampling.LANCZOS).save(content)
        PAINTINGS["flow"].paint().save(style)
        for case, flags in cases(args).items():
            if case not in rows:
                rows[case] = paint(content, style, out, flags)
                print(f"{case:40s} {rows[case]}", flush=True)
                write_report({"machine": machine(), "results": rows}, args.output)
    sys.exit(any(row.get("peak_gb", 0) > row.get("allowed_gb", 0) for row in rows.values()))


if __name__ == "__main__":
    main()
