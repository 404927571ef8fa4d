"""The program pastiche beside Impasto, on one pair of pictures: the same loss, and the pictures that either makes by
itself.

    python benchmarks/peers.py CONTENT STYLE [--size 512] [--steps 1000] [--parts pastiche preset ...] [--keep FOLDER]
                               [--output benchmarks/results/peers.json]

Parts are whole processes: ``pastiche``, its own command; ``preset``, Impasto's preset of it; ``coarse to fine``, the
    same loss
at three sizes; ``default``, what `impasto stylize` does where nothing is said. A part that is in the output already, of
the same pictures, size and steps, is kept: give them one by one, or start again after a stop. Every loss is by
pastiche's own code in float32 (pastiche_loss.py): of canvases on the way as the solvers have them, and of the finished
files, rounded and clipped. Traced parts paint from files of the pixels that pastiche's own resizing makes, as its loss
knows rounded ones from others. Seconds until a loss are those since the program was loaded and began, on both sides;
what the judge takes does not count.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from judges import judge
from machine import machine, write_report
from pastiche_loss import PasticheLoss
from PIL import Image
from safetensors.torch import load_file
from time_to_loss import Trace, reached

from impasto.images.files.io import read_picture
from impasto.images.resample import fit_size, side_of

GOALS = (100, 300, 1000)  # steps of pastiche
EVERY = 10  # steps between two losses
HERE = Path(__file__).resolve().parent
TRACED = ("preset", "coarse to fine")
PARTS = ("pastiche", *TRACED, "default")


@dataclass(frozen=True)
class Task:
    """One content in one style, with a long side of ``size`` px; pastiche takes so many ``steps``."""

    content: Path
    style: Path
    size: int
    steps: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the finished picture."""
        height, width = read_picture(self.content).pixels.shape[2:]
        return fit_size((height, width), self.size)

    @property
    def root(self) -> int:
        """Of the number of pixels: content and style have as many, as pastiche wants it."""
        return round(math.sqrt(math.prod(self.shape)))

    def resized(self, folder: Path) -> Task:
        """The same with pictures as pastiche's ``load_image`` makes them: the style has as many pixels as the
        content."""
        made, pixels = [], self.root**2
        for kind, file in (("content", self.content), ("style", self.style)):
            with Image.open(file) as picture:
                height = round(math.sqrt(pixels * picture.height / picture.width))
                size = round(picture.width / picture.height * height), height
                pixels = math.prod(size)
                made.append(folder / f"{kind}.png")
                picture.convert("RGB").resize(size, Image.Resampling.BILINEAR).save(made[-1])
        return replace(self, content=made[0], style=made[1])

    def options(self, part: str) -> dict[str, Any]:
        """What a traced part paints with; the style's scale keeps its very size."""
        content, style = (read_picture(file).pixels.shape for file in (self.content, self.style))
        coarse = {"scale_count": 3, "iterations": [max(1, self.steps // share) for share in (5, 5, 2)]}
        own = {"iterations": [self.steps]} if part == "preset" else coarse
        side = side_of((content[2], content[3]), "area")
        scale = math.sqrt(style[2] * style[3]) / side
        if fit_size((style[2], style[3]), round(side * scale), "area") != (style[2], style[3]):
            sys.exit(f"Impasto would resize a style of {style[3]} x {style[2]} px once more: give another --size")
        return {"preset": "pastiche", "size": self.root, "style_scale": [scale], "device": "cpu", **own}

    def head(self) -> dict[str, Any]:
        """What results hold for."""
        files = (self.content, self.style)
        hashes = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
        return {"pictures": [file.stem for file in files], "sha256": hashes, "size": self.size, "steps": self.steps}


def run(command: Sequence[str], log: Path) -> dict[str, float]:
    """One process from its start to its end: seconds, and peak memory by the system's count. What it prints is in
    ``log``."""
    began = time.perf_counter()
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command], stdout=output, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command[:2])} ended with {os.waitstatus_to_exitcode(status)}")
    scale = 1 if sys.platform == "darwin" else 1024
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "processor_s": usage.ru_utime + usage.ru_stime,
        "peak_gb": usage.ru_maxrss * scale / 1e9,
    }


