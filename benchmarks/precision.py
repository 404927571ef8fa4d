"""Does bfloat16 end where float32 ends? Whole runs in each precision, judged by one objective in float32.

    python benchmarks/precision.py [--size 192] [--iterations 100] [--pairs 1] [--only vgg19]
                                   [--output benchmarks/results/precision.json]

Both networks; Adam and L-BFGS, coarse to fine, ITERATIONS at each scale; and the preset pastiche, ITERATIONS in all. A
row says how far the final losses in bfloat16 and mixed are from float32's, as a share of it, and how far off the first
and the last gradient in bfloat16 is, as a share of its norm. A run amplifies whatever is rounded: `moved` is how far
apart two runs in float32 end whose contents differ by 1e-6. All are means over PAIRS of pictures; where matches are
looked for, single runs say little. Rows that are in the output already are kept. Exits with 1 where what `precision`
`auto` takes ends more than 1 % above float32.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import torch
from machine import machine, write_report
from torch import Tensor

import impasto
from impasto.backbones import Backbone
from impasto.devices import NUMBER_FORMATS
from impasto.images.resample import resize
from impasto.objective.build import MatchStart, build_objective
from impasto.styles import learn

ALLOWED = 0.01
GRAM: dict[str, Any] = {
    "objective": "gram",
    "style_layers": [f"relu{block}_1" for block in range(1, 6)],
    "meanstd_weight": 0.0,
}
SOLVERS: dict[str, dict[str, Any]] = {"adam": {}, "lbfgs": {"optimizer": "lbfgs", "variable": "pixels"}}
CASES: list[tuple[str, dict[str, Any]]] = [
    *((f"compact, gram, {name}", {"backbone": "compact", **GRAM, **solver}) for name, solver in SOLVERS.items()),
    ("compact, blend, adam", {"backbone": "compact"}),
    *((f"vgg19, gram, {name}", {"backbone": "vgg19", **GRAM, **solver}) for name, solver in SOLVERS.items()),
    ("vgg19, preset pastiche", {"preset": "pastiche", "side": "long"}),
]


def picture(height: int, width: int, seed: int) -> Tensor:
    """Soft coloured shapes under fine grain."""
    generator = torch.Generator().manual_seed(seed)
    shapes = torch.rand(1, 3, 6, 8, generator=generator)
    grain = torch.rand(1, 3, height, width, generator=generator)
    return 0.8 * resize(shapes, (height, width), "bicubic") + 0.2 * grain


class Judge:
    """One content, one style, one configuration: paints in a number format, and judges in float32."""

    def __init__(self, size: int, config: impasto.StylizeConfig, pair: int = 0) -> None:
        self.content = picture(size * 3 // 4, size, 2 * pair + 1)
        self.style, self.config = picture(size, size * 3 // 4, 2 * pair + 2), config
        self.networks = {precision: self._network(precision) for precision in ("float32", "bfloat16")}

    def _network(self, precision: str) -> Backbone:
        config = self.config.resolve()
        return impasto.create_backbone(config.backbone, weights=config.weights, device="cpu", precision=precision)

    def paint(self, precision: str, moved: float = 0.0) -> Tensor:
        """The finished picture of a content that is moved so far."""
        grain = torch.randn(self.content.shape, generator=torch.Generator().manual_seed(9))
        return impasto.stylize(self.content + moved * grain, self.style, config=self.config, precision=precision).pixels

    def objective(self, canvas: Tensor, precision: str) -> impasto.Objective:
        network = self.networks[precision]
        return build_objective(
            self.content, [learn(self.style, self.config, network)], self.config, network, MatchStart(canvas)
        )

    def loss(self, canvas: Tensor) -> float:
        return self.objective(canvas, "float32").total(canvas)

    def gradient_error(self, canvas: Tensor) -> float:
        exact, half = (self.objective(canvas, precision).value_and_grad(canvas)[1] for precision in self.networks)
        return float((half - exact).norm() / exact.norm())


def compare(size: int, config: impasto.StylizeConfig, pair: int) -> dict[str, float]:
    judge = Judge(size, config, pair)
    pictures = {precision: judge.paint(precision) for precision in NUMBER_FORMATS}
    pictures["moved"] = judge.paint("float32", 1e-6)
    losses = {name: judge.loss(pixels) for name, pixels in pictures.items()}
    return {
        **losses,
        **{f"{name}_apart": loss / losses["float32"] - 1 for name, loss in losses.items() if name != "float32"},
        "first_gradient_error": judge.gradient_error(judge.content),
        "last_gradient_error": judge.gradient_error(pictures["bfloat16"]),
    }


def means(size: int, config: impasto.StylizeConfig, pairs: int) -> dict[str, float]:
    found = [compare(size, config, pair) for pair in range(pairs)]
    return {name: statistics.fmean(row[name] for row in found) for name in found[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    rows: dict[str, dict[str, Any]] = {}
    if args.output and args.output.exists():
        rows = json.loads(args.output.read_text())["results"]
    for name, options in CASES:
        if args.only in name:
            run = {"size": args.size, "iterations": args.iterations}
            preset = options.get("preset")
            base = impasto.load_preset(preset) if preset else impasto.StylizeConfig()
            config = base.overlay(
                {"device": "cpu", **run, **{key: value for key, value in options.items() if key != "preset"}}
            )
            auto = impasto.Stylizer(config=config).config.precision
            rows[name] = {**run, "pairs": args.pairs, "auto": auto, **means(args.size, config, args.pairs)}
            print(name, rows[name], flush=True)
            write_report({"machine": machine(), "allowed": ALLOWED, "results": rows}, args.output)
    sys.exit(any(row.get(f"{row['auto']}_apart", 0.0) > ALLOWED for row in rows.values()))


if __name__ == "__main__":
    main()
