"""Many pictures with one network: each content in each style, what is there already left out, an error ends one picture only."""

from __future__ import annotations

import itertools
import os
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from .api import Result, Run, Stylizer
from .checkpoint import check_checkpoint, checkpoint_of, read_checkpoint, remove_checkpoint
from .claims import Claimed, claim
from .config import OutputConfig, StylizeConfig
from .errors import CheckpointError, ConfigError, ImpastoError, OutputError, nearest_name
from .files import above, check_kept, exists, folder_for, make_folder
from .images.folder import expanded
from .images.io import check_output, check_size
from .regions import Region
from .styles import KeptStyle, Style, parts_of, read_style

__all__ = ["FIELDS", "Batch", "Job", "Paint", "Painted", "attempt", "batch"]

FIELDS = ("content", "style", "index")
IN_FOLDER = "{content}_{style}.png"

Paint = Callable[["Job", Run], Result | None]


@dataclass(frozen=True, eq=False)
class Job:
    """One picture to be painted.

    Attributes:
        content: as in `stylize`.
        styles: one, or several that are mixed.
        output: the file to be written, or None.
    """

    content: Any
    styles: tuple[Any, ...]
    output: Path | None = None

    @property
    def name(self) -> str:
        """``photo.jpg, painting.jpg``."""
        return f"{_name(self.content)}, {' + '.join(map(_name, self.styles))}"


@dataclass(frozen=True, eq=False)
class Painted:
    """What became of a job: a ``result``, an ``error``, or neither where the output was there before, or where it is ``claimed``:
    another process is painting it."""

    job: Job
    result: Result | None = field(default=None, repr=False)
    error: ImpastoError | None = None
    claimed: bool = False


class Batch(Iterator[Painted]):
    """What became of each job, one style after the other; ``jobs`` are all there are, done or not."""

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
    paint: Paint | None = None,
    save: OutputConfig | None = None,
    config: StylizeConfig | None = None,
    preset: str | None = None,
    **options: Any,
) -> Batch:
    """Paint each content in each style: the network is loaded once, and what it sees in a style is kept for the next content.

    Every picture is written whole or not at all, and is claimed and looked for just before it is painted, so that a batch may be
    broken off and taken up again, or shared by several processes. A picture of which there is a checkpoint goes on from it.

    Args:
        contents: a picture, a folder of pictures, or a list of such.
        styles: one or a list; each is a picture, a folder whose pictures are pooled, or a list of styles that are mixed.
        output: where results are written: a name with the fields ``{content}`` and ``{style}`` (file names without suffix)
            and ``{index}`` (the number of the picture, from 1; ``{index:03}`` is 001). A name without suffix is a folder, for
            ``{content}_{style}.png`` in it. Folders are made.
        force: paint again what is there already.
        paint: called with each job and its run, to iterate over it; to cancel the batch, raise. It may save the result
            itself, and returns it then. By default it is painted.
        save: how results are written.
        config, preset, options: as of `stylize`.

    Returns:
        An iterator that paints; what is wrong with one picture is told in its ``error``, and the next one follows.

    Raises:
        ConfigError, WeightsError, DeviceError, OutputError: at once, before anything is painted.
        ConfigError: so too, where a style is a `Region`: masks are of one picture.
        PictureError: so too, where a folder of contents has no pictures.
    """
    jobs = _plan(contents, styles, output, save or OutputConfig())
    stylizer = Stylizer(config=config, preset=preset, **options)
    for job in jobs:
        parts_of(stylizer.config, len(job.styles))
    _check_outputs([job for job in jobs if job.output], save or OutputConfig(), stylizer.config)
    return Batch(jobs, _paint_all(jobs, stylizer, force, paint, save))


def _plan(contents: Any, styles: Any, output: str | os.PathLike[str] | None, save: OutputConfig) -> list[Job]:
    sources = [source for content in _listed(contents) for source in expanded(content)]
    groups = [tuple(_listed(style)) for style in _listed(styles)]
    if any(isinstance(style, Region) for group in groups for style in group):
        raise ConfigError("masks are of one picture, and a batch has many", "paint each with stylize")
    jobs = [Job(content, group) for group in groups for content in sources]
    if output is None:
        return jobs
    pattern = _pattern(output)
    return [Job(job.content, job.styles, _output(pattern, job, index)) for index, job in enumerate(jobs, start=1)]


