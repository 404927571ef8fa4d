"""Resident memory of whole processes that paint a small picture of a large photograph, beside that of a small one.

    python benchmarks/reading.py [--size 64] [--output benchmarks/results/reading.json]

48 megapixels as photographs and as a style, 400 as a photograph; one iteration. The light network, which takes least
itself.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import machine, write_report

WRITE = """
import json, sys
from PIL import Image
path, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
patch = Image.effect_noise((512, 512), 60).convert("RGB")
image = Image.new("RGB", (width, height))
for left in range(0, width, 512):
    for top in range(0, height, 512):
        image.paste(patch, (left, top))
image.save(path, **json.loads(sys.argv[4]))
"""
PICTURES = {  # width, height, how it is saved
    "small.png": (600, 400, {}),
    "48.jpg": (8000, 6000, {"quality": 90}),
    "48-progressive.jpg": (8000, 6000, {"quality": 90, "progressive": True}),
    "48.png": (8000, 6000, {"compress_level": 1}),
    "48.tif": (8000, 6000, {"compression": "tiff_lzw"}),
    "400.jpg": (24000, 16667, {"quality": 85}),
    "400.png": (24000, 16667, {"compress_level": 1}),
}


def peak_gb(content: Path, style: Path, size: int) -> float:
    """Of one process from its start to the finished file, by the system's count."""
    flags = ["--size", str(size), "--iterations", "1", "--backbone", "compact", "--quiet"]
    command = [sys.executable, "-m", "impasto", "stylize", content, style, "-o", content.with_name("out.png"), *flags]
    process = subprocess.Popen(list(map(str, command)))
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{content.name} ended with {os.waitstatus_to_exitcode(status)}")
    return round(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as name:
        small = Path(name) / "small.png"
        for file, (width, height, options) in PICTURES.items():
            path = Path(name) / file
            # In a process of its own: a child counts what its parent held when it was started.
            subprocess.run(
                [sys.executable, "-c", WRITE, path, str(width), str(height), json.dumps(options)], check=True
            )
            results[file] = {"size": [height, width], "content_gb": peak_gb(path, small, args.size)}
            if file == "48.png":
                results[file]["style_gb"] = peak_gb(small, path, args.size)
            print(f"{file:20s} {results[file]}", flush=True)
            write_report({"size": args.size, "machine": machine(), "results": results}, args.output)


if __name__ == "__main__":
    main()
