"""Painters: what turns the inputs of a run into an iterator of `Progress`, one a way of painting.

Read `painter`, the contract, then `whole` (one picture, by optimisation) and `regional` (part by part). A run talks to
a painter through the contract alone. Runs may import it; it may import the engine and the regions.
"""

from collections.abc import Callable

from .painter import Painter, Task
from .regional import Regional
from .whole import WholePicture

__all__ = ["PAINTERS", "Painter", "Task", "create_painter"]

PAINTERS: dict[str, Callable[[Task], Painter]] = {"whole": WholePicture, "regional": Regional}
"""By name: each makes itself for a task."""


def create_painter(task: Task) -> Painter:
    """The painter of a task: by regions where it has any, else of the whole picture."""
    return PAINTERS["regional" if task.zones else "whole"](task)
