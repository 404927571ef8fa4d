"""Weights that are a data file of another installed package. It is found by metadata; no code of it is run."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from .manifest import WeightsRecord

__all__ = ["installed_file", "reinstall"]


def installed_file(record: WeightsRecord) -> Path | None:
    """The path of the weights file in an installed package.

    Any version of the package is accepted; whether the file is the right one is checked by its hash.

    Args:
        record: with a ``distribution``.

    Returns:
        The path, whether the file exists or not; None if the package is not installed.
    """
    try:
        package = metadata.distribution(record.distribution.partition("==")[0])
    except metadata.PackageNotFoundError:
        return None
    return Path(str(package.locate_file(record.file)))


def reinstall(record: WeightsRecord) -> str:
    """The command that replaces a damaged file. Without ``--force-reinstall`` pip skips a version that is installed.

    Args:
        record: with a ``distribution``.

    Returns:
        A command line.
    """
    return f"pip install --force-reinstall --no-deps {record.distribution}"
