"""Paint one picture in this process and keep what it looks like on the way, with the seconds until then.

    python benchmarks/painting_trace.py CONTENT STYLE FOLDER [--every 10] [--options '{"preset": "pastiche", "size":
    512}']

FOLDER gets ``out.png``, ``canvases/STEP.safetensors`` after every so many iterations of the last scale, neither rounded
nor clipped, and ``seconds.json``, ``{STEP: seconds}``, since the options were read: to load the network counts, to
write canvases does not.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

import impasto


def paint(content: Path, style: Path, folder: Path, every: int, options: dict[str, Any]) -> None:
    (folder / "canvases").mkdir(parents=True, exist_ok=True)
    began, paused, seconds = time.perf_counter(), 0.0, {}
    run = impasto.iterate(content, style, **options)
    for progress in run:
        if progress.scale == progress.scales and (progress.iteration % every == 0 or progress.step == progress.steps):
            pause = time.perf_counter()
            seconds[progress.step] = pause - began - paused
            save_file(
                {"canvas": progress.saved()["canvas"].contiguous()},
                folder / "canvases" / f"{progress.step}.safetensors",
            )
            paused += time.perf_counter() - pause
    run.result().save(folder / "out.png")
    (folder / "seconds.json").write_text(json.dumps(seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("content", "style", "folder"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--options", type=json.loads, default={})
    args = parser.parse_args()
    paint(args.content, args.style, args.folder, args.every, args.options)


if __name__ == "__main__":
    main()
