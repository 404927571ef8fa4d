"""The memory estimate beside the measured peak, at growing sizes; each picture in a process of its own.

python benchmarks/capacity.py [--sizes 256 512 1024] [--output benchmarks/results/capacity.json] [-- FLAGS OF STYLIZE]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import machine, write_report

import impasto
from impasto.api import make_config
from impasto.demo import PAINTINGS, read_photograph
from impasto.engine.schedule import plan_scales
from impasto.images.files.io import read_record
from impasto.runs.memory import peak_bytes
from impasto.runs.record import config_of, parse_record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--output", type=Path)
    parser.add_argument("flags", nargs="*")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        content, style, out = (Path(name) / f"{role}.png" for role in ("content", "style", "out"))
        read_photograph("coffee").save(content)
        PAINTINGS["flow"].paint().save(style)
        for size in args.sizes:
            command = [sys.executable, "-m", "impasto", "stylize", content, style, "-o", out, "--quiet", "--size", size]
            # Two iterations a scale reach the same peak as all of them: memory that is freed is used again.
            subprocess.run([*map(str, command), "--iterations", "2", *args.flags], check=True)
            record = parse_record(read_record(out) or "")
            config = make_config(config_of(record), None, {})
            backbone = impasto.create_backbone(config.backbone, weights=config.weights, device="cpu")
            estimate = peak_bytes(
                config, backbone, plan_scales(config, (record["size"][0], record["size"][1]))[-1].size
            )
            rows.append(
                {
                    "size": record["size"],
                    "estimate_gib": estimate / 2**30,
                    "measured_gib": record["peak_memory"] / 2**30,
                }
            )
            print({k: v if k == "size" else round(v, 2) for k, v in rows[-1].items()}, flush=True)
    write_report({"machine": machine(), "flags": args.flags, "results": rows}, args.output)


if __name__ == "__main__":
    main()
