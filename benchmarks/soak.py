"""Kill runs at random moments and resume them until their pictures are finished: do any pixels differ from a run left
alone?

    python benchmarks/soak.py [--times 30] [--size 128] [--seed 0] [--output benchmarks/results/soak.json]

Every kill is a SIGKILL to a process of its own, at a moment drawn evenly from the seconds that an undisturbed run
takes, process start included. Recipes take turns until there were so many kills. The exit code is 1 where a picture
differs or a file is left.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from machine import machine, write_report

from impasto.demo import PAINTINGS, read_photograph
from impasto.images.files.io import read_record

RECIPES = {
    "default": ["--iterations", "40"],
    "gram with L-BFGS": ["--objective", "gram", "--optimizer", "lbfgs", "--iterations", "60"],
    "each layer by itself": ["--objective", "neighbours", "--iterations", "30", "--split-iterations", "30"],
}


@dataclass
class Tally:
    """What became of one recipe; ``resumed`` are the processes that went on from a checkpoint."""

    seconds_undisturbed: float = 0.0
    kills: int = 0
    resumed: int = 0
    pictures: int = 0
    differences: int = 0
    left_over: list[str] = field(default_factory=list)


class Soak:
    """Paints in ``folder``, with a checkpoint every second."""

    def __init__(self, folder: Path, size: int, seed: int, times: int) -> None:
        self.folder, self.size, self.moments, self.times = folder, size, random.Random(seed), times
        self.kills = 0

    def command(self, out: Path, flags: list[str]) -> list[str]:
        """Goes on where there is a checkpoint, and begins where there is none."""
        program, checkpoint = [sys.executable, "-m", "impasto"], Path(f"{out}.checkpoint")
        if checkpoint.exists():
            return [*program, "resume", str(checkpoint), "--quiet"]
        pictures = [str(self.folder / name) for name in ("content.png", "style.png")]
        options = ["--size", str(self.size), "--checkpoint", "1", "--quiet", *flags]
        return [*program, "stylize", *pictures, "-o", str(out), *options]

    def undisturbed(self, flags: list[str]) -> tuple[float, str]:
        """Seconds of a run that is left alone, and the hash of its pixels."""
        out, began = self.folder / "whole.png", time.perf_counter()
        subprocess.run(self.command(out, flags), check=True)
        return time.perf_counter() - began, pixels(out)

    def disturbed(self, flags: list[str], tally: Tally) -> str:
        """Paint one picture, killed on the way as long as kills are left; the hash of its pixels."""
        place = self.folder / "disturbed"
        place.mkdir()
        out = place / "out.png"
        while not out.exists():
            command = self.command(out, flags)
            tally.resumed += "resume" in command
            self.run(command, tally)
        found = pixels(out)
        out.unlink()
        tally.left_over += [path.name for path in place.iterdir()]
        for path in place.iterdir():
            path.unlink()
        place.rmdir()
        return found

    def run(self, command: list[str], tally: Tally) -> None:
        """One process, killed at some moment if it is not done by then."""
        with subprocess.Popen(command) as process:
            if self.kills < self.times:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(self.moments.uniform(0, tally.seconds_undisturbed))
                if process.poll() is None:
                    process.kill()
                    self.kills += 1
                    tally.kills += 1
                    return
        if process.returncode:
            raise SystemExit(f"{command} ended with {process.returncode}")


def pixels(path: Path) -> str:
    return str(json.loads(read_record(path) or "{}")["pixels_sha256"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    tallies, wanted = {name: Tally() for name in RECIPES}, dict[str, str]()
    with tempfile.TemporaryDirectory() as name:
        soak = Soak(Path(name), args.size, args.seed, args.times)
        read_photograph("coffee").resize((args.size, args.size * 3 // 4)).save(soak.folder / "content.png")
        PAINTINGS["flow"].paint().save(soak.folder / "style.png")
        for recipe, flags in RECIPES.items():
            tallies[recipe].seconds_undisturbed, wanted[recipe] = soak.undisturbed(flags)
            (soak.folder / "whole.png").unlink()
        for recipe in itertools.cycle(RECIPES):
            if soak.kills >= args.times:
                break
            tally = tallies[recipe]
            tally.differences += soak.disturbed(RECIPES[recipe], tally) != wanted[recipe]
            tally.pictures += 1
            print(f"{soak.kills}/{args.times} kills; {recipe}: {tally}", flush=True)
    report = {
        "machine": {**machine(), "threads": os.environ.get("OMP_NUM_THREADS", "all")},
        "size": args.size,
        "seed": args.seed,
        "kills": soak.kills,
        "pictures": sum(tally.pictures for tally in tallies.values()),
        "differences": sum(tally.differences for tally in tallies.values()),
        "recipes": {name: asdict(tally) for name, tally in tallies.items()},
    }
    print(json.dumps(report, indent=1))
    write_report(report, args.output)
    sys.exit(1 if report["differences"] or any(tally.left_over for tally in tallies.values()) else 0)


if __name__ == "__main__":
    main()
