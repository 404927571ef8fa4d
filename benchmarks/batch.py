"""What a batch costs beside its pictures: whole processes that paint 1 and 20 contents, and one process a picture for
comparison.

    python benchmarks/batch.py [--size 96] [--runs 3] [--output benchmarks/results/batch.json] [-- FLAGS OF BATCH]

The marginal time of a picture is (T(20) - T(1)) / 19; the bar is T(20) < 1.15 * 20 * marginal. Both are told in seconds
and in seconds of the processor, which do not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from machine import machine, write_report

from impasto.demo import PAINTINGS, read_photograph

COUNT = 20
BAR = 1.15


def prepare(folder: Path) -> None:
    """Twenty different contents of one size, and one style."""
    photograph = read_photograph("coffee")
    width, height = photograph.size
    (folder / "photos").mkdir()
    for k in range(COUNT):
        photograph.crop((4 * k, 4 * k, width - 4 * (COUNT - k), height - 4 * (COUNT - k))).save(
            folder / f"photos/{k:02}.png"
        )
    PAINTINGS["flow"].paint().save(folder / "style.png")


def paint(folder: Path, count: int, flags: list[str]) -> tuple[float, float]:
    """Seconds, and seconds of the processor, of a whole process that paints the first ``count`` contents."""
    contents = sorted((folder / "photos").iterdir())[:count]
    command = [
        sys.executable,
        "-m",
        "impasto",
        "batch",
        *contents,
        "--style",
        folder / "style.png",
        "-o",
        folder / "out/",
        "--force",
    ]
    began, used = time.perf_counter(), processor_seconds()
    subprocess.run([*map(str, command), "--quiet", *flags], check=True)
    return time.perf_counter() - began, processor_seconds() - used


def processor_seconds() -> float:
    """Of all processes that this one has waited for."""
    times = os.times()
    return times.children_user + times.children_system


def compare(one: float, twenty: float) -> dict[str, float]:
    marginal = (twenty - one) / (COUNT - 1)
    return {
        "seconds_of_1": round(one, 2),
        "seconds_of_20": round(twenty, 2),
        "marginal_seconds": round(marginal, 3),
        "ratio": round(twenty / (COUNT * marginal), 3),
        "times_faster_than_20_processes": round(COUNT * one / twenty, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    parser.add_argument("flags", nargs="*")
    args = parser.parse_args()
    flags = ["--size", str(args.size), *args.flags]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        paint(folder, 1, flags)
        pairs = [(paint(folder, 1, flags), paint(folder, COUNT, flags)) for _ in range(args.runs)]
    results = {
        kind: compare(*(statistics.median(run[count][k] for run in pairs) for count in (0, 1)))
        for k, kind in enumerate(("wall", "processor"))
    }
    print(json.dumps(results, indent=1))
    report = {
        "flags": flags,
        "runs": args.runs,
        "bar": BAR,
        "load": psutil.getloadavg()[0],
        "machine": machine(),
        "results": results,
    }
    write_report(report, args.output)


if __name__ == "__main__":
    main()
