"""Checkpoints of unfinished runs: files in the safetensors format, with JSON in the metadata."""

from __future__ import annotations

import json
import os
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import CheckpointError, OutputError
from ..files import check_writable, discard, exists, replacing
from ..weights.tensor_files import read_tensors
from .differences import differing_inputs
from .record import RunRecord, parse_record, record_text
from .record_files import found_inputs

__all__ = [
    "Checkpoint",
    "check_checkpoint",
    "checkpoint_of",
    "read_checkpoint",
    "remove_checkpoint",
    "state_of",
    "write_checkpoint",
]

SCHEMA = 1
_LONGEST_NAME = 255  # bytes, on most disks
_WRITTEN = "give a file that impasto wrote beside a picture, as out.png.checkpoint"


@dataclass(frozen=True)
class Checkpoint:
    """The state of an unfinished run.

    Attributes:
        record: of the run, with the paths of its inputs. They may also lie beside the checkpoint.
        state: from `Progress.saved`, with tensors on the CPU; empty before the first iteration.
        output: ``path`` of the picture and ``settings`` it is written with; empty if they are not known.
    """

    record: RunRecord
    state: Mapping[str, Any]
    output: Mapping[str, Any] = field(default_factory=dict)


def checkpoint_of(output: str | os.PathLike[str]) -> Path:
    """The default path of the checkpoint of a picture.

    Args:
        output: the picture.

    Returns:
        ``out.png.checkpoint`` for ``out.png``; a shorter name if this one is too long for a file system.
    """
    path = Path(f"{os.fspath(output)}.checkpoint")
    if len(os.fsencode(path.name)) <= _LONGEST_NAME:
        return path
    return path.with_name(f"{zlib.crc32(os.fsencode(path.name)):08x}.checkpoint")


def write_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a checkpoint, atomically.

    Args:
        path: the file.
        checkpoint: the state.

    Raises:
        OutputError: the file cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    tensors = {
        name: value.detach().contiguous() for name, value in checkpoint.state.items() if isinstance(value, Tensor)
    }
    numbers = {name: value for name, value in checkpoint.state.items() if name not in tensors}
    facts = {"schema": SCHEMA, "version": metadata.version("impasto"), "numbers": numbers, "output": checkpoint.output}
    texts = {"impasto": json.dumps(facts), "record": record_text(checkpoint.record)}
    with replacing(path) as part:
        try:
            # `save_file` writes a temporary file beside its target; it is in a folder that `discard` removes if the
            # process is killed.
            with tempfile.TemporaryDirectory(dir=part.parent, prefix=f"{part.stem}-", suffix=part.suffix) as folder:
                save_file(tensors, written := Path(folder) / "checkpoint", texts)
                written.replace(part)
        except SafetensorError as error:  # it holds the system's error as text only
            raise OSError(str(error)) from error


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint.

    Args:
        path: the file.

    Returns:
        The `Checkpoint`.

    Raises:
        CheckpointError: the file is missing, damaged or no checkpoint, or another version of Impasto wrote it.
    """
    from safetensors import SafetensorError

    name = os.fspath(path)
    try:
        Path(name).open("rb").close()  # raises the system's error, which safetensors does not distinguish
        read, texts = read_tensors(name)
        # Cloned, because memory of the file is not aligned as that of PyTorch, which changes the last bits of results.
        tensors = {key: tensor.clone() for key, tensor in read.items()}
    except FileNotFoundError as error:
        raise CheckpointError(
            f"there is no checkpoint {name!r}", "a picture that is finished has none any more"
        ) from error
    except IsADirectoryError as error:
        raise CheckpointError(f"{name!r} is a folder, and no checkpoint", _WRITTEN) from error
    except OSError as error:
        told = f"the checkpoint {name!r} cannot be read: {error.strerror or error}"
        raise CheckpointError(told, "check its permissions") from error
    except SafetensorError as error:
        raise CheckpointError(f"{name!r} is damaged or no checkpoint", _WRITTEN) from error
    return _checkpoint(name, tensors, texts)


def _checkpoint(name: str, tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> Checkpoint:
    try:
        facts = json.loads(texts["impasto"])
        written, here = (facts["schema"], facts["version"]), (SCHEMA, metadata.version("impasto"))
        if written == here:
            record = found_inputs(parse_record(texts["record"]), Path(name).parent)
            return Checkpoint(record, {**tensors, **facts["numbers"]}, facts["output"])
    except (KeyError, TypeError, ValueError) as error:  # a ConfigError of the record is a ValueError
        raise CheckpointError(f"{name!r} is no checkpoint", _WRITTEN) from error
    told = f"{name!r} was written by impasto {written[1]}, and this is {here[1]}"
    raise CheckpointError(told, f"go on with impasto {written[1]}, or begin anew")


def check_checkpoint(path: str | os.PathLike[str]) -> None:
    """Check that a checkpoint can be written to a file.

    Args:
        path: the file.

    Raises:
        OutputError: it cannot be written, or exists and is not a checkpoint.
    """
    check_writable(path)
    if exists(path) and not _is_checkpoint(path):
        raise OutputError(
            f"{os.fspath(path)!r} is there already, and no checkpoint", "choose another --checkpoint-file"
        )


def state_of(checkpoint: Checkpoint, record: RunRecord, device: torch.device) -> dict[str, Any]:
    """The state of a checkpoint, for a run that continues it.

    Args:
        checkpoint: read from a file.
        record: of the run that continues.
        device: that the tensors are moved to.

    Returns:
        The state, as from `Progress.saved`.

    Raises:
        CheckpointError: inputs or options of the two runs differ.
    """
    differing = differing_inputs(checkpoint.record, record)
    if differing:
        told = f"this run cannot go on, for these are not what they were: {', '.join(differing)}"
        raise CheckpointError(told, "give the same again, or begin anew")

    def placed(value: Any) -> Any:
        """In float64 are plain numbers, which are read where they lie; Apple's devices have none of it."""
        return value.to(device) if isinstance(value, Tensor) and value.dtype != torch.float64 else value

    return {name: placed(value) for name, value in checkpoint.state.items()}


def remove_checkpoint(path: str | os.PathLike[str]) -> None:
    """Remove a checkpoint, and temporary files of processes that were killed while they wrote it.

    Args:
        path: the file; it may be missing, and is not removed if it is not a checkpoint.
    """
    if not exists(path) or _is_checkpoint(path):
        discard(path)


def _is_checkpoint(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a checkpoint of any version."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            return "impasto" in (file.metadata() or {})
    except (OSError, SafetensorError):
        return False
