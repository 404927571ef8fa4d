"""Start-up: seconds from the shell to the first iteration, and of a session's second picture.

    python benchmarks/startup.py [--size 512] [--runs 5] [--output benchmarks/results/startup.json]

`impasto stylize` in a process of its own, until it tells of the first iteration of its first scale, and `import torch`
alone in another one, in turns. A first run that does not count fills the cache folder, which is a new one, with what is
tried once on a machine; `first` is what it took. Then a process that keeps network and style paints two
pictures: `second` is the time until the first iteration of the later one. Medians over the RUNS; seconds of the wall,
and those of the processor, which do not depend on what else the machine does.
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
from collections.abc import Sequence
from pathlib import Path

import psutil
from machine import machine, write_report

from impasto.demo import PAINTINGS, read_photograph

BACKBONES = ("compact", "vgg19")
Seconds = tuple[float, float]  # of the wall, of the processor


def until(mark: str, command: Sequence[object], folder: Path) -> Seconds:
    """Until a process writes a line that begins so to its standard error; it is ended there."""
    environment = {**os.environ, "IMPASTO_CACHE": str(folder / "cache"), "PYTHONUNBUFFERED": "1"}
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *map(str, command)], stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        for line in process.stderr or ():
            if line.startswith(mark):
                wall, spent = time.perf_counter() - began, psutil.Process(process.pid).cpu_times()
                process.kill()
                return wall, spent.user + spent.system
    raise RuntimeError(f"it did not come to {mark!r}")


def import_torch(folder: Path) -> Seconds:
    """Of Python and PyTorch alone."""
    return until("done", ["-c", "import sys, torch; print('done', file=sys.stderr)"], folder)


def first_iteration(folder: Path, backbone: str, size: int) -> Seconds:
    """Until the line that is written after it."""
    command = ["-m", "impasto", "stylize", folder / "content.png", folder / "style.png", "-o", folder / "out.png"]
    command += ["--backbone", backbone, "--size", str(size), "--device", "cpu"]
    return until("scale 1/", command, folder)


def second_picture(folder: Path, backbone: str, size: int) -> Seconds:
    """In this process: until the first iteration of the second of two pictures in one style."""
    from impasto.api import Stylizer

    session = Stylizer(backbone=backbone, size=size, device="cpu").session(folder / "style.png")
    next(session.iterate(folder / "content.png"))
    wall, spent = time.perf_counter(), time.process_time()
    next(session.iterate(folder / "other.png"))
    return time.perf_counter() - wall, time.process_time() - spent


def in_its_own_process(folder: Path, backbone: str, size: int) -> Seconds:
    command = [sys.executable, __file__, "--measure", str(folder), "--only", backbone, "--size", str(size)]
    environment = {**os.environ, "IMPASTO_CACHE": str(folder / "cache"), "OMP_WAIT_POLICY": "PASSIVE"}
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    wall, spent = json.loads(said)
    return wall, spent


def medians(times: list[Seconds]) -> dict[str, float]:
    """The medians of both clocks."""
    wall, spent = (statistics.median(column) for column in zip(*times, strict=True))
    return {"wall_s": round(wall, 3), "processor_s": round(spent, 3)}


def compare(backbone: str, folder: Path, args: argparse.Namespace) -> dict[str, object]:
    """One row, of one network."""
    first = first_iteration(folder, backbone, args.size)
    torch, impasto = [], []
    for _ in range(args.runs):
        torch.append(import_torch(folder))
        impasto.append(first_iteration(folder, backbone, args.size))
    beyond = [(one[0] - other[0], one[1] - other[1]) for one, other in zip(impasto, torch, strict=True)]
    second = [in_its_own_process(folder, backbone, args.size) for _ in range(min(args.runs, 3))]
    times = {"first": [first], "import torch": torch, "shell to first iteration": impasto}
    times |= {"beyond import torch": beyond, "second of a session": second}
    return {name: medians(found) for name, found in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=BACKBONES)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--measure", type=Path, metavar="FOLDER", help="a second picture, in this process")
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(second_picture(args.measure, args.only, args.size)))
        return
    rows = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        read_photograph("cat").save(folder / "content.png")
        read_photograph("coffee").save(folder / "other.png")
        PAINTINGS["flow"].paint().save(folder / "style.png")
        for backbone in [args.only] if args.only else BACKBONES:
            rows[backbone] = compare(backbone, folder, args)
            print(backbone, rows[backbone], flush=True)
            report = {"size": args.size, "runs": args.runs, "load": round(psutil.getloadavg()[0], 1)}
            write_report({**report, "machine": machine(), "results": rows}, args.output)


if __name__ == "__main__":
    main()
