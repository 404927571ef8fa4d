"""Weights that are a data file of another installed package: found by its metadata, and none of its code is run."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from .manifest import WeightsRecord

__all__ = ["installed_file", "reinstall"]


def installed_file(record: WeightsRecord) -> Path | None:
    """Where the file of a record with a ``distribution`` is, or would be; None where that package is not installed.

    Any version of the package will do: whether the file is the right one is for its hash to say.
    """
    try:
        package = metadata.distribution(record.distribution.partition("==")[0])
    except metadata.PackageNotFoundError:
        return None
    return Path(str(package.locate_file(record.file)))


def reinstall(record: WeightsRecord) -> str:
    """The command that puts another file right; pip leaves a version alone that it takes for installed, so it is told
    not to."""
    return f"pip install --force-reinstall --no-deps {record.distribution}"
