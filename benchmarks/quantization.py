"""How far are VGG-19's 8-bit weights from the float ones? What the tables tell, and what weights that far off do to a
run.

    python benchmarks/quantization.py [--size 256] [--seeds 5] [--paint 128] [--output
    benchmarks/results/quantization.json]

Each layer's weights were put into 256 classes by k-means, and each became the mean of its class. So one is off by at
most half the larger gap to the classes beside its own (`most`; the two outermost classes may reach further), and by the
gap over sqrt(12) where a class is filled evenly (`typical`); a class of one weight is exact. The float weights are then
imitated: the 8-bit ones with random errors of that size, SEEDS times, and with errors of the largest size and random
signs. The figures are relative: the root mean square error of weights and features over the root mean square of the
same, the Frobenius norm of a Gram matrix's error over its own, the error of the default loss and of its gradient at the
content picture.

With --paint the default run and one with Gram matrices are painted at that size with the 8-bit weights, with imitated
ones, and with the 8-bit ones again where the content differs by 1e-6: how far a picture is from the first one (`levels`
of 255, a mean over channels; the content stands beside it), and its loss over that one's, both judged by the 8-bit
network.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from machine import machine, write_report
from torch import Tensor

import impasto
from impasto.backbones import VGG, Backbone
from impasto.demo import PAINTINGS, read_photograph
from impasto.images.files.io import read_picture
from impasto.images.resample import resize
from impasto.objective.build import MatchStart, build_objective
from impasto.styles import learn
from impasto.weights.formats import write_weights
from impasto.weights.network import NetworkWeights
from impasto.weights.store import Store

LAYERS = [f"relu{block}_1" for block in range(1, 6)]
POOLING = str(impasto.StylizeConfig(backbone="vgg19").resolve().pooling)
RUNS: dict[str, dict[str, Any]] = {"blend": {}, "gram": {"objective": "gram"}}


class Errors(NamedTuple):
    """What each weight of a layer may be off: as a standard deviation where its class is filled evenly, and at most."""

    typical: Tensor
    most: Tensor


def errors_of(weight: Tensor) -> Errors:
    """The errors of weights that are the means of their classes; both of the shape of ``weight``."""
    table, place, count = weight.double().unique(return_inverse=True, return_counts=True)
    gaps = table.diff()
    below, above = torch.cat([gaps[:1], gaps]), torch.cat([gaps, gaps[-1:]])
    spread = (below + above) / 2 * ((1 - 1 / count) / 12).sqrt()  # a mean of n is itself off by 1 / n of the variance
    most = torch.maximum(below, above) / 2 * (count > 1)
    return Errors(spread[place], most[place])


def rms(values: Tensor) -> float:
    return float(values.double().square().mean().sqrt())


def relative(moved: Tensor, still: Tensor) -> float:
    return rms(moved - still) / rms(still)


def imitated(weights: NetworkWeights, seed: int, most: bool = False) -> NetworkWeights:
    """Weights that these could be the 8-bit form of: even errors of the typical size, or the largest with random
    signs."""
    generator, found = torch.Generator().manual_seed(seed), {}
    for name, (weight, bias) in weights.convolutions.items():
        errors, even = errors_of(weight), torch.rand(weight.shape, generator=generator, dtype=torch.float64) * 2 - 1
        off = even.sign() * errors.most if most else even * 3**0.5 * errors.typical
        found[name] = (weight.double() + off).float(), bias
    return NetworkWeights(found, weights.normalization)


class View:
    """What a network makes of one pair of pictures."""

    def __init__(self, weights: NetworkWeights, content: Tensor, style: Tensor) -> None:
        backbone = VGG(weights, pooling=POOLING)
        with torch.no_grad():
            self.features = backbone(content, LAYERS)
        self.grams = {name: torch.einsum("bchw,bdhw->cd", seen, seen) for name, seen in self.features.items()}
        self.loss, self.gradient = judged(backbone, content, style, content)

    def apart(self, still: View) -> dict[str, float]:
        """How far this is from what another network makes of them, each as a share of the other's."""
        return {
            **{name: relative(self.features[name], still.features[name]) for name in LAYERS},
            **{f"gram {name}": relative(self.grams[name], still.grams[name]) for name in LAYERS},
            "loss": abs(self.loss / still.loss - 1),
            "gradient": relative(self.gradient, still.gradient),
        }


