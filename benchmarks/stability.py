"""How far a change of one millionth in the content moves the default's picture, and its judged quality.

    python benchmarks/stability.py --images FOLDER [--size 384] [--variants "" "--precision float32"]
                                   [--output benchmarks/results/stability.json]

FOLDER holds ``content/`` and ``style/``, as quality.py takes them. Every value of the content is moved by 1e-6, up or
down by a seed. Figures are the root mean square of the difference of both pictures, in steps of 8 bits, and those of
judges.py for each. A variant is options as JSON, and the empty one is the default.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from judges import judge
from machine import machine, write_report
from PIL import Image

import impasto
from impasto.devices import keep_freed_memory

PAIRS = (("golden_gate", "the_scream"), ("tubingen", "starry_night"), ("lion", "great_wave"))
CHANGE = 1e-6


def measure(content: Path, style: Path, size: int, options: dict[str, Any], folder: Path) -> dict[str, Any]:
    with Image.open(content) as opened:
        image = opened.convert("RGB")
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    values = np.asarray(image, dtype=np.float32) / 255
    moved = values + CHANGE * np.random.default_rng(0).choice([-1.0, 1.0], values.shape).astype(np.float32)
    stylizer = impasto.Stylizer(backbone="vgg19", size=size, **options)
    results = [stylizer.stylize(given, style) for given in (values, moved.clip(0, 1))]
    one, two = (result.pixels for result in results)
    verdicts = []
    for number, result in enumerate(results):
        file = folder / f"{number}.png"
        result.save(file)
        verdicts.append([round(value, 4) for value in judge(file, content, style)])
    return {"rms_of_255": round(255 * float((one - two).square().mean().sqrt()), 2), "judged": verdicts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--variants", nargs="+", default=["{}"], type=str)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    keep_freed_memory()
    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for variant in args.variants:
            for content, style in PAIRS:
                files = (args.images / "content" / f"{content}.jpg", args.images / "style" / f"{style}.jpg")
                row = measure(*files, args.size, json.loads(variant or "{}"), Path(folder))
                rows[f"{content} x {style} {variant}"] = row
                print(f"{content} x {style} {variant}", row, flush=True)
                write_report({"machine": machine(), "size": args.size, "results": rows}, args.output)


if __name__ == "__main__":
    main()
