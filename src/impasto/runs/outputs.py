"""The files that a run writes, and their check before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import OutputConfig, StylizeConfig
from ..files import above, check_overwrites, exists
from ..images.files.folder import expanded
from ..images.files.io import check_output
from .checkpoint import check_checkpoint, checkpoint_of
from .record import check_record_output, files_named

__all__ = ["OutputFiles", "check_outputs", "files_read"]


@dataclass(frozen=True)
class OutputFiles:
    """The files that one run writes.

    Attributes:
        picture: the result, as it was given: a name that ends in a slash is a folder, and refused.
        checkpoint: exists while the run is unfinished; None writes none.
        record: a copy of the run record; None writes none.
    """

    picture: str | os.PathLike[str]
    checkpoint: Path | None = None
    record: Path | None = None

    @staticmethod
    def of(picture: str | os.PathLike[str], settings: OutputConfig) -> OutputFiles:
        """The files of a picture.

        Args:
            picture: where the result is written.
            settings: their ``checkpoint``, ``checkpoint_file`` and ``record``.

        Returns:
            The `OutputFiles`.
        """
        checkpoint = Path(settings.checkpoint_file or checkpoint_of(picture)) if settings.checkpoint else None
        return OutputFiles(picture, checkpoint, Path(settings.record) if settings.record else None)


def check_outputs(
    outputs: Sequence[OutputFiles], inputs: Iterable[Any], *, bits: int = 8, make_folders: bool = False
) -> None:
    """Check that all files can be written, and that none of them replaces an input, another one or a foreign file.

    Args:
        outputs: of all runs.
        inputs: from `files_read`.
        bits: bits a channel of the pictures.
        make_folders: whether folders that do not exist will be made; otherwise they are refused.

    Raises:
        OutputError: a file cannot be written, exists and is of another kind, or is an input.
    """
    for picture in {_sort(files.picture): files.picture for files in outputs}.values():
        there = above(Path(picture).parent) / Path(picture).name if make_folders else picture
        check_output(there, bits=bits)
    for files in outputs:
        if files.record:
            check_record_output(files.record)
        if files.checkpoint and (exists(files.checkpoint) or not make_folders):
            check_checkpoint(files.checkpoint)
    written = [path for files in outputs for path in (files.picture, files.record, files.checkpoint) if path]
    check_overwrites(written, inputs)


def _sort(picture: str | os.PathLike[str]) -> tuple[Path, str]:
    """Folder and suffix: of pictures that share both, one is checked."""
    return Path(picture).parent, Path(picture).suffix


def files_read(given: Iterable[Any], *configs: StylizeConfig) -> list[Any]:
    """All inputs of runs: what is given, the pictures in the folders among them, and the files that options name.

    Args:
        given: pictures, folders, masks, records; None is left out.
        configs: options of the runs.

    Returns:
        Paths, and what was given that is no path.

    Raises:
        PictureError: a folder has no pictures.
    """
    there = [each for each in given if each is not None]
    inside = [path for each in there for path in expanded(each)]
    return [*there, *inside, *(path for config in configs for path in files_named(config))]