def table_of(text: str) -> Trace:
    """Seconds and loss of each line ``step elapsed loss`` that pastiche prints, but for step 0, which is none."""
    lines = re.findall(r"^(\d+) +([\d.]+) +([\d.]+) *$", text, re.MULTILINE)
    return [(float(seconds), float(loss)) for step, seconds, loss in lines if int(step)]


def peer(task: Task, folder: Path) -> tuple[dict[str, float], Trace]:
    """pastiche's own command."""
    files = ["--content", str(task.content), "--styles", str(task.style), "--output", str(folder / "out.png")]
    pixels, steps = str(task.root**2), str(task.steps)
    lengths = ["--size-pixels", pixels, "--num-steps", steps, "--info-step", str(EVERY), "--device", "cpu"]
    cost = run(["-m", "pastiche", *files, *lengths], folder / "log.txt")
    return cost, table_of((folder / "log.txt").read_text())


def traced(task: Task, part: str, folder: Path, loss: PasticheLoss) -> tuple[dict[str, float], Trace]:
    """A run of ours, and the losses of its canvases."""
    same = task.resized(folder)
    flags = ["--every", str(EVERY), "--options", json.dumps(same.options(part))]
    cost = run(
        [str(HERE / "painting_trace.py"), str(same.content), str(same.style), str(folder), *flags], folder / "log.txt"
    )
    seconds, canvases = json.loads((folder / "seconds.json").read_text()), folder / "canvases"
    return cost, [
        (taken, loss(load_file(canvases / f"{step}.safetensors")["canvas"])) for step, taken in seconds.items()
    ]


def default(task: Task, folder: Path) -> tuple[dict[str, float], Trace]:
    """`impasto stylize`, to a picture of the same size."""
    files = [str(task.content), str(task.style), "-o", str(folder / "out.png")]
    flags = ["--size", str(task.size), "--device", "cpu", "--quiet"]
    return run(["-m", "impasto", "stylize", *files, *flags], folder / "log.txt"), []


def measure(task: Task, part: str, folder: Path, loss: PasticheLoss) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    if part == "pastiche":
        cost, trace = peer(task, folder)
    elif part == "default":
        cost, trace = default(task, folder)
    else:
        cost, trace = traced(task, part, folder, loss)
    verdict = judge(folder / "out.png", task.content, task.style)
    finished = loss(read_picture(folder / "out.png").pixels)
    return {**cost, "loss": finished, "style": verdict.style, "content": verdict.content, "trace": trace}


def goals_of(results: dict[str, Any], steps: int) -> list[dict[str, Any]]:
    """For each goal pastiche's seconds and loss after so many steps, and the seconds until each traced run is there."""
    found = []
    for goal in (goal for goal in GOALS if goal <= steps and "pastiche" in results):
        seconds, loss = results["pastiche"]["trace"][goal // EVERY - 1]
        ours = {part: reached(results[part]["trace"], loss) for part in TRACED if part in results}
        found.append({"steps": goal, "seconds": seconds, "loss": loss, "reached": ours})
    return found


def kept(file: Path | None, head: dict[str, Any]) -> dict[str, Any]:
    """The results of an earlier call that measured the same."""
    if file is None or not file.exists():
        return {}
    earlier = json.loads(file.read_text())
    return dict(earlier["results"]) if all(earlier.get(key) == value for key, value in head.items()) else {}


def compare(task: Task, parts: Sequence[str], keep: Path, output: Path | None) -> None:
    head = task.head()
    results, loss = kept(output, head), PasticheLoss(task.content, task.style, task.root**2)
    if loss.size != task.shape:
        sys.exit(f"pastiche would paint {loss.size} px, and Impasto {task.shape}: give another --size")
    for part in (part for part in parts if part not in results):
        results[part] = measure(task, part, keep / part.replace(" ", "_"), loss)
        print(part, {name: value for name, value in results[part].items() if name != "trace"}, flush=True)
        goals = goals_of(results, task.steps)
        threads = {"threads": torch.get_num_threads(), "machine": machine()}
        write_report({**head, **threads, "goals": goals, "results": results}, output)
    print(json.dumps(goals_of(results, task.steps), indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--keep", type=Path, help="folder for the pictures and canvases")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        task, keep = Task(args.content, args.style, args.size, args.steps), args.keep or Path(temporary)
        keep.mkdir(parents=True, exist_ok=True)
        compare(task, args.parts, keep, args.output)


if __name__ == "__main__":
    main()
