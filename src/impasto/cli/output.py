"""What a run leaves on the disk: its picture, and until that is finished, checkpoints; a full disk loses neither."""

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

_WINK = 0.1  # seconds between two looks whether a signal came
_SHORT = 100  # characters of a name that any disk takes


@dataclass(frozen=True)
class Pauses:
    """How long a `Keeper` waits, and by which clock.

    Attributes:
        rest: a checkpoint is followed by so many times the seconds it took: it costs no run more than a twentieth.
        again: seconds between two attempts to write what could not be written.
        clock: tells seconds.
        sleep: waits for seconds.
    """

    rest: float = 20.0
    again: float = 5.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Keeper:
    """Writes what ``settings`` ask for while a run paints, and at its end.

    Args:
        run: what paints.
        output: the picture.
        settings: how and how often it is written, and where its checkpoints are.
        say: tells a line.
        file: the checkpoint; by default as the settings say, or beside the picture.
        pauses: between two checkpoints, and two attempts.
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
        """Write what is due after an iteration: a checkpoint at any rate where the run is ``stopping``.

        What cannot be written is told, and tried again when it is due again.
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
        """Write the picture, and a checkpoint where a signal stopped the run; else there is none any more.

        What may work later is tried again for as long as somebody sits before the terminal, who can end it by Ctrl-C.
        Where it was in vain, or can never work, both are written elsewhere, in another format if need be.

        Raises:
            OutputError: they were written elsewhere, or could not be; it says where. Its exit code is the signal's, or
                1.
        """
        from ..runs.checkpoint import remove_checkpoint

        result = self._run.result()
        if interrupt.gave_up and exists(self.file):
            self._written = True  # the one that is there goes on to the bit, and one of half an iteration would not
        try:
            self._persist(lambda: self._write(result, self._output, self.file), interrupt)
        except OutputError as error:
            kept = self._kept_elsewhere(result, error)
            kept.exit_code = interrupt.code or 1
            raise kept from error
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
        try:
            write()
        except OutputError as error:
            if str(error) != self._told:
                self._say(f"impasto: warning: {error}; painting goes on")
            self._told = str(error)
        else:
            self._told = ""

    def _persist(self, write: Callable[[], None], interrupt: Interrupt) -> None:
        """Write, again and again if need be; the last error where it was in vain."""
        while True:
            try:
                return write()
            except OutputError as error:
                if interrupt.code or not (error.passing and sys.stderr.isatty()):
                    raise
                if str(error) != self._told:
                    tell = (
                        partial(click.echo, err=True) if self._settings.quiet else self._say
                    )  # whoever wants errors wants this
                    tell(
                        f"impasto: warning: {error}; the picture is finished and waits for it (Ctrl-C writes it "
                        "elsewhere)"
                    )
                self._told = str(error)
            again = self._pauses.clock() + self._pauses.again
            while self._pauses.clock() < again and not interrupt.code:
                self._pauses.sleep(_WINK)

    def _kept_elsewhere(self, result: Result, error: OutputError) -> OutputError:
        """Write picture and checkpoint where it can be done, and say so in place of ``error``."""
        for folder in _havens(self._output, error):
            if kept := self._kept_in(folder, result):
                with suppress(OutputError):
                    self._write_checkpoint(folder / self.file.name)
                return OutputError(f"{error.message}; the picture is {str(kept)!r} instead", error.hint)
        return error

    def _kept_in(self, folder: Path, result: Result) -> Path | None:
        """Write the picture as it is asked for, or else as a bare PNG, which holds anything; None where neither can be
        done."""
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
    """Folders that are tried one after the other: the picture's own if only its format is the trouble, then new ones in
    the system's folder for temporary files, the user's own, and the working folder."""
    if not error.passing:
        yield output.parent
    for place in (tempfile.gettempdir, Path.home, Path.cwd):
        with suppress(OSError, RuntimeError):  # RuntimeError: nobody's home is known
            folder = Path(tempfile.mkdtemp(prefix="impasto-", dir=place()))
            yield folder
            folder.rmdir()  # it is in vain, and empty


def _unused(path: Path) -> Path:
    """The path, with a number where there is such a file."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in itertools.count(2))
    return next(each for each in itertools.chain([path], numbered) if not exists(each))
