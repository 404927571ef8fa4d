"""Painters: each is one way of painting, and turns the inputs of a run into an iterator of `Progress`.

Read `painter`, the contract, then `whole` (one picture, by optimisation) and `regional` (one region after another).
A run uses a painter through the contract only. `impasto.runs` may import this package.
"""

from collections.abc import Callable

from .painter import Painter, Task
from .regional import Regional
from .whole import WholePicture

__all__ = ["PAINTERS", "Painter", "Task", "create_painter"]

PAINTERS: dict[str, Callable[[Task], Painter]] = {"whole": WholePicture, "regional": Regional}
"""The painters by name; each is made from a `Task`."""


def create_painter(task: Task) -> Painter:
    """Choose the painter of a task: `Regional` if it has regions, otherwise `WholePicture`.

    Args:
        task: what is to be painted.

    Returns:
        The `Painter`.

    Raises:
        ConfigError: the task has regions, and something that they cannot use.
        PictureError: the picture of the initial canvas cannot be read.
        StyleError: a style cannot be used as it is asked for.
    """
    return PAINTERS["regional" if task.zones else "whole"](task)
