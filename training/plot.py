"""`python -m training.plot FOLDER`: the log of a run as a picture, `log.png` beside it."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    """Draw every loss over the steps."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    folder = Path(sys.argv[1])
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
    for name in [name for name in lines[-1] if name not in ("step", "seconds_a_step")]:
        axes.plot(
            [line["step"] for line in lines if name in line], [line[name] for line in lines if name in line], label=name
        )
    axes.set(xlabel="step", ylabel="loss (share of the batch times cross entropy)", ylim=(0, None))
    axes.legend()
    figure.savefig(folder / "log.png", dpi=80)


if __name__ == "__main__":
    main()
