"""What effort buys: seconds of a picture in a process that has its network, and what the judges say of it, for both
networks.

    python benchmarks/effort.py [--size 512] [--runs 1] [--keep FOLDER] [--output benchmarks/results/effort.json]
                                [--plot docs/pictures/effort.png] [--networks vgg19] [--efforts draft]

Painted are three pairs of the demo. A pair's seconds are the median of the RUNS after one run of a small picture for
warm-up; figures are means over the pairs. Strokes crisper than the style's count as crisp as the style's. With some
networks or efforts alone, the other figures of the output stay as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from judges import judge
from machine import machine, write_report
from quality import mean

from impasto.api import Stylizer
from impasto.config.choices import EFFORTS
from impasto.demo import PAINTINGS, read_photograph
from impasto.devices import keep_freed_memory

BACKBONES = ("compact", "vgg19")
PAIRS = (("cat", "flow"), ("coffee", "mosaic"), ("cat", "waves"))

Figures = dict[str, Any]


def write_inputs(folder: Path) -> list[tuple[Path, Path]]:
    """The pairs, as files."""
    for name in dict.fromkeys(content for content, _ in PAIRS):
        read_photograph(name).save(folder / f"{name}.png")
    for name in dict.fromkeys(style for _, style in PAIRS):
        PAINTINGS[name].paint().save(folder / f"{name}.png")
    return [(folder / f"{content}.png", folder / f"{style}.png") for content, style in PAIRS]


def measure(backbone: str, effort: str, size: int, runs: int, pairs: list[tuple[Path, Path]], folder: Path) -> Figures:
    """Means over the pairs."""
    stylizer, seconds, verdicts = Stylizer(backbone=backbone, effort=effort, size=size), [], []
    Stylizer(backbone=backbone, size=64, iterations=1, others=[stylizer]).stylize(*pairs[0])
    for content, style in pairs:
        spent = []
        for _ in range(runs):
            began = time.perf_counter()
            result = stylizer.stylize(content, style)
            spent.append(time.perf_counter() - began)
        seconds.append(statistics.median(spent))
        out = folder / f"{backbone}-{effort}-{content.stem}-{style.stem}.png"
        result.save(out)
        verdicts.append(list(judge(out, content, style)))
    names = ("style", "content", "crisp_median", "crisp_low")
    spread = {"seconds": statistics.fmean(seconds), "least_s": min(seconds), "most_s": max(seconds)}
    return {
        **{name: round(value, 2) for name, value in spread.items()},
        **dict(zip(names, mean(verdicts), strict=True)),
    }


def plot(results: Mapping[str, Mapping[str, Figures]], file: Path) -> None:
    """Three panels over seconds: style, content, crispness."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

    figure = Figure(figsize=(11, 3.4), layout="constrained")
    panels = (
        ("style", "style ratio (lower: nearer)"),
        ("content", "content (higher: nearer)"),
        ("crisp_median", "crispness"),
    )
    for axes, (name, label) in zip(figure.subplots(1, 3), panels, strict=True):
        for backbone, efforts in results.items():
            axes.plot(
                [f["seconds"] for f in efforts.values()], [f[name] for f in efforts.values()], "o-", label=backbone
            )
            for effort, figures in efforts.items():
                axes.annotate(
                    effort, (figures["seconds"], figures[name]), textcoords="offset points", xytext=(4, 4), fontsize=8
                )
        axes.set(xscale="log", xlabel="seconds", title=label)
        axes.xaxis.set_major_locator(FixedLocator([1, 2, 5, 10, 20, 50, 100, 200]))
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_locator(NullLocator())
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    figure.savefig(file, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--networks", nargs="+", choices=BACKBONES, default=BACKBONES)
    parser.add_argument("--efforts", nargs="+", choices=EFFORTS, default=EFFORTS)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    keep_freed_memory()  # as the command line does
    kept = json.loads(args.output.read_text())["results"] if args.output and args.output.exists() else {}
    results: dict[str, dict[str, Figures]] = {name: kept.get(name, {}) for name in BACKBONES}
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        pairs = write_inputs(folder)
        for backbone in args.networks:
            for effort in args.efforts:
                results[backbone][effort] = measure(backbone, effort, args.size, args.runs, pairs, folder)
                print(backbone, effort, results[backbone][effort], flush=True)
    threads = {"threads": torch.get_num_threads(), "load_before": round(os.getloadavg()[2], 2)}
    write_report(
        {"size": args.size, "runs": args.runs, **threads, "machine": machine(), "results": results}, args.output
    )
    if args.plot:
        plot(results, args.plot)


if __name__ == "__main__":
    main()
