"""What stands beside every benchmark's figures: the machine they hold for, and how they are written."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from pathlib import Path

import psutil
import torch


def machine() -> dict[str, object]:
    """What the figures hold for."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = {line.split(":")[1].strip() for line in flags.splitlines() if line.startswith("model name")}
    return {
        "processor": sorted(names) or platform.processor(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "bfloat16": "avx512_bf16" in flags,
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }


def write_report(report: Mapping[str, object], file: Path | None) -> None:
    """The report as JSON; nothing where no file was asked for."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(report, indent=1) + "\n")