def judged(backbone: Backbone, content: Tensor, style: Tensor, canvas: Tensor, **options: Any) -> tuple[float, Tensor]:
    """Loss and gradient of a canvas."""
    config = impasto.StylizeConfig(backbone="vgg19", precision="float32", **options).resolve()
    objective = build_objective(content, [learn(style, config, backbone)], config, backbone, MatchStart(canvas))
    report, gradient = objective.value_and_grad(canvas)
    return report.total, gradient


def weight_report(weights: NetworkWeights) -> dict[str, dict[str, float]]:
    rows = {}
    for name, (weight, _) in weights.convolutions.items():
        errors, size = errors_of(weight), rms(weight)
        rows[name] = {
            "typical": rms(errors.typical) / size,
            "most": rms(errors.most) / size,
            "classes": len(weight.unique()),
        }
    return rows


def pair(size: int) -> tuple[Tensor, Tensor]:
    pictures = (read_photograph("coffee"), PAINTINGS["flow"].paint(size))
    read = (read_picture(picture).pixels for picture in pictures)
    content, style = (resize(pixels, (size * 3 // 4, size)) for pixels in read)
    return content, style


def levels(ours: Tensor, theirs: Tensor) -> float:
    return 255 * float((ours - theirs).abs().mean())


def paintings(weights: NetworkWeights, size: int) -> Iterator[tuple[str, dict[str, float]]]:
    """How far the picture with imitated weights is from the one with 8 bits, and the one of a content that is moved by
    1e-6."""
    content, style = pair(size)
    grain = 1e-6 * torch.randn(content.shape, generator=torch.Generator().manual_seed(9))
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.safetensors" for name in ("8 bits", "imitated")]
        for file, each in zip(files, (weights, imitated(weights, 0)), strict=True):
            write_weights(each, file)
        for name, options in RUNS.items():
            run = {"backbone": "vgg19", "size": size, "device": "cpu", "precision": "float32", **options}
            still, moved, other = (
                impasto.stylize(seen, style, weights=str(file), **run).pixels
                for seen, file in ((content, files[0]), (content + grain, files[0]), (content, files[1]))
            )
            losses = [
                judged(VGG(weights, pooling=POOLING), content, style, seen, **options)[0]
                for seen in (still, other, moved)
            ]
            for label, pixels, loss in zip(("imitated", "content moved"), (other, moved), losses[1:], strict=True):
                yield f"{name}, {label}", {"levels": levels(pixels, still), "loss": loss / losses[0]}
            yield f"{name}, content", {"levels": levels(content, still)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--paint", type=int, default=0, metavar="PX", help="paint at that size as well")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    weights, (content, style) = Store("nowhere").load("vgg19.oxford8"), pair(args.size)
    still = View(weights, content, style)
    typical = [View(imitated(weights, seed), content, style).apart(still) for seed in range(args.seeds)]
    most = View(imitated(weights, 0, most=True), content, style).apart(still)
    views = {
        name: {
            "typical": statistics.fmean(row[name] for row in typical),
            "largest": max(row[name] for row in typical),
            "most": value,
        }
        for name, value in most.items()
    }
    painted = dict(paintings(weights, args.paint)) if args.paint else {}
    report = {"size": args.size, "seeds": args.seeds, "weights": weight_report(weights), "views": views}
    for name, row in (*report["weights"].items(), *views.items(), *painted.items()):
        print(f"{name:22s} " + ", ".join(f"{key} {value:.3g}" for key, value in row.items()))
    write_report({"machine": machine(), **report, "painted at": args.paint, "painted": painted}, args.output)


if __name__ == "__main__":
    main()
