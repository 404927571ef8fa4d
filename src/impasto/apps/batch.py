"""Batches: every content in every style, with one network; existing results are skipped, errors end one picture."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ..api import Begin, Result, Run, Stylizer, make_config
from ..config import OutputConfig, StylizeConfig
from ..errors import CheckpointError, ConfigError, ImpastoError, OutputError
from ..files import exists, folder_for, make_folder
from ..images.files.folder import digest_of
from ..images.files.io import check_size, read_record
from ..runs.checkpoint import checkpoint_of, read_checkpoint, remove_checkpoint
from ..runs.claims import Claimed, claim
from ..runs.outputs import OutputFiles, check_outputs, files_read
from ..runs.record import parse_record
from ..styles import KeptStyle, Style, needed_of_styles, parts_of, read_style
from .jobs import Job, listed, plan_jobs

__all__ = ["Batch", "Paint", "Painted", "attempt", "batch"]


Paint = Callable[["Job", Run], Result | None]


@dataclass(frozen=True, eq=False)
class Painted:
    """The result of a job: a ``result``, an ``error``, or neither.

    Attributes:
        job: the job.
        result: the picture; None if it was not painted.
        error: why it was not painted.
        claimed: another process is painting it.
        otherwise: the output existed already, and its record names other pictures or options.
    """

    job: Job
    result: Result | None = field(default=None, repr=False)
    error: ImpastoError | None = None
    claimed: bool = False
    otherwise: bool = False


class Batch(Iterator[Painted]):
    """Iterator over the results of all jobs, one style after another.

    Args:
        jobs: all jobs, finished or not.
        painted: paints them.
    """

    def __init__(self, jobs: Sequence[Job], painted: Iterator[Painted]) -> None:
        self.jobs, self._painted = jobs, painted

    def __next__(self) -> Painted:
        return next(self._painted)


def batch(
    contents: Any,
    styles: Any,
    *,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    recursive: bool = False,
    paint: Paint | None = None,
    save: OutputConfig | None = None,
    config: StylizeConfig | None = None,
    preset: str | None = None,
    **options: Any,
) -> Batch:
    """Paint every content in every style; the network is loaded once, and the features of a style are reused.

    Each output is written atomically, and is claimed and looked for just before it is painted: a batch may be
    interrupted and repeated, or shared by several processes. A picture with a checkpoint continues from it.

    This is a documented entry point, so its arguments stay single keywords, as those of `stylize`.

    Args:
        contents: a picture, a folder of pictures, or a list of such.
        styles: one or a list; each is a picture, a folder whose pictures are pooled, or a list of styles that are
            mixed.
        output: where results are written: a name with the fields ``{content}`` and ``{style}`` (file names without
            suffix) and ``{index}`` (number of the picture, from 1; ``{index:03}`` is 001). A name without suffix is a
            folder, for ``{content}_{style}.png`` in it. Folders are made.
            If several pictures would have the same name, all but the first get a number.
        force: paint again what exists already.
        recursive: include the pictures in subfolders; outputs lie in subfolders of the same names.
        paint: called with each job and its run, to iterate over it; it may save and return the result. To cancel the
            batch, raise. By default the run is iterated to its end.
        save: how results are written.
        config: see `stylize`.
        preset: see `stylize`.
        options: see `stylize`.

    Returns:
        An iterator that paints. An error of one picture is reported in its ``error``, and the next picture follows.

    Raises:
        ConfigError, WeightsError, DeviceError, OutputError: at once, before anything is painted.
        ConfigError: also at once, if a style is a `Region`: masks belong to one picture.
        PictureError: also at once, if a folder of contents has no pictures.
    """
    jobs = plan_jobs(contents, styles, output, recursive=recursive)
    asked = make_config(config, preset, options)
    for job in jobs:
        parts_of(asked, len(job.styles))
    _check_outputs([job for job in jobs if job.output], listed(contents), save or OutputConfig(), asked)
    stylizer = Stylizer(config=asked, preset=preset)
    return Batch(jobs, _paint_all(jobs, stylizer, force, paint, save))


def _paint_all(
    jobs: Iterable[Job], stylizer: Stylizer, force: bool, paint: Paint | None, save: OutputConfig | None
) -> Iterator[Painted]:
    """Paint the jobs; those of one style follow each other, and share its features."""
    for _, group in itertools.groupby(jobs, key=lambda job: id(job.styles)):
        styles: list[Style] = []
        for job in group:
            begin = partial(_begin, stylizer, job, styles)
            if job.output is None:
                yield attempt(job, begin, paint, save)
            elif exists(job.output) and not force:
                yield Painted(job, otherwise=_is_otherwise(job, stylizer))
            else:
                yield _paint_claimed(job, begin, force, paint, save)


def _is_otherwise(job: Job, stylizer: Stylizer) -> bool:
    """Whether an existing output was made from other pictures or with other options, by its record."""
    try:
        record = parse_record(read_record(job.output or "") or "")
        files = [source if isinstance(source, (str, os.PathLike)) else None for source in (job.content, *job.styles)]
        digests = [None if file is None else digest_of(file) for file in files]
    except (ImpastoError, OSError):
        return True  # no record, or a file is missing
    entries = [entry["sha256"] for entry in (record["content"], *record["styles"]) if entry]
    if len(entries) != len(digests) or any(now not in (None, then) for then, now in zip(entries, digests, strict=True)):
        return True
    then, now = ({**each, **_MACHINES} for each in (record["config"], stylizer.config.to_dict()))
    starts = [Path(each.pop("init")).name for each in (then, now)]
    weights = (record.get("weights") or {}).get("sha256")
    return then != now or len(set(starts)) > 1 or weights != stylizer.weights["sha256"]


# Options whose resolved values depend on the machine, and the weights, which are compared by their hash.
_MACHINES = dict.fromkeys(("device", "precision", "memory", "threads", "tile_size", "weights"))


def _paint_claimed(
    job: Job,
    begin: Callable[[], Run],
    force: bool,
    paint: Paint | None,
    save: OutputConfig | None,
) -> Painted:
    """Paint a job with an output, unless another process is painting it."""
    output = job.output or Path()
    try:
        with folder_for(output), claim(output, checkpoint_of(output)):
            if exists(output) and not force:  # another process has finished it in the meantime
                return Painted(job)
            return attempt(job, begin, paint, save)
    except Claimed:
        return Painted(job, claimed=True)
    except OutputError as error:
        return Painted(job, error=error)


def _begin(stylizer: Stylizer, job: Job, styles: list[Style]) -> Run:
    """A run of ``job``, continued from its checkpoint if it has one. ``styles`` caches the styles of a group."""
    if not styles:
        styles += [KeptStyle(read_style(style, needed_of_styles(stylizer.config))) for style in job.styles]
    if job.output:
        with suppress(CheckpointError):
            return stylizer.iterate(job.content, styles, Begin.again(read_checkpoint(checkpoint_of(job.output))))
    return stylizer.iterate(job.content, styles)


def attempt(
    job: Job,
    begin: Callable[[], Run],
    paint: Paint | None = None,
    save: OutputConfig | None = None,
) -> Painted:
    """Paint a job and write its output, if it has one. Impasto's own errors are returned, not raised.

    Args:
        job: the job.
        begin: makes the run.
        paint: see `batch`.
        save: see `batch`.

    Returns:
        The `Painted`, with a result or an error.
    """
    try:
        run = begin()
        if job.output:
            check_size(job.output, run.size)
            make_folder(job.output.parent)
        result = (paint or _paint)(job, run) or _saved(run.result(), job, save)
    except ImpastoError as error:
        return Painted(job, error=error)
    return Painted(job, result)


def _saved(result: Result, job: Job, save: OutputConfig | None) -> Result:
    """Write the output of a job, if it has one, and remove its checkpoint."""
    if job.output:
        result.save(job.output, save)
        remove_checkpoint(checkpoint_of(job.output))
    return result


def _paint(job: Job, run: Run) -> None:
    for _ in run:
        pass


def _check_outputs(jobs: Sequence[Job], given: Sequence[Any], save: OutputConfig, config: StylizeConfig) -> None:
    """Refuse outputs that would overwrite one another, an input or a foreign file, or that cannot be written."""
    if save.record:
        hint = "leave it out: each picture carries its own record"
        raise ConfigError("record names one file, for several pictures", hint)
    used = (each for job in jobs for each in (job.content, *job.styles))
    sources = {id(source): source for source in (*given, *used)}.values()
    outputs = [OutputFiles(job.output, checkpoint_of(job.output)) for job in jobs if job.output]
    check_outputs(outputs, files_read(sources, config), bits=save.bits, make_folders=True)
