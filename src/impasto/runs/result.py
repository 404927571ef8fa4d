"""What a run ends with: a picture, and how it came to be."""

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
    """A painted picture and how it came to be.

    Attributes:
        pixels: ``(1, 3, H, W)`` float32 in [0, 1], sRGB, on the CPU.
        alpha: ``(1, 1, H, W)`` in [0, 1], kept from the content picture, or None.
        record: what `save` embeds: resolved options, inputs, weights, versions, losses, seconds.
        reason: ``finished``, ``plateau``, ``stopped`` or ``diverged``.
        message: the reason as a sentence, with what to try.
    """

    pixels: Tensor
    alpha: Tensor | None
    record: RunRecord
    reason: str
    message: str

    @property
    def image(self) -> PIL.Image.Image:
        """The picture for Pillow, 8 bits a channel, RGB or RGBA."""
        return io.to_pil(self.pixels, self.alpha)

    def save(self, path: str | os.PathLike[str], output: OutputConfig | None = None) -> None:
        """Write the picture with its record; the suffix decides the format.

        Inside the picture, which may be given away, files are named without their folders; a record that is written
        beside it (``output.record``) has absolute paths.

        Raises:
            OutputError: the suffix is unknown, or the file cannot be written; nothing half-written is left.
        """
        output = output or OutputConfig()
        text = record_text(portable(self.record))
        io.save_picture(
            self.pixels, Path(path), alpha=self.alpha, quality=output.quality, bits=output.bits, record=text
        )
        if output.record:
            io.write_text(Path(output.record), record_text(located(self.record)) + "\n")
