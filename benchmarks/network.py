"""What the embedded network sees: style, content, dead channels, receptive field, and what an evaluation costs.

    python benchmarks/network.py --data FOLDER [--weights FILE] [--output benchmarks/results/network.json]

FOLDER holds parquet files of PACS, Caltech 101 and ImageNet samples; docs/method.md says what is measured and how.
Beside the network stand three of the same shape with random numbers. It takes some minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import torch
from channels import channel_report, count_channels
from content_probe import EVERY, numbered, pooled, probe
from evaluation_cost import style_layers
from machine import machine, write_report
from pictures import FIRST_HELD_PAINTING, middle, read, stacked
from random_network import random_like
from receptive_field import measure_fields
from style_retrieval import all_crops, hellinger, histograms, mean_average_precision, retrieve

from impasto.backbones import Backbone
from impasto.backbones.compact import compact
from impasto.config.options import StylizeConfig
from impasto.devices import NUMBER_FORMATS, choose_precision, keep_freed_memory
from impasto.weights.formats import read_weights
from impasto.weights.manifest import find_record
from impasto.weights.network import NetworkWeights

SEEDS = (0, 1, 2)
CONTENT_SIDE, CHANNEL_SIDE, FIELD_SIDE = (
    112,
    128,
    288,
)  # px; FIELD_SIDE shows the middle cell of the deepest layer no border
NOTE = (
    "The network in the package, or the one it was started from, has seen the held-out pictures of PACS and Caltech "
    "101 with "
    "their class labels, though never which crops are of one painting. Its figures can be better than they would be "
    "otherwise."
)
Report = dict[str, Any]


class Networks:
    """The network to be measured, and random ones of its shape."""

    def __init__(self, weights: NetworkWeights, pictures: torch.Tensor) -> None:
        self.dtype = NUMBER_FORMATS[choose_precision("auto", torch.device("cpu"))]
        self.measured = compact(weights, dtype=self.dtype)
        self.random = [compact(random_like(weights, seed, pictures), dtype=self.dtype) for seed in SEEDS]

    def compare(self, measure: Callable[[Backbone], Report]) -> Report:
        """What ``measure`` says of the network, and its mean over the random ones."""
        return {"network": measure(self.measured), "random": mean_report([measure(network) for network in self.random])}


def mean_report(reports: Sequence[Report]) -> Report:
    """Reports of one form as one, with the mean of every number."""
    first = reports[0]
    return {
        key: mean_report([report[key] for report in reports])
        if isinstance(first[key], dict)
        else statistics.fmean(report[key] for report in reports)
        for key in first
    }


def rounded(report: Any) -> Any:
    """The same to four significant digits."""
    if isinstance(report, dict):
        return {key: rounded(value) for key, value in report.items()}
    return float(f"{report:.4g}") if isinstance(report, float) else report


def style(networks: Networks, folder: Path) -> Report:
    """Retrieval of the other crop of a painting that was held out."""
    pictures, _, domains = read(folder, "pacs")
    paintings = [picture for picture, domain in zip(pictures, domains, strict=True) if domain == "art_painting"]
    crops, layers = all_crops(paintings[FIRST_HELD_PAINTING:]), style_layers(networks.measured)
    found = networks.compare(lambda network: retrieve(network, crops, layers))
    return {"crops": len(crops), **found, "histogram": {"map": mean_average_precision(hellinger(histograms(crops)))}}


def content(networks: Networks, folder: Path) -> Report:
    """Accuracy of a linear probe on Caltech 101."""
    pictures, labels, _ = read(folder, "caltech101-*")
    squares, numbers = stacked([middle(picture, CONTENT_SIDE) for picture in pictures]), numbered(labels)
    layer = (StylizeConfig().resolve().content_layers or ("relu4_2",))[0]
    found = networks.compare(lambda network: probe(pooled(network, squares, layer), numbers))
    return {"layer": layer, "pictures": len(labels), "held_out": len(labels[::EVERY]), **found}


def channels(networks: Networks, squares: torch.Tensor) -> Report:
    """Dead channels and entropy, over all layers and over those up to the deepest that the default objective looks
    at."""
    config = StylizeConfig().resolve()
    looked_at = {*(config.style_layers or ()), *(config.content_layers or ()), *config.neighbour_layers}
    deepest = [name for name in networks.measured.layers if name in looked_at][-1]
    found = networks.compare(lambda network: channel_report(count_channels(network, squares), deepest))
    return {"pictures": len(squares), "deepest_in_use": deepest, **found}


def costs(weights: Path | None, size: int = 512) -> Report:
    """One forward and backward in each number format, each in a process of its own."""
    script, flags = Path(__file__).with_name("evaluation_cost.py"), ["--weights", str(weights)] if weights else []
    found: Report = {"size": size}
    for precision in ("float32", "bfloat16"):
        command = [sys.executable, str(script), "--size", str(size), "--precision", precision, *flags]
        found[precision] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def bars(report: Report) -> Report:
    """What was asked of the network, and whether it is so."""
    style, content = report["style_retrieval"], report["content_probe"]
    precision, dead = style["network"]["map"], report["channels"]["network"]["dead"]
    found = {
        "style retrieval over random": (precision / style["random"]["map"], 1.5),
        "style retrieval over histogram": (precision / style["histogram"]["map"], 1.0),
        "content probe over random": (content["network"]["class_mean"] / content["random"]["class_mean"], 3.0),
    }
    met = {name: {"value": value, "at_least": least, "met": value >= least} for name, (value, least) in found.items()}
    return {**met, "dead channels": {"value": dead, "less_than": 0.02, "met": dead < 0.02}}


def measure(weights: NetworkWeights, file: Path | None, folder: Path) -> Report:
    """Every figure; progress is printed as it comes."""
    samples, _, _ = read(folder, "imagenet-samples")
    squares = stacked([middle(picture, CHANNEL_SIDE) for picture in samples])
    large = stacked([middle(picture, FIELD_SIDE) for picture in samples[:4]]).float() / 255
    networks = Networks(weights, squares[::16].float() / 255)
    parts: dict[str, Callable[[], Report]] = {
        "evaluation": lambda: costs(file),
        "style_retrieval": lambda: style(networks, folder),
        "content_probe": lambda: content(networks, folder),
        "channels": lambda: channels(networks, squares),
        "receptive_field": lambda: measure_fields(networks.measured, large),
    }
    found: Report = {}
    for name, part in parts.items():
        began = time.perf_counter()
        found[name] = part()
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the parquet files")
    parser.add_argument("--weights", type=Path, help="another network in the shape of VGG; by default the embedded one")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    keep_freed_memory()
    weights = read_weights(args.weights or find_record("compact").packaged or "compact")
    facts = {
        "note": NOTE,
        "sha256": weights.sha256,
        "widths": [weight.shape[0] for weight, _ in weights.convolutions.values()],
        "precision": choose_precision("auto", torch.device("cpu")),
        "machine": {**machine(), "threads": torch.get_num_threads(), "load": psutil.getloadavg()[0]},
    }
    report = measure(weights, args.weights, args.data)
    found = bars(report)
    for name, bar in found.items():
        print(f"{name}: {json.dumps(rounded(bar))}")
    write_report(rounded({**facts, "bars": found, **report}), args.output)


if __name__ == "__main__":
    main()
