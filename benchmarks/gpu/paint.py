"""Whole runs on the device: seconds, memory, what happens when memory runs out, and checkpoints of another device."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from impasto.api import Begin, Run, Stylizer
from impasto.images.files.io import to_pil
from impasto.runs.checkpoint import read_checkpoint
from impasto.runs.record import config_of

from .common import TINY, shapes
from .compare import _apart
from .parts import Setup, synchronized

PAINTINGS = (  # in the order of their worth
    (512, None),
    (512, "neural-style"),
    (2048, None),
    (4096, None),
    (1024, None),
    (1024, "neural-style"),
    (2048, "neural-style"),
    (4096, "neural-style"),
)
GOALS = {"default 512": ("painting", 1.0), "default 2048": ("painting", 10.0), "default 4096": ("reserved_gb", 20.0)}
LONGEST = {None: 60.0, "neural-style": 15.0}  # seconds, after which the rest is reckoned from what was done


def paintings(setup: Setup) -> None:
    """The default and the preset neural-style at four sizes; the first run twice, for it also starts the device."""
    known: list[Stylizer] = []
    for place, (size, preset) in enumerate(((512, None), *PAINTINGS)):
        name = f"{preset or 'default'} {size}" if place else "the first run"
        side = size // 16 if setup.tiny else size
        most = min(LONGEST[preset], setup.left - 2)
        if most > 1:
            setup.attempt(name, lambda args=(name, side, preset, most): _painting(setup, *args, known))


def _painting(
    setup: Setup, name: str, size: int, preset: str | None, most: float, known: list[Stylizer]
) -> dict[str, Any]:
    _forget(setup.device)
    began = time.perf_counter()
    options = {**(TINY if setup.tiny else {}), "size": size, "device": setup.device}
    stylizer = Stylizer(preset=preset, others=known, **options)
    known[:] = [stylizer, *known][:2]
    run = stylizer.iterate(shapes(size * 3 // 4, size, 1), shapes(size * 3 // 4, size, 2))
    loaded, notes = time.perf_counter() - began, list[str]()
    for progress in run:
        notes += [progress.note] if progress.note else []
        if time.perf_counter() - began > most:
            run.stop()
    synchronized(setup.device)
    found = _told(run, loaded, time.perf_counter() - began, notes, setup.device)
    key, goal = GOALS.get(name, ("", 0.0))
    return found if setup.tiny or name not in GOALS else {**found, "goal": {key: goal}, "met": found[key] <= goal}


def _told(run: Run, loaded: float, seconds: float, notes: list[str], device: str) -> dict[str, Any]:
    last, result = run.last, run.result()
    assert last is not None
    share = last.step / last.steps
    found = {
        "painting": round(last.seconds / share, 3),  # of all steps, by those that were done
        "steps": [last.step, last.steps],
        "loaded": round(loaded, 3),
        "whole": round(seconds, 3),
        "precision": run.config.precision,
        "tile_size": run.config.tile_size,
        "loss": last.loss,
        "notes": notes[:5],
        "finite": bool(result.pixels.isfinite().all()),
    }
    return {**found, **_peak(device)}


def _forget(device: str) -> None:
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak(device: str) -> dict[str, float]:
    """What PyTorch has taken of the device at its highest: of it tensors, and all."""
    if device != "cuda":
        return {}
    taken = {"allocated_gb": torch.cuda.max_memory_allocated(), "reserved_gb": torch.cuda.max_memory_reserved()}
    return {name: round(size / 1e9, 3) for name, size in taken.items()}


def recovery(setup: Setup) -> None:
    """A run that is given less memory than it takes goes on in tiles, and its first losses are those of the whole."""
    size = 64 if setup.tiny else 1024
    whole = setup.attempt("whole", lambda: _briefly(setup, size))
    setup.attempt("in tiles from the start", lambda: _as_before(_briefly(setup, size, tile_size=size // 2), whole))
    if setup.device == "cuda":
        taken, there = whole["reserved_gb"] * 1e9, torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(0.6 * taken / there)
        setup.attempt("on 0.6 of that memory", lambda: _as_before(_briefly(setup, size), whole))
        torch.cuda.set_per_process_memory_fraction(1.0)


def _briefly(setup: Setup, size: int, **options: Any) -> dict[str, Any]:
    _forget(setup.device)
    short = {"scale_count": 1, "iterations": (2,), "objective": "gram", "precision": "float32", **options}
    small = {**short, **({"backbone": "compact"} if setup.tiny else {}), "size": size, "device": setup.device}
    run = Stylizer(**small).iterate(shapes(size * 3 // 4, size, 1), shapes(size * 3 // 4, size, 2))
    steps = list(run)
    tiles = steps[-1].saved().get("objective.tile_size", run.config.tile_size)
    told = {"losses": [step.loss for step in steps], "notes": [step.note for step in steps if step.note]}
    return {**told, "tile_size": tiles, **_peak(setup.device)}


def _as_before(found: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    off = [abs(one / two - 1) for one, two in zip(found["losses"], whole["losses"], strict=True)]
    return {**found, "off": off, "within": max(off) <= 1e-3}


def resuming(setup: Setup) -> None:
    """A checkpoint of the processor goes on on the device, and one of the device on the processor; beside the run that
    stayed where it was, in 1/255."""
    with tempfile.TemporaryDirectory() as folder:
        for here, there in (("cpu", setup.device), (setup.device, "cpu")):
            name = f"from {here} to {there}"
            setup.attempt(name, lambda way=(here, there), path=Path(folder): _moved(setup, *way, path))


def _moved(setup: Setup, here: str, there: str, folder: Path) -> dict[str, Any]:
    size = 40 if setup.tiny else 192
    files = [folder / f"{seed}.png" for seed in (1, 2)]
    for seed, file in enumerate(files, 1):
        to_pil(shapes(size * 3 // 4, size, seed)).save(file)
    options: dict[str, Any] = {"size": size, "scale_count": 2, "iterations": (6,), "precision": "float32"}
    options |= {"objective": "gram", "backbone": "compact" if setup.tiny else "vgg19"}
    run = Stylizer(device=here, **options).iterate(*files)
    stayed, kept = Stylizer(device=here, **options).stylize(*files), folder / f"{here}.checkpoint"
    for progress in run:
        if progress.step == 4:
            break
    run.checkpoint(kept)
    moved = _finished(_going_on(kept, there), files)
    apart = _apart(stayed.pixels, moved.pixels)
    return {"apart": apart, "steps": moved.record["iterations"], "within": apart <= 0.5}


def _going_on(file: Path, device: str) -> Callable[[list[Path]], Run]:
    """What goes on with a checkpoint on another device, which `impasto.resume` does not do: it promises the bits."""
    since = read_checkpoint(file)
    record = {**since.record, "config": {**since.record["config"], "device": device}}
    moved = replace(since, record=record)  # type: ignore[arg-type]
    stylizer = Stylizer(config=config_of(record), exact=True)  # type: ignore[arg-type]
    return lambda files: stylizer.iterate(*files, Begin.again(moved))


def _finished(begin: Callable[[list[Path]], Run], files: list[Path]) -> Any:
    run = begin(files)
    for _ in run:
        pass
    return run.result()
