"""Where to compute, and in which number format."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from torch.nn.grad import conv2d_input

from .config import choices
from .errors import DeviceError

__all__ = [
    "EXACT_SHARE",
    "NUMBER_FORMATS",
    "SMALL_CANVAS",
    "WORTHWHILE",
    "bfloat16_gain",
    "choose_device",
    "choose_precision",
    "instruction_set",
    "keep_freed_memory",
    "on_threads",
    "processor_name",
    "release_freed_memory",
]


NUMBER_FORMATS = choices.registered(
    choices.NUMBER_FORMATS, {"float32": torch.float32, "mixed": torch.bfloat16, "bfloat16": torch.bfloat16}
)
"""What the network of each precision computes in, until a mixed run goes over to float32."""

EXACT_SHARE = 0.25
"""Of the iterations of each scale, the last ones, is what a mixed run spends in float32."""


WORTHWHILE = 1.15
"""Times as fast as float32, from which on bfloat16 is taken."""

SMALL_CANVAS = 160 * 160
"""px: so many, or fewer, are painted on one thread. A second one gains nothing there but what handing work over costs,
and where other programs keep the processor busy each hand-over waits for them (benchmarks/threads.py)."""


_PRESENT: dict[str, Callable[[], bool]] = choices.registered(  # in the order in which auto takes them
    choices.DEVICES,
    {"cuda": lambda: torch.cuda.is_available(), "mps": lambda: torch.backends.mps.is_available(), "cpu": lambda: True},
)


def choose_device(name: str) -> torch.device:
    """The device of an option value; ``auto`` takes CUDA (ROCm included), then Apple's MPS, then the CPU.

    Raises:
        DeviceError: the device asked for is not there.
    """
    if name == "auto":
        return torch.device(next(kind for kind, present in _PRESENT.items() if present()))
    if not _PRESENT[name]():
        raise DeviceError(f"this machine (or its PyTorch) has no {name} device", "use --device auto or --device cpu")
    return torch.device(name)


def choose_precision(
    precision: str,
    device: torch.device,
    optimizer: str | None = None,
    line_search: str = "none",
    gain: Callable[[], float] | None = None,
) -> str:
    """One of `NUMBER_FORMATS`; ``auto`` takes bfloat16 where the processor multiplies it natively, mixed for L-BFGS.

    A processor that multiplies it is not always the faster for it, as with AVX512-BF16 alone. So it is tried there, and
    only what is clearly slower than it should be goes against what the processor says of itself.

    Losses, statistics, gradients of the canvas and the solver are float32 whatever this says. L-BFGS takes the
    curvature from differences of gradients, and the closer an optimum is, the more of these is what bfloat16 has
    rounded (benchmarks/precision.py). Adam does not notice. A line search compares losses that differ by less than
    bfloat16 shows, finds no length at all and spends every trial it has, so it gets float32.

    Args:
        precision: what is asked for.
        device: that computes.
        optimizer, line_search: of the run.
        gain: tells how many times as fast bfloat16 is as float32 on this processor; None takes it for `WORTHWHILE`.
    """
    if precision != "auto":
        return precision
    if line_search != "none" or not _multiplies_bfloat16(device):
        return "float32"
    if gain is not None and device.type == "cpu" and gain() < WORTHWHILE:
        return "float32"
    return "mixed" if optimizer == "lbfgs" else "bfloat16"


def _multiplies_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        return bool(_bfloat16_units())
    return False


def _bfloat16_units() -> list[str]:
    """What of the processor multiplies bfloat16. PyTorch keeps the questions private but offers no other; absent means
    no."""
    asks = {"AVX512-BF16": "_is_avx512_bf16_supported", "AMX": "_is_amx_tile_supported"}
    return [unit for unit, name in asks.items() if getattr(torch.cpu, name, lambda: False)()]


def bfloat16_gain(clock: Callable[[], float] = time.thread_time, limit: float = 0.15) -> float:
    """How many times as fast as in float32 a convolution of 256 channels is in bfloat16, there and back to its input.

    Both take turns on one thread, and the fastest of each counts; in seconds of the processor, not of the wall, so that
    a busy machine gives the same answer.

    Args:
        clock: tells seconds.
        limit: no turn begins that would end after so many seconds.
    """
    formats = torch.float32, torch.bfloat16
    spent: dict[torch.dtype, list[float]] = {}
    with on_threads(1), torch.no_grad():
        turns = [_convolution(dtype) for dtype in formats]
        for turn in turns:
            turn()  # the first one also prepares what all others use
        began = clock()
        longest = 0.0
        while not spent or clock() - began + longest < limit:
            before = clock()
            for dtype, turn in zip(formats, turns, strict=True):
                start = clock()
                turn()
                spent.setdefault(dtype, []).append(clock() - start)
            longest = max(longest, clock() - before)
    exact, half = (min(spent[dtype]) for dtype in formats)
    return exact / half if exact > 0 < half else WORTHWHILE


def _convolution(dtype: torch.dtype) -> Callable[[], object]:
    """Calls for a convolution of 3 x 3, as the network has them."""
    features = torch.full((1, 256, 20, 20), 0.5, dtype=dtype).contiguous(memory_format=torch.channels_last)
    kernels = torch.full((256, 256, 3, 3), 0.5, dtype=dtype).contiguous(memory_format=torch.channels_last)

    def there_and_back() -> None:
        seen = torch.nn.functional.conv2d(features, kernels, padding=1)
        conv2d_input(features.shape, kernels, seen, padding=1)  # type: ignore[no-untyped-call]

    return there_and_back


def processor_name() -> str:
    """What the processor calls itself, on Linux its model; elsewhere what Python knows of it."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return platform.processor()


def instruction_set() -> str:
    """What PyTorch and oneDNN compute with on this processor, as in ``AVX512, AVX512-BF16``: other sums come out of
    others.

    Limits that are set by ``ATEN_CPU_CAPABILITY`` and ``ONEDNN_MAX_CPU_ISA`` are part of it.
    """
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    limits = [f"oneDNN up to {limit}"] if limit not in ("", "ALL", "DEFAULT") else []
    return ", ".join([torch.backends.cpu.get_cpu_capability(), *_bfloat16_units(), *limits])


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """A ``with`` block in which PyTorch computes on so many threads; afterwards on as many as before. 0 leaves them.

    How a sum is shared out decides how it is rounded, so results are the same to the bit only with the same count.
    """
    before = torch.get_num_threads()
    if count in (0, before):  # setting it anew would cost oneDNN what it has prepared
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def keep_freed_memory() -> None:
    """Ask the C library to reuse freed memory in this process, not to return it to the system at once.

    glibc maps every large tensor anew and unmaps it when freed, so each iteration pays for fresh zeroed pages again;
    benchmarks/allocator.py measures what that costs. Elsewhere than on glibc it does nothing.
    `release_freed_memory` gives back what a run has left.
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, -1)


def release_freed_memory() -> None:
    """Give freed memory back to the system now."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # <malloc.h>


def _glibc() -> ctypes.CDLL | None:
    """The C library, where it has the two calls."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
