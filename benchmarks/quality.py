"""Finished pictures, judged: every content in every style, by the default and by other settings, beside published ones.

    python benchmarks/quality.py --images FOLDER [--size 448] [--pairs all|published] [--variants "" "--objective gram"]
                                 [--keep FOLDER] [--output benchmarks/results/quality.json]
    python benchmarks/quality.py --pair CONTENT STYLE [--pair CONTENT STYLE ...] [--size 448] [--variants ...] ...

FOLDER holds ``content/``, ``style/`` and, to compare with, ``published/CONTENT_STYLE.png``, where STYLE may be the
first or last word of a style's file name. A variant is flags of `impasto stylize`; the empty one is the default.
Pictures that lie in the folder of `--keep` are judged as they are: hours of painting may be stopped, and go on. Figures
are those of judges.py, which no optimiser here sees: style, content, and the crispness of the strokes as a ratio to the
style's, median and lowest decile, in a mean cut at 1: strokes crisper than the style's make up for nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from judges import judge
from machine import machine, write_report

Pair = tuple[Path, Path]


def pairs_of(images: Path) -> dict[str, Pair]:
    """``{"content_style": (content file, style file)}``."""
    contents, styles = (sorted((images / kind).iterdir()) for kind in ("content", "style"))
    return {f"{c.stem}_{s.stem}": (c, s) for c in contents for s in styles}


def published_of(images: Path, pairs: dict[str, Pair]) -> dict[str, Path]:
    """The published picture of each pair that has one."""
    found = {}
    for file in sorted((images / "published").glob("*.png")):
        for name, (content, style) in pairs.items():
            words = style.stem.split("_")
            if file.stem in {f"{content.stem}_{word}" for word in (style.stem, words[0], words[-1])}:
                found[name] = file
    return found


def paint(pair: Pair, out: Path, flags: list[str]) -> None:
    command = [sys.executable, "-m", "impasto", "stylize", *map(str, pair), "-o", str(out), "--quiet", *flags]
    subprocess.run(command, check=True)


def mean(values: list[list[float]]) -> list[float]:
    """Of verdicts; what is crisper than the style counts as crisp as the style."""
    cut = [[style, content, *(min(1.0, ratio) for ratio in crisp)] for style, content, *crisp in values]
    return [round(sum(column) / len(cut), 4) for column in zip(*cut, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    chosen_by = parser.add_mutually_exclusive_group(required=True)
    chosen_by.add_argument("--images", type=Path)
    chosen_by.add_argument("--pair", type=Path, nargs=2, action="append", metavar=("CONTENT", "STYLE"))
    parser.add_argument("--size", type=int, default=448)
    parser.add_argument("--variants", nargs="+", default=[""])
    parser.add_argument("--pairs", choices=("all", "published"), default="all")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    pairs = pairs_of(args.images) if args.images else {f"{c.stem}_{s.stem}": (c, s) for c, s in args.pair}
    published = published_of(args.images, pairs) if args.images else {}
    chosen = pairs if args.pairs == "all" or args.pair else {name: pairs[name] for name in published}
    results: dict[str, dict[str, list[float]]] = {}
    if published:
        results["published"] = {name: judged(file, pairs[name]) for name, file in published.items()}
    with tempfile.TemporaryDirectory() as temporary:
        for flags in args.variants:
            variant = flags or "default"
            folder = (args.keep or Path(temporary)) / variant.replace("-", "").replace(" ", "_")
            folder.mkdir(parents=True, exist_ok=True)
            results[variant] = {}
            for name, pair in chosen.items():
                out = folder / f"{name}.png"
                if not out.exists():
                    paint(pair, out, ["--size", str(args.size), *flags.split()])
                results[variant][name] = judged(out, pair)
                print(variant, name, results[variant][name], flush=True)
    means = {kind: {"all": mean(list(v.values()))} for kind, v in results.items()}
    for kind, verdicts in results.items():
        if published:
            means[kind]["published pairs"] = mean([verdicts[name] for name in published])
    print(json.dumps(means, indent=1))
    write_report({"size": args.size, "machine": machine(), "means": means, "results": results}, args.output)


def judged(picture: Path, pair: Pair) -> list[float]:
    return [round(value, 4) for value in judge(picture, *pair)]


if __name__ == "__main__":
    main()
