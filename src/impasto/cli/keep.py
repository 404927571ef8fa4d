"""What a run leaves on the disk: its picture, and until that is finished, checkpoints; a full disk loses neither."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import click

from ..config import OutputConfig
from ..errors import OutputError

if TYPE_CHECKING:
    from ..api import Run
    from ..engine import Progress
    from ..result import Result
    from .interrupt import Interrupt

__all__ = ["Keeper"]

REST = 20.0  # a checkpoint is followed by so many times the seconds it took: it costs no run more than a twentieth
PAUSE = 5.0  # seconds between two attempts to write what could not be written
PATIENCE = 600.0  # seconds of attempts where nobody sees them; on a terminal, there is Ctrl-C
WINK = 0.1  # seconds between two looks whether a signal came


class Keeper:
    """Writes what ``settings`` ask for while a run paints, and at its end.

    Args:
        run: what paints.
        output: the picture.
        settings: how and how often it is written, and where its checkpoints are.
        say: tells a line.
        file: the checkpoint; by default as the settings say, or beside the picture.
    """

    def __init__(
        self, run: Run, output: str | Path, settings: OutputConfig, say: Callable[[str], None], file: str | Path | None = None
    ) -> None:
        from ..checkpoint import checkpoint_of

        self._run, self._output, self._settings, self._say = run, Path(output), settings, say
        self.file = Path(file or settings.checkpoint_file or checkpoint_of(output))
        self._due, self._told = monotonic() + settings.checkpoint, ""

    def after(self, progress: Progress, *, stopping: bool = False) -> None:
        """Write what is due after an iteration: a checkpoint at any rate where the run is ``stopping``.

        What cannot be written is told, and tried again when it is due again.
        """
        settings = self._settings
        if settings.save_every and progress.step % settings.save_every == 0:
            self._attempt(lambda: self._run.result().save(self._output, settings))
        if settings.checkpoint and (stopping or monotonic() >= self._due):
            began = monotonic()
            self._attempt(lambda: self._write_checkpoint(self.file))
            ended = monotonic()
            self._due = ended + max(settings.checkpoint, REST * (ended - began))

    def finish(self, interrupt: Interrupt) -> Result:
        """Write the picture, and a checkpoint where a signal stopped the run; else there is none any more.

        Where that fails, try again until it works, a signal comes or patience ends; then write both elsewhere.

        Raises:
            OutputError: they were written elsewhere; it says where.
        """
        from ..checkpoint import remove_checkpoint

        result = self._run.result()
        try:
            self._persist(lambda: self._write(result, self._output, self.file), interrupt)
        except OutputError as error:
            raise self._kept_elsewhere(result, error) from error
        if result.reason != "stopped":
            remove_checkpoint(self.file)
        return result

    def _write(self, result: Result, output: Path, file: Path) -> None:
        result.save(output, self._settings)
        if result.reason == "stopped":
            self._write_checkpoint(file)

    def _write_checkpoint(self, file: Path) -> None:
        if self._settings.checkpoint:
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
        ends = monotonic() + (math.inf if sys.stderr.isatty() else PATIENCE)
        while True:
            try:
                return write()
            except OutputError as error:
                if interrupt.code or monotonic() >= ends:
                    raise
                if str(error) != self._told:
                    tell = partial(click.echo, err=True) if self._settings.quiet else self._say  # whoever wants errors wants this
                    tell(f"impasto: warning: {error}; the picture is finished and waits for it (Ctrl-C writes it elsewhere)")
                self._told = str(error)
            again = monotonic() + PAUSE
            while monotonic() < again and not interrupt.code:
                sleep(WINK)

    def _kept_elsewhere(self, result: Result, error: OutputError) -> OutputError:
        """Write picture and checkpoint into a new folder of the system's, and say so in place of ``error``."""
        try:
            folder = Path(tempfile.mkdtemp(prefix="impasto-"))
        except OSError:
            return error
        output = folder / self._output.name
        try:
            result.save(output, OutputConfig(**{**self._settings.to_dict(), "record": None}))
        except OutputError:
            folder.rmdir()
            return error
        with suppress(OutputError):
            self._write_checkpoint(folder / self.file.name)
        return OutputError(f"{error.message}; the picture is {str(output)!r} instead", error.hint)
