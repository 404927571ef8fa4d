"""The jobs of a batch: pairs of contents and styles, and the names of their outputs."""

from __future__ import annotations

import itertools
import os
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ConfigError, nearest_name
from ..files import is_folder
from ..images.files.folder import expanded, pictures_in
from ..regions.region import Region

__all__ = ["FIELDS", "Job"]


FIELDS = ("content", "style", "index")


IN_FOLDER = "{content}_{style}.png"


@dataclass(frozen=True, eq=False)
class Job:
    """One picture to be painted.

    Attributes:
        content: as in `stylize`.
        styles: one, or several that are mixed.
        output: the file to be written, or None.
        folder: of the content, relative to the folder that was given; the output is in a folder of the same name.
    """

    content: Any
    styles: tuple[Any, ...]
    output: Path | None = None
    folder: Path = Path()

    @property
    def name(self) -> str:
        """``photo.jpg, painting.jpg``."""
        return f"{name_of(self.content)}, {' + '.join(map(name_of, self.styles))}"


def plan_jobs(contents: Any, styles: Any, output: str | os.PathLike[str] | None, *, recursive: bool) -> list[Job]:
    """Pair every content with every style, and name the outputs.

    Args:
        contents: see `batch`.
        styles: see `batch`.
        output: see `batch`.
        recursive: see `batch`.

    Returns:
        The jobs, one style after another.

    Raises:
        ConfigError: ``output`` is not a valid pattern, or a style is a `Region`.
        PictureError: a folder has no pictures.
    """
    pattern = None if output is None else _pattern(output)
    sources = list(_sources(contents, pattern, recursive=recursive))
    groups = [tuple(listed(style)) for style in listed(styles)]
    if any(isinstance(style, Region) for group in groups for style in group):
        raise ConfigError("masks are of one picture, and a batch has many", "paint each with stylize")
    jobs = [Job(content, group, folder=folder) for group in groups for content, folder in sources]
    if pattern is None:
        return jobs
    named = [replace(job, output=_output(pattern, job, index)) for index, job in enumerate(jobs, start=1)]
    return list(_apart(named))


def _sources(contents: Any, pattern: str | None, *, recursive: bool) -> Iterator[tuple[Any, Path]]:
    """Every content, and its folder relative to the given one. Outputs of the batch itself are not contents."""
    written = None if pattern is None else Path(pattern.partition("{")[0] + "_").parent.resolve()
    for content in listed(contents):
        if not (recursive and isinstance(content, (str, os.PathLike)) and is_folder(content)):
            yield from ((source, Path()) for source in expanded(content))
            continue
        root = Path(content)
        inside = written is not None and root.resolve() in written.parents
        for path in pictures_in(root, recursive=True):
            if not (inside and written in path.resolve().parents):
                yield path, path.parent.relative_to(root)


def _apart(jobs: Iterable[Job]) -> Iterator[Job]:
    """The jobs with distinct outputs: of several with the same name, all but the first get a number."""
    taken: set[str] = set()
    for job in jobs:
        first = job.output or Path()
        names = (first.with_name(f"{first.stem}-{number}{first.suffix}") for number in itertools.count(2))
        output = next(each for each in itertools.chain([first], names) if os.path.normcase(each) not in taken)
        taken.add(os.path.normcase(output))
        yield replace(job, output=output)


def listed(given: Any) -> Sequence[Any]:
    """A list of one or more things."""
    return given if isinstance(given, (list, tuple)) else [given]


def name_of(source: Any) -> str:
    """The name of an input without folders: ``photo.jpg``, or ``array``."""
    path = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", "array")
    return Path(path).name


def _pattern(output: str | os.PathLike[str]) -> str:
    """Check a pattern of names; a folder becomes the pattern `IN_FOLDER` in it."""
    text = os.fspath(output)
    try:
        used = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        wrong = f"the output {text!r} has a brace too many or too few: {error}"
        raise ConfigError(wrong, "write {{ and }} for braces") from None
    for name in used:
        if name not in FIELDS:
            raise ConfigError(f"the output {text!r} has the unknown field {{{name}}}", nearest_name(name, FIELDS))
    return text if Path(text).suffix else str(Path(text) / IN_FOLDER)


def _output(pattern: str, job: Job, index: int) -> Path:
    """The output of a job with a number from 1."""
    style = "+".join(Path(name_of(style)).stem for style in job.styles)
    try:
        named = Path(pattern.format(content=Path(name_of(job.content)).stem, style=style, index=index))
        return named.parent / job.folder / named.name
    except ValueError as error:
        raise ConfigError(f"the output {pattern!r} has an unknown format: {error}", "{index:03} gives 001") from None
