"""Parts of one check, each in a process of its own with a time of its own, and a report that is written after every
finding: a part that fails, hangs or breaks the driver costs itself alone."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

_LEAST = 2.0  # seconds, with which it is worth to begin a part
_GRACE = 5.0  # seconds after its time, in which a part that looks at the clock ends by itself


@dataclass(frozen=True)
class Setup:
    """What a part is told.

    Attributes:
        device: cuda, mps or cpu.
        tiny: sizes that a processor does in a second.
        end: of its time, by `time.monotonic`.
        tell: takes a finding by name, as JSON holds it; a later one of the same name replaces it.
    """

    device: str
    tiny: bool
    end: float
    tell: Callable[[str, Any], None]

    @property
    def left(self) -> float:
        """Seconds of its time."""
        return self.end - time.monotonic()

    def attempt(self, name: str, work: Callable[[], Any]) -> Any:
        """What ``work`` finds, told by ``name``; a failure is told in its place, and nothing is given."""
        try:
            found = work()
        except Exception:
            self.tell(name, {"error": traceback.format_exc()})
            return None
        self.tell(name, found)
        return found


@dataclass(frozen=True)
class Part:
    name: str
    share: float
    work: Callable[[Setup], None]


def check(parts: Sequence[Part], device: str, seconds: float, file: Path, head: dict[str, Any], *, tiny: bool) -> bool:
    """Do the parts, and write what they find after each finding; whether none failed.

    Args:
        parts: in the order of their worth.
        device: see `Setup`.
        seconds: for all of them.
        file: of the report, JSON.
        head: what the report begins with.
        tiny: see `Setup`.
    """
    report: dict[str, Any] = {**head, "device": device, "tiny": tiny, "parts": {}}
    end = time.monotonic() + seconds
    for place, part in enumerate(parts):
        left = end - time.monotonic()
        budget = left * part.share / sum(each.share for each in parts[place:])
        entry = report["parts"][part.name] = {"state": "no time left", "seconds": 0.0, "found": {}}
        if budget >= _LEAST:
            _do(part, Setup(device, tiny, time.monotonic() + budget, print), entry, lambda: _write(report, file))
        _write(report, file)
        print(f"{part.name:10s} {entry['seconds']:6.1f} s  {entry['state']}", flush=True)
    return all(entry["state"] == "done" for entry in report["parts"].values())


def _do(part: Part, setup: Setup, entry: dict[str, Any], write: Callable[[], None]) -> None:
    """One part in a fork of this process, which has PyTorch loaded and has never asked for a device."""
    forks, began = multiprocessing.get_context("fork"), time.monotonic()
    receiver, sender = forks.Pipe(duplex=False)
    process = forks.Process(target=_child, args=(part, setup, sender))
    process.start()
    sender.close()
    entry["state"] = "cut off"
    while receiver.poll(max(0.0, setup.left + _GRACE)):
        try:
            name, value = json.loads(receiver.recv())
        except EOFError:
            process.join(_GRACE)
            entry["state"] = "done" if process.exitcode == 0 else f"ended with {process.exitcode}"
            break
        entry["found"][name] = value
        write()
    _end(process)
    entry["seconds"] = round(time.monotonic() - began, 1)
    if entry["state"] == "done" and _failures(entry["found"]):
        entry["state"] = f"failed: {', '.join(_failures(entry['found']))}"


def _end(process: Any) -> None:
    """It and all that it has started."""
    if process.is_alive():
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            process.kill()
    process.join()


def _child(part: Part, setup: Setup, sender: Connection) -> None:
    os.setsid()

    def tell(name: str, value: Any) -> None:
        sender.send(json.dumps([name, value]))

    try:
        if setup.tiny:
            torch.set_num_threads(1)
        if setup.device == "cuda":
            torch.cuda.init()
        part.work(Setup(setup.device, setup.tiny, setup.end, tell))
    except BaseException:
        tell("error", traceback.format_exc())


def _failures(found: dict[str, Any]) -> list[str]:
    """The names of what raised an error, or is not within its bound."""
    return [
        name
        for name, value in found.items()
        if name == "error" or (isinstance(value, dict) and ("error" in value or value.get("within") is False))
    ]


def _write(report: dict[str, Any], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".part")
    beside.write_text(json.dumps(report, indent=1) + "\n")
    beside.replace(file)


def synchronized(device: str) -> float:
    """Seconds by a clock that is read when the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


def exact() -> None:
    """Float32 is float32, not TF32."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