def _paint_all(
    jobs: Iterable[Job], stylizer: Stylizer, force: bool, paint: Paint | None, save: OutputConfig | None
) -> Iterator[Painted]:
    for _, group in itertools.groupby(jobs, key=lambda job: id(job.styles)):
        styles: list[Style] = []
        for job in group:
            begin = partial(_begin, stylizer, job, styles)
            yield _paint_one(job, begin, force, paint, save) if job.output else attempt(job, begin, paint, save)


def _paint_one(job: Job, begin: Callable[[], Run], force: bool, paint: Paint | None, save: OutputConfig | None) -> Painted:
    """Paint a job with an output, unless it is there or another process is at it."""
    output = job.output or Path()
    if exists(output) and not force:
        return Painted(job)
    try:
        with folder_for(output), claim(output, checkpoint_of(output)):
            if exists(output) and not force:  # another process has finished it meanwhile
                return Painted(job)
            return attempt(job, begin, paint, save)
    except Claimed:
        return Painted(job, claimed=True)
    except OutputError as error:
        return Painted(job, error=error)


def _begin(stylizer: Stylizer, job: Job, styles: list[Style]) -> Run:
    """A run of ``job``, on from its checkpoint if it was broken off; ``styles`` are its group's, read with the first of them."""
    if not styles:
        styles += [KeptStyle(read_style(style)) for style in job.styles]
    if job.output:
        with suppress(CheckpointError):
            return stylizer.iterate(job.content, styles, read_checkpoint(checkpoint_of(job.output)))
    return stylizer.iterate(job.content, styles)


def attempt(job: Job, begin: Callable[[], Run], paint: Paint | None = None, save: OutputConfig | None = None) -> Painted:
    """Paint ``job`` and write its output, if it has one; an error that is raised on purpose becomes what came of it.

    Args:
        begin: makes the run.
        paint, save: as of `batch`.
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
    if job.output:
        result.save(job.output, save)
        remove_checkpoint(checkpoint_of(job.output))
    return result


def _paint(job: Job, run: Run) -> None:
    for _ in run:
        pass


def _listed(given: Any) -> Sequence[Any]:
    return given if isinstance(given, (list, tuple)) else [given]


def _name(source: Any) -> str:
    """``photo.jpg``."""
    path = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", "array")
    return Path(path).name


def _pattern(output: str | os.PathLike[str]) -> str:
    text = os.fspath(output)
    try:
        used = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ConfigError(f"the output {text!r} has a brace too many or too few: {error}", "write {{ and }} for braces") from None
    for name in used:
        if name not in FIELDS:
            raise ConfigError(f"the output {text!r} has the unknown field {{{name}}}", nearest_name(name, FIELDS))
    return text if Path(text).suffix else str(Path(text) / IN_FOLDER)


def _output(pattern: str, job: Job, index: int) -> Path:
    style = "+".join(Path(_name(style)).stem for style in job.styles)
    try:
        return Path(pattern.format(content=Path(_name(job.content)).stem, style=style, index=index))
    except ValueError as error:
        raise ConfigError(f"the output {pattern!r} has an unknown format: {error}", "{index:03} gives 001") from None


def _check_outputs(jobs: Sequence[Job], save: OutputConfig, config: StylizeConfig) -> None:
    """Refuse outputs that replace one another, what goes in or a foreign file, or that cannot be written."""
    if save.record:
        raise ConfigError("record names one file, for several pictures", "leave it out: each picture carries its own record")
    taken: dict[Path, Job] = {}
    for job in jobs:
        output = Path(job.output or "").resolve()
        if output in taken:
            both = f"{taken[output].name!r} and {job.name!r} would both be {str(job.output)!r}"
            raise OutputError(both, "put {content}, {style} or {index} into the name")
        taken[output] = job
    sources = {id(given): given for job in jobs for given in (job.content, *job.styles)}.values()
    inputs = [*(source for given in sources for source in expanded(given)), config.init, config.weights]
    outputs = [Path(job.output or "") for job in jobs]
    check_kept([*outputs, *map(checkpoint_of, outputs)], inputs)
    for output in {(output.parent, output.suffix): output for output in taken}.values():
        check_output(above(output.parent) / output.name, bits=save.bits)
    for output in outputs:
        if exists(checkpoint_of(output)):
            check_checkpoint(checkpoint_of(output))
