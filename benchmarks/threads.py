"""Threads and how they wait: seconds of whole runs alone, and beside a busy process.

    python benchmarks/threads.py [--backbone vgg19] [--effort draft] [--sizes 128 256 512] [--runs 3]
                                 [--output benchmarks/results/threads.json]

Each run is a process of its own, `impasto stylize` with the pictures of the demo, and seconds are those of painting
that its record tells. `auto` is what Impasto does; `one` and `all` are `--threads 1` and as many as there are;
`spinning` is all of them, waiting as libgomp has them wait by default. The busy process multiplies matrices on two
threads. The kinds take turns; medians over the RUNS, and ratios of the runs of one turn, so that what else the machine
does counts on both sides. A process that takes longer than LIMIT seconds counts as that.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from machine import machine, write_report

from impasto.demo import PAINTINGS, read_photograph

BUSY = "import torch; torch.set_num_threads(2); a = torch.ones(1024, 1024)\nwhile True: a @ a"
ALONE = {"auto": [], "one": ["--threads", "1"], "all": ["--threads", str(psutil.cpu_count(logical=False) or 1)]}
SPINNING = {"GOMP_SPINCOUNT": "300000"}  # what libgomp takes where nothing is set
BESIDE = (("auto", {}), ("all", {}), ("all", SPINNING))


@contextmanager
def busy_process() -> Iterator[None]:
    """Two threads that never rest."""
    busy = subprocess.Popen([sys.executable, "-c", BUSY])
    try:
        yield
    finally:
        busy.kill()
        busy.wait()


def paint(folder: Path, options: Sequence[str], environment: dict[str, str], limit: float) -> float:
    """Seconds of painting, in a process of its own."""
    out, record = folder / "out.png", folder / "record.json"
    command = [sys.executable, "-m", "impasto", "stylize", folder / "content.png", folder / "style.png", "-o", out]
    command += ["--quiet", "--checkpoint", "0", "--device", "cpu", "--record", record, *options]
    try:
        subprocess.run(command, check=True, env={**os.environ, **environment}, timeout=limit)
    except subprocess.TimeoutExpired:
        return limit
    return float(json.loads(record.read_text())["seconds"])


def medians(turns: Sequence[dict[str, float]], over: Sequence[str]) -> dict[str, float]:
    """Seconds of each kind, and how many times as long as the first of each two in ``over`` the second takes."""
    row = {kind: statistics.median(turn[kind] for turn in turns) for kind in turns[0]}
    ratios = {pair: pair.split(" / ") for pair in over}
    row |= {pair: statistics.median(turn[a] / turn[b] for turn in turns) for pair, (a, b) in ratios.items()}
    return {name: round(value, 3) for name, value in row.items()}


def compare(size: int, folder: Path, args: argparse.Namespace) -> dict[str, float]:
    """One row: all kinds alone and, at the smallest size, beside a busy process."""
    turns = []
    options = ["--size", str(size), "--backbone", args.backbone, "--effort", args.effort]
    for _ in range(args.runs):
        turn = {kind: paint(folder, [*options, *given], {}, args.limit) for kind, given in ALONE.items()}
        if size == min(args.sizes):
            with busy_process():
                for kind, environment in BESIDE:
                    name = f"{'spinning' if environment else kind} beside"
                    turn[name] = paint(folder, [*options, *ALONE[kind]], environment, args.limit)
        turns.append(turn)
        print(size, turn, flush=True)
    over = ["auto / one", "auto / all"]
    over += [f"{kind} / auto" for kind in turns[0] if kind.endswith(" beside")]
    return medians(turns, over)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="vgg19")
    parser.add_argument("--effort", default="draft")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 512])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=120.0)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        read_photograph("cat").save(folder / "content.png")
        PAINTINGS["flow"].paint().save(folder / "style.png")
        for size in args.sizes:
            rows[f"{args.backbone}, {size} px"] = {"runs": args.runs, **compare(size, folder, args)}
            report = {
                "machine": machine(),
                "load": round(psutil.getloadavg()[0], 1),
                "limit_s": args.limit,
                "effort": args.effort,
            }
            write_report({**report, "results": rows}, args.output)


if __name__ == "__main__":
    main()
