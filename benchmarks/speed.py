"""Seconds for a finished picture, process start included, and peak memory: what a user waits for.

    python benchmarks/speed.py [--size 512] [--runs 3] [--output benchmarks/results/speed.json] [-- FLAGS OF STYLIZE]

Each objective is run once for warm-up and then RUNS times, in turn, so that a drift of the machine's speed meets all
alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine, write_report

from impasto.demo import PAINTINGS, read_photograph
from impasto.images.files.io import read_record

OBJECTIVES = ("blend", "neighbours", "gram", "wasserstein")


def paint(folder: Path, objective: str, size: int, flags: list[str]) -> dict[str, float]:
    """One whole process; its own record tells the peak memory and the seconds of painting alone."""
    out = folder / f"{objective}.png"
    command = [
        sys.executable,
        "-m",
        "impasto",
        "stylize",
        folder / "content.png",
        folder / "style.png",
        "-o",
        out,
        "--quiet",
    ]
    began = time.perf_counter()
    subprocess.run([*map(str, command), "--objective", objective, "--size", str(size), *flags], check=True)
    seconds = time.perf_counter() - began
    record = json.loads(read_record(out) or "{}")
    return {"seconds": seconds, "painting": record["seconds"], "gib": record["peak_memory"] / 2**30}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--objectives", nargs="+", default=OBJECTIVES)
    parser.add_argument("--output", type=Path)
    parser.add_argument("flags", nargs="*")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        read_photograph("coffee").save(folder / "content.png")
        PAINTINGS["flow"].paint().save(folder / "style.png")
        runs = [{o: paint(folder, o, args.size, args.flags) for o in args.objectives} for _ in range(args.runs + 1)][1:]
    results = {}
    for objective in args.objectives:
        seconds = [run[objective]["seconds"] for run in runs]
        results[objective] = {
            "median_s": round(statistics.median(seconds), 2),
            "min_s": round(min(seconds), 2),
            "max_s": round(max(seconds), 2),
            "peak_gib": round(max(run[objective]["gib"] for run in runs), 2),
        }
        print(f"{objective:12s} {results[objective]}", flush=True)
    report = {"size": args.size, "runs": args.runs, "flags": args.flags, "machine": machine(), "results": results}
    write_report(report, args.output)


if __name__ == "__main__":
    main()
