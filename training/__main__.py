"""`python -m training --data FOLDER --out FOLDER`: trains, resumes, and writes the finished network."""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from impasto.devices import keep_freed_memory

from .export import write_network
from .network import Trunk, convolution_names, enliven, revive, start_from
from .pictures import Source, draw, draw_pairs, read_sources
from .tasks import Tasks

WIDTHS = (32, 64, 128, 192, 192)


class Trainer:
    """Everything that moves: trunk, heads, optimiser, the average of the weights, and the step."""

    def __init__(self, options: argparse.Namespace, sources: dict[str, Source]) -> None:
        torch.manual_seed(options.seed)
        self.options, self.sources, self.step = options, sources, 0
        self.trunk, self.tasks = Trunk(tuple(options.widths), options.first), Tasks(tuple(options.widths), sources)
        if options.start:
            images = draw(sources, options.seed, 2**31 - 1).images
            start_from(self.trunk, load_file(options.start), images)
            print(f"{revive(self.trunk, images)} dead channels were given random filters", flush=True)
        self.parameters = [p for p in (*self.trunk.parameters(), *self.tasks.parameters()) if p.requires_grad]
        self.average = {name: p.detach().clone() for name, p in self.trunk.named_parameters()}
        self.optimizer = torch.optim.SGD(
            self.parameters, lr=options.rate, momentum=0.9, weight_decay=3e-4, nesterov=True
        )

    def rate(self) -> float:
        """Up along a line for the first twentieth, then down along a cosine."""
        done = self.step / self.options.steps
        share = min(1.0, done / 0.05 + 1e-3) * (0.5 + 0.5 * math.cos(math.pi * done))
        return float(self.options.rate * share + 1e-5)

    def train(self) -> dict[str, float]:
        """One step: a batch for the classes, or (every third) one for texture."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        losses = self._texture() if self.step % 3 == 2 else self._classes()
        total = sum(losses.values(), torch.zeros(()))
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters, 5.0)
        self.optimizer.step()
        enliven(self.trunk)
        self.step += 1
        self._follow()
        return {name: loss.item() for name, loss in losses.items()}

    def _classes(self) -> dict[str, Tensor]:
        batch = draw(self.sources, self.options.seed, self.step)
        with torch.autocast("cpu", torch.bfloat16):
            features = self.trunk(batch.images)
        losses = self.tasks.recognise(features, batch)
        total = len(batch.images)
        return {n: v * (len(batch.rows[n]) / total if n in batch.rows else 1.0) for n, v in losses.items()}

    def _texture(self) -> dict[str, Tensor]:
        batch = draw_pairs(self.sources, self.options.seed, self.step)
        with torch.autocast("cpu", torch.bfloat16):
            features = self.trunk(torch.cat([batch.first, batch.second]))
        return {"texture": 0.5 * self.tasks.match(features)}

    @torch.no_grad()
    def _follow(self) -> None:
        """The average over the last thousand steps or so; over all of them at first."""
        decay = min(0.999, self.step / (self.step + 10))
        for name, parameter in self.trunk.named_parameters():
            self.average[name].lerp_(parameter, 1 - decay)

    def save(self, file: Path) -> None:
        """A checkpoint, written beside the old one and put in its place."""
        state = {
            "step": self.step,
            "trunk": self.trunk.state_dict(),
            "tasks": self.tasks.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
        }
        part = file.with_suffix(".part")
        torch.save(state, part)
        part.replace(file)

    def load(self, file: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(file, weights_only=True)
        self.step, self.average = state["step"], state["average"]
        self.trunk.load_state_dict(state["trunk"])
        self.tasks.load_state_dict(state["tasks"])
        self.optimizer.load_state_dict(state["optimizer"])


def main() -> None:
    """Train to the last step, going on from the checkpoint in the folder if there is one."""
    options = _options()
    keep_freed_memory()
    if options.threads:
        torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint, log = options.out / "checkpoint.pt", options.out / "log.jsonl"
    sources, _ = read_sources(options.data)
    trainer = Trainer(options, sources)
    if checkpoint.exists():
        trainer.load(checkpoint)
        print(f"going on from step {trainer.step}", flush=True)
    began, first = time.time(), trainer.step
    means: dict[str, float] = {}
    while trainer.step < options.steps:
        for name, loss in trainer.train().items():
            means[name] = 0.95 * means.get(name, loss) + 0.05 * loss
        if trainer.step % 50 == 0:
            pace = (time.time() - began) / (trainer.step - first)
            line = {
                "step": trainer.step,
                "seconds_a_step": round(pace, 2),
                **{n: round(v, 4) for n, v in means.items()},
            }
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(line, flush=True)
        if trainer.step % 100 == 0 or trainer.step == options.steps:
            trainer.save(checkpoint)
    file = options.out / "compact.safetensors"
    write_network(
        trainer.trunk, trainer.average, sources, options.seed, file, load_file(options.start) if options.start else {}
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the parquet files")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint, log and finished network")
    parser.add_argument("--start", type=Path, help="a finished network (safetensors) to start from; may be narrower")
    names = [name for _, name in convolution_names()]
    parser.add_argument(
        "--first", choices=names, default=names[0], help="first convolution that learns; the others stay START's"
    )
    parser.add_argument("--steps", type=int, default=2400, help="batches of 590,000 px (64 pictures of 96 px)")
    parser.add_argument("--rate", type=float, default=0.04, help="highest learning rate")
    parser.add_argument("--widths", type=int, nargs=5, default=WIDTHS, help="channels of the five blocks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="processor cores; 0 takes all")
    return parser.parse_args()


if __name__ == "__main__":
    main()
