"""Writing of the picture and checkpoints of a run, with retries and other folders if a file cannot be written."""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..config import OutputConfig
from ..errors import OutputError
from ..files import exists

if TYPE_CHECKING:
    from ..api import Run
    from ..engine.progress import Progress
    from ..runs.result import Result
    from .interrupt import Interrupt

__all__ = ["Keeper", "Pauses"]

_POLL = 0.1  # seconds between two checks for a signal
_SHORT = 100  # characters of a file name that any file system accepts


@dataclass(frozen=True)
class Pauses:
    """Pauses of a `Keeper`, and its clock.

    Attributes:
        rest: after a checkpoint, least pause in multiples of the time that it took: checkpoints cost at most 5 % of a
            run.
        again: seconds between two attempts to write a file.
        clock: returns seconds.
        sleep: waits for a number of seconds.
    """

    rest: float = 20.0
    again: float = 5.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Keeper:
    """Writes the picture and checkpoints of a run, during it and at its end.

    Args:
        run: the run.
        output: path of the picture.
        settings: how and how often files are written.
        say: prints a line.
        file: path of the checkpoint; None takes that of the settings, or the default one.
        pauses: between two checkpoints, and between two attempts.
    """

    def __init__(
        self,
        run: Run,
        output: str | Path,
        settings: OutputConfig,
        say: Callable[[str], None],
        file: str | Path | None = None,
        pauses: Pauses | None = None,
    ) -> None:
        from ..runs.checkpoint import checkpoint_of

        self._run, self._output, self._settings, self._say = run, Path(output), settings, say
        self.file = Path(file or settings.checkpoint_file or checkpoint_of(output))
        self._written = False
        self._pauses = pauses or Pauses()
        self._due, self._told = self._pauses.clock() + settings.checkpoint, ""

    def after(self, progress: Progress, *, stopping: bool = False) -> None:
        """Write the files that are due after an iteration. Errors are printed, and the file is written when next due.

        Args:
            progress: of the iteration.
            stopping: whether the run is being stopped, so that a checkpoint is due.
        """
        settings, clock = self._settings, self._pauses.clock
        if settings.save_every and progress.step % settings.save_every == 0:
            self._attempt(lambda: self._run.result().save(self._output, settings))
        if settings.checkpoint and (stopping or clock() >= self._due):
            began = clock()
            self._attempt(lambda: self._write_checkpoint(self.file))
            ended = clock()
            self._due = ended + max(settings.checkpoint, self._pauses.rest * (ended - began))

    def finish(self, interrupt: Interrupt) -> Result:
        """Write the picture, and a checkpoint if a signal stopped the run; otherwise remove the checkpoint.

        On a terminal, an error that may pass is retried until Ctrl-C. After that, or if the error is permanent, both
        files are written to another folder, or the picture in another format.

        Args:
            interrupt: handles signals.

        Returns:
            The result of the run.

        Raises:
            OutputError: the files were written elsewhere, or not at all; the message says where. Its exit code is that
                of the signal, or 1.
        """
        from ..runs.checkpoint import remove_checkpoint

        result = self._run.result()
        if interrupt.gave_up and exists(self.file):
            self._written = True  # keep the existing one: the state within an iteration cannot be continued exactly
        try:
            self._persist(lambda: self._write(result, self._output, self.file), interrupt)
        except OutputError as error:
            told = self._save_elsewhere(result, error)
            told.exit_code = interrupt.code or 1
            raise told from error
        if result.reason != "stopped":
            remove_checkpoint(self.file)
        return result

    def _write(self, result: Result, output: Path, file: Path) -> None:
        result.save(output, self._settings)
        if result.reason == "stopped":
            self._write_checkpoint(file)

    def _write_checkpoint(self, file: Path) -> None:
        if self._settings.checkpoint and not self._written:
            self._run.checkpoint(file, self._output, self._settings)

    def _attempt(self, write: Callable[[], None]) -> None:
        """Write a file; an error becomes a warning, printed once."""
        try:
            write()
        except OutputError as error:
            if str(error) != self._told:
                self._say(f"impasto: warning: {error}; painting goes on")
            self._told = str(error)
        else:
            self._told = ""

    def _persist(self, write: Callable[[], None], interrupt: Interrupt) -> None:
        """Write a file, with retries on a terminal; raises the last error."""
        while True:
            try:
                return write()
            except OutputError as error:
                if interrupt.code or not (error.passing and sys.stderr.isatty()):
                    raise
                if str(error) != self._told:
                    tell = partial(click.echo, err=True) if self._settings.quiet else self._say  # even if quiet
                    tell(
                        f"impasto: warning: {error}; the picture is finished and waits for it (Ctrl-C writes it "
                        "elsewhere)"
                    )
                self._told = str(error)
            again = self._pauses.clock() + self._pauses.again
            while self._pauses.clock() < again and not interrupt.code:
                self._pauses.sleep(_POLL)

    def _save_elsewhere(self, result: Result, error: OutputError) -> OutputError:
        """Write picture and checkpoint to another folder; returns the error that says where."""
        for folder in _havens(self._output, error):
            if path := self._save_in(folder, result):
                with suppress(OutputError):
                    self._write_checkpoint(folder / self.file.name)
                return OutputError(f"{error.message}; the picture is {str(path)!r} instead", error.hint)
        return error

    def _save_in(self, folder: Path, result: Result) -> Path | None:
        """Write the picture to a folder as it was asked for or, if that fails, as PNG without a record.

        Returns:
            The file; None if neither could be written.
        """
        from ..images.files.io import save_picture

        asked, bare = folder / self._output.name, _unused(folder / f"{self._output.stem[:_SHORT]}.png")
        with suppress(OutputError):
            if not exists(asked):
                result.save(asked, OutputConfig(**{**self._settings.to_dict(), "record": None}))
                return asked
        with suppress(OutputError):
            save_picture(result.pixels, bare, alpha=result.alpha)
            return bare
        return None


def _havens(output: Path, error: OutputError) -> Iterator[Path]:
    """Folders to try: the picture's own if only the format fails, then new ones in the folder for temporary files, the
    home folder and the working folder."""
    if not error.passing:
        yield output.parent
    for place in (tempfile.gettempdir, Path.home, Path.cwd):
        with suppress(OSError, RuntimeError):  # RuntimeError: the home folder is unknown
            folder = Path(tempfile.mkdtemp(prefix="impasto-", dir=place()))
            yield folder
            folder.rmdir()  # only reached if nothing was written


def _unused(path: Path) -> Path:
    """The path, with a number appended to the name if the file exists."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in itertools.count(2))
    return next(each for each in itertools.chain([path], numbered) if not exists(each))
