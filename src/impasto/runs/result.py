"""The result of a run: a picture with its record."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from ..config import OutputConfig
from ..images.files import io
from .record import RunRecord, record_text
from .record_files import located, portable

if TYPE_CHECKING:
    import PIL.Image

__all__ = ["Result"]


@dataclass(frozen=True)
class Result:
    """A painted picture with its record.

    Attributes:
        pixels: ``(1, 3, H, W)`` float32 in [0, 1], sRGB, on the CPU.
        alpha: ``(1, 1, H, W)`` in [0, 1], that of the content, or None.
        record: resolved options, inputs, weights, versions, losses and seconds; `save` embeds it.
        reason: ``finished``, ``plateau``, ``stopped`` or ``diverged``.
        message: the reason in a sentence, and what to try.
    """

    pixels: Tensor
    alpha: Tensor | None
    record: RunRecord
    reason: str
    message: str

    @property
    def image(self) -> PIL.Image.Image:
        """The picture as a PIL image, 8 bits a channel, RGB or RGBA."""
        return io.to_pil(self.pixels, self.alpha)

    def save(self, path: str | os.PathLike[str], output: OutputConfig | None = None) -> None:
        """Write the picture with its record, atomically.

        The record in the picture, which may be given to others, has paths without folders. A record that is written to
        a file of its own (``output.record``) has absolute paths.

        Args:
            path: the file; its suffix chooses the format.
            output: quality, bits and the file of the record; None for the defaults.

        Raises:
            OutputError: the suffix is unknown, or the file cannot be written.
        """
        output = output or OutputConfig()
        text = record_text(portable(self.record))
        io.save_picture(
            self.pixels, Path(path), alpha=self.alpha, quality=output.quality, bits=output.bits, record=text
        )
        if output.record:
            io.write_text(Path(output.record), record_text(located(self.record)) + "\n")
